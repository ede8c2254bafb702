//! The `workload` key: who writes, reads and looks up what, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lookups::Lookups;
use super::message::{Attachment, Dsn, EncodingName, WholeMessage};
use super::people::People;
use super::quantity::{Chance, Duration, Frequency, Size, Texts};
use super::steps::{ProtocolName, Step};
use super::web::BrowserWays;

/// One activity: writing a message (`from`, `to`), writing at random (`poisson`, `from`,
/// `to`), fetching mail (`user`, `read`), a session with the mailbox (`user`, `steps`), people who go by habits (`user`,
/// `people`), looking up a name (`lookup`, `on`), looking up names as
/// clients do (`lookups`, `on`), or visiting a page (`browse`, `user` or `on`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Entry {
    /// When, counted from the beginning of the run. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Duration>,
    /// Time between repetitions. Default: it happens once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// How often in all, together with `every`; with `lookups`, how often for each client. Default: until `until`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// No repetition, no random message and no random look-up later than this. Default: the end of the run; of messages, where
    /// `run.until` is not given, one hour before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// The host on which it happens. Default: the user's computer; look-ups must name it. With `lookups` and `browse` also a list of
    /// hosts, in which "pc{1..10}.crepes.fr" stands for ten of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Texts>,
    /// Who writes: an address; with `poisson` also a list of addresses or "every-user".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Texts>,
    /// To whom: an address or a list of addresses; with `poisson` and `people`, one of them at random, or "any-user".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Texts>,
    /// Who else gets the message, as its header says: an address or a list of addresses. Default: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cc: Option<Texts>,
    /// Who else gets the message, though its header does not say so: an address or a list of addresses. Default:
    /// nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bcc: Option<Texts>,
    /// The address to which answers should go. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The Message-ID of the message that this one answers, such as "<1.alice@crepes.fr>"; those of the messages before
    /// it may stand in front. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// Whether `to`, `cc` and `bcc` may name users and domains that do not exist, to see what then happens. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_unknown: Option<bool>,
    /// Subject of the message. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Text of the message, as one line or a list of lines. Default: an empty text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Texts>,
    /// Length of a made-up text in place of `body`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<Size>,
    /// The text as HTML too, as one line or a list of lines. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<Texts>,
    /// Images that the HTML shows. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Attachment>,
    /// Files that go with the message. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The transfer encoding of the texts. Default: "auto".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<EncodingName>,
    /// A file that holds a whole message, header included; it lies in the scenario's folder or below. Date and Message-ID
    /// become those of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eml: Option<String>,
    /// Likewise a mailbox file, whose messages are written one after the other: at once, or one each time with `every`,
    /// and then each once unless `times` or `until` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mbox: Option<String>,
    /// Whole messages, as `mbox` would give them. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<WholeMessage>,
    /// What the sender wants to hear of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dsn: Option<Dsn>,
    /// Write at random: each sender is a Poisson process of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poisson: Option<Poisson>,
    /// Who fetches, reads or answers mail, or visits a page: an address, a list of addresses, or "every-user".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Texts>,
    /// How mail is fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<ProtocolName>,
    /// What a user does in a session with the mailbox, step by step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<Step>>,
    /// With `steps`: how the user gets at the mailbox. Default: as `users` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolName>,
    /// Users who read, answer and write mail by habit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<People>,
    /// With `read`, what is fetched and what becomes of it. Default: with "pop3" and "pop3-keep", all that is there, each
    /// time; with "imap", all that is new to the computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// With `read` and `every`, with `browse`, and with the `every` of `lookups`: each user, host or client begins later than `at` by an own
    /// random part of this time. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<Duration>,
    /// The name to look up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<String>,
    /// Look up names as clients do: at random, and some names more often than others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookups: Option<Lookups>,
    /// The URL of a page to visit, such as "http://www.school.edu/index.html".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browse: Option<String>,
    /// With `browse`: how the browser uses connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<BrowserWays>,
    /// With `lookup` and `lookups`: whether the Web server at the address found is called, on port 80. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<bool>,
    /// The type to look up: A, AAAA, CNAME, MX, NS, PTR, SOA or TXT. Default: "A".
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub rtype: Option<String>,
}

/// How often each sender writes on average: exactly one of `rate` and `mean_gap`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Poisson {
    /// Messages of one sender per time, such as "3 per hour".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Frequency>,
    /// Mean time between two messages of one sender, such as "20min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_gap: Option<Duration>,
    /// Whether all senders write at the same random times, so that what becomes of their messages can be compared. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<bool>,
}

/// How mail is read, by a program that remembers what it has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reading {
    /// What is fetched of each message that is new to the computer. Default: "text" with "webmail", else "whole".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetch: Option<FetchName>,
    /// With `fetch` "headers": the share of messages whose text is fetched after all. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<Chance>,
    /// With IMAP or webmail and `fetch` "headers" or "text": of messages whose text is fetched, the share of their other parts that
    /// is fetched on demand. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Chance>,
    /// With IMAP or webmail: the folder that is read. Default: "INBOX".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// With IMAP or webmail: the folder into which messages go that were read, made if need be. Default: they stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_into: Option<String>,
    /// With IMAP or webmail: how long the session stays after it began and waits for news (by IDLE, or by asking each minute). Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stay: Option<Duration>,
    /// How long a message is left on the server after it was fetched whole; the first session after that deletes it. Default:
    /// "0s" with "pop3", for ever with "imap".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_for: Option<Duration>,
}

/// What is fetched of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FetchName {
    /// What a list shows: sender, subject, date, size.
    Headers,
    /// That, and the text; by POP3 the whole message, which has no parts there.
    Text,
    /// The whole message.
    Whole,
}
