//! The messages that clients sent, octet for octet, read from what they said: after a 354 up to the
//! final dot, or in the chunks of BDAT.

use std::collections::{BTreeMap, BTreeSet};

use posthaste::base::{ConnId, Side};

/// How a client's next octets are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Command,
    Data,
    Chunk(usize),
}

#[derive(Clone, Debug, Default)]
struct Reader {
    mode: Mode,
    line: Vec<u8>,
    content: Vec<u8>,
    /// The last command said DATA.
    asked: bool,
    /// The last command said STARTTLS.
    secures: bool,
    /// What is said from here on goes through TLS, and cannot be read.
    secured: bool,
    last_chunk: bool,
    whole: BTreeSet<String>,
    /// The NOTIFY of each recipient of the transaction, in upper case; nothing where there is none.
    recipients: BTreeMap<String, String>,
    /// The same of whole messages, by Message-ID.
    wishes: BTreeMap<String, BTreeMap<String, String>>,
}

/// What was sent on each connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payloads {
    readers: BTreeMap<ConnId, Reader>,
    /// Messages by their Message-ID.
    pub(crate) messages: BTreeMap<String, BTreeSet<Vec<u8>>>,
}

impl Payloads {
    pub(crate) fn said(&mut self, conn: ConnId, side: Side, bytes: &[u8]) {
        let reader = self.readers.entry(conn).or_default();
        if side == Side::Server {
            if reader.asked && bytes.starts_with(b"354") {
                (reader.mode, reader.asked) = (Mode::Data, false);
                reader.content.clear();
            }
            reader.secured |= std::mem::take(&mut reader.secures) && bytes.starts_with(b"220");
            return;
        }
        if reader.secured {
            return;
        }
        for octet in bytes {
            if let Some(content) = reader.octet(*octet) {
                let id = message_id(&content);
                reader.whole.insert(id.clone());
                reader.wishes.insert(id.clone(), reader.recipients.clone());
                self.messages.entry(id).or_default().insert(content);
            }
        }
    }

    /// Whether a client wanted to hear nothing of a failure for a recipient of a message, by the NOTIFY (RFC 3461 4.1) that
    /// it gave on the connection; unknown if that was secured.
    pub(crate) fn is_quiet(&self, conn: ConnId, (message, to): &(String, String)) -> Option<bool> {
        let reader = self.readers.get(&conn)?;
        if reader.secured {
            return None;
        }
        let wish = reader.wishes.get(message).and_then(|wishes| wishes.get(&to.to_ascii_uppercase()));
        Some(wish.is_some_and(|wish| !wish.is_empty() && !wish.contains("FAILURE")))
    }

    /// Whether any client wanted to hear of the delivery of a message, as far as that can be read.
    pub(crate) fn wants_success(&self, message: &str) -> bool {
        let wishes = self.readers.values().filter_map(|reader| reader.wishes.get(message));
        wishes.flat_map(BTreeMap::values).any(|wish| wish.contains("SUCCESS"))
    }

    /// Whether what is said on a connection cannot be read.
    pub(crate) fn is_secured(&self, conn: ConnId) -> bool {
        self.readers.get(&conn).is_some_and(|reader| reader.secured)
    }

    /// Whether the whole message of that name was sent on the connection, as far as that can be read.
    pub(crate) fn is_whole(&self, conn: ConnId, message: &str) -> bool {
        self.readers.get(&conn).is_some_and(|reader| reader.secured || reader.whole.contains(message))
    }
}

impl Reader {
    /// Takes an octet; gives a message of which it was the last.
    fn octet(&mut self, octet: u8) -> Option<Vec<u8>> {
        match self.mode {
            Mode::Chunk(left) => {
                self.content.push(octet);
                self.mode = if left == 1 { Mode::Command } else { Mode::Chunk(left - 1) };
                (left == 1 && self.last_chunk).then(|| std::mem::take(&mut self.content))
            }
            Mode::Data => {
                self.line.push(octet);
                if !self.line.ends_with(b"\r\n") {
                    return None;
                }
                let line = std::mem::take(&mut self.line);
                if line == b".\r\n" {
                    self.mode = Mode::Command;
                    return Some(std::mem::take(&mut self.content));
                }
                self.content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                None
            }
            Mode::Command => {
                self.line.push(octet);
                if octet != b'\n' {
                    return None;
                }
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).to_ascii_uppercase();
                let mut words = line.split_ascii_whitespace();
                match words.next() {
                    Some("STARTTLS") => self.secures = true,
                    Some("DATA") => self.asked = true,
                    Some("MAIL" | "RSET") => {
                        self.content.clear();
                        self.recipients.clear();
                    }
                    Some("RCPT") => {
                        let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                        let (path, parameters) = path?;
                        let mut parameters = parameters.split_ascii_whitespace();
                        let wish =
                            parameters.find_map(|parameter| parameter.strip_prefix("NOTIFY=")).unwrap_or_default();
                        self.recipients.insert(path.to_owned(), wish.to_owned());
                    }
                    Some("BDAT") => {
                        let size = words.next().and_then(|size| size.parse().ok()).unwrap_or(0);
                        self.last_chunk = words.next() == Some("LAST");
                        if size == 0 {
                            return self.last_chunk.then(|| std::mem::take(&mut self.content));
                        }
                        self.mode = Mode::Chunk(size);
                    }
                    _ => {}
                }
                None
            }
        }
    }
}

/// The Message-ID of a message, or nothing.
pub(crate) fn message_id(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let value = head.split("\r\n").find_map(|line| line.strip_prefix("Message-ID: "));
    value.unwrap_or_default().to_owned()
}

/// A message without the fields that servers put in front of it.
pub(crate) fn behind_trace_fields(content: &[u8]) -> &[u8] {
    const FIELDS: [&[u8]; 8] = [
        b"Return-Path:",
        b"Received:",
        b"Delivered-To:",
        b"List-Id:",
        b"List-Post:",
        b"List-Owner:",
        b"List-Unsubscribe:",
        b"Sender:",
    ];
    let mut rest = content;
    while FIELDS.iter().any(|field| rest.starts_with(field)) {
        loop {
            let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return rest };
            rest = &rest[end + 2..];
            if !rest.starts_with(b" ") && !rest.starts_with(b"\t") {
                break;
            }
        }
    }
    rest
}
