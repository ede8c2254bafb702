//! Attempts to pass copies on: their beginnings and ends, and when the next is due.

use std::sync::Arc;

use super::intake::full;
use super::reports::Undeliverable;
use super::{Arrival, Reached, Spool};
use crate::app::host::{Flush, Host};
use crate::app::mail::config::WhenFull;
use crate::app::mail::failure::Reason;
use crate::app::mail::queue::{CopyKey, Status};
use crate::app::mail::retry::{AgeFrom, History, Next, WaitFrom};
use crate::base::trace::{AttemptOutcome, FailureKind, MailTrace, Phase, Trace};
use crate::base::{EventId, SimTime};
use crate::proto::smtp::ReversePath;

impl Spool {
    /// Begins an attempt; false when the copy has outlived its time and was given up instead.
    pub(in crate::app::mail) fn begin_attempt<H: Host>(&mut self, host: &mut H, key: CopyKey) -> bool {
        let now = host.now();
        host.set_cause(self.queue.copy(key).cause);
        if now > self.retry.end(self.born(key, now), self.is_report(key)) {
            self.expire(host, key);
            return false;
        }
        let copy = self.queue.copy_mut(key);
        copy.attempts += 1;
        copy.first_attempt.get_or_insert(now);
        copy.last_attempt = now;
        let attempt = copy.attempts;
        let message = self.queue.message(key);
        let to = message.copies[key.copy].recipient.as_str();
        let id = host.trace(Trace::Mail(MailTrace::AttemptStarted { message: &message.message_id, to, attempt }));
        self.queue.copy_mut(key).cause = id;
        true
    }

    /// The next server took the copy.
    pub(in crate::app::mail) fn completed<H: Host>(&mut self, host: &mut H, key: CopyKey, reached: Reached) {
        self.trace_end(host, key, reached, AttemptOutcome::Completed);
        self.counted.relayed += 1;
        self.queue.finish(key, Status::Completed);
        self.trace_length(host);
    }

    /// Ends the attempt for a copy whose mailbox is here: it lay in the queue because there was
    /// no room. False for a copy that has to go elsewhere.
    pub(in crate::app::mail) fn deliver_queued<H: Host>(&mut self, host: &mut H, key: CopyKey) -> bool {
        let message = self.queue.message(key);
        let recipient = message.copies[key.copy].recipient.clone();
        if !self.is_local(&recipient) {
            return false;
        }
        let (mailbox, folder) = self.homes.mailbox_of(&recipient);
        if !self.has_room(&mailbox, message.content.len()) {
            self.deferred(host, key, Reached::default(), &full(&recipient, WhenFull::Defer));
            return true;
        }
        let who = message.copies[key.copy].addressee();
        let arrival = Arrival {
            queue_id: message.queue_id.clone(),
            message_id: message.message_id.clone(),
            reverse_path: message.reverse_path.clone(),
            recipients: Vec::new(),
            options: message.options.clone(),
            content: Arc::clone(&message.content),
            bytes: message.content.len() as u64,
            conn: None,
        };
        self.trace_end(host, key, Reached::default(), AttemptOutcome::Stored);
        let Arrival { message_id, reverse_path, content, .. } = &arrival;
        self.store(host, (message_id, reverse_path, content), &who.mailbox, (&mailbox, folder.as_deref()));
        self.after_delivery(host, &arrival, &who, &mailbox);
        self.queue.finish(key, Status::Completed);
        self.trace_length(host);
        true
    }

    /// The attempt failed, but another may succeed.
    pub(in crate::app::mail) fn deferred<H: Host>(
        &mut self,
        host: &mut H,
        key: CopyKey,
        reached: Reached,
        reason: &Reason,
    ) {
        let now = host.now();
        let next = self.after_failure(host, key);
        let copy = self.queue.copy_mut(key);
        copy.last_failure = Some(reason.clone());
        copy.last_exchange = reached.exchange;
        let failure = reason.as_trace();
        let (outcome, until, give_up) = match next {
            Next::Attempt(at) => (AttemptOutcome::Deferred { failure, next: at }, at, false),
            Next::GiveUp(at) if at <= now => (AttemptOutcome::Failed { failure }, at, true),
            Next::GiveUp(at) => (AttemptOutcome::Expiring { failure, end: at }, at, true),
        };
        let cause = self.trace_end(host, key, reached, outcome);
        if give_up && until <= now {
            return self.expire(host, key);
        }
        self.trace_copy_phase(host, key, Phase::WaitingForRetry);
        self.queue.wait(key, until, give_up, cause);
        self.trace_length(host);
    }

