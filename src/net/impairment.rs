//! What goes wrong on a line: rules that look at a packet and say what becomes of it.
//!
//! A rule knows nothing of queues, TCP or applications. The first verdict other than
//! [`Verdict::Pass`] wins. Today's only rule is independent loss; bursts, reordering and
//! duplication are further variants.

use crate::base::{Probability, Stream};

/// One rule of a link direction.
#[derive(Clone, Debug)]
pub(crate) enum Impairment {
    /// Each packet is lost with probability `p`, independently (Bernoulli).
    Loss {
        /// The probability.
        p: Probability,
        /// The direction's own stream: one draw a packet that the queue took.
        stream: Stream,
    },
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrives.
    Pass,
    /// It takes its time on the line and does not arrive.
    Lose,
}

impl Impairment {
    fn judge(&mut self) -> Verdict {
        let Self::Loss { p, stream } = self;
        if stream.chance(*p) { Verdict::Lose } else { Verdict::Pass }
    }
}

/// The verdict of all rules, in their order.
pub(crate) fn judge(rules: &mut [Impairment]) -> Verdict {
    rules.iter_mut().map(Impairment::judge).find(|verdict| *verdict != Verdict::Pass).unwrap_or(Verdict::Pass)
}
