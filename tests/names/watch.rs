//! An observer that holds every answer against what the zones said, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use posthaste::app::dns::digest;
use posthaste::base::trace::{DnsAnswerKind, DnsTrace, NetTrace, Observer, PacketContent, Trace, TraceEvent};
use posthaste::base::{Endpoint, EventId, HostId, QueryId, SimDuration, SimTime};
use posthaste::proto::dns::{Message, PORT, Record, Rtype};

use super::world::{Key, Past, Truth, at};

/// No packet is longer on its way: links of 21 ms, 42 ms from site to site.
const WAY: SimDuration = SimDuration::from_millis(100);

/// An alias that ends while a resolver looks for what it leads to still serves the question that is under way, with
/// a TTL of zero (RFC 1035 3.2.1); so long may that take.
const UNDER_WAY: SimDuration = SimDuration::from_secs(10);

fn grace(rtype: u16, left: u32) -> SimDuration {
    if rtype == Rtype::Cname.number() && left == 0 { UNDER_WAY } else { SimDuration::ZERO }
}

/// Queries for one question of a client.
const BUDGET: u32 = 100;

/// Reads a run.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    truth: Truth,
    resolvers: BTreeSet<IpAddr>,
    stale: bool,
    quiet: Option<SimTime>,
    /// What does not hold.
    pub(crate) faults: Vec<String>,
    pub(crate) looked_up: u64,
    /// RRsets in responses of resolvers that were checked.
    pub(crate) checked: u64,
    pub(crate) denials: u64,
    pub(crate) from_caches: u64,
    /// Look-ups after everything is quiet.
    pub(crate) last_words: u64,
    now: SimTime,
    /// Datagrams from port 53 that were just sent.
    sent: BTreeMap<EventId, (SimTime, Endpoint, Endpoint)>,
    /// Until when a resolver may serve an RRset by all that it was told.
    told: BTreeMap<(IpAddr, Key), SimTime>,
    /// Likewise denials, by the zone that told.
    denied: BTreeMap<(IpAddr, String), SimTime>,
    /// Resolvers' queries under way: by name, type and server.
    asking: BTreeMap<(HostId, IpAddr, String, u16), QueryId>,
    queries: BTreeMap<QueryId, (HostId, IpAddr, String, u16)>,
    tasks: BTreeMap<(HostId, u32), u32>,
}

impl Watch {
    pub(crate) fn new(truth: Truth, resolvers: BTreeSet<IpAddr>, stale: bool, quiet: Option<SimTime>) -> Self {
        Self { truth, resolvers, stale, quiet, ..Self::default() }
    }

    fn fault(&mut self, text: String) {
        if self.faults.len() < 5 {
            self.faults.push(format!("{} s: {text}", self.now));
        }
    }

    /// What the zones say of a name and type over time.
    fn past(&self, name: &str, rtype: u16) -> Past {
        let name = name.to_ascii_lowercase();
        let own = self.truth.sets.get(&(name.clone(), rtype));
        let beside = |key: &&Key| key.0 == name;
        let wildcard = name.split_once('.').map(|(_, above)| format!("*.{above}"));
        match (own, wildcard) {
            (Some(past), _) => past.clone(),
            (None, Some(wildcard)) if self.truth.sets.keys().filter(beside).count() == 0 => {
                self.truth.sets.get(&(wildcard, rtype)).cloned().unwrap_or_else(|| vec![(SimTime::ZERO, None)])
            }
            (None, _) => vec![(SimTime::ZERO, None)],
        }
    }

    /// Whether a set with that digest (none: no set), which is good for `left` seconds more, may be had
    /// now: it stood in its zone at a time from which its TTL reaches as far as that.
    fn may_be_had(&self, name: &str, rtype: u16, digest: Option<u64>, left: u32) -> bool {
        let past = self.past(name, rtype);
        let until = self.now + SimDuration::from_secs(left.into());
        past.iter().enumerate().any(|(place, (since, set))| {
            let end = past.get(place + 1).map_or(SimTime::NEVER, |next| next.0);
            let ttl = set.map_or(self.truth.negative_ttl, |(_, ttl)| ttl);
            let reach = end.saturating_add(SimDuration::from_secs(ttl.into()) + WAY + WAY + grace(rtype, left));
            set.map(|(digest, _)| digest) == digest && *since <= self.now && (self.stale || until <= reach)
        })
    }

