//! TCP against closed forms, and in trouble.

use super::world::*;
use crate::base::trace::{DropReason, RetransmitReason};
use crate::base::{CloseReason, HostId, Probability, Side};
use crate::net::{LinkDirConfig, QueueLimit, TcpConfig};

const MSS: usize = 1_460;

/// V14, and DESIGN's handshake and one request in two round trips.
#[test]
fn connect_takes_one_round_trip_and_a_greeting_comes_after_two() {
    let mut world = World::new(chain(2, dir(None, 25), TcpConfig::default()));
    world.greeting = b"220 hamburger.edu\r\n".to_vec();
    world.net.listen(HostId(2), 25, APP);
    let client = world.connect(0, 2, 25);
    world.run_until(ms(1_000));
    assert_eq!(world.when(&Heard::Connected(HostId(0), client)), Some(ms(100)));
    assert_eq!(world.heard[1].0, ms(150), "accepted when the handshake's ACK arrives");
    assert_eq!(world.arrived(0, has_data), [ms(200)]);
    assert_eq!(world.received[&client], b"220 hamburger.edu\r\n");
}

/// Data queued before the handshake is done rides with its ACK.
#[test]
fn data_rides_with_the_handshakes_ack() {
    let mut world = World::new(chain(1, dir(None, 50), TcpConfig::default()));
    world.net.listen(HostId(1), 25, APP);
    let client = world.connect(0, 1, 25);
    world.send(client, b"hello");
    world.close(client);
    world.run();
    assert_eq!(world.sent(0, |_| true).iter().filter(|at| **at == ms(100)).count(), 1);
    let server = world.accepted();
    assert_eq!(world.received[&server], b"hello");
    assert_eq!(world.when(&Heard::Closed(HostId(1), server, CloseReason::Finished)), Some(ms(250)));
    assert_eq!(world.when(&Heard::Closed(HostId(0), client, CloseReason::Finished)), Some(ms(200)));
    assert_eq!(world.net.open_connections(), 0);
    assert_eq!(world.now(), ms(200 + 240_000), "TIME-WAIT lasts 2 MSL");
}

/// A reply within the event carries the acknowledgement; alone it waits 40 ms. Breaks when a
/// dialogue has more segments than lines.
#[test]
fn a_reply_carries_the_acknowledgement_and_silence_delays_it() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.run_until(ms(1_000));
    world.send(client, b"hello");
    world.run_until(ms(1_050));
    world.send(server, b"hello to you");
    world.run_until(ms(2_000));
    // A word that is answered from outside the event: the application was not there in time,
    // but within 40 ms.
    assert_eq!(world.sent(1, |packet| !is_syn(packet)), [ms(1_050)]);
    assert_eq!(world.sent(0, |packet| !has_data(packet) && !is_syn(packet)), [ms(100), ms(1_140)]);
    assert_eq!(world.kernel.trace.iter().filter(|(.., seen)| matches!(seen, Seen::Retransmitted(..))).count(), 0);
}

/// RFC 5681 4.2. Breaks when an out-of-order segment waits for company.
#[test]
fn every_second_segment_and_every_gap_is_acknowledged_at_once() {
    let (mut world, client, _) = connected(1, losing(5, 50), TcpConfig::default());
    world.run_until(ms(1_000));
    world.send(client, &octets(8 * MSS));
    world.run_until(ms(1_051));
    let acks: Vec<u64> = world.segments(1).filter(|(at, _)| *at == ms(1_050)).filter_map(|(_, tcp)| tcp.ack).collect();
    // The fifth of eight is missing: 2, 4, and one each for 6, 7, 8.
    assert_eq!(acks, [2, 4, 4, 4, 4].map(|n| 1 + n * MSS as u64));
}

#[test]
fn who_asks_is_told_once_when_little_is_left_to_send() {
    let (mut world, client, _) = connected(1, dir(None, 50), TcpConfig::default());
    world.run_until(ms(1_000));
    world.send(client, &octets(100_000));
    world.net.tell_when_drained(&mut world.kernel, client, 16_000);
    world.run();
    // Slow start with an acknowledgement of every second segment: 10, 15 and about 22 segments
    // leave some 30,000 octets for the fourth flight, which starts three round trips later.
    let told: Vec<_> = world.heard.iter().filter(|(_, heard)| matches!(heard, Heard::Drained(..))).collect();
    assert_eq!(told, [&(ms(1_300), Heard::Drained(HostId(0), client))]);
}

