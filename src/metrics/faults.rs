//! Faults: one row for each time in which something was broken or changed.
//!
//! The trace tells when a host, a link or a service goes down for the first fault that holds it
//! and when it comes back after the last, so overlapping faults of one thing make one row. A
//! change that begins or ends while others of the same link or host are in force makes another
//! mixture of them: that ends a row and begins the next. Of two partitions with the same first
//! link at a time, the one that began first is taken to end first.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::names::{Names, Text};
use super::words::named;
use crate::base::directory::Directory;
use crate::base::ids::{HostId, LinkDirId};
use crate::base::time::SimTime;
use crate::base::trace::FaultTrace;

named! {
    /// What a fault did.
    FaultKind {
        /// A host had no power.
        Host = "host",
        /// A link carried nothing.
        Link = "link",
        /// Nobody listened on a port.
        Service = "service",
        /// The packets of a port were slowed down or lost at its host.
        Degraded = "degraded",
        /// A part of the network was cut off.
        Partition = "partition",
        /// A link had other properties.
        Change = "change",
        /// A host's requests took other times.
        Processing = "processing",
    }
}

/// A time in which something was broken or changed: a row of the table `faults`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRow {
    /// Since when.
    pub began: SimTime,
    /// Until when; none while it lasts.
    pub ended: Option<SimTime>,
    /// In what way.
    pub kind: FaultKind,
    /// The host concerned.
    pub host: Option<Text>,
    /// The link concerned.
    pub link: Option<Text>,
    /// The port concerned.
    pub port: Option<u16>,
}

/// What is broken or changed, and in what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Concern {
    kind: FaultKind,
    /// Of a link one of its ends, of a partition that of one of its links.
    host: HostId,
    link: Option<LinkDirId>,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    began: SimTime,
    ended: Option<SimTime>,
    concern: Concern,
}

/// All faults of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    spans: Vec<Span>,
    /// Those that last, first come first.
    open: FxHashMap<Concern, VecDeque<usize>>,
}

impl Faults {
    pub(super) fn observe(&mut self, host: HostId, at: SimTime, fault: FaultTrace) {
        let of_host = |kind| Concern { kind, host, link: None, port: None };
        let of_link = |kind, link| Concern { kind, host, link: Some(link), port: None };
        let of_port = |kind, port| Concern { kind, host, link: None, port: Some(port) };
        match fault {
            FaultTrace::HostDown => self.begin(of_host(FaultKind::Host), at),
            FaultTrace::HostUp => self.end(of_host(FaultKind::Host), at),
            FaultTrace::LinkDown { link } => self.begin(of_link(FaultKind::Link, link), at),
            FaultTrace::LinkUp { link } => self.end(of_link(FaultKind::Link, link), at),
            FaultTrace::ServiceDown { port } => self.begin(of_port(FaultKind::Service, port), at),
            FaultTrace::ServiceUp { port } => self.end(of_port(FaultKind::Service, port), at),
            FaultTrace::PartitionBegins => self.begin(of_host(FaultKind::Partition), at),
            FaultTrace::PartitionEnds => self.end(of_host(FaultKind::Partition), at),
            FaultTrace::LinkChanged { link } => self.change(of_link(FaultKind::Change, link), at),
            FaultTrace::ServiceChanged { port } => self.change(of_port(FaultKind::Degraded, port), at),
            FaultTrace::ServiceRestored { port } => self.end(of_port(FaultKind::Degraded, port), at),
            FaultTrace::LinkRestored { link } => self.end(of_link(FaultKind::Change, link), at),
            FaultTrace::ProcessingChanged => self.change(of_host(FaultKind::Processing), at),
            FaultTrace::ProcessingRestored => self.end(of_host(FaultKind::Processing), at),
            FaultTrace::QueueFlushed => {}
        }
    }

    fn begin(&mut self, concern: Concern, at: SimTime) {
        self.open.entry(concern).or_default().push_back(self.spans.len());
        self.spans.push(Span { began: at, ended: None, concern });
    }

    fn end(&mut self, concern: Concern, at: SimTime) {
        if let Some(index) = self.open.get_mut(&concern).and_then(VecDeque::pop_front) {
            self.spans[index].ended = Some(at);
        }
    }

    /// Another mixture of changes is in force; of several at one instant the last.
    fn change(&mut self, concern: Concern, at: SimTime) {
        let present = self.open.get(&concern).and_then(|open| open.front());
        if present.is_some_and(|index| self.spans[*index].began == at) {
            return;
        }
        self.end(concern, at);
        self.begin(concern, at);
    }

    /// The rows, sorted.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> Vec<FaultRow> {
        let mut row = |span: &Span| {
            let Concern { kind, host, link, port } = span.concern;
            let host = match kind {
                FaultKind::Host | FaultKind::Service | FaultKind::Degraded | FaultKind::Processing => Some(host),
                FaultKind::Link | FaultKind::Partition | FaultKind::Change => None,
            };
            FaultRow {
                began: span.began,
                ended: span.ended,
                kind,
                host: host.map(|host| names.share(directory.host_name(host))),
                link: link.map(|link| names.share(&directory.link_dir(link).0.name)),
                port,
            }
        };
        let mut rows: Vec<FaultRow> = self.spans.iter().map(&mut row).collect();
        rows.sort_by(|a, b| {
            let key = |row: &FaultRow| (row.began, row.kind, row.host.clone(), row.link.clone(), row.port);
            (key(a), a.ended).cmp(&(key(b), b.ended))
        });
        rows
    }
}
