//! Queues against queueing theory, with Poisson sources of datagrams.

use super::world::*;
use crate::base::{DataRate, Dist, HostId, LinkDirId, Probability, SimDuration, SimTime, Stream, Streams};
use crate::net::{Bursts, CodelConfig, Discipline, Jitter, LinkDirConfig, QueueLimit, RedConfig, TcpConfig};

/// What IP and UDP add to a payload.
const HEADERS: usize = 28;

fn p(value: f64) -> Probability {
    Probability::new(value).unwrap()
}

fn bps(rate: u64) -> Option<DataRate> {
    DataRate::from_bits_per_sec(rate)
}

/// A world with one link and `count` datagrams sent over it, with gaps and payloads drawn by those two.
fn flow(
    config: LinkDirConfig,
    seed: u64,
    count: usize,
    gap: Dist,
    mut payload: impl FnMut(&mut Stream) -> usize,
) -> World {
    let mut world = World::seeded(chain(1, config, TcpConfig::default()), seed);
    world.kernel.forgetful = true;
    world.net.bind_udp(HostId(1), 53, APP);
    let (mut gaps, mut sizes) = (Streams::new(seed).stream("gaps"), Streams::new(seed).stream("sizes"));
    let mut at = SimTime::ZERO;
    for _ in 0..count {
        at = at.saturating_add(gap.sample(&mut gaps));
        world.run_until(at);
        world.datagram(0, 1, payload(&mut sizes));
    }
    world.run();
    world
}

fn poisson(per_second: u64) -> Dist {
    Dist::Exponential { mean: SimDuration::from_nanos(1_000_000_000 / per_second) }
}

/// Payloads so that packets are exponential with a mean of 5000 bytes: 10 ms at 4 Mb/s.
fn exponential(stream: &mut Stream) -> usize {
    let size = Dist::Exponential { mean: SimDuration::from_nanos(5_000) }.sample(stream).as_nanos();
    usize::try_from(size).unwrap().saturating_sub(HEADERS).min(65_507)
}

fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got / want - 1.0).abs() <= tolerance, "{got} is not within {tolerance} of {want}");
}

#[expect(clippy::cast_precision_loss, reason = "counts and nanoseconds of short runs")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// The mean over three seeds of what a run gives.
fn over_seeds(figure: impl Fn(u64) -> f64) -> f64 {
    (1..=3).map(figure).sum::<f64>() / 3.0
}

fn mean_wait_s(world: &World) -> f64 {
    let stats = world.net.link_stats()[0];
    share(u64::try_from(stats.queue_integral_packet_ns).unwrap(), stats.carried.packets) / 1e9
}

/// V07, V08: M/M/1 at 80/s into 100/s. The mean time in system is 50 ms, its 95th percentile
/// 149.8 ms. Breaks when waits are not those of a FIFO queue with one server.
#[test]
fn m_m_1() {
    let figures: Vec<(f64, f64)> = (1..=3)
        .map(|seed| {
            let mut world = World::seeded(
                chain(1, LinkDirConfig { rate: bps(4_000_000), ..dir(None, 0) }, TcpConfig::default()),
                seed,
            );
            world.kernel.forgetful = true;
            world.net.bind_udp(HostId(1), 53, APP);
            let (mut gaps, mut sizes) = (Streams::new(seed).stream("gaps"), Streams::new(seed).stream("sizes"));
            let (mut at, mut sent) = (SimTime::ZERO, Vec::new());
            for _ in 0..100_000 {
                at = at.saturating_add(poisson(80).sample(&mut gaps));
                world.run_until(at);
                sent.push(at);
                world.datagram(0, 1, exponential(&mut sizes));
            }
            world.run();
            let mut times: Vec<u64> =
                world.heard.iter().zip(&sent).map(|((got, _), sent)| got.since(*sent).as_nanos()).collect();
            times.sort_unstable();
            (share(times.iter().sum(), 100_000_000_000_000), share(times[95_000], 1_000_000_000))
        })
        .collect();
    near(figures.iter().map(|figure| figure.0).sum::<f64>() / 3.0, 0.05, 0.03);
    near(figures.iter().map(|figure| figure.1).sum::<f64>() / 3.0, 0.149_787, 0.04);
}

/// V09: M/D/1, and the counter of the queue's integral agrees with it.
#[test]
fn m_d_1() {
    let config = LinkDirConfig { rate: bps(1_000_000), ..dir(None, 0) };
    near(over_seeds(|seed| mean_wait_s(&flow(config, seed, 100_000, poisson(80), |_| 1_250 - HEADERS))), 0.02, 0.03);
}

/// V10: M/G/1, half the packets 1500 bytes and half 500 (Pollaczek and Khinchine).
#[test]
fn m_g_1() {
    let config = LinkDirConfig { rate: bps(1_000_000), ..dir(None, 0) };
    let either = |stream: &mut Stream| if stream.below(2) == 0 { 1_500 - HEADERS } else { 500 - HEADERS };
    near(over_seeds(|seed| mean_wait_s(&flow(config, seed, 100_000, poisson(100), either))), 0.02, 0.03);
}

