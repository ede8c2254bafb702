//! Queueing theory: Poisson and constant streams of datagrams over one link.

use std::collections::BTreeMap;

use posthaste::base::trace::{DropReason, NetTrace, Observer, Trace, TraceEvent};
use posthaste::base::{Dist, HostId, Probability, SimDuration, SimTime, Stream, Streams};
use posthaste::net::{Bursts, LinkDirConfig, SessionLimit, TcpConfig, WhenFull};

use super::lab::{HEADERS, Lab, SEEDS, buffered, line, mean_wait, over_seeds, pair, poisson, share};
use super::row::{Row, seconds};

/// Packets of a run that depends on chance.
const MANY: usize = 1_000_000;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = m_m_1();
    rows.extend([tail_drop(), full_buffer(), m_d_1(), m_g_1(), m_m_1_10(), erlang_b(), bernoulli()]);
    rows.extend(gilbert_and_elliott());
    rows
}

fn one_way(there: LinkDirConfig, seed: u64) -> Lab<posthaste::base::trace::Silent> {
    Lab::new(pair(there, LinkDirConfig::default(), TcpConfig::default()), seed)
}

const fn constant(micros: u64) -> Dist {
    Dist::Constant(SimDuration::from_micros(micros))
}

/// Packets of 5000 bytes on average: 10 ms at 4 Mb/s. None is shorter than its headers.
fn exponential(stream: &mut Stream) -> u64 {
    let mean = SimDuration::from_nanos(5_000);
    Dist::Exponential { mean }.sample(stream).as_nanos().clamp(HEADERS, 65_535)
}

fn tail_drop() -> Row {
    let mut lab = one_way(buffered(10_000_000, SimDuration::ZERO, 64), 1);
    lab.flow(1, 60_000, constant(1_000), |_| 1_500);
    let stats = lab.stats();
    let lost = share(stats.dropped_queue_full.packets, stats.offered.packets);
    let what = "share that tail-drop loses, 12 Mb/s constant into 10 Mb/s, 60 s, 64 packets of buffer";
    Row::near("V05", what, (1.0 - 10.0 / 12.0, lost), 0.002, "1 - C/A")
}

/// 80 packets at one instant: one is served, 64 wait, 15 are turned away.
fn full_buffer() -> Row {
    let mut lab = one_way(buffered(10_000_000, SimDuration::ZERO, 64), 1);
    lab.flow(1, 80, constant(0), |_| 1_500);
    let stats = lab.stats();
    assert_eq!(stats.dropped_queue_full.packets, 15);
    let longest = SimDuration::from_nanos(stats.max_wait_ns);
    let what = "longest wait in a buffer of 64 packets into which 80 of 1500 B come at once, 10 Mb/s";
    Row::exact("V06b", what, seconds(SimDuration::from_micros(76_800)), seconds(longest), "B/C")
}

/// Times in the system, and the 95th percentile of them.
fn m_m_1() -> Vec<Row> {
    let figures: Vec<(f64, f64)> = SEEDS
        .map(|seed| {
            let mut lab = one_way(line(Some(4_000_000), SimDuration::ZERO), seed);
            let sent = lab.flow(seed, MANY, poisson(80), exponential);
            let mut times: Vec<u64> =
                lab.datagrams.iter().zip(&sent).map(|(got, at)| got.since(*at).as_nanos()).collect();
            let mean = share(times.iter().sum(), MANY as u64) / 1e9;
            let (_, p95, _) = times.select_nth_unstable(MANY * 95 / 100);
            (mean, *p95 as f64 / 1e9)
        })
        .collect();
    let mean = |pick: fn(&(f64, f64)) -> f64| figures.iter().map(pick).sum::<f64>() / figures.len() as f64;
    let what = "M/M/1, 80/s into 100/s, 1e6 packets, mean of 3 seeds:";
    vec![
        Row::within("V07", format!("{what} time in system in s"), (1.0 / 20.0, mean(|f| f.0)), 0.03, "1/(mu - lambda)"),
        Row::within(
            "V08",
            format!("{what} its 95th percentile in s"),
            (-0.05_f64.ln() / 20.0, mean(|f| f.1)),
            0.04,
            "-ln(0.05)/(mu - lambda)",
        ),
    ]
}

fn waits(rate: u64, per_second: u64, bytes: fn(&mut Stream) -> u64) -> f64 {
    over_seeds(|seed| {
        let mut lab = one_way(line(Some(rate), SimDuration::ZERO), seed);
        lab.flow(seed, MANY, poisson(per_second), bytes);
        mean_wait(&lab.stats())
    })
}

fn m_d_1() -> Row {
    let what = "M/D/1, 80/s into 100/s, 1e6 packets, mean of 3 seeds: wait in queue in s";
    Row::within("V09", what, (0.8 / (2.0 * 100.0 * 0.2), waits(1_000_000, 80, |_| 1_250)), 0.03, "rho/(2mu(1 - rho))")
}

fn m_g_1() -> Row {
    let either = |stream: &mut Stream| if stream.below(2) == 0 { 1_500 } else { 500 };
    let expected = 100.0 * (0.5 * 0.012_f64.powi(2) + 0.5 * 0.004_f64.powi(2)) / (2.0 * (1.0 - 0.8));
    let what = "M/G/1, 100/s, 1 Mb/s, half 1500 B half 500 B, 1e6 packets, mean of 3 seeds: wait in queue in s";
    Row::within("V10", what, (expected, waits(1_000_000, 100, either)), 0.03, "Pollaczek-Khinchine")
}

