//! The trace of packets and connections.

use serde::Serialize;

use super::figures::EndFigures;
use crate::base::ids::{ConnId, LinkDirId};
use crate::base::socket::{CloseReason, Endpoint};

/// What happens to packets.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetTrace {
    /// A packet joined the queue of a link direction. A copy that the link itself made is a
    /// packet of its own, caused by the first one's event of this kind.
    Sent {
        /// The link direction.
        link: LinkDirId,
        /// The packet.
        packet: PacketInfo,
    },
    /// A packet reached the far end of a link direction.
    Arrived {
        /// The link direction.
        link: LinkDirId,
        /// The packet.
        packet: PacketInfo,
    },
    /// A packet was lost.
    Dropped {
        /// The link direction on which it was, or was about to be; none at a host.
        link: Option<LinkDirId>,
        /// The packet.
        packet: PacketInfo,
        /// Why.
        reason: DropReason,
    },
}

/// A packet's header, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PacketInfo {
    /// Source.
    pub src: Endpoint,
    /// Destination.
    pub dst: Endpoint,
    /// Bytes on the link, IP and transport headers included.
    pub bytes: u32,
    /// The TCP part; none for UDP and ICMP.
    pub tcp: Option<TcpInfo>,
    /// What an ICMP message says; none for TCP and UDP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp: Option<IcmpKind>,
    /// The ECN field of the IP header, which a queue on the way may change.
    #[serde(skip_serializing_if = "Ecn::is_not_ect")]
    pub ecn: Ecn,
}

/// The ECN field of an IP header (RFC 3168 5). ECT(1) is not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ecn {
    /// A queue drops it.
    #[default]
    NotEct,
    /// ECT(0): a queue may mark it instead.
    Ect0,
    /// Congestion experienced.
    Ce,
}

impl Ecn {
    /// Whether its transport does not understand marks.
    #[must_use]
    pub const fn is_not_ect(&self) -> bool {
        matches!(self, Self::NotEct)
    }
}

/// What an ICMP error message says (RFC 792; RFC 1122 3.2.2), in the version that goes with its
/// packet's family (RFC 4443 for IPv6, whose types and codes stand in parentheses).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IcmpKind {
    /// Destination unreachable, code 0 (1, 0): a router has no route.
    NetUnreachable,
    /// Destination unreachable, code 1 (1, 3): the last router cannot reach the host.
    HostUnreachable,
    /// Destination unreachable, code 3 (1, 4): nobody has bound the UDP port.
    PortUnreachable,
    /// Time exceeded, code 0 (3, 0): the hop limit ran out on the way.
    TimeExceeded,
    /// Destination unreachable, code 4 (2, 0): too big for a link, and not to be fragmented (RFC 1191 4).
    TooBig {
        /// The MTU of that link.
        mtu: u32,
    },
}

/// A TCP segment's header, in short. Sequence numbers count from the connection's start
/// (SYN = 0), so that equal dialogues look equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TcpInfo {
    /// The connection, when it is known.
    pub conn: Option<ConnId>,
    /// Relative sequence number of the first octet.
    pub seq: u64,
    /// Relative acknowledgement number; none when ACK is not set.
    pub ack: Option<u64>,
    /// Octets of data.
    pub len: u32,
    /// Advertised window in octets.
    pub window: u32,
    /// SYN.
    pub syn: bool,
    /// FIN.
    pub fin: bool,
    /// RST.
    pub rst: bool,
    /// ECE (RFC 3168 6.1).
    pub ece: bool,
    /// CWR (RFC 3168 6.1).
    pub cwr: bool,
    /// Options.
    pub options: TcpOptions,
}

