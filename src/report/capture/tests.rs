//! Captures of hand-made traces, read back by a reader of pcapng files and one of packets.

use std::time::Duration;

use etherparse::{NetSlice, SlicedPacket, TcpHeader, TcpOptionElement, TransportSlice};
use pcap_file::DataLink;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionOption, InterfaceTsResolution};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::{Block, PcapNgReader};

use super::*;
use crate::base::calendar::UnixTime;
use crate::base::ids::{ConnId, HostId, QueryId};
use crate::base::socket::{CloseReason, Endpoint, Side};
use crate::base::trace::{
    ConnStep, DnsTrace, Ecn, EndFigures, MailTrace, Phase, Protocol, RetransmitReason, TcpInfo, TcpOptions,
};
use crate::metrics::testing::directory;

mod errors;

const MS: u64 = 1_000_000;
const MSS: &[u8] = &[2, 4, 5, 0xb4];
const CREPES: HostId = HostId(0);
const HAMBURGER: HostId = HostId(1);
const NS: HostId = HostId(2);
const CONN: ConnId = ConnId { host: CREPES, number: 1 };

/// Tells a capture what happens among crepes.fr, hamburger.edu and ns, which are in a row.
struct Story {
    capture: CaptureWriter<Vec<u8>>,
    next: u64,
    at: u64,
}

fn endpoint(host: HostId, port: u16) -> Endpoint {
    let address = directory().hosts()[host.index()].addresses.by_precedence().next().unwrap();
    Endpoint::new(address, port)
}

/// A segment from the client of [`CONN`], crepes.fr, or from its server.
fn segment(side: Side, seq: u64, ack: Option<u64>, len: u32, bits: &str) -> PacketInfo {
    let (client, server) = (endpoint(CREPES, 49_152), endpoint(HAMBURGER, 25));
    let (src, dst) = if side == Side::Client { (client, server) } else { (server, client) };
    let (syn, fin, rst) = (bits.contains('S'), bits.contains('F'), bits.contains('R'));
    let options = TcpOptions { mss: syn.then_some(1_460), ..TcpOptions::default() };
    let tcp =
        TcpInfo { conn: Some(CONN), seq, ack, len, window: 65_535, syn, fin, rst, ece: false, cwr: false, options };
    PacketInfo { src, dst, bytes: 40 + len + if syn { 4 } else { 0 }, tcp: Some(tcp), icmp: None, ecn: Ecn::NotEct }
}

impl Story {
    fn new(options: CaptureOptions) -> Self {
        Self { capture: CaptureWriter::new(directory(), options, Vec::new()), next: 1, at: 0 }
    }

    fn tell(&mut self, cause: u64, host: HostId, what: Trace<'_>) -> u64 {
        let id = self.next;
        self.next += 1;
        let (event, cause, at) = (EventId(id), EventId(cause), SimTime::from_nanos(self.at));
        self.capture.observe(&TraceEvent { id: event, cause, at, host, what });
        id
    }

    fn sent(&mut self, cause: u64, host: HostId, link: u32, packet: PacketInfo) -> u64 {
        self.tell(cause, host, Trace::Net(NetTrace::Sent { link: LinkDirId(link), packet }))
    }

    fn arrived(&mut self, cause: u64, host: HostId, link: u32, packet: PacketInfo) -> u64 {
        self.at += MS;
        self.tell(cause, host, Trace::Net(NetTrace::Arrived { link: LinkDirId(link), packet }))
    }

    fn dropped(&mut self, cause: u64, link: Option<u32>, packet: PacketInfo, reason: DropReason) {
        let link = link.map(LinkDirId);
        self.tell(cause, CREPES, Trace::Net(NetTrace::Dropped { link, packet, reason }));
    }

    fn content(&mut self, sent: u64, isn: Option<u32>, options: &[u8], payload: &[u8]) {
        let tcp = Some(TcpContent { isn, window: 65_535, push: !payload.is_empty(), options });
        if self.capture.wants_content() {
            self.capture.observe_content(&PacketContent { sent: EventId(sent), ttl: 64, tcp, payload });
        }
    }

    /// A segment that arrives after a millisecond.
    fn passes(&mut self, side: Side, packet: PacketInfo, isn: u32, payload: &[u8]) -> u64 {
        let (from, to, link) = if side == Side::Client { (CREPES, HAMBURGER, 0) } else { (HAMBURGER, CREPES, 1) };
        let sent = self.sent(0, from, link, packet);
        let options = if packet.tcp.unwrap().syn { MSS } else { &[] };
        self.content(sent, Some(isn), options, payload);
        self.arrived(sent, to, link, packet)
    }

