//! Mail: round trips of a dialogue, the schedule of retries, and the scale of time.

use posthaste::base::trace::NetTrace;
use posthaste::base::{Side, SimDuration, SimTime};
use serde_json::{Value, json};

use super::row::{Row, list, seconds, since_first};
use super::scene::{PC, SERVER, follow, host, ms, one_message, star};
use crate::common::run_value;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = dialogue();
    rows.extend(retries());
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
