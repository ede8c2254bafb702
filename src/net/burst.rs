//! Loss in bursts: the two-state Markov chain of Gilbert (Bell Syst. Tech. J. 39, 1960) and
//! Elliott (42, 1963).
//!
//! The chain takes one step a packet and begins in the good state. With p the probability
//! of a step to the bad state and r that of a step back, the bad state has the share
//! p / (p + r), and a bad spell lasts 1 / r packets on average. Time does not move the
//! chain: a line on which nothing is sent stays as it is.

use super::topology::Bursts;
use crate::base::{Probability, Stream};

/// The chain of one link direction.
#[derive(Clone, Debug)]
pub(crate) struct GilbertElliott {
    config: Bursts,
    bad: bool,
    stream: Stream,
}

impl GilbertElliott {
    pub(crate) fn new(config: Bursts, stream: Stream) -> Self {
        Self { config, bad: false, stream }
    }

    /// One step; true when this packet is lost.
    pub(crate) fn loses(&mut self) -> bool {
        let leave = if self.bad { self.config.to_good } else { self.config.to_bad };
        self.bad ^= self.stream.chance(leave);
        let loss = if self.bad { self.config.loss_bad } else { self.config.loss_good };
        self.stream.chance(loss)
    }

    /// Goes on in the state of another chain.
    pub(crate) fn resume(&mut self, other: Self) {
        self.bad = other.bad;
        self.stream = other.stream;
    }

    /// Loses nothing from now on.
    pub(crate) const fn rest(&mut self) {
        self.config.loss_good = Probability::ZERO;
        self.config.loss_bad = Probability::ZERO;
    }
}
