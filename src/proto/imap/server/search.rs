//! SEARCH, SORT and THREAD: which messages match, and in what order. Their octets are asked for
//! only if keys or order look into them.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::super::adapter::SearchKey;
use super::super::event::{Entry, Fetched, ServerEvent};
use super::super::flags::SystemFlag;
use super::super::order::{Key, Order, Traits, ordered_subject, references, sort};
use super::super::results::Returns;
use super::super::search::{Extent, Mark, Query, View as Message};
use super::{Doing, Ending, Server, State};
use crate::base::UnixTime;

/// A message that matches.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// The number by which it is told of.
    number: u32,
    uid: u32,
    modseq: u64,
}

/// A SEARCH under way.
#[derive(Clone, Debug)]
pub(super) struct Searching {
    query: Query,
    order: Order,
    returns: Option<Returns>,
    uid: bool,
    /// Messages still to be looked at; the first is the one asked for.
    numbers: VecDeque<u32>,
    found: Vec<Found>,
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
        let State::Selected(view) = &mut self.state else { return };
        // RFC 5182 2.1: a SEARCH that fails leaves nothing behind.
        if returns.is_some_and(|returns| returns.save) {
            view.save(Vec::new());
        }
        let known = ["US-ASCII", "UTF-8"];
        if charset.is_some_and(|charset| known.iter().all(|known| !known.eq_ignore_ascii_case(charset))) {
            return self.no(&tag, Some("BADCHARSET (US-ASCII UTF-8)"), "No such charset", Ending::of(uid));
        }
        let extent = Extent { messages: view.len(), uid: view.last_uid() };
        let numbers = (1..=view.len()).filter(|number| !view.is_gone(*number)).collect();
        // RFC 9051 6.4.4: what SEARCH finds is told by ESEARCH.
        let always = (self.enabled.rev2 && order == Order::Numbers).then_some(Returns::ALL);
        let Ok(query) = Query::new(keys, extent) else { return self.bad(&tag, "Search keys nested too deeply") };
        if query.asks_modseq() {
            self.enable_condstore();
        }
        let (found, traits, returns) = (Vec::new(), Vec::new(), returns.or(always));
        self.search_on(tag, Box::new(Searching { query, order, returns, uid, numbers, found, traits }));
    }

    /// Goes on until a message is needed, or to the end.
    fn search_on(&mut self, tag: String, mut searching: Box<Searching>) {
        let State::Selected(view) = &self.state else { return };
        while let Some(number) = searching.numbers.front().copied() {
            let Some(entry) = view.entry(number) else { break };
            if searching.needs_content() && !searching.is_decided(number, entry) {
                let event = ServerEvent::Content { uid: entry.uid, seen: false, whole: false };
                return self.ask(tag, Doing::Search(searching), event);
            }
            searching.look(number, entry, &[]);
            searching.numbers.pop_front();
        }
        self.found(&tag, *searching);
    }

    /// Tells what was found.
    fn found(&mut self, tag: &str, searching: Searching) {
        let Searching { query, order, returns, uid, found, traits, .. } = searching;
        let highest = |found: &[Found]| found.iter().map(|one| one.modseq).max().filter(|_| query.asks_modseq());
        let numbers: Vec<u32> = found.iter().map(|one| one.number).collect();
        let (name, list) = match &order {
            Order::Numbers => ("SEARCH", numbers),
            Order::By(criteria) => ("SORT", sort(traits, criteria)),
            Order::Subjects | Order::References => {
                let threads = if order == Order::Subjects { ordered_subject(traits) } else { references(&traits) };
                self.say(&format!("* THREAD{}{threads}", if threads.is_empty() { "" } else { " " }));
                return self.completed(tag, if uid { "UID THREAD" } else { "THREAD" }, Ending::of(uid));
            }
        };
        if let Some(returns) = returns {
            // The ends of a sorted result are not those of the numbers.
            let place = |number: &u32| {
                found.binary_search_by_key(number, |one| one.number).ok().and_then(|at| found.get(at)).copied()
            };
            let concerned = match &order {
                Order::Numbers => returns.concerned(&found),
                Order::By(_) | Order::Subjects | Order::References => {
                    returns.concerned(&list).iter().filter_map(place).collect()
                }
            };
            if returns.save
                && let State::Selected(view) = &mut self.state
            {
                let mut uids: Vec<u32> = concerned.iter().map(|one| one.uid).collect();
                uids.sort_unstable();
                view.save(uids);
            }
            // RFC 5182 2.1: with SAVE alone nothing is told.
            if returns.tells() {
                let modseq = highest(&concerned).map_or_else(String::new, |modseq| format!(" MODSEQ {modseq}"));
                self.say(&format!("{}{modseq}", returns.written(tag, uid, &list)));
            }
        } else {
            let mut line = format!("* {name}");
            for number in list {
                let _ = write!(line, " {number}");
            }
            if let Some(modseq) = highest(&found) {
                let _ = write!(line, " (MODSEQ {modseq})");
            }
            self.say(&line);
        }
        self.completed(tag, &format!("{}{name}", if uid { "UID " } else { "" }), Ending::of(uid));
    }

    /// The message asked for has come, or is no more and does not match.
    pub(super) fn searched(&mut self, tag: String, mut searching: Box<Searching>, content: Option<Fetched>) {
        let State::Selected(view) = &self.state else { return };
        let number = searching.numbers.pop_front().unwrap_or(0);
        if let (Some(Fetched { content, .. }), Some(entry)) = (content, view.entry(number)) {
            searching.look(number, entry, &content);
        }
        self.search_on(tag, searching);
    }
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

    /// Whether a message can be judged without its octets.
    fn is_decided(&self, number: u32, entry: &Entry) -> bool {
        match self.query.decided(&message(number, entry, &|mark| marked(entry, mark), &[])) {
            Some(matches) => !matches || self.order == Order::Numbers,
            None => false,
        }
    }

    fn look(&mut self, number: u32, entry: &Entry, content: &[u8]) {
        let (uid, size, modseq) = (entry.uid, entry.size, entry.modseq);
        if self.query.matches(&message(number, entry, &|mark| marked(entry, mark), content)) {
            let number = if self.uid { uid } else { number };
            self.found.push(Found { number, uid, modseq });
            if self.order != Order::Numbers {
                self.traits.push(Traits::read(number, (entry.date.at, size), content));
            }
        }
    }
}

fn marked(entry: &Entry, mark: Mark<'_>) -> bool {
    match mark {
        Mark::Answered => entry.flags.has(SystemFlag::Answered),
        Mark::Deleted => entry.flags.has(SystemFlag::Deleted),
        Mark::Draft => entry.flags.has(SystemFlag::Draft),
        Mark::Flagged => entry.flags.has(SystemFlag::Flagged),
        Mark::Seen => entry.flags.has(SystemFlag::Seen),
        Mark::Recent => entry.recent,
        Mark::Keyword(keyword) => entry.flags.has_keyword(keyword),
    }
}

/// A message as a query sees it.
fn message<'a>(number: u32, entry: &Entry, marks: &'a dyn Fn(Mark<'_>) -> bool, content: &'a [u8]) -> Message<'a> {
    // RFC 3501 6.4.4: dates are compared "disregarding time and timezone".
    let arrived = UnixTime(entry.date.at.0.saturating_add(i64::from(entry.date.zone) * 60));
    Message { number, uid: entry.uid, marks, arrived, size: entry.size, modseq: entry.modseq, content }
}