    fn conn(&mut self, cause: u64, host: HostId, side: Side, step: ConnStep) -> u64 {
        self.tell(cause, host, Trace::Conn { conn: CONN, side, step })
    }

    fn opening(&mut self, cause: u64) {
        let (from, to) = (endpoint(CREPES, 49_152), endpoint(HAMBURGER, 25));
        self.conn(cause, CREPES, Side::Client, ConnStep::Opening { from, to });
    }

    /// Opens [`CONN`] and greets. The client's numbers are about to wrap.
    fn greeting(&mut self) {
        self.opening(0);
        self.passes(Side::Client, segment(Side::Client, 0, None, 0, "S"), u32::MAX, b"");
        self.passes(Side::Server, segment(Side::Server, 0, Some(1), 0, "S"), 7_000, b"");
        self.passes(Side::Client, segment(Side::Client, 1, Some(1), 0, ""), u32::MAX, b"");
        self.passes(Side::Server, segment(Side::Server, 1, Some(1), 19, ""), 7_000, b"220 hamburger.edu\r\n");
    }

    fn finish(self) -> Vec<u8> {
        self.capture.finish().unwrap()
    }
}

/// A packet as it was read back.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    interface: String,
    /// Since the start of the scenario.
    at_ns: u64,
    bytes: Vec<u8>,
    comments: Vec<String>,
}

fn read(file: &[u8]) -> Vec<Read> {
    let mut reader = PcapNgReader::new(file).unwrap();
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        let (block, state) = block.unwrap();
        let Block::EnhancedPacket(packet) = block else { continue };
        let interface = &state.interfaces()[packet.interface_id as usize];
        assert_eq!(interface.linktype, DataLink::RAW);
        assert_eq!(packet.original_len as usize, packet.data.len());
        let name = interface.options.iter().find_map(|option| {
            let InterfaceDescriptionOption::IfName(name) = option else { return None };
            Some(name)
        });
        let start = Duration::from_secs(UnixTime::DEFAULT_START.0.try_into().unwrap());
        let comment = |option: &EnhancedPacketOption<'_>| {
            let EnhancedPacketOption::Common(CommonOption::Comment(text)) = option else { return None };
            Some(text.to_string())
        };
        packets.push(Read {
            interface: name.unwrap().to_string(),
            at_ns: (packet.timestamp - start).as_nanos().try_into().unwrap(),
            bytes: packet.data.to_vec(),
            comments: packet.options.iter().filter_map(comment).collect(),
        });
    }
    packets
}

/// The TCP header and the payload of a packet whose checksums are found right.
fn dissect(packet: &Read) -> (TcpHeader, Vec<u8>) {
    let sliced = SlicedPacket::from_ip(&packet.bytes).unwrap();
    let Some(NetSlice::Ipv4(ip)) = sliced.net else { panic!("not IPv4: {packet:?}") };
    let ip = ip.header().to_header();
    assert_eq!(ip.header_checksum, ip.calc_header_checksum());
    assert!(ip.dont_fragment && ip.identification == 0);
    assert_eq!(usize::from(ip.total_len), packet.bytes.len());
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("not TCP: {packet:?}") };
    let (header, payload) = (tcp.to_header(), tcp.payload().to_vec());
    assert_eq!(header.checksum, header.calc_checksum_ipv4_raw(ip.source, ip.destination, &payload).unwrap());
    (header, payload)
}

