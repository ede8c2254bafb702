//! An application that looks names up, on schedule or at random, and may call the Web server
//! that it finds; otherwise it does nothing with the answers: the trace tells what came.
//!
//! All look-ups of a host's workload go through one stub. A job whose times pass while its host
//! is down is done once when the host is up again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::app::host::{Host, Input};
use crate::app::web::Visits;
use crate::base::{SimDuration, SimTime};
use crate::proto::dns::{Record, Rtype};

use super::crowd::{Crowd, Process};
use super::local::{LocalCaches, OwnCache};
use super::stub::{Answer, End, Outcome, Stub};

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
    /// Whether the Web server at the address is called.
    pub visit: bool,
}

/// The look-ups of a host.
#[derive(Clone, Debug)]
pub struct LookupAgent {
    stub: Stub,
    jobs: Vec<Scheduled>,
    /// When each job that is not done is due, with its number.
    due: BTreeSet<(SimTime, usize)>,
    crowds: Vec<Process>,
    /// Look-ups under way whose answers are for more than the trace.
    open: BTreeMap<u64, Open>,
    asked: u64,
    visits: Visits,
    up: bool,
}

#[derive(Clone, Debug)]
struct Scheduled {
    job: LookupJob,
    next: SimTime,
    left: u32,
}

/// A look-up under way.
#[derive(Clone, Copy, Debug)]
struct Open {
    since: SimTime,
    visit: bool,
    /// The crowd, the client with a cache of its own, and the place of the name.
    keeper: Option<(usize, usize, usize)>,
}

impl LookupAgent {
    /// An agent that asks these resolvers.
    #[must_use]
    pub fn new(servers: Vec<IpAddr>, jobs: Vec<LookupJob>) -> Self {
        let jobs: Vec<Scheduled> =
            jobs.into_iter().map(|job| Scheduled { next: job.at, left: job.times, job }).collect();
        let due = jobs.iter().enumerate().filter(|(_, job)| job.left > 0).map(|(n, job)| (job.next, n)).collect();
        Self {
            stub: Stub::new(servers),
            jobs,
            due,
            crowds: Vec::new(),
            open: BTreeMap::new(),
            asked: 0,
            visits: Visits::default(),
            up: false,
        }
    }

    /// The same agent with these crowds, and with a cache in its stub or without.
    #[must_use]
    pub fn with_crowds(mut self, crowds: Vec<Crowd>, stub_cache: bool) -> Self {
        self.stub = self.stub.with_caches(LocalCaches { application: false, stub: stub_cache });
        if crowds.iter().any(|crowd| crowd.cache) {
            self.stub.hand_on_learnt();
        }
        self.crowds = crowds.into_iter().map(Process::new).collect();
        self
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => {
                self.up = true;
                for (number, crowd) in self.crowds.iter_mut().enumerate() {
                    crowd.boot(host, number);
                }
                self.ask_due(host);
            }
            Input::Crash => {
                self.up = false;
                self.stub.crash();
                self.crowds.iter_mut().for_each(Process::crash);
                self.open.clear();
                self.visits.crash();
            }
            Input::Wake => {
                self.stub.wake(host);
                self.ask_due(host);
            }
            Input::Connected { .. }
            | Input::Data { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. } => {
                if !self.stub.input(host, input) {
                    self.visits.input(host, input);
                }
            }
            Input::Accepted { .. } | Input::Drained { .. } | Input::Flush(_) => {}
        }
        while let Some(answer) = self.stub.next_answer() {
            self.answered(host, answer);
        }
    }

    /// What its stub and its clients keep.
    pub fn caches(&self) -> impl Iterator<Item = OwnCache<'_>> {
        self.stub.caches().chain(self.crowds.iter().flat_map(Process::caches))
    }

    /// When the agent wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let jobs = self.due.first().map_or(SimTime::NEVER, |(at, _)| *at);
        let due = self.crowds.iter().map(Process::deadline).fold(jobs, SimTime::min);
        if self.up { due.min(self.stub.deadline()) } else { SimTime::NEVER }
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
            self.asked += 1;
            if scheduled.job.visit {
                self.open.insert(self.asked, Open { since: now, visit: true, keeper: None });
            }
            host.set_cause(cause);
            self.stub.ask(host, &scheduled.job.name, scheduled.job.rtype, self.asked);
        }
        for number in 0..self.crowds.len() {
            while let Some((client, name)) = self.crowds[number].take(now) {
                host.set_cause(cause);
                self.ask_for_client(host, number, client, name);
            }
        }
        host.set_cause(cause);
    }

    fn ask_for_client<H: Host>(&mut self, host: &mut H, number: usize, client: usize, name: usize) {
        let process = &mut self.crowds[number];
        let (names, visit, rtype) = (process.crowd.names.clone(), process.crowd.visit, process.crowd.rtype);
        let (place, question) = (name, process.question(name));
        let name: &str = &names[place];
        let since = host.now();
        let mut keeper = None;
        if let Some((cache, question)) = process.cache(client).zip(question) {
            if let Some(found) = cache.look(host, &question, name) {
                let end = End { question: &question, name, since, cache: Some(cache.level()) };
                end.tell(host, found.kind, &found.answers);
                if visit {
                    self.visits.call(host, &found.answers, SimDuration::ZERO);
                }
                return;
            }
            keeper = Some((number, client, place));
        }
        self.asked += 1;
        if visit || keeper.is_some() {
            self.open.insert(self.asked, Open { since, visit, keeper });
        }
        self.stub.ask(host, name, rtype, self.asked);
    }

    fn answered<H: Host>(&mut self, host: &mut H, answer: Answer) {
        let Some(Open { since, visit, keeper }) = self.open.remove(&answer.token) else { return };
        host.set_cause(answer.cause);
        if let (Some((number, client, name)), Some(learnt)) = (keeper, &answer.learnt) {
            let process = &mut self.crowds[number];
            let question = process.question(name);
            if let Some((cache, question)) = process.cache(client).zip(question) {
                cache.keep(&question, learnt, host.now());
            }
        }
        if visit {
            let records: &[Record] = match &answer.outcome {
                Outcome::Records(records) => records,
                Outcome::NxDomain | Outcome::NoData | Outcome::Failed => &[],
            };
            self.visits.call(host, records, host.now().since(since));
        }
    }
}

impl Scheduled {
    /// An asking is due: it, and all others whose time has passed, are done with.
    fn pass(&mut self, now: SimTime) {
        let Some((next, done)) = self.next.next_in_periods(self.job.every, now) else {
            self.left = 0;
            return;
        };
        self.left = self.left.saturating_sub(u32::try_from(done).unwrap_or(u32::MAX));
        self.next = next;
    }
}
