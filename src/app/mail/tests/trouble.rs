//! Mail in trouble: hosts that are down, users that do not exist, names that do not resolve.

use proptest::prelude::*;

use super::bed::{App, Bed, SYN_TIMEOUT, at, draft};
use crate::app::mail::{DeadDestinations, MailServerConfig, Meanwhile, PRESETS, QueueConfig, RetryPolicy};
use crate::app::user::{Manner, ReadJob};
use crate::base::trace::Phase;
use crate::base::{SimDuration, SimTime};

const HALF_HOUR: u64 = 1_800;

fn two(bed: &mut Bed) -> (usize, usize) {
    let crepes = bed.server("crepes.fr", &["alice"], |_| {});
    let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
    (crepes, hamburger)
}

fn starts(bed: &Bed) -> Vec<u64> {
    bed.logged(&["AttemptStarted"]).iter().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
}

/// Would break if the 63 s that TCP takes to give up moved the next attempt.
#[test]
fn a_server_down_for_two_hours() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    bed.down(hamburger, at(1), SimDuration::from_secs(2 * 3600 + 600));
    bed.user("alice@crepes.fr", vec![draft(10, &["bob@hamburger.edu"], "x")], Vec::new());
    bed.run(at(86_400));
    assert_eq!(starts(&bed), (0..6).map(|k| 10 + k * HALF_HOUR).collect::<Vec<u64>>());
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
    assert_eq!(bed.logged(&["Deferred", "ConnectionTimedOut"]).len(), 5);
    assert_eq!(bed.mail(crepes).audit().relayed, 1);
    let copy = ("<1.alice@crepes.fr>".to_owned(), "bob@hamburger.edu".to_owned());
    let waits = bed.net.phases[&copy].iter().filter(|(_, phase)| *phase == Phase::WaitingForRetry).count();
    assert_eq!(waits, 5);
    bed.assert_balance();
}

/// Would break if an attempt were made after the lifetime, if the bounce came at another time,
/// or if it did not tell what failed.
#[test]
fn returned_to_sender() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    bed.down(hamburger, at(1), SimDuration::from_secs(7 * 86_400));
    bed.user("alice@crepes.fr", vec![draft(10, &["bob@hamburger.edu"], "Dinner")], Vec::new());
    bed.run(at(8 * 86_400));
    let starts = starts(&bed);
    assert_eq!(starts.len(), 241);
    assert_eq!(starts[240], 10 + 5 * 86_400);
    let given_up = bed.logged(&["GivenUp", "Expired", "connection timed out"]);
    assert_eq!(given_up.len(), 1);
    let end = 10 + 5 * 86_400 + SYN_TIMEOUT.as_secs();
    assert!(given_up[0].starts_with(&format!("{end} crepes.fr")), "{given_up:?}");
    let mailbox = bed.mailbox(crepes, "alice@crepes.fr");
    assert_eq!(mailbox.len(), 1);
    for part in [
        "Return-Path: <>\r\n",
        "From: MAILER-DAEMON@crepes.fr",
        "Subject: Undelivered mail: Dinner",
        "Message-ID: <b.1@crepes.fr>",
        "    bob@hamburger.edu",
        "connection timed out",
        "It was tried 241 times within 5d",
        "Reporting-MTA: dns; crepes.fr\r\n",
        "Action: failed\r\nStatus: 4.4.7\r\n",
        "\r\nMessage-ID: <1.alice@crepes.fr>\r\n",
    ] {
        assert!(mailbox[0].contains(part), "{part} in {}", mailbox[0]);
    }
    assert!(bed.mailbox(hamburger, "bob@hamburger.edu").is_empty());
    bed.assert_balance();
}

/// Would break if a 550 were tried again, or a bounce bounced.
#[test]
fn unknown_users_and_domains() {
    let mut bed = Bed::new();
    let (crepes, _) = two(&mut bed);
    bed.net.zone.insert("null.example MX".to_owned(), (0, vec!["0 .".to_owned()]));
    let to = ["nobody@hamburger.edu", "bob@hamburger.edu", "x@nowhere.example", "y@null.example"];
    bed.user("alice@crepes.fr", vec![draft(0, &to, "x")], Vec::new());
    // Its reverse-path names a mailbox that does not exist: the bounce is dropped.
    bed.user("ghost@crepes.fr", vec![draft(5, &["nobody@hamburger.edu"], "y")], Vec::new());
    bed.run(at(86_400));
    let bounces = bed.mailbox(crepes, "alice@crepes.fr");
    assert_eq!(bounces.len(), 3);
    let with = |text: &str| bounces.iter().filter(|b| b.contains(text)).count();
    assert_eq!(with("550 5.1.1 nobody@hamburger.edu ... User unknown"), 1);
    assert_eq!(with("the domain nowhere.example does not exist"), 1);
    assert_eq!(with("accepts no mail"), 1);
    assert_eq!(starts(&bed).len(), 5);
    assert_eq!(bed.logged(&["GivenUp", "bounce: None"]).len(), 1);
    bed.assert_balance();
}

