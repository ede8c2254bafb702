//! The life of each copy of a message: its phases to the nanosecond, who is responsible for
//! it, and how it ended.
//!
//! A copy is one message for one recipient. From the moment it is composed until its end it
//! is in exactly one phase; an event that begins a phase ends the former one at the same
//! instant, so the phases sum to the copy's time without a rest. Once a copy is in the
//! mailbox, what its senders still do with it is ignored: after a lost reply they may carry
//! a duplicate around, which is counted when it is delivered again.
//!
//! Responsibility is kept as a ledger: a server that answers 250 holds the copy until it
//! delivers it, until another server took it, or until it gives it up. A copy that nobody
//! holds and that has no end has been lost, and the run is wrong.
//!
//! Left out: what users delete, and copies that a user agent keeps for itself.

mod turns;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::names::{NameId, Names, Text};
use super::words::{self, named};
use crate::base::ids::HostId;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{FailureKind, Phase};

named! {
    /// How a copy stood at the end of the run.
    CopyStatus {
        /// It was stored in the recipient's mailbox.
        Delivered = "delivered",
        /// A server gave it up and told its sender by a bounce.
        Bounced = "bounced",
        /// A server gave it up and told nobody (it was a bounce itself).
        Dropped = "dropped",
        /// An alias, a forward or a list turned it into others.
        Expanded = "expanded",
        /// A stated policy ended it.
        Discarded = "discarded",
        /// It lies in a server's queue.
        Queued = "queued",
        /// The user agent could not submit it and gave up.
        Refused = "refused",
        /// It has not left the user agent yet.
        Outbox = "outbox",
    }
}

/// One copy of a message: a row of the table `messages`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Message-ID, with angle brackets.
    pub message: Text,
    /// Reverse-path; empty for a bounce.
    pub from: Text,
    /// The recipient.
    pub to: Text,
    /// The message whose failure this bounce reports.
    pub bounce_of: Option<Text>,
    /// How it stood at the end of the run.
    pub status: CopyStatus,
    /// The kind of trouble that ended it, for a copy given up or refused.
    pub reason: Option<Text>,
    /// When it was composed.
    pub composed: SimTime,
    /// When the first server took it.
    pub accepted: Option<SimTime>,
    /// When it was stored in the mailbox.
    pub delivered: Option<SimTime>,
    /// When it was first fetched.
    pub retrieved: Option<SimTime>,
    /// When its life ended: retrieved, given up or refused.
    pub ended: Option<SimTime>,
    /// Attempts of servers to pass it on.
    pub attempts: u32,
    /// Deliveries into the mailbox after the first.
    pub duplicates: u32,
    /// Octets as composed.
    pub bytes: u64,
    /// Time spent in each phase, in the order of [`Phase::ALL`], up to its end or the run's.
    pub phases: [SimDuration; Phase::ALL.len()],
}

impl MessageRow {
    /// Whether this copy reports a failure rather than being written by a user.
    #[must_use]
    pub const fn is_bounce(&self) -> bool {
        self.bounce_of.is_some()
    }

    /// The time from composition to the mailbox.
    #[must_use]
    pub fn latency(&self) -> Option<SimDuration> {
        self.delivered.map(|at| at.since(self.composed))
    }

    /// The sum of the phases before the mailbox: equals the latency of a delivered copy.
    #[must_use]
    pub fn phases_before_mailbox(&self) -> SimDuration {
        let parts = Phase::ALL.iter().zip(&self.phases).filter(|(phase, _)| before_mailbox(**phase));
        parts.fold(SimDuration::ZERO, |sum, (_, part)| sum + *part)
    }

    /// The sum of all phases: equals the time from composition to the copy's end.
    #[must_use]
    pub fn phases_sum(&self) -> SimDuration {
        self.phases.iter().fold(SimDuration::ZERO, |sum, part| sum + *part)
    }
}

/// Whether a phase comes before the delivery into the mailbox.
#[must_use]
pub const fn before_mailbox(phase: Phase) -> bool {
    !matches!(phase, Phase::InMailbox | Phase::Retrieval)
}

/// What one server took and gave, in copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    pub(super) accepted: u64,
    pub(super) delivered: u64,
    pub(super) relayed: u64,
    pub(super) given_up: u64,
    pub(super) expanded: u64,
    pub(super) discarded: u64,
}

