//! Pages: what the textbook says of non-persistent, parallel, persistent and pipelined requests, to the nanosecond, with
//! every octet on the wire and slow start counted.

use posthaste::base::trace::NetTrace;
use posthaste::base::{DataRate, SimDuration, SimTime};
use posthaste::metrics::{WebPageRow, WebRequestRow};
use serde_json::{Value, json};

use super::row::{Row, seconds};
use super::scene::{PC, chain, follow, host, ms};

pub(super) const SITE: &str = "www.school.edu";
/// Octets of the headers of IPv4 and TCP, and of a segment's data.
pub(super) const HEADERS: u64 = 40;
const MSS: u64 = 1_460;

/// What a page took, and the octets from which theory computes it.
pub(super) struct Load {
    pub(super) page: WebPageRow,
    pub(super) requests: Vec<WebRequestRow>,
    /// Octets of the SYN and of the answer to it.
    pub(super) syn: [u64; 2],
}

/// A page with so many objects of that size, over one link of 10 Mb/s and 10 ms; names take no time.
fn load(objects: u64, size: u64, browser: &Value) -> Load {
    visit(&chain(PC, SITE, 1, PC), (objects, size), browser)
}

/// A page of 1 kB with so many objects of that size, in that network.
pub(super) fn visit(network: &Value, (objects, size): (u64, u64), browser: &Value) -> Load {
    let objects = if objects == 0 { json!([]) } else { json!([{ "count": objects, "size": format!("{size}B") }]) };
    let scenario = json!({
        "network": network,
        "mail": { "crepes.fr": { "users": ["alice"] } },
        "web": { SITE: { "pages": { "/index.html": { "size": "1000B", "objects": objects } } } },
        "workload": [{ "at": "0s", "on": PC, "browse": format!("http://{SITE}/index.html"), "browser": browser }],
        "run": { "seed": 1, "until": "10min" }
    });
    let finished = follow(&scenario);
    let (pc, site) = (host(&finished, PC), host(&finished, SITE));
    let sent = |by| {
        let mut sizes = finished.extra.net.iter().filter_map(move |(_, host, event)| match event {
            NetTrace::Sent { packet, .. } if *host == by && packet.tcp.is_some() => Some(u64::from(packet.bytes)),
            NetTrace::Sent { .. } | NetTrace::Arrived { .. } | NetTrace::Dropped { .. } => None,
        });
        sizes.next().expect("a SYN was sent")
    };
    let tables = finished.record.tables;
    let page = tables.web_pages.expect("a page was visited").remove(0);
    assert_eq!((page.status, page.missing, page.asked), (Some(200), 0, SimTime::ZERO));
    Load { page, requests: tables.web_requests.unwrap(), syn: [sent(pc), sent(site)] }
}

/// How long packets of so many octets in all take onto the wire.
fn wire(octets: u64) -> SimDuration {
    DataRate::from_bits_per_sec(10_000_000).unwrap().serialization_time(u32::try_from(octets).unwrap())
}

/// The segments of so many octets.
fn segments(octets: u64) -> SimDuration {
    wire(octets + octets.div_ceil(MSS) * HEADERS)
}

impl Load {
    fn took(&self) -> String {
        seconds(self.page.time().expect("the page was loaded"))
    }

    /// SYN there and back.
    fn handshake(&self) -> SimDuration {
        wire(self.syn[0]) + wire(self.syn[1]) + ms(20)
    }

    /// A request there, and its whole answer back, while the window is no limit.
    fn exchange(&self, number: usize) -> SimDuration {
        let request = &self.requests[number];
        segments(request.sent_bytes) + segments(request.received_bytes) + ms(20)
    }

    fn exchanges(&self) -> SimDuration {
        (0..self.requests.len()).map(|number| self.exchange(number)).fold(SimDuration::ZERO, |sum, one| sum + one)
    }
}

/// The sum of so many.
fn times(count: u64, one: SimDuration) -> SimDuration {
    one.saturating_mul(count)
}

