//! Services that are degraded: one more stage for the packets of one port, at its host.

use bytes::Bytes;

use super::world::*;
use crate::base::trace::DropReason;
use crate::base::{CloseReason, DataRate, Endpoint, HostId, Probability, SimDuration, SimTime};
use crate::net::{LinkDirConfig, NetEvent, QueueLimit, TcpConfig};

const SERVER: HostId = HostId(1);

/// A client, a server 10 ms away that receives and sends on ports 53 and 54, and what the stage of
/// port 53 does.
fn server(to: LinkDirConfig, from: LinkDirConfig) -> World {
    let mut world = World::new(chain(1, dir(None, 10), TcpConfig::default()));
    for (host, port) in [0, 1].into_iter().flat_map(|host| [53, 54].map(|port| (HostId(host), port))) {
        world.net.bind_udp(host, port, APP);
    }
    world.net.change_service(&mut world.kernel, SERVER, 53, &[to, from]);
    world
}

/// So slow: 1000 bytes a second.
fn slow(delay_ms: u64) -> LinkDirConfig {
    LinkDirConfig { rate: DataRate::from_bits_per_sec(8_000), ..dir(None, delay_ms) }
}

fn lossy(p: f64) -> LinkDirConfig {
    LinkDirConfig { loss: Probability::new(p).unwrap(), ..LinkDirConfig::default() }
}

/// Sends a datagram in a packet of 1000 bytes, from port 9.
fn ask(world: &mut World, from: u32, to: u32, port: u16) {
    send(world, (from, 9), (to, port));
}

fn send(world: &mut World, (from, from_port): (u32, u16), (to, port): (u32, u16)) {
    let bytes = Bytes::from(vec![0; 972]);
    world.net.send_datagram(&mut world.kernel, HostId(from), from_port, Endpoint::new(address(to), port), bytes);
}

/// When datagrams came to a host's port.
fn came(world: &World, host: u32, port: u16) -> Vec<SimTime> {
    let heard = world.heard.iter().filter(|(_, heard)| *heard == Heard::Datagram(HostId(host), port, 972));
    heard.map(|(at, _)| *at).collect()
}

fn dropped(world: &World, why: DropReason) -> Vec<(SimTime, HostId)> {
    let it = |seen: &Seen| matches!(seen, Seen::Dropped(None, _, reason) if *reason == why);
    world.kernel.trace.iter().filter(|(.., seen)| it(seen)).map(|(at, host, _)| (*at, *host)).collect()
}

/// Breaks when packets of another port wait too, the two directions share a queue, or delay and
/// serialization do not add up.
#[test]
fn one_port_is_slow_and_the_other_is_not() {
    let mut world = server(slow(2_000), slow(500));
    for port in [53, 53, 54] {
        ask(&mut world, 0, 1, port);
        send(&mut world, (1, port), (0, 53));
    }
    world.run();
    assert_eq!(came(&world, 1, 53), [3_010, 4_010].map(ms));
    assert_eq!(came(&world, 1, 54), [ms(10)]);
    assert_eq!(came(&world, 0, 53), [10, 1_510, 2_510].map(ms));
    // They arrive before they wait, and are sent when they have waited.
    let udp = |packet: &crate::base::trace::PacketInfo| packet.tcp.is_none();
    assert_eq!(world.arrived(1, udp), [ms(10); 3]);
    assert_eq!(world.sent(1, udp), [0, 1_500, 2_500].map(ms));
}

/// A handshake takes as much longer as the two stages together, and the client's own port of that
/// number is nobody's business.
#[test]
fn a_connection_to_a_degraded_port_takes_longer() {
    let mut world = server(dir(None, 30), dir(None, 500));
    let clients = [25, 53].map(|port| {
        world.net.listen(SERVER, port, APP);
        world.connect(0, 1, port)
    });
    world.net.listen(HostId(0), 53, APP);
    let called = world.connect(1, 0, 53);
    world.run_until(ms(900));
    let connected = |world: &World, host, socket| world.when(&Heard::Connected(HostId(host), socket));
    assert_eq!(connected(&world, 0, clients[0]), Some(ms(20)));
    assert_eq!(connected(&world, 0, clients[1]), Some(ms(550)));
    assert_eq!(connected(&world, 1, called), Some(ms(20)));
}

