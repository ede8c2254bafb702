//! Mail: round trips of a dialogue, the schedule of retries, and the scale of time.

use posthaste::base::trace::NetTrace;
use posthaste::base::{Side, SimDuration, SimTime};
use posthaste::metrics::AttemptRow;
use serde_json::{Value, json};

use super::row::{Row, list, seconds, since_first};
use super::scene::{PC, SERVER, follow, host, ms, one_message, star};
use crate::common::run_value;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = dialogue();
    rows.extend(retries());
    rows.extend(policies());
    rows.extend(PRESETS.map(as_the_server_counts));
    rows.extend([2, 5, 10].map(scaled));
    rows
}

/// Computer to server, and server to server, 100 ms each.
fn dialogue() -> Vec<Row> {
    let mut scenario = one_message(star(&[(PC, 1), (SERVER, 49), ("hamburger.edu", 1)]), 100);
    scenario["mail"]["hamburger.edu"] = json!({ "users": ["bob"] });
    scenario["workload"][0]["to"] = json!("bob@hamburger.edu");
    let finished = follow(&scenario);
    let took = |client: &str| {
        let (opened, conn) = finished.extra.first_opened(host(&finished, client));
        let spoke = finished.extra.client_spoke(conn);
        // EHLO, MAIL, RCPT, DATA, the message with its dot; QUIT when its 250 has come.
        assert_eq!(spoke.len(), 6, "{spoke:?}");
        spoke[5].0.since(opened)
    };
    let what = |way: &str| format!("SMTP {way}: SYN to final 250, no PIPELINING, one recipient, RTT 100 ms");
    vec![
        Row::exact("V32", what("relay"), seconds(ms(700)), seconds(took(SERVER)), "7 RTT"),
        Row::exact("V32b", what("submission"), seconds(ms(700)), seconds(took(PC)), "7 RTT"),
        grouped(),
    ]
}

/// The same where MAIL, RCPT and DATA go as one group (RFC 2920).
fn grouped() -> Row {
    let mut scenario = one_message(star(&[(PC, 1), (SERVER, 49), ("hamburger.edu", 1)]), 100);
    scenario["mail"]["hamburger.edu"] = json!({ "users": ["bob"] });
    scenario["workload"][0]["to"] = json!("bob@hamburger.edu");
    scenario["mail"][SERVER]["smtp"] = json!({ "pipelining": true });
    let finished = follow(&scenario);
    let (opened, conn) = finished.extra.first_opened(host(&finished, SERVER));
    let spoke = finished.extra.client_spoke(conn);
    // EHLO, the group, the message with its dot; QUIT.
    assert_eq!(spoke.len(), 4, "{spoke:?}");
    let what = "SMTP relay: SYN to final 250, PIPELINING, one recipient, RTT 100 ms";
    Row::exact("V33", what, seconds(ms(500)), seconds(spoke[3].0.since(opened)), "5 RTT")
}

/// The lecture's policy against a destination that never comes back.
fn retries() -> Vec<Row> {
    let mut scenario = one_message(star(&[]), 100);
    scenario["mail"]["hamburger.edu"] = json!({ "users": ["bob"] });
    scenario["workload"][0]["to"] = json!("bob@hamburger.edu");
    scenario["faults"] = json!([{ "at": "0s", "for": "10d", "host": "hamburger.edu" }]);
    scenario["run"]["until"] = json!("6d");
    let attempts = run_value(&scenario).record.tables.attempts;
    let starts: Vec<SimTime> = attempts.iter().map(|attempt| attempt.started).collect();
    let times = since_first(&starts);
    let half_hours = |count: u64| (0..count).map(|n| SimDuration::from_secs(1_800 * n));
    assert!(times.iter().copied().eq(half_hours(241)), "every attempt stands on its half hour");
    vec![
        Row::exact(
            "L01",
            "queue attempts, every 30 min: the first six",
            list(half_hours(6)),
            list(times[..6].iter().copied()),
            "the lecture's rule",
        ),
        Row::exact("L02", "the same, 5 days: retries", 240, times.len() - 1, "5 d / 30 min"),
    ]
}

