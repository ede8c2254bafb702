//! What packets carry, for those who want to see it on top of the trace.
//!
//! The trace names octets and does not hold them, and it counts sequence numbers from zero.
//! A capture needs the rest. It is told once a packet, where its source sends it: nothing
//! changes on the way but the hop limit, which falls by one at each router, and the ECN field,
//! which is in the trace. What an ICMP message quotes was told of the packet that it is about.

use crate::base::ids::EventId;

/// What a packet carries beyond its [`PacketInfo`](super::PacketInfo).
#[derive(Clone, Copy, Debug)]
pub struct PacketContent<'a> {
    /// The event by which its source sent it, which was observed just before or, if several
    /// packets left at the same instant, shortly before.
    pub sent: EventId,
    /// The hop limit with which it sets out.
    pub ttl: u8,
    /// The rest of its TCP header; none for UDP.
    pub tcp: Option<TcpContent<'a>>,
    /// The octets that it carries.
    pub payload: &'a [u8],
}

/// What a TCP header holds beyond [`TcpInfo`](super::TcpInfo).
#[derive(Clone, Copy, Debug)]
pub struct TcpContent<'a> {
    /// The initial sequence number of the sending end; none when a host answers without
    /// having such a connection.
    pub isn: Option<u32>,
    /// The window field.
    pub window: u16,
    /// PSH: the last octet is the last that the sender has.
    pub push: bool,
    /// The options as they stand in the header, padded to a multiple of four.
    pub options: &'a [u8],
}
