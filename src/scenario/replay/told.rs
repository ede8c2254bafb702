//! The result of a case: what came back, and what the resolver asked for it.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde::Serialize;

use crate::proto::dns::{Message, Record};

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// The case's name.
    pub name: String,
    /// Options that the resolver does not have.
    pub ignored: Vec<String>,
    /// Queries to scripted servers that had no rule for them.
    pub unmatched: usize,
    /// The steps that began, in order.
    pub steps: Vec<ToldStep>,
}

/// What a step brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ToldStep {
    /// Its number, from 0.
    pub step: usize,
    /// When it began, in virtual seconds.
    pub at: f64,
    /// Seconds until its answer, or until the client gave up; none when the case ended before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<f64>,
    /// The answer in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<String>,
    /// The answer for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The queries that arrived at scripted servers from its beginning to that of the next.
    pub upstream: Vec<ToldQuery>,
}

/// A query that arrived at a scripted server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToldQuery {
    /// When, in virtual seconds.
    pub t: f64,
    /// The server.
    pub to: IpAddr,
    /// `udp` or `tcp`.
    pub transport: &'static str,
    /// QNAME with its final dot, in the case of its letters.
    pub qname: Option<String>,
    /// QTYPE.
    pub qtype: Option<String>,
    /// The server's entry and the rule in it that answered; none: there was no such rule.
    pub rule: Option<(usize, usize)>,
}

/// Octets in hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(2 * octets.len()), |mut text, octet| {
        // a String takes all that is written to it
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// A message for people, by sections.
pub(super) fn text(octets: &[u8]) -> String {
    let Ok(message) = Message::decode(octets) else { return ";; MALFORMED".to_owned() };
    let flags = [
        ("QR", message.flags.qr),
        ("AA", message.flags.aa),
        ("TC", message.flags.tc),
        ("RD", message.flags.rd),
        ("RA", message.flags.ra),
    ];
    let set: Vec<&str> = flags.into_iter().filter_map(|(name, set)| set.then_some(name)).collect();
    let mut lines = vec![format!(";; RCODE {} FLAGS {}", message.rcode.number(), set.join(" "))];
    lines.push(";; QUESTION".to_owned());
    lines.extend(message.questions.iter().map(|question| format!("{} IN {}", question.name.dotted(), question.rtype)));
    let sections =
        [("ANSWER", &message.answers), ("AUTHORITY", &message.authorities), ("ADDITIONAL", &message.additionals)];
    for (title, records) in sections.into_iter().filter(|section| !section.1.is_empty()) {
        lines.push(format!(";; {title}"));
        lines.extend(records.iter().map(line));
    }
    lines.join("\n")
}

fn line(record: &Record) -> String {
    format!("{} {} IN {} {}", record.name.dotted(), record.ttl, record.rtype(), record.data)
}
