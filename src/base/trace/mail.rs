//! The trace of messages: the phases of their lives, attempts, failures.

use serde::Serialize;
use std::net::IpAddr;

use super::Protocol;
use super::conduct::ConductAction;
use super::failure::Failure;
use crate::base::ids::ConnId;
use crate::base::time::{SimDuration, SimTime};

/// The part of its life that a copy of a message is in: exactly one at each instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// In the user agent, before the first attempt to submit it.
    Composing,
    /// From the user agent to its server (name look-up, connection and dialogue included).
    Submission,
    /// In a server's queue, its next attempt due.
    Queued,
    /// The server finds out where to send it.
    Dns,
    /// The server opens a TCP connection.
    Connecting,
    /// The SMTP dialogue up to the reply to DATA.
    Dialogue,
    /// The message itself, up to the reply to its final dot.
    Transfer,
    /// In a server's queue after a failed attempt, until the next is due.
    WaitingForRetry,
    /// In the recipient's mailbox.
    InMailbox,
    /// On its way to the recipient's user agent.
    Retrieval,
}

impl Phase {
    /// All phases, in the order of a message's life.
    pub const ALL: [Self; 10] = [
        Self::Composing,
        Self::Submission,
        Self::Queued,
        Self::Dns,
        Self::Connecting,
        Self::Dialogue,
        Self::Transfer,
        Self::WaitingForRetry,
        Self::InMailbox,
        Self::Retrieval,
    ];

    /// The name used in tables and charts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Composing => "composing",
            Self::Submission => "submission",
            Self::Queued => "queued",
            Self::Dns => "dns",
            Self::Connecting => "connecting",
            Self::Dialogue => "dialogue",
            Self::Transfer => "transfer",
            Self::WaitingForRetry => "waiting_for_retry",
            Self::InMailbox => "in_mailbox",
            Self::Retrieval => "retrieval",
        }
    }
}

/// Who made a message, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A person.
    User,
    /// A server, to report a failure.
    Bounce,
    /// A server, to report a delay.
    Delay,
    /// A server, to report that a message was delivered or passed on.
    Success,
    /// A server, in the name of a person who is away.
    Vacation,
}

impl MessageKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::User, Self::Bounce, Self::Delay, Self::Success, Self::Vacation];

    /// The kind that tables call `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Bounce => "bounce",
            Self::Delay => "delay",
            Self::Success => "success",
            Self::Vacation => "vacation",
        }
    }
}

/// What turns a copy into others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Redirection {
    /// An alias (RFC 5321 3.9.1).
    Alias,
    /// A forward of the user's.
    Forward,
    /// A mailing list (RFC 5321 3.9.2).
    List,
}

impl Redirection {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alias, Self::Forward, Self::List];

    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alias => "alias",
            Self::Forward => "forward",
            Self::List => "list",
        }
    }

    /// The one that tables call `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }
}

