//! The books of mail for every kind of scenario: relays, aliases, lists, forwards, quotas, reports,
//! policies, servers that misbehave. Kept from the trace alone, recipient by recipient.
//!
//! `books` knows the textbook's servers to the nanosecond; this knows less of when, and more of
//! what may happen.

use std::collections::{BTreeMap, BTreeSet};

use posthaste::app::mail::{ConductConfig, QueueConfig};
use posthaste::base::trace::{Failure, FailureKind, MailTrace, MessageKind};
use posthaste::base::{ConnId, HostId, Side, SimTime};
use posthaste::scenario::Resolved;

#[path = "endings.rs"]
mod endings;
#[path = "observing.rs"]
mod observing;

use super::holdings::{Copy, Held, Intake, Key, Promise, Server, Talk, is_report};
use super::payloads::Payloads;
use super::schedule::{self, Past};

/// The ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    servers: BTreeMap<HostId, Server>,
    pub(crate) copies: BTreeMap<Key, Copy>,
    held: BTreeMap<(HostId, Key), Vec<Held>>,
    promises: BTreeMap<String, Promise>,
    talks: BTreeMap<ConnId, Talk>,
    /// By server and Message-ID, the last one each.
    intakes: BTreeMap<(HostId, String), Intake>,
    /// By server and its name for a message: the message, and the host that handed it over.
    pub(crate) hops: BTreeMap<(HostId, String), (String, HostId)>,
    pub(crate) payloads: Payloads,
    pub(crate) downgraded: BTreeSet<String>,
    /// Addresses of mailing lists.
    lists: BTreeSet<String>,
    now: SimTime,
    touched: BTreeSet<HostId>,
    pub(crate) attempts: u64,
    pub(crate) faults: Vec<String>,
}

impl Ledger {
    pub(crate) fn new(scenario: &Resolved) -> Self {
        let own = scenario.domains.iter().map(|domain| (domain.server, &domain.settings));
        let relays = scenario.domains.iter().flat_map(|domain| &domain.relays);
        let relays = relays.filter_map(|relay| Some((relay.host, relay.settings.as_ref()?)));
        let server = |(host, settings): (HostId, &posthaste::scenario::resolved::ServerSpec)| {
            let server = Server {
                retry: settings.retry.clone(),
                textbook: settings.queue == QueueConfig::default() && settings.retry.scan.as_nanos() == 0,
                behaves: settings.conduct == ConductConfig::default(),
                to_postmaster: settings.reports.to_postmaster,
                max_copies: settings.loops.max_copies,
                held: 0,
                reported: 0,
                up: SimTime::ZERO,
                down: false,
                flushed: SimTime::NEVER,
            };
            (host, server)
        };
        Self {
            servers: own.chain(relays).map(server).collect(),
            copies: BTreeMap::new(),
            held: BTreeMap::new(),
            promises: BTreeMap::new(),
            talks: BTreeMap::new(),
            intakes: BTreeMap::new(),
            hops: BTreeMap::new(),
            payloads: Payloads::default(),
            downgraded: BTreeSet::new(),
            lists: scenario
                .domains
                .iter()
                .flat_map(|domain| &domain.book.lists)
                .map(|list| list.address.clone())
                .collect(),
            now: SimTime::ZERO,
            touched: BTreeSet::new(),
            attempts: 0,
            faults: Vec::new(),
        }
    }

    fn fault(&mut self, text: String) {
        if self.faults.len() < 12 {
            self.faults.push(text);
        }
    }

    /// Copies that servers hold.
    pub(crate) fn queued(&self) -> u64 {
        self.servers.values().map(|server| server.held).sum()
    }

