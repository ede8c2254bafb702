//! The `dns.resolvers` key: recursive resolvers and their options.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dns::Mode;
use super::quantity::{Duration, Size};

/// A recursive resolver. Without options it walks down from the root, as the lecture's does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resolver {
    /// "iterative": it walks down from the root itself. "recursive": it asks a root server for all names that
    /// `forward` and `stub` leave, and desires recursion (RD). Default: that of `dns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Zones whose names it asks other resolvers for; "." for all names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forward: Vec<ForwardZone>,
    /// Zones whose servers it knows without asking the zone above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stub: Vec<StubZone>,
    /// Shortest life of records in the cache, whatever their TTL. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ttl: Option<Duration>,
    /// Longest life of records in the cache. Default: "1d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ttl: Option<Duration>,
    /// Shortest life of a denial in the cache. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_negative_ttl: Option<Duration>,
    /// Longest life of a denial in the cache (RFC 2308 5). Default: "1h".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_negative_ttl: Option<Duration>,
    /// How long it remembers that a look-up failed, and answers SERVFAIL without asking (RFC 9520 3.2). Default: "5s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_ttl: Option<Duration>,
    /// What the cache may take of memory, all that a record costs included; beyond it the least recently used records go. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_limit: Option<Size>,
    /// How long it waits for a server's first response; doubled with each repetition. Default: "400ms".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_timeout: Option<Duration>,
    /// How long it looks for one answer before the client gets SERVFAIL. Default: "10s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup_timeout: Option<Duration>,
    /// Queries it sends for one answer before the client gets SERVFAIL. Default: 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries_per_lookup: Option<u32>,
    /// Queries it sends to one silent server for one question. Default: as many as the time allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Octets of a datagram that it says it takes, in the OPT record of its queries (RFC 6891 6.2.3); 0 for queries without one. Default: 1232.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edns_size: Option<u16>,
    /// Whether it asks servers at IPv6 addresses, if it has one itself. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<bool>,
    /// Whether all its queries go over TCP. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_upstream: Option<bool>,
    /// Whether each query comes from a port of its own that nobody can guess (RFC 5452 9.2). Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_ports: Option<bool>,
    /// Whether it sends the letters of a name in random case, and takes no response that has them otherwise. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixed_case: Option<bool>,
    /// Whether it tells each server only as much of the name as that one needs (RFC 9156). Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qname_minimisation: Option<bool>,
    /// Whether responses to clients leave out authority and additional records that nobody asked for. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimal_responses: Option<bool>,
    /// Whether records asked for in the last tenth of their life are fetched anew. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefetch: Option<bool>,
    /// Serves expired records when the servers cannot be asked (RFC 8767); {} with all its defaults. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serve_stale: Option<ServeStale>,
    /// Whether addresses in a referral are believed only of servers inside the zone that refers. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harden_glue: Option<bool>,
    /// Whether it looks up the servers of a zone at the zone itself before it relies on them. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harden_referral_path: Option<bool>,
    /// What a response must have to be believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Checks>,
}

/// A zone whose names are looked up by other resolvers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardZone {
    /// The zone; "." for all names. The closest zone above a name counts.
    pub zone: String,
    /// The hosts whose resolvers are asked, in this order.
    pub to: Vec<String>,
    /// Whether to go on from the root when they fail. Default: false.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first: Option<bool>,
}

/// A zone whose servers are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StubZone {
    /// The zone.
    pub zone: String,
    /// The hosts of its name servers, in the order in which to ask them.
    pub servers: Vec<String>,
    /// Whether to go on from the root when they fail. Default: false.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first: Option<bool>,
}

/// How expired records are served (RFC 8767).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServeStale {
    /// How long after their end. Default: "1d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Duration>,
    /// The TTL that clients are told. Default: "30s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_ttl: Option<Duration>,
    /// How long a client waits for fresh records before it gets the expired; "0s": it never waits. Default: "1800ms".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_timeout: Option<Duration>,
}

/// What a response must have to be believed. Turn one off to see what it is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Checks {
    /// The ID of the query. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<bool>,
    /// The question of the query. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<bool>,
    /// The address of the server asked. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<bool>,
    /// Records only of the zone for which the server was asked (the bailiwick). Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bailiwick: Option<bool>,
}
