//! Links, queues and routes against closed forms, exact to the nanosecond.

use super::world::*;
use crate::base::trace::{DropReason, PacketInfo};
use crate::base::{DataRate, HostId, LinkDirId, Probability, SimTime};
use crate::net::{LinkDirConfig, QueueLimit, TcpConfig, Topology};

/// A payload that makes a packet of 1500 bytes.
const FULL: usize = 1_472;

fn world(links: u32, config: LinkDirConfig) -> World {
    let mut world = World::new(chain(links, config, TcpConfig::default()));
    world.net.bind_udp(HostId(links), 53, APP);
    world
}

fn arrivals(world: &World) -> Vec<SimTime> {
    world.heard.iter().map(|(at, _)| *at).collect()
}

/// V01, V02: N (L/R + d). Breaks when serialization or propagation is counted twice or not.
#[test]
fn one_packet_takes_serialization_and_propagation_at_each_hop() {
    for hops in 1..=5 {
        let mut world = world(hops, dir(Some(10), 10));
        world.datagram(0, hops, FULL);
        world.run();
        assert_eq!(arrivals(&world), [SimTime::from_nanos(u64::from(hops) * 11_200_000)]);
    }
}

/// V03: (N + P - 1) L/R + N d. Breaks when hops are not store-and-forward pipelined.
#[test]
fn ten_packets_back_to_back_over_three_links() {
    let mut world = world(3, dir(Some(10), 10));
    for _ in 0..10 {
        world.datagram(0, 3, FULL);
    }
    world.run();
    assert_eq!(arrivals(&world).last(), Some(&SimTime::from_nanos(12 * 1_200_000 + 30_000_000)));
    assert!(world.kernel.largest_heap <= 3, "only link heads are in the event queue");
}

/// V06: no packet waits longer than 64 L/R, and one does. Breaks when the packet in service
/// is counted as waiting, or one too many is let in.
#[test]
fn the_largest_wait_in_a_buffer_of_64() {
    let mut world = world(1, LinkDirConfig { queue: QueueLimit::Packets(64), ..dir(Some(10), 10) });
    for _ in 0..100 {
        world.datagram(0, 1, FULL);
    }
    world.run();
    let stats = world.net.link_stats()[0];
    assert_eq!(stats.max_wait_ns, 64 * 1_200_000);
    assert_eq!((stats.delivered.packets, stats.dropped_queue_full.packets), (65, 35));
    assert_eq!((stats.max_queue_packets, stats.max_queue_bytes), (64, 64 * 1_500));
    assert_eq!(stats.queue_integral_packet_ns, (64 * 65 / 2) * 1_200_000);
    assert_eq!(stats.busy_ns, 65 * 1_200_000);
}

/// V05: 12 Mb/s into 10 Mb/s loses a sixth. Breaks when occupancy does not follow departures.
#[test]
fn overload_loses_the_surplus() {
    let mut world = world(1, LinkDirConfig { queue: QueueLimit::Packets(64), ..dir(Some(10), 10) });
    for n in 1..=60_000_u64 {
        world.datagram(0, 1, FULL);
        world.run_until(SimTime::from_nanos(n * 1_000_000));
    }
    world.run();
    let stats = world.net.link_stats()[0];
    let lost = stats.dropped_queue_full.packets;
    assert!((9_880..=10_000).contains(&lost), "{lost} of 60000");
    assert_eq!(stats.max_wait_ns, 64 * 1_200_000);
}

#[test]
fn a_buffer_in_bytes_counts_bytes() {
    let mut world = world(1, LinkDirConfig { queue: QueueLimit::Bytes(3_000), ..dir(Some(10), 0) });
    world.datagram(0, 1, FULL);
    world.datagram(0, 1, FULL);
    world.datagram(0, 1, 1_000 - 28);
    world.datagram(0, 1, FULL);
    world.datagram(0, 1, 500 - 28);
    world.run();
    let stats = world.net.link_stats()[0];
    assert_eq!((stats.dropped_queue_full.packets, stats.dropped_queue_full.bytes), (1, 1_500));
    assert_eq!(stats.max_queue_bytes, 3_000);
}

/// Rates that do not divide: rounded up, packet by packet.
#[test]
fn serialization_is_rounded_up() {
    let config = LinkDirConfig { rate: DataRate::from_bits_per_sec(3), ..dir(None, 0) };
    let mut world = world(1, config);
    world.datagram(0, 1, 0);
    world.run();
    assert_eq!(arrivals(&world), [SimTime::from_nanos((28 * 8 * 1_000_000_000_u64).div_ceil(3))]);
}