    /// What the policy says after an attempt that failed now.
    fn after_failure<H: Host>(&mut self, host: &H, key: CopyKey) -> Next {
        let now = host.now();
        let message = self.queue.message(key);
        let copy = &message.copies[key.copy];
        let from = match self.retry.wait_from {
            WaitFrom::Start => copy.last_attempt,
            WaitFrom::Failure => now,
        };
        // A flush may have cut the last wait short.
        let last_wait = copy.last_wait.zip(copy.waited_from).map(|(wait, since)| wait.min(from.since(since)));
        let history = History {
            booted: self.booted,
            accepted: message.accepted,
            first_attempt: copy.first_attempt.unwrap_or(now),
            first_failure: copy.first_failure.unwrap_or(now),
            attempts: copy.attempts,
            started: copy.last_attempt,
            last_wait,
            now,
            report: self.is_report(key),
        };
        // Each attempt has a draw of its own, so that policies can be compared on one seed.
        let purpose = || format!("mail/retry/{}/{}/{}", message.queue_id, key.copy, copy.attempts);
        let next = self.retry.next(&history, || host.stream(&purpose()).next_u64());
        let copy = self.queue.copy_mut(key);
        let fails_first = copy.first_failure.is_none();
        copy.first_failure.get_or_insert(now);
        copy.waited_from = Some(from);
        copy.last_wait = match next {
            Next::Attempt(at) => Some(at.since(from)),
            Next::GiveUp(_) => None,
        };
        if fails_first {
            self.plan_warning(key, now);
        }
        next
    }

    /// Since when the age of a copy is counted, if it was first tried and first failed now at the latest.
    pub(super) fn born(&self, key: CopyKey, now: SimTime) -> SimTime {
        let message = self.queue.message(key);
        let copy = &message.copies[key.copy];
        match self.retry.age_from {
            AgeFrom::Acceptance => message.accepted,
            AgeFrom::FirstAttempt => copy.first_attempt.unwrap_or(now),
            AgeFrom::FirstFailure => copy.first_failure.unwrap_or(now),
        }
    }

    fn is_report(&self, key: CopyKey) -> bool {
        self.queue.message(key).reverse_path == ReversePath::Null
    }

    /// Finds the next age, still to come, at which the sender is told. Nobody is told of a report.
    fn plan_warning(&mut self, key: CopyKey, now: SimTime) {
        let (born, report) = (self.born(key, now), self.is_report(key));
        let end = self.retry.end(born, report);
        let mut ages = self.retry.warnings.iter().map(|age| born.saturating_add(*age));
        let at = ages.find(|at| *at > now && *at < end && !report);
        self.queue.warn_at(key, at);
    }

    /// The attempt failed for good.
    pub(in crate::app::mail) fn failed<H: Host>(
        &mut self,
        host: &mut H,
        key: CopyKey,
        reached: Reached,
        reason: &Reason,
    ) {
        self.queue.copy_mut(key).last_exchange = reached.exchange;
        self.trace_end(host, key, reached, AttemptOutcome::Failed { failure: reason.as_trace() });
        self.give_up(host, key, reason);
    }

    /// The host failed in the middle of an attempt: the copy is due when it works again.
    pub(in crate::app::mail) fn interrupted<H: Host>(&mut self, host: &mut H, key: CopyKey, reached: Reached) {
        let failure = Reason::new(FailureKind::ConnectionLost, "the sending host went down");
        self.trace_end(host, key, reached, AttemptOutcome::Interrupted { failure: failure.as_trace() });
        self.trace_copy_phase(host, key, Phase::Queued);
        self.queue.copy_mut(key).last_failure = Some(failure);
    }

    /// No attempt is made before an instant: its destination is known to be dead until then. A
    /// copy that would be too old then waits for its end.
    pub(in crate::app::mail) fn hold<H: Host>(&mut self, host: &mut H, key: CopyKey, until: SimTime) {
        let end = self.retry.end(self.born(key, host.now()), self.is_report(key));
        let cause = self.queue.copy(key).cause;
        host.set_cause(cause);
        self.trace_copy_phase(host, key, Phase::WaitingForRetry);
        self.queue.wait(key, until.min(end), until > end, cause);
        self.trace_length(host);
    }

