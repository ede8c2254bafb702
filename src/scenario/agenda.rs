//! From a scenario's workload to what each user agent is to do.
//!
//! One agent per user and computer: a user who reads on a second device has a second agent
//! there. Poisson processes keep the order of the file, so each has its own stream.

use std::collections::BTreeMap;

use crate::app::user::{self, Arrivals, Draft, ReadJob, UserAgentConfig};
use crate::base::{Dist, HostId, SimDuration, SimTime};
use crate::proto::message::build::filler;
use crate::proto::pop3::Mode;

use super::build::{dialect, resolver_addresses};
use super::resolved::{Body, MessageWork, PoissonWork, ReadMode, ReadWork, Resolved, Schedule, Work};

/// Mail is submitted to this port (RFC 6409 3.1).
const SUBMISSION: u16 = 587;

/// The user agents with the hosts they run on, by host and user.
pub(super) fn user_agents(scenario: &Resolved) -> Vec<(HostId, UserAgentConfig)> {
    let mut agents: BTreeMap<(HostId, usize), UserAgentConfig> = BTreeMap::new();
    for (index, user) in scenario.users.iter().enumerate() {
        agents.insert((user.host, index), idle_agent(scenario, index, user.host));
    }
    let mut agent = |on: HostId, index: usize, work: &dyn Fn(&mut UserAgentConfig)| {
        work(agents.entry((on, index)).or_insert_with(|| idle_agent(scenario, index, on)));
    };
    for work in &scenario.workload {
        match work {
            Work::Message(message) => {
                agent(message.on, message.from, &|config| config.drafts.extend(drafts(scenario, message)));
            }
            Work::Poisson(poisson) => {
                agent(poisson.on, poisson.from, &|config| config.arrivals.push(arrivals(scenario, poisson)));
            }
            Work::Read(read) => agent(read.on, read.user, &|config| config.reads.push(read_job(read))),
            Work::Lookup(_) => {}
        }
    }
    agents.into_iter().map(|((host, _), config)| (host, config)).collect()
}

fn idle_agent(scenario: &Resolved, index: usize, on: HostId) -> UserAgentConfig {
    let user = &scenario.users[index];
    UserAgentConfig {
        address: user.address.clone(),
        password: user.password.clone(),
        server: scenario.host_spec(user.server).name.clone(),
        port: SUBMISSION,
        resolvers: resolver_addresses(scenario, on),
        dialect: dialect(scenario.domains[user.domain].dialect),
        drafts: Vec::new(),
        arrivals: Vec::new(),
        reads: Vec::new(),
    }
}

fn text(subject: &str) -> Option<String> {
    (!subject.is_empty()).then(|| subject.to_owned())
}

/// The drafts of a message that is written again and again. No more are made than the run
/// may compose in all.
fn drafts(scenario: &Resolved, work: &MessageWork) -> Vec<Draft> {
    let most = usize::try_from(scenario.limits.messages).unwrap_or(usize::MAX).saturating_add(1);
    let body = match &work.body {
        Body::Lines(lines) => lines.clone(),
        Body::Bytes(size) => filler(size.bytes()),
    };
    let draft = |at| Draft { at, to: work.to.clone(), subject: text(&work.subject), body: body.clone() };
    work.schedule.instants().take(most).map(draft).collect()
}

fn arrivals(scenario: &Resolved, work: &PoissonWork) -> Arrivals {
    Arrivals {
        start: work.at,
        until: Some(work.until),
        gap: Dist::Exponential { mean: work.mean_gap },
        to: work.to.iter().map(|&index| scenario.users[index].address.clone()).collect(),
        subject: text(&work.subject),
        body: match &work.body {
            Body::Lines(lines) => user::Body::Lines(lines.clone()),
            Body::Bytes(size) => user::Body::Octets(size.bytes()),
        },
    }
}

fn read_job(work: &ReadWork) -> ReadJob {
    ReadJob {
        at: work.schedule.at,
        every: work.schedule.every,
        until: Some(work.schedule.last().saturating_add(SimDuration::from_nanos(1))),
        mode: match work.mode {
            ReadMode::Pop3 => Mode::DownloadAndDelete,
            ReadMode::Pop3Keep => Mode::DownloadAndKeep,
        },
    }
}

impl Schedule {
    /// How often in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        let Some(every) = self.every else { return 1 };
        let fit = self.until.as_nanos().saturating_sub(self.at.as_nanos()) / every.as_nanos().max(1) + 1;
        self.times.map_or(fit, |times| times.min(fit))
    }

    /// Every time, in order.
    pub fn instants(&self) -> impl Iterator<Item = SimTime> {
        let (at, every) = (self.at, self.every.unwrap_or(SimDuration::ZERO));
        (0..self.count()).map(move |n| at.saturating_add(every.saturating_mul(n)))
    }

    /// The last time.
    #[must_use]
    pub fn last(&self) -> SimTime {
        let repetitions = self.count().saturating_sub(1);
        self.at.saturating_add(self.every.unwrap_or(SimDuration::ZERO).saturating_mul(repetitions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_end_with_their_times_or_their_end() {
        let s = |secs: u64| SimTime::from_nanos(secs * 1_000_000_000);
        let schedule = |every: Option<u64>, times, until| Schedule {
            at: s(10),
            every: every.map(SimDuration::from_secs),
            times,
            until: s(until),
        };
        let instants = |schedule: Schedule| schedule.instants().collect::<Vec<_>>();
        assert_eq!(instants(schedule(None, None, 100)), [s(10)]);
        assert_eq!(instants(schedule(Some(30), None, 70)), [s(10), s(40), s(70)]);
        assert_eq!(instants(schedule(Some(30), Some(2), 1000)), [s(10), s(40)]);
        assert_eq!(schedule(Some(30), Some(5), 45).last(), s(40));
    }
}
