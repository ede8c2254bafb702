//! Links: serialization, propagation, queues and loss.

use posthaste::base::trace::{PacketInfo, Silent};
use posthaste::base::{SimDuration, SimTime};
use posthaste::cli::simulate::Finished;
use serde_json::json;

use super::row::{Row, list, seconds};
use super::scene::{PC, RESOLVER, SERVER, Trail, chain, follow, host, ms, network, one_message};
use crate::common::load_value;
use posthaste::cli::simulate::simulate;

/// 12,000 bits at 10 Mb/s.
const SERVICE: SimDuration = SimDuration::from_micros(1_200);
const FULL: u32 = 1_500;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = one_packet();
    rows.extend([a_train_of_segments(), a_train_of_datagrams(), goodput(), longest_wait()]);
    rows
}

fn times(count: u64, duration: SimDuration) -> SimDuration {
    duration.saturating_mul(count)
}

fn is_full(packet: &PacketInfo) -> bool {
    packet.bytes == FULL && packet.tcp.is_some()
}

/// When full segments left the PC, and when they reached the server.
fn full_segments(finished: &Finished<Trail>) -> (Vec<SimTime>, Vec<SimTime>) {
    let trail = &finished.extra;
    let sent = trail.sent(host(finished, PC)).filter(|(_, _, packet)| is_full(packet)).map(|(at, _, _)| at);
    let came = trail.arrived(host(finished, SERVER)).filter(|(_, packet)| is_full(packet)).map(|(at, _)| at);
    (sent.collect(), came.collect())
}

/// With an initial window of one segment, the second segment of a message is sent when the
/// acknowledgement of the first comes: nothing else is on the links then.
fn one_packet() -> Vec<Row> {
    let measure = |links: usize| {
        let mut scenario = one_message(chain(PC, SERVER, links, PC), 10_000);
        scenario["network"]["tcp"] = json!({ "initial_window": 1 });
        let (sent, came) = full_segments(&follow(&scenario));
        came[1].since(sent[1])
    };
    let got: Vec<SimDuration> = (1..=5).map(measure).collect();
    let expected: Vec<SimDuration> = (1..=5).map(|n| times(n, SERVICE + ms(10))).collect();
    let what = |links: &str| format!("one packet of 1500 B, {links}, 10 Mb/s, 10 ms");
    vec![
        Row::exact("V01", what("one link"), seconds(expected[0]), seconds(got[0]), "L/R + d"),
        Row::exact("V02", what("3 store-and-forward links"), seconds(expected[2]), seconds(got[2]), "N(L/R + d)"),
        Row::exact("V02b", what("1 to 5 links"), list(expected), list(got), "N(L/R + d)"),
    ]
}

/// Ten full segments leave at once; the acknowledgement of the reply to DATA rides with them.
fn a_train_of_segments() -> Row {
    let measure = |links: usize| {
        let (sent, came) = full_segments(&follow(&one_message(chain(PC, SERVER, links, PC), 50_000)));
        assert!(sent[9] == sent[0] && sent[10] > sent[0], "ten segments leave together");
        came[9].since(sent[0])
    };
    let expected = (1..=5).map(|n| times(n + 9, SERVICE) + times(n, ms(10)));
    let what = "10 packets of 1500 B back to back over TCP, 1 to 5 links: the last arrival";
    Row::exact("V03b", what, list(expected), list((1..=5).map(measure)), "(N+P-1)L/R + Nd")
}

