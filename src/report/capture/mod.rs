//! `capture.pcapng`: the packets of a run, for Wireshark and its kin.
//!
//! The trace says when a packet is sent, arrives or is lost; what it carries is told once,
//! where its source sends it (`base::trace::PacketContent`). From both this observer makes
//! the packet's bytes, with headers, checksums and real sequence numbers, and writes them as
//! the run goes on. Comments say to which connection, message or question a packet belongs,
//! whether it repeats another, and what became of it if it did not arrive.
//!
//! Left out: packets from a host to itself, which pass over no link, and packets that no link
//! took, because their host was down or knew no way; ICMP messages; the ECN field of IP headers.

mod file;
mod filter;
mod labels;
mod packets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use crate::base::directory::Directory;
use crate::base::ids::{EventId, LinkDirId};
use crate::base::time::SimTime;
use crate::base::trace::{DropReason, NetTrace, Observer, PacketContent, PacketInfo, TcpContent, Trace, TraceEvent};
use file::{PacketFile, Place};
use filter::{Filter, link_name};
use labels::{Labels, word};
use packets::{Content, TcpFields, absolute, wire};

pub use filter::{CaptureOptions, Interfaces};

/// An observer that writes packets in the pcapng format.
pub struct CaptureWriter<W: Write> {
    directory: Directory,
    filter: Filter,
    labels: Labels,
    /// Packets on links, by the event with which they were put there.
    flights: BTreeMap<EventId, Flight>,
    /// The packet that has just arrived somewhere, and that event.
    here: Option<(EventId, Flight)>,
    over: bool,
    file: io::Result<PacketFile<W>>,
}

/// A packet on its way.
#[derive(Debug)]
struct Flight {
    info: PacketInfo,
    link: LinkDirId,
    ttl: u8,
    /// None until it is told, and when nobody will ask for it again.
    content: Option<Content>,
    told: bool,
    /// Lost already.
    lost: bool,
    /// Where it stands in the file, as long as its fate is of interest there.
    places: Vec<Place>,
}

impl<W: Write> fmt::Debug for CaptureWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureWriter").field("filter", &self.filter).field("over", &self.over).finish_non_exhaustive()
    }
}

impl<W: Write> CaptureWriter<W> {
    /// Writes to `out`, which should be buffered.
    #[must_use]
    pub fn new(directory: Directory, options: CaptureOptions, out: W) -> Self {
        let (filter, interfaces) = Filter::new(options, &directory);
        let file = PacketFile::begin(out, directory.start(), &interfaces, directory.hosts());
        let (labels, flights) = (Labels::default(), BTreeMap::new());
        Self { directory, filter, labels, flights, here: None, over: false, file }
    }

    /// Writes what is still held back, flushes, and gives the writer back.
    ///
    /// # Errors
    /// The first error of any packet, or that of the flush. After an error nothing is written.
    pub fn finish(self) -> io::Result<W> {
        self.file?.finish()
    }

    fn sent(&mut self, event: &TraceEvent<'_>, link: LinkDirId, info: PacketInfo) {
        let from = self.take_here(event.cause, &info);
        let at_source = self.directory.host_at(info.src.addr) == Some(event.host);
        let mut flight = match from {
            Some(mut flight) => {
                // A router forwards it (RFC 1812 5.3.1: "decrement the TTL by at least one").
                flight.ttl = flight.ttl.saturating_sub(1);
                flight.link = link;
                flight
            }
            None if at_source && self.filter.shows(&info) => {
                Flight { info, link, ttl: 0, content: None, told: false, lost: false, places: Vec::new() }
            }
            None => return,
        };
        let origin = at_source.then_some(event.host);
        let interface = self.filter.when_sent(event.at, origin, link);
        self.show(event, &mut flight, interface);
        self.flights.insert(event.id, flight);
    }

    fn arrived(&mut self, event: &TraceEvent<'_>) {
        self.settle_here();
        let Some(mut flight) = self.flights.remove(&event.cause) else { return };
        if self.filter.by_link() {
            self.settle(&mut flight, None);
        }
        let interface = self.filter.when_arrived(event.at, event.host);
        self.show(event, &mut flight, interface);
        self.here = Some((event.id, flight));
    }

    /// Shows a packet on an interface, with its bytes if they are known already.
    fn show(&mut self, event: &TraceEvent<'_>, flight: &mut Flight, interface: Option<u32>) {
        let (Some(interface), Ok(file)) = (interface, &mut self.file) else { return };
        let comments = self.labels.comments(event.host, &flight.info, &self.directory);
        let place = file.reserve(event.at, interface, comments);
        flight.places.push(place);
        if let Some(content) = &flight.content {
            if let Some(question) = self.labels.question(&flight.info, &content.payload, &self.directory) {
                file.comment(place, question);
            }
            file.fill(place, wire(&flight.info, content, flight.ttl));
        }
    }

