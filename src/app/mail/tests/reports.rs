//! What senders are told, and answers in the name of users who are away.

use std::sync::Arc;

use super::bed::{Bed, at, draft};
use crate::app::mail::{MailServerConfig, ReportConfig, VacationConfig};
use crate::app::user::{Draft, Extras};
use crate::base::{SimDuration, SimTime};

const DAY: u64 = 86_400;

fn away(start: u64, end: u64) -> VacationConfig {
    VacationConfig {
        text: Arc::from(["I am away.".to_owned()]),
        subject: None,
        from: None,
        interval: VacationConfig::INTERVAL,
        start: at(start),
        end: at(end),
    }
}

/// A server at which bob is away and alice is not; nobody else is anywhere.
fn server(bed: &mut Bed, vacation: VacationConfig) -> usize {
    let h = bed.server("h.edu", &["alice", "bob", "postmaster"], |config: &mut MailServerConfig| {
        config.reports.vacations.insert("bob@h.edu".to_owned(), vacation);
    });
    bed.server("other.example", &[], |_| {});
    h
}

fn send(bed: &mut Bed, host: usize, from: &str, message: &str) {
    let text = format!(
        "HELO x\r\nMAIL FROM:<{from}>\r\nRCPT TO:<bob@h.edu>\r\nDATA\r\n{}\r\n.\r\nQUIT\r\n",
        message.replace('\n', "\r\n")
    );
    bed.raw(host, text.as_bytes());
}

/// Would break if an answer did not look as RFC 3834 asks, or a sender got two in a week.
#[test]
fn who_is_away_answers_once_a_week() {
    let mut bed = Bed::new();
    let h = server(&mut bed, away(0, 100 * DAY));
    let message = "To: Bob <BOB@h.edu>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nReferences: <0@x>\r\n\r\nhi\r\n";
    let whole: Arc<[u8]> = message.as_bytes().into();
    let extras = Arc::new(Extras { whole: [whole].into(), ..Extras::default() });
    let write = |day: u64| Draft { extras: Some(Arc::clone(&extras)), ..draft(day * DAY, &["bob@h.edu"], "") };
    bed.user("alice@h.edu", [0, 1, 6, 8].map(write).to_vec(), Vec::new());
    bed.run(at(9 * DAY));
    assert_eq!(bed.mailbox(h, "bob@h.edu").len(), 4);
    let answers = bed.mailbox(h, "alice@h.edu");
    assert_eq!(answers.len(), 2, "one on the first day and one after the seventh");
    let wanted = "Return-Path: <>\r\nDate: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: bob@h.edu\r\nTo: alice@h.edu\r\n\
                  Subject: =?utf-8?Q?Auto:_Caf=C3=A9?=\r\nMessage-ID: <v.1@h.edu>\r\nIn-Reply-To: <1.alice@h.edu>\r\n\
                  References: <0@x> <1.alice@h.edu>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
    assert!(answers[0].starts_with(wanted), "{}", answers[0]);
    assert!(answers[0].ends_with("I am away.\r\n"));
    assert_eq!(bed.logged(&["Composed", "Vacation", "from: \"\""]).len(), 2);
    bed.assert_balance();
}

