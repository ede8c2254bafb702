//! The walk down the tree: whom to ask next, and what follows from the response
//! (RFC 1034 5.3.3).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::app::host::Host;
use crate::base::SimTime;
use crate::proto::dns::{Message, Name, Question, Rcode, Record, RecordData, Rtype};

use super::cache::{Rank, negative_ttl};
use super::courtesy::Courtesy;
use super::delegation::{Delegation, names};
use super::lookup::{Asking, Budget, Depth, Finding, Lookup, LookupId, Phase, Spare};
use super::minimise::Minimiser;
use super::resolver::{ALIAS_LIMIT, Resolver, Step};
use super::response::{Terms, Verdict, Worth, YX_DOMAIN, judge};
use super::scrub::{alias_count, given};

/// A response, judged, with what it is worth.
struct Heard<'a> {
    message: &'a Message,
    verdict: Verdict,
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
        let delegation = self.nearest_delegation(host, &question, false, host.now());
        self.by_question.insert(question.clone(), id);
        let lookup = Lookup {
            minimiser: Minimiser::new(self.config.qname_minimisation, question.rtype),
            question,
            task,
            budget,
            begun_by: None,
            renews: false,
            depth,
            clients: Vec::new(),
            waiting: Vec::new(),
            delegation,
            phase: Phase::Ready,
            tree: false,
            primed: false,
            strained: false,
            spare: None,
            left: None,
            sharers: Vec::new(),
        };
        self.lookups.insert(id, lookup);
        id
    }

    /// A lookup does not ask that server again.
    pub(super) fn give_up(&mut self, id: LookupId, server: IpAddr) {
        let lookup = self.lookups.get_mut(&id);
        if let Some(address) = lookup.and_then(|lookup| lookup.delegation.address_mut(server)) {
            address.useless = true;
        }
    }

    /// What a response to a question means in this lookup.
    pub(super) fn judged(&self, id: LookupId, message: &Message, asked: &Question) -> (Verdict, Worth) {
        let Some(lookup) = self.lookups.get(&id) else { return (Verdict::Useless, Worth::Sound) };
        let root = Name::root();
        let zone = &lookup.delegation.zone;
        let forward = lookup.delegation.is_forward();
        let bailiwick = if self.config.checks.bailiwick { zone } else { &root };
        judge(message, asked, Terms { zone, bailiwick, forward, harden_glue: self.config.harden_glue })
    }

    /// What becomes of a lookup with this response.
    pub(super) fn weigh(
        &mut self,
        host: &mut impl Host,
        id: LookupId,
        asking: &Asking,
        message: Message,
        verdict: Verdict,
        worth: Worth,
    ) -> Vec<Step> {
        let server = asking.server;
        let Some(lookup) = self.lookups.get_mut(&id) else { return Vec::new() };
        if lookup.question != asking.question {
            return self.glimpsed(host, id, asking, &message, verdict);
        }
        if worth == Worth::Doubtful {
            let spare = || Box::new(Spare { server, at: host.now(), message });
            lookup.spare.get_or_insert_with(spare);
            self.give_up(id, server);
            return vec![Step::Advance(id)];
        }
        self.apply(host, id, server, Heard { message: &message, verdict })
    }

    /// The response to a question that showed less than the name.
    fn glimpsed(
        &mut self,
        host: &mut impl Host,
        id: LookupId,
        asking: &Asking,
        message: &Message,
        verdict: Verdict,
    ) -> Vec<Step> {
        let now = host.now();
        let Some(lookup) = self.lookups.get_mut(&id) else { return Vec::new() };
        if let Some(address) = lookup.delegation.address_mut(asking.server) {
            // it is asked the next question as for the first time
            address.tries = 0;
        }
        match &verdict {
            Verdict::Referral { .. } => {
                return self.apply(host, id, asking.server, Heard { message, verdict });
            }
            Verdict::Useless => lookup.minimiser.choked(),
            Verdict::Denial { nx_domain: true, .. } => lookup.minimiser.stop(),
            Verdict::Denial { nx_domain: false, name, soa, .. } => {
                lookup.minimiser.passed(&asking.question);
                if *name == asking.question.name {
                    let soa = soa.as_ref().map(|soa| self.negative(soa));
                    self.cache.store_no_data(&asking.question, soa.as_ref(), now);
                }
            }
            Verdict::Answer { .. } | Verdict::Alias { .. } | Verdict::TooLong { .. } => {
                lookup.minimiser.passed(&asking.question);
            }
        }
        vec![Step::Advance(id)]
    }

    /// The response that was kept aside is all there is.
    pub(super) fn use_spare(&mut self, host: &mut impl Host, id: LookupId) -> Vec<Step> {
        let now = host.now();
        let Some(lookup) = self.lookups.get_mut(&id) else { return Vec::new() };
        let Some(spare) = lookup.spare.take() else { return vec![Step::Finish(id, Finding::failure())] };
        let question = lookup.question.clone();
        let Spare { server, at, mut message } = *spare;
        for section in [&mut message.answers, &mut message.authorities, &mut message.additionals] {
            *section = super::lookup::aged(std::mem::take(section), at, now);
        }
        let (verdict, _) = self.judged(id, &message, &question);
        self.apply(host, id, server, Heard { message: &message, verdict })
    }

    fn apply(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr, heard: Heard<'_>) -> Vec<Step> {
        let now = host.now();
        let Heard { message, verdict } = heard;
        let rank = if message.flags.aa { Rank::Authority } else { Rank::Answer };
        // RFC 1035 7.4: what a truncated response holds should not be cached
        let rank = (!message.flags.tc).then_some(rank);
        if !self.config.checks.bailiwick {
            // whoever believes everything believes the whole message
            self.believe(&message.authorities, rank, now);
            self.believe(&message.additionals, rank, now);
        }
        self.listen(id, message, now);
        match verdict {
            Verdict::Answer { aliases, records } => {
                let records = with_one_ttl(records);
                self.believe(&given(&aliases), rank, now);
                self.believe(&records, rank, now);
                let courtesy = self.courtesy(id, message);
                let finding = Finding { courtesy, ..Finding::found(records) };
                vec![Step::Finish(id, finding.behind(aliases))]
            }
            Verdict::Alias { aliases, target } => {
                self.believe(&given(&aliases), rank, now);
                self.go_on_at(host, id, aliases, target)
            }
            Verdict::Denial { aliases, name, nx_domain, soa } => {
                self.believe(&given(&aliases), rank, now);
                let Some(lookup) = self.lookups.get(&id) else { return Vec::new() };
                let denied = Question { name, rtype: lookup.question.rtype };
                let finding = self.deny(&denied, nx_domain, soa.as_ref(), now);
                vec![Step::Finish(id, finding.behind(aliases))]
            }
            Verdict::TooLong { aliases } => {
                self.believe(&given(&aliases), rank, now);
                vec![Step::Finish(id, Finding::denied(YX_DOMAIN, None).behind(aliases))]
            }
            Verdict::Referral { cut, servers, glue } => {
                self.descend(host, id, cut, servers, &glue, rank.is_some());
                vec![Step::Advance(id)]
            }
            Verdict::Useless => {
                if let Some(lookup) = self.lookups.get(&id) {
                    self.notes.lame(server, &lookup.delegation.zone, now);
                }
                self.failed(id, server, message);
                vec![Step::Advance(id)]
            }
        }
    }

    /// A server was of no use. One that failed may do better the next time: if somebody waits it
    /// is asked once more, after the others, or as often as is configured. A failure may be its
    /// way to say that it does not know OPT records.
    fn failed(&mut self, id: LookupId, server: IpAddr, message: &Message) {
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        // where something expired can be served, nobody is kept waiting
        let waits = !lookup.renews && self.config.stale.is_none();
        let Some(address) = lookup.delegation.address_mut(server) else { return };
        let again = self.config.retries.is_some() || address.failed.is_none() && waits;
        if message.rcode == Rcode::ServFail && again {
            address.failed = Some(message.edns.is_none());
        } else {
            address.useless = true;
        }
    }

    fn listen(&mut self, id: LookupId, message: &Message, now: SimTime) {
        let Some(lookup) = self.lookups.get(&id) else { return };
        let delegation = &lookup.delegation;
        if message.flags.aa && !message.authorities.is_empty() && !delegation.is_forward() && !delegation.zone.is_root()
        {
            self.hearsay.note(&delegation.zone, message, delegation.until, now);
        }
    }

    fn courtesy(&self, id: LookupId, message: &Message) -> Option<Box<Courtesy>> {
        if self.config.minimal_responses {
            return None;
        }
        let lookup = self.lookups.get(&id)?;
        let zone = &lookup.delegation.zone;
        Courtesy::of(message, &lookup.question, zone)
    }

    /// A lookup goes on with the servers of a zone further down.
    fn descend(
        &mut self,
        host: &impl Host,
        id: LookupId,
        cut: Name,
        mut servers: Vec<Record>,
        glue: &[Record],
        keep: bool,
    ) {
        let now = host.now();
        let Some(until) = self.lookups.get(&id).map(|lookup| lookup.delegation.until) else { return };
        let left = u32::try_from(until.max(now).since(now).as_secs()).unwrap_or(u32::MAX);
        for record in &mut servers {
            record.ttl = record.ttl.min(left);
        }
        self.notes.told(&cut, now);
        if keep {
            self.cache.store(&servers, Rank::Referral, now);
            self.cache.store(glue, Rank::Glue, now);
        }
        let data: Vec<RecordData> = servers.into_iter().map(|record| record.data).collect();
        let mut delegation = self.delegation(host, cut, names(&data), glue);
        if let Some((_, ends)) = self.cache.delegated(&delegation.zone, Rtype::Ns, now) {
            delegation.until = ends;
        } else {
            // not worth remembering, and nothing beneath it is
            delegation.until = now;
        }
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        if let Some(earlier) = &lookup.left {
            delegation.learn_from(earlier);
        }
        lookup.minimiser.descended();
        lookup.enter(delegation);
    }

    fn believe(&mut self, records: &[Record], rank: Option<Rank>, now: SimTime) {
        if let Some(rank) = rank {
            self.dnames |= records.iter().any(|record| record.rtype() == Rtype::Dname);
            self.cache.store(records, rank, now);
        }
    }

    /// An SOA record with the life that it gives to a denial.
    fn negative(&self, soa: &Record) -> Record {
        let (floor, cap) = (self.config.negative_ttl_floor, self.config.negative_ttl_cap);
        Record { ttl: negative_ttl(soa).unwrap_or(0).max(floor).min(cap), ..soa.clone() }
    }

    fn deny(&mut self, denied: &Question, nx_domain: bool, soa: Option<&Record>, now: SimTime) -> Finding {
        let soa = soa.map(|soa| self.negative(soa));
        if nx_domain {
            self.cache.store_nx_domain(&denied.name, soa.as_ref(), now);
            Finding::denied(Rcode::NxDomain, soa)
        } else {
            self.cache.store_no_data(denied, soa.as_ref(), now);
            Finding::denied(Rcode::NoError, soa)
        }
    }

    /// The lookup waits for what stands at the end of an alias (RFC 1034 5.3.3 step 4c).
    pub(super) fn go_on_at(
        &mut self,
        host: &mut impl Host,
        id: LookupId,
        aliases: Vec<Record>,
        target: Name,
    ) -> Vec<Step> {
        let Some(lookup) = self.lookups.get(&id) else { return Vec::new() };
        let mut depth = lookup.depth;
        depth.aliases = depth.aliases.saturating_add(alias_count(&aliases));
        if depth.aliases > ALIAS_LIMIT {
            return vec![Step::Finish(id, Finding::failure())];
        }
        let question = Question { name: target, rtype: lookup.question.rtype };
        let budget = lookup.budget;
        match self.depend(host, id, question, depth, budget) {
            Dependency::Known(finding) => vec![Step::Finish(id, finding.behind(aliases))],
            Dependency::On(on, step) => {
                self.wait(id, Phase::WaitingForAlias { on, aliases, since: host.now() });
                step.into_iter().collect()
            }
            Dependency::Ring => vec![Step::Finish(id, Finding::given_up())],
        }
    }

    pub(super) fn wait(&mut self, id: LookupId, phase: Phase) {
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.phase = phase;
        }
    }

    pub(super) fn depend(
        &mut self,
        host: &mut impl Host,
        id: LookupId,
        question: Question,
        depth: Depth,
        budget: Budget,
    ) -> Dependency {
        let Some(parent) = self.lookups.get(&id) else { return Dependency::Ring };
        let task = parent.task;
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

/// RFC 2181 5: no record stands twice in an RRset, and it has one TTL, the least.
fn with_one_ttl(mut records: Vec<Record>) -> Vec<Record> {
    if records.len() > 1 {
        let mut seen = BTreeSet::new();
        records.retain(|record| seen.insert((record.rtype(), record.data.to_string())));
    }
    let mut least: BTreeMap<Rtype, u32> = BTreeMap::new();
    for record in &records {
        let ttl = least.entry(record.rtype()).or_insert(record.ttl);
        *ttl = (*ttl).min(record.ttl);
    }
    for record in &mut records {
        record.ttl = least.get(&record.rtype()).copied().unwrap_or(record.ttl);
    }
    records
}

/// What became of a question on which a lookup depends.
pub(super) enum Dependency {
    Known(Finding),
    /// Another lookup is at it, perhaps a new one.
    On(LookupId, Option<Step>),
    /// It waits for this very lookup.
    Ring,
}

impl Lookup {
    /// It goes on with other servers.
    pub(super) fn enter(&mut self, delegation: Delegation) {
        (self.spare, self.primed) = (None, false);
        self.delegation = delegation;
    }
}
