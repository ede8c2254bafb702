//! Loss recovery with selective acknowledgements, and the options of a SYN.

use super::world::*;
use crate::base::Probability;
use crate::base::trace::{RetransmitReason, TcpInfo};
use crate::net::{LinkDirConfig, TcpConfig};

const MSS: usize = 1_460;

fn segments(world: &World, host: u32) -> impl Iterator<Item = TcpInfo> {
    world.segments(host).map(|(_, tcp)| tcp)
}

/// Three losses in one window: with SACK in one round trip, with NewReno in one each. Breaks
/// when holes are not all sent again at once, or something is sent again that had arrived.
#[test]
fn selective_acknowledgements_mend_a_window_in_one_round_trip() {
    let run = |sack: bool| {
        let tcp = TcpConfig { initial_window: 32, sack, ..TcpConfig::default() };
        let (mut world, client, server) = connected(1, losing(9, 50), tcp);
        world.run_until(ms(1_000));
        world.send(client, &octets(30 * MSS));
        world.run_until(ms(10_000));
        assert_eq!(world.received[&server], octets(30 * MSS));
        assert!(!world.saw(|seen| matches!(seen, Seen::Retransmitted(_, _, RetransmitReason::Timeout))));
        let again: Vec<u64> = world
            .kernel
            .trace
            .iter()
            .filter(|(.., seen)| matches!(seen, Seen::Retransmitted(..)))
            .map(|(at, ..)| at.since(ms(1_000)).as_nanos() / 1_000_000)
            .collect();
        again
    };
    // The fourth is the rescue of the highest segment (NextSeg rule 4): no new data is left, and
    // its acknowledgement is still behind others of the same instant.
    assert_eq!(run(true), [100, 100, 100, 100]);
    assert_eq!(run(false), [100, 200, 300]);
}

/// RFC 2018 4. Breaks when the first block is not the one that the latest segment belongs to.
#[test]
fn the_first_block_holds_the_latest_segment() {
    let tcp = TcpConfig { initial_window: 32, sack: true, ..TcpConfig::default() };
    let (mut world, client, _) = connected(1, losing(4, 50), tcp);
    world.run_until(ms(1_000));
    world.send(client, &octets(16 * MSS));
    world.run_until(ms(1_050));
    let last = segments(&world, 1).last().unwrap();
    let mss = u32::try_from(MSS).unwrap();
    assert_eq!(last.ack, Some(1 + 3 * MSS as u64));
    // Missing: 4, 8, 12, 16. Arrived: 5-7, 9-11, 13-15.
    let blocks: Vec<_> = last.options.sack_blocks().collect();
    assert_eq!(blocks, [(9 * mss, 12 * mss), (5 * mss, 8 * mss), (mss, 4 * mss)]);
    assert_eq!(last.options.bytes(), 28);
}

/// RFC 9293 3.7.1, RFC 7323 2.2. Breaks when an option is offered that was not asked for.
#[test]
fn a_syn_offers_what_the_scenario_says() {
    let syns = |tcp: TcpConfig| {
        let (world, ..) = connected(1, dir(None, 50), tcp);
        let of = |host| segments(&world, host).next().unwrap().options;
        (of(0), of(1))
    };
    let (plain, answer) = syns(TcpConfig::default());
    assert_eq!((plain.mss, plain.bytes(), answer.bytes()), (Some(1_460), 4, 4));
    let all = TcpConfig { sack: true, timestamps: true, receive_window: 1_000_000, ..TcpConfig::default() };
    let (offer, answer) = syns(all);
    assert!(offer.sack_permitted && offer.timestamps.is_some() && offer.window_scale == Some(4));
    assert!(answer.sack_permitted && answer.timestamps.is_some() && answer.window_scale == Some(4));
    assert_eq!(offer.bytes(), 20);
}

/// With timestamps a segment holds 1448 octets, and a round trip is measured on a
/// retransmission (RFC 7323 4), so that a timeout does not stay backed off.
#[test]
fn timestamps_take_twelve_octets() {
    let tcp = TcpConfig { timestamps: true, ..TcpConfig::default() };
    let (mut world, client, server) = connected(1, dir(None, 50), tcp);
    world.send(client, &octets(10_000));
    world.run_until(ms(5_000));
    assert_eq!(world.received[&server], octets(10_000));
    assert_eq!(segments(&world, 0).map(|tcp| tcp.len).max(), Some(1_448));
    assert!(world.saw(|seen| matches!(seen, Seen::Sent(_, packet) if packet.bytes == 1_500)));
}

