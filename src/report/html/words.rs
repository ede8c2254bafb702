//! Which events of the trace a reader goes through step by step, what each is about, and its sentence.
//!
//! Left out: what a packet shows better (dialogues, questions as they arrive) and what a chart shows better (lengths of
//! queues, sizes of mailboxes).

use serde::Serialize;

use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::trace::{DnsTrace, HostTrace, MailTrace, Phase, Trace, TraceEvent};
use crate::report::explain::event_sentence;

/// The longest text of an event.
const LONGEST: usize = 240;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A packet.
    Packet,
    /// A message's life.
    Mail,
    /// Names.
    Dns,
    /// A connection.
    Connection,
    /// Something broke or was mended.
    Fault,
    /// A host's own doing.
    Host,
    /// A browser.
    Web,
}

/// What kind of event it is, and on which connection it happens; nothing if it is not to be told.
pub(super) const fn kind(what: &Trace<'_>) -> Option<(Kind, Option<ConnId>)> {
    match what {
        Trace::Conn { conn, .. } => Some((Kind::Connection, Some(*conn))),
        // a look-up that a cache ended was told when it looked there
        Trace::Dns(
            DnsTrace::LookedUp { cache: Some(_), .. } | DnsTrace::Received { .. } | DnsTrace::Replied { .. },
        ) => None,
        Trace::Dns(_) => Some((Kind::Dns, None)),
        // another event says that these begin
        Trace::Mail(MailTrace::Phase { phase: Phase::Composing | Phase::InMailbox, .. })
        | Trace::Mail(MailTrace::Session { trouble: None, .. })
        | Trace::Mail(MailTrace::Encoded { .. } | MailTrace::QueueLength { .. } | MailTrace::MailboxSize { .. }) => {
            None
        }
        Trace::Mail(mail) => Some((Kind::Mail, carrier(mail))),
        Trace::Fault(_) => Some((Kind::Fault, None)),
        Trace::Host(HostTrace::Served { .. } | HostTrace::TurnedAway { .. }) => Some((Kind::Host, None)),
        Trace::Net(_) | Trace::Dialogue { .. } | Trace::Host(HostTrace::Visited { .. }) => None,
        Trace::Web(_) => Some((Kind::Web, None)),
    }
}

/// What happened, in words.
pub(super) fn told(event: &TraceEvent<'_>, directory: &Directory) -> String {
    let mut text = event_sentence(directory, event);
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The connection over which a message came or went.
const fn carrier(mail: &MailTrace<'_>) -> Option<ConnId> {
    if let MailTrace::Accepted { conn: Some(conn), .. }
    | MailTrace::AttemptEnded { conn: Some(conn), .. }
    | MailTrace::Retrieved { conn, .. } = *mail
    {
        Some(conn)
    } else {
        None
    }
}

/// The message that an event is about.
pub(super) const fn message<'a>(mail: &MailTrace<'a>) -> Option<&'a str> {
    match *mail {
        MailTrace::Composed { message, .. }
        | MailTrace::Encoded { message, .. }
        | MailTrace::Downgraded { message, .. }
        | MailTrace::Phase { message, .. }
        | MailTrace::Accepted { message, .. }
        | MailTrace::Refused { message, .. }
        | MailTrace::AttemptStarted { message, .. }
        | MailTrace::AttemptEnded { message, .. }
        | MailTrace::Delivered { message, .. }
        | MailTrace::GivenUp { message, .. }
        | MailTrace::Redirected { message, .. }
        | MailTrace::Expanded { message, .. }
        | MailTrace::Discarded { message, .. }
        | MailTrace::Retrieved { message, .. }
        | MailTrace::Deleted { message, .. }
        | MailTrace::HandedIn { message, .. }
        | MailTrace::Appended { message, .. }
        | MailTrace::Acted { message, .. }
        | MailTrace::Shown { message, .. }
        | MailTrace::Postponed { message, .. } => Some(message),
        MailTrace::Conduct { message, .. } => message,
        MailTrace::QueueLength { .. } | MailTrace::MailboxSize { .. } | MailTrace::Session { .. } => None,
    }
}
