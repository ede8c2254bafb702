//! The books of the servers, kept anew from the trace: what each is responsible for, when it
//! tries, when it gives up, and what it tells the sender.

use std::collections::{BTreeMap, BTreeSet};

use posthaste::app::mail::{RetryPolicy, Rule};
use posthaste::base::trace::FailureKind;
use posthaste::base::{HostId, SimDuration, SimTime};
use posthaste::scenario::Resolved;
use posthaste::scenario::resolved::{CatchAllSpec, DomainSpec};

use super::log::{Ending, Fact, Log, Note};
use super::schedule::is_permanent;

/// A message and a recipient.
pub(crate) type Key = (String, String);

/// One acceptance of a copy by a server, until the server is rid of it.
#[derive(Clone, Debug)]
struct Thread {
    accepted: SimTime,
    attempts: u32,
    interruptions: u32,
    first: Option<SimTime>,
    started: SimTime,
    running: bool,
    due: SimTime,
    /// The end that an attempt's failure has set: when, and the failure if it is for good.
    end: Option<(SimTime, Option<FailureKind>)>,
}

/// A copy from its composition on.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) from: String,
    pub(crate) bytes: u64,
    pub(crate) bounce_of: Option<String>,
    pub(crate) composed: (HostId, SimTime),
    pub(crate) accepted: Vec<(HostId, SimTime)>,
    pub(crate) delivered: Vec<(HostId, SimTime)>,
    pub(crate) given_up: u32,
    pub(crate) refused: bool,
    pub(crate) attempts: u32,
}

/// The retry policy of a server.
#[derive(Clone, Copy, Debug)]
struct Policy {
    every: SimDuration,
    lifetime: SimDuration,
}

/// Where mail to an address should end: with its user, or with the domain's catch-all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Homes {
    users: BTreeSet<String>,
    catch_alls: BTreeMap<String, CatchAllSpec>,
}

impl Homes {
    pub(crate) fn new(scenario: &Resolved) -> Self {
        let caught = |domain: &DomainSpec| Some((domain.name.clone(), domain.catch_all.clone()?));
        Self {
            users: scenario.users.iter().map(|user| user.address.to_lowercase()).collect(),
            catch_alls: scenario.domains.iter().filter_map(caught).collect(),
        }
    }

    pub(crate) fn of(&self, to: &str) -> String {
        let to = to.to_lowercase();
        let (local, domain) = to.rsplit_once('@').unwrap_or((&to, ""));
        // The scenarios here except prefixes and whole local parts only.
        let excepted = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => local.starts_with(prefix),
            None => local == pattern,
        };
        match self.catch_alls.get(domain) {
            Some(spec) if !self.users.contains(&to) && !spec.except.iter().any(excepted) => spec.mailbox.to_lowercase(),
            Some(_) | None => to,
        }
    }
}

/// All books.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) copies: BTreeMap<Key, Copy>,
    threads: BTreeMap<(HostId, Key), Vec<Thread>>,
    held: BTreeMap<HostId, u64>,
    reported: BTreeMap<HostId, u32>,
    mailboxes: BTreeMap<String, (u32, u32)>,
    policies: BTreeMap<HostId, Policy>,
    homes: Homes,
    down: BTreeMap<HostId, bool>,
    last_up: BTreeMap<HostId, SimTime>,
    pending_bounces: BTreeMap<String, (String, HostId, SimTime)>,
    pub(crate) faults: Vec<String>,
}

impl Books {
    /// Goes through the trace.
    pub(crate) fn new(scenario: &Resolved, log: &Log) -> Self {
        let policy = |retry: &RetryPolicy| match retry.rule {
            Rule::Fixed { every } => Policy { every, lifetime: retry.lifetime },
            Rule::List { .. }
            | Rule::Exponential { .. }
            | Rule::Age { .. }
            | Rule::Squares { .. }
            | Rule::Roots { .. }
            | Rule::Exim(_)
            | Rule::Scans => panic!("these books do not know {:?}", retry.rule),
        };
        let mut books = Self {
            policies: scenario.domains.iter().map(|domain| (domain.server, policy(&domain.settings.retry))).collect(),
            homes: Homes::new(scenario),
            ..Self::default()
        };
        let mut now = SimTime::ZERO;
        for note in &log.notes {
            if note.at > now {
                books.instant_ends(now);
                now = note.at;
            }
            if let Err(wrong) = books.note(note) {
                let Note { id, at, host, message, to, fact } = note;
                books
                    .faults
                    .push(format!("event {id} at {at} s, host {}: {message} for {to}: {fact:?}: {wrong}", host.0));
            }
        }
        books.instant_ends(now);
        books
    }

