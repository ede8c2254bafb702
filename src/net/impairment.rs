//! What goes wrong on a line: rules that look at a packet and say what becomes of it.
//!
//! A rule knows nothing of queues, TCP or applications. Every rule looks at every packet
//! that the queue took, in the same order and with its own stream, so what one rule does
//! never shifts another's draws. A link without rules draws nothing.

use std::num::NonZeroU32;

use super::burst::GilbertElliott;
use super::topology::LinkDirConfig;
use crate::base::{Dist, Probability, SimDuration, Stream};

/// The rules of a link direction; none, as on most links, cost nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Impairments(Vec<Impairment>);

/// One rule.
#[derive(Clone, Debug)]
enum Impairment {
    /// Each packet is lost with probability `p`, independently (Bernoulli).
    Loss { p: Probability, stream: Stream },
    /// Every n-th packet with data is lost; none: it only counts on.
    Every { n: Option<NonZeroU32>, seen: u64 },
    /// Loss in bursts.
    Bursts(GilbertElliott),
    /// Each packet is damaged with probability `p`, independently.
    Corruption { p: Probability, stream: Stream },
    /// Each packet gets a twin with probability `p`, independently.
    Duplication { p: Probability, stream: Stream },
    /// Each packet takes so much longer.
    Jitter { extra: Dist, stream: Stream },
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether it arrives, and how.
    pub(crate) fate: Fate,
    /// Whether a copy of it follows.
    pub(crate) twin: bool,
    /// Propagation delay that comes on top.
    pub(crate) late: SimDuration,
}

/// Whether a packet arrives, from best to worst: one that is lost is not damaged as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// It arrives.
    Arrive,
    /// It arrives damaged.
    Corrupt,
    /// It takes its time on the line and does not arrive.
    Lose,
}

const NO_TROUBLE: Verdict = Verdict { fate: Fate::Arrive, twin: false, late: SimDuration::ZERO };

impl Verdict {
    fn worsen(&mut self, happens: bool, fate: Fate) {
        if happens {
            self.fate = self.fate.max(fate);
        }
    }
}

impl Impairment {
    fn judge(&mut self, data: bool, verdict: &mut Verdict) {
        match self {
            Self::Loss { p, stream } => verdict.worsen(stream.chance(*p), Fate::Lose),
            Self::Every { n, seen } => {
                *seen += u64::from(data);
                verdict.worsen(data && n.is_some_and(|n| seen.is_multiple_of(n.get().into())), Fate::Lose);
            }
            Self::Bursts(chain) => verdict.worsen(chain.loses(), Fate::Lose),
            Self::Corruption { p, stream } => verdict.worsen(stream.chance(*p), Fate::Corrupt),
            Self::Duplication { p, stream } => verdict.twin = stream.chance(*p),
            Self::Jitter { extra, stream } => verdict.late = extra.sample(stream),
        }
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Loss { .. } => 0,
            Self::Every { .. } => 1,
            Self::Bursts(_) => 2,
            Self::Corruption { .. } => 3,
            Self::Duplication { .. } => 4,
            Self::Jitter { .. } => 5,
        }
    }

    /// Goes on where a rule of the same kind stands in its stream, or its count.
    fn resume(&mut self, old: Self) {
        match (self, old) {
            (Self::Loss { stream, .. }, Self::Loss { stream: old, .. })
            | (Self::Corruption { stream, .. }, Self::Corruption { stream: old, .. })
            | (Self::Duplication { stream, .. }, Self::Duplication { stream: old, .. })
            | (Self::Jitter { stream, .. }, Self::Jitter { stream: old, .. }) => *stream = old,
            (Self::Every { seen, .. }, Self::Every { seen: old, .. }) => *seen = old,
            (Self::Bursts(chain), Self::Bursts(old)) => chain.resume(old),
            (new, old) => unreachable!("{new:?} does not go on as {old:?}"),
        }
    }

    /// Draws on, but without effect.
    fn rest(&mut self) {
        match self {
            Self::Loss { p, .. } | Self::Corruption { p, .. } | Self::Duplication { p, .. } => *p = Probability::ZERO,
            Self::Every { n, .. } => *n = None,
            Self::Bursts(chain) => chain.rest(),
            Self::Jitter { extra, .. } => *extra = Dist::Constant(SimDuration::ZERO),
        }
    }
}

impl Impairments {
    /// The rules that a configuration asks for; `stream` gives the stream of a purpose.
    pub(crate) fn new(config: &LinkDirConfig, stream: impl Fn(&str) -> Stream) -> Self {
        let mut rules = Vec::new();
        if config.loss != Probability::ZERO {
            rules.push(Impairment::Loss { p: config.loss, stream: stream("loss") });
        }
        if config.loss_every.is_some() {
            rules.push(Impairment::Every { n: config.loss_every, seen: 0 });
        }
        if let Some(bursts) = config.bursts {
            rules.push(Impairment::Bursts(GilbertElliott::new(bursts, stream("bursts"))));
        }
        if config.corruption != Probability::ZERO {
            rules.push(Impairment::Corruption { p: config.corruption, stream: stream("corruption") });
        }
        if config.duplication != Probability::ZERO {
            rules.push(Impairment::Duplication { p: config.duplication, stream: stream("duplication") });
        }
        if let Some(jitter) = config.jitter {
            rules.push(Impairment::Jitter { extra: jitter.extra, stream: stream("jitter") });
        }
        Self(rules)
    }

    /// The verdict of all rules on a packet, with data or without.
    pub(crate) fn judge(&mut self, data: bool) -> Verdict {
        let mut verdict = NO_TROUBLE;
        for rule in &mut self.0 {
            rule.judge(data, &mut verdict);
        }
        verdict
    }

    /// Changes to what another configuration asks for. Rules that stay go on in their
    /// streams, and so do those that come back later.
    pub(crate) fn change(&mut self, config: &LinkDirConfig, stream: impl Fn(&str) -> Stream) {
        let mut rules = Self::new(config, stream).0;
        for mut old in std::mem::take(&mut self.0) {
            match rules.iter_mut().find(|new| new.kind() == old.kind()) {
                Some(new) => new.resume(old),
                None => {
                    old.rest();
                    rules.push(old);
                }
            }
        }
        rules.sort_by_key(Impairment::kind);
        self.0 = rules;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Streams;

    /// Breaks when packets without data count, a lost one is not counted, or a change of the link
    /// begins the count anew.
    #[test]
    fn every_third_packet_with_data_is_lost() {
        let config = |n| LinkDirConfig { loss_every: NonZeroU32::new(n), ..LinkDirConfig::default() };
        let stream = |purpose: &str| Streams::new(1).stream(purpose);
        let mut rules = Impairments::new(&config(3), stream);
        let lost = |rules: &mut Impairments, data: &[bool]| -> Vec<bool> {
            data.iter().map(|data| rules.judge(*data).fate == Fate::Lose).collect()
        };
        assert_eq!(
            lost(&mut rules, &[true, false, true, false, true, true]),
            [false, false, false, false, true, false]
        );
        rules.change(&config(0), stream);
        assert_eq!(lost(&mut rules, &[true, true]), [false, false], "the fifth and the sixth");
        rules.change(&config(4), stream);
        assert_eq!(lost(&mut rules, &[true, true, true]), [false, true, false], "the eighth");
    }
}
