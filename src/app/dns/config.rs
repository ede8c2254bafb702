//! The parameters of a resolver, with the defaults that the resolvers in use have in common.

use std::net::IpAddr;

use crate::base::SimDuration;
use crate::proto::dns::{EDNS_SIZE, Name};

/// Parameters of a resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches, each for itself")]
pub struct ResolverConfig {
    /// Names and addresses of the root servers, in the order in which to ask them.
    pub roots: Vec<(Name, IpAddr)>,
    /// Zones for which other servers are asked than those the tree leads to.
    pub upstreams: Vec<Upstream>,
    /// How long to wait for a server's first response; doubles with each repetition.
    pub timeout: SimDuration,
    /// Queries sent for one question before the client gets SERVFAIL.
    pub max_queries: u32,
    /// Time spent on one question before the client gets SERVFAIL.
    pub max_time: SimDuration,
    /// Queries sent to one silent server for one question; none for as many as the time allows.
    pub retries: Option<u32>,
    /// Shortest life of records in the cache, in seconds, whatever their TTL.
    pub ttl_floor: u32,
    /// Longest life of records in the cache, in seconds.
    pub ttl_cap: u32,
    /// Shortest life of a denial in the cache, in seconds.
    pub negative_ttl_floor: u32,
    /// Longest life of a denial in the cache, in seconds (RFC 2308 5).
    pub negative_ttl_cap: u32,
    /// How long a failure is remembered, in seconds (RFC 9520 3.2); 0: not at all.
    pub failure_ttl: u32,
    /// Octets of cached records, all that they cost in memory included, before the least
    /// recently used go; none for no limit.
    pub cache_limit: Option<usize>,
    /// Whether servers are asked at IPv6 addresses, if this host has one itself.
    pub ipv6: bool,
    /// The UDP payload size told in the OPT record of queries (RFC 6891 6.2.3); none for no OPT record.
    pub edns_size: Option<u16>,
    /// Whether each query comes from a port of its own that nobody can guess (RFC 5452 9.2).
    pub random_ports: bool,
    /// Whether the letters of a question are sent in random case, and must come back so.
    pub mixed_case: bool,
    /// Whether a zone's servers learn no more of the name than they need (RFC 9156).
    pub qname_minimisation: bool,
    /// Whether authority and additional sections are left out where they are not needed.
    pub minimal_responses: bool,
    /// Whether records that are asked for in the last tenth of their life are fetched anew.
    pub prefetch: bool,
    /// Expired records served when nobody can be asked (RFC 8767); none: never.
    pub stale: Option<ServeStale>,
    /// Whether every query goes over TCP.
    pub tcp_upstream: bool,
    /// Whether addresses of servers in a referral are believed only inside the delegating zone.
    pub harden_glue: bool,
    /// Whether a zone is asked for its own servers before those are relied on of which the zone
    /// above told.
    pub harden_referral_path: bool,
    /// What a response must have to be believed.
    pub checks: Checks,
}

/// Servers that are asked for a zone in place of those that the tree leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The zone: names at and beneath it.
    pub zone: Name,
    /// The servers, in the order in which to ask them.
    pub servers: Vec<IpAddr>,
    /// How they are asked.
    pub kind: UpstreamKind,
}

/// How the servers of an [`Upstream`] are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamKind {
    /// As resolvers, with RD set: what they answer is the answer.
    Forward {
        /// Whether to go on from the root when they fail.
        first: bool,
    },
    /// As authoritative servers: the tree begins with them.
    Stub {
        /// Whether to go on from the root when they fail.
        first: bool,
    },
}

/// How expired records are served (RFC 8767).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeStale {
    /// How long after their end they may still be served; none for ever.
    pub max: Option<SimDuration>,
    /// The TTL they are served with, in seconds (RFC 8767 4: 30).
    pub reply_ttl: u32,
    /// How long a client waits for fresh data before it gets the expired; zero: not at all;
    /// none: until the lookup has failed.
    pub client_timeout: Option<SimDuration>,
}

/// What a response must have to be believed. All are on by default; each one off shows what it
/// is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches, each for itself")]
pub struct Checks {
    /// The query's ID.
    pub id: bool,
    /// The query's question.
    pub question: bool,
    /// The address of the server that was asked.
    pub source: bool,
    /// Records of the zone of that server only.
    pub bailiwick: bool,
}

impl Default for ResolverConfig {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            upstreams: Vec::new(),
            timeout: SimDuration::from_millis(400),
            max_queries: 100,
            max_time: SimDuration::from_secs(10),
            retries: None,
            ttl_floor: 0,
            ttl_cap: 86_400,
            negative_ttl_floor: 0,
            negative_ttl_cap: 3600,
            failure_ttl: 5,
            cache_limit: None,
            ipv6: true,
            edns_size: Some(EDNS_SIZE),
            random_ports: true,
            mixed_case: false,
            qname_minimisation: false,
            minimal_responses: true,
            prefetch: false,
            stale: None,
            tcp_upstream: false,
            harden_glue: true,
            harden_referral_path: false,
            checks: Checks::default(),
        }
    }
}

impl Default for ServeStale {
    /// RFC 8767 5: one to three days, 30 s, and 1.8 s for the client.
    fn default() -> Self {
        Self {
            max: Some(SimDuration::from_secs(86_400)),
            reply_ttl: 30,
            client_timeout: Some(SimDuration::from_millis(1800)),
        }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self { id: true, question: true, source: true, bailiwick: true }
    }
}
