//! What a [`Witness`](super::Witness) writes down: the events of the trace that no table holds one by
//! one, with names in place of handles.

use std::net::IpAddr;

use crate::base::socket::{CloseReason, Side};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{CacheResult, ConductAction, DnsAnswerKind, DropReason, Protocol, RetransmitReason};

/// Something about the message.
#[derive(Clone, Debug)]
pub(super) struct MailNote {
    pub(super) at: SimTime,
    pub(super) host: String,
    pub(super) to: String,
    pub(super) what: MailWhat,
}

#[derive(Clone, Debug)]
pub(super) enum MailWhat {
    /// A server took it.
    Accepted { queue_id: String, conn: Option<String> },
    /// The user agent keeps it.
    Postponed { kind: String, code: u16, text: String, next: SimTime },
    /// It became one of 7 bits.
    Downgraded { before: u64, after: u64 },
    /// It came into that mailbox.
    Delivered { mailbox: String },
    /// Its reader got it.
    Retrieved { mailbox: String, conn: String },
    /// Its reader deleted it on the server.
    Deleted { mailbox: String },
    /// It was made of the copy for somebody else.
    Redirected,
    /// A policy ended it.
    Discarded { why: String },
}

/// A rule of conduct did something.
#[derive(Clone, Debug)]
pub(super) struct ConductNote {
    pub(super) at: SimTime,
    pub(super) host: String,
    pub(super) rule: String,
    pub(super) conn: String,
    pub(super) at_command: String,
    pub(super) action: ConductAction,
    pub(super) effect: bool,
    pub(super) delay: SimDuration,
    pub(super) client: IpAddr,
    pub(super) sender: Option<String>,
    pub(super) recipient: Option<String>,
}

/// A look-up of a program is over.
#[derive(Clone, Debug)]
pub(super) struct LookUpNote {
    pub(super) at: SimTime,
    /// For the copy of which recipient.
    pub(super) recipient: String,
    pub(super) since: SimTime,
    pub(super) host: String,
    pub(super) name: String,
    pub(super) rtype: String,
    pub(super) kind: DnsAnswerKind,
    /// Whether a cache on the host had the answer.
    pub(super) cached: bool,
}

/// A resolver looked into its cache for a question.
#[derive(Clone, Debug)]
pub(super) struct CacheNote {
    pub(super) at: SimTime,
    pub(super) host: String,
    pub(super) name: String,
    pub(super) rtype: String,
    pub(super) result: CacheResult,
}

/// A packet was lost.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub(super) at: SimTime,
    /// The link and its direction; none at a host.
    pub(super) link: Option<String>,
    /// The host that told it.
    pub(super) host: String,
    pub(super) reason: DropReason,
    /// Who had sent it.
    pub(super) from: String,
    /// To whom.
    pub(super) to: String,
    /// Sequence number, octets, and whether it was a SYN or FIN, of a segment.
    pub(super) segment: Option<Segment>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) seq: u64,
    pub(super) len: u32,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
}

/// Octets that an end said.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) at: SimTime,
    pub(super) side: Side,
    pub(super) protocol: Protocol,
    /// The beginning of them.
    pub(super) head: Vec<u8>,
    pub(super) octets: u64,
}

/// A segment was sent again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resent {
    pub(super) at: SimTime,
    pub(super) side: Side,
    pub(super) seq: u64,
    pub(super) len: u32,
    pub(super) why: RetransmitReason,
}

/// How an end of a connection was closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    pub(super) at: SimTime,
    pub(super) reason: CloseReason,
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct ConnNote {
    pub(super) name: String,
    /// For the copy of which recipient it was opened, if for any.
    pub(super) recipient: Option<String>,
    pub(super) client: String,
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) opened: SimTime,
    pub(super) established: [Option<SimTime>; 2],
    pub(super) resent: Vec<Resent>,
    pub(super) losses: Vec<Loss>,
    pub(super) said: Vec<Said>,
    pub(super) closed: [Option<Closed>; 2],
    /// A service had no place for it.
    pub(super) turned_away: Option<SimTime>,
    /// Messages that a server took over it, and for whom.
    pub(super) took: Vec<(SimTime, String, String)>,
    /// What was not written down any more: losses, retransmissions, pieces of the dialogue.
    pub(super) left_out: usize,
}

impl ConnNote {
    /// Which of the arrays' places is the side's.
    pub(super) const fn place(side: Side) -> usize {
        match side {
            Side::Client => 0,
            Side::Server => 1,
        }
    }
}