/// V11: M/M/1/10 loses 2.35 %: nine wait and one is served. Breaks when the buffer is one off.
#[test]
fn m_m_1_10() {
    let config = LinkDirConfig { rate: bps(4_000_000), queue: QueueLimit::Packets(9), ..dir(None, 0) };
    let lost = over_seeds(|seed| {
        let stats = flow(config, seed, 100_000, poisson(80), exponential).net.link_stats()[0];
        share(stats.dropped_queue_full.packets, stats.offered.packets)
    });
    near(lost, 0.023_491_6, 0.05);
}

/// V38: a share of 1/11 is lost, in bursts of 10. Breaks when the chain steps with time, or
/// not at each packet.
#[test]
fn gilbert_and_elliott() {
    let bursts = Bursts { to_bad: p(0.01), to_good: p(0.1), loss_good: p(0.0), loss_bad: p(1.0) };
    let config = LinkDirConfig { bursts: Some(bursts), ..dir(None, 0) };
    let (mut loss, mut length) = (0.0, 0.0);
    for seed in 1..=3 {
        let world = flow(config, seed, 200_000, poisson(100), |_| 0);
        let stats = world.net.link_stats()[0];
        loss += share(stats.dropped_loss.packets, stats.offered.packets) / 3.0;
        let mut spells = 0;
        let mut good = true;
        for lost in &world.kernel.lost {
            spells += u64::from(good && *lost);
            good = !*lost;
        }
        length += share(stats.dropped_loss.packets, spells) / 3.0;
    }
    near(loss, 1.0 / 11.0, 0.05);
    near(length, 10.0, 0.05);
}

/// V37 for damage and copies too: each within three standard deviations, each by itself.
#[test]
fn damage_and_copies_have_their_means() {
    let config = LinkDirConfig { loss: p(0.02), corruption: p(0.01), duplication: p(0.01), ..dir(None, 1) };
    let sent = 100_000;
    let world = flow(config, 1, sent, poisson(1_000), |_| 100);
    let stats = world.net.link_stats()[0];
    let (lost, damaged, copies) = (stats.dropped_loss.packets, stats.corrupted.packets, stats.duplicated.packets);
    assert!((1_865..=2_175).contains(&lost), "{lost}");
    assert!((900..=1_095).contains(&damaged), "{damaged}");
    assert!((905..=1_095).contains(&copies), "{copies}");
    assert_eq!(world.heard.len() as u64, sent as u64 + copies - lost - damaged);
}

/// What one rule draws does not depend on whether another is there.
#[test]
fn each_trouble_has_a_stream_of_its_own() {
    let lost = |corruption: f64| {
        let config = LinkDirConfig { loss: p(0.1), corruption: p(corruption), ..dir(None, 1) };
        flow(config, 1, 1_000, poisson(100), |_| 0).kernel.lost
    };
    assert_eq!(lost(0.0), lost(0.5));
}

fn order_of_arrival(reorder: bool) -> (Vec<usize>, World) {
    let extra = Dist::Uniform { low: SimDuration::ZERO, high: SimDuration::from_millis(50) };
    let config = LinkDirConfig { jitter: Some(Jitter { extra, reorder }), ..dir(Some(10), 10) };
    let mut n = 0;
    let world = flow(config, 1, 1_000, Dist::Constant(SimDuration::from_millis(5)), |_| {
        n += 1;
        n
    });
    let length = |heard: &Heard| if let Heard::Datagram(_, _, length) = heard { Some(*length) } else { None };
    let lengths = world.heard.iter().filter_map(|(_, heard)| length(heard));
    (lengths.collect(), world)
}

/// Breaks when jitter reorders though it must not, or does not though it may.
#[test]
fn jitter_reorders_only_where_it_may() {
    let (fifo, world) = order_of_arrival(false);
    assert!(fifo.is_sorted() && fifo.len() == 1_000);
    assert_eq!(world.kernel.largest_heap, 1, "only the head is in the event queue");
    let (loose, world) = order_of_arrival(true);
    assert_eq!(loose.len(), 1_000);
    let overtaken = loose.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(overtaken > 300, "{overtaken}");
    for ((at, _), number) in world.heard.iter().zip(&loose) {
        let sent = *number as u64 * 5_000_000;
        let took = at.as_nanos() - sent;
        assert!((10_000_000..=61_000_000).contains(&took), "{took} ns");
    }
}

