//! What people do with their mail, by hour of the day: columns of what they read, write and tidy.
//!
//! Sessions' begins and ends are no deeds of their own, and what came to nothing or was refused
//! is not counted. Without the scenario's start, hours count from the start of the run.

use super::ChartSource;
use super::axes::{Frame, Key, empty, heading, legend};
use super::canvas::Canvas;
use super::look::Theme;
use super::scale::Scale;
use crate::base::time::{SimDuration, SimTime};
use crate::report::values::count;

const TITLE: &str = "Activity by hour of the day";
const HOURS: usize = 24;
/// Kinds of deeds: the legend's word, the actions of the table, and the part that shows it.
const KINDS: [(&str, &[&str], usize); 3] = [
    ("reads (look, search, open)", &["look", "search", "open", "attachment"], 0),
    ("writes (answer, forward, new)", &["reply", "reply_all", "forward", "write", "draft", "finish"], 1),
    ("tidies (file, delete, mark)", &["file", "delete", "mark"], 2),
];

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let start = run.setting.start.map_or(0, |start| start.0.rem_euclid(86_400).unsigned_abs());
    let hour = |at: SimTime| {
        let second = start + SimDuration::from_nanos(at.as_nanos()).as_secs();
        (second % 86_400 / 3_600) as usize
    };
    let mut columns = [[0_u32; KINDS.len()]; HOURS];
    for row in run.tables.person_actions.iter().flatten().filter(|row| &*row.outcome == "done") {
        if let Some(kind) = KINDS.iter().position(|(_, actions, _)| actions.contains(&&*row.action)) {
            columns[hour(row.at)][kind] += 1;
        }
    }
    let most = columns.iter().map(|kinds| kinds.iter().sum::<u32>()).max().unwrap_or(0);
    if most == 0 {
        return empty(theme, TITLE, "Nobody did anything in a session with the mailbox.");
    }
    let all: u32 = columns.iter().flatten().sum();
    let span = crate::report::summary::human(super::instant(run.tables.end));
    let mut canvas =
        heading(theme, TITLE, &format!("{} in {span}, all days put together", count(all as usize, "deed", "deeds")));
    let keys = KINDS.map(|(name, _, part)| (Key::Box(theme.fill(part)), name.to_owned()));
    let name = if run.setting.start.is_some() { "hour of the day (UTC)" } else { "hour since the start, of each day" };
    let ticks = (0..=8_u32).map(|step| (f64::from(3 * step), (3 * step).to_string())).collect();
    let x = Scale::fixed(name, (0.0, 24.0), ticks);
    let mut frame = Frame::new(theme, x, Scale::count("deeds in the hour", f64::from(most)));
    frame.top = legend(&mut canvas, 18.0, &keys);
    frame.draw(&mut canvas);
    for (hour, kinds) in (0_u32..).zip(columns) {
        let (left, right) = (frame.at_x(f64::from(hour)) + 1.5, frame.at_x(f64::from(hour + 1)) - 1.5);
        let mut sum = 0;
        for (count, (_, _, part)) in kinds.into_iter().zip(KINDS) {
            let (from, to) = (frame.at_y(f64::from(sum)), frame.at_y(f64::from(sum + count)));
            sum += count;
            if count > 0 {
                canvas.part((left, from), (right, to), theme.fill(part));
            }
        }
    }
    canvas
}
