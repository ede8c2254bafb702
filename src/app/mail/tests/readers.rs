//! Reading by people: what a device remembers, leaves and files, two devices in step, and that nothing is lost
//! whatever breaks.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::bed::{Bed, at, draft};
use crate::app::user::access::Way;
use crate::app::user::{Fetch, Manner, ReadJob};
use crate::base::{Probability, SimDuration, SimTime};

const BOB: &str = "bob@hamburger.edu";

fn hours(hours: u64) -> SimDuration {
    SimDuration::from_secs(3_600 * hours)
}

/// A post office with mail for Bob at these hours.
fn office(written: &[u64]) -> (Bed, usize) {
    let mut bed = Bed::new();
    bed.server("crepes.fr", &["alice"], |_| {});
    let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
    let drafts = written.iter().map(|hour| draft(3_600 * hour, &[BOB], "x")).collect();
    bed.user("alice@crepes.fr", drafts, Vec::new());
    (bed, hamburger)
}

fn read(at_h: u64, every: Option<SimDuration>, manner: &Manner) -> ReadJob {
    ReadJob { at: SimTime::ZERO + hours(at_h), every, until: Some(SimTime::ZERO + hours(240)), manner: manner.clone() }
}

/// What is in the folders of Bob's mailbox, by name.
fn folders(bed: &Bed, server: usize) -> Vec<Vec<String>> {
    let drop = bed.mail(server).mailboxes().find(|drop| drop.address() == BOB).expect("a mailbox");
    let id = |content: &[u8]| crate::proto::message::first(content, "Message-ID").unwrap_or_default();
    drop.folders().map(|folder| folder.messages().iter().map(|message| id(&message.content)).collect()).collect()
}

/// Would break if a device that remembers fetched twice, or deleted too early, never, or what it does not have.
#[test]
fn messages_are_left_for_days() {
    let manner = |leave: u64| Manner { leave_for: Some(hours(leave)), ..Manner::new(Way::Pop3) };
    let (mut bed, hamburger) = office(&[1, 30]);
    bed.user(BOB, Vec::new(), vec![read(2, Some(hours(10)), &manner(25))]);
    bed.run(SimTime::ZERO + hours(26));
    assert_eq!(bed.mailbox(hamburger, BOB).len(), 1);
    bed.run(SimTime::ZERO + hours(33));
    assert_eq!(bed.logged(&["Deleted"]).len(), 1);
    assert_eq!(bed.mailbox(hamburger, BOB).len(), 1, "the second is younger");
    bed.run(SimTime::ZERO + hours(80));
    assert!(bed.mailbox(hamburger, BOB).is_empty());
    assert_eq!((bed.logged(&["Retrieved"]).len(), bed.logged(&["Shown"]).len()), (2, 2));
    assert_eq!(bed.net.dialogue.matches("C: RETR").count() + bed.net.dialogue.matches("C: retr").count(), 2);
    bed.assert_balance();
}