    /// Copies that servers hold.
    pub(crate) fn queued(&self) -> u64 {
        self.held.values().sum()
    }

    /// Copies that a server holds.
    pub(crate) fn queued_at(&self, host: HostId) -> u64 {
        self.held.get(&host).copied().unwrap_or_default()
    }

    /// Whether some server holds the copy.
    pub(crate) fn holds(&self, message: &str, to: &str) -> bool {
        let held = |((_, key), threads): (&(HostId, Key), &Vec<Thread>)| {
            key.0 == message && key.1 == to && !threads.is_empty()
        };
        self.threads.iter().any(held)
    }

    /// The number of messages in each mailbox, by its address.
    pub(crate) fn in_mailboxes(&self) -> impl Iterator<Item = (&String, u32)> {
        self.mailboxes.iter().map(|(address, (messages, _))| (address, *messages))
    }

    /// Invariant: at every instant a server's queue is as long as what it accepted and has
    /// not delivered, passed on or given up; likewise the mailboxes.
    fn instant_ends(&mut self, now: SimTime) {
        for (host, reported) in &self.reported {
            let held = self.held.get(host).copied().unwrap_or_default();
            if held != u64::from(*reported) {
                self.faults.push(format!("at {now} s host {} reports {reported} copies but owes {held}", host.0));
            }
        }
        for (address, (counted, reported)) in &self.mailboxes {
            if counted != reported {
                self.faults.push(format!("at {now} s {address} reports {reported} messages, has {counted}"));
            }
        }
        for (message, (of, ..)) in std::mem::take(&mut self.pending_bounces) {
            self.faults.push(format!("at {now} s the bounce {message} for {of} was promised but not composed"));
        }
        self.faults.truncate(20);
    }

    fn note(&mut self, note: &Note) -> Result<(), String> {
        let (host, at) = (note.host, note.at);
        let key = (note.message.clone(), note.to.clone());
        match &note.fact {
            Fact::Down => drop(self.down.insert(host, true)),
            Fact::Up => {
                self.down.insert(host, false);
                self.last_up.insert(host, at);
            }
            Fact::Queue { copies } => drop(self.reported.insert(host, *copies)),
            Fact::Mailbox { messages } => self.mailboxes.entry(note.to.clone()).or_default().1 = *messages,
            Fact::Deleted => {
                let mailbox = self.mailboxes.entry(note.to.clone()).or_default();
                mailbox.0 = mailbox.0.checked_sub(1).ok_or("deleted from an empty mailbox")?;
            }
            Fact::Retrieved => {}
            Fact::Composed { from, bytes, bounce_of } => self.composed(note, key, from, *bytes, bounce_of.as_ref())?,
            Fact::Refused { .. } => self.copy(&key)?.refused = true,
            Fact::Accepted { conn, .. } => {
                let copy = self.copy(&key)?;
                copy.accepted.push((host, at));
                if conn.is_none() && (copy.bounce_of.is_none() || copy.composed != (host, at)) {
                    return Err("accepted from nowhere".to_owned());
                }
                *self.held.entry(host).or_default() += 1;
                self.threads.entry((host, key)).or_default().push(Thread {
                    accepted: at,
                    attempts: 0,
                    interruptions: 0,
                    first: None,
                    started: at,
                    running: false,
                    due: at,
                    end: None,
                });
            }
            Fact::Delivered { mailbox } => {
                self.copy(&key)?.delivered.push((host, at));
                let fresh = |thread: &Thread| thread.attempts == 0 && thread.accepted == at;
                self.release(host, &key, fresh)?;
                self.mailboxes.entry(mailbox.clone()).or_default().0 += 1;
                if mailbox.to_lowercase() != self.homes.of(&key.1) {
                    return Err("delivered into somebody else's mailbox".to_owned());
                }
            }
            Fact::Started { attempt } => {
                self.copy(&key)?.attempts += 1;
                self.started(host, at, &key, *attempt)?;
            }
            Fact::Ended { attempt, ending, .. } => self.ended(host, at, &key, *attempt, ending)?,
            Fact::GivenUp { bounce, kind } => self.given_up(note, key, bounce.as_ref(), *kind)?,
        }
        Ok(())
    }

