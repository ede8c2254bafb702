//! All copies of a run, while it goes on: their phases, who is responsible for them, and what
//! each server took and gave.
//!
//! Responsibility is kept as a ledger: a server that answers 250 holds the copy until it
//! delivers it, until another server took it, until it gives it up or discards it, or until it
//! turned it into others. A copy that nobody holds and that has no end has been lost, and the
//! run is wrong.
//!
//! A copy that an alias, a forward or a list turns into others ends there. Each of those goes on
//! with the time that its parent had spent: so its phases, too, sum from the composition of the
//! message, and what the recipient of a list waited for is to be seen.
//!
//! Left out: what users delete, and copies that a user agent keeps for itself.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::copy::{Copy, CopyId, Ending, Holder, Stay};
use super::destinations::{Destinations, Doing};
use super::messages::{CopyStatus, MessageRow, before_mailbox};
use super::names::{NameId, Names};
use super::reading::Waits;
use super::reasons::enhanced_of;
use super::replies::{AcceptanceId, Replies};
use super::storms::domain;
use crate::base::ids::HostId;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{Failure, MessageKind, Phase, Redirection};

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
    pub(super) queues: Destinations,
    violations: Vec<String>,
}

/// What a copy was when it was composed.
pub(super) struct NewCopy<'a> {
    pub(super) message: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) bytes: u64,
    pub(super) kind: MessageKind,
    pub(super) about: Option<&'a str>,
}

