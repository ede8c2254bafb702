//! Random small scenarios, each from its own named stream: what happened in case 17 happens
//! again in case 17.

use std::collections::BTreeMap;

use posthaste::base::{Stream, Streams};
use serde_json::{Map, Value, json};

use super::troubles;
use crate::common::load_value;

const DOMAINS: [&str; 3] = ["crepes.fr", "hamburger.edu", "tapas.org"];
const NAMES: [[&str; 3]; 3] = [["alice", "anna", "abel"], ["bob", "beth", "bill"], ["carlos", "carmen", "cleo"]];
const STRANGE: [&str; 9] = ["", ".", "..", ".. two", ".one", "From here", "a\tb", "Received: no header", "-- "];

/// Draws.
pub(crate) struct Dice(Stream);

impl Dice {
    pub(crate) fn new(case: u64, purpose: &str) -> Self {
        Self(Streams::new(case).stream(&format!("invariants/{purpose}")))
    }

    /// A number in `from..=to`.
    pub(crate) fn range(&mut self, from: u64, to: u64) -> u64 {
        from + self.0.below(to - from + 1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[usize::try_from(self.0.below(items.len() as u64)).unwrap()]
    }
}

fn seconds(ms: u64) -> Value {
    json!(format!("{ms}ms"))
}

/// A scenario and what of it a relation between runs needs to know.
pub(crate) struct Case {
    pub(crate) value: Value,
    /// Whether somebody writes at random.
    pub(crate) poisson: bool,
    /// Until then something may be begun or broken, in milliseconds.
    pub(crate) busy_ms: u64,
}

struct Builder {
    dice: Dice,
    domains: usize,
    addresses: Vec<String>,
    poisson: bool,
    busy_ms: u64,
}

/// The case of that number.
pub(crate) fn scenario(case: u64) -> Case {
    let mut dice = Dice::new(case, "scenario");
    let domains = usize::try_from(dice.range(1, 3)).unwrap();
    let mut builder = Builder { dice, domains, addresses: Vec::new(), poisson: false, busy_ms: 0 };
    let mut value = json!({ "title": format!("case {case}"), "run": { "seed": case } });
    value["mail"] = builder.mail();
    value["network"] = builder.network();
    families(case, &mut value);
    value["dns"] = builder.dns();
    recursion(case, &mut value);
    value["workload"] = builder.workload();
    // Enough for every lifetime, the bounces' too, and for sessions to time out in between.
    let quiet_ms = 5 * 3_600_000;
    value["run"]["until"] = seconds(builder.busy_ms + quiet_ms);
    value["faults"] = builder.faults(&value);
    value["run"]["until"] = seconds(builder.busy_ms + quiet_ms);
    troubles::add(case, &mut value, &mut builder.busy_ms);
    value["run"]["until"] = seconds(builder.busy_ms + quiet_ms);
    Case { value, poisson: builder.poisson, busy_ms: builder.busy_ms }
}

/// Lets the name servers of one case in three ask further themselves, instead of referring.
fn recursion(case: u64, value: &mut Value) {
    if Dice::new(case, "recursion").chance(33) {
        value["dns"]["mode"] = json!("recursive");
    }
}

/// Gives two cases in five IPv6, and in some of them leaves mail servers one family only.
fn families(case: u64, value: &mut Value) {
    let mut dice = Dice::new(case, "families");
    if !dice.chance(40) {
        return;
    }
    let all = *dice.pick(&["dual", "dual", "dual", "ipv6"]);
    value["network"]["ip"] = json!(all);
    let domains: Vec<String> = value["mail"].as_object().unwrap().keys().cloned().collect();
    for domain in domains.iter().filter(|_| all == "dual") {
        if dice.chance(30) {
            let server = value["mail"][domain]["server"].as_str().unwrap_or(domain).to_owned();
            value["network"]["hosts"][server]["ip"] = json!(*dice.pick(&["ipv4", "ipv6"]));
        }
    }
}

impl Builder {
    fn mail(&mut self) -> Value {
        let mut mail = Map::new();
        for (domain, names) in DOMAINS.iter().zip(NAMES).take(self.domains) {
            let users = usize::try_from(self.dice.range(1, 3)).unwrap();
            self.addresses.extend(names[..users].iter().map(|name| format!("{name}@{domain}")));
            let every = *self.dice.pick(&[20_u64, 60, 300, 600]);
            let steps = self.dice.range(1, 6);
            let extra = self.dice.range(0, every - 1);
            let mut entry = json!({
                "users": names[..users],
                "retry": { "every": format!("{every}s"), "lifetime": format!("{}s", every * steps + extra) }
            });
            if self.dice.chance(30) {
                entry["dialect"] = json!("lecture");
            }
            if self.dice.chance(25) {
                entry["server"] = json!(format!("mail.{domain}"));
            }
            mail.insert((*domain).to_owned(), entry);
        }
        Value::Object(mail)
    }

