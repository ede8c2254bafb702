//! The sentences of scenarios/README.md that answer the last question of a section.

use std::path::{Path, PathBuf};

use crate::common::binary::{posthaste, table};
use crate::{Row, count, greatest, metric, number};

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>, column: &str) -> f64 {
    rows.into_iter().map(|row| number(row, column)).sum()
}

fn millis(row: &Row, column: &str) -> f64 {
    (number(row, column) * 1e3).round()
}

/// The same scenario with something else set.
fn with(run: &Path, name: &str, set: &str) -> PathBuf {
    let other = run.with_extension("with");
    let file = format!("scenarios/{name}.json");
    let out = other.to_str().unwrap();
    let args = ["run", &file, "-q", "--set", set, "--set", "/expect=[]", "--out", out];
    assert_eq!(posthaste(run.parent().unwrap(), &args).code, 0);
    other
}

fn queues(scenario: &str, run: &Path) -> Vec<String> {
    let messages = || table(run, "messages");
    match scenario {
        "ketchup" => {
            let message = &messages()[0];
            vec![
                format!("{:.0} s, until he asks", number(message, "in_mailbox_s").floor()),
                format!("which takes {} ms.", millis(message, "retrieval_s")),
            ]
        }
        "recipient-down" => {
            let message = &messages()[0];
            let rest = number(message, "dialogue_s") + number(message, "transfer_s");
            let (waiting, whole) = (number(message, "waiting_for_retry_s"), number(message, "latency_s"));
            vec![format!("{:.0} s of {whole:.0} s pass", waiting.floor()), format!("take {rest:.2} s.")]
        }
        "returned-to-sender" => {
            let message = &messages()[0];
            let connecting = number(message, "connecting_s");
            let share = 100.0 * connecting / number(message, "ended_s");
            vec![format!("wait {:.1} hours in all, {share:.1} percent", connecting / 3600.0)]
        }
        "several-messages-one-connection" => {
            let rows = messages();
            let alice = rows.iter().find(|row| row["from"] == "alice@crepes.fr").unwrap();
            let waits = rows.iter().map(|row| number(row, "waiting_for_retry_s").round()).collect::<Vec<_>>();
            assert!(waits.iter().all(|wait| *wait == waits[0]));
            let last = greatest(&rows, "delivered_s") - number(alice, "delivered_s");
            vec![format!("{last:.2} s after Alice's"), format!("All three waited {} s", waits[0])]
        }
        "outage-queue" => {
            let attempts = table(run, "attempts");
            vec![format!("{} of {} attempts", count(&attempts, "outcome", "deferred"), attempts.len())]
        }
        "campus-day" => {
            let attempts = table(run, "attempts");
            let vain = attempts.len() - count(&attempts, "outcome", "completed");
            vec![format!("{} for the copies to the other campus, {vain} of them in vain", attempts.len())]
        }
        other => links(other, run),
    }
}

fn links(scenario: &str, run: &Path) -> Vec<String> {
    let connections = || table(run, "connections");
    match scenario {
        "flaky-link" => {
            let links = table(run, "links");
            let line = || links.iter().filter(|row| row["link"] == "line");
            vec![
                format!("the {} repetitions", metric(run, "connections.retransmissions")),
                format!(
                    "It lost {}, damaged {} and doubled {}, and its queue dropped {}.",
                    sum(line(), "dropped_loss"),
                    sum(line(), "damaged"),
                    sum(line(), "duplicated"),
                    sum(line(), "dropped_sojourn") + sum(line(), "dropped_queue_full")
                ),
            ]
        }
        "partition" => {
            let attempts = table(run, "attempts");
            let failed: Vec<&Row> = attempts.iter().filter(|row| row["reason"] == "dns_failure").collect();
            let longest =
                failed.iter().map(|row| number(row, "ended_s") - number(row, "started_s")).fold(0.0, f64::max);
            assert_eq!(failed.len(), attempts.len() - count(&attempts, "outcome", "completed"));
            vec![
                format!("{} attempts fail for want of an answer", failed.len()),
                format!("after {:.0} ms at most", longest * 1e3),
            ]
        }
        "dual-stack" => {
            let rows = connections();
            vec![format!("{} of {} are IPv6", count(&rows, "family", "ipv6"), rows.len())]
        }
        "nagle" => {
            let between = |run: &Path| {
                let rows = table(run, "connections");
                sum(rows.iter().filter(|row| row["server_port"] == "25"), "packets")
            };
            let without = with(run, scenario, "/network/tcp/nagle=false");
            vec![format!(
                "{} packets between the servers with the algorithm, {} without",
                between(run),
                between(&without)
            )]
        }
        "narrow-link" => {
            let rows = connections();
            let relays: Vec<&Row> = rows.iter().filter(|row| row["server_port"] == "25").collect();
            let [first, second] = relays[..] else { panic!("two messages") };
            let more = number(first, "wire_bytes") - number(second, "wire_bytes");
            vec![
                format!("{more} bytes more on the wire"),
                format!("on {}: {} segments were sent twice", second["wire_bytes"], first["retransmissions"]),
            ]
        }
        other => people(other, run),
    }
}

fn people(scenario: &str, run: &Path) -> Vec<String> {
    match scenario {
        "dns-cache" => {
            let dns = table(run, "dns_queries");
            let stubs: Vec<&Row> = dns.iter().filter(|row| row["role"] == "stub").collect();
            let hits = stubs.iter().filter(|row| row["cache"] == "hit").count();
            vec![format!("{hits} of {}. An answer", stubs.len())]
        }
        "two-devices-one-mailbox" => {
            let opened = sum(&table(run, "mailbox_sessions"), "opened");
            vec![format!("{opened} downloads of {} messages", table(run, "messages").len())]
        }
        "busy-server" => vec![format!("{:.2} s (`processing.max_wait_s`)", metric(run, "processing.max_wait_s"))],
        "full-server" => {
            let roomy = with(run, scenario, "/network/hosts/crepes.fr/sessions/submission/most=12");
            assert_eq!(metric(&roomy, "connections.turned_away"), 0.0);
            vec![format!("the slowest message takes {:.1} s", metric(&roomy, "latency.max_s"))]
        }
        "smtp-vs-http" => {
            let (page, message) = (&table(run, "web_pages")[0], &table(run, "messages")[0]);
            vec![
                format!("in the mailbox after {} ms", millis(message, "latency_s")),
                format!("waits {} ms for the page, {} ms of", millis(page, "time_s"), millis(page, "lookup_s")),
            ]
        }
        "lab" => vec![format!("{} packets in all", metric(run, "network.packets"))],
        _ => Vec::new(),
    }
}

pub(crate) fn last_answers(scenario: &str, run: &Path) -> Vec<String> {
    queues(scenario, run)
}
