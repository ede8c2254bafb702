//! The sentences that scenarios/README.md has about caches of names.

use std::path::Path;

use crate::common::binary::table;
use crate::{Row, greatest, metric, number};

fn found(run: &Path, host: &str, column: &str) -> f64 {
    let caches = table(run, "caches");
    number(caches.iter().find(|row| row["host"] == host).unwrap(), column)
}

fn asked(run: &Path, server: &str) -> f64 {
    let servers = table(run, "dns_servers");
    number(servers.iter().find(|row| row["server"] == server).unwrap(), "queries_udp")
}

fn millis(run: &Path, name: &str) -> f64 {
    (metric(run, name) * 1e3).round()
}

pub(crate) fn dns_ttl(run: &Path) -> Vec<String> {
    let hosts = ["a", "b", "c", "d"].map(|campus| format!("resolver.{campus}.edu"));
    let ratios = hosts.each_ref().map(|host| found(run, host, "hit_ratio"));
    let [a, b, c, d] = ratios;
    let theory = [10.0, 60.0, 300.0, 3600.0].map(|ttl: f64| ttl / 60.0 / (1.0 + ttl / 60.0));
    let [ta, tb, tc, td] = theory;
    let misses = hosts.each_ref().map(|host| found(run, host, "misses"));
    let asked = asked(run, "ns.pages.com");
    assert!(misses[0] > asked / 2.0);
    let rows = table(run, "dns_queries");
    let missed = rows.iter().filter(|row| row["role"] == "stub" && row["cache"] == "miss");
    let mut waits: Vec<u64> = missed.map(|row| (number(row, "latency_s") * 1e3).round() as u64).collect();
    waits.sort_unstable();
    let miss = waits[waits.len() / 2];
    vec![
        format!("{a:.2}, {b:.2}, {c:.2} and {d:.2} of the time"),
        format!("of them: {ta:.2}, {tb:.2}, {tc:.2} and {td:.2}"),
        format!("get of the {} look-ups?* {asked} questions", metric(run, "dns.lookups")),
        format!("asks {} times in a day", misses[3]),
        format!("{} ms, the way", millis(run, "dns.lookup.p50_s")),
        format!("The mean is {} ms, because a miss costs {miss} ms", millis(run, "dns.lookup.mean_s")),
        format!("yet, {} ms", millis(run, "dns.lookup.max_s")),
    ]
}

pub(crate) fn dns_forwarders(run: &Path) -> Vec<String> {
    let rows = table(run, "dns_queries");
    let ttl = 300.0;
    // when each copy at the resolver began
    let fetched: Vec<f64> = rows
        .iter()
        .filter(|row| row["to"] == "ns.pages.com")
        .map(|row| number(row, "time_s") + number(row, "latency_s"))
        .collect();
    let hits: Vec<&Row> =
        rows.iter().filter(|row| row["to"] == "resolver.campus.edu" && row["cache"] == "hit").collect();
    let left = hits.iter().map(|row| {
        let at = number(row, "time_s");
        let since = fetched.iter().copied().filter(|fetched| *fetched <= at + 0.003).fold(0.0, f64::max);
        ttl - (at - since)
    });
    let left = left.sum::<f64>() / hits.len() as f64;
    vec![
        format!("The forwarders answer {:.2} of", metric(run, "dns.hit_ratio.forwarder")),
        format!("behind them {:.2} of what is left", metric(run, "dns.hit_ratio.resolver")),
        format!("of the {} look-ups get", metric(run, "dns.lookups")),
        format!("server?* {}.", asked(run, "ns.pages.com")),
        format!("every 400 seconds, which makes {} questions", 10 * 86_400 / 400),
        format!("has {left:.0} s left on average"),
    ]
}

pub(crate) fn dns_negative(run: &Path) -> Vec<String> {
    let servers = table(run, "dns_servers");
    let zone = servers.iter().find(|row| row["server"] == "ns.pages.com").unwrap();
    let rows = table(run, "dns_queries");
    let believed = rows.iter().filter(|row| row["to"] == "ns.pages.com" && row["outcome"] == "nxdomain");
    assert_eq!(zone["nodata"], "3");
    vec![
        format!("of {} look-ups does the zone's server hear of?* {}.", metric(run, "dns.lookups"), zone["queries_udp"]),
        format!("answers {} with the knowledge", metric(run, "dns.negative_hits")),
        format!("no such name {} times when", metric(run, "dns.stale_answers")),
        format!("the last time {:.0} s after", metric(run, "dns.stale_max_s")),
        format!("came at {:.0} s", greatest(believed, "time_s")),
        format!("{} of the {} questions are about that", zone["nodata"], zone["queries_udp"]),
    ]
}

pub(crate) fn dns_outage(run: &Path) -> Vec<String> {
    let rows = table(run, "dns_queries");
    let of = |host: &str| {
        let host = host.to_owned();
        rows.iter().filter(move |row| row["from"] == host)
    };
    let last = of("resolver.short.edu").filter(|row| row["outcome"] == "answer" && number(row, "time_s") < 1200.0);
    let died = greatest(last, "time_s") + 300.0;
    let lookups = |campus: &str| of(&format!("pc.{campus}.edu")).filter(|row| row["retry"] == "0").count();
    let stale: Vec<&Row> = of("pc.stale.edu")
        .filter(|row| number(row, "time_s") > 1200.0 && number(row, "time_s") < 1800.0)
        .filter(|row| ["stale", "miss"].contains(&&*row["cache"]))
        .collect();
    assert_eq!(stale.len() as f64, found(run, "resolver.stale.edu", "stale_hits"));
    let patient = stale.iter().filter(|row| number(row, "latency_s") > 1.0).count();
    assert!(patient > stale.len() / 2);
    assert!(of("pc.long.edu").chain(of("pc.stale.edu")).all(|row| row["outcome"] == "answer"));
    let refused = of("pc.short.edu").filter(|row| row["cache"] == "failure").count();
    vec![
        format!("0 of {} look-ups fail", lookups("long")),
        format!("dies {:.0} s after the server", died - 1200.0),
        format!("then {} look-ups of {} get no", metric(run, "dns.lookups_failed"), lookups("short")),
        format!("Up to {:.1} s.", metric(run, "dns.lookup.max_s")),
        format!("{refused} questions get an answer at once"),
        format!("all {} look-ups are answered, {} of them", lookups("stale"), stale.len()),
        format!("{:.1} s is what most", greatest(stale, "latency_s")),
    ]
}
