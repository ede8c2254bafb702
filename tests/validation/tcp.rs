//! TCP: the handshake, slow start, time-outs.

use posthaste::base::trace::{ConnStep, DropReason, NetTrace, RetransmitReason};
use posthaste::base::{SimDuration, SimTime};
use posthaste::cli::simulate::Finished;
use serde_json::{Value, json};

use super::row::{Row, list, seconds, since_first};
use super::scene::{PC, SERVER, Trail, follow, host, ms, one_message, star};

/// 100 ms from Alice's computer to her server and back.
const RTT: SimDuration = ms(100);

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![slow_start_ten(), slow_start_one(), delayed_slow_start(), window_limited(), first_timeout()];
    rows.extend(silent_host());
    rows.extend(greeting());
    rows
}

fn far_server() -> Value {
    star(&[(PC, 1), (SERVER, 49)])
}

fn greeting() -> Vec<Row> {
    let finished = follow(&one_message(far_server(), 100));
    let (opened, conn) = finished.extra.first_opened(host(&finished, PC));
    let connection = &finished.record.tables.connections[0];
    let spoke = finished.extra.client_spoke(conn);
    vec![
        Row::exact(
            "V14",
            "TCP connect at the client, RTT 100 ms",
            seconds(RTT),
            seconds(connection.setup().unwrap()),
            "1 RTT",
        ),
        Row::exact(
            "V14b",
            "handshake, then the first octets from the server (its greeting)",
            seconds(ms(200)),
            seconds(spoke[0].0.since(opened)),
            "2 RTT",
        ),
    ]
}

/// From the first octet of a message to the reply that follows its last one, and the count of
/// segments that carried it.
fn transfer(finished: &Finished<Trail>) -> (SimDuration, usize) {
    let pc = host(finished, PC);
    let (_, conn) = finished.extra.first_opened(pc);
    let spoke = finished.extra.client_spoke(conn);
    let message = spoke.iter().position(|(_, octets)| *octets > 1_000).expect("the message");
    let (begun, ended) = (spoke[message].0, spoke[message + 1].0);
    let segments = finished.extra.sent(pc).filter(|(at, _, packet)| {
        (begun..ended).contains(at) && packet.tcp.is_some_and(|tcp| tcp.conn == Some(conn) && tcp.len > 0)
    });
    (ended.since(begun), segments.count())
}

fn slow_start(id: &'static str, (segments, window, mss): (u64, u64, u64), rounds: u64) -> Row {
    // Half a segment less than the last is full, and room for the header.
    let mut scenario = one_message(far_server(), (segments - 1) * mss);
    scenario["network"]["tcp"] = json!({ "initial_window": window, "mss": mss, "delayed_ack": "0s" });
    let (time, sent) = transfer(&follow(&scenario));
    assert_eq!(sent as u64, segments, "the message fills that many segments");
    let what = format!("slow start, {segments} segments, IW {window}, ACK each: first segment to last ACK");
    Row::exact(id, what, seconds(RTT.saturating_mul(rounds)), seconds(time), "RTT ceil(log2(N/IW + 1))")
}

fn slow_start_ten() -> Row {
    slow_start("V15", (70, 10, 1_460), 3)
}

/// The last flight has 64 segments, more than 64 kB of 1460 octets each: the segments are
/// smaller here, so that the receiver's window does not count.
fn slow_start_one() -> Row {
    slow_start("V16", (127, 1, 1_000), 7)
}

/// Cardwell, Savage and Anderson 2000: the window grows by half a round trip (gamma 1.5, w1 10).
fn delayed_slow_start() -> Row {
    let segments: u32 = 100;
    let mut scenario = one_message(far_server(), u64::from(segments - 1) * 1_000);
    scenario["network"]["tcp"] = json!({ "mss": 1_000, "receive_window": "1MB" });
    let (time, sent) = transfer(&follow(&scenario));
    assert_eq!(sent, segments as usize);
    let expected = 0.1 * (f64::from(segments) * 0.5 / 10.0 + 1.0).ln() / 1.5_f64.ln();
    let what = "slow start with delayed ACK, 100 segments, IW 10: first segment to last ACK, in s";
    Row::near("V17", what, (expected, time.as_secs_f64()), 0.1, "Cardwell 2000: RTT log_g(d(g-1)/w1+1)")
}