    fn copy(&mut self, key: &Key) -> Result<&mut Copy, String> {
        self.copies.get_mut(key).ok_or_else(|| "never composed".to_owned())
    }

    /// Invariant: one bounce a failure, from the null reverse-path, to the sender of the
    /// message that failed; none for a bounce.
    fn composed(
        &mut self,
        note: &Note,
        key: Key,
        from: &str,
        bytes: u64,
        bounce_of: Option<&String>,
    ) -> Result<(), String> {
        let copy = Copy {
            from: from.to_owned(),
            bytes,
            bounce_of: bounce_of.cloned(),
            composed: (note.host, note.at),
            accepted: Vec::new(),
            delivered: Vec::new(),
            given_up: 0,
            refused: false,
            attempts: 0,
        };
        let promised = self.pending_bounces.remove(&key.0);
        if let Some(of) = bounce_of {
            let original = self.copies.iter().find(|((message, _), _)| message == of).map(|(_, copy)| copy);
            let original = original.ok_or("a bounce of a message that nobody composed")?;
            if promised.as_ref() != Some(&(of.clone(), note.host, note.at)) {
                return Err(format!("a bounce that no failure promised ({promised:?})"));
            }
            if !from.is_empty() || original.from != key.1 || original.bounce_of.is_some() {
                return Err(format!("a bounce from <{from}>, of {original:?}"));
            }
        } else if from.is_empty() {
            return Err("a message without a sender that is no bounce".to_owned());
        }
        match self.copies.insert(key, copy) {
            None => Ok(()),
            Some(_) => Err("composed twice".to_owned()),
        }
    }

    /// Takes the one responsibility out to which something applies.
    fn release(&mut self, host: HostId, key: &Key, applies: impl Fn(&Thread) -> bool) -> Result<Thread, String> {
        let threads = self.threads.get_mut(&(host, key.clone())).ok_or("this server does not hold it")?;
        let found = threads.iter().position(applies).ok_or_else(|| format!("out of turn: {threads:?}"))?;
        *self.held.get_mut(&host).ok_or("holds nothing")? -= 1;
        let thread = threads.remove(found);
        if threads.is_empty() {
            self.threads.remove(&(host, key.clone()));
        }
        Ok(thread)
    }

    /// Invariant: an attempt begins when it is due, or when the host works again, at no
    /// other time; and there are no more than the policy's interval and lifetime allow.
    fn started(&mut self, host: HostId, at: SimTime, key: &Key, attempt: u32) -> Result<(), String> {
        let policy = self.policies[&host];
        let up = self.last_up.get(&host).copied().unwrap_or(SimTime::ZERO);
        let threads = self.threads.get_mut(&(host, key.clone())).ok_or("this server does not hold it")?;
        let fits = |thread: &&mut Thread| {
            !thread.running && thread.end.is_none() && thread.attempts + 1 == attempt && thread.due.max(up) == at
        };
        let text = format!("{threads:?}, host up at {up} s");
        let thread = threads.iter_mut().find(fits).ok_or_else(|| format!("not due: {text}"))?;
        thread.running = true;
        thread.attempts += 1;
        thread.started = at;
        let first = *thread.first.get_or_insert(at);
        let age = at.since(first);
        let most = policy.lifetime.as_nanos() / policy.every.as_nanos() + 1;
        if age > policy.lifetime || u64::from(attempt - thread.interruptions) > most {
            return Err(format!("attempt {attempt} at an age of {age} s"));
        }
        Ok(())
    }

