//! What ends of connections measure, and the windows that they tell.

use super::world::*;
use crate::base::trace::{EndFigures, Windows};
use crate::base::{HostId, Probability, Side, SimDuration};
use crate::net::{LinkDirConfig, TcpConfig};

/// The client sends that many octets over two links, the server as many back; then both close.
fn exchange(path: LinkDirConfig, tcp: TcpConfig, seed: u64, count: usize) -> World {
    let mut world = World::seeded(chain(2, path, tcp), seed);
    world.kernel.curious = true;
    world.greeting = octets(count);
    world.net.listen(HostId(2), 25, APP);
    let client = world.connect(0, 2, 25);
    world.send(client, &octets(count));
    world.run_until(ms(600_000));
    world.close(client);
    world.run();
    world
}

fn figures_of(world: &World, side: Side) -> EndFigures {
    let mut told = world.kernel.figures.iter().filter(|(end, _)| *end == side);
    let (_, figures) = told.next().expect("the end is closed");
    assert!(told.next().is_none(), "an end is closed once");
    *figures
}

fn lossy() -> LinkDirConfig {
    LinkDirConfig { loss: Probability::new(0.05).unwrap(), ..dir(Some(10), 10) }
}

/// Breaks when a sample is left out. The shortest is that of the FIN: it and its acknowledgement
/// have 40 bytes, and pass two links of 10 ms and 10 Mbps each.
#[test]
fn the_shortest_round_trip_is_the_empty_ways() {
    let world = exchange(dir(Some(10), 10), TcpConfig::default(), 1, 200_000);
    let EndFigures { rtt, acked, last_acked, discarded } = figures_of(&world, Side::Client);
    assert_eq!(rtt.min, SimDuration::from_nanos(4 * (10_000_000 + 32_000)));
    assert!(rtt.samples > 5 && rtt.min < rtt.mean().unwrap() && rtt.mean().unwrap() < rtt.max, "{rtt:?}");
    assert!(rtt.min < rtt.smoothed && rtt.smoothed < rtt.max);
    assert_eq!((acked, discarded), (200_000, 0));
    let last = last_acked.unwrap();
    assert!(ms(200) < last && last < ms(2_000), "{last:?}");
}

/// Breaks when an octet that arrives is neither counted as received nor as thrown away.
#[test]
fn what_arrives_is_received_or_discarded() {
    let mut in_vain = 0;
    for seed in 0..20 {
        let tcp = TcpConfig { sack: seed % 2 == 0, ..TcpConfig::default() };
        let world = exchange(lossy(), tcp, seed, 100_000);
        for (side, host) in [(Side::Client, 0), (Side::Server, 2)] {
            let figures = figures_of(&world, side);
            let arrived = world.kernel.trace.iter().filter_map(|(_, at, seen)| {
                let Seen::Arrived(_, packet) = seen else { return None };
                packet.tcp.filter(|_| at.0 == host).map(|tcp| u64::from(tcp.len))
            });
            assert_eq!(arrived.sum::<u64>(), 100_000 + figures.discarded, "seed {seed}, {side:?}");
            assert_eq!(figures.acked, 100_000);
            in_vain += figures.discarded;
        }
    }
    assert!(in_vain > 0, "nothing came twice, so nothing was tested");
}

/// Breaks when a window is told late, or what is in flight is more than the windows allow.
#[test]
fn windows_are_told_as_they_change() {
    let world = exchange(lossy(), TcpConfig { sack: true, ..TcpConfig::default() }, 3, 100_000);
    let told: Vec<&Windows> = world.kernel.windows.iter().filter(|windows| windows.side == Side::Client).collect();
    let first = told[0];
    assert_eq!((first.cwnd, first.ssthresh, first.in_flight), (14_600, None, 14_600), "ten segments to begin with");
    assert_eq!((first.host, first.ports), (HostId(0), [49_152, 25]));
    assert!(told.iter().any(|windows| windows.ssthresh.is_some_and(|ssthresh| windows.cwnd == ssthresh)));
    assert!(told.iter().any(|windows| windows.in_flight > 0 && windows.srtt > SimDuration::ZERO));
    assert!(told.windows(2).all(|pair| pair[0].at <= pair[1].at));
}

/// Breaks when nobody asks and the windows are told all the same.
#[test]
fn windows_are_told_to_the_curious_alone() {
    let mut world = World::new(chain(1, dir(None, 5), TcpConfig::default()));
    world.net.listen(HostId(1), 25, APP);
    world.connect(0, 1, 25);
    world.run();
    assert!(world.kernel.windows.is_empty() && !world.kernel.trace.is_empty());
    let mut open: Vec<_> = world.net.open_ends().map(|(conn, side, _)| (conn.number, side)).collect();
    open.sort_unstable_by_key(|(_, side)| format!("{side:?}"));
    assert_eq!(open, [(1, Side::Client), (1, Side::Server)]);
}