    /// Invariant 1: at every instant a server's queue is as long as what it accepted and has not
    /// delivered, passed on, given up, expanded or discarded.
    fn instant_ends(&mut self) {
        for host in std::mem::take(&mut self.touched) {
            let server = &self.servers[&host];
            if server.held != u64::from(server.reported) {
                let text = format!(
                    "at {} s host {} reports {} copies, owes {}",
                    self.now, host.0, server.reported, server.held
                );
                self.fault(text);
            }
        }
        for (message, promise) in std::mem::take(&mut self.promises) {
            self.fault(format!("at {} s {message} was promised, but not written: {promise:?}", self.now));
        }
    }

    /// What is left to say when the run is over.
    pub(crate) fn finish(mut self) -> Self {
        self.instant_ends();
        let mut wrong = Vec::new();
        for (key, copy) in &self.copies {
            // Invariant 4: no more copies in a mailbox than there are reasons for.
            let allowed = copy.allowed();
            if copy.delivered > allowed {
                wrong.push(format!("{key:?}: {} deliveries, {allowed} allowed: {copy:?}", copy.delivered));
            }
            // Invariant 9: no chain of events without end.
            if copy.redirections > 1_000 {
                wrong.push(format!("{key:?} was turned into others {} times", copy.redirections));
            }
        }
        wrong.into_iter().for_each(|text| self.fault(text));
        self
    }

    fn copy(&mut self, key: &Key) -> Result<&mut Copy, String> {
        self.copies.get_mut(key).ok_or_else(|| "never composed".to_owned())
    }

    fn server(&mut self, host: HostId) -> Result<&mut Server, String> {
        self.touched.insert(host);
        self.servers.get_mut(&host).ok_or_else(|| "this host has no mail server".to_owned())
    }

    fn take(
        &mut self,
        (host, at): (HostId, SimTime),
        key: &Key,
        conn: Option<ConnId>,
        quiet: Option<bool>,
    ) -> Result<(), String> {
        self.server(host)?.held += 1;
        self.copy(key)?.accepted.push((host, conn, false));
        let held = Held { past: Past::new(at), running: false, stored: false, over: None, quiet, due: at };
        self.held.entry((host, key.clone())).or_default().push(held);
        Ok(())
    }

    /// Takes out the one responsibility to which something applies.
    fn release(&mut self, host: HostId, key: &Key, applies: impl Fn(&Held) -> bool) -> Result<Held, String> {
        let all = self.held.get_mut(&(host, key.clone())).ok_or("this server does not hold it")?;
        let found = all.iter().position(applies).ok_or_else(|| format!("out of turn: {all:?}"))?;
        let held = all.remove(found);
        if all.is_empty() {
            self.held.remove(&(host, key.clone()));
        }
        self.server(host)?.held -= 1;
        Ok(held)
    }

    /// Invariants 7 and 8: no attempt before it is due, but after a flush; none after a failure for good.
    fn started(&mut self, host: HostId, at: SimTime, key: &Key, attempt: u32) -> Result<(), String> {
        self.attempts += 1;
        let server = self.server(host)?.clone();
        let all = self.held.get_mut(&(host, key.clone())).ok_or("this server does not hold it")?;
        let text = format!("{all:?}, host up at {} s", server.up);
        let fits = |held: &&mut Held| {
            let due = held.due.max(server.up);
            let flushed = server.flushed == at;
            let in_time = if server.textbook { due == at } else { due <= at } || flushed;
            // A flush takes what has had its last attempt and waits for its end, too.
            let open = held.over.is_none() || flushed && held.over == Some(FailureKind::Expired);
            !held.running && open && held.past.attempts + 1 == attempt && in_time
        };
        let held = all.iter_mut().find(fits).ok_or_else(|| format!("not due: {text}"))?;
        (held.running, held.over) = (true, None);
        held.past.begin(at);
        let end = schedule::end(&server.retry, &held.past, at, is_report(key));
        if at > end { Err(format!("an attempt after the lifetime, which ended at {end} s")) } else { Ok(()) }
    }

