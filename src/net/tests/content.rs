//! What packets carry, as told to those who want to see it.

use super::world::*;
use crate::base::HostId;
use crate::base::trace::{PacketInfo, TcpInfo};
use crate::net::TcpConfig;

/// A run over a lossy path on which each side sends that many octets, then both close.
fn lossy(seed: u64, curious: bool, count: usize) -> World {
    let path = lossy_path();
    let mut world = World::seeded(chain(2, path, TcpConfig::default()), seed);
    world.kernel.curious = curious;
    world.greeting = octets(count);
    world.net.listen(HostId(2), 25, APP);
    let client = world.connect(0, 2, 25);
    world.send(client, &octets(count));
    world.run_until(ms(60_000));
    world.close(client);
    world.run();
    assert_eq!(world.received[&client], octets(count), "the transfer itself works");
    world
}

fn lossy_path() -> crate::net::LinkDirConfig {
    let mut path = dir(Some(10), 10);
    path.loss = crate::base::Probability::new(0.05).unwrap();
    path
}

/// The headers of the packets that their source sent, with the events that say so.
fn sent_at_source(world: &World) -> Vec<(u64, PacketInfo)> {
    let numbered = (1_u64..).zip(&world.kernel.trace);
    let sent = numbered.filter_map(|(id, (_, host, seen))| {
        let Seen::Sent(_, packet) = seen else { return None };
        (packet.src.addr == address(host.0)).then_some((id, *packet))
    });
    sent.collect()
}

/// Breaks when a retransmission carries other octets than the first transmission did, or
/// when octets are gone that may still be sent.
#[test]
fn every_segment_shows_the_octets_that_it_names() {
    for seed in 0..20 {
        let world = lossy(seed, true, 100_000);
        let sent = sent_at_source(&world);
        assert!(world.saw(|seen| matches!(seen, Seen::Retransmitted(..))), "seed {seed}: nothing was lost");
        assert_eq!(sent.len(), world.kernel.contents.len());
        let stream = octets(100_000);
        for ((id, packet), content) in sent.iter().zip(&world.kernel.contents) {
            assert_eq!(*id, content.sent.0);
            let TcpInfo { seq, len, syn, .. } = packet.tcp.unwrap();
            let from = usize::try_from(seq.saturating_sub(1)).unwrap().min(stream.len());
            assert_eq!(content.payload, stream[from..from + len as usize]);
            assert_eq!(packet.bytes as usize, 40 + content.options.len() + content.payload.len());
            assert_eq!(content.options, if syn { vec![2, 4, 0x05, 0xb4] } else { vec![] });
            assert_eq!(content.push, len > 0 && from + len as usize == stream.len());
        }
    }
}

/// RFC 9293 3.4.1: breaks when an end's segments do not all count from one number.
#[test]
fn an_end_keeps_its_initial_sequence_number() {
    let world = lossy(3, true, 10_000);
    let isns = |port| -> Vec<u32> {
        let sent = sent_at_source(&world);
        let by = sent.iter().zip(&world.kernel.contents).filter(|((_, packet), _)| packet.src.port == port);
        let mut isns: Vec<u32> = by.map(|(_, content)| content.isn.unwrap()).collect();
        isns.dedup();
        isns
    };
    assert_eq!(isns(25).len(), 1);
    assert_eq!(isns(49_152).len(), 1);
    assert_ne!(isns(25), isns(49_152));
}

/// Breaks when looking changes what is seen.
#[test]
fn curiosity_changes_nothing() {
    let (seen, unseen) = (lossy(7, true, 50_000), lossy(7, false, 50_000));
    assert_eq!(seen.kernel.trace, unseen.kernel.trace);
    assert_eq!(seen.kernel.causes, unseen.kernel.causes);
    assert!(unseen.kernel.contents.is_empty());
}

/// A host without a connection answers with a reset, and has no initial sequence number.
#[test]
fn a_reset_from_nowhere_has_no_isn() {
    let mut world = World::new(chain(1, dir(None, 5), TcpConfig::default()));
    world.kernel.curious = true;
    world.connect(0, 1, 25);
    world.datagram(0, 1, 3);
    world.run();
    let contents = &world.kernel.contents;
    assert_eq!(contents.len(), 4);
    assert!(contents[0].isn.is_some() && contents[0].payload.is_empty());
    assert_eq!((contents[1].isn, contents[1].payload.as_slice()), (None, &[0; 3][..]), "a datagram");
    assert_eq!((contents[2].isn, contents[2].options.as_slice()), (None, &[][..]), "the reset");
    assert!(contents[3].isn.is_none() && contents[3].payload.is_empty(), "port unreachable");
}
