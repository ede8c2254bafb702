//! What senders are told, and answers in the name of users who are away.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{SimDuration, SimTime};

/// What senders are told, and answers in the name of users who are away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportConfig {
    /// Whether a report returns the whole message when its sender did not say (RFC 3461 section 4.3
    /// leaves that to the server).
    pub whole: bool,
    /// Of longer messages only the header is returned.
    pub return_limit: u64,
    /// Whether the postmaster gets what is said of reports that fail themselves.
    pub to_postmaster: bool,
    /// The users who are away, by address.
    pub vacations: BTreeMap<String, VacationConfig>,
}

impl Default for ReportConfig {
    /// Headers only; whole messages up to 50,000 octets on request, as Postfix does; double bounces are dropped.
    fn default() -> Self {
        Self { whole: false, return_limit: 50_000, to_postmaster: false, vacations: BTreeMap::new() }
    }
}

/// The answer of a user who is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VacationConfig {
    /// Its lines.
    pub text: Arc<[String]>,
    /// Its subject; none: that of the message, with `Auto:` in front (RFC 3834 3.1.5).
    pub subject: Option<String>,
    /// Its author; none: the user's address.
    pub from: Option<String>,
    /// How long a sender gets no second answer.
    pub interval: SimDuration,
    /// From when.
    pub start: SimTime,
    /// Until when; not at this instant any more.
    pub end: SimTime,
}

impl VacationConfig {
    /// RFC 3834 2 and RFC 5230 4.1: a sender gets one answer in a week.
    pub const INTERVAL: SimDuration = SimDuration::from_secs(7 * 86_400);
}
