//! Copies that do not reach their recipients, and what their senders are told.

use super::{Arrival, Spool, Undeliverable};
use crate::app::host::Host;
use crate::app::mail::bounce::{self, Report};
use crate::app::mail::failure::Reason;
use crate::base::trace::{MailTrace, MessageKind, Trace};
use crate::proto::smtp::{MailOptions, ReversePath};

impl Spool {
    /// Gives a copy up and tells its sender. RFC 5321 4.5.5: a report has a null reverse-path,
    /// so a report that cannot be delivered itself ends here.
    pub(super) fn report<H: Host>(&mut self, host: &mut H, copy: &Undeliverable, reason: &Reason) {
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
        let (to, kind, about) = (sender.as_str(), MessageKind::Bounce, Some(message));
        host.trace(Trace::Mail(MailTrace::Composed { message: &id, from: "", to, bytes, kind, about }));
        let arrival = Arrival {
            queue_id: self.next_queue_id(),
            message_id: id,
            reverse_path: ReversePath::Null,
            recipients: vec![sender.clone().into()],
            options: MailOptions::default(),
            content: content.into(),
            bytes,
            conn: None,
        };
        self.accept(host, arrival);
    }
}
