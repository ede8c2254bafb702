//! Aliases, forwards, lists, details, quotas and discarded addresses on running servers.

use super::bed::{Bed, at, draft};
use crate::app::mail::{
    AddressBook, DeliveredTo, ForwardConfig, FullAt, ListConfig, MailServerConfig, Posting, Quota, SubaddressConfig,
    WhenFull,
};
use crate::base::DataSize;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn forward(address: &str, to: &str, keep_copy: bool) -> ForwardConfig {
    ForwardConfig { address: address.to_owned(), to: texts(&[to]), keep_copy }
}

fn list(address: &str, members: &[&str], posting: Posting) -> ListConfig {
    ListConfig {
        address: address.to_owned(),
        members: texts(members),
        owner: "olga@hamburger.edu".to_owned(),
        posting,
        sender_field: false,
    }
}

/// Alice at crepes.fr writes to these addresses; hamburger.edu has users bob, carol and olga.
fn bed(to: &[&str], change: impl FnOnce(&mut MailServerConfig)) -> (Bed, usize, usize) {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], |_| {});
    let hamburger = bed.server("hamburger.edu", &["bob", "carol", "olga"], change);
    bed.user("alice@crepes.fr", vec![draft(1, to, "Question")], Vec::new());
    (bed, crepes, hamburger)
}

fn counts(bed: &Bed, host: usize, users: &[&str]) -> Vec<usize> {
    users.iter().map(|user| bed.mailbox(host, user).len()).collect()
}

const HERE: [&str; 3] = ["bob@hamburger.edu", "carol@hamburger.edu", "olga@hamburger.edu"];

/// Would break if a member got no copy or two, if a bounce went to the author instead of the
/// owner, or if a copy were not accounted for.
#[test]
fn a_list_sends_to_its_members_and_bounces_go_to_its_owner() {
    let (mut bed, crepes, hamburger) = bed(&["team@hamburger.edu", "carol@hamburger.edu"], |config| {
        let members =
            ["bob@hamburger.edu", "carol@hamburger.edu", "alice@crepes.fr", "gone@crepes.fr", "no@hamburger.edu"];
        config.routing.book.lists = vec![list("team@hamburger.edu", &members, Posting::Anyone)];
    });
    bed.run(at(1_000));
    assert_eq!(counts(&bed, hamburger, &HERE), [1, 1, 2]);
    let bob = &bed.mailbox(hamburger, HERE[0])[0];
    let head =
        "Return-Path: <olga@hamburger.edu>\r\nDelivered-To: team@hamburger.edu\r\nList-Id: <team.hamburger.edu>\r\n";
    assert!(bob.starts_with(head), "{bob}");
    assert!(bob.contains("\r\nList-Post: <mailto:team@hamburger.edu>\r\n"));
    // Carol was named by Alice herself.
    assert!(bed.mailbox(hamburger, HERE[1])[0].starts_with("Return-Path: <alice@crepes.fr>\r\nReceived: "));
    let bounces = bed.mailbox(hamburger, HERE[2]).join("");
    assert!(bounces.contains("gone@crepes.fr") && bounces.contains("no@hamburger.edu"), "{bounces}");
    let alice = bed.mailbox(crepes, "alice@crepes.fr");
    assert!(alice.len() == 1 && alice[0].contains("List-Id: <team.hamburger.edu>"), "{alice:?}");
    assert_eq!(bed.logged(&["Redirected", "to: \"team@hamburger.edu\"", "by: List"]).len(), 4);
    assert_eq!(bed.logged(&["Expanded", "copies: 4"]).len(), 1);
    bed.assert_balance();
}

/// A member is gone, and the owner is the list itself. Would break if the bounce, sent to the
/// list, made a bounce in its turn, and so for ever.
#[test]
fn a_list_that_owns_itself_makes_no_bounces_of_bounces() {
    let (mut bed, crepes, hamburger) = bed(&["team@hamburger.edu"], |config| {
        let mut team = list("team@hamburger.edu", &["bob@hamburger.edu", "no@hamburger.edu"], Posting::Anyone);
        team.owner = "team@hamburger.edu".to_owned();
        config.routing.book.lists = vec![team];
    });
    bed.run(at(1_000));
    assert_eq!(counts(&bed, hamburger, &HERE), [2, 0, 0]);
    assert!(bed.mailbox(hamburger, HERE[0])[1].starts_with("Return-Path: <>\r\n"));
    assert_eq!(counts(&bed, crepes, &["alice@crepes.fr"]), [0]);
    assert_eq!(bed.logged(&["GivenUp"]).len(), 2);
    bed.assert_balance();
}