/// Breaks when the rate does not reach TCP: 100 kB in segments of 1500 bytes at 1 Mbit/s.
#[test]
fn a_transfer_takes_the_rate_of_the_stage() {
    let rate = LinkDirConfig { rate: DataRate::from_bits_per_sec(1_000_000), ..LinkDirConfig::default() };
    let mut world = server(rate, LinkDirConfig::default());
    world.net.listen(SERVER, 53, APP);
    let client = world.connect(0, 1, 53);
    world.send(client, &octets(100_000));
    world.close(client);
    world.run();
    let done = world.when(&Heard::PeerClosed(SERVER, world.accepted())).unwrap();
    // A SYN and an ACK come before the 102760 bytes of the data and the FIN, after one and a half round trips.
    let bytes = 40 + 44 + 40 * 69 + 100_000_u64;
    let least = ms(10).saturating_add(SimDuration::from_micros(8 * bytes));
    assert!(done >= least && done < ms(10 + 900), "{done:?}, {least:?}");
    assert_eq!(world.received[&world.accepted()], octets(100_000));
}

/// Each direction loses its own share at the server, the other port none.
#[test]
fn a_stage_loses_its_share() {
    const N: usize = 4_000;
    let mut world = server(lossy(0.2), lossy(0.4));
    for n in 0..N as u64 {
        world.run_until(ms(n));
        for port in [53, 54] {
            ask(&mut world, 0, 1, port);
            send(&mut world, (1, port), (0, port));
        }
    }
    world.run();
    let lost = |host, port| N - came(&world, host, port).len();
    assert_eq!((lost(1, 54), lost(0, 54)), (0, 0));
    // Five standard deviations: 126 and 155.
    assert!(lost(1, 53).abs_diff(800) < 126 && lost(0, 53).abs_diff(1_600) < 155, "{} {}", lost(1, 53), lost(0, 53));
    let losses = dropped(&world, DropReason::Loss);
    assert_eq!(losses.len(), lost(1, 53) + lost(0, 53));
    assert!(losses.iter().all(|(_, host)| *host == SERVER), "they are lost at the host");
}

/// Whoever finds no room is turned away there; packets that are copied or damaged are so as on a link.
#[test]
fn a_stage_has_the_troubles_of_a_link() {
    let full = LinkDirConfig { queue: QueueLimit::Packets(1), ..slow(0) };
    let one = Probability::new(1.0).unwrap();
    let twins = LinkDirConfig { duplication: one, ..LinkDirConfig::default() };
    let mut world = server(full, twins);
    (0..4).for_each(|_| ask(&mut world, 0, 1, 53));
    send(&mut world, (1, 53), (0, 54));
    world.run();
    assert_eq!(came(&world, 1, 53), [1_010, 2_010].map(ms));
    assert_eq!(dropped(&world, DropReason::QueueFull), [(ms(10), SERVER); 2]);
    assert_eq!(came(&world, 0, 54), [ms(10); 2]);
    let damage = LinkDirConfig { corruption: one, ..LinkDirConfig::default() };
    let mut world = server(damage, damage);
    ask(&mut world, 0, 1, 53);
    send(&mut world, (1, 53), (0, 54));
    send(&mut world, (1, 53), (1, 54));
    world.run();
    assert!(!world.heard.iter().any(|(_, heard)| matches!(heard, Heard::Datagram(..))));
    // The checksum at the destination finds it out: twice at the server, once at the client.
    assert_eq!(dropped(&world, DropReason::Corrupt), [(ms(0), SERVER), (ms(10), HostId(0)), (ms(10), SERVER)]);
}

/// Breaks when a host that speaks with itself is spared, or such a packet passes a stage twice.
#[test]
fn a_host_may_wait_for_itself() {
    let mut world = server(dir(None, 300), dir(None, 40));
    ask(&mut world, 1, 1, 53);
    send(&mut world, (1, 53), (1, 54));
    send(&mut world, (1, 53), (1, 53));
    world.run();
    assert_eq!(came(&world, 1, 53), [300, 340].map(ms));
    assert_eq!(came(&world, 1, 54), [ms(40)]);
}