    /// Notes a failure of an attempt under way. A copy that was taken twice may be under way twice:
    /// then it is the one that fits.
    fn failed(
        &mut self,
        host: HostId,
        key: &Key,
        attempt: u32,
        note: impl Fn(&mut Held) -> Result<(), String>,
        at: SimTime,
    ) -> Result<(), String> {
        let all = self.held.get_mut(&(host, key.clone())).ok_or("this server does not hold it")?;
        let mut wrong = "not under way".to_owned();
        for held in all.iter_mut().filter(|held| held.running && held.past.attempts == attempt) {
            let mut after = held.clone();
            after.past.fail(at);
            after.running = false;
            match note(&mut after) {
                Ok(()) => {
                    *held = after;
                    return Ok(());
                }
                Err(text) => wrong = text,
            }
        }
        Err(wrong)
    }

    /// Invariant 6: one bounce a failed recipient, to the envelope's sender; none for a report.
    fn given_up(
        &mut self,
        (host, at): (HostId, SimTime),
        key: &Key,
        bounce: Option<&str>,
        kind: FailureKind,
    ) -> Result<(), String> {
        let server = self.server(host)?.clone();
        let report = is_report(key);
        let held = self.release(host, key, |held| match held.over {
            Some(FailureKind::Expired) if kind == FailureKind::Expired => held.due.max(server.up) <= at,
            Some(over) => over == kind && !held.running,
            None if kind == FailureKind::Expired => {
                !held.running && (at >= schedule::end(&server.retry, &held.past, at, report) || !server.textbook)
            }
            None => held.past.attempts == 0 && held.past.accepted == at,
        })?;
        let copy = self.copy(key)?;
        copy.given_up += 1;
        let mut readers = copy.senders.clone();
        let of_report = readers.contains("");
        let Some(id) = bounce else {
            let silent = of_report || held.quiet != Some(false);
            return if silent { Ok(()) } else { Err("given up without a bounce".to_owned()) };
        };
        if held.quiet == Some(true) && !of_report {
            return Err("a bounce that nobody wants".to_owned());
        }
        if of_report && readers.len() == 1 && !server.to_postmaster {
            return Err("a bounce of a report".to_owned());
        }
        if readers.remove("") {
            readers.insert("postmaster".to_owned());
        }
        let old = self.promises.insert(id.to_owned(), Promise { host, readers, about: key.0.clone() });
        old.map_or(Ok(()), |_| Err("two bounces of one name".to_owned()))
    }

    fn composed(
        &mut self,
        host: HostId,
        key: Key,
        (from, kind): (&str, MessageKind),
        about: Option<&str>,
    ) -> Result<(), String> {
        let promise = self.promises.remove(&key.0);
        let fits = |promise: &Promise| {
            let postmaster = promise.readers.contains("postmaster") && key.1.starts_with("postmaster@");
            let to = promise.readers.contains(&key.1) || postmaster;
            promise.host == host && Some(promise.about.as_str()) == about && to
        };
        let right = match kind {
            MessageKind::User => !from.is_empty() && promise.is_none() && about.is_none(),
            MessageKind::Bounce => from.is_empty() && promise.as_ref().is_some_and(fits),
            // Told to who sent some copy of the message.
            MessageKind::Delay | MessageKind::Success | MessageKind::Vacation => {
                let of_it =
                    |(other, copy): (&Key, &Copy)| Some(other.0.as_str()) == about && copy.senders.contains(&key.1);
                let wanted = kind != MessageKind::Success
                    || about.is_some_and(|id| self.is_hidden(id) || self.payloads.wants_success(id));
                from.is_empty() && promise.is_none() && wanted && self.copies.iter().any(of_it)
            }
        };
        let copy = Copy::new(from, kind, Some(host));
        match self.copies.get_mut(&key) {
            Some(known) if known.composed.is_some() => return Err("composed twice".to_owned()),
            Some(known) => {
                known.composed = Some(host);
                known.senders.insert(from.to_owned());
            }
            None => drop(self.copies.insert(key, copy)),
        }
        if right { Ok(()) } else { Err(format!("a {} from <{from}> about {about:?}: {promise:?}", kind.name())) }
    }

