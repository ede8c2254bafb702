//! How what is in the queue is delivered: connections, their number and their use, destinations that do not
//! answer, flushing, warnings.

use super::bed::{Bed, at, draft};
use crate::app::host::Flush;
use crate::app::mail::queue::{Addressee, CopyKey, Queue};
use crate::app::mail::{
    DeadDestinations, MailServerConfig, Meanwhile, Priority, QueuedCopy, QueuedMessage, RetryPolicy, Rule,
};
use crate::base::{Endpoint, EventId, SimDuration, SimTime};
use crate::proto::smtp::{MailOptions, Mailbox, ReversePath};

const SECOND: SimDuration = SimDuration::from_secs(1);

fn secs(seconds: u64) -> SimDuration {
    SECOND.saturating_mul(seconds)
}

/// A sender whose messages to Bob are due at these times, and Bob's server.
fn bed(times: &[u64], change: impl FnOnce(&mut MailServerConfig)) -> (Bed, usize, usize) {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], change);
    let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
    bed.user("alice@crepes.fr", times.iter().map(|s| draft(*s, &["bob@hamburger.edu"], "x")).collect(), Vec::new());
    (bed, crepes, hamburger)
}

/// When a host called port 25 of another, in seconds.
fn calls(bed: &Bed, from: usize, to: usize) -> Vec<u64> {
    let called = Endpoint::new(Bed::address(to), 25);
    let calls = bed.net.calls.iter().filter(|(_, host, peer)| *host == from && *peer == called);
    calls.map(|(at, ..)| at.as_nanos() / 1_000_000_000).collect()
}

/// Sixty messages wait for a server that is back; somebody flushes the queue.
fn herd(start: Option<usize>) -> (usize, usize) {
    let (mut bed, crepes, hamburger) = bed(&[1; 60], |c| {
        (c.queue.concurrency_per_destination, c.queue.slow_start) = (20, start);
    });
    bed.down(hamburger, at(0), secs(500));
    bed.run(at(600));
    assert_eq!(bed.queued()[0], 60);
    let before = bed.net.calls.len();
    bed.flush(crepes, Flush::All);
    bed.run(at(800));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 60);
    let calls: Vec<SimTime> = bed.net.calls[before..].iter().map(|(at, ..)| *at).collect();
    bed.assert_balance();
    (calls.iter().filter(|at| **at == calls[0]).count(), calls.len())
}

/// Would break if slow start began with another number of connections or did not open more, or
/// if more were opened than there may be.
#[test]
fn slow_start() {
    assert_eq!(herd(None), (20, 20));
    assert_eq!(herd(Some(1)).0, 1);
    let (at_first, in_all) = herd(Some(5));
    assert_eq!(at_first, 5);
    // 5 + 6 + ... + 10 deliveries allow an eleventh connection; the rest of 60 no more than a twelfth.
    assert!((10..=12).contains(&in_all), "{in_all}");
}

/// Would break if a connection that is kept were not used again, or were used for too long.
#[test]
fn idle_connections() {
    let times = [1, 2, 4, 10, 11, 13, 14, 16];
    for (idle, reuse, opened) in [(0, None, 8), (1, None, 5), (3, None, 2), (3, Some(5), 3), (10, None, 1)] {
        let (mut bed, crepes, hamburger) = bed(&times, |c| {
            (c.queue.idle, c.queue.reuse) = (secs(idle), reuse.map(secs));
        });
        bed.run(at(1_000));
        assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 8);
        assert_eq!(calls(&bed, crepes, hamburger).len(), opened, "idle {idle} s, reuse {reuse:?}");
        assert_eq!(bed.net.open_sockets(), 0);
        assert_eq!(bed.deadline(crepes), SimTime::NEVER);
        bed.assert_balance();
    }
}

/// Would break if a server that goes away while a connection to it rests cost a message, or held its place.
#[test]
fn a_connection_that_breaks_while_it_rests() {
    let (mut bed, crepes, hamburger) = bed(&[1, 300], |c| c.queue.idle = secs(10_000));
    bed.down(hamburger, at(100), secs(60));
    bed.run(at(5_000));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 2);
    assert_eq!(calls(&bed, crepes, hamburger), [1, 300]);
    bed.assert_balance();
}

fn dead(meanwhile: Meanwhile) -> (Bed, usize, usize) {
    let (mut bed, crepes, hamburger) = bed(&[1, 100, 200, 700], |c| {
        c.queue.dead = Some(DeadDestinations { cohorts: 1, lasting: secs(600), meanwhile });
        c.queue.connect_timeout = Some(secs(30));
    });
    bed.down(hamburger, at(0), secs(500));
    (bed, crepes, hamburger)
}

