//! `capture.pcapng`: the packets of a run, for Wireshark and its kin.
//!
//! The trace says when a packet is sent, arrives or is lost; what it carries is told once,
//! where its source sends it (`base::trace::PacketContent`). From both this observer makes
//! the packet's bytes, with headers, checksums and real sequence numbers, and writes them as
//! the run goes on. Comments say to which connection, message or question a packet belongs,
//! whether it repeats another, and what became of it if it did not arrive.
//!
//! An ICMP message quotes the packet that it is about. What that looked like is known from
//! its own sending, so the message is shown only where that packet is.
//!
//! Left out: packets from a host to itself, which pass over no link, and packets that no link
//! took, because their host was down or knew no way.

mod file;
mod filter;
mod labels;
mod packets;
mod quote;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use crate::base::directory::Directory;
use crate::base::ids::{EventId, LinkDirId};
use crate::base::time::SimTime;
use crate::base::trace::{DropReason, NetTrace, Observer, PacketContent, PacketInfo, TcpContent, Trace, TraceEvent};
use file::PacketFile;
use filter::{Filter, link_name};
use labels::{Labels, word};
use packets::{Content, TcpFields, absolute, wire};
use quote::Quote;

pub use filter::{CaptureOptions, Interfaces};

/// An observer that writes packets in the pcapng format.
pub type CaptureWriter<W> = Capture<PacketFile<W>>;

/// A packet's place on a [`Shelf`], counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub(super) u64);

/// Where packets go: each gets a place when it is seen, and more is said about it until it is settled.
pub trait Shelf {
    /// Keeps a place for a packet that is seen now.
    fn reserve(&mut self, at: SimTime, interface: u32, comments: Vec<String>) -> Place;

    /// Says of which bytes the packet consists.
    fn fill(&mut self, place: Place, bytes: Vec<u8>);

    /// Says something about the packet.
    fn comment(&mut self, place: Place, comment: String);

    /// The packet has come to the end of a link.
    fn arrived(&mut self, _place: Place, _at: SimTime) {}

    /// Nothing more will be said about the packet.
    fn settle(&mut self, place: Place);

    /// Lets packets go about which nothing more will be said.
    ///
    /// # Errors
    /// They cannot be written.
    fn write_settled(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An observer that makes packets of the trace.
pub struct Capture<S: Shelf> {
    directory: Directory,
    filter: Filter,
    labels: Labels,
    /// Packets on links, by the event with which they were put there.
    flights: BTreeMap<EventId, Flight>,
    /// The packet that has just arrived somewhere, and that event.
    here: Option<(EventId, Flight)>,
    /// What an error message would quote of the packet that was lost last, and that event.
    refused: Option<(EventId, Quote)>,
    over: bool,
    file: io::Result<S>,
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
    /// What an error message about it quotes; for such a message, what it quotes itself.
    quote: Quote,
    /// Copies that its first link made of it before its content was told.
    copies: Vec<EventId>,
    /// Lost already.
    lost: bool,
    /// Where it stands in the file, as long as its fate is of interest there.
    places: Vec<Place>,
}

impl Flight {
    /// A packet of which only the header is known.
    const fn new(info: PacketInfo, link: LinkDirId, quote: Quote) -> Self {
        let copies = Vec::new();
        let places = Vec::new();
        Self { info, link, ttl: 0, content: None, told: false, quote, copies, lost: false, places }
    }

    /// Whether a packet of the trace may be this one, which a queue may have marked.
    fn is(&self, info: &PacketInfo) -> bool {
        self.info == PacketInfo { ecn: self.info.ecn, ..*info }
    }
}

impl<S: Shelf> fmt::Debug for Capture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("filter", &self.filter).field("over", &self.over).finish_non_exhaustive()
    }
}

impl<W: Write> CaptureWriter<W> {
    /// Writes to `out`, which should be buffered.
    #[must_use]
    pub fn new(directory: Directory, options: CaptureOptions, out: W) -> Self {
        let (filter, interfaces) = Filter::new(options, &directory);
        let file = PacketFile::begin(out, directory.start(), &interfaces, directory.hosts());
        Self::onto(directory, filter, file)
    }

