//! FETCH: one message after the other, so that one at most is in memory.

use std::collections::VecDeque;
use std::io::Write as _;

use super::super::adapter;
use super::super::command::{Item, Messages};
use super::super::content::{Content, section};
use super::super::event::{Entry, Fetched, ServerEvent};
use super::super::flags::SystemFlag;
use super::super::view::Enabled;
use super::{Doing, Ending, Server, State};

/// A FETCH under way.
#[derive(Clone, Debug)]
pub(super) struct Fetching {
    items: Vec<Item>,
    uid: bool,
    /// Messages still to be told of; the first is the one asked for.
    numbers: VecDeque<u32>,
    missing: bool,
    /// A part had a transfer encoding that is not known.
    undecodable: bool,
}

impl Fetching {
    fn any(&self, what: impl Fn(&Item) -> bool) -> bool {
        self.items.iter().any(what)
    }
}

impl Server {
    pub(super) fn fetch(&mut self, tag: String, messages: &Messages, mut items: Vec<Item>, changed_since: Option<u64>) {
        let Some(mut numbers) = self.numbers(&tag, messages) else { return };
        if let Some(since) = changed_since {
            // RFC 7162 3.1.4.1: MODSEQ is told as if it had been asked for.
            if !items.contains(&Item::ModSeq) {
                items.push(Item::ModSeq);
            }
            let State::Selected(view) = &self.state else { return };
            numbers.retain(|number| view.entry(*number).is_some_and(|entry| entry.modseq > since));
        }
        if items.contains(&Item::ModSeq) {
            self.enable_condstore();
        }
        // RFC 3501 6.4.8: "server implementations MUST implicitly include the UID message data
        // item as part of any FETCH response caused by a UID command".
        if messages.uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        self.fetch_on(
            tag,
            Fetching { items, uid: messages.uid, numbers: numbers.into(), missing: false, undecodable: false },
        );
    }

    /// Goes on until a message is needed, or to the end.
    fn fetch_on(&mut self, tag: String, mut fetching: Fetching) {
        let content = fetching.any(Item::needs_content);
        let State::Selected(view) = &mut self.state else { return };
        let mut lines = Vec::new();
        while let Some(number) = fetching.numbers.front().copied() {
            let Some(entry) = view.entry(number) else { break };
            if content {
                let seen = fetching.any(Item::sets_seen) && !view.is_read_only() && !entry.flags.has(SystemFlag::Seen);
                let event = ServerEvent::Content { uid: entry.uid, seen, whole: fetching.any(Item::is_whole) };
                return self.ask(tag, Doing::Fetch(fetching), event);
            }
            respond(&mut lines, (number, entry), &fetching.items, None, self.enabled);
            if fetching.any(|item| *item == Item::Flags) {
                view.told(number);
            }
            fetching.numbers.pop_front();
        }
        if !lines.is_empty() {
            self.send(&lines);
        }
        let ending = Ending::of(fetching.uid);
        if fetching.missing {
            return self.some_are_gone(&tag, ending);
        }
        if fetching.undecodable {
            return self.no(&tag, Some("UNKNOWN-CTE"), "Unknown transfer encoding", ending);
        }
        self.completed(&tag, if fetching.uid { "UID FETCH" } else { "FETCH" }, ending);
    }

    /// The message asked for has come, or is no more.
    pub(super) fn fetched(&mut self, tag: String, mut fetching: Fetching, content: Option<Fetched>) {
        let State::Selected(view) = &mut self.state else { return };
        let number = fetching.numbers.pop_front().unwrap_or(0);
        if let (Some(Fetched { content, flags, modseq }), Some(entry)) = (content, view.entry(number)) {
            let (uid, whole) = (entry.uid, fetching.any(Item::is_whole));
            // RFC 3501 6.4.5: if \Seen is set by this, the flags "SHOULD be included".
            let changed = entry.flags != flags;
            let mut items = fetching.items.clone();
            if changed && !items.contains(&Item::Flags) {
                items.push(Item::Flags);
            }
            if changed && self.enabled.condstore && !items.contains(&Item::ModSeq) {
                items.push(Item::ModSeq);
            }
            view.set_flags(uid, flags, modseq, items.contains(&Item::Flags));
            let Some(entry) = view.entry(number) else { return };
            let content = Content::new(&content);
            let mut line = Vec::new();
            respond(&mut line, (number, entry), &items, Some(&content), self.enabled);
            fetching.undecodable |= is_undecodable(&items, &content);
            self.be_patient(line.len());
            self.send(&line);
            if whole {
                self.in_flight.push(uid);
            }
        } else {
            fetching.missing = true;
        }
        self.fetch_on(tag, fetching);
    }
}

