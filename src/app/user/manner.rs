//! How a user reads mail: the protocol, what is fetched of each message, and what becomes of it afterwards.

use super::access::Way;
use crate::base::{Probability, SimDuration, SimTime};

/// When and how the mailbox is read.
#[derive(Clone, Debug)]
pub struct ReadJob {
    /// The first time.
    pub at: SimTime,
    /// Again after each such time; none for once only.
    pub every: Option<SimDuration>,
    /// Not at this time or later.
    pub until: Option<SimTime>,
    /// How.
    pub manner: Manner,
}

/// What is fetched of a message that is new to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// What a list shows.
    Headers,
    /// That, and the text.
    Text,
    /// Everything.
    Whole,
}

/// How a mailbox is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Manner {
    /// By which protocol.
    pub way: Way,
    /// Whether the device remembers what it has; if not, everything is new to it each time.
    pub remembers: bool,
    /// What is fetched of each new message.
    pub fetch: Fetch,
    /// Of messages of which only headers are fetched: the share whose text is fetched after all.
    pub open: Probability,
    /// Of messages whose text is fetched: the share of other parts that is fetched, too.
    pub attachments: Probability,
    /// The folder.
    pub folder: String,
    /// Where messages go that were read.
    pub file_into: Option<String>,
    /// How long the session goes on and waits for news.
    pub stay: SimDuration,
    /// How long after it was fetched a message is deleted on the server; none: it stays.
    pub leave_for: Option<SimDuration>,
}

impl Manner {
    /// As the lecture reads by POP3: it lists, fetches all, and deletes or keeps.
    #[must_use]
    pub fn lecture(delete: bool) -> Self {
        Self { remembers: false, leave_for: delete.then_some(SimDuration::ZERO), ..Self::new(Way::Pop3) }
    }

    /// All that is new is fetched, and stays.
    #[must_use]
    pub fn new(way: Way) -> Self {
        Self {
            way,
            remembers: true,
            fetch: Fetch::Whole,
            open: Probability::ZERO,
            attachments: Probability::ZERO,
            folder: "INBOX".to_owned(),
            file_into: None,
            stay: SimDuration::ZERO,
            leave_for: None,
        }
    }
}

/// The job's next time after `now`, in whole periods from its first.
pub(super) fn next_time(job: &ReadJob, now: SimTime) -> SimTime {
    let Some((next, _)) = job.at.next_in_periods(job.every, now) else { return SimTime::NEVER };
    if job.until.is_some_and(|until| next >= until) { SimTime::NEVER } else { next }
}
