//! Active queue management against what its authors say of it.

use posthaste::base::trace::{DropReason, NetTrace, Observer, Trace, TraceEvent};
use posthaste::base::{Dist, SimDuration, SimTime};
use posthaste::net::{CodelConfig, Discipline, LinkDirConfig, RedConfig, TcpConfig};

use super::lab::{Lab, SEEDS, at, buffered, dumbbell, line, mean_wait, over_seeds, pair, poisson, share};
use super::row::Row;

const ONE_WAY: SimDuration = SimDuration::from_millis(50);
/// Thresholds so far apart that the noise of a Poisson stream changes p_b but little.
const RED: RedConfig = RedConfig { min_th: 100.0, max_th: 1_000.0, max_p: 0.5, weight: 0.002 };

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = red_under_overload();
    rows.push(red_with_flows());
    rows.extend(codel_law());
    rows.extend([codel_with_flows(), codel_below_target()]);
    rows
}

/// Packets offered and dropped early, by the trace.
#[derive(Default)]
struct Drops {
    /// Packets that came so far, the one that is being judged included.
    offered: u64,
    /// Which of them were dropped.
    early: Vec<u64>,
    /// When `CoDel` dropped.
    sojourn: Vec<SimTime>,
}

impl Observer for Drops {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        match event.what {
            Trace::Net(NetTrace::Sent { .. }) => self.offered += 1,
            Trace::Net(NetTrace::Dropped { reason: DropReason::Early, .. }) => self.early.push(self.offered),
            Trace::Net(NetTrace::Dropped { reason: DropReason::Sojourn, .. }) => self.sojourn.push(event.at),
            Trace::Net(_)
            | Trace::Conn { .. }
            | Trace::Dialogue { .. }
            | Trace::Dns(_)
            | Trace::Mail(_)
            | Trace::Host(_)
            | Trace::Web(_)
            | Trace::Fault(_) => {}
        }
    }
}

fn one_way(there: LinkDirConfig, seed: u64) -> Lab<Drops> {
    Lab::observed(pair(there, LinkDirConfig::default(), TcpConfig::default()), seed, Drops::default())
}

/// 12 Mb/s into 10 Mb/s: a sixth must go. With gaps between drops that are uniform on 1..1/p_b
/// (mean 6, so 1/p_b = 11), the average queue settles where p_b = 1/11.
fn red_under_overload() -> Vec<Row> {
    struct Found {
        lost: f64,
        queue: f64,
        mean: f64,
        deviation: f64,
    }
    let found: Vec<Found> = SEEDS
        .map(|seed| {
            let config = LinkDirConfig { discipline: Discipline::Red(RED), ..buffered(10_000_000, ONE_WAY, 5_000) };
            let mut lab = one_way(config, seed);
            lab.flow(seed, 200_000, poisson(1_000), |_| 1_500);
            let stats = lab.stats();
            assert_eq!(stats.dropped_queue_full.packets, 0, "RED acts before the buffer is full");
            // The first 20,000 bring the average up.
            let drops: Vec<u64> = lab.kernel.observer().early.iter().copied().filter(|n| *n > 20_000).collect();
            let gaps: Vec<f64> = drops.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
            let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let square = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
            Found {
                lost: share(drops.len() as u64, 180_000),
                queue: stats.queue_integral_packet_ns as f64 / 200e9,
                mean,
                deviation: square.sqrt(),
            }
        })
        .collect();
    let mean = |pick: fn(&Found) -> f64| found.iter().map(pick).sum::<f64>() / found.len() as f64;
    let what = "RED (100, 1000, 0.5), Poisson 12 Mb/s into 10 Mb/s, mean of 3 seeds:";
    vec![
        Row::within("R01", format!("{what} share dropped early"), (1.0 / 6.0, mean(|f| f.lost)), 0.02, "1 - C/A"),
        Row::within(
            "R02",
            format!("{what} mean queue in packets"),
            (100.0 + 900.0 / 0.5 / 11.0, mean(|f| f.queue)),
            0.05,
            "Floyd-Jacobson 1993: p_b = max_p(avg-min)/(max-min)",
        ),
        Row::within(
            "R03",
            format!("{what} packets from drop to drop"),
            (6.0, mean(|f| f.mean)),
            0.02,
            "1/(2 p_b) + 1/2",
        ),
        Row::within(
            "R04",
            format!("{what} their standard deviation (5.48 without the count)"),
            ((120.0_f64 / 12.0).sqrt(), mean(|f| f.deviation)),
            0.05,
            "Floyd-Jacobson 1993, 7: uniform on 1..1/p_b",
        ),
    ]
}

fn window() -> TcpConfig {
    TcpConfig { receive_window: 10_000_000, sack: true, ..TcpConfig::default() }
}

