//! IPv4 beside IPv6: lengths, segment sizes, ports, error messages, hosts with one family only.

use std::net::IpAddr;

use super::world::*;
use crate::base::trace::{DropReason, IcmpKind, PacketInfo};
use crate::base::{Addresses, CloseReason, Family, HostId};
use crate::net::{LinkDirConfig, TcpConfig, Topology};

/// A chain whose nodes have both families, but for those that are said to have one.
fn chain_of(links: u32, config: LinkDirConfig, single: &[(usize, Family)]) -> World {
    let mut topology: Topology = chain(links, config, TcpConfig::default());
    for (number, node) in (0..).zip(&mut topology.nodes) {
        node.addresses.v6 = Addresses::from(address6(number)).v6;
    }
    for (number, family) in single {
        let address = topology.nodes[*number].addresses.of(*family).unwrap();
        topology.nodes[*number].addresses = address.into();
    }
    World::new(topology)
}

fn packets(world: &World) -> impl Iterator<Item = &PacketInfo> {
    world
        .kernel
        .trace
        .iter()
        .filter_map(|(.., seen)| if let Seen::Sent(_, packet) = seen { Some(packet) } else { None })
}

/// RFC 8200 3: the header has 40 bytes. RFC 9293 3.7.1: the MSS makes up for it.
#[test]
fn full_packets_are_as_long_in_both_families() {
    for (to, headers, mss) in [(address(1), 40, 1_460), (address6(1), 60, 1_440)] {
        let mut world = chain_of(1, dir(Some(10), 1), &[]);
        world.net.listen(HostId(1), 25, APP);
        let (client, _) = world.open_to(0, to, 25);
        world.send(client, &octets(100_000));
        world.run_until(ms(10_000));
        assert_eq!(world.received.values().map(Vec::len).sum::<usize>(), 100_000);
        let segments: Vec<_> = packets(&world).filter(|packet| has_data(packet)).collect();
        assert_eq!(segments.iter().map(|packet| packet.bytes).max(), Some(1_500));
        assert!(segments.iter().all(|packet| packet.bytes == headers + packet.tcp.unwrap().len));
        assert_eq!(segments.iter().map(|packet| packet.tcp.unwrap().len).max(), Some(mss));
        let syns = packets(&world).filter(|packet| is_syn(packet));
        assert!(syns.into_iter().all(|syn| syn.tcp.unwrap().options.mss == Some(u16::try_from(mss).unwrap())));
        let family = Family::of(to);
        assert!(packets(&world).all(|packet| packet.src.family() == family && packet.dst.family() == family));
    }
}

/// A link that carries just the IPv4 datagram of some length loses the IPv6 one.
#[test]
fn the_longer_header_counts_for_the_mtu() {
    let small = LinkDirConfig { mtu: Some(20 + 8 + 600), ..dir(None, 1) };
    let mut world = chain_of(1, small, &[]);
    world.net.bind_udp(HostId(1), 53, APP);
    world.datagram_to(0, address(1), 600);
    world.datagram_to(0, address6(1), 600);
    world.run();
    let came = world.heard.iter().filter(|(_, heard)| matches!(heard, Heard::Datagram(..))).count();
    assert_eq!(came, 1);
    let lost = |seen: &Seen| matches!(seen, Seen::Dropped(_, packet, DropReason::TooBig) if packet.bytes == 648);
    assert!(world.saw(lost));
}

/// Both connections have the same hosts and ports, and each its own octets.
#[test]
fn the_same_ports_serve_both_families_at_a_time() {
    let mut world = chain_of(2, dir(None, 1), &[]);
    world.net.listen(HostId(2), 25, APP);
    let (old, _) = world.open_to(0, address(2), 25);
    world.net.rewind_ports(HostId(0));
    let (new, _) = world.open_to(0, address6(2), 25);
    world.send(old, b"over IPv4");
    world.send(new, b"over IPv6!");
    world.run_until(ms(1_000));
    let ports: Vec<u16> =
        packets(&world).filter(|packet| packet.dst.port == 25).map(|packet| packet.src.port).collect();
    assert!(ports.iter().all(|port| *port == ports[0]), "the port is taken once in each family: {ports:?}");
    let mut came: Vec<&[u8]> = world.received.values().map(Vec::as_slice).filter(|bytes| !bytes.is_empty()).collect();
    came.sort_unstable();
    assert_eq!(came, [&b"over IPv4"[..], b"over IPv6!"]);
}

