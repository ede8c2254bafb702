//! What a server announces and allows.

use super::Authentication;
use crate::base::SimDuration;
use crate::proto::tls;

/// RFC 5321 4.5.3.2.7: "An SMTP server SHOULD have a timeout of at least 5 minutes while it
/// is awaiting the next command from the sender."
pub const IDLE_TIMEOUT: SimDuration = SimDuration::from_secs(300);

/// What a server announces and allows.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its domain name.
    pub name: String,
    /// The largest message, in octets; a larger one gets 552.
    pub max_message: usize,
    /// Recipients of one message; the next one gets 452.
    pub max_recipients: usize,
    /// Commands in one session that are none, or out of sequence; the last of them gets 421.
    pub max_errors: u32,
    /// Messages in one session; the next one gets 421.
    pub max_messages: u32,
    /// How long a client may say nothing.
    pub timeout: SimDuration,
    /// Whether clients may or must log in.
    pub authentication: Authentication,
    /// What is offered to who says EHLO.
    pub extensions: Extensions,
    /// What STARTTLS costs; None: it is not offered.
    pub tls: Option<tls::Model>,
}

impl ServerConfig {
    /// A server of that name with the usual limits: 10,240,000 octets, 100 recipients
    /// (RFC 5321 4.5.3.1.8: "The minimum total number of recipients [...] is 100"), 20 mistakes,
    /// 5 minutes, without AUTH and TLS.
    #[must_use]
    pub const fn new(name: String) -> Self {
        Self {
            name,
            max_message: 10_240_000,
            max_recipients: 100,
            max_errors: 20,
            max_messages: u32::MAX,
            timeout: IDLE_TIMEOUT,
            authentication: Authentication::NotOffered,
            extensions: Extensions::USUAL,
            tls: None,
        }
    }
}

/// A service extension (RFC 5321 2.2) that is offered or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extension {
    /// RFC 2920.
    Pipelining,
    /// RFC 1870.
    Size,
    /// RFC 1985.
    Etrn,
    /// RFC 6152.
    EightBitMime,
    /// RFC 3461.
    Dsn,
    /// RFC 6531.
    SmtpUtf8,
    /// RFC 3030 section 2.
    Chunking,
    /// RFC 3030 section 3. Of use with CHUNKING only.
    BinaryMime,
    /// RFC 2034.
    EnhancedStatusCodes,
    /// RFC 5321 3.5.2.
    Expn,
}

impl Extension {
    /// All, in the order in which EHLO is answered.
    pub const ALL: [Self; 10] = [
        Self::Pipelining,
        Self::Size,
        Self::Etrn,
        Self::EightBitMime,
        Self::Dsn,
        Self::SmtpUtf8,
        Self::Chunking,
        Self::BinaryMime,
        Self::EnhancedStatusCodes,
        Self::Expn,
    ];

    /// The keyword of EHLO's answer.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Pipelining => "PIPELINING",
            Self::Size => "SIZE",
            Self::Etrn => "ETRN",
            Self::EightBitMime => "8BITMIME",
            Self::Dsn => "DSN",
            Self::SmtpUtf8 => "SMTPUTF8",
            Self::Chunking => "CHUNKING",
            Self::BinaryMime => "BINARYMIME",
            Self::EnhancedStatusCodes => "ENHANCEDSTATUSCODES",
            Self::Expn => "EXPN",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extensions(u16);

impl Extensions {
    /// None: a server of RFC 821's days that knows EHLO.
    pub const NONE: Self = Self(0);
    /// All but BINARYMIME, for mailboxes hold messages made of lines.
    pub const USUAL: Self = Self(((1 << Extension::ALL.len()) - 1) & !Extension::BinaryMime.bit());

    /// The same and that one.
    #[must_use]
    pub const fn with(self, extension: Extension) -> Self {
        Self(self.0 | extension.bit())
    }

    /// The same without that one.
    #[must_use]
    pub const fn without(self, extension: Extension) -> Self {
        Self(self.0 & !extension.bit())
    }

    /// Whether that one is offered. BINARYMIME needs CHUNKING (RFC 3030 section 3).
    #[must_use]
    pub const fn has(self, extension: Extension) -> bool {
        let needs = match extension {
            Extension::BinaryMime => Extension::Chunking.bit() | extension.bit(),
            Extension::Pipelining
            | Extension::Size
            | Extension::Etrn
            | Extension::EightBitMime
            | Extension::Dsn
            | Extension::SmtpUtf8
            | Extension::Chunking
            | Extension::EnhancedStatusCodes
            | Extension::Expn => extension.bit(),
        };
        self.0 & needs == needs
    }
}

impl FromIterator<Extension> for Extensions {
    fn from_iter<I: IntoIterator<Item = Extension>>(extensions: I) -> Self {
        extensions.into_iter().fold(Self::NONE, Self::with)
    }
}
