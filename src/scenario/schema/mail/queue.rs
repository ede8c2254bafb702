//! When a mail server tries again, and how it delivers what is in its queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::schema::quantity::{Chance, Duration};

/// The retry policy of a mail queue: how long to wait (one of `every`, `intervals`, `exponential`, `age`, `squares`,
/// `roots` and `exim`), and since when times are counted. What is not given is as in the preset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// A server that people know. Default: "lecture".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<RetryPreset>,
    /// Always as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// One interval after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Vec<Duration>>,
    /// With `intervals`: whether the last one is used again and again; else the message then waits for its end. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_last: Option<bool>,
    /// Each wait is the one before, made longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponential: Option<Exponential>,
    /// As long as the message is old, within bounds, as Postfix has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<AgeBounds>,
    /// Retry n at this time multiplied by n squared, counted from the message's origin, as OpenSMTPD has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub squares: Option<Duration>,
    /// The root of the age in seconds grows by the root of this time from attempt to attempt, as qmail has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roots: Option<Duration>,
    /// Rules by age as Exim writes them, such as "F,2h,15m; G,16h,1h,1.5; F,4d,6h".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exim: Option<String>,
    /// The queue is looked through every so often, counted from the server's start, and an attempt waits for that. Default: "0s",
    /// it is made when it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<Duration>,
    /// Each wait is longer or shorter by up to this share of it, at random. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Chance>,
    /// Since when the age of a message is counted. Default: "first_attempt".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_from: Option<AgeFromName>,
    /// From which end of an attempt a wait is counted. Default: "start".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_from: Option<WaitFromName>,
    /// Age at which a message is returned to its sender. Default: "5d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Duration>,
    /// Age at which a report, whose reverse-path is null, is dropped. Default: as `lifetime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounce_lifetime: Option<Duration>,
    /// Ages at which the sender is told that the message still waits, in rising order. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn_after: Option<Vec<Duration>>,
}

/// A retry policy that people know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RetryPreset {
    /// Every 30 minutes for 5 days.
    #[default]
    Lecture,
    /// As RFC 5321 thinks sensible: two retries in the first hour, then every 2 hours.
    Rfc5321,
    /// Postfix.
    Postfix,
    /// Exim, with the rule that it is shipped with.
    Exim,
    /// Sendmail, with a queue run every 30 minutes.
    Sendmail,
    /// OpenSMTPD.
    OpenSmtpd,
    /// qmail.
    Qmail,
    /// Exchange.
    Exchange,
    /// Stalwart.
    Stalwart,
}

impl RetryPreset {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lecture => "lecture",
            Self::Rfc5321 => "rfc5321",
            Self::Postfix => "postfix",
            Self::Exim => "exim",
            Self::Sendmail => "sendmail",
            Self::OpenSmtpd => "opensmtpd",
            Self::Qmail => "qmail",
            Self::Exchange => "exchange",
            Self::Stalwart => "stalwart",
        }
    }
}

/// Waits that grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exponential {
    /// The first wait. Default: "5min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Duration>,
    /// What each wait is multiplied with, from 1 up, with at most three decimals. Default: 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// No wait is longer. Default: "4h".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Duration>,
}

/// Bounds of waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgeBounds {
    /// No wait is shorter. Default: "300s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<Duration>,
    /// No wait is longer. Default: "4000s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<Duration>,
}

/// Since when the age of a message is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgeFromName {
    /// The server took it.
    Acceptance,
    /// The first attempt began.
    FirstAttempt,
    /// The first attempt failed.
    FirstFailure,
}

/// From which end of an attempt a wait is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitFromName {
    /// From its start.
    Start,
    /// From its failure.
    Failure,
}

/// How a server delivers what is in its queue. What is not given is as in the preset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// "textbook", or "postfix" as a server that people know. Default: "textbook".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<DeliveryPreset>,
    /// Recipients in one transaction. Default: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u32>,
    /// Messages sent over one connection. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_connection: Option<u32>,
    /// Connections to one destination at a time, at most. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Connections to one destination at first: one more for as many deliveries as there are connections without a failure,
    /// one less for as many failures in a row. Default: as `concurrency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_start: Option<u32>,
    /// Connections to all destinations at a time. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// How long a connection with nothing to carry is kept for what may come. Default: "0s", it is closed at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// A connection older than this carries nothing more. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Duration>,
    /// What is remembered of destinations that do not answer. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead: Option<Dead>,
    /// Addresses tried in one attempt. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<u32>,
    /// Sessions begun in one attempt. Default: as many as there are addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u32>,
    /// How long a connection may take to open. Default: as long as TCP tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<Duration>,
}

/// A way of delivering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryPreset {
    /// One connection to a destination, closed when there is nothing more for it.
    #[default]
    Textbook,
    /// Postfix.
    Postfix,
}

/// What is remembered of destinations that do not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dead {
    /// After how many times as many failures in a row as there may be connections a destination is dead; 0: never. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohorts: Option<u32>,
    /// For how long. Default: "300s".
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Duration>,
    /// What becomes of messages that are due meanwhile: their attempt fails at once ("fail"), or they are due when the time
    /// is over ("hold"). Default: "fail".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meanwhile: Option<MeanwhileName>,
}

/// What becomes of messages for a dead destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeanwhileName {
    /// Their attempt fails at once.
    #[default]
    Fail,
    /// They are due when the time is over.
    Hold,
}
