//! The schedules of servers that people know, from their documentation and their sources.
//!
//! What each counts from is part of it. Postfix counts the age from the arrival of the message
//! and the wait from the end of the attempt; qmail and OpenSMTPD set attempts at squares counted
//! from the arrival, wherever the attempts before them ended; Exim counts from the first
//! failure. Left out: that those servers count in whole seconds, except where the law
//! itself does, and the time until Postfix, Exim and qmail look at what is due (`scan`).

use super::{AgeFrom, EximRules, RetryPolicy, Rule, WaitFrom};
use crate::base::SimDuration;

/// The names of the presets.
pub const PRESETS: [&str; 9] =
    ["lecture", "rfc5321", "postfix", "exim", "sendmail", "opensmtpd", "qmail", "exchange", "stalwart"];

const fn minutes(minutes: u64) -> SimDuration {
    SimDuration::from_secs(60 * minutes)
}

const fn hours(hours: u64) -> SimDuration {
    minutes(60 * hours)
}

const fn days(days: u64) -> SimDuration {
    hours(24 * days)
}

/// A list whose last interval is repeated.
fn list(intervals: impl IntoIterator<Item = u64>) -> Rule {
    Rule::List { intervals: intervals.into_iter().map(minutes).collect(), repeat: true }
}

impl RetryPolicy {
    /// The policy of that name, one of [`PRESETS`].
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let lecture = Self::default();
        let policy = match name {
            "lecture" => lecture,
            // RFC 5321 4.5.4.1: "two connection attempts in the first hour the message is in the
            // queue, and then backing off to one every two or three hours."
            "rfc5321" => Self { rule: list([30, 30, 120]), ..lecture },
            "postfix" => Self {
                rule: Rule::Age { least: SimDuration::from_secs(300), most: SimDuration::from_secs(4_000) },
                age_from: AgeFrom::Acceptance,
                wait_from: WaitFrom::Failure,
                ..lecture
            },
            "exim" => Self {
                rule: Rule::Exim(EximRules::parse("F,2h,15m; G,16h,1h,1.5; F,4d,6h").ok()?),
                age_from: AgeFrom::FirstFailure,
                wait_from: WaitFrom::Failure,
                lifetime: days(4),
                report_lifetime: days(2),
                warnings: vec![hours(24)],
                ..lecture
            },
            "sendmail" => Self {
                rule: Rule::Scans,
                scan: minutes(30),
                age_from: AgeFrom::Acceptance,
                warnings: vec![hours(4)],
                ..lecture
            },
            "opensmtpd" => Self {
                rule: Rule::Squares { unit: SimDuration::from_secs(400) },
                age_from: AgeFrom::Acceptance,
                wait_from: WaitFrom::Failure,
                lifetime: days(4),
                report_lifetime: days(4),
                warnings: vec![hours(4)],
                ..lecture
            },
            "qmail" => Self {
                rule: Rule::Roots { unit: SimDuration::from_secs(400) },
                age_from: AgeFrom::Acceptance,
                lifetime: days(7),
                report_lifetime: days(7),
                ..lecture
            },
            "exchange" => Self {
                rule: list([1, 1, 1, 1, 5, 5, 5, 5, 5, 5, 10]),
                wait_from: WaitFrom::Failure,
                age_from: AgeFrom::Acceptance,
                lifetime: days(2),
                report_lifetime: days(2),
                warnings: vec![hours(4)],
                ..lecture
            },
            "stalwart" => Self {
                rule: list([2, 5, 10, 15, 30, 60, 120, 1_440, 4_320]),
                wait_from: WaitFrom::Failure,
                age_from: AgeFrom::Acceptance,
                lifetime: days(3),
                report_lifetime: days(3),
                warnings: vec![days(1), days(3)],
                ..lecture
            },
            _ => return None,
        };
        Some(policy)
    }
}
