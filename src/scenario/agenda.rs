//! From a scenario's workload to what each user agent is to do.
//!
//! One agent per user and computer: a user who reads on a second device has a second agent
//! there. Poisson processes keep the order of the file, so each has its own stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::user::{self, Arrivals, Draft, Habits, Means, ReadJob, Recipients, SessionJob, Share, UserAgentConfig};
use crate::base::{Dist, HostId, SimDuration, SimTime, Streams};

use super::build::resolver_addresses;
use super::resolved::{
    Body, DeviceSpec, MessageWork, PeopleWork, PoissonWork, ReadWork, Resolved, Schedule, SessionWork, Work,
};

/// One thing that an agent does.
enum Job {
    Write(Draft),
    WriteAtRandom(Box<Arrivals>),
    Read(ReadJob),
    Sit(SessionJob),
    Live(Box<Habits>),
}

/// The user agents with the hosts they run on, by host and user.
pub(super) fn user_agents(scenario: &Resolved) -> Vec<(HostId, UserAgentConfig)> {
    let mut agents: BTreeMap<(HostId, usize), UserAgentConfig> = BTreeMap::new();
    for (index, user) in scenario.users.iter().enumerate() {
        agents.insert((user.host, index), idle_agent(scenario, index, user.host));
    }
    let mut lists = AddressLists::default();
    // How many entries are about the habits of a user who has the own place there.
    let mut lived: BTreeMap<(HostId, usize), usize> = BTreeMap::new();
    let mut agent = |on: HostId, index: usize, work: Job| {
        let config = agents.entry((on, index)).or_insert_with(|| idle_agent(scenario, index, on));
        match work {
            Job::Write(draft) => config.drafts.push(draft),
            Job::WriteAtRandom(arrivals) => config.arrivals.push(*arrivals),
            Job::Read(job) => config.reads.push(job),
            Job::Sit(job) => config.sessions.push(job),
            Job::Live(habits) => config.habits.push(*habits),
        }
    };
    for work in &scenario.workload {
        match work {
            Work::Message(message) => agent(message.on, message.from, Job::Write(draft(message))),
            Work::Poisson(poisson) => {
                let arrivals = arrivals(scenario, &mut lists, poisson);
                agent(poisson.on, poisson.from, Job::WriteAtRandom(Box::new(arrivals)));
            }
            Work::Read(read) => agent(read.on, read.user, Job::Read(read_job(read))),
            Work::Session(session) => agent(session.on, session.user, Job::Sit(session_job(session))),
            Work::People(people) => {
                let entries = lived.entry((people.own.host, people.user)).or_default();
                for (on, habits) in habits(scenario, &mut lists, people, *entries) {
                    agent(on, people.user, Job::Live(Box::new(habits)));
                }
                *entries += 1;
            }
            Work::Lookup(_) | Work::Lookups(_) | Work::Browse(_) => {}
        }
    }
    agents.into_iter().map(|((host, _), config)| (host, config)).collect()
}

fn idle_agent(scenario: &Resolved, index: usize, on: HostId) -> UserAgentConfig {
    let user = &scenario.users[index];
    UserAgentConfig {
        address: user.address.clone(),
        name: user.name.clone(),
        device: (on != user.host).then(|| scenario.host_spec(on).name.clone()),
        password: user.password.clone(),
        server: scenario.host_spec(user.server).name.clone(),
        submission: user.submission,
        resolvers: resolver_addresses(scenario, on),
        stub_cache: scenario.host_spec(on).stub_cache,
        dialect: scenario.domains[user.domain].settings.smtp.dialect,
        drafts: Vec::new(),
        arrivals: Vec::new(),
        reads: Vec::new(),
        sessions: Vec::new(),
        habits: Vec::new(),
    }
}

pub(super) fn text(subject: &Arc<str>) -> Option<Arc<str>> {
    (!subject.is_empty()).then(|| Arc::clone(subject))
}

pub(super) fn body(body: &Body) -> user::Body {
    match body {
        Body::Lines(lines) => user::Body::Lines(Arc::clone(lines)),
        Body::Bytes(size) => user::Body::Octets(size.bytes()),
    }
}

fn draft(work: &MessageWork) -> Draft {
    Draft {
        at: work.schedule.at,
        every: work.schedule.every,
        times: work.schedule.count(),
        to: Arc::clone(&work.to),
        subject: text(&work.subject),
        body: body(&work.body),
        extras: work.extras.clone(),
        nth: 0,
    }
}

/// The addresses behind lists of users: each list that is shared stays shared.
#[derive(Default)]
struct AddressLists {
    /// By the place of the list in memory, which decides nothing.
    known: BTreeMap<*const usize, Arc<[String]>>,
}

