//! The attempts of servers to pass copies on: one row each, as in a mail log.
//!
//! An attempt that a crash of its server cut short ended there; when the next one is due is not
//! known before the server works again. One that the end of the run found under way has no end.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::copy::CopyId;
use super::names::{NameId, Names, Text};
use super::words::{self, named};
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::time::SimTime;
use crate::base::trace::{AttemptOutcome, Failure};
use std::net::IpAddr;

named! {
    /// How an attempt ended.
    AttemptEnd {
        /// The next server took the copy.
        Completed = "completed",
        /// The copy stays in the queue for a later attempt.
        Deferred = "deferred",
        /// The copy stays in the queue, but is not tried again, unless somebody flushes it, before it expires.
        Expiring = "expiring",
        /// The copy is not tried again.
        Failed = "failed",
        /// Under way at the end of the run.
        Open = "open",
    }
}

impl AttemptEnd {
    /// Whether the copy stays in the queue.
    #[must_use]
    pub const fn is_deferral(self) -> bool {
        match self {
            Self::Deferred | Self::Expiring => true,
            Self::Completed | Self::Failed | Self::Open => false,
        }
    }
}

/// One attempt for one copy: a row of the table `attempts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Message-ID.
    pub message: Text,
    /// The recipient.
    pub to: Text,
    /// The server that tried.
    pub server: Text,
    /// 1 for the first attempt of this server.
    pub attempt: u32,
    /// When it began.
    pub started: SimTime,
    /// When it ended.
    pub ended: Option<SimTime>,
    /// The last host tried.
    pub exchange: Option<Text>,
    /// The last connection used.
    pub connection: Option<Text>,
    /// How it ended.
    pub outcome: AttemptEnd,
    /// The kind of trouble.
    pub reason: Option<Text>,
    /// The SMTP reply code, when a reply was the trouble.
    pub reply_code: Option<u16>,
    /// The reply's text, or a sentence about the trouble.
    pub text: Option<Text>,
    /// When the next attempt is due, if that is known, or the copy expires.
    pub next: Option<SimTime>,
}

#[derive(Clone, Debug)]
struct Attempt {
    copy: CopyId,
    server: HostId,
    attempt: u32,
    started: SimTime,
    end: Option<End>,
}

#[derive(Clone, Debug)]
struct End {
    at: SimTime,
    exchange: Option<IpAddr>,
    conn: Option<ConnId>,
    outcome: AttemptEnd,
    reason: Option<&'static str>,
    code: u16,
    text: Option<NameId>,
    next: Option<SimTime>,
}

/// All attempts of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    attempts: Vec<Attempt>,
    /// The attempts under way of each (copy, server). A server that accepted a copy twice,
    /// because its first 250 was lost, may be at both.
    open: FxHashMap<(u32, HostId), SmallVec<[usize; 1]>>,
}

/// Where an attempt went and how it ended.
pub(super) struct Ending<'a> {
    pub(super) attempt: u32,
    pub(super) exchange: Option<IpAddr>,
    pub(super) conn: Option<ConnId>,
    pub(super) outcome: AttemptOutcome<'a>,
}

impl Attempts {
    pub(super) fn start(&mut self, copy: CopyId, server: HostId, attempt: u32, at: SimTime) {
        self.open.entry((copy.index(), server)).or_default().push(self.attempts.len());
        self.attempts.push(Attempt { copy, server, attempt, started: at, end: None });
    }

    /// Notes how an attempt ended; false when no such attempt is under way.
    pub(super) fn end(
        &mut self,
        names: &mut Names,
        copy: CopyId,
        server: HostId,
        ending: &Ending<'_>,
        at: SimTime,
    ) -> bool {
        let Some(open) = self.open.get_mut(&(copy.index(), server)) else { return false };
        let Some(place) = open.iter().position(|index| self.attempts[*index].attempt == ending.attempt) else {
            return false;
        };
        let attempt = &mut self.attempts[open.remove(place)];
        let (outcome, failure, next) = match ending.outcome {
            AttemptOutcome::Completed | AttemptOutcome::Stored => (AttemptEnd::Completed, None, None),
            AttemptOutcome::Deferred { failure, next } => (AttemptEnd::Deferred, Some(failure), Some(next)),
            AttemptOutcome::Expiring { failure, end } => (AttemptEnd::Expiring, Some(failure), Some(end)),
            AttemptOutcome::Failed { failure } => (AttemptEnd::Failed, Some(failure), None),
            AttemptOutcome::Interrupted { failure } => (AttemptEnd::Deferred, Some(failure), None),
        };
        let failure: Option<Failure<'_>> = failure;
        attempt.end = Some(End {
            at,
            exchange: ending.exchange,
            conn: ending.conn,
            outcome,
            reason: failure.map(|failure| words::failure(failure.kind)),
            code: failure.map_or(0, |failure| failure.code),
            text: failure.map(|failure| names.id(failure.text)),
            next,
        });
        true
    }

    /// The attempts that ended in trouble over a connection: copy, connection, when, and why.
    pub(super) fn troubles(&self) -> impl Iterator<Item = (CopyId, ConnId, SimTime, &'static str)> {
        let ends = self.attempts.iter().filter_map(|attempt| Some((attempt.copy, attempt.end.as_ref()?)));
        ends.filter_map(|(copy, end)| Some((copy, end.conn?, end.at, end.reason?)))
    }

    /// The rows, sorted. `copy` tells a copy's Message-ID and recipient.
    pub(super) fn finish(
        self,
        names: &mut Names,
        directory: &Directory,
        copy: impl Fn(CopyId) -> (NameId, NameId),
    ) -> Vec<AttemptRow> {
        let mut rows: Vec<AttemptRow> = self
            .attempts
            .iter()
            .map(|attempt| {
                let (message, to) = copy(attempt.copy);
                let end = attempt.end.as_ref();
                AttemptRow {
                    message: names.text(message),
                    to: names.text(to),
                    server: names.share(directory.host_name(attempt.server)),
                    attempt: attempt.attempt,
                    started: attempt.started,
                    ended: end.map(|end| end.at),
                    exchange: end.and_then(|end| end.exchange).map(|at| names.share(&directory.name_at(at))),
                    connection: end.and_then(|end| end.conn).map(|conn| names.share(&directory.conn_name(conn))),
                    outcome: end.map_or(AttemptEnd::Open, |end| end.outcome),
                    reason: end.and_then(|end| end.reason).map(|reason| names.share(reason)),
                    reply_code: end.map(|end| end.code).filter(|code| *code != 0),
                    text: end.and_then(|end| end.text).map(|text| names.text(text)),
                    next: end.and_then(|end| end.next),
                }
            })
            .collect();
        rows.sort_by(|a, b| {
            let key = |row: &AttemptRow| (row.started, row.message.clone(), row.to.clone(), row.server.clone());
            (key(a), a.attempt).cmp(&(key(b), b.attempt))
        });
        rows
    }
}