#[test]
fn a_closed_port_refuses_after_one_round_trip() {
    let mut world = World::new(chain(1, dir(None, 50), TcpConfig::default()));
    let client = world.connect(0, 1, 25);
    world.run();
    assert_eq!(world.heard, [(ms(100), Heard::Closed(HostId(0), client, CloseReason::Refused))]);
}

#[test]
fn no_route_is_told_by_an_event_not_within_the_call() {
    let mut topology = chain(1, dir(None, 50), TcpConfig::default());
    topology.nodes.push(node(2, false));
    let mut world = World::new(topology);
    let sockets = [world.connect(0, 2, 25), world.connect(0, 77, 25)];
    assert!(world.net.next_notice(&mut world.kernel).is_none());
    world.run();
    let closed = sockets.map(|socket| (ms(0), Heard::Closed(HostId(0), socket, CloseReason::Unreachable)));
    assert_eq!(world.heard, closed);
    assert_eq!(world.net.open_connections(), 0);
}

#[test]
fn a_host_that_came_back_resets_what_it_forgot() {
    let (mut world, client, _) = connected(1, dir(None, 50), TcpConfig::default());
    world.send(client, b"one");
    world.run_until(ms(180));
    world.net.set_host_up(&mut world.kernel, HostId(1), false);
    world.run_until(ms(500));
    world.net.set_host_up(&mut world.kernel, HostId(1), true);
    world.run();
    // Sent at 150 ms; lost at 200 ms; sent again after an RTO of 1 s.
    assert_eq!(world.when(&Heard::Closed(HostId(0), client, CloseReason::Reset)), Some(ms(1_250)));
    assert!(world.saw(|seen| matches!(seen, Seen::Dropped(_, _, DropReason::HostDown))));
    assert!(world.saw(|seen| *seen == Seen::Closed(Side::Client, CloseReason::Reset, 3, 0)));
}

/// Segments in flight stay good when their sender dies. Breaks when bytes die with it.
#[test]
fn what_a_dead_sender_had_sent_still_arrives() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.send(client, &octets(5_000));
    world.net.set_host_up(&mut world.kernel, HostId(0), false);
    world.run_until(ms(1_000));
    assert_eq!(world.received[&server], octets(5_000));
    assert_eq!(world.net.open_connections(), 1);
}

/// The client forgets a half-open connection and comes back with the same port.
#[test]
fn an_old_incarnation_is_reset_and_the_new_one_connects() {
    let (mut world, _, old) = connected(1, dir(None, 50), TcpConfig::default());
    world.net.set_host_up(&mut world.kernel, HostId(0), false);
    world.net.set_host_up(&mut world.kernel, HostId(0), true);
    world.net.rewind_ports(HostId(0));
    let client = world.connect(0, 1, 25);
    world.run();
    assert!(world.when(&Heard::Closed(HostId(1), old, CloseReason::Reset)).is_some());
    let at = world.when(&Heard::Connected(HostId(0), client)).unwrap();
    assert_eq!(at, ms(150 + 1_000 + 100), "with the repeated SYN");
}

/// The server dies with half a handshake; the caller's next SYN starts over. Breaks when the
/// byte streams remember the former end.
#[test]
fn a_server_that_dies_in_the_handshake_is_called_again() {
    let mut world = World::new(chain(1, dir(None, 50), TcpConfig::default()));
    world.net.listen(HostId(1), 25, APP);
    let client = world.connect(0, 1, 25);
    world.send(client, &octets(5_000));
    world.run_until(ms(60));
    world.net.set_link_up(&mut world.kernel, 0, false);
    world.net.set_host_up(&mut world.kernel, HostId(1), false);
    world.run_until(ms(500));
    world.net.set_link_up(&mut world.kernel, 0, true);
    world.net.set_host_up(&mut world.kernel, HostId(1), true);
    world.net.listen(HostId(1), 25, APP);
    world.run_until(ms(2_000));
    let server = world.accepted();
    assert_eq!(world.received[&server], octets(5_000));
}