/// Breaks when a header's field, a number or a checksum is wrong.
#[test]
fn a_handshake_and_a_greeting() {
    let mut story = Story::new(CaptureOptions::default());
    story.greeting();
    let packets = read(&story.finish());
    let seen: Vec<_> = packets.iter().map(|packet| (packet.interface.as_str(), packet.at_ns)).collect();
    let (crepes, hamburger) = ("crepes.fr", "hamburger.edu");
    assert_eq!(seen, [(crepes, 0), (hamburger, MS), (crepes, 2 * MS), (hamburger, 3 * MS)]);
    assert!(packets.iter().all(|packet| packet.comments == ["connection crepes.fr#1"]), "{packets:?}");
    #[rustfmt::skip]
    assert_eq!(packets[0].bytes, [
        0x45, 0, 0, 44,  0, 0, 0x40, 0,  64, 6, 0x26, 0xca,  10, 0, 0, 1,  10, 0, 0, 2,
        0xc0, 0, 0, 25,  0xff, 0xff, 0xff, 0xff,  0, 0, 0, 0,  0x60, 2, 0xff, 0xff,  0xc4, 0x0a, 0, 0,
        2, 4, 5, 0xb4,
    ]);
    let (syn, _) = dissect(&packets[0]);
    assert_eq!(syn.options_iterator().collect::<Vec<_>>(), [Ok(TcpOptionElement::MaximumSegmentSize(1_460))]);
    let (syn_ack, _) = dissect(&packets[1]);
    assert!(syn_ack.syn && syn_ack.ack);
    assert_eq!((syn_ack.sequence_number, syn_ack.acknowledgment_number), (7_000, 0));
    let (ack, _) = dissect(&packets[2]);
    assert_eq!((ack.syn, ack.sequence_number, ack.acknowledgment_number), (false, 0, 7_001));
    let (data, payload) = dissect(&packets[3]);
    assert_eq!((data.psh, data.sequence_number, payload.as_slice()), (true, 7_001, &b"220 hamburger.edu\r\n"[..]));
}

/// Breaks when the opening blocks lack the names of hosts, or the clock its nanoseconds.
#[test]
fn the_file_names_hosts_and_its_writer() {
    let file = Story::new(CaptureOptions::default()).finish();
    let mut reader = PcapNgReader::new(file.as_slice()).unwrap();
    let mut names = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::NameResolution(block) = block.unwrap().0 {
            names = block.records.iter().map(|record| format!("{record:?}")).collect();
        }
    }
    assert_eq!(names.len(), 5);
    assert!(names[0].contains("crepes.fr") && names[0].contains("10.0.0.1"), "{names:?}");
    assert!(file.windows(9).any(|bytes| bytes == b"posthaste"));
    assert!(reader.interfaces().iter().all(|interface| interface.ts_resolution() == InterfaceTsResolution::NANO));
}

/// Breaks when a filter lets through what it should not, or the reverse.
#[test]
fn filters() {
    let seen = |options: CaptureOptions| {
        let mut story = Story::new(options);
        story.greeting();
        let packets = read(&story.finish());
        packets.iter().for_each(|packet| drop(dissect(packet)));
        packets.into_iter().map(|packet| (packet.interface, packet.at_ns / MS)).collect::<Vec<_>>()
    };
    let all = CaptureOptions::default;
    assert_eq!(seen(CaptureOptions { ports: vec![25], ..all() }).len(), 4);
    assert_eq!(seen(CaptureOptions { ports: vec![110], ..all() }).len(), 0);
    let at = |ms: u64| SimTime::from_nanos(ms * MS);
    let some = seen(CaptureOptions { from: at(1), until: at(3), ..all() });
    assert_eq!(some, [("hamburger.edu".to_owned(), 1), ("crepes.fr".to_owned(), 2)]);
    let one = seen(CaptureOptions { hosts: vec![CREPES], ..all() });
    assert_eq!(one.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [0, 2, 2, 4], "as it comes and goes");
    assert_eq!(seen(CaptureOptions { hosts: vec![CREPES, HAMBURGER], ..all() }).len(), 8);
    assert_eq!(seen(CaptureOptions { hosts: vec![NS], ..all() }).len(), 0);
    let links = CaptureOptions { interfaces: Interfaces::Links, ..all() };
    let forth = "link0:crepes.fr>hamburger.edu".to_owned();
    assert_eq!(seen(links.clone())[0], (forth, 0));
    assert_eq!(seen(links.clone()).len(), 4);
    assert_eq!(seen(CaptureOptions { hosts: vec![NS], ..links }).len(), 0);
}

/// Breaks when a router's hop is told as a packet of its own, or keeps the hop limit.
#[test]
fn a_packet_that_is_forwarded_grows_older() {
    let options = CaptureOptions { interfaces: Interfaces::Links, ..CaptureOptions::default() };
    for (options, count) in [(options, 2), (CaptureOptions::default(), 1)] {
        let mut story = Story::new(options);
        let mut packet = segment(Side::Client, 0, None, 0, "S");
        packet.dst = endpoint(NS, 25);
        let sent = story.sent(0, CREPES, 0, packet);
        story.content(sent, Some(1), MSS, b"");
        let halfway = story.arrived(sent, HAMBURGER, 0, packet);
        let sent = story.sent(halfway, HAMBURGER, 2, packet);
        story.arrived(sent, NS, 2, packet);
        let packets = read(&story.finish());
        assert_eq!(packets.len(), count);
        assert!(packets.iter().zip([64, 63]).all(|(packet, ttl)| packet.bytes[8] == ttl), "{packets:?}");
    }
}

