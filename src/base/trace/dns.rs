//! The trace of name resolution.

use serde::Serialize;

use crate::base::ids::QueryId;
use crate::base::socket::Endpoint;
use crate::base::time::SimTime;

/// Events of name resolution. `rtype` is the RR type's number (RFC 1035 3.2.2).
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsTrace<'a> {
    /// This host sent a question.
    Asked {
        /// The question.
        query: QueryId,
        /// The resolver's task for which it asks; none for a stub resolver.
        task: Option<u32>,
        /// The server asked.
        to: Endpoint,
        /// The local port.
        from_port: u16,
        /// The message's ID.
        wire_id: u16,
        /// QNAME.
        name: &'a str,
        /// QTYPE.
        rtype: u16,
        /// 0 for the first time, then the count of repetitions of this question.
        retry: u32,
    },
    /// This host got the response to its question.
    Answered {
        /// The question.
        query: QueryId,
        /// RCODE.
        rcode: u8,
        /// What the response is.
        kind: DnsAnswerKind,
        /// Records in the answer section.
        answers: u16,
        /// Length of the message in bytes.
        bytes: u32,
    },
    /// This host's question stayed without an answer.
    TimedOut {
        /// The question.
        query: QueryId,
    },
    /// A server or resolver took up a question (its `task`-th, from 1).
    Received {
        /// The host's count of questions taken up.
        task: u32,
        /// Who asked.
        client: Endpoint,
        /// The message's ID.
        wire_id: u16,
        /// QNAME.
        name: &'a str,
        /// QTYPE.
        rtype: u16,
        /// Whether it came over TCP.
        over_tcp: bool,
    },
    /// A resolver looked for the question of a task in its cache.
    Cache {
        /// The task.
        task: u32,
        /// The name looked for.
        name: &'a str,
        /// The type looked for.
        rtype: u16,
        /// What it found.
        result: CacheResult,
    },
    /// A server or resolver answered a task.
    Replied {
        /// The task.
        task: u32,
        /// RCODE.
        rcode: u8,
        /// What the response is.
        kind: DnsAnswerKind,
        /// Records in the answer section.
        answers: u16,
    },
    /// A program of this host looked for a question in a cache on its own host, before it asked
    /// anybody.
    LocalCache {
        /// Whose cache it is.
        level: CacheLevel,
        /// The name looked for.
        name: &'a str,
        /// The type looked for.
        rtype: u16,
        /// What it found.
        result: CacheResult,
    },
    /// A look-up of a program of this host has come to its end.
    LookedUp {
        /// The name looked up.
        name: &'a str,
        /// The type looked up.
        rtype: u16,
        /// When the program began to ask.
        since: SimTime,
        /// What the answer is.
        kind: DnsAnswerKind,
        /// The cache on this host that had it; none when somebody was asked.
        cache: Option<CacheLevel>,
        /// The digest of the alias that the name itself is; zero when it is none.
        alias: u64,
        /// The name at the end of the chain of aliases.
        owner: &'a str,
        /// What that name's records were, in one number: see `digest` in `app::dns`; zero when
        /// there were none.
        digest: u64,
    },
    /// This host's question did not get to the server, and a host or router said so (ICMP), or
    /// this host itself.
    Unreachable {
        /// The question.
        query: QueryId,
    },
    /// The records of one name and type changed, came or went in a zone of this host, which is a
    /// primary server of it.
    Changed {
        /// The zone.
        zone: &'a str,
        /// Its serial from now on.
        serial: u32,
        /// The owner.
        name: &'a str,
        /// The type's number.
        rtype: u16,
        /// What they are now, in one number, as with `LookedUp`; zero when there are none.
        digest: u64,
    },
    /// This host, a secondary server of the zone, has a newer copy of it.
    Copied {
        /// The zone.
        zone: &'a str,
        /// Its serial.
        serial: u32,
    },
    /// This host's copy of the zone is too old to be served: nobody could be asked for so long.
    Expired {
        /// The zone.
        zone: &'a str,
    },
}

/// What a DNS response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsAnswerKind {
    /// Records of the asked type (perhaps behind aliases).
    Answer,
    /// Only aliases: the chain goes on elsewhere.
    Alias,
    /// Name servers of a zone further down.
    Referral,
    /// The name does not exist.
    NxDomain,
    /// The name exists, but not with that type.
    NoData,
    /// SERVFAIL, REFUSED, FORMERR, NOTIMP or a lame answer.
    Failure,
    /// Only a part, as the whole did not fit into a datagram: the question is asked again over
    /// TCP.
    Truncated,
}

/// Where a cache stands, from the asker upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheLevel {
    /// In the program that asks.
    Application,
    /// In the stub resolver.
    Stub,
    /// In a resolver that asks other resolvers.
    Forwarder,
    /// In a resolver that asks the servers of zones.
    Resolver,
}

/// What a cache held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheResult {
    /// The records, with that many seconds to live.
    Hit {
        /// Remaining TTL in seconds.
        ttl_s: u32,
    },
    /// The knowledge that there are none.
    NegativeHit {
        /// Remaining TTL in seconds.
        ttl_s: u32,
    },
    /// The knowledge that nobody could tell a short time ago (RFC 9520).
    Failure {
        /// Seconds for which it is still remembered.
        ttl_s: u32,
    },
    /// Records or their absence, beyond their end (RFC 8767).
    Stale {
        /// Seconds since their end, rounded up.
        past_s: u32,
    },
    /// Nothing.
    Miss,
}
