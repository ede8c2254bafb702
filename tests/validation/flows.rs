//! Bulk TCP against its models: what loss, buffers and other flows leave of the throughput.
//!
//! Sources never run dry, and receivers take everything at once. MSS 1460, RTT 100 ms.

use std::num::NonZeroU32;

use posthaste::base::trace::{ConnStep, NetTrace, Observer, RetransmitReason, Trace, TraceEvent};
use posthaste::base::{HostId, LinkDirId, Probability, SimDuration, SimTime, Streams};
use posthaste::net::{CongestionControl, LinkDirConfig, TcpConfig};

use super::lab::{Lab, at, buffered, dumbbell, line, over_seeds, pair};
use super::row::Row;

const MSS: f64 = 1_460.0;
const RTT: f64 = 0.1;
const ONE_WAY: SimDuration = SimDuration::from_millis(50);
/// Goodput of a full link of 10 Mb/s.
const FULL: f64 = 10.0 * 1_460.0 / 1_500.0;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = regular_loss();
    rows.push(handshake_loss());
    rows.extend([(0.001, 0.2), (0.01, 0.25), (0.05, 0.35)].map(random_loss));
    rows.extend(utilisation());
    rows.push(fairness());
    rows.extend(cubic());
    rows
}

/// An acknowledgement for each segment, and a window that never limits.
fn ack_each() -> TcpConfig {
    TcpConfig { delayed_ack: SimDuration::ZERO, receive_window: 100_000_000, ..TcpConfig::default() }
}

fn delayed_ack() -> TcpConfig {
    TcpConfig { delayed_ack: TcpConfig::default().delayed_ack, ..ack_each() }
}

/// Mb/s of one flow that loses every n-th of its segments, from 20 s to 220 s.
fn losing(n: u32, tcp: TcpConfig) -> f64 {
    let there = LinkDirConfig { loss_every: NonZeroU32::new(n), ..line(None, ONE_WAY) };
    let mut lab = Lab::new(pair(there, line(None, ONE_WAY), tcp), 1);
    lab.pour(0, 1);
    lab.rates(at(20), at(220))[0]
}

/// Mathis, Semke, Mahdavi and Ott 1997: MSS/RTT * C/sqrt(p).
fn mathis(n: u32, c: f64) -> f64 {
    8.0 * MSS / RTT * c * f64::from(n).sqrt() / 1e6
}

fn regular_loss() -> Vec<Row> {
    let (each, second) = (1.5_f64.sqrt(), 0.75_f64.sqrt());
    let small = mathis(100, each);
    let what = "throughput in Mb/s of Reno, every";
    vec![
        Row::within(
            "V22",
            format!("{what} 1000th segment lost, ACK each"),
            (mathis(1_000, each), losing(1_000, ack_each())),
            0.1,
            "Mathis 1997, C = 1.22",
        ),
        Row::inside(
            "V22b",
            format!("{what} 100th segment lost, ACK each (small windows fall below the form)"),
            (small, losing(100, ack_each())),
            (0.75 * small, 1.05 * small),
            "Mathis 1997, C = 1.22",
        ),
        Row::within(
            "V22c",
            format!("{what} 1000th segment lost, ACK each, with SACK"),
            (mathis(1_000, each), losing(1_000, TcpConfig { sack: true, ..ack_each() })),
            0.1,
            "Mathis 1997, C = 1.22",
        ),
        Row::within(
            "V23",
            format!("{what} 1000th segment lost, delayed ACK"),
            (mathis(1_000, second), losing(1_000, delayed_ack())),
            0.12,
            "Mathis 1997, C = 0.87",
        ),
    ]
}

/// 20,000 connections a seed, opened at one instant; each way loses 5 % of all segments.
fn handshake_loss() -> Row {
    let p = 0.05;
    let connects: u32 = 20_000;
    let extra = over_seeds(|seed| {
        let lossy = LinkDirConfig { loss: Probability::new(p).unwrap(), ..line(None, ONE_WAY) };
        let tcp = TcpConfig { syn_retries: 20, ..TcpConfig::default() };
        let mut lab = Lab::new(pair(lossy, lossy, tcp), seed);
        for n in 0..connects {
            lab.connect(0, 1, 25 + u16::try_from(n % 10).unwrap());
        }
        lab.run_until(at(7_200));
        assert_eq!(lab.connected.len(), connects as usize, "all get through");
        let total: f64 = lab.connected.iter().map(|at| at.since(SimTime::ZERO).as_secs_f64() - RTT).sum();
        total / f64::from(connects)
    });
    let what = "extra time of a connect in s, loss 0.05 each way, first RTO 1 s, 20,000 connects, mean of 3 seeds";
    Row::within("V21", what, (2.0 * ((1.0 - p) / (1.0 - 2.0 * p) - 1.0), extra), 0.08, "Cardwell 2000, eq. 4")
}

