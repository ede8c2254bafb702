//! The keys that steer a run: `faults`, `run`, `limits`, `outputs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::capture::Capture;
use super::link::{Bursts, Codel, Red};
use super::quantity::{Chance, Duration, Queue, Rate, Size, Spread};
use super::windows::Cwnd;

/// Something that breaks for a while: a `host`, one `port` of it, a `link`, or what is
/// between a `partition` and the rest; or one of these with a `change` of its properties.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// When it goes down; with `mean_up` when it is up for the first time: the first outage begins a random up time later. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Duration>,
    /// For how long. Default: for good.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Duration>,
    /// The host that loses its power.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The link that carries nothing, by its name ("A--B").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Only this TCP and UDP port of the host: connections to it are refused; established ones go on.
    /// With `change` it works badly instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Hosts and sites that are cut off from the rest: all links between are down. A name that is both means the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Vec<String>>,
    /// Properties that the link, or each link of the host, has instead of its own; with `port`, those of
    /// one more stage that the packets to and from that port pass at the host. It is not down then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<LinkChange>,
    /// Time that each request of the host takes instead of its own; it is not down then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing: Option<Spread>,
    /// The mail server that is told, as by an operator, to try at once what waits in its queue. Nothing breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush: Option<String>,
    /// With `flush`: only what goes to this domain. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// With `flush`: only what this address, or somebody of this domain, sent. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Time from one begin to the next, above `for`. Default: only once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// Instead of `for` and `every`: mean time from a repair to the next failure, exponential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_up: Option<Duration>,
    /// With `mean_up`: mean time to repair, exponential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_down: Option<Duration>,
    /// With `every` or `mean_up`: it does not begin again after this; not before `at`. Default: the end of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// Properties that a link, or the stage of a service, has for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkChange {
    /// The direction concerned; of a host's links, "forward" leads away from it, of a service to it. Default: both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Way>,
    /// Transmission rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Propagation delay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
    /// How much may wait; packets that wait already stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// Largest packet; not for a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<Size>,
    /// Probability of loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Chance>,
    /// Every n-th packet with data is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_every: Option<u32>,
    /// Loss in bursts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bursts: Option<Bursts>,
    /// What comes on top of the delay, drawn for each packet: "exponential 5ms".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Spread>,
    /// Parameters of random early detection, for a link that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub red: Option<Red>,
    /// Parameters of controlled delay, for a link that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codel: Option<Codel>,
    /// Probability of damage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corruption: Option<Chance>,
    /// Probability of a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplication: Option<Chance>,
}

/// A direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From the first end to the second.
    Forward,
    /// From the second end to the first.
    Reverse,
}

/// Seed and end of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Seed of all random numbers: the same seed gives the same run. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// When the run ends. Default: one hour after the last thing that this file schedules. Messages
    /// without an end of their own are then written for one hour, and the run goes on for another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// Bounds that stop a run (exit status 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Events in all. Default: 100000000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Events at one instant. Default: 1000000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_per_instant: Option<u64>,
    /// Messages composed. Default: 1000000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// Recipients of one message. Default: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u64>,
    /// Hosts and routers, the added ones included. Default: 10000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<u64>,
    /// Size of one message with its header. Default: "10MB".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_size: Option<Size>,
    /// Memory of the simulator. Default: "4GiB".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// Real time that the run may take. Default: "10min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_clock: Option<Duration>,
}

/// Which optional files the run writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Outputs {
    /// The whole trace, events.jsonl. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<bool>,
    /// Dialogues, transcripts/. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcripts: Option<bool>,
    /// Figures, charts/. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charts: Option<bool>,
    /// The run on one page, report.html. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<bool>,
    /// Packets for Wireshark, capture.pcapng. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// Windows of TCP senders, one row for each change, tables/cwnd.csv. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwnd: Option<Cwnd>,
}
