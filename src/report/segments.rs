//! An observer that records the segments of one connection, for the chart of sequence numbers.
//!
//! It keeps what the chosen end sends (on the first link of the way), what is lost of that
//! anywhere, and the acknowledgements that come back to it (off the last link). Segments between
//! programs of one host go over no link and are not seen. Beyond a limit nothing more is kept.

use super::charts::{SegmentRecord, SegmentSent};
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::trace::{NetTrace, Observer, PacketInfo, Trace, TraceEvent};

/// Segments and acknowledgements that are kept, each.
const MOST: usize = 400_000;

/// Records one end of one connection.
#[derive(Debug)]
pub struct SegmentRecorder {
    directory: Directory,
    /// The connection and the sending host, when both are known.
    wanted: Option<(ConnId, HostId)>,
    /// The sequence number after the last octet sent.
    next: u64,
    record: SegmentRecord,
}

impl SegmentRecorder {
    /// Records what the end at the host `sender` of the connection of that name does.
    #[must_use]
    pub fn new(directory: Directory, connection: &str, sender: &str) -> Self {
        let record =
            SegmentRecord { connection: connection.to_owned(), sender: sender.to_owned(), ..SegmentRecord::default() };
        let host = |name: &str| {
            let index = directory.hosts().iter().position(|host| host.name == name)?;
            u32::try_from(index).ok().map(HostId)
        };
        let wanted = connection.rsplit_once('#').and_then(|(opener, number)| {
            let conn = ConnId { host: host(opener)?, number: number.parse().ok()? };
            Some((conn, host(sender)?))
        });
        Self { directory, wanted, next: 0, record }
    }

    /// What was recorded.
    #[must_use]
    pub fn finish(self) -> SegmentRecord {
        self.record
    }

    /// Whether the packet belongs to the connection, and whether the sender sent it.
    fn own(&self, packet: &PacketInfo) -> Option<bool> {
        let (conn, sender) = self.wanted?;
        let tcp = packet.tcp?;
        (tcp.conn == Some(conn)).then(|| self.directory.host_at(packet.src.addr) == Some(sender))
    }
}

impl Observer for SegmentRecorder {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        let Trace::Net(net) = event.what else { return };
        let (NetTrace::Sent { packet, .. } | NetTrace::Arrived { packet, .. } | NetTrace::Dropped { packet, .. }) = net;
        let (Some(own), Some(tcp), Some((_, sender))) = (self.own(&packet), packet.tcp, self.wanted) else { return };
        if self.record.sent.len() >= MOST || self.record.acked.len() >= MOST {
            self.record.cut = true;
            return;
        }
        match net {
            NetTrace::Sent { .. } if own && event.host == sender && tcp.len > 0 => {
                let again = tcp.seq < self.next;
                self.next = self.next.max(tcp.seq + u64::from(tcp.len));
                self.record.sent.push(SegmentSent { at: event.at, seq: tcp.seq, len: tcp.len, again });
            }
            NetTrace::Arrived { .. } if !own && event.host == sender => {
                self.record.acked.extend(tcp.ack.map(|ack| (event.at, ack)));
            }
            NetTrace::Dropped { .. } if own && tcp.len > 0 => self.record.lost.push((event.at, tcp.seq)),
            NetTrace::Sent { .. } | NetTrace::Arrived { .. } | NetTrace::Dropped { .. } => {}
        }
    }
}