/// Padhye, Firoiu, Towsley and Kurose 1998, equation 30, without a limit by the receiver, an
/// acknowledgement for each segment, and a first time-out of 1 s; in Mb/s.
fn pftk(p: f64) -> f64 {
    let window = 1.0 + (8.0 * (1.0 - p) / (3.0 * p) + 1.0).sqrt();
    let q = 1.0 - p;
    let timeouts = (1.0 - q.powi(3)) * (1.0 + q.powi(3) * (1.0 - q.powf(window - 3.0))) / (1.0 - q.powf(window));
    let timeouts = timeouts.min(1.0);
    let back_off = 1.0 + p + 2.0 * p.powi(2) + 4.0 * p.powi(3) + 8.0 * p.powi(4) + 16.0 * p.powi(5) + 32.0 * p.powi(6);
    let segments = q / p + window + timeouts / q;
    let time = RTT * (window / 2.0 + 1.0) + timeouts * back_off / q;
    8.0 * MSS * segments / time / 1e6
}

fn random_loss((p, tolerance): (f64, f64)) -> Row {
    let rate = over_seeds(|seed| {
        let there = LinkDirConfig { loss: Probability::new(p).unwrap(), ..line(None, ONE_WAY) };
        let mut lab = Lab::new(pair(there, line(None, ONE_WAY), ack_each()), seed);
        lab.pour(0, 1);
        lab.rates(at(20), at(1_020))[0]
    });
    let what = format!("throughput in Mb/s of Reno, random loss {p} of its segments, T0 1 s, 1000 s, mean of 3 seeds");
    let id = if p < 0.005 {
        "V24"
    } else if p < 0.03 {
        "V24b"
    } else {
        "V24c"
    };
    Row::within(id, what, (pftk(p), rate), tolerance, "Padhye 1998, eq. 30")
}

/// The share of a link of 10 Mb/s (BDP 83 packets) that one flow uses, from 20 s to 320 s.
fn utilisation() -> Vec<Row> {
    let used = |packets: u32, tcp: TcpConfig| {
        let there = buffered(10_000_000, ONE_WAY, packets);
        let mut lab = Lab::new(pair(there, line(None, ONE_WAY), tcp), 1);
        lab.pour(0, 1);
        lab.rates(at(20), at(320))[0] / FULL
    };
    let what =
        |buffer: &str, how: &str| format!("one Reno flow, 10 Mb/s, RTT 100 ms, buffer of {buffer}{how}: utilisation");
    let sack = || TcpConfig { sack: true, ..ack_each() };
    let little =
        |id, how, tcp| Row::inside(id, what("2 packets", how), (0.75, used(2, tcp)), (0.72, 0.82), "sawtooth W/2..W");
    let whole =
        |id, how, tcp| Row::inside(id, what("one BDP", how), (1.0, used(83, tcp)), (0.97, 1.0), "sawtooth W/2..W");
    vec![
        little("V25", "", ack_each()),
        little("V25b", ", SACK", sack()),
        whole("V26", "", ack_each()),
        whole("V26b", ", SACK", sack()),
    ]
}

/// Two flows that begin at random within a second of each other.
fn fairness() -> Row {
    let index = over_seeds(|seed| {
        let narrow = [buffered(10_000_000, ONE_WAY, 83), line(Some(10_000_000), ONE_WAY)];
        let mut lab = Lab::new(dumbbell(2, narrow, delayed_ack()), seed);
        lab.pour(2, 4);
        lab.run_until(SimTime::from_nanos(Streams::new(seed).stream("start").below(1_000_000_000)));
        lab.pour(3, 5);
        lab.run_until(at(20));
        let rates = lab.rates(at(20), at(320));
        assert_eq!(rates.len(), 2);
        let squares: f64 = rates.iter().map(|rate| rate * rate).sum();
        rates.iter().sum::<f64>().powi(2) / (2.0 * squares)
    });
    let what = "two equal Reno flows, 10 Mb/s, RTT 100 ms: Jain index over 300 s, mean of 3 seeds";
    Row::inside("V27", what, (1.0, index), (0.95, 1.0), "Chiu-Jain 1989")
}

