//! What a client is to use, and how long it waits.

use super::super::Dialect;
use crate::base::SimDuration;
use crate::proto::sasl::{Credentials, Mechanism};
use crate::proto::session::BLOCK;
use crate::proto::tls;

/// How a client's session is to be led.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The name that it gives.
    pub name: String,
    /// HELO in the lecture's, EHLO in RFC 5321's.
    pub dialect: Dialect,
    /// Whether commands are sent in groups where the server offers PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// Whether the message goes by BDAT where the server offers CHUNKING (RFC 3030).
    pub chunking: bool,
    /// Octets of a chunk.
    pub chunk_size: usize,
    /// How to log in where AUTH is offered (RFC 4954).
    pub login: Option<(Mechanism, Credentials)>,
    /// Whether TLS is begun (RFC 3207).
    pub tls: TlsUse,
    /// How long replies may take.
    pub timeouts: ClientTimeouts,
}

/// Whether a client begins TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsUse {
    /// Never.
    #[default]
    Never,
    /// Where STARTTLS is offered.
    WhenOffered(tls::Version),
    /// Nothing is sent without it.
    Required(tls::Version),
}

impl TlsUse {
    pub(super) const fn version(self) -> Option<tls::Version> {
        match self {
            Self::Never => None,
            Self::WhenOffered(version) | Self::Required(version) => Some(version),
        }
    }
}

/// The timeouts of RFC 5321 4.5.3.2, each for the reply to what it is named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// The greeting, and the answers to all commands not named here: 5 minutes.
    pub command: SimDuration,
    /// MAIL: 5 minutes.
    pub mail: SimDuration,
    /// RCPT: 5 minutes.
    pub rcpt: SimDuration,
    /// DATA: 2 minutes.
    pub data: SimDuration,
    /// Each block of 64 KiB of a message: 3 minutes.
    pub block: SimDuration,
    /// The end of a message: 10 minutes.
    pub end: SimDuration,
}

impl Default for ClientTimeouts {
    /// Those of RFC 5321 4.5.3.2.1 to 4.5.3.2.6.
    fn default() -> Self {
        let [two, three, five, ten] = [120, 180, 300, 600].map(SimDuration::from_secs);
        Self { command: five, mail: five, rcpt: five, data: two, block: three, end: ten }
    }
}

impl ClientTimeouts {
    /// For a message of so many octets. The socket does not tell when a block has gone, so the
    /// times of all blocks are added to that of the end, and no block can be late by itself
    /// (4.5.3.2: "the overall timeout is inherently proportional to the size of the message").
    #[must_use]
    pub fn content(&self, octets: usize) -> SimDuration {
        self.block.saturating_mul((octets / BLOCK) as u64).saturating_add(self.end)
    }
}

impl ClientConfig {
    /// A client of that name that uses no extension but those which a message needs.
    #[must_use]
    pub fn new(name: String, dialect: Dialect) -> Self {
        Self {
            name,
            dialect,
            pipelining: false,
            chunking: false,
            chunk_size: usize::MAX,
            login: None,
            tls: TlsUse::Never,
            timeouts: ClientTimeouts::default(),
        }
    }
}
