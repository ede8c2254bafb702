//! The pcapng file: its opening blocks, and packets that wait to be written until it is known
//! what became of them.
//!
//! A reason for a drop stands on the packet that was dropped. So a packet is held back until
//! it has arrived or was lost, and those behind it wait for it, because a file is in the order
//! of time. What waits is bounded: beyond that the oldest go without being waited for.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::name_resolution::{Ipv4Record, Ipv6Record, NameResolutionBlock, Record};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};

use super::{Place, Shelf};
use crate::base::calendar::UnixTime;
use crate::base::directory::HostEntry;
use crate::base::time::SimTime;

/// Bytes of packets that may wait.
const MOST_WAITING_BYTES: usize = 64 << 20;

/// An interface of the file.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) description: String,
}

/// A packet that waits.
#[derive(Debug)]
struct Waiting {
    at: SimTime,
    interface: u32,
    bytes: Vec<u8>,
    comments: Vec<String>,
    settled: bool,
}

/// A capture file that is being written.
pub struct PacketFile<W: Write> {
    out: PcapNgWriter<W>,
    start: Duration,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// The place of the first one that waits.
    first: u64,
}

impl<W: Write> PacketFile<W> {
    /// Begins a file: who wrote it, its interfaces, the names of hosts.
    pub(super) fn begin(out: W, start: UnixTime, interfaces: &[Interface], hosts: &[HostEntry]) -> io::Result<Self> {
        let application = concat!("posthaste ", env!("CARGO_PKG_VERSION"));
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![SectionHeaderOption::UserApplication(application.into())],
            ..SectionHeaderBlock::default()
        };
        let mut out = PcapNgWriter::with_section_header(out, section).map_err(io_error)?;
        for interface in interfaces {
            let options = vec![
                InterfaceDescriptionOption::IfName(Cow::Borrowed(&interface.name)),
                InterfaceDescriptionOption::IfDescription(Cow::Borrowed(&interface.description)),
                InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
            ];
            // Nothing is cut (a snap length of 0), and no link-layer addresses are made up.
            let block = InterfaceDescriptionBlock { linktype: DataLink::RAW, snaplen: 0, options };
            out.write_pcapng_block(block).map_err(io_error)?;
        }
        let records = hosts.iter().flat_map(name_records).collect();
        out.write_pcapng_block(NameResolutionBlock { records, options: Vec::new() }).map_err(io_error)?;
        let start = Duration::from_secs(u64::try_from(start.0).unwrap_or(0));
        Ok(Self { out, start, waiting: VecDeque::new(), waiting_bytes: 0, first: 0 })
    }

    fn index(&self, place: Place) -> Option<usize> {
        usize::try_from(place.0.checked_sub(self.first)?).ok().filter(|index| *index < self.waiting.len())
    }

    fn write_first(&mut self) -> io::Result<()> {
        let Some(packet) = self.waiting.pop_front() else { return Ok(()) };
        self.first += 1;
        self.waiting_bytes -= packet.bytes.len();
        let comment = |text: String| EnhancedPacketOption::Common(CommonOption::Comment(Cow::Owned(text)));
        let block = EnhancedPacketBlock {
            interface_id: packet.interface,
            timestamp: self.start + Duration::from_nanos(packet.at.as_nanos()),
            original_len: u32::try_from(packet.bytes.len()).expect("an IP packet has at most 65535 bytes"),
            data: Cow::Owned(packet.bytes),
            options: packet.comments.into_iter().map(comment).collect(),
        };
        self.out.write_pcapng_block(block).map(|_| ()).map_err(io_error)
    }

    /// Writes the rest, flushes, and gives the writer back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        while !self.waiting.is_empty() {
            self.write_first()?;
        }
        let mut out = self.out.into_inner();
        out.flush().map(|()| out)
    }
}

impl<W: Write> Shelf for PacketFile<W> {
    fn reserve(&mut self, at: SimTime, interface: u32, comments: Vec<String>) -> Place {
        let place = Place(self.first + self.waiting.len() as u64);
        self.waiting.push_back(Waiting { at, interface, bytes: Vec::new(), comments, settled: false });
        place
    }

    fn fill(&mut self, place: Place, bytes: Vec<u8>) {
        if let Some(index) = self.index(place) {
            self.waiting_bytes += bytes.len();
            self.waiting[index].bytes = bytes;
        }
    }

    fn comment(&mut self, place: Place, comment: String) {
        if let Some(index) = self.index(place) {
            self.waiting[index].comments.push(comment);
        }
    }

    fn settle(&mut self, place: Place) {
        if let Some(index) = self.index(place) {
            self.waiting[index].settled = true;
        }
    }

    fn write_settled(&mut self) -> io::Result<()> {
        while self.waiting.front().is_some_and(|packet| packet.settled || self.waiting_bytes > MOST_WAITING_BYTES) {
            self.write_first()?;
        }
        Ok(())
    }
}

fn name_records(host: &HostEntry) -> impl Iterator<Item = Record<'_>> {
    let names = || vec![Cow::Borrowed(host.name.as_str())];
    host.addresses.by_precedence().map(move |address| match address {
        IpAddr::V4(ip_addr) => Record::Ipv4(Ipv4Record { ip_addr, names: names() }),
        IpAddr::V6(ip_addr) => Record::Ipv6(Ipv6Record { ip_addr, names: names() }),
    })
}

fn io_error(error: impl Error) -> io::Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    io::Error::other(text)
}
