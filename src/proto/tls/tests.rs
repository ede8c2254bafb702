//! The model of TLS: flights, sizes, and what comes of nonsense.

use proptest::prelude::*;

use super::{Channel, Model, NoTls, Progress, Role, Version, records};
use crate::base::SimDuration;

fn model(version: Version) -> Model {
    Model { version, certificate: 20_000, cpu: SimDuration::ZERO }
}

/// Both ends, with the flights that went: who, and how many octets.
fn shake(version: Version, piece: usize) -> (Channel, Channel, Vec<(char, usize)>) {
    let mut client = Channel::new(Role::Client, model(version));
    let mut server = Channel::new(Role::Server, model(version));
    let mut flights = vec![('C', client.hello())];
    let mut at = 0;
    while let Some((who, octets)) = flights.get(at).cloned() {
        let (letter, to) = if who == 'C' { ('S', &mut server) } else { ('C', &mut client) };
        let mut plain = Vec::new();
        for chunk in octets.chunks(piece) {
            if to.receive(chunk, &mut plain) == Ok(Progress::Answer) {
                flights.push((letter, to.answer()));
            }
        }
        assert!(plain.is_empty() && records(&octets).is_some());
        at += 1;
    }
    (client, server, flights.iter().map(|(who, octets)| (*who, octets.len())).collect())
}

/// Would break if TLS 1.3 took more than one round trip before the client may speak, TLS 1.2 not two,
/// or if the certificates' size did not count.
#[test]
fn handshakes_have_their_round_trips_and_sizes() {
    for piece in [1, 7, 100_000] {
        let (client, server, flights) = shake(Version::Tls13, piece);
        assert!(client.is_open() && server.is_open());
        assert_eq!(flights.iter().map(|(who, _)| *who).collect::<String>(), "CSC");
        assert!((20_400..21_000).contains(&flights[1].1), "{flights:?}");
        let (client, server, flights) = shake(Version::Tls12, piece);
        assert!(client.is_open() && server.is_open());
        assert_eq!(flights.iter().map(|(who, _)| *who).collect::<String>(), "CSCS");
        assert!((20_400..21_000).contains(&flights[1].1), "{flights:?}");
    }
}

/// Would break if protected octets did not come through, could be read on the way, or weighed
/// less or more than records do.
#[test]
fn records_protect_and_weigh() {
    for version in [Version::Tls12, Version::Tls13] {
        let (mut client, mut server, _) = shake(version, 100_000);
        let text = b"MAIL FROM:<alice@crepes.fr>\r\n".repeat(1_000);
        let sealed = client.seal(&text);
        assert_eq!(sealed.len(), text.len() + 2 * version.overhead());
        assert_eq!(records(&sealed).map(|found| found.len()), Some(2));
        assert!(!sealed.windows(4).any(|octets| octets == b"MAIL"));
        let mut plain = Vec::new();
        for octet in sealed.chunks(1) {
            assert!(server.receive(octet, &mut plain).is_ok());
        }
        assert_eq!(plain, text);
    }
}

/// Would break if the version in a hello were not looked at, octet by octet too.
#[test]
fn a_version_in_common_is_needed() {
    for (speaks, other) in [(Version::Tls12, Version::Tls13), (Version::Tls13, Version::Tls12)] {
        let hello = Channel::new(Role::Client, model(speaks)).hello();
        let mut server = Channel::new(Role::Server, model(other));
        let (last, rest) = hello.split_last().unwrap();
        for octet in rest {
            assert_eq!(server.receive(&[*octet], &mut Vec::new()), Ok(Progress::Waiting));
        }
        let why = server.receive(&[*last], &mut Vec::new()).unwrap_err();
        let alert = why.alert().unwrap();
        assert_eq!((why, alert.as_slice()), (NoTls::Version, &[21, 3, 3, 0, 2, 2, 70][..]));
        let mut client = Channel::new(Role::Client, model(speaks));
        let (last, rest) = alert.split_last().unwrap();
        for octet in rest {
            assert_eq!(client.receive(&[*octet], &mut Vec::new()), Ok(Progress::Waiting));
        }
        let told = client.receive(&[*last], &mut Vec::new()).unwrap_err();
        assert_eq!((told, told.alert()), (NoTls::Alert(70), None));
    }
}

#[test]
fn what_is_no_tls_is_refused() {
    for octets in
        [&b"EHLO crepes.fr\r\n"[..], &[22, 2, 0], &[22, 3, 3, 0, 0], &[22, 3, 3, 255, 255], &[22, 3, 3, 0, 1, 9]]
    {
        let mut server = Channel::new(Role::Server, model(Version::Tls13));
        assert!(server.receive(octets, &mut Vec::new()).is_err(), "{octets:?}");
    }
    assert_eq!(records(b"EHLO crepes.fr\r\n"), None);
    let hello = Channel::new(Role::Client, model(Version::Tls13)).hello();
    assert_eq!(records(&hello[..hello.len() - 1]), None);
    assert_eq!(records(b""), None);
}

proptest! {
    /// Would break if some octets made an end panic, in whatever pieces.
    #[test]
    fn any_octets_are_survived(
        octets in proptest::collection::vec(prop_oneof![Just(22_u8), Just(23), Just(3), Just(0), Just(20), any::<u8>()], 0..80),
        piece in 1_usize..9
    ) {
        for (role, version) in [(Role::Client, Version::Tls12), (Role::Server, Version::Tls12), (Role::Client, Version::Tls13)] {
            let mut end = Channel::new(role, model(version));
            for chunk in octets.chunks(piece) {
                match end.receive(chunk, &mut Vec::new()) {
                    Ok(Progress::Answer) => { let _ = end.answer(); }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        }
    }
}
