//! How a server speaks SMTP, to its clients and as a client.

use crate::proto::smtp::Dialect;

/// How a server speaks SMTP, to its clients and as a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpConfig {
    /// How it writes its commands.
    pub dialect: Dialect,
    /// Recipients of one message that it takes in one transaction.
    pub recipients_per_message: usize,
}

impl Default for SmtpConfig {
    /// RFC 5321's dialect, 100 recipients (RFC 5321 4.5.3.1.8).
    fn default() -> Self {
        Self { dialect: Dialect::Rfc5321, recipients_per_message: 100 }
    }
}
