//! What mail servers do to their clients, in whole runs: every action at every command, counts,
//! probabilities, greylists against the schedules of providers, and that no sender ever loses a
//! message, whatever its peers do.

mod common;
#[path = "conduct/ledger.rs"]
mod ledger;
#[path = "conduct/random.rs"]
mod random;

use common::{load_value, run_value};
use ledger::Ledger;
use posthaste::base::{SimDuration, SimTime};
use posthaste::cli::simulate::{Finished, simulate};
use posthaste::metrics::{AttemptEnd, CopyStatus, Metric, RunRecord};
use serde_json::{Value, json};

/// Random scenarios in one run of the tests.
const CASES: u64 = 300;

/// One message from Alice to Bob, whose server has these rules; the retries come every 30 minutes.
fn letter(rules: &Value) -> Value {
    json!({
        "mail": {
            "crepes.fr": { "users": ["alice"], "retry": { "every": "30min", "lifetime": "1d" } },
            "hamburger.edu": { "users": ["bob"], "conduct": { "rules": rules } }
        },
        "workload": [{ "at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body": ["Ketchup?"] }],
        "run": { "until": "2d" }
    })
}

fn metric(record: &RunRecord, name: &str) -> u64 {
    match record.metrics().get(name) {
        Some(Metric::Integer(value)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

/// Commands that a client sends in a session without trouble.
const PLACES: [&str; 7] = ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "QUIT"];

/// Attempts until Bob has the message, and how often he gets it beyond the first.
fn outcome(then: &Value, at: &str) -> (usize, u64) {
    let run = run_value(&letter(&json!([{ "name": "odd", "when": { "at": at, "first": 1 }, "then": then }])));
    let case = format!("{then} at {at}");
    assert_eq!(metric(&run.record, "messages.delivered"), 1, "{case}");
    assert_eq!(metric(&run.record, "conduct.odd.count"), 1, "{case}");
    let duplicates = metric(&run.record, "messages.duplicates");
    if then != "half_close" {
        assert_eq!(metric(&run.record, "conduct.lost_replies"), duplicates, "{case}");
    }
    (run.record.tables.attempts.len(), duplicates)
}

/// Whatever the server does once, the message comes at the first or second attempt, twice exactly if
/// it had been taken and the reply was lost. Would break if an action forgot a command, if a client
/// took something for a success that is none, or if it hung.
#[test]
fn every_action_at_every_command() {
    let refusals = [json!("450 4.3.0 Later"), json!("421 4.3.2 Too busy")];
    let endings = [json!("close"), json!("reset"), json!("silent"), json!({ "garbage": "what?\r\n" })];
    for at in PLACES {
        // After the message is taken nothing that happens to QUIT makes another attempt.
        let again = if at == "QUIT" { 1 } else { 2 };
        for then in refusals.iter().chain(&endings) {
            assert_eq!(outcome(then, at), (again, 0), "{then} at {at}");
            let mut effective = if then.is_object() { then.clone() } else { json!({ "do": then }) };
            effective["effect"] = json!(true);
            assert_eq!(outcome(&effective, at), (again, u64::from(at == "BODY")), "{effective} at {at}");
        }
        // A half-closed server has given its reply to that command, and no other. After 354 the message
        // comes, and the reply to it is lost.
        let half = if ["BODY", "QUIT"].contains(&at) { (1, 0) } else { (2, u64::from(at == "DATA")) };
        assert_eq!(outcome(&json!("half_close"), at), half, "{at}");
        for slow in [json!({ "delay": "60s" }), json!({ "late": "60s" }), json!({ "drip": "1s" }), json!("pass")] {
            assert_eq!(outcome(&slow, at), (1, 0), "{slow} at {at}");
        }
    }
    let cut = json!({ "do": "reset", "after": "50B" });
    assert_eq!(outcome(&cut, "DATA"), (2, 0));
}

/// RFC 5321 4.5.3.2.6: a client waits 10 minutes for the reply to the final dot. A server that takes
/// longer has taken the message (RFC 1047).
#[test]
fn a_reply_that_comes_too_late_is_lost() {
    for (late, expected) in [("9min", (1, 0)), ("11min", (2, 1))] {
        let rules = json!([{ "name": "late", "when": { "at": "BODY", "first": 1 }, "then": { "late": late } }]);
        let record = run_value(&letter(&rules)).record;
        assert_eq!((record.tables.attempts.len(), metric(&record, "messages.duplicates")), expected, "{late}");
    }
    // Before its effect the same delay loses the reply too: the server does not look at its client.
    let rules = json!([{ "name": "tar", "when": { "at": "BODY", "first": 1 }, "then": { "delay": "11min" } }]);
    assert_eq!(metric(&run_value(&letter(&rules)).record, "messages.duplicates"), 1);
}

/// Permanent refusals end a message with a bounce, at once and once.
#[test]
fn permanent_refusals_bounce() {
    for at in ["MAIL", "RCPT", "DATA", "BODY"] {
        let rules = json!([{ "name": "no", "when": { "at": at, "sender": "alice@*" }, "then": "554 5.7.1 No" }]);
        let record = run_value(&letter(&rules)).record;
        assert_eq!(record.tables.attempts.len(), 1, "{at}");
        assert_eq!((metric(&record, "messages.bounced"), metric(&record, "bounces.delivered")), (1, 1), "{at}");
        assert_eq!(metric(&record, "conduct.no.count"), 1, "{at}");
    }
}

/// Would break if a short form did something else than the rule that its documentation describes.
#[test]
fn short_forms() {
    let with = |conduct: Value| {
        let mut value = letter(&json!([]));
        value["mail"]["hamburger.edu"]["conduct"] = conduct;
        run_value(&value).record
    };
    let record = with(json!({ "greylisting": {} }));
    assert_eq!((metric(&record, "conduct.greylisting.count"), record.tables.attempts.len()), (1, 2));
    let record = with(json!({ "greylisting": { "clients": ["crepes.fr"] } }));
    assert_eq!(record.tables.attempts.len(), 1);
    let record = with(json!({ "blocklist": { "clients": ["crepes.fr"] } }));
    assert_eq!(metric(&record, "messages.bounced"), 1);
    let record = with(json!({ "blocklist": { "clients": ["192.0.2.0/24"], "lookup": "100ms" } }));
    assert_eq!((metric(&record, "conduct.lookup.count"), record.tables.attempts.len()), (1, 1));
    let record = with(json!({ "refuse_helo": ["*.fr"] }));
    assert_eq!((metric(&record, "conduct.refuse_helo.count"), metric(&record, "messages.bounced")), (1, 1));
    let record = with(json!({ "max_size": "10B" }));
    assert_eq!((metric(&record, "conduct.max_size.count"), metric(&record, "messages.bounced")), (1, 1));
    // A second for each of CONNECT, EHLO, MAIL, RCPT, DATA, BODY and QUIT; the last comes after delivery.
    let (quick, slow) = (with(json!({})), with(json!({ "tarpit": {} })));
    let took = |record: &RunRecord| record.tables.messages[0].latency().unwrap();
    assert_eq!(took(&slow) - took(&quick), SimDuration::from_secs(6));
    assert_eq!(metric(&slow, "conduct.tarpit.count"), 7);
}

/// Five messages at a time to five people, so that each needs a connection or a transaction of its own.
#[test]
fn measured_rates_turn_clients_away() {
    let mut value = letter(&json!([]));
    value["mail"]["hamburger.edu"] = json!({
        "users": ["u{1..5}"],
        "conduct": { "limit": { "most": 2, "within": "10min", "of": "messages" } }
    });
    let to = |n| json!({ "at": format!("{n}s"), "from": "alice@crepes.fr", "to": format!("u{n}@hamburger.edu"), "body": ["x"] });
    value["workload"] = (1..=5).map(to).collect();
    let record = run_value(&value).record;
    assert_eq!(metric(&record, "messages.delivered"), 5);
    // Two pass, three are told 421 and come back after 30 minutes, of which one is told it again.
    assert_eq!(metric(&record, "conduct.limit.count"), 4);
}

/// The number of refusals of n messages that are each refused with probability p until they are not is
/// negative binomial: mean n p / (1 - p), variance n p / (1 - p)^2. And the draws are the messages'
/// own: another schedule makes the same attempts. Would break if draws came in the order of calls.
#[test]
fn probabilities_belong_to_messages() {
    let attempts = |every: &str, others: bool| {
        let rules =
            json!([{ "name": "flaky", "when": { "at": "RCPT", "probability": 0.3 }, "then": "451 4.3.0 Later" }]);
        let mut value = letter(&rules);
        value["mail"]["crepes.fr"]["retry"] = json!({ "every": every, "lifetime": "5d" });
        value["mail"]["hamburger.edu"]["users"] = json!(["u{1..400}"]);
        if others {
            value["mail"]["tapas.org"] = json!({ "users": ["carlos"] });
        }
        let write =
            |from: &str, n: u32| json!({ "at": format!("{n}s"), "from": from, "to": format!("u{n}@hamburger.edu") });
        let mut work: Vec<Value> = (1..=400).map(|n| write("alice@crepes.fr", n)).collect();
        work.extend((1..=if others { 100 } else { 0 }).map(|n| write("carlos@tapas.org", n)));
        value["workload"] = json!(work);
        let record = run_value(&value).record;
        let mine = record.tables.messages.iter().filter(|row| &*row.from == "alice@crepes.fr");
        mine.map(|row| (row.to.to_string(), row.attempts)).collect::<Vec<_>>()
    };
    let quick = attempts("5min", false);
    let refused: u32 = quick.iter().map(|(_, attempts)| attempts - 1).sum();
    // n = 400, p = 0.3: mean 171.4, standard deviation 15.6.
    assert!((125..=218).contains(&refused), "{refused}");
    assert_eq!(quick, attempts("30min", false));
    assert_eq!(quick, attempts("30min", true));
}

/// What the greylister sees of a sender: the times of its attempts after the first, from the
/// measurements of Pagani et al. (DSN 2016), in seconds.
const PROVIDERS: [(&str, &[u64]); 6] = [
    ("gmail.com", &[362, 1_742, 3_396, 5_924, 9_723, 13_784, 18_545, 26_086]),
    ("yahoo.co.uk", &[127, 339, 778, 1_636, 3_313, 6_575, 13_007, 25_836]),
    ("mail.com", &[302, 757, 1_439, 2_463, 3_998, 6_301, 9_755, 14_936, 22_708]),
    ("gmx.com", &[301, 753, 1_430, 2_446, 3_969, 6_254, 9_682, 14_824, 22_536]),
    ("india.com", &[381, 981, 2_181, 4_581, 8_782, 12_981, 17_181, 21_381, 25_581]),
    ("aol.com", &[332, 692, 1_292, 1_892]),
];

/// Each provider's schedule delivers at the first of its times that is not before the greylister's
/// threshold; who has none is returned. Would break if the list were counted from anything but the
/// first attempt, or the greylist from anything but the first RCPT.
#[test]
fn providers_pass_greylists_when_their_schedules_say_so() {
    for (provider, times) in PROVIDERS {
        for threshold in [60_u64, 300, 600, 3_600, 21_600] {
            let waits: Vec<String> =
                times.iter().zip([0].iter().chain(times)).map(|(at, before)| format!("{}s", at - before)).collect();
            let mut value = letter(&json!([]));
            value["mail"]["hamburger.edu"]["conduct"] = json!({ "greylisting": { "delay": format!("{threshold}s") } });
            value["mail"]["crepes.fr"]["retry"] = json!({ "intervals": waits, "repeat_last": false, "lifetime": "1d" });
            let record = run_value(&value).record;
            let first = record.tables.attempts[0].started;
            // In its first attempt a server looks names up that it knows in the later ones.
            let slack = SimDuration::from_secs(1);
            let expected = times.iter().find(|at| **at > threshold);
            let row = &record.tables.messages[0];
            match expected {
                Some(at) => {
                    let due = first.saturating_add(SimDuration::from_secs(*at));
                    let delivered = row.delivered.unwrap_or_else(|| panic!("{provider} {threshold}: {row:?}"));
                    assert!(delivered >= due && delivered.since(due) < slack, "{provider} {threshold}: {delivered}");
                    let last = record.tables.attempts.last().unwrap();
                    assert_eq!((last.started, last.outcome), (due, AttemptEnd::Completed), "{provider} {threshold}");
                }
                None => assert_eq!(row.status, CopyStatus::Bounced, "{provider} {threshold}"),
            }
            let refused = times.iter().filter(|at| **at <= threshold).count() as u64 + 1;
            assert_eq!(metric(&record, "conduct.greylisting.count"), refused, "{provider} {threshold}");
        }
    }
}

/// Behind STARTTLS commands cannot be seen, but what the session asks is judged, and answered sealed.
#[test]
fn sealed_sessions_are_judged_too() {
    let rules = json!([
        { "name": "slow", "when": { "at": "MAIL" }, "then": { "delay": "7s" } },
        { "name": "hm", "when": { "at": "BODY", "first": 1 }, "then": { "do": "451 4.3.0 Hm", "effect": true } }
    ]);
    let mut value = letter(&rules);
    value["mail"]["hamburger.edu"]["conduct"]["greylisting"] = json!({});
    value["mail"]["hamburger.edu"]["smtp"] = json!({ "offers": ["ENHANCEDSTATUSCODES", "STARTTLS"] });
    value["mail"]["crepes.fr"]["smtp"] = json!({ "tls": { "client": "required" } });
    let record = run_value(&value).record;
    let told: Vec<&str> = record.tables.attempts.iter().filter_map(|row| row.text.as_deref()).collect();
    assert_eq!(told, ["4.7.1 Greylisted, try again later", "4.3.0 Hm"]);
    assert_eq!((metric(&record, "messages.duplicates"), metric(&record, "conduct.lost_replies")), (1, 1));
    assert_eq!((metric(&record, "conduct.slow.count"), metric(&record, "conduct.greylisting.count")), (3, 1));
}

/// A greylist is on disk: a crash of its server forgets nothing. Measured rates are forgotten.
#[test]
fn greylists_outlast_a_crash() {
    let mut value = letter(&json!([]));
    value["mail"]["hamburger.edu"]["conduct"] = json!({
        "greylisting": {},
        "limit": { "most": 1, "within": "1d" }
    });
    value["faults"] = json!([{ "at": "10min", "for": "5min", "host": "hamburger.edu" }]);
    let record = run_value(&value).record;
    assert_eq!(metric(&record, "messages.delivered"), 1);
    assert_eq!((metric(&record, "conduct.greylisting.count"), record.tables.attempts.len()), (1, 2));
    assert!(!record.metrics().contains_key("conduct.limit.count"));
}

fn checked(value: &Value) -> Finished<Ledger> {
    let scenario = load_value(value);
    simulate(&scenario, Ledger::new()).unwrap_or_else(|fault| panic!("{fault}\n{value}"))
}

/// Random conduct in random scenarios: every copy ends in a mailbox or in a bounce, every copy that a
/// sender believes to have passed on was taken, and nobody gets a message twice unless a reply was lost.
#[test]
fn no_sender_loses_a_message_whatever_its_peers_do() {
    for case in 0..CASES {
        let value = random::scenario(case);
        let run = checked(&value);
        run.extra.check(&run.record).unwrap_or_else(|fault| panic!("case {case}: {fault}\n{value}"));
    }
}

/// The random scenarios are worth something: in them every action is used, and every way for a message
/// to end is taken.
#[test]
fn random_conduct_is_conduct() {
    let (mut actions, mut ends) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let mut duplicates = 0;
    for case in 0..60 {
        let record = checked(&random::scenario(case)).record;
        actions.extend(record.tables.conduct.iter().flatten().map(|row| row.action.to_string()));
        ends.extend(record.tables.messages.iter().map(|row| row.status.name()));
        duplicates += metric(&record, "messages.duplicates");
    }
    for action in ["slowed", "let_pass", "replied", "dropped", "cut", "silent", "garbled", "half_closed", "greylisted"]
    {
        assert!(actions.contains(action), "{action} is missing in {actions:?}");
    }
    assert!(ends.contains("delivered") && ends.contains("bounced") && duplicates > 0, "{ends:?}, {duplicates}");
}

/// The same run twice, and a run that goes on: rows do not change.
#[test]
fn conduct_is_the_same_each_time() {
    for case in [3, 14, 15] {
        let value = random::scenario(case);
        let (one, two) = (checked(&value).record, checked(&value).record);
        assert_eq!(one.fingerprint, two.fingerprint);
        assert_eq!(one.tables.conduct, two.tables.conduct);
    }
    assert!(SimTime::ZERO < SimTime::NEVER);
}

/// Would break if a message were taken that lacks a chunk (RFC 3030 section 2), whichever one the server refuses.
#[test]
fn a_message_in_chunks_is_whole_or_refused() {
    for skip in 0..3 {
        for then in [json!("451 4.3.0 no"), json!({ "garbage": "what?\r\n" })] {
            let when = json!({ "at": "BDAT", "first": 1, "skip": skip });
            let mut scenario = letter(&json!([{ "name": "odd", "when": when, "then": then }]));
            scenario["mail"]["crepes.fr"]["smtp"] = json!({ "chunking": true, "chunk": "500B", "pipelining": true });
            scenario["workload"][0]["body"] = json!(vec!["x".repeat(70); 18]);
            let run = run_value(&scenario);
            assert_eq!(metric(&run.record, "messages.delivered"), 1, "{skip} {then}");
            assert_eq!(metric(&run.record, "messages.duplicates"), 0, "{skip} {then}");
            assert_eq!(run.record.tables.attempts.len(), 2, "{skip} {then}");
        }
    }
}

/// RFC 2920 section 3.1: a client whose recipients were all refused ends DATA with a lone dot. Would break if the empty
/// message, stored by a server that had taken them all the same, had no beginning in the accounts.
#[test]
fn a_refusal_that_takes_effect_stores_an_empty_message() {
    for at in ["MAIL", "RCPT"] {
        let then = json!({ "do": "450 4.7.1 x", "effect": true });
        let mut scenario = letter(&json!([{ "name": "odd", "when": { "at": at, "first": 1 }, "then": then }]));
        scenario["mail"]["crepes.fr"]["smtp"] = json!({ "pipelining": true });
        let run = run_value(&scenario);
        let mut stored: Vec<_> = run.record.tables.messages.iter().map(|row| (row.bytes, row.status)).collect();
        stored.sort_by_key(|(bytes, _)| *bytes);
        assert_eq!(stored.len(), 2, "{at}: {stored:?}");
        assert!(stored[0].0 == 0 && stored[1].0 > 0, "{at}: {stored:?}");
        assert!(stored.iter().all(|(_, status)| *status == CopyStatus::Delivered), "{at}: {stored:?}");
    }
}