/// V37: within three standard deviations. Breaks when a packet draws twice or not at all.
#[test]
fn random_loss_has_its_mean_and_takes_time_on_the_line() {
    let config = LinkDirConfig { loss: Probability::new(0.01).unwrap(), ..dir(Some(10), 0) };
    let mut world = world(1, config);
    let sent = 100_000;
    for _ in 0..sent {
        world.datagram(0, 1, FULL);
    }
    world.run();
    let stats = world.net.link_stats()[0];
    let lost = stats.dropped_loss.packets;
    assert!((905..=1_095).contains(&lost), "{lost}");
    assert_eq!(stats.busy_ns, sent * 1_200_000);
    assert_eq!(world.heard.len() as u64, sent - lost);
}

#[test]
fn a_link_that_goes_down_loses_what_is_on_it_and_works_again() {
    let mut world = world(1, dir(Some(10), 10));
    for _ in 0..20 {
        world.datagram(0, 1, FULL);
    }
    world.run_until(ms(13));
    assert_eq!(arrivals(&world), [11_200_000, 12_400_000].map(SimTime::from_nanos));
    world.net.set_link_up(&mut world.kernel, 0, false);
    world.datagram(0, 1, FULL);
    let stats = world.net.link_stats()[0];
    assert_eq!((stats.dropped_link_down.packets, stats.present.packets), (19, 0));
    assert_eq!(stats.carried.packets, 10, "ten had left when the link broke at 13 ms");
    assert_eq!(stats.busy_ns, 13_000_000);
    world.run_until(ms(15));
    world.net.set_link_up(&mut world.kernel, 0, true);
    world.datagram(0, 1, FULL);
    world.run();
    assert_eq!(arrivals(&world).last(), Some(&SimTime::from_nanos(26_200_000)));
    assert_eq!(world.heard.len(), 3);
}

/// Ten packets at 10 Mb/s; after 2.5 of them the rate falls to 5 Mb/s and the delay rises.
/// Breaks when the packet in service is cut short, or when waiting ones keep their old times.
#[test]
fn a_link_that_changes_serves_those_that_wait_anew() {
    let mut world = world(1, dir(Some(10), 10));
    for _ in 0..10 {
        world.datagram(0, 1, FULL);
    }
    world.run_until(SimTime::from_nanos(3_000_000));
    world.net.change_link(&mut world.kernel, LinkDirId(0), &dir(Some(5), 20));
    world.run();
    let late = (1..=7).map(|n| 3_600_000 + n * 2_400_000 + 20_000_000);
    let expected = [11_200_000, 12_400_000, 13_600_000].into_iter().chain(late).map(SimTime::from_nanos);
    assert_eq!(arrivals(&world), expected.collect::<Vec<_>>());
    let stats = world.net.link_stats()[0];
    assert_eq!(stats.busy_ns, 3 * 1_200_000 + 7 * 2_400_000);
    assert_eq!(stats.queue_integral_packet_ns, (1 + 2) * 1_200_000 + 7 * 3_600_000 + 21 * 2_400_000);
}

#[test]
fn a_host_that_goes_down_loses_its_queue_but_not_what_has_left() {
    let mut world = world(1, dir(Some(10), 10));
    for _ in 0..5 {
        world.datagram(0, 1, FULL);
    }
    world.run_until(ms(3));
    world.net.set_host_up(&mut world.kernel, HostId(0), false);
    world.datagram(0, 1, FULL);
    world.run();
    assert_eq!(world.heard.len(), 2);
    let stats = world.net.link_stats()[0];
    assert_eq!(
        (stats.dropped_host_down.packets, stats.queue_integral_packet_ns),
        (3, 1_200_000 + 2_400_000 + 6_000_000)
    );
}

#[test]
fn drops_say_why() {
    let mut topology = chain(2, dir(None, 1), TcpConfig::default());
    topology.nodes.push(node(3, false));
    let mut world = World::new(topology);
    world.datagram(0, 3, 1);
    world.datagram(0, 99, 1);
    world.datagram(0, 2, 1);
    world.run();
    world.net.set_host_up(&mut world.kernel, HostId(1), false);
    world.datagram(0, 2, 1);
    world.run();
    let reasons: Vec<DropReason> = world
        .kernel
        .trace
        .iter()
        .filter_map(|(.., seen)| if let Seen::Dropped(_, _, reason) = seen { Some(*reason) } else { None })
        .collect();
    assert_eq!(reasons, [DropReason::NoRoute, DropReason::NoRoute, DropReason::PortClosed, DropReason::HostDown]);
}