/// Writes the untagged response that tells the items of one message.
fn respond(
    out: &mut Vec<u8>,
    (number, entry): (u32, &Entry),
    items: &[Item],
    content: Option<&Content<'_>>,
    enabled: Enabled,
) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "* {number} FETCH (");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        let _ = match (item, content) {
            (Item::Flags, _) => write!(out, "FLAGS ({})", entry.flags.written(entry.recent && !enabled.rev2)),
            (Item::Uid, _) => write!(out, "UID {}", entry.uid),
            (Item::InternalDate, _) => write!(out, "INTERNALDATE \"{}\"", entry.date.written()),
            (Item::Size, _) => write!(out, "RFC822.SIZE {}", entry.size),
            (Item::ModSeq, _) => write!(out, "MODSEQ ({})", entry.modseq),
            (item, Some(content)) => out.write_all(&told(item, content)),
            (_, None) => Ok(()),
        };
    }
    out.extend_from_slice(b")\r\n");
}

/// An item that is about the octets of the message.
fn told(item: &Item, content: &Content<'_>) -> Vec<u8> {
    match item {
        Item::Envelope => adapter::envelope(content),
        Item::Structure { extended } => adapter::structure(content, *extended),
        Item::Section { section, partial, .. } => adapter::section(content, section.as_ref(), *partial),
        Item::Binary { path, partial, .. } => binary(content, path, *partial),
        Item::BinarySize { path } => {
            let size = content.binary(path).and_then(Result::ok).map_or(0, |octets| octets.len());
            format!("BINARY.SIZE[{}] {size}", dotted(path)).into_bytes()
        }
        Item::Rfc822 => literal("RFC822", content.raw()),
        Item::Rfc822Header => literal("RFC822.HEADER", content.header()),
        Item::Rfc822Text => literal("RFC822.TEXT", content.text()),
        Item::Flags | Item::Uid | Item::InternalDate | Item::Size | Item::ModSeq => Vec::new(),
    }
}

fn dotted(path: &[u32]) -> String {
    path.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// RFC 3516 section 4.2: a literal8 if there are octets that a literal cannot have.
fn binary(content: &Content<'_>, path: &[u32], partial: Option<(u32, u32)>) -> Vec<u8> {
    let origin = partial.map_or_else(String::new, |(origin, _)| format!("<{origin}>"));
    let name = format!("BINARY[{}]{origin}", dotted(path));
    let Some(Ok(octets)) = content.binary(path) else { return format!("{name} NIL").into_bytes() };
    let octets = partial.map_or(&octets[..], |(origin, count)| section::partial(&octets, origin, count));
    let tilde = if octets.contains(&0) { " ~" } else { " " };
    [format!("{name}{tilde}{{{}}}\r\n", octets.len()).as_bytes(), octets].concat()
}

/// Whether a part is asked for whose transfer encoding is not known.
fn is_undecodable(items: &[Item], content: &Content<'_>) -> bool {
    let path = |item: &Item| match item {
        Item::Binary { path, .. } | Item::BinarySize { path } => Some(path.clone()),
        Item::Flags
        | Item::Uid
        | Item::InternalDate
        | Item::Size
        | Item::ModSeq
        | Item::Envelope
        | Item::Structure { .. }
        | Item::Section { .. }
        | Item::Rfc822
        | Item::Rfc822Header
        | Item::Rfc822Text => None,
    };
    items.iter().filter_map(path).any(|path| matches!(content.binary(&path), Some(Err(_))))
}

/// RFC 3501 9: a literal has no NUL; BINARY can tell of one.
fn literal(name: &str, octets: &[u8]) -> Vec<u8> {
    let head = format!("{name} {{{}}}\r\n", octets.len());
    let octets = octets.iter().map(|octet| if *octet == 0 { 0x80 } else { *octet });
    head.bytes().chain(octets).collect()
}
