//! The scripts of `tests/dialogues`, played by real clients against a served scenario: what they hear is
//! what `tests/dialogues.rs` holds the sans-IO sessions to, line by line.
//!
//! Where a mailbox's content matters, the expected lines are those of the sans-IO POP3 session on
//! the messages as the served mailbox has them, with their trace fields. A wait at whose end the server speaks is played to
//! its end. One that ends just before is played to three fifths of the server's patience: the wall clock cannot be held to
//! the nanosecond. The ends of those are `tests/dialogues.rs`'s.

#![cfg(target_os = "linux")]

#[path = "parity/player.rs"]
mod player;
#[path = "parity/scene.rs"]
mod scene;
#[path = "common/script.rs"]
mod script;
#[path = "common/served.rs"]
mod served;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use player::{Manner, play};
use script::{Script, What};

/// Every script, and its sessions (from 1) that no scenario can stand for, with the reason.
const SCRIPTS: &[(&str, &[usize], &str)] = &[
    ("idle", &[], ""),
    ("imap", &[], ""),
    ("imap-commands", &[], ""),
    ("imap-condstore", &[], ""),
    ("imap-extensions", &[], ""),
    ("imap-folders", &[], ""),
    ("imap-rev2", &[], ""),
    ("imap-states", &[], ""),
    ("imap-syntax", &[], ""),
    ("lecture", &[], ""),
    ("pop3", &[], ""),
    ("pop3-apop", &[1, 2], "the time stamp of a scenario's server is another in each session"),
    ("pop3-auth", &[], ""),
    ("pop3-ends", &[], ""),
    ("pop3-states", &[], ""),
    ("pop3-syntax", &[], ""),
    ("rfc5321", &[], ""),
    ("smtp-auth", &[], ""),
    ("smtp-binary", &[1], "what is not made of lines cannot be fetched line by line"),
    ("smtp-chunking", &[2], "a scenario's servers refuse nobody for a time"),
    ("smtp-data", &[], ""),
    ("smtp-dsn", &[], ""),
    ("smtp-extensions", &[1], "a scenario's servers refuse nobody for a time"),
    ("smtp-limits", &[3], "its recipients have no mailbox of their own in a scenario"),
    ("smtp-mistakes", &[], ""),
    ("smtp-plain", &[], ""),
    ("smtp-queries", &[1], "the lists and queues of a scenario are no part of a session"),
    ("smtp-refusals", &[1], "a scenario's servers refuse no senders, and no mailbox for a time"),
    ("smtp-refused-message", &[1], "a scenario's servers refuse no messages for lack of space"),
    ("smtp-smuggling", &[], ""),
    ("smtp-states", &[], ""),
    ("smtp-syntax", &[], ""),
    ("smtp-utf8", &[1], "the lists of a scenario are no part of a session"),
];

/// Scripts of a client's session: the other end of those would have to be played by a real server.
const OF_CLIENTS: &[&str] = &[];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues")
}

/// Would break if a script were added and forgotten here.
#[test]
fn every_script_is_listed() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> = files.filter_map(|name| Some(name.strip_suffix(".txt")?.to_owned())).collect();
    let listed = SCRIPTS.iter().map(|(name, ..)| name).chain(OF_CLIENTS).map(|name| (*name).to_owned());
    assert_eq!(found, listed.collect());
    for (name, left_out, why) in SCRIPTS {
        assert!(left_out.is_empty() == why.is_empty(), "{name}");
        assert!(left_out.iter().all(|number| (1..=read(name).sessions.len()).contains(number)), "{name}");
    }
}

fn read(name: &str) -> Script {
    Script::parse(&fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap())
}

/// Would break if the gateway, the simulated network or the mail server's applications changed what a client hears.
#[test]
fn real_clients_hear_what_simulated_ones_do() {
    let mut jobs = Vec::new();
    for (name, left_out, _) in SCRIPTS {
        let script = read(name);
        for (number, steps) in (1..).zip(script.sessions).filter(|(number, _)| !left_out.contains(number)) {
            let waits = steps.iter().any(|step| matches!(step.what, What::Wait(_)));
            jobs.push((format!("{name}, session {number}"), script.scene.clone(), steps.clone(), Manner::LineByLine));
            if !waits {
                jobs.push((format!("{name}, session {number}, ahead"), script.scene.clone(), steps, Manner::Ahead));
            }
        }
    }
    assert!(jobs.len() > 50, "{} sessions", jobs.len());
    let (jobs, wrong) = (Mutex::new(jobs), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some((name, scene, steps, manner)) = jobs.lock().unwrap().pop() else { return };
            let played = catch_unwind(AssertUnwindSafe(|| play(&scene, &steps, manner)));
            let said = match played {
                Ok(Ok(())) => continue,
                Ok(Err(said)) => said,
                Err(_) => "a panic, see above".to_owned(),
            };
            wrong.lock().unwrap().push(format!("{name}: {said}"));
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Would break if a script could say something and the player not notice.
#[test]
fn wrong_scripts_are_noticed() {
    for text in [
        "S: 220 other.example",
        "S: 220 hamburger.edu\nC: NOOP\nS: 250 OK\nC: (closes)\nS: 250 OK",
        "S: 220 hamburger.edu\nC: HELP",
        "S~ 221",
    ] {
        let script = Script::parse(text);
        assert!(play(&script.scene, &script.sessions[0], Manner::LineByLine).is_err(), "{text}");
    }
}
