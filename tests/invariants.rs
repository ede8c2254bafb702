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
#[path = "invariants/holdings.rs"]
mod holdings;
#[path = "invariants/hops.rs"]
mod hops;
#[path = "invariants/ledger.rs"]
mod ledger;
#[path = "invariants/log.rs"]
mod log;
#[path = "invariants/payloads.rs"]
mod payloads;
#[path = "invariants/presets.rs"]
mod presets;
#[path = "invariants/random.rs"]
mod random;
#[path = "invariants/random_mail.rs"]
mod random_mail;
#[path = "invariants/recount.rs"]
mod recount;
#[path = "invariants/relations.rs"]
mod relations;
#[path = "invariants/schedule.rs"]
mod schedule;
#[path = "invariants/sessions.rs"]
mod sessions;
#[path = "invariants/tables.rs"]
mod tables;
#[path = "invariants/tcp.rs"]
mod tcp;
#[path = "invariants/troubles.rs"]
mod troubles;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use books::Books;
use common::{load, load_value, scenario_files};
use content::Reading;
use ledger::Ledger;
use log::Log;
use posthaste::app::App;
use posthaste::app::mail::retry::PRESETS;
use posthaste::app::mail::{
    AddressBook, ConductConfig, FullAt, Maildrop, QueueConfig, RetryPolicy, Rule, Transports, WhenFull,
};
use posthaste::cli::simulate::{Finished, simulate};
use posthaste::metrics::{CopyStatus, MessageRow};
use posthaste::scenario::Resolved;
use posthaste::scenario::resolved::{DomainSpec, UserSpec, Work};

/// Random scenarios in one run of the tests.
const CASES: u64 = 240;

/// The numbers of the random scenarios: `POSTHASTE_CASES=100..2000` asks for others.
fn cases() -> Range<u64> {
    asked().unwrap_or(0..CASES)
}

/// Likewise of those with mail of all kinds.
fn mail_cases() -> Range<u64> {
    asked().unwrap_or(0..MAIL_CASES)
}

fn asked() -> Option<Range<u64>> {
    let (from, to) = option_env!("POSTHASTE_CASES")?.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

/// Random scenarios with mail of all kinds in one run of the tests.
const MAIL_CASES: u64 = 1_000;
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
        let judged = if is_textbook(&scenario) { faults_of(&scenario).map(drop) } else { Ok(()) };
        if let Err(faults) = judged.and_then(|()| mail_faults_of(&scenario).map(drop)) {
            panic!("{}:\n{}", path.display(), faults.join("\n"));
        }
    }
}

/// Whether the mail servers do nothing but what the textbook's do: for these there are books to
/// the nanosecond.
fn is_textbook(scenario: &Resolved) -> bool {
    let plain = |domain: &DomainSpec| {
        let settings = &domain.settings;
        let fixed = matches!(settings.retry.rule, Rule::Fixed { .. });
        let retry = settings.retry.clone();
        let every = if let Rule::Fixed { every } = retry.rule { every } else { retry.lifetime };
        let usual = RetryPolicy { rule: retry.rule.clone(), ..RetryPolicy::fixed(every, retry.lifetime) };
        fixed
            && usual == retry
            && settings.queue == QueueConfig::default()
            && settings.conduct == ConductConfig::default()
            && settings.transports == Transports::default()
            && settings.smtp.tls.is_none()
            && domain.book == AddressBook { users: domain.book.users.clone(), ..AddressBook::default() }
            && domain.relays.is_empty()
    };
    let user = |user: &UserSpec| user.forward.is_none() && user.vacation.is_none() && user.quota.is_unlimited();
    let work = |work: &Work| match work {
        Work::Message(message) => message.extras.is_none(),
        Work::Poisson(_) | Work::Read(_) | Work::Lookup(_) | Work::Lookups(_) => true,
        Work::Browse(_) | Work::Session(_) | Work::People(_) => true,
    };
    let text = scenario.to_json_text();
    scenario.domains.iter().all(plain)
        && scenario.users.iter().all(user)
        && scenario.workload.iter().all(work)
        && ["\"flush\"", "\"smtp\"", "\"reports\"", "\"submission\""].iter().all(|key| !text.contains(key))
}

/// Runs a scenario with mail of any kind and returns what does not hold.
fn mail_faults_of(scenario: &Resolved) -> Result<Finished<Ledger>, Vec<String>> {
    let mut finished = simulate(scenario, Ledger::new(scenario)).map_err(|fault| vec![format!("audit: {fault}")])?;
    finished.extra = finished.extra.finish();
    let mut faults = finished.extra.faults.clone();
    faults.extend(recount::check(&finished.extra, &finished));
    faults.extend(hops::check(scenario, &finished.extra, &finished));
    if faults.is_empty() { Ok(finished) } else { Err(faults) }
}

