//! Which steps stand on which sheet. A ladder for a screen has one; sheets of a given size take as many steps as their
//! height and the lifelines that these need let them, and end before a pause or a new beginning where one is near.

use std::ops::Range;

use super::captions::{Caption, caption};
use super::grid::{Grid, Setting};
use super::layout::{Layout, TimeScale, layout};
use super::letters::Letters;
use super::picture::PAUSE;

/// The title, and what stands below a ladder, in lines.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) title: Vec<String>,
    /// Lines that have to have room below.
    pub(super) foot: usize,
}

/// What a sheet shows and where.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) range: Range<usize>,
    pub(super) grid: Grid,
    pub(super) captions: Vec<Caption>,
    pub(super) laid: Layout,
    /// The top of the names, and their height.
    pub(super) heads: (f64, f64),
    fits: bool,
}

impl Plan {
    /// A sheet with these steps.
    fn of(
        setting: &Setting<'_>,
        (heading, time): (&Heading, TimeScale),
        range: Range<usize>,
        letters: &mut Letters,
    ) -> Self {
        let style = &setting.style;
        let unit = style.scale;
        let steps = setting.ladder.steps.get(range.clone()).unwrap_or_default();
        let grid = Grid::of(setting, range.clone(), letters);
        let captions: Vec<Caption> = steps.iter().map(|step| caption(step, &grid, style, letters)).collect();
        let below_title = heading.title.len().saturating_sub(1) as f64 * style.title * 1.25;
        let heads = (48.0 * unit + below_title, grid.lines as f64 * style.line + 12.0 * unit);
        let top = heads.0 + heads.1;
        let room = style.frame.map(|frame| frame.height - foot(heading, unit) - top);
        let laid = layout(setting, (steps, &captions), time, (top, room));
        let fits = grid.fits && room.is_none_or(|room| laid.bottom <= top + room + 1e-6);
        Self { range, grid, captions, laid, heads, fits }
    }
}

/// The height of what stands below a ladder.
fn foot(heading: &Heading, unit: f64) -> f64 {
    (22.0 + 16.0 * heading.foot as f64) * unit
}

/// All sheets of a ladder.
pub(super) fn plans(setting: &Setting<'_>, heading: &Heading, time: TimeScale, letters: &mut Letters) -> Vec<Plan> {
    let steps = &setting.ladder.steps;
    let what = (heading, time);
    let Some(frame) = setting.style.frame else {
        return vec![Plan::of(setting, what, 0..steps.len(), letters)];
    };
    // more than these have no room, unless they need none of their own
    let rows = frame.height / (setting.style.above + setting.style.clear);
    let most = if time == TimeScale::Linear { steps.len() } else { rows as usize + 1 };
    let mut plans = Vec::new();
    let mut start = 0;
    while start < steps.len() {
        let (mut fits, mut too_many) = (start + 1, steps.len().min(start + most.max(1)) + 1);
        while too_many - fits > 1 {
            let middle = usize::midpoint(fits, too_many);
            if Plan::of(setting, what, start..middle, letters).fits {
                fits = middle;
            } else {
                too_many = middle;
            }
        }
        let good = Plan::of(setting, what, start..good_end(setting, start, fits), letters);
        // with fewer lifelines there may be more lines of labels
        let plan = if good.fits { good } else { Plan::of(setting, what, start..fits, letters) };
        start = plan.range.end;
        plans.push(plan);
    }
    plans
}

/// Where a sheet had better end that may hold the steps from `start` to before `end`.
fn good_end(setting: &Setting<'_>, start: usize, end: usize) -> usize {
    let steps = &setting.ladder.steps;
    let (count, rest) = (end - start, steps.len() - end);
    if rest == 0 {
        return end;
    }
    // no sheet for one or two
    let end = if rest < 4 && count > 8 { end - (4 - rest) } else { end };
    let good = |at: &usize| steps.get(*at).is_some_and(|step| step.begins || setting.quiet(step.at) >= PAUSE);
    (start + (count * 2).div_ceil(3)..=end).rev().find(good).unwrap_or(end).max(start + 1)
}