    /// Invariant 10: what a copy is turned into is bounded, and is the server's from then on.
    fn redirected(&mut self, (host, at): (HostId, SimTime), key: &Key, into: &str, from: &str) -> Result<(), String> {
        let most = self.server(host)?.max_copies;
        // RFC 3461 5.2.7: who forwards passes the sender's wishes on, a mailing list writes to its members itself.
        let held = self.held.get(&(host, key.clone())).and_then(|all| all.last());
        let listed = self.lists.contains(&key.1.to_ascii_lowercase());
        let quiet = if listed { Some(false) } else { held.map_or(Some(false), |held| held.quiet) };
        let parent = self.copy(key)?;
        parent.redirections += 1;
        let kind = parent.kind;
        let child = (key.0.clone(), into.to_owned());
        let copy = self.copies.entry(child.clone()).or_insert_with(|| Copy::new(from, kind, None));
        copy.made += 1;
        copy.senders.insert(from.to_owned());
        self.take((host, at), &child, None, quiet)?;
        let intake = self.intakes.get_mut(&(host, key.0.clone())).ok_or("made of a copy that was not taken")?;
        intake.makes(&key.1, into)?;
        let made = |((message, _), copy): &(&Key, &Copy)| *message == key.0 && copy.composed.is_none();
        let children = self.copies.iter().filter(made).count();
        if children > 20 * most { Err(format!("{children} copies of one message")) } else { Ok(()) }
    }

    fn mail(&mut self, host: HostId, at: SimTime, mail: &MailTrace<'_>) -> Result<(), String> {
        let key = |message: &str, to: &str| (message.to_owned(), to.to_owned());
        match *mail {
            MailTrace::Composed { message, from, to, kind, about, .. } => {
                self.composed(host, key(message, to), (from, kind), about)
            }
            MailTrace::Accepted { message, to, conn, queue_id, .. } => {
                let copy = key(message, to);
                let known = self.copy(&copy)?;
                let kind = known.kind;
                let own = kind == MessageKind::User && known.composed == Some(host) && known.accepted.is_empty();
                // What is written in the server's own webmail came as a form, not as a message.
                let conn = conn.filter(|_| !own);
                if conn.is_some() || own {
                    let from = conn.map_or(host, |conn| conn.host);
                    self.hops.insert((host, queue_id.to_owned()), (copy.0.clone(), from));
                }
                if let Some(conn) = conn {
                    self.accepted_over(conn, &copy)?;
                } else if kind == MessageKind::User && !own {
                    return Err("accepted from nowhere".to_owned());
                }
                let quiet = conn.map_or(Some(false), |conn| self.payloads.is_quiet(conn, &copy));
                self.take((host, at), &copy, conn, quiet)?;
                self.intakes.entry((host, copy.0)).or_default().takes(queue_id, to)
            }
            MailTrace::Refused { message, to, .. } => {
                self.copy(&key(message, to))?.refused = true;
                Ok(())
            }
            MailTrace::AttemptStarted { message, to, attempt } => self.started(host, at, &key(message, to), attempt),
            MailTrace::AttemptEnded { message, to, attempt, conn, outcome, .. } => {
                self.ended((host, at), &key(message, to), (attempt, conn), &outcome)
            }
            MailTrace::Delivered { message, to, .. } => {
                let copy = key(message, to);
                self.copy(&copy)?.delivered += 1;
                let due = |held: &Held| held.stored || (held.past.attempts == 0 && held.past.accepted == at);
                self.release(host, &copy, due).map(drop)
            }
            MailTrace::GivenUp { message, to, bounce, failure } => {
                self.given_up((host, at), &key(message, to), bounce, failure.kind)
            }
            MailTrace::Redirected { message, to, into, from, .. } => {
                self.redirected((host, at), &key(message, to), into, from)
            }
            MailTrace::Expanded { message, to, .. } | MailTrace::Discarded { message, to, .. } => {
                let fresh = |held: &Held| held.past.attempts == 0 && held.past.accepted == at;
                self.release(host, &key(message, to), fresh).map(drop)
            }
            MailTrace::QueueLength { copies, .. } => {
                self.server(host)?.reported = copies;
                Ok(())
            }
            MailTrace::Downgraded { message, .. } => {
                self.downgraded.insert(message.to_owned());
                Ok(())
            }
            MailTrace::Phase { .. }
            | MailTrace::MailboxSize { .. }
            | MailTrace::Retrieved { .. }
            | MailTrace::Deleted { .. }
            | MailTrace::Shown { .. }
            | MailTrace::Acted { .. }
            | MailTrace::Session { .. }
            | MailTrace::HandedIn { .. }
            | MailTrace::Appended { .. }
            | MailTrace::Conduct { .. }
            | MailTrace::Postponed { .. }
            | MailTrace::Encoded { .. } => Ok(()),
        }
    }