/// Would break if a sender who may not write to a list were told nothing, or too late.
#[test]
fn a_list_of_members_refuses_strangers_at_rcpt() {
    for (posting, delivered) in [(Posting::Anyone, 1), (Posting::Members, 0), (Posting::Owner, 0)] {
        let (mut bed, crepes, hamburger) = bed(&["team@hamburger.edu"], |config| {
            config.routing.book.lists = vec![list("team@hamburger.edu", &["bob@hamburger.edu"], posting)];
        });
        bed.run(at(1_000));
        assert_eq!(counts(&bed, hamburger, &HERE), [delivered, 0, 0]);
        assert_eq!(counts(&bed, crepes, &["alice@crepes.fr"]), [1 - delivered]);
        assert_eq!(bed.net.dialogue.contains("may not write to the list"), delivered == 0, "{}", bed.net.dialogue);
        bed.assert_balance();
    }
}

#[test]
fn aliases_forwards_and_discards_are_followed() {
    let to = ["info@hamburger.edu", "carol@hamburger.edu", "nul@hamburger.edu", "round@hamburger.edu"];
    let (mut bed, crepes, hamburger) = bed(&to, |config| {
        config.routing.book = AddressBook {
            aliases: vec![
                ("info@hamburger.edu".to_owned(), texts(&["bob@hamburger.edu", "nul@hamburger.edu"])),
                ("round@hamburger.edu".to_owned(), texts(&["circle@hamburger.edu"])),
                ("circle@hamburger.edu".to_owned(), texts(&["round@hamburger.edu"])),
            ],
            forwards: vec![forward(HERE[1], "alice@crepes.fr", true)],
            discards: texts(&["nul@hamburger.edu"]),
            ..AddressBook::default()
        };
    });
    bed.run(at(1_000));
    assert_eq!(counts(&bed, hamburger, &HERE), [1, 1, 0]);
    // RFC 5321 3.9.1: the reverse-path stays; so alice gets her own message back, and the bounce.
    let alice = bed.mailbox(crepes, "alice@crepes.fr");
    assert_eq!(alice.len(), 2);
    assert!(alice.iter().any(|message| message.contains("goes round in a circle")), "{alice:?}");
    assert!(alice.iter().any(|message| message.starts_with("Return-Path: <alice@crepes.fr>\r\n")));
    assert_eq!(bed.logged(&["Discarded"]).len(), 1);
    assert_eq!(bed.logged(&["Redirected", "by: Forward"]).len(), 1);
    bed.assert_balance();
}

/// Two servers forward to each other. Would break if the message went round for ever, or if
/// nobody learned of it.
#[test]
fn forwards_between_servers_end() {
    // The server that would be one too many gives the message up; with Delivered-To, the one
    // that had it before.
    for (delivered_to, max_hops, servers_passed) in [
        (DeliveredTo::Never, 100, 101),
        (DeliveredTo::Never, 7, 8),
        (DeliveredTo::Redirected, 100, 4),
        (DeliveredTo::Always, 100, 4),
    ] {
        let mut bed = Bed::new();
        let servers = [("crepes.fr", "bob@hamburger.edu"), ("hamburger.edu", "bob@crepes.fr")].map(|(name, to)| {
            bed.server(name, &["alice", "bob"], |config| {
                config.routing.book.forwards = vec![forward(&format!("bob@{name}"), to, false)];
                (config.routing.loops.delivered_to, config.routing.loops.max_hops) = (delivered_to, max_hops);
            })
        });
        bed.user("alice@crepes.fr", vec![draft(1, &["bob@hamburger.edu"], "Hi")], Vec::new());
        bed.run(at(10_000));
        let alice = bed.mailbox(servers[0], "alice@crepes.fr");
        assert_eq!(alice.len(), 1, "{alice:?}");
        assert!(alice[0].contains("\r\nStatus: 5.4.6\r\n"), "{}", alice[0]);
        let passed = bed.logged(&["Accepted", "<1.alice@crepes.fr>"]).len();
        assert_eq!(passed, servers_passed, "{delivered_to:?} {max_hops}");
        bed.assert_balance();
    }
}

