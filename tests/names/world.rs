//! Random worlds of names, and what their zones say at which time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use posthaste::app::dns::digest;
use posthaste::base::{SimDuration, SimTime, Stream, Streams};
use posthaste::proto::dns::{Name, RecordData, Rtype};
use serde_json::{Map, Value, json};

/// A name and a type.
pub(crate) type Key = (String, u16);

/// What an RRset is from a time on: its digest and TTL, or that there is none.
pub(crate) type Past = Vec<(SimTime, Option<(u64, u32)>)>;

/// What zones say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) sets: BTreeMap<Key, Past>,
    /// Names whose aliases go round.
    pub(crate) rings: BTreeSet<String>,
    /// Seconds for which a denial may be believed.
    pub(crate) negative_ttl: u32,
}

/// A scenario and what must be known to judge it.
pub(crate) struct World {
    pub(crate) scenario: Value,
    pub(crate) truth: Truth,
    pub(crate) resolvers: BTreeSet<IpAddr>,
    /// Whether a resolver serves what has expired.
    pub(crate) stale: bool,
    /// From then on nothing is broken, changes or is remembered; only if no packet is lost.
    pub(crate) quiet: Option<SimTime>,
}

const ZONES: [&str; 4] = ["north.com", "south.com", "east.org", "west.org"];
const TTLS: [u32; 7] = [0, 1, 2, 10, 30, 60, 200];
const BUSY: u64 = 600;
const END: u64 = 1200;

pub(crate) fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(seconds)
}

struct Builder {
    dice: Stream,
    truth: Truth,
    zones: BTreeMap<&'static str, Vec<Value>>,
    changes: Vec<Value>,
    names: Vec<String>,
}

/// The world of that number.
pub(crate) fn world(case: u64) -> World {
    let dice = Streams::new(case).stream("names/world");
    let mut builder =
        Builder { dice, truth: Truth::default(), zones: BTreeMap::new(), changes: Vec::new(), names: Vec::new() };
    builder.fill_zones();
    builder.change_zones();
    builder.finish(case)
}

