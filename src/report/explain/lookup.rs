//! A look-up: who asked whom and why there, what came back, how long it took.
//!
//! The questions, on whose behalf each was asked and how it ended are in the table `dns_queries`. Why a
//! question went to a server follows from how the one before it on the same behalf ended, and from the
//! zones that the scenario gives to the server. How old a cached answer was, and what became of single
//! datagrams, is known where the run was made again. A look-up that a program's own cache answers asks
//! nobody, and so has no row.

use std::collections::{BTreeMap, BTreeSet};

use super::notes::CacheNote;
use super::{Sources, Step, Story, causes, count, plain, since, span};
use crate::base::time::SimTime;
use crate::base::trace::CacheResult;
use crate::metrics::{DnsOutcome, DnsRole, DnsRow, Tables};
use crate::report::ladder::choice::names_are_known;
use crate::report::ladder::dns::{Behalf, LookUp, all_look_ups, choose};
use crate::report::ladder::{LadderChoice, LadderError};

/// A look-up that was chosen.
pub struct ChosenLookUp<'a> {
    look_up: LookUp<'a>,
    behalf: Behalf<'a>,
    others: Vec<&'a DnsRow>,
}

/// An entry of a cache that answered a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheAge {
    /// The question.
    pub query: String,
    /// Whose cache it is.
    pub host: String,
    /// The owner.
    pub name: String,
    /// The type's mnemonic.
    pub rtype: String,
    /// When it answered.
    pub at: SimTime,
    /// When it had been stored, and who had told it; none if that is not known.
    pub stored: Option<(SimTime, String)>,
}

/// The look-up with that number, name or question, among those in which a host takes part if one is named;
/// of several the first.
///
/// # Errors
/// See [`LadderError`].
pub fn choose_look_up<'a>(
    tables: &'a Tables,
    host: Option<&str>,
    query: &str,
) -> Result<ChosenLookUp<'a>, LadderError> {
    // RFC 4343 section 2: names that differ in the case of letters are the same
    let asked = tables.dns_queries.iter().flat_map(|row| [&*row.from, &*row.to]);
    let written = |host: &str| asked.clone().find(|known| known.eq_ignore_ascii_case(host)).unwrap_or(host).to_owned();
    let choice = LadderChoice { hosts: host.map(written).into_iter().collect(), ..LadderChoice::default() };
    names_are_known(tables, &choice)?;
    let rows = &tables.dns_queries;
    let behalf = Behalf::new(rows);
    let mut found = choose(all_look_ups(rows), &behalf, &choice.hosts, Some(query))?.into_iter();
    let look_up = found.next().ok_or(LadderError::NoMatch)?;
    let others = found.filter_map(|other| other.questions.first().copied()).collect();
    Ok(ChosenLookUp { look_up, behalf, others })
}

/// When a question had its answer, or was given up.
fn end_of(row: &DnsRow) -> Option<SimTime> {
    row.latency.map(|latency| row.asked.saturating_add(latency))
}

