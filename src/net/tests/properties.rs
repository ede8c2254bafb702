//! Invariants over random small networks.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::world::*;
use crate::base::trace::DropReason;
use crate::base::{CloseReason, ConnId, DataRate, HostId, LinkDirId, Probability, SimDuration, SimTime, SocketId};
use crate::net::{CongestionControl, LinkDirConfig, QueueLimit, TcpConfig, Topology};

/// A random tree of routers with hosts at its leaves, and some more links.
#[derive(Clone, Debug)]
struct Plan {
    routers: Vec<(usize, LinkDirConfig)>,
    hosts: Vec<(usize, LinkDirConfig)>,
    extra: Vec<(usize, usize, LinkDirConfig)>,
    transfers: Vec<(usize, usize, usize)>,
    greeting: usize,
    tcp: TcpConfig,
    /// A link, or a host, goes down at a time for a time (ms).
    faults: Vec<(u64, usize, u64, bool)>,
    seed: u64,
}

fn line() -> impl Strategy<Value = LinkDirConfig> {
    let queue = prop_oneof![
        Just(QueueLimit::Unlimited),
        (2_u32..40).prop_map(QueueLimit::Packets),
        (3_000_u64..60_000).prop_map(QueueLimit::Bytes)
    ];
    (prop::option::of(100_000_u64..50_000_000), 0_u64..60_000_000, queue, 0_u32..6).prop_map(
        |(rate, delay, queue, loss)| LinkDirConfig {
            rate: rate.and_then(DataRate::from_bits_per_sec),
            delay: SimDuration::from_nanos(delay),
            queue,
            loss: Probability::new(f64::from(loss) / 100.0).unwrap(),
            ..LinkDirConfig::default()
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let tcp = (500_u32..1_500, 1_u32..12, 1_000_u32..200_000, 0_u64..200, any::<[bool; 10]>()).prop_map(
        |(mss, initial_window, receive_window, delayed_ack, on)| TcpConfig {
            mss,
            initial_window,
            receive_window,
            delayed_ack: SimDuration::from_millis(delayed_ack),
            nagle: on[0],
            silly_window_avoidance: on[1],
            sack: on[2],
            rack: on[2] && on[9],
            limited_transmit: on[3],
            window_scale: on[4],
            timestamps: on[5],
            congestion: if on[6] { CongestionControl::Cubic } else { CongestionControl::NewReno },
            keep_alive: on[7].then_some(SimDuration::from_secs(20)),
            ecn: on[8],
            mark_at: Some(1),
            data_retries: 40,
            ..TcpConfig::default()
        },
    );
    (
        prop::collection::vec((any::<prop::sample::Index>(), line()), 0..4),
        prop::collection::vec((any::<prop::sample::Index>(), line()), 2..5),
        prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), line()), 0..3),
        prop::collection::vec((0_usize..5, 0_usize..5, 0_usize..60_000), 1..5),
        0_usize..20_000,
        tcp,
        prop::collection::vec((0_u64..3_000, 0_usize..8, 1_u64..3_000, prop::bool::weighted(0.2)), 0..4),
        any::<u64>(),
    )
        .prop_map(|(routers, hosts, extra, transfers, greeting, tcp, faults, seed)| {
            let count = routers.len() + 1;
            Plan {
                routers: (1..).zip(routers).map(|(n, (up, line))| (up.index(n), line)).collect(),
                hosts: hosts.into_iter().map(|(up, line)| (up.index(count), line)).collect(),
                extra: extra.into_iter().map(|(a, b, line)| (a.index(count), b.index(count), line)).collect(),
                transfers,
                greeting,
                tcp,
                faults,
                seed,
            }
        })
}

impl Plan {
    fn topology(&self) -> Topology {
        let routers = u32::try_from(self.routers.len()).unwrap() + 1;
        let id = |n: usize| u32::try_from(n).unwrap();
        let mut links = Vec::new();
        for (n, (up, line)) in (1..).zip(&self.routers) {
            links.push(link(links.len(), n, id(*up), *line));
        }
        for (n, (up, line)) in (routers..).zip(&self.hosts) {
            links.push(link(links.len(), n, id(*up), *line));
        }
        for (a, b, line) in self.extra.iter().filter(|(a, b, _)| a != b) {
            links.push(link(links.len(), id(*a), id(*b), *line));
        }
        let hosts = id(self.hosts.len());
        Topology { nodes: (0..routers + hosts).map(|n| node(n, n < routers)).collect(), links, tcp: self.tcp }
    }

    /// Clients that have opened, with what each end sends.
    fn start(&self, world: &mut World) -> Vec<(SocketId, ConnId, Vec<u8>)> {
        world.greeting = octets(self.greeting);
        let routers = self.routers.len() + 1;
        let host = |n: usize| u32::try_from(routers + n % self.hosts.len()).unwrap();
        for n in 0..self.hosts.len() {
            world.net.listen(HostId(host(n)), 25, APP);
        }
        self.transfers
            .iter()
            .map(|&(from, to, there)| {
                let (client, conn) = world.open(host(from), host(to), 25);
                let bytes = octets(there);
                world.send(client, &bytes);
                world.close(client);
                (client, conn, bytes)
            })
            .collect()
    }
}

