//! Mail over IPv6 beside IPv4.

use super::bed::{Bed, at, draft};
use crate::app::user::{Manner, ReadJob};

const BOTH: [bool; 2] = [true, true];

/// crepes.fr, hamburger.edu, and Alice, whose hosts all have IPv6.
fn dual(alice_s: u64) -> (Bed, [usize; 3]) {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], |c| c.inside.extend((1..5).map(Bed::address6)));
    let hamburger = bed.server("hamburger.edu", &["bob"], |_| {});
    let read = ReadJob { at: at(100), every: None, until: None, manner: Manner::lecture(false) };
    let alice = bed.user("alice@crepes.fr", vec![draft(alice_s, &["bob@hamburger.edu"], "x")], vec![read]);
    for host in [crepes, hamburger, alice] {
        bed.give_ipv6(host, true);
    }
    (bed, [crepes, hamburger, alice])
}

/// RFC 6724: IPv6 goes first, from the PC and between the servers. RFC 5321 4.1.3 says how the
/// trace field writes the address.
#[test]
fn dual_stack_hosts_use_ipv6() {
    let (mut bed, [_, hamburger, alice]) = dual(1);
    bed.run(at(1_000));
    let text = bed.mailbox(hamburger, "bob@hamburger.edu").pop().unwrap();
    assert!(text.contains(&format!("[IPv6:{}]", Bed::address6(alice))), "{text}");
    assert!(text.contains("(crepes.fr [IPv6:2001:db8::1])"), "{text}");
    assert!(!text.contains("[10."), "{text}");
    assert!(bed.net.dialogue.contains("+OK user successfully logged on"));
    assert_eq!(bed.logged(&["AttemptEnded", "Completed", "exchange: Some(2001:db8::2)"]).len(), 1);
}

/// RFC 5321 5.1: all addresses of a host are tried. Here nobody answers at the IPv6 address.
#[test]
fn ipv4_is_tried_when_ipv6_fails() {
    let (mut bed, [crepes, hamburger, _]) = dual(1);
    for name in ["crepes.fr", "hamburger.edu"] {
        bed.net.zone.insert(format!("{name} AAAA"), (0, vec!["2001:db8::dead".to_owned()]));
    }
    bed.run(at(1_000));
    let text = bed.mailbox(hamburger, "bob@hamburger.edu").pop().unwrap();
    assert!(text.contains("[10.0.0.1]") && text.contains("[10.0.0.3]"), "{text}");
    assert_eq!(bed.mail(crepes).audit().relayed, 1);
    assert_eq!(bed.logged(&["AttemptEnded"]).len(), 1, "both addresses belong to one attempt");
    assert!(bed.net.dialogue.contains("+OK user successfully logged on"), "reading goes on to IPv4 too");
    bed.assert_balance();
}

/// A host asks only for addresses that it can reach: to one of the other family there is no way.
#[test]
fn families_without_a_common_member_do_not_meet() {
    for [crepes_v4, hamburger_v4] in [BOTH, [false, true], [true, false]] {
        let (mut bed, [crepes, hamburger, alice]) = dual(1);
        bed.give_ipv6(alice, crepes_v4);
        bed.give_ipv6(crepes, crepes_v4);
        bed.give_ipv6(hamburger, hamburger_v4);
        if hamburger_v4 && !crepes_v4 {
            bed.take_ipv6(hamburger);
        }
        if crepes_v4 && !hamburger_v4 {
            bed.take_ipv6(crepes);
        }
        bed.run(at(1_000));
        let meet = crepes_v4 && hamburger_v4;
        assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), usize::from(meet));
        assert_eq!(bed.logged(&["Failed", "NoMailServer", "hamburger.edu has no address"]).is_empty(), meet);
        bed.assert_balance();
    }
}

/// RFC 5321 4.1.3: an address literal of either family is a destination. One of a family that
/// the server does not have is unreachable, which may pass.
#[test]
fn literals_name_a_host_of_either_family() {
    let (mut bed, [crepes, ..]) = dual(1_000_000);
    bed.user("carol@crepes.fr", vec![draft(2, &["bob@[IPv6:2001:db8::2]"], "x")], Vec::new());
    bed.run(at(100));
    assert_eq!(bed.logged(&["AttemptEnded", "exchange: Some(2001:db8::2)"]).len(), 1);
    bed.take_ipv6(crepes);
    bed.user("dave@crepes.fr", vec![draft(200, &["bob@[IPv6:2001:db8::2]"], "x")], Vec::new());
    bed.run(at(300));
    assert_eq!(bed.logged(&["AttemptEnded", "Deferred", "Unreachable"]).len(), 1);
}
