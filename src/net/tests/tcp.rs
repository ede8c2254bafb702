//! TCP against closed forms, and in trouble.

use super::world::*;
use crate::base::trace::{DropReason, RetransmitReason};
use crate::base::{CloseReason, HostId, Probability, Side, SimTime};
use crate::net::{LinkDirConfig, QueueLimit, TcpConfig};

const MSS: usize = 1_460;

fn is_syn(packet: &crate::base::trace::PacketInfo) -> bool {
    packet.tcp.is_some_and(|tcp| tcp.syn)
}

fn has_data(packet: &crate::base::trace::PacketInfo) -> bool {
    packet.tcp.is_some_and(|tcp| tcp.len > 0)
}

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

fn slow_start(segments: usize, initial_window: u32) -> SimTime {
    let tcp = TcpConfig { initial_window, receive_window: 1_000_000, ..TcpConfig::default() };
    let (mut world, client, _) = connected(1, dir(None, 50), tcp);
    let start = ms(1_000);
    world.run_until(start);
    world.send(client, &octets(segments * MSS));
    world.run();
    let acks = world.arrived(0, |packet| packet.tcp.is_some_and(|tcp| tcp.ack == Some((segments * MSS) as u64 + 1)));
    SimTime::from_nanos(acks[0].since(start).as_nanos())
}

/// V15, V16. Breaks when the handshake grows the window, or an ACK adds other than a segment.
#[test]
fn slow_start_doubles_each_round_trip() {
    assert_eq!(slow_start(70, 10), ms(300));
    assert_eq!(slow_start(127, 1), ms(700));
}

/// V18: W/RTT. Breaks when the window is not used to the last octet, or opens late.
#[test]
fn a_window_limits_throughput() {
    let (mut world, client, server) = connected(1, dir(None, 50), TcpConfig::default());
    let start = ms(1_000);
    world.run_until(start);
    world.send(client, &octets(6_000_000));
    world.run_until(ms(2_000));
    let before = world.received[&server].len();
    world.run_until(ms(7_000));
    let rate = ((world.received[&server].len() - before) * 8) as f64 / 5.0;
    let expected = 65_535.0 * 8.0 / 0.1;
    assert!((rate / expected - 1.0).abs() < 0.01, "{rate} against {expected}");
}

/// V04: goodput of a saturated link, and nothing sent twice.
#[test]
fn a_saturated_link_carries_1460_of_1500() {
    let (mut world, client, server) = connected(1, dir(Some(10), 5), TcpConfig::default());
    world.send(client, &octets(20_000_000));
    world.run_until(ms(2_000));
    let before = world.received[&server].len();
    world.run_until(ms(12_000));
    let rate = ((world.received[&server].len() - before) * 8) as f64 / 10.0;
    assert!((rate / (1e7 * 1_460.0 / 1_500.0) - 1.0).abs() < 0.001, "{rate}");
    assert!(world.kernel.largest_heap <= 8, "link heads and one timer an end: {}", world.kernel.largest_heap);
    assert!(!world.saw(|seen| matches!(seen, Seen::Retransmitted(..))));
}

/// V19. Breaks when the back-off is off by one, or a silent host answers.
#[test]
fn a_syn_that_nobody_answers() {
    let mut world = World::new(chain(1, dir(None, 50), TcpConfig::default()));
    world.net.set_host_up(&mut world.kernel, HostId(1), false);
    let client = world.connect(0, 1, 25);
    world.run();
    assert_eq!(world.sent(0, is_syn), [0, 1, 3, 7, 15, 31].map(|s| ms(s * 1_000)));
    assert_eq!(world.heard, [(ms(63_000), Heard::Closed(HostId(0), client, CloseReason::TimedOut))]);
    assert!(world.saw(|seen| *seen == Seen::Closed(Side::Client, CloseReason::TimedOut, 0, 0)));
}

