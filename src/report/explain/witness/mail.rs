//! What a [`Witness`] sees of mail: events in the life of its message, and what concerns its connections.

use super::{MOST_CONDUCT, Witness};
use crate::base::trace::{AttemptOutcome, MailTrace, Phase, TraceEvent};
use crate::metrics::failure_word;
use crate::report::explain::notes::{ConductNote, EndNote, MailNote, MailWhat};

impl Witness {
    pub(super) fn mail(&mut self, event: &TraceEvent<'_>, what: &MailTrace<'_>) {
        self.over_connections(event, what);
        let trace = what;
        let Some((message, to, what)) = self.about_message(trace) else { return };
        let copy = (self.message.as_deref() == Some(message)).then(|| self.copy(to));
        if let MailTrace::Phase { phase: phase @ (Phase::Dns | Phase::Connecting), .. } = *trace {
            return self.enters(event, phase, copy);
        }
        let Some(copy) = copy else { return };
        self.parties.alone(event.id, copy);
        if let MailTrace::Postponed { .. } = trace
            && let Some(conn) = self.closings.get(&event.cause).copied()
        {
            self.closings.insert(event.id, conn);
            self.kept.push((event.at, to.to_owned(), self.directory.conn_name(conn)));
        }
        if let MailTrace::GivenUp { failure, .. } | MailTrace::Refused { failure, .. } = trace {
            let text = failure.text.to_owned();
            self.given_up.push(EndNote { at: event.at, to: to.to_owned(), code: failure.code, text });
        }
        if let MailTrace::AttemptEnded { outcome: AttemptOutcome::Interrupted { .. }, .. } = trace {
            self.interrupted.push((event.at, to.to_owned(), self.in_force.host(&self.directory, event.host)));
        }
        if let Some(what) = what {
            self.mail.push(MailNote { at: event.at, host: self.host(event.host), to: to.to_owned(), what });
        }
    }

    /// The place of a recipient.
    fn copy(&mut self, to: &str) -> usize {
        let known = self.recipients.iter().position(|known| known == to);
        known.unwrap_or_else(|| {
            self.recipients.push(to.to_owned());
            self.recipients.len() - 1
        })
    }

    /// A copy enters a phase of a courier's way; one that was not there before had waited for the look-up before.
    fn enters(&mut self, event: &TraceEvent<'_>, phase: Phase, copy: Option<usize>) {
        let look_up = self.looked_up.get(&event.cause).copied();
        if !self.parties.step(event, phase, copy) {
            self.entered_after = look_up;
            let other = self.others.get(&event.host).filter(|(id, _)| *id == event.cause);
            self.entered_late = other.map(|(_, note)| note.clone());
        }
        if copy.is_some()
            && let Some(note) = self.entered_late.take()
        {
            self.entered_after = Some(self.look_ups.len());
            self.look_ups.push(note);
        }
        let Some((note, to)) = self.entered_after.and_then(|at| self.look_ups.get_mut(at)).zip(copy) else { return };
        let Some(to) = self.recipients.get(to) else { return };
        if !note.recipients.contains(to) && !note.waiting.contains(to) {
            note.waiting.push(to.clone());
        }
    }

    pub(super) fn is_carried(&self, party: usize) -> bool {
        self.parties.get(party).is_some_and(|party| party.carried)
    }

    pub(super) fn recipients_of(&self, party: usize) -> Vec<String> {
        let copies = self.parties.get(party).map_or(&[][..], |party| &party.copies);
        copies.iter().filter_map(|copy| self.recipients.get(*copy).cloned()).collect()
    }

    /// Message, recipient and what is written down of it, of an event in the life of a message.
    fn about_message<'a>(&self, what: &MailTrace<'a>) -> Option<(&'a str, &'a str, Option<MailWhat>)> {
        let name = |conn| self.directory.conn_name(conn);
        Some(match *what {
            MailTrace::Accepted { message, to, queue_id, conn, bytes: _ } => {
                let what = MailWhat::Accepted { queue_id: queue_id.to_owned(), conn: conn.map(name) };
                (message, to, Some(what))
            }
            MailTrace::Postponed { message, to, failure, next, .. } => {
                let (kind, text) = (failure_word(failure.kind).to_owned(), failure.text.to_owned());
                (message, to, Some(MailWhat::Postponed { kind, code: failure.code, text, next }))
            }
            MailTrace::Downgraded { message, to, before, after } => {
                (message, to, Some(MailWhat::Downgraded { before, after }))
            }
            MailTrace::Delivered { message, to, mailbox } => {
                (message, to, Some(MailWhat::Delivered { mailbox: mailbox.to_owned() }))
            }
            MailTrace::Retrieved { message, mailbox, conn } => {
                let what = MailWhat::Retrieved { mailbox: mailbox.to_owned(), conn: name(conn) };
                (message, mailbox, Some(what))
            }
            MailTrace::Deleted { message, mailbox } => {
                (message, mailbox, Some(MailWhat::Deleted { mailbox: mailbox.to_owned() }))
            }
            MailTrace::Discarded { message, to, why } => {
                (message, to, Some(MailWhat::Discarded { why: why.to_owned() }))
            }
            MailTrace::Redirected { message, into, .. } => (message, into, Some(MailWhat::Redirected)),
            MailTrace::Composed { message, to, .. }
            | MailTrace::Phase { message, to, .. }
            | MailTrace::Refused { message, to, .. }
            | MailTrace::AttemptStarted { message, to, .. }
            | MailTrace::AttemptEnded { message, to, .. }
            | MailTrace::GivenUp { message, to, .. }
            | MailTrace::Expanded { message, to, .. }
            | MailTrace::HandedIn { message, to, .. } => (message, to, None),
            MailTrace::Encoded { message, .. } => (message, "", None),
            MailTrace::QueueLength { .. }
            | MailTrace::MailboxSize { .. }
            | MailTrace::Appended { .. }
            | MailTrace::Conduct { .. }
            | MailTrace::Acted { .. }
            | MailTrace::Shown { .. }
            | MailTrace::Session { .. } => return None,
        })
    }

    /// What an event of mail says of a connection that is looked at.
    fn over_connections(&mut self, event: &TraceEvent<'_>, what: &MailTrace<'_>) {
        if let MailTrace::Accepted { message, to, conn: Some(conn), .. } = *what {
            self.note(conn, |note| &mut note.took, (event.at, message.to_owned(), to.to_owned()));
        }
        let MailTrace::Conduct { rule, conn, at, action, effect, delay, client, sender, recipient, .. } = *what else {
            return;
        };
        let ours = self.conns.contains_key(&conn) || self.message.is_some();
        if ours && self.conduct.len() < MOST_CONDUCT {
            self.conduct.push(ConductNote {
                at: event.at,
                host: self.host(event.host),
                rule: rule.to_owned(),
                conn: self.directory.conn_name(conn),
                at_command: at.to_owned(),
                action,
                effect,
                delay,
                client,
                sender: sender.map(str::to_owned),
                recipient: recipient.map(str::to_owned),
            });
        }
    }
}
