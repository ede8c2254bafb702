//! The one trace that everything else reads: what happened, when, where and because of what.
//!
//! Every event has an id and the id of the event that caused it. Ladders, explanations,
//! tables, charts, transcripts, metrics and the fingerprint of a run are readings of this
//! trace. An event borrows its texts, so tracing allocates nothing; an observer that is not
//! [`Observer::ACTIVE`] costs nothing at all.
//!
//! A *copy* is one message for one recipient. It is named by the text of its Message-ID
//! (with angle brackets) and the recipient's address.

use serde::Serialize;
use std::net::IpAddr;

use super::ids::{ConnId, EventId, HostId, LinkDirId, QueryId};
use super::socket::{CloseReason, Endpoint, Side};
use super::time::SimTime;

/// One thing that happened.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TraceEvent<'a> {
    /// This event, numbered from 1 without gaps.
    pub id: EventId,
    /// The event that caused this one; 0 for the first causes (a workload, a fault).
    pub cause: EventId,
    /// When.
    pub at: SimTime,
    /// The host at which it happened.
    pub host: HostId,
    /// What.
    pub what: Trace<'a>,
}

/// What happened.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trace<'a> {
    /// A network event.
    Net(NetTrace),
    /// A change of a TCP connection.
    Conn {
        /// The connection.
        conn: ConnId,
        /// Which end saw it.
        side: Side,
        /// What changed.
        step: ConnStep,
    },
    /// Bytes of a protocol's dialogue, as the sending end hands them to TCP.
    Dialogue {
        /// The connection.
        conn: ConnId,
        /// The end that speaks.
        side: Side,
        /// The protocol spoken.
        protocol: Protocol,
        /// One or more lines with their CRLF, or a piece of a message.
        bytes: &'a [u8],
    },
    /// An event of name resolution.
    Dns(DnsTrace<'a>),
    /// An event in the life of a message.
    Mail(MailTrace<'a>),
    /// Something broke or was mended.
    Fault(FaultTrace),
}

/// Application protocols whose bytes are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// RFC 1939.
    Pop3,
    /// RFC 1035.
    Dns,
}

/// What happens to packets.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetTrace {
    /// A packet joined the queue of a link direction.
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
    /// The TCP part; none for UDP.
    pub tcp: Option<TcpInfo>,
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
}

/// Why a packet was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The link's queue was full (drop-tail).
    QueueFull,
    /// The link's random loss.
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
    },
}

/// What makes a sender retransmit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetransmitReason {
    /// The retransmission timer ran out (RFC 6298).
    Timeout,
    /// Three duplicate acknowledgements, or a partial one in recovery (RFC 5681, 6582).
    FastRetransmit,
}

/// Events of name resolution. `rtype` is the RR type's number (RFC 1035 3.2.2).
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsTrace<'a> {
    /// This host sent a question.
    Asked {
        /// The question.
        query: QueryId,
        /// The resolver's task for which it asks; none for a stub resolver.
        task: Option<u32>,
        /// The server asked.
        to: Endpoint,
        /// The local port.
        from_port: u16,
        /// The message's ID.
        wire_id: u16,
        /// QNAME.
        name: &'a str,
        /// QTYPE.
        rtype: u16,
        /// 0 for the first time, then the count of repetitions of this question.
        retry: u32,
    },
    /// This host got the response to its question.
    Answered {
        /// The question.
        query: QueryId,
        /// RCODE.
        rcode: u8,
        /// What the response is.
        kind: DnsAnswerKind,
        /// Records in the answer section.
        answers: u16,
        /// Length of the message in bytes.
        bytes: u32,
    },
    /// This host's question stayed without an answer.
    TimedOut {
        /// The question.
        query: QueryId,
    },
    /// A server or resolver took up a question (its `task`-th, from 1).
    Received {
        /// The host's count of questions taken up.
        task: u32,
        /// Who asked.
        client: Endpoint,
        /// The message's ID.
        wire_id: u16,
        /// QNAME.
        name: &'a str,
        /// QTYPE.
        rtype: u16,
    },
    /// A resolver looked for the question of a task in its cache.
    Cache {
        /// The task.
        task: u32,
        /// The name looked for.
        name: &'a str,
        /// The type looked for.
        rtype: u16,
        /// What it found.
        result: CacheResult,
    },
    /// A server or resolver answered a task.
    Replied {
        /// The task.
        task: u32,
        /// RCODE.
        rcode: u8,
        /// What the response is.
        kind: DnsAnswerKind,
        /// Records in the answer section.
        answers: u16,
    },
}

