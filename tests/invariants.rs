//! What must hold in every run, whatever the scenario: held against the library and against
//! random small scenarios with losses, outages in the middle of dialogues, unknown users and
//! domains, short lifetimes and duplicates.
//!
//! The checks read the trace, the tables and the mailboxes at the end, never the engine's own
//! books. Each random scenario ends with a long time without faults, in which everything has
//! to come to its end.

#[path = "invariants/books.rs"]
mod books;
mod common;
#[path = "invariants/content.rs"]
mod content;
#[path = "invariants/log.rs"]
mod log;
#[path = "invariants/random.rs"]
mod random;
#[path = "invariants/relations.rs"]
mod relations;
#[path = "invariants/sessions.rs"]
mod sessions;
#[path = "invariants/tables.rs"]
mod tables;
#[path = "invariants/tcp.rs"]
mod tcp;
#[path = "invariants/troubles.rs"]
mod troubles;

use std::panic::{AssertUnwindSafe, catch_unwind};

use books::Books;
use common::{load, load_value, scenario_files};
use content::Reading;
use log::Log;
use posthaste::cli::simulate::{Finished, simulate};
use posthaste::metrics::CopyStatus;
use posthaste::scenario::Resolved;

/// Random scenarios in one run of the tests.
const CASES: u64 = 240;

/// The numbers of the random scenarios: `POSTHASTE_CASES=100..2000` asks for others.
fn cases() -> std::ops::Range<u64> {
    let range = option_env!("POSTHASTE_CASES").and_then(|text| text.split_once(".."));
    let range = range.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or(0..CASES)
}

/// Of these so many are run in variants too.
const RELATED: u64 = 40;

/// Runs a scenario and returns what does not hold.
fn faults_of(scenario: &Resolved) -> Result<Finished<Log>, Vec<String>> {
    let finished = simulate(scenario, Log::new(scenario)).map_err(|fault| vec![format!("audit: {fault}")])?;
    let log = &finished.extra;
    let books = Books::new(scenario, log);
    let mut faults = log.faults.clone();
    faults.extend(books.faults.iter().cloned());
    faults.extend(Reading::new(scenario, log, &books).check(&finished.world));
    faults.extend(tables::check(scenario, log, &books, &finished.record));
    if faults.is_empty() { Ok(finished) } else { Err(faults) }
}

/// Breaks when any of the invariants breaks in a scenario of the library.
#[test]
fn the_library_keeps_every_invariant() {
    for path in scenario_files() {
        let scenario = load(&std::fs::read_to_string(&path).unwrap());
        if let Err(faults) = faults_of(&scenario) {
            panic!("{}:\n{}", path.display(), faults.join("\n"));
        }
    }
}

/// Nothing waits any more when all faults were over for hours.
fn is_live(finished: &Finished<Log>) -> Result<(), Vec<String>> {
    let waits = |status| matches!(status, CopyStatus::Queued | CopyStatus::Outbox);
    let waiting = finished.record.tables.messages.iter().filter(|row| waits(row.status));
    let waiting: Vec<String> = waiting.map(|row| format!("not at its end: {row:?}")).collect();
    let held: u64 = finished.record.servers.iter().map(|server| server.queued).sum();
    if waiting.is_empty() && held == 0 { Ok(()) } else { Err([waiting, vec![format!("{held} held")]].concat()) }
}

fn judge(case: u64) -> Result<(), Vec<String>> {
    let scenario = load_value(&random::scenario(case).value);
    faults_of(&scenario).and_then(|finished| is_live(&finished))
}

fn relate(case: u64) -> Result<(), Vec<String>> {
    relations::check(case, &random::scenario(case)).map_err(|fault| vec![fault])
}

/// Judges every case, and names all that are wrong: their numbers are enough to have them again.
fn all(cases: impl Iterator<Item = u64>, judge: impl Fn(u64) -> Result<(), Vec<String>>) {
    let fault = |case| match catch_unwind(AssertUnwindSafe(|| judge(case))) {
        Ok(Ok(())) => None,
        Ok(Err(faults)) => Some(format!("case {case}:\n  {}", faults.join("\n  "))),
        Err(_) => Some(format!("case {case} panicked")),
    };
    let wrong: Vec<String> = cases.filter_map(fault).collect();
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Breaks when any of the invariants breaks in a random scenario, or a copy gets stuck.
#[test]
fn random_scenarios_keep_every_invariant() {
    all(cases().filter(|case| case % 2 == 0), judge);
}

/// The other half, so that two processors share the work.
#[test]
fn more_random_scenarios_keep_every_invariant() {
    all(cases().filter(|case| case % 2 == 1), judge);
}

/// Breaks when a run depends on more than its scenario and seed, on what is only an output or
/// the way the file is written, on strangers, or on when it will end.
#[test]
fn random_scenarios_keep_the_relations_between_runs() {
    all(0..RELATED, relate);
}
