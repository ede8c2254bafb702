//! Events of the trace in a few words each, for one who goes through a run step by step.
//!
//! Left out: what a packet shows better (dialogues, questions as they arrive) and what a chart shows better (lengths of
//! queues, sizes of mailboxes).

use serde::Serialize;

use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{
    AttemptOutcome, CacheLevel, CacheResult, ConnStep, DnsAnswerKind, DnsTrace, FaultTrace, HostTrace, MailTrace,
    Phase, RetransmitReason, Trace, TraceEvent, WebSource, WebTrace,
};
use crate::metrics::rtype_word as rtype;
use crate::report::summary::human;
use crate::report::values::escape;

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

/// What happened, in words, if it is to be told.
pub(super) fn told(event: &TraceEvent<'_>, directory: &Directory) -> Option<(Kind, Option<ConnId>, String)> {
    let (kind, conn, text) = match event.what {
        Trace::Net(_) | Trace::Dialogue { .. } => return None,
        Trace::Conn { conn, step, .. } => (Kind::Connection, Some(conn), connection(step)?),
        Trace::Dns(dns) => (Kind::Dns, None, names(&dns, directory)?),
        Trace::Mail(told) => (Kind::Mail, carrier(&told), mail(&told, directory)?),
        Trace::Fault(what) => (Kind::Fault, None, fault(what, directory)),
        Trace::Host(what) => (Kind::Host, None, host(what)?),
        Trace::Web(told) => (Kind::Web, None, web(&told)),
    };
    let mut text = escape(text.as_bytes());
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    Some((kind, conn, text))
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

fn mail(mail: &MailTrace<'_>, directory: &Directory) -> Option<String> {
    Some(match *mail {
        MailTrace::Composed { message, to, bytes, .. } => format!("composes {message} for {to}, {bytes} octets"),
        MailTrace::Phase { phase, .. } => format!("the message is {}", phase_words(phase)?),
        MailTrace::Accepted { message, queue_id, .. } => {
            format!("takes {message} and answers for it from here on (queue {queue_id})")
        }
        MailTrace::Refused { message, failure, .. } => format!("gives up handing {message} in: {}", failure.text),
        MailTrace::AttemptStarted { message, to, attempt } => {
            format!("begins attempt {attempt} with {message} for {to}")
        }
        MailTrace::AttemptEnded { attempt, exchange, outcome, .. } => {
            let exchange = exchange.map_or_else(String::new, |at| format!(" at {}", directory.name_at(at)));
            format!("attempt {attempt}{exchange}: {}", attempt_end(&outcome))
        }
        MailTrace::Delivered { message, mailbox, .. } => format!("stores {message} in the mailbox of {mailbox}"),
        MailTrace::GivenUp { message, bounce, failure, .. } => {
            let told = bounce.map_or_else(|| "nobody is told".to_owned(), |id| format!("{id} tells the sender"));
            format!("gives {message} up: {}; {told}", failure.text)
        }
        MailTrace::Redirected { message, to, into, by, .. } => {
            format!("{message} for {to} goes on to {into} (by {})", by.name())
        }
        MailTrace::Expanded { message, copies, .. } => format!("has turned {message} into {copies} copies"),
        MailTrace::Discarded { message, why, .. } => format!("throws {message} away: {why}"),
        MailTrace::Retrieved { message, .. } => format!("has fetched {message}"),
        MailTrace::Deleted { message, .. } => format!("deletes {message} on the server"),
        MailTrace::Postponed { failure, next, .. } => {
            format!("keeps it in the outbox: {}; again at {}", failure.text, clock(next))
        }
        MailTrace::HandedIn { message, to, .. } => format!("is handed {message} for {to} from outside"),
        MailTrace::Appended { message, mailbox, .. } => format!("puts {message} into the mailbox of {mailbox}"),
        MailTrace::Downgraded { before, after, .. } => {
            format!("turns it into 7 bits for the next server: {before} octets become {after} (RFC 6152 3)")
        }
        MailTrace::Conduct { rule, at, action, .. } => {
            format!("rule \"{rule}\" at {at}: {}", action.name().replace('_', " "))
        }
        MailTrace::Acted { user, action, outcome, .. } => format!("{user}: {action}, {outcome}"),
        MailTrace::Shown { message, mailbox, .. } => format!("shows {message} to {mailbox}"),
        MailTrace::Session { trouble: Some(why), mailbox, .. } => format!("session of {mailbox} ended early: {why}"),
        MailTrace::Session { .. }
        | MailTrace::Encoded { .. }
        | MailTrace::QueueLength { .. }
        | MailTrace::MailboxSize { .. } => return None,
    })
}

/// A phase that begins; none where another event says it.
const fn phase_words(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Submission => Some("on its way to the first server"),
        Phase::Queued => Some("in the queue"),
        Phase::Dns => Some("waiting for names to be looked up"),
        Phase::Connecting => Some("waiting for a connection"),
        Phase::Dialogue => Some("announced in the dialogue"),
        Phase::Transfer => Some("being transferred"),
        Phase::WaitingForRetry => Some("waiting for the next attempt"),
        Phase::Retrieval => Some("being fetched"),
        Phase::Composing | Phase::InMailbox => None,
    }
}

