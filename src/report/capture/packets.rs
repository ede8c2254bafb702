//! Packets as they stand on the wire: IP and transport headers with their checksums.
//!
//! What the simulator does not model is what an idle host would send: no IP options, traffic
//! class 0 but for ECN, DF set and so identification 0 (RFC 6864 4.1), no urgent data.

use std::net::IpAddr;

use etherparse::{IpEcn, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, TcpHeader, UdpHeader};

use super::quote::icmp_header;
use crate::base::trace::{Ecn, PacketInfo, TcpInfo};

/// What the trace does not say about a packet, kept while the packet is on its way.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) tcp: Option<TcpFields>,
    pub(super) payload: Vec<u8>,
}

/// A TCP header's absolute numbers and the fields that the trace does not have.
#[derive(Clone, Debug)]
pub(super) struct TcpFields {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) window: u16,
    pub(super) push: bool,
    pub(super) options: Vec<u8>,
}

/// An absolute sequence number: they wrap at 2^32 (RFC 9293 3.4).
pub(super) fn absolute(isn: u32, relative: u64) -> u32 {
    let wrapped = u32::try_from(relative & u64::from(u32::MAX)).expect("32 bits");
    isn.wrapping_add(wrapped)
}

/// The packet's bytes, from the IP header on.
pub(super) fn wire(info: &PacketInfo, content: &Content, ttl: u8) -> Vec<u8> {
    let (protocol, transport) = match (info.icmp, info.tcp, &content.tcp) {
        (Some(kind), _, _) => {
            let protocol = if info.src.addr.is_ipv4() { IpNumber::ICMP } else { IpNumber::IPV6_ICMP };
            (protocol, icmp_header(info, kind, &content.payload))
        }
        (None, Some(tcp), Some(fields)) => (IpNumber::TCP, tcp_header(info, &tcp, fields, &content.payload)),
        (None, Some(_), None) | (None, None, _) => (IpNumber::UDP, udp_header(info, &content.payload)),
    };
    let length = transport.len() + content.payload.len();
    let mut bytes = Vec::with_capacity(info.bytes as usize);
    ip_header(info, ttl, protocol, length, &mut bytes);
    bytes.extend_from_slice(&transport);
    bytes.extend_from_slice(&content.payload);
    assert_eq!(bytes.len(), info.bytes as usize, "a packet is as long as the links take it to be: {info:?}");
    bytes
}

/// The ECN field (RFC 3168 5).
pub(super) const fn field(ecn: Ecn) -> IpEcn {
    match ecn {
        Ecn::NotEct => IpEcn::NotEct,
        Ecn::Ect0 => IpEcn::Ect0,
        Ecn::Ce => IpEcn::CongestionExperienced,
    }
}

/// The traffic class of IPv6: the ECN field is its last two bits.
pub(super) fn traffic_class(ecn: Ecn) -> u8 {
    field(ecn).value()
}

fn ip_header(info: &PacketInfo, ttl: u8, protocol: IpNumber, length: usize, into: &mut Vec<u8>) {
    let length = u16::try_from(length).expect("a packet fits into IP");
    match (info.src.addr, info.dst.addr) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = Ipv4Header::new(length, ttl, protocol, source.octets(), destination.octets())
                .expect("a packet fits into IPv4");
            header.dont_fragment = true;
            header.ecn = field(info.ecn);
            header.write(into).expect("a vector takes everything");
        }
        (source, destination) => {
            let octets = |addr: IpAddr| match addr {
                IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
                IpAddr::V6(addr) => addr.octets(),
            };
            let header = Ipv6Header {
                traffic_class: traffic_class(info.ecn),
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: length,
                next_header: protocol,
                hop_limit: ttl,
                source: octets(source),
                destination: octets(destination),
            };
            header.write(into).expect("a vector takes everything");
        }
    }
}

fn tcp_header(info: &PacketInfo, tcp: &TcpInfo, fields: &TcpFields, payload: &[u8]) -> Vec<u8> {
    let mut header = TcpHeader::new(info.src.port, info.dst.port, fields.seq, fields.window);
    header.acknowledgment_number = fields.ack;
    header.ack = tcp.ack.is_some();
    header.syn = tcp.syn;
    header.fin = tcp.fin;
    header.rst = tcp.rst;
    header.psh = fields.push;
    header.ece = tcp.ece;
    header.cwr = tcp.cwr;
    header.set_options_raw(&fields.options).expect("options fit into a header");
    let checksum = match (info.src.addr, info.dst.addr) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => header.calc_checksum_ipv4_raw(src.octets(), dst.octets(), payload),
        (IpAddr::V6(src), IpAddr::V6(dst)) => header.calc_checksum_ipv6_raw(src.octets(), dst.octets(), payload),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => unreachable!("one packet, one family"),
    };
    header.checksum = checksum.expect("a segment fits into a packet");
    header.to_bytes().to_vec()
}

fn udp_header(info: &PacketInfo, payload: &[u8]) -> Vec<u8> {
    let (src, dst) = (info.src.port, info.dst.port);
    let length = u16::try_from(UdpHeader::LEN + payload.len()).expect("a datagram fits into a packet");
    let mut header = UdpHeader { source_port: src, destination_port: dst, length, checksum: 0 };
    let checksum = match (info.src.addr, info.dst.addr) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => header.calc_checksum_ipv4_raw(src.octets(), dst.octets(), payload),
        (IpAddr::V6(src), IpAddr::V6(dst)) => header.calc_checksum_ipv6_raw(src.octets(), dst.octets(), payload),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => unreachable!("one packet, one family"),
    };
    header.checksum = checksum.expect("a datagram fits into a packet");
    header.to_bytes().to_vec()
}
