//! Invariants of links on which everything goes wrong at once.

use std::num::NonZeroU32;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::world::*;
use crate::base::{DataRate, Dist, HostId, LinkDirId, Probability, SimDuration, SimTime};
use crate::net::{Bursts, CodelConfig, Discipline, Jitter, LinkDirConfig, QueueLimit, RedConfig, TcpConfig};

fn chance(most: f64) -> impl Strategy<Value = Probability> {
    prop_oneof![Just(Probability::ZERO), (0.0..most).prop_map(|p| Probability::new(p).unwrap())]
}

fn bursts() -> impl Strategy<Value = Bursts> {
    (chance(0.1), chance(0.9), chance(0.02), chance(0.7)).prop_map(|(to_bad, to_good, loss_good, loss_bad)| Bursts {
        to_bad,
        to_good,
        loss_good,
        loss_bad,
    })
}

fn jitter() -> impl Strategy<Value = Jitter> {
    let ms = SimDuration::from_millis;
    let extra = prop_oneof![
        (0_u64..40).prop_map(move |mean| Dist::Exponential { mean: ms(mean) }),
        (0_u64..40).prop_map(move |high| Dist::Uniform { low: SimDuration::ZERO, high: ms(high) }),
    ];
    (extra, any::<bool>()).prop_map(|(extra, reorder)| Jitter { extra, reorder })
}

fn discipline() -> impl Strategy<Value = Discipline> {
    prop_oneof![
        Just(Discipline::DropTail),
        (0.001_f64..1.0).prop_map(|weight| Discipline::Red(RedConfig { weight, ..RedConfig::default() })),
        (1_u64..50).prop_map(|ms| Discipline::Codel(CodelConfig {
            target: SimDuration::from_millis(ms),
            interval: SimDuration::from_millis(10 * ms)
        })),
    ]
}

