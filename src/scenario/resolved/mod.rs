//! A scenario in which every value is known and checked: what the builder of a world reads.
//!
//! Models the meaning of a scenario file after all defaults were filled in and all names
//! were looked up: hosts are handles, quantities are typed, DNS names are absolute. No
//! value here can be wrong, so building a world from it cannot fail. How the file was
//! written is left out; [`Resolved::to_json`] gives the complete file in schema form.

mod dns;
mod expect;
mod work;

use std::collections::BTreeMap;

pub use dns::{DnsSpec, NameServerSpec, ResolverSpec, SecondarySpec, ZoneSpec};
pub use expect::{Bounds, CellIs, CellTest, ExpectSpec, Fold, KeySpec, MessageExpect, TranscriptExpect, What};
pub use work::{
    Body, BrowseWork, LookupWork, LookupsWork, MessageWork, PeopleWork, PoissonWork, ReadWork, Schedule, SessionWork,
    Work,
};

use super::schema::Scenario;
use crate::app::mail::{
    AddressBook, ConductConfig, ForwardConfig, LoopGuard, QueueConfig, Quota, ReportConfig, RetryPolicy, SmtpConfig,
    Transports, VacationConfig, WebmailConfig,
};
use crate::app::user::{Means, SubmissionConfig};
use crate::app::web::SiteConfig;
use crate::base::{Addresses, DataSize, Dist, HostId, SimDuration, SimTime, UnixTime};
use crate::net::{CongestionControl, LinkDirConfig, Policy, SessionLimit};
use crate::sim::Fault;

/// A complete, checked scenario.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Title, `""` when none was given.
    pub title: String,
    /// Description, one paragraph or line an entry.
    pub description: Vec<String>,
    /// Calendar time of t = 0.
    pub start: UnixTime,
    /// Hosts and routers in name order: `hosts[i]` is `HostId(i)`.
    pub hosts: Vec<HostSpec>,
    /// Duplex links in name order: link `i` has the directions `2i` and `2i + 1`.
    pub links: Vec<LinkSpec>,
    /// TCP of every host.
    pub tcp: TcpSpec,
    /// How the network behaves.
    pub policy: Policy,
    /// Zones and who serves and resolves them.
    pub dns: DnsSpec,
    /// Mail domains in name order.
    pub domains: Vec<DomainSpec>,
    /// Mail users in the order of their addresses.
    pub users: Vec<UserSpec>,
    /// What users and hosts do, in file order; entries for many users are one item a user.
    pub workload: Vec<Work>,
    /// The time that a request takes, for hosts where it takes any.
    pub processing: BTreeMap<HostId, Dist>,
    /// Connections that a port takes at a time, where the network sees to it.
    pub sessions: BTreeMap<(HostId, u16), SessionLimit>,
    /// Sessions that an SMTP server has at a time, where it answers others with 421.
    pub sessions_answered: BTreeMap<(HostId, u16), u32>,
    /// Web servers.
    pub web: BTreeMap<HostId, SiteConfig>,
    /// Faults, in file order.
    pub faults: Vec<Fault>,
    /// Seed and end of the run.
    pub run: RunSpec,
    /// Bounds that stop a run.
    pub limits: LimitSpec,
    /// What must be true of the results, in file order.
    pub expect: Vec<ExpectSpec>,
    /// Which optional files are written.
    pub outputs: OutputSpec,
    /// Where real clients come in.
    pub live: LiveSpec,
    /// What the file says to no effect.
    pub(super) remarks: Vec<String>,
    pub(super) complete: Scenario,
}

/// A host or router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSpec {
    /// Domain name in lower case, without the final dot.
    pub name: String,
    /// Its addresses, at least one.
    pub addresses: Addresses,
    /// The site to which it belongs.
    pub site: String,
    /// Whether it only forwards and runs no application.
    pub router: bool,
    /// The recursive resolvers its stub resolver asks, first to last; empty: it cannot look up names.
    pub resolvers: Vec<HostId>,
    /// Whether its stub resolvers keep what they learn.
    pub stub_cache: bool,
    /// Whether it has a Web server.
    pub web_server: bool,
}

/// A duplex link.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSpec {
    /// Its name, unique among links.
    pub name: String,
    /// First and second end.
    pub ends: [HostId; 2],
    /// The properties of the directions from the first end to the second, and back.
    pub directions: [LinkDirConfig; 2],
}

/// How much may wait for a link, the packet in transmission not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueLimit {
    /// Without bound.
    Unlimited,
    /// At most so many packets.
    Packets(u32),
    /// At most so many bytes of IP packets.
    Bytes(DataSize),
}