#[derive(Clone, Debug)]
struct Copy {
    message: NameId,
    from: NameId,
    to: NameId,
    bounce_of: Option<NameId>,
    composed: SimTime,
    bytes: u64,
    accepted: Option<SimTime>,
    delivered: Option<SimTime>,
    retrieved: Option<SimTime>,
    /// Set by a refusal or a giving up; taken back when the copy turns out to live on.
    ended: Option<SimTime>,
    phase: Phase,
    since: SimTime,
    spent: [SimDuration; Phase::ALL.len()],
    attempts: u32,
    duplicates: u32,
    refused: bool,
    given_up: bool,
    expanded: bool,
    discarded: bool,
    bounce_sent: bool,
    /// Somebody outside the simulation named it.
    handed_in: bool,
    reason: Option<FailureKind>,
    /// Who holds it, and how many times over.
    holders: SmallVec<[(HostId, u32); 1]>,
}

impl Copy {
    fn enter(&mut self, phase: Phase, at: SimTime) {
        self.spent[self.phase as usize] += at.since(self.since);
        self.phase = phase;
        self.since = at;
    }

    fn release(&mut self, host: HostId) -> bool {
        let Some(place) = self.holders.iter().position(|(holder, _)| *holder == host) else {
            return false;
        };
        self.holders[place].1 -= 1;
        if self.holders[place].1 == 0 {
            self.holders.remove(place);
        }
        true
    }

    fn status(&self) -> Option<CopyStatus> {
        if self.delivered.is_some() {
            Some(CopyStatus::Delivered)
        } else if !self.holders.is_empty() {
            Some(CopyStatus::Queued)
        } else if self.given_up {
            Some(if self.bounce_sent { CopyStatus::Bounced } else { CopyStatus::Dropped })
        } else if self.expanded {
            Some(CopyStatus::Expanded)
        } else if self.discarded {
            Some(CopyStatus::Discarded)
        } else if self.refused {
            Some(CopyStatus::Refused)
        } else if self.accepted.is_none() {
            Some(CopyStatus::Outbox)
        } else {
            None
        }
    }
}

/// The index of a copy among those of its recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CopyId(u32);

impl CopyId {
    pub(super) const fn index(self) -> u32 {
        self.0
    }
}

/// All copies of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    copies: Vec<Copy>,
    index: FxHashMap<(NameId, NameId), CopyId>,
    /// Copies by (message, mailbox) where the mailbox is not the recipient's own address.
    by_mailbox: FxHashMap<(NameId, NameId), SmallVec<[CopyId; 1]>>,
    /// Messages that user agents put into mailboxes themselves: they are no copies.
    appended: FxHashSet<(NameId, NameId)>,
    ledgers: Vec<Ledger>,
    violations: Vec<String>,
}

/// What a copy was when it was composed.
pub(super) struct NewCopy<'a> {
    pub(super) message: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) bytes: u64,
    pub(super) bounce_of: Option<&'a str>,
}

impl Copies {
    pub(super) fn new(hosts: usize) -> Self {
        Self { ledgers: vec![Ledger::default(); hosts], ..Self::default() }
    }

    /// The copy of `message` for `to`, or a violation: every copy is composed first.
    pub(super) fn find(&mut self, names: &Names, message: &str, to: &str, doing: &str) -> Option<CopyId> {
        let found = names.find(message).zip(names.find(to)).and_then(|key| self.index.get(&key).copied());
        if found.is_none() {
            self.violate(format!("{message} for {to} was {doing} but never composed"));
        }
        found
    }

    pub(super) fn compose(&mut self, names: &mut Names, new: &NewCopy<'_>, at: SimTime) {
        let (message, to) = (names.id(new.message), names.id(new.to));
        if let Some(id) = self.index.get(&(message, to)) {
            if self.copies[id.0 as usize].handed_in {
                // Somebody outside took the name first: both are one row, as two of the same sender's are.
                return;
            }
            let text = format!("{} for {} was composed twice: its Message-ID is not unique", new.message, new.to);
            return self.violate(text);
        }
        let id = CopyId(u32::try_from(self.copies.len()).expect("fewer than 2^32 copies"));
        self.index.insert((message, to), id);
        self.copies.push(Copy {
            message,
            from: names.id(new.from),
            to,
            bounce_of: new.bounce_of.map(|of| names.id(of)),
            composed: at,
            bytes: new.bytes,
            accepted: None,
            delivered: None,
            retrieved: None,
            ended: None,
            phase: if new.bounce_of.is_some() { Phase::Queued } else { Phase::Composing },
            since: at,
            spent: [SimDuration::ZERO; Phase::ALL.len()],
            attempts: 0,
            duplicates: 0,
            refused: false,
            given_up: false,
            expanded: false,
            discarded: false,
            bounce_sent: false,
            handed_in: false,
            reason: None,
            holders: SmallVec::new(),
        });
    }