fn attempt_end(outcome: &AttemptOutcome<'_>) -> String {
    match outcome {
        AttemptOutcome::Completed => "the next server took it".to_owned(),
        AttemptOutcome::Stored => "the mailbox has room now".to_owned(),
        AttemptOutcome::Deferred { failure, next } => format!("put off, {}; again at {}", failure.text, clock(*next)),
        AttemptOutcome::Expiring { failure, end } => format!("put off, {}; expires at {}", failure.text, clock(*end)),
        AttemptOutcome::Failed { failure } => format!("failed for good, {}", failure.text),
        AttemptOutcome::Interrupted { failure } => format!("interrupted, {}", failure.text),
    }
}

fn clock(at: SimTime) -> String {
    format!("{at} s")
}

fn answer(kind: DnsAnswerKind) -> &'static str {
    match kind {
        DnsAnswerKind::Answer => "an answer",
        DnsAnswerKind::Alias => "an alias",
        DnsAnswerKind::Referral => "a referral to servers further down",
        DnsAnswerKind::NxDomain => "that the name does not exist",
        DnsAnswerKind::NoData => "that the name has no such record",
        DnsAnswerKind::Failure => "a failure",
        DnsAnswerKind::Truncated => "only a part: it must ask over TCP",
    }
}

fn found(result: CacheResult) -> String {
    match result {
        CacheResult::Hit { ttl_s } => format!("a hit, {ttl_s} s left to live"),
        CacheResult::NegativeHit { ttl_s } => format!("the knowledge that there is none, {ttl_s} s left"),
        CacheResult::Failure { ttl_s } => format!("a failure remembered for {ttl_s} s more"),
        CacheResult::Stale { past_s } => format!("something stale since {past_s} s"),
        CacheResult::Miss => "nothing".to_owned(),
    }
}

fn names(dns: &DnsTrace<'_>, directory: &Directory) -> Option<String> {
    Some(match *dns {
        DnsTrace::Asked { to, name, rtype: number, retry, .. } => {
            let again = if retry > 0 { format!(", for the {}. time", retry + 1) } else { String::new() };
            format!("asks {} for {name} {}{again}", directory.name_at(to.addr), rtype(number))
        }
        DnsTrace::Answered { query, kind, .. } => {
            format!("learns {} ({})", answer(kind), directory.query_name(query))
        }
        DnsTrace::TimedOut { query } => {
            format!("has waited long enough for an answer ({})", directory.query_name(query))
        }
        DnsTrace::Unreachable { query } => {
            format!("hears that its question did not arrive ({})", directory.query_name(query))
        }
        DnsTrace::Cache { name, rtype: number, result, .. } => {
            format!("looks into its cache for {name} {}: {}", rtype(number), found(result))
        }
        DnsTrace::LocalCache { level, name, rtype: number, result } => {
            let whose = match level {
                CacheLevel::Application => "its program's",
                CacheLevel::Stub | CacheLevel::Forwarder | CacheLevel::Resolver => "its own",
            };
            format!("looks into {whose} cache for {name} {}: {}", rtype(number), found(result))
        }
        DnsTrace::LookedUp { name, rtype: number, kind, cache: None, .. } => {
            format!("has looked up {name} {}: {}", rtype(number), answer(kind))
        }
        DnsTrace::Changed { zone, serial, name, rtype: number, .. } => {
            format!("zone {zone} changes: {name} {}, serial {serial}", rtype(number))
        }
        DnsTrace::Copied { zone, serial } => format!("has a new copy of zone {zone}, serial {serial}"),
        DnsTrace::Expired { zone } => format!("its copy of zone {zone} has expired"),
        DnsTrace::LookedUp { .. } | DnsTrace::Received { .. } | DnsTrace::Replied { .. } => return None,
    })
}