    fn link(&mut self) -> Value {
        let mut link = json!({ "delay": format!("{}us", self.dice.range(0, 150_000)) });
        if self.dice.chance(60) {
            link["rate"] = json!(*self.dice.pick(&["56kbps", "256kbps", "2Mbps", "100Mbps"]));
        }
        if self.dice.chance(40) {
            link["loss"] = json!(*self.dice.pick(&[0.005, 0.03, 0.08]));
        }
        if self.dice.chance(40) {
            link["queue"] = json!(*self.dice.pick(&["1 packets", "3 packets", "20 packets", "4kB"]));
        }
        link
    }

    fn network(&mut self) -> Value {
        let mut network = json!({});
        if self.dice.chance(70) {
            network["access"] = self.link();
        }
        if self.dice.chance(70) {
            network["backbone"] = self.link();
        }
        if self.dice.chance(30) && self.domains > 1 {
            let mut link = self.link();
            link["between"] = json!(["router.crepes.fr", "router.hamburger.edu"]);
            network["hosts"] = json!({
                "router.crepes.fr": { "router": true, "site": "crepes.fr" },
                "router.hamburger.edu": { "router": true, "site": "hamburger.edu" }
            });
            network["links"] = json!([link]);
        }
        if self.dice.chance(40) {
            network["tcp"] = json!({
                "mss": self.dice.range(300, 1460),
                "initial_window": self.dice.range(1, 10),
                "receive_window": format!("{}B", self.dice.range(1460, 20_000)),
                "syn_retries": self.dice.range(1, 5),
                "data_retries": self.dice.range(3, 15)
            });
        }
        for domain in &DOMAINS[..self.domains] {
            for host in ["laptop", "mail"] {
                network["hosts"][format!("{host}.{domain}")] = json!({});
            }
        }
        network
    }

    fn dns(&mut self) -> Value {
        let mut zones = Map::new();
        for domain in &DOMAINS[..self.domains] {
            let mx = |preference: u64, host: &str| json!({ "name": "@", "type": "MX", "data": format!("{preference} {host}") });
            let (own, laptop) = (format!("{domain}."), "laptop");
            let records = match self.dice.range(0, 12) {
                0 => vec![mx(10, laptop), mx(20, &own)],
                1 => vec![mx(10, &own), mx(10, laptop)],
                2 => vec![mx(5, "nowhere"), mx(10, &own), mx(30, laptop)],
                3 => vec![mx(10, "nowhere")],
                4 => vec![mx(10, laptop)],
                5 => vec![mx(0, ".")],
                6 => vec![mx(10, "alias"), json!({ "name": "alias", "type": "CNAME", "data": own })],
                7 => vec![mx(10, &own), mx(20, &format!("{}.", DOMAINS[0]))],
                _ => continue,
            };
            zones.insert((*domain).to_owned(), json!({ "records": records }));
        }
        let mut dns = json!({ "zones": zones });
        if self.dice.chance(30) {
            dns["ttl"] = json!(format!("{}s", self.dice.range(0, 600)));
        }
        dns
    }

    fn body(&mut self, entry: &mut Value) {
        match self.dice.range(0, 3) {
            0 => {}
            1 => entry["body_bytes"] = json!(format!("{}B", self.dice.range(0, 12_000))),
            _ => {
                let lines = self.dice.range(0, 6);
                let lines: Vec<&str> = (0..lines).map(|_| *self.dice.pick(&STRANGE)).collect();
                entry["body"] = json!(lines);
            }
        }
    }

    fn recipients(&mut self) -> Vec<String> {
        let mut to = Vec::new();
        for _ in 0..self.dice.range(1, 4) {
            to.push(match self.dice.range(0, 9) {
                0 => format!("nobody@{}", DOMAINS[..self.domains][0]),
                1 => "x@nowhere.test".to_owned(),
                2 => format!("ghost@{}", DOMAINS[self.domains - 1]),
                _ => self.dice.pick(&self.addresses).clone(),
            });
        }
        to
    }

