//! Any event of the trace as a sentence whose subject is the host where it happens.

use super::{count, plain, quoted, span, words};
use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::socket::Side;
use crate::base::time::SimTime;
use crate::base::trace::{
    AttemptOutcome, CacheLevel, CacheResult, ConnStep, DnsAnswerKind, DnsTrace, Failure, HostTrace, IcmpKind,
    MailTrace, NetTrace, PacketInfo, Phase, Trace, TraceEvent, WebSource, WebTrace,
};
use crate::metrics::{close_word, failure_word, rtype_word};

/// The event in words, without when and where it happened.
#[must_use]
pub fn event_sentence(directory: &Directory, event: &TraceEvent<'_>) -> String {
    match event.what {
        Trace::Net(what) => net(directory, what),
        Trace::Conn { conn, side, step } => step_words(directory, conn, side, step),
        Trace::Dialogue { conn, side, bytes, .. } => {
            let text = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).into_owned();
            let text = text.replace("\r\n", " / ");
            let who = side_word(side);
            format!("as the {who} of {} says {}", directory.conn_name(conn), quoted(text.trim_end_matches(" / ")))
        }
        Trace::Dns(what) => dns(directory, what),
        Trace::Mail(what) => mail(directory, what),
        Trace::Fault(what) => plain(&what.words(directory)),
        Trace::Host(what) => host(directory, what),
        Trace::Web(what) => web(what),
    }
}

const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

fn instant(at: SimTime) -> String {
    format!("{at} s")
}

fn net(directory: &Directory, what: NetTrace) -> String {
    let link = |dir| {
        let (link, from, to) = directory.link_dir(dir);
        format!("{} from {} to {}", link.name, directory.host_name(from), directory.host_name(to))
    };
    match what {
        NetTrace::Sent { link: dir, packet } => {
            format!("{} joins the queue of the link {}", packet_words(directory, &packet), link(dir))
        }
        NetTrace::Arrived { link: dir, packet } => {
            format!("{} has crossed the link {}", packet_words(directory, &packet), link(dir))
        }
        NetTrace::Dropped { link: dir, packet, reason } => {
            let place = dir.map_or_else(|| "at the host".to_owned(), |dir| format!("on the link {}", link(dir)));
            format!("{} is lost {place}: {}", packet_words(directory, &packet), words::drop_reason(reason))
        }
    }
}

fn packet_words(directory: &Directory, packet: &PacketInfo) -> String {
    let ends = format!(
        "from {}:{} to {}:{}",
        directory.name_at(packet.src.addr),
        packet.src.port,
        directory.name_at(packet.dst.addr),
        packet.dst.port
    );
    if let Some(icmp) = packet.icmp {
        let what = match icmp {
            IcmpKind::NetUnreachable => "network unreachable".to_owned(),
            IcmpKind::HostUnreachable => "host unreachable".to_owned(),
            IcmpKind::PortUnreachable => "port unreachable".to_owned(),
            IcmpKind::TimeExceeded => "hop limit exceeded".to_owned(),
            IcmpKind::TooBig { mtu } => format!("packet too big, MTU {mtu}"),
        };
        return format!("an ICMP message ({what}) {ends}");
    }
    let Some(tcp) = packet.tcp else { return format!("a datagram of {} bytes {ends}", packet.bytes) };
    let flags = [(tcp.syn, "SYN"), (tcp.fin, "FIN"), (tcp.rst, "RST"), (tcp.ack.is_some(), "ACK")];
    let flags: Vec<&str> = flags.into_iter().filter_map(|(set, name)| set.then_some(name)).collect();
    let conn = tcp.conn.map_or_else(String::new, |conn| format!(" of {}", directory.conn_name(conn)));
    let octets = count(tcp.len as usize, "octet", "octets");
    format!("a segment{conn} ({}, seq {}, {octets}) {ends}", flags.join("+"), tcp.seq)
}

