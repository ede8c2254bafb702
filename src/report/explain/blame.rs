//! Which fault the trace holds responsible for the loss of a packet or the end of a connection.
//!
//! The trace says why a packet was dropped: its host was down, its link was down, a degraded service lost it. Which fault that
//! was follows from the faults that had begun by then and not ended. What faults only slow down is told by no event.

use std::collections::BTreeMap;

use super::causes;
use super::{Sources, plain};
use crate::base::directory::Directory;
use crate::base::ids::{EventId, HostId};
use crate::base::time::SimTime;
use crate::base::trace::{DropReason, FaultTrace, PacketInfo, TraceEvent};
use crate::metrics::{FaultKind, FaultRow};

/// A fault, as a row of the table of faults names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Blame {
    pub(super) kind: FaultKind,
    /// The host or the link.
    pub(super) place: String,
    pub(super) port: Option<u16>,
    pub(super) began: SimTime,
}

impl Blame {
    fn is(&self, row: &FaultRow) -> bool {
        let place = row.host.as_deref().or(row.link.as_deref()).unwrap_or_default();
        row.kind == self.kind && row.began == self.began && row.port == self.port && place == self.place
    }

    /// The fault as a sentence; none if no table knows it.
    pub(super) fn sentence(&self, sources: &Sources<'_>) -> Option<String> {
        sources.tables.faults.iter().find(|row| self.is(row)).map(|row| causes::sentence(sources, row))
    }
}

/// Why a host answered a call by a reset.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// A fault had closed the port.
    Fault(Blame),
    /// The service had no place.
    Full,
    /// Nobody listens there.
    Nobody,
}

impl Refusal {
    /// As a sentence without its full stop.
    pub(super) fn sentence(&self, sources: &Sources<'_>, host: &str, port: u16) -> String {
        let nobody = || format!("nobody listens on port {port} of {}", plain(host));
        match self {
            Self::Fault(blame) => blame.sentence(sources).unwrap_or_else(nobody),
            Self::Full => format!("port {port} of {} had no place for another session", plain(host)),
            Self::Nobody => nobody(),
        }
    }
}

/// The faults in force, as the trace has told them so far.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    since: BTreeMap<(FaultKind, String, Option<u16>), SimTime>,
    /// The links that a partition holds down, and when it began.
    parted: BTreeMap<String, SimTime>,
    partition: Option<(EventId, SimTime)>,
}

impl InForce {
    /// A fault begins or ends.
    pub(super) fn observe(&mut self, directory: &Directory, event: &TraceEvent<'_>, fault: FaultTrace) {
        let host = || directory.host_name(event.host).to_owned();
        let name = |dir| directory.link_dir(dir).0.name.clone();
        let mut begin = |kind, place, port| {
            self.since.insert((kind, place, port), event.at);
        };
        match fault {
            FaultTrace::HostDown => begin(FaultKind::Host, host(), None),
            FaultTrace::ServiceDown { port } => begin(FaultKind::Service, host(), Some(port)),
            FaultTrace::ServiceChanged { port } => begin(FaultKind::Degraded, host(), Some(port)),
            FaultTrace::LinkDown { link } => match self.partition.filter(|(id, _)| *id == event.cause) {
                Some((_, began)) => {
                    self.parted.insert(name(link), began);
                }
                None => begin(FaultKind::Link, name(link), None),
            },
            FaultTrace::PartitionBegins => self.partition = Some((event.id, event.at)),
            FaultTrace::HostUp => self.end(FaultKind::Host, host(), None),
            FaultTrace::ServiceUp { port } => self.end(FaultKind::Service, host(), Some(port)),
            FaultTrace::ServiceRestored { port } => self.end(FaultKind::Degraded, host(), Some(port)),
            FaultTrace::LinkUp { link } => {
                self.parted.remove(&name(link));
                self.end(FaultKind::Link, name(link), None);
            }
            FaultTrace::PartitionEnds
            | FaultTrace::LinkChanged { .. }
            | FaultTrace::LinkRestored { .. }
            | FaultTrace::ProcessingChanged
            | FaultTrace::ProcessingRestored
            | FaultTrace::QueueFlushed => {}
        }
    }

    fn end(&mut self, kind: FaultKind, place: String, port: Option<u16>) {
        self.since.remove(&(kind, place, port));
    }

    fn find(&self, kind: FaultKind, place: &str, port: Option<u16>) -> Option<Blame> {
        let began = *self.since.get(&(kind, place.to_owned(), port))?;
        Some(Blame { kind, place: place.to_owned(), port, began })
    }

    /// The fault that holds a host down.
    pub(super) fn host(&self, directory: &Directory, host: HostId) -> Option<Blame> {
        self.find(FaultKind::Host, directory.host_name(host), None)
    }

    /// Why a host without a session for it answers a call to a port by a reset.
    pub(super) fn refusal(&self, host: &str, port: u16, turned_away: bool) -> Refusal {
        match self.find(FaultKind::Service, host, Some(port)) {
            Some(blame) => Refusal::Fault(blame),
            None if turned_away => Refusal::Full,
            None => Refusal::Nobody,
        }
    }

    /// The fault for which a packet was dropped, at a host or on a link of that name.
    pub(super) fn drop(
        &self,
        host: &str,
        link: Option<&str>,
        packet: &PacketInfo,
        reason: DropReason,
    ) -> Option<Blame> {
        match reason {
            DropReason::HostDown => self.find(FaultKind::Host, host, None),
            DropReason::LinkDown => {
                let link = link?;
                let parted = self.parted.get(link);
                let parted = parted.map(|began| Blame {
                    kind: FaultKind::Partition,
                    place: String::new(),
                    port: None,
                    began: *began,
                });
                parted.or_else(|| self.find(FaultKind::Link, link, None))
            }
            // a link's own losses have no fault; at a host only a degraded service loses packets so
            DropReason::Loss if link.is_none() => {
                let ports = [packet.dst.port, packet.src.port];
                ports.into_iter().find_map(|port| self.find(FaultKind::Degraded, host, Some(port)))
            }
            DropReason::Loss
            | DropReason::QueueFull
            | DropReason::NoRoute
            | DropReason::PortClosed
            | DropReason::TtlExpired
            | DropReason::TooBig
            | DropReason::Early
            | DropReason::Sojourn
            | DropReason::Corrupt
            | DropReason::BacklogFull
            | DropReason::ServiceFull => None,
        }
    }
}