    /// Invariants 3 and 4: what is taken over a connection was sent there whole; and what was handed
    /// over once, and heard to be taken, is not handed over again.
    /// Whether a message came somewhere over a connection that cannot be read.
    pub(crate) fn is_hidden(&self, message: &str) -> bool {
        let copies = self.copies.iter().filter(|(key, _)| key.0 == message).flat_map(|(_, copy)| &copy.accepted);
        copies.into_iter().any(|(_, conn, _)| conn.is_some_and(|conn| self.payloads.is_secured(conn)))
    }

    fn accepted_over(&mut self, conn: ConnId, key: &Key) -> Result<(), String> {
        self.talks.entry(conn).or_default().taken.push(key.clone());
        let whole = self.payloads.is_whole(conn, &key.0);
        let copy = self.copy(key)?;
        if copy.composed != Some(conn.host) && copy.accepted.iter().all(|(host, ..)| *host != conn.host) {
            return Err("accepted of a client that never had it".to_owned());
        }
        // A server that took a copy twice, because a reply was lost or two ways led there, may pass it on twice.
        let accepted = &copy.accepted;
        let heard =
            accepted.iter().filter(|(_, over, heard)| *heard && over.is_some_and(|over| over.host == conn.host));
        let had = accepted.iter().filter(|(host, ..)| *host == conn.host).count().max(1);
        if heard.count() >= had {
            return Err(format!("handed over again after its client had heard: {accepted:?}"));
        }
        if whole { Ok(()) } else { Err("accepted before it was sent whole".to_owned()) }
    }

    /// A client that speaks after the answer to its message has heard it; it knows nothing else to say.
    fn said(&mut self, conn: ConnId, side: Side, bytes: &[u8]) {
        self.payloads.said(conn, side, bytes);
        let Some(talk) = self.talks.get_mut(&conn) else { return };
        match side {
            Side::Server => {
                let taken = std::mem::take(&mut talk.taken);
                if bytes.starts_with(b"2") || self.payloads.is_secured(conn) {
                    talk.answered.extend(taken);
                    return;
                }
                let behaves = bytes.len() < 3 || self.servers.values().any(|server| !server.behaves);
                if !taken.is_empty() && !behaves {
                    self.fault(format!("{conn:?}: {taken:?} was taken, but the answer is {}", bytes.escape_ascii()));
                }
            }
            Side::Client => {
                for key in std::mem::take(&mut talk.answered) {
                    let copy = self.copies.get_mut(&key);
                    for taken in copy.into_iter().flat_map(|copy| &mut copy.accepted) {
                        taken.2 |= taken.1 == Some(conn);
                    }
                }
            }
        }
    }
}

/// Whether a reply refused the copy for good.
const fn is_refusal(failure: &Failure<'_>) -> bool {
    matches!(failure.kind, FailureKind::Reply) && failure.code / 100 == 5
}
