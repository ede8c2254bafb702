//! A person at this computer: whose session is due, and what a session gets to work with.
//!
//! One session at a time; one whose time comes while another one goes on is left out. One whose time came while the
//! computer was down is made up for when it starts. A failure of the computer ends a session; the disk and the
//! outbox stay.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use super::UserAgentConfig;
use super::access::{self, Access, Account, Way};
use super::compose::Draft;
use super::habits::Person;
use super::pen::Pen;
use super::shelf::Shelf;
use super::sitting::{Act, Desk, Facts, Outcome, Penned, Sitting, Want};
use super::steps::{Means, Step};
use super::submission::Submission;
use crate::app::host::Host;
use crate::base::trace::{MailTrace, Trace};
use crate::base::{CloseReason, SimDuration, SimTime, SocketId};
use crate::proto::mailbox::MailboxEvent;
use crate::proto::session::Input;

/// Sessions at given times, all with the same steps.
#[derive(Clone, Debug)]
pub struct SessionJob {
    /// The first time.
    pub at: SimTime,
    /// Time between two, above zero; none for once only.
    pub every: Option<SimDuration>,
    /// How often in all; without `every` once.
    pub times: u64,
    /// By which protocol.
    pub means: Means,
    /// What is done.
    pub steps: Arc<[Step]>,
}

/// The session that goes on.
#[derive(Clone, Debug)]
struct Present {
    sitting: Sitting,
    /// Whose habits it follows, if it is not scripted.
    person: Option<usize>,
    /// When the person goes to another device.
    leaves: SimTime,
}

/// The person's place.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    access: Access,
    shelf: Shelf,
    jobs: Vec<SessionJob>,
    people: Vec<Person>,
    present: Option<Box<Present>>,
}

impl Seat {
    pub(super) fn new(config: &UserAgentConfig) -> Self {
        let account = Account {
            address: config.address.clone(),
            password: config.password.clone(),
            server: config.server.clone(),
            dialect: config.dialect,
        };
        let (access, shelf) = (Access::new(account), Shelf::default());
        Self { access, shelf, jobs: config.sessions.clone(), people: Vec::new(), present: None }
    }

    /// Habits begin with the run: a failure of the computer does not draw anew.
    pub(super) fn boot(&mut self, config: &UserAgentConfig) {
        if self.people.is_empty() {
            self.people = config.habits.iter().cloned().map(Person::new).collect();
        }
    }

    pub(super) fn deadline(&self) -> SimTime {
        let job = self.jobs.iter().map(|job| job.at).min().unwrap_or(SimTime::NEVER);
        let person = self.people.iter().map(Person::next).min().unwrap_or(SimTime::NEVER);
        let present =
            self.present.as_ref().map_or(SimTime::NEVER, |present| present.sitting.deadline().min(present.leaves));
        job.min(person).min(present).min(self.access.deadline())
    }

    pub(super) fn unfinished<H: Host>(&self, host: &mut H) {
        self.access.unfinished(host, "the run ended");
    }

    pub(super) fn crash<H: Host>(&mut self, host: &mut H) {
        self.present = None;
        self.access.crash(host);
    }

    pub(super) fn resolved<H: Host>(&mut self, host: &mut H, addresses: VecDeque<IpAddr>) {
        self.access.resolved(host, addresses);
    }

