//! How a mail server speaks SMTP, and how its users submit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::schema::quantity::{Duration, Size};

/// A manner of speaking SMTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DialectName {
    /// EHLO, and the form of commands and replies in RFC 5321.
    #[default]
    #[serde(rename = "rfc5321")]
    Rfc5321,
    /// The dialogue of the textbook lecture, letter for letter: HELO, and "MAIL FROM: <...>" with its space.
    #[serde(rename = "lecture")]
    Lecture,
}

/// How a server speaks SMTP, to its clients and as a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// The extensions that it offers to who says EHLO. Default: all but BINARYMIME and STARTTLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offers: Option<Vec<ExtensionName>>,
    /// Whether it sends its commands in groups where PIPELINING is offered. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipelining: Option<bool>,
    /// Whether it sends messages by BDAT where CHUNKING is offered. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunking: Option<bool>,
    /// Octets of a chunk that it sends. Default: the whole message in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<Size>,
    /// Recipients of one message that it takes in one transaction; the next one gets 452. Default: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u32>,
    /// The largest message that it takes, which SIZE announces. Default: that of `limits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_size: Option<Size>,
    /// Commands in one session that are none, are out of sequence or have wrong arguments: the last of so many gets
    /// 421. Default: 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mistakes: Option<u32>,
    /// Messages that it takes in one session; MAIL for the next gets 421. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u32>,
    /// Sessions of one client at a time; the next one is greeted with 421. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions_per_client: Option<u32>,
    /// Whether it takes mail for elsewhere from its users' computers without a log-in. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusts_computers: Option<bool>,
    /// How long a client may say nothing. Default: "5min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// How long it waits, as a client, for the replies of others.
    pub timeouts: SmtpTimeouts,
    /// What STARTTLS costs, and whether it begins TLS as a client.
    pub tls: Tls,
}

/// The timeouts of a client of SMTP, each for the reply to what it is named after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpTimeouts {
    /// The greeting, and the answers to all commands not named here. Default: "5min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Duration>,
    /// MAIL. Default: "5min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<Duration>,
    /// RCPT. Default: "5min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rcpt: Option<Duration>,
    /// DATA. Default: "2min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Duration>,
    /// Each 64 KiB of a message, added to `end`. Default: "3min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<Duration>,
    /// The end of a message. Default: "10min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Duration>,
}

/// TLS as a model: round trips, octets and time, no cryptography.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The version that is spoken; with an end that speaks the other there is no TLS. Default: "1.3".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<TlsVersionName>,
    /// Octets of the server's chain of certificates. Default: "3kB".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Size>,
    /// What one handshake costs the server's processor, one after the other. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Duration>,
    /// Whether the server, as a client, begins TLS with others. Default: "never".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<TlsUseName>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TlsVersionName {
    /// RFC 5246: two round trips.
    #[serde(rename = "1.2")]
    V12,
    /// RFC 8446: one round trip.
    #[default]
    #[serde(rename = "1.3")]
    V13,
}

/// Whether a client begins TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsUseName {
    /// It does not.
    #[default]
    Never,
    /// Where STARTTLS is offered.
    WhenOffered,
    /// It sends nothing without it.
    Required,
}

/// An extension of SMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExtensionName {
    /// RFC 2920: commands in groups.
    Pipelining,
    /// RFC 1870: the size of a message, and its limit.
    Size,
    /// RFC 1985: mail that waits is sent when asked for.
    Etrn,
    /// RFC 6152: messages of octets beyond ASCII.
    #[serde(rename = "8BITMIME")]
    EightBitMime,
    /// RFC 3461: which reports of delivery are wanted.
    Dsn,
    /// RFC 6531: addresses beyond ASCII.
    SmtpUtf8,
    /// RFC 3030: messages in chunks.
    Chunking,
    /// RFC 3030: messages not made of lines.
    BinaryMime,
    /// RFC 2034: enhanced status codes.
    EnhancedStatusCodes,
    /// RFC 5321: the members of a list.
    Expn,
    /// RFC 3207: TLS.
    StartTls,
}

/// How users submit their mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Submission {
    /// The port of the server to which the user agent submits, 587 or 25. Default: 587.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the user agent logs in where AUTH is offered. Default: "never".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginName>,
    /// Whether the user agent sends its commands in groups where PIPELINING is offered. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipelining: Option<bool>,
    /// Whether the user agent begins TLS. Default: "never".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsUseName>,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginName {
    /// It does not.
    #[default]
    Never,
    /// By AUTH PLAIN, in one round trip.
    Plain,
    /// By AUTH LOGIN, in three.
    Login,
}
