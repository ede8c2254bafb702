//! Pages in round trips: the textbook's problem of a page with eight very small objects, whose octets take no time. Here
//! links carry 10 Gb/s, and the time that the octets do take is counted to the nanosecond.

use posthaste::base::{DataRate, SimDuration};
use serde_json::{Value, json};

use super::row::{Row, seconds};
use super::scene::{PC, ms, network, star};
use super::web::{HEADERS, Load, SITE, visit};

const OBJECTS: usize = 8;
/// An object: with its head it fits in a segment, as the page does.
const SIZE: u64 = 100;
const RTT: SimDuration = ms(100);

/// A packet of so many octets onto the wire.
fn packet(octets: u64) -> SimDuration {
    let rate = DataRate::from_bits_per_sec(10_000_000_000).unwrap();
    rate.serialization_time(u32::try_from(octets).unwrap())
}

/// The time of the octets alone, without the round trips.
impl Load {
    fn opening(&self) -> SimDuration {
        packet(self.syn[0]) + packet(self.syn[1])
    }

    fn request(&self, number: usize) -> SimDuration {
        packet(self.requests[number].sent_bytes + HEADERS)
    }

    fn answers(&self, numbers: std::ops::RangeInclusive<usize>) -> SimDuration {
        let one = |number: usize| packet(self.requests[number].received_bytes + HEADERS);
        numbers.map(one).fold(SimDuration::ZERO, |sum, one| sum + one)
    }

    /// A request and its answer.
    fn pair(&self, number: usize) -> SimDuration {
        self.request(number) + self.answers(number..=number)
    }

    fn pairs(&self) -> SimDuration {
        (0..=OBJECTS).map(|number| self.pair(number)).fold(SimDuration::ZERO, |sum, one| sum + one)
    }
}

fn round_trips(count: u64, rest: SimDuration) -> String {
    format!("{count} RTT + {}", seconds(rest))
}

/// How long a page took.
fn took(load: &Load) -> String {
    let time = load.page.time().expect("the page was loaded").as_nanos();
    round_trips(time / RTT.as_nanos(), SimDuration::from_nanos(time % RTT.as_nanos()))
}

pub(crate) fn rows() -> Vec<Row> {
    let wide = network(&["core"], &[(PC, SITE, ms(50)), (PC, "core", ms(0))], Some("10Gbps"));
    let page = |browser: Value| visit(&wide, (OBJECTS as u64, SIZE), &browser);
    let serial = page(json!({ "cache": false, "persistent": false }));
    let parallel = page(json!({ "cache": false, "persistent": false, "parallel": 5 }));
    let persistent = page(json!({ "cache": false }));
    let pipelined = page(json!({ "cache": false, "pipelining": OBJECTS }));
    // A FIN goes ahead of the next SYN.
    let fin = packet(HEADERS);
    let what = |ways: &str| format!("page with 8 very small objects, 10 Gb/s, RTT 100 ms: {ways}");
    let row = |id, ways, count, rest, load: &Load, form| {
        Row::exact(id, what(ways), round_trips(count, rest), took(load), form)
    };
    let one_by_one = serial.opening().saturating_mul(9) + serial.pairs() + fin.saturating_mul(8);
    // The first five answers follow each other without a gap but for FINs; the third of them makes room for the last object.
    // The page's connection is not in the way of the five.
    let five = parallel.opening().saturating_mul(3)
        + parallel.pair(0)
        + parallel.request(1)
        + parallel.answers(1..=3)
        + parallel.pair(8)
        + fin.saturating_mul(3);
    let at_once = pipelined.opening() + pipelined.pair(0) + pipelined.request(1) + pipelined.answers(1..=OBJECTS);
    vec![
        row("W07", "not persistent", 18, one_by_one, &serial, "2 RTT + 8 (2 RTT)"),
        row("W08", "not persistent, 5 in parallel", 6, five, &parallel, "2 RTT + 2 (2 RTT)"),
        row("W09", "persistent", 10, persistent.opening() + persistent.pairs(), &persistent, "2 RTT + 8 RTT"),
        row("W10", "persistent, pipelined", 3, at_once, &pipelined, "2 RTT + RTT"),
        looked_up(),
    ]
}

/// The same behind a look-up: 2 ms to the resolver, from there 30 to the root, 20 to the TLD and 10 to the zone's server;
/// octets take no time at all.
fn looked_up() -> Row {
    let far = star(&[(PC, 1), ("a.root-servers.net", 15), ("ns.nic.edu", 10), ("ns.school.edu", 5), (SITE, 49)]);
    let load = visit(&far, (OBJECTS as u64, SIZE), &json!({ "cache": false, "persistent": false }));
    let what = "page with 8 objects that take no time, RTT 100 ms, behind a look-up: stub 2, root 30, TLD 20, zone 10 ms, not persistent";
    let expected = ms(62) + RTT.saturating_mul(18);
    let source = "RTT_1 + ... + RTT_n + 18 RTT_0";
    Row::exact("W11", what, seconds(expected), seconds(load.page.time().expect("the page was loaded")), source)
}
