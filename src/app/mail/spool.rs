//! What a mail server keeps on disk, and every decision on the fate of a copy: accepted,
//! delivered, relayed, deferred, given up. Each decision is traced and counted here and
//! nowhere else, so that the counts balance.

use std::net::IpAddr;
use std::sync::Arc;

use super::bounce::{self, Report};
use super::failure::Reason;
use super::folder::Origin;
use super::homes::{Homes, Target};
use super::mailbox::{Maildrop, Maildrops};
use super::queue::{CopyKey, Queue, QueuedCopy, QueuedMessage, Status};
use super::retry::{Next, RetryPolicy};
use crate::app::host::Host;
use crate::base::trace::{AttemptOutcome, FailureKind, MailTrace, Phase, Trace};
use crate::base::{ConnId, EventId, SimDuration, SimTime};
use crate::proto::message::{count_received, return_path};
use crate::proto::smtp::{Mailbox, ReversePath};

/// RFC 5321 6.3: the threshold for loops is "normally at least 100 Received entries".
const MAX_HOPS: usize = 100;

/// What became of the copies that a server accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Accepted with a 250, or made here as bounces.
    pub accepted: u64,
    /// Stored in a mailbox here.
    pub delivered: u64,
    /// Taken over by another server.
    pub relayed: u64,
    /// Given up, with or without a bounce.
    pub given_up: u64,
    /// Still in the queue, counted by walking it.
    pub queued: u64,
}

impl Audit {
    /// Whether nothing was lost: each copy accepted is accounted for once.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.accepted == self.delivered + self.relayed + self.given_up + self.queued
    }
}

/// A message to be taken over.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) queue_id: String,
    pub(super) message_id: String,
    pub(super) reverse_path: ReversePath,
    pub(super) recipients: Vec<Mailbox>,
    pub(super) content: Arc<[u8]>,
    /// Octets as received, before trace fields.
    pub(super) bytes: u64,
    pub(super) conn: Option<ConnId>,
}

/// Where an attempt got to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    pub(super) exchange: Option<IpAddr>,
    pub(super) conn: Option<ConnId>,
}

/// A copy that will not reach its recipient.
struct Undeliverable {
    message_id: String,
    reverse_path: ReversePath,
    recipient: Mailbox,
    content: Arc<[u8]>,
    attempts: u32,
    tried_for: SimDuration,
}

/// What survives a failure of the host.
#[derive(Clone, Debug)]
pub(super) struct Spool {
    pub(super) name: String,
    pub(super) homes: Homes,
    retry: RetryPolicy,
    pub(super) queue: Queue,
    pub(super) maildrops: Maildrops,
    /// Mailboxes whose INBOX changed, other than by IMAP, since IMAP's sessions were told.
    pub(super) touched: Vec<String>,
    counted: Audit,
    last_queue_id: u64,
    last_bounce: u64,
    traced_length: (u32, u32),
}

impl Spool {
    pub(super) fn new(name: String, homes: Homes, retry: RetryPolicy, maildrops: Maildrops) -> Self {
        Self {
            name,
            homes,
            retry,
            queue: Queue::default(),
            maildrops,
            touched: Vec::new(),
            counted: Audit::default(),
            last_queue_id: 0,
            last_bounce: 0,
            traced_length: (0, 0),
        }
    }

    pub(super) fn audit(&self) -> Audit {
        let unfinished =
            |copy: &&QueuedCopy| matches!(copy.status, Status::Scheduled | Status::TemporarilyFailed { .. });
        let queued = self.queue.messages().flat_map(|m| &m.copies).filter(unfinished).count() as u64;
        Audit { queued, ..self.counted }
    }

    /// Whether mail for this address ends here.
    pub(super) fn is_local(&self, mailbox: &Mailbox) -> bool {
        self.homes.domain_of(mailbox).is_some()
    }

    /// Whether mail for a local address is taken.
    pub(super) fn knows(&self, mailbox: &Mailbox) -> bool {
        !self.homes.is_unknown(mailbox)
    }

    pub(super) fn next_queue_id(&mut self) -> String {
        self.last_queue_id += 1;
        format!("Q{:06}", self.last_queue_id)
    }

