//! Any event of the trace as a sentence.

use super::{plain, quoted, span, words};
use crate::base::directory::Directory;
use crate::base::ids::ConnId;
use crate::base::socket::Side;
use crate::base::time::SimTime;
use crate::base::trace::{
    AttemptOutcome, CacheResult, ConnStep, DnsTrace, Failure, FaultTrace, HostTrace, IcmpKind, MailTrace, NetTrace,
    PacketInfo, Trace, TraceEvent, WebTrace,
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
            format!("the {who} of {} says {}", directory.conn_name(conn), quoted(text.trim_end_matches(" / ")))
        }
        Trace::Dns(what) => dns(directory, what),
        Trace::Mail(what) => mail(directory, what),
        Trace::Fault(what) => fault(directory, what),
        Trace::Host(what) => match what {
            HostTrace::Served { wait, service, waiting } => {
                format!(
                    "a request is served: it waited {}, took {}, and {waiting} wait behind it",
                    span(wait),
                    span(service)
                )
            }
            HostTrace::TurnedAway { conn } => format!("there is no place for {}", directory.conn_name(conn)),
            HostTrace::Visited { lookup, reached, .. } => {
                let end = if reached { "reached" } else { "did not reach" };
                format!("a program looked a name up in {} and {end} the Web server there", span(lookup))
            }
        },
        Trace::Web(what) => web(what),
    }
}

const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
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
    format!("a segment{conn} ({}, seq {}, {} octets) {ends}", flags.join("+"), tcp.seq, tcp.len)
}

fn step_words(directory: &Directory, conn: ConnId, side: Side, step: ConnStep) -> String {
    let name = directory.conn_name(conn);
    let who = side_word(side);
    match step {
        ConnStep::Opening { to, .. } => {
            format!(
                "the connection {name} to {}, port {}, is opened: its first SYN is sent",
                directory.name_at(to.addr),
                to.port
            )
        }
        ConnStep::Established => format!("the {who}'s end of {name} is established"),
        ConnStep::Retransmitted { seq, len, why } => {
            format!("the {who} of {name} sends {len} octets from {seq} on again: {}", words::resent(why).0)
        }
        ConnStep::Closed { reason, .. } => words::end(close_word(reason), &format!("the {who}'s")) + " (" + &name + ")",
        ConnStep::Joined { into } => {
            format!("{name} and {} are one connection: their SYNs crossed", directory.conn_name(into))
        }
    }
}

fn cache(result: CacheResult) -> String {
    match result {
        CacheResult::Hit { ttl_s } => format!("found, {ttl_s} s of its TTL left"),
        CacheResult::NegativeHit { ttl_s } => format!("found that there is none, {ttl_s} s of its TTL left"),
        CacheResult::Failure { ttl_s } => format!("remembers for {ttl_s} s more that nobody could tell"),
        CacheResult::Stale { past_s } => format!("found, {past_s} s beyond its end"),
        CacheResult::Miss => "not found".to_owned(),
    }
}

