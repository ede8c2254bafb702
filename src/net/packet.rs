//! Packets: small values that name what they carry.
//!
//! A TCP segment names a range of its connection's byte stream; a UDP packet names a
//! datagram in the fabric's store. Headers are counted in the length: IPv4 20 bytes, IPv6 40, TCP
//! 20 and its options, UDP 8. IPv6 has no extension headers. No link-layer header, no fragmentation: a
//! datagram goes whole, however long.

use slotmap::{Key as _, new_key_type};

use super::tcp::{EcnBits, TcbKey};
pub(crate) use crate::base::trace::Ecn;
use crate::base::trace::{IcmpKind, TcpInfo, TcpOptions};
use crate::base::{ConnId, Endpoint, EventId, Family, HostId};

new_key_type! {
    /// A datagram's payload in the fabric's store.
    pub(crate) struct DatagramKey;
}

const IPV4_HEADER: u32 = 20;
/// RFC 8200 3.
const IPV6_HEADER: u32 = 40;
const ICMP_HEADER: u32 = 8;
/// Every link of IPv6 carries packets of that size (RFC 8200 5).
const IPV6_MIN_MTU: u32 = 1_280;
const UDP_HEADER: u32 = 8;
const TCP_HEADER: u32 = 20;
/// RFC 1122 3.2.1.7 asks for a configurable TTL; RFC 1340 suggests 64. IPv6's hop limit is the same.
pub(crate) const INITIAL_TTL: u8 = 64;

/// A packet on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) src: HostId,
    pub(crate) dst: HostId,
    pub(crate) src_port: u16,
    pub(crate) dst_port: u16,
    /// The version of IP; the addresses are those that the two hosts have of it.
    pub(crate) family: Family,
    pub(crate) ttl: u8,
    pub(crate) ecn: Ecn,
    /// Damaged on the way.
    pub(crate) damaged: bool,
    /// Length with IP and transport headers.
    pub(crate) bytes: u32,
    /// The trace event on which its arrival will be blamed.
    pub(crate) cause: EventId,
    pub(crate) body: Body,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    Tcp(Segment),
    Udp(DatagramKey),
    Icmp(Icmp),
}

/// An ICMP error message, with what its quotation of the offending packet tells the host
/// that sent that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Icmp {
    pub(crate) kind: IcmpKind,
    /// The end of a connection that sent a segment, or the port that sent a datagram.
    pub(crate) sender: Sender,
    /// Where to.
    pub(crate) to: Endpoint,
}

/// Who sent a packet, on its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Connection(TcbKey),
    Port(u16),
}

/// A TCP segment. Sequence numbers are relative to the connection's start (SYN = 0) and do
/// not wrap; the real 32-bit number is this plus the end's ISN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// The sending end; null in a reset from a host that has no such connection.
    pub(crate) from: TcbKey,
    /// The end meant; null in a first SYN. With `from` it does what unguessable ISNs do for
    /// real TCP: it tells incarnations of one four-tuple apart.
    pub(crate) to: TcbKey,
    pub(crate) conn: ConnId,
    pub(crate) seq: u64,
    /// Meaningful when `flags` has ACK.
    pub(crate) ack: u64,
    /// Octets of data.
    pub(crate) len: u32,
    pub(crate) window: u32,
    pub(crate) options: TcpOptions,
    pub(crate) flags: Flags,
    pub(crate) ecn: EcnBits,
}

/// Control bits (RFC 9293 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) syn: bool,
    pub(crate) ack: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
}

impl Flags {
    pub(crate) const SYN: Self = Self { syn: true, ack: false, fin: false, rst: false };
    pub(crate) const SYN_ACK: Self = Self { syn: true, ack: true, fin: false, rst: false };
    pub(crate) const ACK: Self = Self { syn: false, ack: true, fin: false, rst: false };
    pub(crate) const FIN_ACK: Self = Self { syn: false, ack: true, fin: true, rst: false };
    pub(crate) const RST: Self = Self { syn: false, ack: false, fin: false, rst: true };
    pub(crate) const RST_ACK: Self = Self { syn: false, ack: true, fin: false, rst: true };
}

impl Segment {
    /// SEG.LEN of RFC 9293 3.3.1: octets of sequence space, SYN and FIN included.
    pub(crate) fn space(&self) -> u64 {
        u64::from(self.len) + u64::from(self.flags.syn) + u64::from(self.flags.fin)
    }

    /// The segment's header, in short.
    pub(crate) fn info(&self) -> TcpInfo {
        TcpInfo {
            conn: Some(self.conn),
            seq: self.seq,
            ack: self.flags.ack.then_some(self.ack),
            len: self.len,
            window: self.window,
            syn: self.flags.syn,
            fin: self.flags.fin,
            rst: self.flags.rst,
            ece: self.ecn.ece,
            cwr: self.ecn.cwr,
            options: self.options,
        }
    }

