//! A name server that does what a script says, however wrong: lame, silent, late, truncating,
//! lying.
//!
//! It has the same front as every name server (UDP and TCP port 53) but judges nothing: whatever
//! a rule says is sent as it is, over UDP at any size. Its script stands on disk, and so does the
//! count of how often a rule held: a crash loses what was to be sent later, no more.
//!
//! Rules may be bound to *steps*. The server has a plain current step, 0 unless somebody sets it;
//! only a replay of recorded dialogues does.

mod script;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::host::{Host, Input};
use crate::base::SimTime;
use crate::proto::dns::{Message, Name, Rtype};

use super::service::{Asked, Service};
use script::empty;
pub use script::{Entry, Matching, Otherwise, Reply, ReplyForm, ReplyParts, Rule, Script};

/// The longest payload of a datagram over IPv4: 65,535 octets less two headers.
const DATAGRAM_LIMIT: usize = 65_507;

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
    journal: Option<Vec<Arrival>>,
}

impl ScriptedServer {
    /// A server that goes by that script.
    #[must_use]
    pub fn new(script: Arc<Script>) -> Self {
        Self {
            script,
            step: 0,
            held: BTreeMap::new(),
            later: BTreeMap::new(),
            put: 0,
            service: Service::new(false),
            journal: None,
        }
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
            Input::Boot => Service::boot(host),
            Input::Crash => {
                self.service.crash();
                self.later.clear();
            }
            Input::Wake => {
                self.answer(host, input);
                self.send_due(host);
            }
            Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Flush => self.answer(host, input),
        }
    }

    /// When the server wants to be woken: to send what is due, and to close idle connections.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        self.later.first_key_value().map_or(SimTime::NEVER, |(key, _)| key.0).min(self.service.deadline())
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
                    let octets = reply.encode(&asked.query);
                    self.put += 1;
                    self.later.insert((host.now().saturating_add(reply.delay), self.put), (asked.clone(), octets));
                }
                self.send_due(host);
            }
            None => match script.entries.iter().find_map(|entry| entry.otherwise) {
                Some(Otherwise::Rcode(rcode)) => self.send(host, asked, &empty(&asked.query, rcode)),
                Some(Otherwise::Drop) | None => self.service.swallow(host, asked),
            },
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
