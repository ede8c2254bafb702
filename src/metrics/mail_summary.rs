//! The numbers of a run about mail, by flat names.

use std::collections::BTreeMap;

use super::attempts::AttemptEnd;
use super::messages::{CopyStatus, MessageRow, before_mailbox};
use super::reasons::Outcome;
use super::record::RunRecord;
use super::replies::DuplicateCause;
use super::smtp_sessions::SessionCounts;
use super::summary::{Metric, Metrics, count, mean_s, nearest_rank, share};
use super::words;
use crate::base::time::SimDuration;
use crate::base::trace::{FailureKind, MessageKind, Phase};

/// The ports on which servers speak SMTP: MTA and MSA.
const SMTP_PORTS: [u16; 2] = [25, 587];

/// The word for the messages of a kind, as the first part of a metric's name.
const fn group(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::User => "messages",
        MessageKind::Bounce => "bounces",
        MessageKind::Delay => "delays",
        MessageKind::Success => "successes",
        MessageKind::Vacation => "vacations",
    }
}

impl RunRecord {
    /// All numbers about mail.
    pub(super) fn mail_metrics(&self, metrics: &mut Metrics) {
        self.message_counts(metrics);
        self.latencies(metrics);
        self.attempt_counts(metrics);
        self.reason_counts(metrics);
        self.reply_counts(metrics);
        self.queue_figures(metrics);
        self.session_counts(metrics);
        self.storm_figures(metrics);
    }

    fn message_counts(&self, metrics: &mut Metrics) {
        let rows = &self.tables.messages;
        for kind in MessageKind::ALL {
            let of = |filter: &dyn Fn(&MessageRow) -> bool| count(rows, |row| row.kind == kind && filter(row));
            let mut put = |name: &str, value| metrics.insert(format!("{}.{name}", group(kind)), value);
            put("composed", of(&|row| row.expanded_by.is_none()));
            put("delivered", of(&|row| row.status == CopyStatus::Delivered));
            let statuses: &[CopyStatus] = match kind {
                MessageKind::User => CopyStatus::ALL,
                MessageKind::Bounce => &[
                    CopyStatus::Bounced,
                    CopyStatus::Dropped,
                    CopyStatus::Expanded,
                    CopyStatus::Discarded,
                    CopyStatus::Queued,
                ],
                MessageKind::Delay | MessageKind::Success | MessageKind::Vacation => continue,
            };
            for status in statuses {
                put(status.name(), of(&|row| row.status == *status));
            }
            put("retrieved", of(&|row| row.retrieved.is_some()));
            put("redirected", of(&|row| row.expanded_by.is_some()));
            if kind == MessageKind::User {
                let duplicates = rows.iter().filter(|row| row.is_user()).map(|row| u64::from(row.duplicates)).sum();
                put("duplicates", Metric::Integer(duplicates));
            }
        }
    }

    fn latencies(&self, metrics: &mut Metrics) {
        let delivered = || self.tables.messages.iter().filter(|row| row.is_user() && row.delivered.is_some());
        let mut sorted: Vec<SimDuration> = delivered().filter_map(MessageRow::latency).collect();
        sorted.sort_unstable();
        put_s(metrics, "latency.min_s", sorted.first().copied());
        put_s(metrics, "latency.p50_s", nearest_rank(&sorted, 50));
        put_s(metrics, "latency.p95_s", nearest_rank(&sorted, 95));
        put_s(metrics, "latency.max_s", sorted.last().copied());
        put(metrics, "latency.mean_s", mean_s(sorted.iter().copied()));
        for (index, phase) in Phase::ALL.into_iter().enumerate() {
            let rows = delivered().filter(|row| before_mailbox(phase) || row.retrieved.is_some());
            put(metrics, &format!("phase.{}.mean_s", phase.name()), mean_s(rows.map(|row| row.phases[index])));
        }
    }

    fn attempt_counts(&self, metrics: &mut Metrics) {
        let attempts = |outcome| count(&self.tables.attempts, |row| row.outcome == outcome);
        let replies =
            |class| count(&self.tables.attempts, |row| row.reply_code.is_some_and(|code| code / 100 == class));
        let rates = &self.tables.attempt_rates;
        let per_s = rates.iter().map(|row| row.peak_per_s).max().unwrap_or(0);
        let per_min = rates.iter().map(|row| row.attempts).max().unwrap_or(0);
        let tried = || self.tables.messages.iter().filter(|row| row.is_user() && row.attempts > 0);
        let all = [
            ("total", count(&self.tables.attempts, |_| true)),
            ("completed", attempts(AttemptEnd::Completed)),
            ("deferred", count(&self.tables.attempts, |row| row.outcome.is_deferral())),
            ("failed", attempts(AttemptEnd::Failed)),
            ("reply_4yz", replies(4)),
            ("reply_5yz", replies(5)),
            ("peak_per_s", Metric::Integer(per_s)),
            ("peak_per_min", Metric::Integer(per_min)),
        ];
        metrics.extend(all.map(|(name, value)| (format!("attempts.{name}"), value)));
        let made = tried().map(|row| u64::from(row.attempts)).sum();
        put(metrics, "attempts.per_copy", share(made, tried().count() as u64));
    }