    /// The options as they stand in the header (RFC 9293 3.1), for captures; as many bytes as
    /// [`TcpOptions::bytes`] counts. `peer_isn` is the number from which SACK blocks count.
    pub(crate) fn options(&self, peer_isn: u32) -> Vec<u8> {
        const NO_OPERATION: u8 = 1;
        let mut wire = Vec::new();
        if let Some(mss) = self.options.mss {
            wire.extend_from_slice(&[2, 4]);
            wire.extend_from_slice(&mss.to_be_bytes());
        }
        if let Some(shift) = self.options.window_scale {
            wire.extend_from_slice(&[3, 3, shift]);
        }
        if self.options.sack_permitted {
            wire.extend_from_slice(&[4, 2]);
        }
        if let Some(stamps) = self.options.timestamps {
            wire.extend_from_slice(&[8, 10]);
            wire.extend_from_slice(&stamps.val.to_be_bytes());
            wire.extend_from_slice(&stamps.ecr.to_be_bytes());
        }
        wire.resize(wire.len().next_multiple_of(4), NO_OPERATION);
        let blocks: Vec<_> = self.options.sack_blocks().collect();
        if !blocks.is_empty() {
            let low = u32::try_from(self.ack & u64::from(u32::MAX)).expect("32 bits");
            let ack = peer_isn.wrapping_add(low);
            let length = u8::try_from(2 + 8 * blocks.len()).expect("few blocks");
            wire.extend_from_slice(&[NO_OPERATION, NO_OPERATION, 5, length]);
            for edge in blocks.into_iter().flat_map(|(left, right)| [left, right]) {
                wire.extend_from_slice(&ack.wrapping_add(edge).to_be_bytes());
            }
        }
        wire
    }

    /// The reset that answers this segment where no connection accepts it (RFC 9293 3.10.7.1).
    pub(crate) fn reset(&self) -> Self {
        let (seq, ack, flags) =
            if self.flags.ack { (self.ack, 0, Flags::RST) } else { (0, self.seq + self.space(), Flags::RST_ACK) };
        Self {
            from: TcbKey::null(),
            to: self.from,
            conn: self.conn,
            seq,
            ack,
            len: 0,
            window: 0,
            options: TcpOptions::default(),
            flags,
            ecn: EcnBits::default(),
        }
    }
}

/// Bytes of the IP header.
const fn ip_header(family: Family) -> u32 {
    match family {
        Family::V4 => IPV4_HEADER,
        Family::V6 => IPV6_HEADER,
    }
}

/// What a segment needs beside its options and data.
pub(crate) const fn tcp_headers(family: Family) -> u32 {
    ip_header(family) + TCP_HEADER
}

/// The length of a datagram's packet.
pub(crate) const fn udp_bytes(family: Family, payload: u32) -> u32 {
    ip_header(family) + UDP_HEADER + payload
}

impl Packet {
    /// Marks it as having met congestion; false if its transport does not understand that.
    pub(crate) fn mark(&mut self) -> bool {
        match self.ecn {
            Ecn::NotEct => false,
            Ecn::Ect0 | Ecn::Ce => {
                self.ecn = Ecn::Ce;
                true
            }
        }
    }

    /// Whether it brings octets of an application.
    pub(crate) fn carries_data(&self) -> bool {
        match &self.body {
            Body::Tcp(segment) => segment.len > 0,
            Body::Udp(_) => true,
            Body::Icmp(_) => false,
        }
    }

    /// A TCP segment's packet.
    pub(crate) fn tcp(family: Family, src: (HostId, u16), dst: (HostId, u16), segment: Segment) -> Self {
        let ecn = if segment.ecn.ect { Ecn::Ect0 } else { Ecn::NotEct };
        Self::new(family, src, dst, TCP_HEADER + segment.options.bytes() + segment.len, ecn, Body::Tcp(segment))
    }

    /// A UDP datagram's packet.
    pub(crate) fn udp(family: Family, src: (HostId, u16), dst: (HostId, u16), payload: u32, key: DatagramKey) -> Self {
        Self::new(family, src, dst, UDP_HEADER + payload, Ecn::NotEct, Body::Udp(key))
    }

    /// The packet of an ICMP error message that answers a packet of that family and so many
    /// bytes: 8 bytes, and of the packet that it is about its IP header and 8 bytes (RFC 792),
    /// or "as much as possible without exceeding the minimum IPv6 MTU" (RFC 4443 2.4 (c)).
    pub(crate) fn icmp((family, about): (Family, u32), src: HostId, dst: HostId, icmp: Icmp) -> Self {
        let quoted = match family {
            Family::V4 => IPV4_HEADER + 8,
            Family::V6 => about.min(IPV6_MIN_MTU - IPV6_HEADER - ICMP_HEADER),
        };
        Self::new(family, (src, 0), (dst, 0), ICMP_HEADER + quoted, Ecn::NotEct, Body::Icmp(icmp))
    }

    fn new(family: Family, src: (HostId, u16), dst: (HostId, u16), length: u32, ecn: Ecn, body: Body) -> Self {
        Self {
            src: src.0,
            dst: dst.0,
            src_port: src.1,
            dst_port: dst.1,
            family,
            ttl: INITIAL_TTL,
            ecn,
            damaged: false,
            bytes: ip_header(family) + length,
            cause: EventId(0),
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEvent;

    #[test]
    fn only_what_understands_marks_is_marked() {
        let key = DatagramKey::null();
        let mut packet = Packet::udp(Family::V4, (HostId(0), 1), (HostId(1), 1), 0, key);
        assert!(!packet.mark() && packet.ecn == Ecn::NotEct);
        packet.ecn = Ecn::Ect0;
        assert!(packet.mark() && packet.mark() && packet.ecn == Ecn::Ce);
    }

    /// Packets are copied at each hop and events at each heap move. The options, SACK blocks
    /// above all, are 44 bytes of it.
    #[test]
    fn packets_and_events_stay_small() {
        assert!(size_of::<Packet>() <= 144, "{}", size_of::<Packet>());
        assert!(size_of::<NetEvent>() <= 16, "{}", size_of::<NetEvent>());
    }
}