    fn looked_up(&mut self, name: &str, rtype: u16, kind: DnsAnswerKind, (alias, owner, digest): (u64, &str, u64)) {
        self.looked_up += 1;
        if kind == DnsAnswerKind::Failure {
            if self.quiet.is_some_and(|quiet| self.now > quiet) && !self.truth.rings.contains(name) {
                self.fault(format!("no answer for {name} although all is well"));
            }
            return;
        }
        if self.truth.rings.contains(name) {
            self.fault(format!("{name} is in a ring of aliases and has an answer: {kind:?}"));
        }
        let some = |digest: u64| (digest != 0).then_some(digest);
        for (set, rtype, digest) in [(name, Rtype::Cname.number(), some(alias)), (owner, rtype, some(digest))] {
            // an alias's other types are those of its target
            let target = digest.is_none() && set == name && alias != 0;
            if !target && !self.may_be_had(set, rtype, digest, 0) {
                self.fault(format!("{name}: {set} {rtype} is {digest:?}, of {:?}", self.past(set, rtype)));
            }
        }
        if self.quiet.is_some_and(|quiet| self.now > quiet) {
            self.last_words += 1;
            let present = self.past(owner, rtype).last().and_then(|(_, set)| set.map(|(digest, _)| digest));
            if present != some(digest) {
                self.fault(format!("in the end {owner} is {digest}, not {present:?}"));
            }
        }
    }

    /// A message that a server or resolver sends.
    fn response(&mut self, from: IpAddr, to: IpAddr, message: &Message) {
        let mut sets: BTreeMap<Key, (Vec<&Record>, u32)> = BTreeMap::new();
        for record in message.answers.iter().filter(|record| !record.name.is_root()) {
            let key = (record.name.to_string().to_ascii_lowercase(), record.rtype().number());
            let set = sets.entry(key).or_insert((Vec::new(), u32::MAX));
            set.0.push(record);
            set.1 = set.1.min(record.ttl);
        }
        let ends = |ttl: u32, now: SimTime| now + SimDuration::from_secs(ttl.into()) + WAY;
        if self.resolvers.contains(&from) {
            for (key, (records, left)) in &sets {
                self.checked += 1;
                let digest = digest(records.iter().map(|record| &record.data));
                let left = if self.stale { 0 } else { *left };
                let known = self.told.get(&(from, key.clone())).copied().unwrap_or(SimTime::ZERO);
                if !self.may_be_had(&key.0, key.1, Some(digest), left) {
                    self.fault(format!("{from} tells {key:?} for {left} s more: {:?}", self.past(&key.0, key.1)));
                }
                if !self.stale && self.now + SimDuration::from_secs(left.into()) > known + grace(key.1, left) {
                    self.fault(format!("{from} tells {key:?} for {left} s more, and was told until {known}"));
                }
            }
            if let Some((zone, left)) = denial(message) {
                self.denials += 1;
                let known = self.denied.get(&(from, zone.clone())).copied().unwrap_or(SimTime::ZERO);
                if !self.stale && self.now + SimDuration::from_secs(left.into()) > known {
                    self.fault(format!("{from} denies in {zone} for {left} s more, and was told until {known}"));
                }
            }
        }
        if self.resolvers.contains(&to) {
            for (key, (_, ttl)) in sets {
                let told = self.told.entry((to, key)).or_default();
                *told = (*told).max(ends(ttl, self.now));
            }
            if let Some((zone, ttl)) = denial(message) {
                let told = self.denied.entry((to, zone)).or_default();
                *told = (*told).max(ends(ttl, self.now));
            }
        }
    }