/// Breaks when the reason of a drop is lost, stands on another packet, or disturbs the order.
#[test]
fn drops_stand_on_the_packets_that_were_dropped() {
    let mut story = Story::new(CaptureOptions::default());
    story.opening(0);
    let syn = segment(Side::Client, 0, None, 0, "S");
    // Turned away before its content is told.
    let turned_away = story.sent(0, CREPES, 0, syn);
    story.dropped(turned_away, Some(0), syn, DropReason::QueueFull);
    story.content(turned_away, Some(1), MSS, b"");
    // Lost on the way, while a later one arrives.
    let lost = story.sent(0, CREPES, 0, syn);
    story.content(lost, Some(1), MSS, b"");
    story.at += MS;
    story.passes(Side::Client, syn, 1, b"");
    story.dropped(lost, Some(0), syn, DropReason::Loss);
    // Taken off the link by a fault, which is then the cause.
    story.at += MS;
    let cut = story.sent(0, CREPES, 0, syn);
    story.content(cut, Some(1), MSS, b"");
    story.dropped(999, Some(0), syn, DropReason::LinkDown);
    // Arrived, but nobody was there.
    let arrived = story.passes(Side::Client, syn, 1, b"");
    story.dropped(arrived, None, syn, DropReason::HostDown);
    let packets = read(&story.finish());
    let at: Vec<u64> = packets.iter().map(|packet| packet.at_ns / MS).collect();
    assert_eq!(at, [0, 0, 1, 3, 3]);
    let link = "link0:crepes.fr>hamburger.edu";
    let dropped: Vec<String> = packets.iter().map(|packet| packet.comments[1..].concat()).collect();
    let at_link = |reason: &str| format!("dropped: {reason} at {link}");
    let host_down = "dropped: host_down at crepes.fr".to_owned();
    assert_eq!(dropped, [at_link("queue_full"), at_link("loss"), String::new(), at_link("link_down"), host_down]);
}

/// Breaks when a connection's message, or a retransmission's reason, is not told.
#[test]
fn comments_name_the_message_and_the_retransmission() {
    let mut story = Story::new(CaptureOptions::default());
    let connecting = MailTrace::Phase { message: "<1@crepes.fr>", to: "bob@hamburger.edu", phase: Phase::Connecting };
    let cause = story.tell(0, CREPES, Trace::Mail(connecting));
    story.opening(cause);
    let syn = segment(Side::Client, 0, None, 0, "S");
    story.passes(Side::Client, syn, 1, b"");
    let why = RetransmitReason::Timeout;
    story.conn(0, CREPES, Side::Client, ConnStep::Retransmitted { seq: 0, len: 0, why });
    story.passes(Side::Client, syn, 1, b"");
    let mut say = |side: Side, text: &str| {
        let (conn, protocol, bytes) = (CONN, Protocol::Smtp, text.as_bytes());
        story.tell(0, CREPES, Trace::Dialogue { conn, side, protocol, bytes });
        story.passes(Side::Client, segment(Side::Client, 1, Some(1), 0, ""), 1, b"");
    };
    say(Side::Client, "MAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n");
    say(Side::Server, "354 go on\r\n");
    say(Side::Client, "Subject: x\r\nmessage-id: <1@crepes.fr>\r\n\r\nMAIL\r\nQUIT\r\n.\r\n");
    say(Side::Server, "250 ok\r\n");
    say(Side::Client, "MAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n");
    say(Side::Server, "354 go on\r\n");
    say(Side::Client, "Message-ID: <2@crepes.fr>\r\n\r\nx\r\n.\r\n");
    say(Side::Server, "250 ok\r\n");
    say(Side::Client, "QUIT\r\n");
    let packets = read(&story.finish());
    let rest: Vec<String> = packets.iter().map(|packet| packet.comments[1..].join(", ")).collect();
    let (one, two) = ("message <1@crepes.fr>", "message <2@crepes.fr>");
    let again = "message <1@crepes.fr>, retransmission: timeout";
    assert_eq!(rest, [one, again, one, one, one, one, "", "", two, two, ""]);
}

