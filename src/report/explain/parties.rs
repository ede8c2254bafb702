//! Which copies of a message an event of its way concerns.
//!
//! A courier carries several copies, and others wait for what it finds out. The trace tells the phase that they enter
//! copy by copy, each event caused by the one before; what the courier then does is caused by the last of
//! these. So copies whose phase begins in one such walk are a party, and what follows concerns all of it. Who comes first in
//! the walk is carried by the courier, with the others of its message; a message that comes later waits.

use rustc_hash::FxHashMap;

use crate::base::ids::{EventId, HostId};
use crate::base::time::SimTime;
use crate::base::trace::{Phase, TraceEvent};

/// Copies that share what follows from an event.
#[derive(Clone, Debug, Default)]
pub(super) struct Party {
    /// Their places among the recipients.
    pub(super) copies: Vec<usize>,
    /// Whether it is for them that a courier is on its way, or they wait for another's.
    pub(super) carried: bool,
}

/// Events in a row by which copies enter one phase.
#[derive(Clone, Copy, Debug)]
struct Walk {
    last: EventId,
    at: SimTime,
    host: HostId,
    phase: Phase,
    /// Whether it began with a copy of the message.
    ours: bool,
    party: Option<usize>,
}

/// The parties of a message, and the events that concern them.
#[derive(Clone, Debug, Default)]
pub(super) struct Parties {
    parties: Vec<Party>,
    chain: FxHashMap<EventId, usize>,
    alone: FxHashMap<usize, usize>,
    walk: Option<Walk>,
}

impl Parties {
    /// The number of the party that an event concerns, if one.
    pub(super) fn of(&self, event: EventId) -> Option<usize> {
        self.chain.get(&event).copied()
    }

    pub(super) fn get(&self, party: usize) -> Option<&Party> {
        self.parties.get(party)
    }

    /// An event concerns that party too.
    pub(super) fn follow(&mut self, event: EventId, party: usize) {
        self.chain.insert(event, party);
    }

    /// An event concerns one copy.
    pub(super) fn alone(&mut self, event: EventId, copy: usize) {
        let parties = &mut self.parties;
        let party = *self.alone.entry(copy).or_insert_with(|| {
            parties.push(Party { copies: vec![copy], carried: true });
            parties.len() - 1
        });
        self.chain.insert(event, party);
    }

    /// A copy enters a phase of a courier's way: one of the message, or with none another's. Whether it joined those
    /// before it.
    pub(super) fn step(&mut self, event: &TraceEvent<'_>, phase: Phase, copy: Option<usize>) -> bool {
        let goes_on = |walk: &Walk| {
            walk.last == event.cause && walk.at == event.at && walk.host == event.host && walk.phase == phase
        };
        let before = self.walk.filter(goes_on);
        let mut walk = before.unwrap_or(Walk {
            last: event.id,
            at: event.at,
            host: event.host,
            phase,
            ours: copy.is_some(),
            party: None,
        });
        walk.last = event.id;
        if walk.party.is_none() && (copy.is_some() || self.of(event.cause).is_some()) {
            self.parties.push(Party { copies: Vec::new(), carried: walk.ours });
            walk.party = Some(self.parties.len() - 1);
        }
        if let Some(party) = walk.party {
            let copies = &mut self.parties[party].copies;
            copies.extend(copy.filter(|copy| !copies.contains(copy)));
            self.chain.insert(event.id, party);
        }
        self.walk = Some(walk);
        before.is_some()
    }
}
