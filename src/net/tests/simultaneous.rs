//! Simultaneous open and close (RFC 9293 3.5 figure 8, 3.6 figure 13), as sequences of states.

use super::world::*;
use crate::base::{CloseReason, Endpoint, HostId, Probability, SocketId};
use crate::net::tcp::access::State;
use crate::net::{LinkDirConfig, TcpConfig, Topology};

const PORT: u16 = 7_000;

fn call(world: &mut World, from: u32, port: u16, to: u32, to_port: u16) -> SocketId {
    let to = Endpoint::new(address(to), to_port);
    world.net.connect_from(&mut world.kernel, HostId(from), APP, port, to).0
}

/// Both hosts of a link call each other, and say what is theirs.
fn both_call(topology: Topology, seed: u64) -> (World, [SocketId; 2]) {
    let mut world = World::seeded(topology, seed);
    let ends = [call(&mut world, 0, PORT, 1, PORT), call(&mut world, 1, PORT, 0, PORT)];
    for (number, end) in (1..).zip(ends) {
        world.send(end, &octets(10_000 * number));
    }
    (world, ends)
}

fn uneven(forth: u64, back: u64, tcp: TcpConfig) -> Topology {
    let mut topology = chain(1, dir(None, forth), tcp);
    topology.links[0].directions[1] = dir(None, back);
    topology
}

fn states(world: &World, ends: [SocketId; 2]) -> [Option<State>; 2] {
    ends.map(|end| world.net.state(end))
}

/// Figure 8: SYN-SENT, SYN-RECEIVED, ESTABLISHED on both sides, with two SYNs and two SYN-ACKs
/// and nothing more. Breaks when a SYN is ignored, or the SYN-ACK taken for an old duplicate.
#[test]
fn crossing_syns_make_one_connection() {
    let (mut world, ends) = both_call(uneven(50, 50, TcpConfig::default()), 1);
    for (at, state) in
        [(49, State::SynSent), (50, State::SynReceived), (99, State::SynReceived), (100, State::Established)]
    {
        world.run_until(ms(at));
        assert_eq!(states(&world, ends), [Some(state); 2], "{at}");
    }
    for (host, end) in (0..).zip(ends) {
        assert_eq!(world.when(&Heard::Connected(HostId(host), end)), Some(ms(100)));
        assert_eq!(world.sent(host, is_syn), [ms(0), ms(50)]);
    }
    world.run_until(ms(2_000));
    assert_eq!((&world.received[&ends[0]], &world.received[&ends[1]]), (&octets(20_000), &octets(10_000)));
    assert!(!world.saw(|seen| matches!(seen, Seen::Retransmitted(..))));
    assert_eq!(world.kernel.trace.iter().filter(|(.., seen)| *seen == Seen::Joined).count(), 1);
    // Figure 13 follows: FIN-WAIT-1, CLOSING, TIME-WAIT on both sides.
    world.run_until(ms(3_000));
    let _ = ends.map(|end| world.close(end));
    for (at, state) in [(3_049, State::FinWait1), (3_099, State::Closing), (3_100, State::TimeWait)] {
        world.run_until(ms(at));
        assert_eq!(states(&world, ends), [Some(state); 2], "{at}");
    }
    world.run();
    assert_eq!(states(&world, ends), [None; 2]);
    assert_eq!(world.now(), ms(3_100 + 240_000));
}

/// One SYN is on its way for longer than the other: the far end is done while the near one
/// still waits.
#[test]
fn ways_may_differ() {
    let (mut world, ends) = both_call(uneven(10, 90, TcpConfig::default()), 1);
    let steps = [
        (10, [State::SynSent, State::SynReceived]),
        (90, [State::SynReceived, State::SynReceived]),
        (100, [State::Established, State::Established]),
    ];
    for (at, expected) in steps {
        world.run_until(ms(at));
        assert_eq!(states(&world, ends), expected.map(Some), "{at}");
    }
    world.run_until(ms(2_000));
    assert_eq!((&world.received[&ends[0]], &world.received[&ends[1]]), (&octets(20_000), &octets(10_000)));
}

