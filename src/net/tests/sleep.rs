//! Ends that sleep remember all that their peer could notice.

use super::world::*;
use crate::base::SimDuration;
use crate::net::TcpConfig;

/// RFC 9293 3.10.7.4: SND.WND follows a segment with SND.WL1 = SEG.SEQ, and so one that is sent
/// again and tells a window that has opened since. Its receiver has slept in between. Breaks when
/// an end that wakes takes such a segment for an old one.
#[test]
fn a_sleeper_believes_a_window_that_is_sent_again() {
    let tcp = TcpConfig {
        mss: 1_000,
        receive_window: 2_000,
        delayed_ack: SimDuration::from_millis(40),
        ..TcpConfig::default()
    };
    let (mut world, client, server) = connected(1, dir(None, 10), tcp);
    world.stubborn = true;
    world.send(client, &octets(1_500));
    // By then the events of all timers of the client have come.
    world.run_until(ms(5_000));
    world.send(server, &octets(500));
    world.run_until(ms(5_020));
    world.take(client);
    world.net.set_link_up(&mut world.kernel, 0, false);
    // The acknowledgement is lost, and so are the word that the window is open again and what follows.
    world.run_until(ms(5_060));
    world.take(server);
    world.send(server, &octets(300));
    world.run_until(ms(5_200));
    world.net.set_link_up(&mut world.kernel, 0, true);
    // The server's time-out comes: all 800 octets in one segment.
    world.run_until(ms(6_500));
    world.take(client);
    assert_eq!(world.received[&client].len(), 800);
    world.send(client, &octets(2_000));
    let full = world.sent(0, |packet| packet.tcp.is_some_and(|tcp| tcp.len == 1_000));
    assert_eq!(full.into_iter().filter(|at| *at == ms(6_500)).count(), 2, "the window is 2,000 octets again");
}
