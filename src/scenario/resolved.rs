//! A scenario in which every value is known and checked: what the builder of a world reads.
//!
//! Models the meaning of a scenario file after all defaults were filled in and all names
//! were looked up: hosts are handles, quantities are typed, DNS names are absolute. No
//! value here can be wrong, so building a world from it cannot fail. How the file was
//! written is left out; [`Resolved::to_json`] gives the complete file in schema form.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::schema::Scenario;
use crate::base::{DataRate, DataSize, HostId, Probability, SimDuration, SimTime, UnixTime};

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
    /// Zones and who serves and resolves them.
    pub dns: DnsSpec,
    /// Mail domains in name order.
    pub domains: Vec<DomainSpec>,
    /// Mail users in the order of their addresses.
    pub users: Vec<UserSpec>,
    /// What users and hosts do, in file order; entries for many users are one item a user.
    pub workload: Vec<Work>,
    /// Outages, in file order.
    pub faults: Vec<FaultSpec>,
    /// Seed and end of the run.
    pub run: RunSpec,
    /// Bounds that stop a run.
    pub limits: LimitSpec,
    /// What the results are compared with, in file order.
    pub expect: Vec<ExpectSpec>,
    /// Which optional files are written.
    pub outputs: OutputSpec,
    pub(super) complete: Scenario,
}

/// A host or router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSpec {
    /// Domain name in lower case, without the final dot.
    pub name: String,
    /// Its one IPv4 address.
    pub address: Ipv4Addr,
    /// The site to which it belongs.
    pub site: String,
    /// Whether it only forwards and runs no application.
    pub router: bool,
    /// The recursive resolvers its stub resolver asks, first to last; empty: it cannot look up names.
    pub resolvers: Vec<HostId>,
}

/// A duplex link, the same in both directions.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSpec {
    /// Its name, unique among links.
    pub name: String,
    /// First and second end.
    pub ends: [HostId; 2],
    /// The properties of each direction.
    pub config: LinkConfig,
}

/// The properties of one direction of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkConfig {
    /// Transmission rate; `None`: no serialization delay.
    pub rate: Option<DataRate>,
    /// Propagation delay.
    pub delay: SimDuration,
    /// Where drop-tail begins.
    pub queue: QueueLimit,
    /// Probability that a packet is lost on the way, each by itself.
    pub loss: Probability,
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
    /// Maximum segment size, bytes of payload.
    pub mss: u16,
    /// Initial congestion window, in segments (RFC 6928).
    pub initial_window: u32,
    /// Receive buffer, bytes; at most 65,535 as there is no window scaling.
    pub receive_window: u32,
    /// Repetitions of a SYN before the connection fails.
    pub syn_retries: u32,
    /// Repetitions of a data segment before the connection fails.
    pub data_retries: u32,
    /// Retransmission time-out before the first measurement (RFC 6298 2.1).
    pub initial_rto: SimDuration,
    /// Least retransmission time-out (RFC 6298 2.4).
    pub min_rto: SimDuration,
    /// Greatest retransmission time-out (RFC 6298 2.5).
    pub max_rto: SimDuration,
}

/// The name system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsSpec {
    /// All zones in name order; the root is `"."`.
    pub zones: Vec<ZoneSpec>,
    /// Authoritative servers in host order.
    pub servers: Vec<NameServerSpec>,
    /// Hosts with a recursive resolver, in host order; none of them is an authoritative server.
    pub resolvers: Vec<HostId>,
    /// The root servers that resolvers know from the beginning, in host order.
    pub roots: Vec<HostId>,
}

/// An authoritative name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameServerSpec {
    /// Where it runs.
    pub host: HostId,
    /// Indices into [`DnsSpec::zones`], ascending, never empty.
    pub zones: Vec<usize>,
}

/// A zone: its own records, delegations and glue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSpec {
    /// Apex without the final dot; the root is `"."`.
    pub name: String,
    /// Records in file order; exactly one SOA, at the apex.
    pub records: Vec<RecordSpec>,
}

/// A resource record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSpec {
    /// Owner: an absolute name without the final dot; the root is `"."`.
    pub name: String,
    /// Time to live, seconds.
    pub ttl_s: u32,
    /// Type and data.
    pub data: RecordData,
}

