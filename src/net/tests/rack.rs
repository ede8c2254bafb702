//! Losses found by time, and tail loss probes (RFC 8985).

use super::world::*;
use crate::base::trace::RetransmitReason;
use crate::base::{Dist, HostId, LinkDirId, Probability, SimDuration, SocketId};
use crate::net::{Jitter, LinkDirConfig, TcpConfig};
use RetransmitReason::{FastRetransmit, LossProbe, Timeout};

const MSS: usize = 1_460;

/// Every segment is acknowledged at once.
fn tcp(rack: bool) -> TcpConfig {
    TcpConfig { sack: true, rack, delayed_ack: SimDuration::ZERO, ..TcpConfig::default() }
}

/// What was sent again, and when in ms.
fn again(world: &World) -> Vec<(u64, RetransmitReason)> {
    let reason = |seen: &Seen| match seen {
        Seen::Retransmitted(_, _, why) => Some(*why),
        Seen::Sent(..)
        | Seen::Arrived(..)
        | Seen::Dropped(..)
        | Seen::Opening
        | Seen::Joined
        | Seen::TurnedAway
        | Seen::Established(_)
        | Seen::Closed(..) => None,
    };
    let at = |ns: u64| {
        assert_eq!(ns % 1_000_000, 0, "everything here is at whole milliseconds");
        ns / 1_000_000
    };
    world.kernel.trace.iter().filter_map(|(time, _, seen)| Some((at(time.as_nanos()), reason(seen)?))).collect()
}

/// A client and a server 50 ms away, at 1 s.
fn at_one_second(config: LinkDirConfig, tcp: TcpConfig) -> (World, SocketId, SocketId) {
    let (mut world, client, server) = connected(1, config, tcp);
    world.run_until(ms(1_000));
    (world, client, server)
}

/// From now on, the client's packets are lost or none is.
fn lose(world: &mut World, all: bool) {
    let loss = Probability::new(f64::from(u8::from(all))).unwrap();
    world.net.change_link(&mut world.kernel, LinkDirId(0), &LinkDirConfig { loss, ..dir(None, 50) });
}

/// 7.2, 7.3. Breaks when a lost tail waits for the retransmission timer, or the probe comes at
/// another time than two round trips after the last acknowledgement.
#[test]
fn a_lost_tail_is_repaired_by_a_probe() {
    let run = |tcp: TcpConfig| {
        let (mut world, client, server) = at_one_second(losing(10, 50), tcp);
        world.send(client, &octets(10 * MSS));
        world.run_until(ms(9_000));
        assert_eq!(world.received[&server], octets(10 * MSS));
        again(&world)
    };
    assert_eq!(run(tcp(true)), [(1_300, LossProbe)]);
    assert_eq!(run(tcp(false)), [(2_100, Timeout)]);
    // The ninth is acknowledged 40 ms late, and a segment alone may be too.
    assert_eq!(run(TcpConfig { delayed_ack: SimDuration::from_millis(40), ..tcp(true) }), [(1_380, LossProbe)]);
}

/// 7.4.2. Breaks when the loss that a probe repaired does not count as congestion once more is
/// acknowledged than the probe, or when a probe that was not needed counts.
#[test]
fn what_a_probe_repaired_halves_the_window() {
    let run = |lost: bool| {
        let (mut world, client, _) = at_one_second(if lost { losing(10, 50) } else { dir(None, 50) }, tcp(true));
        world.send(client, &octets(10 * MSS));
        while world.arrived(1, has_data).len() < 9 {
            world.step();
        }
        // The acknowledgement of the tenth comes at 1.31 s, if there is one.
        world.net.change_link(&mut world.kernel, LinkDirId(1), &dir(None, 260));
        world.run_until(ms(1_100));
        world.net.change_link(&mut world.kernel, LinkDirId(0), &dir(None, 50));
        world.net.change_link(&mut world.kernel, LinkDirId(1), &dir(None, 50));
        world.run_until(ms(1_900));
        assert_eq!(again(&world), [(1_300, LossProbe)]);
        world.kernel.curious = true;
        world.send(client, &octets(20 * MSS));
        world.run_until(ms(2_000));
        let own = world.kernel.windows.iter().filter(|windows| windows.host.0 == 0);
        own.map(|windows| windows.cwnd).take(2).collect::<Vec<_>>()
    };
    // Slow start went on while half of the window was used; at the next acknowledgement, half of
    // the 14 that are out, and one step of congestion avoidance.
    assert_eq!(run(true), [14 * 1_460, 7 * 1_460 + 208]);
    assert_eq!(run(false), [14 * 1_460, 15 * 1_460]);
}

