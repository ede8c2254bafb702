//! What was said against what the servers claim: who answered 250 to what, which octets were
//! stored, how often, and what users were sent.

use std::collections::{BTreeMap, BTreeSet};

use posthaste::app::App;
use posthaste::base::trace::{Protocol, Silent};
use posthaste::base::{ConnId, HostId, SimDuration, SimTime};
use posthaste::scenario::Resolved;
use posthaste::scenario::resolved::{Body, Work};
use posthaste::sim::World;

use super::books::{Books, Homes, Key};
use super::log::{Connection, Ending, Fact, Log, Note};
use super::sessions::{DotReply, Transaction, behind_received, hops, pop3, smtp};

/// RFC 5321 4.5.3.2.6: so long a client waits for the reply to its final dot.
const DOT_TIMEOUT: SimDuration = SimDuration::from_secs(600);

/// A transaction with its place.
struct Held<'a> {
    conn: ConnId,
    connection: &'a Connection,
    server: HostId,
    transaction: Transaction,
}

impl Held<'_> {
    fn takes(&self, to: &str) -> bool {
        self.transaction.recipients.iter().any(|(path, code)| path == to && code / 100 == 2)
    }
}

/// When a message was taken, and its octets.
type Taken = (SimTime, Vec<u8>);

/// The readings of a run that belong together.
pub(crate) struct Reading<'a> {
    scenario: &'a Resolved,
    log: &'a Log,
    books: &'a Books,
    transactions: Vec<Held<'a>>,
    /// Messages that a server took over a connection: when, and their octets.
    taken: BTreeMap<(HostId, String), Vec<Taken>>,
    /// Octets that deliveries into a mailbox may have stored.
    stored: BTreeMap<String, BTreeSet<Vec<u8>>>,
    pub(crate) faults: Vec<String>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(scenario: &'a Resolved, log: &'a Log, books: &'a Books) -> Self {
        let mut reading = Self {
            scenario,
            log,
            books,
            transactions: Vec::new(),
            taken: BTreeMap::new(),
            stored: BTreeMap::new(),
            faults: Vec::new(),
        };
        reading.read_sessions();
        reading
    }

    fn fault(&mut self, text: String) {
        if self.faults.len() < 20 {
            self.faults.push(text);
        }
    }

    fn name(&self, host: HostId) -> &'a str {
        &self.scenario.host_spec(host).name
    }

    fn read_sessions(&mut self) {
        for (conn, connection) in &self.log.connections {
            if connection.protocol != Some(Protocol::Smtp) {
                continue;
            }
            let Some(server) = self.log.host_at(connection.to) else { continue };
            match smtp(connection) {
                Err(wrong) => self.fault(format!("{conn:?}: {wrong}")),
                Ok(transactions) => {
                    for transaction in transactions {
                        if let (Some(reply), Some(content)) = (transaction.taken(), transaction.content.clone()) {
                            let key = (server, transaction.message());
                            self.taken.entry(key).or_default().push((reply.at, content));
                        }
                        self.transactions.push(Held { conn: *conn, connection, server, transaction });
                    }
                }
            }
        }
    }

    /// All checks.
    pub(crate) fn check(mut self, world: &World<Silent>) -> Vec<String> {
        self.acceptances();
        self.outcomes();
        self.duplicates();
        self.passages();
        self.deliveries();
        self.mailboxes(world);
        self.fetched();
        self.faults
    }

    fn notes_of(&self, wanted: impl Fn(&Note) -> bool) -> BTreeMap<(ConnId, Key), Vec<&'a Note>> {
        let mut found: BTreeMap<(ConnId, Key), Vec<&Note>> = BTreeMap::new();
        for note in self.log.notes.iter().filter(|note| wanted(note)) {
            if let Fact::Accepted { conn: Some(conn), .. } | Fact::Ended { conn: Some(conn), .. } = note.fact {
                found.entry((conn, (note.message.clone(), note.to.clone()))).or_default().push(note);
            }
        }
        found
    }

    /// Invariant: a server takes a copy exactly when it answers 250 to the final dot of a
    /// transaction in which it answered 250 to that recipient.
    fn acceptances(&mut self) {
        let mut accepted = self.notes_of(|note| matches!(note.fact, Fact::Accepted { .. }));
        let mut faults = Vec::new();
        for Held { conn, transaction, server, .. } in &self.transactions {
            let (Some(reply), Some((dot, _))) = (transaction.taken(), transaction.dot) else { continue };
            let length = transaction.content.as_ref().map_or(0, Vec::len) as u64;
            for (to, code) in &transaction.recipients {
                let copy = (transaction.message(), to.clone());
                let notes = accepted.entry((*conn, copy.clone())).or_default();
                let here = |note: &&Note| {
                    (dot..reply.id).contains(&note.id)
                        && note.host == *server
                        && matches!(note.fact, Fact::Accepted { bytes, .. } if bytes == length)
                };
                let place = notes.iter().position(here);
                if place.is_some() != (code / 100 == 2) {
                    faults.push(format!("{conn:?}: {copy:?} got {code} to RCPT, 250 to the dot: accepted {place:?}"));
                }
                place.map(|place| notes.remove(place));
                let from = self.books.copies.get(&copy).map(|copy| copy.from.as_str());
                if from != Some(transaction.sender.as_str()) {
                    faults.push(format!("{conn:?}: {copy:?} came from <{}>, not {from:?}", transaction.sender));
                }
            }
        }
        let extra = accepted.values().flatten().map(|note| format!("accepted without a 250: {note:?}"));
        faults.extend(extra);
        faults.into_iter().for_each(|fault| self.fault(fault));
    }

    /// Whether the client's end learned of the reply while its session waited for it.
    fn heard(&self, held: &Held<'_>, reply: DotReply) -> bool {
        let at = if held.connection.loopback { Some(reply.at) } else { held.connection.client.whole_at(reply.end) };
        let opened = held.connection.opened;
        let crashed = |at: SimTime| {
            let within = |note: &Note| note.at >= opened && note.at <= at;
            self.log.notes.iter().any(|note| note.fact == Fact::Down && note.host == held.conn.host && within(note))
        };
        let waited = held.transaction.dot.map_or(SimTime::ZERO, |(_, dot)| dot.saturating_add(DOT_TIMEOUT));
        let closed = held.connection.client.closed.map_or(SimTime::NEVER, |(at, ..)| at);
        at.is_some_and(|at| at < waited && at <= closed && !crashed(at))
    }

    /// Invariant: an attempt is complete exactly when the client heard the 250 to its dot;
    /// it failed for good only with the reply that was said.
    fn outcomes(&mut self) {
        let ended = self.notes_of(|note| matches!(note.fact, Fact::Ended { .. }));
        let mut faults = Vec::new();
        let mut heard: BTreeMap<(ConnId, Key), usize> = BTreeMap::new();
        for held in self.transactions.iter().filter(|held| held.connection.to.port == 25) {
            let taken = held.transaction.taken().filter(|reply| self.heard(held, *reply));
            for (to, _) in held.transaction.recipients.iter().filter(|(to, _)| taken.is_some() && held.takes(to)) {
                *heard.entry((held.conn, (held.transaction.message(), to.clone()))).or_default() += 1;
            }
        }
        let done = |note: &&&Note| matches!(note.fact, Fact::Ended { ending: Ending::Completed, .. });
        let mut told: BTreeMap<(ConnId, Key), usize> =
            ended.iter().map(|(place, notes)| (place.clone(), notes.iter().filter(done).count())).collect();
        told.retain(|_, times| *times > 0);
        if heard != told {
            let apart = |(place, times): &(&(ConnId, Key), &usize)| told.get(*place) != Some(*times);
            let missing: Vec<_> = heard.iter().filter(apart).collect();
            let apart = |(place, times): &(&(ConnId, Key), &usize)| heard.get(*place) != Some(*times);
            let extra: Vec<_> = told.iter().filter(apart).collect();
            faults.push(format!("250 heard, but not complete: {missing:?}; complete, but not heard: {extra:?}"));
        }
        let all = ended.values().flatten();
        for note in all {
            let Fact::Ended { ending: Ending::Failed { code, .. }, conn: Some(conn), .. } = &note.fact else {
                continue;
            };
            let said = self.log.connections.get(conn).is_some_and(|connection| {
                let text = format!("{code} ");
                connection.said.iter().any(|said| said.id < note.id && said.bytes.starts_with(text.as_bytes()))
            });
            if *code != 0 && !said {
                faults.push(format!("no server said {code}: {note:?}"));
            }
        }
        faults.into_iter().for_each(|fault| self.fault(fault));
    }

    /// Invariant: a mailbox holds one copy, and one more at most for each 250 that was sent
    /// and lost.
    fn duplicates(&mut self) {
        let mut lost: BTreeMap<Key, usize> = BTreeMap::new();
        for held in &self.transactions {
            let Some(reply) = held.transaction.taken() else { continue };
            if !self.heard(held, reply) {
                for (to, _) in held.transaction.recipients.iter().filter(|(to, _)| held.takes(to)) {
                    *lost.entry((held.transaction.message(), to.clone())).or_default() += 1;
                }
            }
        }
        let mut faults = Vec::new();
        for (key, copy) in &self.books.copies {
            let allowed = 1 + lost.get(key).copied().unwrap_or_default();
            let ends = copy.delivered.len() + usize::try_from(copy.given_up).unwrap();
            let mut servers: BTreeMap<HostId, usize> = BTreeMap::new();
            copy.accepted.iter().for_each(|(host, _)| *servers.entry(*host).or_default() += 1);
            if ends > allowed || servers.values().any(|times| *times > allowed) {
                faults.push(format!("{key:?}: {allowed} allowed, {copy:?}"));
            }
            if copy.refused && copy.delivered.len() >= allowed {
                faults.push(format!("{key:?} was refused and delivered: {copy:?}"));
            }
        }
        faults.into_iter().for_each(|fault| self.fault(fault));
    }

    /// Whether a message could leave a host like this: as it was composed there, or as it was
    /// taken there with one `Received:` more.
    fn could_leave(&self, host: HostId, copy: &Key, content: &[u8], at: SimTime) -> bool {
        let Some(composed) = self.books.copies.get(copy) else { return false };
        if composed.composed.0 == host && hops(content) == 0 {
            return content.len() as u64 == composed.bytes && composed.composed.1 <= at;
        }
        let inner = behind_received(content, self.name(host));
        let taken = self.taken.get(&(host, copy.0.clone()));
        inner.zip(taken).is_some_and(|(inner, taken)| {
            taken.iter().any(|(when, octets)| *when <= at && octets == inner && hops(octets) + 1 == hops(content))
        })
    }

    /// Invariant: a server passes on what it took, octet for octet, behind one `Received:`
    /// field of its own; a user agent what it composed.
    fn passages(&mut self) {
        let mut faults = Vec::new();
        for held in &self.transactions {
            let Some((content, (_, at))) = held.transaction.content.as_deref().zip(held.transaction.dot) else {
                continue;
            };
            for (to, _) in &held.transaction.recipients {
                let copy = (held.transaction.message(), to.clone());
                if !self.could_leave(held.conn.host, &copy, content, at) {
                    faults.push(format!("{:?}: {copy:?} was changed on the way", held.conn));
                }
                if held.connection.to.port == 587 && !self.is_written(&copy, content) {
                    faults.push(format!("{:?}: {copy:?} is not what was written", held.conn));
                }
            }
        }
        faults.into_iter().for_each(|fault| self.fault(fault));
    }

    /// Whether some work of the sender has this text.
    fn is_written(&self, copy: &Key, content: &[u8]) -> bool {
        let Some(from) = self.books.copies.get(copy).map(|copy| copy.from.as_str()) else { return false };
        let text = String::from_utf8_lossy(content);
        let Some((_, body)) = text.split_once("\r\n\r\n") else { return false };
        self.scenario.workload.iter().any(|work| {
            let (sender, written) = match work {
                Work::Message(message) => (message.from, &message.body),
                Work::Poisson(poisson) => (poisson.from, &poisson.body),
                Work::Read(_)
                | Work::Lookup(_)
                | Work::Lookups(_)
                | Work::Browse(_)
                | Work::Session(_)
                | Work::People(_) => {
                    return false;
                }
            };
            let same = match written {
                Body::Lines(lines) => lines.iter().map(|line| format!("{line}\r\n")).collect::<String>() == body,
                Body::Bytes(size) => body.len() as u64 >= size.bytes(),
            };
            self.scenario.users[sender].address == from && same
        })
    }

    /// Notes which octets each delivery may have stored.
    fn deliveries(&mut self) {
        for note in &self.log.notes {
            let Fact::Delivered { mailbox } = &note.fact else { continue };
            let copy = (note.message.clone(), note.to.clone());
            let Some(from) = self.books.copies.get(&copy).map(|copy| copy.from.clone()) else { continue };
            let front = format!("Return-Path: <{from}>\r\n");
            self.stored.entry(mailbox.to_lowercase()).or_default().insert(front.into_bytes());
        }
    }

    /// Why octets cannot be a message of that mailbox.
    fn misfit(&self, mailbox: &str, content: &[u8]) -> Option<String> {
        let fronts = self.stored.get(mailbox);
        let inner = fronts.and_then(|fronts| fronts.iter().find_map(|front| content.strip_prefix(front.as_slice())));
        let Some(inner) = inner else { return Some("no such Return-Path was delivered".to_owned()) };
        let message = super::sessions::header(inner, "Message-ID").unwrap_or_default();
        let homes = Homes::new(self.scenario);
        let copies = self.books.copies.iter().filter(|((id, to), _)| *id == message && homes.of(to) == mailbox);
        let mut hosts = copies.flat_map(|(key, copy)| copy.delivered.iter().map(move |(host, at)| (key, *host, *at)));
        let fits = hosts.any(|(key, host, at)| self.could_leave(host, key, inner, at));
        (!fits).then(|| format!("{message} is not what was taken"))
    }

    /// Invariant: a mailbox holds at the end what was delivered and not deleted, octet for
    /// octet what came, with only `Return-Path:` and `Received:` in front.
    fn mailboxes(&mut self, world: &World<Silent>) {
        let counts: BTreeMap<String, u32> =
            self.books.in_mailboxes().map(|(address, count)| (address.to_lowercase(), count)).collect();
        for (host, app) in world.apps() {
            let App::MailServer(server) = app else { continue };
            for maildrop in server.mailboxes() {
                let address = maildrop.address().to_lowercase();
                let (found, counted) = (maildrop.messages().len(), counts.get(&address).copied().unwrap_or_default());
                if found != usize::try_from(counted).unwrap() {
                    self.fault(format!("{address} at {} holds {found}, by the trace {counted}", self.name(host)));
                }
                for message in maildrop.messages() {
                    if let Some(wrong) = self.misfit(&address, &message.content) {
                        self.fault(format!("{address}: message {}: {wrong}", message.uid));
                    }
                }
            }
        }
    }

    /// Invariant: what a user is sent by POP3 is what was stored.
    fn fetched(&mut self) {
        for (conn, connection) in &self.log.connections {
            if connection.protocol != Some(Protocol::Pop3) {
                continue;
            }
            match pop3(connection) {
                Err(wrong) => self.fault(format!("{conn:?}: {wrong}")),
                Ok((_, messages)) if messages.is_empty() => {}
                Ok((user, messages)) => {
                    let server = self.log.host_at(connection.to);
                    let local = |address: &&str| user.contains('@') || Some(self.home(address)) == Some(server);
                    let address = self.scenario.users.iter().map(|user| user.address.as_str()).filter(local);
                    let matches = |address: &&str| *address == user || address.split('@').next() == Some(&user);
                    let Some(mailbox) = address.into_iter().find(matches).map(str::to_lowercase) else {
                        self.fault(format!("{conn:?}: nobody is called {user}"));
                        continue;
                    };
                    for content in messages {
                        if let Some(wrong) = self.misfit(&mailbox, &content) {
                            self.fault(format!("{conn:?}: {mailbox} was sent something else: {wrong}"));
                        }
                    }
                }
            }
        }
    }

    fn home(&self, address: &str) -> Option<HostId> {
        self.scenario.users.iter().find(|user| user.address == address).map(|user| user.server)
    }
}
