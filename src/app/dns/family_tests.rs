//! Resolvers, servers and stubs of one family and of both.

use crate::proto::dns::Rtype;

use super::testbed::{App, Bed, addr, addr6, name, record, server};
use super::{Outcome, Resolver, ResolverConfig, Stub};

const ROOT: usize = 0;
const TLD: usize = 1;
const RESOLVER: usize = 3;
const CLIENT: usize = 4;

fn resolver() -> App {
    let roots = vec![(name("root-server"), addr6(ROOT)), (name("root-server"), addr(ROOT))];
    App::Resolver(Box::new(Resolver::new(ResolverConfig { roots, ..ResolverConfig::default() })))
}

/// Every server has both addresses, in its records too.
fn world() -> Bed {
    let root = ["com 86400 NS ns.com.", "ns.com 86400 A 10.0.0.1", "ns.com 86400 AAAA 2001:db8::1"];
    let com = [
        "example.com 86400 NS ns.example.com.",
        "ns.example.com 86400 A 10.0.0.2",
        "ns.example.com 86400 AAAA 2001:db8::2",
    ];
    let example =
        ["www.example.com 300 A 10.1.0.1", "www.example.com 300 AAAA 2001:db8::80", "old.example.com 300 A 10.1.0.2"];
    let asker = App::Asker(Stub::new(vec![addr6(RESOLVER)]), Vec::new());
    let apps = vec![
        (15, server(".", &root)),
        (10, server("com", &com)),
        (5, server("example.com", &example)),
        (0, resolver()),
        (1, asker),
    ];
    let mut bed = Bed::new(apps);
    for node in ROOT..=CLIENT {
        bed.set_addresses(node, &[addr(node), addr6(node)]);
    }
    bed
}

fn last(bed: &Bed) -> Outcome {
    let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
    answers.last().unwrap().1.outcome.clone()
}

#[test]
fn a_dual_stack_resolver_prefers_aaaa_glue() {
    let mut bed = world();
    bed.ask_at(0, CLIENT, "www.example.com", Rtype::A);
    bed.run();
    assert_eq!(last(&bed), Outcome::Records(vec![record("www.example.com 300 A 10.1.0.1")]));
    assert_eq!(bed.asked(RESOLVER), ["v6 0 www.example.com A", "v6 1 www.example.com A", "v6 2 www.example.com A"]);
}

/// Nobody asks for, or turns to, addresses of a family that the host does not have.
#[test]
fn a_resolver_uses_only_what_it_can_reach() {
    for (own, prefix) in [(addr(RESOLVER), ""), (addr6(RESOLVER), "v6 ")] {
        let mut bed = world();
        bed.set_addresses(RESOLVER, &[own]);
        let App::Asker(stub, _) = &mut bed.nodes[CLIENT].app else { unreachable!() };
        *stub = Stub::new(vec![own]);
        bed.ask_at(0, CLIENT, "www.example.com", Rtype::Aaaa);
        bed.run();
        assert_eq!(last(&bed), Outcome::Records(vec![record("www.example.com 300 AAAA 2001:db8::80")]));
        assert_eq!(bed.asked(RESOLVER), [0, 1, 2].map(|node| format!("{prefix}{node} www.example.com AAAA")));
    }
}

/// The choice among a server's addresses is that among servers: one that was silent goes last.
#[test]
fn silence_over_ipv6_leads_to_ipv4() {
    let mut bed = world();
    bed.set_addresses(TLD, &[addr(TLD)]);
    bed.ask_at(0, CLIENT, "www.example.com", Rtype::A);
    bed.run();
    assert_eq!(
        bed.asked(RESOLVER),
        ["v6 0 www.example.com A", "v6 1 www.example.com A", "1 www.example.com A", "v6 2 www.example.com A"]
    );
    bed.forget();
    bed.ask_at(2_000, CLIENT, "other.com", Rtype::A);
    bed.run();
    assert_eq!(bed.asked(RESOLVER), ["1 other.com A"]);
}

/// RFC 3901 warns of zones that are served over one family only.
#[test]
fn a_zone_served_in_the_other_family_cannot_be_reached() {
    let mut bed = world();
    let com = ["example.com 86400 NS ns.example.com.", "ns.example.com 86400 A 10.0.0.2"];
    bed.nodes[TLD].app = server("com", &com);
    bed.set_addresses(RESOLVER, &[addr6(RESOLVER)]);
    bed.ask_at(0, CLIENT, "www.example.com", Rtype::Aaaa);
    bed.run();
    assert_eq!(last(&bed), Outcome::Failed);
    let asked = ["v6 0 www.example.com AAAA", "v6 1 www.example.com AAAA", "v6 1 ns.example.com AAAA"];
    assert_eq!(bed.asked(RESOLVER), asked, "the zone above is asked whether it has an address after all");
}

/// A server without glue is looked up in both families, first in the one that nearly every server
/// has, and in the other only when that led nowhere.
#[test]
fn a_server_without_glue_is_found_in_either_family() {
    let mut bed = world();
    bed.nodes[TLD].app = server("com", &["away.com 86400 NS ns.example.org."]);
    let root = ["com 86400 NS ns.com.", "ns.com 86400 AAAA 2001:db8::1", "ns.example.org 86400 AAAA 2001:db8::2"];
    bed.nodes[ROOT].app = server(".", &root);
    bed.ask_at(0, CLIENT, "www.away.com", Rtype::A);
    bed.run_until(5_000);
    let asked = bed.asked(RESOLVER);
    assert_eq!(asked[2..4], ["v6 0 ns.example.org A", "v6 0 ns.example.org AAAA"], "{asked:?}");
    assert_eq!(asked[4], "v6 2 www.away.com A", "{asked:?}");
}

/// The stub of a host without IPv6 is told at once that its resolver is out of reach.
#[test]
fn a_stub_of_one_family_does_not_wait_for_a_resolver_of_the_other() {
    let mut bed = world();
    bed.set_addresses(CLIENT, &[addr(CLIENT)]);
    bed.ask_at(0, CLIENT, "www.example.com", Rtype::A);
    bed.run();
    assert_eq!(last(&bed), Outcome::Failed);
    assert_eq!(bed.now_ms(), 0);
}

/// Two questions, AAAA first, one answer; a host of one family asks one.
#[test]
fn addresses_are_asked_for_in_each_family_of_the_host() {
    let both = ["www.example.com 300 AAAA 2001:db8::80", "www.example.com 300 A 10.1.0.1"].map(record);
    for (own, asked, found) in
        [(&[addr(CLIENT), addr6(CLIENT)][..], &["AAAA", "A"][..], &both[..]), (&[addr6(CLIENT)], &["AAAA"], &both[..1])]
    {
        let mut bed = world();
        bed.set_addresses(CLIENT, own);
        bed.ask_addresses_at(0, CLIENT, "www.example.com");
        bed.run();
        let questions: Vec<String> = asked.iter().map(|rtype| format!("v6 3 www.example.com {rtype}")).collect();
        assert_eq!(bed.asked(CLIENT), questions);
        let App::Asker(_, answers) = &bed.nodes[CLIENT].app else { unreachable!() };
        assert_eq!(answers.len(), 1);
        assert_eq!(last(&bed), Outcome::Records(found.to_vec()));
    }
}
