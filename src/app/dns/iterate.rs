//! The walk down the tree: whom to ask next, asking, and what follows from the response
//! (RFC 1034 5.3.3).

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::app::host::Host;
use crate::base::trace::{DnsAnswerKind, DnsTrace, Trace};
use crate::base::{Addresses, Endpoint, Family, SimTime};
use crate::proto::dns::{CLASS_IN, Message, Name, PORT, Question, Rcode, Record, RecordData, Rtype, UDP_LIMIT};

use super::cache::{Origin, Rank, negative_ttl};
use super::families::address_types;
use super::lookup::{Asking, Budget, Delegation, Depth, Finding, Lookup, LookupId, Phase};
use super::resolver::{ALIAS_LIMIT, Resolver, Step, addresses};
use super::response::{Verdict, judge};

/// Glueless delegations entered one inside the other.
const SERVER_DEPTH_LIMIT: u32 = 4;

/// Draws of an ID before a used one is stepped over; with few queries in flight the first is free.
const ID_DRAWS: u32 = 8;

/// Whom to turn to next.
enum Choice {
    Ask(IpAddr),
    FindServer(Name, Rtype),
    Nobody,
}

/// What became of a question on which a lookup depends.
enum Dependency {
    Known(Finding),
    /// Another lookup is at it, perhaps a new one.
    On(LookupId, Option<Step>),
    /// It waits for this very lookup.
    Ring,
}

impl Resolver {
    /// A new lookup, about to take its first step.
    pub(super) fn begin(
        &mut self,
        host: &impl Host,
        question: Question,
        task: u32,
        budget: Budget,
        depth: Depth,
    ) -> LookupId {
        self.lookups_begun += 1;
        let id = self.lookups_begun;
        let delegation = self.nearest_delegation(host, &question.name, host.now());
        self.by_question.insert(question.clone(), id);
        let (clients, waiting) = (Vec::new(), Vec::new());
        let (begun_by, renews, phase) = (None, false, Phase::Ready);
        let lookup = Lookup { question, task, budget, begun_by, depth, clients, waiting, renews, delegation, phase };
        self.lookups.insert(id, lookup);
        id
    }

    /// The servers of the nearest zone above a name that is known at least until then (RFC 1034
    /// 5.3.3 step 2).
    pub(super) fn nearest_delegation(&self, host: &impl Host, name: &Name, until: SimTime) -> Delegation {
        for zone in name.ancestors().filter(|zone| !zone.is_root()) {
            let servers = names(&self.cache.infrastructure(&zone, Rtype::Ns, until));
            if servers.is_empty() {
                continue;
            }
            let delegation = self.delegation(host, zone, servers, &[]);
            // servers that only their own zone could name have to be asked of its parent
            let reachable = delegation.servers.iter().any(|server| !server.is_within(&delegation.zone));
            if reachable || !delegation.addresses.is_empty() {
                return delegation;
            }
        }
        let servers: Vec<Name> = self.config.roots.iter().map(|root| root.0.clone()).collect();
        let own = host.addresses();
        let known = |server: &Name| address_types(own).map(|rtype| (server.clone(), rtype)).collect::<Vec<_>>();
        let resolved = servers.iter().flat_map(known).collect();
        let mut roots = Delegation { zone: Name::root(), servers, addresses: Vec::new(), resolved };
        let hints = self.config.roots.iter().map(|root| root.1);
        roots.add(hints.filter(|address| own.has(Family::of(*address))));
        roots
    }