impl ChosenLookUp<'_> {
    fn rows(&self) -> impl Iterator<Item = (usize, &DnsRow)> {
        self.look_up.questions.iter().flat_map(|row| self.behalf.tree(row))
    }

    /// All questions of it.
    #[must_use]
    pub fn queries(&self) -> BTreeSet<String> {
        self.rows().map(|(_, row)| row.query.to_string()).collect()
    }

    /// When the last of its questions was over; none if one is not.
    #[must_use]
    pub fn until(&self) -> Option<SimTime> {
        let mut last = SimTime::ZERO;
        for (_, row) in self.rows() {
            last = last.max(end_of(row)?);
        }
        Some(last)
    }

    /// The entries of caches that answered its questions, without their ages.
    #[must_use]
    pub fn cached(&self, sources: &Sources<'_>) -> Vec<CacheAge> {
        let Some(witness) = sources.witness else { return Vec::new() };
        let hits = self.rows().flat_map(|(_, row)| {
            let notes = witness.caches.get(&*row.query).map_or(&[][..], Vec::as_slice);
            notes.iter().filter(|note| note.result != CacheResult::Miss).map(|note| CacheAge {
                query: row.query.to_string(),
                host: note.host.clone(),
                name: note.name.clone(),
                rtype: note.rtype.clone(),
                at: note.at,
                stored: None,
            })
        });
        hits.collect()
    }

    /// The story of the look-up.
    #[must_use]
    pub fn story(&self, sources: &Sources<'_>, ages: &[CacheAge]) -> Story {
        let Some(first) = self.look_up.questions.first() else { return Story::default() };
        let mut teller = Teller { sources, behalf: &self.behalf, ages, before: BTreeMap::new(), steps: Vec::new() };
        for question in &self.look_up.questions {
            teller.tell(question);
        }
        let mut story = Story { steps: teller.steps, from: first.asked, ..Story::default() };
        let last = self.look_up.questions.last().copied().unwrap_or(first);
        let name = format!("{} {}", plain(&first.name), plain(&first.rtype));
        let end = end_of(last).map_or_else(
            || "not over when the run ends".to_owned(),
            |end| format!("{} after {}", result(last.outcome), span(since(end, first.asked))),
        );
        story.title = format!("Look-up of {name} by {}: {end}", plain(&first.from));
        let asked = self.rows().count();
        let resolvers = self.rows().filter(|(_, row)| row.role == DnsRole::Resolver).count();
        story.closing.push(format!(
            "{} asked for it, {resolvers} of them by resolvers on its behalf.",
            count(asked, "question was", "questions were")
        ));
        story.closing.extend(self.further());
        story.in_order()
    }

    fn further(&self) -> Option<String> {
        const MOST: usize = 5;
        if self.others.is_empty() {
            return None;
        }
        let names: Vec<String> = self.others.iter().take(MOST).map(|row| plain(&row.query)).collect();
        let more = if self.others.len() > MOST { ", ..." } else { "" };
        let many = count(self.others.len(), "further look-up matches", "further look-ups match");
        Some(format!("{many}; name one by its first question: {}{more}", names.join(", ")))
    }
}

const fn result(outcome: DnsOutcome) -> &'static str {
    match outcome {
        DnsOutcome::Answer => "found",
        DnsOutcome::Alias => "only an alias was found",
        DnsOutcome::Referral => "only a referral came",
        DnsOutcome::NxDomain => "there is no such name, as was found",
        DnsOutcome::NoData => "there is no such record, as was found",
        DnsOutcome::Failure => "failed",
        DnsOutcome::Truncated => "cut off",
        DnsOutcome::Timeout => "no answer",
        DnsOutcome::Unreachable => "nobody was reached",
        DnsOutcome::Open => "open",
    }
}

/// Tells question after question, as they were asked on each other's behalf.
struct Teller<'a, 'b> {
    sources: &'b Sources<'b>,
    behalf: &'b Behalf<'a>,
    ages: &'b [CacheAge],
    /// The questions on the same behalf.
    before: BTreeMap<&'a str, Vec<&'a DnsRow>>,
    steps: Vec<Step>,
}

