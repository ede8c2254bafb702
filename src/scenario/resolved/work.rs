//! What users and hosts do, and when.

use std::sync::Arc;

use super::DeviceSpec;
use crate::app::user::{Extras, Manner, Means, Rhythm, Step, Traits};
use crate::app::web::Ways;
use crate::base::{DataSize, Dist, HostId, SimDuration, SimTime};
use crate::proto::dns::Rtype;
use crate::proto::http::Url;

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
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Somebody writes a message.
    Message(MessageWork),
    /// Somebody fetches mail.
    Read(ReadWork),
    /// Somebody writes messages at random.
    Poisson(PoissonWork),
    /// A host looks up a name.
    Lookup(LookupWork),
    /// Clients on a host look up names.
    Lookups(LookupsWork),
    /// Somebody sits down to the mail.
    Session(SessionWork),
    /// Somebody goes by habits.
    People(PeopleWork),
    /// Somebody visits a page.
    Browse(BrowseWork),
}

/// Somebody writes a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// When.
    pub schedule: Schedule,
    /// Index into [`Resolved::users`](super::Resolved::users).
    pub from: usize,
    /// On which host.
    pub on: HostId,
    /// Recipients' addresses, without repetitions, never empty; they need not exist.
    pub to: Arc<[String]>,
    /// Subject, `""` when none was given.
    pub subject: Arc<str>,
    /// Text.
    pub body: Body,
    /// What else it has.
    pub extras: Option<Arc<Extras>>,
}

/// The text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// These lines.
    Lines(Arc<[String]>),
    /// Made-up lines, so many bytes in all (line ends included).
    Bytes(DataSize),
}

/// Somebody fetches mail.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// When, the user's own part of `spread` included.
    pub schedule: Schedule,
    /// Index into [`Resolved::users`](super::Resolved::users).
    pub user: usize,
    /// On which host.
    pub on: HostId,
    /// How.
    pub manner: Manner,
}

/// Somebody sits down to the mail.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// When, the user's own part of `spread` included.
    pub schedule: Schedule,
    /// Index into [`Resolved::users`](super::Resolved::users).
    pub user: usize,
    /// On which host.
    pub on: HostId,
    /// How.
    pub means: Means,
    /// What is done.
    pub steps: Arc<[Step]>,
}

/// Somebody reads, answers and writes mail by habit.
#[derive(Clone, Debug, PartialEq)]
pub struct PeopleWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// Index into [`Resolved::users`](super::Resolved::users).
    pub user: usize,
    /// The user's own place, which the streams of these habits are named after.
    pub own: DeviceSpec,
    /// On which hosts and how, with the weights of their sessions.
    pub devices: Arc<[(DeviceSpec, f64)]>,
    /// Begin of the habits.
    pub at: SimTime,
    /// Their end.
    pub until: SimTime,
    /// When there are sessions.
    pub rhythm: Rhythm,
    /// What is done in them.
    pub traits: Arc<Traits>,
    /// Indices of those to whom new messages go, ascending; a user who is one of them does not write to himself.
    pub to: Arc<[usize]>,
    /// Those of them in the user's domain.
    pub colleagues: Arc<[usize]>,
    /// Subject of new messages, `""` when none was given.
    pub subject: Arc<str>,
    /// Their text.
    pub body: Body,
    /// What else they have.
    pub extras: Option<Arc<Extras>>,
}

/// Somebody writes messages as a Poisson process: exponential gaps before the first and
/// between all, drawn from the sender's own stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoissonWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// Index into [`Resolved::users`](super::Resolved::users).
    pub from: usize,
    /// On which host.
    pub on: HostId,
    /// Indices into [`Resolved::users`](super::Resolved::users), ascending, shared by all senders of the entry; a
    /// sender who is one of them does not write to himself.
    pub to: Arc<[usize]>,
    /// Mean time between two messages of this sender; above zero.
    pub mean_gap: SimDuration,
    /// Whether all senders of the entry share one process.
    pub together: bool,
    /// Begin of the process.
    pub at: SimTime,
    /// End of the process.
    pub until: SimTime,
    /// Subject, `""` when none was given.
    pub subject: Arc<str>,
    /// Text.
    pub body: Body,
    /// What else they have.
    pub extras: Option<Arc<Extras>>,
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
    pub rtype: Rtype,
    /// Whether the Web server at the address is called.
    pub web: bool,
}

/// Clients on a host look up names, each as a renewal process of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupsWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// Begin, end, and look-ups of each client; `every` is none.
    pub schedule: Schedule,
    /// Their host.
    pub on: HostId,
    /// How many they are; above zero.
    pub clients: u32,
    /// The time between two look-ups of a client.
    pub gap: Dist,
    /// The first look-up comes after an own part of this; none: after a gap.
    pub spread: Option<SimDuration>,
    /// Absolute names without the final dot, the most popular first, never empty; shared by all hosts of the entry.
    pub names: Arc<[String]>,
    /// Exponent of their popularity, zero or above.
    pub zipf: f64,
    /// Type asked for.
    pub rtype: Rtype,
    /// Whether each client has a cache of its own.
    pub cache: bool,
    /// Whether the Web server at the address is called.
    pub web: bool,
}

/// Somebody visits a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowseWork {
    /// Index of the entry in the file's workload.
    pub entry: usize,
    /// When, the host's own part of `spread` included.
    pub schedule: Schedule,
    /// On which host.
    pub on: HostId,
    /// The page.
    pub url: Arc<Url>,
    /// How the browser uses connections.
    pub ways: Ways,
}
