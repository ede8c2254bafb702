//! Windows that close on both sides at once.

use super::world::*;
use crate::base::{HostId, SimTime};
use crate::net::TcpConfig;

const fn ms(ms: u64) -> SimTime {
    SimTime::from_nanos(ms * 1_000_000)
}

/// Both ends probe the other's closed window, and both windows open while the probes are under
/// way, so each end has taken an octet that the other does not count as sent. Breaks when their
/// acknowledgements then stand before the window: each is answered by another one, for ever.
#[test]
fn probes_that_cross_end_in_no_war_of_acknowledgements() {
    let tcp = TcpConfig { mss: 400, receive_window: 1_000, ..TcpConfig::default() };
    let (mut world, client, server) = connected(1, dir(None, 50), tcp);
    world.stubborn = true;
    world.run_until(ms(1_000));
    let bytes = octets(3_000);
    world.send(client, &bytes);
    world.send(server, &bytes);
    let probe = |world: &World, host| {
        let probes = world.sent(host, |packet| packet.tcp.is_some_and(|tcp| tcp.len == 1));
        probes.last().copied()
    };
    while probe(&world, 0).is_none() || probe(&world, 1).is_none() {
        world.step();
    }
    assert_eq!(probe(&world, 0), probe(&world, 1), "they cross");
    world.stubborn = false;
    world.take(client);
    world.take(server);
    let before = world.kernel.trace.len();
    world.run_until(world.now() + crate::base::SimDuration::from_secs(20));
    assert!(world.kernel.trace.len() - before < 200, "{} events", world.kernel.trace.len() - before);
    assert_eq!((&world.received[&client], &world.received[&server]), (&bytes, &bytes));
    world.net.abort(&mut world.kernel, client);
    world.run();
    assert!(world.heard.iter().any(|(_, heard)| matches!(heard, Heard::Closed(HostId(1), ..))), "a reset in place");
}