/// Both ways at once, 5 % of all packets lost. Breaks on any hole in retransmission.
#[test]
fn lossy_bulk_is_byte_exact_both_ways() {
    let config = LinkDirConfig { loss: Probability::new(0.05).unwrap(), ..dir(Some(10), 5) };
    let (mut world, client, server) = connected(2, config, TcpConfig::default());
    let (there, back) = (octets(700_000), octets(500_000));
    world.send(client, &there);
    world.send(server, &back);
    world.close(client);
    world.run();
    assert!(world.received[&server] == there && world.received[&client] == back);
    assert!(world.when(&Heard::Closed(HostId(0), client, CloseReason::Finished)).is_some());
    assert!(world.when(&Heard::Closed(HostId(2), server, CloseReason::Finished)).is_some());
    for why in [RetransmitReason::Timeout, RetransmitReason::FastRetransmit] {
        assert!(world.saw(|seen| matches!(seen, Seen::Retransmitted(_, _, reason) if *reason == why)));
    }
    assert!(world.saw(|seen| *seen == Seen::Closed(Side::Client, CloseReason::Finished, 700_000, 500_000)));
}

/// A flow that fills a small buffer loses to drop-tail and recovers without a timeout (V25 in
/// spirit). Breaks when fast recovery stalls.
#[test]
fn a_small_buffer_is_met_by_fast_recovery() {
    let config = LinkDirConfig { queue: QueueLimit::Packets(20), ..dir(Some(10), 10) };
    let tcp = TcpConfig { receive_window: 1_000_000, ..TcpConfig::default() };
    let (mut world, client, server) = connected(1, config, tcp);
    world.send(client, &octets(25_000_000));
    world.run_until(ms(5_000));
    let before = world.received[&server].len();
    world.run_until(ms(15_000));
    let share = ((world.received[&server].len() - before) * 8) as f64 / 10.0 / (1e7 * 1_460.0 / 1_500.0);
    assert!(share > 0.9, "{share}");
    assert!(world.net.link_stats()[0].dropped_queue_full.packets > 0);
}

#[test]
fn one_direction_can_stay_open() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.polite = false;
    world.close(client);
    world.run_until(ms(1_000));
    assert!(world.when(&Heard::PeerClosed(HostId(1), server)).is_some());
    world.send(server, &octets(100_000));
    world.run_until(ms(3_000));
    assert_eq!(world.received[&client], octets(100_000));
    world.close(server);
    world.run();
    assert!(world.when(&Heard::Closed(HostId(0), client, CloseReason::Finished)).is_some());
    assert!(world.when(&Heard::Closed(HostId(1), server, CloseReason::Finished)).is_some());
}

#[test]
fn both_may_close_at_once() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.close(client);
    world.close(server);
    world.run();
    for (host, socket) in [(0, client), (1, server)] {
        assert!(world.when(&Heard::Closed(HostId(host), socket, CloseReason::Finished)).is_some());
    }
}

/// The receiver's application stops reading for an hour, and the update is lost. Breaks when
/// probes are missing, or count towards giving up.
#[test]
fn a_closed_window_is_probed_until_it_opens() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    world.stubborn = true;
    world.send(client, &octets(200_000));
    world.run_until(ms(3_600_000));
    assert_eq!(world.net.open_connections(), 2);
    world.stubborn = false;
    world.net.set_link_up(&mut world.kernel, 0, false);
    world.take(server);
    world.run_until(ms(3_600_010));
    world.net.set_link_up(&mut world.kernel, 0, true);
    world.run_until(ms(3_700_000));
    assert_eq!(world.received[&server], octets(200_000));
    let probes = world.sent(0, |packet| packet.tcp.is_some_and(|tcp| tcp.len == 1)).len();
    assert!((60..70).contains(&probes), "{probes}");
}

#[test]
fn an_abort_resets_the_peer_and_says_nothing_here() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    let before = world.heard.len();
    world.net.abort(&mut world.kernel, client);
    world.send(client, b"into the void");
    world.run();
    assert_eq!(world.heard[before..], [(ms(200), Heard::Closed(HostId(1), server, CloseReason::Reset))]);
    assert_eq!(world.net.open_connections(), 0);
}