    /// A time in the first minutes; many fall together.
    fn time(&mut self) -> u64 {
        let at = match self.dice.range(0, 3) {
            0 => 0,
            1 => self.dice.range(0, 20) * 100,
            2 => self.dice.range(0, 10) * 60_000,
            _ => self.dice.range(0, 1_800_000),
        };
        self.busy_ms = self.busy_ms.max(at);
        at
    }

    fn workload(&mut self) -> Value {
        let mut workload = Vec::new();
        for _ in 0..self.dice.range(1, 6) {
            let from = self.dice.pick(&self.addresses).clone();
            let mut entry = json!({
                "at": seconds(self.time()), "from": from, "to": self.recipients(), "allow_unknown": true
            });
            self.body(&mut entry);
            if self.dice.chance(25) {
                entry["every"] = seconds(*self.dice.pick(&[1, 700, 30_000]));
                entry["times"] = json!(self.dice.range(2, 6));
            }
            if self.dice.chance(15) {
                let domain = from.split('@').nth(1).unwrap();
                entry["on"] = json!(format!("laptop.{domain}"));
            }
            workload.push(entry);
        }
        if self.dice.chance(40) && self.addresses.len() > 1 {
            let until = 60_000 * self.dice.range(5, 40);
            self.busy_ms = self.busy_ms.max(until);
            self.poisson = true;
            let gap = format!("{}s", self.dice.range(30, 120));
            let mut entry = json!({ "at": "0s", "until": seconds(until), "poisson": { "mean_gap": gap },
                                    "from": self.addresses, "to": self.addresses });
            self.body(&mut entry);
            workload.push(entry);
        }
        for _ in 0..self.dice.range(0, 3) {
            let user = self.dice.pick(&self.addresses).clone();
            let read = *self.dice.pick(&["pop3", "pop3-keep"]);
            let mut entry = json!({ "at": seconds(self.time()), "user": user, "read": read });
            if self.dice.chance(70) {
                entry["every"] = seconds(self.dice.range(20, 900) * 1_000);
                entry["times"] = json!(self.dice.range(2, 12));
                entry["spread"] = seconds(self.dice.range(0, 60_000));
            }
            if self.dice.chance(25) {
                let domain = user.split('@').nth(1).unwrap();
                entry["on"] = json!(format!("laptop.{domain}"));
            }
            workload.push(entry);
        }
        Value::Array(workload)
    }

    /// Faults of hosts and links that exist, all over at the end of the busy time.
    fn faults(&mut self, value: &Value) -> Value {
        let whole = load_value(value);
        let hosts: Vec<&str> = whole.hosts.iter().map(|host| host.name.as_str()).collect();
        let links: Vec<&str> = whole.links.iter().map(|link| link.name.as_str()).collect();
        let servers: Vec<&str> =
            whole.domains.iter().map(|domain| whole.host_spec(domain.server).name.as_str()).collect();
        let mut faults = Vec::new();
        let mut free: BTreeMap<String, u64> = BTreeMap::new();
        // In a storm outages are short and many, so that replies are lost on their way.
        let storm = self.dice.chance(35);
        let many = if storm { self.dice.range(6, 20) } else { self.dice.range(0, 5) };
        for _ in 0..many {
            // Most begin in the middle of the first dialogues.
            let at = match self.dice.range(0, 3) {
                _ if storm => self.dice.range(0, 30_000),
                0 | 1 => self.dice.range(0, 4_000),
                _ => self.time(),
            };
            let lasts = match self.dice.range(0, 2) {
                _ if storm => self.dice.range(1, 8_000),
                0 => self.dice.range(1, 5_000),
                1 => self.dice.range(5_000, 200_000),
                _ => self.dice.range(200_000, 4_000_000),
            };
            let (key, name) = match self.dice.range(0, 3) {
                0 => ("link", *self.dice.pick(&links)),
                1 if !storm => ("host", *self.dice.pick(&hosts)),
                _ => ("host", *self.dice.pick(&servers)),
            };
            // One outage of a thing must be over before the next begins.
            let at = at.max(free.get(name).copied().unwrap_or_default());
            free.insert(name.to_owned(), at + lasts + 1);
            self.busy_ms = self.busy_ms.max(at + lasts);
            faults.push(json!({ "at": seconds(at), "for": seconds(lasts), key: name }));
        }
        json!(faults)
    }
}
