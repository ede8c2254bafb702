//! What senders are told of their copies: of failure, delay and success (RFC 3461), and by users
//! who are away.
//!
//! A report has a null reverse-path, so nobody is told of its own fate (RFC 5321 4.5.5).

use std::net::IpAddr;
use std::sync::Arc;

use super::{Arrival, Spool};
use crate::app::host::Host;
use crate::app::mail::bounce::{self, Outcome, Report};
use crate::app::mail::failure::Reason;
use crate::app::mail::queue::{Addressee, CopyKey, QueuedMessage};
use crate::app::mail::vacation::Incoming;
use crate::base::trace::{FailureKind, MailTrace, MessageKind, Trace};
use crate::base::{SimDuration, SimTime, UnixTime};
use crate::proto::message::{first, is_seven_bit};
use crate::proto::smtp::{BodyType, MailOptions, Mailbox, Notify, Ret, ReversePath};

/// A copy of which somebody may be told.
pub(super) struct Undeliverable {
    message_id: String,
    reverse_path: ReversePath,
    options: MailOptions,
    addressee: Addressee,
    content: Arc<[u8]>,
    accepted: SimTime,
    attempts: u32,
    tried_for: SimDuration,
    last_attempt: Option<SimTime>,
    exchange: Option<IpAddr>,
}

impl Undeliverable {
    /// A copy in the queue.
    pub(super) fn queued(message: &QueuedMessage, copy: usize, now: SimTime) -> Self {
        let copy = &message.copies[copy];
        Self {
            message_id: message.message_id.clone(),
            reverse_path: message.reverse_path.clone(),
            options: message.options.clone(),
            addressee: copy.addressee(),
            content: Arc::clone(&message.content),
            accepted: message.accepted,
            attempts: copy.attempts,
            tried_for: copy.first_attempt.map_or(SimDuration::ZERO, |first| now.since(first)),
            last_attempt: copy.first_attempt.map(|_| copy.last_attempt),
            exchange: copy.last_exchange,
        }
    }

    /// A copy of a message that has just come.
    pub(super) fn arriving(arrival: &Arrival, addressee: &Addressee, now: SimTime) -> Self {
        Self {
            message_id: arrival.message_id.clone(),
            reverse_path: arrival.reverse_path.clone(),
            options: arrival.options.clone(),
            addressee: addressee.clone(),
            content: Arc::clone(&arrival.content),
            accepted: now,
            attempts: 0,
            tried_for: SimDuration::ZERO,
            last_attempt: None,
            exchange: None,
        }
    }

    /// Who is told, if anybody wants to know: by NOTIFY, or else by `default`.
    fn reader(&self, wanted: impl Fn(Notify) -> bool, default: bool) -> Option<&Mailbox> {
        match &self.reverse_path {
            ReversePath::Null => None,
            ReversePath::Mailbox(sender) => self.addressee.notify.map_or(default, wanted).then_some(sender),
        }
    }
}

impl Spool {
    /// Gives a copy up and tells its sender, unless that is nobody or does not want to know.
    pub(super) fn report<H: Host>(&mut self, host: &mut H, copy: &Undeliverable, reason: &Reason) {
        self.counted.given_up += 1;
        let double = matches!(copy.reverse_path, ReversePath::Null);
        let reader =
            if double { self.told_of_doubles(copy) } else { copy.reader(|notify| notify.failure, true).cloned() };
        let id = reader.as_ref().map(|_| self.next_report());
        let (message, to, failure) = (copy.message_id.as_str(), copy.addressee.mailbox.as_str(), reason.as_trace());
        host.trace(Trace::Mail(MailTrace::GivenUp { message, to, bounce: id.as_deref(), failure }));
        if let Some((reader, id)) = reader.zip(id) {
            self.tell(host, copy, Outcome::Failed(reason), (MessageKind::Bounce, reader, id));
        }
    }

    /// Who is told of a report that failed itself: nobody, or the postmaster once. What any server told its
    /// postmaster is not told again, wherever it went from there: such reports would beget each other for ever.
    fn told_of_doubles(&self, copy: &Undeliverable) -> Option<Mailbox> {
        let domain = self.homes.domains().next().unwrap_or(&self.name);
        let postmaster = Mailbox::parse(&format!("postmaster@{domain}")).filter(|_| self.reports.to_postmaster)?;
        let told = first(&copy.content, "To").and_then(|to| Mailbox::parse(to.trim().trim_matches(['<', '>'])));
        let triple = told.is_some_and(|to| to.key().starts_with("postmaster@"));
        (!triple && postmaster.key() != copy.addressee.mailbox.key()).then_some(postmaster)
    }

    /// Tells the sender that a copy is late and until when it will be tried, unless NOTIFY says
    /// otherwise (RFC 3461 section 4.1).
    pub(super) fn warn<H: Host>(&mut self, host: &mut H, key: CopyKey) {
        let copy = Undeliverable::queued(self.queue.message(key), key.copy, host.now());
        let last = self.queue.copy(key).last_failure.clone();
        let reason = &last.unwrap_or_else(|| Reason::new(FailureKind::Expired, "it was not tried so far"));
        let until = calendar_of(host, self.retry.end(self.born(key, host.now()), false));
        if let Some(reader) = copy.reader(|notify| notify.delay, true).cloned() {
            let id = self.next_report();
            self.tell(host, &copy, Outcome::Delayed(reason, until), (MessageKind::Delay, reader, id));
        }
    }

