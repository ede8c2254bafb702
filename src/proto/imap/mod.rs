//! IMAP (RFC 3501): what its server answers about the octets of messages.

pub mod content;
pub mod search;