    /// Invariant: a temporary failure keeps a copy, a permanent one ends it; the next attempt
    /// is one interval after the start of the last.
    fn ended(&mut self, host: HostId, at: SimTime, key: &Key, attempt: u32, ending: &Ending) -> Result<(), String> {
        let running = |thread: &Thread| thread.running && thread.attempts == attempt;
        if *ending == Ending::Completed {
            return self.release(host, key, running).map(drop);
        }
        let policy = self.policies[&host];
        let down = self.down.get(&host).copied().unwrap_or(false);
        let threads = self.threads.get_mut(&(host, key.clone())).ok_or("this server does not hold it")?;
        // Two acceptances of one copy may be under way at once; then either may be meant.
        let mut wrong = "no such attempt is under way".to_owned();
        for thread in threads.iter_mut().filter(|thread| running(thread)) {
            let end = thread.first.unwrap_or(at).saturating_add(policy.lifetime);
            let regular = thread.started.saturating_add(policy.every).max(at);
            let last = regular > end || at >= end;
            let verdict = match *ending {
                Ending::Completed | Ending::Stored => Ok((at, None)),
                Ending::Deferred { code, .. } if code / 100 == 5 => Err(format!("put off after a {code}")),
                Ending::Interrupted if down => Ok((at, None)),
                Ending::Interrupted => Err("interrupted without a crash".to_owned()),
                Ending::Deferred { next, .. } if !down && next == regular && !last => Ok((next, None)),
                Ending::Deferred { .. } => Err(format!("the next attempt is due at {regular} s, the end at {end} s")),
                Ending::Expiring { code, .. } if code / 100 == 5 => Err(format!("put off after a {code}")),
                Ending::Expiring { end: told, .. } if last && told == end && end > at => Ok((at, Some((end, None)))),
                Ending::Expiring { end: told, .. } => Err(format!("expires at {told} s, its end is at {end} s")),
                Ending::Failed { kind, code } if is_permanent(kind, code) => Ok((at, Some((at, Some(kind))))),
                Ending::Failed { .. } if at >= end => Ok((at, Some((at, None)))),
                Ending::Failed { code, .. } => Err(format!("failed with {code} before its time, {end} s")),
            };
            match verdict {
                Ok((due, ends)) => {
                    (thread.running, thread.due, thread.end) = (false, due, ends);
                    thread.interruptions += u32::from(down);
                    return Ok(());
                }
                Err(text) => wrong = text,
            }
        }
        Err(wrong)
    }

    /// Invariant: a copy is given up at once after a permanent failure, or when its age has
    /// reached the lifetime and, if the host was down then, as soon as it works.
    fn given_up(&mut self, note: &Note, key: Key, bounce: Option<&String>, kind: FailureKind) -> Result<(), String> {
        let (host, at) = (note.host, note.at);
        let policy = self.policies[&host];
        let up = self.last_up.get(&host).copied().unwrap_or(SimTime::ZERO);
        let copy = self.copy(&key)?;
        copy.given_up += 1;
        let (from, is_bounce) = (copy.from.clone(), copy.bounce_of.is_some());
        self.release(host, &key, |thread| match (thread.end, thread.first) {
            (Some((end, Some(failure))), _) => end == at && failure == kind,
            (Some((end, None)), _) => end.max(up) == at && kind == FailureKind::Expired,
            (None, None) => thread.accepted == at,
            (None, Some(first)) => {
                let late = at > first.saturating_add(policy.lifetime);
                !thread.running && thread.due.max(up) == at && late && kind == FailureKind::Expired
            }
        })?;
        match bounce {
            None if is_bounce && from.is_empty() => Ok(()),
            Some(id) if !is_bounce && !from.is_empty() => {
                let promise = (key.0, host, at);
                let old = self.pending_bounces.insert(id.clone(), promise);
                old.map_or(Ok(()), |_| Err("two bounces of one name".to_owned()))
            }
            _ => Err(format!("bounce {bounce:?} of a message from <{from}>")),
        }
    }
}
