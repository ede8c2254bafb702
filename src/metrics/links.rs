//! Packets on each direction of each link: counters only, nothing per packet.

use super::names::{Names, Text};
use crate::base::directory::Directory;
use crate::base::ids::LinkDirId;
use crate::base::trace::{DropReason, NetTrace};

/// One direction of a link: a row of the table `links`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// The link.
    pub link: Text,
    /// The host at which this direction begins.
    pub from: Text,
    /// The host at which it ends.
    pub to: Text,
    /// Packets that joined its queue.
    pub packets: u64,
    /// Their bytes, headers included.
    pub bytes: u64,
    /// Packets that reached the far end.
    pub delivered_packets: u64,
    /// Packets that found the queue full.
    pub dropped_queue_full: u64,
    /// Packets lost at random.
    pub dropped_loss: u64,
    /// Packets lost because the link or a host was down.
    pub dropped_other: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    packets: u64,
    bytes: u64,
    delivered: u64,
    queue_full: u64,
    loss: u64,
    other: u64,
}

/// The counters of all link directions.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    directions: Vec<Counters>,
    dropped_at_hosts: u64,
}

impl Links {
    pub(super) fn new(links: usize) -> Self {
        Self { directions: vec![Counters::default(); 2 * links], dropped_at_hosts: 0 }
    }

    pub(super) fn observe(&mut self, event: &NetTrace) {
        match *event {
            NetTrace::Sent { link, packet } => {
                let counters = &mut self.directions[link.index()];
                counters.packets += 1;
                counters.bytes += u64::from(packet.bytes);
            }
            NetTrace::Arrived { link, .. } => self.directions[link.index()].delivered += 1,
            NetTrace::Dropped { link: None, .. } => self.dropped_at_hosts += 1,
            NetTrace::Dropped { link: Some(link), reason, .. } => {
                let counters = &mut self.directions[link.index()];
                match reason {
                    DropReason::QueueFull | DropReason::Early | DropReason::Sojourn => counters.queue_full += 1,
                    DropReason::Loss => counters.loss += 1,
                    DropReason::LinkDown
                    | DropReason::HostDown
                    | DropReason::NoRoute
                    | DropReason::PortClosed
                    | DropReason::TtlExpired
                    | DropReason::TooBig
                    | DropReason::Corrupt => counters.other += 1,
                }
            }
        }
    }

    /// The rows, sorted, and the count of packets dropped at hosts.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> (Vec<LinkRow>, u64) {
        let mut rows: Vec<LinkRow> = (0..)
            .zip(&self.directions)
            .map(|(index, counters)| {
                let (link, from, to) = directory.link_dir(LinkDirId(index));
                LinkRow {
                    link: names.share(&link.name),
                    from: names.share(directory.host_name(from)),
                    to: names.share(directory.host_name(to)),
                    packets: counters.packets,
                    bytes: counters.bytes,
                    delivered_packets: counters.delivered,
                    dropped_queue_full: counters.queue_full,
                    dropped_loss: counters.loss,
                    dropped_other: counters.other,
                }
            })
            .collect();
        rows.sort_by(|a, b| (&a.link, &a.from, &a.to).cmp(&(&b.link, &b.from, &b.to)));
        (rows, self.dropped_at_hosts)
    }
}
