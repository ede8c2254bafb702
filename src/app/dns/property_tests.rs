//! Random zones, questions and losses: every answer is what the zones say, or said within the
//! TTL, and every question comes to an end.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::base::{SimDuration, SimTime};
use crate::proto::dns::{Name, RecordData, Rtype};

use super::testbed::{App, Bed, addr, name, resolver, zone};
use super::{
    NameServer, NameServerConfig, Outcome, Resolver, ResolverConfig, ServeStale, Stub, Upstream, UpstreamKind,
};

const ZONES: [&str; 4] = ["a.com", "b.com", "c.org", "sub.a.com"];
const HOSTS: usize = 4;
const RESOLVER: usize = 3;
const CLIENT: usize = 4;

/// What a name is.
#[derive(Clone, Copy, Debug)]
enum What {
    Absent,
    Address,
    Alias { zone: usize, host: usize },
}

#[derive(Clone, Debug)]
struct World {
    names: BTreeMap<(usize, usize), (u32, What)>,
    glueless: bool,
}

impl World {
    fn name(zone: usize, host: usize) -> String {
        format!("h{host}.{}", ZONES[zone])
    }

    /// The servers of one version of the world; addresses tell the version.
    ///
    /// Those for which it says so ask further themselves.
    fn servers(&self, version: usize, recursive: Recursive) -> [App; 3] {
        let mut texts: Vec<Vec<String>> = vec![Vec::new(); ZONES.len()];
        for (&(z, h), &(ttl, what)) in &self.names {
            let owner = Self::name(z, h);
            match what {
                What::Absent => {}
                What::Address => texts[z].push(format!("{owner} {ttl} A 10.{version}.{z}.{h}")),
                What::Alias { zone, host } => {
                    texts[z].push(format!("{owner} {ttl} CNAME {}.", Self::name(zone, host)));
                }
            }
        }
        texts[0].push("sub.a.com 500 NS ns.sub.a.com.".to_owned());
        texts[0].push("ns.sub.a.com 100 A 10.0.0.2".to_owned());
        texts[1].push("ns.b.com 300 A 10.0.0.2".to_owned());
        let text = |z: usize| texts[z].iter().map(String::as_str).collect::<Vec<_>>();
        let mut tlds = vec!["a.com 900 NS ns.a.com.", "ns.a.com 400 A 10.0.0.2", "b.com 200 NS ns.b.com."];
        tlds.push("ns.b.com 600 A 10.0.0.2");
        let org = if self.glueless { "c.org 200 NS ns.b.com." } else { "c.org 200 NS ns.c.org." };
        let org_glue = if self.glueless { "x.org 1 A 10.0.0.9" } else { "ns.c.org 60 A 10.0.0.2" };
        let root = ["com 86400 NS ns.com.", "ns.com 86400 A 10.0.0.1", "org 86400 NS ns.com."];
        let zones = vec![
            zone("a.com", &text(0)),
            zone("b.com", &text(1)),
            zone("c.org", &text(2)),
            zone("sub.a.com", &text(3)),
        ];
        let server = |zones, recursive| {
            let roots = vec![addr(0)];
            App::Server(NameServer::with(NameServerConfig { zones, recursive, roots, ..NameServerConfig::default() }))
        };
        [
            server(vec![zone(".", &root)], recursive.is_some()),
            server(vec![zone("com", &tlds), zone("org", &[org, org_glue])], recursive.is_some_and(|all| all[0])),
            server(zones, recursive.is_some_and(|all| all[1])),
        ]
    }

    /// Aliases on the way, and where it ends; none for a ring.
    fn walk(&self, mut at: (usize, usize)) -> Option<(Vec<(usize, usize)>, What)> {
        let mut aliases = Vec::new();
        loop {
            match self.names[&at].1 {
                What::Alias { .. } if aliases.contains(&at) => return None,
                What::Alias { zone, host } => {
                    aliases.push(at);
                    at = (zone, host);
                }
                end @ (What::Absent | What::Address) => {
                    aliases.push(at);
                    return Some((aliases, end));
                }
            }
        }
    }
}

