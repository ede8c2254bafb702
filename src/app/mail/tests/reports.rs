//! What senders are told, and answers in the name of users who are away.

use std::sync::Arc;

use super::bed::{Bed, at, draft};
use crate::app::mail::{ListConfig, MailServerConfig, MailboxConfig, Posting, ReportConfig, VacationConfig};
use crate::app::user::{Draft, Extras};
use crate::base::{SimDuration, SimTime};
use crate::proto::message::Encoding;
use crate::proto::smtp::{Dialect, Extension, Extensions, Notify, Ret};

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

/// Two servers, and alice's computer, whose message to bob and nobody says this.
fn notified(extras: Extras, to: &[&str], change: impl FnOnce(&mut MailServerConfig)) -> (Bed, usize) {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], |_| {});
    bed.server("hamburger.edu", &["bob"], change);
    let draft = Draft { extras: Some(Arc::new(extras)), ..draft(0, to, "Dinner") };
    bed.user_with("alice@crepes.fr", |config| {
        config.submission.dialect = Dialect::Rfc5321;
        config.drafts = vec![draft];
        config.dialect = Dialect::Rfc5321;
    });
    bed.run(at(10 * DAY));
    bed.assert_balance();
    (bed, crepes)
}

const NEVER: Notify = Notify { success: false, failure: false, delay: false };

fn with(notify: Notify) -> Extras {
    Extras { notify: Some(notify), envelope_id: Some("E 1".to_owned()), ..Extras::default() }
}

/// Would break if NOTIFY were not heard, or did not travel with the message.
#[test]
fn senders_hear_what_they_asked_for() {
    let success = Notify { success: true, ..NEVER };
    for (notify, to, action) in [
        (NEVER, "nobody@hamburger.edu", None),
        (NEVER, "bob@hamburger.edu", None),
        (Notify { failure: true, ..NEVER }, "nobody@hamburger.edu", Some("failed")),
        (success, "nobody@hamburger.edu", None),
        (success, "bob@hamburger.edu", Some("delivered")),
        (success, "alice@crepes.fr", Some("delivered")),
    ] {
        let (bed, crepes) = notified(with(notify), &[to], |_| {});
        let reports: Vec<String> =
            bed.mailbox(crepes, "alice@crepes.fr").into_iter().filter(|m| m.contains("MAILER-DAEMON")).collect();
        assert_eq!(reports.len(), usize::from(action.is_some()), "{notify:?} {to}: {reports:?}");
        if let Some(action) = action {
            let server = if action == "failed" || to.ends_with("crepes.fr") { "crepes.fr" } else { "hamburger.edu" };
            let fields = [
                format!("Original-Envelope-Id: E 1\r\nReporting-MTA: dns; {server}\r\n"),
                format!("Final-Recipient: rfc822; {to}\r\nAction: {action}\r\n"),
                format!("Status: {}\r\n", if action == "failed" { "5.1.1" } else { "2.0.0" }),
            ];
            for field in fields {
                assert!(reports[0].contains(&field), "{field} in {}", reports[0]);
            }
        }
    }
}

/// RFC 3461 5.2.2: who hands a copy to a server that does not report, tells so.
#[test]
fn a_server_without_dsn_ends_the_trail() {
    let success = Notify { success: true, ..NEVER };
    let (bed, crepes) =
        notified(with(success), &["bob@hamburger.edu"], |config| config.smtp.extensions = Extensions::NONE);
    let reports = bed.mailbox(crepes, "alice@crepes.fr");
    assert_eq!(reports.len(), 1);
    assert!(reports[0].contains("Action: relayed\r\nStatus: 2.0.0\r\n"), "{}", reports[0]);
    assert_eq!(bed.logged(&["Composed", "Success", "about: Some(\"<1.alice@crepes.fr>\")"]).len(), 1);
}