/// The options of a TCP header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TcpOptions {
    /// Maximum segment size (RFC 9293 3.7.1), in a SYN.
    pub mss: Option<u16>,
    /// Window scale (RFC 7323 2), in a SYN.
    pub window_scale: Option<u8>,
    /// SACK-permitted (RFC 2018 2), in a SYN.
    pub sack_permitted: bool,
    /// Timestamps (RFC 7323 3).
    pub timestamps: Option<Timestamps>,
    /// SACK blocks (RFC 2018 3) as offsets from the acknowledgement number; unused ones are (0, 0).
    pub sack: [(u32, u32); TcpOptions::MAX_SACK],
}

/// The timestamps option (RFC 7323 3), in milliseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timestamps {
    /// `TSval`.
    pub val: u32,
    /// `TSecr`.
    pub ecr: u32,
}

impl TcpOptions {
    /// SACK blocks of a segment: as many as fit beside timestamps (RFC 2018 3).
    pub const MAX_SACK: usize = 3;

    /// The SACK blocks that there are.
    pub fn sack_blocks(&self) -> impl Iterator<Item = (u32, u32)> {
        self.sack.into_iter().take_while(|block| block.1 > 0)
    }

    /// Octets in the header, padding included.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let scale = if self.window_scale.is_some() { 3 } else { 0 };
        let permitted = if self.sack_permitted { 2 } else { 0 };
        let stamps = if self.timestamps.is_some() { 10 } else { 0 };
        let in_syn: u32 = mss + scale + permitted + stamps;
        let blocks = self.sack.iter().take_while(|block| block.1 > 0).count();
        // RFC 2018 3: 8n + 2 octets, which two no-operations align.
        let sack = [0, 12, 20, 28][blocks];
        in_syn.next_multiple_of(4) + sack
    }
}

/// Why a packet was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The link's queue was full (drop-tail), or that of a degraded service.
    QueueFull,
    /// The link's random loss, or that of a degraded service.
    Loss,
    /// The link was down.
    LinkDown,
    /// The receiving, forwarding or sending host was down.
    HostDown,
    /// No route to the destination.
    NoRoute,
    /// A datagram for a port that nobody has bound.
    PortClosed,
    /// The hop limit ran out.
    TtlExpired,
    /// Larger than the link's MTU.
    TooBig,
    /// RED turned it away before the queue was full.
    Early,
    /// `CoDel` dropped it after it had waited too long.
    Sojourn,
    /// Damaged on the way: the checksum at its destination was wrong.
    Corrupt,
    /// A SYN to a listener with too many handshakes under way.
    BacklogFull,
    /// A SYN to a service that has no place for another session.
    ServiceFull,
}

/// Steps in the life of a TCP connection.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnStep {
    /// The first SYN was sent (client only).
    Opening {
        /// From.
        from: Endpoint,
        /// To.
        to: Endpoint,
    },
    /// This end reached ESTABLISHED.
    Established,
    /// This end sent octets again (length 0: a SYN or FIN).
    Retransmitted {
        /// Relative sequence number.
        seq: u64,
        /// Octets.
        len: u32,
        /// What made it do so.
        why: RetransmitReason,
    },
    /// This end is closed: data octets sent and received, first transmissions only.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Data octets that this end sent.
        sent: u64,
        /// Data octets that this end received in order.
        received: u64,
        /// What it measured.
        figures: EndFigures,
    },
    /// The other end called at the same time, and the two SYNs crossed (RFC 9293 3.5): there is
    /// one connection, which goes on under another name, and this end is its server.
    Joined {
        /// That name.
        into: ConnId,
    },
}

/// What makes a sender retransmit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetransmitReason {
    /// The retransmission timer ran out (RFC 6298).
    Timeout,
    /// Acknowledgements told that it is missing: three duplicates, a partial one in recovery
    /// (RFC 5681, 6582), selective ones (RFC 6675), or those of later segments (RFC 8985).
    FastRetransmit,
    /// Acknowledgements stayed away, and it went to fetch one (RFC 8985 7).
    LossProbe,
    /// It was too big for some link of its path, and goes again in smaller pieces (RFC 1191 6.5).
    PathMtu,
}