/// None for the iterative picture; else the root recurses and is asked alone, and the others do as
/// it says.
type Recursive = Option<[bool; 2]>;

fn worlds() -> impl Strategy<Value = World> {
    let what = prop_oneof![
        Just(What::Absent),
        Just(What::Address),
        (0..ZONES.len(), 0..HOSTS).prop_map(|(zone, host)| What::Alias { zone, host }),
    ];
    (vec((prop_oneof![Just(0_u32), 1..300_u32], what), ZONES.len() * HOSTS), any::<bool>()).prop_map(
        |(all, glueless)| {
            let names = all.into_iter().enumerate().map(|(n, one)| ((n / HOSTS, n % HOSTS), one)).collect();
            World { names, glueless }
        },
    )
}

/// Resolvers that renew what ends, that hold little or nothing, that ask over TCP, that show little
/// of names or spell them oddly, and that serve what has expired.
fn configs() -> impl Strategy<Value = ResolverConfig> {
    let limit = prop_oneof![2 => Just(None), 1 => (0..3000_usize).prop_map(Some)];
    let patience = prop::sample::select(vec![None, Some(0), Some(10), Some(1800)]);
    let stale = (0..200_u64, patience).prop_map(|(max, patience)| ServeStale {
        max: Some(SimDuration::from_secs(max)),
        client_timeout: patience.map(SimDuration::from_millis),
        ..ServeStale::default()
    });
    let stale = prop::option::weighted(0.3, stale);
    let ways = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    let bools = (any::<bool>(), prop::bool::weighted(0.2), ways);
    (bools, limit, stale).prop_map(|((prefetch, tcp_upstream, (minimise, mixed, harden)), cache_limit, stale)| {
        ResolverConfig {
            qname_minimisation: minimise,
            mixed_case: mixed,
            harden_referral_path: harden,
            edns_size: (!harden).then_some(1232),
            roots: vec![(name("root-server"), addr(0))],
            prefetch,
            tcp_upstream,
            cache_limit,
            stale,
            ..ResolverConfig::default()
        }
    })
}

fn millis(at: SimTime) -> u64 {
    at.as_nanos() / 1_000_000
}

