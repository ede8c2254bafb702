//! Why something did not go through, kept for longer than the trace event that tells it.

use crate::base::CloseReason;
use crate::base::trace::{Failure, FailureKind};
use crate::proto::smtp::{Reply, Trouble, Unsendable};

/// A failure with its own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The kind of trouble.
    pub kind: FailureKind,
    /// The SMTP reply code, or 0.
    pub code: u16,
    /// The reply's text, or a sentence of our own.
    pub text: String,
}

impl Reason {
    /// A failure that no reply told.
    #[must_use]
    pub fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self { kind, code: 0, text: text.into() }
    }

    /// A reply that was not the wanted one.
    #[must_use]
    pub fn reply(reply: &Reply) -> Self {
        Self { kind: FailureKind::Reply, code: reply.code, text: reply.text() }
    }

    /// A message that the next server cannot take, as what it offers shows.
    #[must_use]
    pub fn unsendable(why: Unsendable) -> Self {
        Self::new(FailureKind::Unsendable, why.text())
    }

    /// A connection that never came to be, or is no more.
    #[must_use]
    pub fn closed(reason: CloseReason) -> Self {
        let kind = match reason {
            CloseReason::Refused => FailureKind::ConnectionRefused,
            CloseReason::TimedOut => FailureKind::ConnectionTimedOut,
            CloseReason::Unreachable => FailureKind::Unreachable,
            CloseReason::Finished | CloseReason::Reset | CloseReason::Aborted => FailureKind::ConnectionLost,
        };
        Self::new(kind, reason.to_string())
    }

    /// A session that could not go on.
    #[must_use]
    pub fn trouble(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Refused(reply) => Self::reply(reply),
            Trouble::Lost => Self::new(FailureKind::ConnectionLost, trouble.to_string()),
            Trouble::TimedOut => Self::new(FailureKind::ReplyTimedOut, trouble.to_string()),
            Trouble::Protocol(_) => Self::new(FailureKind::ProtocolError, trouble.to_string()),
            Trouble::Unsecured(_) => Self::new(FailureKind::NoTls, trouble.to_string()),
        }
    }

    /// Whether the same attempt at another time may go better.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self.kind {
            FailureKind::Reply => self.code / 100 != 5,
            FailureKind::NoSuchDomain
            | FailureKind::NoMailServer
            | FailureKind::Unsendable
            | FailureKind::Loop
            | FailureKind::Expired => false,
            FailureKind::DnsFailure
            | FailureKind::ConnectionRefused
            | FailureKind::ConnectionTimedOut
            | FailureKind::Unreachable
            | FailureKind::ConnectionLost
            | FailureKind::ReplyTimedOut
            | FailureKind::NoTls
            | FailureKind::ProtocolError => true,
        }
    }

    /// As the trace has it.
    #[must_use]
    pub fn as_trace(&self) -> Failure<'_> {
        Failure { kind: self.kind, code: self.code, text: &self.text }
    }

    /// As a person reads it: the reply with its code, or the sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.code == 0 { self.text.clone() } else { format!("{} {}", self.code, self.text) }
    }
}
