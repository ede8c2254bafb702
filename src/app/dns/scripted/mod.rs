//! A name server that does what a script says, however wrong: lame, silent, late, truncating,
//! lying.
//!
//! It has the same front as every name server (UDP and TCP port 53) but judges nothing: whatever
//! a rule says is sent as it is, over UDP at any size. Its script stands on disk, and so does the
//! count of how often a rule held: a crash loses what was to be sent later, no more.
//!
//! It may serve zones too, and answer from them what no rule is for, late or truncated. And it may forge:
//! send responses in the name of another server to a resolver that waits for one. It does not see
//! what that resolver asked, so it has to guess the ID, and knows the port only if the resolver
//! asked it something before.
//!
//! Rules may be bound to *steps*. The server has a plain current step, 0 unless somebody sets it;
//! only a replay of recorded dialogues does.

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::app::host::{Host, Input};
use crate::base::{Endpoint, SimTime, Stream};
use crate::proto::dns::{DATAGRAM_LIMIT, Message, Name, PORT, Rtype};

use super::NameServer;
use super::name_server::needed_glue;
use super::service::{Asked, Service};
use script::empty;
pub use script::{Entry, Guess, Manner, Matching, Otherwise, Reply, ReplyForm, ReplyParts, Rule, Script, Volley};

/// A rule by the number of its entry and its place there.
pub type RuleId = (usize, usize);

/// A query that came to a scripted server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: SimTime,
    /// The step at that time.
    pub step: u32,
    /// Whether it came over TCP.
    pub tcp: bool,
    /// QNAME; none in a query without a question.
    pub qname: Option<Name>,
    /// QTYPE.
    pub qtype: Option<Rtype>,
    /// The rule that held; none: `otherwise`.
    pub rule: Option<RuleId>,
}

/// A name server that goes by a script.
#[derive(Clone, Debug)]
pub struct ScriptedServer {
    script: Arc<Script>,
    step: u32,
    /// How often each rule held that holds so many times only.
    held: BTreeMap<RuleId, u32>,
    /// What is to be sent later, in the order of its time and of being put here.
    later: BTreeMap<(SimTime, u64), (Asked, Vec<u8>)>,
    put: u64,
    service: Service,
    zones: Option<NameServer>,
    /// From which port each client last asked.
    ports: BTreeMap<IpAddr, u16>,
    /// The volleys that are not over: when the next response goes, which volley, how many went.
    volleys: BTreeSet<(SimTime, usize, u32)>,
    ids: Option<Stream>,
    journal: Option<Vec<Arrival>>,
}

impl ScriptedServer {
    /// A server that goes by that script.
    #[must_use]
    pub fn new(script: Arc<Script>) -> Self {
        let volleys = script.volleys.iter().enumerate().filter(|(_, volley)| volley.count > 0);
        Self {
            volleys: volleys.map(|(place, volley)| (volley.at, place, 0)).collect(),
            script,
            step: 0,
            held: BTreeMap::new(),
            later: BTreeMap::new(),
            put: 0,
            service: Service::new(false),
            zones: None,
            ports: BTreeMap::new(),
            ids: None,
            journal: None,
        }
    }

    /// Answers from these zones where the script says so.
    #[must_use]
    pub fn with_zones(mut self, zones: NameServer) -> Self {
        self.zones = Some(zones);
        self
    }

    /// Writes down each query that arrives from now on, for [`Self::take_arrivals`].
    #[must_use]
    pub fn with_journal(mut self) -> Self {
        self.journal = Some(Vec::new());
        self
    }

    /// The queries that arrived since the last time.
    pub fn take_arrivals(&mut self) -> Vec<Arrival> {
        self.journal.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Which step it is from now on.
    pub const fn set_step(&mut self, step: u32) {
        self.step = step;
    }

    /// A rule held at another server with the same script, and counts here too.
    pub fn held_elsewhere(&mut self, rule: RuleId) {
        *self.held.entry(rule).or_default() += 1;
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => {
                Service::boot(host);
                // kept through crashes, so that guesses do not begin anew
                if self.ids.is_none() && !self.script.volleys.is_empty() {
                    self.ids = Some(host.stream("dns/scripted/id"));
                }
            }
            Input::Crash => {
                self.service.crash();
                self.later.clear();
                self.ports.clear();
            }
            Input::Wake => {
                self.answer(host, input);
                self.send_due(host);
                self.forge_due(host);
            }
            Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Flush(_) => self.answer(host, input),
        }
    }