/// Would break if RET were not heard, or a long message came back whole.
#[test]
fn as_much_comes_back_as_was_asked_for() {
    for (ret, octets, whole) in
        [(Some(Ret::Full), 0, true), (Some(Ret::Headers), 0, false), (None, 0, false), (Some(Ret::Full), 60_000, false)]
    {
        let html = (octets > 0).then(|| vec!["x".repeat(900); octets / 900].into());
        let extras = Extras { ret, html, ..Extras::default() };
        let (bed, crepes) = notified(extras, &["nobody@hamburger.edu"], |_| {});
        let reports = bed.mailbox(crepes, "alice@crepes.fr");
        assert_eq!(reports.len(), 1);
        assert_eq!(reports[0].contains("Do you like ketchup?"), whole, "{ret:?} {octets}");
        assert_eq!(reports[0].contains("Content-Type: message/rfc822\r\n"), whole);
        assert_eq!(reports[0].contains("Content-Type: text/rfc822-headers\r\n"), !whole);
        assert!(reports[0].contains("Subject: Dinner\r\n"));
    }
}

/// Would break if octets above 127 got to a server without 8BITMIME, or were encoded where that has it.
#[test]
fn eight_bits_become_seven_where_they_must() {
    let text: Arc<[String]> = Arc::from(["<p>cr\u{ea}pes et caf\u{e9}".to_owned()]);
    for (extensions, lowered) in [(Extensions::NONE.with(Extension::EightBitMime), false), (Extensions::NONE, true)] {
        let extras = Extras { html: Some(Arc::clone(&text)), encoding: Some(Encoding::EightBit), ..Extras::default() };
        let (bed, _) = notified(extras, &["bob@hamburger.edu"], |config| config.smtp.extensions = extensions);
        let got = bed.mailbox(1, "bob@hamburger.edu");
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].is_ascii(), lowered, "{}", got[0]);
        let seen = if lowered { "<p>cr=C3=AApes et caf=C3=A9\r\n" } else { "<p>cr\u{ea}pes et caf\u{e9}\r\n" };
        assert!(got[0].contains(seen), "{}", got[0]);
        assert_eq!(bed.logged(&["Downgraded", "<1.alice@crepes.fr>"]).len(), usize::from(lowered));
    }
    // what has no form in 7 bits goes back
    let whole: Arc<[u8]> = b"Subject: caf\xe9\r\n\r\nhi\r\n"[..].into();
    let extras = Extras { whole: [whole].into(), ..Extras::default() };
    let (bed, crepes) = notified(extras, &["bob@hamburger.edu"], |config| config.smtp.extensions = Extensions::NONE);
    let reports = bed.mailbox(crepes, "alice@crepes.fr");
    assert!(reports.len() == 1 && reports[0].contains("Status: 5.6.3\r\n"), "{reports:?}");
    // RFC 3464 section 2.3.6: no server said so
    assert!(reports[0].contains("Diagnostic-Code: x-posthaste; 5.6.3 ") && !reports[0].contains("Remote-MTA"));
}

/// Nobody but the recipients' servers knows of Bcc.
#[test]
fn blind_copies_are_blind() {
    let [cc, bcc] = ["alice@crepes.fr", "eve@hamburger.edu"].map(|who| Arc::from([who.to_owned()]));
    let extras = Extras { cc, bcc, ..Extras::default() };
    let (bed, crepes) = notified(extras, &["bob@hamburger.edu"], |config| {
        config.mailboxes.push(MailboxConfig { address: "eve@hamburger.edu".to_owned(), password: "hungry".to_owned() });
    });
    for (host, who) in [(crepes, "alice@crepes.fr"), (1, "bob@hamburger.edu"), (1, "eve@hamburger.edu")] {
        let got = bed.mailbox(host, who);
        assert_eq!(got.len(), 1, "{who}");
        assert!(got[0].contains("To: bob@hamburger.edu\r\nCc: alice@crepes.fr\r\n") && !got[0].contains("eve"));
    }
}

