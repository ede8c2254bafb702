//! The envelope of a message (RFC 5321 2.3.1), with what the parameters of MAIL and RCPT add to it.
//!
//! It travels with the message from server to server. Left out: RFC 4865's times of release,
//! RFC 6710's priorities.

use super::path::{ForwardPath, ReversePath};
use crate::proto::message::header::header_section;

/// From whom a message comes, for whom it is, and how it wants to be treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Where reports of failure go.
    pub reverse_path: ReversePath,
    /// The recipients.
    pub recipients: Vec<Recipient>,
    /// What MAIL's parameters said.
    pub options: MailOptions,
}

/// What the parameters of MAIL say, beyond its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailOptions {
    /// BODY (RFC 6152, RFC 3030).
    pub body: BodyType,
    /// SMTPUTF8 (RFC 6531): addresses or header fields of the message are not ASCII.
    pub utf8: bool,
    /// RET (RFC 3461 section 4.3): how much of the message a report returns.
    pub ret: Option<Ret>,
    /// ENVID (RFC 3461 section 4.4), decoded.
    pub envid: Option<String>,
}

impl MailOptions {
    /// What has to be said of a message that was written here: whether it has 8 bits (RFC 6152), and whether its header
    /// is UTF-8 (RFC 6531).
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let header = header_section(content);
        let utf8 = !header.is_ascii() && std::str::from_utf8(header).is_ok();
        let body = if content.is_ascii() { BodyType::SevenBit } else { BodyType::EightBit };
        Self { body, utf8, ..Self::default() }
    }
}

/// What octets a message has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// ASCII, or nothing was said.
    #[default]
    SevenBit,
    /// Lines of any octets.
    EightBit,
    /// Any octets (RFC 3030 section 3); only by BDAT.
    Binary,
}

/// How much of a message a report returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub path: ForwardPath,
    /// Of what the sender wants to hear.
    pub notify: Option<Notify>,
    /// ORCPT (RFC 3461 section 4.2), decoded: `rfc822;bob@hamburger.edu`.
    pub original: Option<String>,
}

impl Recipient {
    /// A recipient without parameters.
    #[must_use]
    pub const fn new(path: ForwardPath) -> Self {
        Self { path, notify: None, original: None }
    }
}

impl From<ForwardPath> for Recipient {
    fn from(path: ForwardPath) -> Self {
        Self::new(path)
    }
}

/// NOTIFY (RFC 3461 section 4.1): of what the sender wants to hear; of nothing at all, when
/// none is set. Without NOTIFY failures are told, and delays may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// Of delivery, or of being handed to a server that will not tell.
    pub success: bool,
    /// Of failure.
    pub failure: bool,
    /// Of delay.
    pub delay: bool,
}
