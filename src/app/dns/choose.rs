//! Whom a lookup turns to next.
//!
//! First every server once, the best known first; then those of which only the name is known;
//! then the silent ones again. When all are of no use there are, in this order: the zone above,
//! if the delegation is an old one; the root's own word about its servers; the tree, where others
//! were asked in its place.
//!
//! A delegation that names servers without address costs a lookup for each, and whoever writes
//! it decides where those go (the "NXNS" attack). So they are looked up one at a time, only when
//! needed, and after a few that turn out to have none no more for the same client's question.

use std::net::IpAddr;

use crate::app::host::Host;
use crate::base::{Addresses, SimTime};
use crate::proto::dns::{Name, Question, Rcode, RecordData, Rtype};

use super::delegation::{Manner, Server, names};
use super::iterate::Dependency;
use super::lookup::{Depth, Finding, Lookup, LookupId, Phase};
use super::recall::Lead;
use super::resolver::{Resolver, Step, addresses};
use super::response::YX_DOMAIN;

/// Glueless delegations entered one inside the other.
const SERVER_DEPTH_LIMIT: u32 = 4;

/// Silence so often, and other ways are tried: servers of which the address is not known, even
/// those inside the zone, where the zone above may have an address that it did not tell or an
/// alias is known; the zone above itself; the tree.
const PATIENT_TRIES: u32 = 3;

/// Whom to turn to next.
enum Choice {
    Ask(IpAddr),
    /// Look up the address of a server, by its place in the delegation.
    FindServer(usize, Rtype),
    /// Ask the zone for its servers.
    FindServers,
    Spare,
    /// Ask the zone above.
    Up,
    /// Ask the tree.
    Tree,
    Nobody,
}

impl Resolver {
    /// The next step of a lookup that waits for nothing.
    pub(super) fn advance(&mut self, host: &mut impl Host, id: LookupId) -> Vec<Step> {
        let now = host.now();
        let Some(lookup) = self.lookups.get(&id) else { return Vec::new() };
        if lookup.budget.queries == 0 || lookup.budget.until <= now {
            return match lookup.spare {
                Some(_) => self.use_spare(host, id),
                None => vec![Step::Finish(id, Finding::given_up())],
            };
        }
        let lead = if lookup.renews { Lead::Nowhere } else { self.cached_lead(&lookup.question, now) };
        match lead {
            Lead::To(aliases, target) => return self.go_on_at(host, id, aliases, target),
            Lead::TooLong(aliases) => {
                return vec![Step::Finish(id, Finding::denied(YX_DOMAIN, None).behind(aliases))];
            }
            Lead::Nowhere => {}
        }
        match self.choose(lookup, self.reach(host), now) {
            Choice::Ask(server) => {
                self.ask(host, id, server);
                Vec::new()
            }
            Choice::FindServer(place, rtype) => self.find_server(host, id, place, rtype),
            Choice::FindServers => self.find_servers(host, id),
            Choice::Spare => self.use_spare(host, id),
            Choice::Up => self.climb(host, id),
            Choice::Tree => self.take_to_tree(host, id),
            Choice::Nobody => vec![Step::Finish(id, Finding { passing: lookup.strained, ..Finding::failure() })],
        }
    }