fn step_words(directory: &Directory, conn: ConnId, side: Side, step: ConnStep) -> String {
    let name = directory.conn_name(conn);
    let who = side_word(side);
    match step {
        ConnStep::Opening { to, .. } => {
            format!("opens the connection {name} to {}, port {}", directory.name_at(to.addr), to.port)
        }
        ConnStep::Established => format!("the {who}'s end of {name} is established"),
        ConnStep::Retransmitted { seq, len, why } => {
            let (why, section) = words::resent(why);
            let octets = count(len as usize, "octet", "octets");
            format!("as the {who} of {name} sends {octets} from {seq} on again: {why} ({section})")
        }
        ConnStep::Closed { reason, .. } => words::end(close_word(reason), &format!("the {who}'s")) + " (" + &name + ")",
        ConnStep::Joined { into } => {
            let other = directory.conn_name(into);
            format!("{name} and {other} are one connection: their SYNs crossed (RFC 9293 3.5)")
        }
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

const fn answer(kind: DnsAnswerKind) -> &'static str {
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

fn dns(directory: &Directory, what: DnsTrace<'_>) -> String {
    let question = |name: &str, rtype| format!("{} {}", plain(name), rtype_word(rtype));
    let records = |answers: u16| count(usize::from(answers), "record", "records");
    match what {
        DnsTrace::Asked { query, to, name, rtype, retry, .. } => {
            let again = if retry > 0 { format!(", for the {}. time", retry + 1) } else { String::new() };
            let (to, query) = (directory.name_at(to.addr), directory.query_name(query));
            format!("asks {to} for {}{again} ({query})", question(name, rtype))
        }
        DnsTrace::Answered { query, kind, answers, .. } => {
            format!("learns {}, {} ({})", answer(kind), records(answers), directory.query_name(query))
        }
        DnsTrace::TimedOut { query } => {
            format!("has waited long enough for an answer ({})", directory.query_name(query))
        }
        DnsTrace::Unreachable { query } => {
            format!("hears that its question did not arrive ({})", directory.query_name(query))
        }
        DnsTrace::Received { client, name, rtype, over_tcp, .. } => {
            let over = if over_tcp { " over TCP" } else { "" };
            format!("gets a question of {}{over}: {}", directory.name_at(client.addr), question(name, rtype))
        }
        DnsTrace::Cache { name, rtype, result, .. } => {
            format!("looks into its cache for {}: {}", question(name, rtype), found(result))
        }
        DnsTrace::Replied { kind, answers, .. } => {
            format!("answers a question: {}, {}", answer(kind), records(answers))
        }
        DnsTrace::LocalCache { level, name, rtype, result } => {
            let whose = match level {
                CacheLevel::Application => "its program's",
                CacheLevel::Stub | CacheLevel::Forwarder | CacheLevel::Resolver => "its own",
            };
            format!("looks into {whose} cache for {}: {}", question(name, rtype), found(result))
        }
        DnsTrace::LookedUp { name, rtype, kind, .. } => {
            format!("has looked up {}: {}", question(name, rtype), answer(kind))
        }
        DnsTrace::Changed { zone, serial, name, rtype, .. } => {
            format!("zone {} changes: {}, serial {serial}", plain(zone), question(name, rtype))
        }
        DnsTrace::Copied { zone, serial } => format!("has a new copy of zone {}, serial {serial}", plain(zone)),
        DnsTrace::Expired { zone } => format!("its copy of zone {} has expired", plain(zone)),
    }
}

fn failure(failure: Failure<'_>) -> String {
    let code = if failure.code == 0 { String::new() } else { format!(" {}", failure.code) };
    format!("{}{code} {}", failure_word(failure.kind).replace('_', " "), quoted(failure.text))
}

fn ended(outcome: AttemptOutcome<'_>) -> String {
    match outcome {
        AttemptOutcome::Completed => "the next server took it".to_owned(),
        AttemptOutcome::Stored => "the mailbox has room now".to_owned(),
        AttemptOutcome::Deferred { failure: why, next } => {
            format!("put off, {}; again at {}", failure(why), instant(next))
        }
        AttemptOutcome::Expiring { failure: why, end } => {
            format!("put off, {}; expires at {}", failure(why), instant(end))
        }
        AttemptOutcome::Failed { failure: why } => format!("failed for good, {}", failure(why)),
        AttemptOutcome::Interrupted { failure: why } => format!("interrupted, {}", failure(why)),
    }
}

const fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Composing => "being written",
        Phase::Submission => "on its way to the first server",
        Phase::Queued => "in the queue",
        Phase::Dns => "waiting for names to be looked up",
        Phase::Connecting => "waiting for a connection",
        Phase::Dialogue => "announced in the dialogue",
        Phase::Transfer => "being transferred",
        Phase::WaitingForRetry => "waiting for the next attempt",
        Phase::InMailbox => "in the mailbox",
        Phase::Retrieval => "being fetched",
    }
}