impl Builder {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.dice.below(bound as u64)).unwrap()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.dice.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let place = self.below(items.len());
        items[place]
    }

    fn note(&mut self, name: &str, rtype: Rtype, since: u64, set: Option<(&str, u32)>) {
        let data = |text: &str| RecordData::parse(rtype, text, &Name::root()).unwrap();
        let set = set.map(|(text, ttl)| (digest(std::iter::once(&data(text))), ttl));
        let past = self.truth.sets.entry((name.to_owned(), rtype.number())).or_default();
        if past.is_empty() && since > 0 {
            past.push((SimTime::ZERO, None));
        }
        past.push((at(since), set));
    }

    fn record(&mut self, zone: &'static str, label: &str, rtype: Rtype, data: &str, ttl: u32) {
        let record = json!({ "name": label, "type": rtype.to_string(), "data": data, "ttl": format!("{ttl}s") });
        self.zones.entry(zone).or_default().push(record);
        self.note(&format!("{label}.{zone}"), rtype, 0, Some((data, ttl)));
        if label != "*.w" {
            self.names.push(format!("{label}.{zone}"));
        }
    }

    fn address(&mut self) -> String {
        format!("10.200.{}.{}", self.below(200), self.below(200) + 1)
    }

    fn fill_zones(&mut self) {
        self.truth.negative_ttl = self.pick(&[1, 5, 30, 120]);
        let zones = self.below(3) + 2;
        for zone in &ZONES[..zones] {
            for n in 0..self.below(3) + 1 {
                let (ttl, address) = (self.pick(&TTLS), self.address());
                self.record(zone, &format!("a{n}"), Rtype::A, &address, ttl);
            }
            let (ttl, address) = (self.pick(&TTLS), self.address());
            self.record(zone, "*.w", Rtype::A, &address, ttl);
            let more =
                [format!("one.w.{zone}"), format!("two.w.{zone}"), format!("none.{zone}"), format!("new.{zone}")];
            self.names.extend(more);
        }
        // aliases across zones: each to a name that is there already
        for n in 0..self.below(5) {
            let (zone, target) = (self.pick(&ZONES[..zones]), self.below(self.names.len()));
            let (target, ttl) = (format!("{}.", self.names[target]), self.pick(&TTLS));
            self.record(zone, &format!("c{n}"), Rtype::Cname, &target, ttl);
        }
        if self.chance(50) {
            let (one, other) = (ZONES[0], ZONES[zones - 1]);
            self.record(one, "ring", Rtype::Cname, &format!("gnir.{other}."), 30);
            self.record(other, "gnir", Rtype::Cname, &format!("ring.{one}."), 30);
            let ring = [format!("ring.{one}"), format!("gnir.{other}")];
            self.truth.rings.extend(ring);
            // and aliases that lead into it were made before, so that none does
        }
    }

    fn change_zones(&mut self) {
        let zones: Vec<&'static str> = self.zones.keys().copied().collect();
        let mut times: Vec<u64> = (0..self.below(6) + 1).map(|_| 20 + self.dice.below(BUSY - 60)).collect();
        times.sort_unstable();
        times.dedup();
        for time in times {
            let zone = self.pick(&zones);
            let label = self.pick(&["a0", "new", "a0"]);
            let (ttl, address) = (self.pick(&TTLS), self.address());
            let record = json!({ "name": label, "type": "A", "data": address, "ttl": format!("{ttl}s") });
            self.changes.push(json!({ "at": format!("{time}s"), "zone": zone, "set": [record] }));
            self.note(&format!("{label}.{zone}"), Rtype::A, time, Some((&address, ttl)));
        }
    }

    fn options(&mut self) -> (Value, bool) {
        let mut options = Map::new();
        for (key, percent) in [("prefetch", 30), ("qname_minimisation", 30), ("mixed_case", 30)] {
            if self.chance(percent) {
                options.insert(key.to_owned(), json!(true));
            }
        }
        if self.chance(20) {
            options.insert("max_ttl".to_owned(), json!("20s"));
        }
        let stale = self.chance(20);
        if stale {
            options.insert("serve_stale".to_owned(), json!({}));
        }
        (Value::Object(options), stale)
    }

    fn finish(mut self, case: u64) -> World {
        let (mut hosts, mut resolvers, mut known) = (Map::new(), Map::new(), BTreeSet::new());
        let (top, mut stale) = self.options();
        resolvers.insert("top.campus.edu".to_owned(), top);
        let forwarders = self.below(3);
        for n in 0..forwarders {
            let (mut options, serves) = self.options();
            options["forward"] = json!([{ "zone": ".", "to": ["top.campus.edu"] }]);
            resolvers.insert(format!("f{n}.campus.edu"), options);
            stale |= serves;
        }
        for (n, name) in resolvers.keys().enumerate() {
            let address = format!("10.50.0.{}", n + 1);
            known.insert(address.parse().unwrap());
            hosts.insert(name.clone(), json!({ "address": address }));
        }
        let mut workload = Vec::new();
        let names: Vec<&String> = resolvers.keys().collect();
        for n in 0..self.below(3) + 2 {
            let host = format!("pc{n}.campus.edu");
            hosts.insert(host.clone(), json!({ "resolver": self.pick(&names), "stub_cache": self.chance(40) }));
            let arrivals =
                self.pick(&[r#"{"poisson":"0.5/s"}"#, r#"{"pareto":{"shape":1.5,"mean":"4s"}}"#, r#"{"every":"3s"}"#]);
            let arrivals: Value = serde_json::from_str(arrivals).unwrap();
            let lookups = json!({ "clients": self.below(3) + 1, "names": self.names, "zipf": 0.6,
                "cache": self.chance(40), "arrivals": arrivals });
            let rtype = if self.chance(20) { "AAAA" } else { "A" };
            workload.push(json!({ "on": host, "type": rtype, "until": format!("{BUSY}s"), "lookups": lookups }));
        }
        // the end: everything asked once more, when all that was kept has ended
        let all = self.names.iter().enumerate();
        workload.extend(
            all.map(|(n, name)| json!({ "at": format!("{}s", 1100 + n), "on": "pc0.campus.edu", "lookup": name })),
        );
        let mut faults = Vec::new();
        for _ in 0..self.below(4) {
            let zones: Vec<&str> = self.zones.keys().copied().collect();
            let servers = [format!("ns.{}", self.pick(&zones)), "ns.nic.com".to_owned(), "top.campus.edu".to_owned()];
            let host = &servers[self.below(3)];
            let (begin, lasting) = (self.dice.below(BUSY - 100), 5 + self.dice.below(90));
            faults.push(json!({ "at": format!("{begin}s"), "for": format!("{lasting}s"), "host": host }));
        }
        let lossy = self.chance(30);
        let loss = if lossy { 0.03 } else { 0.0 };
        let zones: Map<String, Value> =
            self.zones.iter().map(|(zone, records)| ((*zone).to_owned(), json!({ "records": records }))).collect();
        let negative_ttl = self.truth.negative_ttl;
        let scenario = json!({
            "network": { "access": { "delay": "1ms" }, "backbone": { "delay": "20ms", "loss": loss }, "hosts": hosts },
            "dns": { "ttl": "40s", "negative_ttl": format!("{negative_ttl}s"), "resolvers": resolvers,
                "zones": zones, "changes": self.changes },
            "workload": workload, "faults": faults,
            "run": { "seed": case, "until": format!("{END}s") }
        });
        let quiet = (!lossy).then(|| at(1000));
        World { scenario, truth: self.truth, resolvers: known, stale, quiet }
    }
}