    fn ended(&mut self, query: QueryId) {
        if let Some(key) = self.queries.remove(&query) {
            self.asking.remove(&key);
        }
    }
}

/// The zone that denies, and for how many seconds more (RFC 2308 5).
fn denial(message: &Message) -> Option<(String, u32)> {
    let soa = message.authorities.iter().find(|record| record.rtype() == Rtype::Soa)?;
    let minimum = soa.data.soa_minimum()?;
    Some((soa.name.to_string().to_ascii_lowercase(), soa.ttl.min(minimum)))
}

impl Observer for Watch {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        self.now = event.at;
        match event.what {
            Trace::Net(NetTrace::Sent { packet, .. }) if packet.src.port == PORT && packet.tcp.is_none() => {
                self.sent.retain(|_, sent| sent.0 == event.at);
                self.sent.insert(event.id, (event.at, packet.src, packet.dst));
            }
            Trace::Dns(DnsTrace::LookedUp { name, rtype, kind, cache, alias, owner, digest, .. }) => {
                self.from_caches += u64::from(cache.is_some());
                self.looked_up(name, rtype, kind, (alias, owner, digest));
            }
            Trace::Dns(DnsTrace::Asked { query, task: Some(task), to, name, rtype, .. }) => {
                let key = (event.host, to.addr, name.to_ascii_lowercase(), rtype);
                if self.asking.insert(key.clone(), query).is_some() {
                    self.fault(format!("two queries for {name} {rtype} are under way to {to}"));
                }
                self.queries.insert(query, key);
                let asked = self.tasks.entry((event.host, task)).or_default();
                *asked += 1;
                if *asked > BUDGET {
                    self.fault(format!("more than {BUDGET} queries for {name}"));
                }
            }
            Trace::Dns(
                DnsTrace::Answered { query, .. } | DnsTrace::TimedOut { query } | DnsTrace::Unreachable { query },
            ) => self.ended(query),
            Trace::Fault(posthaste::base::trace::FaultTrace::HostDown) => {
                // what was under way there is forgotten
                self.asking.retain(|key, _| key.0 != event.host);
                self.queries.retain(|_, key| key.0 != event.host);
            }
            Trace::Net(_)
            | Trace::Conn { .. }
            | Trace::Dialogue { .. }
            | Trace::Dns(_)
            | Trace::Mail(_)
            | Trace::Fault(_)
            | Trace::Host(_)
            | Trace::Web(_) => {}
        }
    }

    fn wants_content(&self) -> bool {
        true
    }

    fn observe_content(&mut self, content: &PacketContent<'_>) {
        let Some((at, from, to)) = self.sent.remove(&content.sent) else { return };
        if let Ok(message) = Message::decode(content.payload) {
            self.now = at;
            self.response(from.addr, to.addr, &message);
        }
    }
}

/// The watch itself must find what is wrong.
#[test]
fn an_answer_beyond_its_ttl_is_found() {
    let mut truth = Truth { negative_ttl: 5, ..Truth::default() };
    let past = vec![(SimTime::ZERO, None), (at(10), Some((7, 30))), (at(100), Some((8, 30)))];
    truth.sets.insert(("a.com".to_owned(), 1), past);
    let mut watch = Watch::new(truth, BTreeSet::new(), false, None);
    let had = |watch: &mut Watch, now, digest, left| {
        watch.now = at(now);
        watch.may_be_had("a.com", 1, digest, left)
    };
    assert!(had(&mut watch, 9, None, 5) && had(&mut watch, 14, None, 0) && !had(&mut watch, 16, None, 0));
    assert!(!had(&mut watch, 9, Some(7), 0) && had(&mut watch, 11, Some(7), 30));
    assert!(had(&mut watch, 129, Some(7), 1) && !had(&mut watch, 129, Some(7), 2) && !had(&mut watch, 131, Some(7), 0));
    assert!(had(&mut watch, 131, Some(8), 30));
}