/// Would break if a delay were not told in time, or told to who does not want to know.
#[test]
fn delays_are_told_while_attempts_go_on() {
    for (notify, told) in [(None, 1), (Some(Notify { delay: true, ..NEVER }), 1), (Some(NEVER), 0)] {
        let mut bed = Bed::new();
        let crepes = bed.server("crepes.fr", &["alice"], |config| {
            config.retry.warnings = vec![SimDuration::from_secs(4 * 3_600)];
        });
        let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
        bed.down(hamburger, at(0), SimDuration::from_secs(6 * 3_600));
        let extras = Extras { notify, ..Extras::default() };
        let draft = Draft { extras: Some(Arc::new(extras)), ..draft(10, &["bob@hamburger.edu"], "Dinner") };
        bed.user_with("alice@crepes.fr", |config| {
            config.submission.dialect = Dialect::Rfc5321;
            config.drafts = vec![draft];
            config.dialect = Dialect::Rfc5321;
        });
        bed.run(at(DAY));
        let reports = bed.mailbox(crepes, "alice@crepes.fr");
        assert_eq!(reports.len(), told, "{notify:?}");
        assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
        for report in reports {
            for part in [
                "Subject: Delayed mail: Dinner\r\n",
                "Action: delayed\r\nStatus: 4.4.1\r\n",
                "It will be tried until Sat, 10 Jan 2026 09:00:10 +0000.",
                "Will-Retry-Until: Sat, 10 Jan 2026 09:00:10 +0000\r\n",
            ] {
                assert!(report.contains(part), "{part} in {report}");
            }
        }
        bed.assert_balance();
    }
}

/// RFC 3461 5.2.7.3: what the sender asked for ends at a list, which tells so.
#[test]
fn a_list_tells_that_it_spread_a_message() {
    let success = Notify { success: true, ..NEVER };
    let (bed, crepes) = notified(with(success), &["team@hamburger.edu"], |config| {
        let [address, owner, bob, alice] =
            ["team@hamburger.edu", "postmaster@hamburger.edu", "bob@hamburger.edu", "alice@crepes.fr"]
                .map(str::to_owned);
        let (members, posting) = (vec![bob, alice], Posting::Anyone);
        config.routing.book.lists.push(ListConfig { address, members, owner, posting, sender_field: false });
    });
    let reports: Vec<String> =
        bed.mailbox(crepes, "alice@crepes.fr").into_iter().filter(|m| m.contains("MAILER-DAEMON")).collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        reports[0].contains("Final-Recipient: rfc822; team@hamburger.edu\r\nAction: expanded\r\n"),
        "{}",
        reports[0]
    );
}

/// RFC 3461 5.2.7: an address of several recipients tells of success once, by saying that it was expanded, and each
/// copy of its own failure. Would break if each copy told of success, or if none did.
#[test]
fn an_alias_of_several_tells_of_success_once() {
    let asked = Notify { success: true, failure: true, delay: false };
    let (bed, crepes) = notified(with(asked), &["both@hamburger.edu", "one@hamburger.edu"], |config| {
        let to = |all: &[&str]| all.iter().map(|to| (*to).to_owned()).collect::<Vec<_>>();
        config.routing.book.aliases = vec![
            ("both@hamburger.edu".to_owned(), to(&["bob@hamburger.edu", "nobody@crepes.fr"])),
            ("one@hamburger.edu".to_owned(), to(&["postmaster@hamburger.edu"])),
        ];
    });
    let mut told: Vec<String> = Vec::new();
    for report in bed.mailbox(crepes, "alice@crepes.fr") {
        let of = |field: &str| report.lines().find_map(|line| line.strip_prefix(field)).map(str::to_owned);
        told.extend(of("Final-Recipient: rfc822; ").zip(of("Action: ")).map(|(who, what)| format!("{who} {what}")));
    }
    told.sort();
    assert_eq!(told, ["both@hamburger.edu expanded", "nobody@crepes.fr failed", "postmaster@hamburger.edu delivered"]);
    bed.assert_balance();
}
