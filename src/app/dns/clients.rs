//! The side of a resolver that its clients see: from the cache, from a lookup that they share, or
//! from what has expired.
//!
//! Stale data are served (RFC 8767) at once, when a client has waited long enough, or when the
//! lookup failed, as configured; the lookup goes on, and what it finds is for the next client.
//! While a failure is remembered nobody is asked again, and stale data go out at once. With
//! prefetch, an entry that a client is served in the last tenth of its life is looked up again
//! although nobody waits for it.

use std::collections::BTreeSet;

use crate::app::host::Host;
use crate::base::{SimDuration, SimTime};
use crate::proto::dns::{Message, Question, Rcode};

use super::lookup::{Budget, Depth, Finding, Lookup, LookupId};
use super::recall::{Age, Known, trace_recall};
use super::resolver::{BARREN_LIMIT, Resolver, Step};
use super::service::Asked;

/// When which client of which lookup has waited long enough.
pub(super) type Patience = BTreeSet<(SimTime, LookupId, u32)>;

impl Resolver {
    /// A client's query.
    pub(super) fn query(&mut self, host: &mut impl Host, client: Asked) {
        let Some(question) = client.query.questions.first().cloned() else { return };
        if !client.query.flags.rd {
            return self.look_only(host, &client, &question);
        }
        let known = self.known(&question, host.now(), Age::Fresh);
        let failed = known.as_ref().is_some_and(|known| known.is_failure());
        if known.is_none() || failed {
            let at_once = self.config.stale.is_some_and(|stale| stale.client_timeout == Some(SimDuration::ZERO));
            // RFC 8767 5: the failure recheck timer
            if (at_once || failed) && self.serve_stale(host, &client, &question) {
                if !failed {
                    self.refresh(host, client.task, question, SimDuration::ZERO);
                }
                return;
            }
        }
        trace_recall(host, client.task, &question, known.as_ref());
        let Some(known) = known else { return self.take_up(host, client, question) };
        self.count_served(&known);
        // the refresh goes out first: whoever asks at once for the same gets what it brought
        if self.config.prefetch && !failed {
            for (question, left) in &known.ending {
                self.refresh(host, client.task, question.clone(), SimDuration::from_secs((*left).into()));
            }
        }
        self.answer(host, &client, known.finding);
    }

    /// A client that desires no recursion gets what is there, or the way to who knows
    /// (RFC 1034 4.3.1).
    fn look_only(&mut self, host: &mut impl Host, client: &Asked, question: &Question) {
        let known = self.known(question, host.now(), Age::Fresh).filter(|known| !known.is_failure());
        trace_recall(host, client.task, question, known.as_ref());
        if let Some(known) = known {
            return self.answer_known(host, client, known);
        }
        let finding = match self.courtesy_held(&question.name, host.now()) {
            Some(way) => Finding { courtesy: Some(way), ..Finding::found(Vec::new()) },
            None => Finding { rcode: Rcode::Refused, ..Finding::failure() },
        };
        self.answer(host, client, finding);
    }

