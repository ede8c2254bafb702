//! Caches and servers of names: how often each cache had what was looked for, and what each
//! server was asked and answered.
//!
//! A look-up counts once at each cache that it comes to: at a resolver's with the client's
//! question, not with those that the resolver asks itself on the way. A question that a stub repeats
//! comes to the resolver as another, and counts there again. A host whose resolver asks
//! another host's resolver is a forwarder; only the run tells which are.

use super::links::Millionths;
use super::names::{Names, Text};
use super::words::named;
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::SimTime;
use crate::base::trace::{self, CacheResult, DnsAnswerKind, DnsTrace};

named! {
    /// Where a cache stands, from the asker upwards.
    CacheLevel {
        /// In the program that asks.
        Application = "application",
        /// In the stub resolver of the asking host.
        Stub = "stub",
        /// In a resolver that asks other resolvers.
        Forwarder = "forwarder",
        /// In a resolver that asks the servers of zones.
        Resolver = "resolver",
    }
}

named! {
    /// What answers on port 53.
    DnsServerRole {
        /// A server of zones.
        Authority = "authority",
        /// A resolver that asks other resolvers.
        Forwarder = "forwarder",
        /// A resolver that asks the servers of zones.
        Resolver = "resolver",
    }
}

/// What a host's cache of one level found: a row of the table `caches`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheRow {
    /// The host.
    pub host: Text,
    /// The level; all caches of a host at one level are one row.
    pub level: CacheLevel,
    /// What it found.
    pub found: CacheFound,
}

/// Look-ups in caches, by what they found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFound {
    /// Records.
    pub hits: u64,
    /// The knowledge that there are none.
    pub negative_hits: u64,
    /// Something beyond its end, which was served.
    pub stale_hits: u64,
    /// The memory of a failure.
    pub failure_hits: u64,
    /// Nothing.
    pub misses: u64,
}

impl CacheFound {
    /// All look-ups.
    #[must_use]
    pub const fn lookups(&self) -> u64 {
        self.answered().saturating_add(self.failure_hits).saturating_add(self.misses)
    }

    /// Those that found an answer.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.hits.saturating_add(self.negative_hits).saturating_add(self.stale_hits)
    }

    /// The share of look-ups that found an answer.
    #[must_use]
    pub fn hit_ratio(&self) -> Millionths {
        Millionths::ratio(self.answered().into(), self.lookups().into())
    }

    fn count(&mut self, result: CacheResult) {
        match result {
            CacheResult::Hit { .. } => self.hits += 1,
            CacheResult::NegativeHit { .. } => self.negative_hits += 1,
            CacheResult::Stale { .. } => self.stale_hits += 1,
            CacheResult::Failure { .. } => self.failure_hits += 1,
            CacheResult::Miss => self.misses += 1,
        }
    }

    /// The sum of two.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            hits: self.hits.saturating_add(other.hits),
            negative_hits: self.negative_hits.saturating_add(other.negative_hits),
            stale_hits: self.stale_hits.saturating_add(other.stale_hits),
            failure_hits: self.failure_hits.saturating_add(other.failure_hits),
            misses: self.misses.saturating_add(other.misses),
        }
    }
}

/// What a server of names was asked and answered: a row of the table `dns_servers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsServerRow {
    /// The host.
    pub server: Text,
    /// What it is.
    pub role: DnsServerRole,
    /// Questions that came as datagrams.
    pub queries_udp: u64,
    /// Questions that came over TCP.
    pub queries_tcp: u64,
    /// Questions a second, over the whole run.
    pub mean_load: Millionths,
    /// Responses with records of the asked type.
    pub answers: u64,
    /// Responses with aliases only.
    pub aliases: u64,
    /// Referrals.
    pub referrals: u64,
    /// Responses that the name does not exist.
    pub nxdomain: u64,
    /// Responses that it has no such records.
    pub nodata: u64,
    /// Failures.
    pub failures: u64,
    /// Responses that were cut off.
    pub truncated: u64,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    application: CacheFound,
    stub: CacheFound,
    resolver: CacheFound,
    /// The client's question that was taken up last, if its look-up is not counted yet.
    fresh: Option<u32>,
    udp: u64,
    tcp: u64,
    replies: [u64; 7],
    /// Whom its resolver asked.
    asked: Vec<HostId>,
}

/// The counts of all hosts that have to do with names.
#[derive(Clone, Debug, Default)]
pub(super) struct Loads {
    hosts: Vec<Tally>,
}

impl Loads {
    fn at(&mut self, host: HostId) -> &mut Tally {
        if self.hosts.len() <= host.index() {
            self.hosts.resize_with(host.index() + 1, Tally::default);
        }
        &mut self.hosts[host.index()]
    }