fn dns(directory: &Directory, what: DnsTrace<'_>) -> String {
    let question = |name: &str, rtype| format!("{} {}", plain(name), rtype_word(rtype));
    match what {
        DnsTrace::Asked { query, to, name, rtype, retry, .. } => {
            let again = if retry > 0 { ", again" } else { "" };
            let to = directory.name_at(to.addr);
            format!("{} is asked: {} of {to}{again}", directory.query_name(query), question(name, rtype))
        }
        DnsTrace::Answered { query, kind, answers, .. } => {
            format!("{} is answered, {answers} records: {}", directory.query_name(query), words::answer(kind))
        }
        DnsTrace::TimedOut { query } => format!("{} has no answer in time", directory.query_name(query)),
        DnsTrace::Unreachable { query } => format!("{} did not get to its server", directory.query_name(query)),
        DnsTrace::Received { client, name, rtype, over_tcp, .. } => {
            let over = if over_tcp { " over TCP" } else { "" };
            format!("a question of {} has come{over}: {}", directory.name_at(client.addr), question(name, rtype))
        }
        DnsTrace::Cache { name, rtype, result, .. } => {
            format!("the resolver looks into its cache for {}: {}", question(name, rtype), cache(result))
        }
        DnsTrace::Replied { kind, answers, .. } => {
            format!("a question is answered, {answers} records: {}", words::answer(kind))
        }
        DnsTrace::LocalCache { name, rtype, result, .. } => {
            format!("a program looks into a cache of its host for {}: {}", question(name, rtype), cache(result))
        }
        DnsTrace::LookedUp { name, rtype, kind, .. } => {
            format!("the look-up of {} is over: {}", question(name, rtype), words::answer(kind))
        }
        DnsTrace::Changed { zone, serial, name, rtype, .. } => {
            format!("{} changes in the zone {}, serial {serial}", question(name, rtype), plain(zone))
        }
        DnsTrace::Copied { zone, serial } => format!("its copy of the zone {} is at serial {serial} now", plain(zone)),
        DnsTrace::Expired { zone } => format!("its copy of the zone {} is too old to be served", plain(zone)),
    }
}

fn failure(failure: Failure<'_>) -> String {
    let code = if failure.code == 0 { String::new() } else { format!(" {}", failure.code) };
    format!("{}{code} {}", failure_word(failure.kind).replace('_', " "), quoted(failure.text))
}

fn ended(outcome: AttemptOutcome<'_>) -> String {
    let at = |at: SimTime| format!("{at} s");
    match outcome {
        AttemptOutcome::Completed => "the next server has it".to_owned(),
        AttemptOutcome::Stored => "there was room for it now".to_owned(),
        AttemptOutcome::Deferred { failure: why, next } => format!("deferred to {}: {}", at(next), failure(why)),
        AttemptOutcome::Expiring { failure: why, end } => {
            format!("deferred until it expires at {}: {}", at(end), failure(why))
        }
        AttemptOutcome::Failed { failure: why } => format!("failed for good: {}", failure(why)),
        AttemptOutcome::Interrupted { failure: why } => format!("interrupted: {}", failure(why)),
    }
}

