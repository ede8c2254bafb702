//! ICMP messages, marks and copies: what a packet meets on its way.

use std::net::{IpAddr, Ipv6Addr};

use super::super::packets::{Content, wire};
use super::super::quote::Quote;
use super::*;
use crate::base::trace::IcmpKind;

/// RFC 1071: zero for octets that hold their own checksum.
fn sum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

fn datagram(src: Endpoint, dst: Endpoint, payload: u32) -> PacketInfo {
    PacketInfo { src, dst, bytes: 28 + payload, tcp: None, icmp: None, ecn: Ecn::NotEct }
}

fn error(kind: IcmpKind, from: HostId, to: HostId) -> PacketInfo {
    let (src, dst) = (endpoint(from, 0), endpoint(to, 0));
    PacketInfo { src, dst, bytes: 56, tcp: None, icmp: Some(kind), ecn: Ecn::NotEct }
}

impl Story {
    fn plain_content(&mut self, sent: u64, payload: &[u8]) {
        if self.capture.wants_content() {
            self.capture.observe_content(&PacketContent { sent: EventId(sent), ttl: 64, tcp: None, payload });
        }
    }

    /// A datagram from crepes.fr to a closed port of ns, two links away, and what ns answers.
    fn refused(&mut self) {
        let (asker, server) = (endpoint(CREPES, 49_152), endpoint(NS, 53));
        let (query, name) = (QueryId { host: CREPES, number: 3 }, "hamburger.edu");
        let (task, from_port, wire_id, rtype, retry) = (None, 49_152, 0x0102, 1, 0);
        let asked = DnsTrace::Asked { query, task, to: server, from_port, wire_id, name, rtype, retry };
        self.tell(0, CREPES, Trace::Dns(asked));
        let packet = datagram(asker, server, 3);
        let sent = self.sent(0, CREPES, 0, packet);
        self.plain_content(sent, &[1, 2, 0]);
        let halfway = self.arrived(sent, HAMBURGER, 0, packet);
        let sent = self.sent(halfway, HAMBURGER, 2, packet);
        let arrived = self.arrived(sent, NS, 2, packet);
        let (link, reason) = (None, DropReason::PortClosed);
        let dropped = self.tell(arrived, NS, Trace::Net(NetTrace::Dropped { link, packet, reason }));
        let answer = error(IcmpKind::PortUnreachable, NS, CREPES);
        let sent = self.sent(dropped, NS, 3, answer);
        self.plain_content(sent, b"");
        self.arrived(sent, HAMBURGER, 3, answer);
    }
}

/// RFC 792. Breaks when the quotation is not the packet as it was where it was refused, or a
/// checksum is wrong.
#[test]
fn an_error_quotes_the_packet_that_it_is_about() {
    let mut story = Story::new(CaptureOptions::default());
    story.refused();
    let packets = read(&story.finish());
    let [question, answer] = &packets[..] else { panic!("two packets: {packets:?}") };
    assert_eq!(question.comments, ["query crepes.fr?3", "dropped: port_closed at ns"]);
    assert_eq!((answer.interface.as_str(), &answer.comments[..]), ("ns", &["query crepes.fr?3".to_owned()][..]));
    let (header, message) = answer.bytes.split_at(20);
    assert_eq!((header[9], sum(header)), (1, 0), "ICMP in IPv4");
    assert_eq!((&message[..2], &message[4..8], sum(message)), (&[3, 3][..], &[0; 4][..], 0));
    let quoted = &message[8..];
    assert_eq!((quoted.len(), quoted[8], sum(&quoted[..20])), (28, 63, 0), "one hop older, and right");
    let same = |range: std::ops::Range<usize>| quoted[range.clone()] == question.bytes[range];
    assert!(same(0..8) && same(9..10) && same(12..28));
}

/// Breaks when a choice of ports shows an error about another's packet, or hides one.
#[test]
fn an_error_is_shown_where_its_packet_is() {
    let shown = |options: CaptureOptions| {
        let mut story = Story::new(options);
        story.refused();
        read(&story.finish()).iter().filter(|packet| packet.bytes[9] == 1).count()
    };
    let all = CaptureOptions::default;
    assert_eq!(shown(CaptureOptions { ports: vec![53], ..all() }), 1);
    assert_eq!(shown(CaptureOptions { ports: vec![25], ..all() }), 0);
    assert_eq!(shown(CaptureOptions { hosts: vec![NS], ..all() }), 1);
    assert_eq!(shown(CaptureOptions { hosts: vec![CREPES], ..all() }), 0, "it got no further than hamburger.edu");
    assert_eq!(shown(CaptureOptions { interfaces: Interfaces::Links, ..all() }), 1);
}

/// RFC 3168 5. Breaks when a mark is not seen behind the queue that made it, or before it.
#[test]
fn a_mark_is_seen_behind_its_queue() {
    let links = CaptureOptions { interfaces: Interfaces::Links, ..CaptureOptions::default() };
    let at_hamburger = CaptureOptions { hosts: vec![HAMBURGER], ..CaptureOptions::default() };
    for (options, fields) in [(CaptureOptions::default(), &[2][..]), (links, &[2, 3]), (at_hamburger, &[3])] {
        let mut story = Story::new(options);
        let packet = PacketInfo { dst: endpoint(NS, 25), ecn: Ecn::Ect0, ..segment(Side::Client, 0, None, 0, "S") };
        let marked = PacketInfo { ecn: Ecn::Ce, ..packet };
        let sent = story.sent(0, CREPES, 0, packet);
        story.content(sent, Some(1), MSS, b"");
        let halfway = story.arrived(sent, HAMBURGER, 0, marked);
        let sent = story.sent(halfway, HAMBURGER, 2, marked);
        story.arrived(sent, NS, 2, marked);
        let packets = read(&story.finish());
        assert_eq!(packets.iter().map(|packet| packet.bytes[1]).collect::<Vec<_>>(), fields);
        packets.iter().for_each(|packet| assert_eq!(sum(&packet.bytes[..20]), 0));
        let told = packets[0].comments.contains(&"marked: at link0:crepes.fr>hamburger.edu".to_owned());
        assert_eq!(told, fields[0] == 2, "{packets:?}");
    }
}