/// A link direction with any of all troubles.
fn line() -> impl Strategy<Value = LinkDirConfig> {
    let queue = prop_oneof![
        Just(QueueLimit::Unlimited),
        (2_u32..40).prop_map(QueueLimit::Packets),
        (3_000_u64..60_000).prop_map(QueueLimit::Bytes)
    ];
    let loss = (chance(0.05), prop::option::weighted(0.2, 5_u32..50));
    let troubles = (loss, prop::option::of(bursts()), chance(0.05), chance(0.3), prop::option::of(jitter()));
    (
        prop::option::of(100_000_u64..50_000_000),
        0_u64..60_000_000,
        queue,
        discipline(),
        prop::option::of(600_u32..1_600),
        troubles,
    )
        .prop_map(
            |(rate, delay, queue, discipline, mtu, ((loss, every), bursts, corruption, duplication, jitter))| {
                LinkDirConfig {
                    rate: rate.and_then(DataRate::from_bits_per_sec),
                    delay: SimDuration::from_nanos(delay),
                    queue,
                    discipline,
                    mtu,
                    loss,
                    loss_every: every.and_then(NonZeroU32::new),
                    bursts,
                    corruption,
                    duplication,
                    jitter,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() })]

    /// Invariant 15 with faults: at each instant offered + duplicated = delivered + dropped +
    /// present, over the whole way nothing appears or vanishes, and a link that may not
    /// reorder does not.
    #[test]
    fn nothing_vanishes_and_nothing_overtakes(
        lines in prop::collection::vec(line(), 1..4),
        sends in prop::collection::vec((0_u64..20_000_000, 1_usize..1_500), 1..300),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_u64..2_000, 0_u64..300, any::<bool>()), 0..3),
        seed in any::<u64>(),
    ) {
        let hops = u32::try_from(lines.len()).unwrap();
        let mut topology = chain(hops, dir(None, 0), TcpConfig::default());
        for (link, line) in topology.links.iter_mut().zip(&lines) {
            link.directions[0] = *line;
        }
        let mut world = World::seeded(topology, seed);
        world.net.bind_udp(HostId(hops), 53, APP);
        let mut plan: Vec<(u64, usize, bool, bool)> = cuts.iter()
            .flat_map(|(which, at, length, host)| {
                let which = which.index(lines.len());
                [(at * 1_000_000, which, *host, false), ((at + length) * 1_000_000, which, *host, true)]
            })
            .collect();
        plan.sort_unstable();
        let mut plan = plan.into_iter().peekable();
        let (mut at, mut sent) = (0, 0_u64);
        for (gap, length) in &sends {
            at += gap;
            while let Some((when, which, host, up)) = plan.next_if(|step| step.0 <= at) {
                world.run_until(SimTime::from_nanos(when).max(world.now()));
                if host && which > 0 {
                    world.net.set_host_up(&mut world.kernel, HostId(u32::try_from(which).unwrap()), up);
                } else {
                    world.net.set_link_up(&mut world.kernel, which, up);
                }
            }
            world.run_until(SimTime::from_nanos(at));
            world.datagram(0, hops, *length);
            sent += 1;
            if length % 97 == 0 {
                // Another rate, delay and troubles in the middle of it all.
                world.net.change_link(&mut world.kernel, LinkDirId(0), &lines[lines.len() - 1]);
            }
            world.net.check_conservation().unwrap();
        }
        world.run();
        let copies: u64 = world.net.link_stats().iter().map(|stats| stats.duplicated.packets).sum();
        let dropped = world.kernel.trace.iter().filter(|(.., seen)| matches!(seen, Seen::Dropped(..))).count() as u64;
        prop_assert_eq!(sent + copies, world.heard.len() as u64 + dropped);
        for (number, line) in lines.iter().enumerate() {
            let stats = world.net.link_stats()[2 * number];
            prop_assert_eq!(stats.present.packets, 0);
            if !line.jitter.is_some_and(|jitter| jitter.reorder) {
                prop_assert!(is_fifo(&world, 2 * u32::try_from(number).unwrap()));
            }
        }
    }

    /// Streams stay whole over such links: TCP repairs loss, damage, copies and disorder.
    #[test]
    fn streams_survive_every_trouble(there in line(), back in line(), length in 0_usize..40_000, seed in any::<u64>()) {
        let mut topology = chain(1, there, TcpConfig { mss: 536, data_retries: 60, syn_retries: 20, ..TcpConfig::default() });
        topology.links[0].directions[1] = back;
        let mut world = World::seeded(topology, seed);
        world.net.listen(HostId(1), 25, APP);
        let client = world.connect(0, 1, 25);
        let bytes = octets(length);
        world.send(client, &bytes);
        world.close(client);
        world.run();
        let Some(server) = world.heard.iter().find_map(|(_, heard)| match heard {
            Heard::Accepted(_, server, _) => Some(*server),
            Heard::Connected(..)
            | Heard::PeerClosed(..)
            | Heard::Closed(..)
            | Heard::Datagram(..)
            | Heard::Drained(..)
            | Heard::Unreachable(..) => None,
        }) else {
            return Err(TestCaseError::fail("never accepted"));
        };
        prop_assert_eq!(world.received.get(&server).cloned().unwrap_or_default(), bytes);
    }
}

/// Whether packets left a link in the order in which they joined it. Equal packets cannot
/// be told apart, and need not be.
fn is_fifo(world: &World, link: u32) -> bool {
    let id = LinkDirId(link);
    let mut present = std::collections::VecDeque::new();
    for (.., seen) in &world.kernel.trace {
        if let Seen::Sent(at, packet) = seen
            && *at == id
        {
            present.push_back(packet.bytes);
        } else if let Seen::Arrived(at, packet) = seen
            && *at == id
        {
            // Those before it were dropped; their events may come later.
            let Some(place) = present.iter().position(|bytes| *bytes == packet.bytes) else { return false };
            present.drain(..=place);
        }
    }
    true
}