    /// When the server wants to be woken: to send what is due, and to close idle connections.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let reply = self.later.first_key_value().map_or(SimTime::NEVER, |(key, _)| key.0);
        let forged = self.volleys.first().map_or(SimTime::NEVER, |volley| volley.0);
        reply.min(forged).min(self.service.deadline())
    }

    fn answer(&mut self, host: &mut impl Host, input: Input<'_>) {
        let cause = host.cause();
        for (via, octets) in self.service.input(host, input) {
            host.set_cause(cause);
            if let Some(asked) = self.service.take_up_any(host, via, &octets) {
                self.reply(host, &asked);
            }
        }
    }

    fn reply(&mut self, host: &mut impl Host, asked: &Asked) {
        let script = Arc::clone(&self.script);
        let client = asked.client();
        if !asked.is_stream() {
            self.ports.insert(client.addr, client.port);
        }
        let rule = self.rule_for(&script, &asked.query, asked.is_stream());
        if let Some(journal) = &mut self.journal {
            let question = asked.query.questions.first();
            journal.push(Arrival {
                at: host.now(),
                step: self.step,
                tcp: asked.is_stream(),
                qname: question.map(|question| question.name.clone()),
                qtype: question.map(|question| question.rtype),
                rule: rule.map(|(id, _)| id),
            });
        }
        match rule {
            Some((_, rule)) if rule.replies.is_empty() => self.service.swallow(host, asked),
            Some((_, rule)) => {
                for reply in &rule.replies {
                    self.put_off(host.now().saturating_add(reply.delay), asked, reply.encode(&asked.query));
                }
                self.send_due(host);
            }
            None => match script.entries.iter().find_map(|entry| entry.otherwise) {
                Some(Otherwise::Rcode(rcode)) => self.send(host, asked, &empty(&asked.query, rcode)),
                Some(Otherwise::Zones) => self.answer_from_zones(host, asked, script.manner),
                Some(Otherwise::Drop) | None => self.service.swallow(host, asked),
            },
        }
    }

    fn answer_from_zones(&mut self, host: &mut impl Host, asked: &Asked, manner: Manner) {
        let Some(zones) = &self.zones else { return self.service.swallow(host, asked) };
        let mut response = zones.respond(&asked.query);
        if manner.truncate && !asked.is_stream() {
            response.flags.tc = true;
            response.answers.clear();
            response.authorities.clear();
            response.additionals.clear();
        }
        let octets = response.encode_with_glue(asked.limit(), needed_glue(&response));
        self.put_off(host.now().saturating_add(manner.delay), asked, octets);
        self.send_due(host);
    }

    fn put_off(&mut self, until: SimTime, asked: &Asked, octets: Vec<u8>) {
        self.put += 1;
        self.later.insert((until, self.put), (asked.clone(), octets));
    }

    /// Sends the forged responses that are due. One for which there is no port to guess at is not sent.
    fn forge_due(&mut self, host: &mut impl Host) {
        let script = Arc::clone(&self.script);
        while let Some(&(at, place, sent)) = self.volleys.first()
            && at <= host.now()
        {
            self.volleys.pop_first();
            let Some(volley) = script.volleys.get(place) else { continue };
            if sent + 1 < volley.count {
                self.volleys.insert((at.saturating_add(volley.every), place, sent + 1));
            }
            let random = self.ids.as_mut().filter(|_| volley.guess == Guess::Random);
            let guess = random.map_or(u64::from(sent), |ids| ids.next_u64()) & 0xffff;
            let guess = u16::try_from(guess).unwrap_or_default();
            let mut query = Message::query(guess, volley.question.question.clone(), false);
            query.class = volley.question.class;
            if let Some(port) = volley.port.or(self.ports.get(&volley.to).copied()) {
                let (source, to) = (Endpoint::new(volley.source, PORT), Endpoint::new(volley.to, port));
                let octets = volley.reply.encode(&query);
                host.forge_datagram(source, to, &octets[..octets.len().min(DATAGRAM_LIMIT)]);
            }
        }
    }

    /// The first rule that holds; it is counted.
    fn rule_for<'s>(&mut self, script: &'s Script, query: &Message, tcp: bool) -> Option<(RuleId, &'s Rule)> {
        for entry in &script.entries {
            for (place, rule) in entry.rules.iter().enumerate() {
                let id = (entry.number, place);
                let spent = rule.times.is_some_and(|times| self.held.get(&id).is_some_and(|held| *held >= times));
                let now = rule.steps.as_ref().is_none_or(|steps| steps.contains(&self.step));
                if now && !spent && rule.matching.holds(query, tcp) {
                    if rule.times.is_some() {
                        *self.held.entry(id).or_default() += 1;
                    }
                    return Some((id, rule));
                }
            }
        }
        None
    }

    fn send_due(&mut self, host: &mut impl Host) {
        while let Some(entry) = self.later.first_entry()
            && entry.key().0 <= host.now()
        {
            let (asked, octets) = entry.remove();
            self.send(host, &asked, &octets);
        }
    }

    fn send(&mut self, host: &mut impl Host, asked: &Asked, octets: &[u8]) {
        let limit = if asked.is_stream() { octets.len() } else { octets.len().min(DATAGRAM_LIMIT) };
        self.service.reply_octets(host, asked, &octets[..limit]);
    }
}