/// Checks one answer; `changed` is when the second version of the world began, `way` how long an
/// answer takes to the client, and what expired may be served until `grace` later.
fn check(world: &World, asked: (usize, usize), at: u64, outcome: &Outcome, (changed, way, grace): (u64, u64, u64)) {
    match world.walk(asked) {
        None => assert_eq!(*outcome, Outcome::Failed, "a ring"),
        Some((path, _)) if path.len() > 12 => {}
        Some((_, What::Absent)) => assert_eq!(*outcome, Outcome::NxDomain),
        Some((path, _)) => {
            let Outcome::Records(records) = outcome else { panic!("{outcome:?} for {path:?}") };
            let owners: Vec<String> = records.iter().map(|record| record.name.to_string()).collect();
            assert_eq!(owners, path.iter().map(|&(z, h)| World::name(z, h)).collect::<Vec<_>>());
            for (record, key) in records.iter().zip(&path) {
                let ttl = world.names[key].0;
                assert!(record.ttl <= ttl);
                if let RecordData::A(a) = record.data {
                    // the copy may live on at the client for as long as it says
                    let ends = at + u64::from(record.ttl) * 1000;
                    let end = changed + u64::from(ttl) * 1000 + way;
                    let stale = at > end + grace || grace == 0 && ends > end || grace > 0 && record.ttl > ttl.max(30);
                    assert!(a.octets()[1] == 2 || !stale, "{a} at {at} ms, changed at {changed} ms, TTL {ttl} s");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn answers_are_what_the_zones_say(
        world in worlds(),
        questions in vec((0..700_000_u64, 0..ZONES.len(), 0..HOSTS), 1..25),
        changed in 0..500_000_u64,
        loss in prop_oneof![Just(None), (0..u64::MAX).prop_map(Some)],
        config in configs(),
        recursive in prop::option::weighted(0.4, any::<[bool; 2]>()),
    ) {
        let root = Upstream {
            zone: Name::root(),
            servers: vec![addr(0)],
            kind: UpstreamKind::Forward { first: false },
        };
        let config = ResolverConfig { upstreams: recursive.map(|_| root).into_iter().collect(), ..config };
        let way = if recursive.is_some() { 15 + 15 + 10 + 1 } else { 5 + 1 };
        let mut apps: Vec<(u64, App)> = [15, 10, 5].into_iter().zip(world.servers(1, recursive)).collect();
        apps.push((0, App::Resolver(Box::new(Resolver::new(config.clone())))));
        apps.push((1, App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new())));
        let mut bed = Bed::new(apps);
        if let Some(seed) = loss {
            bed.lose(0.1, seed);
        }
        for (n, &(at, z, h)) in (0..).zip(&questions) {
            bed.ask_with_token(at, CLIENT, &World::name(z, h), Rtype::A, n);
        }
        bed.run_until(changed);
        for (node, app) in world.servers(2, recursive).into_iter().enumerate() {
            bed.crash(node);
            bed.nodes[node].app = app;
            bed.boot(node);
        }
        bed.run();
        let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
        prop_assert_eq!(answers.len(), questions.len(), "every question gets one answer");
        let grace = config.stale.and_then(|stale| stale.max).map_or(0, |max| max.as_nanos() / 1_000_000);
        for (at, answer) in answers {
            let (_, z, h) = questions[usize::try_from(answer.token).unwrap()];
            if loss.is_none() || answer.outcome != Outcome::Failed {
                check(&world, (z, h), millis(*at), &answer.outcome, (changed, way, grace));
            }
        }
        let App::Resolver(resolver) = &bed.nodes[RESOLVER].app else { unreachable!() };
        prop_assert!(resolver.is_idle());
        prop_assert!(config.cache_limit.is_none_or(|limit| resolver.cache().octets() <= limit));
    }

    /// Would break if a TTL rose, stood still, or fell faster than the clock while nobody was asked.
    #[test]
    fn ttls_fall_second_by_second(
        world in worlds(),
        gaps in vec((200..40_000_u64, 0..ZONES.len(), 0..HOSTS), 1..40),
    ) {
        let mut apps: Vec<(u64, App)> = [15, 10, 5].into_iter().zip(world.servers(1, None)).collect();
        apps.push((0, resolver()));
        apps.push((1, App::Asker(Stub::new(vec![addr(RESOLVER)]), Vec::new())));
        let mut bed = Bed::new(apps);
        let (mut now, mut before) = (0, BTreeMap::new());
        for (gap, z, h) in gaps {
            now += gap;
            bed.forget();
            bed.ask_at(now, CLIENT, &World::name(z, h), Rtype::A);
            bed.run_until(now + 199);
            let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
            let Some((at, answer)) = answers.last() else { continue };
            let Outcome::Records(records) = &answer.outcome else { continue };
            let at = millis(*at);
            for record in records {
                let last = before.insert((record.name.clone(), record.rtype()), (at, record.ttl));
                if let Some((earlier, ttl)) = last.filter(|_| bed.asked(RESOLVER).is_empty()) {
                    let (least, most) = ((at - earlier) / 1000, (at - earlier).div_ceil(1000));
                    let fallen = u64::from(ttl).checked_sub(u64::from(record.ttl));
                    let steady = fallen.is_some_and(|fallen| (least..=most).contains(&fallen));
                    prop_assert!(steady, "{ttl} s at {earlier} ms, {} s at {at} ms", record.ttl);
                }
            }
        }
    }
}
