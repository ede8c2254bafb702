//! What a folder holds of a run that cannot be run again, because people took part in it: transcripts without times, and the
//! packets of its capture, if there is one.
//!
//! When a packet arrived, and what caused what, a capture does not say.

use std::fs::{self, File};
use std::io::BufReader;
use std::net::IpAddr;
use std::path::Path;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::{Block, PcapNgReader};

use super::choice::{MOST_OCTETS, MOST_PACKETS};
use super::watch::{Count, Reel, Seen, Shot, protocol_of_port};
use super::words::Kind;
use super::{Observed, Spoken};
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::time::SimTime;
use crate::report::error::ReportError;
use crate::report::transcripts::list_transcripts;

/// Transcripts that are read at most.
const MOST_TRANSCRIPTS: usize = 400;

/// What was said, by the folder's transcripts.
///
/// # Errors
/// A transcript cannot be read.
pub fn dialogues_of_folder(dir: &Path) -> Result<Vec<Spoken>, ReportError> {
    if !dir.join("transcripts").is_dir() {
        return Ok(Vec::new());
    }
    let files = list_transcripts(dir)?;
    let spoken = files.into_iter().take(MOST_TRANSCRIPTS).map(|file| {
        let text = fs::read(&file.path).map_err(ReportError::io("read", &file.path))?;
        let text = String::from_utf8_lossy(&text);
        let named = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix('#')?.trim_start().strip_prefix(name));
            line.and_then(|rest| rest.split(" (").next()).map_or_else(String::new, |word| word.trim().to_owned())
        };
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| (None, line.to_owned()));
        Ok(Spoken {
            protocol: file.protocol,
            connection: named("connection:"),
            client: named("client:"),
            server: named("server:"),
            lines: lines.collect(),
            cut: text.lines().last().is_some_and(|line| line.starts_with('#') && line.ends_with("left out")),
        })
    });
    spoken.collect()
}

/// The packets of the folder's capture; none if there is no capture. What a damaged file holds up to its fault is shown.
///
/// # Errors
/// The file cannot be read, or is no capture.
pub fn packets_of_folder(dir: &Path, directory: Directory) -> Result<Option<Observed>, ReportError> {
    let path = dir.join("capture.pcapng");
    if !path.is_file() {
        return Ok(None);
    }
    let file = File::open(&path).map_err(ReportError::io("read", &path))?;
    let mut reader = PcapNgReader::new(BufReader::new(file))
        .map_err(|error| ReportError::damaged(&path, 1, format!("not a capture: {error}")))?;
    let mut reel = Reel::default();
    let mut left = MOST_OCTETS;
    while let Some(Ok((block, _))) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block {
            take(&packet, &directory, &mut reel, &mut left);
        }
    }
    Ok(Some(Observed { reel, directory }))
}

fn take(packet: &EnhancedPacketBlock<'_>, directory: &Directory, reel: &mut Reel, left: &mut usize) {
    let Ok(sliced) = SlicedPacket::from_ip(&packet.data) else { return };
    let (from, to): (IpAddr, IpAddr) = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(NetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(NetSlice::Arp(_)) | None => return,
    };
    reel.packets += 1;
    reel.events += 1;
    count(&sliced, reel);
    if reel.seen.len() >= MOST_PACKETS {
        return;
    }
    let start = i128::from(directory.start().0) * 1_000_000_000;
    let since = i128::try_from(packet.timestamp.as_nanos()).unwrap_or(0) - start;
    let comments = packet.options.iter().filter_map(|option| {
        let EnhancedPacketOption::Common(CommonOption::Comment(text)) = option else { return None };
        Some(text.to_string())
    });
    let comments: Vec<String> = comments.collect();
    let conn = comments.iter().find_map(|text| conn(text.strip_prefix("connection ")?, directory));
    let kept = if packet.data.len() <= *left { packet.data.len() } else { packet.data.len().min(96) };
    *left = left.saturating_sub(kept);
    let shot = Shot {
        to: directory.host_at(to),
        arrived: None,
        length: packet.original_len,
        octets: packet.data[..kept].to_vec(),
        comments,
    };
    reel.seen.push(Seen {
        at: SimTime::from_nanos(u64::try_from(since).unwrap_or(0)),
        host: directory.host_at(from).unwrap_or(HostId(0)),
        kind: Kind::Packet,
        text: String::new(),
        thread: None,
        conn,
        shot: Some(shot),
    });
}

fn count(sliced: &SlicedPacket<'_>, reel: &mut Reel) {
    let (ports, octets) = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => ((tcp.source_port(), tcp.destination_port()), tcp.payload().len()),
        Some(TransportSlice::Udp(udp)) => ((udp.source_port(), udp.destination_port()), udp.payload().len()),
        Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_)) | None => {
            let count: &mut Count = reel.counts.entry("icmp").or_default();
            count.packets += 1;
            return;
        }
    };
    let name = protocol_of_port(ports.1).or_else(|| protocol_of_port(ports.0)).unwrap_or("other");
    let count = reel.counts.entry(name).or_default();
    count.packets += 1;
    count.messages += u64::from(octets > 0);
    count.octets += octets as u64;
}

/// The connection called `HOST#N`.
fn conn(name: &str, directory: &Directory) -> Option<ConnId> {
    let (host, number) = name.rsplit_once('#')?;
    let place = directory.hosts().iter().position(|entry| entry.name == host)?;
    Some(ConnId { host: HostId(u32::try_from(place).ok()?), number: number.parse().ok()? })
}
