//! The network's description: nodes, links, and the parameters of TCP.
//!
//! Links are point to point and duplex; each direction has its own rate, delay, queue and
//! troubles. A node has an IPv4 address, an IPv6 address or both, and both families take the same
//! links: a router forwards either, whatever addresses it has. Left out: shared media,
//! link-layer headers and several interfaces with addresses of their own, none of which mail can
//! tell apart.

use std::num::NonZeroU32;

use crate::base::{Addresses, DataRate, Dist, Family, HostId, Probability, SimDuration};

/// The whole network. A node's index is its [`HostId`]; link `n` has the directions `2n`
/// (first end to second) and `2n + 1`.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Hosts and routers.
    pub nodes: Vec<NodeConfig>,
    /// Duplex links.
    pub links: Vec<LinkConfig>,
    /// Parameters of every host's TCP.
    pub tcp: TcpConfig,
}

/// A host or router.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its name, unique.
    pub name: String,
    /// Its addresses, at least one, each unique.
    pub addresses: Addresses,
    /// Whether it forwards packets that are not for itself.
    pub router: bool,
}

/// A duplex link.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Its name, unique: it names the link's random streams.
    pub name: String,
    /// The two nodes that it joins.
    pub ends: [HostId; 2],
    /// From the first end to the second, and back.
    pub directions: [LinkDirConfig; 2],
}

/// One direction of a link. By default it is ideal: nothing takes time, nothing is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkDirConfig {
    /// Transmission rate; none: serialization takes no time, and nothing ever waits.
    pub rate: Option<DataRate>,
    /// Propagation delay.
    pub delay: SimDuration,
    /// Room for packets that wait to be sent.
    pub queue: QueueLimit,
    /// Who is turned away or dropped before that room is full.
    pub discipline: Discipline,
    /// Largest packet, IP header included; a larger one is dropped and reported. None: any size goes.
    pub mtu: Option<u32>,
    /// Each packet is lost with this probability (Bernoulli), after it took its time on the line.
    pub loss: Probability,
    /// Every n-th packet that carries data is lost, besides `loss`: the regular loss of Mathis et
    /// al. 1997. It is counted over the link direction, repetitions included; segments without
    /// data and ICMP messages pass.
    pub loss_every: Option<NonZeroU32>,
    /// Loss in bursts, besides `loss`.
    pub bursts: Option<Bursts>,
    /// Each packet is damaged with this probability: it travels on, and the checksum at its
    /// destination finds it out.
    pub corruption: Probability,
    /// Each packet that the queue took is followed by a copy of itself with this probability.
    pub duplication: Probability,
    /// Propagation delay that comes on top, drawn for each packet.
    pub jitter: Option<Jitter>,
}

/// The queue discipline of a link direction. All are FIFO; they differ in what they drop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Discipline {
    /// Whoever finds no room is turned away.
    #[default]
    DropTail,
    /// Random early detection (Floyd and Jacobson 1993).
    Red(RedConfig),
    /// Controlled delay (RFC 8289).
    Codel(CodelConfig),
}

/// Parameters of RED, in the paper's names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RedConfig {
    /// Average queue, in packets, from which on packets are marked or dropped.
    pub min_th: f64,
    /// Average queue, in packets, from which on every packet is dropped; above `min_th`.
    pub max_th: f64,
    /// Probability of marking when the average queue comes near `max_th`.
    pub max_p: f64,
    /// Weight of the present queue in its moving average, above 0 and at most 1.
    pub weight: f64,
}

impl Default for RedConfig {
    /// The paper's recommendations (sections 6 and 8), as Floyd amended them in 1997
    /// ("max_p 0.1, maxthresh three times minthresh").
    fn default() -> Self {
        Self { min_th: 5.0, max_th: 15.0, max_p: 0.1, weight: 0.002 }
    }
}

/// Parameters of `CoDel` (RFC 8289 4.2, 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodelConfig {
    /// Acceptable wait in the queue.
    pub target: SimDuration,
    /// Time for which the wait must be above the target before anything is dropped.
    pub interval: SimDuration,
}

impl Default for CodelConfig {
    fn default() -> Self {
        Self { target: SimDuration::from_millis(5), interval: SimDuration::from_millis(100) }
    }
}

/// Loss in bursts: the chain of Gilbert (1960) and Elliott (1963), one step a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// Probability of a step from the good state to the bad one.
    pub to_bad: Probability,
    /// Probability of a step back; its reciprocal is the mean length of a bad spell in packets.
    pub to_good: Probability,
    /// Probability of loss in the good state.
    pub loss_good: Probability,
    /// Probability of loss in the bad state.
    pub loss_bad: Probability,
}

/// Variation of the propagation delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    /// What comes on top of the delay.
    pub extra: Dist,
    /// Whether a packet may overtake the one before it. If not, it arrives right after it.
    pub reorder: bool,
}

