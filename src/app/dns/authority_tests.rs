//! The search in zones, as a table: question, then what each section holds.

use crate::proto::dns::{Message, Question, Rcode, Record, Rtype, UDP_LIMIT};

use super::testbed::{name, record, zone};
use super::{NameServer, Zone, ZoneError};

fn server() -> NameServer {
    NameServer::new(vec![
        zone(
            "example",
            &[
                "example 3600 NS ns.example.",
                "example 3600 NS ns.elsewhere.",
                "example 3600 MX 10 mail.example.",
                "ns.example 3600 A 10.0.0.1",
                "mail.example 3600 A 10.0.0.2",
                "mail.example 3600 AAAA 2001:db8::2",
                "www.example 60 CNAME mail.example.",
                "out.example 60 CNAME www.elsewhere.",
                "ring.example 60 CNAME rong.example.",
                "rong.example 60 CNAME ring.example.",
                "void.example 60 CNAME nothing.example.",
                "down.example 60 CNAME host.sub.example.",
                "a.b.c.example 60 TXT \"deep\"",
                "sub.example 7200 NS ns.sub.example.",
                "sub.example 7200 NS ns.elsewhere.",
                "ns.sub.example 7200 A 10.0.0.3",
                "*.wild.example 60 TXT \"any\"",
                "host.wild.example 60 A 10.0.0.4",
                "*.alias.example 60 CNAME mail.example.",
            ],
        ),
        zone("inner.example", &["inner.example 60 A 10.0.0.5"]),
    ])
}

fn ask(server: &NameServer, asked: &str, rtype: &str) -> Message {
    let question = Question { name: name(asked), rtype: Rtype::parse(rtype).unwrap() };
    server.respond(&Message::query(1, question, false))
}

