//! How attempts end, and what the ledger knows of the copy afterwards.

use posthaste::base::trace::{AttemptOutcome, FailureKind};
use posthaste::base::{ConnId, HostId, SimTime};

use super::super::holdings::{Held, Key, is_report};
use super::super::schedule;
use super::{Ledger, is_refusal};

impl Ledger {
    fn under_way(&mut self, host: HostId, key: &Key, running: impl Fn(&Held) -> bool) -> Result<&mut Held, String> {
        let all = self.held.get_mut(&(host, key.clone())).ok_or("this server does not hold it")?;
        Ok(all.iter_mut().find(|held| running(held)).ok_or("not under way")?)
    }

    pub(super) fn ended(
        &mut self,
        (host, at): (HostId, SimTime),
        key: &Key,
        (attempt, conn): (u32, Option<ConnId>),
        outcome: &AttemptOutcome<'_>,
    ) -> Result<(), String> {
        let running = |held: &Held| held.running && held.past.attempts == attempt;
        let server = self.server(host)?.clone();
        match *outcome {
            AttemptOutcome::Completed => {
                self.release(host, key, running)?;
                let accepted = &mut self.copy(key)?.accepted;
                let heard = accepted.iter_mut().find(|(_, over, heard)| *over == conn && conn.is_some() && !heard);
                heard.map(|taken| taken.2 = true).ok_or_else(|| "completed, but nobody took it".to_owned())
            }
            AttemptOutcome::Stored => {
                let held = self.under_way(host, key, running)?;
                (held.running, held.stored) = (false, true);
                Ok(())
            }
            AttemptOutcome::Interrupted { .. } => {
                let held = self.under_way(host, key, running)?;
                (held.running, held.due) = (false, at);
                if server.down { Ok(()) } else { Err("interrupted without a crash".to_owned()) }
            }
            AttemptOutcome::Deferred { failure, .. } | AttemptOutcome::Expiring { failure, .. }
                if is_refusal(&failure) =>
            {
                Err(format!("put off after a {}", failure.code))
            }
            AttemptOutcome::Deferred { next, .. } => self.failed(
                host,
                key,
                attempt,
                |held| {
                    held.due = next;
                    let told = schedule::check_next(&server.retry, &held.past, (server.up, at, next), is_report(key));
                    held.past.wait(&server.retry, at, next);
                    told
                },
                at,
            ),
            AttemptOutcome::Failed { failure } => self.failed(
                host,
                key,
                attempt,
                |held| {
                    if schedule::is_permanent(failure.kind, failure.code) {
                        held.over = Some(failure.kind);
                        return Ok(());
                    }
                    let end = schedule::end(&server.retry, &held.past, at, is_report(key));
                    if end > at {
                        return Err(format!("failed before its time, {end} s"));
                    }
                    (held.over, held.due) = (Some(FailureKind::Expired), at);
                    Ok(())
                },
                at,
            ),
            AttemptOutcome::Expiring { end: told, .. } => self.failed(
                host,
                key,
                attempt,
                |held| {
                    let end = schedule::end(&server.retry, &held.past, at, is_report(key));
                    if told != end || end <= at {
                        return Err(format!("expires at {told} s, its time is over at {end} s"));
                    }
                    (held.over, held.due) = (Some(FailureKind::Expired), end);
                    schedule::check_last(&server.retry, &held.past, at, is_report(key)).map(|()| held.past.plan_none())
                },
                at,
            ),
        }
    }
}
