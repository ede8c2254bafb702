//! A recursive resolver that works iteratively and caches (RFC 1034 5.3.3, RFC 2308).
//!
//! It answers clients that desire recursion, on port 53, from its cache or by walking down
//! from the root. The walk itself is in `iterate`, what clients see in `clients`; here are the
//! timers, and the wakening of those who wait for a lookup. A response has to match the ID, the
//! port, the server and the question of its query (RFC 5452 9.1). Everything is in memory: a crash
//! loses the cache and all that was under way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use crate::app::host::{Host, Input};
use crate::base::{Endpoint, SimTime, Stream};
use crate::proto::dns::{PORT, Question, Record};

use super::cache::Cache;
use super::clients::Patience;
use super::config::ResolverConfig;
use super::hearsay::Hearsay;
use super::lookup::{Budget, Finding, Lookup, LookupId, Phase, aged};
use super::repeats::Repeats;
use super::servers::ServerNotes;
use super::service::Service;

/// Aliases followed for one question.
pub(super) const ALIAS_LIMIT: u32 = 12;

/// Names of servers without address that are looked up for one question.
pub(super) const BARREN_LIMIT: u32 = 5;

/// A caching recursive resolver on port 53.
#[derive(Clone, Debug)]
pub struct Resolver {
    pub(super) config: ResolverConfig,
    pub(super) cache: Cache,
    pub(super) notes: ServerNotes,
    pub(super) hearsay: Hearsay,
    pub(super) lookups: BTreeMap<LookupId, Lookup>,
    pub(super) by_question: BTreeMap<Question, LookupId>,
    /// Queries in flight, by the ID of their messages.
    pub(super) in_flight: BTreeMap<u16, LookupId>,
    pub(super) deadlines: BTreeSet<(SimTime, LookupId)>,
    pub(super) patience: Patience,
    pub(super) port: u16,
    pub(super) ids: Option<Stream>,
    pub(super) ports: Option<Stream>,
    pub(super) service: Service,
    /// Questions that go over TCP.
    pub(super) repeats: Repeats,
    pub(super) lookups_begun: LookupId,
    /// Who has which query outstanding, where two lookups may have the same.
    pub(super) outstanding: BTreeMap<(IpAddr, Question), LookupId>,
    /// Lookups whose wait for another's response is over.
    pub(super) released: Vec<LookupId>,
    /// Whether the cache was ever given a DNAME record: else none need be looked for.
    pub(super) dnames: bool,
}

/// What is to be done next with a lookup.
#[derive(Debug)]
pub(super) enum Step {
    /// Choose its next step.
    Advance(LookupId),
    /// It ended.
    Finish(LookupId, Finding),
}

impl Resolver {
    /// A resolver with an empty cache.
    #[must_use]
    pub fn new(config: ResolverConfig) -> Self {
        Self {
            cache: Cache::new((&config).into()),
            config,
            notes: ServerNotes::default(),
            hearsay: Hearsay::default(),
            lookups: BTreeMap::new(),
            by_question: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            patience: Patience::new(),
            port: 0,
            ids: None,
            ports: None,
            service: Service::new(true),
            repeats: Repeats::default(),
            lookups_begun: 0,
            outstanding: BTreeMap::new(),
            released: Vec::new(),
            dnames: false,
        }
    }