    /// Takes the responsibility for a message: the server may answer 250 after this.
    pub(super) fn accept<H: Host>(&mut self, host: &mut H, arrival: Arrival) {
        let looping = count_received(&arrival.content) > MAX_HOPS;
        let mut remote = Vec::new();
        for recipient in &arrival.recipients {
            self.counted.accepted += 1;
            host.trace(Trace::Mail(MailTrace::Accepted {
                message: &arrival.message_id,
                to: recipient.as_str(),
                queue_id: &arrival.queue_id,
                conn: arrival.conn,
                bytes: arrival.bytes,
            }));
            if looping {
                self.undeliverable_here(host, &arrival, recipient, &Reason::new(FailureKind::Loop, "too many hops"));
            } else if !self.is_local(recipient) {
                remote.push(recipient.clone());
            } else if let Target::Mailbox { .. } = self.homes.find(recipient).target {
                let key = self.homes.find(recipient).key;
                self.deliver(host, &arrival, recipient, key);
            } else {
                let text = format!("{recipient} ... User unknown");
                let reason = Reason { kind: FailureKind::Reply, code: 550, text };
                self.undeliverable_here(host, &arrival, recipient, &reason);
            }
        }
        if !remote.is_empty() {
            self.enqueue(host, arrival, remote);
        }
    }

    fn enqueue<H: Host>(&mut self, host: &mut H, arrival: Arrival, recipients: Vec<Mailbox>) {
        let copies = recipients
            .into_iter()
            .map(|recipient| QueuedCopy {
                cause: trace_phase(host, &arrival.message_id, recipient.as_str(), Phase::Queued),
                recipient,
                status: Status::Scheduled,
                attempts: 0,
                first_attempt: None,
                last_attempt: SimTime::ZERO,
                last_failure: None,
            })
            .collect();
        let Arrival { queue_id, message_id, reverse_path, content, .. } = arrival;
        let accepted = host.now();
        self.queue.insert(QueuedMessage { queue_id, message_id, reverse_path, content, accepted, copies });
        self.trace_length(host);
    }

    /// Final delivery (RFC 5321 4.4: the delivering system "inserts a return-path line at the
    /// beginning of the mail data").
    fn deliver<H: Host>(&mut self, host: &mut H, arrival: &Arrival, recipient: &Mailbox, key: String) {
        let content = [return_path(arrival.reverse_path.as_str()).as_bytes(), &arrival.content].concat().into();
        self.touched.push(key.clone());
        let drop = self.maildrops.entry(key.clone()).or_insert_with(|| Maildrop::new(key, None));
        let origin = Origin { message_id: arrival.message_id.clone(), recipient: recipient.as_str().to_owned() };
        drop.store(origin, content, (host.now(), host.calendar()));
        self.counted.delivered += 1;
        let (message, to) = (arrival.message_id.as_str(), recipient.as_str());
        host.trace(Trace::Mail(MailTrace::Delivered { message, to, mailbox: drop.address() }));
        trace_phase(host, message, to, Phase::InMailbox);
        trace_maildrop(host, drop);
    }

    fn undeliverable_here<H: Host>(&mut self, host: &mut H, arrival: &Arrival, recipient: &Mailbox, reason: &Reason) {
        let copy = Undeliverable {
            message_id: arrival.message_id.clone(),
            reverse_path: arrival.reverse_path.clone(),
            recipient: recipient.clone(),
            content: Arc::clone(&arrival.content),
            attempts: 0,
            tried_for: SimDuration::ZERO,
        };
        self.report(host, &copy, reason);
    }