/// So many bulk flows, begun one after the other.
fn bulk(count: u32, discipline: Discipline, seed: u64) -> Lab<Drops> {
    let there = LinkDirConfig { discipline, ..buffered(10_000_000, ONE_WAY, 1_000) };
    let topology = dumbbell(count, [there, line(Some(10_000_000), ONE_WAY)], window());
    let mut lab = Lab::observed(topology, seed, Drops::default());
    for n in 0..count {
        lab.pour(2 + n, 2 + count + n);
        lab.run_until(SimTime::from_nanos(u64::from(n + 1) * 200_000_000));
    }
    lab
}

fn red_with_flows() -> Row {
    let queue = over_seeds(|seed| {
        let red = RedConfig { min_th: 10.0, max_th: 50.0, ..RedConfig::default() };
        let mut lab = bulk(20, Discipline::Red(red), seed);
        lab.run_until(at(20));
        let before = lab.stats();
        lab.run_until(at(120));
        let after = lab.stats();
        assert_eq!(after.dropped_queue_full.packets, before.dropped_queue_full.packets);
        (after.queue_integral_packet_ns - before.queue_integral_packet_ns) as f64 / 100e9
    });
    let what = "RED (10, 50, 0.1), 20 Reno flows, 10 Mb/s, RTT 100 ms, mean of 3 seeds: mean queue in packets";
    Row::inside("R05", what, (30.0, queue), (10.0, 50.0), "Floyd-Jacobson 1993: between min_th and max_th")
}

/// 1.2 Gb/s into 1 Gb/s: a packet leaves every 12 us, so drops come at most that much late.
fn codel_law() -> Vec<Row> {
    let config = LinkDirConfig {
        discipline: Discipline::Codel(CodelConfig::default()),
        ..line(Some(1_000_000_000), SimDuration::ZERO)
    };
    let mut lab = one_way(config, 1);
    lab.flow(1, 200_000, Dist::Constant(SimDuration::from_micros(10)), |_| 1_500);
    let drops = &lab.kernel.observer().sojourn;
    // Arrivals gain 2 us a packet on departures: packet n waits 2(n - 1) us, and 5 ms is passed by
    // the one that leaves at 30 ms. An interval later the first goes.
    let first = drops[0].since(SimTime::ZERO).as_secs_f64();
    let row = |id, count: u32| {
        let law: f64 = (1..count).map(|n| 0.1 / f64::from(n).sqrt()).sum();
        let got = drops[count as usize - 1].since(drops[0]).as_secs_f64();
        let what = format!("CoDel, 1.2 Gb/s into 1 Gb/s: drop {count} comes after the first by, in s");
        Row::inside(id, what, (law, got), (law - 13e-6, law + 13e-6), "RFC 8289 5.6: interval/sqrt(n)")
    };
    let begin = "CoDel, 1.2 Gb/s into 1 Gb/s: the first drop, in s";
    vec![
        Row::inside("D01", begin, (0.130, first), (0.130, 0.130_03), "RFC 8289 5.6: target passed for an interval"),
        row("D02", 2),
        row("D03", 10),
        row("D04", 40),
    ]
}

/// The queue of bulk flows that drop-tail would let stand at hundreds of milliseconds.
fn codel_with_flows() -> Row {
    let wait = |discipline: Discipline, seed: u64| {
        let mut lab = bulk(10, discipline, seed);
        lab.run_until(at(20));
        let before = lab.stats();
        lab.run_until(at(120));
        let mut stats = lab.stats();
        stats.queue_integral_packet_ns -= before.queue_integral_packet_ns;
        stats.carried.packets -= before.carried.packets;
        mean_wait(&stats) * 1e3
    };
    let tail = wait(Discipline::DropTail, 1);
    let codel = over_seeds(|seed| wait(Discipline::Codel(CodelConfig::default()), seed));
    let what = format!(
        "CoDel, ten Reno flows, 10 Mb/s, RTT 100 ms, mean of 3 seeds: mean wait in ms (drop-tail: {tail:.0} ms)"
    );
    Row::inside("D05", what, (5.0, codel), (0.0, 10.0), "RFC 8289 4.2: a standing queue is brought to target")
}

/// Bursts of four packets, 9.6 Mb/s into 10 Mb/s: the last of each waits 3.6 ms.
fn codel_below_target() -> Row {
    let config = LinkDirConfig {
        discipline: Discipline::Codel(CodelConfig::default()),
        ..line(Some(10_000_000), SimDuration::ZERO)
    };
    let mut lab = one_way(config, 1);
    let mut sent = SimTime::ZERO;
    for _ in 0..20_000 {
        lab.run_until(sent);
        for _ in 0..4 {
            lab.datagram(0, 1, 1_500);
        }
        sent = sent.saturating_add(SimDuration::from_millis(5));
    }
    lab.run();
    let longest = SimDuration::from_nanos(lab.stats().max_wait_ns);
    let what =
        format!("CoDel, 9.6 Mb/s in bursts into 10 Mb/s, no wait above {} ms: drops", longest.as_nanos() as f64 / 1e6);
    Row::exact("D06", what, 0, lab.stats().dropped().packets, "RFC 8289 5.5: not below target")
}