    pub(super) fn connected<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        self.access.connected(host, socket);
    }

    pub(super) fn closed<H: Host>(&mut self, host: &mut H, socket: SocketId, reason: CloseReason) {
        self.access.closed(host, socket, reason);
    }

    pub(super) fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: Input<'_>) {
        self.access.feed(host, socket, input);
    }

    pub(super) fn drained<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        self.access.drained(host, socket);
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H) {
        self.access.wake(host);
    }

    /// Does all that can be done now; true when the server's addresses are wanted.
    pub(super) fn go_on<H: Host>(&mut self, host: &mut H, pen: &mut Pen, outbox: &mut Submission) -> bool {
        let mut wanted = false;
        self.begin(host, pen.address());
        loop {
            let Some(present) = self.present.as_deref_mut() else {
                // What a session that is over is told any more concerns nobody.
                while self.access.next_event().is_some() {}
                return wanted;
            };
            let Present { sitting, person, leaves } = present;
            if *leaves <= host.now() {
                *leaves = SimTime::NEVER;
                sitting.get_up();
            }
            let mut desk = Bench {
                since: self.access.looking_since(),
                means: sitting.means(),
                person: person.and_then(|index| self.people.get(index)),
                shelf: &mut self.shelf,
                host,
                pen,
                outbox,
            };
            match self.access.next_event() {
                Some(MailboxEvent::Open) => continue,
                Some(MailboxEvent::Done(done)) => {
                    sitting.done(&mut desk, done);
                    continue;
                }
                Some(MailboxEvent::Finished) => {
                    sitting.left();
                    continue;
                }
                Some(MailboxEvent::Failed(_)) => {
                    sitting.lost(&mut desk);
                    continue;
                }
                None => {}
            }
            match sitting.go_on(&mut desk) {
                Want::Ask(task) => {
                    wanted |= self.access.open(desk.host.now(), way(sitting.means()));
                    self.access.ask(desk.host, task);
                }
                Want::Nothing => return wanted,
                Want::Over => {
                    let outcome = if sitting.is_alone() { Outcome::Refused } else { Outcome::Done };
                    desk.act(Act { action: "end", message: "", folder: "", outcome });
                    self.present = None;
                }
            }
        }
    }

    /// Begins a session that is due. What falls into another one is left out.
    fn begin<H: Host>(&mut self, host: &mut H, user: &str) {
        let now = host.now();
        let mut due: Option<Present> = None;
        for job in self.jobs.iter_mut().filter(|job| job.at <= now) {
            let sitting = Sitting::new(job.means, job.steps.iter().cloned());
            due = due.or(Some(Present { sitting, person: None, leaves: SimTime::NEVER }));
            job.skip_to(now);
        }
        self.jobs.retain(|job| !job.at.is_never());
        for (index, person) in self.people.iter_mut().enumerate() {
            while person.next() <= now {
                let sitting = Sitting::new(person.habits.means, person.take());
                due = due.or(Some(Present { sitting, person: Some(index), leaves: SimTime::NEVER }));
            }
        }
        if let (Some(mut due), None) = (due, &self.present) {
            let person = due.person.and_then(|index| self.people.get_mut(index));
            due.leaves = person.map_or(SimTime::NEVER, |person| person.leaves(now));
            let protocol = due.sitting.means().name();
            let (action, outcome) = ("begin", Outcome::Done.name());
            host.trace(Trace::Mail(MailTrace::Acted { user, protocol, action, message: "", folder: "", outcome }));
            self.present = Some(Box::new(due));
        }
    }
}

impl SessionJob {
    /// Its first time after `now`, in whole periods.
    fn skip_to(&mut self, now: SimTime) {
        let next = self.at.next_in_periods(self.every, now).filter(|_| self.times > 1);
        let Some((at, periods)) = next else {
            self.at = SimTime::NEVER;
            return;
        };
        self.times = self.times.saturating_sub(periods);
        self.at = if self.times == 0 { SimTime::NEVER } else { at };
    }
}

const fn way(means: Means) -> Way {
    match means {
        Means::Pop3 | Means::Pop3Keep => Way::Pop3,
        Means::Imap => Way::Imap,
        Means::Webmail => Way::Webmail,
    }
}

/// What a session works with.
struct Bench<'a, H: Host> {
    since: SimTime,
    means: Means,
    person: Option<&'a Person>,
    shelf: &'a mut Shelf,
    host: &'a mut H,
    pen: &'a mut Pen,
    outbox: &'a mut Submission,
}

impl<H: Host> Desk for Bench<'_, H> {
    fn now(&self) -> SimTime {
        self.host.now()
    }

    fn looking_since(&self) -> SimTime {
        self.since
    }

    fn shelf(&mut self) -> &mut Shelf {
        self.shelf
    }

    fn address(&self) -> String {
        self.pen.address().to_owned()
    }

    fn write(&mut self, draft: &Draft, send: bool) -> Option<Penned> {
        let letter = self.pen.write(self.host, draft, send)?;
        let penned = Penned { message_id: letter.message_id.clone(), content: Arc::clone(&letter.written.content) };
        if send {
            self.pen.post(self.host, self.outbox, letter);
        }
        Some(penned)
    }

    fn shown(&mut self, message: &str, times: (SimTime, SimTime, SimDuration)) {
        access::shown(self.host, self.pen.address(), message, times);
    }

    fn act(&mut self, act: Act<'_>) {
        let Act { action, message, folder, outcome } = act;
        let (user, protocol, outcome) = (self.pen.address(), self.means.name(), outcome.name());
        self.host.trace(Trace::Mail(MailTrace::Acted { user, protocol, action, message, folder, outcome }));
    }

    fn decide(&mut self, facts: Facts<'_>) -> Vec<Step> {
        self.person.map_or_else(Vec::new, |person| person.decide(&facts))
    }
}