fn judge_mail(case: u64) -> Result<(), Vec<String>> {
    let scenario = load_value(&random_mail::scenario(case));
    mail_faults_of(&scenario).and_then(|finished| is_live(&scenario, &finished))
}

/// Breaks when a copy is lost, made twice or tried out of turn in a random scenario with mail of
/// all kinds, or gets stuck.
#[test]
fn mail_of_all_kinds_is_conserved() {
    all(mail_cases().filter(|case| case % 2 == 0), judge_mail);
}

/// The other half.
#[test]
fn more_mail_of_all_kinds_is_conserved() {
    all(mail_cases().filter(|case| case % 2 == 1), judge_mail);
}

/// Breaks when a server that people know tries again at another time than its documentation says, wherever
/// its attempts end and whatever comes between.
#[test]
fn presets_keep_their_times() {
    let mut attempts = 0;
    let mut judge = |preset: &str, case: u64| -> Result<(), Vec<String>> {
        let finished = mail_faults_of(&load_value(&presets::scenario(preset, case)))?;
        attempts += finished.extra.attempts;
        if finished.extra.attempts > 3 { Ok(()) } else { Err(vec![format!("{} attempts", finished.extra.attempts)]) }
    };
    for preset in PRESETS {
        for case in 0..presets::CASES {
            if let Err(faults) = judge(preset, case) {
                panic!("{preset}, case {case}:\n  {}", faults.join("\n  "));
            }
        }
    }
    assert!(attempts > 2_000, "only {attempts} attempts");
}

/// Seeds that found faults. In 642 and 903 what a server told its postmaster was forwarded to a host that never
/// answered; so the postmaster was told of that, and so on for ever.
#[test]
fn seeds_that_found_faults_find_none() {
    for case in [642, 903] {
        let scenario = load_value(&random_mail::scenario(case));
        let finished = mail_faults_of(&scenario).and_then(|finished| is_live(&scenario, &finished).map(|()| finished));
        let finished = finished.unwrap_or_else(|faults| panic!("case {case}: {}", faults.join("\n")));
        let reports = finished.extra.copies.keys().filter(|key| key.0.starts_with("<b.")).count();
        assert!(reports < 1_000, "case {case}: {reports} reports");
    }
}

/// Nothing waits any more when all faults were over for hours, but in outboxes for a mailbox that is full.
fn is_live<X>(scenario: &Resolved, finished: &Finished<X>) -> Result<(), Vec<String>> {
    let waits = |row: &&MessageRow| match row.status {
        CopyStatus::Queued => true,
        CopyStatus::Outbox => !is_full(scenario, finished, row),
        CopyStatus::Delivered
        | CopyStatus::Bounced
        | CopyStatus::Dropped
        | CopyStatus::Refused
        | CopyStatus::Expanded
        | CopyStatus::Discarded => false,
    };
    let waiting = finished.record.tables.messages.iter().filter(waits);
    let waiting: Vec<String> = waiting.map(|row| format!("not at its end: {row:?}")).collect();
    let held: u64 = finished.record.servers.iter().map(|server| server.queued).sum();
    if waiting.is_empty() && held == 0 { Ok(()) } else { Err([waiting, vec![format!("{held} held")]].concat()) }
}

/// Whether a mailbox of the sender's own server, which says so to recipients by 452, is too full for a message.
fn is_full<X>(scenario: &Resolved, finished: &Finished<X>, row: &MessageRow) -> bool {
    let sender = scenario.users.iter().find(|user| *user.address == *row.from);
    let servers = finished
        .world
        .apps()
        .filter_map(|(_, app)| if let App::MailServer(server) = app { Some(server) } else { None });
    let full = |maildrop: &Maildrop| {
        scenario.users.iter().any(|user| {
            let quota = &user.quota;
            let told = quota.checked == FullAt::Recipient && quota.when_full == WhenFull::Defer;
            let here = sender.is_some_and(|sender| sender.server == user.server) && user.address == maildrop.address();
            let octets = maildrop.octets() + row.bytes;
            here && told && quota.is_exceeded_by(maildrop.count() as u64 + 1, octets)
        })
    };
    servers.flat_map(|server| server.mailboxes()).any(full)
}

fn judge(case: u64) -> Result<(), Vec<String>> {
    let scenario = load_value(&random::scenario(case).value);
    faults_of(&scenario).and_then(|finished| is_live(&scenario, &finished))
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