/// Events in the life of a message.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTrace<'a> {
    /// A user agent, or a server that has something to report, created a copy. It is in
    /// [`Phase::Composing`] (user agent) or [`Phase::Queued`] (server) from here on.
    Composed {
        /// Message-ID.
        message: &'a str,
        /// Reverse-path, without angle brackets; empty for a bounce.
        from: &'a str,
        /// Recipient's address.
        to: &'a str,
        /// Octets of the message as composed.
        bytes: u64,
        /// Who made it, and what for.
        kind: MessageKind,
        /// The message on which this one reports, or to which it answers.
        about: Option<&'a str>,
    },
    /// A part of a message that was composed, and what its transfer encoding costs (RFC 2045 6).
    Encoded {
        /// Message-ID.
        message: &'a str,
        /// Its place in the message, such as `1.2`.
        place: &'a str,
        /// Its media type.
        media: &'a str,
        /// Its transfer encoding.
        encoding: &'a str,
        /// Octets before they were encoded.
        content: u64,
        /// Octets encoded, without header and delimiters.
        encoded: u64,
    },
    /// A server turned the copy into 7 bits for a next server without 8BITMIME (RFC 6152 3).
    Downgraded {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Octets before.
        before: u64,
        /// Octets after.
        after: u64,
    },
    /// The copy entered a phase of its life.
    Phase {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// The phase that begins now.
        phase: Phase,
    },
    /// This server answered 250 to the final dot (or queued its own bounce): it is
    /// responsible for the copy from here on.
    Accepted {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// The server's name for it in its queue.
        queue_id: &'a str,
        /// The connection over which it came; none for a bounce.
        conn: Option<ConnId>,
        /// Octets of the message as received, before trace fields.
        bytes: u64,
    },
    /// The user agent could not hand the copy over and gave up: it never left.
    Refused {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Why.
        failure: Failure<'a>,
        /// The connection on which it was tried, if it came to one.
        conn: Option<ConnId>,
    },
    /// A server began an attempt to deliver the copy elsewhere.
    AttemptStarted {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// 1 for the first attempt of this server.
        attempt: u32,
    },
    /// A server's attempt ended.
    AttemptEnded {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Which attempt.
        attempt: u32,
        /// The last host tried, if it came to that.
        exchange: Option<IpAddr>,
        /// The last connection used, if any.
        conn: Option<ConnId>,
        /// How it ended.
        outcome: AttemptOutcome<'a>,
    },
    /// The copy was stored in the recipient's mailbox.
    Delivered {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// The mailbox.
        mailbox: &'a str,
    },
    /// The server gave the copy up; `bounce` is the message that tells its sender, or none
    /// when it was itself a bounce and is dropped.
    GivenUp {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Message-ID of the bounce.
        bounce: Option<&'a str>,
        /// Why.
        failure: Failure<'a>,
    },
    /// An alias, a forward or a list turns the copy into one for somebody else; this server is
    /// responsible for that one too from here on. The new copy begins its life in
    /// [`Phase::Queued`]; [`MailTrace::Expanded`] ends that of the old one.
    Redirected {
        /// Message-ID.
        message: &'a str,
        /// Recipient of the old copy.
        to: &'a str,
        /// Recipient of the new copy.
        into: &'a str,
        /// Reverse-path of the new copy, without angle brackets.
        from: &'a str,
        /// What did it.
        by: Redirection,
    },
    /// The copy has been turned into others, all of them named before.
    Expanded {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Into how many.
        copies: u32,
    },
    /// A stated policy ended the copy; nobody is told.
    Discarded {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Which policy.
        why: &'a str,
    },
    /// A server's queue has this many copies now.
    QueueLength {
        /// Copies in all: due, in an attempt, or waiting for a retry.
        copies: u32,
        /// Those that wait for a retry.
        waiting: u32,
    },
    /// A mailbox has this many messages now.
    MailboxSize {
        /// The mailbox.
        mailbox: &'a str,
        /// Messages.
        messages: u32,
        /// Octets.
        bytes: u64,
    },
    /// A user agent fetched the whole message.
    Retrieved {
        /// Message-ID.
        message: &'a str,
        /// The mailbox (the recipient's address).
        mailbox: &'a str,
        /// The connection over which it came.
        conn: ConnId,
    },
    /// A user agent deleted the message on the server.
    Deleted {
        /// Message-ID.
        message: &'a str,
        /// The mailbox.
        mailbox: &'a str,
    },
    /// A program outside the simulation hands a copy in, or a server takes a message without a Message-ID, which
    /// nobody composed: it begins its life here, in [`Phase::Submission`]. A copy that is already known comes once more.
    HandedIn {
        /// Message-ID.
        message: &'a str,
        /// Reverse-path, without angle brackets.
        from: &'a str,
        /// Recipient's address.
        to: &'a str,
        /// Octets of the message as received.
        bytes: u64,
    },
    /// A user agent put a message into a mailbox by IMAP: it is no copy that anybody sent.
    Appended {
        /// Message-ID; empty if it has none.
        message: &'a str,
        /// The mailbox.
        mailbox: &'a str,
        /// Octets of the message.
        bytes: u64,
    },
    /// A server did something to a client because of a rule of conduct.
    Conduct {
        /// The rule.
        rule: &'a str,
        /// The client's connection.
        conn: ConnId,
        /// The command, or CONNECT, BODY (the message has come), OTHER (any other line).
        at: &'a str,
        /// What it did.
        action: ConductAction,
        /// Whether the command took effect though the client was told something else, or nothing.
        effect: bool,
        /// The time that it cost the client.
        delay: SimDuration,
        /// The client's address.
        client: IpAddr,
        /// The reverse-path, if there is one.
        sender: Option<&'a str>,
        /// The recipient, or the last of several.
        recipient: Option<&'a str>,
        /// Message-ID, when the message has come.
        message: Option<&'a str>,
    },
    /// A person did something in a session with the mailbox, or wanted to.
    Acted {
        /// The person's address.
        user: &'a str,
        /// How the person gets at the mailbox.
        protocol: &'a str,
        /// What: `begin`, `look`, `open`, `reply` and so on, `end`.
        action: &'a str,
        /// Message-ID of the message that it is about; empty if none is known.
        message: &'a str,
        /// The folder; empty where none matters.
        folder: &'a str,
        /// `done`, `nothing` (there was no message to act on) or `refused`.
        outcome: &'a str,
    },
    /// A message was shown to the user of a mailbox: its text, or all of it.
    Shown {
        /// Message-ID; empty if it has none.
        message: &'a str,
        /// The mailbox.
        mailbox: &'a str,
        /// When the look at the mailbox began that found it.
        found: SimTime,
        /// When what is shown had come to the user's computer.
        here: SimTime,
        /// How long the user left it in the list before wanting to see it.
        pause: SimDuration,
    },
    /// A user's session with the mailbox is over.
    Session {
        /// The mailbox.
        mailbox: &'a str,
        /// By which protocol.
        protocol: Protocol,
        /// Its connection, if it came to one.
        conn: Option<ConnId>,
        /// When it began: with the look-up of the server.
        began: SimTime,
        /// Commands or requests that the client gave.
        commands: u64,
        /// How often the client said something and then heard something.
        round_trips: u64,
        /// Octets that the client said.
        sent: u64,
        /// Octets that it heard.
        received: u64,
        /// Messages that it was told of.
        listed: u64,
        /// Messages, or parts that show something of one, that it fetched.
        opened: u64,
        /// Messages that the client had and of which it learned that others marked or removed them.
        learned: u64,
        /// Why it ended before its time; none if it came to its end.
        trouble: Option<&'a str>,
    },
    /// The user agent could not hand the copy over now: it stays in its outbox.
    Postponed {
        /// Message-ID.
        message: &'a str,
        /// Recipient.
        to: &'a str,
        /// Why.
        failure: Failure<'a>,
        /// When it is tried again.
        next: SimTime,
        /// The connection on which it was tried, if it came to one.
        conn: Option<ConnId>,
    },
}

/// How an attempt ended for one copy.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome<'a> {
    /// The next server took it with a 250.
    Completed,
    /// This server stored it in a mailbox that had no room before.
    Stored,
    /// It stays in the queue; the next attempt is due then.
    Deferred {
        /// Why.
        failure: Failure<'a>,
        /// When the next attempt is due.
        next: SimTime,
    },
    /// It stays in the queue, but no further attempt is due before its time is over; somebody may flush it.
    Expiring {
        /// Why.
        failure: Failure<'a>,
        /// When its time is over.
        end: SimTime,
    },
    /// It will not be tried again.
    Failed {
        /// Why.
        failure: Failure<'a>,
    },
    /// The server went down in the middle of it; the copy is due again as soon as that works.
    Interrupted {
        /// Why.
        failure: Failure<'a>,
    },
}