#[test]
fn the_hop_limit_is_64() {
    for (links, gets_there) in [(64, true), (65, false)] {
        let mut world = world(links, dir(None, 1));
        world.datagram(0, links, 1);
        world.run();
        assert_eq!(world.heard.len() == 1, gets_there);
    }
}

#[test]
fn a_host_hears_itself_at_once_but_not_within_the_call() {
    let mut world = world(1, dir(None, 1));
    world.net.bind_udp(HostId(0), 53, APP);
    world.datagram(0, 0, 5);
    assert!(world.heard.is_empty());
    world.run();
    assert_eq!(world.heard, [(SimTime::ZERO, Heard::Datagram(HostId(0), 53, 5))]);
}

/// The way that packets from host 0 to the last node take.
fn way(topology: Topology) -> Vec<LinkDirId> {
    let last = u32::try_from(topology.nodes.len()).unwrap() - 1;
    let mut world = World::new(topology);
    world.datagram(0, last, 1);
    world.run();
    world
        .kernel
        .trace
        .iter()
        .filter_map(
            |(.., seen)| if let Seen::Sent(link, PacketInfo { icmp: None, .. }) = seen { Some(*link) } else { None },
        )
        .collect()
}

/// Breaks when equal-cost ties depend on anything but hops and node ids.
#[test]
fn routes_prefer_delay_then_hops_then_the_lower_node() {
    let nodes = |routers: u32| (0..routers + 2).map(|n| node(n, n != 0 && n != routers + 1)).collect::<Vec<_>>();
    let tcp = TcpConfig::default();
    // 0 - 1 - {2, 3} - 4 - 5, both ways of the same delay: by way of 2.
    let diamond = |a: u64, b: u64| Topology {
        nodes: nodes(4),
        links: vec![
            link(0, 0, 1, dir(None, 1)),
            link(1, 1, 3, dir(None, b)),
            link(2, 1, 2, dir(None, a)),
            link(3, 3, 4, dir(None, b)),
            link(4, 2, 4, dir(None, a)),
            link(5, 4, 5, dir(None, 1)),
        ],
        tcp,
    };
    assert_eq!(way(diamond(5, 5)), [0, 4, 8, 10].map(LinkDirId));
    assert_eq!(way(diamond(5, 4)), [0, 2, 6, 10].map(LinkDirId));
    // A direct link of the same delay has fewer hops.
    let mut shortcut = diamond(5, 5);
    shortcut.links.push(link(6, 4, 1, dir(None, 10)));
    assert_eq!(way(shortcut), [0, 13, 10].map(LinkDirId));
    // A host between does not forward, however short the way.
    let mut through_host = diamond(5, 50);
    through_host.nodes[2].router = false;
    assert_eq!(way(through_host), [0, 2, 6, 10].map(LinkDirId));
}

/// Two hosts without a router between them.
#[test]
fn a_single_link_needs_no_router() {
    assert_eq!(way(chain(1, dir(None, 1), TcpConfig::default())), [LinkDirId(0)]);
}

/// Two thousand hosts behind forty routers in a ring. Breaks when leaves take table rows.
#[test]
fn many_hosts_are_routed_through_few_rows() {
    let (routers, hosts) = (40_u32, 2_000_u32);
    let ring = (0..routers).map(|n| link(n as usize, n, (n + 1) % routers, dir(None, 1)));
    let access = (0..hosts).map(|n| link((routers + n) as usize, routers + n, n % routers, dir(None, 1)));
    let topology = Topology {
        nodes: (0..routers + hosts).map(|n| node(n, n < routers)).collect(),
        links: ring.chain(access).collect(),
        tcp: TcpConfig::default(),
    };
    let mut world = World::new(topology);
    let last = routers + hosts - 1;
    world.net.bind_udp(HostId(last), 53, APP);
    world.datagram(routers, last, 1);
    world.datagram(last - 20, last, 1);
    world.run();
    assert_eq!(arrivals(&world), [3, 22].map(ms));
}