fn mail(directory: &Directory, what: MailTrace<'_>) -> String {
    let copy = |message: &str, to: &str| format!("{} for {}", plain(message), plain(to));
    let octets = |bytes: u64| count(usize::try_from(bytes).unwrap_or(usize::MAX), "octet", "octets");
    match what {
        MailTrace::Composed { message, to, bytes, .. } => format!("composes {}, {}", copy(message, to), octets(bytes)),
        MailTrace::Encoded { message, place, encoding, .. } => {
            format!("encodes part {} of {} as {}", plain(place), plain(message), plain(encoding))
        }
        MailTrace::Downgraded { message, before, after, .. } => {
            let (before, message) = (octets(before), plain(message));
            format!("turns {message} into 7 bits for the next server: {before} become {after} (RFC 6152 3)")
        }
        MailTrace::Phase { message, to, phase } => format!("{} is {}", copy(message, to), phase_words(phase)),
        MailTrace::Accepted { message, to, queue_id, .. } => {
            let queue = plain(queue_id);
            format!("takes {} and answers for it from here on (queue {queue})", copy(message, to))
        }
        MailTrace::Refused { message, to, failure: why, .. } => {
            format!("gives up handing {} in: {}", copy(message, to), failure(why))
        }
        MailTrace::AttemptStarted { message, to, attempt } => {
            format!("begins attempt {attempt} with {}", copy(message, to))
        }
        MailTrace::AttemptEnded { message, to, attempt, exchange, outcome, .. } => {
            let exchange = exchange.map_or_else(String::new, |at| format!(" at {}", directory.name_at(at)));
            format!("attempt {attempt} with {}{exchange}: {}", copy(message, to), ended(outcome))
        }
        MailTrace::Delivered { message, mailbox, .. } => {
            format!("stores {} in the mailbox of {}", plain(message), plain(mailbox))
        }
        MailTrace::GivenUp { message, to, bounce, failure: why } => {
            format!("gives {} up: {}; {}", copy(message, to), failure(why), who_is_told(bounce))
        }
        MailTrace::Redirected { message, to, into, by, .. } => {
            format!("the {} turns {} into one for {}", by.name(), copy(message, to), plain(into))
        }
        MailTrace::Expanded { message, to, copies } => {
            format!("has turned {} into {}", copy(message, to), count(copies as usize, "copy", "copies"))
        }
        MailTrace::Discarded { message, to, why } => format!("throws {} away: {}", copy(message, to), plain(why)),
        MailTrace::QueueLength { copies, waiting } => {
            format!("its queue holds {}, {waiting} of them waiting", count(copies as usize, "copy", "copies"))
        }
        MailTrace::MailboxSize { mailbox, messages, bytes } => {
            let messages = count(messages as usize, "message", "messages");
            format!("the mailbox of {} holds {messages}, {}", plain(mailbox), octets(bytes))
        }
        MailTrace::Retrieved { message, mailbox, .. } => {
            format!("has fetched {} for {}", plain(message), plain(mailbox))
        }
        MailTrace::Deleted { message, mailbox } => {
            format!("deletes {} on the server for {}", plain(message), plain(mailbox))
        }
        MailTrace::HandedIn { message, to, .. } => format!("is handed {} from outside", copy(message, to)),
        MailTrace::Appended { message, mailbox, .. } => {
            format!("puts {} into the mailbox of {}", plain(message), plain(mailbox))
        }
        MailTrace::Conduct { rule, conn, at, action, .. } => {
            let (name, action) = (directory.conn_name(conn), action.name().replace('_', " "));
            format!("rule \"{}\" acts on {name} at {}: {action}", plain(rule), plain(at))
        }
        MailTrace::Acted { user, action, message, outcome, .. } => {
            let about = if message.is_empty() { String::new() } else { format!(" {}", plain(message)) };
            format!("{}: {}{about}, {}", plain(user), plain(action).replace('_', " "), plain(outcome))
        }
        MailTrace::Shown { message, mailbox, .. } => format!("shows {} to {}", plain(message), plain(mailbox)),
        MailTrace::Session { mailbox, commands, trouble, .. } => session(mailbox, commands, trouble),
        MailTrace::Postponed { message, to, failure: why, next, .. } => {
            format!("keeps {} in the outbox: {}; again at {}", copy(message, to), failure(why), instant(next))
        }
    }
}

fn who_is_told(bounce: Option<&str>) -> String {
    bounce.map_or_else(|| "nobody is told".to_owned(), |id| format!("{} tells the sender", plain(id)))
}

fn session(mailbox: &str, commands: u64, trouble: Option<&str>) -> String {
    let commands = count(usize::try_from(commands).unwrap_or(usize::MAX), "command", "commands");
    let end = trouble.map_or_else(|| format!("is over, {commands}"), |why| format!("ends early: {}", plain(why)));
    format!("a session of {} {end}", plain(mailbox))
}

fn host(directory: &Directory, what: HostTrace) -> String {
    match what {
        HostTrace::Served { wait, service, waiting } => {
            let others = count(waiting as usize, "waits", "wait");
            format!("serves a request: waited {}, took {}; {others} behind it", span(wait), span(service))
        }
        HostTrace::TurnedAway { conn } => {
            format!("turns {} away: no place for another session", directory.conn_name(conn))
        }
        HostTrace::Visited { lookup, reached, .. } => {
            let end = if reached { "reached" } else { "did not reach" };
            format!("a program looked a name up in {} and {end} the Web server there", span(lookup))
        }
    }
}

fn web(what: WebTrace<'_>) -> String {
    match what {
        WebTrace::Asked { url, .. } => format!("asks for the page {}", plain(url)),
        WebTrace::Fetched { url, method, status, source, .. } => {
            let whence = match source {
                WebSource::Network => "from the network",
                WebSource::Validated => "its copy is still good",
                WebSource::Cache => "from its cache",
                WebSource::Nowhere => "not to be had",
            };
            format!("{} {}: {status}, {whence}", plain(method), plain(url))
        }
        WebTrace::Loaded { url, since, objects, missing, .. } => {
            let missing = if missing > 0 { format!(", {missing} missing") } else { String::new() };
            let objects = count(objects as usize, "object", "objects");
            format!("page {} complete: {objects}{missing}; asked for at {}", plain(url), instant(since))
        }
    }
}
