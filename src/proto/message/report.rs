//! Reports on what became of a message (RFC 3464), in the multipart/report that carries them
//! (RFC 6522): words for people, fields for programs, and what is returned of the message.
//!
//! Addresses beyond ASCII are written as RFC 6533 section 3 asks of 7-bit reports, so that a report
//! itself never needs SMTPUTF8. Left out: fields of gateways.

use super::build::{Draft, plain_head, structured};
use super::header::{fields, header_section};
use super::mime::{Labels, Node};
use crate::base::UnixTime;

/// RFC 3464 2.3.3: what became of a recipient's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was given up.
    Failed,
    /// It is late; attempts go on.
    Delayed,
    /// It is in the mailbox.
    Delivered,
    /// It was passed to a server that does not report.
    Relayed,
    /// It became copies for several people.
    Expanded,
}

impl Action {
    /// The word of the field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

/// What became of one recipient's copy.
#[derive(Clone, Copy, Debug)]
pub struct Fate<'a> {
    /// ORCPT as it was given: `rfc822;bob@hamburger.edu`.
    pub original: Option<&'a str>,
    /// To whom it went.
    pub recipient: &'a str,
    /// What became of it.
    pub action: Action,
    /// The status code (RFC 3463).
    pub status: &'a str,
    /// The server that said so.
    pub remote: Option<&'a str>,
    /// What was said, with the kind of code in front: `smtp; 550 ...`.
    pub diagnostic: Option<&'a str>,
    /// When it was tried last.
    pub last_attempt: Option<UnixTime>,
    /// Until when it will be tried.
    pub retry_until: Option<UnixTime>,
}

/// A report.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The server that reports.
    pub server: &'a str,
    /// Its Message-ID.
    pub message_id: &'a str,
    /// To whom it goes.
    pub to: &'a str,
    /// Now.
    pub date: UnixTime,
    /// Its subject.
    pub subject: &'a str,
    /// Lines for people.
    pub text: &'a [String],
    /// ENVID, if it was given.
    pub envelope_id: Option<&'a str>,
    /// When the message came.
    pub arrival: UnixTime,
    /// The recipients, at least one.
    pub fates: &'a [Fate<'a>],
    /// The message.
    pub original: &'a [u8],
    /// Whether all of it is returned, or its header.
    pub whole: bool,
}

impl Report<'_> {
    /// The octets of the report.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let text: String = self.text.iter().map(|line| format!("{line}\r\n")).collect();
        let parts = vec![
            Node::text("plain", text.as_bytes(), None),
            Node::leaf("message/delivery-status", Labels::default(), &self.status(), None),
            self.returned(),
        ];
        let from = format!("MAILER-DAEMON@{}", self.server);
        let to = [self.to.to_owned()];
        let head = Draft {
            date: self.date,
            from: &from,
            to: &to,
            subject: Some(self.subject),
            message_id: self.message_id,
            // RFC 3834 5: reports are answers of a program
            automatic: true,
            ..Draft::EMPTY
        };
        let mut out = Vec::new();
        plain_head(&mut out, &head);
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        let report = Node::Multipart { kind: "report; report-type=delivery-status", parts };
        report.write(self.message_id, &mut out);
        out
    }

    /// RFC 3464 2.1: fields on the message, then those on each recipient behind an empty line.
    fn status(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(id) = self.envelope_id {
            add(&mut out, "Original-Envelope-Id", id);
        }
        add(&mut out, "Reporting-MTA", &format!("dns; {}", self.server));
        add(&mut out, "Arrival-Date", &self.arrival.rfc5322());
        for fate in self.fates {
            out.extend_from_slice(b"\r\n");
            if let Some(original) = fate.original {
                let (kind, address) = original.split_once(';').unwrap_or(("rfc822", original));
                add(&mut out, "Original-Recipient", &typed(kind, address));
            }
            add(&mut out, "Final-Recipient", &typed("rfc822", fate.recipient));
            add(&mut out, "Action", fate.action.name());
            add(&mut out, "Status", fate.status);
            if let Some(remote) = fate.remote {
                add(&mut out, "Remote-MTA", &format!("dns; {remote}"));
            }
            if let Some(diagnostic) = fate.diagnostic {
                add(&mut out, "Diagnostic-Code", diagnostic);
            }
            if let Some(date) = fate.last_attempt {
                add(&mut out, "Last-Attempt-Date", &date.rfc5322());
            }
            if let Some(date) = fate.retry_until {
                add(&mut out, "Will-Retry-Until", &date.rfc5322());
            }
        }
        out
    }

    /// The message (message/rfc822), or its header (RFC 6522 section 4). A header that is not ASCII cannot
    /// stand in a message/rfc822 that everybody takes, but it can be encoded by itself.
    fn returned(&self) -> Node {
        let header = header_section(self.original);
        if self.whole && fields(header).all(|field| field.raw.is_ascii()) {
            let wish = (!self.original.is_ascii()).then_some(super::Encoding::EightBit);
            return Node::enclosed(self.original, wish);
        }
        Node::leaf("text/rfc822-headers", Labels::default(), header, None)
    }
}

