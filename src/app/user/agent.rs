//! The user agent as an application: what is due when, and which part an input is for.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::UserAgentConfig;
use super::compose::{Draft, Process};
use super::pen::Pen;
use super::reading::Reading;
use super::seat::Seat;
use super::submission::Submission;
use crate::app::dns::stub::{Answer, Outcome, Stub};
use crate::app::dns::{LocalCaches, OwnCache};
use crate::app::host::{Host, Input};
use crate::app::mail::failure::Reason;
use crate::base::trace::FailureKind;
use crate::base::{Family, SimTime, SocketId};
use crate::proto::dns::Record;
use crate::proto::session::Input as SessionInput;

/// The DNS questions of the agent, by what they are for.
const FOR_SUBMISSION: u64 = 0;
const FOR_READING: u64 = 1;
const FOR_SESSIONS: u64 = 2;

/// A user agent.
#[derive(Clone, Debug)]
pub struct UserAgent {
    config: UserAgentConfig,
    /// By the time when each is due, and its place in the configuration.
    drafts: BTreeMap<(SimTime, usize), Draft>,
    processes: Vec<Process>,
    pen: Pen,
    submission: Submission,
    reading: Reading,
    seat: Seat,
    stub: Stub,
}

impl UserAgent {
    /// An agent with an empty outbox.
    #[must_use]
    pub fn new(mut config: UserAgentConfig) -> Self {
        let drafts = std::mem::take(&mut config.drafts).into_iter().enumerate();
        Self {
            drafts: drafts.map(|(place, draft)| ((draft.at, place), draft)).collect(),
            processes: Vec::new(),
            pen: Pen::new(&config),
            seat: Seat::new(&config),
            submission: Submission::new(&config),
            reading: Reading::new(&config),
            stub: Stub::new(config.resolvers.clone())
                .with_caches(LocalCaches { application: false, stub: config.stub_cache }),
            config,
        }
    }