    /// Tells a sender who asked that a copy was passed to a server that does not report (RFC 3461
    /// section 5.2.2). To be called before the copy leaves the queue.
    pub(in crate::app::mail) fn tell_relayed<H: Host>(&mut self, host: &mut H, key: CopyKey) {
        let copy = Undeliverable::queued(self.queue.message(key), key.copy, host.now());
        self.tell_success(host, &copy, Outcome::Relayed);
    }

    /// Tells a sender who asked that a copy became copies for several people (RFC 3461 section 5.2.7).
    pub(in crate::app::mail) fn tell_expanded<H: Host>(&mut self, host: &mut H, arrival: &Arrival, who: &Addressee) {
        let copy = Undeliverable::arriving(arrival, who, host.now());
        self.tell_success(host, &copy, Outcome::Expanded);
    }

    /// Tells a sender who asked that a copy is in the recipient's mailbox (RFC 3461 section 5.2.3).
    pub(super) fn tell_delivered<H: Host>(&mut self, host: &mut H, arrival: &Arrival, who: &Addressee) {
        let copy = Undeliverable::arriving(arrival, who, host.now());
        self.tell_success(host, &copy, Outcome::Delivered);
    }

    /// What follows when a copy is in a mailbox: a report to who asked for it (RFC 3461 section 5.2.3), and
    /// the answer of a user who is away.
    pub(super) fn after_delivery<H: Host>(&mut self, host: &mut H, arrival: &Arrival, who: &Addressee, mailbox: &str) {
        self.tell_delivered(host, arrival, who);
        let Arrival { reverse_path, content, message_id, .. } = arrival;
        let incoming = Incoming { reverse_path, recipient: &who.mailbox, content };
        let Some(to) = self.vacations.answers(mailbox, &incoming, host.now()) else { return };
        self.last_answer += 1;
        let id = format!("<v.{}@{}>", self.last_answer, self.name);
        let answer = self.vacations.build(mailbox, &to, &id, host.calendar(), content);
        self.dispatch(host, (MessageKind::Vacation, to, id), message_id, answer);
    }

    /// Traces that copies of a message go on in fewer bits, if they do: with so many octets.
    pub(in crate::app::mail) fn trace_downgrade<H: Host>(&self, host: &mut H, keys: &[CopyKey], after: usize) {
        for key in keys {
            let message = self.queue.message(*key);
            let (before, after) = (message.content.len() as u64, after as u64);
            if before != after {
                let (message, to) = (message.message_id.as_str(), message.copies[key.copy].recipient.as_str());
                host.trace(Trace::Mail(MailTrace::Downgraded { message, to, before, after }));
            }
        }
    }

    fn tell_success<H: Host>(&mut self, host: &mut H, copy: &Undeliverable, outcome: Outcome<'_>) {
        if let Some(reader) = copy.reader(|notify| notify.success, false).cloned() {
            let id = self.next_report();
            self.tell(host, copy, outcome, (MessageKind::Success, reader, id));
        }
    }

    fn next_report(&mut self) -> String {
        self.last_bounce += 1;
        format!("<b.{}@{}>", self.last_bounce, self.name)
    }

    fn tell<H: Host>(
        &mut self,
        host: &mut H,
        copy: &Undeliverable,
        outcome: Outcome<'_>,
        (kind, to, id): (MessageKind, Mailbox, String),
    ) {
        // RFC 3461 section 4.3: RET is about failures; of other reports "the full message should not be returned".
        let wanted = kind == MessageKind::Bounce
            && match copy.options.ret {
                Some(ret) => ret == Ret::Full,
                None => self.reports.whole,
            };
        let content = bounce::build(&Report {
            server: &self.name,
            message_id: &id,
            to: to.as_str(),
            date: host.calendar(),
            recipient: copy.addressee.mailbox.as_str(),
            original_recipient: copy.addressee.original.as_deref(),
            outcome,
            envelope_id: copy.options.envid.as_deref(),
            arrival: calendar_of(host, copy.accepted),
            attempts: copy.attempts,
            tried_for: copy.tried_for,
            last_attempt: copy.last_attempt.map(|at| calendar_of(host, at)),
            exchange: copy.exchange,
            original: &copy.content,
            whole: wanted && copy.content.len() as u64 <= self.reports.return_limit,
        });
        self.dispatch(host, (kind, to, id), &copy.message_id, content);
    }

    /// Sends what the server wrote.
    fn dispatch<H: Host>(
        &mut self,
        host: &mut H,
        (kind, to, message_id): (MessageKind, Mailbox, String),
        about: &str,
        content: Vec<u8>,
    ) {
        let bytes = content.len() as u64;
        let (message, about) = (message_id.as_str(), Some(about));
        host.trace(Trace::Mail(MailTrace::Composed { message, from: "", to: to.as_str(), bytes, kind, about }));
        let body = if is_seven_bit(&content) { BodyType::SevenBit } else { BodyType::EightBit };
        let arrival = Arrival {
            queue_id: self.next_queue_id(),
            message_id,
            reverse_path: ReversePath::Null,
            recipients: vec![to.into()],
            options: MailOptions { body, ..MailOptions::default() },
            content: content.into(),
            bytes,
            conn: None,
        };
        self.accept(host, arrival);
    }
}

/// The calendar time of another instant.
fn calendar_of<H: Host>(host: &H, at: SimTime) -> UnixTime {
    let whole = |at: SimTime| i64::try_from(at.since(SimTime::ZERO).as_secs()).unwrap_or(i64::MAX);
    UnixTime(host.calendar().0.saturating_add(whole(at)).saturating_sub(whole(host.now())))
}