/// How a server got rid of a copy that it does not deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Riddance {
    /// Another server took it.
    Relayed,
    /// It turned it into others.
    Expanded,
    /// It ended it by a stated policy.
    Discarded,
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

    fn insert(&mut self, copy: Copy) -> CopyId {
        let id = CopyId::new(self.copies.len());
        self.index.insert((copy.message, copy.to), id);
        self.copies.push(copy);
        id
    }

    pub(super) fn compose(&mut self, names: &mut Names, new: &NewCopy<'_>, at: SimTime) {
        let (message, to) = (names.id(new.message), names.id(new.to));
        if let Some(id) = self.index.get(&(message, to)) {
            let known = &mut self.copies[id.place()];
            if known.handed_in {
                // Somebody outside took the name first: both are one row, as two of the same sender's are.
                return;
            }
            if known.derived.take().is_some() {
                // An alias led to a recipient for whom the message was written as well.
                return;
            }
            let text = format!("{} for {} was composed twice: its Message-ID is not unique", new.message, new.to);
            return self.violate(text);
        }
        let (from, destination) = (names.id(new.from), names.id(&domain(new.to)));
        let mut copy = Copy::new(new.kind, (message, from, to), destination, at);
        (copy.bytes, copy.about) = (new.bytes, new.about.map(|of| names.id(of)));
        self.insert(copy);
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

    /// A copy is turned into one for somebody else, with all the time that it has spent so far.
    pub(super) fn redirect(
        &mut self,
        names: &mut Names,
        parent: CopyId,
        (from, into, by): (&str, &str, Redirection),
        at: SimTime,
    ) -> CopyId {
        let (to, message) = (names.id(into), self.copies[parent.place()].message);
        if let Some(known) = self.index.get(&(message, to)).copied() {
            let copy = &mut self.copies[known.place()];
            if known != parent && !copy.parents.contains(&parent) {
                copy.parents.push(parent);
            }
            return known;
        }
        let destination = names.id(&domain(into));
        let mut child = self.copies[parent.place()].clone();
        child.enter(Phase::Queued, at);
        (child.from, child.to, child.destination, child.derived) = (names.id(from), to, destination, Some(by));
        child.parents = [parent].into_iter().collect();
        (child.attempts, child.duplicates, child.holders) = (0, 0, SmallVec::new());
        (child.delivered, child.retrieved, child.ended, child.ending) = (None, None, None, None);
        (child.refused, child.given_up, child.bounce_sent) = (false, false, false);
        (child.expanded, child.discarded) = (false, false);
        self.insert(child)
    }

    pub(super) fn phase(&mut self, id: CopyId, host: HostId, phase: Phase, at: SimTime) {
        let copy = &mut self.copies[id.place()];
        if phase == Phase::Queued
            && let Some(holder) = copy.holders.iter_mut().find(|holder| holder.host == host)
            && holder.doing == Doing::Waiting
        {
            self.queues.change(holder.part, at, holder.count(), Some(holder.doing), Some(Doing::Due));
            holder.doing = Doing::Due;
        }
        let stale = (copy.delivered.is_some() && before_mailbox(phase))
            || copy.retrieved.is_some()
            || (copy.ended.is_some() && copy.holders.is_empty());
        if !stale {
            copy.ended = None;
            copy.enter(phase, at);
        }
    }

    /// How the copy came that a server holds; the last, if it came more than once.
    pub(super) fn came_by(&self, id: CopyId, host: HostId) -> Option<AcceptanceId> {
        let holder = self.copies[id.place()].holders.iter().find(|holder| holder.host == host)?;
        holder.stays.last()?.by
    }

    /// A server is responsible for a copy, which came in this way.
    pub(super) fn accept(&mut self, id: CopyId, host: HostId, at: SimTime, by: Option<AcceptanceId>) {
        let stay = Stay { since: at, by };
        self.ledgers[host.index()].accepted += 1;
        let copy = &mut self.copies[id.place()];
        copy.accepted.get_or_insert(at);
        if let Some(holder) = copy.holders.iter_mut().find(|holder| holder.host == host) {
            holder.stays.push(stay);
            self.queues.change(holder.part, at, 1, None, Some(holder.doing));
        } else {
            let part = self.queues.part(host, copy.destination);
            let doing = Doing::Due;
            copy.holders.push(Holder { host, stays: [stay].into_iter().collect(), doing, part });
            self.queues.change(part, at, 1, None, Some(doing));
        }
    }

    pub(super) fn refuse(&mut self, names: &mut Names, id: CopyId, failure: &Failure<'_>, at: SimTime) {
        self.copies[id.place()].refused = true;
        self.end(names, id, failure, at);
    }

    /// A server's attempt began, or ended so that the copy stays in its queue.
    pub(super) fn does(&mut self, id: CopyId, host: HostId, doing: Doing, at: SimTime) {
        let copy = &mut self.copies[id.place()];
        copy.attempts += u32::from(doing == Doing::Active);
        if let Some(holder) = copy.holders.iter_mut().find(|holder| holder.host == host) {
            self.queues.change(holder.part, at, holder.count(), Some(holder.doing), Some(doing));
            holder.doing = doing;
        }
    }

    /// A server got rid of a copy without an end of its own.
    pub(super) fn rid(&mut self, names: &Names, id: CopyId, (host, how): (HostId, Riddance), at: SimTime) {
        let ledger = &mut self.ledgers[host.index()];
        let (count, doing) = match how {
            Riddance::Relayed => (&mut ledger.relayed, "relayed"),
            Riddance::Expanded => (&mut ledger.expanded, "expanded"),
            Riddance::Discarded => (&mut ledger.discarded, "discarded"),
        };
        *count += 1;
        self.release(names, id, (host, doing), at);
        let copy = &mut self.copies[id.place()];
        match how {
            Riddance::Relayed => return,
            Riddance::Expanded => copy.expanded = true,
            Riddance::Discarded => copy.discarded = true,
        }
        self.close(id, at);
    }

    /// A server gave a copy up; `bounce` says whether it told the sender.
    pub(super) fn give_up(
        &mut self,
        names: &mut Names,
        id: CopyId,
        (host, bounce): (HostId, bool),
        failure: &Failure<'_>,
        at: SimTime,
    ) {
        self.ledgers[host.index()].given_up += 1;
        self.release(names, id, (host, "given up"), at);
        let copy = &mut self.copies[id.place()];
        copy.given_up = true;
        copy.bounce_sent |= bounce;
        self.end(names, id, failure, at);
    }

    fn end(&mut self, names: &mut Names, id: CopyId, failure: &Failure<'_>, at: SimTime) {
        let enhanced =
            enhanced_of(failure).map(|(class, subject, detail)| names.id(&format!("{class}.{subject}.{detail}")));
        let copy = &mut self.copies[id.place()];
        copy.ending = Some(Ending { reason: failure.kind, code: failure.code, enhanced });
        self.close(id, at);
    }

    fn close(&mut self, id: CopyId, at: SimTime) {
        let copy = &mut self.copies[id.place()];
        if copy.delivered.is_none() {
            copy.enter(copy.phase, at);
            copy.ended = Some(at);
        }
    }

    pub(super) fn deliver(
        &mut self,
        names: &mut Names,
        replies: &mut Replies,
        id: CopyId,
        (host, mailbox): (HostId, &str),
        at: SimTime,
    ) {
        self.ledgers[host.index()].delivered += 1;
        let by = self.release(names, id, (host, "delivered"), at);
        let mailbox = names.id(mailbox);
        let copy = &mut self.copies[id.place()];
        if let Some(first) = copy.delivered {
            copy.duplicates += 1;
            return replies.delivered_again((id, by), (host, mailbox), first, at);
        }
        copy.enter(Phase::InMailbox, at);
        copy.delivered = Some(at);
        copy.ended = None;
        if mailbox != copy.to {
            self.by_mailbox.entry((copy.message, mailbox)).or_default().push(id);
        }
    }

    /// A user agent put a message into a mailbox itself.
    pub(super) fn append(&mut self, names: &mut Names, message: &str, mailbox: &str) {
        self.appended.insert((names.id(message), names.id(mailbox)));
    }

    /// When a message was written and when it came into a mailbox; none if it did not.
    pub(super) fn arrival(&self, names: &Names, message: &str, mailbox: &str) -> Option<(SimTime, SimTime)> {
        let key = names.find(message).zip(names.find(mailbox))?;
        let forwarded = self.by_mailbox.get(&key).into_iter().flatten().copied();
        let copies = self.index.get(&key).copied().into_iter().chain(forwarded).map(|id| &self.copies[id.place()]);
        copies.filter_map(|copy| Some((copy.composed, copy.delivered?))).min_by_key(|(_, delivered)| *delivered)
    }

    /// A message was fetched from a mailbox: the first copy there that was not fetched yet.
    pub(super) fn retrieve(&mut self, names: &Names, message: &str, mailbox: &str, at: SimTime) {
        let key = names.find(message).zip(names.find(mailbox));
        let own = key.and_then(|key| self.index.get(&key).copied());
        let forwarded = key.and_then(|key| self.by_mailbox.get(&key)).into_iter().flatten().copied();
        let candidates: SmallVec<[CopyId; 2]> =
            own.into_iter().chain(forwarded).filter(|id| self.copies[id.place()].delivered.is_some()).collect();
        if candidates.is_empty() && key.is_none_or(|key| !self.appended.contains(&key)) {
            self.violate(format!("{message} was retrieved from {mailbox} but never delivered there"));
        }
        let first = candidates.into_iter().find(|id| self.copies[id.place()].retrieved.is_none());
        if let Some(id) = first {
            let copy = &mut self.copies[id.place()];
            copy.enter(copy.phase, at);
            copy.retrieved = Some(at);
        }
    }

    /// A message was shown to the user of a mailbox: with that it is retrieved, unless it was fetched before. By IMAP
    /// only what is fetched whole is told as fetched; of a text the time on its way follows from when it was looked for,
    /// and how long the user knew of it. What users keep for themselves are no copies.
    pub(super) fn shown(
        &mut self,
        names: &Names,
        (message, mailbox): (&str, &str),
        looked: (SimTime, SimDuration),
        at: SimTime,
    ) {
        let Some(key) = names.find(message).zip(names.find(mailbox)) else { return };
        let own = self.index.get(&key).copied().into_iter();
        let forwarded = self.by_mailbox.get(&key).into_iter().flatten().copied();
        let here: SmallVec<[CopyId; 2]> =
            own.chain(forwarded).filter(|id| self.copies[id.place()].delivered.is_some()).collect();
        let retrieved = here.iter().any(|id| self.copies[id.place()].retrieved.is_some());
        if let Some(id) = here.first().filter(|_| !retrieved) {
            let copy = &mut self.copies[id.place()];
            if let Some(delivered) = copy.delivered.filter(|_| copy.phase == Phase::InMailbox) {
                let Waits { poll, pause, .. } = Waits::of(delivered, looked, at);
                copy.enter(Phase::Retrieval, delivered.saturating_add(poll).saturating_add(pause).max(copy.since));
            }
            copy.enter(copy.phase, at);
            copy.retrieved = Some(at);
        }
    }

    /// Ends a stay of a copy at a server: one that began at this instant, or the oldest. How it came there.
    fn release(
        &mut self,
        names: &Names,
        id: CopyId,
        (host, doing): (HostId, &str),
        at: SimTime,
    ) -> Option<AcceptanceId> {
        let copy = &mut self.copies[id.place()];
        let Some(place) = copy.holders.iter().position(|holder| holder.host == host) else {
            let (message, to) = (names.text(copy.message), names.text(copy.to));
            self.violate(format!("{message} for {to} was {doing} by host {} that did not hold it", host.0));
            return None;
        };
        let holder = &mut copy.holders[place];
        let stay = holder.stays.remove(holder.stays.iter().position(|stay| stay.since == at).unwrap_or(0));
        self.queues.change(holder.part, at, 1, Some(holder.doing), None);
        self.queues.stayed(host, at.since(stay.since), true);
        if holder.stays.is_empty() {
            copy.holders.remove(place);
        }
        stay.by
    }

    pub(super) fn violate(&mut self, what: String) {
        // One mistake shows many times; the first few tell it.
        if self.violations.len() < 20 {
            self.violations.push(what);
        }
    }

    /// Message-ID and recipient of a copy.
    pub(super) fn names_of(&self, id: CopyId) -> (NameId, NameId) {
        let copy = &self.copies[id.place()];
        (copy.message, copy.to)
    }

    /// The domain of a copy's recipient.
    pub(super) fn destination(&self, id: CopyId) -> NameId {
        self.copies[id.place()].destination
    }

    /// A copy and all from which it came.
    pub(super) fn way(&self, id: CopyId) -> Vec<CopyId> {
        let mut way = vec![id];
        let mut next = 0;
        while let Some(copy) = way.get(next) {
            for parent in &self.copies[copy.place()].parents {
                if !way.contains(parent) {
                    way.push(*parent);
                }
            }
            next += 1;
            if way.len() > MOST_FORBEARS {
                break;
            }
        }
        way
    }

    /// Whether more than one way led to a copy or to one of those from which it came.
    pub(super) fn has_two_ways(&self, id: CopyId) -> bool {
        self.way(id).iter().any(|id| {
            let copy = &self.copies[id.place()];
            copy.parents.len() > usize::from(copy.derived.is_some())
        })
    }

    /// Whether somebody outside the simulation sent it.
    pub(super) fn is_from_outside(&self, id: CopyId) -> bool {
        self.copies[id.place()].handed_in
    }

    /// Copies that each server holds, in the order of hosts.
    pub(super) fn held(&self) -> Vec<u64> {
        let mut held = vec![0; self.ledgers.len()];
        for holder in self.copies.iter().flat_map(|copy| &copy.holders) {
            held[holder.host.index()] += u64::from(holder.count());
        }
        held
    }

    pub(super) fn ledgers(&self) -> &[Ledger] {
        &self.ledgers
    }

    /// The rows, sorted, and what went wrong. The stays that the end cuts short are noted.
    pub(super) fn finish(&mut self, names: &mut Names, end: SimTime) -> (Vec<MessageRow>, Vec<String>) {
        let mut rows = Vec::with_capacity(self.copies.len());
        let mut copies = std::mem::take(&mut self.copies);
        for place in 0..copies.len() {
            let copy = &mut copies[place];
            for holder in &copy.holders {
                holder.stays.iter().for_each(|stay| self.queues.stayed(holder.host, end.since(stay.since), false));
            }
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
                copy.enter(copy.phase, end.max(copy.since));
            }
            rows.push(copies[place].row(&copies, names, status, ended));
        }
        rows.sort_by(|a, b| (a.composed, &a.message, &a.to).cmp(&(b.composed, &b.message, &b.to)));
        (rows, std::mem::take(&mut self.violations))
    }
}

/// Those from which a copy came are looked for no further than this: nobody nests lists so deep.
const MOST_FORBEARS: usize = 1_000;