fn connection(step: ConnStep) -> Option<String> {
    Some(match step {
        ConnStep::Opening { to, .. } => format!("opens a TCP connection to {to}"),
        ConnStep::Established => "connection established".to_owned(),
        ConnStep::Retransmitted { len, why, .. } => {
            let why = match why {
                RetransmitReason::Timeout => "the retransmission timer ran out (RFC 6298)",
                RetransmitReason::FastRetransmit => "acknowledgements say that it is missing (RFC 5681 3.2)",
                RetransmitReason::LossProbe => "to fetch an acknowledgement (RFC 8985 7)",
                RetransmitReason::PathMtu => "in smaller pieces, a link could not take it (RFC 1191 6.5)",
            };
            format!("sends {len} octets again: {why}")
        }
        ConnStep::Closed { reason, sent, received, .. } => {
            format!("connection over: {reason}; {sent} octets sent, {received} received")
        }
        ConnStep::Joined { .. } => "the other end called at the same time: one connection (RFC 9293 3.5)".to_owned(),
    })
}

fn fault(fault: FaultTrace, directory: &Directory) -> String {
    let link = |dir| &directory.link_dir(dir).0.name;
    match fault {
        FaultTrace::HostDown => "goes down: what was only in memory is lost".to_owned(),
        FaultTrace::HostUp => "works again".to_owned(),
        FaultTrace::LinkDown { link: dir } => format!("link {} goes down", link(dir)),
        FaultTrace::LinkUp { link: dir } => format!("link {} works again", link(dir)),
        FaultTrace::ServiceDown { port } => format!("nobody listens on port {port} any more"),
        FaultTrace::ServiceUp { port } => format!("port {port} is served again"),
        FaultTrace::ServiceChanged { port } => format!("port {port} works badly"),
        FaultTrace::ServiceRestored { port } => format!("port {port} works well again"),
        FaultTrace::PartitionBegins => "a part of the network is cut off".to_owned(),
        FaultTrace::PartitionEnds => "the network is whole again".to_owned(),
        FaultTrace::LinkChanged { link: dir } => format!("link {} has other properties", link(dir)),
        FaultTrace::LinkRestored { link: dir } => format!("link {} has its own properties again", link(dir)),
        FaultTrace::ProcessingChanged => "its requests take another time".to_owned(),
        FaultTrace::ProcessingRestored => "its requests take their own time again".to_owned(),
        FaultTrace::QueueFlushed => "an operator has the queue tried at once".to_owned(),
    }
}

fn host(told: HostTrace) -> Option<String> {
    let human = |time: SimDuration| human(time.as_secs_f64());
    Some(match told {
        HostTrace::Served { wait, service, waiting } => {
            format!("serves a request: waited {}, took {}; {waiting} wait behind it", human(wait), human(service))
        }
        HostTrace::TurnedAway { .. } => "turns a caller away: no place for another session".to_owned(),
        HostTrace::Visited { .. } => return None,
    })
}

fn web(web: &WebTrace<'_>) -> String {
    match *web {
        WebTrace::Asked { url, .. } => format!("asks for the page {url}"),
        WebTrace::Fetched { url, method, status, source, .. } => {
            let whence = match source {
                WebSource::Network => "from the network",
                WebSource::Validated => "its copy is still good",
                WebSource::Cache => "from its cache",
                WebSource::Nowhere => "not to be had",
            };
            format!("{method} {url}: {status}, {whence}")
        }
        WebTrace::Loaded { url, since, objects, missing, .. } => {
            let missing = if missing > 0 { format!(", {missing} missing") } else { String::new() };
            format!("page {url} complete: {objects} objects{missing}; asked for at {}", clock(since))
        }
    }
}
