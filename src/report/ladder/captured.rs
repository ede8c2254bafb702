//! The segments that a folder's capture holds: what there is of a run that cannot be done again.
//!
//! A capture shows a packet where it was sent, and says if it was lost. When it came to its destination is known only if
//! that host was watched, too; on a link in between, neither is. A damaged file is read up to its fault.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::net::IpAddr;
use std::path::Path;

use etherparse::{NetSlice, SlicedPacket, TcpOptionElement, TcpSlice, TransportSlice};
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::{Block, PcapNgReader};

use super::segments::{MOST, Segment};
use crate::base::directory::Directory;
use crate::base::time::SimTime;
use crate::base::trace::{TcpInfo, TcpOptions};
use crate::metrics::Text;
use crate::report::error::ReportError;

/// What is kept while a capture is read.
struct Reading {
    directory: Directory,
    /// The hosts or links that are watched.
    interfaces: Vec<String>,
    /// The first sequence number of each end: connection, sender.
    bases: BTreeMap<(String, IpAddr), u32>,
    segments: Vec<Segment>,
}

/// The segments of those connections in a folder's capture; none if it has none.
///
/// # Errors
/// The file cannot be read, or is no capture.
pub fn captured(
    folder: &Path,
    directory: Directory,
    wanted: impl Fn(&Segment) -> bool,
) -> Result<Option<Vec<Segment>>, ReportError> {
    let path = folder.join("capture.pcapng");
    if !path.is_file() {
        return Ok(None);
    }
    let file = File::open(&path).map_err(ReportError::io("read", &path))?;
    let mut reader = PcapNgReader::new(BufReader::new(file))
        .map_err(|error| ReportError::damaged(&path, 1, format!("not a capture: {error}")))?;
    let mut reading = Reading { directory, interfaces: Vec::new(), bases: BTreeMap::new(), segments: Vec::new() };
    while let Some(Ok((block, _))) = reader.next_block() {
        if let Block::InterfaceDescription(interface) = &block {
            let name = interface.options.iter().find_map(|option| {
                let InterfaceDescriptionOption::IfName(name) = option else { return None };
                Some(name.to_string())
            });
            reading.interfaces.push(name.unwrap_or_default());
        }
        if let Block::EnhancedPacket(packet) = &block {
            reading.take(packet, &wanted);
        }
    }
    Ok(Some(reading.segments))
}

impl Reading {
    fn take(&mut self, packet: &EnhancedPacketBlock<'_>, wanted: &impl Fn(&Segment) -> bool) {
        if self.segments.len() >= MOST {
            return;
        }
        let Ok(sliced) = SlicedPacket::from_ip(&packet.data) else { return };
        let (from, to): (IpAddr, IpAddr) = match &sliced.net {
            Some(NetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
            Some(NetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
            Some(NetSlice::Arp(_)) | None => return,
        };
        let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return };
        let comments = packet.options.iter().filter_map(|option| {
            let EnhancedPacketOption::Common(CommonOption::Comment(text)) = option else { return None };
            Some(text.to_string())
        });
        let comments: Vec<String> = comments.collect();
        let said = |word: &str| comments.iter().find_map(|text| text.strip_prefix(word));
        let Some(connection) = said("connection ") else { return };
        let header = self.header(connection, tcp, (from, to));
        let ends = [from, to].map(|address| Text::from(self.directory.name_at(address)));
        let start = i128::from(self.directory.start().0) * 1_000_000_000;
        let since = i128::try_from(packet.timestamp.as_nanos()).unwrap_or(0) - start;
        let at = SimTime::from_nanos(u64::try_from(since).unwrap_or(0));
        let place = self.interfaces.get(packet.interface_id as usize).map_or("", String::as_str);
        // a link's name begins with `link:`; of links only that counts on which its source put it
        let here = match place.rsplit_once(':') {
            Some((_, ways)) => ways.split('>').next() == Some(&*ends[0]),
            // what is sent in another's name is seen at who sends it, what passes a router there, too
            None => place == &*ends[0] || place != &*ends[1] && !self.is_router(place),
        };
        if !here {
            let mut before = self.segments.iter_mut().rev();
            let same = |one: &&mut Segment| {
                *one.connection == *connection && one.ends == ends && one.header == header && one.arrived.is_none()
            };
            if let Some(sent) = before.find(same).filter(|_| place == &*ends[1]) {
                sent.arrived = Some(at);
            }
            return;
        }
        let again = said("retransmission: ").map(again);
        let lost = said("dropped: ").map(lost);
        let connection = Text::from(connection);
        let segment =
            Segment { connection, ends, sent: at, arrived: None, unseen: lost.is_none(), lost, again, header };
        if wanted(&segment) {
            self.segments.push(segment);
        }
    }

    fn is_router(&self, name: &str) -> bool {
        self.directory.hosts().iter().any(|host| host.router && host.name == name)
    }

    /// What a header says, with numbers from the connection's start.
    fn header(&mut self, connection: &str, tcp: &TcpSlice<'_>, (from, to): (IpAddr, IpAddr)) -> TcpInfo {
        let number = tcp.sequence_number();
        if tcp.syn() {
            self.bases.insert((connection.to_owned(), from), number);
        }
        let mut since = |end: IpAddr, number: u32| {
            // RFC 9293 3.4: numbers wrap; who was not heard from its start is counted from its first number
            let base = *self.bases.entry((connection.to_owned(), end)).or_insert(number);
            u64::from(number.wrapping_sub(base))
        };
        let seq = since(from, number);
        let ack = tcp.ack().then(|| since(to, tcp.acknowledgment_number()));
        let mut options = TcpOptions::default();
        for option in tcp.options_iterator().flatten() {
            if let TcpOptionElement::SelectiveAcknowledgement(first, others) = option {
                let base = tcp.acknowledgment_number();
                let blocks = std::iter::once(first).chain(others.into_iter().flatten());
                for (kept, (from, to)) in options.sack.iter_mut().zip(blocks) {
                    *kept = (from.wrapping_sub(base), to.wrapping_sub(base));
                }
            }
        }
        TcpInfo {
            conn: None,
            seq,
            ack,
            len: u32::try_from(tcp.payload().len()).unwrap_or(u32::MAX),
            window: u32::from(tcp.window_size()),
            syn: tcp.syn(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            ece: tcp.ece(),
            cwr: tcp.cwr(),
            options,
        }
    }
}

/// Why a segment was lost and where, in the words of ladders.
fn lost(said: &str) -> String {
    let (why, place) = said.split_once(" at ").unwrap_or((said, ""));
    let why = match why {
        "loss" => "lost at random".to_owned(),
        "ttl_expired" => "hop limit ran out".to_owned(),
        "early" => "RED".to_owned(),
        "sojourn" => "CoDel".to_owned(),
        "corrupt" => "damaged".to_owned(),
        other => other.replace('_', " "),
    };
    let place = place.rsplit_once(':').map_or(place, |(_, ways)| ways).replace('>', " - ");
    format!("{why} at {place}")
}

/// Why a segment was sent again, in the words of ladders.
fn again(word: &str) -> &'static str {
    match word {
        "timeout" => "time-out",
        "fast_retransmit" => "fast retransmit",
        "loss_probe" => "loss probe",
        "path_mtu" => "path MTU",
        _ => "again",
    }
}
