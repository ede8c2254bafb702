//! Taking the responsibility for a message: what is delivered here, what goes on elsewhere.

use super::reports::Undeliverable;
use super::{Arrival, MAX_HOPS, Spool, trace_maildrop, trace_phase};
use crate::app::host::Host;
use crate::app::mail::failure::Reason;
use crate::app::mail::folder::Origin;
use crate::app::mail::mailbox::Maildrop;
use crate::app::mail::queue::{Addressee, QueuedCopy, QueuedMessage};
use crate::base::trace::{FailureKind, MailTrace, Phase, Trace};
use crate::proto::message::{count_received, return_path};
use crate::proto::smtp::Mailbox;

impl Spool {
    /// Takes the responsibility for a message: the server may answer 250 after this.
    pub(in crate::app::mail) fn accept<H: Host>(&mut self, host: &mut H, arrival: Arrival) {
        let looping = count_received(&arrival.content) > MAX_HOPS;
        let mut remote = Vec::new();
        for addressee in &arrival.recipients {
            let recipient = &addressee.mailbox;
            self.counted.accepted += 1;
            host.trace(Trace::Mail(MailTrace::Accepted {
                message: &arrival.message_id,
                to: recipient.as_str(),
                queue_id: &arrival.queue_id,
                conn: arrival.conn,
                bytes: arrival.bytes,
            }));
            if looping {
                self.undeliverable_here(host, &arrival, addressee, &Reason::new(FailureKind::Loop, "too many hops"));
            } else if !self.is_local(recipient) {
                remote.push(addressee.clone());
            } else if let Some(key) = self.homes.mailbox_of(&self.maildrops, recipient) {
                self.deliver(host, &arrival, recipient, key.clone());
                self.after_delivery(host, &arrival, addressee, &key);
            } else {
                let text = format!("{recipient} ... User unknown");
                let reason = Reason { kind: FailureKind::Reply, code: 550, text };
                self.undeliverable_here(host, &arrival, addressee, &reason);
            }
        }
        if !remote.is_empty() {
            self.enqueue(host, arrival, remote);
        }
    }

    fn enqueue<H: Host>(&mut self, host: &mut H, arrival: Arrival, recipients: Vec<Addressee>) {
        let copies = recipients
            .into_iter()
            .map(|addressee| {
                let cause = trace_phase(host, &arrival.message_id, addressee.mailbox.as_str(), Phase::Queued);
                QueuedCopy::new(addressee, cause)
            })
            .collect();
        let Arrival { queue_id, message_id, reverse_path, options, content, .. } = arrival;
        let accepted = host.now();
        self.queue.insert(QueuedMessage { queue_id, message_id, reverse_path, options, content, accepted, copies });
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

    fn undeliverable_here<H: Host>(&mut self, host: &mut H, arrival: &Arrival, who: &Addressee, reason: &Reason) {
        let copy = Undeliverable::arriving(arrival, who, host.now());
        self.report(host, &copy, reason);
    }
}