    fn reason_counts(&self, metrics: &mut Metrics) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for kind in FailureKind::ALL {
            for group in ["attempts", "given_up"] {
                counts.insert(format!("{group}.reason.{}", words::failure(kind)), 0);
            }
        }
        for row in &self.tables.reasons {
            let group = match row.outcome {
                Outcome::Completed | Outcome::Deferred | Outcome::Failed => "attempts",
                Outcome::Bounced | Outcome::Dropped => "given_up",
                Outcome::Postponed | Outcome::Refused | Outcome::Discarded => continue,
            };
            if let Some(reason) = &row.reason {
                *counts.entry(format!("{group}.reason.{reason}")).or_default() += row.count;
            }
        }
        metrics.extend(counts.into_iter().map(|(name, count)| (name, Metric::Integer(count))));
    }

    fn reply_counts(&self, metrics: &mut Metrics) {
        for cause in DuplicateCause::ALL {
            let value = count(&self.tables.duplicates, |row| row.cause == *cause);
            metrics.insert(format!("duplicates.{}", cause.name()), value);
        }
        metrics.insert("replies.lost".to_owned(), count(&self.tables.lost_replies, |_| true));
    }

    fn queue_figures(&self, metrics: &mut Metrics) {
        let longest = |of: fn(&super::QueueRow) -> u32| self.tables.queue.iter().map(of).max().unwrap_or(0);
        let mut count = |name: &str, value: u64| metrics.insert(name.to_owned(), Metric::Integer(value));
        count("queue.max_copies", longest(|row| row.copies).into());
        count("queue.max_waiting", longest(|row| row.waiting).into());
        let stays = || self.counts.stays.iter().filter(|stay| !stay.left || stay.lasted > SimDuration::ZERO);
        count("queue.stays", stays().count() as u64);
        let mut over: Vec<SimDuration> = stays().filter(|stay| stay.left).map(|stay| stay.lasted).collect();
        over.sort_unstable();
        put_s(metrics, "queue.oldest_s", stays().filter(|stay| !stay.left).map(|stay| stay.lasted).max());
        put_s(metrics, "queue.stay.p50_s", nearest_rank(&over, 50));
        put_s(metrics, "queue.stay.p95_s", nearest_rank(&over, 95));
        put_s(metrics, "queue.stay.max_s", over.last().copied());
        put(metrics, "queue.stay.mean_s", mean_s(over.iter().copied()));
    }

    fn session_counts(&self, metrics: &mut Metrics) {
        let sessions = &self.tables.smtp_sessions;
        let all = sessions.iter().fold(SessionCounts::default(), |all, row| all.plus(row.counts));
        let wire = sessions.iter().map(|row| row.wire_bytes).sum();
        let opened = self.tables.connections.iter().filter(|row| SMTP_PORTS.contains(&row.server_port)).count() as u64;
        let counts = [
            ("sessions", sessions.len() as u64),
            ("connections", opened),
            ("commands", all.commands),
            ("messages", all.messages),
            ("messages_refused", all.messages_refused),
            ("recipients", all.recipients),
            ("recipients_refused", all.recipients_refused),
            ("replies_4yz", all.replies_4yz),
            ("replies_5yz", all.replies_5yz),
            ("bytes_message", all.message_bytes),
            ("bytes_protocol", all.protocol_bytes()),
            ("bytes_wire", wire),
        ];
        metrics.extend(counts.map(|(name, value)| (format!("smtp.{name}"), Metric::Integer(value))));
        put(metrics, "smtp.commands_per_message", share(all.commands, all.messages));
        put(metrics, "smtp.connections_per_message", share(opened, all.messages));
        put(metrics, "smtp.recipients_per_message", share(all.recipients, all.messages));
        put(metrics, "smtp.overhead", share(all.protocol_bytes(), all.message_bytes));
        put(metrics, "smtp.wire_overhead", share(wire, all.message_bytes));
    }

    fn storm_figures(&self, metrics: &mut Metrics) {
        let storms = &self.tables.storms;
        let counts = [
            ("count", storms.len() as u64),
            ("backlog_max", storms.iter().map(|row| row.backlog).max().unwrap_or(0)),
            ("peak_per_s", storms.iter().map(|row| row.peak_per_s).max().unwrap_or(0)),
            ("undrained", storms.iter().filter(|row| row.drain.is_none()).count() as u64),
        ];
        metrics.extend(counts.map(|(name, value)| (format!("storms.{name}"), Metric::Integer(value))));
        put_s(metrics, "storms.drain_max_s", storms.iter().filter_map(|row| row.drain).max());
    }
}

/// Puts a number that may be absent.
fn put(metrics: &mut Metrics, name: &str, value: Option<f64>) {
    if let Some(value) = value {
        metrics.insert(name.to_owned(), Metric::Float(value));
    }
}

/// Puts a duration that may be absent.
fn put_s(metrics: &mut Metrics, name: &str, value: Option<SimDuration>) {
    put(metrics, name, value.map(SimDuration::as_secs_f64));
}
