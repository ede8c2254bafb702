//! Reads a run's trace for who took which copy over which connection, and who heard of it.

use std::collections::BTreeMap;

use posthaste::base::trace::{AttemptOutcome, ConductAction, MailTrace, Observer, Trace, TraceEvent};
use posthaste::base::{ConnId, HostId};
use posthaste::metrics::{CopyStatus, RunRecord};

type Copy = (String, String);

/// What the trace says of copies, connections and rules.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Copies taken from a client, in order.
    taken: BTreeMap<(HostId, Copy), Vec<ConnId>>,
    /// Connections over which a client believes to have passed a copy on.
    believed: Vec<(Copy, ConnId)>,
    deliveries: BTreeMap<Copy, usize>,
    uses: BTreeMap<String, u64>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What does not hold, if anything.
    pub(crate) fn check(&self, record: &RunRecord) -> Result<(), String> {
        record.check()?;
        for row in &record.tables.messages {
            // Only a bounce may end without anybody being told.
            let told = [CopyStatus::Delivered, CopyStatus::Bounced, CopyStatus::Refused].contains(&row.status);
            let over = told || (row.status == CopyStatus::Dropped && row.is_bounce());
            if !over {
                return Err(format!("{} for {} has not come to its end: {row:?}", row.message, row.to));
            }
        }
        for (copy, conn) in &self.believed {
            if !self.taken.iter().any(|((_, taken), conns)| taken == copy && conns.contains(conn)) {
                return Err(format!("nobody took {copy:?} over {conn:?}, but its sender believes so"));
            }
        }
        for ((host, copy), conns) in &self.taken {
            let heard = |conn: &&ConnId| self.believed.iter().any(|(of, over)| of == copy && over == *conn);
            let heard = conns.iter().filter(heard).count();
            // Whoever has it sends it until it hears that it was taken; it has it as often as it took it.
            let elsewhere = self.taken.iter().filter(|((other, of), _)| other != host && of == copy);
            let had = elsewhere.map(|(_, conns)| conns.len()).sum::<usize>().max(1);
            if heard > had {
                return Err(format!(
                    "{copy:?} was sent to {host:?} {heard} times successfully, but only {had} times had"
                ));
            }
        }
        for (copy, count) in &self.deliveries {
            let most = self.taken.iter().filter(|((_, taken), _)| taken == copy).map(|(_, conns)| conns.len()).max();
            if most.is_some_and(|most| *count > most) {
                return Err(format!("{copy:?} was delivered {count} times, but taken {most:?} times"));
            }
        }
        let rows = record.tables.conduct.iter().flatten();
        let mut told: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows {
            *told.entry(format!("{} {} {}", row.rule, row.at, row.action)).or_default() += row.uses;
        }
        if told == self.uses { Ok(()) } else { Err(format!("uses {:?}, but the table has {told:?}", self.uses)) }
    }
}

fn copy(message: &str, to: &str) -> Copy {
    (message.to_owned(), to.to_ascii_lowercase())
}

impl Observer for Ledger {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        let Trace::Mail(mail) = event.what else { return };
        #[expect(clippy::wildcard_enum_match_arm, reason = "what is not listed is not looked at")]
        match mail {
            MailTrace::Accepted { message, to, conn: Some(conn), .. } => {
                self.taken.entry((event.host, copy(message, to))).or_default().push(conn);
            }
            MailTrace::AttemptEnded { message, to, conn: Some(conn), outcome, .. } => {
                if matches!(outcome, AttemptOutcome::Completed) {
                    self.believed.push((copy(message, to), conn));
                }
            }
            MailTrace::Delivered { message, to, .. } => *self.deliveries.entry(copy(message, to)).or_default() += 1,
            MailTrace::Conduct { rule, at, action, .. } => {
                let action: ConductAction = action;
                *self.uses.entry(format!("{rule} {at} {}", action.name())).or_default() += 1;
            }
            _ => {}
        }
    }
}