/// A message to a server that is down from the start: the attempts.
fn attempts(retry: &Value, down_for: &str) -> Vec<AttemptRow> {
    let mut scenario = one_message(star(&[]), 100);
    scenario["mail"]["hamburger.edu"] = json!({ "users": ["bob"] });
    scenario["mail"][SERVER]["retry"] = retry.clone();
    scenario["workload"][0]["to"] = json!("bob@hamburger.edu");
    scenario["faults"] = json!([{ "at": "0s", "for": down_for, "host": "hamburger.edu" }]);
    scenario["run"]["until"] = json!("9d");
    let mut attempts = run_value(&scenario).record.tables.attempts;
    // A report to Alice is delivered at her own server, without an attempt.
    attempts.sort_by_key(|attempt| attempt.started);
    attempts
}

fn times(attempts: &[AttemptRow]) -> Vec<SimDuration> {
    since_first(&attempts.iter().map(|attempt| attempt.started).collect::<Vec<SimTime>>())
}

/// The schedules of two servers as their documentation has them: from the start of the first attempt.
fn policies() -> Vec<Row> {
    let retry = |preset| json!({ "preset": preset, "age_from": "first_attempt", "wait_from": "start" });
    let secs = SimDuration::from_secs;
    let postfix = times(&attempts(&retry("postfix"), "10d"));
    let (mut t, mut own) = (0_u64, vec![secs(0)]);
    while t + t.clamp(300, 4_000) <= 5 * 86_400 {
        t += t.clamp(300, 4_000);
        own.push(secs(t));
    }
    assert_eq!(postfix, own, "every attempt of five days");
    let after_two_hours = *times(&attempts(&retry("postfix"), "2h")).last().unwrap();
    let exim = times(&attempts(&retry("exim"), "10d"));
    let half_seconds = |halves: u64| SimDuration::from_millis(500 * halves);
    let (mut t, mut gap, mut own) = (0_u64, 7_200, vec![secs(0)]);
    while t < 2 * 4 * 86_400 {
        (t, gap) = match t {
            0..14_400 => (t + 1_800, gap),
            14_400..115_200 => (t + gap, gap * 3 / 2),
            _ => (t + 43_200, gap),
        };
        own.push(half_seconds(t));
    }
    own.pop();
    assert_eq!(exim, own, "every attempt of four days");
    vec![
        Row::exact(
            "V34",
            "queue attempts, Postfix's rule 300..4000 s, 5 days: the first eight",
            list([0, 300, 600, 1_200, 2_400, 4_800, 8_800, 12_800].map(secs)),
            list(postfix[..8].iter().copied()),
            "wait = age within 300..4000 s",
        ),
        Row::exact("V34b", "the same: retries", 111, postfix.len() - 1, "the same"),
        Row::exact(
            "V35",
            "destination down for 2 h, Postfix's rule: the attempt that delivers",
            seconds(secs(8_800)),
            seconds(after_two_hours),
            "the first at or after 7200 s",
        ),
        Row::exact(
            "V36",
            "queue attempts, Exim's rule F,2h,15m; G,16h,1h,1.5; F,4d,6h: the first thirteen",
            list([0, 900, 1_800, 2_700, 3_600, 4_500, 5_400, 6_300, 7_200, 10_800, 16_200, 24_300, 36_450].map(secs)),
            list(exim[..13].iter().copied()),
            "its documentation",
        ),
    ]
}

const PRESETS: [(&str, &str); 9] = [
    ("M01", "lecture"),
    ("M02", "rfc5321"),
    ("M03", "postfix"),
    ("M04", "exim"),
    ("M05", "sendmail"),
    ("M06", "opensmtpd"),
    ("M07", "qmail"),
    ("M08", "exchange"),
    ("M09", "stalwart"),
];

