//! Browsers and Web servers in whole scenarios: what is fetched, over which connections, and what goes wrong.

mod common;

use common::{load_value, run_value};
use posthaste::metrics::{Metric, WebPageRow, WebRequestRow};
use posthaste::scenario;
use serde_json::{Value, json};

/// Alice's browser and the server www.school.edu, which has these pages; entries of the workload lack only `on`.
fn scenario(pages: &Value, visits: &[Value]) -> Value {
    let visit = |visit: &Value| {
        let mut entry = json!({ "on": "pc.crepes.fr", "browse": "http://www.school.edu/" });
        entry.as_object_mut().unwrap().extend(visit.as_object().unwrap().clone());
        entry
    };
    json!({
        "network": { "access": { "rate": "10Mbps", "delay": "1ms" }, "backbone": { "delay": "20ms" },
            "hosts": { "pc.crepes.fr": {}, "silent.school.edu": {} } },
        "web": { "www.school.edu": { "pages": pages }, "img.school.edu": {} },
        "workload": visits.iter().map(visit).collect::<Vec<_>>(),
        "run": { "seed": 1, "until": "1h" }
    })
}

fn five() -> Value {
    json!({ "/": { "size": "2kB", "objects": [{ "count": 5, "size": "3kB" }] } })
}

fn browse(scenario: &Value) -> (Vec<WebPageRow>, Vec<WebRequestRow>) {
    let tables = run_value(scenario).record.tables;
    (tables.web_pages.unwrap(), tables.web_requests.unwrap())
}

/// Would break if a page counted as loaded without its objects, or something missing ended it early.
#[test]
fn what_is_missing_is_told() {
    let pages = json!({
        "/": { "objects": [{ "count": 2, "size": "1kB" }, { "path": "/a/style.css", "size": "1kB" },
            { "count": 2, "size": "1kB", "host": "img.school.edu", "media": "image/png" }, { "path": "/moved.png" }] },
        "/moved.png": { "moved_to": "/lost.png" },
        "/old": { "moved_to": "new", "status": 302 },
        "/new": { "text": "It is here." },
        "/loop": { "moved_to": "/loop" }
    });
    let value = scenario(
        &pages,
        &[
            json!({}),
            json!({ "at": "1min", "browse": "http://www.school.edu/old" }),
            json!({ "at": "2min", "browse": "http://www.school.edu/nothing" }),
            json!({ "at": "3min", "browse": "http://nowhere.school.edu/" }),
            json!({ "at": "4min", "browse": "http://silent.school.edu/" }),
            json!({ "at": "5min", "browse": "http://www.school.edu/loop" }),
        ],
    );
    let (pages, requests) = browse(&value);
    let seen: Vec<_> = pages
        .iter()
        .map(|page| (page.url.trim_start_matches("http://"), page.status, page.objects, page.missing))
        .collect();
    assert_eq!(
        seen,
        [
            ("www.school.edu/", Some(200), 6, 1),
            ("www.school.edu/new", Some(200), 0, 0),
            ("www.school.edu/nothing", Some(404), 0, 0),
            ("nowhere.school.edu/", None, 0, 0),
            ("silent.school.edu/", None, 0, 0),
            ("www.school.edu/loop", Some(301), 0, 0),
        ]
    );
    assert!(pages.iter().all(|page| page.ended.is_some()));
    assert_eq!(pages[0].connections, 2, "one to each host");
    assert_eq!(requests.iter().filter(|row| &*row.url == "http://www.school.edu/loop").count(), 11, "ten redirections");
    let record = run_value(&value).record;
    assert_eq!(record.metrics()["web.pages_failed"], Metric::Integer(4), "and redirections without end");
    let longest = pages[..2].iter().map(|page| page.time().unwrap().as_secs_f64()).fold(0.0, f64::max);
    assert_eq!(record.metrics()["web.page_time.max_s"], Metric::Float(longest), "only of pages that were had");
}