    /// Begins an attempt; false when the copy has outlived its time and was given up instead.
    pub(super) fn begin_attempt<H: Host>(&mut self, host: &mut H, key: CopyKey) -> bool {
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
    pub(super) fn completed<H: Host>(&mut self, host: &mut H, key: CopyKey, reached: Reached) {
        self.trace_end(host, key, reached, AttemptOutcome::Completed);
        self.counted.relayed += 1;
        self.queue.finish(key, Status::Completed);
        self.trace_length(host);
    }

    /// The attempt failed, but another may succeed.
    pub(super) fn deferred<H: Host>(&mut self, host: &mut H, key: CopyKey, reached: Reached, reason: &Reason) {
        let now = host.now();
        let copy = self.queue.copy_mut(key);
        copy.last_failure = Some(reason.clone());
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
    pub(super) fn failed<H: Host>(&mut self, host: &mut H, key: CopyKey, reached: Reached, reason: &Reason) {
        self.trace_end(host, key, reached, AttemptOutcome::Failed { failure: reason.as_trace() });
        self.give_up(host, key, reason);
    }

    /// The host failed in the middle of an attempt: the copy is due when it works again.
    pub(super) fn interrupted<H: Host>(&mut self, host: &mut H, key: CopyKey, reached: Reached) {
        let failure = Reason::new(FailureKind::ConnectionLost, "the sending host went down");
        self.trace_end(host, key, reached, AttemptOutcome::Interrupted { failure: failure.as_trace() });
        self.trace_copy_phase(host, key, Phase::Queued);
        self.queue.copy_mut(key).last_failure = Some(failure);
    }

    /// The host works again: what was due or under way is due now.
    pub(super) fn boot<H: Host>(&mut self, host: &mut H) {
        self.homes.boot(host.addresses());
        self.queue.reschedule_all(host.cause());
    }

    /// Makes the attempts due whose time has come, and ends what has outlived its time.
    pub(super) fn wake<H: Host>(&mut self, host: &mut H) {
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
    pub(super) fn flush<H: Host>(&mut self, host: &mut H) {
        while let Some(key) = self.queue.pop_waiting() {
            host.set_cause(self.queue.copy(key).cause);
            self.queue.schedule(key);
            self.trace_length(host);
        }
    }

    fn expire<H: Host>(&mut self, host: &mut H, key: CopyKey) {
        let last = self.queue.copy(key).last_failure.clone();
        let (code, text) = last.map_or((0, "not delivered in time".to_owned()), |last| (last.code, last.text));
        self.give_up(host, key, &Reason { kind: FailureKind::Expired, code, text });
    }

    fn give_up<H: Host>(&mut self, host: &mut H, key: CopyKey, reason: &Reason) {
        let message = self.queue.message(key);
        let copy = &message.copies[key.copy];
        let undeliverable = Undeliverable {
            message_id: message.message_id.clone(),
            reverse_path: message.reverse_path.clone(),
            recipient: copy.recipient.clone(),
            content: Arc::clone(&message.content),
            attempts: copy.attempts,
            tried_for: copy.first_attempt.map_or(SimDuration::ZERO, |first| host.now().since(first)),
        };
        self.queue.finish(key, Status::PermanentlyFailed);
        self.trace_length(host);
        self.report(host, &undeliverable, reason);
    }

    /// Gives a copy up and tells its sender. RFC 5321 4.5.5: a report has a null reverse-path,
    /// so a report that cannot be delivered itself ends here.
    fn report<H: Host>(&mut self, host: &mut H, copy: &Undeliverable, reason: &Reason) {
        self.counted.given_up += 1;
        let (message, to, failure) = (copy.message_id.as_str(), copy.recipient.as_str(), reason.as_trace());
        let ReversePath::Mailbox(sender) = &copy.reverse_path else {
            host.trace(Trace::Mail(MailTrace::GivenUp { message, to, bounce: None, failure }));
            return;
        };
        self.last_bounce += 1;
        let id = format!("<b.{}@{}>", self.last_bounce, self.name);
        host.trace(Trace::Mail(MailTrace::GivenUp { message, to, bounce: Some(&id), failure }));
        let content = bounce::build(&Report {
            server: &self.name,
            message_id: &id,
            to: sender.as_str(),
            date: host.calendar(),
            recipient: to,
            reason,
            attempts: copy.attempts,
            tried_for: copy.tried_for,
            original: &copy.content,
        });
        let bytes = content.len() as u64;
        let bounce_of = Some(message);
        host.trace(Trace::Mail(MailTrace::Composed { message: &id, from: "", to: sender.as_str(), bytes, bounce_of }));
        let arrival = Arrival {
            queue_id: self.next_queue_id(),
            message_id: id,
            reverse_path: ReversePath::Null,
            recipients: vec![sender.clone()],
            content: content.into(),
            bytes,
            conn: None,
        };
        self.accept(host, arrival);
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

    pub(super) fn trace_copy_phase<H: Host>(&self, host: &mut H, key: CopyKey, phase: Phase) {
        let message = self.queue.message(key);
        trace_phase(host, &message.message_id, message.copies[key.copy].recipient.as_str(), phase);
    }

    fn trace_length<H: Host>(&mut self, host: &mut H) {
        let length = self.queue.length();
        if length != self.traced_length {
            self.traced_length = length;
            let (copies, waiting) = length;
            host.trace(Trace::Mail(MailTrace::QueueLength { copies, waiting }));
        }
    }
}

/// Traces that a copy enters a phase.
pub(super) fn trace_phase<H: Host>(host: &mut H, message: &str, to: &str, phase: Phase) -> EventId {
    host.trace(Trace::Mail(MailTrace::Phase { message, to, phase }))
}

/// Traces how full a mailbox is.
pub(super) fn trace_maildrop<H: Host>(host: &mut H, drop: &Maildrop) {
    let messages = u32::try_from(drop.count()).unwrap_or(u32::MAX);
    host.trace(Trace::Mail(MailTrace::MailboxSize { mailbox: drop.address(), messages, bytes: drop.octets() }));
}