    /// A delegation with the addresses that the cache or the glue has for its servers, as far as
    /// this host can reach them.
    fn delegation(&self, host: &impl Host, zone: Name, servers: Vec<Name>, glue: &[Record]) -> Delegation {
        let mut delegation = Delegation { zone, servers: Vec::new(), addresses: Vec::new(), resolved: BTreeSet::new() };
        for server in servers {
            for rtype in address_types(host.addresses()) {
                let held = self.cache.infrastructure(&server, rtype, host.now());
                let given = glue.iter().filter(|record| record.name == server && record.rtype() == rtype);
                let known = delegation.addresses.len();
                if held.is_empty() {
                    delegation.add(given.filter_map(|record| record.data.address()));
                } else {
                    delegation.add(held.iter().filter_map(RecordData::address));
                }
                if delegation.addresses.len() > known {
                    delegation.resolved.insert((server.clone(), rtype));
                }
            }
            delegation.servers.push(server);
        }
        delegation
    }

    /// The next step of a lookup that waits for nothing.
    pub(super) fn advance(&mut self, host: &mut impl Host, id: LookupId) -> Vec<Step> {
        let now = host.now();
        let Some(lookup) = self.lookups.get(&id) else { return Vec::new() };
        if lookup.budget.queries == 0 || lookup.budget.until <= now {
            return vec![Step::Finish(id, Finding::failure())];
        }
        let alias = if lookup.renews { None } else { self.cached_alias(&lookup.question, now) };
        if let Some((alias, target)) = alias {
            return self.go_on_at(host, id, vec![alias], target);
        }
        match self.choose(lookup, host.addresses(), now) {
            Choice::Ask(server) => {
                self.ask(host, id, server);
                Vec::new()
            }
            Choice::FindServer(server, rtype) => self.find_server(host, id, server, rtype),
            Choice::Nobody => vec![Step::Finish(id, Finding::failure())],
        }
    }

    /// First every server once, the best known first; then those whose address must be found;
    /// then the silent ones again.
    fn choose(&self, lookup: &Lookup, own: Addresses, now: SimTime) -> Choice {
        let delegation = &lookup.delegation;
        let candidates = delegation.addresses.iter().filter(|address| !address.useless);
        // min_by_key takes the first of equals: the order listed
        let best = candidates.min_by_key(|address| (address.tries, self.notes.preference(address.addr, now)));
        if let Some(best) = best.filter(|address| address.tries == 0) {
            return Choice::Ask(best.addr);
        }
        let outside = delegation.servers.iter().filter(|server| !server.is_within(&delegation.zone));
        let mut wanted = outside.flat_map(|server| address_types(own).map(|rtype| (server.clone(), rtype)));
        if lookup.depth.servers < SERVER_DEPTH_LIMIT
            && let Some((server, rtype)) = wanted.find(|wanted| !delegation.resolved.contains(wanted))
        {
            return Choice::FindServer(server, rtype);
        }
        best.map_or(Choice::Nobody, |address| Choice::Ask(address.addr))
    }

    fn ask(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr) {
        let now = host.now();
        let wire_id = self.fresh_id();
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        let retry = lookup.delegation.addresses.iter().map(|address| address.tries).sum();
        let Some(address) = lookup.delegation.address_mut(server) else { return };
        let timeout = self.notes.timeout(server, self.config.timeout, address.tries, now);
        address.tries += 1;
        lookup.budget.queries -= 1;
        let expires = now.saturating_add(timeout).min(lookup.budget.until);
        let query = host.next_query();
        let to = Endpoint::new(server, PORT);
        let event = host.trace(Trace::Dns(DnsTrace::Asked {
            query,
            task: Some(lookup.task),
            to,
            from_port: self.port,
            wire_id,
            name: &lookup.question.name.to_string(),
            rtype: lookup.question.rtype.number(),
            retry,
        }));
        lookup.phase = Phase::Asking(Asking { query, wire_id, server, stream: None, sent: now, expires, event });
        self.in_flight.insert(wire_id, id);
        self.deadlines.insert((expires, id));
        let octets = Message::query(wire_id, lookup.question.clone(), false).encode(UDP_LIMIT);
        host.send_datagram(self.port, to, &octets);
    }