    /// The host works again: what was due or under way is due now.
    pub(in crate::app::mail) fn boot<H: Host>(&mut self, host: &mut H) {
        self.booted = host.now();
        self.homes.boot(host.addresses());
        self.queue.reschedule_all(host.cause());
    }

    /// Makes the attempts due whose time has come, and ends what has outlived its time.
    pub(in crate::app::mail) fn wake<H: Host>(&mut self, host: &mut H) {
        let now = host.now();
        while let Some(key) = self.queue.pop_due(now) {
            let copy = self.queue.copy(key);
            host.set_cause(copy.cause);
            if matches!(copy.status, Status::TemporarilyFailed { give_up: true, .. }) {
                self.expire(host, key);
            } else {
                self.queue.schedule(key);
                self.trace_length(host);
            }
        }
        while let Some(key) = self.queue.pop_warning(now) {
            host.set_cause(self.queue.copy(key).cause);
            self.plan_warning(key, now);
            self.warn(host, key);
        }
    }

    /// Makes the attempts of waiting copies due, whatever their time; how many they are.
    pub(in crate::app::mail) fn flush<H: Host>(&mut self, host: &mut H, what: Flush<'_>) -> usize {
        let keys = self.queue.take_waiting(|message, copy| match what {
            Flush::All => true,
            Flush::Destination(domain) => is_or_is_in(&copy.recipient.ascii_domain(), domain),
            Flush::Sender(sender) => match &message.reverse_path {
                ReversePath::Mailbox(mailbox) if sender.contains('@') => mailbox.as_str().eq_ignore_ascii_case(sender),
                ReversePath::Mailbox(mailbox) => is_or_is_in(&mailbox.ascii_domain(), sender),
                ReversePath::Null => false,
            },
        });
        for key in &keys {
            host.set_cause(self.queue.copy(*key).cause);
            self.queue.schedule(*key);
            self.trace_length(host);
        }
        keys.len()
    }

    /// A client asks by ETRN (RFC 1985) for what goes to one domain, or also to those below it; how many copies they are.
    pub(in crate::app::mail) fn flush_for<H: Host>(&mut self, host: &mut H, domain: &str, below: bool) -> usize {
        let wanted = format!("{}{domain}", if below { "@" } else { "" });
        let found = self.flush(host, Flush::Destination(&wanted));
        self.asked_for.push(wanted);
        found
    }

    pub(super) fn expire<H: Host>(&mut self, host: &mut H, key: CopyKey) {
        let last = self.queue.copy(key).last_failure.clone();
        let (code, text) = last.map_or((0, "not delivered in time".to_owned()), |last| (last.code, last.text));
        self.give_up(host, key, &Reason { kind: FailureKind::Expired, code, text });
    }

    fn give_up<H: Host>(&mut self, host: &mut H, key: CopyKey, reason: &Reason) {
        let message = self.queue.message(key);
        let undeliverable = Undeliverable::queued(message, key.copy, host.now());
        self.queue.finish(key, Status::PermanentlyFailed);
        self.trace_length(host);
        self.report(host, &undeliverable, reason);
    }

    fn trace_end<H: Host>(&self, host: &mut H, key: CopyKey, reached: Reached, outcome: AttemptOutcome<'_>) -> EventId {
        let message = self.queue.message(key);
        let copy = &message.copies[key.copy];
        host.trace(Trace::Mail(MailTrace::AttemptEnded {
            message: &message.message_id,
            to: copy.recipient.as_str(),
            attempt: copy.attempts,
            exchange: reached.exchange,
            conn: reached.conn,
            outcome,
        }))
    }
}

/// Whether a domain is the one that is wanted; behind "@" (RFC 1985 5.3) also one below it.
pub(in crate::app::mail) fn is_or_is_in(domain: &str, wanted: &str) -> bool {
    let Some(wanted) = wanted.strip_prefix('@') else { return domain.eq_ignore_ascii_case(wanted) };
    let (domain, wanted) = (domain.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    domain == wanted || domain.strip_suffix(&wanted).is_some_and(|front| front.ends_with('.'))
}