/// Would break if what was answered with 250 could be lost with the host's memory, or if the
/// copy in an attempt were forgotten.
#[test]
fn the_queue_survives_a_crash() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    bed.down(hamburger, at(1), SimDuration::from_secs(4_000));
    bed.user("alice@crepes.fr", vec![draft(10, &["bob@hamburger.edu"], "x")], Vec::new());
    // In the middle of the first attempt, and while it waits.
    bed.down(crepes, at(30), SimDuration::from_secs(60));
    bed.down(crepes, at(500), SimDuration::from_secs(60));
    bed.run(at(400));
    assert_eq!(bed.queued()[0], 1);
    assert_eq!(starts(&bed), [10, 90]);
    // The first attempt had come as far as a connection that nobody answers.
    let reached = ["AttemptEnded", "attempt: 1,", "exchange: Some(", "conn: Some(", "Interrupted"];
    assert_eq!(bed.logged(&reached).len(), 1);
    bed.run(at(20_000));
    assert_eq!(starts(&bed), [10, 90, 90 + HALF_HOUR, 90 + 2 * HALF_HOUR, 90 + 3 * HALF_HOUR]);
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
    bed.assert_balance();
}

/// Would break if a message that was cut off were stored in part, or a lost reply lost mail.
#[test]
fn connections_that_break() {
    for cut in (20..900).step_by(7) {
        let mut bed = Bed::new();
        let (_, hamburger) = two(&mut bed);
        bed.user("alice@crepes.fr", vec![draft(10, &["bob@hamburger.edu"], "x")], Vec::new());
        bed.net.cut_after = Some(cut);
        bed.run(at(20_000));
        let stored = bed.mailbox(hamburger, "bob@hamburger.edu");
        assert!((1..=2).contains(&stored.len()), "cut after {cut}: {} copies", stored.len());
        assert!(stored.iter().all(|m| m.ends_with("How about pickles?\r\n")), "cut after {cut}");
        bed.assert_balance();
        assert_eq!(bed.queued(), [0, 0]);
    }
}

/// Would break if only the best exchanger were tried, or a failed look-up were final.
#[test]
fn the_next_exchanger_is_tried() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    let exchanges = ["5 dead.example", "7 missing.example", "10 hamburger.edu"].map(str::to_owned).to_vec();
    bed.net.zone.insert("hamburger.edu MX".to_owned(), (0, exchanges));
    bed.net.zone.insert("dead.example A".to_owned(), (0, vec!["10.9.9.9".to_owned()]));
    bed.net.zone.insert("flaky.example MX".to_owned(), (2, Vec::new()));
    bed.user("alice@crepes.fr", vec![draft(10, &["bob@hamburger.edu", "z@flaky.example"], "x")], Vec::new());
    bed.run(at(1_000));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
    assert_eq!(bed.logged(&["Deferred", "DnsFailure"]).len(), 1);
    assert_eq!(bed.mail(crepes).audit().queued, 1);
    bed.assert_balance();
}

/// Would break if mail went round in circles for ever.
#[test]
fn loops_end() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    // Each believes the other to be the home of loop.example, and relays for it.
    bed.net.zone.insert("loop.example MX".to_owned(), (0, vec!["5 hamburger.edu".to_owned()]));
    bed.net.zone.insert("self.example MX".to_owned(), (0, vec!["5 crepes.fr".to_owned()]));
    // This host under another name, and one behind it in the list.
    let exchanges = ["5 other.example", "9 hamburger.edu"].map(str::to_owned).to_vec();
    bed.net.zone.insert("alias.example MX".to_owned(), (0, exchanges));
    bed.net.zone.insert("other.example A".to_owned(), (0, vec![Bed::address(crepes).to_string()]));
    let to = ["a@loop.example", "b@self.example", "c@alias.example"];
    bed.user("alice@crepes.fr", vec![draft(10, &to, "x")], Vec::new());
    bed.run(at(1_000));
    assert_eq!(bed.logged(&["GivenUp", "crepes.fr", "Loop"]).len(), 2);
    assert_eq!(bed.logged(&["GivenUp", "550", "Relaying denied"]).len(), 1);
    assert_eq!(bed.mailbox(crepes, "alice@crepes.fr").len(), 3);
    assert!(matches!(bed.apps[hamburger], App::Server(_)));
    bed.assert_balance();
}

