//! Mail that flows: relay, several recipients, one connection for many, POP3.

use super::bed::{Bed, at, draft};
use crate::app::user::{Arrivals, Body, Manner, ReadJob, Recipients};
use crate::base::trace::Phase;
use crate::base::{Dist, SimDuration};
use crate::proto::smtp::Dialect;

fn lecture(bed: &mut Bed) -> (usize, usize) {
    let crepes = bed.server("crepes.fr", &["alice"], |c| c.smtp.dialect = Dialect::Lecture);
    let hamburger = bed.server("hamburger.edu", &["bob", "carol"], |c| c.smtp.dialect = Dialect::Lecture);
    (crepes, hamburger)
}

/// Would break if a phase were left out, entered twice or in another order, or if the stored
/// message were not the message sent with trace fields in front.
#[test]
fn alice_writes_to_bob() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = lecture(&mut bed);
    bed.user("alice@crepes.fr", vec![draft(0, &["bob@hamburger.edu"], "Dinner")], Vec::new());
    let read = ReadJob { at: at(60), every: None, until: None, manner: Manner::lecture(true) };
    bed.user("bob@hamburger.edu", Vec::new(), vec![read]);
    bed.run(at(30));
    let stored = bed.mailbox(hamburger, "bob@hamburger.edu");
    assert_eq!(stored.len(), 1);
    let lines: Vec<&str> = stored[0].lines().collect();
    assert_eq!(lines[0], "Return-Path: <alice@crepes.fr>");
    assert_eq!(lines[1], "Received: from crepes.fr (crepes.fr [10.0.0.1])");
    assert_eq!(lines[2], "\tby hamburger.edu with SMTP id Q000001;");
    assert_eq!(lines[4], "Received: from alice-pc.crepes.fr (alice-pc.crepes.fr [10.0.0.3])");
    assert_eq!(lines[7], "Date: Mon, 05 Jan 2026 09:00:00 +0000");
    assert_eq!(
        &lines[8..],
        [
            "From: alice@crepes.fr",
            "To: bob@hamburger.edu",
            "Subject: Dinner",
            "Message-ID: <1.alice@crepes.fr>",
            "",
            "Do you like ketchup?",
            "How about pickles?"
        ]
    );
    bed.run(at(90));
    assert!(bed.mailbox(hamburger, "bob@hamburger.edu").is_empty());
    let copy = ("<1.alice@crepes.fr>".to_owned(), "bob@hamburger.edu".to_owned());
    let phases: Vec<Phase> = bed.net.phases[&copy].iter().map(|(_, phase)| *phase).collect();
    assert_eq!(
        phases,
        [
            Phase::Submission,
            Phase::Queued,
            Phase::Dns,
            Phase::Connecting,
            Phase::Dialogue,
            Phase::Transfer,
            Phase::InMailbox,
            Phase::Retrieval
        ]
    );
    assert_eq!(bed.logged(&["Retrieved"]).len(), 1);
    assert_eq!(bed.logged(&["Deleted"]).len(), 1);
    assert_eq!(bed.mail(crepes).audit().relayed, 1);
    bed.assert_balance();
    assert!(bed.net.dialogue.contains("C: MAIL FROM: <alice@crepes.fr>\nS: 250 alice@crepes.fr ... Sender ok\n"));
    assert!(bed.net.dialogue.contains("S: +OK\nC: pass hungry\nS: +OK user successfully logged on\nC: list\n"));
}

/// Would break if messages for one destination opened a connection each, or if copies of one
/// message were sent as several.
#[test]
fn several_messages_share_a_connection() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = lecture(&mut bed);
    let drafts = (0..5).map(|_| draft(1, &["bob@hamburger.edu", "carol@hamburger.edu"], "x"));
    let local = draft(1, &["alice@crepes.fr"], "x");
    bed.user("alice@crepes.fr", drafts.chain([local]).collect(), Vec::new());
    bed.run(at(100));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 5);
    assert_eq!(bed.mailbox(hamburger, "carol@hamburger.edu").len(), 5);
    assert_eq!(bed.mailbox(crepes, "alice@crepes.fr").len(), 1);
    let count = |text: &str| bed.net.dialogue.matches(text).count();
    // One submission and one relay session; six messages in, five of them out again.
    assert_eq!((count("C: HELO") + count("C: EHLO"), count("C: QUIT"), count("C: DATA")), (2, 2, 11));
    assert_eq!(bed.mail(crepes).audit().relayed, 10);
    bed.assert_balance();
}

