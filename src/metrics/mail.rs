//! The books about mail: each event in a message's life goes to all that keep account of it.

use super::attempts::{Attempts, Ending};
use super::copies::{Copies, NewCopy, Riddance};
use super::copy::CopyId;
use super::destinations::Doing;
use super::names::Names;
use super::queues::Queues;
use super::reading::Readings;
use super::reasons::{Outcome, Reasons};
use super::replies::Replies;
use super::words;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::time::SimTime;
use crate::base::trace::{AttemptOutcome, Failure, MailTrace, MessageKind};

/// Copies, attempts, queues, reasons and replies of a run.
#[derive(Clone, Debug)]
pub(super) struct MailBooks {
    pub(super) copies: Copies,
    pub(super) attempts: Attempts,
    pub(super) queues: Queues,
    pub(super) reasons: Reasons,
    pub(super) replies: Replies,
    pub(super) readings: Readings,
}

/// A copy's Message-ID and recipient.
type Named<'a> = (&'a str, &'a str);

impl MailBooks {
    pub(super) fn new(hosts: usize) -> Self {
        Self {
            copies: Copies::new(hosts),
            attempts: Attempts::default(),
            queues: Queues::new(hosts),
            reasons: Reasons::default(),
            replies: Replies::default(),
            readings: Readings::default(),
        }
    }

    pub(super) fn observe(
        &mut self,
        names: &mut Names,
        directory: &Directory,
        (host, at): (HostId, SimTime),
        event: &MailTrace<'_>,
    ) {
        let place = (host, at);
        match *event {
            MailTrace::Composed { message, from, to, bytes, kind, about } => {
                self.copies.compose(names, &NewCopy { message, from, to, bytes, kind, about }, at);
            }
            MailTrace::Phase { message, to, phase } => {
                if let Some(copy) = self.copies.find(names, message, to, phase.name()) {
                    self.copies.phase(copy, host, phase, at);
                }
            }
            MailTrace::Accepted { message, to, conn, .. } => self.accepted(names, place, (message, to), conn),
            MailTrace::Refused { message, to, failure, .. } => {
                if let Some(copy) = self.not_submitted(names, place, (message, to), Outcome::Refused, &failure) {
                    self.copies.refuse(names, copy, &failure, at);
                    self.replies.refused(copy, host, at);
                }
            }
            MailTrace::Postponed { message, to, failure, next: _, conn: _ } => {
                self.not_submitted(names, place, (message, to), Outcome::Postponed, &failure);
            }
            MailTrace::AttemptStarted { message, to, attempt } => {
                if let Some(copy) = self.copies.find(names, message, to, "attempted") {
                    self.copies.does(copy, host, Doing::Active, at);
                    self.attempts.start(copy, host, attempt, at);
                }
            }
            MailTrace::AttemptEnded { message, to, attempt, exchange, conn, outcome } => {
                let ending = Ending { attempt, exchange, conn, outcome };
                self.attempt_ended(names, directory, place, (message, to), &ending);
            }
            MailTrace::Delivered { message, to, mailbox } => self.delivered(names, place, (message, to), mailbox),
            MailTrace::GivenUp { message, to, bounce, failure } => {
                self.given_up(names, (host, at), (message, to), (bounce.is_some(), &failure));
            }
            MailTrace::Redirected { message, to, into, from, by } => {
                if let Some(copy) = self.copies.find(names, message, to, "redirected") {
                    let came_by = self.copies.came_by(copy, host);
                    let child = self.copies.redirect(names, copy, (from, into, by), at);
                    self.copies.accept(child, host, at, came_by);
                }
            }
            MailTrace::Expanded { message, to, copies: _ } => {
                if let Some(copy) = self.copies.find(names, message, to, "expanded") {
                    self.copies.rid(names, copy, (host, Riddance::Expanded), at);
                }
            }
            MailTrace::Discarded { message, to, why } => self.discarded(names, (host, at), (message, to), why),
            MailTrace::QueueLength { copies, waiting } => self.queues.observe(host, at, copies, waiting),
            MailTrace::Retrieved { message, mailbox, conn: _ } => self.copies.retrieve(names, message, mailbox, at),
            MailTrace::HandedIn { message, from, to, bytes } => {
                let kind = MessageKind::User;
                self.copies.hand_in(names, &NewCopy { message, from, to, bytes, kind, about: None }, at);
                if let Some(copy) = self.copies.find(names, message, to, "handed in") {
                    self.replies.handed_in(copy);
                }
            }
            MailTrace::Appended { message, mailbox, bytes: _ } => self.copies.append(names, message, mailbox),
            MailTrace::MailboxSize { .. } | MailTrace::Shown { .. } | MailTrace::Session { .. } => {
                self.readings.observe(names, &self.copies, (host, at), event);
                if let MailTrace::Shown { message, mailbox, found, pause, .. } = *event {
                    self.copies.shown(names, (message, mailbox), (found, pause), at);
                }
            }
            MailTrace::Acted { .. }
            | MailTrace::Deleted { .. }
            | MailTrace::Conduct { .. }
            | MailTrace::Encoded { .. }
            | MailTrace::Downgraded { .. } => {}
        }
    }