/// The buffer of a link direction: drop-tail, the packet in service not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueLimit {
    /// Nothing is ever turned away.
    #[default]
    Unlimited,
    /// So many packets may wait.
    Packets(u32),
    /// So many bytes may wait.
    Bytes(u64),
}

/// How the congestion window grows and shrinks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CongestionControl {
    /// RFC 5681 and 6582: a segment more a round trip, half at a loss.
    #[default]
    NewReno,
    /// RFC 9438: along a cubic curve around the window of the last loss, 0.7 at a loss.
    Cubic,
}

/// Parameters of TCP.
#[derive(Clone, Copy, Debug)]
pub struct TcpConfig {
    /// Maximum segment size over IPv4: octets of data in a segment (RFC 9293 3.7.1). See
    /// [`TcpConfig::mss_over`] for IPv6.
    pub mss: u32,
    /// Initial congestion window, in segments (RFC 6928 2).
    pub initial_window: u32,
    /// Congestion control.
    pub congestion: CongestionControl,
    /// Receive buffer and thus largest window, in octets; at most 65535 without `window_scale`.
    pub receive_window: u32,
    /// How long an acknowledgement may wait for company (RFC 1122 4.2.3.2: less than 0.5 s);
    /// zero: each segment is acknowledged at once.
    pub delayed_ack: SimDuration,
    /// Nagle's algorithm (RFC 1122 4.2.3.4): no short segment while anything is unacknowledged.
    pub nagle: bool,
    /// The sender's part of silly-window avoidance (RFC 9293 3.8.6.2.1): a window's odd end is
    /// not used. The receiver's part is always on.
    pub silly_window_avoidance: bool,
    /// Selective acknowledgements (RFC 2018) and recovery by them (RFC 6675).
    pub sack: bool,
    /// Losses found by time, and tail loss probes (RFC 8985); takes `sack`.
    pub rack: bool,
    /// Limited transmit (RFC 3042): the first two duplicates let a new segment go each. With
    /// SACK it is a part of RFC 6675.
    pub limited_transmit: bool,
    /// The window scale option (RFC 7323 2), offered when the receive buffer is above 65535.
    pub window_scale: bool,
    /// Timestamps (RFC 7323 3): 12 octets less data in a segment.
    pub timestamps: bool,
    /// Repetitions of a SYN or SYN-ACK before giving up.
    pub syn_retries: u32,
    /// Handshakes under way that a listener keeps, further SYNs are dropped; none: any number.
    pub syn_backlog: Option<u32>,
    /// Repetitions of data in a row before giving up: R2 of RFC 9293 3.8.3 as a count. With
    /// RTO from 1 s doubling to 60 s, 15 give up after 663 s; RFC 9293 asks for at least 100 s.
    pub data_retries: u32,
    /// Explicit congestion notification (RFC 3168).
    pub ecn: bool,
    /// Idle time after which the peer is asked whether it lives (RFC 1122 4.2.3.6); none: never.
    pub keep_alive: Option<SimDuration>,
    /// How long data may wait to be acknowledged before the connection fails (RFC 9293 3.9.1),
    /// however many retries are left; none: only those count.
    pub user_timeout: Option<SimDuration>,
    /// RTO before the first measurement (RFC 6298 2.1).
    pub initial_rto: SimDuration,
    /// Smallest RTO (RFC 6298 2.4).
    pub min_rto: SimDuration,
    /// Largest RTO, backed off or not (RFC 6298 2.5: at least 60 s).
    pub max_rto: SimDuration,
    /// Maximum segment lifetime; TIME-WAIT lasts twice as long (RFC 9293 3.4.2).
    pub msl: SimDuration,
    /// The data segment there is marked on its first way.
    #[cfg(test)]
    pub mark_at: Option<u64>,
}

impl TcpConfig {
    /// The maximum segment size over that family. Over IPv6 it is 20 octets less, as the header is
    /// 20 longer (RFC 9293 3.7.1), so that a full packet is as long: 1460 and 1440 make 1500.
    #[must_use]
    pub fn mss_over(&self, family: Family) -> u32 {
        match family {
            Family::V4 => self.mss,
            Family::V6 => self.mss.saturating_sub(20).max(1),
        }
    }
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self {
            mss: 1460,
            initial_window: 10,
            congestion: CongestionControl::NewReno,
            receive_window: 65_535,
            delayed_ack: SimDuration::from_millis(40),
            nagle: false,
            silly_window_avoidance: false,
            sack: false,
            rack: false,
            limited_transmit: false,
            window_scale: true,
            timestamps: false,
            syn_retries: 5,
            syn_backlog: None,
            data_retries: 15,
            ecn: false,
            keep_alive: None,
            user_timeout: None,
            initial_rto: SimDuration::from_secs(1),
            min_rto: SimDuration::from_secs(1),
            max_rto: SimDuration::from_secs(60),
            msl: SimDuration::from_secs(120),
            #[cfg(test)]
            mark_at: None,
        }
    }
}