#[test]
fn a_connection_carries_no_more_than_it_may() {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], |c| c.queue.messages_per_connection = 2);
    bed.server("hamburger.edu", &["bob"], |_| {});
    let drafts = (0..5).map(|_| draft(1, &["bob@hamburger.edu"], "x")).collect();
    bed.user("alice@crepes.fr", drafts, Vec::new());
    bed.run(at(100));
    let relay_helos = bed.net.dialogue.matches("C: EHLO crepes.fr").count();
    assert!((3..=4).contains(&relay_helos), "{relay_helos}");
    assert_eq!(bed.mail(crepes).audit().relayed, 5);
}

/// Would break if download-and-keep deleted, or if a second device found the mailbox open
/// while the first one had it locked.
#[test]
fn keep_and_delete() {
    let mut bed = Bed::new();
    let (_, hamburger) = lecture(&mut bed);
    bed.user("alice@crepes.fr", (0..3).map(|_| draft(0, &["bob@hamburger.edu"], "x")).collect(), Vec::new());
    let keep = |s| ReadJob {
        at: at(s),
        every: Some(SimDuration::from_secs(100)),
        until: Some(at(250)),
        manner: Manner::lecture(false),
    };
    bed.user("bob@hamburger.edu", Vec::new(), vec![keep(100)]);
    bed.user("bob@hamburger.edu", Vec::new(), vec![keep(100)]);
    bed.run(at(400));
    // At 100 and at 200 one of the two devices was locked out.
    assert_eq!(bed.logged(&["Retrieved"]).len(), 6);
    assert_eq!(bed.net.dialogue.matches("S: -ERR [IN-USE] maildrop already locked").count(), 2);
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 3);
    let copy = ("<1.alice@crepes.fr>".to_owned(), "bob@hamburger.edu".to_owned());
    let retrievals = bed.net.phases[&copy].iter().filter(|(_, phase)| *phase == Phase::Retrieval).count();
    assert_eq!(retrievals, 1, "after the first retrieval the copy has no phase");
    assert!(bed.logged(&["Deleted"]).is_empty());
}

/// Would break if a stranger could relay, or submit.
#[test]
fn strangers_do_not_relay() {
    let mut bed = Bed::new();
    bed.server("crepes.fr", &["alice"], |_| {});
    bed.server("hamburger.edu", &["bob"], |c| c.inside.clear());
    bed.user("eve@hamburger.edu", vec![draft(0, &["alice@crepes.fr"], "x")], Vec::new());
    bed.run(at(100));
    assert_eq!(bed.logged(&["Refused", "Authentication required"]).len(), 1);
}

fn recipients(addresses: &[&str]) -> Recipients {
    Recipients::new(addresses.iter().map(|&address| address.to_owned()).collect(), None)
}

fn arrivals(gap_s: u64) -> Arrivals {
    Arrivals {
        start: at(0),
        until: Some(at(3_600)),
        gap: Dist::Exponential { mean: SimDuration::from_secs(gap_s) },
        stream: None,
        to: recipients(&["bob@hamburger.edu", "carol@hamburger.edu"]),
        subject: None,
        body: Body::Octets(500),
        extras: None,
    }
}

/// Would break if one arrival process, or a failure of the PC, moved another's draws.
#[test]
fn arrivals_draw_from_streams_of_their_own() {
    let composed = |second: bool, crash: bool| -> Vec<String> {
        let mut bed = Bed::new();
        lecture(&mut bed);
        let pc = bed.user_with("alice@crepes.fr", |config| {
            config.arrivals.push(arrivals(60));
            if second {
                config.arrivals.push(Arrivals { to: recipients(&["alice@crepes.fr"]), ..arrivals(30) });
            }
        });
        if crash {
            bed.down(pc, at(3_590), SimDuration::from_secs(5));
        }
        bed.run(at(10_000));
        bed.assert_balance();
        let to_others = bed.logged(&["Composed", "hamburger.edu"]);
        to_others.iter().map(|line| line.split(" Composed").next().unwrap().to_owned()).collect()
    };
    let alone = composed(false, false);
    assert!((30..100).contains(&alone.len()), "{}", alone.len());
    assert_eq!(composed(true, false), alone);
    assert_eq!(composed(false, true).len(), alone.len());
}

/// Would break if more connections than allowed were open, or fewer than useful.
#[test]
fn several_connections_when_asked_for() {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], |c| c.queue.concurrency_per_destination = 3);
    let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
    bed.down(hamburger, at(0), SimDuration::from_secs(100));
    bed.user("alice@crepes.fr", (0..9).map(|_| draft(1, &["bob@hamburger.edu"], "x")).collect(), Vec::new());
    bed.run(at(10_000));
    assert_eq!(bed.mail(crepes).audit().relayed, 9);
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 9);
    let relay_helos = bed.net.dialogue.matches("C: EHLO crepes.fr").count();
    assert!((3..=9).contains(&relay_helos), "{relay_helos}");
}