/// TCP's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSpec {
    /// Maximum segment size over IPv4, bytes of payload; over IPv6 20 less.
    pub mss: u16,
    /// Initial congestion window, in segments (RFC 6928).
    pub initial_window: u32,
    /// Receive buffer, bytes; at most 65,535 without window scaling.
    pub receive_window: u32,
    /// Repetitions of a SYN before the connection fails.
    pub syn_retries: u32,
    /// Handshakes under way at a listener; none: any number.
    pub syn_backlog: Option<u32>,
    /// Repetitions of a data segment before the connection fails.
    pub data_retries: u32,
    /// Retransmission time-out before the first measurement (RFC 6298 2.1).
    pub initial_rto: SimDuration,
    /// Least retransmission time-out (RFC 6298 2.4).
    pub min_rto: SimDuration,
    /// Greatest retransmission time-out (RFC 6298 2.5).
    pub max_rto: SimDuration,
    /// How long an acknowledgement may wait; zero: not at all.
    pub delayed_ack: SimDuration,
    /// Whether a short segment waits while anything is unacknowledged.
    pub nagle: bool,
    /// Whether a window's odd end is left unused.
    pub silly_window_avoidance: bool,
    /// Whether selective acknowledgements guide loss recovery.
    pub sack: bool,
    /// Whether losses are found by time, and probed for.
    pub rack: bool,
    /// Whether the first two duplicate acknowledgements let new segments go.
    pub limited_transmit: bool,
    /// Whether windows may be scaled.
    pub window_scale: bool,
    /// Whether segments have timestamps.
    pub timestamps: bool,
    /// Congestion control.
    pub congestion: CongestionControl,
    /// Idle time before the first keep-alive, if any.
    pub keep_alive: Option<SimDuration>,
    /// How long data may stay unacknowledged, if bounded.
    pub user_timeout: Option<SimDuration>,
    /// Whether congestion is notified explicitly.
    pub ecn: bool,
}

/// A mail domain.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainSpec {
    /// The part behind the `@`.
    pub name: String,
    /// Where its mail server runs; several domains may share one.
    pub server: HostId,
    /// The preference of the server's MX record.
    pub preference: u16,
    /// How the server works; equal for all domains of one server.
    pub settings: ServerSpec,
    /// Indices into [`Resolved::users`], ascending.
    pub users: Vec<usize>,
    /// Who gets mail for local parts that nobody has, if anybody does.
    pub catch_all: Option<CatchAllSpec>,
    /// What other addresses in the domain stand for.
    pub book: AddressBook,
    /// Servers that pass mail on to the domain's.
    pub relays: Vec<RelaySpec>,
    /// Hosts that may hand in mail for other domains: the users' hosts, ascending.
    pub relay_from: Vec<HostId>,
}

/// A server that takes mail for a domain and passes it on.
#[derive(Clone, Debug, PartialEq)]
pub struct RelaySpec {
    /// Where it runs.
    pub host: HostId,
    /// The preference of its MX record.
    pub preference: u16,
    /// Whether it knows which recipients there are.
    pub verify: bool,
    /// How it works; none where a domain whose server it is says that.
    pub settings: Option<ServerSpec>,
}

/// How a mail server works, whatever its domains.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSpec {
    /// How it speaks SMTP.
    pub smtp: SmtpConfig,
    /// When it tries again and when it gives up.
    pub retry: RetryPolicy,
    /// How it delivers what is in its queue.
    pub queue: QueueConfig,
    /// What it does to its clients besides serving them.
    pub conduct: ConductConfig,
    /// What it does against mail that goes round.
    pub loops: LoopGuard,
    /// Where it hands mail for elsewhere.
    pub transports: Transports,
    /// What it tells senders; the answers of users who are away stand with these.
    pub reports: ReportConfig,
    /// What stands between the levels of folder names in IMAP.
    pub separator: char,
    /// Whether and how it serves mailboxes to browsers.
    pub webmail: Option<WebmailConfig>,
    /// Whether its POP3 server offers APOP.
    pub apop: bool,
    /// Whether it has a cache of DNS answers.
    pub dns_cache: bool,
}

/// The mailbox for mail to local parts that nobody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchAllSpec {
    /// The address of the user whose mailbox it is.
    pub mailbox: String,
    /// Local parts that stay unknown, in lower case; `*` stands for any characters.
    pub except: Vec<String>,
}

