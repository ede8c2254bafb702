//! The lengths of mail queues over time, as steps.
//!
//! Only changes are kept, and of several at one instant the last: a queue that a copy only
//! passes through without waiting does not show it.

use super::names::{Names, Text};
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::SimTime;

/// The length of a server's queue from an instant on: a row of the table `queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// Since when.
    pub at: SimTime,
    /// The server.
    pub server: Text,
    /// Copies in the queue.
    pub copies: u32,
    /// Those that wait for a retry.
    pub waiting: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    at: SimTime,
    copies: u32,
    waiting: u32,
}

/// The queue lengths of a run, one series for each host.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues {
    series: Vec<Vec<Sample>>,
}

impl Queues {
    pub(super) fn new(hosts: usize) -> Self {
        Self { series: vec![Vec::new(); hosts] }
    }

    pub(super) fn observe(&mut self, host: HostId, at: SimTime, copies: u32, waiting: u32) {
        let series = &mut self.series[host.index()];
        series.pop_if(|last| last.at == at);
        let before = series.last().map_or((0, 0), |last| (last.copies, last.waiting));
        if before != (copies, waiting) {
            series.push(Sample { at, copies, waiting });
        }
    }

    /// The last known length of each host's queue; none for a host that never had any.
    pub(super) fn last(&self) -> Vec<Option<u32>> {
        self.series.iter().map(|series| series.last().map(|sample| sample.copies)).collect()
    }

    /// The rows, sorted.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> Vec<QueueRow> {
        let mut rows = Vec::new();
        for (host, series) in directory.hosts().iter().zip(&self.series) {
            let server = names.share(&host.name);
            rows.extend(series.iter().map(|sample| QueueRow {
                at: sample.at,
                server: server.clone(),
                copies: sample.copies,
                waiting: sample.waiting,
            }));
        }
        rows.sort_by(|a, b| (a.at, &a.server).cmp(&(b.at, &b.server)));
        rows
    }
}
