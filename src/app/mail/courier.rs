//! A courier takes mail to one destination: it asks where to go, connects, and hands over
//! message after message on the one connection.
//!
//! ```text
//!  Fresh -> Mx -> Address -> Connecting -> Talking -> (QUIT)
//!                   ^  \---------\-------------\ next address, next exchanger, or the end
//!                   +---------------------------+
//! ```
//!
//! It sets out for one transaction and takes others of its destination when that is over. If it
//! does not get through, that one fails; if no other courier of the destination is left, all
//! that waits for it fails with that.

use std::net::IpAddr;

use super::queue::CopyKey;
use super::routing::{Route, next_hop};
use super::spool::Reached;
use crate::app::sessions::Talk;
use crate::base::{CloseReason, ConnId, SimTime};
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
    /// The session runs.
    Talking(Box<Talking>),
}

/// A session that runs.
#[derive(Clone, Debug)]
pub(super) struct Talking {
    pub(super) talk: Talk<Client>,
    /// Transactions begun.
    pub(super) sent: u32,
    pub(super) opened: SimTime,
    /// Until when it waits for something to carry, if it does.
    pub(super) idle_until: Option<SimTime>,
}

#[derive(Clone, Debug)]
pub(super) struct Courier {
    pub(super) destination: String,
    pub(super) port: u16,
    pub(super) stage: Stage,
    pub(super) route: Route,
    /// The transaction in its care.
    pub(super) job: Option<Job>,
    /// Addresses tried and sessions begun for it.
    pub(super) addresses_tried: usize,
    pub(super) sessions_begun: usize,
    /// Whether a server greeted it in this attempt.
    pub(super) welcomed: bool,
    pub(super) exchange: Option<IpAddr>,
    /// The address with which TLS did not come to be, and to which it goes without.
    pub(super) in_clear: Option<IpAddr>,
    pub(super) conn: Option<ConnId>,
    /// How the present connection ended, when that is known.
    pub(super) closed: Option<CloseReason>,
}

impl Courier {
    pub(super) fn new(destination: String, job: Job) -> Self {
        Self {
            port: next_hop(&destination).map_or(PORT, |hop| hop.port),
            destination,
            stage: Stage::Fresh,
            route: Route::default(),
            job: Some(job),
            addresses_tried: 0,
            sessions_begun: 0,
            welcomed: false,
            exchange: None,
            in_clear: None,
            conn: None,
            closed: None,
        }
    }

    /// The exchanger's address that it has reached is the next to be tried.
    pub(super) fn call_again(&mut self) {
        if let Some(exchange) = self.exchange {
            self.route.addresses.push_front(exchange);
        }
    }

    pub(super) const fn reached(&self) -> Reached {
        Reached { exchange: self.exchange, conn: self.conn }
    }

    /// The copies in its care.
    pub(super) fn keys(&self) -> Vec<CopyKey> {
        self.job.iter().flat_map(Job::keys).collect()
    }

    /// Takes another transaction, for which nothing was tried yet.
    pub(super) fn take(&mut self, job: Job) {
        (self.addresses_tried, self.sessions_begun) = (0, 0);
        self.job = Some(job);
    }
}