/// RFC 6724 5: without a source address of the destination's family nothing can be sent. The
/// application learns of it at once, by TCP and by UDP.
#[test]
fn a_host_without_the_family_reaches_nobody_in_it() {
    let cases = [(Family::V4, address6(2)), (Family::V6, address(2))];
    for (only, to) in cases {
        let mut world = chain_of(2, dir(None, 1), &[(0, only)]);
        world.net.listen(HostId(2), 25, APP);
        world.net.bind_udp(HostId(0), 53, APP);
        let (socket, _) = world.open_to(0, to, 25);
        world.datagram_to(0, to, 100);
        world.run();
        assert_eq!(world.when(&Heard::Closed(HostId(0), socket, CloseReason::Unreachable)), Some(ms(0)));
        assert_eq!(world.when(&Heard::Unreachable(HostId(0), 53, 2)), Some(ms(0)));
        assert_eq!(packets(&world).count(), 0);
        let source = Family::of(to).unspecified();
        assert!(world.saw(|seen| matches!(seen, Seen::Dropped(None, packet, DropReason::NoRoute)
            if packet.src.addr == source && packet.dst.addr == to)));
    }
}

/// Both families take the same links, through routers that need no address for it.
#[test]
fn routers_forward_both_families() {
    let mut world = chain_of(2, dir(None, 1), &[(1, Family::V4)]);
    world.net.listen(HostId(2), 25, APP);
    let (socket, _) = world.open_to(0, address6(2), 25);
    world.run_until(ms(100));
    assert_eq!(world.when(&Heard::Connected(HostId(0), socket)), Some(ms(4)));
}

/// RFC 8201: a report that a packet was too big counts for either family, and each family cuts its
/// segments to it with its own header.
#[test]
fn segments_shrink_to_the_path_in_both_families() {
    for (to, headers) in [(address(2), 40), (address6(2), 60)] {
        let mut topology = chain(2, dir(Some(10), 1), TcpConfig::default());
        for (number, node) in (0..).zip(&mut topology.nodes) {
            node.addresses.v6 = Addresses::from(address6(number)).v6;
        }
        topology.links[1].directions[0].mtu = Some(1_300);
        let mut world = World::new(topology);
        world.net.listen(HostId(2), 25, APP);
        let (client, _) = world.open_to(0, to, 25);
        world.send(client, &octets(50_000));
        world.run_until(ms(10_000));
        assert_eq!(world.received.values().map(Vec::len).sum::<usize>(), 50_000);
        let reports = packets(&world).filter(|packet| packet.icmp == Some(IcmpKind::TooBig { mtu: 1_300 }));
        assert!(reports.into_iter().all(|report| report.bytes == if headers == 40 { 56 } else { 1_280 }));
        let arrived = |seen: &Seen| {
            let Seen::Arrived(_, packet) = seen else { return None };
            packet.tcp.filter(|_| packet.dst.port == 25).map(|tcp| (packet.bytes, tcp.len))
        };
        let there = world.kernel.trace.iter().filter(|(_, host, _)| *host == HostId(2));
        let longest = there.filter_map(|(.., seen)| arrived(seen)).max();
        assert_eq!(longest, Some((1_300, 1_300 - headers)));
    }
}

fn errors(payload: usize, to: fn(u32) -> IpAddr) -> (Vec<(IcmpKind, u32)>, World) {
    let mut world = chain_of(2, dir(None, 1), &[]);
    world.net.bind_udp(HostId(0), 53, APP);
    world.datagram_to(0, to(2), payload);
    world.run();
    let told = packets(&world).filter_map(|packet| packet.icmp.map(|kind| (kind, packet.bytes))).collect();
    (told, world)
}

/// RFC 792: the header and 8 bytes are quoted; RFC 4443 2.4 (c): as much as fits into 1280.
#[test]
fn an_error_message_quotes_as_its_family_does() {
    let over_two_links = |bytes| vec![(IcmpKind::PortUnreachable, bytes); 2];
    for (payload, v4, v6) in
        [(10, 56, 40 + 8 + (40 + 8 + 10)), (1_000, 56, 40 + 8 + (40 + 8 + 1_000)), (1_400, 56, 1_280)]
    {
        for (to, bytes) in [(address as fn(u32) -> IpAddr, v4), (address6, v6)] {
            let (told, world) = errors(payload, to);
            assert_eq!(told, over_two_links(bytes));
            let answers = packets(&world).filter(|packet| packet.icmp.is_some());
            assert!(answers.into_iter().all(|answer| answer.src.addr == to(2) && answer.dst.addr == to(0)));
            assert_eq!(world.when(&Heard::Unreachable(HostId(0), 53, 2)), Some(ms(4)));
        }
    }
}
