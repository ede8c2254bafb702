//! How a server delivers what is in its queue.
//!
//! The defaults are the textbook's: one connection to a destination, opened when there is
//! something for it and closed when there is nothing more; every address of every exchanger is tried; nothing
//! is remembered of a destination that does not answer. `postfix` has what Postfix is known to do.

use crate::base::SimDuration;

/// How a server delivers what is in its queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Recipients in one transaction.
    pub recipients_per_transaction: usize,
    /// Messages sent over one connection.
    pub messages_per_connection: u32,
    /// Connections to one destination at a time, at most.
    pub concurrency_per_destination: usize,
    /// Connections to one destination at first; more as deliveries succeed. None: as many as there may be.
    pub slow_start: Option<usize>,
    /// Connections to all destinations at a time.
    pub connections: usize,
    /// How long a connection with nothing to carry is kept for what may come.
    pub idle: SimDuration,
    /// A connection older than this carries nothing more.
    pub reuse: Option<SimDuration>,
    /// What is remembered of destinations that do not answer.
    pub dead: Option<DeadDestinations>,
    /// Addresses tried in one attempt.
    pub addresses_per_attempt: usize,
    /// Sessions begun in one attempt.
    pub sessions_per_attempt: usize,
    /// How long a connection may take to open; none: as long as TCP tries.
    pub connect_timeout: Option<SimDuration>,
}

/// When a destination is given up for a while, and what becomes of its mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadDestinations {
    /// After how many failed cohorts: as many failures in a row as connections are allowed at a time.
    pub cohorts: u32,
    /// For how long.
    pub lasting: SimDuration,
    /// What becomes of copies that are due meanwhile.
    pub meanwhile: Meanwhile,
}

/// What becomes of copies whose destination is known to be dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// Their attempt fails at once, without a connection, and the next is due as the policy says.
    Fail,
    /// They are due when the time is over.
    Hold,
}

impl Default for QueueConfig {
    /// 100 recipients in a transaction, one connection to a destination, for any number of
    /// messages.
    fn default() -> Self {
        Self {
            recipients_per_transaction: 100,
            messages_per_connection: u32::MAX,
            concurrency_per_destination: 1,
            slow_start: None,
            connections: usize::MAX,
            idle: SimDuration::ZERO,
            reuse: None,
            dead: None,
            addresses_per_attempt: usize::MAX,
            sessions_per_attempt: usize::MAX,
            connect_timeout: None,
        }
    }
}

impl QueueConfig {
    /// Postfix: 5 connections at first and at most 20, 50 recipients, connections kept for 2 s
    /// and used for 300 s, 5 addresses and 2 sessions in an attempt, a destination dead for
    /// 300 s after one failed cohort, 100 processes in all, 30 s to connect.
    #[must_use]
    pub fn postfix() -> Self {
        Self {
            recipients_per_transaction: 50,
            messages_per_connection: u32::MAX,
            concurrency_per_destination: 20,
            slow_start: Some(5),
            connections: 100,
            idle: SimDuration::from_secs(2),
            reuse: Some(SimDuration::from_secs(300)),
            dead: Some(DeadDestinations {
                cohorts: 1,
                lasting: SimDuration::from_secs(300),
                meanwhile: Meanwhile::Fail,
            }),
            addresses_per_attempt: 5,
            sessions_per_attempt: 2,
            connect_timeout: Some(SimDuration::from_secs(30)),
        }
    }
}
