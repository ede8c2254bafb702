//! A resolver's cache and its lookups: what a cached name takes of memory, and how many lookups a
//! second it answers.
//!
//! `cargo bench --bench dns` prints one line of `key=value` figures for each workload; add
//! `-- --quick` for a short run. The resolver, the servers and the client pass each other's octets
//! from hand to hand: no network, no time, nobody reads the trace. So the figures are those of the
//! resolver, the servers that it asks and the messages.
//!
//! A million cached names must fit into 300 MiB of resident memory, and the cache's own account
//! must agree with the memory that the process grew by: the bench fails where they do not.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use posthaste::app::dns::cache::{Cache, Policy, Rank};
use posthaste::app::dns::{NameServer, Resolver, ResolverConfig, Zone};
use posthaste::app::host::{Host, Input};
use posthaste::base::trace::Trace;
use posthaste::base::{
    Addresses, ConnId, Endpoint, EventId, HostId, QueryId, SimTime, SocketId, Stream, Streams, UnixTime,
};
use posthaste::cli::measure::{resident, timed};
use posthaste::proto::dns::{Message, Name, PORT, Question, Rcode, Record, RecordData, Rtype};

/// What a million names may take of resident memory, the rest of the process included.
const LIMIT: u64 = 300 << 20;

/// Octets that the account and the growth of the process may differ by, of a hundred.
const TOLERANCE: u64 = 15;

/// The address of the resolver, and of its client.
const RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 101);

/// A host that only has datagrams, and an instant.
struct Desk {
    now: SimTime,
    own: Ipv4Addr,
    queries: u32,
    sent: VecDeque<(u16, Endpoint, Vec<u8>)>,
}

impl Desk {
    fn new(own: Ipv4Addr) -> Self {
        Self { now: SimTime::ZERO, own, queries: 0, sent: VecDeque::new() }
    }
}

impl Host for Desk {
    fn now(&self) -> SimTime {
        self.now
    }
    fn calendar(&self) -> UnixTime {
        unreachable!("name resolution knows no calendar")
    }
    fn id(&self) -> HostId {
        HostId(0)
    }
    fn name(&self) -> &str {
        "desk"
    }
    fn addresses(&self) -> Addresses {
        IpAddr::V4(self.own).into()
    }
    fn stream(&self, purpose: &str) -> Stream {
        Streams::new(1).stream(purpose)
    }
    fn listen(&mut self, _port: u16) {}
    fn connect(&mut self, _to: Endpoint) -> (SocketId, ConnId) {
        unreachable!("all fits into datagrams")
    }
    fn send(&mut self, _socket: SocketId, _bytes: &[u8]) {}
    fn close(&mut self, _socket: SocketId) {}
    fn abort(&mut self, _socket: SocketId) {}
    fn bind_udp(&mut self, _port: u16) {}
    fn bind_udp_ephemeral(&mut self) -> u16 {
        49_152
    }
    fn send_datagram(&mut self, from_port: u16, to: Endpoint, bytes: &[u8]) {
        self.sent.push_back((from_port, to, bytes.to_vec()));
    }
    fn next_query(&mut self) -> QueryId {
        self.queries += 1;
        QueryId { host: self.id(), number: self.queries }
    }
    fn trace(&mut self, _what: Trace<'_>) -> EventId {
        EventId(0)
    }
    fn cause(&self) -> EventId {
        EventId(0)
    }
    fn set_cause(&mut self, _cause: EventId) {}
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn record(owner: &str, rtype: Rtype, data: &str) -> Record {
    let data = RecordData::parse(rtype, data, &Name::root()).expect("data");
    Record { name: name(owner), ttl: 86_400, data }
}

/// The server at 10.0.0.`last` of a zone that has these records besides its SOA and NS records.
fn server(apex: &str, last: u8, mut records: Vec<Record>) -> (Ipv4Addr, NameServer) {
    let own = format!("ns.{}", if apex == "." { "root" } else { apex });
    records.push(record(apex, Rtype::Soa, &format!("{own}. root. 1 2 3 4 60")));
    records.push(record(apex, Rtype::Ns, &format!("{own}.")));
    let address = Ipv4Addr::new(10, 0, 0, last);
    records.push(record(&own, Rtype::A, &address.to_string()));
    (address, NameServer::new(vec![Zone::new(name(apex), records).expect("a zone")]))
}

fn cut(zone: &str, last: u8) -> Vec<Record> {
    let own = format!("ns.{zone}");
    vec![record(zone, Rtype::Ns, &format!("{own}.")), record(&own, Rtype::A, &format!("10.0.0.{last}"))]
}

/// A root, com, example.com with every name there is, a resolver, and a client of it.
struct World {
    servers: Vec<(Ipv4Addr, NameServer, Desk)>,
    resolver: Resolver,
    desk: Desk,
    messages: u64,
}

impl World {
    fn new() -> Self {
        let every = vec![record("*.example.com", Rtype::A, "10.1.2.3")];
        let servers =
            [server(".", 1, cut("com", 2)), server("com", 2, cut("example.com", 3)), server("example.com", 3, every)];
        let servers = servers.into_iter().map(|(address, server)| (address, server, Desk::new(address))).collect();
        let (resolver, desk) = Self::resolver();
        Self { servers, resolver, desk, messages: 0 }
    }

