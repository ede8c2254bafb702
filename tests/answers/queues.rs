//! Answers about queues: the retry policies of five servers, and a herd.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::binary::{posthaste, table};
use crate::{Row, count, number};

const S: u64 = 1_000_000_000;
/// The server is back.
const BACK_S: f64 = 21_600.0;

/// A time of a table in nanoseconds: all nine digits are there.
fn nanos(row: &Row, column: &str) -> u64 {
    let (whole, decimals) = row[column].split_once('.').unwrap();
    assert_eq!(decimals.len(), 9);
    whole.parse::<u64>().unwrap() * S + decimals.parse::<u64>().unwrap()
}

/// When the attempt after the first `n` is due, by a formula that knows nothing of the program. The first attempt begins when
/// the message is accepted.
fn due(server: &str, attempts: &[&Row], n: usize) -> u64 {
    let accepted = nanos(attempts[0], "started_s");
    let (started, failed) = (nanos(attempts[n - 1], "started_s"), nanos(attempts[n - 1], "ended_s"));
    match server {
        "lecture.example" => started + 1_800 * S,
        "postfix.example" => failed + (failed - accepted).clamp(300 * S, 4_000 * S),
        "qmail.example" => {
            let root = ((started - accepted) / S).isqrt() + 20;
            accepted + root * root * S
        }
        "exchange.example" => {
            failed
                + 60 * S
                    * match n {
                        1..=4 => 1,
                        5..=10 => 5,
                        _ => 10,
                    }
        }
        "exim.example" => {
            let age = failed - nanos(attempts[0], "ended_s");
            let last = if n == 1 { 0 } else { started - nanos(attempts[n - 2], "ended_s") };
            failed
                + match age / S {
                    0..7_200 => 900 * S,
                    7_200..57_600 if last < 3_600 * S => 3_600 * S,
                    7_200..57_600 => last * 3 / 2,
                    _ => 21_600 * S,
                }
        }
        other => panic!("no policy of {other}"),
    }
}

pub(crate) fn retry_policies(run: &Path) -> Vec<String> {
    let attempts = table(run, "attempts");
    let mut answers = Vec::new();
    let mut servers: BTreeMap<&str, BTreeMap<&str, Vec<&Row>>> = BTreeMap::new();
    for row in &attempts {
        servers.entry(&row["server"]).or_default().entry(&row["message"]).or_default().push(row);
    }
    let (mut followed, mut written) = (0, Vec::new());
    for (server, messages) in &servers {
        let mut waits = Vec::new();
        let mut starts = Vec::new();
        for attempts in messages.values() {
            for n in 1..attempts.len() {
                assert_eq!(nanos(attempts[n], "started_s"), due(server, attempts, n), "{server}, attempt {}", n + 1);
                followed += 1;
            }
            let last = attempts[attempts.len() - 1];
            assert_eq!(last["outcome"], "completed");
            // It is the first that was still under way, or began, after the return.
            assert!(attempts[..attempts.len() - 1].iter().all(|row| number(row, "ended_s") < BACK_S + 64.0));
            waits.push(number(last, "started_s") - BACK_S);
            starts.push(nanos(attempts[0], "started_s") / S);
        }
        let mean = waits.iter().sum::<f64>() / waits.len() as f64 / 60.0;
        answers.push(format!("{server} {mean:.1} minutes"));
        if *server == "exim.example" {
            let most = waits.iter().copied().fold(0.0, f64::max) / 3_600.0;
            answers.push(format!("the last message of exim.example waits {most:.1} hours"));
        }
        let all = count(&attempts, "server", server);
        answers.push(match *server {
            "exchange.example" => format!("makes {all} attempts for its {} messages", messages.len()),
            _ => format!("{server} {all}"),
        });
        starts.sort_unstable();
        written.push(starts);
    }
    assert_eq!(servers.len(), 5);
    assert!(written.windows(2).all(|pair| pair[0] == pair[1]), "all users write at the same times");
    answers.push(format!("All {followed} that follow another one"));
    answers
}

/// Minutes from the return of the server to the last delivery.
fn last_minutes(attempts: &[Row]) -> f64 {
    let ends = attempts.iter().filter(|row| row["outcome"] == "completed").map(|row| number(row, "ended_s"));
    ((ends.fold(0.0, f64::max) - 11_400.0) / 60.0).round()
}

fn turned_away(run: &Path) -> usize {
    count(&table(run, "attempts"), "reply_code", "421")
}

pub(crate) fn thundering_herd(run: &Path) -> Vec<String> {
    let attempts = table(run, "attempts");
    let completed: Vec<&Row> = attempts.iter().filter(|row| row["outcome"] == "completed").collect();
    let wave = |n: u64| completed.iter().filter(|row| nanos(row, "started_s") == 1_800 * S * n).count();
    let waves = [7, 8, 9, 10].map(wave);
    assert_eq!(waves.iter().sum::<usize>(), 5_000, "every message leaves in a queue run");
    let [first, second, third, fourth] = waves;
    let place = run.parent().unwrap();
    let sets: Vec<String> = (1..=10).map(|n| format!("/mail/s{n:02}.example/retry/preset=postfix")).collect();
    let mut arguments = vec!["run", "scenarios/thundering-herd.json", "-q", "--out", "unsynchronized"];
    sets.iter().for_each(|set| arguments.extend(["--set", set]));
    // The expectations are of the other policy.
    posthaste(place, &arguments);
    let other = place.join("unsynchronized");
    assert_eq!(count(&table(&other, "attempts"), "outcome", "completed"), 5_000);
    vec![
        format!("is back, {first}; in the next ones {second}, {third} and {fourth}"),
        format!("arrives {} minutes after the return", last_minutes(&attempts)),
        format!("{} sessions are turned away with 421", turned_away(run)),
        format!("{} sessions are turned away, and the last message arrives {} minutes", turned_away(&other), {
            last_minutes(&table(&other, "attempts"))
        }),
    ]
}
