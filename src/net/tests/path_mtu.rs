//! Path MTU discovery (RFC 1191): segments shrink to what the path carries.

use super::world::*;
use crate::base::trace::{DropReason, IcmpKind, RetransmitReason};
use crate::base::{HostId, Probability, Side};
use crate::net::{LinkDirConfig, TcpConfig, Topology};

/// Hosts 0 and n, routers between; a link each of that MTU, 5 ms.
fn path(mtus: &[Option<u32>], tcp: TcpConfig) -> Topology {
    let links = u32::try_from(mtus.len()).unwrap();
    let mut topology = chain(links, dir(Some(100), 5), tcp);
    for (link, mtu) in topology.links.iter_mut().zip(mtus) {
        link.directions.iter_mut().for_each(|direction| direction.mtu = *mtu);
    }
    topology
}

fn open(topology: Topology) -> (World, crate::base::SocketId) {
    let server = u32::try_from(topology.nodes.len() - 1).unwrap();
    let mut world = World::new(topology);
    world.net.listen(HostId(server), 25, APP);
    let client = world.connect(0, server, 25);
    world.run_until(ms(1_000));
    (world, client)
}

fn reports(world: &World) -> Vec<IcmpKind> {
    let arrived = |seen: &Seen| if let Seen::Arrived(_, packet) = seen { packet.icmp } else { None };
    world.kernel.trace.iter().filter(|(_, host, _)| *host == HostId(0)).filter_map(|(.., seen)| arrived(seen)).collect()
}

fn longest(world: &World, since: u64, host: u32) -> u32 {
    let sent = |seen: &Seen| if let Seen::Sent(_, packet) = seen { packet.bytes } else { 0 };
    let there = |at: &HostId| *at == HostId(host);
    world
        .kernel
        .trace
        .iter()
        .filter(|(time, at, _)| *time >= ms(since) && there(at))
        .map(|(.., seen)| sent(seen))
        .max()
        .unwrap()
}

fn again(world: &World, reason: RetransmitReason) -> usize {
    let it = |seen: &Seen| matches!(seen, Seen::Retransmitted(Side::Client, _, why) if *why == reason);
    world.kernel.trace.iter().filter(|(.., seen)| it(seen)).count()
}

/// RFC 9293 3.7.1. Breaks when the option is the configured MSS whatever the link carries.
#[test]
fn a_host_announces_what_its_own_link_carries() {
    let (mut world, client) = open(path(&[None, Some(576)], TcpConfig::default()));
    let mss = |host: u32| {
        let syn = |seen: &Seen| if let Seen::Sent(_, packet) = seen { packet.tcp?.options.mss } else { None };
        let mut there = world.kernel.trace.iter().filter(|(_, at, _)| *at == HostId(host));
        there.find_map(|(.., seen)| syn(seen))
    };
    assert_eq!((mss(0), mss(2)), (Some(1_460), Some(536)));
    world.send(client, &octets(50_000));
    world.run_until(ms(3_000));
    assert!(!world.saw(|seen| matches!(seen, Seen::Dropped(..))), "the peer's option says enough");
    assert_eq!(longest(&world, 0, 0), 576);
}

