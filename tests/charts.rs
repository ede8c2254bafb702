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
use posthaste::report::charts::study::{
    Axis, BandChart, Curve, Estimate, HeatMap, Panel, PanelChart, Spacing, StudySeries,
};
use posthaste::report::netmap::NetworkMap;
use posthaste::report::{ChartSource, Drawing, Theme, chart_names, charts, draw, read_run};
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
            "mailbox_size",
            "throughput",
            "topology",
        ],
    ),
    ("outage-queue", &["attempt_rate", "latency_cdf", "queue_length", "queue_survival"]),
    ("web-page", &["page_time", "page_waterfall"]),
    ("pop3-modes", &["protocol_cost", "reading_times"]),
    ("webmail", &["activity_by_hour"]),
    ("short", &["cwnd", "link_drops", "link_utilization", "tcp_sequence"]),
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

/// Made-up results of a study: the mean wait in a queue over its load, with an interval around each.
fn queue_study(names: &[(&str, f64)]) -> Panel {
    let wait = |factor: f64, load: f64| factor * load / (1.0 - load);
    let point = |factor: f64, step: u32| {
        let load = 0.1 + 0.1 * f64::from(step);
        // off the curve now to one side and now to the other
        let mid = wait(factor, load) * if step.is_multiple_of(2) { 1.04 } else { 0.97 };
        Estimate::within(load, mid * (0.94 - 0.1 * load), mid, mid * (1.06 + 0.15 * load))
    };
    let series = |(name, factor): &(&str, f64)| StudySeries {
        name: (*name).to_owned(),
        points: (0..9).map(|step| point(*factor, step)).collect(),
    };
    let curve = |(_, factor): &(&str, f64)| Curve::of("closed form", (0.02, 0.98), |load| wait(*factor, load));
    Panel {
        title: String::new(),
        series: names.iter().map(series).collect(),
        curves: names.iter().map(curve).collect(),
    }
}

/// Charts of made-up studies, one of each kind.
fn study_charts(theme: Theme) -> [(&'static str, Drawing); 3] {
    let both = [("M/M/1", 8.0), ("M/D/1", 4.0)];
    let (title, note) = ("Wait in the queue of a link".to_owned(), "20 replications of 30 min each".to_owned());
    let (x, y) = (Axis::new("load (share of the rate)"), Axis::new("mean wait (ms)").spaced(Spacing::Linear));
    let interval = "95 % interval".to_owned();
    let panels = [0.5, 1.0, 2.0, 4.0].map(|factor| Panel {
        title: format!("packets of {factor} kB"),
        ..queue_study(&both.map(|(name, wait)| (name, wait * factor)))
    });
    let cell = |row: u32, column: u32| {
        let product = 0.02 * f64::from(1 << row) * f64::from(10_u32 << column);
        (row != 2 || column != 1).then_some(product / (1.0 + product))
    };
    let map = HeatMap {
        title: "Hit ratio of a cache".to_owned(),
        note: "mean of 20 replications".to_owned(),
        x: "TTL (s)".to_owned(),
        columns: (0..7).map(|column| (10 << column).to_string()).collect(),
        y: "look-ups (1/s)".to_owned(),
        rows: (0..5).map(|row| (0.02 * f64::from(1 << row)).to_string()).collect(),
        value: Axis::new("hit ratio (share of look-ups)"),
        cells: (0..5).map(|row| (0..7).map(|column| cell(row, column)).collect()).collect(),
    };
    let bands = BandChart {
        title: title.clone(),
        note: note.clone(),
        x: x.clone(),
        y: y.clone(),
        interval: interval.clone(),
        panel: queue_study(&both),
    };
    let grid = PanelChart { title, note, x, y, interval, panels: panels.to_vec() };
    [("bands", bands.draw(theme)), ("panels", grid.draw(theme)), ("heat_map", map.draw(theme))]
}

/// Breaks when a chart of a study is another picture than the one that somebody looked at.
#[test]
fn charts_of_studies_are_the_golden_ones() {
    let folder = root().join("tests/golden/charts/study");
    let bless = std::env::var_os("POSTHASTE_BLESS").is_some();
    let mut stale = Vec::new();
    for theme in Theme::ALL {
        for (name, drawing) in study_charts(theme) {
            let file = format!("{name}-{}.svg", theme.name());
            let svg = drawing.svg().unwrap();
            assert!(!drawing.is_blank() && drawing.cut().is_empty() && drawing.text_faults().is_empty(), "{file}");
            if theme == Theme::Slides {
                assert!(drawing.png().unwrap().starts_with(b"\x89PNG"), "{file}");
            }
            if bless {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(&file), &svg).unwrap();
            } else if fs::read_to_string(folder.join(&file)).ok() != Some(svg) {
                stale.push(file);
            }
        }
    }
    assert!(stale.is_empty(), "not as in tests/golden/charts/study: {stale:?}");
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