    /// Writes what is still held back, flushes, and gives the writer back.
    ///
    /// # Errors
    /// The first error of any packet, or that of the flush. After an error nothing is written.
    pub fn finish(self) -> io::Result<W> {
        self.file?.finish()
    }
}

impl<S: Shelf> Capture<S> {
    /// Shows every packet once, where it is sent, to a shelf.
    pub(super) fn of_all(directory: Directory, shelf: S) -> Self {
        let (filter, _) = Filter::new(CaptureOptions::default(), &directory);
        Self::onto(directory, filter, Ok(shelf))
    }

    /// The shelf, while nothing has gone wrong.
    pub(super) fn shelf(&mut self) -> Option<&mut S> {
        self.file.as_mut().ok()
    }

    fn onto(directory: Directory, filter: Filter, file: io::Result<S>) -> Self {
        let (labels, flights) = (Labels::default(), BTreeMap::new());
        Self { directory, filter, labels, flights, here: None, refused: None, over: false, file }
    }

    fn sent(&mut self, event: &TraceEvent<'_>, link: LinkDirId, info: PacketInfo) {
        // what a host sends in the name of another begins there too: only routers forward
        let forwards = self.directory.hosts().get(event.host.index()).is_none_or(|host| host.router);
        let at_source = !forwards || self.directory.host_at(info.src.addr) == Some(event.host);
        let mut made = None;
        let (mut flight, origin) = if let Some(mut flight) = self.take_here(event.cause, &info) {
            // A router forwards it (RFC 1812 5.3.1: "decrement the TTL by at least one").
            flight.ttl = flight.ttl.saturating_sub(1);
            (Flight { link, ..flight }, None)
        } else if let Some(copy) = self.copy(event, link, &info) {
            // Its link made it, no host did.
            made = Some(format!("duplicate: made by {}", link_name(&self.directory, link)));
            (copy, None)
        } else if at_source && let Some(quote) = self.quoted_by(event, &info) {
            (Flight::new(info, link, quote), Some(event.host))
        } else {
            return;
        };
        let interface = self.filter.when_sent(event.at, origin, link);
        self.show(event, &mut flight, interface);
        if let (Some(made), Some(place), Ok(file)) = (made, flight.places.last(), &mut self.file) {
            file.comment(*place, made);
        }
        self.flights.insert(event.id, flight);
    }

    /// The copy of a packet that its link has just made, if that is what the event tells.
    fn copy(&mut self, event: &TraceEvent<'_>, link: LinkDirId, info: &PacketInfo) -> Option<Flight> {
        let first = self.flights.get_mut(&event.cause).filter(|first| first.link == link && first.is(info))?;
        let mut copy = Flight::new(*info, link, first.quote.clone());
        (copy.ttl, copy.told, copy.content) = (first.ttl, first.told, first.content.clone());
        if !first.told {
            first.copies.push(event.id);
        }
        Some(copy)
    }

    /// What a packet that sets out quotes: nothing, unless it is an error message. None when it
    /// is not to be shown at all.
    fn quoted_by(&mut self, event: &TraceEvent<'_>, info: &PacketInfo) -> Option<Quote> {
        if info.icmp.is_none() {
            return self.filter.shows(info).then(Quote::default);
        }
        self.refused.take().filter(|(lost, _)| *lost == event.cause).map(|(_, quote)| quote)
    }

