//! Resets and SYNs out of place (RFC 5961): what ends a connection and what does not.

use super::world::*;
use crate::base::{CloseReason, HostId, SocketId};
use crate::net::TcpConfig;
use crate::net::packet::Flags;
use crate::net::tcp::access::State;

fn forge(world: &mut World, to: SocketId, seq: u64, ack: u64, flags: Flags) {
    world.net.forge(&mut world.kernel, to, seq, ack, flags);
}

/// Times at which a host sent what has neither data nor SYN, FIN or RST.
fn bare_acks(world: &World, host: u32) -> Vec<u64> {
    let bare = |packet: &crate::base::trace::PacketInfo| {
        packet.tcp.is_some_and(|tcp| tcp.len == 0 && !tcp.syn && !tcp.fin && !tcp.rst)
    };
    world.sent(host, bare).iter().map(|at| at.as_nanos() / 1_000_000).collect()
}

/// A server end in that state, over a link of 50 ms each way.
fn server_in(state: State) -> (World, SocketId) {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.polite = false;
    world.run_until(ms(1_000));
    let (client_closes, server_closes) = match state {
        State::Established => (None, None),
        State::FinWait1 => (None, Some(1_999)),
        State::FinWait2 => (None, Some(1_500)),
        State::CloseWait => (Some(1_500), None),
        State::LastAck => (Some(1_500), Some(1_999)),
        State::Closing => (Some(1_948), Some(1_990)),
        State::TimeWait => (Some(1_700), Some(1_500)),
        State::SynSent | State::SynReceived | State::Closed => unreachable!("no synchronized state"),
    };
    let mut closing = [(client_closes, client), (server_closes, server)].map(|(at, socket)| (at.unwrap_or(0), socket));
    closing.sort_unstable_by_key(|(at, _)| *at);
    for (at, socket) in closing.into_iter().filter(|(at, _)| *at > 0) {
        world.run_until(ms(at));
        world.close(socket);
    }
    world.run_until(ms(2_000));
    assert_eq!(world.net.state(server), Some(state));
    (world, server)
}

/// RFC 9293 3.10.7.4, second check. Breaks when any reset will do, or none.
#[test]
fn only_a_reset_at_rcv_nxt_ends_a_connection() {
    let states = [
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ];
    for state in states {
        // Off RCV.NXT by so much: survives, and asks; or is silent.
        for (off, ends, asks) in [(0, true, false), (1, false, true), (-1, false, false), (1 << 20, false, false)] {
            let (mut world, server) = server_in(state);
            // The client hears nothing, so what it would say does not disturb.
            let before = bare_acks(&world, 1).len();
            let seq = world.net.rcv_nxt(server).checked_add_signed(off).unwrap();
            forge(&mut world, server, seq, 0, Flags::RST);
            world.run_until(ms(2_050));
            let gone = world.net.state(server).is_none();
            let closed = world.when(&Heard::Closed(HostId(1), server, CloseReason::Reset)).is_some();
            let asked = bare_acks(&world, 1)[before..].contains(&2_050);
            assert_eq!((gone, closed), (ends, ends && state != State::TimeWait), "{state:?} {off}");
            assert_eq!(asked, asks, "{state:?} {off}");
        }
    }
}

/// A client that aborts with a gap before its reset: the challenge brings a second reset.
/// Breaks when the first one ends the connection, or nothing does.
#[test]
fn a_challenge_gets_a_true_reset_from_who_is_gone() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.run_until(ms(1_000));
    world.net.set_link_up(&mut world.kernel, 0, false);
    world.send(client, &octets(3_000));
    world.run_until(ms(1_001));
    world.net.set_link_up(&mut world.kernel, 0, true);
    world.net.abort(&mut world.kernel, client);
    world.run();
    assert_eq!(world.when(&Heard::Closed(HostId(1), server, CloseReason::Reset)), Some(ms(1_001 + 150)));
    assert_eq!(world.sent(0, |packet| packet.tcp.is_some_and(|tcp| tcp.rst)), [1_001, 1_101].map(ms));
}

/// After data was sent again, SND.NXT stands before what the peer has; the reset must not.
#[test]
fn an_abort_is_believed_after_a_retransmission() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.run_until(ms(1_000));
    world.send(client, &octets(3_000));
    world.run_until(ms(1_050));
    // The acknowledgements are lost, so the client sends the first segment again.
    world.net.set_link_up(&mut world.kernel, 0, false);
    world.run_until(ms(1_200));
    world.net.set_link_up(&mut world.kernel, 0, true);
    world.run_until(ms(2_010));
    world.net.abort(&mut world.kernel, client);
    world.run();
    assert_eq!(world.when(&Heard::Closed(HostId(1), server, CloseReason::Reset)), Some(ms(2_060)));
}

/// RFC 5961 7. Breaks when forged segments draw any number of answers, or the ration is never renewed.
#[test]
fn challenges_are_rationed() {
    let (mut world, server) = server_in(State::Established);
    let seq = world.net.rcv_nxt(server) + 1;
    let before = bare_acks(&world, 1).len();
    for burst in [2_000, 6_000, 7_100] {
        world.run_until(ms(burst));
        for _ in 0..20 {
            forge(&mut world, server, seq, 0, Flags::RST);
        }
    }
    world.run_until(ms(8_000));
    let asked = bare_acks(&world, 1)[before..].to_vec();
    assert_eq!(asked, [vec![2_050; 10], vec![7_150; 10]].concat());
}

/// RFC 5961 4.2 and 5.2: a SYN anywhere, and an acknowledgement of what was never sent or long
/// ago, are answered and change nothing.
#[test]
fn a_stray_syn_or_acknowledgement_is_challenged() {
    let far = 200_000;
    for (seq, ack, flags) in
        [(None, 1, Flags::SYN), (Some(0), 1, Flags::SYN_ACK), (None, 9_999_999, Flags::ACK), (None, 1, Flags::ACK)]
    {
        let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
        world.polite = false;
        world.send(server, &octets(far));
        world.run_until(ms(2_000));
        let before = bare_acks(&world, 1).len();
        let seq = seq.unwrap_or_else(|| world.net.rcv_nxt(server));
        forge(&mut world, server, seq, ack, flags);
        world.run_until(ms(2_100));
        assert_eq!(bare_acks(&world, 1)[before..], [2_050], "{flags:?} {ack}");
        assert_eq!(world.received[&client].len(), far);
        assert_eq!(world.net.state(server), Some(State::Established));
    }
}

/// A listener's half-open connection: a reset in place ends it without a word to the application.
#[test]
fn a_half_open_connection_ends_by_a_reset_in_place() {
    for (seq, left) in [(1, 1), (2, 2), (0, 2)] {
        let mut world = World::new(chain(1, dir(None, 50), TcpConfig::default()));
        world.net.listen(HostId(1), 25, APP);
        world.connect(0, 1, 25);
        world.run_until(ms(60));
        let server = world.net.half_open().unwrap();
        forge(&mut world, server, seq, 0, Flags::RST);
        world.run_until(ms(99));
        assert_eq!(world.net.open_connections(), 2);
        world.run_until(ms(110));
        assert_eq!(world.net.state(server).is_some(), left == 2, "{seq}");
        assert!(!world.heard.iter().any(|(_, heard)| matches!(heard, Heard::Closed(HostId(1), ..))));
    }
}
