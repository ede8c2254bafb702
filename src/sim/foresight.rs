//! Faults that are planned: from the beginning, or for a world that has run up to where they make a difference.
//!
//! The order of a planned fault among the events of its instant follows from its number alone, not from when it was
//! planned. So a world that ran without late faults, and was then told of them, goes on as one that knew of them
//! all along: variants that differ only in what breaks late can share their beginning.

use crate::base::SimTime;
use crate::base::trace::Observer;

use super::faults::{Fault, Faulty, Timing};
use super::kernel::{Event, Kernel};
use super::world::World;

impl Timing {
    /// The fault does nothing before this instant.
    #[must_use]
    pub const fn begins(&self) -> SimTime {
        match *self {
            Self::Once { at, .. } | Self::Repeated { at, .. } | Self::Random { at, .. } => at,
        }
    }
}

impl<O: Observer> World<O> {
    /// Plans more faults, numbered after those that are planned already. None may begin before the present instant.
    ///
    /// # Panics
    /// One begins in the past: the caller's mistake.
    pub fn foresee(&mut self, faults: &[Fault]) {
        let now = self.now();
        assert!(faults.iter().all(|fault| fault.timing.begins() >= now), "faults are planned for the future");
        let first = self.add_faults(faults);
        let planned: Vec<(u32, Timing)> =
            self.faults.from(first).map(|(number, fault)| (number, fault.timing)).collect();
        for (number, timing) in planned {
            match timing {
                Timing::Once { at, lasts } => {
                    self.plan(at, number, Event::FaultBegins(number));
                    if let Some(lasts) = lasts {
                        // All begins go first: of two outages that meet, the second holds before the first lets go.
                        self.plan(
                            at.saturating_add(lasts),
                            Kernel::<O>::PLANNED / 2 + number,
                            Event::FaultEnds(number),
                        );
                    }
                }
                Timing::Repeated { at, .. } => self.plan(at, number, Event::FaultBegins(number)),
                Timing::Random { at, mean_up, until, .. } => {
                    let at = at.saturating_add(self.faults.draw(number, mean_up));
                    if at <= until {
                        self.plan(at, number, Event::FaultBegins(number));
                    }
                }
            }
        }
    }

    /// Adds faults that are not scheduled yet, and what their hosts need for them; gives the number of the first.
    pub(super) fn add_faults(&mut self, faults: &[Fault]) -> u32 {
        let streams = self.streams();
        for fault in faults {
            if let Faulty::Slow(host, _) = fault.what {
                self.give_processor(host, None);
            }
        }
        self.faults.add(faults, &streams)
    }

    fn plan(&mut self, at: SimTime, order: u32, event: Event) {
        let (Event::FaultBegins(number) | Event::FaultEnds(number)) = event else { return };
        let origin = self.fault_origin(number);
        self.kernel.push_planned(at, origin, order, event);
    }
}
