//! The form of a scenario file: every key, its type and its documentation.
//!
//! Checks form only (types, units, unknown keys); what the values mean together is checked
//! when the scenario is resolved. Everything is optional here: what is missing is filled
//! in. The JSON Schema for editors is generated from these types, so their documentation
//! is what a user reads while typing. Keys that begin with `x-` are comments and are gone
//! before these types are read.

mod capture;
mod dns;
mod expect;
mod host;
mod link;
mod live;
mod lookups;
mod mail;
mod message;
mod network;
mod people;
mod quantity;
mod resolver;
mod run;
mod scripted;
mod steps;
mod tcp;
mod web;
mod windows;
mod workload;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use capture::{Capture, CaptureChoice, InterfaceName};
pub use dns::{Change, Dns, FilePlace, Mode, NameServer, Record, Removal, SourceFile, Zone};
pub use expect::{Amount, Cell, CellBounds, Expect, Key, Transcript};
pub use host::{Host, Sessions, WhenFullName};
pub use link::{Bursts, Codel, Direction, Jitter, Link, LinkDefaults, Red};
pub use live::Live;
pub use lookups::{LookupArrivals, Lookups, ParetoGaps};
pub use mail::{
    AgeBounds, AgeFromName, Blocklist, CatchAll, Conduct, ConductRate, ConductRule, ConductThen, ConductWhen, Dead,
    Delivery, DeliveryPreset, Device, DialectName, DoubleBounces, Exponential, ExtensionName, GaugeName, Greylist,
    Imap, Limit, LimitedName, LoginName, MailDomain, MailingList, MeanwhileName, PerName, PostingName, Quota,
    QuotaAnswer, QuotaCheck, Relay, Reports, Retry, RetryPreset, SeparatorName, Smtp, Subaddress, Submission, Tarpit,
    ThenKeys, TlsUseName, TlsVersionName, User, Vacation, WaitFromName, Webmail,
};
pub use message::{Attachment, Dsn, EncodingName, NotifyName, ReturnName, WholeMessage};
pub use network::{DeadHosts, FixedRoute, IpVersions, Metric, Network, Routing};
pub use people::{DayName, People, Protocols};
pub use quantity::{Calendar, Chance, Duration, Frequency, Queue, Rate, Size, Spread, Texts};
pub use resolver::{Checks, ForwardZone, Resolver, ServeStale, StubZone};
pub use run::{Fault, Limits, LinkChange, Outputs, Run, Way};
pub use scripted::{
    BehaviourName, IdsName, Replies, ScriptEdns, ScriptMatch, ScriptQuestion, ScriptReply, ScriptRule, Scripted,
    Seconds, TransportName, Unasked,
};
pub use steps::{Criteria, Letter, MarkName, Pick, PickName, ProtocolName, Step, Where};
pub use tcp::{CongestionName, Tcp};
pub use web::{BrowserWays, HttpVersionName, WebObject, WebPage, WebSite};
pub use windows::{Cwnd, CwndChoice};
pub use workload::{Entry, FetchName, Poisson, Reading};

/// A Posthaste scenario: hosts, names, mail domains, people, and what they do.
///
/// Only what matters for the experiment need be said: `posthaste check --resolved FILE`
/// prints everything else. Quantities are strings with units ("30min", "10Mbps", "64kB").
/// Keys that begin with "x-" are comments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// The JSON Schema of this file, for editors; otherwise without effect.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// One line that says what the scenario shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to watch for, as one text or a list of lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Texts>,
    /// Calendar time at which the run begins, in UTC. Default: "2026-01-05T09:00:00Z", a Monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Calendar>,
    /// Hosts, links and TCP.
    pub network: Network,
    /// Zones, name servers and resolvers.
    pub dns: Dns,
    /// Mail domains by name, the part of an address behind the "@".
    pub mail: BTreeMap<String, MailDomain>,
    /// Web servers by the names of their hosts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub web: BTreeMap<String, WebSite>,
    /// What differs from the default for some mail users, by address.
    pub users: BTreeMap<String, User>,
    /// What people and hosts do, and when.
    pub workload: Vec<Entry>,
    /// What breaks or changes for a while.
    pub faults: Vec<Fault>,
    /// Seed and end of the run.
    pub run: Run,
    /// Bounds that stop a run before it harms the computer.
    pub limits: Limits,
    /// What must be true of the results; the run exits with 1 when something is not.
    pub expect: Vec<Expect>,
    /// Which optional files the run writes.
    pub outputs: Outputs,
    /// How `posthaste serve` lets real clients in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}
