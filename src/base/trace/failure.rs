//! Why something did not go through: the kinds of trouble on a message's way.

use serde::Serialize;

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
    /// The peer did not keep to the protocol.
    ProtocolError,
    /// The copy was in the queue for longer than the lifetime allows.
    Expired,
    /// The message went round in circles.
    Loop,
    /// The peer took too long to answer in the dialogue.
    ReplyTimedOut,
    /// TLS is required and did not come to be.
    NoTls,
    /// The message needs what the peer does not offer, so it was not offered to it.
    Unsendable,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::NoSuchDomain,
        Self::NoMailServer,
        Self::DnsFailure,
        Self::ConnectionRefused,
        Self::ConnectionTimedOut,
        Self::Unreachable,
        Self::ConnectionLost,
        Self::Reply,
        Self::ReplyTimedOut,
        Self::NoTls,
        Self::ProtocolError,
        Self::Unsendable,
        Self::Expired,
        Self::Loop,
    ];
}