/// The window of host 0's sender as the trace shows it: octets out after each segment.
#[derive(Default)]
struct Flight {
    una: u64,
    max: u64,
    /// When, and how many octets.
    windows: Vec<(SimTime, u64)>,
    /// When recovery began, with the window then and the end of what was out.
    loss: Option<(SimTime, u64, u64)>,
    /// When everything that was out at the loss was acknowledged.
    recovered: Option<SimTime>,
}

impl Observer for Flight {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        match event.what {
            Trace::Net(NetTrace::Sent { packet, .. }) if event.host == HostId(0) => {
                let Some(tcp) = packet.tcp.filter(|tcp| tcp.len > 0) else { return };
                self.max = self.max.max(tcp.seq + u64::from(tcp.len));
                self.windows.push((event.at, self.max - self.una));
            }
            Trace::Net(NetTrace::Arrived { packet, .. }) if event.host == HostId(0) => {
                self.una = self.una.max(packet.tcp.and_then(|tcp| tcp.ack).unwrap_or(0));
                if self.recovered.is_none() && self.loss.is_some_and(|(_, _, end)| self.una >= end) {
                    self.recovered = Some(event.at);
                }
            }
            Trace::Conn { step: ConnStep::Retransmitted { why, .. }, .. } => {
                assert!(
                    why == RetransmitReason::FastRetransmit && self.loss.is_none(),
                    "one loss, found by duplicates"
                );
                self.loss = Some((event.at, self.max - self.una, self.max));
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

/// One segment is lost at the end of slow start, and nothing afterwards: the window falls to
/// 0.7 `W_max`, is back at `W_max` after K, and grows beyond it as it came.
fn cubic() -> Vec<Row> {
    let there = line(None, ONE_WAY);
    let tcp = TcpConfig { congestion: CongestionControl::Cubic, ..ack_each() };
    let mut lab = Lab::observed(pair(there, there, tcp), 1, Flight::default());
    lab.pour(0, 1);
    lab.run_until(SimTime::from_nanos(580_000_000));
    let lossy = LinkDirConfig { loss_every: NonZeroU32::new(500), ..there };
    lab.net.change_link(&mut lab.kernel, LinkDirId(0), &lossy);
    while lab.stats().dropped_loss.packets == 0 {
        let next = lab.now().saturating_add(SimDuration::from_millis(1));
        lab.run_until(next);
    }
    lab.net.change_link(&mut lab.kernel, LinkDirId(0), &there);
    lab.run_until(at(25));
    assert_eq!(lab.stats().dropped_loss.packets, 1);
    let seen = lab.kernel.observer();
    let (begin, (_, w_max, _)) = (seen.recovered.unwrap(), seen.loss.unwrap());
    let w_max = w_max as f64 / MSS;
    // RFC 9438 4.2: K = cbrt((W_max - cwnd_epoch) / C), cwnd_epoch = 0.7 W_max.
    let k = (0.3 * w_max / 0.4).cbrt();
    let window = |t: f64| {
        let from = begin.saturating_add(SimDuration::from_nanos((t * 1e9) as u64));
        let round = from..from.saturating_add(ONE_WAY.saturating_mul(2));
        let most = seen.windows.iter().filter(|(at, _)| round.contains(at)).map(|(_, octets)| *octets).max();
        most.unwrap() as f64 / MSS
    };
    let row = |id, when: &str, t: f64| {
        let what = format!("CUBIC, one loss at a window of {w_max:.0}, K = {k:.2} s: window at {when} in segments");
        Row::within(id, what, (0.4 * (t - k).powi(3) + w_max, window(t)), 0.02, "RFC 9438 4.2: C(t-K)^3 + W_max")
    };
    vec![row("C01", "K/2", k / 2.0), row("C02", "K", k), row("C03", "3K/2", 1.5 * k), row("C04", "2K", 2.0 * k)]
}
