//! A courier takes mail to one destination: it asks where to go, connects, and hands over
//! message after message on the one connection.
//!
//! ```text
//!  Fresh -> Mx -> Address -> Connecting -> Talking -> (QUIT)
//!                   ^  \---------\-------------\ next address, next exchanger, or deferred
//!                   +---------------------------+
//! ```
//!
//! A copy's attempt begins when it is given to a courier. So all copies for a destination
//! that does not answer fail together, and each keeps its own schedule.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::queue::CopyKey;
use super::routing::{Route, next_hop};
use super::spool::Reached;
use crate::app::sessions::Talk;
use crate::base::{CloseReason, ConnId};
use crate::proto::smtp::{Client, PORT};

/// Copies of one message for one destination: one transaction.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) message: u64,
    pub(super) copies: Vec<usize>,
}

impl Job {
    pub(super) fn keys(&self) -> impl Iterator<Item = CopyKey> {
        self.copies.iter().map(|copy| CopyKey { message: self.message, copy: *copy })
    }
}

#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// Nothing was done yet.
    Fresh,
    /// The MX question is asked.
    Mx,
    /// The question for this exchanger's addresses is asked.
    Address { exchange: String },
    /// The connection is being opened.
    Connecting,
    /// The session runs; `job` is the transaction under way.
    Talking { talk: Box<Talk<Client>>, job: Option<Job>, sent: u32 },
}

#[derive(Clone, Debug)]
pub(super) struct Courier {
    pub(super) destination: String,
    pub(super) port: u16,
    pub(super) stage: Stage,
    pub(super) route: Route,
    pub(super) jobs: VecDeque<Job>,
    pub(super) exchange: Option<IpAddr>,
    pub(super) conn: Option<ConnId>,
    /// How the present connection ended, when that is known.
    pub(super) closed: Option<CloseReason>,
}

impl Courier {
    pub(super) fn new(destination: String) -> Self {
        Self {
            port: next_hop(&destination).map_or(PORT, |hop| hop.port),
            destination,
            stage: Stage::Fresh,
            route: Route::default(),
            jobs: VecDeque::new(),
            exchange: None,
            conn: None,
            closed: None,
        }
    }

    pub(super) const fn reached(&self) -> Reached {
        Reached { exchange: self.exchange, conn: self.conn }
    }

    /// All copies in its care, the transaction under way first.
    pub(super) fn keys(&self) -> Vec<CopyKey> {
        let current = match &self.stage {
            Stage::Talking { job, .. } => job.as_ref(),
            Stage::Fresh | Stage::Mx | Stage::Address { .. } | Stage::Connecting => None,
        };
        current.into_iter().chain(&self.jobs).flat_map(Job::keys).collect()
    }

    /// How much it has to do.
    pub(super) fn load(&self) -> usize {
        let current = matches!(self.stage, Stage::Talking { job: Some(_), .. });
        self.jobs.len() + usize::from(current)
    }

    /// Adds a copy, to the last transaction if that is the same message and has room.
    pub(super) fn add(&mut self, key: CopyKey, most_recipients: usize) {
        match self.jobs.back_mut() {
            Some(job) if job.message == key.message && job.copies.len() < most_recipients => job.copies.push(key.copy),
            Some(_) | None => self.jobs.push_back(Job { message: key.message, copies: vec![key.copy] }),
        }
    }
}