/// RFC 6533 section 3: an address that is not ASCII has its own type, and each character beyond it is
/// written by its number.
fn typed(kind: &str, address: &str) -> String {
    if address.is_ascii() {
        return format!("{kind}; {address}");
    }
    let mut text = String::from("utf-8; ");
    for char in address.chars() {
        match char {
            '\\' | '+' | '=' => text.push_str(&format!("\\x{{{:02X}}}", u32::from(char))),
            '!'..='~' => text.push(char),
            _ => text.push_str(&format!("\\x{{{:X}}}", u32::from(char))),
        }
    }
    text
}

/// A field of the second part: printable ASCII, folded at its spaces.
fn add(out: &mut Vec<u8>, name: &str, value: &str) {
    let printable = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    let words: Vec<String> = value.split(' ').map(|word| word.chars().map(printable).collect()).collect();
    structured(out, name, &words);
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders as _, PartType};

    use super::*;

    const FATE: Fate<'static> = Fate {
        original: Some("rfc822;Bob@hamburger.edu"),
        recipient: "bob@hamburger.edu",
        action: Action::Failed,
        status: "5.1.1",
        remote: Some("[10.0.0.2]"),
        diagnostic: Some("smtp; 550 5.1.1 bob@hamburger.edu ... User unknown"),
        last_attempt: Some(UnixTime::DEFAULT_START),
        retry_until: None,
    };

    fn report<'a>(fates: &'a [Fate<'a>], original: &'a [u8], whole: bool) -> Vec<u8> {
        let text = ["It failed.".to_owned()];
        let (date, server, subject) = (UnixTime::DEFAULT_START, "crepes.fr", "Undelivered mail: Dinner");
        let report = Report {
            server,
            message_id: "<b.1@crepes.fr>",
            to: "alice@crepes.fr",
            date,
            subject,
            text: &text,
            envelope_id: Some("QQ314159"),
            arrival: date,
            fates,
            original,
            whole,
        };
        report.build()
    }

    #[test]
    fn a_failure_octet_by_octet() {
        let built = report(&[FATE], b"Subject: Dinner\r\nX: y\r\n\r\nKetchup?\r\n", false);
        let text = String::from_utf8(built).unwrap();
        let boundary = text.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
        let expected = "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: MAILER-DAEMON@crepes.fr\r\n\
            To: alice@crepes.fr\r\nSubject: Undelivered mail: Dinner\r\nMessage-ID: <b.1@crepes.fr>\r\n\
            Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/report; report-type=\"delivery-status\";\r\n boundary=\"BOUNDARY\"\r\n\r\n\
            --BOUNDARY\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
            It failed.\r\n\r\n\
            --BOUNDARY\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
            Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; crepes.fr\r\n\
            Arrival-Date: Mon, 05 Jan 2026 09:00:00 +0000\r\n\r\n\
            Original-Recipient: rfc822; Bob@hamburger.edu\r\nFinal-Recipient: rfc822; bob@hamburger.edu\r\n\
            Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; [10.0.0.2]\r\n\
            Diagnostic-Code: smtp; 550 5.1.1 bob@hamburger.edu ... User unknown\r\n\
            Last-Attempt-Date: Mon, 05 Jan 2026 09:00:00 +0000\r\n\r\n\
            --BOUNDARY\r\nContent-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
            Subject: Dinner\r\nX: y\r\n\r\n--BOUNDARY--\r\n";
        assert_eq!(text.replace(boundary, "BOUNDARY"), expected);
    }

    /// Would break if a report could not be read, or did not fit into 7 bits where it must.
    #[test]
    fn what_is_returned_is_what_was_sent() {
        let eight = "Subject: x\r\n\r\ncaf\u{e9}\r\n".as_bytes();
        let utf8 = "Subject: caf\u{e9}\r\n\r\nbody\r\n".as_bytes();
        for (original, whole, kind) in
            [(eight, true, "rfc822"), (eight, false, "rfc822-headers"), (utf8, true, "rfc822-headers")]
        {
            let built = report(&[FATE, Fate { original: None, ..FATE }], original, whole);
            let read = MessageParser::default().parse(&built).unwrap();
            assert_eq!(read.content_type().unwrap().attribute("report-type"), Some("delivery-status"));
            let last = read.parts.last().unwrap();
            assert_eq!(last.content_type().unwrap().subtype(), Some(kind));
            if matches!(last.body, PartType::Message(_)) {
                assert_eq!(&built[last.offset_body as usize..last.offset_end as usize], original);
            } else {
                assert_eq!(last.contents(), header_section(original));
            }
            let lowered = crate::proto::message::downgrade(&built).unwrap();
            assert!(lowered.is_ascii());
        }
    }

    #[test]
    fn addresses_beyond_ascii() {
        assert_eq!(typed("rfc822", "bob@h.edu"), "rfc822; bob@h.edu");
        assert_eq!(typed("rfc822", "jos\u{e9}+x@h.edu"), "utf-8; jos\\x{E9}\\x{2B}x@h.edu");
        let fate = Fate { diagnostic: Some("smtp; 550 non\u{e9}\r\nX: y"), ..FATE };
        let text = String::from_utf8(report(&[fate], b"", false)).unwrap();
        assert!(text.contains("550 non???X: y\r\n"), "{text}");
    }
}
