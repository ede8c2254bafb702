//! The ladder of dialogues: what clients and servers of SMTP, POP3, IMAP and HTTP said to each other.
//!
//! A stroke is what one end said at one instant, and leads to where it had come to the other host. A message or
//! content is one stroke, whatever the pieces in which it was handed over, unless it is unfolded: then each line is one.

use super::folding::{Kind, Reader, octets};
use super::picture::{Draft, Look, Message, shown};
use super::talks::{Talk, Utterance};
use crate::base::socket::Side;
use crate::base::time::SimTime;

/// As much of a stroke's text as its title holds.
const FULL: usize = 4000;

/// What a stroke says, as far as it has come.
struct Said {
    at: SimTime,
    heard: Option<SimTime>,
    side: Side,
    lines: Vec<String>,
    /// All lines, those of what is carried included.
    full: Vec<String>,
    /// Octets and pieces of what is carried.
    body: usize,
    /// Before which line that stands.
    body_at: usize,
    pieces: usize,
    octets: u64,
    failed: bool,
    /// Whether what follows from the same side belongs to it.
    goes_on: bool,
}

/// The strokes of those utterances of a talk that are wanted.
pub(super) fn strokes(talk: &Talk, unfold: bool, wanted: impl Fn(usize, &Utterance) -> bool) -> Vec<Draft> {
    let mut reader = Reader::of(&talk.protocol);
    let mut drafts = Vec::new();
    let mut open: Option<Said> = None;
    for (index, utterance) in talk.utterances.iter().enumerate() {
        let kinds: Vec<Kind> = utterance.lines.iter().map(|line| reader.read(utterance.side, line)).collect();
        if !wanted(index, utterance) {
            continue;
        }
        let carried = kinds.iter().all(|kind| *kind != Kind::Line);
        let before = open.take_if(|said| said.goes_on && said.side == utterance.side && carried && !unfold);
        let mut said = before.unwrap_or_else(|| {
            drafts.extend(open.take().map(|said| said.draft(talk)));
            Said::new(utterance)
        });
        said.hear(talk, utterance, &kinds);
        said.goes_on = reader.goes_on(utterance.side) || utterance.lines.is_empty();
        if unfold {
            drafts.extend(said.unfolded(talk));
        } else {
            open = Some(said);
        }
    }
    drafts.extend(open.take().map(|said| said.draft(talk)));
    drafts
}

impl Said {
    const fn new(utterance: &Utterance) -> Self {
        Self {
            at: utterance.at,
            heard: utterance.heard,
            side: utterance.side,
            lines: Vec::new(),
            full: Vec::new(),
            body: 0,
            body_at: 0,
            pieces: 0,
            octets: 0,
            failed: false,
            goes_on: false,
        }
    }

    fn hear(&mut self, talk: &Talk, utterance: &Utterance, kinds: &[Kind]) {
        self.heard = utterance.heard;
        self.octets += utterance.octets;
        self.pieces += 1;
        for (line, kind) in utterance.lines.iter().zip(kinds) {
            match kind {
                Kind::Line => {
                    self.failed |= utterance.side == Side::Server && fails(&talk.protocol, line);
                    self.lines.push(shown(line));
                }
                Kind::Body => {
                    if self.body == 0 {
                        self.body_at = self.lines.len();
                    }
                    self.body += octets(line);
                }
                Kind::End => {}
            }
            self.full.push(shown(line));
        }
    }

    fn look(&self) -> Look {
        match self.side {
            _ if self.heard.is_none() => Look::Vain,
            Side::Server if self.failed => Look::Failure,
            Side::Client => Look::Request,
            Side::Server => Look::Response,
        }
    }

    fn label(&self, protocol: &str) -> String {
        let mut parts = self.lines.clone();
        if self.full.is_empty() || protocol == "http" && self.body > 0 {
            parts.push(format!("{} octets", self.octets));
        } else if self.body > 0 {
            let pieces = if self.pieces > 1 { format!(" in {} pieces", self.pieces) } else { String::new() };
            let what = if protocol == "imap" { "literal" } else { "message" };
            parts.insert(self.body_at.min(parts.len()), format!("{what}, {} octets{pieces}", self.body));
        } else if parts.is_empty() {
            parts = self.full.clone();
        }
        parts.join(if protocol == "http" { ", " } else { " | " })
    }

    fn draft(self, talk: &Talk) -> Draft {
        let label = self.label(&talk.protocol);
        let mut full = self.full.join("\n");
        if let Some((cut, _)) = full.char_indices().nth(FULL) {
            full.truncate(cut);
            full.push('\u{2026}');
        }
        self.stroke(talk, label.clone(), Some(full).filter(|full| *full != label && !full.is_empty()))
    }

    fn stroke(&self, talk: &Talk, label: String, full: Option<String>) -> Draft {
        let ends = match self.side {
            Side::Client => (&talk.client, &talk.server),
            Side::Server => (&talk.server, &talk.client),
        };
        let message = Message { label, full, look: self.look(), arrives: self.heard, ..Message::default() };
        Draft::message(self.at, ends, message)
    }

    /// A stroke for each line.
    fn unfolded(&self, talk: &Talk) -> Vec<Draft> {
        if self.full.is_empty() {
            return vec![self.stroke(talk, format!("{} octets", self.octets), None)];
        }
        self.full.iter().map(|line| self.stroke(talk, line.clone(), None)).collect()
    }
}

/// Whether a server's line says no.
fn fails(protocol: &str, line: &str) -> bool {
    let second = line.split_ascii_whitespace().nth(1).unwrap_or("");
    match protocol {
        // RFC 5321 4.2.1, RFC 1939 3, RFC 3501 7.1, RFC 9110 15
        "smtp" => line.starts_with(['4', '5']),
        "pop3" => line.starts_with("-ERR"),
        "imap" => matches!(second, "NO" | "BAD"),
        "http" => second.starts_with(['4', '5']),
        _ => false,
    }
}