/// Would break if one device did not learn within the session what another did, or took its own doing for news.
#[test]
fn two_devices_are_in_step() {
    let (mut bed, hamburger) = office(&[1, 3, 5]);
    let stay = hours(8);
    let works = Manner { fetch: Fetch::Text, stay, file_into: Some("Archive".to_owned()), ..Manner::new(Way::Imap) };
    let looks = Manner { fetch: Fetch::Headers, stay, ..Manner::new(Way::Imap) };
    bed.user(BOB, Vec::new(), vec![read(2, None, &works)]);
    bed.user(BOB, Vec::new(), vec![read(2, None, &looks)]);
    bed.run(SimTime::ZERO + hours(11));
    assert_eq!(folders(&bed, hamburger).iter().map(Vec::len).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(bed.logged(&["Shown"]).len(), 3, "only one of them opens");
    let sessions = bed.logged(&["Session", "trouble: None"]);
    assert_eq!(sessions.len(), 2);
    // Each message was marked and then moved, which the other device may learn at once.
    let learned = |count| sessions.iter().filter(|line| line.contains(&format!("learned: {count},"))).count();
    assert_eq!(learned(0), 1, "{sessions:?}");
    assert!(learned(3) + learned(4) + learned(5) + learned(6) == 1, "{sessions:?}");
    bed.assert_balance();
}

/// Would break if a device that was cut off while it told what was read did not tell it in its next session, or
/// showed the message again.
#[test]
fn what_was_read_offline_is_told_later() {
    let (mut bed, hamburger) = office(&[1]);
    let pc = bed.user(BOB, Vec::new(), vec![read(2, Some(hours(1)), &Manner::new(Way::Imap))]);
    let mut now = at(7_199);
    while bed.logged(&["Shown"]).is_empty() && now < at(7_300) {
        now += SimDuration::from_millis(1);
        bed.run(now);
    }
    // The command is on its way to a server that never gets it.
    let second = SimDuration::from_secs(1);
    bed.down(hamburger, now, second);
    bed.down(pc, now, second);
    bed.run(now + SimDuration::from_secs(60));
    let seen = |bed: &Bed| {
        let drop = bed.mail(hamburger).mailboxes().find(|drop| drop.address() == BOB).expect("a mailbox");
        drop.messages()[0].flags.has(crate::proto::imap::SystemFlag::Seen)
    };
    assert!(!seen(&bed));
    bed.run(SimTime::ZERO + hours(4));
    assert!(seen(&bed));
    assert_eq!(bed.logged(&["Shown"]).len(), 1);
}

/// Would break if a message that was to be filed stayed where it was because the connection broke, at any octet, or
/// went there twice, or was shown twice; or by POP3 was fetched twice because a deletion never came into force.
#[test]
fn what_was_wanted_is_done_once_wherever_it_is_cut() {
    let filed = Manner { file_into: Some("Archive".to_owned()), ..Manner::new(Way::Imap) };
    let deleted = Manner { leave_for: Some(SimDuration::ZERO), ..Manner::new(Way::Imap) };
    let by_pop3 = Manner { leave_for: Some(SimDuration::ZERO), ..Manner::new(Way::Pop3) };
    for (manner, step) in [(filed, 11), (deleted, 37), (by_pop3, 23)] {
        let mut untouched = false;
        for cut in (1..).step_by(step) {
            let (mut bed, hamburger) = office(&[1, 1]);
            bed.user(BOB, Vec::new(), vec![read(2, Some(hours(1)), &manner)]);
            bed.run(at(7_000));
            bed.net.cut_after = Some(cut);
            bed.run(at(10_000));
            untouched = bed.net.cut_after.take().is_some();
            bed.run(SimTime::ZERO + hours(6));
            let kept: Vec<usize> = folders(&bed, hamburger).iter().map(Vec::len).collect();
            let wanted: &[usize] = if manner.file_into.is_some() { &[0, 2] } else { &[0] };
            assert_eq!(kept[..wanted.len()], *wanted, "{manner:?} cut after {cut}");
            assert_eq!(bed.logged(&["Shown"]).len(), 2, "{manner:?} cut after {cut}");
            bed.assert_balance();
            if untouched || cut > 20_000 {
                break;
            }
        }
        assert!(untouched, "the cuts never came to the end");
    }
}

/// Would break if a session that a failure of the computer ended left no trace of what it cost.
#[test]
fn a_failure_of_the_computer_ends_a_session() {
    let (mut bed, _) = office(&[1]);
    let stay = Manner { stay: hours(5), ..Manner::new(Way::Imap) };
    let pc = bed.user(BOB, Vec::new(), vec![read(2, None, &stay)]);
    bed.down(pc, SimTime::ZERO + hours(3), hours(1));
    bed.run(SimTime::ZERO + hours(6));
    let sessions = bed.logged(&["Session"]);
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert!(sessions[0].contains("the computer failed") && sessions[0].contains("opened: 1"), "{sessions:?}");
}

fn manners() -> impl Strategy<Value = Manner> {
    let imap = |fetch| Manner { fetch, ..Manner::new(Way::Imap) };
    let half = Probability::new(0.5).unwrap();
    let headers = Manner { open: half, attachments: half, ..imap(Fetch::Headers) };
    prop_oneof![
        Just(Manner::lecture(true)),
        Just(Manner::lecture(false)),
        Just(Manner { leave_for: Some(hours(5)), ..Manner::new(Way::Pop3) }),
        Just(Manner { fetch: Fetch::Headers, open: half, ..Manner::new(Way::Pop3) }),
        Just(Manner { file_into: Some("Archive".to_owned()), ..imap(Fetch::Text) }),
        Just(Manner { stay: hours(2), ..imap(Fetch::Whole) }),
        Just(Manner { leave_for: Some(hours(3)), ..imap(Fetch::Whole) }),
        Just(headers),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Would break if any mixture of readers on several devices, crashes and cut connections lost a message: each is in
    /// one folder of the mailbox, as often as it was delivered, or was fetched whole before it was deleted.
    #[test]
    fn nothing_is_lost(
        written in proptest::collection::vec(0_u64..40, 1..8),
        devices in proptest::collection::vec((manners(), 1_u64..30, 1_u64..9), 1..4),
        faults in proptest::collection::vec((0_usize..4, 1_u64..150_000, 1_u64..9_000), 0..6),
        cut in proptest::option::of(100_usize..6_000)
    ) {
        let (mut bed, hamburger) = office(&written);
        for (manner, first, every) in &devices {
            bed.user(BOB, Vec::new(), vec![read(*first, Some(hours(*every)), manner)]);
        }
        for (host, from, lasting) in faults {
            bed.down([hamburger, 3, 1, 2][host], at(from), SimDuration::from_secs(lasting));
        }
        bed.run(SimTime::ZERO + hours(20));
        bed.net.cut_after = cut;
        bed.run(SimTime::ZERO + hours(50));
        bed.net.cut_after = None;
        bed.run(SimTime::ZERO + hours(300));
        let all: BTreeSet<String> = (1..=written.len()).map(|n| format!("<{n}.alice@crepes.fr>")).collect();
        let kept: Vec<String> = folders(&bed, hamburger).concat();
        for id in all {
            let fetched = !bed.logged(&["Retrieved", &id]).is_empty();
            prop_assert!(kept.contains(&id) || fetched, "{} is lost", id);
            // SMTP delivers twice where a reply got lost; filing makes no copies.
            let delivered = bed.logged(&["Delivered", &id]).len();
            prop_assert!(kept.iter().filter(|kept| **kept == id).count() <= delivered, "{} is there twice", id);
        }
        bed.assert_balance();
    }
}
