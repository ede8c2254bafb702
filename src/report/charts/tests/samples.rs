//! Tables of runs small, empty, and huge, with names that are too long.

use std::sync::Arc;

use super::super::*;
use crate::base::address::Family;
use crate::base::socket::Side;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::MessageKind;
use crate::metrics::{
    ActionRow, CacheFound, CacheLevel, CacheRow, ConnectionRow, CopyStatus, DnsOutcome, DnsRole, DnsRow, DnsServerRole,
    DnsServerRow, EndRow, FaultKind, LinkFigures, LinkRow, MailboxRow, MailboxSessionRow, Millionths, QueueRow,
    RateRow, ReadingRow, StormRow, SurvivalRow, WebPageRow, WebRequestRow, WindowRow,
};

pub(super) fn seconds(value: f64) -> SimTime {
    SimTime::from_nanos((value * 1e9) as u64)
}

/// A delivered copy of this latency, most of it waiting for a retry.
pub(super) fn copy(index: u32, domain: &str, latency: f64, attempts: u32) -> MessageRow {
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

pub(super) fn queue_row(at: f64, server: &str, copies: u32) -> QueueRow {
    QueueRow { at: seconds(at), server: Arc::from(server), copies, waiting: 0 }
}

pub(super) fn one() -> Tables {
    let mut run = Tables { end: seconds(10_000.0), ..Tables::default() };
    run.messages.push(copy(1, "crepes.fr", 8_101.3, 5));
    run.queue = vec![queue_row(10.0, "crepes.fr", 1), queue_row(8_100.0, "crepes.fr", 0)];
    run
}

/// Caches and servers on hosts with long names.
pub(super) fn names(hosts: u32, count: u64) -> Tables {
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
pub(super) fn storms(servers: u32, count: u32) -> Tables {
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
pub(super) fn several(count: u32, domains: u32) -> Tables {
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
pub(super) fn window(at: f64, connection: &str, cwnd: u64) -> WindowRow {
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
pub(super) fn windows(senders: u32, count: u32) -> Tables {
    let name = |sender| format!("department-{sender}.of-a-university-with-a-long-name.example#1");
    let rows = (0..count).flat_map(|index| {
        (0..senders).map(move |sender| window(f64::from(index) * 0.1, &name(sender), u64::from(index * 7919 % 99_991)))
    });
    Tables { cwnd: Some(rows.collect()), end: seconds(10.0), ..Tables::default() }
}

/// Links that lose packets, connections over them and questions to servers above.
pub(super) fn network(count: u32, packets: u64) -> Tables {
    let mut run = Tables { end: seconds(100.0), ..Tables::default() };
    for index in 0..count {
        let n = u64::from(index);
        let name =
            |what: &str| -> Arc<str> { Arc::from(format!("{what}-{index}.of-a-university-with-a-long-name.example")) };
        run.links.push(LinkRow {
            link: name("link"),
            from: name("router"),
            to: name("server"),
            packets,
            bytes: packets,
            delivered_packets: packets,
            dropped_queue_full: packets / (n + 2),
            dropped_loss: n,
            dropped_other: n % 3,
            dropped_early: n % 2,
            dropped_sojourn: n % 5,
            dropped_too_big: n % 7,
            figures: LinkFigures { utilization: Millionths(1_000_000 / (n + 1)), ..LinkFigures::default() },
        });
        run.connections.push(ConnectionRow {
            connection: Arc::from(format!("client-{index}.of-a-university-with-a-long-name.example#{packets}")),
            client: name("client"),
            server: name("server"),
            server_port: 25,
            opened: seconds(f64::from(index)),
            established: Some(seconds(f64::from(index) + 0.1)),
            closed: Some(seconds(f64::from(index) + 2.0)),
            bytes_to_server: Some(packets),
            bytes_to_client: Some(n),
            retransmissions: n,
            packets,
            wire_bytes: packets,
            end_client: None,
            end_server: None,
            family: Family::V4,
            client_figures: EndRow { goodput_bps: Some(packets.saturating_mul(8) / (n + 1)), ..EndRow::default() },
            server_figures: EndRow { goodput_bps: Some(n), ..EndRow::default() },
        });
        run.dns_queries.push(DnsRow {
            asked: seconds(f64::from(index)),
            query: Arc::from(format!("r?{index}")),
            from: name("resolver"),
            to: name("ns"),
            role: DnsRole::Resolver,
            name: name("www"),
            rtype: Arc::from("A"),
            retry: 0,
            outcome: DnsOutcome::ALL[index as usize % DnsOutcome::ALL.len()],
            rcode: None,
            answers: None,
            latency: None,
            heard: None,
            replied: None,
            cache: None,
            for_query: None,
        });
    }
    run
}

/// Mailboxes, sessions with them, messages shown and people's deeds.
pub(super) fn readers(users: u32, count: u32) -> Tables {
    let mut run = Tables { end: seconds(86_400.0), ..Tables::default() };
    let mut actions = Vec::new();
    for index in 0..count {
        let (at, n) = (f64::from(index) * 60.0, u64::from(index));
        let user: Arc<str> = Arc::from(format!("user-{}@department-with-a-long-name.example", index % users));
        let device: Arc<str> = Arc::from("pc.example");
        run.mailboxes.push(MailboxRow {
            at: seconds(at),
            user: user.clone(),
            messages: index,
            bytes: n * 7919 % 99_991,
        });
        run.mailbox_sessions.push(MailboxSessionRow {
            user: user.clone(),
            device: device.clone(),
            protocol: Arc::from(["pop3", "imap", "http", "gopher"][index as usize % 4]),
            connection: None,
            began: seconds(at),
            ended: seconds(at + 1.0),
            commands: n,
            round_trips: n % 17,
            sent: n * 100,
            received: n * 5_000,
            listed: 1,
            opened: 1,
            learned: 0,
            trouble: None,
        });
        let wait = SimDuration::from_millis(n * n);
        run.readings.push(ReadingRow {
            message: Arc::from("<1@x>"),
            user: user.clone(),
            device: device.clone(),
            composed: None,
            delivered: None,
            found: seconds(at),
            here: seconds(at),
            shown: seconds(at),
            poll_wait: Some(wait),
            pause: Some(wait.div(3)),
            retrieval: Some(SimDuration::from_millis(n)),
        });
        actions.push(ActionRow {
            at: seconds(at),
            user,
            device,
            protocol: Arc::from("imap"),
            action: Arc::from(["open", "reply", "file", "begin"][index as usize % 4]),
            message: Arc::from(""),
            folder: Arc::from(""),
            outcome: Arc::from("done"),
        });
    }
    run.person_actions = Some(actions);
    run
}

/// Pages with so many objects each.
pub(super) fn pages(count: u32, objects: u32) -> Tables {
    let mut run = Tables { end: seconds(1_000.0), ..Tables::default() };
    let (mut pages, mut requests) = (Vec::new(), Vec::new());
    for index in 0..count {
        let asked = f64::from(index) * 60.0;
        let host: Arc<str> = Arc::from(format!("pc-{}.of-a-university-with-a-long-name.example", index % 13));
        let page: Arc<str> = Arc::from(format!("{host}/{index}"));
        pages.push(WebPageRow {
            page: page.clone(),
            host: host.clone(),
            url: Arc::from("http://www.example/"),
            asked: seconds(asked),
            ended: Some(seconds(asked + 1.0 + f64::from(index))),
            lookup: SimDuration::ZERO,
            status: Some(200),
            objects,
            missing: 0,
            cached: index % 3,
            validated: 0,
            connections: 1,
            sent_bytes: 1,
            received_bytes: 1,
        });
        for object in 0..objects {
            let wanted = asked + f64::from(object) * 0.01;
            requests.push(WebRequestRow {
                page: page.clone(),
                url: Arc::from(format!("http://www.example/a-picture-with-quite-a-long-name-{object}.png")),
                method: Arc::from("GET"),
                status: Some(200),
                source: Arc::from("network"),
                connection: Some(Arc::from(format!("{host}#{object}"))),
                sent_bytes: 1,
                received_bytes: 1,
                wanted: seconds(wanted),
                sent: seconds(wanted + 0.1),
                began: seconds(wanted + 0.2),
                ended: seconds(wanted + 0.4),
            });
        }
    }
    (run.web_pages, run.web_requests) = (Some(pages), Some(requests));
    run
}

/// Sites with so many hosts each, around a core, with a ring beside the tree.
pub(super) fn sites(sites: u32, hosts: u32) -> Setting {
    let mut setting = Setting::default();
    let link = |a: &str, b: &str, rate: &str| LinkSetting {
        name: format!("{a}--{b}"),
        between: [a.to_owned(), b.to_owned()],
        rate: rate.to_owned(),
        delay: "20ms".to_owned(),
    };
    setting.hosts.push(HostSetting { name: "internet".to_owned(), site: "internet".to_owned(), router: true });
    for site in 0..sites {
        let name = format!("university-with-a-long-name-{site}.example");
        let router = format!("router.{name}");
        setting.hosts.push(HostSetting { name: router.clone(), site: name.clone(), router: true });
        setting.links.push(link(&router, "internet", "1Gbps"));
        if site > 0 && site < 4 {
            let before = format!("router.university-with-a-long-name-{}.example", site - 1);
            setting.links.push(link(&router, &before, "unlimited"));
        }
        for host in 0..hosts {
            let leaf = format!("pc-{host}.{name}");
            setting.hosts.push(HostSetting { name: leaf.clone(), site: name.clone(), router: false });
            setting.links.push(link(&leaf, &router, if host % 5 == 0 { "10Mbps" } else { "100Mbps" }));
        }
    }
    setting
}

/// What a sender did who loses every seventh segment.
pub(super) fn segments(count: u32) -> SegmentRecord {
    let mut record = SegmentRecord { connection: "a#1".to_owned(), sender: "a".to_owned(), ..SegmentRecord::default() };
    for index in 0..count {
        let (at, seq) = (seconds(f64::from(index) * 0.01), u64::from(index) * 1_460 + 1);
        record.sent.push(SegmentSent { at, seq, len: 1_460, again: false });
        if index % 7 == 3 {
            record.lost.push((at, seq));
            record.sent.push(SegmentSent { at: seconds(f64::from(index) * 0.01 + 0.3), seq, len: 1_460, again: true });
        }
        record.acked.push((seconds(f64::from(index) * 0.01 + 0.1), seq));
    }
    record
}
