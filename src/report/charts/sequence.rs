//! Sequence numbers of one connection over time, as one of its ends sends them.
//!
//! A dot for each segment with data, a sign where one was sent again or lost on its way, and a line
//! for what was acknowledged: so the slope is the throughput, the upright distance between dots and
//! line is what is in flight, and the level one the round-trip time. No table holds segments; they
//! are recorded when somebody asks.

use std::collections::BTreeSet;

use super::axes::{Frame, Key, empty, heading, legend, thin};
use super::canvas::{Canvas, Point};
use super::look::{Pen, Theme};
use super::scale::{Octets, Scale};
use super::{ChartSource, instant};
use crate::report::values::escape;

const TITLE: &str = "TCP sequence numbers";
/// The pens of what is shown.
const SENT: usize = 0;
const AGAIN: usize = 1;
const ACKED: usize = 2;
const LOST: usize = 4;

#[expect(clippy::cast_precision_loss, reason = "drawn, not counted")]
pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let Some(record) = &run.segments else {
        return empty(
            theme,
            TITLE,
            "No segments were recorded: `posthaste chart` records them, by running the scenario again.",
        );
    };
    let most = record.sent.iter().map(|segment| segment.seq.saturating_add(segment.len.into())).max().unwrap_or(0);
    // when all had been acknowledged; that of the end may come much later
    let whole = record.acked.iter().position(|(_, ack)| *ack >= most).map_or(record.acked.len(), |place| place + 1);
    let acked = &record.acked[..whole];
    let times = || record.sent.iter().map(|segment| segment.at).chain(acked.iter().map(|(at, _)| *at));
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return empty(theme, TITLE, "No end of the connection sent any data.");
    };
    let unit = Octets::for_most(most as f64);
    let again: Vec<_> = record.sent.iter().filter(|segment| segment.again).collect();
    let cut = if record.cut { "; what came later is left out" } else { "" };
    let note = format!(
        "{} from {}: {} segments with data, {} of them sent again, {} lost{cut}",
        escape(record.connection.as_bytes()),
        escape(record.sender.as_bytes()),
        record.sent.len(),
        again.len(),
        record.lost.len()
    );
    let mut canvas = heading(theme, TITLE, &note);
    let pen = |index| Pen { dash: &[], ..theme.pen(index) };
    let mut keys = vec![(Key::Sign(pen(SENT)), "sent".to_owned())];
    if !again.is_empty() {
        keys.push((Key::Sign(pen(AGAIN)), "sent again".to_owned()));
    }
    if !record.lost.is_empty() {
        keys.push((Key::Sign(pen(LOST)), "lost".to_owned()));
    }
    keys.push((Key::Plain(pen(ACKED)), "acknowledged".to_owned()));
    let x = Scale::time("time since the start", instant(first), instant(last));
    let y = Scale::measure(&unit.of("sequence number"), most as f64 / unit.octets);
    let mut frame = Frame::new(theme, x, y);
    frame.top = legend(&mut canvas, 24.0, &keys);
    frame.draw(&mut canvas);
    let at = |frame: &Frame, time, seq: u64| frame.at(instant(time), seq as f64 / unit.octets);
    let line = thin(acknowledged(&frame, &acked.iter().map(|(time, ack)| at(&frame, *time, *ack)).collect::<Vec<_>>()));
    canvas.line(&line, pen(ACKED).color, 2.0, &[]);
    let sent = record.sent.iter().filter(|segment| !segment.again);
    for point in apart(sent.map(|segment| at(&frame, segment.at, segment.seq)), 1.0) {
        canvas.dot(point, pen(SENT).color);
    }
    signs(&mut canvas, apart(again.into_iter().map(|segment| at(&frame, segment.at, segment.seq)), 4.0), pen(AGAIN));
    signs(&mut canvas, apart(record.lost.iter().map(|(time, seq)| at(&frame, *time, *seq)), 4.0), pen(LOST));
    canvas.pens.extend([SENT, AGAIN, ACKED, LOST].map(pen));
    canvas
}

/// The steps of what was acknowledged.
fn acknowledged(frame: &Frame, acks: &[Point]) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for ack in acks {
        let before = points.last().map_or(frame.bottom, |point| point.1);
        points.extend([(ack.0, before), (ack.0, ack.1.min(before))]);
    }
    points
}

/// Signs at points; of points so near to each other that their signs would make one blob the first and the last
/// have one, and a line goes through all.
fn signs(canvas: &mut Canvas, points: Vec<Point>, pen: Pen) {
    const NEAR: f64 = 15.0;
    let near = |a: &Point, b: &Point| (a.0 - b.0).hypot(a.1 - b.1) < NEAR;
    for run in points.chunk_by(near) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        canvas.line(run, pen.color, 2.4, &[]);
        if !near(first, last) {
            canvas.marker(*last, pen.marker, pen.color);
        }
        canvas.marker(*first, pen.marker, pen.color);
    }
}

/// Points of which no two lie in one square of a grid: more could not be seen.
fn apart(points: impl Iterator<Item = Point>, grid: f64) -> Vec<Point> {
    let mut seen = BTreeSet::new();
    let square = |(x, y): &Point| ((x / grid).floor() as i64, (y / grid).floor() as i64);
    points.filter(|point| seen.insert(square(point))).collect()
}
