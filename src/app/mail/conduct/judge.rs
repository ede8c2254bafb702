//! Trying the rules at an occasion: a function of the occasion, the instant and what came before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::greylist::{Grey, Greylist};
use super::meter::Meter;
use super::rules::{Action, At, Caller, Decision, Occasion, Per, Rule, Ruling, Slowness};
use crate::base::hash::hash64;
use crate::base::trace::ConductAction;
use crate::base::{Dist, SimDuration, SimTime, Stream};

/// How often each of those that are told apart was counted, by a hash of their name.
type Tally = BTreeMap<u64, u64>;

/// What a rule remembers. Counts are part of the script and outlast a crash, greylists are on
/// disk; measured rates are in memory only.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Occasions that fulfilled everything but the counts.
    counts: Tally,
    /// Draws made for each envelope or client.
    draws: Tally,
    meters: BTreeMap<u64, Meter>,
    greylist: Greylist,
}

/// A rule that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its name.
    pub rule: Arc<str>,
    /// What it did.
    pub action: ConductAction,
    /// Whether that decided the occasion.
    pub decides: bool,
    /// The time that it costs the client before the effect, and after it.
    pub delay: SimDuration,
}

/// The rules of a server, and what they remember.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    rules: Arc<[Rule]>,
    memory: Vec<Memory>,
}

impl Judge {
    /// A server with these rules that has seen nobody.
    #[must_use]
    pub fn new(rules: Arc<[Rule]>) -> Self {
        Self { memory: vec![Memory::default(); rules.len()], rules }
    }

    /// Whether there is anything to judge by.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.rules.is_empty()
    }

    /// The server lost what was only in memory.
    pub fn crash(&mut self) {
        for memory in &mut self.memory {
            memory.meters.clear();
        }
    }

    /// Decides an occasion and remembers it. `stream` gives the random stream of a purpose, at its
    /// beginning.
    pub fn decide(
        &mut self,
        caller: Caller,
        occasion: &Occasion,
        now: SimTime,
        stream: &dyn Fn(&str) -> Stream,
    ) -> (Decision, Vec<Use>) {
        let (mut decision, mut uses) = (Decision::default(), Vec::new());
        let rules = Arc::clone(&self.rules);
        for (rule, memory) in rules.iter().zip(&mut self.memory) {
            let scene = Scene { rule, caller, occasion, now, stream };
            if !scene.is_met(memory) {
                continue;
            }
            let (action, ends) = scene.act(memory, &mut decision);
            let delay = scene.slow(memory, &mut decision);
            uses.push(Use { rule: Arc::clone(&rule.name), action, decides: ends, delay });
            if ends {
                break;
            }
        }
        (decision, uses)
    }
}

/// A rule at an occasion.
struct Scene<'a> {
    rule: &'a Rule,
    caller: Caller,
    occasion: &'a Occasion,
    now: SimTime,
    stream: &'a dyn Fn(&str) -> Stream,
}