fn brief(records: &[Record]) -> String {
    let one = |record: &Record| format!("{} {}", record.name, record.rtype());
    records.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A step of RFC 1034 4.3.2 left out or in the wrong order changes a row.
#[test]
fn the_algorithm_row_by_row() {
    let server = server();
    let soa = "example SOA";
    let sub = "sub.example NS, sub.example NS";
    let glue = "ns.sub.example A";
    let mail = "mail.example A, mail.example AAAA";
    use Rcode::{NoError, NxDomain, Refused};
    for (asked, rtype, rcode, aa, answers, authorities, additionals) in [
        ("ns.example", "A", NoError, true, "ns.example A", "", ""),
        ("NS.Example", "A", NoError, true, "NS.Example A", "", ""),
        ("example", "NS", NoError, true, "example NS, example NS", "", "ns.example A"),
        ("example", "MX", NoError, true, "example MX", "", mail),
        ("example", "SOA", NoError, true, soa, "", ""),
        ("ns.example", "MX", NoError, true, "", soa, ""),
        ("no.example", "A", NxDomain, true, "", soa, ""),
        ("x.ns.example", "A", NxDomain, true, "", soa, ""),
        // an empty non-terminal exists
        ("b.c.example", "A", NoError, true, "", soa, ""),
        ("c.example", "TXT", NoError, true, "", soa, ""),
        ("x.c.example", "TXT", NxDomain, true, "", soa, ""),
        ("www.example", "A", NoError, true, "www.example CNAME, mail.example A", "", ""),
        ("www.example", "TXT", NoError, true, "www.example CNAME", soa, ""),
        ("www.example", "CNAME", NoError, true, "www.example CNAME", "", ""),
        ("out.example", "A", NoError, true, "out.example CNAME", "", ""),
        ("ring.example", "A", NoError, true, "ring.example CNAME, rong.example CNAME", "", ""),
        ("void.example", "A", NxDomain, true, "void.example CNAME", soa, ""),
        ("down.example", "A", NoError, true, "down.example CNAME", sub, glue),
        ("sub.example", "A", NoError, false, "", sub, glue),
        ("sub.example", "NS", NoError, false, "", sub, glue),
        ("x.y.sub.example", "MX", NoError, false, "", sub, glue),
        ("ns.sub.example", "A", NoError, false, "", sub, glue),
        ("x.wild.example", "TXT", NoError, true, "x.wild.example TXT", "", ""),
        ("x.y.wild.example", "TXT", NoError, true, "x.y.wild.example TXT", "", ""),
        ("x.wild.example", "A", NoError, true, "", soa, ""),
        ("host.wild.example", "TXT", NoError, true, "", soa, ""),
        // RFC 4592 3.3.1: the closest encloser is host.wild, which has no wildcard
        ("x.host.wild.example", "TXT", NxDomain, true, "", soa, ""),
        ("*.wild.example", "TXT", NoError, true, "*.wild.example TXT", "", ""),
        ("x.alias.example", "A", NoError, true, "x.alias.example CNAME, mail.example A", "", ""),
        ("inner.example", "A", NoError, true, "inner.example A", "", ""),
        ("x.inner.example", "A", NxDomain, true, "", "inner.example SOA", ""),
        ("mail.example", "ANY", NoError, true, mail, "", ""),
        ("elsewhere", "A", Refused, false, "", "", ""),
        (".", "NS", Refused, false, "", "", ""),
    ] {
        let response = ask(&server, asked, rtype);
        let said = (response.rcode, response.flags.aa, brief(&response.answers), brief(&response.authorities));
        assert_eq!(said, (rcode, aa, answers.to_owned(), authorities.to_owned()), "{asked} {rtype}");
        let seen = if additionals == mail && rtype == "ANY" { String::new() } else { brief(&response.additionals) };
        assert_eq!(seen, additionals, "{asked} {rtype}");
        assert!(response.flags.qr && !response.flags.ra && response.encode(UDP_LIMIT).len() <= UDP_LIMIT);
    }
}

/// RFC 2308 3: the SOA of a denial has the lesser of its TTL (300) and MINIMUM (60).
#[test]
fn a_denial_says_how_long_it_holds() {
    assert_eq!(ask(&server(), "no.example", "A").authorities[0].ttl, 60);
    assert_eq!(ask(&server(), "example", "SOA").answers[0].ttl, 300);
}

#[test]
fn what_is_no_standard_query_of_one_question() {
    let mut query = Message::query(7, Question { name: name("example"), rtype: Rtype::A }, true);
    query.flags.opcode = 5;
    let response = server().respond(&query);
    assert_eq!((response.rcode, response.flags.opcode, response.id, response.flags.rd), (Rcode::NotImp, 5, 7, true));
    query.flags.opcode = 0;
    query.questions.clear();
    assert_eq!(server().respond(&query).rcode, Rcode::FormErr);
}

#[test]
fn what_makes_no_zone() {
    let apex = || name("example");
    let soa = || record("example 9 SOA ns. root. 1 2 3 4 5");
    let make = |texts: &[&str]| {
        let records = std::iter::once(soa()).chain(texts.iter().map(|text| record(text)));
        Zone::new(apex(), records.collect()).map(|zone| zone.apex().clone())
    };
    assert_eq!(make(&["x.example 1 A 10.0.0.1", "X.example 1 A 10.0.0.1"]), Ok(apex()));
    let outside = ZoneError::OutOfZone { name: name("x.other"), apex: apex() };
    assert_eq!(make(&["x.other 1 A 10.0.0.1"]), Err(outside));
    assert_eq!(make(&["example 9 SOA ns. root. 2 2 3 4 5"]), Err(ZoneError::Soa(apex())));
    assert_eq!(make(&["x.example 9 SOA ns. root. 1 2 3 4 5"]), Err(ZoneError::Soa(apex())));
    assert_eq!(Zone::new(apex(), Vec::new()).map(|_| ()), Err(ZoneError::Soa(apex())));
    let alias = Err(ZoneError::AliasWithData(name("x.example")));
    assert_eq!(make(&["x.example 1 CNAME y.", "x.example 1 A 10.0.0.1"]), alias);
    assert_eq!(make(&["x.example 1 CNAME y.", "x.example 1 CNAME z."]), alias);
}