/// What waits when the fault ends is served as the service then is, and what comes later waits for
/// it; when all have passed, there is no stage any more.
#[test]
fn nothing_overtakes_what_waits_at_the_end() {
    let ideal = LinkDirConfig::default();
    let mut world = server(slow(0), slow(0));
    (0..3).for_each(|_| ask(&mut world, 0, 1, 53));
    world.run_until(ms(1_500));
    world.net.change_service(&mut world.kernel, SERVER, 53, &[ideal; 2]);
    world.run_until(ms(1_700));
    ask(&mut world, 0, 1, 53);
    world.run_until(ms(3_000));
    // The second had begun.
    assert_eq!(came(&world, 1, 53), [1_010, 2_010, 2_010, 2_010].map(ms));
    ask(&mut world, 0, 1, 53);
    world.step();
    assert_eq!(came(&world, 1, 53).last(), Some(&ms(3_010)));
    assert!(world.kernel.next().is_none(), "it came without another event");
}

/// Breaks when a packet outlives its host, or its event finds another one; or when a new start
/// mends the service.
#[test]
fn a_crash_empties_the_stages_and_does_not_mend_them() {
    let mut world = server(slow(100), slow(100));
    (0..3).for_each(|_| ask(&mut world, 0, 1, 53));
    (0..3).for_each(|_| send(&mut world, (1, 53), (0, 53)));
    world.run_until(ms(1_050));
    world.net.check_conservation().unwrap();
    world.net.set_host_up(&mut world.kernel, SERVER, false);
    world.net.check_conservation().unwrap();
    assert_eq!(dropped(&world, DropReason::HostDown), [(ms(1_050), SERVER); 6]);
    world.run_until(ms(1_060));
    world.net.set_host_up(&mut world.kernel, SERVER, true);
    world.net.bind_udp(SERVER, 53, APP);
    ask(&mut world, 0, 1, 53);
    world.run();
    assert_eq!(came(&world, 1, 53), [ms(1_060 + 10 + 1_000 + 100)]);
    assert_eq!(came(&world, 0, 53), []);
}

/// A service becomes so slow that it repeats what still waits to be sent, and the repetitions are
/// sent when the other end has acknowledged their octets. Breaks when what they carry is lost or told of
/// another packet, and when a clone goes another way.
#[test]
fn captures_are_told_what_waited() {
    let late = LinkDirConfig { duplication: Probability::new(0.1).unwrap(), ..dir(Some(1), 1_500) };
    let mut world = server(dir(None, 5), LinkDirConfig::default());
    world.kernel.curious = true;
    world.net.listen(SERVER, 53, APP);
    let client = world.connect(0, 1, 53);
    world.run_until(ms(1_000));
    world.net.change_service(&mut world.kernel, SERVER, 53, &[dir(None, 5), late]);
    world.send(world.accepted(), &octets(30_000));
    world.run_until(ms(2_200));
    let mut other = world.clone();
    for world in [&mut world, &mut other] {
        world.run_until(ms(60_000));
        world.close(client);
        world.run();
        assert!(world.when(&Heard::Closed(HostId(0), client, CloseReason::Finished)).is_some());
        assert_eq!(world.received[&client], octets(30_000));
    }
    assert_eq!(world.kernel.trace, other.kernel.trace);
    let stream = octets(30_000);
    let acked = world.arrived(1, |packet| packet.tcp.is_some_and(|tcp| tcp.ack > Some(1_000)))[0];
    let mut belated = 0;
    for content in &world.kernel.contents {
        let (at, host, seen) = &world.kernel.trace[usize::try_from(content.sent.0).unwrap() - 1];
        let Seen::Sent(_, packet) = seen else { panic!("{seen:?} carries something") };
        let tcp = packet.tcp.unwrap();
        let from = usize::try_from(tcp.seq.saturating_sub(1)).unwrap();
        belated += usize::from(*host == SERVER && from < 1_000 && tcp.len > 0 && *at > acked);
        assert_eq!(content.payload, if tcp.len > 0 { &stream[from..from + tcp.len as usize] } else { &[] });
    }
    let sent = world.kernel.trace.iter().filter(|(.., seen)| matches!(seen, Seen::Sent(..))).count();
    assert_eq!(world.kernel.contents.len(), sent, "each is told once");
    assert!(belated > 0, "the first segment was sent again after it was acknowledged");
}

/// Without a degraded service no packet costs an event more.
#[test]
fn an_ideal_stage_is_no_stage() {
    let mut world = server(LinkDirConfig::default(), LinkDirConfig::default());
    ask(&mut world, 0, 1, 53);
    let next = world.kernel.next().map(|(at, event)| (at, matches!(event, NetEvent::LinkHead { .. })));
    assert_eq!(next, Some((ms(10), true)));
    world.step();
    assert_eq!((came(&world, 1, 53), world.kernel.next().is_none()), (vec![ms(10)], true));
}