/// Breaks when a datagram's question is not recognised on the way there or back.
#[test]
fn comments_name_the_question() {
    let mut story = Story::new(CaptureOptions::default());
    let (asker, server) = (endpoint(CREPES, 49_152), endpoint(HAMBURGER, 53));
    let query = QueryId { host: CREPES, number: 3 };
    let asked = DnsTrace::Asked {
        query,
        task: None,
        to: server,
        from_port: 49_152,
        wire_id: 0x0102,
        name: "hamburger.edu",
        rtype: 1,
        retry: 0,
    };
    story.tell(0, CREPES, Trace::Dns(asked));
    for (host, src, dst, payload) in [
        (CREPES, asker, server, &[1, 2, 0][..]),
        (HAMBURGER, server, asker, &[1, 2, 0x80]),
        (HAMBURGER, server, asker, &[9, 9]),
    ] {
        let bytes = 28 + u32::try_from(payload.len()).unwrap();
        let sent = story.sent(0, host, host.0, PacketInfo { src, dst, bytes, tcp: None, icmp: None, ecn: Ecn::NotEct });
        story.capture.observe_content(&PacketContent { sent: EventId(sent), ttl: 64, tcp: None, payload });
    }
    let packets = read(&story.finish());
    let comments: Vec<String> = packets.iter().map(|packet| packet.comments.concat()).collect();
    assert_eq!(comments, ["query crepes.fr?3", "query crepes.fr?3", ""]);
    let sliced = SlicedPacket::from_ip(&packets[1].bytes).unwrap();
    let Some(TransportSlice::Udp(udp)) = sliced.transport else { panic!("not UDP") };
    assert_eq!((udp.source_port(), udp.length(), udp.payload()), (53, 11, &[1, 2, 0x80][..]));
    let header = udp.to_header();
    assert_eq!(header.checksum, header.calc_checksum_ipv4_raw([10, 0, 0, 2], [10, 0, 0, 1], udp.payload()).unwrap());
}

/// Breaks when a reset from a host without the connection has numbers out of the blue.
#[test]
fn a_reset_from_nowhere_answers_with_known_numbers() {
    let mut story = Story::new(CaptureOptions::default());
    story.opening(0);
    story.passes(Side::Client, segment(Side::Client, 0, None, 0, "S"), 41, b"");
    let reset = segment(Side::Server, 0, Some(1), 0, "R");
    let sent = story.sent(0, HAMBURGER, 1, reset);
    story.content(sent, None, &[], b"");
    let packets = read(&story.finish());
    let (header, _) = dissect(&packets[1]);
    assert!(header.rst && header.ack);
    assert_eq!((header.sequence_number, header.acknowledgment_number), (0, 42));
}

/// Breaks when connections that are over are remembered for good.
#[test]
fn closed_connections_are_forgotten() {
    let mut story = Story::new(CaptureOptions::default());
    for number in 1..=10_100 {
        let conn = ConnId { host: CREPES, number };
        let (from, to) = (endpoint(CREPES, 49_152), endpoint(HAMBURGER, 25));
        let closed =
            ConnStep::Closed { reason: CloseReason::TimedOut, sent: 0, received: 0, figures: EndFigures::default() };
        for step in [ConnStep::Opening { from, to }, closed] {
            story.tell(0, CREPES, Trace::Conn { conn, side: Side::Client, step });
        }
    }
    assert_eq!(story.capture.labels.remembered(), 10_000);
}

/// Breaks when equal runs give different files, or an error of the disk is swallowed.
#[test]
fn equal_traces_give_equal_bytes_and_errors_are_told() {
    let file = || {
        let mut story = Story::new(CaptureOptions::default());
        story.greeting();
        story.finish()
    };
    assert_eq!(file(), file());
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("the disk is full"))?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let whole = file().len();
    for room in [0, 100, whole - 1] {
        let mut capture = CaptureWriter::new(directory(), CaptureOptions::default(), Full(room));
        let packet = segment(Side::Client, 0, None, 0, "S");
        for id in 1..50 {
            let what = Trace::Net(NetTrace::Sent { link: LinkDirId(0), packet });
            let (id, at) = (EventId(id), SimTime::from_nanos(id));
            capture.observe(&TraceEvent { id, cause: EventId(0), at, host: CREPES, what });
            let tcp = Some(TcpContent { isn: Some(1), window: 1, push: false, options: MSS });
            capture.observe_content(&PacketContent { sent: id, ttl: 64, tcp, payload: b"" });
        }
        assert!(capture.finish().is_err_and(|error| error.to_string().contains("the disk is full")));
    }
}
