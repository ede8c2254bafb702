//! The life of each copy of a message: its phases to the nanosecond, who is responsible for
//! it, and how it ended.
//!
//! A copy is one message for one recipient. From the moment it is composed until its end it
//! is in exactly one phase; an event that begins a phase ends the former one at the same
//! instant, so the phases sum to the copy's time without a rest. Once a copy is in the
//! mailbox, what its senders still do with it is ignored: after a lost reply they may carry
//! a duplicate around, which is counted when it is delivered again.
//!
//! A copy into which an alias, a forward or a list turned another begins in the phase in which
//! that one ended, with the time that it had spent.

use super::names::Text;
use super::words::named;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{MessageKind, Phase, Redirection};

named! {
    /// How a copy stood at the end of the run.
    CopyStatus {
        /// It was stored in the recipient's mailbox.
        Delivered = "delivered",
        /// A server gave it up and told its sender by a bounce.
        Bounced = "bounced",
        /// A server gave it up and told nobody (it was a bounce itself).
        Dropped = "dropped",
        /// It lies in a server's queue.
        Queued = "queued",
        /// The user agent could not submit it and gave up.
        Refused = "refused",
        /// It has not left the user agent yet.
        Outbox = "outbox",
        /// An alias, a forward or a list turned it into others.
        Expanded = "expanded",
        /// A server ended it by its stated policy and told nobody.
        Discarded = "discarded",
    }
}

impl CopyStatus {
    /// Whether the copy ended without having reached anybody.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Bounced | Self::Dropped | Self::Refused | Self::Discarded => true,
            Self::Delivered | Self::Queued | Self::Outbox | Self::Expanded => false,
        }
    }
}

/// One copy of a message: a row of the table `messages`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Message-ID, with angle brackets.
    pub message: Text,
    /// Reverse-path; empty for a bounce.
    pub from: Text,
    /// The recipient.
    pub to: Text,
    /// Who wrote it, and what for.
    pub kind: MessageKind,
    /// The message that a report or a notice is about.
    pub about: Option<Text>,
    /// What turned another copy into this one.
    pub expanded_by: Option<Redirection>,
    /// The address whose alias, forward or list turned another copy into this one.
    pub expanded_from: Option<Text>,
    /// How it stood at the end of the run.
    pub status: CopyStatus,
    /// The kind of trouble that ended it, for a copy given up or refused.
    pub reason: Option<Text>,
    /// The reply code, when a reply ended it.
    pub reply_code: Option<u16>,
    /// The enhanced status code, when that reply's text begins with one.
    pub enhanced: Option<Text>,
    /// When it was composed; of a copy into which another was turned, when that was.
    pub composed: SimTime,
    /// When the first server took it.
    pub accepted: Option<SimTime>,
    /// When it was stored in the mailbox.
    pub delivered: Option<SimTime>,
    /// When it was first fetched.
    pub retrieved: Option<SimTime>,
    /// When its life ended: retrieved, given up or refused.
    pub ended: Option<SimTime>,
    /// Attempts of servers to pass it on.
    pub attempts: u32,
    /// Deliveries into the mailbox after the first.
    pub duplicates: u32,
    /// Octets as composed.
    pub bytes: u64,
    /// Time spent in each phase, in the order of [`Phase::ALL`], up to its end or the run's.
    pub phases: [SimDuration; Phase::ALL.len()],
}

impl MessageRow {
    /// Whether a user wrote it, rather than a server or a vacation notice's program.
    #[must_use]
    pub const fn is_user(&self) -> bool {
        matches!(self.kind, MessageKind::User)
    }

    /// Whether it reports a failure.
    #[must_use]
    pub const fn is_bounce(&self) -> bool {
        matches!(self.kind, MessageKind::Bounce)
    }

    /// The time from composition to the mailbox.
    #[must_use]
    pub fn latency(&self) -> Option<SimDuration> {
        self.delivered.map(|at| at.since(self.composed))
    }

    /// The sum of the phases before the mailbox: equals the latency of a delivered copy.
    #[must_use]
    pub fn phases_before_mailbox(&self) -> SimDuration {
        let parts = Phase::ALL.iter().zip(&self.phases).filter(|(phase, _)| before_mailbox(**phase));
        parts.fold(SimDuration::ZERO, |sum, (_, part)| sum + *part)
    }

    /// The sum of all phases: equals the time from composition to the copy's end.
    #[must_use]
    pub fn phases_sum(&self) -> SimDuration {
        self.phases.iter().fold(SimDuration::ZERO, |sum, part| sum + *part)
    }
}

/// Whether a phase comes before the delivery into the mailbox.
#[must_use]
pub const fn before_mailbox(phase: Phase) -> bool {
    !matches!(phase, Phase::InMailbox | Phase::Retrieval)
}
