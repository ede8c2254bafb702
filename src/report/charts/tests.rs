//! Charts of runs small, empty, and huge.

use std::sync::Arc;

use super::*;
use crate::base::socket::Side;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::MessageKind;
use crate::metrics::{
    CacheFound, CacheLevel, CacheRow, CopyStatus, DnsServerRole, DnsServerRow, FaultKind, Millionths, QueueRow,
    RateRow, StormRow, SurvivalRow, WindowRow,
};

fn seconds(value: f64) -> SimTime {
    SimTime::from_nanos((value * 1e9) as u64)
}

/// A delivered copy of this latency, most of it waiting for a retry.
fn copy(index: u32, domain: &str, latency: f64, attempts: u32) -> MessageRow {
    let composed = seconds(f64::from(index));
    let total = SimDuration::from_nanos(seconds(latency).as_nanos());
    let mut phases = [SimDuration::ZERO; 10];
    for phase in [0, 1, 3, 4, 5, 6] {
        phases[phase] = total.div(12);
    }
    phases[7] = total - phases.iter().fold(SimDuration::ZERO, |sum, phase| sum + *phase);
    MessageRow {
        message: Arc::from(format!("<{index}@{domain}>")),
        from: Arc::from(format!("alice@{domain}")),
        to: Arc::from("bob@hamburger.edu"),
        kind: MessageKind::User,
        about: None,
        expanded_by: None,
        expanded_from: None,
        status: CopyStatus::Delivered,
        reason: None,
        reply_code: None,
        enhanced: None,
        composed,
        accepted: Some(composed),
        delivered: Some(composed + total),
        retrieved: None,
        ended: None,
        attempts,
        duplicates: 0,
        bytes: 300,
        phases,
    }
}

fn queue_row(at: f64, server: &str, copies: u32) -> QueueRow {
    QueueRow { at: seconds(at), server: Arc::from(server), copies, waiting: 0 }
}

fn one() -> Tables {
    let mut run = Tables { end: seconds(10_000.0), ..Tables::default() };
    run.messages.push(copy(1, "crepes.fr", 8_101.3, 5));
    run.queue = vec![queue_row(10.0, "crepes.fr", 1), queue_row(8_100.0, "crepes.fr", 0)];
    run
}

/// Caches and servers on hosts with long names.
fn names(hosts: u32, count: u64) -> Tables {
    let mut run = Tables { end: seconds(10.0), ..Tables::default() };
    for index in 0..hosts {
        let host: Arc<str> = Arc::from(format!("resolver-{index}.of-a-university-with-a-long-name.example"));
        let found =
            CacheFound { hits: count, negative_hits: count / 2, stale_hits: count / 3, failure_hits: 0, misses: count };
        let level = CacheLevel::ALL[index as usize % 4];
        run.caches.push(CacheRow { host: host.clone(), level, found });
        run.dns_servers.push(DnsServerRow {
            server: host,
            role: DnsServerRole::ALL[index as usize % 3],
            queries_udp: count,
            queries_tcp: 0,
            mean_load: Millionths(count / u64::from(index + 1)),
            answers: count,
            aliases: 0,
            referrals: 0,
            nxdomain: 0,
            nodata: 0,
            failures: 0,
            truncated: 0,
        });
    }
    run
}

/// Survival curves, minutes of attempts and outages of so many servers with long names.
fn storms(servers: u32, count: u32) -> Tables {
    let mut run = Tables { end: seconds(86_400.0), ..Tables::default() };
    for server in 0..servers {
        let name: Arc<str> = Arc::from(format!("department-{server}.of-a-university-with-a-long-name.example"));
        for index in 0..count {
            run.survival.push(SurvivalRow {
                server: name.clone(),
                age: SimDuration::from_secs(u64::from(index) * 7 + 1),
                at_risk: u64::from(count - index),
                left: 1,
                censored: u64::from(index == count - 1),
                share: Millionths(1_000_000 * u64::from(count - index) / u64::from(count)),
            });
            run.attempt_rates.push(RateRow {
                minute: seconds(f64::from(index * 7 % 1_440) * 60.0),
                destination: name.clone(),
                attempts: u64::from(index * 7919 % 1000),
                completed: 0,
                deferred: 0,
                failed: 0,
                peak_per_s: u64::from(index),
            });
        }
        run.storms.push(StormRow {
            began: seconds(600.0),
            ended: seconds(3_600.0),
            kind: FaultKind::Host,
            host: name,
            failed: 3,
            backlog: 2,
            noticed: None,
            attempts: 7,
            peak_per_s: 5,
            drain: Some(SimDuration::from_secs(1_800)),
        });
    }
    run
}

/// Several domains with long names, latencies from 40 ms to 9 h.
fn several(count: u32, domains: u32) -> Tables {
    let mut run = Tables { end: seconds(86_400.0), ..Tables::default() };
    for index in 0..count {
        let domain = format!("department-{}.of-a-university-with-a-long-name.example", index % domains);
        let spread = f64::from(index * 7919 % 1000) / 1000.0;
        let latency = 0.04 + 32_000.0 * spread * spread * spread * spread;
        run.messages.push(copy(index, &domain, latency, index % 23));
        let at = f64::from(index) * 86_400.0 / f64::from(count);
        run.queue.push(queue_row(at, &domain, index * 7919 % 1000));
    }
    run
}