    /// A copy from outside: begun here unless it is known.
    pub(super) fn hand_in(&mut self, names: &mut Names, new: &NewCopy<'_>, at: SimTime) {
        let known = names.find(new.message).zip(names.find(new.to)).is_some_and(|key| self.index.contains_key(&key));
        if !known {
            self.compose(names, new, at);
            let copy = self.copies.last_mut().expect("just composed");
            (copy.phase, copy.handed_in) = (Phase::Submission, true);
        }
    }

    pub(super) fn phase(&mut self, id: CopyId, phase: Phase, at: SimTime) {
        let copy = &mut self.copies[id.0 as usize];
        let stale = (copy.delivered.is_some() && before_mailbox(phase))
            || copy.retrieved.is_some()
            || (copy.ended.is_some() && copy.holders.is_empty());
        if !stale {
            copy.ended = None;
            copy.enter(phase, at);
        }
    }

    pub(super) fn accept(&mut self, id: CopyId, host: HostId, at: SimTime) {
        self.ledgers[host.index()].accepted += 1;
        let copy = &mut self.copies[id.0 as usize];
        copy.accepted.get_or_insert(at);
        match copy.holders.iter_mut().find(|(holder, _)| *holder == host) {
            Some((_, count)) => *count += 1,
            None => copy.holders.push((host, 1)),
        }
    }

    pub(super) fn refuse(&mut self, id: CopyId, kind: FailureKind, at: SimTime) {
        let copy = &mut self.copies[id.0 as usize];
        copy.refused = true;
        self.end(id, kind, at);
    }

    pub(super) fn attempted(&mut self, id: CopyId) {
        self.copies[id.0 as usize].attempts += 1;
    }

    pub(super) fn relayed(&mut self, names: &Names, id: CopyId, host: HostId) {
        self.ledgers[host.index()].relayed += 1;
        self.release(names, id, host, "relayed");
    }

    pub(super) fn give_up(&mut self, names: &Names, id: CopyId, host: HostId, end: (bool, FailureKind, SimTime)) {
        let (bounce_sent, kind, at) = end;
        self.ledgers[host.index()].given_up += 1;
        self.release(names, id, host, "given up");
        let copy = &mut self.copies[id.0 as usize];
        copy.given_up = true;
        copy.bounce_sent |= bounce_sent;
        self.end(id, kind, at);
    }

    fn end(&mut self, id: CopyId, kind: FailureKind, at: SimTime) {
        self.copies[id.0 as usize].reason = Some(kind);
        self.close(id, at);
    }

    fn close(&mut self, id: CopyId, at: SimTime) {
        let copy = &mut self.copies[id.0 as usize];
        if copy.delivered.is_none() {
            let phase = copy.phase;
            copy.enter(phase, at);
            copy.ended = Some(at);
        }
    }

    pub(super) fn deliver(&mut self, names: &mut Names, id: CopyId, place: (HostId, &str), at: SimTime) {
        let (host, mailbox) = place;
        self.ledgers[host.index()].delivered += 1;
        self.release(names, id, host, "delivered");
        let copy = &mut self.copies[id.0 as usize];
        if copy.delivered.is_some() {
            copy.duplicates += 1;
            return;
        }
        copy.enter(Phase::InMailbox, at);
        copy.delivered = Some(at);
        copy.ended = None;
        let mailbox = names.id(mailbox);
        if mailbox != copy.to {
            self.by_mailbox.entry((copy.message, mailbox)).or_default().push(id);
        }
    }

    /// A user agent put a message into a mailbox itself.
    pub(super) fn append(&mut self, names: &mut Names, message: &str, mailbox: &str) {
        self.appended.insert((names.id(message), names.id(mailbox)));
    }

