//! Mail queues by destination and status, and how long copies stayed in them.
//!
//! A server's queue is told apart by the recipients' domains. A copy in it is due (its next
//! attempt may begin), active (an attempt is under way) or waiting (until a retry is due). Of
//! several changes at one instant the last is kept, as in the table `queue`; so the three
//! statuses of all destinations sum to the copies there. A server that took a copy twice,
//! because its first reply was lost, shows both in the status that it named last.
//!
//! A *stay* lasts from the acceptance of a copy by a server until that server is rid of it.

use rustc_hash::FxHashMap;

use super::names::{NameId, Names, Text};
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::{SimDuration, SimTime};

/// The part of a server's queue for one destination from an instant on: a row of the table
/// `queue_destinations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationRow {
    /// Since when.
    pub at: SimTime,
    /// The server.
    pub server: Text,
    /// The recipients' domain, in lower case.
    pub destination: Text,
    /// Copies whose next attempt may begin.
    pub due: u32,
    /// Copies in an attempt.
    pub active: u32,
    /// Copies that wait for a retry.
    pub waiting: u32,
}

/// What a copy in a queue does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Doing {
    #[default]
    Due,
    Active,
    Waiting,
}

/// A stay in a server's queue that is over, or that the end of the run cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) server: HostId,
    pub(super) lasted: SimDuration,
    /// Whether the copy left; if not, it was still there at the end.
    pub(super) left: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lengths {
    due: u32,
    active: u32,
    waiting: u32,
}

impl Lengths {
    const fn of(&mut self, doing: Doing) -> &mut u32 {
        match doing {
            Doing::Due => &mut self.due,
            Doing::Active => &mut self.active,
            Doing::Waiting => &mut self.waiting,
        }
    }
}

/// A server's queue for one destination.
#[derive(Clone, Debug)]
struct Part {
    server: HostId,
    destination: NameId,
    now: Lengths,
    samples: Vec<(SimTime, Lengths)>,
}

/// The number of a part of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartId(u32);

/// All parts of all queues.
#[derive(Clone, Debug, Default)]
pub(super) struct Destinations {
    parts: Vec<Part>,
    index: FxHashMap<(HostId, NameId), PartId>,
    stays: Vec<Stay>,
}

impl Destinations {
    /// The part of a server's queue for a destination.
    pub(super) fn part(&mut self, server: HostId, destination: NameId) -> PartId {
        *self.index.entry((server, destination)).or_insert_with(|| {
            self.parts.push(Part { server, destination, now: Lengths::default(), samples: Vec::new() });
            PartId(u32::try_from(self.parts.len() - 1).expect("fewer than 2^32 parts"))
        })
    }

    /// `copies` copies change from one status to another; none stands for "not in the queue".
    pub(super) fn change(&mut self, part: PartId, at: SimTime, copies: u32, from: Option<Doing>, to: Option<Doing>) {
        let part = &mut self.parts[part.0 as usize];
        if let Some(from) = from {
            let length = part.now.of(from);
            *length = length.saturating_sub(copies);
        }
        if let Some(to) = to {
            *part.now.of(to) += copies;
        }
        part.samples.pop_if(|(last, _)| *last == at);
        let before = part.samples.last().map_or(Lengths::default(), |(_, before)| *before);
        if before != part.now {
            part.samples.push((at, part.now));
        }
    }

    /// A server is rid of a copy that it had for so long, or still has it at the end.
    pub(super) fn stayed(&mut self, server: HostId, lasted: SimDuration, left: bool) {
        self.stays.push(Stay { server, lasted, left });
    }

    /// The rows, sorted, and the stays.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> (Vec<DestinationRow>, Vec<Stay>) {
        let mut rows = Vec::with_capacity(self.parts.iter().map(|part| part.samples.len()).sum());
        for part in &self.parts {
            let (server, destination) = (names.share(directory.host_name(part.server)), names.text(part.destination));
            rows.extend(part.samples.iter().map(|(at, lengths)| DestinationRow {
                at: *at,
                server: server.clone(),
                destination: destination.clone(),
                due: lengths.due,
                active: lengths.active,
                waiting: lengths.waiting,
            }));
        }
        rows.sort_by(|a, b| (a.at, &a.server, &a.destination).cmp(&(b.at, &b.server, &b.destination)));
        (rows, self.stays)
    }
}