/// V20: 3R after the first sample, then doubling; given up at the sum of all.
#[test]
fn the_first_rto_is_three_round_trips_and_silence_ends_the_connection() {
    let tcp = TcpConfig { data_retries: 4, ..TcpConfig::default() };
    let (mut world, client, _) = connected(1, dir(None, 300), tcp);
    world.net.set_host_up(&mut world.kernel, HostId(1), false);
    let start = ms(900);
    assert_eq!(world.kernel.trace.last().map(|(at, ..)| *at), Some(start));
    world.send(client, b"anybody?");
    world.run();
    let after: Vec<u64> = world.sent(0, has_data).iter().map(|at| at.since(start).as_nanos() / 1_000_000).collect();
    assert_eq!(after, [0, 1_800, 5_400, 12_600, 27_000]);
    let end = SimTime::from_nanos(start.as_nanos() + 55_800_000_000);
    assert_eq!(world.when(&Heard::Closed(HostId(0), client, CloseReason::TimedOut)), Some(end));
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
    assert!(world.net.next_notice().is_none());
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

/// V25, V26: one flow, RTT 100 ms, 10 Mb/s (BDP 83 packets).
fn utilisation(buffer: u32) -> f64 {
    let (mut world, client, server) = {
        let config = LinkDirConfig { queue: QueueLimit::Packets(buffer), ..dir(Some(10), 50) };
        let tcp = TcpConfig { receive_window: 10_000_000, ..TcpConfig::default() };
        connected(1, config, tcp)
    };
    world.send(client, &octets(65_000_000));
    world.run_until(ms(10_000));
    let before = world.received[&server].len();
    world.run_until(ms(50_000));
    ((world.received[&server].len() - before) * 8) as f64 / 40.0 / (1e7 * 1_460.0 / 1_500.0)
}

/// V25: the sawtooth between W/2 and W. Breaks when recovery ends in a timeout.
#[test]
fn almost_no_buffer_gives_three_quarters_of_the_link() {
    let share = utilisation(2);
    assert!((0.72..0.82).contains(&share), "{share}");
}

/// V26. Breaks when a timeout in recovery takes the inflated flight for the path's capacity.
#[test]
fn a_buffer_of_one_bandwidth_delay_product_keeps_the_link_busy() {
    let share = utilisation(83);
    assert!(share >= 0.97, "{share}");
}

/// V21: each way loses 5 %. Breaks when a lost SYN-ACK costs other than the running back-off.
#[test]
fn a_lost_handshake_costs_the_running_back_off() {
    let config = LinkDirConfig { loss: Probability::new(0.05).unwrap(), ..dir(None, 50) };
    let mut world = World::new(chain(1, config, TcpConfig { syn_retries: 12, ..TcpConfig::default() }));
    world.net.listen(HostId(1), 25, APP);
    let connects = 10_000;
    for _ in 0..connects {
        world.connect(0, 1, 25);
    }
    world.run_until(ms(3_600_000));
    let total: f64 = world
        .heard
        .iter()
        .filter(|(_, heard)| matches!(heard, Heard::Connected(..)))
        .map(|(at, _)| at.as_nanos() as f64 / 1e9 - 0.1)
        .sum();
    let expected = 2.0 * (0.95 / 0.9 - 1.0);
    let mean = total / f64::from(connects);
    assert!((mean / expected - 1.0).abs() < 0.1, "{mean} against {expected}");
}

/// V24: random loss of data only, RTT 100 ms, T0 1 s. Breaks when back-off, recovery or
/// slow start after a timeout is off.
#[test]
fn random_loss_gives_the_throughput_of_the_pftk_model() {
    for (loss, expected, tolerance) in [(0.01, 1154324.1, 0.25), (0.05, 304206.3, 0.35)] {
        let mut topology = chain(1, dir(None, 50), TcpConfig { receive_window: 10_000_000, ..TcpConfig::default() });
        topology.links[0].directions[0].loss = Probability::new(loss).unwrap();
        let mut world = World::new(topology);
        world.net.listen(HostId(1), 25, APP);
        let client = world.connect(0, 1, 25);
        world.send(client, &octets(60_000_000));
        world.run_until(ms(400_000));
        let received: usize = world.received.values().map(Vec::len).sum();
        let rate = (received * 8) as f64 / 400.0;
        assert!((rate / expected - 1.0).abs() < tolerance, "{loss}: {rate} against {expected}");
    }
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
            Seen::Opening | Seen::Established(_) | Seen::Retransmitted(..) | Seen::Closed(..) => !strange(host.0),
        });
        trace
    };
    let alone = run(false);
    assert!(alone.len() > 500 && alone == run(true));
}
