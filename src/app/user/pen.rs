//! Writing messages: each gets the next number of its user on this computer.

use super::UserAgentConfig;
use super::compose::{Draft, Written};
use super::submission::{Outgoing, Submission};
use crate::app::host::Host;
use crate::app::mail::composed::trace_composed;
use crate::proto::smtp::Mailbox;

/// Who writes, and how much was written so far; that is on the disk.
#[derive(Clone, Debug)]
pub(super) struct Pen {
    address: String,
    name: Option<String>,
    device: Option<String>,
    composed: u64,
}

/// A message with its recipients.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) message_id: String,
    to: Vec<Mailbox>,
    pub(super) written: Written,
}

impl Pen {
    pub(super) fn new(config: &UserAgentConfig) -> Self {
        let (address, name, device) = (config.address.clone(), config.name.clone(), config.device.clone());
        Self { address, name, device, composed: 0 }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Writes a message; none if it has no recipient and is `to_be_sent`.
    pub(super) fn write<H: Host>(&mut self, host: &H, draft: &Draft, to_be_sent: bool) -> Option<Letter> {
        let to = draft.recipients();
        if to.is_empty() && to_be_sent {
            return None;
        }
        self.composed += 1;
        let (local, domain) = self.address.split_once('@').unwrap_or((&self.address, "localhost"));
        // No host name has a slash in it.
        let device = self.device.as_ref().map_or_else(String::new, |name| format!("/{name}"));
        let message_id = format!("<{}.{local}{device}@{domain}>", self.composed);
        let written = draft.write(host.calendar(), (&self.address, self.name.as_deref()), &message_id);
        Some(Letter { message_id, to, written })
    }

    /// Puts a message into the outbox: its life begins.
    pub(super) fn post<H: Host>(&self, host: &mut H, submission: &mut Submission, letter: Letter) {
        let Letter { message_id, to, written: Written { content, costs, options, notify } } = letter;
        trace_composed(host, (&message_id, &self.address), &to, (&content, &costs));
        submission.put(Outgoing { message_id, content, to, options, notify, begun: false });
    }
}