/// A record's type and data. Names are absolute, without the final dot; the root is `"."`.
/// Displayed in master-file form (RFC 1035 section 5.1), where names have the final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// IPv4 address.
    A(Ipv4Addr),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Name server.
    Ns(String),
    /// Canonical name.
    Cname(String),
    /// Pointer.
    Ptr(String),
    /// Mail exchanger.
    Mx {
        /// Lower is tried first.
        preference: u16,
        /// The host that takes the mail.
        exchange: String,
    },
    /// Text: character strings of at most 255 octets each, at least one.
    Txt(Vec<String>),
    /// Start of authority.
    Soa {
        /// Primary server.
        mname: String,
        /// Mailbox of the person responsible, as a domain name.
        rname: String,
        /// Version of the zone.
        serial: u32,
        /// Seconds between a secondary's checks.
        refresh: u32,
        /// Seconds before a failed check is repeated.
        retry: u32,
        /// Seconds after which a secondary gives up.
        expire: u32,
        /// Seconds for which a negative answer may be kept (RFC 2308).
        minimum: u32,
    },
}

/// A record type that a scenario may hold or ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the types' mnemonics")]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    Txt,
}

/// A mail domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSpec {
    /// The part behind the `@`.
    pub name: String,
    /// Where its mail server runs; several domains may share one.
    pub server: HostId,
    /// How the server speaks.
    pub dialect: Dialect,
    /// When the server tries again and when it gives up; equal for all domains of one server.
    pub retry: RetrySpec,
    /// Indices into [`Resolved::users`], ascending.
    pub users: Vec<usize>,
    /// Hosts that may hand in mail for other domains: the users' hosts, ascending.
    pub relay_from: Vec<HostId>,
}

/// The manner of speech of a mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 5321: EHLO, falling back to HELO; `MAIL FROM:<...>`.
    #[default]
    Rfc5321,
    /// The dialogue of the textbook lecture: HELO, `MAIL FROM: <...>` with its space.
    Lecture,
}

/// The retry policy of a mail queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySpec {
    /// Time from the begin of one attempt to the next; above zero.
    pub every: SimDuration,
    /// Age at which a message is returned to its sender.
    pub lifetime: SimDuration,
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
    /// The user's computer.
    pub host: HostId,
    /// The server that takes this user's outgoing mail and keeps the mailbox.
    pub server: HostId,
}

/// When something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// First time.
    pub at: SimTime,
    /// Time between repetitions, above zero; `None`: only once.
    pub every: Option<SimDuration>,
    /// How often in all; `None`: until `until`.
    pub times: Option<u64>,
    /// No repetition later than this.
    pub until: SimTime,
}

/// One thing that a user or a host does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Somebody writes a message.
    Message(MessageWork),
    /// Somebody fetches mail.
    Read(ReadWork),
    /// Somebody writes messages at random.
    Poisson(PoissonWork),
    /// A host looks up a name.
    Lookup(LookupWork),
}

/// Somebody writes a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// When.
    pub schedule: Schedule,
    /// Index into [`Resolved::users`].
    pub from: usize,
    /// On which host.
    pub on: HostId,
    /// Recipients' addresses, without repetitions, never empty; they need not exist.
    pub to: Vec<String>,
    /// Subject, `""` when none was given.
    pub subject: String,
    /// Text.
    pub body: Body,
}

/// The text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// These lines.
    Lines(Vec<String>),
    /// Made-up lines, so many bytes in all (line ends included).
    Bytes(DataSize),
}

/// Somebody fetches mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// When, the user's own part of `spread` included.
    pub schedule: Schedule,
    /// Index into [`Resolved::users`].
    pub user: usize,
    /// On which host.
    pub on: HostId,
    /// How.
    pub mode: ReadMode,
}

/// How mail is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadMode {
    /// POP3, download and delete.
    Pop3,
    /// POP3, download and keep.
    Pop3Keep,
}

/// Somebody writes messages as a Poisson process: exponential gaps before the first and
/// between all, drawn from the sender's own stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoissonWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// Index into [`Resolved::users`].
    pub from: usize,
    /// On which host.
    pub on: HostId,
    /// Indices into [`Resolved::users`], ascending, shared by all senders of the entry; see
    /// [`PoissonWork::recipient`].
    pub to: Arc<[usize]>,
    /// Mean time between two messages of this sender; above zero.
    pub mean_gap: SimDuration,
    /// Begin of the process.
    pub at: SimTime,
    /// End of the process.
    pub until: SimTime,
    /// Subject, `""` when none was given.
    pub subject: String,
    /// Text.
    pub body: Body,
}

