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
    let times = || record.sent.iter().map(|segment| segment.at).chain(record.acked.iter().map(|(at, _)| *at));
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return empty(theme, TITLE, "No end of the connection sent any data.");
    };
    let ends = record.sent.iter().map(|segment| segment.seq + u64::from(segment.len));
    let most = ends.chain(record.acked.iter().map(|(_, ack)| *ack)).max().unwrap_or(0);
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
    let line =
        thin(acknowledged(&frame, &record.acked.iter().map(|(time, ack)| at(&frame, *time, *ack)).collect::<Vec<_>>()));
    canvas.line(&line, pen(ACKED).color, 2.0, &[]);
    let sent = record.sent.iter().filter(|segment| !segment.again);
    for point in apart(sent.map(|segment| at(&frame, segment.at, segment.seq)), 1.0) {
        canvas.dot(point, pen(SENT).color);
    }
    for point in apart(again.into_iter().map(|segment| at(&frame, segment.at, segment.seq)), 5.0) {
        canvas.marker(point, pen(AGAIN).marker, pen(AGAIN).color);
    }
    for point in apart(record.lost.iter().map(|(time, seq)| at(&frame, *time, *seq)), 5.0) {
        canvas.marker(point, pen(LOST).marker, pen(LOST).color);
    }
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

/// Points of which no two lie in one square of a grid: more could not be seen.
fn apart(points: impl Iterator<Item = Point>, grid: f64) -> Vec<Point> {
    let mut seen = BTreeSet::new();
    let square = |(x, y): &Point| ((x / grid).floor() as i64, (y / grid).floor() as i64);
    points.filter(|point| seen.insert(square(point))).collect()
}
