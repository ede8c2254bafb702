//! Keeps of a trace what it takes to find where it parts from another: a digest of each event until it is
//! compared, the cause of each, and the texts of those that are asked for.
//!
//! Where hosts and links of both runs are the same, events are compared in their binary form. Otherwise the
//! same host has another number in each, so their form with names is compared, which is slower.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use serde_json::Value;

use super::super::events::EventWriter;
use super::super::explain::event_sentence;
use crate::base::directory::Directory;
use crate::base::hash::hash64;
use crate::base::ids::EventId;
use crate::base::time::SimTime;
use crate::base::trace::{Observer, TraceEvent};

/// An event in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its number.
    pub id: EventId,
    /// The number of its cause; 0 for a first cause.
    pub cause: EventId,
    /// When.
    pub at: SimTime,
    /// Where.
    pub host: String,
    /// What.
    pub sentence: String,
    /// All of it, as in `events.jsonl`.
    pub json: Value,
}

/// An observer for comparing.
#[derive(Debug)]
pub struct Tape {
    directory: Directory,
    by_name: bool,
    writer: EventWriter<io::Sink>,
    buffer: Vec<u8>,
    digests: VecDeque<u64>,
    keeps_digests: bool,
    causes: Vec<EventId>,
    wanted: BTreeSet<EventId>,
    told: BTreeMap<EventId, Told>,
}

impl Tape {
    /// A tape that keeps the digests and causes of all events; `by_name` where the other run has other hosts
    /// or links.
    #[must_use]
    pub fn of_digests(directory: Directory, by_name: bool) -> Self {
        Self { by_name, keeps_digests: true, ..Self::of_texts(directory, BTreeSet::new()) }
    }

    /// A tape that keeps the texts of these events.
    #[must_use]
    pub fn of_texts(directory: Directory, wanted: BTreeSet<EventId>) -> Self {
        Self {
            writer: EventWriter::new(Directory::clone(&directory), io::sink()),
            directory,
            by_name: false,
            buffer: Vec::new(),
            digests: VecDeque::new(),
            keeps_digests: false,
            causes: Vec::new(),
            wanted,
            told: BTreeMap::new(),
        }
    }

    /// The digest of the first event that has not been taken yet.
    pub fn first(&self) -> Option<u64> {
        self.digests.front().copied()
    }

    /// Lets go of the first event.
    pub fn forget_first(&mut self) {
        self.digests.pop_front();
    }

    /// The chain of causes of an event, the nearest first.
    #[must_use]
    pub fn causes_of(&self, event: EventId) -> Vec<EventId> {
        let mut chain = Vec::new();
        let mut next = event;
        loop {
            let place = usize::try_from(next.0).ok().and_then(|number| number.checked_sub(1));
            // causes come before what they cause, so the chain ends
            let cause = place.and_then(|place| self.causes.get(place)).copied().filter(|cause| cause.0 < next.0);
            match cause {
                Some(cause) if cause.0 > 0 => {
                    chain.push(cause);
                    next = cause;
                }
                Some(_) | None => return chain,
            }
        }
    }

    /// An event that was asked for.
    #[must_use]
    pub fn told(&self, event: EventId) -> Option<&Told> {
        self.told.get(&event)
    }

    fn digest(&mut self, event: &TraceEvent<'_>) -> u64 {
        self.buffer.clear();
        if self.by_name {
            self.buffer.extend_from_slice(self.writer.line(event).to_string().as_bytes());
        } else {
            let buffer = std::mem::take(&mut self.buffer);
            self.buffer = postcard::to_extend(event, buffer).expect("a trace event has no sequence of unknown length");
        }
        hash64(0, &self.buffer)
    }
}

impl Observer for Tape {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if self.keeps_digests {
            let digest = self.digest(event);
            self.digests.push_back(digest);
            self.causes.push(event.cause);
        }
        if self.wanted.contains(&event.id) {
            let told = Told {
                id: event.id,
                cause: event.cause,
                at: event.at,
                host: self.directory.host_name(event.host).to_owned(),
                sentence: event_sentence(&self.directory, event),
                json: self.writer.line(event),
            };
            self.told.insert(event.id, told);
        }
    }
}