fn raw_message(from: &str, to: &str, content: &str) -> Vec<u8> {
    format!("HELO x.example\r\nMAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n{content}\r\n.\r\nQUIT\r\n").into_bytes()
}

/// Would break if a message were stopped a hop too early or too late.
#[test]
fn the_hop_limit_is_exact() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    for hops in [99, 100] {
        let content = format!("{}Message-ID: <{hops}@x>\r\n\r\nhi", "Received: from a by b\r\n".repeat(hops));
        bed.raw(hamburger, &raw_message("alice@crepes.fr", "bob@hamburger.edu", &content));
    }
    bed.run(at(1_000));
    let stored = bed.mailbox(hamburger, "bob@hamburger.edu");
    assert_eq!(stored.len(), 1);
    assert!(stored[0].contains("Message-ID: <99@x>"));
    assert_eq!(bed.logged(&["GivenUp", "<100@x>", "Loop"]).len(), 1);
    assert!(bed.mailbox(crepes, "alice@crepes.fr")[0].contains("too many hops"));
    bed.assert_balance();
}

/// Would break if an octet of the message were changed, if mail for the postmaster were
/// refused, if one recipient named twice got two copies, or if a cut message were stored.
#[test]
fn messages_from_strangers() {
    let mut bed = Bed::new();
    let (_, hamburger) = two(&mut bed);
    bed.raw(hamburger, &raw_message("", "Postmaster", "Subject: \u{e9}\r\n\r\n..\r\n...x\r\n\r\nend"));
    bed.raw(hamburger, &raw_message("a@b", "bob@hamburger.edu>\r\nRCPT TO:<BOB@hamburger.edu", "\r\nno header"));
    let cut = raw_message("a@b", "bob@hamburger.edu", "cut");
    bed.raw(hamburger, &cut[..cut.len() - 10]);
    bed.raw(hamburger, &raw_message("a@b", "alice@crepes.fr", "relay"));
    bed.run(at(1_000));
    let postmaster = bed.mailbox(hamburger, "postmaster@hamburger.edu");
    assert!(postmaster[0].starts_with("Return-Path: <>\r\nReceived: from x.example"), "{postmaster:?}");
    assert!(
        postmaster[0]
            .ends_with("Message-ID: <Q000001@hamburger.edu>\r\nSubject: \u{e9}\r\n\r\n.\r\n..x\r\n\r\nend\r\n")
    );
    let bob = bed.mailbox(hamburger, "bob@hamburger.edu");
    assert_eq!(bob.len(), 1);
    assert!(bob[0].ends_with("\r\n\r\nno header\r\n"));
    assert!(bed.net.dialogue.contains("S: 550 alice@crepes.fr ... Relaying denied"));
    bed.assert_balance();
}

/// Would break if the outbox were in memory only, or refusals that may pass were final.
#[test]
fn a_pc_and_its_outbox() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    bed.down(crepes, at(5), SimDuration::from_secs(1_000));
    let pc = bed.user(
        "alice@crepes.fr",
        vec![draft(10, &["bob@hamburger.edu"], "x"), draft(2_000, &["bob@hamburger.edu"], "y")],
        Vec::new(),
    );
    bed.down(pc, at(200), SimDuration::from_secs(100));
    bed.down(pc, at(1_900), SimDuration::from_secs(600));
    bed.run(at(1_800));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
    bed.run(at(5_000));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 2);
    let copy = ("<2.alice@crepes.fr>".to_owned(), "bob@hamburger.edu".to_owned());
    assert_eq!(bed.net.phases[&copy][0], (at(2_500), Phase::Submission));
    assert!(bed.net.phases[&copy].last().unwrap().0 < SimTime::ZERO + SimDuration::from_secs(2_502));
    bed.assert_balance();
}

/// Would break if a server that never answers QUIT held up the mail that comes after it.
#[test]
fn an_unanswered_quit_holds_nothing_up() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    bed.net.lose_quit = true;
    let pc = bed.user("alice@crepes.fr", vec![draft(10, &["bob@hamburger.edu"], "x")], Vec::new());
    bed.user("carol@crepes.fr", vec![draft(20, &["bob@hamburger.edu"], "y")], Vec::new());
    bed.run(at(21));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 2);
    bed.run(at(700));
    assert_eq!(bed.net.open_sockets(), 0);
    for host in [crepes, hamburger, pc] {
        assert_eq!(bed.deadline(host), SimTime::NEVER, "host {host}");
    }
    bed.assert_balance();
}

