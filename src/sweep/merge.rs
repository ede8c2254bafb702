//! Brings the records of several folders into one.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::report::ReportError;

use super::store::{Found, Record, Store};
use super::trials::{State, Subject, Trial};

/// What was brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Records that were copied.
    pub copied: u64,
    /// Records elsewhere that cannot be used, and why.
    pub damaged: Vec<(PathBuf, String)>,
}

/// Copies into a store what it lacks of a study and others have. A result that somebody has goes before a failure.
///
/// # Errors
/// A record cannot be written.
pub fn merge(subject: &Subject<'_>, own: &Store, others: &[Store]) -> Result<Merged, ReportError> {
    let copied = AtomicU64::new(0);
    let damaged = Mutex::new(Vec::new());
    let bring = |trial: &Trial, error: &mut Option<ReportError>| {
        let known = match own.find(trial.address) {
            Found::Record(record) if record.outcome.is_ok() => return State::from(record.outcome),
            Found::Record(record) => Some(*record),
            Found::Nothing | Found::Damaged(_) => None,
        };
        let Some(record) = best(trial, known.as_ref(), others, &damaged) else {
            return known.map_or(State::Missing(None), |record| State::from(record.outcome));
        };
        match own.keep(&record) {
            Ok(()) => {
                copied.fetch_add(1, Ordering::Relaxed);
            }
            Err(refused) => *error = Some(refused),
        }
        State::from(record.outcome)
    };
    subject.study.points.par_iter().try_for_each(|point| {
        let mut error = None;
        subject.follow(point, |_, round| round.iter().map(|trial| bring(trial, &mut error)).collect());
        error.map_or(Ok(()), Err)
    })?;
    let mut damaged = damaged.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    damaged.sort();
    Ok(Merged { copied: copied.into_inner(), damaged })
}

/// The record of a run that is better than the one known; none if nobody has one.
fn best(
    trial: &Trial,
    known: Option<&Record>,
    others: &[Store],
    damaged: &Mutex<Vec<(PathBuf, String)>>,
) -> Option<Record> {
    let mut failed = None;
    for store in others {
        match store.find(trial.address) {
            Found::Record(record) if record.outcome.is_ok() => return Some(*record),
            Found::Record(record) => failed = failed.or(Some(*record)),
            Found::Nothing => {}
            Found::Damaged(why) => {
                let mut damaged = damaged.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                damaged.push((store.path(trial.address), why));
            }
        }
    }
    failed.filter(|_| known.is_none())
}