    /// A message was fetched from a mailbox: the first copy there that was not fetched yet.
    pub(super) fn retrieve(&mut self, names: &Names, message: &str, mailbox: &str, at: SimTime) {
        let key = names.find(message).zip(names.find(mailbox));
        let own = key.and_then(|key| self.index.get(&key).copied());
        let forwarded = key.and_then(|key| self.by_mailbox.get(&key)).into_iter().flatten().copied();
        let candidates: SmallVec<[CopyId; 2]> =
            own.into_iter().chain(forwarded).filter(|id| self.copies[id.0 as usize].delivered.is_some()).collect();
        if candidates.is_empty() && key.is_none_or(|key| !self.appended.contains(&key)) {
            self.violate(format!("{message} was retrieved from {mailbox} but never delivered there"));
        }
        let first = candidates.into_iter().find(|id| self.copies[id.0 as usize].retrieved.is_none());
        if let Some(id) = first {
            let copy = &mut self.copies[id.0 as usize];
            let phase = copy.phase;
            copy.enter(phase, at);
            copy.retrieved = Some(at);
        }
    }

    fn release(&mut self, names: &Names, id: CopyId, host: HostId, doing: &str) {
        let copy = &mut self.copies[id.0 as usize];
        if !copy.release(host) {
            let (message, to) = (names.text(copy.message), names.text(copy.to));
            self.violate(format!("{message} for {to} was {doing} by host {} that did not hold it", host.0));
        }
    }

    pub(super) fn violate(&mut self, what: String) {
        // One mistake shows many times; the first few tell it.
        if self.violations.len() < 20 {
            self.violations.push(what);
        }
    }

    /// Message-ID and recipient of a copy.
    pub(super) fn names_of(&self, id: CopyId) -> (NameId, NameId) {
        let copy = &self.copies[id.0 as usize];
        (copy.message, copy.to)
    }

    /// Copies that each server holds, in the order of hosts.
    pub(super) fn held(&self) -> Vec<u64> {
        let mut held = vec![0; self.ledgers.len()];
        for (host, count) in self.copies.iter().flat_map(|copy| &copy.holders) {
            held[host.index()] += u64::from(*count);
        }
        held
    }

    pub(super) fn ledgers(&self) -> &[Ledger] {
        &self.ledgers
    }

    /// The rows, sorted, and what went wrong.
    pub(super) fn finish(mut self, names: &mut Names, end: SimTime) -> (Vec<MessageRow>, Vec<String>) {
        let mut rows = Vec::with_capacity(self.copies.len());
        for mut copy in std::mem::take(&mut self.copies) {
            let status = copy.status().unwrap_or_else(|| {
                let (message, to) = (names.text(copy.message), names.text(copy.to));
                self.violate(format!("{message} for {to} was accepted and then lost: nobody holds it"));
                CopyStatus::Queued
            });
            let ended = match status {
                CopyStatus::Delivered => copy.retrieved,
                CopyStatus::Bounced
                | CopyStatus::Dropped
                | CopyStatus::Refused
                | CopyStatus::Expanded
                | CopyStatus::Discarded => copy.ended,
                CopyStatus::Queued | CopyStatus::Outbox => None,
            };
            if ended.is_none() {
                let phase = copy.phase;
                copy.enter(phase, end.max(copy.since));
            }
            rows.push(copy.row(names, status, ended));
        }
        rows.sort_by(|a, b| (a.composed, &a.message, &a.to).cmp(&(b.composed, &b.message, &b.to)));
        (rows, self.violations)
    }
}

impl Copy {
    fn row(&self, names: &mut Names, status: CopyStatus, ended: Option<SimTime>) -> MessageRow {
        let failed = matches!(status, CopyStatus::Bounced | CopyStatus::Dropped | CopyStatus::Refused);
        MessageRow {
            message: names.text(self.message),
            from: names.text(self.from),
            to: names.text(self.to),
            bounce_of: self.bounce_of.map(|of| names.text(of)),
            status,
            reason: self.reason.filter(|_| failed).map(|kind| names.share(words::failure(kind))),
            composed: self.composed,
            accepted: self.accepted,
            delivered: self.delivered,
            retrieved: self.retrieved,
            ended,
            attempts: self.attempts,
            duplicates: self.duplicates,
            bytes: self.bytes,
            phases: self.spent,
        }
    }
}
