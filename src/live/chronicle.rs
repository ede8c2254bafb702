//! What happens, as lines for a reader at a console, while it happens.
//!
//! A reader of the trace: messages queued, retried, delivered and returned, questions that a
//! resolver's cache could not answer, and faults. Left out: packets, connections of the
//! simulation and dialogues, which the result folder has.

use std::collections::VecDeque;

use serde::Serialize;

use crate::base::trace::{
    AttemptOutcome, CacheResult, DnsAnswerKind, DnsTrace, MailTrace, Observer, Phase, Trace, TraceEvent,
};
use crate::base::{Directory, SimTime};
use crate::proto::dns::Rtype;

/// Lines that nobody fetched are dropped beyond this.
const MOST: usize = 10_000;

/// The longest text of a line: what clients say may be longer.
const LONGEST: usize = 200;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Virtual seconds since the start, to the nanosecond.
    pub at_s: String,
    /// Where: a host, or a client.
    pub place: String,
    /// What, in one line without control characters.
    pub what: String,
    /// The event of the trace that the line tells of, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<serde_json::Value>,
}

impl Line {
    /// A line; control characters are escaped and long texts cut.
    #[must_use]
    pub fn new(at: SimTime, place: &str, what: &str) -> Self {
        Self { at_s: at.to_string(), place: plain(place), what: plain(what), event: None }
    }

    /// The line for a reader: time to the millisecond, place, what.
    #[must_use]
    pub fn text(&self) -> String {
        let (seconds, fraction) = self.at_s.split_once('.').unwrap_or((&self.at_s, "0"));
        let total: u64 = seconds.parse().unwrap_or(0);
        let (days, hours, minutes, seconds) = (total / 86_400, total / 3600 % 24, total / 60 % 60, total % 60);
        let day = if days > 0 { format!("{days}d ") } else { String::new() };
        let millis = format!("{fraction:0<3}");
        format!("{day}{hours:02}:{minutes:02}:{seconds:02}.{}  {:<22} {}", &millis[..3], self.place, self.what)
    }
}

/// A text for a terminal: no control characters, not too long.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for (count, char) in text.chars().enumerate() {
        if count >= LONGEST {
            out.push('…');
            break;
        }
        match char {
            char if char.is_control() => out.extend(char.escape_default()),
            char => out.push(char),
        }
    }
    out
}

/// What a reader wants to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: then nothing is written.
    Nothing,
    /// Lines to read.
    Lines,
    /// Lines with the events of the trace.
    Events,
}

/// The lines that were not fetched yet.
#[derive(Clone, Debug)]
pub struct Chronicle {
    directory: Directory,
    wanted: Wanted,
    lines: VecDeque<Line>,
    lost: u64,
}

impl Chronicle {
    /// An empty one; if nothing is wanted it stays so.
    #[must_use]
    pub const fn new(directory: Directory, wanted: Wanted) -> Self {
        Self { directory, wanted, lines: VecDeque::new(), lost: 0 }
    }

    /// The next line.
    pub fn next_line(&mut self) -> Option<Line> {
        self.lines.pop_front()
    }

    /// How many were dropped since this was last asked, because nobody fetched them.
    pub const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }
}

impl Observer for Chronicle {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if self.wanted == Wanted::Nothing {
            return;
        }
        let what = match event.what {
            Trace::Mail(mail) => self.mail(&mail),
            Trace::Dns(dns) => names(&dns),
            Trace::Fault(fault) => Some(fault.words(&self.directory)),
            Trace::Net(_) | Trace::Conn { .. } | Trace::Dialogue { .. } | Trace::Host(_) | Trace::Web(_) => None,
        };
        let Some(what) = what else { return };
        if self.lines.len() >= MOST {
            self.lost += 1;
            return;
        }
        let mut line = Line::new(event.at, self.directory.host_name(event.host), &what);
        if self.wanted == Wanted::Events {
            // Every event can be written: the folder's events are written so, too.
            line.event = serde_json::to_value(event.what).ok();
        }
        self.lines.push_back(line);
    }
}

