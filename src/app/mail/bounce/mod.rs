//! What senders are told (RFC 5321 3.6.3, RFC 3461 section 6): that a copy failed, is late, or
//! arrived, for whom, why, and after how long. The words are for people; programs read the
//! fields of RFC 3464.
//!
//! Each report is about one recipient, even when several fail at one instant. Left out: reports
//! in the language of the reader.

mod status;

use std::net::IpAddr;

use super::failure::Reason;
use crate::base::trace::FailureKind;
use crate::base::{SimDuration, UnixTime};
use crate::proto::message::first;
use crate::proto::message::report::{self, Action, Fate};
use crate::proto::smtp::path::address_literal;

/// What became of a copy.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was given up.
    Failed(&'a Reason),
    /// It is late, and will be tried until then.
    Delayed(&'a Reason, UnixTime),
    /// It is in the mailbox.
    Delivered,
    /// It was passed to a server that does not report.
    Relayed,
    /// It became copies for several people.
    Expanded,
}

impl Outcome<'_> {
    const fn action(self) -> Action {
        match self {
            Self::Failed(_) => Action::Failed,
            Self::Delayed(..) => Action::Delayed,
            Self::Delivered => Action::Delivered,
            Self::Relayed => Action::Relayed,
            Self::Expanded => Action::Expanded,
        }
    }

    const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Failed(reason) | Self::Delayed(reason, _) => Some(reason),
            Self::Delivered | Self::Relayed | Self::Expanded => None,
        }
    }

    const fn subject(self) -> &'static str {
        match self {
            Self::Failed(_) => "Undelivered mail",
            Self::Delayed(..) => "Delayed mail",
            Self::Delivered => "Delivered mail",
            Self::Relayed => "Relayed mail",
            Self::Expanded => "Distributed mail",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Failed(_) => "Your message could not be delivered to this recipient:",
            Self::Delayed(..) => "Your message could not be delivered to this recipient so far:",
            Self::Delivered => "Your message was delivered to this recipient:",
            Self::Relayed => "Your message was passed on to a server that does not report further, for:",
            Self::Expanded => "Your message was distributed to the members of:",
        }
    }
}

/// What a report is about.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The server that reports.
    pub server: &'a str,
    /// Message-ID of the report.
    pub message_id: &'a str,
    /// To whom it goes.
    pub to: &'a str,
    /// Now.
    pub date: UnixTime,
    /// The recipient.
    pub recipient: &'a str,
    /// The recipient as the sender named it (RFC 3461 section 4.2).
    pub original_recipient: Option<&'a str>,
    /// What became of the copy.
    pub outcome: Outcome<'a>,
    /// The sender's name for the transaction (RFC 3461 section 4.4).
    pub envelope_id: Option<&'a str>,
    /// When the message came here.
    pub arrival: UnixTime,
    /// How often it was tried.
    pub attempts: u32,
    /// For how long.
    pub tried_for: SimDuration,
    /// When it was tried last.
    pub last_attempt: Option<UnixTime>,
    /// Which server was tried last.
    pub exchange: Option<IpAddr>,
    /// The message.
    pub original: &'a [u8],
    /// Whether all of it is returned, or its header.
    pub whole: bool,
}

/// The octets of a report.
#[must_use]
pub fn build(report: &Report<'_>) -> Vec<u8> {
    let reason = report.outcome.reason();
    let status = reason.map_or_else(|| "2.0.0".to_owned(), status::of);
    let remote = report.exchange.filter(|_| reason.is_none_or(|reason| is_remote(reason.kind, reason.code)));
    let remote = remote.map(address_literal);
    let diagnostic = reason.map(|reason| {
        // RFC 3464 section 2.3.6: the type says whose words they are; "smtp" is for the reply of another server.
        let kind = if remote.is_some() && reason.code != 0 { "smtp" } else { "x-posthaste" };
        format!("{kind}; {}", reason.sentence())
    });
    let retry_until = match report.outcome {
        Outcome::Delayed(_, until) => Some(until),
        Outcome::Failed(_) | Outcome::Delivered | Outcome::Relayed | Outcome::Expanded => None,
    };
    let fate = Fate {
        original: report.original_recipient,
        recipient: report.recipient,
        action: report.outcome.action(),
        status: &status,
        remote: remote.as_deref(),
        diagnostic: diagnostic.as_deref(),
        last_attempt: report.last_attempt,
        retry_until,
    };
    let subject = report.outcome.subject();
    let about = first(report.original, "Subject").filter(|about| about.is_ascii());
    let subject = about.map_or_else(|| subject.to_owned(), |about| format!("{subject}: {about}"));
    let built = report::Report {
        server: report.server,
        message_id: report.message_id,
        to: report.to,
        date: report.date,
        subject: &subject,
        text: &text(report),
        envelope_id: report.envelope_id,
        arrival: report.arrival,
        fates: &[fate],
        original: report.original,
        whole: report.whole,
    };
    built.build()
}

/// Whether another server had a part in it.
const fn is_remote(kind: FailureKind, code: u16) -> bool {
    match kind {
        FailureKind::Reply | FailureKind::Expired => code != 0,
        FailureKind::ConnectionLost | FailureKind::ReplyTimedOut | FailureKind::NoTls | FailureKind::ProtocolError => {
            true
        }
        FailureKind::NoSuchDomain
        | FailureKind::NoMailServer
        | FailureKind::DnsFailure
        | FailureKind::ConnectionRefused
        | FailureKind::ConnectionTimedOut
        | FailureKind::Unreachable
        | FailureKind::Unsendable
        | FailureKind::Loop => false,
    }
}

/// The words for people.
fn text(report: &Report<'_>) -> Vec<String> {
    let mut text = vec![
        format!("This is the mail server {}.", report.server),
        String::new(),
        report.outcome.sentence().to_owned(),
        String::new(),
        format!("    {}", report.recipient),
        String::new(),
    ];
    match report.outcome {
        Outcome::Failed(reason) => text.extend([format!("The reason: {}", reason.sentence()), effort(report)]),
        Outcome::Delayed(reason, until) => text.extend([
            format!("The reason: {}", reason.sentence()),
            effort(report),
            format!("It will be tried until {}. You need not send it again.", until.rfc5322()),
        ]),
        Outcome::Delivered | Outcome::Relayed | Outcome::Expanded => {
            text.push("You asked to be told. Nothing else is to be done.".to_owned());
        }
    }
    let returned = if report.whole { "Your message follows." } else { "The header of your message follows." };
    text.extend([String::new(), returned.to_owned()]);
    text
}

fn effort(report: &Report<'_>) -> String {
    match report.attempts {
        0 => "No attempt was made.".to_owned(),
        1 => "It was tried once.".to_owned(),
        n => {
            let whole = SimDuration::from_secs(report.tried_for.as_secs());
            format!("It was tried {n} times within {}.", whole.to_text())
        }
    }
}
