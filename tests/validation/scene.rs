//! Scenarios to measure in, and the part of the trace that is measured.

use posthaste::base::trace::{ConnStep, NetTrace, Observer, PacketInfo, Trace, TraceEvent};
use posthaste::base::{ConnId, HostId, LinkDirId, Side, SimDuration, SimTime};
use posthaste::cli::simulate::{Finished, simulate};
use serde_json::{Value, json};

use crate::common::load_value;

pub(crate) const PC: &str = "alice-pc.crepes.fr";
pub(crate) const SERVER: &str = "crepes.fr";
pub(crate) const RESOLVER: &str = "resolver.crepes.fr";

/// What packets and connections did, and when somebody spoke.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    pub(crate) net: Vec<(SimTime, HostId, NetTrace)>,
    pub(crate) steps: Vec<(SimTime, ConnId, Side, ConnStep)>,
    /// With the count of octets.
    pub(crate) spoken: Vec<(SimTime, ConnId, Side, usize)>,
}

impl Observer for Trail {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        match event.what {
            Trace::Net(net) => self.net.push((event.at, event.host, net)),
            Trace::Conn { conn, side, step } => self.steps.push((event.at, conn, side, step)),
            Trace::Dialogue { conn, side, bytes, .. } => self.spoken.push((event.at, conn, side, bytes.len())),
            Trace::Dns(_) | Trace::Mail(_) | Trace::Fault(_) | Trace::Host(_) | Trace::Web(_) => {}
        }
    }
}

impl Trail {
    /// Packets that joined the queue of a link at that host.
    pub(crate) fn sent(&self, by: HostId) -> impl Iterator<Item = (SimTime, LinkDirId, &PacketInfo)> {
        self.net.iter().filter_map(move |(at, host, event)| match event {
            NetTrace::Sent { link, packet } if *host == by => Some((*at, *link, packet)),
            NetTrace::Sent { .. } | NetTrace::Arrived { .. } | NetTrace::Dropped { .. } => None,
        })
    }

    /// Packets that arrived at that host.
    pub(crate) fn arrived(&self, to: HostId) -> impl Iterator<Item = (SimTime, &PacketInfo)> {
        self.net.iter().filter_map(move |(at, host, event)| match event {
            NetTrace::Arrived { packet, .. } if *host == to => Some((*at, packet)),
            NetTrace::Sent { .. } | NetTrace::Arrived { .. } | NetTrace::Dropped { .. } => None,
        })
    }

    /// When the client of a connection spoke, and how many octets.
    pub(crate) fn client_spoke(&self, conn: ConnId) -> Vec<(SimTime, usize)> {
        let of_client = |said: &&(SimTime, ConnId, Side, usize)| said.1 == conn && said.2 == Side::Client;
        self.spoken.iter().filter(of_client).map(|said| (said.0, said.3)).collect()
    }

    /// The first connection that a host opened.
    pub(crate) fn first_opened(&self, by: HostId) -> (SimTime, ConnId) {
        let opening =
            |step: &&(SimTime, ConnId, Side, ConnStep)| step.1.host == by && matches!(step.3, ConnStep::Opening { .. });
        self.steps.iter().find(opening).map(|step| (step.0, step.1)).expect("a connection was opened")
    }
}

/// Runs a scenario and keeps the trail.
pub(crate) fn follow(scenario: &Value) -> Finished<Trail> {
    simulate(&load_value(scenario), Trail::default()).unwrap()
}

/// The host of a name.
pub(crate) fn host<X>(finished: &Finished<X>, name: &str) -> HostId {
    let hosts = finished.world.directory().hosts();
    HostId(u32::try_from(hosts.iter().position(|host| host.name == name).expect(name)).unwrap())
}

/// A network in which nothing takes time but the given links: `(end, end, delay)`, all of
/// that rate if there is one. Hosts that no link names hang on the core at no distance.
pub(crate) fn network(routers: &[&str], links: &[(&str, &str, SimDuration)], rate: Option<&str>) -> Value {
    let links: Vec<Value> = links
        .iter()
        .map(|(from, to, delay)| {
            let mut link = json!({ "between": [from, to], "delay": format!("{}ns", delay.as_nanos()) });
            if let (Some(rate), false) = (rate, delay.as_nanos() == 0) {
                link["rate"] = json!(rate);
            }
            link
        })
        .collect();
    let hosts: serde_json::Map<String, Value> =
        routers.iter().map(|name| ((*name).to_owned(), json!({ "router": true }))).collect();
    json!({ "access": { "delay": "0s" }, "backbone": { "delay": "0s" }, "hosts": hosts, "links": links })
}

/// Every host on its own link to the core.
pub(crate) fn star(delays_ms: &[(&str, u64)]) -> Value {
    let links: Vec<_> = delays_ms.iter().map(|(name, delay)| (*name, "core", ms(*delay))).collect();
    network(&["core"], &links, None)
}

/// `count` links of 10 Mb/s and 10 ms one behind the other between two hosts. The host
/// `outward` reaches the rest of the world by a link that takes no time.
pub(crate) fn chain(from: &str, to: &str, count: usize, outward: &str) -> Value {
    let routers: Vec<String> = (1..count).map(|n| format!("r{n}")).collect();
    let mut nodes: Vec<&str> = vec![from];
    nodes.extend(routers.iter().map(String::as_str));
    nodes.push(to);
    let mut links: Vec<_> = nodes.windows(2).map(|pair| (pair[0], pair[1], ms(10))).collect();
    links.push((outward, "core", ms(0)));
    let mut all: Vec<&str> = routers.iter().map(String::as_str).collect();
    all.push("core");
    network(&all, &links, Some("10Mbps"))
}

/// Alice writes one message of that many octets to Anna, whose mailbox is on the same server.
pub(crate) fn one_message(network: Value, octets: u64) -> Value {
    json!({
        "network": network,
        "mail": { "crepes.fr": { "users": ["alice", "anna"] } },
        "workload": [ { "at": "0s", "from": "alice@crepes.fr", "to": "anna@crepes.fr", "body_bytes": format!("{octets}B") } ],
        "run": { "seed": 1, "until": "10min" }
    })
}

pub(crate) const fn ms(milliseconds: u64) -> SimDuration {
    SimDuration::from_millis(milliseconds)
}