#[test]
fn a_broken_link_is_outlived() {
    let (mut world, client, server) = connected(2, dir(Some(10), 5), TcpConfig::default());
    world.send(client, &octets(2_000_000));
    world.run_until(ms(400));
    world.net.set_link_up(&mut world.kernel, 1, false);
    world.run_until(ms(9_000));
    world.net.set_link_up(&mut world.kernel, 1, true);
    world.run_until(ms(60_000));
    assert_eq!(world.received[&server], octets(2_000_000));
}

#[test]
fn a_connection_to_oneself() {
    let mut world = World::new(chain(1, dir(None, 50), TcpConfig::default()));
    world.net.listen(HostId(0), 25, APP);
    let client = world.connect(0, 0, 25);
    world.send(client, &octets(100_000));
    world.close(client);
    world.run_until(ms(0));
    let server = world.accepted();
    assert_eq!(world.received[&server], octets(100_000));
    assert!(world.when(&Heard::Closed(HostId(0), client, CloseReason::Finished)).is_some());
}

/// Breaks when an event is blamed on nothing, or on the future.
#[test]
fn everything_has_a_cause() {
    let (mut world, client, _) = connected(2, dir(None, 50), TcpConfig::default());
    world.kernel.causes.iter().enumerate().skip(1).for_each(|(n, cause)| {
        assert!(cause.0 > 0 && cause.0 <= n as u64, "event {} is caused by {cause}", n + 1);
    });
    let count = world.kernel.trace.len();
    world.net.set_host_up(&mut world.kernel, HostId(2), false);
    world.send(client, b"x");
    world.run();
    assert!(world.kernel.causes[count + 1..].iter().all(|cause| cause.0 > 0));
}

/// A clone goes its own way, and the same way.
#[test]
fn a_clone_repeats_its_original() {
    let config = LinkDirConfig { loss: Probability::new(0.1).unwrap(), ..dir(Some(10), 5) };
    let (mut world, client, _) = connected(2, config, TcpConfig::default());
    world.send(client, &octets(100_000));
    world.run_until(ms(2_000));
    let mut twin = world.clone();
    world.run_until(ms(60_000));
    let (events, stats) = (world.kernel.trace.clone(), world.net.link_stats().to_vec());
    twin.run_until(ms(60_000));
    assert!(twin.kernel.trace == events && twin.net.link_stats() == stats);
}

/// Invariant 19. Breaks when a stream, a counter or an order number is shared between hosts.
#[test]
fn strangers_change_nothing() {
    let config = LinkDirConfig { loss: Probability::new(0.1).unwrap(), ..dir(Some(10), 5) };
    let run = |strangers: bool| {
        let mut topology = chain(2, config, TcpConfig::default());
        if strangers {
            topology.nodes.extend([node(3, false), node(4, false)]);
            topology.links.push(link(2, 3, 1, config));
            topology.links.push(link(3, 1, 4, config));
        }
        let mut world = World::new(topology);
        world.polite = true;
        world.net.listen(HostId(2), 25, APP);
        if strangers {
            world.net.listen(HostId(4), 25, APP);
            let socket = world.connect(3, 4, 25);
            world.send(socket, &octets(100_000));
        }
        let socket = world.connect(0, 2, 25);
        world.send(socket, &octets(100_000));
        world.close(socket);
        world.run_until(ms(600_000));
        let strange = |host: u32| (3..=4).contains(&host);
        let mut trace = world.kernel.trace;
        trace.retain(|(_, host, seen)| match seen {
            Seen::Sent(_, packet) | Seen::Arrived(_, packet) | Seen::Dropped(_, packet, _) => {
                [3, 4].map(address).iter().all(|strange| packet.src.addr != *strange && packet.dst.addr != *strange)
            }
            Seen::Opening
            | Seen::Joined
            | Seen::TurnedAway
            | Seen::Established(_)
            | Seen::Retransmitted(..)
            | Seen::Closed(..) => !strange(host.0),
        });
        trace
    };
    let alone = run(false);
    assert!(alone.len() > 500 && alone == run(true));
}

/// Nagle's algorithm against delayed acknowledgements, the classic: the second word waits for
/// the acknowledgement of the first, which waits 40 ms for company.
#[test]
fn nagle_gathers_small_writes() {
    let words = |nagle: bool| {
        let (mut world, client, _) = connected(1, dir(None, 50), TcpConfig { nagle, ..TcpConfig::default() });
        world.polite = false;
        for at in 1_000..1_004 {
            world.run_until(ms(at));
            world.send(client, b"word ");
        }
        world.run_until(ms(3_000));
        world.close(client);
        world.run_until(ms(4_000));
        world.sent(0, has_data)
    };
    assert_eq!(words(false), [1_000, 1_001, 1_002, 1_003].map(ms));
    assert_eq!(words(true), [1_000, 1_140].map(ms));
}