/// A circle of three servers that branches in two at each of them. Would break if it multiplied until
/// the limit of hops, or if somebody got no copy.
#[test]
fn a_circle_that_branches_ends_at_its_second_turn() {
    let mut bed = Bed::new();
    let names = ["a.edu", "b.edu", "c.edu"];
    let servers: Vec<usize> = (0..3)
        .map(|at| {
            let name = names[at];
            bed.server(name, &["alice", "bob", "eve"], |config| {
                let next = names[(at + 1) % 3];
                let to = |user: &str| forward(&format!("{user}@{name}"), &format!("bob@{next}"), true);
                let branching =
                    ForwardConfig { to: texts(&[&format!("bob@{next}"), &format!("eve@{next}")]), ..to("bob") };
                config.routing.book.forwards = vec![branching, to("eve")];
            })
        })
        .collect();
    bed.user("alice@a.edu", vec![draft(1, &["bob@b.edu"], "Hi")], Vec::new());
    bed.run(at(10_000));
    let accepted = bed.logged(&["Accepted", "<1.alice@a.edu>"]).len();
    assert!(accepted < 40, "{accepted}");
    for (server, name) in servers.iter().zip(names) {
        assert!(!bed.mailbox(*server, &format!("bob@{name}")).is_empty());
    }
    bed.assert_balance();
}

/// Two addresses of one mailbox, as recipients of one message. Would break if it got two copies, if one of
/// the recipients were lost, or if the sender did not hear of both.
#[test]
fn one_mailbox_gets_one_copy() {
    let (mut bed, crepes, hamburger) = bed(&["alice@crepes.fr"], |config| {
        config.routing.book.subaddresses =
            vec![SubaddressConfig { domain: "hamburger.edu".to_owned(), separator: '+', folders: false }];
    });
    let head = "HELO x\r\nMAIL FROM:<alice@crepes.fr>\r\n";
    let to = |who: &str| format!("RCPT TO:<{who}@hamburger.edu> NOTIFY=SUCCESS\r\n");
    let text = [head, &to("bob+a"), &to("bob"), &to("carol"), "DATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n"].concat();
    bed.raw(hamburger, text.replace("HELO", "EHLO").as_bytes());
    bed.run(at(1_000));
    assert_eq!(counts(&bed, hamburger, &HERE[..2]), [1, 1]);
    let told: Vec<String> =
        bed.mailbox(crepes, "alice@crepes.fr").into_iter().filter(|m| m.contains("Action: ")).collect();
    for who in ["bob+a", "bob", "carol"] {
        let line = format!("Final-Recipient: rfc822; {who}@hamburger.edu\r\nAction: delivered\r\n");
        assert_eq!(told.iter().filter(|report| report.contains(&line)).count(), 1, "{who}: {told:?}");
    }
    assert_eq!(bed.logged(&["Expanded", "bob@hamburger.edu", "copies: 0"]).len(), 1);
    bed.assert_balance();
}

#[test]
fn a_detail_may_name_a_folder() {
    let (mut bed, _, hamburger) = bed(&["bob+Work@hamburger.edu", "bob+play@hamburger.edu"], |config| {
        config.routing.book.subaddresses =
            vec![SubaddressConfig { domain: "hamburger.edu".to_owned(), separator: '+', folders: true }];
    });
    bed.raw_to(hamburger, 143, b"a LOGIN bob hungry\r\nb CREATE work\r\nc SELECT work\r\n");
    bed.run(at(1_000));
    assert_eq!(bed.mailbox(hamburger, HERE[0]).len(), 1);
    let bob = bed.mail(hamburger).mailboxes().find(|drop| drop.address() == HERE[0]).unwrap();
    assert_eq!(bob.count(), 2);
    // The session that looks at the folder can be told.
    bed.raw_to(hamburger, 143, b"a LOGIN bob hungry\r\nb SELECT work\r\n");
    bed.run(at(2_000));
    assert!(bed.net.dialogue.contains("S: * 1 EXISTS"), "{}", bed.net.dialogue);
    bed.assert_balance();
}

