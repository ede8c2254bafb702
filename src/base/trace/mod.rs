//! The one trace that everything else reads: what happened, when, where and because of what.
//!
//! Every event has an id and the id of the event that caused it. Ladders, explanations,
//! tables, charts, transcripts, metrics and the fingerprint of a run are readings of this
//! trace. An event borrows its texts, so tracing allocates nothing; an observer that is not
//! [`Observer::ACTIVE`] costs nothing at all.
//!
//! A *copy* is one message for one recipient. It is named by the text of its Message-ID
//! (with angle brackets) and the recipient's address.

mod conduct;
mod content;
mod dns;
mod failure;
mod fault;
mod figures;
mod mail;
mod net;
mod web;

use serde::Serialize;

pub use conduct::ConductAction;
pub use content::{PacketContent, TcpContent};
pub use dns::{CacheLevel, CacheResult, DnsAnswerKind, DnsTrace};
pub use failure::{Failure, FailureKind};
pub use figures::{EndFigures, RttFigures, Windows};
pub use mail::{AttemptOutcome, MailTrace, MessageKind, Phase, Redirection};
pub use net::{
    ConnStep, DropReason, Ecn, IcmpKind, NetTrace, PacketInfo, RetransmitReason, TcpInfo, TcpOptions, Timestamps,
};
pub use web::{WebSource, WebTrace};

use super::ids::{ConnId, EventId, HostId, LinkDirId};
use super::socket::Side;
use super::time::{SimDuration, SimTime};

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
    /// Something within a host.
    Host(HostTrace),
    /// Something that a browser did.
    Web(WebTrace<'a>),
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
    /// RFC 3501.
    Imap,
    /// RFC 9112.
    Http,
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
    /// Nobody listens on a port any more; what is established goes on.
    ServiceDown {
        /// The TCP and UDP port.
        port: u16,
    },
    /// The port is served again.
    ServiceUp {
        /// The TCP and UDP port.
        port: u16,
    },
    /// A port's packets have another stage to pass at the host than before.
    ServiceChanged {
        /// The TCP and UDP port.
        port: u16,
    },
    /// A part of the network is cut off; the links that go down for it follow.
    PartitionBegins,
    /// It is joined again.
    PartitionEnds,
    /// The link has other properties than before.
    LinkChanged {
        /// Direction `2n` of link n.
        link: LinkDirId,
    },
    /// The host's requests take other times than before.
    ProcessingChanged,
    /// The link has its own properties again: no change of it is left.
    LinkRestored {
        /// Direction `2n` of link n.
        link: LinkDirId,
    },
    /// The host's requests take their own times again.
    ProcessingRestored,
    /// An operator asked the host to try at once what waits in its queue.
    QueueFlushed,
    /// The port's packets pass freely again: no change of it is left.
    ServiceRestored {
        /// The TCP and UDP port.
        port: u16,
    },
}

/// What happens within a host: requests that take time, services that are full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostTrace {
    /// A request was handed to its application.
    Served {
        /// Time that it waited for others.
        wait: SimDuration,
        /// Time that it took itself.
        service: SimDuration,
        /// How much waits behind it.
        waiting: u32,
    },
    /// A caller was answered by a reset, because the service had no place for another session.
    TurnedAway {
        /// The caller's connection.
        conn: ConnId,
    },
    /// A program looked a name up and called the Web server there.
    Visited {
        /// Time until it knew an address.
        lookup: SimDuration,
        /// Time until the connection was established, or had failed; none without an address.
        connect: Option<SimDuration>,
        /// Whether it was established.
        reached: bool,
    },
}

/// A reader of the trace.
pub trait Observer {
    /// False when nothing is ever read: then no event is even made.
    const ACTIVE: bool = true;

    /// Reads one event. Events come in the order of their ids.
    fn observe(&mut self, event: &TraceEvent<'_>);

    /// Whether it wants to be told what packets carry. That may change in the course of a run.
    fn wants_content(&self) -> bool {
        false
    }

    /// Reads what a packet carries that was sent just now. It is no part of the trace.
    fn observe_content(&mut self, _content: &PacketContent<'_>) {}

    /// Whether it wants to be told the windows of connections.
    fn wants_windows(&self) -> bool {
        false
    }

    /// Reads the windows of an end to which something happened. They are no part of the trace,
    /// and may be as they were.
    fn observe_windows(&mut self, _windows: &Windows) {}
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

    fn wants_content(&self) -> bool {
        self.0.wants_content() || self.1.wants_content()
    }

    fn observe_content(&mut self, content: &PacketContent<'_>) {
        self.0.observe_content(content);
        self.1.observe_content(content);
    }

    fn wants_windows(&self) -> bool {
        self.0.wants_windows() || self.1.wants_windows()
    }

    fn observe_windows(&mut self, windows: &Windows) {
        self.0.observe_windows(windows);
        self.1.observe_windows(windows);
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

    fn wants_content(&self) -> bool {
        self.as_ref().is_some_and(A::wants_content)
    }

    fn observe_content(&mut self, content: &PacketContent<'_>) {
        if let Some(reader) = self {
            reader.observe_content(content);
        }
    }

    fn wants_windows(&self) -> bool {
        self.as_ref().is_some_and(A::wants_windows)
    }

    fn observe_windows(&mut self, windows: &Windows) {
        if let Some(reader) = self {
            reader.observe_windows(windows);
        }
    }
}
