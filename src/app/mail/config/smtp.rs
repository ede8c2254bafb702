//! How a server speaks SMTP, to its clients and as a client.

use crate::base::SimDuration;
use crate::proto::smtp::server::IDLE_TIMEOUT;
use crate::proto::smtp::{ClientConfig, ClientTimeouts, Dialect, Extensions, TlsUse};
use crate::proto::tls;

/// How a server speaks SMTP, to its clients and as a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpConfig {
    /// How it writes its commands.
    pub dialect: Dialect,
    /// What it offers to who says EHLO.
    pub extensions: Extensions,
    /// What STARTTLS costs; None: it is not offered.
    pub tls: Option<tls::Model>,
    /// Recipients of one message that it takes in one transaction.
    pub recipients_per_message: usize,
    /// The largest message that it takes, in octets, if that is less than for the whole world.
    pub max_message: Option<u64>,
    /// Commands in one session that are none, or out of sequence; the last of them gets 421.
    pub max_errors: u32,
    /// Messages that it takes in one session.
    pub messages_per_session: u32,
    /// Sessions of one client at a time; the next one is greeted with 421.
    pub sessions_per_client: u32,
    /// Whether clients inside may have mail sent elsewhere without a log-in.
    pub trusts_inside: bool,
    /// How long a client may say nothing.
    pub idle_timeout: SimDuration,
    /// Whether it sends commands in groups where PIPELINING is offered.
    pub pipelining: bool,
    /// Whether it sends messages by BDAT where CHUNKING is offered, and in pieces of which size.
    pub chunks: Option<usize>,
    /// Whether it begins TLS as a client.
    pub tls_use: TlsUse,
    /// How long it waits for the replies of others.
    pub timeouts: ClientTimeouts,
}

impl Default for SmtpConfig {
    /// RFC 5321's dialect and timeouts, 100 recipients (RFC 5321 4.5.3.1.8), 20 mistakes; all extensions
    /// but BINARYMIME and STARTTLS are offered, and none is used that a message does not need.
    fn default() -> Self {
        Self {
            dialect: Dialect::Rfc5321,
            extensions: Extensions::USUAL,
            tls: None,
            recipients_per_message: 100,
            max_message: None,
            max_errors: 20,
            messages_per_session: u32::MAX,
            sessions_per_client: u32::MAX,
            trusts_inside: true,
            idle_timeout: IDLE_TIMEOUT,
            pipelining: false,
            chunks: None,
            tls_use: TlsUse::Never,
            timeouts: ClientTimeouts::default(),
        }
    }
}

impl SmtpConfig {
    /// How it speaks as a client of that name.
    #[must_use]
    pub fn client(&self, name: String) -> ClientConfig {
        ClientConfig {
            pipelining: self.pipelining,
            chunking: self.chunks.is_some(),
            chunk_size: self.chunks.unwrap_or(usize::MAX),
            tls: self.tls_use,
            timeouts: self.timeouts,
            ..ClientConfig::new(name, self.dialect)
        }
    }
}
