//! Submission with AUTH, VRFY, the catch-all, and messages that come only in part.

use super::bed::{Bed, at};
use crate::app::mail::CatchAll;
use crate::proto::smtp::{PORT, SUBMISSION_PORT};

/// Bob by his address, by his name, and by his name acting as himself.
const BOB: [&str; 3] =
    ["AGJvYkBoYW1idXJnZXIuZWR1AGh1bmdyeQ==", "AEJPQgBodW5ncnk=", "Ym9iAGJvYkBoYW1idXJnZXIuZWR1AGh1bmdyeQ=="];
/// Bob with another password, and bob who would be alice.
const NOT_BOB: [&str; 2] = ["AGJvYgBrZXRjaHVw", "YWxpY2UAYm9iAGh1bmdyeQ=="];

fn transaction(to: &str, name: &str) -> String {
    format!("MAIL FROM:<bob@hamburger.edu>\r\nRCPT TO:<{to}>\r\nDATA\r\nMessage-ID: <{name}@x>\r\n\r\nhi\r\n.\r\n")
}

fn two(bed: &mut Bed) -> (usize, usize) {
    let crepes = bed.server("crepes.fr", &["alice"], |_| {});
    let hamburger = bed.server("hamburger.edu", &["alice", "bob"], |config| {
        config.routing.book.catch_alls.push(CatchAll {
            domain: "hamburger.edu".to_owned(),
            mailbox: "bob@hamburger.edu".to_owned(),
            except: vec!["nosuch*".to_owned()],
        });
    });
    (crepes, hamburger)
}

/// Would break if a user who has logged in could not send to anybody, or a stranger could.
#[test]
fn whoever_has_logged_in_may_send_to_anybody() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    for (port, login, number) in (1..).zip(BOB).map(|(n, login)| (SUBMISSION_PORT, login, n)).chain([(PORT, BOB[0], 7)])
    {
        let to = transaction("alice@crepes.fr", &number.to_string());
        bed.raw_to(hamburger, port, format!("EHLO pc.example\r\nAUTH PLAIN {login}\r\n{to}QUIT\r\n").as_bytes());
    }
    for login in NOT_BOB {
        let to = transaction("alice@crepes.fr", "stranger");
        bed.raw_to(hamburger, SUBMISSION_PORT, format!("EHLO x\r\nAUTH PLAIN {login}\r\n{to}").as_bytes());
    }
    bed.run(at(1_000));
    let stored = bed.mailbox(crepes, "alice@crepes.fr");
    assert_eq!(stored.len(), 3, "{stored:?}");
    assert!(stored.iter().all(|message| message.contains("by hamburger.edu with ESMTPA id")), "{stored:?}");
    assert_eq!(bed.net.dialogue.matches("S: 235 2.7.0 ").count(), 3);
    assert_eq!(bed.net.dialogue.matches("S: 535 5.7.8 ").count(), 2);
    assert_eq!(bed.net.dialogue.matches("S: 530 5.7.0 ").count(), 6);
    assert!(bed.net.dialogue.contains("S: 550 5.7.1 alice@crepes.fr ... Relaying denied"));
    bed.assert_balance();
}

/// Would break if VRFY knew more or less than RCPT, or gave away who is behind a catch-all.
#[test]
fn names_are_verified_as_far_as_they_can_be() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    let ask =
        |names: &[&str]| -> Vec<u8> { names.iter().flat_map(|name| format!("VRFY {name}\r\n").into_bytes()).collect() };
    bed.raw(crepes, &ask(&["alice", "<alice@crepes.fr>", "postmaster", "Alice Cooper", "x@elsewhere.example"]));
    bed.raw(hamburger, &ask(&["anybody"]));
    bed.run(at(10));
    assert_eq!(bed.net.dialogue.matches("S: 252 Cannot VRFY").count(), 6);
    bed.raw(crepes, &ask(&["carol", "carol@crepes.fr"]));
    bed.raw(hamburger, &ask(&["nosuchbob"]));
    bed.run(at(20));
    assert_eq!(bed.net.dialogue.matches(" ... User unknown").count(), 3);
}

/// Would break if a catch-all took what a user or an exception should have, or nothing.
#[test]
fn a_catch_all_takes_what_nobody_has() {
    let mut bed = Bed::new();
    let (_, hamburger) = two(&mut bed);
    for to in ["anybody", "NoSuchUser", "alice", "\"any body\""] {
        let to = transaction(&format!("{to}@hamburger.edu"), "m");
        bed.raw(hamburger, format!("HELO x\r\n{to}").as_bytes());
    }
    bed.run(at(10));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 2);
    assert_eq!(bed.mailbox(hamburger, "alice@hamburger.edu").len(), 1);
    assert!(bed.net.dialogue.contains("S: 550 NoSuchUser@hamburger.edu ... User unknown"));
    bed.assert_balance();
}

/// The client is gone before any reply comes, after each octet of its session in turn. Would
/// break if a part of a message were kept, or if a message whose final dot came were not,
/// although nobody hears the 250.
#[test]
fn a_message_is_whole_or_not_there() {
    let session = format!("EHLO x\r\n{}", transaction("bob@hamburger.edu", "m"));
    for length in 0..=session.len() {
        let mut bed = Bed::new();
        let (_, hamburger) = two(&mut bed);
        bed.raw(hamburger, &session.as_bytes()[..length]);
        bed.hang_up(hamburger);
        bed.run(at(1_000));
        let stored = bed.mailbox(hamburger, "bob@hamburger.edu");
        assert_eq!(stored.len(), usize::from(length == session.len()), "after {length} octets");
        assert!(stored.iter().all(|message| message.ends_with("\r\n\r\nhi\r\n")), "after {length} octets");
        assert_eq!(bed.mail(hamburger).audit().accepted, stored.len() as u64);
        bed.assert_balance();
    }
}

/// RFC 1123 5.2.17. Would break if a server did not know itself by its own address, or took
/// another's for its own.
#[test]
fn a_server_knows_its_own_address() {
    let mut bed = Bed::new();
    let (crepes, hamburger) = two(&mut bed);
    let own = Bed::address(crepes);
    for to in [format!("alice@[{own}]"), "Alice@[127.0.0.1]".to_owned(), format!("carol@[{own}]")] {
        bed.raw(crepes, format!("HELO x\r\n{}", transaction(&to, "m")).as_bytes());
    }
    bed.raw(crepes, format!("VRFY alice@[{own}]\r\nVRFY <carol@[{own}]>\r\n").as_bytes());
    let other = transaction(&format!("alice@[{}]", Bed::address(hamburger)), "m");
    bed.raw(crepes, format!("HELO x\r\n{other}").as_bytes());
    bed.run(at(10));
    assert_eq!(bed.mailbox(crepes, "alice@crepes.fr").len(), 2);
    assert_eq!(bed.net.dialogue.matches(" ... User unknown").count(), 2);
    assert_eq!(bed.net.dialogue.matches("S: 252 ").count(), 1);
    assert_eq!(bed.net.dialogue.matches(" ... Relaying denied").count(), 1);
    bed.assert_balance();
}