/// Would break if a session that ended in any other way than by QUIT kept the maildrop locked.
#[test]
fn the_lock_is_free_after_a_session_that_died() {
    let read = |at_s: u64| ReadJob { at: at(at_s), every: None, until: None, manner: Manner::lecture(false) };
    for (lose_quit, cut, crash) in [(true, None, false), (false, Some(60), false), (false, None, true)] {
        let mut bed = Bed::new();
        let (_, hamburger) = two(&mut bed);
        bed.user("alice@crepes.fr", vec![draft(10, &["bob@hamburger.edu"], "x")], Vec::new());
        let pc = bed.user("bob@hamburger.edu", Vec::new(), vec![read(100), read(2_000)]);
        bed.run(at(50));
        (bed.net.lose_quit, bed.net.cut_after) = (lose_quit, cut);
        if crash {
            bed.down(pc, at(100) + SimDuration::from_millis(90), SimDuration::from_secs(10));
        }
        bed.run(at(1_900));
        bed.net.lose_quit = false;
        let before = bed.logged(&["Retrieved"]).len();
        bed.run(at(3_000));
        assert_eq!(bed.logged(&["Retrieved"]).len(), before + 1, "{lose_quit} {cut:?} {crash}");
        assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
        assert!(!bed.net.dialogue.contains("already locked"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Would break if any mixture of failures lost a message, stored a part of one, or left
    /// the counts unbalanced. Faults end after two days; then all that is owed is paid.
    #[test]
    fn nothing_is_lost(
        drafts in proptest::collection::vec((0_u64..100_000, 0_usize..4), 1..12),
        faults in proptest::collection::vec((0_usize..3, 1_u64..100_000, 1_u64..9_000), 0..6),
        cut in proptest::option::of(1_usize..4_000),
        (policy, way) in (0..PRESETS.len(), 0..3)
    ) {
        const TO: [&str; 4] = ["bob@hamburger.edu", "nobody@hamburger.edu", "x@nowhere.example", "alice@crepes.fr"];
        let mut bed = Bed::new();
        let work = |c: &mut MailServerConfig| {
            c.retry = RetryPolicy::named(PRESETS[policy]).unwrap();
            c.queue = if way == 0 { QueueConfig::default() } else { QueueConfig::postfix() };
            let lasting = SimDuration::from_secs(900);
            let hold = DeadDestinations { cohorts: 1, lasting, meanwhile: Meanwhile::Hold };
            if way == 2 {
                (c.queue.dead, c.queue.slow_start, c.queue.connections) = (Some(hold), Some(1), 2);
            }
        };
        let crepes = bed.server("crepes.fr", &["alice"], work);
        let hamburger = bed.server("hamburger.edu", &["bob"], work);
        let written = drafts.iter().map(|(s, to)| draft(*s, &[TO[*to], "bob@hamburger.edu"], "x")).collect();
        bed.user("alice@crepes.fr", written, Vec::new());
        for (host, from, length) in faults {
            bed.down(host, at(from), SimDuration::from_secs(length));
        }
        bed.net.cut_after = cut;
        bed.run(at(8 * 86_400));
        bed.assert_balance();
        prop_assert_eq!(bed.queued(), [0, 0]);
        let at_bob = bed.mailbox(hamburger, "bob@hamburger.edu");
        let at_alice = bed.mailbox(crepes, "alice@crepes.fr");
        prop_assert!(at_bob.len() >= drafts.len());
        for n in 1..=drafts.len() {
            let id = format!("\r\nMessage-ID: <{n}.alice@crepes.fr>\r\n\r\nDo you like ketchup?\r\nHow about pickles?\r\n");
            prop_assert!(at_bob.iter().any(|m| m.ends_with(&id)), "{} is not with bob", n);
        }
        prop_assert!(at_bob.iter().all(|m| m.ends_with("How about pickles?\r\n")));
        let returned = drafts.iter().filter(|(_, to)| matches!(to, 1 | 2)).count();
        let bounces = at_alice.iter().filter(|m| m.starts_with("Return-Path: <>")).count();
        prop_assert!(bounces >= returned, "{} bounces for {}", bounces, returned);
    }
}
