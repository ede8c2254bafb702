//! What somebody outside does to a world that runs: break something, mend it, try again at once.

use super::faults::{Fault, Faulty, Timing};
use super::world::World;
use crate::app::host::Input;
use crate::base::trace::Observer;
use crate::base::{EventId, HostId, SimDuration};
use crate::net::Kernel as _;

impl<O: Observer> World<O> {
    /// Breaks something now, for that long; without a time until it is mended.
    pub fn break_now(&mut self, what: Faulty, lasts: Option<SimDuration>) {
        let at = self.now();
        let fault = Fault { name: "by hand".to_owned(), timing: Timing::Once { at, lasts }, what };
        self.kernel.set_cause(EventId(0));
        self.begin_by_hand(fault);
        self.deliver_notices();
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
        if self.network.host_is_up(host) {
            self.kernel.set_cause(EventId(0));
            self.each_app(host, Input::Flush);
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
        simulation.world_mut().break_now(host.clone(), Some(SimDuration::from_secs(20)));
        simulation.world_mut().break_now(host, None);
        simulation.advance(SimDuration::from_secs(200));
        assert!(!up(&simulation), "the second fault has no end, and the planned end was used up");
        assert_eq!(simulation.world_mut().mend_now(&Faulty::Host(HostId(1))), 1);
        assert!(up(&simulation));
    }
}