/// Each attempt that follows from those before it, SYN time-outs and all, by a formula that knows
/// nothing of the program: in nanoseconds from the acceptance, which is when the first attempt begins.
fn as_the_server_counts((id, preset): (&'static str, &'static str)) -> Row {
    const S: u64 = 1_000_000_000;
    let attempts = attempts(&json!({ "preset": preset }), "10d");
    let accepted = attempts[0].started;
    let spans: Vec<(u64, u64)> = attempts
        .iter()
        .map(|a| (a.started.since(accepted).as_nanos(), a.ended.expect("it ended").since(accepted).as_nanos()))
        .collect();
    let starts_at = accepted.as_nanos();
    let hits = (1..spans.len())
        .filter(|&n| {
            let (started, failed) = spans[n - 1];
            let number = n as u64;
            let minutes = |list: &[u64]| failed + 60 * S * list.get(n - 1).or(list.last()).unwrap();
            let expected = match preset {
                "lecture" => started + 1_800 * S,
                "rfc5321" => started + if n < 3 { 1_800 * S } else { 7_200 * S },
                "postfix" => failed + failed.clamp(300 * S, 4_000 * S),
                "sendmail" => ((starts_at + failed) / (1_800 * S) + 1) * 1_800 * S - starts_at,
                "opensmtpd" => 400 * S * number * number,
                "qmail" => {
                    let root = (started / S).isqrt() + 20;
                    root * root * S
                }
                "exchange" => minutes(&[1, 1, 1, 1, 5, 5, 5, 5, 5, 5, 10]),
                "stalwart" => minutes(&[2, 5, 10, 15, 30, 60, 120, 1_440, 4_320]),
                "exim" => {
                    let wait = |at: usize| spans[at].0 - spans[at - 1].1;
                    let age = failed - spans[0].1;
                    failed
                        + match age / S {
                            0..7_200 => 900 * S,
                            7_200..57_600 if n == 1 || wait(n - 1) < 3_600 * S => 3_600 * S,
                            7_200..57_600 => wait(n - 1) * 3 / 2,
                            _ => 21_600 * S,
                        }
                }
                other => panic!("no formula for {other}"),
            };
            spans[n].0 == expected
        })
        .count();
    let what = format!("attempts as {preset} counts them, each taking 63 s: on their formula");
    Row::exact(id, what, spans.len() - 1, hits, "documentation and sources")
}

/// Two servers, three messages, POP3 and DNS; no protocol timer runs out. A byte takes a whole
/// number of nanoseconds on every link, so that no time is rounded.
fn scenario(k: u64) -> Value {
    let rate = |bits: u64| format!("{}bps", bits / k);
    let delay = |us: u64| format!("{}us", us * k);
    let at = |ms: u64| format!("{}ms", ms * k);
    json!({
        "network": { "access": { "rate": rate(40_000_000), "delay": delay(300) },
                     "backbone": { "rate": rate(8_000_000), "delay": delay(2_100) } },
        "mail": { "crepes.fr": { "users": ["alice", "anna"] }, "hamburger.edu": { "users": ["bob"] } },
        "workload": [
            { "at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body_bytes": "40kB" },
            { "at": at(3), "from": "anna@crepes.fr", "to": "bob@hamburger.edu", "body_bytes": "7kB" },
            { "at": at(11), "from": "bob@hamburger.edu", "to": ["alice@crepes.fr", "anna@crepes.fr"], "body_bytes": "900B" },
            { "at": at(1_500), "user": "bob@hamburger.edu", "read": "pop3" }
        ],
        "run": { "seed": 1, "until": at(5_000) }
    })
}

/// Every packet and every word of the run: when, where and how long. Connections are not
/// followed to the end of TIME-WAIT, which is a fixed time.
fn events(k: u64) -> Vec<(u64, u32, u64)> {
    let finished = follow(&scenario(k));
    assert!(finished.record.tables.messages.iter().all(|row| row.delivered.is_some()));
    assert!(finished.record.tables.connections.iter().all(|row| row.retransmissions == 0));
    let packets = finished.extra.net.iter().map(|(at, host, event)| match event {
        NetTrace::Sent { packet, .. } => (at.as_nanos(), host.0, u64::from(packet.bytes)),
        NetTrace::Arrived { packet, .. } => (at.as_nanos(), host.0, 1 << 32 | u64::from(packet.bytes)),
        NetTrace::Dropped { .. } => panic!("nothing is lost here"),
    });
    let words = finished.extra.spoken.iter().map(|(at, conn, side, octets)| {
        let side = u64::from(*side == Side::Client);
        (at.as_nanos(), conn.host.0, 2 << 32 | side << 31 | *octets as u64)
    });
    packets.chain(words).collect()
}

fn scaled(k: u64) -> Row {
    let (once, slower) = (events(1), events(k));
    let same = once.iter().zip(&slower).filter(|(a, b)| (a.0 * k, a.1, a.2) == **b).count();
    let (id, what) = match k {
        2 => ("X01", "2"),
        5 => ("X02", "5"),
        10 => ("X03", "10"),
        _ => unreachable!("no row for that factor"),
    };
    let what = format!("delays, gaps and 1/rates times {what}: events at exactly {what} times their time");
    assert_eq!(once.len(), slower.len());
    Row::exact(id, what, once.len(), same, "time has no scale")
}