    fn resolver() -> (Resolver, Desk) {
        let roots = vec![(name("ns.root"), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)))];
        let mut resolver = Resolver::new(ResolverConfig { roots, ..ResolverConfig::default() });
        let mut desk = Desk::new(RESOLVER);
        resolver.handle(&mut desk, Input::Boot);
        (resolver, desk)
    }

    /// A lookup from the client's query to the response that it gets.
    fn look_up(&mut self, query: &[u8]) -> Vec<u8> {
        let from = Endpoint::new(IpAddr::V4(CLIENT), 5000);
        self.resolver.handle(&mut self.desk, Input::Datagram { local_port: PORT, from, bytes: query });
        self.messages += 1;
        loop {
            let (port, to, octets) = self.desk.sent.pop_front().expect("it asks or answers");
            self.messages += 1;
            if to == from {
                return octets;
            }
            let Some((_, server, desk)) = self.servers.iter_mut().find(|(address, ..)| to.addr == IpAddr::V4(*address))
            else {
                continue;
            };
            let asker = Endpoint::new(IpAddr::V4(RESOLVER), port);
            server.handle(desk, Input::Datagram { local_port: PORT, from: asker, bytes: &octets });
            for (_, _, response) in desk.sent.drain(..) {
                self.messages += 1;
                let input = Input::Datagram { local_port: port, from: to, bytes: &response };
                self.resolver.handle(&mut self.desk, input);
            }
        }
    }
}

fn host_name(number: u32) -> String {
    format!("host{number:06}.example.com")
}

fn query(number: u32) -> Vec<u8> {
    let question = Question { name: name(&host_name(number)), rtype: Rtype::A };
    Message::query(u16::try_from(number % 65_536).expect("less"), question, true).encode(512)
}

fn per(seconds: f64, count: u32) -> (f64, f64) {
    (seconds * 1e9 / f64::from(count), f64::from(count) / seconds)
}

/// The least time of several runs of so many lookups, after what each needs first.
fn lookups(workload: &str, count: u32, runs: u32, mut run: impl FnMut() -> (f64, u64)) {
    let mut best = run();
    for _ in 1..runs {
        let next = run();
        best = if next.0 < best.0 { next } else { best };
    }
    let (ns, rate) = per(best.0, count);
    let messages = best.1 / u64::from(count);
    println!(
        "bench=dns workload={workload} lookups={count} messages_per_lookup={messages} ns_per_lookup={ns:.0} lookups_per_s={rate:.0}"
    );
}

fn asked(world: &mut World, queries: &[Vec<u8>]) -> (f64, u64) {
    let before = world.messages;
    let (seconds, found) = timed(|| queries.iter().map(|query| world.look_up(query)).last());
    let last = Message::decode(&found.expect("at least one")).expect("a message");
    assert!(last.rcode == Rcode::NoError && last.answers.len() == 1, "the resolver finds it");
    (seconds, world.messages - before)
}

/// Lookups that the cache answers, those in a zone that is known, and those of who knows nothing.
fn speeds(count: u32, runs: u32) {
    let queries: Vec<Vec<u8>> = (0..count).map(query).collect();
    lookups("warm", count, runs, || {
        let mut world = World::new();
        asked(&mut world, &queries);
        asked(&mut world, &queries)
    });
    lookups("new_name", count, runs, || {
        let mut world = World::new();
        asked(&mut world, &[query(count)]);
        asked(&mut world, &queries)
    });
    lookups("cold", count, runs, || {
        let mut world = World::new();
        let (mut seconds, mut messages) = (0.0, 0);
        for query in &queries {
            (world.resolver, world.desk) = World::resolver();
            let (more, sent) = asked(&mut world, std::slice::from_ref(query));
            seconds += more;
            messages += sent;
        }
        (seconds, messages)
    });
}

/// Names in a cache, with an A record each: what they take by its account, and by the system's.
fn memory(count: u32, whole: bool) {
    let before = resident();
    let mut cache = Cache::new(Policy::from(&ResolverConfig::default()));
    let now = SimTime::ZERO;
    let (storing, ()) = timed(|| {
        for number in 0..count {
            let data = RecordData::A(Ipv4Addr::from(number));
            cache.store(&[Record { name: name(&host_name(number)), ttl: 3600, data }], Rank::Authority, now);
        }
    });
    let after = resident();
    let step = 7919;
    let questions = (0..count).map(|number| number.wrapping_mul(step) % count);
    let questions: Vec<Question> =
        questions.take(100_000).map(|number| Question { name: name(&host_name(number)), rtype: Rtype::A }).collect();
    let (reading, found) = timed(|| questions.iter().filter(|question| cache.answer(question, now).is_some()).count());
    assert_eq!(found, questions.len(), "all are there");
    let asked = u32::try_from(questions.len()).expect("not so many");
    let own = u64::try_from(cache.octets()).expect("memory is less");
    let (store_ns, read_ns) = (per(storing, count).0, per(reading, asked).0);
    let mut line = format!(
        "bench=dns workload=memory names={count} own_bytes_per_name={} ns_per_store={store_ns:.0} ns_per_read={read_ns:.0}",
        own / u64::from(count)
    );
    if let (Some(before), Some(after)) = (before, after) {
        let grown = after.saturating_sub(before);
        let each = grown / u64::from(count);
        line += &format!(" bytes_per_name={each} resident_mib={} limit_mib={}", after >> 20, LIMIT >> 20);
        println!("{line}");
        if whole {
            assert!(after <= LIMIT, "a million names take more than they may");
            assert!(100 * grown.abs_diff(own) <= TOLERANCE * grown, "the account is wrong: {own} of {grown}");
        }
    } else {
        println!("{line}");
    }
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    // first, as memory that others gave back would hide what this takes
    memory(if quick { 10_000 } else { 1_000_000 }, !quick);
    let (count, runs) = if quick { (1_000, 1) } else { (20_000, 5) };
    speeds(count, runs);
}