/// Would break if a full mailbox took a message, or lost it.
#[test]
fn a_full_mailbox_puts_off_or_refuses() {
    let limit =
        |messages, size: Option<u64>| Quota { messages, size: size.map(DataSize::from_bytes), ..Quota::default() };
    for (quota, when_full, checked) in [
        (limit(Some(1), None), WhenFull::Refuse, FullAt::Recipient),
        (limit(None, Some(500)), WhenFull::Refuse, FullAt::Delivery),
        (limit(Some(1), None), WhenFull::Defer, FullAt::Recipient),
        (limit(Some(1), None), WhenFull::Defer, FullAt::Delivery),
    ] {
        let mut bed = Bed::new();
        let crepes = bed.server("crepes.fr", &["alice"], |_| {});
        let hamburger = bed.server("hamburger.edu", &["bob"], |config| {
            config.routing.quotas = vec![(HERE[0].to_owned(), Quota { when_full, checked, ..quota })];
        });
        let drafts = vec![draft(1, &[HERE[0]], "One"), draft(100, &[HERE[0]], "Two")];
        bed.user("alice@crepes.fr", drafts, Vec::new());
        bed.run(at(1_000));
        let case = format!("{quota:?} {when_full:?} {checked:?}");
        assert_eq!(counts(&bed, hamburger, &HERE[..1]), [1], "{case}");
        let bounced = counts(&bed, crepes, &["alice@crepes.fr"])[0];
        assert_eq!(bounced, usize::from(when_full == WhenFull::Refuse), "{case}");
        let code = if when_full == WhenFull::Refuse { "552" } else { "452" };
        let at_rcpt = bed.net.dialogue.contains(&format!("S: {code} "));
        assert_eq!(at_rcpt, checked == FullAt::Recipient, "{case}: {}", bed.net.dialogue);
        let queued = if when_full == WhenFull::Refuse { [0, 0] } else { [u64::from(at_rcpt), u64::from(!at_rcpt)] };
        assert_eq!(bed.queued(), queued, "{case}");
        // Bob makes room.
        bed.raw_to(hamburger, 110, b"USER bob\r\nPASS hungry\r\nDELE 1\r\nQUIT\r\n");
        bed.run(at(10_000));
        assert_eq!(bed.queued(), [0, 0], "{case}");
        let left = bed.mailbox(hamburger, HERE[0]);
        assert_eq!(left.len(), usize::from(when_full == WhenFull::Defer), "{case}");
        assert!(left.iter().all(|message| message.contains("Subject: Two")), "{case}");
        bed.assert_balance();
    }
}

/// Would break if EXPN told other members than those who get a copy, or VRFY knew no lists.
#[test]
fn lists_can_be_asked_for() {
    let (mut bed, _, hamburger) = bed(&["bob@hamburger.edu"], |config| {
        config.routing.book = AddressBook {
            lists: vec![list("team@hamburger.edu", &["bob@hamburger.edu", "eva@x.org"], Posting::Owner)],
            aliases: vec![("info@hamburger.edu".to_owned(), texts(&["team@hamburger.edu"]))],
            forwards: vec![forward(HERE[1], "carol@x.org", true)],
            ..AddressBook::default()
        };
    });
    let ask = ["EXPN Team", "EXPN info", "EXPN carol", "EXPN <bob@hamburger.edu>", "EXPN nobody", "EXPN a@x.org"];
    bed.raw(hamburger, format!("{}\r\nVRFY team\r\nVRFY tea\r\n", ask.join("\r\n")).as_bytes());
    bed.run(at(10));
    let told: Vec<&str> = bed.net.dialogue.lines().filter_map(|line| line.strip_prefix("S: ")).collect();
    let expected = [
        "250-<bob@hamburger.edu>",
        "250 <eva@x.org>",
        "250 <team@hamburger.edu>",
        "250 <carol@x.org>",
        "550 <bob@hamburger.edu> ... That is a user name, not a mailing list",
        "550 nobody ... There is no such list",
        "550 a@x.org ... Not expanded here",
        "252 Cannot VRFY user, but will accept message and attempt delivery",
        "550 tea ... User unknown",
    ];
    let from = told.iter().position(|line| line.starts_with("250-")).unwrap_or(told.len());
    assert_eq!(told[from..from + expected.len()], expected, "{told:?}");
}

/// Would break if a recipient behind whom there are too many were tried all the same.
#[test]
fn too_many_copies_go_back() {
    let (mut bed, crepes, hamburger) = bed(&["team@hamburger.edu", "bob@hamburger.edu"], |config| {
        let members: Vec<String> = (0..50).map(|n| format!("m{n}@crepes.fr")).collect();
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        config.routing.book.lists = vec![list("team@hamburger.edu", &members, Posting::Anyone)];
        config.routing.loops.max_copies = 51;
    });
    bed.run(at(1_000));
    assert_eq!(counts(&bed, hamburger, &HERE), [1, 0, 0]);
    let alice = bed.mailbox(crepes, "alice@crepes.fr");
    assert!(alice.len() == 1 && alice[0].contains("too many recipients"), "{alice:?}");
    bed.assert_balance();
}