    fn choose(&self, lookup: &Lookup, own: Addresses, now: SimTime) -> Choice {
        let delegation = &lookup.delegation;
        let retries = self.config.retries.unwrap_or(u32::MAX).max(1);
        let usable = delegation.addresses.iter().filter(|address| !address.useless && address.tries < retries);
        let merit = |addr| (self.notes.is_lame(addr, &delegation.zone, now), self.notes.preference(addr, now));
        // min_by_key takes the first of equals: the order listed
        let best = usable.min_by_key(|address| (address.tries, address.second, merit(address.addr)));
        // the root's are those configured
        if self.config.harden_referral_path
            && !lookup.primed
            && lookup.depth.servers == 0
            && !delegation.is_forward()
            && !delegation.zone.is_root()
        {
            return Choice::FindServers;
        }
        let ask = |tries: u32| best.filter(|address| address.tries <= tries).map(|address| Choice::Ask(address.addr));
        // glue ends before NS records do: then the zone above has to give it again
        let is_inside = |server: &Server| server.name.is_within(&delegation.zone);
        let ended = || delegation.addresses.is_empty() && delegation.servers.iter().any(is_inside);
        let may_climb = || delegation.remembered && (self.notes.may_ask_above(&delegation.zone, now) || ended());
        let silent = || best.map(|address| Choice::Ask(address.addr));
        let first_rate = || ask(0).filter(|_| best.is_some_and(|address| !address.second));
        first_rate()
            .or_else(|| unsought(lookup, own, |server| !server.found && !is_inside(server)))
            .or_else(|| ask(0))
            .or_else(|| lookup.spare.is_some().then_some(Choice::Spare))
            .or_else(|| ask(PATIENT_TRIES - 1))
            .or_else(|| unsought(lookup, own, |server| !server.found || !is_inside(server)))
            .or_else(|| may_climb().then_some(Choice::Up))
            .or_else(|| delegation.is_first().then_some(Choice::Tree))
            .or_else(silent)
            .or_else(|| self.may_prime(lookup).then_some(Choice::FindServers))
            .unwrap_or(Choice::Nobody)
    }

    /// Whether the root may have other servers than those configured.
    fn may_prime(&self, lookup: &Lookup) -> bool {
        let delegation = &lookup.delegation;
        let at_root = delegation.zone.is_root() && delegation.manner == Manner::Tree;
        at_root && !lookup.primed && lookup.depth.servers < SERVER_DEPTH_LIMIT && !self.config.roots.is_empty()
    }

    /// The lookup waits for the address of a server of which it has only the name.
    fn find_server(&mut self, host: &mut impl Host, id: LookupId, place: usize, rtype: Rtype) -> Vec<Step> {
        let Some(lookup) = self.lookups.get_mut(&id) else { return Vec::new() };
        let Some(server) = lookup.delegation.servers.get_mut(place) else { return Vec::new() };
        server.seek(rtype);
        let question = Question { name: server.name.clone(), rtype };
        self.find(host, id, question.clone(), Some(question))
    }

    /// The lookup waits for what a zone says of its own servers.
    fn find_servers(&mut self, host: &mut impl Host, id: LookupId) -> Vec<Step> {
        let Some(lookup) = self.lookups.get_mut(&id) else { return Vec::new() };
        lookup.primed = true;
        let question = Question { name: lookup.delegation.zone.clone(), rtype: Rtype::Ns };
        self.find(host, id, question, None)
    }

    fn find(&mut self, host: &mut impl Host, id: LookupId, question: Question, server: Option<Question>) -> Vec<Step> {
        let Some(lookup) = self.lookups.get_mut(&id) else { return Vec::new() };
        let depth = Depth { aliases: 0, servers: lookup.depth.servers + 1 };
        let budget = lookup.budget.share(host.now());
        // the zone's servers cannot tell where they are: that is for the zone above (glue)
        let inside = server.as_ref().is_some_and(|server| server.name.is_within(&lookup.delegation.zone));
        let above = inside.then(|| lookup.delegation.zone.clone());
        let dependency = self.depend(host, id, question, depth, budget);
        if let (Some(zone), Dependency::On(on, Some(_))) = (above, &dependency) {
            self.lift(host, *on, zone);
        }
        match dependency {
            Dependency::Known(finding) => {
                self.found_server(host, id, server.as_ref(), &finding);
                vec![Step::Advance(id)]
            }
            Dependency::On(on, step) => {
                self.wait(id, Phase::WaitingForServer { on, server, lent: budget.queries });
                step.into_iter().collect()
            }
            // its other servers may still be found
            Dependency::Ring => {
                if let Some(lookup) = self.lookups.get_mut(&id) {
                    lookup.strained = true;
                }
                self.found_server(host, id, server.as_ref(), &Finding::given_up());
                vec![Step::Advance(id)]
            }
        }
    }

