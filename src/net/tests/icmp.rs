//! Refused, unreachable and silent differ as in life.

use super::world::*;
use crate::base::trace::{DropReason, IcmpKind};
use crate::base::{CloseReason, HostId, SimTime};
use crate::net::{DeadHosts, Policy, TcpConfig};

/// Host, two routers, host; 1 ms a link.
fn world() -> World {
    World::new(chain(3, dir(None, 1), TcpConfig::default()))
}

fn icmp(world: &World) -> Vec<IcmpKind> {
    let sent = |seen: &Seen| if let Seen::Sent(_, packet) = seen { packet.icmp } else { None };
    world.kernel.trace.iter().filter_map(|(.., seen)| sent(seen)).collect()
}

#[test]
fn a_closed_port_answers_at_once() {
    let mut world = world();
    world.net.bind_udp(HostId(0), 53, APP);
    world.datagram(0, 3, 10);
    let socket = world.connect(0, 3, 25);
    world.run();
    assert_eq!(world.when(&Heard::Unreachable(HostId(0), 53, 3)), Some(ms(6)));
    assert_eq!(world.when(&Heard::Closed(HostId(0), socket, CloseReason::Refused)), Some(ms(6)));
    assert_eq!(icmp(&world), [IcmpKind::PortUnreachable; 3], "over three links");
}

#[test]
fn a_service_out_of_order_refuses_and_comes_back() {
    let mut world = world();
    world.net.listen(HostId(3), 25, APP);
    world.net.set_service_up(HostId(3), 25, false);
    let refused = world.connect(0, 3, 25);
    world.run_until(ms(100));
    assert!(world.when(&Heard::Closed(HostId(0), refused, CloseReason::Refused)).is_some());
    world.net.set_service_up(HostId(3), 25, true);
    let taken = world.connect(0, 3, 25);
    world.run_until(ms(200));
    // What is established goes on when the service stops.
    world.net.set_service_up(HostId(3), 25, false);
    world.send(taken, b"hello");
    world.run_until(ms(300));
    assert!(world.received.values().any(|bytes| bytes == b"hello"));
}

#[test]
fn a_dead_host_is_silent_unless_its_router_speaks_for_it() {
    let syns = [0, 1, 3, 7, 15, 31].map(|s| ms(s * 1_000));
    for (dead_hosts, reason, at) in
        [(DeadHosts::Silent, CloseReason::TimedOut, ms(63_000)), (DeadHosts::Reported, CloseReason::Unreachable, ms(5))]
    {
        let mut world = world();
        world.net.set_policy(&Policy { dead_hosts, ..Policy::default() });
        world.net.bind_udp(HostId(0), 53, APP);
        world.net.set_host_up(&mut world.kernel, HostId(3), false);
        let socket = world.connect(0, 3, 25);
        world.datagram(0, 3, 10);
        world.run();
        assert_eq!(world.when(&Heard::Closed(HostId(0), socket, reason)), Some(at));
        let told = dead_hosts == DeadHosts::Reported;
        assert_eq!(world.when(&Heard::Unreachable(HostId(0), 53, 3)).is_some(), told);
        assert_eq!(
            world.sent(0, |packet| packet.tcp.is_some_and(|tcp| tcp.syn)),
            if told { &syns[..1] } else { &syns }
        );
    }
}

/// RFC 1122 4.2.3.9: soft errors do not abort a connection that is established.
#[test]
fn an_established_connection_outlives_unreachability() {
    let (mut world, client, server) = connected(3, dir(None, 1), TcpConfig::default());
    world.net.set_policy(&Policy { dead_hosts: DeadHosts::Reported, ..Policy::default() });
    world.run_until(ms(10));
    world.send(client, b"hello");
    world.net.set_link_up(&mut world.kernel, 2, false);
    world.run_until(ms(500));
    world.net.set_link_up(&mut world.kernel, 2, true);
    world.run_until(ms(3_000));
    assert_eq!(world.received.get(&server).map(Vec::as_slice), Some(b"hello".as_slice()));
}

#[test]
fn packets_that_pass_too_many_routers_are_reported_and_reports_are_not() {
    let mut world = World::new(chain(70, dir(None, 1), TcpConfig::default()));
    world.net.bind_udp(HostId(0), 53, APP);
    let socket = world.connect(0, 70, 25);
    world.datagram(0, 70, 10);
    world.run();
    // Dropped at the 64th router, and the report comes as far back.
    let at = Some(ms(128));
    assert_eq!(world.when(&Heard::Unreachable(HostId(0), 53, 70)), at);
    assert_eq!(world.when(&Heard::Closed(HostId(0), socket, CloseReason::Unreachable)), at);
    // A report that cannot be delivered is not reported: node 3 has no way back.
    let mut topology = chain(2, dir(None, 1), TcpConfig::default());
    topology.nodes.push(node(3, false));
    let mut lost = World::new(topology);
    lost.datagram(0, 3, 1);
    lost.run();
    assert_eq!(lost.now(), SimTime::ZERO);
    assert!(lost.saw(|seen| matches!(seen, Seen::Dropped(None, _, DropReason::NoRoute))));
}