#[test]
fn packets_above_the_mtu_are_dropped() {
    let mut topology = chain(3, dir(None, 1), TcpConfig::default());
    topology.links[1].directions[0].mtu = Some(1_500);
    topology.links[2].directions[0].mtu = Some(576);
    let mut world = World::new(topology);
    world.net.bind_udp(HostId(3), 53, APP);
    for payload in [576 - HEADERS, 577 - HEADERS] {
        world.datagram(0, 3, payload);
    }
    world.run();
    assert_eq!((world.heard.len(), world.net.link_stats()[4].dropped_too_big.packets), (1, 1));
}

/// Offers 12 Mb/s of Poisson traffic to 10 Mb/s for 60 s.
fn overload(discipline: Discipline) -> World {
    let config = LinkDirConfig { discipline, queue: QueueLimit::Packets(1_000), ..dir(Some(10), 10) };
    flow(config, 1, 60_000, poisson(1_000), |_| 1_500 - HEADERS)
}

/// Floyd and Jacobson 1993: RED keeps the average queue between its thresholds where drop-tail
/// fills the buffer. A sixth is surplus, and RED is the one that drops it.
#[test]
fn red_keeps_the_average_queue_between_its_thresholds() {
    let red = RedConfig { min_th: 20.0, max_th: 60.0, max_p: 0.5, ..RedConfig::default() };
    let stats = overload(Discipline::Red(red)).net.link_stats()[0];
    let mean_queue = share(u64::try_from(stats.queue_integral_packet_ns / 1_000_000).unwrap(), 60_000);
    assert!((20.0..60.0).contains(&mean_queue), "{mean_queue}");
    assert_eq!(stats.dropped_queue_full.packets, 0);
    near(share(stats.dropped_early.packets, stats.offered.packets), 1.0 / 6.0, 0.1);
    let tail = overload(Discipline::DropTail).net.link_stats()[0];
    let mean_queue = share(u64::try_from(tail.queue_integral_packet_ns / 1_000_000).unwrap(), 60_000);
    assert!(mean_queue > 900.0, "{mean_queue}");
}

/// RFC 8289 1: a standing queue shrinks to about the target, a burst that drains within the
/// interval passes whole.
#[test]
fn codel_removes_a_standing_queue_and_spares_bursts() {
    let stats = overload(Discipline::Codel(CodelConfig::default())).net.link_stats()[0];
    assert!(stats.dropped_sojourn.packets > 0);
    let config = LinkDirConfig { discipline: Discipline::Codel(CodelConfig::default()), ..dir(Some(10), 10) };
    // 5 % too much: what is left over after the first seconds is a short queue.
    let world = flow(config, 1, 60_000, Dist::Constant(SimDuration::from_nanos(1_140_000)), |_| 1_500 - HEADERS);
    let stats = world.net.link_stats()[0];
    let wait_ms = mean_wait_s(&world) * 1e3;
    assert!(wait_ms < 50.0 && stats.dropped_sojourn.packets > 2_000, "{wait_ms} ms, {stats:?}");
    // 60 packets at once need 72 ms.
    let burst = flow(config, 1, 60, Dist::Constant(SimDuration::ZERO), |_| 1_500 - HEADERS);
    assert_eq!(burst.heard.len(), 60);
    let last = burst.heard.last().unwrap().0;
    assert_eq!(last.as_nanos(), 60 * 1_200_000 + 10_000_000, "the same times as with drop-tail");
}

/// Breaks when a queue's manager keeps its first parameters, or forgets what waits.
#[test]
fn a_queue_takes_on_other_parameters() {
    let drops = |first: Discipline, then: Discipline| {
        let config = LinkDirConfig { discipline: first, ..dir(Some(1), 1) };
        let mut world = World::new(chain(1, config, TcpConfig::default()));
        world.net.bind_udp(HostId(1), 53, APP);
        (0..20).for_each(|_| world.datagram(0, 1, 972));
        let changed = LinkDirConfig { discipline: then, ..config };
        world.net.change_link(&mut world.kernel, LinkDirId(0), &changed);
        (0..20).for_each(|_| world.datagram(0, 1, 972));
        world.run();
        let stats = world.net.link_stats()[0];
        (stats.dropped_early.packets, stats.dropped_sojourn.packets, world.heard.len())
    };
    let mild = Discipline::Red(RedConfig { min_th: 100.0, max_th: 200.0, ..RedConfig::default() });
    let strict = Discipline::Red(RedConfig { min_th: 0.5, max_th: 1.0, weight: 1.0, ..RedConfig::default() });
    assert_eq!(drops(mild, mild), (0, 0, 40));
    assert_eq!(drops(mild, strict), (20, 0, 20));
    let patient = Discipline::Codel(CodelConfig { target: SimDuration::from_secs(1), ..CodelConfig::default() });
    let hasty = Discipline::Codel(CodelConfig::default());
    assert_eq!(drops(patient, patient), (0, 0, 40));
    let (early, sojourn, heard) = drops(patient, hasty);
    assert!(early == 0 && sojourn > 0 && heard + usize::try_from(sojourn).unwrap() == 40, "{sojourn}");
}