    /// A user agent could not hand a copy over: the reason is counted.
    fn not_submitted(
        &mut self,
        names: &Names,
        (host, at): (HostId, SimTime),
        (message, to): Named<'_>,
        outcome: Outcome,
        failure: &Failure<'_>,
    ) -> Option<CopyId> {
        let copy = self.copies.find(names, message, to, outcome.name())?;
        self.reasons.count((host, self.copies.destination(copy)), outcome, Some(failure), at);
        Some(copy)
    }

    fn delivered(&mut self, names: &mut Names, (host, at): (HostId, SimTime), copy: Named<'_>, mailbox: &str) {
        if let Some(id) = self.copies.find(names, copy.0, copy.1, "delivered") {
            self.copies.deliver(names, &mut self.replies, id, (host, mailbox), at);
        }
    }

    fn given_up(
        &mut self,
        names: &mut Names,
        (host, at): (HostId, SimTime),
        copy: Named<'_>,
        (bounced, failure): (bool, &Failure<'_>),
    ) {
        let Some(id) = self.copies.find(names, copy.0, copy.1, "given up") else { return };
        self.copies.give_up(names, id, (host, bounced), failure, at);
        let outcome = if bounced { Outcome::Bounced } else { Outcome::Dropped };
        self.reasons.count((host, self.copies.destination(id)), outcome, Some(failure), at);
    }

    fn discarded(&mut self, names: &mut Names, (host, at): (HostId, SimTime), copy: Named<'_>, why: &str) {
        if let Some(copy) = self.copies.find(names, copy.0, copy.1, "discarded") {
            self.copies.rid(names, copy, (host, Riddance::Discarded), at);
            self.reasons.discarded((host, self.copies.destination(copy)), names.id(why), at);
        }
    }

    fn accepted(&mut self, names: &Names, (host, at): (HostId, SimTime), copy: Named<'_>, conn: Option<ConnId>) {
        let Some(id) = self.copies.find(names, copy.0, copy.1, "accepted") else { return };
        let by = conn.map(|conn| self.replies.accepted(id, (host, conn), self.copies.came_by(id, conn.host), at));
        self.copies.accept(id, host, at, by);
    }

    fn attempt_ended(
        &mut self,
        names: &mut Names,
        directory: &Directory,
        (host, at): (HostId, SimTime),
        (message, to): Named<'_>,
        ending: &Ending<'_>,
    ) {
        let Some(id) = self.copies.find(names, message, to, "attempted") else { return };
        if !self.attempts.end(names, id, host, ending, at) {
            let server = directory.host_name(host);
            self.copies.violate(format!("{message} for {to}: {server} ended an attempt that it had not begun"));
        }
        let failure: Option<Failure<'_>> = match ending.outcome {
            AttemptOutcome::Completed | AttemptOutcome::Stored => None,
            AttemptOutcome::Deferred { failure, .. }
            | AttemptOutcome::Expiring { failure, .. }
            | AttemptOutcome::Failed { failure }
            | AttemptOutcome::Interrupted { failure } => Some(failure),
        };
        if let Some(conn) = ending.conn {
            self.replies.attempted(id, conn, failure.map(|failure| words::failure(failure.kind)), at);
        }
        let outcome = match ending.outcome {
            AttemptOutcome::Completed => {
                self.copies.rid(names, id, (host, Riddance::Relayed), at);
                Outcome::Completed
            }
            AttemptOutcome::Deferred { .. } | AttemptOutcome::Expiring { .. } => {
                self.copies.does(id, host, Doing::Waiting, at);
                Outcome::Deferred
            }
            AttemptOutcome::Interrupted { .. } => {
                self.copies.does(id, host, Doing::Due, at);
                Outcome::Deferred
            }
            // Its delivery is told next.
            AttemptOutcome::Stored => Outcome::Completed,
            // It is given up next.
            AttemptOutcome::Failed { .. } => {
                self.copies.does(id, host, Doing::Waiting, at);
                Outcome::Failed
            }
        };
        self.reasons.count((host, self.copies.destination(id)), outcome, failure.as_ref(), at);
    }
}
