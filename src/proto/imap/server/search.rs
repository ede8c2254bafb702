//! SEARCH: which messages match, asking for their octets only if the keys do.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::adapter::SearchKey;
use super::super::event::{Entry, ServerEvent};
use super::super::flags::{Flags, SystemFlag};
use super::super::search::{Extent, Mark, Query, View as Message};
use super::{Doing, Ending, Server, State};
use crate::base::UnixTime;

/// A SEARCH under way.
#[derive(Clone, Debug)]
pub(super) struct Searching {
    query: Query,
    uid: bool,
    /// Messages still to be looked at; the first is the one asked for.
    numbers: VecDeque<u32>,
    found: Vec<u32>,
}

impl Server {
    pub(super) fn search(&mut self, tag: String, keys: &SearchKey<'static>, charset: Option<&str>, uid: bool) {
        let State::Selected(view) = &self.state else { return };
        let known = ["US-ASCII", "UTF-8"];
        if charset.is_some_and(|charset| known.iter().all(|known| !known.eq_ignore_ascii_case(charset))) {
            return self.no(&tag, Some("BADCHARSET (US-ASCII UTF-8)"), "No such charset", Ending::of(uid));
        }
        let extent = Extent { messages: view.len(), uid: view.uids().last().copied().unwrap_or(0) };
        let numbers = (1..=view.len()).filter(|number| !view.is_gone(*number)).collect();
        match Query::new(keys, extent) {
            Ok(query) => self.search_on(tag, Box::new(Searching { query, uid, numbers, found: Vec::new() })),
            Err(_) => self.bad(&tag, "Search keys nested too deeply"),
        }
    }

    /// Goes on until a message is needed, or to the end.
    fn search_on(&mut self, tag: String, mut searching: Box<Searching>) {
        let State::Selected(view) = &self.state else { return };
        while let Some(number) = searching.numbers.front().copied() {
            let Some(entry) = view.entry(number) else { break };
            if searching.query.needs_content() {
                let event = ServerEvent::Content { uid: entry.uid, seen: false, whole: false };
                return self.ask(tag, Doing::Search(searching), event);
            }
            searching.look(number, entry, &[]);
            searching.numbers.pop_front();
        }
        let list: String = searching.found.iter().map(|found| format!(" {found}")).collect();
        self.say(&format!("* SEARCH{list}"));
        let name = if searching.uid { "UID SEARCH" } else { "SEARCH" };
        self.completed(&tag, name, Ending::of(searching.uid));
    }

    /// The message asked for has come, or is no more and does not match.
    pub(super) fn searched(&mut self, tag: String, mut searching: Box<Searching>, content: Option<(Arc<[u8]>, Flags)>) {
        let State::Selected(view) = &self.state else { return };
        let number = searching.numbers.pop_front().unwrap_or(0);
        if let (Some((content, _)), Some(entry)) = (content, view.entry(number)) {
            searching.look(number, entry, &content);
        }
        self.search_on(tag, searching);
    }
}

impl Searching {
    fn look(&mut self, number: u32, entry: &Entry, content: &[u8]) {
        let marks = |mark: Mark<'_>| match mark {
            Mark::Answered => entry.flags.has(SystemFlag::Answered),
            Mark::Deleted => entry.flags.has(SystemFlag::Deleted),
            Mark::Draft => entry.flags.has(SystemFlag::Draft),
            Mark::Flagged => entry.flags.has(SystemFlag::Flagged),
            Mark::Seen => entry.flags.has(SystemFlag::Seen),
            Mark::Recent => entry.recent,
            Mark::Keyword(keyword) => entry.flags.has_keyword(keyword),
        };
        // RFC 3501 6.4.4: dates are compared "disregarding time and timezone".
        let arrived = UnixTime(entry.date.at.0.saturating_add(i64::from(entry.date.zone) * 60));
        let (uid, size) = (entry.uid, entry.size);
        if self.query.matches(&Message { number, uid, marks: &marks, arrived, size, content }) {
            self.found.push(if self.uid { uid } else { number });
        }
    }
}
