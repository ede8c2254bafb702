//! An application that looks names up on schedule and does nothing with the answers: the
//! trace tells what came.
//!
//! A job whose times pass while its host is down is done once when the host is up again.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::app::host::{Host, Input};
use crate::base::{SimDuration, SimTime};
use crate::proto::dns::Rtype;

use super::stub::Stub;

/// Look-ups of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupJob {
    /// When to ask first.
    pub at: SimTime,
    /// The name.
    pub name: String,
    /// The type.
    pub rtype: Rtype,
    /// The time between two askings; none (or zero) to ask once.
    pub every: Option<SimDuration>,
    /// How often to ask.
    pub times: u32,
}

/// A schedule of look-ups on a host.
#[derive(Clone, Debug)]
pub struct LookupAgent {
    stub: Stub,
    jobs: Vec<Scheduled>,
    /// When each job that is not done is due, with its number.
    due: BTreeSet<(SimTime, usize)>,
    up: bool,
}

#[derive(Clone, Debug)]
struct Scheduled {
    job: LookupJob,
    next: SimTime,
    left: u32,
}

impl LookupAgent {
    /// An agent that asks these resolvers.
    #[must_use]
    pub fn new(servers: Vec<IpAddr>, jobs: Vec<LookupJob>) -> Self {
        let jobs: Vec<Scheduled> =
            jobs.into_iter().map(|job| Scheduled { next: job.at, left: job.times, job }).collect();
        let due = jobs.iter().enumerate().filter(|(_, job)| job.left > 0).map(|(n, job)| (job.next, n)).collect();
        Self { stub: Stub::new(servers), jobs, due, up: false }
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => {
                self.up = true;
                self.ask_due(host);
            }
            Input::Crash => {
                self.up = false;
                self.stub.crash();
            }
            Input::Wake => {
                self.stub.wake(host);
                self.ask_due(host);
            }
            Input::Datagram { local_port, from, bytes } => {
                self.stub.datagram(host, local_port, from, bytes);
            }
            Input::Unreachable { local_port, to } => self.stub.unreachable(host, local_port, to),
            Input::Connected { .. } | Input::Data { .. } | Input::PeerClosed { .. } | Input::Closed { .. } => {
                self.stub.stream(host, input);
            }
            Input::Accepted { .. } | Input::Drained { .. } | Input::Flush => {}
        }
        while self.stub.next_answer().is_some() {}
    }

    /// When the agent wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let due = self.due.first().filter(|_| self.up).map_or(SimTime::NEVER, |(at, _)| *at);
        due.min(self.stub.deadline())
    }

    fn ask_due(&mut self, host: &mut impl Host) {
        let cause = host.cause();
        let now = host.now();
        let later = self.due.split_off(&(now.saturating_add(SimDuration::from_nanos(1)), 0));
        let mut numbers: Vec<usize> = std::mem::replace(&mut self.due, later).into_iter().map(|(_, n)| n).collect();
        numbers.sort_unstable();
        for number in numbers {
            let scheduled = &mut self.jobs[number];
            scheduled.pass(now);
            if scheduled.left > 0 {
                self.due.insert((scheduled.next, number));
            }
            host.set_cause(cause);
            self.stub.ask(host, &scheduled.job.name, scheduled.job.rtype, number as u64);
        }
        host.set_cause(cause);
    }
}

impl Scheduled {
    /// An asking is due: it, and all others whose time has passed, are done with.
    fn pass(&mut self, now: SimTime) {
        let Some(every) = self.job.every.filter(|every| *every > SimDuration::ZERO) else {
            self.left = 0;
            return;
        };
        let missed = now.since(self.next).as_nanos() / every.as_nanos();
        let done = missed.saturating_add(1);
        self.left = self.left.saturating_sub(u32::try_from(done).unwrap_or(u32::MAX));
        self.next = self.next.saturating_add(every.saturating_mul(done));
    }
}