    fn arrived(&mut self, event: &TraceEvent<'_>, info: PacketInfo) {
        self.settle_here();
        let Some(mut flight) = self.flights.remove(&event.cause) else { return };
        if flight.info.ecn != info.ecn
            && let Ok(file) = &mut self.file
        {
            let comment = format!("marked: at {}", link_name(&self.directory, flight.link));
            flight.places.iter().for_each(|place| file.comment(*place, comment.clone()));
            flight.info.ecn = info.ecn;
        }
        if let Ok(file) = &mut self.file {
            flight.places.iter().for_each(|place| file.arrived(*place, event.at));
        }
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
        let mut comments = self.labels.comments(event.host, &flight.info, &self.directory);
        if flight.info.tcp.is_none() {
            comments.extend(flight.quote.about.iter().cloned());
        }
        let place = file.reserve(event.at, interface, comments);
        flight.places.push(place);
        if let Some(content) = &flight.content {
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
        self.refused = self.quote(&flight).map(|quote| (event.id, quote));
        if !flight.told {
            flight.lost = true;
            self.flights.insert(id, flight);
        }
    }

    /// What an error message quotes of a packet that is lost now.
    fn quote(&self, flight: &Flight) -> Option<Quote> {
        let mut quote = Some(&flight.quote).filter(|_| flight.told && flight.info.icmp.is_none())?.clone();
        quote.about.extend(self.labels.about(&flight.info, &self.directory));
        Some(quote.lost_with(flight.ttl, flight.info.ecn))
    }

    fn on_link(&mut self, link: Option<LinkDirId>, info: &PacketInfo) -> Option<(EventId, Flight)> {
        let same = |flight: &Flight| Some(flight.link) == link && flight.is(info) && !flight.lost;
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
    fn content(&mut self, flight: &Flight, told: &PacketContent<'_>) -> Content {
        let info = &flight.info;
        if info.icmp.is_some() {
            return Content { tcp: None, payload: flight.quote.payload_of(info) };
        }
        let tcp = told.tcp.zip(info.tcp).map(|(TcpContent { isn, window, push, options }, tcp)| {
            let (own, peer) = self.labels.bases(info, isn);
            let (seq, ack) = (absolute(own, tcp.seq), tcp.ack.map_or(0, |ack| absolute(peer, ack)));
            TcpFields { seq, ack, window, push, options: options.to_vec() }
        });
        Content { tcp, payload: told.payload.to_vec() }
    }

    /// Now it is known what a packet carries.
    fn fill(&mut self, flight: &mut Flight, ttl: u8, content: &Content, bytes: &[u8]) {
        (flight.ttl, flight.told) = (ttl, true);
        flight.content = self.filter.looks_twice().then(|| content.clone());
        let Ok(file) = &mut self.file else { return };
        for place in &flight.places {
            file.fill(*place, bytes.to_vec());
            if flight.info.tcp.is_none() && flight.info.icmp.is_none() {
                flight.quote.about.iter().for_each(|about| file.comment(*place, about.clone()));
            }
        }
    }
}

impl<S: Shelf> Observer for Capture<S> {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if self.over || self.file.is_err() {
            return;
        }
        self.labels.observe(event, &self.directory);
        let Trace::Net(net) = event.what else { return };
        match net {
            NetTrace::Sent { link, packet } => self.sent(event, link, packet),
            NetTrace::Arrived { packet, .. } => {
                // By now everything has been told about the packets of earlier instants.
                self.write_settled(event.at);
                self.arrived(event, packet);
            }
            NetTrace::Dropped { link, packet, reason } => self.dropped(event, link, &packet, reason),
        }
    }

    fn wants_content(&self) -> bool {
        !self.over && self.file.is_ok()
    }

    fn observe_content(&mut self, told: &PacketContent<'_>) {
        let Some(mut flight) = self.flights.remove(&told.sent) else { return };
        let content = self.content(&flight, told);
        let bytes = wire(&flight.info, &content, told.ttl);
        if flight.info.icmp.is_none() {
            let question = self.labels.question(&flight.info, told.payload, &self.directory);
            flight.quote = Quote::of(&flight.info, &bytes, question);
        }
        self.fill(&mut flight, told.ttl, &content, &bytes);
        for id in std::mem::take(&mut flight.copies) {
            if let Some(mut copy) = self.flights.remove(&id) {
                copy.quote = flight.quote.clone();
                self.fill(&mut copy, told.ttl, &content, &bytes);
                self.flights.insert(id, copy);
            }
        }
        if !flight.lost {
            self.flights.insert(told.sent, flight);
        }
    }
}
