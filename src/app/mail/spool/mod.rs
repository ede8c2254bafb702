//! What a mail server keeps on disk, and every decision on the fate of a copy: accepted,
//! delivered, relayed, deferred, given up. Each decision is traced and counted here and
//! nowhere else, so that the counts balance.

mod attempts;
mod intake;
mod reports;
mod verdicts;

pub(in crate::app::mail) use verdicts::{Known, Refusal};

use std::net::IpAddr;
use std::sync::Arc;

pub(super) use attempts::is_or_is_in;

use super::conduct::judge::Judge;
use super::conduct::rules::Rule;
use super::config::{LoopGuard, ReportConfig, RoutingConfig};
use super::homes::Homes;
use super::mailbox::{Maildrop, Maildrops};
use super::queue::{Addressee, CopyKey, Queue, QueuedCopy, Status};
use super::retry::RetryPolicy;
use super::vacation::Vacations;
use crate::app::host::Host;
use crate::base::trace::{MailTrace, Phase, Trace};
use crate::base::{ConnId, EventId, SimTime};
use crate::proto::smtp::{MailOptions, Mailbox, ReversePath};

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
    /// Turned into others by an alias, a forward or a list; those count as accepted.
    pub expanded: u64,
    /// Ended by a stated policy; nobody is told.
    pub discarded: u64,
    /// Still in the queue, counted by walking it.
    pub queued: u64,
}

impl Audit {
    /// Whether nothing was lost: each copy accepted is accounted for once.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.accepted == self.delivered + self.relayed + self.given_up + self.expanded + self.discarded + self.queued
    }
}

/// A message to be taken over.
#[derive(Clone, Debug)]
pub(in crate::app::mail) struct Arrival {
    pub(in crate::app::mail) queue_id: String,
    pub(in crate::app::mail) message_id: String,
    pub(in crate::app::mail) reverse_path: ReversePath,
    pub(in crate::app::mail) recipients: Vec<Addressee>,
    pub(in crate::app::mail) options: MailOptions,
    pub(in crate::app::mail) content: Arc<[u8]>,
    /// Octets as received, before trace fields.
    pub(in crate::app::mail) bytes: u64,
    pub(in crate::app::mail) conn: Option<ConnId>,
}

/// Where an attempt got to.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::app::mail) struct Reached {
    pub(in crate::app::mail) exchange: Option<IpAddr>,
    pub(in crate::app::mail) conn: Option<ConnId>,
}

/// What survives a failure of the host.
#[derive(Clone, Debug)]
pub(in crate::app::mail) struct Spool {
    pub(in crate::app::mail) name: String,
    pub(in crate::app::mail) homes: Homes,
    loops: LoopGuard,
    retry: RetryPolicy,
    pub(in crate::app::mail) queue: Queue,
    pub(in crate::app::mail) maildrops: Maildrops,
    /// Mailboxes and their folders, by validity, that changed other than by IMAP since IMAP's sessions were told.
    pub(in crate::app::mail) touched: Vec<(String, u32)>,
    counted: Audit,
    last_queue_id: u64,
    last_bounce: u64,
    last_answer: u64,
    reports: ReportConfig,
    /// What is done to clients besides serving them; all of it is on disk but measured rates.
    pub(in crate::app::mail) conduct: Judge,
    vacations: Vacations,
    traced_length: (u32, u32),
    /// When the host last started.
    booted: SimTime,
    /// Domains whose mail clients asked to be tried at once.
    asked_for: Vec<String>,
}

impl Spool {
    pub(in crate::app::mail) fn new(
        name: String,
        homes: Homes,
        routing: &RoutingConfig,
        retry: RetryPolicy,
        maildrops: Maildrops,
    ) -> Self {
        Self {
            name,
            homes,
            loops: routing.loops,
            retry,
            queue: Queue::default(),
            maildrops,
            touched: Vec::new(),
            counted: Audit::default(),
            last_queue_id: 0,
            last_bounce: 0,
            last_answer: 0,
            reports: ReportConfig::default(),
            conduct: Judge::default(),
            vacations: Vacations::default(),
            traced_length: (0, 0),
            booted: SimTime::ZERO,
            asked_for: Vec::new(),
        }
    }

    /// The same with what it tells senders.
    pub(in crate::app::mail) fn with_reports(mut self, mut reports: ReportConfig) -> Self {
        self.vacations = Vacations::new(std::mem::take(&mut reports.vacations));
        self.reports = reports;
        self
    }

    /// The same with what it does to clients.
    pub(in crate::app::mail) fn with_conduct(mut self, rules: Arc<[Rule]>) -> Self {
        self.conduct = Judge::new(rules);
        self
    }

    pub(in crate::app::mail) fn audit(&self) -> Audit {
        let unfinished =
            |copy: &&QueuedCopy| matches!(copy.status, Status::Scheduled | Status::TemporarilyFailed { .. });
        let queued = self.queue.messages().flat_map(|m| &m.copies).filter(unfinished).count() as u64;
        Audit { queued, ..self.counted }
    }

    /// Whether mail for this address ends here.
    pub(in crate::app::mail) fn is_local(&self, mailbox: &Mailbox) -> bool {
        self.homes.domain_of(mailbox).is_some()
    }

    pub(in crate::app::mail) fn next_queue_id(&mut self) -> String {
        self.last_queue_id += 1;
        format!("Q{:06}", self.last_queue_id)
    }

    /// The domains that clients asked for since the last time, with "@" before those that stand for others below them.
    pub(in crate::app::mail) fn take_asked_for(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked_for)
    }

    pub(in crate::app::mail) fn trace_copy_phase<H: Host>(&self, host: &mut H, key: CopyKey, phase: Phase) {
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
pub(in crate::app::mail) fn trace_phase<H: Host>(host: &mut H, message: &str, to: &str, phase: Phase) -> EventId {
    host.trace(Trace::Mail(MailTrace::Phase { message, to, phase }))
}

/// Traces how full a mailbox is.
pub(in crate::app::mail) fn trace_maildrop<H: Host>(host: &mut H, drop: &Maildrop) {
    let messages = u32::try_from(drop.count()).unwrap_or(u32::MAX);
    host.trace(Trace::Mail(MailTrace::MailboxSize { mailbox: drop.address(), messages, bytes: drop.octets() }));
}
