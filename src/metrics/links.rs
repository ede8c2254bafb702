//! Packets on each direction of each link: counters only, nothing per packet.

use std::fmt;
use std::str::FromStr;

use super::names::{Names, Text};
use crate::base::SimDuration;
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
    /// Packets that RED turned away.
    pub dropped_early: u64,
    /// Packets that `CoDel` dropped.
    pub dropped_sojourn: u64,
    /// Packets larger than the MTU.
    pub dropped_too_big: u64,
    /// What the link's own counters say.
    pub figures: LinkFigures,
}

impl LinkRow {
    /// Packets that did not get through, for whatever reason.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        let queue = self.dropped_queue_full + self.dropped_early + self.dropped_sojourn;
        queue + self.dropped_too_big + self.dropped_loss + self.dropped_other
    }
}

/// What a trace of packets does not tell about a link direction: the times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFigures {
    /// Copies of packets that the link made.
    pub duplicated: u64,
    /// Packets that it damaged.
    pub damaged: u64,
    /// Packets that it marked (ECN).
    pub marked: u64,
    /// Share of the run in which the line was busy.
    pub utilization: Millionths,
    /// Mean of the queue length over time, in packets.
    pub mean_queue: Millionths,
    /// Most packets that waited at once.
    pub max_queue: u64,
    /// The longest wait of a packet.
    pub max_wait: SimDuration,
}

/// A number with six decimals, exact: equal on every machine and in every table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millionths(pub u64);

impl Millionths {
    /// `part / whole`, rounded down; zero when there is no whole.
    #[must_use]
    pub fn ratio(part: u128, whole: u128) -> Self {
        let millionths = part.saturating_mul(1_000_000).checked_div(whole).unwrap_or(0);
        Self(u64::try_from(millionths).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Millionths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

impl FromStr for Millionths {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, fraction) = text.split_once('.').ok_or(())?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if fraction.len() != 6 || !digits(whole) || !digits(fraction) {
            return Err(());
        }
        let whole: u64 = whole.parse().map_err(|_| ())?;
        let fraction: u64 = fraction.parse().map_err(|_| ())?;
        whole.checked_mul(1_000_000).and_then(|n| n.checked_add(fraction)).map(Self).ok_or(())
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    packets: u64,
    bytes: u64,
    delivered: u64,
    queue_full: u64,
    loss: u64,
    other: u64,
    early: u64,
    sojourn: u64,
    too_big: u64,
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
                    DropReason::QueueFull => counters.queue_full += 1,
                    DropReason::Early => counters.early += 1,
                    DropReason::Sojourn => counters.sojourn += 1,
                    DropReason::TooBig => counters.too_big += 1,
                    DropReason::Loss => counters.loss += 1,
                    DropReason::LinkDown
                    | DropReason::HostDown
                    | DropReason::NoRoute
                    | DropReason::PortClosed
                    | DropReason::TtlExpired
                    | DropReason::Corrupt
                    | DropReason::BacklogFull
                    | DropReason::ServiceFull => counters.other += 1,
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
                    dropped_early: counters.early,
                    dropped_sojourn: counters.sojourn,
                    dropped_too_big: counters.too_big,
                    figures: LinkFigures::default(),
                }
            })
            .collect();
        rows.sort_by(|a, b| (&a.link, &a.from, &a.to).cmp(&(&b.link, &b.from, &b.to)));
        (rows, self.dropped_at_hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_read_back_exactly() {
        for number in [0, 1, 999_999, 1_000_000, 12_345_678, u64::MAX] {
            assert_eq!(Millionths(number).to_string().parse(), Ok(Millionths(number)));
        }
        for bad in ["", "1", "1.5", ".000000", "-1.000000", "1.00000x", "99999999999999999999.000000"] {
            assert_eq!(bad.parse::<Millionths>(), Err(()), "{bad}");
        }
        assert_eq!(Millionths::ratio(1, 3).to_string(), "0.333333");
        assert_eq!(Millionths::ratio(1, 0), Millionths(0));
    }
}