/// Without window scaling no more than 65535 octets are on their way.
#[test]
fn an_unscaled_window_stays_below_64_kib() {
    let most = |window_scale: bool| {
        let tcp = TcpConfig { receive_window: 1_000_000, window_scale, ..TcpConfig::default() };
        let (mut world, client, _) = connected(1, dir(None, 50), tcp);
        world.send(client, &octets(4_000_000));
        world.run_until(ms(3_000));
        segments(&world, 1).map(|tcp| tcp.window).max().unwrap()
    };
    assert_eq!(most(false), 65_535);
    assert_eq!(most(true), 1_000_000);
}

/// RFC 3042: with four segments out and the first lost, only limited transmit brings the third
/// duplicate.
#[test]
fn limited_transmit_spares_a_timeout() {
    let timeouts = |limited_transmit: bool| {
        let tcp = TcpConfig { initial_window: 3, limited_transmit, ..TcpConfig::default() };
        let tcp = TcpConfig { delayed_ack: crate::base::SimDuration::ZERO, ..tcp };
        let (mut world, client, server) = connected(1, losing(7, 50), tcp);
        world.net.set_link_up(&mut world.kernel, 0, true);
        world.send(client, &octets(3 * MSS));
        world.run_until(ms(900));
        world.send(client, &octets(9 * MSS));
        world.run_until(ms(20_000));
        assert_eq!(world.received[&server].len(), 12 * MSS);
        world.saw(|seen| matches!(seen, Seen::Retransmitted(_, _, RetransmitReason::Timeout)))
    };
    assert!(!timeouts(true));
}

/// Both ways at once, 5 % of all packets lost, every option on.
#[test]
fn lossy_bulk_is_byte_exact_with_every_option() {
    let config = LinkDirConfig { loss: Probability::new(0.05).unwrap(), ..dir(Some(10), 5) };
    let tcp = TcpConfig {
        sack: true,
        timestamps: true,
        limited_transmit: true,
        nagle: true,
        receive_window: 300_000,
        ..TcpConfig::default()
    };
    let (mut world, client, server) = connected(2, config, tcp);
    let (there, back) = (octets(700_000), octets(500_000));
    world.send(client, &there);
    world.send(server, &back);
    world.close(client);
    world.run();
    assert!(world.received[&server] == there && world.received[&client] == back);
    assert_eq!(world.net.open_connections(), 0);
}

/// RFC 3168 6.1. Breaks when a mark is echoed once only, halves the window twice, or a
/// retransmission is capable of it.
#[test]
fn a_mark_halves_the_window_once_and_is_echoed_until_told() {
    let run = |ecn: bool| {
        let tcp = TcpConfig { ecn, mark_at: Some(1), receive_window: 1_000_000, ..TcpConfig::default() };
        let (mut world, client, server) = connected(1, dir(None, 50), tcp);
        world.run_until(ms(1_000));
        world.send(client, &octets(100 * MSS));
        world.run_until(ms(9_000));
        assert_eq!(world.received[&server], octets(100 * MSS));
        world
    };
    let world = run(true);
    let syns: Vec<_> = [0, 1].map(|host| segments(&world, host).next().unwrap()).to_vec();
    assert!(syns[0].ece && syns[0].cwr && syns[1].ece && !syns[1].cwr);
    // Ten segments a round trip, then five: the first mark is echoed by five acknowledgements.
    assert_eq!(segments(&world, 1).filter(|tcp| tcp.ece && !tcp.syn).count(), 5);
    let told: Vec<u64> = segments(&world, 0).filter(|tcp| tcp.cwr && !tcp.syn).map(|tcp| tcp.seq).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(world.sent(0, has_data).iter().filter(|at| **at == ms(1_100)).count(), 5);
    let world = run(false);
    assert!(segments(&world, 0).chain(segments(&world, 1)).all(|tcp| !tcp.ece && !tcp.cwr));
}