impl Plan {
    fn break_things(&self, world: &mut World) {
        let routers = self.routers.len() + 1;
        let links = self.topology().links.len();
        for &(at, which, length, crash) in &self.faults {
            let host = HostId(u32::try_from(routers + which % self.hosts.len()).unwrap());
            let set = |world: &mut World, up: bool| {
                if crash {
                    world.net.set_host_up(&mut world.kernel, host, up);
                } else {
                    world.net.set_link_up(&mut world.kernel, which % links, up);
                }
            };
            world.run_until(ms(at).max(world.now()));
            set(world, false);
            world.run_until(SimTime::from_nanos(world.now().as_nanos() + length * 1_000_000));
            set(world, true);
            world.net.listen(host, 25, APP);
        }
    }
}

/// Invariant 15, read off the trace alone: FIFO, and L/R + d at least.
fn check_links(world: &World, topology: &Topology) {
    for (number, _) in topology.links.iter().enumerate() {
        for dir in 0..2 {
            let id = LinkDirId(u32::try_from(2 * number + dir).unwrap());
            let config = topology.links[number].directions[dir];
            let on = |seen: &Seen| match seen {
                Seen::Sent(link, packet) if *link == id => Some((true, *packet)),
                Seen::Arrived(link, packet) if *link == id => Some((false, *packet)),
                Seen::Dropped(Some(link), packet, _) if *link == id => Some((false, *packet)),
                Seen::Sent(..)
                | Seen::Arrived(..)
                | Seen::Dropped(..)
                | Seen::Opening
                | Seen::Joined
                | Seen::TurnedAway
                | Seen::Established(_)
                | Seen::Retransmitted(..)
                | Seen::Closed(..) => None,
            };
            let mut present: Vec<(SimTime, _)> = Vec::new();
            for (at, _, seen) in &world.kernel.trace {
                let Some((joins, packet)) = on(seen) else { continue };
                if joins {
                    present.push((*at, packet));
                    continue;
                }
                // A full queue turns the newest away; everything else leaves from the head.
                let full = matches!(seen, Seen::Dropped(_, _, DropReason::QueueFull));
                let place = if full {
                    present.len() - 1
                } else if matches!(seen, Seen::Dropped(_, _, DropReason::HostDown)) {
                    present.iter().rposition(|(_, other)| *other == packet).unwrap()
                } else {
                    0
                };
                let (joined, first) = present.remove(place);
                assert_eq!(first, packet, "a link never reorders");
                if matches!(seen, Seen::Arrived(..)) {
                    let service = config.rate.map_or(SimDuration::ZERO, |rate| rate.serialization_time(packet.bytes));
                    assert!(at.since(joined) >= service + config.delay, "L/R + d at least");
                }
            }
            assert!(present.is_empty(), "packets in = out + dropped");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(2), ..ProptestConfig::default() })]

    /// Invariants 11, 12 (asserted inside at every segment) and 15, with a liveness phase.
    #[test]
    fn streams_arrive_whole_over_any_network(plan in plan()) {
        let topology = plan.topology();
        let mut world = World::seeded(topology.clone(), plan.seed);
        let clients = plan.start(&mut world);
        plan.break_things(&mut world);
        let crashes = plan.faults.iter().any(|fault| fault.3);
        world.run();
        check_links(&world, &topology);
        prop_assert!(crashes || world.net.open_connections() == 0);
        // Each stream is a prefix of what was sent, and equal to it after a clean close.
        for (client, conn, sent) in &clients {
            let end = |socket: &SocketId| {
                let closed = |heard: &&Heard| matches!(heard, Heard::Closed(_, closed, _) if closed == socket);
                world.heard.iter().map(|(_, heard)| heard).find(closed).cloned()
            };
            let finished = |socket: &SocketId| matches!(end(socket), Some(Heard::Closed(_, _, CloseReason::Finished)));
            prop_assert!(crashes || end(client).is_some(), "each connection ends");
            let replies = world.received.get(client).cloned().unwrap_or_default();
            prop_assert!(world.greeting.starts_with(&replies));
            prop_assert!(!finished(client) || world.greeting == replies);
            let accepted = world.heard.iter().find_map(|(_, heard)| match heard {
                Heard::Accepted(_, server, name) if name == conn => Some(*server),
                Heard::Accepted(..) | Heard::Connected(..) | Heard::PeerClosed(..) | Heard::Closed(..)
                | Heard::Datagram(..) | Heard::Drained(..) | Heard::Unreachable(..) => None,
            });
            let Some(server) = accepted else { continue };
            let got = world.received.get(&server).cloned().unwrap_or_default();
            prop_assert!(sent.starts_with(&got));
            prop_assert!(!finished(&server) || *sent == got);
        }
    }
}