/// Would break if requests behind the last one that a server answers on a connection used up their attempts.
#[test]
fn pipelining_loses_nothing_to_servers_that_close() {
    for (key, given) in [("http", json!("1.0")), ("persistent", json!(false)), ("max_requests", json!(2))] {
        for parallel in [1, 3] {
            let pages = json!({ "/": { "objects": [{ "count": 9, "size": "1kB" }] } });
            let mut value =
                scenario(&pages, &[json!({ "browser": { "pipelining": 9, "parallel": parallel, "cache": false } })]);
            value["web"]["www.school.edu"][key] = given.clone();
            let (pages, requests) = browse(&value);
            assert_eq!((pages[0].objects, pages[0].missing), (9, 0), "{key}, {parallel} at a time");
            assert!(requests.iter().all(|row| row.status == Some(200)), "{key}, {parallel} at a time");
        }
    }
}

/// Would break if a fresh copy were asked for, a stale one used, or a changed one kept.
#[test]
fn copies_are_used_while_they_are_good() {
    let pages = json!({ "/": { "text": "x", "max_age": "10s", "objects": [
        { "path": "/fresh.png", "size": "1kB", "max_age": "1h" }, { "path": "/moving.png", "size": "1kB", "changes": "1min" }] } });
    let value = scenario(
        &pages,
        &[json!({ "every": "40s", "times": 3 }), json!({ "at": "20min", "browser": { "cache": false } })],
    );
    let (pages, requests) = browse(&value);
    let sources = |number: usize| -> Vec<(String, Option<u16>)> {
        let own = requests.iter().filter(|row| row.page == pages[number].page);
        own.map(|row| (row.source.to_string(), row.status)).collect()
    };
    let is = |words: [(&str, u16); 3]| words.map(|(word, status)| (word.to_owned(), Some(status))).to_vec();
    assert_eq!(sources(0), is([("network", 200), ("network", 200), ("network", 200)]));
    assert_eq!(sources(1), is([("validated", 304), ("cache", 200), ("validated", 304)]));
    assert_eq!(sources(2), is([("validated", 304), ("cache", 200), ("network", 200)]), "it changed at 60 s");
    assert_eq!(sources(3), is([("network", 200), ("network", 200), ("network", 200)]), "another browser has no copies");
}

/// Would break if a connection were used longer or shorter than both ends want.
#[test]
fn connections_last_as_long_as_both_ends_want() {
    let connections = |server: Value, browser: Value, visits: Value| {
        let mut entry = visits;
        entry["browser"] = browser;
        entry["browser"]["cache"] = json!(false);
        let mut value = scenario(&five(), &[entry]);
        value["web"]["www.school.edu"].as_object_mut().unwrap().extend(server.as_object().unwrap().clone());
        let record = run_value(&value).record;
        let pages = record.tables.web_pages.as_ref().unwrap();
        assert!(
            pages.iter().all(|page| page.status == Some(200) && page.objects == 5 && page.missing == 0),
            "{server}"
        );
        record.metrics()["web.connections"].value()
    };
    let once = || json!({});
    assert!((connections(json!({}), json!({}), once()) - 1.0).abs() < 0.5);
    assert!((connections(json!({ "max_requests": 3 }), json!({}), once()) - 2.0).abs() < 0.5);
    assert!(
        (connections(json!({ "max_requests": 2 }), json!({ "pipelining": 8 }), once()) - 3.0).abs() < 0.5,
        "those sent in vain go again"
    );
    assert!((connections(json!({ "persistent": false }), json!({}), once()) - 6.0).abs() < 0.5);
    assert!((connections(json!({ "http": "1.0" }), json!({}), once()) - 6.0).abs() < 0.5);
    assert!((connections(json!({}), json!({ "http": "1.0" }), once()) - 6.0).abs() < 0.5);
    assert!(
        (connections(json!({}), json!({ "http": "1.0", "persistent": true }), once()) - 1.0).abs() < 0.5,
        "keep-alive"
    );
    assert!((connections(json!({}), json!({ "parallel": 3 }), once()) - 3.0).abs() < 0.5);
    assert!((connections(json!({ "chunk": "100B", "think": "exponential 5ms" }), json!({}), once()) - 1.0).abs() < 0.5);
    let thrice = |every: &str| json!({ "every": every, "times": 3 });
    assert!((connections(json!({ "keep_alive": "15s" }), json!({}), thrice("14s")) - 1.0).abs() < 0.5);
    assert!((connections(json!({ "keep_alive": "15s" }), json!({}), thrice("16s")) - 3.0).abs() < 0.5);
}