impl AddressLists {
    fn of(&mut self, scenario: &Resolved, people: &Arc<[usize]>) -> Arc<[String]> {
        let addresses = || people.iter().map(|&index| scenario.users[index].address.clone()).collect();
        Arc::clone(self.known.entry(people.as_ptr()).or_insert_with(addresses))
    }
}

fn arrivals(scenario: &Resolved, lists: &mut AddressLists, work: &PoissonWork) -> Arrivals {
    Arrivals {
        start: work.at,
        until: Some(work.until),
        gap: Dist::Exponential { mean: work.mean_gap },
        stream: work.together.then(|| Streams::new(scenario.run.seed).stream(&format!("workload/{}", work.entry))),
        to: Recipients::new(lists.of(scenario, &work.to), work.to.binary_search(&work.from).ok()),
        subject: text(&work.subject),
        body: body(&work.body),
        extras: work.extras.clone(),
    }
}

fn read_job(work: &ReadWork) -> ReadJob {
    ReadJob {
        at: work.schedule.at,
        every: work.schedule.every,
        until: Some(work.schedule.last().saturating_add(SimDuration::from_nanos(1))),
        manner: work.manner.clone(),
    }
}

fn session_job(work: &SessionWork) -> SessionJob {
    SessionJob {
        at: work.schedule.at,
        every: work.schedule.every,
        times: work.schedule.count(),
        means: work.means,
        steps: Arc::clone(&work.steps),
    }
}

/// The habits for each device on which there are sessions. All have the streams of the first, of which this is
/// the `nth` entry.
fn habits(scenario: &Resolved, lists: &mut AddressLists, work: &PeopleWork, nth: usize) -> Vec<(HostId, Habits)> {
    let mut among =
        |people: &Arc<[usize]>| Recipients::new(lists.of(scenario, people), people.binary_search(&work.user).ok());
    let own = &scenario.host_spec(work.own.host).name;
    let used = || work.devices.iter().filter(|(_, weight)| *weight > 0.0);
    let weights: Vec<f64> = used().map(|(_, weight)| *weight).collect();
    let flags = used().all(|(device, _)| !device.means.is_local());
    let habits = Habits {
        means: Means::Imap,
        name: format!("{}/user/{}/people/{nth}", own, scenario.users[work.user].address),
        streams: Streams::new(scenario.run.seed),
        share: Share { here: 0, weights, flags },
        start: work.at,
        until: work.until,
        rhythm: work.rhythm.clone(),
        traits: Arc::clone(&work.traits),
        to: among(&work.to),
        colleagues: among(&work.colleagues),
        subject: text(&work.subject),
        body: body(&work.body),
        extras: work.extras.clone(),
    };
    let on = |(here, (device, _)): (usize, &(DeviceSpec, f64))| {
        let share = Share { here, ..habits.share.clone() };
        (device.host, Habits { means: device.means, share, ..habits.clone() })
    };
    used().enumerate().map(on).collect()
}

impl Schedule {
    /// How often in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        let Some(every) = self.every else { return 1 };
        let fit = self.until.as_nanos().saturating_sub(self.at.as_nanos()) / every.as_nanos().max(1) + 1;
        self.times.map_or(fit, |times| times.min(fit))
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

    /// Breaks when two agents of one user, who do not know each other's numbers, could give
    /// two messages the same Message-ID.
    #[test]
    fn an_agent_on_another_device_is_told_so() {
        let text = r#"{
            "network": { "hosts": { "laptop.crepes.fr": {} } },
            "mail": { "crepes.fr": { "users": ["alice"] } },
            "workload": [
                { "from": "alice@crepes.fr", "to": "alice@crepes.fr" },
                { "from": "alice@crepes.fr", "to": "alice@crepes.fr", "on": "laptop.crepes.fr" }
            ]
        }"#;
        let scenario = crate::scenario::load("test.json", text).unwrap();
        let devices: Vec<_> = user_agents(&scenario).into_iter().map(|(_, agent)| agent.device).collect();
        assert_eq!(devices, [None, Some("laptop.crepes.fr".to_owned())]);
    }

    #[test]
    fn schedules_end_with_their_times_or_their_end() {
        let s = |secs: u64| SimTime::from_nanos(secs * 1_000_000_000);
        let schedule = |every: Option<u64>, times, until| Schedule {
            at: s(10),
            every: every.map(SimDuration::from_secs),
            times,
            until: s(until),
        };
        let all = |schedule: Schedule| (schedule.count(), schedule.last());
        assert_eq!(all(schedule(None, None, 100)), (1, s(10)));
        assert_eq!(all(schedule(Some(30), None, 70)), (3, s(70)));
        assert_eq!(all(schedule(Some(30), Some(2), 1000)), (2, s(40)));
        assert_eq!(schedule(Some(30), Some(5), 45).last(), s(40));
    }
}