    /// What it believes.
    #[must_use]
    pub const fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Whether no question is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let asks = !(self.in_flight.is_empty() && self.repeats.is_idle() && self.deadlines.is_empty());
        self.lookups.is_empty() && self.by_question.is_empty() && !asks
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => {
                Service::boot(host);
                if !self.config.random_ports {
                    self.port = host.bind_udp_ephemeral();
                }
                // kept through crashes, so that IDs do not begin anew
                if self.ids.is_none() {
                    self.ids = Some(host.stream("dns/resolver/id"));
                    self.ports = Some(host.stream("dns/resolver/port"));
                }
            }
            Input::Crash => self.crash(),
            Input::Datagram { local_port, from, bytes } if local_port != PORT => {
                self.response(host, local_port, from, bytes);
            }
            Input::Unreachable { local_port, to } if local_port != PORT => self.unreachable(host, to),
            Input::Wake => {
                self.queries(host, input);
                self.wake(host);
            }
            Input::Connected { socket }
            | Input::Data { socket, .. }
            | Input::PeerClosed { socket }
            | Input::Closed { socket, .. }
                if self.repeats.owns(socket) =>
            {
                self.stream_input(host, input);
            }
            Input::Datagram { .. }
            | Input::Flush(_)
            | Input::Unreachable { .. }
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. } => self.queries(host, input),
        }
    }

    /// When the resolver wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let patience = self.patience.first().map_or(SimTime::NEVER, |first| first.0);
        let deadline = self.deadlines.first().map_or(SimTime::NEVER, |first| first.0);
        deadline.min(patience).min(self.service.deadline()).min(self.repeats.deadline())
    }

    fn crash(&mut self) {
        self.service.crash();
        self.repeats.crash();
        self.cache.clear();
        self.notes.clear();
        self.hearsay.clear();
        self.lookups.clear();
        self.by_question.clear();
        self.in_flight.clear();
        self.deadlines.clear();
        self.patience.clear();
        self.outstanding.clear();
        self.released.clear();
    }

    fn wake(&mut self, host: &mut impl Host) {
        self.repeats.wake(host);
        self.end_patience(host);
        while let Some(&(at, id)) = self.deadlines.first()
            && at <= host.now()
        {
            self.deadlines.pop_first();
            self.timed_out(host, id);
        }
    }

    /// A query to that server did not get there: nobody need wait for its time-out, and no
    /// look-up that is under way asks it again.
    fn unreachable(&mut self, host: &mut impl Host, to: Endpoint) {
        let asks = |lookup: &Lookup| matches!(&lookup.phase, Phase::Asking(asking) if asking.server == to.addr);
        let ids: Vec<LookupId> = self.lookups.iter().filter(|(_, lookup)| asks(lookup)).map(|(id, _)| *id).collect();
        let cause = host.cause();
        for id in ids {
            host.set_cause(cause);
            let known = self.lookups.get_mut(&id).map(|lookup| &mut lookup.delegation.addresses);
            for address in known.into_iter().flatten().filter(|address| address.addr == to.addr) {
                address.useless = true;
            }
            self.not_reached(host, id);
        }
    }

    /// Clients' queries.
    fn queries(&mut self, host: &mut impl Host, input: Input<'_>) {
        let cause = host.cause();
        for (via, octets) in self.service.input(host, input) {
            host.set_cause(cause);
            if let Some(client) = self.service.take_up(host, via, &octets) {
                self.query(host, client);
            }
        }
    }

    /// Works until every lookup concerned waits for something. Each piece of work is ascribed
    /// to what happened now, not to the piece before it.
    pub(super) fn run(&mut self, host: &mut impl Host, first: Step) {
        let cause = host.cause();
        let mut work = VecDeque::from([first]);
        while let Some(step) = work.pop_front() {
            host.set_cause(cause);
            match step {
                Step::Advance(id) => work.extend(self.advance(host, id)),
                Step::Finish(id, finding) => {
                    let Some(lookup) = self.lookups.remove(&id) else { continue };
                    self.by_question.remove(&lookup.question);
                    self.conclude(host, id, &lookup, &finding);
                    work.extend(lookup.waiting.iter().filter_map(|&parent| {
                        let budget = (lookup.begun_by == Some(parent)).then_some(lookup.budget);
                        self.resume(host, parent, budget, &finding)
                    }));
                }
            }
        }
        host.set_cause(cause);
    }

    /// What a lookup does when the one that it waited for has ended.
    fn resume(&mut self, host: &impl Host, id: LookupId, rest: Option<Budget>, finding: &Finding) -> Option<Step> {
        let lookup = self.lookups.get_mut(&id)?;
        match std::mem::replace(&mut lookup.phase, Phase::Ready) {
            Phase::WaitingForAlias { aliases, since, .. } => {
                lookup.budget = rest.unwrap_or(lookup.budget);
                let aliases = self.as_held(aged(aliases, since, host.now()), host.now());
                Some(Step::Finish(id, finding.clone().behind(aliases)))
            }
            Phase::WaitingForServer { server, lent, .. } => {
                if let Some(rest) = rest {
                    lookup.budget.queries = lookup.budget.queries.saturating_sub(lent.saturating_sub(rest.queries));
                    lookup.budget.barren = rest.barren;
                }
                self.found_server(host, id, server.as_ref(), finding);
                Some(Step::Advance(id))
            }
            Phase::Ready | Phase::Asking(_) | Phase::Sharing => unreachable!("only those who wait are resumed"),
        }
    }
}

/// The addresses among records.
pub(super) fn addresses(records: &[Record]) -> impl Iterator<Item = IpAddr> {
    records.iter().filter_map(|record| record.data.address())
}