/// What a DNS response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsAnswerKind {
    /// Records of the asked type (perhaps behind aliases).
    Answer,
    /// Only aliases: the chain goes on elsewhere.
    Alias,
    /// Name servers of a zone further down.
    Referral,
    /// The name does not exist.
    NxDomain,
    /// The name exists, but not with that type.
    NoData,
    /// SERVFAIL, REFUSED, FORMERR, NOTIMP or a lame answer.
    Failure,
}

/// What a cache held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheResult {
    /// The records, with that many seconds to live.
    Hit {
        /// Remaining TTL in seconds.
        ttl_s: u32,
    },
    /// The knowledge that there are none.
    NegativeHit {
        /// Remaining TTL in seconds.
        ttl_s: u32,
    },
    /// Nothing.
    Miss,
}

/// The part of its life that a copy of a message is in: exactly one at each instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// In the user agent, before the first attempt to submit it.
    Composing,
    /// From the user agent to its server (name look-up, connection and dialogue included).
    Submission,
    /// In a server's queue, its next attempt due.
    Queued,
    /// The server finds out where to send it.
    Dns,
    /// The server opens a TCP connection.
    Connecting,
    /// The SMTP dialogue up to the reply to DATA.
    Dialogue,
    /// The message itself, up to the reply to its final dot.
    Transfer,
    /// In a server's queue after a failed attempt, until the next is due.
    WaitingForRetry,
    /// In the recipient's mailbox.
    InMailbox,
    /// On its way to the recipient's user agent.
    Retrieval,
}

impl Phase {
    /// All phases, in the order of a message's life.
    pub const ALL: [Self; 10] = [
        Self::Composing,
        Self::Submission,
        Self::Queued,
        Self::Dns,
        Self::Connecting,
        Self::Dialogue,
        Self::Transfer,
        Self::WaitingForRetry,
        Self::InMailbox,
        Self::Retrieval,
    ];

    /// The name used in tables and charts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Composing => "composing",
            Self::Submission => "submission",
            Self::Queued => "queued",
            Self::Dns => "dns",
            Self::Connecting => "connecting",
            Self::Dialogue => "dialogue",
            Self::Transfer => "transfer",
            Self::WaitingForRetry => "waiting_for_retry",
            Self::InMailbox => "in_mailbox",
            Self::Retrieval => "retrieval",
        }
    }
}

/// Events in the life of a message.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTrace<'a> {
    /// A user agent, or a server that makes a bounce, created a copy. It is in
    /// [`Phase::Composing`] (user agent) or [`Phase::Queued`] (bounce) from here on.
    Composed {
        /// Message-ID.
        message: &'a str,
        /// Reverse-path, without angle brackets; empty for a bounce.
        from: &'a str,
        /// Recipient's address.
        to: &'a str,
        /// Octets of the message as composed.
        bytes: u64,
        /// The message whose failure this bounce reports.
        bounce_of: Option<&'a str>,
    },
    /// The copy entered a phase of its life.
    Phase {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// The phase that begins now.
        phase: Phase,
    },
    /// This server answered 250 to the final dot (or queued its own bounce): it is
    /// responsible for the copy from here on.
    Accepted {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// The server's name for it in its queue.
        queue_id: &'a str,
        /// The connection over which it came; none for a bounce.
        conn: Option<ConnId>,
        /// Octets of the message as received, before trace fields.
        bytes: u64,
    },
    /// The user agent could not hand the copy over and gave up: it never left.
    Refused {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Why.
        failure: Failure<'a>,
    },
    /// A server began an attempt to deliver the copy elsewhere.
    AttemptStarted {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// 1 for the first attempt of this server.
        attempt: u32,
    },
    /// A server's attempt ended.
    AttemptEnded {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Which attempt.
        attempt: u32,
        /// The last host tried, if it came to that.
        exchange: Option<IpAddr>,
        /// The last connection used, if any.
        conn: Option<ConnId>,
        /// How it ended.
        outcome: AttemptOutcome<'a>,
    },
    /// The copy was stored in the recipient's mailbox.
    Delivered {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// The mailbox.
        mailbox: &'a str,
    },
    /// The server gave the copy up; `bounce` is the message that tells its sender, or none
    /// when it was itself a bounce and is dropped.
    GivenUp {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Message-ID of the bounce.
        bounce: Option<&'a str>,
        /// Why.
        failure: Failure<'a>,
    },
    /// A server's queue has this many copies now.
    QueueLength {
        /// Copies in all: due, in an attempt, or waiting for a retry.
        copies: u32,
        /// Those that wait for a retry.
        waiting: u32,
    },
    /// A mailbox has this many messages now.
    MailboxSize {
        /// The mailbox.
        mailbox: &'a str,
        /// Messages.
        messages: u32,
        /// Octets.
        bytes: u64,
    },
    /// A user agent fetched the whole message.
    Retrieved {
        /// Message-ID.
        message: &'a str,
        /// The mailbox (the recipient's address).
        mailbox: &'a str,
        /// The connection over which it came.
        conn: ConnId,
    },
    /// A user agent deleted the message on the server.
    Deleted {
        /// Message-ID.
        message: &'a str,
        /// The mailbox.
        mailbox: &'a str,
    },
}

