//! How busy the hosts were whose requests take time.

use super::names::{Names, Text};
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::HostTrace;

/// The load of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLoad {
    /// The host.
    pub host: Text,
    /// Requests that were handed to its applications.
    pub requests: u64,
    /// The time for which these kept it busy.
    pub busy: SimDuration,
    /// The time that they waited for it, in all.
    pub waited: SimDuration,
    /// The longest of these waits.
    pub max_wait: SimDuration,
    /// The most that waited when one was handed over.
    pub max_waiting: u32,
}

impl HostLoad {
    /// The share of a run that ended then in which the host was busy.
    #[must_use]
    pub fn utilization(&self, end: SimTime) -> f64 {
        let end = SimDuration::from_nanos(end.as_nanos()).as_secs_f64();
        if end > 0.0 { self.busy.as_secs_f64() / end } else { 0.0 }
    }

    /// The mean wait in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics may round, once")]
    pub fn mean_wait_s(&self) -> f64 {
        self.waited.as_secs_f64() / self.requests.max(1) as f64
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    requests: u64,
    busy: SimDuration,
    waited: SimDuration,
    max_wait: SimDuration,
    max_waiting: u32,
}

/// The loads of all hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Processing {
    hosts: Vec<Sums>,
}

impl Processing {
    pub(super) fn observe(&mut self, host: HostId, event: &HostTrace) {
        let (wait, service, waiting) = match *event {
            HostTrace::Served { wait, service, waiting } => (wait, service, waiting),
            HostTrace::TurnedAway { .. } | HostTrace::Visited { .. } => return,
        };
        if self.hosts.len() <= host.index() {
            self.hosts.resize(host.index() + 1, Sums::default());
        }
        let sums = &mut self.hosts[host.index()];
        sums.requests += 1;
        sums.busy += service;
        sums.waited += wait;
        sums.max_wait = sums.max_wait.max(wait);
        sums.max_waiting = sums.max_waiting.max(waiting);
    }

    /// The hosts that served anything, in their order.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> Vec<HostLoad> {
        let served = directory.hosts().iter().zip(self.hosts).filter(|(_, sums)| sums.requests > 0);
        let load = |names: &mut Names, name: &str, sums: Sums| HostLoad {
            host: names.share(name),
            requests: sums.requests,
            busy: sums.busy,
            waited: sums.waited,
            max_wait: sums.max_wait,
            max_waiting: sums.max_waiting,
        };
        served.map(|(host, sums)| load(names, &host.name, sums)).collect()
    }
}