/// Whatever is lost, both get everything, with every option. Breaks when a SYN-ACK that is
/// sent again finds the other end in ESTABLISHED and is not answered.
#[test]
fn crossing_syns_survive_loss() {
    let options =
        TcpConfig { sack: true, timestamps: true, ecn: true, receive_window: 200_000, ..TcpConfig::default() };
    for seed in 0..200 {
        let loss = Probability::new(0.3).unwrap();
        let config = LinkDirConfig { loss, ..dir(Some(10), 20) };
        let tcp = if seed % 2 == 0 { TcpConfig::default() } else { options };
        let (mut world, ends) = both_call(chain(1, config, TcpConfig { syn_retries: 20, ..tcp }), seed);
        let _ = ends.map(|end| world.close(end));
        world.run();
        assert_eq!(
            (&world.received[&ends[0]], &world.received[&ends[1]]),
            (&octets(20_000), &octets(10_000)),
            "{seed}"
        );
        assert_eq!(world.net.open_connections(), 0);
    }
}

/// A caller that hangs up before the other's SYN comes: that one is refused, from SYN-RECEIVED.
/// The reset of its first SYN comes earlier, but is out of its window.
#[test]
fn a_caller_who_hung_up_refuses() {
    let mut world = World::new(uneven(50, 50, TcpConfig::default()));
    let ends = [call(&mut world, 0, PORT, 1, PORT), call(&mut world, 1, PORT, 0, PORT)];
    world.run_until(ms(20));
    world.net.abort(&mut world.kernel, ends[0]);
    world.run_until(ms(149));
    assert_eq!(states(&world, ends), [None, Some(State::SynReceived)]);
    world.run();
    assert_eq!(world.heard, [(ms(150), Heard::Closed(HostId(1), ends[1], CloseReason::Refused))]);
}

/// One end crashes in the middle, comes back and calls again from the same port: what it said
/// before is not said again, and the connection is the new one.
#[test]
fn a_caller_may_come_back() {
    for crash in [20, 60, 120] {
        let (mut world, ends) = both_call(uneven(50, 50, TcpConfig::default()), 1);
        world.run_until(ms(crash));
        world.net.set_host_up(&mut world.kernel, HostId(0), false);
        world.run_until(ms(crash + 1));
        world.net.set_host_up(&mut world.kernel, HostId(0), true);
        let mut last = (ends[0], ends[1]);
        for attempt in 0..20 {
            world.run_until(ms(10_000 * (attempt + 1)));
            if attempt < 19 && states(&world, [last.0, last.1]) != [Some(State::Established); 2] {
                if world.net.state(last.0).is_none() {
                    last.0 = call(&mut world, 0, PORT, 1, PORT);
                    world.send(last.0, b"again");
                }
                if world.net.state(last.1).is_none() {
                    last.1 = call(&mut world, 1, PORT, 0, PORT);
                    world.send(last.1, b"again");
                }
            }
        }
        assert_eq!(states(&world, [last.0, last.1]), [Some(State::Established); 2], "{crash}");
        assert_eq!(
            (world.received[&last.0].as_slice(), world.received[&last.1].as_slice()),
            (&b"again"[..], &b"again"[..])
        );
    }
}

#[test]
fn a_port_can_call_one_peer_once_and_never_itself() {
    let mut world = World::new(uneven(50, 50, TcpConfig::default()));
    world.net.listen(HostId(1), 25, APP);
    let first = call(&mut world, 0, PORT, 1, 25);
    let second = call(&mut world, 0, PORT, 1, 25);
    let itself = call(&mut world, 0, PORT, 0, PORT);
    world.run_until(ms(1_000));
    assert_eq!(world.when(&Heard::Connected(HostId(0), first)), Some(ms(100)));
    for socket in [second, itself] {
        assert_eq!(world.when(&Heard::Closed(HostId(0), socket, CloseReason::Unreachable)), Some(ms(0)));
    }
}