/// Would break if a destination known to be dead were called, or if copies due meanwhile had another fate than the
/// one that was chosen.
#[test]
fn dead_destinations() {
    let (mut bed, crepes, hamburger) = dead(Meanwhile::Fail);
    bed.run(at(690));
    assert_eq!(calls(&bed, crepes, hamburger), [1]);
    assert_eq!(bed.logged(&["100 crepes.fr AttemptEnded", "is not tried now: connection timed out"]).len(), 1);
    bed.run(at(86_400));
    assert_eq!(calls(&bed, crepes, hamburger), [1, 700, 1_801, 1_900, 2_000]);
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 4);
    bed.assert_balance();

    let (mut bed, crepes, hamburger) = dead(Meanwhile::Hold);
    bed.run(at(86_400));
    // The first attempt failed at 31 s; the two that were held are sent together.
    assert_eq!(calls(&bed, crepes, hamburger), [1, 631, 700, 1_801]);
    let starts = bed.logged(&["AttemptStarted"]);
    let at_631 = starts.iter().filter(|line| line.starts_with("631 crepes.fr")).count();
    assert_eq!((starts.len(), at_631), (5, 2));
    bed.assert_balance();
}

/// Would break if an operator could not try a destination that is known to be dead.
#[test]
fn flushing_forgets_the_dead() {
    let (mut bed, crepes, hamburger) = dead(Meanwhile::Fail);
    bed.run(at(510));
    bed.flush(crepes, Flush::Destination("tapas.org"));
    bed.run(at(520));
    assert!(bed.mailbox(hamburger, "bob@hamburger.edu").is_empty());
    bed.flush(crepes, Flush::Destination("Hamburger.EDU"));
    bed.run(at(530));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 3);
}

/// Would break if a copy that has no attempt before it lay in the queue until it is too old, whoever flushed it.
#[test]
fn flushing_tries_what_waits_for_its_end() {
    let (mut bed, crepes, hamburger) = bed(&[1], |c| {
        c.retry.rule = Rule::List { intervals: vec![secs(60)], repeat: false };
        c.retry.lifetime = secs(7200);
    });
    bed.down(hamburger, at(0), secs(600));
    bed.run(at(1800));
    assert!(calls(&bed, crepes, hamburger).iter().all(|at| *at < 600));
    assert_eq!(bed.queued()[0], 1);
    bed.flush(crepes, Flush::All);
    bed.run(at(1900));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
    bed.run(at(8000));
    bed.assert_balance();
}

/// Would break if only a part of what was meant were tried, or more.
#[test]
fn flushing_a_part() {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice", "anna"], |_| {});
    let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
    let tapas = bed.server("tapas.org", &["carlos"], |_| {});
    let to = ["bob@hamburger.edu", "carlos@tapas.org"];
    bed.user("alice@crepes.fr", vec![draft(1, &to, "x")], Vec::new());
    bed.user("anna@crepes.fr", vec![draft(2, &to, "x")], Vec::new());
    for host in [hamburger, tapas] {
        bed.down(host, at(0), secs(100));
    }
    let delivered =
        |bed: &Bed| [bed.mailbox(hamburger, "bob@hamburger.edu").len(), bed.mailbox(tapas, "carlos@tapas.org").len()];
    bed.run(at(200));
    for (what, expected) in [
        (Flush::Destination("@edu"), [2, 0]),
        (Flush::Destination("@pas.org"), [2, 0]),
        (Flush::Destination("org"), [2, 0]),
        (Flush::Sender("anna@crepes.fr"), [2, 1]),
        (Flush::Sender("hamburger.edu"), [2, 1]),
        (Flush::Sender("crepes.fr"), [2, 2]),
    ] {
        bed.flush(crepes, what);
        let now = bed.net.now;
        bed.run(now + secs(10));
        assert_eq!(delivered(&bed), expected, "{what:?}");
    }
    bed.assert_balance();
}

/// Would break if one destination could take all connections while another waits, or if a
/// place that is free again were not given away.
#[test]
fn connections_in_all() {
    for (connections, delivered) in [(1, 64), (2, 2)] {
        let mut bed = Bed::new();
        let crepes = bed.server("crepes.fr", &["alice"], |c| c.queue.connections = connections);
        let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
        let tapas = bed.server("tapas.org", &["carlos"], |_| {});
        let drafts = vec![draft(1, &["bob@hamburger.edu"], "x"), draft(2, &["carlos@tapas.org"], "y")];
        bed.user("alice@crepes.fr", drafts, Vec::new());
        bed.down(hamburger, at(0), secs(300));
        bed.run(at(10_000));
        assert_eq!(calls(&bed, crepes, tapas), [delivered]);
        assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
        bed.assert_balance();
    }
}

