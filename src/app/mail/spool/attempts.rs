//! Attempts to pass copies on: their beginnings and ends, and when the next is due.

use super::reports::Undeliverable;
use super::{Reached, Spool};
use crate::app::host::Host;
use crate::app::mail::failure::Reason;
use crate::app::mail::queue::{CopyKey, Status};
use crate::app::mail::retry::Next;
use crate::base::EventId;
use crate::base::trace::{AttemptOutcome, FailureKind, MailTrace, Phase, Trace};

impl Spool {
    /// Begins an attempt; false when the copy has outlived its time and was given up instead.
    pub(in crate::app::mail) fn begin_attempt<H: Host>(&mut self, host: &mut H, key: CopyKey) -> bool {
        let now = host.now();
        let copy = self.queue.copy(key);
        host.set_cause(copy.cause);
        let first = copy.first_attempt.unwrap_or(now);
        if now > self.retry.end(first) {
            self.expire(host, key);
            return false;
        }
        let copy = self.queue.copy_mut(key);
        copy.attempts += 1;
        copy.first_attempt = Some(first);
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

    /// The attempt failed, but another may succeed.
    pub(in crate::app::mail) fn deferred<H: Host>(
        &mut self,
        host: &mut H,
        key: CopyKey,
        reached: Reached,
        reason: &Reason,
    ) {
        let now = host.now();
        let copy = self.queue.copy_mut(key);
        copy.last_failure = Some(reason.clone());
        copy.last_exchange = reached.exchange;
        let next = self.retry.next(copy.first_attempt.unwrap_or(now), copy.last_attempt, now);
        let failure = reason.as_trace();
        let (outcome, until, give_up) = match next {
            Next::Attempt(at) => (AttemptOutcome::Deferred { failure, next: at }, at, false),
            Next::GiveUp(at) => (AttemptOutcome::Failed { failure }, at, true),
        };
        let cause = self.trace_end(host, key, reached, outcome);
        if give_up && until <= now {
            return self.expire(host, key);
        }
        self.trace_copy_phase(host, key, Phase::WaitingForRetry);
        self.queue.wait(key, until, give_up, cause);
        self.trace_length(host);
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

    /// The host works again: what was due or under way is due now.
    pub(in crate::app::mail) fn boot<H: Host>(&mut self, host: &mut H) {
        self.homes.boot(host.addresses());
        self.queue.reschedule_all(host.cause());
    }

    /// Makes the attempts due whose time has come, and ends what has outlived its time.
    pub(in crate::app::mail) fn wake<H: Host>(&mut self, host: &mut H) {
        while let Some(key) = self.queue.pop_due(host.now()) {
            let copy = self.queue.copy(key);
            host.set_cause(copy.cause);
            if matches!(copy.status, Status::TemporarilyFailed { give_up: true, .. }) {
                self.expire(host, key);
            } else {
                self.queue.schedule(key);
                self.trace_length(host);
            }
        }
    }

    /// Makes the attempts of all waiting copies due, whatever their time.
    pub(in crate::app::mail) fn flush<H: Host>(&mut self, host: &mut H) {
        while let Some(key) = self.queue.pop_waiting() {
            host.set_cause(self.queue.copy(key).cause);
            self.queue.schedule(key);
            self.trace_length(host);
        }
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