/// A mail user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSpec {
    /// `local@domain`.
    pub address: String,
    /// The part before the `@`.
    pub local: String,
    /// Index into [`Resolved::domains`].
    pub domain: usize,
    /// The password at the mailbox server.
    pub password: String,
    /// How the user's mail is submitted.
    pub submission: SubmissionConfig,
    /// The user's computer.
    pub host: HostId,
    /// The server that takes this user's outgoing mail and keeps the mailbox.
    pub server: HostId,
    /// Where the user's mail goes instead of into the mailbox, or also.
    pub forward: Option<ForwardConfig>,
    /// How much the mailbox holds.
    pub quota: Quota,
    /// The name that messages show, if any.
    pub name: Option<String>,
    /// The answer of a user who is away.
    pub vacation: Option<VacationConfig>,
    /// How the user gets at the mailbox, unless the workload says otherwise.
    pub means: Means,
    /// The devices besides the computer, by name.
    pub devices: BTreeMap<String, DeviceSpec>,
}

/// A device of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// The host.
    pub host: HostId,
    /// How the user gets at the mailbox on it.
    pub means: Means,
}

/// Seed and end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSpec {
    /// Seed of all random streams.
    pub seed: u64,
    /// When the run ends.
    pub until: SimTime,
}

/// Bounds that stop a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSpec {
    /// Events in all.
    pub events: u64,
    /// Events at one instant.
    pub events_per_instant: u64,
    /// Messages composed.
    pub messages: u64,
    /// Recipients of one message.
    pub recipients: u64,
    /// Hosts and routers; checked already.
    pub hosts: u64,
    /// One message with its header.
    pub message_size: DataSize,
    /// Memory of the simulator.
    pub memory: DataSize,
    /// Real time of the run.
    pub wall_clock: SimDuration,
}

/// Where real clients come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSpec {
    /// The host on which they seem to run; none only when there is no host but routers.
    pub host: Option<HostId>,
    /// Hosts whose services are numbered first, in this order.
    pub first: Vec<HostId>,
}

/// Which optional files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSpec {
    /// `events.jsonl`.
    pub events: bool,
    /// `transcripts/`.
    pub transcripts: bool,
    /// `charts/`.
    pub charts: bool,
    /// `report.html`.
    pub report: bool,
    /// `capture.pcapng`.
    pub capture: Option<CaptureSpec>,
    /// `tables/cwnd.csv`.
    pub cwnd: Option<CwndSpec>,
}

/// Whose windows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CwndSpec {
    /// Only of senders on these hosts; all when empty.
    pub hosts: Vec<HostId>,
    /// Only of connections from or to one of these ports; all when empty.
    pub ports: Vec<u16>,
}

/// Which packets are captured, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSpec {
    /// The interfaces are directions of links, not hosts.
    pub by_link: bool,
    /// Only at these hosts, or on their links; everywhere when empty.
    pub hosts: Vec<HostId>,
    /// Only packets from or to these ports; all when empty.
    pub ports: Vec<u16>,
    /// Nothing before.
    pub from: SimTime,
    /// Nothing from then on; above `from`.
    pub until: SimTime,
}

impl Resolved {
    /// The complete scenario as a file would hold it: valid, resolving to itself, and giving the same run.
    ///
    /// # Panics
    /// Never: a scenario has only string keys and finite numbers.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.complete).expect("a scenario is plain data")
    }

    /// [`Resolved::to_json`] as text, keys in the order of the schema.
    ///
    /// # Panics
    /// Never, as [`Resolved::to_json`].
    #[must_use]
    pub fn to_json_text(&self) -> String {
        json_text(&self.complete)
    }

    /// [`Resolved::to_json_text`] of the same scenario with another seed. The seed may move what is resolved, but
    /// nothing in the file.
    ///
    /// # Panics
    /// Never, as [`Resolved::to_json`].
    #[must_use]
    pub fn to_json_text_with_seed(&self, seed: u64) -> String {
        let mut complete = self.complete.clone();
        complete.run.seed = Some(seed);
        json_text(&complete)
    }

    /// The host of that name.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<HostId> {
        host_index(&self.hosts, name)
    }

    /// The properties of a host.
    #[must_use]
    pub fn host_spec(&self, id: HostId) -> &HostSpec {
        &self.hosts[id.index()]
    }
}

fn json_text(complete: &Scenario) -> String {
    let mut text = serde_json::to_string_pretty(complete).expect("a scenario is plain data");
    text.push('\n');
    text
}

/// The host of that name among hosts in the order of their names.
#[must_use]
pub fn host_index(hosts: &[HostSpec], name: &str) -> Option<HostId> {
    let index = hosts.binary_search_by(|host| host.name.as_str().cmp(name)).ok()?;
    u32::try_from(index).ok().map(HostId)
}
