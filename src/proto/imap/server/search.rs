//! SEARCH, SORT and THREAD: which messages match, and in what order. Their octets are asked for
//! only if keys or order look into them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::adapter::SearchKey;
use super::super::command::Returns;
use super::super::event::{Entry, ServerEvent};
use super::super::flags::{Flags, SystemFlag};
use super::super::order::{Key, Order, Traits, ordered_subject, references, sort};
use super::super::search::{Extent, Mark, Query, View as Message};
use super::super::sets;
use super::{Doing, Ending, Server, State};
use crate::base::UnixTime;

/// A SEARCH under way.
#[derive(Clone, Debug)]
pub(super) struct Searching {
    query: Query,
    order: Order,
    returns: Option<Returns>,
    uid: bool,
    /// Messages still to be looked at; the first is the one asked for.
    numbers: VecDeque<u32>,
    found: Vec<u32>,
    /// What the messages found say of themselves, where the order is not that of numbers.
    traits: Vec<Traits>,
}

impl Server {
    pub(super) fn search(
        &mut self,
        tag: String,
        keys: &SearchKey<'static>,
        charset: Option<&str>,
        (order, returns, uid): (Order, Option<Returns>, bool),
    ) {
        let State::Selected(view) = &self.state else { return };
        let known = ["US-ASCII", "UTF-8"];
        if charset.is_some_and(|charset| known.iter().all(|known| !known.eq_ignore_ascii_case(charset))) {
            return self.no(&tag, Some("BADCHARSET (US-ASCII UTF-8)"), "No such charset", Ending::of(uid));
        }
        let extent = Extent { messages: view.len(), uid: view.uids().last().copied().unwrap_or(0) };
        let numbers = (1..=view.len()).filter(|number| !view.is_gone(*number)).collect();
        match Query::new(keys, extent) {
            Ok(query) => {
                let (found, traits) = (Vec::new(), Vec::new());
                self.search_on(tag, Box::new(Searching { query, order, returns, uid, numbers, found, traits }));
            }
            Err(_) => self.bad(&tag, "Search keys nested too deeply"),
        }
    }

    /// Goes on until a message is needed, or to the end.
    fn search_on(&mut self, tag: String, mut searching: Box<Searching>) {
        let State::Selected(view) = &self.state else { return };
        while let Some(number) = searching.numbers.front().copied() {
            let Some(entry) = view.entry(number) else { break };
            if searching.needs_content() {
                let event = ServerEvent::Content { uid: entry.uid, seen: false, whole: false };
                return self.ask(tag, Doing::Search(searching), event);
            }
            searching.look(number, entry, &[]);
            searching.numbers.pop_front();
        }
        let Searching { order, returns, uid, found, traits, .. } = *searching;
        if let Some(returns) = returns {
            self.say(&extended(&tag, returns, uid, &found));
            return self.completed(&tag, if uid { "UID SEARCH" } else { "SEARCH" }, Ending::of(uid));
        }
        let numbers = |numbers: Vec<u32>| numbers.into_iter().map(|number| format!(" {number}")).collect();
        let threads = |threads: String| if threads.is_empty() { threads } else { format!(" {threads}") };
        let (name, list) = match order {
            Order::Numbers => ("SEARCH", numbers(found)),
            Order::By(criteria) => ("SORT", numbers(sort(traits, &criteria))),
            Order::Subjects => ("THREAD", threads(ordered_subject(traits))),
            Order::References => ("THREAD", threads(references(&traits))),
        };
        self.say(&format!("* {name}{list}"));
        self.completed(&tag, &format!("{}{name}", if uid { "UID " } else { "" }), Ending::of(uid));
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

/// The answer of RFC 4731. What there is none of is left out, but the count.
fn extended(tag: &str, returns: Returns, uid: bool, found: &[u32]) -> String {
    let mut out = format!("* ESEARCH (TAG \"{tag}\"){}", if uid { " UID" } else { "" });
    if let (Some(first), Some(last)) = (found.first(), found.last()) {
        let parts = [
            (returns.min, format!(" MIN {first}")),
            (returns.max, format!(" MAX {last}")),
            (returns.all, format!(" ALL {}", sets::written(found))),
        ];
        parts.into_iter().filter(|(wanted, _)| *wanted).for_each(|(_, part)| out.push_str(&part));
    }
    if returns.count {
        out.push_str(&format!(" COUNT {}", found.len()));
    }
    out
}

impl Searching {
    fn needs_content(&self) -> bool {
        let order = match &self.order {
            Order::Numbers => false,
            Order::By(criteria) => criteria.iter().any(|criterion| !matches!(criterion.key, Key::Arrival | Key::Size)),
            Order::Subjects | Order::References => true,
        };
        order || self.query.needs_content()
    }

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
            let number = if self.uid { uid } else { number };
            if self.order == Order::Numbers {
                self.found.push(number);
            } else {
                self.traits.push(Traits::read(number, (entry.date.at, size), content));
            }
        }
    }
}