    /// A lookup that was just begun begins above a zone.
    fn lift(&mut self, host: &impl Host, id: LookupId, zone: Name) {
        let zone = Question { name: zone, rtype: Rtype::DS };
        let above = self.nearest_delegation(host, &zone, false, host.now());
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.enter(above);
        }
    }

    /// What a lookup makes of the address of a server, or of its zone's servers.
    pub(super) fn found_server(
        &mut self,
        host: &impl Host,
        id: LookupId,
        server: Option<&Question>,
        finding: &Finding,
    ) {
        let now = host.now();
        let Some(mut delegation) = self.lookups.get(&id).map(|lookup| lookup.delegation.clone()) else { return };
        let Some(server) = server else {
            let told = self.cache.infrastructure(&delegation.zone, Rtype::Ns, now);
            self.retold(host, id, &told);
            return;
        };
        let known = delegation.addresses.len();
        delegation.add(addresses(&finding.answers), false);
        // better the zone above's word than none
        self.add_known(&mut delegation, &server.name, server.rtype, &[], now);
        let barren = delegation.addresses.len() == known;
        if let Some(known) = delegation.servers.iter_mut().find(|known| known.name == server.name) {
            known.found |= !barren;
        }
        if finding.rcode == Rcode::NxDomain
            && let Some(server) = delegation.servers.iter_mut().find(|known| known.name == server.name)
        {
            server.seek(Rtype::A);
            server.seek(Rtype::Aaaa);
        }
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.delegation = delegation;
            lookup.strained |= finding.passing;
            if barren && finding.soa.is_none() || finding.rcode == Rcode::NxDomain {
                lookup.budget.barren = lookup.budget.barren.saturating_sub(1);
            }
        }
    }

    /// A zone told of its own servers: they come first.
    fn retold(&mut self, host: &impl Host, id: LookupId, told: &[RecordData]) {
        let Some(lookup) = self.lookups.get(&id) else { return };
        let old = lookup.delegation.clone();
        let mut delegation = self.delegation(host, old.zone.clone(), names(told), &[]);
        (delegation.manner, delegation.remembered, delegation.until) = (old.manner, old.remembered, old.until);
        let known = old.servers.into_iter().filter(|server| !names(told).contains(&server.name));
        delegation.servers.extend(known);
        let second = !told.is_empty();
        for address in old.addresses {
            match delegation.address_mut(address.addr) {
                Some(same) => {
                    (same.tries, same.useless, same.failed) = (address.tries, address.useless, address.failed);
                }
                None => delegation.keep(address, second),
            }
        }
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.delegation = delegation;
        }
    }

    /// None of a zone's servers that are remembered is of use: perhaps it has others by now.
    fn climb(&mut self, host: &impl Host, id: LookupId) -> Vec<Step> {
        let Some(lookup) = self.lookups.get(&id) else { return Vec::new() };
        let above = self.delegation_above(host, lookup);
        if let Some(lookup) = self.lookups.get_mut(&id) {
            let old = lookup.delegation.clone();
            lookup.left = Some(Box::new(old));
            lookup.minimiser.stop();
            lookup.enter(above);
        }
        vec![Step::Advance(id)]
    }

    /// The servers that are configured for a zone failed: on with those that the tree leads to.
    fn take_to_tree(&mut self, host: &impl Host, id: LookupId) -> Vec<Step> {
        let Some(question) = self.lookups.get(&id).map(|lookup| lookup.question.clone()) else { return Vec::new() };
        let delegation = self.nearest_delegation(host, &question, true, host.now());
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.tree = true;
            lookup.enter(delegation);
        }
        vec![Step::Advance(id)]
    }
}

/// A server to be looked up, first for an IPv4 address, which nearly every server has.
fn unsought(lookup: &Lookup, own: Addresses, suits: impl Fn(&Server) -> bool) -> Option<Choice> {
    let delegation = &lookup.delegation;
    if lookup.depth.servers >= SERVER_DEPTH_LIMIT || lookup.budget.barren == 0 {
        return None;
    }
    let types = [(Rtype::A, own.v4.is_some()), (Rtype::Aaaa, own.v6.is_some())];
    types.into_iter().filter(|(_, reachable)| *reachable).find_map(|(rtype, _)| {
        let wanted = |server: &Server| !server.is_sought(rtype) && suits(server);
        delegation.servers.iter().position(wanted).map(|place| Choice::FindServer(place, rtype))
    })
}