    /// RFC 5452 4.3: an ID that cannot be guessed, and that no other query in flight has.
    pub(super) fn fresh_id(&mut self) -> u16 {
        let ids = self.ids.as_mut().expect("the stream is taken at boot");
        let mut draw = || u16::try_from(ids.below(1 << 16)).expect("below 2^16");
        let mut id = draw();
        for _ in 0..ID_DRAWS {
            if !self.in_flight.contains_key(&id) {
                return id;
            }
            id = draw();
        }
        let from_here = (0..=u16::MAX).map(|step| id.wrapping_add(step));
        from_here.into_iter().find(|id| !self.in_flight.contains_key(id)).unwrap_or(id)
    }

    /// The query in flight of a lookup is over.
    pub(super) fn stop_asking(&mut self, host: &mut impl Host, id: LookupId) -> Option<Asking> {
        let lookup = self.lookups.get_mut(&id)?;
        let Phase::Asking(asking) = lookup.phase else { return None };
        lookup.phase = Phase::Ready;
        self.in_flight.remove(&asking.wire_id);
        self.deadlines.remove(&(asking.expires, id));
        if let Some(socket) = asking.stream {
            self.repeats.abandon(host, socket);
        }
        Some(asking)
    }

    pub(super) fn timed_out(&mut self, host: &mut impl Host, id: LookupId) {
        let Some(asking) = self.stop_asking(host, id) else { return };
        host.set_cause(asking.event);
        self.unanswered(host, id, &asking, DnsTrace::TimedOut { query: asking.query });
    }

    /// The query in flight of a lookup did not get there, as the present event tells.
    pub(super) fn not_reached(&mut self, host: &mut impl Host, id: LookupId) {
        let Some(asking) = self.stop_asking(host, id) else { return };
        self.unanswered(host, id, &asking, DnsTrace::Unreachable { query: asking.query });
    }

    fn unanswered(&mut self, host: &mut impl Host, id: LookupId, asking: &Asking, what: DnsTrace<'_>) {
        host.trace(Trace::Dns(what));
        if asking.stream.is_some() {
            // over UDP it would cut its response off again
            self.give_up(id, asking.server);
        } else {
            self.notes.timed_out(asking.server, host.now());
        }
        self.run(host, Step::Advance(id));
    }

    /// A lookup does not ask that server again.
    fn give_up(&mut self, id: LookupId, server: IpAddr) {
        let lookup = self.lookups.get_mut(&id);
        if let Some(address) = lookup.and_then(|lookup| lookup.delegation.address_mut(server)) {
            address.useless = true;
        }
    }

    /// A datagram that ought to be a server's response.
    pub(super) fn response(&mut self, host: &mut impl Host, from: Endpoint, bytes: &[u8]) {
        let Ok(message) = Message::decode(bytes) else { return };
        let Some(&id) = self.in_flight.get(&message.id) else { return };
        let Some(Phase::Asking(asking)) = self.lookups.get(&id).map(|lookup| &lookup.phase) else { return };
        if asking.stream.is_none() && from == Endpoint::new(asking.server, PORT) {
            self.heard(host, id, message, bytes.len());
        }
    }