/// Ten questions of one length leave the PC at one instant.
fn a_train_of_datagrams() -> Row {
    let name = "a".repeat(60);
    let measure = |links: usize| {
        let mut scenario = one_message(chain(PC, RESOLVER, links, RESOLVER), 0);
        scenario["workload"] = (0..10)
            .map(|n| json!({ "at": "1s", "on": PC, "lookup": format!("{n}.{name}.{name}.{name}.crepes.fr") }))
            .collect();
        let finished = follow(&scenario);
        let sent: Vec<_> =
            finished.extra.sent(host(&finished, PC)).filter(|(_, _, packet)| packet.tcp.is_none()).collect();
        let question = |packet: &PacketInfo| packet.tcp.is_none() && packet.dst.port == 53;
        let from_pc = finished.world.directory().hosts()[host(&finished, PC).index()].addresses;
        let came = finished.extra.arrived(host(&finished, RESOLVER));
        let came: Vec<SimTime> = came
            .filter(|(_, packet)| question(packet) && from_pc.contains(packet.src.addr))
            .map(|(at, _)| at)
            .collect();
        let bits = u64::from(sent[0].2.bytes) * 8;
        assert!(
            sent.len() == 10 && sent.iter().all(|(at, _, packet)| *at == sent[0].0 && packet.bytes == sent[0].2.bytes)
        );
        (bits, came[9].since(sent[0].0))
    };
    let got: Vec<(u64, SimDuration)> = (1..=5).map(measure).collect();
    // 10 Mb/s: 100 ns for a bit.
    let expected = (1..=5).map(|n| SimDuration::from_nanos((n + 9) * got[0].0 * 100) + times(n, ms(10)));
    let what = format!("10 datagrams of {} B back to back, 1 to 5 links: the last arrival", got[0].0 / 8);
    Row::exact("V03", what, list(expected), list(got.iter().map(|(_, time)| *time)), "(N+P-1)L/R + Nd")
}

/// A message long enough that all but its beginning runs at the rate of the link.
fn goodput() -> Row {
    let finished = follow(&one_message(chain(PC, SERVER, 1, PC), 6_000_000));
    let data = |packet: &PacketInfo| packet.tcp.map_or(0, |tcp| tcp.len);
    let came: Vec<(SimTime, u32)> = finished
        .extra
        .arrived(host(&finished, SERVER))
        .map(|(at, packet)| (at, data(packet)))
        .filter(|(_, octets)| *octets > 0)
        .collect();
    let steady = &came[500..4_000];
    let octets: u64 = steady[1..].iter().map(|(_, octets)| u64::from(*octets)).sum();
    let time = steady[steady.len() - 1].0.since(steady[0].0);
    let got = octets as f64 * 8.0 / (time.as_nanos() as f64 / 1e3);
    let what = "goodput in Mb/s of a saturated link of 10 Mb/s, 1460 of 1500 B payload";
    Row::within("V04", what, (10.0 * 1460.0 / 1500.0, got), 0.001, "R * 1460/1500")
}

/// Two senders overrun a buffer of 64 packets.
fn longest_wait() -> Row {
    let mut net = network(
        &["core", "exchange"],
        &[
            ("alice-pc.crepes.fr", "exchange", ms(0)),
            ("anna-pc.crepes.fr", "exchange", ms(0)),
            ("exchange", "core", ms(1)),
        ],
        Some("10Mbps"),
    );
    net["links"][2]["queue"] = json!("64 packets");
    net["tcp"] = json!({ "initial_window": 44 });
    let mut scenario = one_message(net, 300_000);
    let mut second = scenario["workload"][0].clone();
    second["from"] = json!("anna@crepes.fr");
    scenario["workload"].as_array_mut().unwrap().push(second);
    let finished = simulate(&load_value(&scenario), Silent).unwrap();
    let stats = finished.world.network().link_stats();
    let dropped: u64 = stats.iter().map(|link| link.dropped_queue_full.packets).sum();
    let longest = stats.iter().map(|link| link.max_wait_ns).max().unwrap();
    assert!(dropped > 10, "the buffer was never full");
    let what = format!("longest wait in a buffer of 64 packets that turned {dropped} away, 1500 B, 10 Mb/s");
    let bounds = (times(63, SERVICE), times(64, SERVICE));
    Row::between("V06", what, bounds, SimDuration::from_nanos(longest), "B/C")
}