    fn dropped(&mut self, event: &TraceEvent<'_>, link: Option<LinkDirId>, info: &PacketInfo, reason: DropReason) {
        let flight = self.take_here(event.cause, info).or_else(|| self.flights.remove(&event.cause));
        let (id, mut flight) = match flight {
            Some(flight) => (event.cause, flight),
            // A fault took all that was on the link; the packet is known by its looks.
            None => match self.on_link(link, info) {
                Some(found) => found,
                None => return,
            },
        };
        let place = match link {
            Some(link) => link_name(&self.directory, link),
            None => self.directory.host_name(event.host).to_owned(),
        };
        self.settle(&mut flight, Some(&format!("dropped: {} at {place}", word(&reason))));
        if !flight.told {
            flight.lost = true;
            self.flights.insert(id, flight);
        }
    }

    fn on_link(&mut self, link: Option<LinkDirId>, info: &PacketInfo) -> Option<(EventId, Flight)> {
        let same = |flight: &Flight| Some(flight.link) == link && flight.info == *info && !flight.lost;
        let id = self.flights.iter().find(|(_, flight)| same(flight)).map(|(id, _)| *id)?;
        self.flights.remove(&id).map(|flight| (id, flight))
    }

    /// The packet that has just arrived, if it is the one that goes on or is lost. An answer to
    /// it has the same cause, but looks different.
    fn take_here(&mut self, cause: EventId, info: &PacketInfo) -> Option<Flight> {
        match self.here.take() {
            Some((id, flight)) if id == cause && flight.info == *info => Some(flight),
            other => {
                self.here = other;
                None
            }
        }
    }

    fn settle_here(&mut self) {
        if let Some((_, mut flight)) = self.here.take() {
            self.settle(&mut flight, None);
        }
    }

    /// The packet's fate is known where it was shown so far.
    fn settle(&mut self, flight: &mut Flight, comment: Option<&str>) {
        let Ok(file) = &mut self.file else { return };
        for place in flight.places.drain(..) {
            if let Some(comment) = comment {
                file.comment(place, comment.to_owned());
            }
            file.settle(place);
        }
    }

    fn write_settled(&mut self, at: SimTime) {
        self.over = self.filter.is_over(at);
        if let Ok(file) = &mut self.file
            && let Err(error) = file.write_settled()
        {
            self.file = Err(error);
        }
    }

    /// What a packet carries, with absolute sequence numbers.
    fn content(&mut self, info: &PacketInfo, told: &PacketContent<'_>) -> Content {
        let tcp = told.tcp.zip(info.tcp).map(|(TcpContent { isn, window, push, options }, tcp)| {
            let (own, peer) = self.labels.bases(info, isn);
            let (seq, ack) = (absolute(own, tcp.seq), tcp.ack.map_or(0, |ack| absolute(peer, ack)));
            TcpFields { seq, ack, window, push, options: options.to_vec() }
        });
        Content { tcp, payload: told.payload.to_vec() }
    }
}

impl<W: Write> Observer for CaptureWriter<W> {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if self.over || self.file.is_err() {
            return;
        }
        self.labels.observe(event, &self.directory);
        let Trace::Net(net) = event.what else { return };
        let (NetTrace::Sent { packet, .. } | NetTrace::Arrived { packet, .. } | NetTrace::Dropped { packet, .. }) = net;
        if packet.icmp.is_some() {
            return;
        }
        match net {
            NetTrace::Sent { link, packet } => self.sent(event, link, packet),
            NetTrace::Arrived { .. } => {
                // By now everything has been told about the packets of earlier instants.
                self.write_settled(event.at);
                self.arrived(event);
            }
            NetTrace::Dropped { link, packet, reason } => self.dropped(event, link, &packet, reason),
        }
    }

    fn wants_content(&self) -> bool {
        !self.over && self.file.is_ok()
    }

    fn observe_content(&mut self, told: &PacketContent<'_>) {
        let Some(mut flight) = self.flights.remove(&told.sent) else { return };
        (flight.ttl, flight.told) = (told.ttl, true);
        let content = self.content(&flight.info, told);
        if let Ok(file) = &mut self.file {
            for place in &flight.places {
                if let Some(question) = self.labels.question(&flight.info, told.payload, &self.directory) {
                    file.comment(*place, question);
                }
                file.fill(*place, wire(&flight.info, &content, told.ttl));
            }
        }
        flight.content = Some(content).filter(|_| self.filter.looks_twice());
        if !flight.lost {
            self.flights.insert(told.sent, flight);
        }
    }
}
