//! Where the lifelines of a sheet stand: only of hosts that something on it has to do with, as far apart as the sheet
//! lets them, their names parted into lines where they are wide.

use std::ops::Range;

use super::letters::Letters;
use super::picture::{Ladder, PAUSE, What};
use super::style::Style;
use crate::base::time::{SimDuration, SimTime};

/// The radius of the disc with a message's number.
pub(super) const DISC: f64 = 9.0;
/// How far a message from a host to itself leads away.
pub(super) const LOOP: f64 = 30.0;
/// Lines of a host's name.
const NAME: usize = 4;

/// What a ladder's sheets have in common.
pub(super) struct Setting<'a> {
    pub(super) ladder: &'a Ladder,
    pub(super) style: Style,
    /// Decimals of the times in the margin.
    decimals: u32,
    instants: Vec<SimTime>,
}

impl<'a> Setting<'a> {
    pub(super) fn new(ladder: &'a Ladder, style: Style) -> Self {
        Self { ladder, style, decimals: ladder.decimals(), instants: ladder.instants() }
    }

    /// A time as it stands in the margin.
    pub(super) fn time(&self, nanos: u64) -> String {
        super::picture::seconds(nanos, self.decimals)
    }

    /// A pause as it stands in the margin.
    pub(super) fn pause(&self, pause: SimDuration) -> String {
        format!("... {}", self.time(pause.as_nanos()))
    }

    /// For how long nothing had happened when this did.
    pub(super) fn quiet(&self, at: SimTime) -> SimDuration {
        let before = self.instants[..self.instants.partition_point(|instant| *instant < at)].last();
        before.map_or(SimDuration::ZERO, |before| at.since(*before))
    }
}

/// The lifelines of a sheet.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// The margin with the times.
    pub(super) margin: f64,
    /// The distance of two lifelines.
    pub(super) pitch: f64,
    pub(super) width: f64,
    /// Which hosts, and the lines of the name of each, from left to right.
    pub(super) hosts: Vec<(usize, Vec<String>)>,
    /// The most lines of a name.
    pub(super) lines: usize,
    /// Whether the sheet is wide enough for them.
    pub(super) fits: bool,
    /// The column of each host of the ladder.
    columns: Vec<usize>,
}

impl Grid {
    /// The lifelines that some steps need.
    pub(super) fn of(setting: &Setting<'_>, range: Range<usize>, letters: &mut Letters) -> Self {
        let Setting { ladder, style, .. } = setting;
        let unit = style.scale;
        let mut used = vec![false; ladder.lifelines.len()];
        let steps = ladder.steps.get(range.clone()).unwrap_or_default();
        for step in steps {
            let ends = match &step.what {
                What::Message(message) => [message.from, message.to],
                What::Note { beside, .. } => [*beside; 2],
            };
            for end in ends {
                if let Some(used) = used.get_mut(end) {
                    *used = true;
                }
            }
        }
        let hosts: Vec<usize> = (0..used.len()).filter(|place| used[*place]).collect();
        let mut columns = vec![0; used.len()];
        hosts.iter().enumerate().for_each(|(column, place)| columns[*place] = column);
        let margin = margin(setting, range, letters);
        let last = hosts.last().copied().unwrap_or(0);
        let beside = steps.iter().any(|step| match &step.what {
            What::Message(message) => message.from == last && message.to == last,
            What::Note { beside, .. } => *beside == last && hosts.len() == 1,
        });
        let count = hosts.len().max(1) as f64 + if beside { 0.5 } else { 0.0 };
        let names = || hosts.iter().filter_map(|place| ladder.lifelines.get(*place));
        let (pitch, width, fits) = match style.frame {
            Some(frame) => {
                let all = frame.width - margin - 8.0 * unit;
                let part = names().map(|name| letters.widest_part(name, style.host) + 16.0 * unit).fold(0.0, f64::max);
                let need = part.min(all / 3.5).max(style.pitch.0);
                (all / count, frame.width, all / count >= need || hosts.len() <= 2)
            }
            None => {
                // many lifelines side by side are no easier to read when they are far apart
                let most = if hosts.len() > 4 { style.pitch.0 * 1.2 } else { style.pitch.1 };
                let pitch = share(ladder, style, letters).clamp(style.pitch.0, most).round();
                (pitch, (margin + pitch * count).round(), true)
            }
        };
        let room = pitch - 14.0 * unit;
        let name = |place: &usize| {
            let name = ladder.lifelines.get(*place).map_or("", String::as_str);
            (*place, letters.lines(name, style.host, (room, NAME)).0)
        };
        let hosts: Vec<(usize, Vec<String>)> = hosts.iter().map(name).collect();
        let lines = hosts.iter().map(|(_, lines)| lines.len()).max().unwrap_or(1);
        Self { margin, pitch, width, hosts, lines, fits, columns }
    }

    /// Where a host's lifeline stands.
    pub(super) fn x(&self, place: usize) -> f64 {
        let column = self.columns.get(place).copied().unwrap_or(0);
        self.margin + self.pitch * (column as f64 + 0.5)
    }

    /// The middle of the gap between two neighbours that is nearest to that share of the way from one host to another.
    pub(super) fn gap(&self, from: usize, to: usize, share: f64) -> f64 {
        let (tail, tip) = (self.x(from), self.x(to));
        let wanted = tail + (tip - tail) * share;
        let gaps = ((tip - tail).abs() / self.pitch).round();
        if gaps <= 1.0 {
            return wanted;
        }
        let first = tail.min(tip);
        let number = ((wanted - first) / self.pitch).floor().clamp(0.0, gaps - 1.0);
        first + self.pitch * (number + 0.5)
    }
}

/// The room that times and pauses need.
fn margin(setting: &Setting<'_>, range: Range<usize>, letters: &mut Letters) -> f64 {
    let style = &setting.style;
    let steps = setting.ladder.steps.get(range).unwrap_or_default();
    let times = steps.iter().map(|step| setting.time(step.at.as_nanos()));
    let pauses = steps.iter().flat_map(|step| [step.at, step.end()]).map(|at| setting.quiet(at));
    let pauses = pauses.filter(|pause| *pause >= PAUSE).map(|pause| setting.pause(pause));
    let widest = times.chain(pauses).map(|text| letters.width(&text, style.small)).fold(0.0, f64::max);
    (widest + 16.0 * style.scale).max(56.0 * style.scale).round()
}

/// The room that a lifeline needs for its name, and for what goes to its neighbours.
fn share(ladder: &Ladder, style: &Style, letters: &mut Letters) -> f64 {
    let names = ladder.lifelines.iter().map(|name| letters.width(name, style.host) + 36.0 * style.scale);
    let names = names.fold(0.0, f64::max);
    let said = ladder.steps.iter().filter_map(|step| match &step.what {
        What::Message(message) if message.from.abs_diff(message.to) == 1 => {
            let disc = if message.numbered { 4.0 * DISC } else { 0.0 };
            Some(letters.width(&message.label, style.label) + (disc + 20.0) * style.scale)
        }
        What::Message(_) | What::Note { .. } => None,
    });
    said.fold(names, f64::max)
}
