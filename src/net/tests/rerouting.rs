//! Routes that follow what is up, and routes that are told where to go.

use super::world::*;
use crate::base::{CloseReason, HostId, LinkDirId, SimDuration};
use crate::net::{FixedRoute, Metric, Policy, Routing, TcpConfig, Topology};

/// 0 - 1 - {2, 3} - 4 - 5: by way of 2 it takes 12 ms, by way of 3, 22 ms; 1 - 4 directly, 62 ms.
fn diamond() -> World {
    let topology = Topology {
        nodes: (0..6).map(|n| node(n, n != 0 && n != 5)).collect(),
        links: vec![
            link(0, 0, 1, dir(None, 1)),
            link(1, 1, 2, dir(None, 5)),
            link(2, 2, 4, dir(None, 5)),
            link(3, 1, 3, dir(None, 10)),
            link(4, 3, 4, dir(None, 10)),
            link(5, 1, 4, dir(None, 60)),
            link(6, 4, 5, dir(None, 1)),
        ],
        tcp: TcpConfig::default(),
    };
    let mut world = World::new(topology);
    world.net.bind_udp(HostId(0), 53, APP);
    world.net.bind_udp(HostId(5), 53, APP);
    world
}

/// How long a datagram from 0 to 5 takes now, in ms; none when it is lost.
fn takes(world: &mut World) -> Option<u64> {
    world.heard.clear();
    let sent = world.now();
    world.datagram(0, 5, 1);
    world.run();
    let came = world.when(&Heard::Datagram(HostId(5), 53, 1))?;
    Some(came.since(sent).as_nanos() / 1_000_000)
}

#[test]
fn routes_follow_what_is_up() {
    let mut world = diamond();
    assert_eq!(takes(&mut world), Some(12));
    world.net.set_link_up(&mut world.kernel, 2, false);
    assert_eq!(takes(&mut world), Some(22));
    world.net.set_host_up(&mut world.kernel, HostId(3), false);
    assert_eq!(takes(&mut world), Some(62));
    world.net.set_link_up(&mut world.kernel, 5, false);
    // No way is left: the router says so, also to one who opens a connection.
    assert_eq!(takes(&mut world), None);
    assert!(world.when(&Heard::Unreachable(HostId(0), 53, 5)).is_some());
    let socket = world.connect(0, 5, 25);
    let opened = world.now();
    world.run();
    let closed = world.when(&Heard::Closed(HostId(0), socket, CloseReason::Unreachable));
    assert_eq!(closed.unwrap().since(opened), SimDuration::from_millis(2));
    world.net.set_link_up(&mut world.kernel, 2, true);
    assert_eq!(takes(&mut world), Some(12));
}

/// A host's own line, or the host, goes down in silence.
#[test]
fn leaves_change_no_route() {
    let mut world = diamond();
    world.net.set_link_up(&mut world.kernel, 6, false);
    assert_eq!(takes(&mut world), None);
    assert!(world.heard.is_empty(), "{:?}", world.heard);
    // Nor while other routes are computed anew.
    world.net.set_link_up(&mut world.kernel, 2, false);
    assert_eq!(takes(&mut world), None);
    assert!(world.heard.is_empty(), "{:?}", world.heard);
}

#[test]
fn convergence_takes_its_time_or_never_comes() {
    for (convergence, later) in [(Some(SimDuration::from_secs(30)), Some(22)), (None, None)] {
        let mut world = diamond();
        let routing = Routing { convergence, ..Routing::default() };
        world.net.set_policy(&Policy { routing, ..Policy::default() });
        world.net.set_link_up(&mut world.kernel, 2, false);
        world.datagram(0, 5, 1);
        world.run_until(ms(29_999));
        assert!(world.heard.is_empty(), "lost, and nobody knows");
        world.run_until(ms(30_000));
        assert_eq!(takes(&mut world), later);
    }
}

#[test]
fn few_hops_and_fixed_routes() {
    let mut world = diamond();
    let routing = Routing { metric: Metric::Hops, ..Routing::default() };
    world.net.set_policy(&Policy { routing, ..Policy::default() });
    assert_eq!(takes(&mut world), Some(62));
    let fixed = FixedRoute { at: HostId(1), to: HostId(5), via: HostId(3) };
    let routing = Routing { fixed: vec![fixed], ..Routing::default() };
    world.net.set_policy(&Policy { routing, ..Policy::default() });
    assert_eq!(takes(&mut world), Some(22));
    world.net.set_link_up(&mut world.kernel, 3, false);
    assert_eq!(takes(&mut world), Some(12), "a fixed route over a dead link is no route");
    // Two routes that point at each other: the hop limit ends it, and the sender is told.
    let loops = [(1, 2), (2, 1)].map(|(at, via)| FixedRoute { at: HostId(at), to: HostId(5), via: HostId(via) });
    let routing = Routing { fixed: loops.to_vec(), ..Routing::default() };
    world.net.set_policy(&Policy { routing, ..Policy::default() });
    assert_eq!(takes(&mut world), None);
    assert!(world.when(&Heard::Unreachable(HostId(0), 53, 5)).is_some());
    assert!(world.net.link_stats()[LinkDirId(2).index()].delivered.packets > 30);
}