pub(crate) fn rows() -> Vec<Row> {
    let no_cache = |ways: Value| {
        let mut ways = ways;
        ways["cache"] = json!(false);
        ways
    };
    let serial = load(5, 2_000, &no_cache(json!({ "persistent": false })));
    let parallel = load(5, 2_000, &no_cache(json!({ "persistent": false, "parallel": 5 })));
    let persistent = load(5, 2_000, &no_cache(json!({})));
    let pipelined = load(4, 2_000, &no_cache(json!({ "pipelining": 4 })));
    let old = load(5, 2_000, &no_cache(json!({ "http": "1.0" })));
    let what = |ways: &str| format!("page of 1 kB, objects of 2 kB, 10 Mb/s, RTT 20 ms: {ways}");
    let answers = |load: &Load| {
        load.requests[1..].iter().map(|row| segments(row.received_bytes)).fold(SimDuration::ZERO, |sum, one| sum + one)
    };
    // The objects' answers follow each other without a gap: the first request is all that is waited for.
    let first = |load: &Load| load.exchange(0) + segments(load.requests[1].sent_bytes) + ms(20) + answers(load);
    // Where connections end, a FIN goes ahead of the next SYN, or of the next answer: 32 us.
    let fin = wire(HEADERS);
    let slow = "(1 + M) (2 RTT + O/R)";
    vec![
        Row::exact(
            "W01",
            what("5, not persistent"),
            seconds(times(6, serial.handshake()) + serial.exchanges() + times(5, fin)),
            serial.took(),
            slow,
        ),
        Row::exact(
            "W01b",
            what("5, HTTP/1.0"),
            seconds(times(6, old.handshake()) + old.exchanges() + times(5, fin)),
            old.took(),
            slow,
        ),
        Row::exact(
            "W02",
            what("5, not persistent, 5 in parallel"),
            seconds(times(2, parallel.handshake()) + first(&parallel) + times(4, fin)),
            parallel.took(),
            "2 (2 RTT) + O/R + M O/R",
        ),
        Row::exact(
            "W03",
            what("5, persistent"),
            seconds(persistent.handshake() + persistent.exchanges()),
            persistent.took(),
            "2 RTT + O/R + M (RTT + O/R)",
        ),
        Row::exact(
            "W04",
            what("4, persistent, pipelined"),
            seconds(pipelined.handshake() + first(&pipelined)),
            pipelined.took(),
            "2 RTT + O/R + RTT + M O/R",
        ),
        slow_start(),
        connections("W06", &serial, 6),
        connections("W06b", &persistent, 1),
    ]
    .into_iter()
    .chain(super::book::rows())
    .collect()
}

fn connections(id: &'static str, load: &Load, expected: u32) -> Row {
    let kind = if expected == 1 { "persistent" } else { "not persistent" };
    Row::exact(
        id,
        format!("connections for a page with 5 objects, {kind}"),
        expected,
        load.page.connections,
        "1 + M, or 1",
    )
}

/// An object of 20 kB is more than the first window of ten segments: the others wait for the acknowledgement of the
/// first two, which is there before the link has carried the ten.
fn slow_start() -> Row {
    let load = load(0, 0, &json!({ "cache": false }));
    let alone = load.handshake() + load.exchange(0);
    assert_eq!(seconds(alone), load.took());
    let large = self::load(1, 20_000, &json!({ "persistent": false, "cache": false }));
    let object = &large.requests[1];
    let rest = object.received_bytes - 10 * MSS;
    let stall = segments(2 * MSS) + ms(20) + wire(HEADERS);
    assert!(stall > segments(10 * MSS), "the window is a limit");
    let expected = times(2, large.handshake())
        + wire(HEADERS)
        + large.exchange(0)
        + segments(object.sent_bytes)
        + ms(20)
        + stall
        + segments(rest);
    let what = "object of 20 kB on a connection of its own, first window 10 segments, RTT 20 ms";
    Row::exact("W05", what, seconds(expected), large.took(), "2 RTT + one stall: 2 S/R + RTT, + the rest/R")
}
