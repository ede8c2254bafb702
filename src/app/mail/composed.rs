//! A message begins its life: who composed it for whom, and what its encodings cost.
//!
//! Programs on people's computers and webmail tell it in the same way; what a server writes by itself has no parts
//! worth telling (`spool/reports.rs`).

use crate::app::host::Host;
use crate::base::trace::{MailTrace, MessageKind, Trace};
use crate::proto::message::mime::Cost;
use crate::proto::smtp::Mailbox;

/// Traces what a person composed; `content` is its octets and what its leaves cost.
pub(in crate::app) fn trace_composed<H: Host>(
    host: &mut H,
    (message, from): (&str, &str),
    recipients: &[Mailbox],
    (content, costs): (&[u8], &[Cost]),
) {
    for to in recipients {
        let (to, bytes, kind, about) = (to.as_str(), content.len() as u64, MessageKind::User, None);
        host.trace(Trace::Mail(MailTrace::Composed { message, from, to, bytes, kind, about }));
    }
    for Cost { place, media, encoding, content, encoded } in costs {
        let (encoding, content, encoded) = (encoding.name(), *content, *encoded);
        host.trace(Trace::Mail(MailTrace::Encoded { message, place, media, encoding, content, encoded }));
    }
}