fn mail(directory: &Directory, what: MailTrace<'_>) -> String {
    let copy = |message: &str, to: &str| format!("{} for {}", plain(message), plain(to));
    match what {
        MailTrace::Composed { message, to, bytes, .. } => format!("{} is written, {bytes} octets", copy(message, to)),
        MailTrace::Encoded { message, place, encoding, .. } => {
            format!("part {} of {} is encoded as {}", plain(place), plain(message), plain(encoding))
        }
        MailTrace::Downgraded { message, to, .. } => format!("{} is turned into 7 bits", copy(message, to)),
        MailTrace::Phase { message, to, phase } => {
            format!("{} is now in: {}", copy(message, to), phase.name().replace('_', " "))
        }
        MailTrace::Accepted { message, to, queue_id, .. } => {
            format!("{} is accepted as {}", copy(message, to), plain(queue_id))
        }
        MailTrace::Refused { message, to, failure: why, .. } => {
            format!("{} is given up by its user agent: {}", copy(message, to), failure(why))
        }
        MailTrace::AttemptStarted { message, to, attempt } => {
            format!("attempt {attempt} for {} begins", copy(message, to))
        }
        MailTrace::AttemptEnded { message, to, attempt, outcome, .. } => {
            format!("attempt {attempt} for {} is over: {}", copy(message, to), ended(outcome))
        }
        MailTrace::Delivered { message, to, mailbox } => {
            format!("{} is stored in the mailbox of {}", copy(message, to), plain(mailbox))
        }
        MailTrace::GivenUp { message, to, failure: why, .. } => {
            format!("{} is given up: {}", copy(message, to), failure(why))
        }
        MailTrace::Redirected { message, to, into, by, .. } => {
            format!("the {} turns {} into one for {}", by.name(), copy(message, to), plain(into))
        }
        MailTrace::Expanded { message, to, copies } => format!("{} is turned into {copies} others", copy(message, to)),
        MailTrace::Discarded { message, to, why } => format!("{} is thrown away: {}", copy(message, to), plain(why)),
        MailTrace::QueueLength { copies, waiting } => {
            format!("the queue holds {copies} copies, {waiting} of them waiting")
        }
        MailTrace::MailboxSize { mailbox, messages, bytes } => {
            format!("the mailbox of {} holds {messages} messages of {bytes} octets", plain(mailbox))
        }
        MailTrace::Retrieved { message, mailbox, .. } => format!("{} fetches {}", plain(mailbox), plain(message)),
        MailTrace::Deleted { message, mailbox } => {
            format!("{} deletes {} on the server", plain(mailbox), plain(message))
        }
        MailTrace::HandedIn { message, to, .. } => format!("{} is handed in from outside", copy(message, to)),
        MailTrace::Appended { message, mailbox, .. } => {
            format!("{} is put into the mailbox of {}", plain(message), plain(mailbox))
        }
        MailTrace::Conduct { rule, conn, at, action, .. } => {
            let name = directory.conn_name(conn);
            format!("the rule {} acts on {name} at {}: {}", plain(rule), plain(at), action.name().replace('_', " "))
        }
        MailTrace::Acted { user, action, message, outcome, .. } => {
            let about = if message.is_empty() { String::new() } else { format!(" {}", plain(message)) };
            format!("{} does: {}{about} ({})", plain(user), plain(action).replace('_', " "), plain(outcome))
        }
        MailTrace::Shown { message, mailbox, .. } => format!("{} is shown to {}", plain(message), plain(mailbox)),
        MailTrace::Session { mailbox, commands, .. } => {
            format!("a session of {} is over, {commands} commands", plain(mailbox))
        }
        MailTrace::Postponed { message, to, failure: why, next, .. } => {
            format!("{} stays in the outbox until {next} s: {}", copy(message, to), failure(why))
        }
    }
}

fn fault(directory: &Directory, what: FaultTrace) -> String {
    let link = |dir| directory.link_dir(dir).0.name.clone();
    match what {
        FaultTrace::HostDown => "the host goes down".to_owned(),
        FaultTrace::HostUp => "the host works again".to_owned(),
        FaultTrace::LinkDown { link: dir } => format!("the link {} goes down", link(dir)),
        FaultTrace::LinkUp { link: dir } => format!("the link {} works again", link(dir)),
        FaultTrace::ServiceDown { port } => format!("nobody listens on port {port} any more"),
        FaultTrace::ServiceUp { port } => format!("port {port} is served again"),
        FaultTrace::ServiceChanged { port } => format!("packets of port {port} are slowed down or lost from now on"),
        FaultTrace::ServiceRestored { port } => format!("packets of port {port} pass freely again"),
        FaultTrace::PartitionBegins => "a part of the network is cut off".to_owned(),
        FaultTrace::PartitionEnds => "the network is whole again".to_owned(),
        FaultTrace::LinkChanged { link: dir } => format!("the link {} has other properties from now on", link(dir)),
        FaultTrace::LinkRestored { link: dir } => format!("the link {} has its own properties again", link(dir)),
        FaultTrace::ProcessingChanged => "the host's requests take other times from now on".to_owned(),
        FaultTrace::ProcessingRestored => "the host's requests take their own times again".to_owned(),
        FaultTrace::QueueFlushed => "an operator has the queue tried at once".to_owned(),
    }
}

fn web(what: WebTrace<'_>) -> String {
    match what {
        WebTrace::Asked { url, .. } => format!("somebody asks for the page {}", plain(url)),
        WebTrace::Fetched { url, status, .. } => format!("{} is there, or given up (status {status})", plain(url)),
        WebTrace::Loaded { url, objects, missing, .. } => {
            format!("the page {} is complete: {objects} objects, {missing} missing", plain(url))
        }
    }
}