    /// Takes an input.
    pub fn handle<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        if self.stub.input(host, input) {
            return self.go_on(host);
        }
        match input {
            Input::Boot => self.boot(host),
            Input::Crash => {
                self.submission.crash();
                self.reading.crash(host);
                self.seat.crash(host);
                return self.stub.crash();
            }
            Input::Connected { socket } => {
                self.submission.connected(host, socket);
                self.reading.connected(host, socket);
                self.seat.connected(host, socket);
            }
            Input::Data { socket, bytes } => self.feed(host, socket, SessionInput::Bytes(bytes)),
            Input::PeerClosed { socket } => self.feed(host, socket, SessionInput::EndOfStream),
            Input::Closed { socket, reason } => {
                self.submission.closed(host, socket, reason);
                self.reading.closed(host, socket, reason);
                self.seat.closed(host, socket, reason);
            }
            Input::Datagram { .. } | Input::Unreachable { .. } | Input::Flush(_) => {}
            Input::Wake => {
                if self.stub.deadline() <= host.now() {
                    self.stub.wake(host);
                }
                self.submission.wake(host);
                self.reading.wake(host);
                self.seat.wake(host);
            }
            Input::Drained { socket } => {
                self.reading.drained(host, socket);
                self.seat.drained(host, socket);
            }
            // Nobody calls a user agent.
            Input::Accepted { .. } => {}
        }
        self.go_on(host);
    }

    fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: SessionInput<'_>) {
        self.submission.feed(host, socket, input);
        self.reading.feed(host, socket, input);
        self.seat.feed(host, socket, input);
    }

    /// The run is over: tells what sessions cost that are not.
    pub fn unfinished<H: Host>(&self, host: &mut H) {
        self.reading.unfinished(host);
        self.seat.unfinished(host);
    }

    /// What its stub resolver keeps.
    pub fn caches(&self) -> impl Iterator<Item = OwnCache<'_>> {
        self.stub.caches()
    }

    /// When it wants [`Input::Wake`].
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let draft = self.drafts.first_key_value().map_or(SimTime::NEVER, |((at, _), _)| *at);
        let process = self.processes.iter().map(Process::next).min().unwrap_or(SimTime::NEVER);
        let sessions = self.submission.deadline().min(self.reading.deadline()).min(self.seat.deadline());
        draft.min(process).min(sessions).min(self.stub.deadline())
    }

    /// Arrival processes begin with the run: a failure of the PC does not draw anew.
    fn boot<H: Host>(&mut self, host: &H) {
        self.seat.boot(&self.config);
        if !self.processes.is_empty() {
            return;
        }
        for (k, arrivals) in self.config.arrivals.iter().enumerate() {
            let own = || host.stream(&format!("user/{}/arrivals/{k}", self.config.address));
            let stream = arrivals.stream.clone().unwrap_or_else(own);
            self.processes.push(Process::new(arrivals.clone(), stream));
        }
    }

    /// Does all that is due now.
    fn go_on<H: Host>(&mut self, host: &mut H) {
        let now = host.now();
        while let Some(due) = self.drafts.first_entry().filter(|draft| draft.key().0 <= now) {
            let ((_, place), draft) = due.remove_entry();
            self.compose(host, &draft);
            self.drafts.extend(draft.again().map(|next| ((next.at, place), next)));
        }
        for k in 0..self.processes.len() {
            while self.processes[k].next() <= now {
                let draft = self.processes[k].take();
                self.compose(host, &draft);
            }
        }
        loop {
            if self.submission.begin(host) {
                self.ask(host, FOR_SUBMISSION);
            }
            if self.reading.due(now) {
                self.ask(host, FOR_READING);
            }
            let wanted = self.seat.go_on(host, &mut self.pen, &mut self.submission);
            if wanted {
                self.ask(host, FOR_SESSIONS);
            }
            match self.stub.next_answer() {
                Some(answer) => self.answered(host, &answer),
                // What was written in a session is in the outbox now.
                None if wanted || self.submission.is_due(now) => {}
                None => break,
            }
        }
    }

    fn ask<H: Host>(&mut self, host: &mut H, token: u64) {
        match self.config.server.parse::<IpAddr>() {
            Ok(address) => self.resolved(host, token, Ok([address].into())),
            Err(_) => self.stub.ask_addresses(host, &self.config.server, token),
        }
    }

    fn answered<H: Host>(&mut self, host: &mut H, answer: &Answer) {
        host.set_cause(answer.cause);
        let server = &self.config.server;
        let none = || Reason::new(FailureKind::NoMailServer, format!("{server} has no address"));
        let addresses = match &answer.outcome {
            Outcome::Records(records) => {
                let found = one_of_each_family(records);
                if found.is_empty() { Err(none()) } else { Ok(found) }
            }
            Outcome::NoData => Err(none()),
            Outcome::NxDomain => Err(Reason::new(FailureKind::NoSuchDomain, format!("{server} does not exist"))),
            Outcome::Failed => Err(Reason::new(FailureKind::DnsFailure, format!("no answer for {server}"))),
        };
        self.resolved(host, answer.token, addresses);
    }

    fn resolved<H: Host>(&mut self, host: &mut H, token: u64, addresses: Result<VecDeque<IpAddr>, Reason>) {
        match token {
            FOR_READING => self.reading.resolved(host, addresses.unwrap_or_default()),
            FOR_SESSIONS => self.seat.resolved(host, addresses.unwrap_or_default()),
            _ => self.submission.resolved(host, addresses),
        }
    }

    /// Writes a message and puts it into the outbox.
    fn compose<H: Host>(&mut self, host: &mut H, draft: &Draft) {
        if let Some(letter) = self.pen.write(host, draft, true) {
            self.pen.post(host, &mut self.submission, letter);
        }
    }
}

/// The first address of each family, IPv6 before IPv4 (RFC 6724). The answer was asked for one
/// name: whatever aliases come first, its addresses are the server's.
fn one_of_each_family(records: &[Record]) -> VecDeque<IpAddr> {
    let first = |family| {
        let mut addresses = records.iter().filter_map(|record| record.data.address());
        addresses.find(|address| Family::of(*address) == family)
    };
    Family::BY_PRECEDENCE.into_iter().filter_map(first).collect()
}