fn window_limited() -> Row {
    let mut scenario = one_message(far_server(), 5_000_000);
    // The odd end of the window is acknowledged at once; delayed, it costs two parts in a hundred.
    scenario["network"]["tcp"] = json!({ "delayed_ack": "0s" });
    let finished = follow(&scenario);
    let came = finished.extra.arrived(host(&finished, SERVER));
    let data: Vec<(SimTime, u32)> =
        came.filter_map(|(at, packet)| packet.tcp.map(|tcp| (at, tcp.len))).filter(|(_, len)| *len > 0).collect();
    let from = data[data.len() / 4].0;
    let to = from + RTT.saturating_mul(40);
    let octets: u64 = data.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, len)| u64::from(*len)).sum();
    let got = octets as f64 * 8.0 / 4e6;
    let what = "throughput in Mb/s limited by a window of 65535 B, RTT 100 ms";
    Row::within("V18", what, (65_535.0 * 8.0 / 1e5, got), 0.01, "W/RTT")
}

/// A server that is down from the beginning.
fn silent_host() -> Vec<Row> {
    let mut scenario = one_message(far_server(), 100);
    scenario["faults"] = json!([{ "at": "0s", "for": "1h", "host": SERVER }]);
    scenario["run"]["until"] = json!("2min");
    let finished = follow(&scenario);
    let pc = host(&finished, PC);
    let (opened, conn) = finished.extra.first_opened(pc);
    let syns = finished
        .extra
        .sent(pc)
        .filter(|(_, _, packet)| packet.tcp.is_some_and(|tcp| tcp.syn && tcp.conn == Some(conn)));
    let syns: Vec<SimTime> = syns.map(|(at, _, _)| at).collect();
    let closed = finished.extra.steps.iter().find(|step| step.1 == conn && matches!(step.3, ConnStep::Closed { .. }));
    let secs = SimDuration::from_secs;
    vec![
        Row::exact(
            "V19",
            "SYN to a silent host: when it is sent",
            list([0, 1, 3, 7, 15, 31].map(secs)),
            list(since_first(&syns)),
            "RFC 6298, RTO 1 s doubling",
        ),
        Row::exact(
            "V19b",
            "the same: given up",
            seconds(secs(63)),
            seconds(closed.unwrap().0.since(opened)),
            "1+2+4+8+16+32 s",
        ),
    ]
}

/// The server dies after its greeting, when TCP has measured one round trip, that of its SYN.
fn first_timeout() -> Row {
    let mut scenario = one_message(star(&[(PC, 1), (SERVER, 299)]), 100);
    scenario["faults"] = json!([{ "at": "1.35s", "for": "1h", "host": SERVER }]);
    let finished = follow(&scenario);
    let (_, conn) = finished.extra.first_opened(host(&finished, PC));
    let hello = finished.extra.client_spoke(conn)[0].0;
    assert!(finished.extra.net.iter().any(|(_, _, event)| {
        matches!(event, NetTrace::Dropped { packet, reason: DropReason::HostDown, .. } if packet.tcp.is_some_and(|tcp| tcp.len > 0))
    }));
    let again =
        finished.extra.steps.iter().find(
            |step| matches!(step.3, ConnStep::Retransmitted { why: RetransmitReason::Timeout, len, .. } if len > 0),
        );
    let what = "retransmission after the first sample of a round trip, R = 600 ms";
    Row::exact("V20", what, seconds(ms(1_800)), seconds(again.unwrap().0.since(hello)), "SRTT + 4 RTTVAR = 3R")
}