/// Two bottlenecks behind each other: each costs one round trip to its router and one segment
/// sent in vain on the second; the window stays. Breaks when the sender waits for its timer,
/// cuts the window, or floods the second router too.
#[test]
fn a_flight_is_cut_anew_for_each_bottleneck() {
    for (sack, timestamps) in [(false, false), (true, true)] {
        let tcp = TcpConfig { sack, timestamps, delayed_ack: crate::base::SimDuration::ZERO, ..TcpConfig::default() };
        let mtus = [None, Some(1_400), Some(1_300), None];
        let (mut world, client) = open(path(&mtus, tcp));
        world.send(client, &octets(300_000));
        world.run_until(ms(10_000));
        let server = world.accepted();
        assert_eq!(world.received[&server], octets(300_000));
        let kinds = [vec![IcmpKind::TooBig { mtu: 1_400 }; 10], vec![IcmpKind::TooBig { mtu: 1_300 }]].concat();
        assert_eq!(reports(&world), kinds, "ten of the first flight, one afterwards");
        assert_eq!(again(&world, RetransmitReason::Timeout) + again(&world, RetransmitReason::FastRetransmit), 0);
        assert!(again(&world, RetransmitReason::PathMtu) >= 12, "the whole flight in smaller pieces");
        // 10 ms to the first router and back, 20 ms to the second, 40 ms to the server: the
        // initial window is out again a round trip later, and slow start has gone on.
        let sent = world.sent(0, |packet| has_data(packet) && packet.bytes == 1_300);
        let first = sent[0];
        let early = sent.iter().filter(|at| at.since(first) < crate::base::SimDuration::from_millis(45)).count();
        // One, which leaves a window of 10 old segments as it is, since it used so little of it.
        assert_eq!(early, 1 + 11, "{sent:?}");
        assert_eq!(longest(&world, 1_031, 0), 1_300);
    }
}

/// A second connection begins with what the first has learnt; after ten minutes the path is
/// tried anew (RFC 1191 6.3), for it may have grown.
#[test]
fn hosts_remember_a_path_for_ten_minutes() {
    let (mut world, client) = open(path(&[None, Some(600), None], TcpConfig::default()));
    world.polite = false;
    world.send(client, &octets(20_000));
    world.run_until(ms(5_000));
    let told = reports(&world).len();
    let second = world.connect(0, 3, 25);
    world.send(second, &octets(20_000));
    world.run_until(ms(10_000));
    assert_eq!((told, reports(&world).len()), (10, 10));
    for link in [2, 3] {
        let grown = LinkDirConfig { mtu: None, ..dir(Some(100), 5) };
        world.net.change_link(&mut world.kernel, crate::base::LinkDirId(link), &grown);
    }
    world.run_until(ms(500_000));
    world.send(client, &octets(20_000));
    world.run_until(ms(650_000));
    assert_eq!(longest(&world, 10_000, 0), 600);
    world.send(client, &octets(20_000));
    world.run_until(ms(660_000));
    assert_eq!(longest(&world, 640_000, 0), 1_500);
    assert_eq!(world.received.values().map(Vec::len).sum::<usize>(), 80_000);
}

/// The path narrows in mid-transfer, and the next to notice is the sender itself, on its own link.
#[test]
fn a_path_may_narrow_at_any_time() {
    for link in [0, 4] {
        let (mut world, client) = open(path(&[None; 3], TcpConfig::default()));
        world.send(client, &octets(20_000_000));
        world.run_until(ms(1_500));
        let narrow = LinkDirConfig { mtu: Some(800), ..dir(Some(100), 5) };
        world.net.change_link(&mut world.kernel, crate::base::LinkDirId(link), &narrow);
        world.run_until(ms(600_000));
        let server = world.accepted();
        assert_eq!(world.received[&server].len(), 20_000_000, "{link}");
        assert_eq!(longest(&world, 1_600, 0), 800);
        assert!(world.saw(|seen| matches!(seen, Seen::Dropped(Some(_), _, DropReason::TooBig))));
    }
}

/// The report is lost, and the timer must help. Breaks when the sender never sends as much again.
#[test]
fn a_lost_report_costs_a_time_out() {
    let mut topology = path(&[None, Some(1_000), None], TcpConfig { initial_window: 1, ..TcpConfig::default() });
    topology.links[0].directions[1].loss = Probability::new(0.5).unwrap();
    for seed in 0..5 {
        let mut world = World::seeded(topology.clone(), seed);
        world.net.listen(HostId(3), 25, APP);
        let client = world.connect(0, 3, 25);
        world.send(client, &octets(50_000));
        world.run_until(ms(3_600_000));
        let server = world.accepted();
        assert_eq!(world.received[&server], octets(50_000), "{seed}");
    }
}