/// Would break if a crash of either end left a page open for ever, or the browser dead.
#[test]
fn crashes_end_pages() {
    let visits = [json!({}), json!({ "at": "10min" })];
    for host in ["www.school.edu", "pc.crepes.fr"] {
        for at in ["100ms", "300ms", "400ms", "450ms"] {
            let mut value = scenario(&five(), &visits);
            value["faults"] = json!([{ "at": at, "for": "1min", "host": host }]);
            let (pages, _) = browse(&value);
            assert!(pages.iter().all(|page| page.ended.is_some()), "{host} at {at}: {pages:?}");
            let last = pages.last().unwrap();
            assert_eq!((last.status.is_some(), last.objects, last.missing), (true, 5, 0), "{host} at {at}");
        }
    }
}

/// Would break if the complete form of a scenario meant something else than the short one.
#[test]
fn the_complete_form_is_the_same() {
    let value = scenario(&five(), &[json!({ "spread": "10s" })]);
    let resolved = load_value(&value);
    let again = scenario::load("again", &resolved.to_json_text()).unwrap();
    assert_eq!(again.to_json(), resolved.to_json());
    assert_eq!(again.workload, resolved.workload);
    assert_eq!(resolved.to_json()["web"]["www.school.edu"]["pages"]["/"]["media"], "text/html");
}

/// Would break if nonsense ran, or its error named another place.
#[test]
fn mistakes_are_found_where_they_are() {
    let site = "/web/www.school.edu";
    let page = format!("{site}/pages/~1");
    let cases = [
        (format!("{page}/size"), json!("20B"), "at least"),
        (format!("{page}/size"), json!("1GB"), "at most 100000000 octets"),
        (format!("{page}/objects/0/count"), json!(0), "at least one"),
        (format!("{page}/objects/0/host"), json!("www.schol.edu"), "www.school.edu"),
        (format!("{page}/objects/0/media"), json!("text/plain"), "style sheets and scripts"),
        (format!("{page}/objects/0/path"), json!("/x.png"), "is one object"),
        (format!("{page}/status"), json!(301), "moved_to"),
        (format!("{page}/moved_to"), json!("/x"), "no content of its own"),
        (format!("{page}/media"), json!("image/png"), "text/html"),
        (format!("{site}/pages/page"), json!({}), "no path of a file"),
        (format!("{site}/pages/~1a~1..~1b"), json!({}), "no path of a file"),
        (format!("{site}/max_requests"), json!(0), "at least one response"),
        (format!("{site}/keep_alive"), json!("0s"), "above zero"),
        (format!("{site}/chunk"), json!("0B"), "at least one octet"),
        ("/web/www.school.edu".to_owned(), json!({ "http": "1.0", "persistent": true }), "closes after each response"),
        ("/network/hosts/www.school.edu".to_owned(), json!({ "web_server": true }), "silent Web server"),
        ("/workload/0/browse".to_owned(), json!("https://www.school.edu/"), "no URL"),
        ("/workload/0/browse".to_owned(), json!("www.school.edu"), "no URL"),
        ("/workload/0/on".to_owned(), json!("pc.creps.fr"), "pc.crepes.fr"),
        ("/workload/0/lookup".to_owned(), json!("www.school.edu"), "looks up a name and visits a page"),
        ("/workload/0/browser".to_owned(), json!({ "parallel": 0 }), "from 1 to 1000"),
        ("/workload/0/browser".to_owned(), json!({ "persistent": false, "pipelining": 2 }), "persistent connections"),
        ("/workload/0/subject".to_owned(), json!("x"), "visits a page has no"),
    ];
    for (pointer, wrong, message) in cases {
        let mut value = scenario(&five(), &[json!({})]);
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/");
        let map = value.pointer_mut(parent).and_then(Value::as_object_mut).unwrap_or_else(|| panic!("{pointer}"));
        map.insert(key, wrong);
        let errors = scenario::load("test.json", &value.to_string()).expect_err(&pointer).to_string();
        assert!(errors.contains(message), "{pointer}: {errors}");
    }
}
