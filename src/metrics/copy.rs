//! One copy of a message while the run goes on.

use smallvec::SmallVec;

use super::destinations::{Doing, PartId};
use super::messages::{CopyStatus, MessageRow};
use super::names::{NameId, Names};
use super::replies::AcceptanceId;
use super::words;
use crate::base::ids::HostId;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{FailureKind, MessageKind, Phase, Redirection};

/// The index of a copy among those of its recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CopyId(u32);

impl CopyId {
    pub(super) fn new(place: usize) -> Self {
        Self(u32::try_from(place).expect("fewer than 2^32 copies"))
    }

    pub(super) const fn index(self) -> u32 {
        self.0
    }

    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }
}

/// A stay of a copy at a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    pub(super) since: SimTime,
    /// How it came there, unless the server wrote it.
    pub(super) by: Option<AcceptanceId>,
}

/// A server that holds a copy.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) host: HostId,
    /// When it took it; several times after a lost reply.
    pub(super) stays: SmallVec<[Stay; 1]>,
    pub(super) doing: Doing,
    pub(super) part: PartId,
}

impl Holder {
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.stays.len()).unwrap_or(u32::MAX)
    }
}

/// Why a copy has no future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) reason: FailureKind,
    pub(super) code: u16,
    pub(super) enhanced: Option<NameId>,
}

/// What is known of a copy.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) message: NameId,
    pub(super) from: NameId,
    pub(super) to: NameId,
    /// The recipient's domain, in lower case.
    pub(super) destination: NameId,
    pub(super) kind: MessageKind,
    pub(super) about: Option<NameId>,
    /// The copies that were turned into this one.
    pub(super) parents: SmallVec<[CopyId; 1]>,
    /// What turned others into it, unless it was composed itself.
    pub(super) derived: Option<Redirection>,
    pub(super) composed: SimTime,
    pub(super) bytes: u64,
    pub(super) accepted: Option<SimTime>,
    pub(super) delivered: Option<SimTime>,
    pub(super) retrieved: Option<SimTime>,
    /// Set by an end other than delivery; taken back when the copy turns out to live on.
    pub(super) ended: Option<SimTime>,
    pub(super) phase: Phase,
    pub(super) since: SimTime,
    pub(super) spent: [SimDuration; Phase::ALL.len()],
    pub(super) attempts: u32,
    pub(super) duplicates: u32,
    pub(super) refused: bool,
    pub(super) given_up: bool,
    pub(super) bounce_sent: bool,
    pub(super) expanded: bool,
    pub(super) discarded: bool,
    /// Somebody outside the simulation named it.
    pub(super) handed_in: bool,
    pub(super) ending: Option<Ending>,
    pub(super) holders: SmallVec<[Holder; 1]>,
}

impl Copy {
    pub(super) fn new(kind: MessageKind, place: (NameId, NameId, NameId), destination: NameId, at: SimTime) -> Self {
        let (message, from, to) = place;
        Self {
            message,
            from,
            to,
            destination,
            kind,
            about: None,
            parents: SmallVec::new(),
            derived: None,
            composed: at,
            bytes: 0,
            accepted: None,
            delivered: None,
            retrieved: None,
            ended: None,
            phase: if kind == MessageKind::User { Phase::Composing } else { Phase::Queued },
            since: at,
            spent: [SimDuration::ZERO; Phase::ALL.len()],
            attempts: 0,
            duplicates: 0,
            refused: false,
            given_up: false,
            bounce_sent: false,
            expanded: false,
            discarded: false,
            handed_in: false,
            ending: None,
            holders: SmallVec::new(),
        }
    }

    pub(super) fn enter(&mut self, phase: Phase, at: SimTime) {
        self.spent[self.phase as usize] += at.since(self.since);
        self.phase = phase;
        self.since = at;
    }

    pub(super) fn status(&self) -> Option<CopyStatus> {
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

    pub(super) fn row(
        &self,
        copies: &[Self],
        names: &mut Names,
        status: CopyStatus,
        ended: Option<SimTime>,
    ) -> MessageRow {
        let ending = self.ending.filter(|_| status.is_failure());
        let parent = self.parents.first().filter(|_| self.derived.is_some()).map(|parent| copies[parent.place()].to);
        MessageRow {
            message: names.text(self.message),
            from: names.text(self.from),
            to: names.text(self.to),
            kind: self.kind,
            about: self.about.map(|of| names.text(of)),
            expanded_by: self.derived,
            expanded_from: parent.map(|parent| names.text(parent)),
            status,
            reason: ending.map(|ending| names.share(words::failure(ending.reason))),
            reply_code: ending.map(|ending| ending.code).filter(|code| *code != 0),
            enhanced: ending.and_then(|ending| ending.enhanced).map(|code| names.text(code)),
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
