//! Maps of networks of any form: nothing meets, everybody has a place, and the ground is used.

use super::*;
use crate::report::charts::{HostSetting, LinkSetting};

const PAGE: Sheet = Sheet { width: 1040.0, height: 620.0, sizes: (22, 13) };
const SLIDE: Sheet = Sheet { width: 928.0, height: 430.0, sizes: (20, 12) };
const COLUMN: Sheet = Sheet { width: 512.0, height: 320.0, sizes: (20, 12) };

fn setting(hosts: &[(String, bool)], links: &[(usize, usize, &str)]) -> Setting {
    let host = |(name, router): &(String, bool)| HostSetting {
        name: name.clone(),
        site: name.split_once('.').map_or("", |(_, site)| site).to_owned(),
        router: *router,
    };
    let link = |(a, b, rate): &(usize, usize, &str)| LinkSetting {
        name: format!("{a}--{b}"),
        between: [hosts[*a].0.clone(), hosts[*b].0.clone()],
        rate: (*rate).to_owned(),
        delay: "20ms".to_owned(),
    };
    Setting { hosts: hosts.iter().map(host).collect(), links: links.iter().map(link).collect(), ..Setting::default() }
}

/// Sites around a core, each with that many hosts.
fn star(sites: usize, hosts: usize) -> Setting {
    let (mut names, mut links) = (vec![("internet".to_owned(), true)], Vec::new());
    for site in 0..sites {
        let router = names.len();
        names.push((format!("router.site{site}.example"), true));
        links.push((0, router, "1Gbps"));
        for host in 0..hosts {
            links.push((router, names.len(), if host % 5 == 0 { "10Mbps" } else { "100Mbps" }));
            names.push((format!("pc{host}.site{site}.example"), false));
        }
    }
    setting(&names, &links)
}

/// A chain, a tree of two branches at each node, a ring, hosts without links, two hosts, and long names.
fn others() -> Vec<(&'static str, Setting)> {
    let routers = |count: usize| (0..count).map(|n| (format!("r{n}.example"), true)).collect::<Vec<_>>();
    let chain = |count: usize| (1..count).map(|n| (n - 1, n, "1Mbps")).collect::<Vec<_>>();
    let mut ring = chain(9);
    ring.push((8, 0, "2Mbps"));
    let branches: Vec<(usize, usize, &str)> = (1..127).map(|n| ((n - 1) / 2, n, "")).collect();
    let long: Vec<(String, bool)> =
        (0..12).map(|n| (format!("{n}.{}", "a-very-long-name.".repeat(9)), n < 3)).collect();
    let around: Vec<(usize, usize, &str)> = (1..12).map(|n| (n % 3, n, "1Gbps")).filter(|(a, b, _)| a != b).collect();
    vec![
        ("five in a chain", setting(&routers(5), &chain(5))),
        ("many in a chain", setting(&routers(3_000), &chain(3_000))),
        ("a ring", setting(&routers(9), &ring)),
        ("branches", setting(&routers(127), &branches)),
        ("no links", setting(&routers(7), &[])),
        ("two hosts", setting(&[("a".to_owned(), false), ("b".to_owned(), false)], &[(0, 1, "1Mbps")])),
        ("long names", setting(&long, &around)),
        ("nothing", Setting::default()),
    ]
}

/// Breaks when a text leaves the sheet, meets another or a line, or a host has no place.
#[test]
fn nothing_meets_and_everybody_has_a_place() {
    let mut all = others();
    for (sites, hosts) in [(1, 1), (3, 9), (11, 4), (4, 60), (40, 5), (300, 3), (2, 900)] {
        all.push(("a star", star(sites, hosts)));
    }
    for (what, setting) in &all {
        for sheet in [PAGE, SLIDE, COLUMN] {
            let map = NetworkMap::of(setting, sheet);
            let hosts = setting.hosts.len();
            assert_eq!(map.faults(), Vec::<String>::new(), "{what} of {hosts} at {} wide", sheet.width);
            assert_eq!(map.spots.len(), hosts, "{what}");
            assert!(map.ways.iter().all(|way| way.len() > 1), "{what}: a link without a line");
            assert!(map.height <= sheet.height || hosts > 100, "{what}: {} high", map.height);
        }
    }
}

/// Breaks when names are left out while there is ground, or the type is small where there is room for more.
#[test]
fn the_ground_is_used() {
    for (sites, hosts) in [(2, 4), (4, 8), (11, 4), (4, 40)] {
        let map = NetworkMap::of(&star(sites, hosts), PAGE);
        assert!(map.whole, "{sites} sites of {hosts}: names are left out");
        let covered: f64 = map.cards.iter().map(|card| card.width * card.height).sum();
        let share = covered / (map.width * map.height);
        assert!(share > 0.6, "{sites} sites of {hosts}: {share} of the ground is used");
        assert!(map.size == 22.0 || map.height > 0.7 * PAGE.height, "{sites} of {hosts}: {} {}", map.size, map.height);
    }
    assert!(!NetworkMap::of(&star(300, 30), PAGE).whole);
}

/// Breaks when pieces of lines that lie on each other are not joined, or a line of no length is one.
#[test]
fn lines_are_joined() {
    let map = NetworkMap::of(&star(2, 6), SLIDE);
    let lines = map.lines();
    assert!(lines.iter().all(|(a, b)| (a.0 == b.0) != (a.1 == b.1)), "{lines:?}");
    for (number, (a, b)) in lines.iter().enumerate() {
        let on = |(c, d): &&(Point, Point)| a.0 == b.0 && c.0 == d.0 && a.0 == c.0 && a.1 <= d.1 && c.1 <= b.1;
        assert_eq!(lines[number + 1..].iter().find(on), None, "{a:?} {b:?}");
    }
}
