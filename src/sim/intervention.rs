//! What somebody outside does to a world that runs: break something, mend it, try again at once.

use super::faults::{Fault, Faulty, Timing};
use super::world::World;
use crate::app::host::{Flush, Input};
use crate::base::trace::{FaultTrace, Observer};
use crate::base::{EventId, HostId, SimDuration};
use crate::net::Kernel as _;

/// The name of faults that somebody outside began.
const BY_HAND: &str = "by hand";

/// What an operator of the scenario asks to be tried at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlushOrder {
    /// All that waits.
    All,
    /// What goes to a domain.
    Destination(String),
    /// What an address or a domain sent.
    Sender(String),
}

impl FlushOrder {
    /// As the application is told.
    #[must_use]
    pub fn as_asked(&self) -> Flush<'_> {
        match self {
            Self::All => Flush::All,
            Self::Destination(domain) => Flush::Destination(domain),
            Self::Sender(sender) => Flush::Sender(sender),
        }
    }
}

impl<O: Observer> World<O> {
    /// Breaks something now, for that long; without a time until it is mended. What was broken by hand
    /// before is broken anew. True if a fault of the scenario holds it down as well, which may last longer.
    pub fn break_now(&mut self, what: &Faulty, lasts: Option<SimDuration>) -> bool {
        let timing = Timing::Once { at: self.now(), lasts };
        let older = self.faults.in_force(what);
        self.kernel.set_cause(EventId(0));
        self.begin_by_hand(Fault { name: BY_HAND.to_owned(), timing, what: what.clone() });
        let (by_hand, others): (Vec<u32>, Vec<u32>) =
            older.into_iter().partition(|number| self.faults.is_named(*number, BY_HAND));
        for number in by_hand {
            self.fault_ends(number);
        }
        self.deliver_notices();
        !others.is_empty()
    }

    /// Ends all faults that hold a host, link or service down now, whoever began them; gives their number.
    /// Later periods of faults of the scenario still come.
    pub fn mend_now(&mut self, what: &Faulty) -> usize {
        let numbers = self.faults.in_force(what);
        for &number in &numbers {
            self.kernel.set_cause(EventId(0));
            self.fault_ends(number);
        }
        self.deliver_notices();
        numbers.len()
    }

    /// An operator asks a host's applications to try at once all that waits for another attempt.
    pub fn flush(&mut self, host: HostId) {
        self.flush_some(host, Flush::All);
    }

    /// The same for a part of what waits.
    pub fn flush_some(&mut self, host: HostId, what: Flush<'_>) {
        if self.network.host_is_up(host) {
            self.kernel.set_cause(EventId(0));
            self.each_app(host, Input::Flush(what));
        }
    }

    /// An operator of the scenario flushes a queue; of a host that is down nothing can be asked.
    pub(super) fn carry_out(&mut self, host: HostId, order: &FlushOrder) {
        if self.network.host_is_up(host) {
            self.trace_fault(host, FaultTrace::QueueFlushed);
            self.each_app(host, Input::Flush(order.as_asked()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SimTime;
    use crate::base::trace::Silent;
    use crate::sim::testing::two_hosts;
    use crate::sim::{Plan, Simulation};

    fn pair() -> Simulation<Silent> {
        let outage = Fault {
            name: "planned".to_owned(),
            timing: Timing::Once { at: SimTime::ZERO, lasts: Some(SimDuration::from_secs(100)) },
            what: Faulty::Host(HostId(1)),
        };
        Simulation::new(World::new(Plan { faults: vec![outage], ..two_hosts() }, Silent))
    }

    #[test]
    fn what_is_broken_by_hand_ends_by_itself_or_is_mended_and_only_once() {
        let host = Faulty::Host(HostId(1));
        let up = |simulation: &Simulation<Silent>| simulation.world().network().host_is_up(HostId(1));
        let mut simulation = pair();
        simulation.advance(SimDuration::from_secs(10));
        assert!(!up(&simulation), "the planned fault has begun");
        assert_eq!(simulation.world_mut().mend_now(&host), 1);
        assert!(up(&simulation));
        assert_eq!(simulation.world_mut().mend_now(&host), 0, "nothing is broken any more");
        assert!(!simulation.world_mut().break_now(&host, None));
        assert!(!simulation.world_mut().break_now(&host, Some(SimDuration::from_secs(200))));
        simulation.advance(SimDuration::from_secs(150));
        assert!(!up(&simulation), "the planned end was used up, and the later fault holds");
        simulation.advance(SimDuration::from_secs(60));
        assert!(up(&simulation), "the later fault stands for the one without an end");
        simulation.world_mut().break_now(&host, None);
        assert_eq!(simulation.world_mut().mend_now(&Faulty::Host(HostId(1))), 1);
        assert!(up(&simulation));
    }
}
