//! What is known of one destination: the mail that waits for it, the connections to it, how many
//! there may be, and whether it is known to be dead.

use std::collections::VecDeque;

use super::window::Window;
use crate::app::mail::config::QueueConfig;
use crate::app::mail::courier::Job;
use crate::app::mail::failure::Reason;
use crate::app::mail::queue::{CopyKey, Priority};
use crate::base::SimTime;

/// A destination: a mail domain, or a host.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    jobs: [VecDeque<Job>; Priority::COUNT],
    /// Those on their way or connected, in the order in which they set out.
    pub(super) couriers: Vec<u64>,
    /// Those of them whose connection is open and has nothing to carry.
    pub(super) idle: VecDeque<u64>,
    /// Those whose connection is open.
    pub(super) talking: usize,
    pub(super) window: Window,
    /// Until when nothing is tried, and why.
    pub(super) dead: Option<(SimTime, Reason)>,
    /// Whether couriers are to be sent out, and whether that waits for a connection to end.
    pub(super) called: bool,
    pub(super) starved: bool,
}

impl Destination {
    pub(super) fn new(config: &QueueConfig) -> Self {
        let most = config.concurrency_per_destination.max(1);
        Self {
            jobs: Default::default(),
            couriers: Vec::new(),
            idle: VecDeque::new(),
            talking: 0,
            window: Window::new(config.slow_start.unwrap_or(most).clamp(1, most), most),
            dead: None,
            called: false,
            starved: false,
        }
    }

    /// Adds a copy, to the last transaction if that is the same message and has room.
    pub(super) fn add(&mut self, key: CopyKey, priority: Priority, most_recipients: usize) {
        let jobs = &mut self.jobs[priority as usize];
        match jobs.back_mut() {
            Some(job) if job.message == key.message && job.copies.len() < most_recipients => job.copies.push(key.copy),
            Some(_) | None => jobs.push_back(Job { message: key.message, copies: vec![key.copy] }),
        }
    }

    /// The next transaction, by priority and then in the order of arrival.
    pub(super) fn take(&mut self) -> Option<Job> {
        self.jobs.iter_mut().find_map(VecDeque::pop_front)
    }

    pub(super) fn nothing_waits(&self) -> bool {
        self.jobs.iter().all(VecDeque::is_empty)
    }

    /// The copies that wait for a courier.
    pub(super) fn waiting(&self) -> Vec<CopyKey> {
        self.jobs.iter().flatten().flat_map(Job::keys).collect()
    }

    /// Takes away all that wait.
    pub(super) fn drain(&mut self) -> Vec<CopyKey> {
        let waiting = self.waiting();
        self.jobs.iter_mut().for_each(VecDeque::clear);
        waiting
    }

    /// Why nothing is tried now, and until when.
    pub(super) fn is_dead(&mut self, now: SimTime, config: &QueueConfig) -> Option<&(SimTime, Reason)> {
        if self.dead.as_ref().is_some_and(|(until, _)| *until <= now) {
            // It gets a new chance as a destination of which nothing is known.
            self.window = Self::new(config).window;
            self.dead = None;
        }
        self.dead.as_ref()
    }

    /// Whether nothing would be lost with it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.couriers.is_empty() && self.nothing_waits() && self.dead.is_none()
    }
}