impl Chronicle {
    fn mail(&self, mail: &MailTrace<'_>) -> Option<String> {
        Some(match *mail {
            MailTrace::Accepted { message, to, queue_id, bytes, .. } => {
                format!("accepted {message} for {to} ({bytes} bytes) as {queue_id}")
            }
            MailTrace::Phase { message, to, phase: Phase::Queued } => format!("queued {message} for {to}"),
            MailTrace::AttemptStarted { message, to, attempt } => {
                format!("attempt {attempt} to deliver {message} to {to}")
            }
            MailTrace::AttemptEnded { message, to, exchange, outcome, .. } => {
                let exchange = exchange.map_or_else(String::new, |at| format!(" by {}", self.directory.name_at(at)));
                format!("{message} for {to} {}", attempt_ended(&outcome, &exchange))
            }
            MailTrace::Delivered { message, to, mailbox } => {
                let whose = if mailbox == to { String::new() } else { format!(" (for {to})") };
                format!("{message} is in the mailbox of {mailbox}{whose}")
            }
            MailTrace::GivenUp { message, to, bounce, failure } => match bounce {
                Some(bounce) => format!("bounce {bounce}: {message} for {to} is returned: {}", failure.text),
                None => format!("{message} for {to} is dropped: {}", failure.text),
            },
            MailTrace::Refused { message, to, failure, .. } => {
                format!("{message} for {to} could not be submitted: {}", failure.text)
            }
            MailTrace::Postponed { message, to, failure, next, .. } => {
                format!("{message} for {to} stays in the outbox: {}; again at {}", failure.text, clock(next))
            }
            MailTrace::Retrieved { message, mailbox, .. } => format!("{mailbox} fetched {message}"),
            MailTrace::Appended { message: "", mailbox, bytes } => {
                format!("{mailbox} got a message without Message-ID from its user, {bytes} bytes")
            }
            MailTrace::Appended { message, mailbox, bytes } => {
                format!("{mailbox} got {message} from its user, {bytes} bytes")
            }
            MailTrace::Conduct { rule, at, action, client, .. } => {
                format!("conduct at {at} towards {client}: {}, by the rule {rule}", action.name())
            }
            MailTrace::Redirected { message, to, into, .. } => format!("{message} for {to} goes on to {into}"),
            MailTrace::Discarded { message, to, why } => format!("{message} for {to} is discarded: {why}"),
            MailTrace::Downgraded { message, to, before, after } => {
                format!("{message} for {to} goes on in 7 bits: {before} bytes became {after}")
            }
            MailTrace::Shown { message, mailbox, .. } => format!("{mailbox} reads {message}"),
            MailTrace::Session { mailbox, trouble: Some(why), .. } => {
                format!("a session with the mailbox of {mailbox} ended early: {why}")
            }
            MailTrace::Composed { .. }
            | MailTrace::Session { .. }
            | MailTrace::Acted { .. }
            | MailTrace::Encoded { .. }
            | MailTrace::Expanded { .. }
            | MailTrace::HandedIn { .. }
            | MailTrace::Phase { .. }
            | MailTrace::QueueLength { .. }
            | MailTrace::MailboxSize { .. }
            | MailTrace::Deleted { .. } => return None,
        })
    }
}

fn names(dns: &DnsTrace<'_>) -> Option<String> {
    Some(match *dns {
        DnsTrace::Cache { name, rtype, result, .. } => match result {
            CacheResult::Miss => format!("cache miss: {name} {}", type_name(rtype)),
            CacheResult::Hit { ttl_s } => format!("cache hit: {name} {} ({ttl_s} s left)", type_name(rtype)),
            CacheResult::NegativeHit { ttl_s } => {
                format!("cache hit: no {name} {} ({ttl_s} s left)", type_name(rtype))
            }
            CacheResult::Failure { ttl_s } => {
                format!("cached failure: {name} {} ({ttl_s} s left)", type_name(rtype))
            }
            CacheResult::Stale { past_s } => {
                format!("stale from the cache: {name} {} (ended {past_s} s ago)", type_name(rtype))
            }
        },
        DnsTrace::Replied { rcode, kind: DnsAnswerKind::Failure, .. } => {
            format!("answered with a failure (rcode {rcode})")
        }
        DnsTrace::Changed { zone, serial, name, rtype, .. } => {
            format!("zone {zone} changed: {name} {} (serial {serial})", type_name(rtype))
        }
        DnsTrace::Copied { zone, serial } => format!("zone {zone} copied (serial {serial})"),
        DnsTrace::Expired { zone } => format!("zone {zone} expired"),
        DnsTrace::Asked { .. }
        | DnsTrace::Answered { .. }
        | DnsTrace::TimedOut { .. }
        | DnsTrace::Received { .. }
        | DnsTrace::Replied { .. }
        | DnsTrace::Unreachable { .. }
        | DnsTrace::LocalCache { .. }
        | DnsTrace::LookedUp { .. } => return None,
    })
}

fn type_name(rtype: u16) -> String {
    Rtype::from_number(rtype).to_string()
}

/// An instant as [`Line::text`] shows it.
pub(super) fn clock(at: SimTime) -> String {
    let line = Line::new(at, "", "").text();
    line.trim_end().to_owned()
}

/// How an attempt ended; `exchange` says by whom, if anybody was reached.
fn attempt_ended(outcome: &AttemptOutcome<'_>, exchange: &str) -> String {
    match outcome {
        AttemptOutcome::Stored => "found room".to_owned(),
        AttemptOutcome::Completed => format!("was taken{exchange}"),
        AttemptOutcome::Deferred { failure, next } => format!("waits: {}; retry at {}", failure.text, clock(*next)),
        AttemptOutcome::Expiring { failure, end } => {
            format!("waits: {}; no further attempt before it expires at {}", failure.text, clock(*end))
        }
        AttemptOutcome::Failed { failure } => format!("failed for good: {}", failure.text),
        AttemptOutcome::Interrupted { failure } => format!("was interrupted: {}", failure.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_clock_and_nothing_that_moves_a_cursor() {
        let at = SimTime::from_nanos(93_784_005_600_000);
        let line = Line::new(at, "crepes.fr", "accepted <\u{1b}[2J\r\n> for x");
        assert_eq!(line.text(), "1d 02:03:04.005  crepes.fr              accepted <\\u{1b}[2J\\r\\n> for x");
        assert_eq!(Line::new(SimTime::ZERO, "", &"x".repeat(300)).what.chars().count(), LONGEST + 1);
        assert_eq!(clock(SimTime::from_nanos(1_500_000_000)), "00:00:01.500");
    }
}