/// A window of this many octets; without a threshold in the first second.
fn window(at: f64, connection: &str, cwnd: u64) -> WindowRow {
    WindowRow {
        at: seconds(at),
        connection: Arc::from(connection),
        side: Side::Client,
        host: Arc::from("crepes.fr"),
        cwnd,
        ssthresh: (at > 1.0).then_some(cwnd / 2),
        srtt: SimDuration::from_millis(84),
        rto: SimDuration::from_secs(1),
        in_flight: cwnd,
    }
}

/// Windows of so many senders with long names, with `count` changes each.
fn windows(senders: u32, count: u32) -> Tables {
    let name = |sender| format!("department-{sender}.of-a-university-with-a-long-name.example#1");
    let rows = (0..count).flat_map(|index| {
        (0..senders).map(move |sender| window(f64::from(index) * 0.1, &name(sender), u64::from(index * 7919 % 99_991)))
    });
    Tables { cwnd: Some(rows.collect()), end: seconds(10.0), ..Tables::default() }
}

fn cases() -> Vec<(&'static str, Tables)> {
    let mut instant = one();
    instant.messages[0] = copy(0, "a", 0.0, 0);
    let mut huge = several(50_000, 2);
    huge.messages.iter_mut().for_each(|row| row.attempts = u32::MAX - 1);
    huge.queue.iter_mut().for_each(|row| row.copies = u32::MAX);
    vec![
        ("empty", Tables::default()),
        ("one", one()),
        ("instant", instant),
        ("few", several(7, 3)),
        ("several", several(300, 9)),
        ("huge", huge),
        ("names", names(3, 1)),
        ("many names", names(200, u64::MAX / 4)),
        ("no window", windows(0, 0)),
        ("one storm", storms(1, 1)),
        ("some storms", storms(3, 40)),
        ("many storms", storms(9, 9_000)),
        ("one window", windows(1, 1)),
        ("one sender", windows(1, 50_000)),
        ("many senders", windows(9, 2_000)),
    ]
}

/// Breaks when a label is clipped by the sheet or written over another.
#[test]
fn texts_have_room() {
    for (case, run) in cases() {
        for name in chart_names() {
            assert_eq!(sheet(name, &run).unwrap().text_faults(), Vec::<String>::new(), "{name} of {case}");
        }
    }
}

/// Breaks when a chart is not the same twice, not one whole element, or grows with its data.
#[test]
fn charts_are_whole_and_the_same_twice() {
    for (case, run) in cases() {
        for name in chart_names() {
            let svg = chart(name, &run).unwrap();
            assert_eq!(svg, chart(name, &run).unwrap(), "{name} of {case}");
            assert!(
                svg.starts_with("<svg width=\"960\" height=\"540\" viewBox=\"0 0 3840 2160\""),
                "{name}: {svg:.80}"
            );
            assert!(svg.trim_end().ends_with("</svg>"), "{name} of {case}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name} of {case}");
            assert!(svg.len() < 300_000, "{name} of {case}: {} bytes", svg.len());
        }
    }
}

#[test]
fn empty_charts_say_so() {
    for name in chart_names() {
        assert!(chart(name, &Tables::default()).unwrap().contains("No "), "{name}");
    }
    let error = chart("pie\u{1b}", &Tables::default()).unwrap_err().to_string();
    assert!(error.contains("no chart \"pie\\x1b\"") && error.contains("latency_cdf"), "{error}");
}

/// Breaks when a name can break out of the SVG.
#[test]
fn hostile_names_are_inert() {
    let mut run = one();
    run.messages[0].message = Arc::from("<</text><script>&\"\u{1b}\u{0}@x>");
    run.messages[0].from = Arc::from("a@<script>");
    run.queue[0].server = Arc::from("<script>]]>");
    let named = names(2, 5);
    (run.caches, run.dns_servers) = (named.caches, named.dns_servers);
    run.caches[0].host = Arc::from("<script>\u{1b}");
    run.dns_servers[0].server = Arc::from("<script>\u{1b}");
    let stormy = storms(1, 3);
    (run.survival, run.attempt_rates, run.storms) = (stormy.survival, stormy.attempt_rates, stormy.storms);
    run.survival[0].server = Arc::from("<script>\u{1b}");
    run.attempt_rates[0].destination = Arc::from("<script>\u{1b}");
    run.cwnd = Some(vec![window(1.0, "<script>\u{1b}#1", 1)]);
    for name in chart_names() {
        let svg = chart(name, &run).unwrap();
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}'), "{name}");
    }
}

/// Breaks when the threshold is drawn before a loss set it, or beside the windows of others.
#[test]
fn a_single_sender_has_its_threshold() {
    let dashed = |run: &Tables| chart("cwnd", run).unwrap().contains("slow-start threshold");
    assert!(dashed(&windows(1, 50)) && !dashed(&windows(2, 50)));
}

/// Breaks when the picture of attempts goes on after the last of them, or ends before an outage does.
#[test]
fn attempts_end_with_their_data() {
    let mut run = storms(1, 3);
    run.storms.clear();
    let drawn = |run: &Tables| chart("attempt_rate", run).unwrap();
    let day = drawn(&run);
    run.end = seconds(86_400.0 * 365.0);
    assert_eq!(drawn(&run), day, "whatever the run's end");
    run.storms = storms(1, 3).storms;
    run.storms[0].ended = seconds(50_000.0);
    assert_ne!(drawn(&run), day);
}
