//! The `people` key: people who read, answer and write mail by habit.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Chance, Frequency, Size, Texts};

/// The habits of people. What is drawn for one person and one message depends on nobody and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct People {
    /// How often a person sits down to the mail, such as "8 per day": an average over the days that have sessions.
    /// Default: "8 per day".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Frequency>,
    /// How the sessions of a day are spread over its 24 hours, from midnight on: a weight for each hour. Default: office
    /// hours from 8 to 18, less at noon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Vec<f64>>,
    /// The days that have sessions. Default: Monday to Friday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<DayName>>,
    /// Local time against UTC, such as "+01:00". Default: "+00:00".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Words read in a minute; six characters count as a word. Default: 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<u32>,
    /// Words written in a minute. Default: 40.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typing: Option<u32>,
    /// The probability that a message is answered. Default: 0.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Chance>,
    /// The probability that an answer goes to all. Default: 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_all: Option<Chance>,
    /// The probability that a message is passed on which is not answered. Default: 0.05.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<Chance>,
    /// The probability that the files of a message are looked at. Default: 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Chance>,
    /// The probability that a message is deleted. Default: 0.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<Chance>,
    /// The probability that a message is put into a folder which is not deleted; not by POP3, which has no folders.
    /// Default: 0.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Chance>,
    /// The folders, all equally likely. Default: "Archive".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folders: Option<Texts>,
    /// Length of an answer without what it quotes. Default: "400B".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_bytes: Option<Size>,
    /// New messages in a session, on average. Default: 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writes: Option<f64>,
    /// The probability that a new message stays in the person's domain. Default: 0.7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<Chance>,
    /// How many people use which protocol on the computer, as weights. Default: each the one of `users`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocols: Option<Protocols>,
    /// On which device a session is, as weights: "own" is the computer, others are `devices` of the users. Default: all
    /// sessions are on the computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<BTreeMap<String, f64>>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "days need no explanation")]
pub enum DayName {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A weight for each protocol; they need not sum up to 1. What is not given is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Protocols {
    /// POP3, download and delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pop3: Option<f64>,
    /// POP3, download and keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pop3_keep: Option<f64>,
    /// IMAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imap: Option<f64>,
    /// Webmail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webmail: Option<f64>,
}