/// How an attempt ended for one copy.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome<'a> {
    /// The next server took it with a 250.
    Completed,
    /// It stays in the queue; the next attempt is due then.
    Deferred {
        /// Why.
        failure: Failure<'a>,
        /// When the next attempt is due.
        next: SimTime,
    },
    /// It will not be tried again.
    Failed {
        /// Why.
        failure: Failure<'a>,
    },
}

/// Why something did not go through.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Failure<'a> {
    /// The kind of trouble.
    pub kind: FailureKind,
    /// The SMTP reply code, or 0.
    pub code: u16,
    /// The reply's text, or a sentence of our own.
    pub text: &'a str,
}

/// Kinds of trouble on a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The name server says that the domain does not exist.
    NoSuchDomain,
    /// The domain exists, but has neither MX nor address.
    NoMailServer,
    /// No name server answered, or only with failures.
    DnsFailure,
    /// The host refused the connection.
    ConnectionRefused,
    /// The host did not answer.
    ConnectionTimedOut,
    /// No route leads there.
    Unreachable,
    /// The connection broke in the dialogue.
    ConnectionLost,
    /// A reply that was not the wanted one (its code is given).
    Reply,
    /// The peer did not keep to the protocol, or took too long.
    ProtocolError,
    /// The copy was in the queue for longer than the lifetime allows.
    Expired,
    /// The message went round in circles.
    Loop,
}

/// Faults of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultTrace {
    /// The host lost its power: connections and all that was only in memory are gone.
    HostDown,
    /// The host works again.
    HostUp,
    /// The link carries nothing; both directions (the first one's id is given).
    LinkDown {
        /// Direction `2n` of link n.
        link: LinkDirId,
    },
    /// The link works again.
    LinkUp {
        /// Direction `2n` of link n.
        link: LinkDirId,
    },
}

/// A reader of the trace.
pub trait Observer {
    /// False when nothing is ever read: then no event is even made.
    const ACTIVE: bool = true;

    /// Reads one event. Events come in the order of their ids.
    fn observe(&mut self, event: &TraceEvent<'_>);
}

/// Reads nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    const ACTIVE: bool = false;

    fn observe(&mut self, _event: &TraceEvent<'_>) {}
}

/// Two readers of one trace.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const ACTIVE: bool = A::ACTIVE || B::ACTIVE;

    fn observe(&mut self, event: &TraceEvent<'_>) {
        self.0.observe(event);
        self.1.observe(event);
    }
}

/// A reader that may be absent.
impl<A: Observer> Observer for Option<A> {
    const ACTIVE: bool = A::ACTIVE;

    fn observe(&mut self, event: &TraceEvent<'_>) {
        if let Some(reader) = self {
            reader.observe(event);
        }
    }
}