    /// A message from the server that a lookup asked.
    pub(super) fn heard(&mut self, host: &mut impl Host, id: LookupId, mut message: Message, length: usize) {
        let Some(lookup) = self.lookups.get(&id) else { return };
        if !matches_query(&message, lookup) {
            return;
        }
        let question = lookup.question.clone();
        let zone = lookup.delegation.zone.clone();
        if let Phase::Asking(Asking { stream: Some(socket), .. }) = lookup.phase {
            self.repeats.finish(host, socket);
        }
        let Some(asking) = self.stop_asking(host, id) else { return };
        let now = host.now();
        let over_udp = asking.stream.is_none();
        if over_udp {
            self.notes.answered(asking.server, now.since(asking.sent), now);
        }
        self.cache.told_by(Origin::Server(asking.server));
        let (floor, cap) = (self.config.ttl_floor, self.config.ttl_cap);
        let sections = [&mut message.answers, &mut message.authorities, &mut message.additionals];
        for record in sections.into_iter().flatten() {
            record.ttl = record.ttl.max(floor).min(cap);
        }
        let verdict = judge(&message, &question, &zone);
        // RFC 2181 9: what is truncated is ignored, and asked for again over TCP
        let truncated = over_udp && message.flags.tc && matches!(message.rcode, Rcode::NoError | Rcode::NxDomain);
        host.trace(Trace::Dns(DnsTrace::Answered {
            query: asking.query,
            rcode: message.rcode.number(),
            kind: if truncated { DnsAnswerKind::Truncated } else { verdict.kind() },
            answers: u16::try_from(message.answers.len()).unwrap_or(u16::MAX),
            bytes: u32::try_from(length).unwrap_or(u32::MAX),
        }));
        if truncated {
            return self.ask_over_tcp(host, id, asking.server);
        }
        let rank = if message.flags.aa { Rank::Authority } else { Rank::Answer };
        // RFC 1035 7.4: what a truncated response holds should not be cached
        let rank = (!message.flags.tc).then_some(rank);
        let steps = self.apply(host, id, asking.server, verdict, rank);
        for step in steps {
            self.run(host, step);
        }
    }

    fn apply(
        &mut self,
        host: &mut impl Host,
        id: LookupId,
        server: IpAddr,
        verdict: Verdict,
        rank: Option<Rank>,
    ) -> Vec<Step> {
        let now = host.now();
        match verdict {
            Verdict::Answer { aliases, records } => {
                self.believe(&aliases, rank, now);
                self.believe(&records, rank, now);
                let finding = Finding { rcode: Rcode::NoError, answers: records, soa: None };
                vec![Step::Finish(id, finding.behind(aliases))]
            }
            Verdict::Alias { aliases, target } => {
                self.believe(&aliases, rank, now);
                self.go_on_at(host, id, aliases, target)
            }
            Verdict::Denial { aliases, name, nx_domain, soa } => {
                self.believe(&aliases, rank, now);
                self.deny(id, aliases, name, nx_domain, soa, now)
            }
            Verdict::Referral { cut, servers, glue } => {
                self.believe(&servers, rank.map(|_| Rank::Referral), now);
                self.believe(&glue, rank.map(|_| Rank::Glue), now);
                let data: Vec<RecordData> = servers.into_iter().map(|record| record.data).collect();
                let delegation = self.delegation(host, cut, names(&data), &glue);
                if let Some(lookup) = self.lookups.get_mut(&id) {
                    lookup.delegation = delegation;
                }
                vec![Step::Advance(id)]
            }
            Verdict::Useless => {
                self.give_up(id, server);
                vec![Step::Advance(id)]
            }
        }
    }

    fn believe(&mut self, records: &[Record], rank: Option<Rank>, now: SimTime) {
        if let Some(rank) = rank {
            self.cache.store(records, rank, now);
        }
    }

    fn deny(
        &mut self,
        id: LookupId,
        aliases: Vec<Record>,
        name: Name,
        nx_domain: bool,
        soa: Option<Record>,
        now: SimTime,
    ) -> Vec<Step> {
        let Some(lookup) = self.lookups.get(&id) else { return Vec::new() };
        let denied = Question { name, rtype: lookup.question.rtype };
        let (floor, cap) = (self.config.negative_ttl_floor, self.config.negative_ttl_cap);
        let soa = soa.map(|soa| Record { ttl: negative_ttl(&soa).unwrap_or(0).max(floor).min(cap), ..soa });
        if nx_domain {
            self.cache.store_nx_domain(&denied.name, soa.as_ref(), now);
        } else {
            self.cache.store_no_data(&denied, soa.as_ref(), now);
        }
        let rcode = if nx_domain { Rcode::NxDomain } else { Rcode::NoError };
        vec![Step::Finish(id, Finding { rcode, answers: Vec::new(), soa }.behind(aliases))]
    }