/// Would break if an answer could start a loop, or go to a list.
#[test]
fn programs_and_lists_get_no_answer() {
    let plain = "To: bob@h.edu\nMessage-ID: <1@x>\n\nhi";
    let with = |field: &str| format!("{field}\n{plain}");
    for (from, message, answered) in [
        ("alice@h.edu", plain.to_owned(), true),
        ("alice@h.edu", "Cc: x@y, \"B.\" <bob@h.edu>\n\nhi".to_owned(), true),
        ("alice@h.edu", with("Auto-Submitted: no"), true),
        ("alice@h.edu", with("Precedence: first-class"), true),
        ("", plain.to_owned(), false),
        ("bob@h.edu", plain.to_owned(), false),
        ("owner-list@h.edu", plain.to_owned(), false),
        ("list-request@h.edu", plain.to_owned(), false),
        ("list-owner@h.edu", plain.to_owned(), false),
        ("MAILER-DAEMON@h.edu", plain.to_owned(), false),
        ("Majordomo@h.edu", plain.to_owned(), false),
        ("alice@h.edu", with("Auto-Submitted: auto-replied (vacation)"), false),
        ("alice@h.edu", with("auto-submitted: auto-generated; x=y"), false),
        ("alice@h.edu", with("Precedence: Bulk"), false),
        ("alice@h.edu", with("Precedence: list"), false),
        ("alice@h.edu", with("Precedence: junk"), false),
        ("alice@h.edu", with("List-Id: friends <friends.h.edu>"), false),
        ("alice@h.edu", with("List-Unsubscribe: <mailto:x@y>"), false),
        // he is not named: a blind copy, or a list that says nothing
        ("alice@h.edu", "To: alice@h.edu\n\nhi".to_owned(), false),
        ("alice@h.edu", "Subject: bob@h.edu\n\nTo: bob@h.edu".to_owned(), false),
        ("alice@h.edu", "To: \"bob@h.edu\" <alice@h.edu>\n\nhi".to_owned(), false),
    ] {
        let mut bed = Bed::new();
        let h = server(&mut bed, away(0, DAY));
        send(&mut bed, h, from, &message);
        bed.run(at(600));
        assert_eq!(bed.mailbox(h, "bob@h.edu").len(), 1, "{from} {message}");
        assert_eq!(bed.logged(&["Composed", "Vacation"]).len(), usize::from(answered), "{from} {message}");
        bed.assert_balance();
    }
}

#[test]
fn nobody_answers_who_is_not_away() {
    let mut bed = Bed::new();
    server(&mut bed, away(10, 20));
    for second in [0, 12, 21] {
        let from = format!("s{second}@h.edu");
        bed.user(&from, vec![draft(second, &["bob@h.edu"], "")], Vec::new());
    }
    bed.run(at(60));
    let answered: Vec<&str> = bed.logged(&["Composed", "Vacation"]);
    assert!(answered.len() == 1 && answered[0].contains("s12@h.edu"), "{answered:?}");
}

/// Would break if the server forgot whom it answered, and so answered twice.
#[test]
fn what_was_answered_survives_a_crash() {
    let mut bed = Bed::new();
    let h = server(&mut bed, away(0, DAY));
    let drafts = [0, 200].map(|second| draft(second, &["bob@h.edu"], "hi")).to_vec();
    bed.user("alice@h.edu", drafts, Vec::new());
    bed.down(h, at(100), SimDuration::from_secs(10));
    bed.run(at(300));
    assert_eq!(bed.mailbox(h, "bob@h.edu").len(), 2);
    assert_eq!(bed.mailbox(h, "alice@h.edu").len(), 1);
}

/// A bounce that fails itself is dropped, or told to the postmaster once.
#[test]
fn double_bounces() {
    for to_postmaster in [false, true] {
        let mut bed = Bed::new();
        let reports = ReportConfig { to_postmaster, ..ReportConfig::default() };
        let crepes = bed.server("crepes.fr", &["alice", "postmaster"], |config| config.reports = reports);
        bed.server("other.example", &[], |_| {});
        let draft = draft(0, &["x@nowhere.example"], "Dinner");
        bed.user("ghost@crepes.fr", vec![draft], Vec::new());
        bed.run(SimTime::ZERO + SimDuration::from_secs(DAY));
        assert_eq!(bed.logged(&["GivenUp", "bounce: None"]).len(), usize::from(!to_postmaster), "{:?}", bed.net.log);
        let told = bed.mailbox(crepes, "postmaster@crepes.fr");
        assert_eq!(told.len(), usize::from(to_postmaster));
        if let [told] = told.as_slice() {
            let subject = "Subject: Undelivered mail: Undelivered mail: Dinner\r\n";
            assert!(told.contains(subject) && told.contains("Final-Recipient: rfc822; ghost@crepes.fr\r\n"), "{told}");
        }
        bed.assert_balance();
    }
}