/// RFC 9293 3.8.6.1: the first probe after an RTO, then doubling. Breaks when an answered
/// probe resets the back-off.
#[test]
fn probes_double_up_to_the_cap() {
    let tcp = TcpConfig { receive_window: 14_600, ..TcpConfig::default() };
    let (mut world, client, server) = connected(1, dir(None, 50), tcp);
    world.stubborn = true;
    world.run_until(ms(1_000));
    world.send(client, &octets(29_200));
    world.run_until(ms(200_000));
    let probes = world.sent(0, |packet| packet.tcp.is_some_and(|tcp| tcp.len == 1));
    assert_eq!(probes, [2_100, 4_100, 8_100, 16_100, 32_100, 64_100, 124_100, 184_100].map(ms));
    world.take(server);
    world.stubborn = false;
    world.run_until(ms(200_300));
    assert_eq!(world.received[&server], octets(29_200), "the update comes at once, then a window");
}

/// RFC 9293 3.8.6.2.1. Breaks when the odd end of a window is sent at once, or never.
#[test]
fn a_window_of_less_than_a_segment_is_used_in_the_end() {
    let sizes = |silly_window_avoidance: bool| {
        let tcp = TcpConfig { receive_window: 10_000, silly_window_avoidance, ..TcpConfig::default() };
        let (mut world, client, _) = connected(1, dir(None, 50), tcp);
        world.stubborn = true;
        world.run_until(ms(1_000));
        world.send(client, &octets(20_000));
        world.run_until(ms(2_000));
        let before = world.sent(0, has_data).len();
        world.run_until(ms(2_200));
        let odd = world.sent(0, |packet| packet.tcp.is_some_and(|tcp| tcp.len == 10_000 - 6 * 1_460));
        (before, odd)
    };
    assert_eq!(sizes(false), (7, vec![ms(1_000)]));
    // The acknowledgement of the sixth segment is immediate; the override is an RTO later.
    assert_eq!(sizes(true), (6, vec![ms(2_100)]));
}

/// RFC 1122 4.2.3.6: a probe after each idle time, answered; nine unanswered ones 75 s apart
/// end the connection. Breaks when a probe goes unanswered, or data is taken for one.
#[test]
fn keep_alives_find_out_a_dead_peer() {
    let keep_alive = Some(crate::base::SimDuration::from_secs(7_200));
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig { keep_alive, ..TcpConfig::default() });
    // The server was connected 50 ms after the client, and its probe is an answer to nobody.
    world.run_until(ms(3 * 7_200_000));
    assert_eq!(world.net.open_connections(), 2);
    assert!(!world.sent(0, |packet| !is_syn(packet)).is_empty());
    let last = *world.arrived(0, |_| true).last().unwrap();
    world.net.set_host_up(&mut world.kernel, HostId(1), false);
    world.run();
    let (_, Heard::Closed(HostId(0), socket, CloseReason::TimedOut)) = world.heard.last().unwrap() else {
        panic!("{:?}", world.heard)
    };
    assert_eq!(*socket, client);
    assert_eq!(world.heard.last().unwrap().0.since(last).as_secs(), 7_200 + 9 * 75);
    assert!(world.when(&Heard::Closed(HostId(1), server, CloseReason::TimedOut)).is_none());
}

/// RFC 9293 3.9.1. Breaks when retries are counted instead of time.
#[test]
fn the_user_time_out_ends_what_retries_would_not() {
    let user_timeout = Some(crate::base::SimDuration::from_secs(10));
    let (mut world, client, _) = connected(1, dir(None, 50), TcpConfig { user_timeout, ..TcpConfig::default() });
    world.run_until(ms(1_000));
    world.net.set_host_up(&mut world.kernel, HostId(1), false);
    world.send(client, b"anybody?");
    world.run();
    assert_eq!(world.when(&Heard::Closed(HostId(0), client, CloseReason::TimedOut)), Some(ms(11_000)));
}