impl<'a> Teller<'a, '_> {
    fn tell(&mut self, question: &'a DnsRow) {
        let mut open: Vec<(usize, &DnsRow)> = Vec::new();
        for (depth, row) in self.behalf.tree(question) {
            while let Some((above, ended)) = open.pop_if(|(above, _)| *above >= depth) {
                self.end(ended, above);
            }
            self.begin(row, depth);
            open.push((depth, row));
        }
        while let Some((depth, row)) = open.pop() {
            self.end(row, depth);
        }
    }

    fn begin(&mut self, row: &'a DnsRow, depth: usize) {
        let (from, to) = (plain(&row.from), plain(&row.to));
        let what = format!("{from} asks {to} for {} {} ({})", plain(&row.name), plain(&row.rtype), plain(&row.query));
        let mut step = Step { depth, ..Step::new(row.asked, what) };
        let before = self.before.entry(row.for_query.as_deref().unwrap_or_default()).or_default();
        // what is still open cannot be why another is asked
        let over = before.iter().filter_map(|one| Some((end_of(one).filter(|end| *end <= row.asked)?, *one)));
        let (why, section) = match over.max_by_key(|(end, _)| *end) {
            Some((_, last)) => after(self.sources, row, last),
            None if before.is_empty() => first(self.sources, row),
            None => (format!("it asks {to} at the same time"), ""),
        };
        before.push(row);
        step.details.push(why);
        self.steps.push(step.rfc(section));
    }

    fn end(&mut self, row: &DnsRow, depth: usize) {
        let to = plain(&row.to);
        let Some(at) = end_of(row) else {
            let what = format!("{} has no answer yet when the run ends", plain(&row.from));
            self.steps.push(Step { depth, ..Step::new(self.sources.tables.end, what) });
            return;
        };
        let took = span(since(at, row.asked));
        let records = count(usize::from(row.answers.unwrap_or(0)), "record", "records");
        let rcode = plain(row.rcode.as_deref().unwrap_or("a failure"));
        let (what, section) = match row.outcome {
            DnsOutcome::Answer => (format!("{to} answers with {records}, after {took}"), "RFC 1034 4.3.2"),
            DnsOutcome::Alias => {
                (format!("{to} answers that the name is an alias (CNAME), after {took}"), "RFC 1034 3.6.2")
            }
            DnsOutcome::Referral => {
                (format!("{to} does not know, and names servers further down, after {took}"), "RFC 1034 4.3.2")
            }
            DnsOutcome::NxDomain => (format!("{to} answers that there is no such name, after {took}"), "RFC 2308 2.1"),
            DnsOutcome::NoData => {
                (format!("{to} answers that the name has no such record, after {took}"), "RFC 2308 2.2")
            }
            DnsOutcome::Failure if rcode == "NOERROR" => {
                (format!("{to} answers with nothing of use after {took}: it is lame for this zone"), "RFC 1912 2.8")
            }
            DnsOutcome::Failure => (format!("{to} answers {rcode} after {took}"), "RFC 1035 4.1.1"),
            DnsOutcome::Truncated => {
                (format!("{to} answers with as much as fits into a datagram (TC), after {took}"), "RFC 2181 9")
            }
            DnsOutcome::Timeout => {
                (format!("{} has waited {took} for {to}, and waits no longer", plain(&row.from)), "RFC 1035 7.2")
            }
            DnsOutcome::Unreachable => {
                (format!("{} learns after {took} that {to} cannot be reached", plain(&row.from)), "RFC 1122 4.1.3.3")
            }
            DnsOutcome::Open => (format!("{to} has not answered"), ""),
        };
        let mut step = Step { depth, ..Step::new(at, what) }.rfc(section);
        step.details.extend(self.cache(row));
        if matches!(row.outcome, DnsOutcome::Timeout | DnsOutcome::Unreachable) {
            let why = causes::around(self.sources, &[row]);
            step.details.extend(why.because);
            step.details.extend(why.besides);
        }
        self.steps.push(step);
    }

    /// What the asked resolver had in its cache.
    fn cache(&self, row: &DnsRow) -> Vec<String> {
        let seen = self.sources.witness.and_then(|witness| witness.caches.get(&*row.query));
        if let Some(notes) = seen {
            let mut told: Vec<String> = notes.iter().map(|note| self.cache_note(row, note)).collect();
            told.dedup();
            return told;
        }
        let what = match row.cache.as_deref() {
            Some("hit") => "from its cache (RFC 1034 5.3.3)",
            Some("negative_hit") => "from its cache, which holds that there is none (RFC 2308 5)",
            Some("failure") => "from its cache, which remembers that nobody could tell (RFC 9520)",
            Some("stale") => "from its cache, though that is beyond its end (RFC 8767)",
            Some("miss") => "its cache did not have it",
            Some(_) | None => return Vec::new(),
        };
        vec![what.to_owned()]
    }

    fn cache_note(&self, row: &DnsRow, note: &CacheNote) -> String {
        let age = self.ages.iter().find(|age| *age.query == *row.query && age.at == note.at && age.name == note.name);
        let stored = age.and_then(|age| age.stored.as_ref()).map_or_else(String::new, |(at, teller)| {
            let moment = self.sources.clock.moment(*at);
            format!("; stored {} before, at {moment}, as {} told it", span(since(note.at, *at)), plain(teller))
        });
        let left = |ttl_s: u32| format!("{ttl_s} s of its TTL left");
        let host = plain(&note.host);
        let other = !note.name.eq_ignore_ascii_case(&row.name) || *note.rtype != *row.rtype;
        let it = if other { format!("{} {}", plain(&note.name), note.rtype) } else { "it".to_owned() };
        match note.result {
            CacheResult::Hit { ttl_s } => {
                format!("{host} has {it} in its cache, {}{stored} (RFC 1034 5.3.3)", left(ttl_s))
            }
            CacheResult::NegativeHit { ttl_s } => {
                format!("the cache of {host} holds that there is no such thing, {}{stored} (RFC 2308 5)", left(ttl_s))
            }
            CacheResult::Failure { ttl_s } => {
                format!("the cache of {host} remembers for {ttl_s} s more that nobody could tell{stored} (RFC 9520)")
            }
            CacheResult::Stale { past_s } => {
                format!("the cache of {host} has {it}, though {past_s} s beyond its end{stored} (RFC 8767)")
            }
            CacheResult::Miss => format!("the cache of {host} did not have {it}"),
        }
    }
}

