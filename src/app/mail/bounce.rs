//! Reports of failure (RFC 5321 3.6.3): what failed, for whom, why, and after how long.
//!
//! Left out for now: the machine-readable parts of RFC 3464.

use super::failure::Reason;
use crate::base::{SimDuration, UnixTime};
use crate::proto::message::header::header_section;
use crate::proto::message::{Draft, first};

/// What a bounce reports.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The server that reports.
    pub server: &'a str,
    /// Message-ID of the bounce.
    pub message_id: &'a str,
    /// To whom it goes.
    pub to: &'a str,
    /// Now.
    pub date: UnixTime,
    /// The recipient that was not reached.
    pub recipient: &'a str,
    /// Why.
    pub reason: &'a Reason,
    /// How often it was tried.
    pub attempts: u32,
    /// For how long.
    pub tried_for: SimDuration,
    /// The message.
    pub original: &'a [u8],
}

/// The octets of a bounce.
#[must_use]
pub fn build(report: &Report<'_>) -> Vec<u8> {
    let to = [report.to.to_owned()];
    let from = format!("MAILER-DAEMON@{}", report.server);
    let mut body = vec![
        format!("This is the mail server {}.", report.server),
        String::new(),
        "Your message could not be delivered to this recipient:".to_owned(),
        String::new(),
        format!("    {}", report.recipient),
        String::new(),
        format!("The reason: {}", report.reason.sentence()),
        effort(report),
        String::new(),
        "The header of your message was:".to_owned(),
        String::new(),
    ];
    let header = String::from_utf8_lossy(header_section(report.original));
    body.extend(header.lines().map(|line| format!("    {line}")));
    let subject = first(report.original, "Subject");
    let subject = subject.map_or_else(|| "Undelivered mail".to_owned(), |s| format!("Undelivered mail: {s}"));
    Draft {
        date: report.date,
        from: &from,
        to: &to,
        subject: Some(&subject),
        message_id: report.message_id,
        body: &body,
        ..Draft::EMPTY
    }
    .build()
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