    /// The lookup waits for what stands at the end of an alias (RFC 1034 5.3.3 step 4c).
    fn go_on_at(&mut self, host: &mut impl Host, id: LookupId, aliases: Vec<Record>, target: Name) -> Vec<Step> {
        let Some(lookup) = self.lookups.get(&id) else { return Vec::new() };
        let mut depth = lookup.depth;
        depth.aliases += u32::try_from(aliases.len()).unwrap_or(u32::MAX);
        if depth.aliases > ALIAS_LIMIT {
            return vec![Step::Finish(id, Finding::failure())];
        }
        let question = Question { name: target, rtype: lookup.question.rtype };
        match self.depend(host, id, question, depth) {
            Dependency::Known(finding) => vec![Step::Finish(id, finding.behind(aliases))],
            Dependency::On(on, step) => {
                self.wait(id, Phase::WaitingForAlias { on, aliases, since: host.now() });
                step.into_iter().collect()
            }
            Dependency::Ring => vec![Step::Finish(id, Finding::failure())],
        }
    }

    /// The lookup waits for the address of a server of which it has only the name.
    fn find_server(&mut self, host: &mut impl Host, id: LookupId, server: Name, rtype: Rtype) -> Vec<Step> {
        let Some(lookup) = self.lookups.get_mut(&id) else { return Vec::new() };
        lookup.delegation.resolved.insert((server.clone(), rtype));
        let depth = Depth { aliases: 0, servers: lookup.depth.servers + 1 };
        let question = Question { name: server, rtype };
        match self.depend(host, id, question, depth) {
            Dependency::Known(finding) => {
                if let Some(lookup) = self.lookups.get_mut(&id) {
                    lookup.delegation.add(addresses(&finding.answers));
                }
                vec![Step::Advance(id)]
            }
            Dependency::On(on, step) => {
                self.wait(id, Phase::WaitingForServer { on });
                step.into_iter().collect()
            }
            // its other servers may still be found
            Dependency::Ring => vec![Step::Advance(id)],
        }
    }

    fn wait(&mut self, id: LookupId, phase: Phase) {
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.phase = phase;
        }
    }

    fn depend(&mut self, host: &mut impl Host, id: LookupId, question: Question, depth: Depth) -> Dependency {
        let Some(parent) = self.lookups.get(&id) else { return Dependency::Ring };
        let (task, budget) = (parent.task, parent.budget);
        if let Some(finding) = self.recall(host, task, &question) {
            return Dependency::Known(finding);
        }
        let (on, step) = match self.by_question.get(&question) {
            Some(&on) if self.waits_for(on, id) => return Dependency::Ring,
            Some(&on) => (on, None),
            None => {
                let on = self.begin(host, question, task, budget, depth);
                (on, Some(Step::Advance(on)))
            }
        };
        if let Some(lookup) = self.lookups.get_mut(&on) {
            lookup.waiting.push(id);
            if step.is_some() {
                lookup.begun_by = Some(id);
            }
        }
        Dependency::On(on, step)
    }

    /// Whether `on` is `id`, or waits for it through others.
    fn waits_for(&self, on: LookupId, id: LookupId) -> bool {
        let next = |on: &LookupId| self.lookups.get(on).and_then(Lookup::waits_on);
        std::iter::successors(Some(on), next).any(|on| on == id)
    }
}

/// The targets of NS records.
fn names(data: &[RecordData]) -> Vec<Name> {
    data.iter().filter_map(RecordData::name_server).cloned().collect()
}

/// RFC 5452 9.1: ID and question must be those of the query; the source was looked at before.
fn matches_query(message: &Message, lookup: &Lookup) -> bool {
    let Phase::Asking(asking) = &lookup.phase else { return false };
    let asked = match &message.questions[..] {
        [question] => *question == lookup.question && message.class == CLASS_IN,
        // a server that understood nothing has no question to repeat
        [] => message.rcode == Rcode::FormErr || message.rcode == Rcode::NotImp,
        _ => false,
    };
    message.flags.qr && message.flags.opcode == 0 && message.id == asking.wire_id && asked
}
