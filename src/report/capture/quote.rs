//! ICMP error messages, and what they quote of the packet that they are about.
//!
//! RFC 792: "The internet header plus the first 64 bits of the original datagram's data".
//! RFC 4443 2.4 (c): "As much of invoking packet as possible without the ICMPv6 packet
//! exceeding the minimum IPv6 MTU".

use std::net::IpAddr;

use etherparse::icmpv4::{self, DestUnreachableHeader};
use etherparse::icmpv6::{self, DestUnreachableCode};
use etherparse::{Icmpv4Header, Icmpv4Type, Icmpv6Header, Icmpv6Type, Ipv4Header, Ipv6Header};

use super::packets::{field, traffic_class};
use crate::base::trace::{Ecn, IcmpKind, PacketInfo};

const IPV4_QUOTED: usize = 20 + 8;
/// The minimum MTU of IPv6, less its header and that of ICMPv6.
const IPV6_QUOTED: usize = 1280 - 40 - 8;

/// The beginning of a packet, which an error message may have to quote.
#[derive(Clone, Debug, Default)]
pub(super) struct Quote {
    bytes: Vec<u8>,
    /// To what the packet belongs, in words.
    pub(super) about: Vec<String>,
}

impl Quote {
    /// Of a packet with these bytes, which belongs to that question.
    pub(super) fn of(packet: &PacketInfo, wire: &[u8], question: Option<String>) -> Self {
        let most = match packet.src.addr {
            IpAddr::V4(_) => IPV4_QUOTED,
            IpAddr::V6(_) => IPV6_QUOTED,
        };
        Self { bytes: wire[..wire.len().min(most)].to_vec(), about: question.into_iter().collect() }
    }

    /// As the packet was where it was lost: what changes on the way has changed.
    pub(super) fn lost_with(mut self, ttl: u8, ecn: Ecn) -> Self {
        let mut header = Vec::new();
        if let Ok((mut ip, _)) = Ipv4Header::from_slice(&self.bytes) {
            (ip.time_to_live, ip.ecn) = (ttl, field(ecn));
            ip.write(&mut header).expect("a vector takes everything");
        } else if let Ok((mut ip, _)) = Ipv6Header::from_slice(&self.bytes) {
            (ip.hop_limit, ip.traffic_class) = (ttl, traffic_class(ecn));
            ip.write(&mut header).expect("a vector takes everything");
        }
        self.bytes[..header.len()].copy_from_slice(&header);
        self
    }

    /// What an error message of so many bytes in all, IP header included, quotes.
    pub(super) fn payload_of(&self, message: &PacketInfo) -> Vec<u8> {
        let headers = match message.src.addr {
            IpAddr::V4(_) => 20 + 8,
            IpAddr::V6(_) => 40 + 8,
        };
        let length = (message.bytes as usize).saturating_sub(headers).min(self.bytes.len());
        self.bytes[..length].to_vec()
    }
}

/// The header of an ICMP message that quotes `payload`.
pub(super) fn icmp_header(info: &PacketInfo, kind: IcmpKind, payload: &[u8]) -> Vec<u8> {
    match (info.src.addr, info.dst.addr) {
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            // RFC 4443 3.1 to 3.3.
            let kind = match kind {
                IcmpKind::NetUnreachable => Icmpv6Type::DestinationUnreachable(DestUnreachableCode::NoRoute),
                IcmpKind::HostUnreachable => Icmpv6Type::DestinationUnreachable(DestUnreachableCode::Address),
                IcmpKind::PortUnreachable => Icmpv6Type::DestinationUnreachable(DestUnreachableCode::Port),
                IcmpKind::TooBig { mtu } => Icmpv6Type::PacketTooBig { mtu },
                IcmpKind::TimeExceeded => Icmpv6Type::TimeExceeded(icmpv6::TimeExceededCode::HopLimitExceeded),
            };
            let header = Icmpv6Header::with_checksum(kind, src.octets(), dst.octets(), payload);
            header.expect("a quotation fits into a packet").to_bytes().to_vec()
        }
        (IpAddr::V4(_), _) | (IpAddr::V6(_), IpAddr::V4(_)) => {
            let kind = match kind {
                IcmpKind::NetUnreachable => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Network),
                IcmpKind::HostUnreachable => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Host),
                IcmpKind::PortUnreachable => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port),
                // RFC 1191 4: the next hop's MTU stands in the field that RFC 792 left unused.
                IcmpKind::TooBig { mtu } => {
                    let next_hop_mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
                    Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::FragmentationNeeded { next_hop_mtu })
                }
                IcmpKind::TimeExceeded => Icmpv4Type::TimeExceeded(icmpv4::TimeExceededCode::TtlExceededInTransit),
            };
            Icmpv4Header::with_checksum(kind, payload).to_bytes().to_vec()
        }
    }
}
