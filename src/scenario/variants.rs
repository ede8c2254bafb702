//! Scenarios that are alike up to an instant: they differ in what breaks later and in what is expected, in nothing else.

use super::resolved::Resolved;
use crate::base::SimTime;
use crate::sim::Fault;

impl Resolved {
    /// This scenario as it is up to an instant: without the faults that begin there or later, without a title and
    /// expectations. Scenarios whose beginnings are the same, as texts, run alike up to there. None if an early fault
    /// stands behind a late one in the file, so that the early ones would have other numbers.
    #[must_use]
    pub fn beginning(&self, instant: SimTime) -> Option<Self> {
        let early = self.early(instant);
        if self.faults[early..].iter().any(|fault| fault.timing.begins() < instant) {
            return None;
        }
        let mut beginning = self.clone();
        beginning.faults.truncate(early);
        beginning.complete.faults.truncate(early);
        beginning.expect.clear();
        beginning.complete.expect.clear();
        beginning.title.clear();
        beginning.complete.title = None;
        beginning.complete.description = None;
        Some(beginning)
    }

    /// The faults that the beginning up to an instant leaves out.
    #[must_use]
    pub fn late_faults(&self, instant: SimTime) -> &[Fault] {
        &self.faults[self.early(instant)..]
    }

    fn early(&self, instant: SimTime) -> usize {
        self.faults.iter().take_while(|fault| fault.timing.begins() < instant).count()
    }
}
