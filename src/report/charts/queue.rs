//! How long mail queues were over time: one step line for each server, the longest first.

use std::collections::BTreeMap;

use super::axes::{Frame, Key, Scale, empty, heading, legend, thin};
use super::canvas::{Canvas, DASHES, PALETTE, Point};
use super::copies;
use crate::base::time::SimDuration;
use crate::metrics::Tables;
use crate::report::values::escape;

const TITLE: &str = "Mail queues";
const MOST_SERVERS: usize = 6;

pub(super) fn sheet(run: &Tables) -> Canvas {
    let mut servers: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in &run.queue {
        let at = SimDuration::from_nanos(row.at.as_nanos()).as_secs_f64();
        servers.entry(&row.server).or_default().push((at, f64::from(row.copies)));
    }
    let longest = |steps: &[(f64, f64)]| steps.iter().map(|(_, copies)| *copies).fold(0.0, f64::max);
    let mut servers: Vec<(&str, Vec<(f64, f64)>)> = servers.into_iter().collect();
    servers.sort_by(|a, b| longest(&b.1).total_cmp(&longest(&a.1)));
    let Some((_, first)) = servers.first() else {
        return empty(TITLE, "No mail was queued.");
    };
    let most = longest(first);
    let last = run.queue.iter().map(|row| row.at).max().unwrap_or_default().max(run.end);
    let end = SimDuration::from_nanos(last.as_nanos()).as_secs_f64();
    let mut frame =
        Frame::new(Scale::time("time since the start", 0.0, end), Scale::count("copies in the queue", most));
    let mut canvas = Canvas::default();
    let left_out = servers.len().saturating_sub(MOST_SERVERS);
    servers.truncate(MOST_SERVERS);
    let longest = format!("longest: {} at {}", copies(most as usize), escape(servers[0].0.as_bytes()));
    let note =
        if left_out == 0 { longest } else { format!("{longest}; {left_out} servers with shorter queues left out") };
    heading(&mut canvas, TITLE, &note);
    let keys = servers.iter().zip(PALETTE).zip(DASHES);
    let entries: Vec<(Key, String)> =
        keys.map(|(((name, _), color), dash)| (Key::Line(color, dash), escape(name.as_bytes()))).collect();
    frame.top = legend(&mut canvas, 24.0, 92.0, &entries);
    frame.draw(&mut canvas);
    for (index, (_, steps)) in servers.iter().enumerate() {
        canvas.line(&thin(line(&frame, steps, end)), PALETTE[index], 2.5, DASHES[index]);
    }
    canvas
}

fn line(frame: &Frame, steps: &[(f64, f64)], end: f64) -> Vec<Point> {
    let mut points = vec![frame.at(0.0, 0.0)];
    let mut before = 0.0;
    for (at, copies) in steps {
        points.extend([frame.at(*at, before), frame.at(*at, *copies)]);
        before = *copies;
    }
    points.push(frame.at(end, before));
    points
}
