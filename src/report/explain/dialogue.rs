//! What was said on a connection, one line for each phase: greeting, login, envelope, message and so on.
//!
//! Read from the pieces in which each end handed its octets to TCP. A phase is told by the first line of
//! its commands and the first line of the last answer; the transcript has all of it. What TLS protects is
//! counted and not read.

use super::count;
use super::notes::Said;
use super::{plain, quoted};
use crate::base::socket::Side;
use crate::base::time::SimTime;
use crate::base::trace::Protocol;

/// A phase of a dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    pub(super) at: SimTime,
    pub(super) text: String,
}

struct Open {
    at: SimTime,
    label: &'static str,
    first: Option<String>,
    turns: usize,
    octets: [u64; 2],
    answer: Option<String>,
}

/// The phases, in order.
pub(super) fn phases(said: &[Said]) -> Vec<Phase> {
    let mut done: Vec<Open> = Vec::new();
    let mut body = false;
    for piece in said {
        let line = first_line(&piece.head);
        let sealed = is_tls(&piece.head);
        let label = match (piece.side, sealed) {
            (_, true) => Some("under TLS"),
            (Side::Server, false) if done.is_empty() => Some("greeting"),
            (Side::Server, false) => None,
            (Side::Client, false) if body => Some("message"),
            (Side::Client, false) => Some(label(piece.protocol, &line)),
        };
        match (label, done.last_mut()) {
            (Some(label), Some(last)) if last.label == label => last.take(piece, &line, sealed),
            (None, Some(last)) => last.take(piece, &line, sealed),
            (label, _) => {
                let label = label.unwrap_or("greeting");
                let mut open = Open { at: piece.at, label, first: None, turns: 0, octets: [0; 2], answer: None };
                open.take(piece, &line, sealed);
                done.push(open);
            }
        }
        body = piece.protocol == Protocol::Smtp && piece.side == Side::Server && line.starts_with("354");
    }
    done.into_iter().map(|open| Phase { at: open.at, text: open.text() }).collect()
}

impl Open {
    fn take(&mut self, piece: &Said, line: &str, sealed: bool) {
        match piece.side {
            Side::Client => {
                self.octets[0] += piece.octets;
                self.turns += 1;
                if !sealed && self.first.is_none() && self.label != "message" {
                    self.first = Some(line.to_owned());
                }
            }
            Side::Server => {
                self.octets[1] += piece.octets;
                if !sealed && piece.protocol != Protocol::Dns {
                    self.answer = Some(line.to_owned());
                }
            }
        }
    }

    fn text(&self) -> String {
        let mut text = self.label.to_owned();
        if let Some(first) = self.first.as_ref().filter(|_| self.label != "DNS messages") {
            text += &format!(": {}", cut(first));
        }
        if self.turns > 1 && self.label != "message" {
            text += &format!(" and {}", count(self.turns - 1, "more", "more"));
        }
        if let Some(answer) = &self.answer {
            text += &format!("; the server says {}", quoted(answer));
        }
        let [there, back] = self.octets;
        format!("{text} ({there} octets to the server, {back} back)")
    }
}

fn cut(line: &str) -> String {
    const LONGEST: usize = 70;
    let line = plain(line);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

fn first_line(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == b'\r' || *byte == b'\n').unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Whether the octets are records of TLS (RFC 8446 5.1).
fn is_tls(head: &[u8]) -> bool {
    matches!(head, [20..=23, 3, 3, ..])
}

/// The phase to which a client's line belongs.
fn label(protocol: Protocol, line: &str) -> &'static str {
    let mut words = line.split_ascii_whitespace().map(str::to_ascii_uppercase);
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    match protocol {
        Protocol::Smtp => match &*first {
            "EHLO" | "HELO" => "greeting",
            "STARTTLS" => "beginning of TLS",
            "AUTH" => "login",
            "MAIL" | "RCPT" => "envelope",
            "DATA" | "BDAT" => "message",
            "QUIT" => "end",
            _ => "commands",
        },
        Protocol::Pop3 => match &*first {
            "USER" | "PASS" | "APOP" | "AUTH" => "login",
            "STLS" => "beginning of TLS",
            "STAT" | "LIST" | "UIDL" => "listing",
            "RETR" | "TOP" => "fetching",
            "DELE" => "deleting",
            "QUIT" => "end",
            _ => "commands",
        },
        Protocol::Imap => match &*second {
            "LOGIN" | "AUTHENTICATE" => "login",
            "SELECT" | "EXAMINE" | "LIST" | "STATUS" => "choosing folders",
            "FETCH" | "UID" | "SEARCH" | "SORT" | "THREAD" => "reading",
            "STORE" | "COPY" | "MOVE" | "EXPUNGE" | "APPEND" | "CREATE" => "changing",
            "IDLE" => "waiting for news",
            "LOGOUT" => "end",
            _ if first == "DONE" => "waiting for news",
            _ => "commands",
        },
        Protocol::Http => "requests",
        Protocol::Dns => "DNS messages",
    }
}

/// What came of STARTTLS, if it was said.
pub(super) fn tls(said: &[Said]) -> Option<String> {
    let asked = said.iter().position(|piece| {
        let line = first_line(&piece.head);
        piece.side == Side::Client && (line.eq_ignore_ascii_case("STARTTLS") || line.eq_ignore_ascii_case("STLS"))
    })?;
    let rest = said.get(asked + 1..).unwrap_or_default();
    let Some(answer) = rest.iter().find(|piece| piece.side == Side::Server) else {
        return Some("it asks for TLS and gets no answer (RFC 3207)".to_owned());
    };
    let line = first_line(&answer.head);
    if !line.starts_with("220") && !line.starts_with('+') {
        return Some(format!("it asks for TLS and is refused: {} (RFC 3207 4)", quoted(&line)));
    }
    let is_alert = |piece: &&Said| matches!(piece.head[..], [21, 3, 3, ..]);
    let sealed = rest.iter().any(|piece| matches!(piece.head[..], [23, 3, 3, ..]));
    Some(match (rest.iter().find(is_alert), sealed) {
        (Some(_), false) => "the TLS handshake fails (RFC 8446 6.2)".to_owned(),
        (_, true) => "from STARTTLS on under TLS (RFC 3207)".to_owned(),
        (None, false) => "the TLS handshake does not come to its end (RFC 3207)".to_owned(),
    })
}
