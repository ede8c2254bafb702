//! Charts of whole runs, held against the pictures in `tests/golden/charts`.
//!
//! `POSTHASTE_BLESS=1 cargo test --test charts` makes the pictures anew, after a change that is
//! meant; then look at them.

mod common;

use std::fs;

use common::binary::posthaste;
use common::{library, library_names, load_value, root, run};
use posthaste::cli::simulate::segments;
use posthaste::metrics::Tables;
use posthaste::report::netmap::NetworkMap;
use posthaste::report::{ChartSource, Theme, chart_names, charts, draw, read_run};
use posthaste::scenario::Resolved;
use serde_json::json;

/// Which scenario shows what: as small as may be.
const SHOWN: [(&str, &[&str]); 6] = [
    (
        "ketchup",
        &[
            "attempts_per_message",
            "connection_goodput",
            "dns_hit_ratio",
            "dns_load",
            "dns_upstream",
            "latency_by_phase",
            "link_utilization",
            "mailbox_size",
            "throughput",
            "topology",
        ],
    ),
    ("outage-queue", &["attempt_rate", "latency_cdf", "queue_length", "queue_survival"]),
    ("web-page", &["page_time", "page_waterfall"]),
    ("pop3-modes", &["protocol_cost", "reading_times"]),
    ("webmail", &["activity_by_hour"]),
    ("short", &["cwnd", "link_drops", "tcp_sequence"]),
];

/// A message over a thin line with a short queue.
fn short() -> Resolved {
    load_value(&json!({
        "network": {
            "access": { "rate": "10Mbps", "delay": "1ms" },
            "backbone": { "rate": "1Mbps", "delay": "20ms", "queue": "6 packets" },
        },
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "workload": [{ "at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body_bytes": "100kB" }],
        "run": { "until": "1min" },
        "outputs": { "cwnd": { "hosts": "crepes.fr", "ports": [25] } },
    }))
}

fn each_chart(mut look: impl FnMut(&str, &str, &ChartSource<'_>)) {
    for (name, shown) in SHOWN {
        let scenario = if name == "short" { short() } else { library(&format!("{name}.json")) };
        // windows are streamed into the result folder, so that is read
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("s.json"), scenario.to_json_text()).unwrap();
        assert_eq!(posthaste(place.path(), &["run", "s.json", "-q", "--out", "r"]).code, 0, "{name}");
        let tables = read_run(&place.path().join("r")).unwrap();
        let mut source = ChartSource::with_scenario(&tables, &scenario.to_json_text());
        if shown.contains(&"tcp_sequence") {
            source.segments = Some(segments(&scenario, "crepes.fr#1", "crepes.fr"));
        }
        for chart in shown {
            look(name, chart, &source);
        }
    }
}

/// Breaks when a chart is another picture than the one that somebody looked at.
#[test]
fn charts_are_the_golden_ones() {
    let folder = root().join("tests/golden/charts");
    let bless = std::env::var_os("POSTHASTE_BLESS").is_some();
    let (mut stale, mut drawn) = (Vec::new(), Vec::new());
    each_chart(|scenario, chart, source| {
        for theme in Theme::ALL {
            let drawing = draw(chart, source, theme).unwrap();
            assert!(!drawing.is_blank(), "{chart} of {scenario}: {}", drawing.note());
            let file = format!("{chart}-{}.svg", theme.name());
            let svg = drawing.svg().unwrap();
            if bless {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(&file), &svg).unwrap();
            } else if fs::read_to_string(folder.join(&file)).ok() != Some(svg) {
                stale.push(file);
            }
        }
        drawn.push(chart.to_owned());
    });
    drawn.sort();
    assert!(drawn.iter().map(String::as_str).eq(chart_names()), "a chart has no golden picture: {drawn:?}");
    assert!(stale.is_empty(), "not as in tests/golden/charts: {stale:?}");
}

/// Breaks when the list of charts names a table that there is not.
#[test]
fn what_charts_need_exists() {
    let tables = fs::read_to_string(root().join("schema/tables.md")).unwrap();
    for chart in charts() {
        if let Some(names) = chart.needs.strip_prefix("table").map(|rest| rest.trim_start_matches('s').trim()) {
            for name in names.split(" (").next().unwrap().split(", ") {
                assert!(tables.contains(&format!("## `tables/{name}.csv`")), "{}: {name}", chart.name);
            }
        }
    }
}

/// Breaks when what is drawn of segments is not what the connection did.
#[test]
fn segments_are_those_of_the_connection() {
    let scenario = short();
    let tables = run(&scenario).record.tables;
    let row = tables.connections.iter().find(|row| &*row.connection == "crepes.fr#1").unwrap();
    let record = segments(&scenario, "crepes.fr#1", "crepes.fr");
    let data = record.sent.iter().filter(|segment| !segment.again).map(|segment| u64::from(segment.len)).sum::<u64>();
    assert_eq!(Some(data), row.bytes_to_server, "each octet is sent once for the first time");
    let again = record.sent.iter().filter(|segment| segment.again).count() as u64;
    assert!(again > 0 && again <= row.retransmissions, "{again} of {}", row.retransmissions);
    assert!(!record.lost.is_empty() && record.lost.len() as u64 <= again);
    assert!(record.acked.windows(2).all(|pair| pair[0].1 <= pair[1].1), "acknowledgements never go back");
    let last = record.sent.iter().map(|segment| segment.seq + u64::from(segment.len)).max().unwrap();
    assert!(record.acked.last().unwrap().1 >= last);
    assert_eq!(segments(&scenario, "nobody#1", "crepes.fr").sent.len(), 0);
}

/// Breaks when on the map of a network of the library a text meets another, a name is cut or left out of a page, or ground stays
/// empty.
#[test]
fn networks_of_the_library_can_be_read() {
    let tables = Tables::default();
    for name in library_names() {
        let scenario = library(&name);
        let source = ChartSource::with_scenario(&tables, &scenario.to_json_text());
        let map = NetworkMap::for_page(&source.setting);
        assert_eq!(map.faults(), Vec::<String>::new(), "{name}");
        assert_eq!(map.spots.len(), scenario.hosts.len(), "{name}");
        assert!(map.whole && map.texts.iter().all(|text| !text.text.ends_with('\u{2026}')), "{name}: a name is cut");
        let covered: f64 = map.cards.iter().map(|card| card.width * card.height).sum();
        assert!(covered > 0.5 * map.width * map.height, "{name}: {covered} of {} by {}", map.width, map.height);
        for theme in Theme::ALL {
            let drawing = draw("topology", &source, theme).unwrap();
            assert_eq!(drawing.text_faults(), Vec::<String>::new(), "{name} for {}", theme.name());
        }
    }
}