/// 7.3: new data goes before old. Breaks when the probe is not the fifth segment, or what it
/// tells does not begin recovery.
#[test]
fn a_probe_of_new_data_tells_of_a_whole_lost_flight() {
    let (mut world, client, server) = at_one_second(dir(None, 50), TcpConfig { initial_window: 4, ..tcp(true) });
    lose(&mut world, true);
    world.send(client, &octets(8 * MSS));
    world.run_until(ms(1_100));
    lose(&mut world, false);
    world.run_until(ms(9_000));
    assert_eq!(world.received[&server], octets(8 * MSS));
    assert_eq!(world.sent(0, has_data)[4], ms(1_200));
    // Half of the five is a window of two segments and a half.
    assert_eq!(again(&world), [1_300, 1_300, 1_400, 1_400].map(|at| (at, FastRetransmit)));
}

/// 7.3 and 7.2: one probe a flight, and none while a time-out is repaired. Breaks when a probe
/// follows a probe, or the retransmission timer does not start anew with it.
#[test]
fn a_lost_probe_leaves_it_to_the_timer() {
    let (mut world, client, _) = at_one_second(dir(None, 50), tcp(true));
    lose(&mut world, true);
    world.send(client, &octets(MSS));
    world.run_until(ms(5_000));
    assert_eq!(again(&world), [(1_200, LossProbe), (2_200, Timeout), (4_200, Timeout)]);
}

/// 7.3: a round trip is measured between two probes. Breaks when a probe follows without, or the
/// retransmission timer does not start anew all the same.
#[test]
fn a_second_probe_waits_for_a_measurement() {
    let (mut world, client, _) = at_one_second(losing(10, 50), tcp(true));
    world.send(client, &octets(10 * MSS));
    world.run_until(ms(2_000));
    lose(&mut world, true);
    world.send(client, &octets(MSS));
    world.run_until(ms(5_000));
    assert_eq!(again(&world), [(1_300, LossProbe), (3_200, Timeout)]);
}

/// 6.2: the 7th and 14th of 20 segments are lost, and the 7th once more. Breaks when that takes the
/// retransmission timer, or the window is not halved twice (RFC 5681 4.3).
#[test]
fn a_lost_retransmission_is_found() {
    let run = |rack: bool| {
        let (mut world, client, server) = at_one_second(losing(7, 50), TcpConfig { initial_window: 20, ..tcp(rack) });
        world.kernel.curious = true;
        world.send(client, &octets(20 * MSS));
        world.run_until(ms(20_000));
        assert_eq!(world.received[&server], octets(20 * MSS));
        world
    };
    let world = run(true);
    assert_eq!(again(&world), [1_100, 1_100, 1_200].map(|at| (at, FastRetransmit)));
    let mut thresholds: Vec<u64> = world.kernel.windows.iter().filter_map(|windows| windows.ssthresh).collect();
    thresholds.dedup();
    assert_eq!(thresholds, [7 * 1_460, 7 * 730]);
    assert!(again(&run(false)).iter().any(|(_, why)| *why == Timeout));
}

/// 6.2 steps 3 and 4: packets overtake each other by up to 20 ms, and a quarter of a round trip is 25.
/// Breaks when they count as lost, or when what an end has learnt of its path is gone after a sleep.
#[test]
fn reordering_within_the_window_is_no_loss() {
    let run = |rack: bool| {
        let extra = Dist::Uniform { low: SimDuration::ZERO, high: SimDuration::from_millis(20) };
        let mut topology = chain(1, dir(None, 50), tcp(rack));
        topology.links[0].directions[0].jitter = Some(Jitter { extra, reorder: true });
        let mut world = World::new(topology);
        world.net.listen(HostId(1), 25, APP);
        let client = world.connect(0, 1, 25);
        world.run_until(ms(1_000));
        let server = world.accepted();
        let mut sent = 0;
        for (at, segments) in (1..=40).map(|n| (n * 3_000, if n > 10 { 8 } else { 2 })).chain([(130_000, 200)]) {
            world.run_until(ms(at));
            world.send(client, &octets(460 * MSS)[sent..sent + segments * MSS]);
            sent += segments * MSS;
        }
        world.run_until(ms(150_000));
        assert_eq!(world.received[&server], octets(460 * MSS)[..sent]);
        world.kernel.trace.iter().filter(|(.., seen)| matches!(seen, Seen::Retransmitted(..))).count()
    };
    assert_eq!(run(true), 0);
    assert!(run(false) > 0);
}