    /// Identical questions of clients share one lookup.
    fn take_up(&mut self, host: &mut impl Host, client: Asked, question: Question) {
        let waits = self.config.stale.and_then(|stale| stale.client_timeout);
        let until = waits.map(|wait| host.now().saturating_add(wait));
        let task = client.task;
        let (id, first) = match self.by_question.get(&question) {
            Some(id) => (*id, None),
            None => {
                let budget = self.fresh_budget(host);
                let id = self.begin(host, question, task, budget, Depth::default());
                (id, Some(Step::Advance(id)))
            }
        };
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.clients.push(client);
            self.patience.extend(until.map(|until| (until, id, task)));
        }
        if let Some(step) = first {
            self.run(host, step);
        }
    }

    fn fresh_budget(&self, host: &impl Host) -> Budget {
        let until = host.now().saturating_add(self.config.max_time);
        Budget { queries: self.config.max_queries, until, barren: BARREN_LIMIT }
    }

    /// Looks up again what is served for that long yet, unless that is under way or failed a
    /// short time ago. Nobody waits for it.
    fn refresh(&mut self, host: &mut impl Host, task: u32, question: Question, left: SimDuration) {
        let now = host.now();
        if self.by_question.contains_key(&question) || self.cache.failed(&question, now) {
            return;
        }
        // servers that are known for no longer than the entry itself would teach nothing new
        let delegation = self.nearest_delegation(host, &question, false, now.saturating_add(left));
        let budget = self.fresh_budget(host);
        let id = self.begin(host, question, task, budget, Depth::default());
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.renews = true;
            lookup.delegation = delegation;
        }
        self.run(host, Step::Advance(id));
    }

    /// Answers with what has expired, if there is anything.
    fn serve_stale(&mut self, host: &mut impl Host, client: &Asked, question: &Question) -> bool {
        if self.config.stale.is_none() {
            return false;
        }
        let Some(known) = self.known(question, host.now(), Age::Stale) else { return false };
        trace_recall(host, client.task, question, Some(&known));
        self.answer_known(host, client, known);
        true
    }

    /// Clients that have waited long enough get what has expired, if there is anything; else they
    /// go on waiting.
    pub(super) fn end_patience(&mut self, host: &mut impl Host) {
        let cause = host.cause();
        while let Some(&(at, id, task)) = self.patience.first()
            && at <= host.now()
        {
            self.patience.pop_first();
            let Some(lookup) = self.lookups.get(&id) else { continue };
            let Some(place) = lookup.clients.iter().position(|client| client.task == task) else { continue };
            let (client, question) = (lookup.clients[place].clone(), lookup.question.clone());
            host.set_cause(cause);
            if self.serve_stale(host, &client, &question)
                && let Some(lookup) = self.lookups.get_mut(&id)
            {
                lookup.clients.remove(place);
            }
        }
        host.set_cause(cause);
    }

    /// A lookup ended: its clients get what it found, or where it found nothing what has expired.
    pub(super) fn conclude(&mut self, host: &mut impl Host, id: LookupId, lookup: &Lookup, finding: &Finding) {
        let cause = host.cause();
        let failed = finding.rcode == Rcode::ServFail;
        // what failed because of how it was come to may be found another way
        let lasting = !finding.passing || lookup.depth.is_top();
        if !failed {
            self.cache.forget_failure(&lookup.question);
        } else if lasting {
            self.cache.store_failure(&lookup.question, host.now());
        }
        self.patience.retain(|(_, waits_for, _)| *waits_for != id);
        for client in &lookup.clients {
            host.set_cause(cause);
            if !(failed && self.serve_stale(host, client, &lookup.question)) {
                self.answer(host, client, finding.clone());
            }
        }
        host.set_cause(cause);
    }

    fn answer_known(&mut self, host: &mut impl Host, client: &Asked, known: Known) {
        self.count_served(&known);
        self.answer(host, client, known.finding);
    }

    /// Each entry knows how many clients it served.
    fn count_served(&self, known: &Known) {
        known.places.iter().for_each(|place| self.cache.count_served(*place));
    }

    fn answer(&mut self, host: &mut impl Host, client: &Asked, mut finding: Finding) {
        if !self.config.minimal_responses && finding.courtesy.is_none() && finding.soa.is_none() {
            finding.courtesy = self.courtesy_held_for(&finding.answers, host.now());
        }
        self.service.reply(host, client, &reply(&client.query, finding), 0);
    }
}

fn reply(query: &Message, finding: Finding) -> Message {
    let mut reply = query.response(finding.rcode);
    reply.flags.ra = true;
    reply.answers = finding.answers;
    reply.authorities.extend(finding.soa);
    if let Some(courtesy) = finding.courtesy {
        reply.authorities.extend(courtesy.authorities);
        reply.additionals.extend(courtesy.additionals);
    }
    reply
}