/// Breaks when a copy that a link made has no content, passes for its sender's, or is not seen
/// where it goes.
#[test]
fn a_links_copy_is_not_its_senders() {
    let links = CaptureOptions { interfaces: Interfaces::Links, ..CaptureOptions::default() };
    let at_hamburger = CaptureOptions { hosts: vec![HAMBURGER], ..CaptureOptions::default() };
    for (options, count) in [(CaptureOptions::default(), 1), (links, 2), (at_hamburger, 2)] {
        let mut story = Story::new(options.clone());
        let packet = segment(Side::Client, 0, None, 0, "S");
        let first = story.sent(0, CREPES, 0, packet);
        let copy = story.sent(first, CREPES, 0, packet);
        story.content(first, Some(1), MSS, b"");
        story.arrived(first, HAMBURGER, 0, packet);
        story.arrived(copy, HAMBURGER, 0, packet);
        let packets = read(&story.finish());
        assert_eq!(packets.len(), count);
        assert!(packets.iter().all(|packet| packet.bytes == packets[0].bytes && packet.bytes.len() == 44));
        let made = "duplicate: made by link0:crepes.fr>hamburger.edu".to_owned();
        let told = packets.iter().map(|packet| packet.comments.contains(&made));
        let second = options.interfaces == Interfaces::Links;
        assert!(told.eq((0..count).map(|index| second && index == 1)), "{packets:?}");
    }
}

fn ipv6(number: u16, port: u16) -> Endpoint {
    Endpoint::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number)), port)
}

/// RFC 8200 8.1: the sum over addresses, length, next header and what follows.
fn sum_over_pseudo_header(packet: &[u8]) -> u16 {
    let mut octets = packet[8..40].to_vec();
    octets.extend_from_slice(&[0, 0, packet[4], packet[5], 0, 0, 0, packet[6]]);
    octets.extend_from_slice(&packet[40..]);
    sum(&octets)
}

/// Breaks when a packet between IPv6 addresses has another header, or a checksum without them.
#[test]
fn addresses_decide_the_header() {
    let (src, dst) = (ipv6(1, 49_152), ipv6(2, 25));
    let tcp = segment(Side::Client, 0, None, 4, "").tcp;
    let fields = TcpFields { seq: 7, ack: 0, window: 100, push: true, options: Vec::new() };
    let segment = PacketInfo { src, dst, bytes: 64, tcp, icmp: None, ecn: Ecn::Ce };
    let datagram = PacketInfo { bytes: 52, tcp: None, ecn: Ecn::NotEct, ..segment };
    let content = |tcp| Content { tcp, payload: b"data".to_vec() };
    let bytes = [wire(&segment, &content(Some(fields)), 64), wire(&datagram, &content(None), 9)];
    for (bytes, (class, next, ttl)) in bytes.iter().zip([(3, 6, 64), (0, 17, 9)]) {
        assert_eq!((bytes[0] >> 4, (bytes[0] & 0xf) << 4 | bytes[1] >> 4, bytes[6], bytes[7]), (6, class, next, ttl));
        assert_eq!(sum_over_pseudo_header(bytes), 0);
    }
    // RFC 4443 3.1, 3.3: an error quotes the packet whole when there is room.
    let quote = Quote::of(&datagram, &bytes[1], None).lost_with(1, Ecn::Ce);
    for (kind, code) in [
        (IcmpKind::NetUnreachable, [1, 0]),
        (IcmpKind::HostUnreachable, [1, 3]),
        (IcmpKind::PortUnreachable, [1, 4]),
        (IcmpKind::TimeExceeded, [3, 0]),
    ] {
        let (src, dst) = (ipv6(9, 0), ipv6(1, 0));
        let message = PacketInfo { src, dst, bytes: 48 + 52, tcp: None, icmp: Some(kind), ecn: Ecn::NotEct };
        let error = wire(&message, &Content { tcp: None, payload: quote.payload_of(&message) }, 64);
        assert_eq!((error[6], &error[40..42], sum_over_pseudo_header(&error)), (58, &code[..], 0));
        assert_eq!((error[48], error[49], error[55]), (0x60, 0x30, 1), "marked, and at its last hop");
        assert_eq!(error[56..], bytes[1][8..]);
    }
}

/// RFC 792: the types and codes of IPv4.
#[test]
fn errors_of_ipv4_have_their_codes() {
    for (kind, code) in [
        (IcmpKind::NetUnreachable, [3, 0]),
        (IcmpKind::HostUnreachable, [3, 1]),
        (IcmpKind::PortUnreachable, [3, 3]),
        (IcmpKind::TimeExceeded, [11, 0]),
    ] {
        let message = error(kind, NS, CREPES);
        let bytes = wire(&message, &Content { tcp: None, payload: vec![0x45; 28] }, 64);
        assert_eq!((&bytes[20..22], sum(&bytes[20..]), sum(&bytes[..20])), (&code[..], 0, 0));
    }
}
