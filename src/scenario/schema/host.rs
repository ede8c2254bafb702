//! The `network.hosts` key: what hosts and routers are, and how much they can do at a time.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::IpVersions;
use super::quantity::Spread;
use super::scripted::Scripted;

/// A host or router.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// The site whose router it is connected to. Default: the mail domain or zone it lies in, else its
    /// last two labels, or "local" for a name without dots. The site "internet" has no router of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Which families of addresses it has. Default: that of `network`, and those of the addresses given here; for a router every
    /// family that some host has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpVersions>,
    /// IPv4 address. Default: 10.x.y.z from a hash of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// IPv6 address. Default: 2001:db8::x:y (RFC 3849) from a hash of the name, if the host has IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address6: Option<String>,
    /// Whether it only forwards packets. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router: Option<bool>,
    /// The host whose recursive resolver it asks. Default: a resolver of its site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
    /// Whether its stub resolvers keep what they learn. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stub_cache: Option<bool>,
    /// Whether it has a Web server, which takes connections to port 80 and says nothing. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_server: Option<bool>,
    /// Time that each request takes before a program of the host gets it, one after the other: a datagram, or what a connection brings at once. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing: Option<Spread>,
    /// Services that take a limited number of connections at a time: "smtp", "submission", "pop3", "imap", or a port.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sessions: BTreeMap<String, Sessions>,
    /// A name server that does what a script says, however wrong. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_scripted: Option<Scripted>,
}

/// A limit on connections at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Connections at a time.
    pub most: u32,
    /// What becomes of a caller who finds as many. Default: "refuse".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_full: Option<WhenFullName>,
}

/// What becomes of a caller who finds a service full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WhenFullName {
    /// The connection is reset: refused.
    #[default]
    #[serde(rename = "refuse")]
    Refuse,
    /// Nothing is answered: the caller repeats its SYN until there is a place or its patience ends.
    #[serde(rename = "ignore")]
    Ignore,
    /// SMTP only: the connection is taken, greeted with 421 and closed (RFC 5321 4.2.3).
    #[serde(rename = "421")]
    Answer421,
}