impl Scene<'_> {
    fn is_met(&self, memory: &mut Memory) -> bool {
        let when = &self.rule.when;
        if !when.holds(self.caller, self.occasion, self.now) {
            return false;
        }
        if let Some(rate) = &when.rate {
            let meter = memory.meters.entry(self.key(rate.per)).or_insert_with(|| Meter::new(rate));
            if !meter.is_exceeded(rate, self.now) {
                return false;
            }
        }
        if let Some(probability) = when.probability
            && !self.draw(memory, "chance").chance(probability)
        {
            return false;
        }
        if when.skip == 0 && when.first.is_none() {
            return true;
        }
        let count = memory.counts.entry(self.key(when.per)).or_default();
        *count += 1;
        *count > when.skip && when.first.is_none_or(|first| *count - when.skip <= first)
    }

    /// What the rule does, and whether the rules after it are asked no more.
    fn act(&self, memory: &mut Memory, decision: &mut Decision) -> (ConductAction, bool) {
        match &self.rule.action {
            Action::Slow => (ConductAction::Slowed, false),
            Action::Decide { ruling, effect } => {
                (decision.ruling, decision.effect) = (ruling.clone(), *effect);
                (name(ruling), true)
            }
            Action::Greylist(config) => {
                let sender = self.occasion.sender.as_deref().unwrap_or_default();
                let (mut refused, mut action) = (false, ConductAction::GreyExempt);
                // Who has logged in is known by that.
                for recipient in self.occasion.recipients.iter().filter(|_| !self.occasion.authenticated) {
                    let triplet = (self.caller.client, sender, recipient.as_str());
                    action = match memory.greylist.judge(config, triplet, self.now) {
                        Grey::Exempt => ConductAction::GreyExempt,
                        Grey::Whitelisted => ConductAction::GreyWhitelisted,
                        Grey::Known => ConductAction::GreyKnown,
                        Grey::Passed { .. } => ConductAction::GreyPassed,
                        Grey::Refused { .. } => {
                            refused = true;
                            ConductAction::Greylisted
                        }
                    };
                }
                if refused {
                    (decision.ruling, decision.effect) = (Ruling::Reply(config.reply.clone()), false);
                    action = ConductAction::Greylisted;
                }
                (action, refused)
            }
        }
    }

    /// Adds what the rule slows, and returns it.
    fn slow(&self, memory: &mut Memory, decision: &mut Decision) -> SimDuration {
        let Slowness { before, per_error, most, late, drip } = self.rule.slow;
        let mut time = |dist: Option<Dist>, what| match dist {
            None => SimDuration::ZERO,
            Some(Dist::Constant(time)) => time,
            Some(dist) => dist.sample(&mut self.draw(memory, what)),
        };
        let (before, late) = (time(before, "delay"), time(late, "late"));
        let grown = before.saturating_add(per_error.saturating_mul(u64::from(self.occasion.errors)));
        let before = most.map_or(grown, |most| grown.min(most));
        decision.before = decision.before.saturating_add(before);
        decision.late = decision.late.saturating_add(late);
        decision.drip = decision.drip.or(drip);
        before.saturating_add(late)
    }

    /// The stream of the next draw for this envelope or client. It depends on how often that came
    /// to this rule and on nothing else.
    fn draw(&self, memory: &mut Memory, what: &str) -> Stream {
        let key = self.key(Per::Message) ^ hash64(1, what.as_bytes());
        let number = memory.draws.entry(key).or_default();
        *number += 1;
        (self.stream)(&format!("mail/conduct/{}/{what}/{key:016x}/{number}", self.rule.name))
    }

    /// A number for those who are counted together.
    fn key(&self, per: Per) -> u64 {
        let Occasion { at, sender, recipients, message_id, .. } = self.occasion;
        let mut text = at.map_or("", At::name).to_owned();
        if matches!(per, Per::Server | Per::Client | Per::Session | Per::Sender | Per::Recipient) {
            // Counted wherever the rule holds.
            text.clear();
        }
        let mut add = |part: &str| {
            text.push('\0');
            text.push_str(part);
        };
        let client = self.caller.client.to_string();
        let named = message_id.as_deref().filter(|_| per == Per::Message);
        let (whose, whom) = match per {
            Per::Server => ("", &[][..]),
            Per::Client => (client.as_str(), &[][..]),
            Per::Session => {
                add(&self.caller.session.to_string());
                ("", &[][..])
            }
            Per::Sender => (sender.as_deref().unwrap_or_default(), &[][..]),
            Per::Recipient => ("", recipients.as_slice()),
            Per::Triplet | Per::Message => {
                add(named.or(sender.as_deref()).unwrap_or_default());
                (if named.is_some() { "" } else { client.as_str() }, recipients.as_slice())
            }
        };
        add(whose);
        whom.iter().for_each(|one| add(&one.to_ascii_lowercase()));
        hash64(0, text.as_bytes())
    }
}

const fn name(ruling: &Ruling) -> ConductAction {
    match ruling {
        Ruling::Pass => ConductAction::LetPass,
        Ruling::Reply(_) => ConductAction::Replied,
        Ruling::Drop { .. } => ConductAction::Dropped,
        Ruling::Cut { .. } => ConductAction::Cut,
        Ruling::Silent => ConductAction::Silent,
        Ruling::Octets(_) => ConductAction::Garbled,
        Ruling::HalfClose => ConductAction::HalfClosed,
    }
}
