//! The `network` key: hosts and links.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tcp;
use super::host::Host;
use super::link::{Link, LinkDefaults};

/// Hosts, links and TCP.
///
/// Every host belongs to a site. A host that no link of this file touches is connected to
/// its site's router, "router.SITE", by a link with the properties of `access`; whatever
/// is then not yet connected to the rest is connected to the router "internet" by a link
/// with the properties of `backbone`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Links that are added between a host and the router of its site. Default: 1 ms delay, no rate limit.
    pub access: LinkDefaults,
    /// Links that are added between a site, a root server or a TLD server and the Internet core. Default: 10 ms delay, no rate limit.
    pub backbone: LinkDefaults,
    /// The families of addresses of every host that does not say otherwise. Default: "ipv4".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpVersions>,
    /// Hosts and routers by name, as far as they are not implied by `mail`, `dns` and `users`.
    pub hosts: BTreeMap<String, Host>,
    /// Duplex links, as far as they are not added.
    pub links: Vec<Link>,
    /// Parameters of TCP on all hosts.
    pub tcp: Tcp,
    /// How packets find their way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,
    /// What becomes of packets to a host that is down. Default: "silent".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_hosts: Option<DeadHosts>,
}

/// Families of Internet addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IpVersions {
    /// IPv4 alone.
    #[default]
    Ipv4,
    /// IPv6 alone.
    Ipv6,
    /// Both: IPv6 is tried first (RFC 6724).
    Dual,
}

impl IpVersions {
    /// Whether IPv4 is among them.
    #[must_use]
    pub fn has_ipv4(self) -> bool {
        self != Self::Ipv6
    }

    /// Whether IPv6 is among them.
    #[must_use]
    pub fn has_ipv6(self) -> bool {
        self != Self::Ipv4
    }

    /// These and those.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Dual }
    }
}

/// How packets find their way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// What makes a way short. Default: "delay".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Metric>,
    /// Time until all routers know that a router, or a link between routers, went down or came
    /// back; "never" keeps the routes of the beginning. Default: "0s". The fault of a host, or of its only
    /// link, changes no route: packets go there and are lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub convergence: Option<String>,
    /// Routes set by hand, which go before computed ones while their link is up.
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "static")]
    pub fixed: Vec<FixedRoute>,
}

/// What makes a way short; ties go to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Little propagation delay.
    Delay,
    /// Few links.
    Hops,
}

/// A route set by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedRoute {
    /// At this host or router,
    pub at: String,
    /// packets to this host
    pub to: String,
    /// go to this neighbour.
    pub via: String,
}

/// Who answers for a host that is down. Routers without a route, and hosts without a listener on a port, always answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadHosts {
    /// Nobody: packets vanish, and connections to it time out.
    Silent,
    /// Its router, with ICMP "host unreachable": connections to it fail at once.
    Reported,
}