/// Nine wait and one is served.
fn m_m_1_10() -> Row {
    let lost = over_seeds(|seed| {
        let mut lab = one_way(buffered(4_000_000, SimDuration::ZERO, 9), seed);
        lab.flow(seed, MANY, poisson(80), exponential);
        share(lab.stats().dropped_queue_full.packets, lab.stats().offered.packets)
    });
    let rho: f64 = 0.8;
    let expected = (1.0 - rho) * rho.powi(10) / (1.0 - rho.powi(11));
    let what = "M/M/1/10, rho 0.8, 1e6 packets, mean of 3 seeds: share lost";
    Row::within("V11", what, (expected, lost), 0.05, "(1-rho)rho^K/(1-rho^(K+1))")
}

/// Sessions with a service of ten places that refuses further ones.
fn refused(seed: u64, calls: u64) -> f64 {
    let mut lab = one_way(LinkDirConfig::default(), seed);
    let limit = SessionLimit { most: 10, when_full: WhenFull::Refuse };
    lab.net.limit_sessions(HostId(1), 25, Some(limit));
    let (mut gaps, mut holds) = (Streams::new(seed).stream("gaps"), Streams::new(seed).stream("holds"));
    let hold = Dist::Exponential { mean: SimDuration::from_secs(1) };
    let mut now = SimTime::ZERO;
    let mut ends = BTreeMap::new();
    for _ in 0..calls {
        now = now.saturating_add(poisson(8).sample(&mut gaps));
        while let Some(first) = ends.first_entry().filter(|first| *first.key() <= now) {
            let (end, socket) = first.remove_entry();
            lab.run_until(end);
            lab.net.close(&mut lab.kernel, socket);
        }
        lab.run_until(now);
        let before = lab.connected.len();
        let socket = lab.connect(0, 1, 25);
        lab.run_until(now);
        if lab.connected.len() > before {
            assert!(ends.len() < 10, "no more than there is room for");
            assert!(ends.insert(now.saturating_add(hold.sample(&mut holds)), socket).is_none());
        }
    }
    1.0 - lab.connected.len() as f64 / calls as f64
}

/// The recursion of the textbooks: B(0) = 1, B(c) = aB(c - 1) / (c + aB(c - 1)).
fn erlang_b() -> Row {
    let blocking = (1..=10).map(f64::from).fold(1.0, |b, c| 8.0 * b / (c + 8.0 * b));
    let what =
        "M/M/10/10, 8 erlang, sessions with a service of 10 places, 100,000 calls, mean of 3 seeds: share refused";
    Row::within("V12", what, (blocking, over_seeds(|seed| refused(seed, 100_000))), 0.03, "Erlang B")
}

fn bernoulli() -> Row {
    let p = 0.01;
    let lost = over_seeds(|seed| {
        let config = LinkDirConfig { loss: Probability::new(p).unwrap(), ..LinkDirConfig::default() };
        let mut lab = one_way(config, seed);
        lab.flow(seed, MANY, constant(10), |_| 100);
        share(lab.stats().dropped_loss.packets, lab.stats().offered.packets)
    });
    let sigma = ((1.0 - p) / (p * MANY as f64)).sqrt();
    let what = "share lost of 1e6 packets, Bernoulli, p = 0.01, mean of 3 seeds";
    Row::within("V37", what, (p, lost), 3.0 * sigma, "3 sigma of sqrt(p(1-p)/n)")
}

/// Counts the spells of losses.
#[derive(Default)]
struct Spells {
    lost: u64,
    spells: u64,
    bad: bool,
}

impl Observer for Spells {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        match event.what {
            Trace::Net(NetTrace::Arrived { .. }) => self.bad = false,
            Trace::Net(NetTrace::Dropped { reason: DropReason::Loss, .. }) => {
                self.lost += 1;
                self.spells += u64::from(!self.bad);
                self.bad = true;
            }
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

fn gilbert_and_elliott() -> Vec<Row> {
    let p = |value: f64| Probability::new(value).unwrap();
    let bursts = Bursts { to_bad: p(0.01), to_good: p(0.1), loss_good: p(0.0), loss_bad: p(1.0) };
    let figures: Vec<(f64, f64)> = SEEDS
        .map(|seed| {
            let config = LinkDirConfig { bursts: Some(bursts), ..LinkDirConfig::default() };
            let topology = pair(config, LinkDirConfig::default(), TcpConfig::default());
            let mut lab = Lab::observed(topology, seed, Spells::default());
            lab.flow(seed, MANY, constant(10), |_| 100);
            let Spells { lost, spells, .. } = *lab.kernel.observer();
            (share(lost, MANY as u64), share(lost, spells))
        })
        .collect();
    let mean = |pick: fn(&(f64, f64)) -> f64| figures.iter().map(pick).sum::<f64>() / figures.len() as f64;
    let what = "Gilbert-Elliott, good to bad 0.01, back 0.1, loss 0 and 1, 1e6 packets, mean of 3 seeds:";
    vec![
        Row::within("V38", format!("{what} share lost"), (1.0 / 11.0, mean(|f| f.0)), 0.05, "pi_B"),
        Row::within("V38b", format!("{what} packets in a spell"), (10.0, mean(|f| f.1)), 0.05, "1/r"),
    ]
}