    pub(super) fn observe(&mut self, directory: &Directory, host: HostId, event: &DnsTrace<'_>) {
        match *event {
            DnsTrace::Received { task, over_tcp, .. } => {
                let tally = self.at(host);
                tally.fresh = Some(task);
                *(if over_tcp { &mut tally.tcp } else { &mut tally.udp }) += 1;
            }
            DnsTrace::Cache { task, result, .. } => {
                let tally = self.at(host);
                if tally.fresh == Some(task) {
                    tally.fresh = None;
                    tally.resolver.count(result);
                } else if matches!(result, CacheResult::Stale { .. }) {
                    // first it was looked for in vain, and then nobody else could tell
                    tally.resolver.misses = tally.resolver.misses.saturating_sub(1);
                    tally.resolver.count(result);
                }
            }
            DnsTrace::LocalCache { level, result, .. } => match level {
                trace::CacheLevel::Application => self.at(host).application.count(result),
                trace::CacheLevel::Stub => self.at(host).stub.count(result),
                trace::CacheLevel::Forwarder | trace::CacheLevel::Resolver => {}
            },
            DnsTrace::Replied { kind, .. } => self.at(host).replies[place(kind)] += 1,
            DnsTrace::Asked { task: Some(_), to, .. } => {
                let tally = self.at(host);
                if let Some(asked) = directory.host_at(to.addr)
                    && !tally.asked.contains(&asked)
                {
                    tally.asked.push(asked);
                }
            }
            DnsTrace::Asked { task: None, .. }
            | DnsTrace::Answered { .. }
            | DnsTrace::TimedOut { .. }
            | DnsTrace::Unreachable { .. }
            | DnsTrace::LookedUp { .. }
            | DnsTrace::Changed { .. }
            | DnsTrace::Copied { .. }
            | DnsTrace::Expired { .. } => {}
        }
    }

    /// The rows of both tables, in the order of hosts.
    pub(super) fn finish(
        self,
        names: &mut Names,
        directory: &Directory,
        end: SimTime,
    ) -> (Vec<CacheRow>, Vec<DnsServerRow>) {
        let resolves = |host: &HostId| self.hosts.get(host.index()).is_some_and(|tally| tally.resolver.lookups() > 0);
        let (mut caches, mut servers) = (Vec::new(), Vec::new());
        for (host, tally) in directory.hosts().iter().zip(&self.hosts) {
            let forwards = tally.asked.iter().any(resolves);
            let (level, role) = match (tally.resolver.lookups(), forwards) {
                (0, _) => (CacheLevel::Resolver, DnsServerRole::Authority),
                (_, true) => (CacheLevel::Forwarder, DnsServerRole::Forwarder),
                (_, false) => (CacheLevel::Resolver, DnsServerRole::Resolver),
            };
            let levels =
                [(CacheLevel::Application, tally.application), (CacheLevel::Stub, tally.stub), (level, tally.resolver)];
            for (level, found) in levels.into_iter().filter(|(_, found)| found.lookups() > 0) {
                caches.push(CacheRow { host: names.share(&host.name), level, found });
            }
            if tally.udp + tally.tcp > 0 {
                servers.push(tally.server(names.share(&host.name), role, end));
            }
        }
        (caches, servers)
    }
}

impl Tally {
    fn server(&self, server: Text, role: DnsServerRole, end: SimTime) -> DnsServerRow {
        let [answers, aliases, referrals, nxdomain, nodata, failures, truncated] = self.replies;
        let queries = u128::from(self.udp + self.tcp) * 1_000_000_000;
        DnsServerRow {
            server,
            role,
            queries_udp: self.udp,
            queries_tcp: self.tcp,
            mean_load: Millionths::ratio(queries, end.as_nanos().into()),
            answers,
            aliases,
            referrals,
            nxdomain,
            nodata,
            failures,
            truncated,
        }
    }
}

const fn place(kind: DnsAnswerKind) -> usize {
    match kind {
        DnsAnswerKind::Answer => 0,
        DnsAnswerKind::Alias => 1,
        DnsAnswerKind::Referral => 2,
        DnsAnswerKind::NxDomain => 3,
        DnsAnswerKind::NoData => 4,
        DnsAnswerKind::Failure => 5,
        DnsAnswerKind::Truncated => 6,
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metric;
    use crate::metrics::testing::Script;

    /// Fails when a resolver's own look-ups on the way count as clients', or when a forwarder is
    /// taken for a resolver.
    #[test]
    fn each_look_up_counts_once_at_each_level() {
        let mut script = Script::two_domains();
        script.names_at_all_levels(0);
        let record = script.finish(4_000_000_000);
        let caches: Vec<_> =
            record.tables.caches.iter().map(|row| (&*row.host, row.level.name(), row.found.lookups())).collect();
        let expected =
            [("ns", "forwarder", 1), ("pc", "application", 1), ("pc", "stub", 1), ("resolver", "resolver", 1)];
        assert_eq!(caches, expected);
        assert_eq!(record.tables.caches[3].found.hit_ratio().to_string(), "1.000000");
        let servers: Vec<_> = record.tables.dns_servers.iter().map(|row| (&*row.server, row.role.name())).collect();
        assert_eq!(servers, [("ns", "forwarder"), ("resolver", "resolver")]);
        assert_eq!(record.tables.dns_servers[0].mean_load.to_string(), "0.250000");
        let metrics = record.metrics();
        assert_eq!(metrics["dns.hit_ratio.forwarder"], Metric::Float(0.0));
        assert_eq!((metrics["dns.lookup.p99_s"], metrics["web.mean_s"]), (Metric::Float(3.0), Metric::Float(4.0)));
    }
}