/// Would break if an attempt tried more addresses or sessions than it may, or fewer.
#[test]
fn addresses_and_sessions_of_an_attempt() {
    let run = |addresses, sessions, refusing: bool| {
        let (mut bed, _, hamburger) = bed(&[1], |c| {
            (c.queue.addresses_per_attempt, c.queue.sessions_per_attempt) = (addresses, sessions);
        });
        let mut exchanges = vec!["9 hamburger.edu".to_owned()];
        for name in ["m1.example", "m2.example", "m3.example"] {
            exchanges.push(format!("5 {name}"));
            let host = bed.server(name, &[], |c| c.sessions = [(25, 0)].into());
            if !refusing {
                bed.down(host, at(0), secs(1_000));
            }
        }
        bed.net.zone.insert("hamburger.edu MX".to_owned(), (0, exchanges));
        bed.run(at(400));
        bed.mailbox(hamburger, "bob@hamburger.edu").len()
    };
    assert_eq!([run(3, 9, false), run(4, 9, false)], [0, 1]);
    assert_eq!([run(3, 9, true), run(4, 9, true)], [0, 1]);
    assert_eq!([run(9, 1, false), run(9, 3, true), run(9, 4, true)], [1, 0, 1]);
}

/// Would break if a warning came at another age than the policy says, once too often, or for a report.
#[test]
fn delays_are_told() {
    let (mut bed, crepes, hamburger) = bed(&[10], |c| {
        c.retry.warnings = [4, 8, 24].map(|hours| secs(3_600 * hours)).into();
    });
    bed.down(hamburger, at(0), secs(10 * 3_600));
    bed.run(at(3 * 86_400));
    let told = bed.logged(&["Composed", "Delay"]);
    let times: Vec<&str> = told.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(times, ["14410", "28810"]);
    let mailbox = bed.mailbox(crepes, "alice@crepes.fr");
    assert_eq!(mailbox.iter().filter(|m| m.contains("connection timed out")).count(), 2);
    assert!(mailbox.iter().all(|m| m.starts_with("Return-Path: <>\r\n")));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
    bed.assert_balance();
}

/// Would break if reports lived as long as other mail, or were reported on.
#[test]
fn reports_have_their_own_lifetime() {
    let (mut bed, crepes, hamburger) = bed(&[], |c| {
        c.retry = RetryPolicy { report_lifetime: secs(7_200), warnings: vec![secs(3_600)], ..RetryPolicy::default() };
    });
    bed.down(hamburger, at(50), secs(86_400));
    let letter =
        "HELO hamburger.edu\r\nMAIL FROM:<bob@hamburger.edu>\r\nRCPT TO:<alice@crepes.fr>\r\nDATA\r\n\r\n.\r\nQUIT\r\n";
    bed.raw(crepes, letter.replace("alice", "nobody").as_bytes());
    bed.run(at(40));
    assert_eq!(bed.mail(crepes).audit().accepted, 0, "unknown users are refused in the session");
    // A message that loops is accepted and reported on.
    let hops = "Received: from a by b\r\n".repeat(101);
    bed.run(at(60));
    bed.raw(crepes, letter.replace("DATA\r\n", &format!("DATA\r\n{hops}")).as_bytes());
    bed.run(at(86_000));
    let given_up = bed.logged(&["GivenUp", "Expired", "bounce: None"]);
    assert_eq!(given_up.len(), 1);
    assert!(given_up[0].starts_with("7313 "), "{given_up:?}");
    assert!(bed.logged(&["Composed", "Delay"]).is_empty());
    bed.assert_balance();
}

fn queued(from: &str, field: &str, copies: usize) -> QueuedMessage {
    let recipient = |n| Addressee::from(Mailbox::parse(&format!("u{n}@hamburger.edu")).unwrap());
    QueuedMessage {
        queue_id: String::new(),
        message_id: String::new(),
        reverse_path: Mailbox::parse(from).map_or(ReversePath::Null, ReversePath::Mailbox),
        options: MailOptions::default(),
        content: format!("Subject: x\r\n{field}\r\n\r\nPriority: urgent\r\n").into_bytes().into(),
        accepted: SimTime::ZERO,
        copies: (0..copies).map(|n| QueuedCopy::new(recipient(n), EventId(0))).collect(),
    }
}

/// Would break if a lower priority went before a higher one, or one message before another of
/// the same that came earlier.
#[test]
fn priorities() {
    let a = "a@crepes.fr";
    let messages = [
        (queued("", "Priority: urgent", 1), Priority::Report),
        (queued(a, "Importance: LOW", 1), Priority::NonUrgent),
        (queued(a, "X-Other: 1", 2), Priority::Normal),
        (queued(a, "priority:  Urgent ", 1), Priority::Urgent),
        (queued(a, "Priority: normal\r\nImportance: high", 1), Priority::Normal),
        (queued(a, "Importance: high", 1), Priority::Urgent),
    ];
    let mut queue = Queue::default();
    for (message, priority) in messages {
        assert_eq!(Priority::of(&message), priority);
        queue.insert(message);
    }
    let order: Vec<(u64, usize)> =
        std::iter::from_fn(|| queue.pop_ready()).map(|CopyKey { message, copy }| (message, copy)).collect();
    assert_eq!(order, [(3, 0), (5, 0), (2, 0), (2, 1), (4, 0), (1, 0), (0, 0)]);
}