/// Why the first question on some behalf went where it went.
fn first(sources: &Sources<'_>, row: &DnsRow) -> (String, &'static str) {
    let to = plain(&row.to);
    match (row.role, zone(sources, row)) {
        (DnsRole::Stub, _) => {
            (format!("a program on {} wants to know; its stub resolver asks {to}", plain(&row.from)), "RFC 1034 5.3.1")
        }
        (DnsRole::Resolver, Some(".")) => {
            (format!("{to} is named as a server of the root, where one begins who knows no better"), "RFC 1034 5.3.3")
        }
        (DnsRole::Resolver, Some(zone)) => {
            (format!("{to} is named as a server of {zone}, the nearest zone with known servers"), "RFC 1034 5.3.3")
        }
        (DnsRole::Resolver, None) if sources.zones.is_empty() => (format!("it begins at {to}"), ""),
        (DnsRole::Resolver, None) if sources.zones.contains_key(&*row.to) => {
            (format!("it begins at {to}, a name server that serves no zone with that name"), "")
        }
        (DnsRole::Resolver, None) => (format!("it leaves the look-up to {to}: it forwards"), "RFC 9499 6"),
    }
}

/// Why a question went where it went after another on the same behalf.
fn after(sources: &Sources<'_>, row: &DnsRow, before: &DnsRow) -> (String, &'static str) {
    let (to, last) = (plain(&row.to), plain(&before.to));
    let same_name = row.name.eq_ignore_ascii_case(&before.name);
    // whether it does serve that, its answer shows
    let serves =
        zone(sources, row).map_or_else(String::new, |zone| format!(", named as a server of {}", zone_name(zone)));
    let again = if row.to == before.to { "the same server again".to_owned() } else { format!("{to} instead{serves}") };
    if *row.name == *"." && *row.rtype == *"NS" {
        return (format!("it asks {to} who serves the root"), "RFC 9609 3");
    }
    match before.outcome {
        DnsOutcome::Truncated if row.to == before.to && same_name => {
            ("the response was cut off, so the question goes again, over TCP".to_owned(), "RFC 7766 5")
        }
        DnsOutcome::Timeout if same_name => (format!("{last} gave no answer in time: it asks {again}"), "RFC 1035 7.2"),
        DnsOutcome::Unreachable if same_name => (format!("{last} was not reached: it asks {again}"), "RFC 1035 7.2"),
        DnsOutcome::Failure if same_name => (format!("{last} was of no use: it asks {again}"), "RFC 1034 5.3.3"),
        DnsOutcome::Referral if same_name => (format!("{last} referred it to {to}{serves}"), "RFC 1034 5.3.3"),
        DnsOutcome::Alias => (
            format!("the name is an alias: the look-up goes on with {}, at {to}{serves}", plain(&row.name)),
            "RFC 1034 3.6.2",
        ),
        DnsOutcome::Answer if same_name && row.rtype == before.rtype => {
            (format!("it asks {to}{serves}, with the address that it knows now"), "RFC 1034 5.3.3")
        }
        DnsOutcome::Timeout
        | DnsOutcome::Unreachable
        | DnsOutcome::Failure
        | DnsOutcome::Referral
        | DnsOutcome::Answer
        | DnsOutcome::NxDomain
        | DnsOutcome::NoData
        | DnsOutcome::Truncated
        | DnsOutcome::Open => {
            if same_name {
                return (format!("it asks {to} as well{serves}"), "");
            }
            let name = plain(&row.name);
            (format!("to go on it needs to know {name} {}, and asks {to}{serves}", plain(&row.rtype)), "RFC 1034 5.3.3")
        }
    }
}

fn zone_name(zone: &str) -> &str {
    if zone == "." { "the root" } else { zone }
}

/// The zone that the asked server serves and that is nearest above the name.
fn zone<'a>(sources: &Sources<'a>, row: &DnsRow) -> Option<&'a str> {
    let name = row.name.to_ascii_lowercase();
    let above = |zone: &&str| {
        *zone == "." || name == **zone || name.strip_suffix(*zone).is_some_and(|rest| rest.ends_with('.'))
    };
    let zones = sources.zones.get(&*row.to)?;
    zones.iter().map(String::as_str).filter(above).max_by_key(|zone| zone.len())
}
