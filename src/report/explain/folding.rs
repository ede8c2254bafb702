//! Many equal attempts in a row, told as a few.
//!
//! A server tries for days, and each of hundreds of attempts may be put off for the same reason. A terminal
//! is shown the first two, the last, and between them one line. JSON has all of them.

use super::{Clock, Step, since, span};
use crate::base::time::SimTime;

/// So many equal attempts in a row are told one by one.
const MOST: usize = 6;

/// So many of more are told before the line that stands for the others.
const FIRST: usize = 2;

/// An attempt that was put off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tried {
    pub(super) attempt: u32,
    pub(super) started: SimTime,
    /// Why, with all that must be equal in attempts that are told as one.
    pub(super) why: String,
}

/// The steps with equal attempts in a row folded.
pub(super) fn folded(steps: &[Step], clock: Clock) -> Vec<Step> {
    let mut told = Vec::new();
    for run in steps.chunk_by(|a, b| a.tried.as_ref().zip(b.tried.as_ref()).is_some_and(|(a, b)| a.why == b.why)) {
        let attempts: Vec<&[Step]> = run.chunk_by(|a, b| a.tried == b.tried).collect();
        match attempts.as_slice() {
            [first @ .., last] if first.len() >= MOST => {
                let (shown, left) = first.split_at(FIRST);
                told.extend(shown.iter().flat_map(|attempt| attempt.iter().cloned()));
                told.extend(line(shown, left, last, clock));
                told.extend(last.iter().cloned());
            }
            _ => told.extend(run.iter().cloned()),
        }
    }
    told
}

/// The line that stands for the attempts that are left out.
fn line(shown: &[&[Step]], left: &[&[Step]], last: &[Step], clock: Clock) -> Option<Step> {
    let started = |attempt: &[Step]| Some(attempt.first()?.tried.as_ref()?.started);
    let around = shown.last().copied().into_iter().chain(left.iter().copied()).chain([last]);
    let starts: Vec<SimTime> = around.filter_map(started).collect();
    let gaps = || starts.iter().zip(starts.iter().skip(1)).map(|(earlier, later)| since(*later, *earlier));
    let (least, most) = (span(gaps().min()?), span(gaps().max()?));
    let apart = if least == most { format!("each {most} apart") } else { format!("{least} to {most} apart") };
    let until = left.last().and_then(|attempt| attempt.last())?;
    let at = left.first().and_then(|attempt| attempt.first())?.at;
    let many = left.len();
    let moment = clock.moment(until.at);
    Some(Step::new(
        at,
        format!("and {many} more attempts, {apart}, until {moment}, all for the same reason (--all tells each)"),
    ))
}