impl PoissonWork {
    /// Chooses a recipient other than the sender: `below(n)` draws a number in `0..n`.
    ///
    /// # Panics
    /// Never for a work that came out of a resolved scenario: it has a recipient.
    pub fn recipient(&self, below: impl FnOnce(u64) -> u64) -> usize {
        let own = self.to.binary_search(&self.from).ok();
        let others = self.to.len() - usize::from(own.is_some());
        let drawn = usize::try_from(below(others as u64)).expect("an index");
        self.to[drawn + usize::from(own.is_some_and(|own| drawn >= own))]
    }
}

/// A host looks up a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// When.
    pub schedule: Schedule,
    /// The host that asks its resolver.
    pub on: HostId,
    /// Absolute name without the final dot.
    pub name: String,
    /// Type asked for.
    pub rtype: RecordType,
}

/// Something is down for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultSpec {
    /// From here on.
    pub at: SimTime,
    /// Until here; [`SimTime::NEVER`]: for good.
    pub until: SimTime,
    /// What.
    pub target: FaultTarget,
}

/// What is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// A host.
    Host(HostId),
    /// Both directions of a link, by its index in [`Resolved::links`].
    Link(usize),
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

/// A comparison of one metric with what is expected; at least one bound is given.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectSpec {
    /// Flat name, such as `messages.delivered`.
    pub metric: String,
    /// Exactly this, or within `tolerance` of it.
    pub equals: Option<f64>,
    /// Distance from `equals` that is still equal; zero or above.
    pub tolerance: f64,
    /// Not below.
    pub at_least: Option<f64>,
    /// Not above.
    pub at_most: Option<f64>,
}

/// Which optional files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputSpec {
    /// `events.jsonl`.
    pub events: bool,
    /// `transcripts/`.
    pub transcripts: bool,
    /// `charts/`.
    pub charts: bool,
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
        let mut text = serde_json::to_string_pretty(&self.complete).expect("a scenario is plain data");
        text.push('\n');
        text
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

pub(super) fn host_index(hosts: &[HostSpec], name: &str) -> Option<HostId> {
    let index = hosts.binary_search_by(|host| host.name.as_str().cmp(name)).ok()?;
    u32::try_from(index).ok().map(HostId)
}

impl RecordType {
    /// All types with their mnemonics.
    pub const ALL: [(&'static str, Self); 8] = [
        ("A", Self::A),
        ("AAAA", Self::Aaaa),
        ("CNAME", Self::Cname),
        ("MX", Self::Mx),
        ("NS", Self::Ns),
        ("PTR", Self::Ptr),
        ("SOA", Self::Soa),
        ("TXT", Self::Txt),
    ];

    /// The type of that mnemonic, in capitals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, rtype)| *rtype)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = Self::ALL.iter().find(|(_, rtype)| rtype == self).expect("all types are listed");
        f.write_str(name)
    }
}

impl RecordData {
    /// The type of the record.
    #[must_use]
    pub const fn rtype(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Ns(_) => RecordType::Ns,
            Self::Cname(_) => RecordType::Cname,
            Self::Ptr(_) => RecordType::Ptr,
            Self::Mx { .. } => RecordType::Mx,
            Self::Txt(_) => RecordType::Txt,
            Self::Soa { .. } => RecordType::Soa,
        }
    }
}

/// A name with its final dot.
struct Dotted<'a>(&'a str);

impl fmt::Display for Dotted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == "." { f.write_str(".") } else { write!(f, "{}.", self.0) }
    }
}

impl fmt::Display for RecordData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => address.fmt(f),
            Self::Aaaa(address) => address.fmt(f),
            Self::Ns(name) | Self::Cname(name) | Self::Ptr(name) => Dotted(name).fmt(f),
            Self::Mx { preference, exchange } => write!(f, "{preference} {}", Dotted(exchange)),
            Self::Txt(strings) => {
                let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
                f.write_str(&strings.iter().map(quoted).collect::<Vec<_>>().join(" "))
            }
            Self::Soa { mname, rname, serial, refresh, retry, expire, minimum } => {
                let (mname, rname) = (Dotted(mname), Dotted(rname));
                write!(f, "{mname} {rname} {serial} {refresh} {retry} {expire} {minimum}")
            }
        }
    }
}
