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

/// RFC 6672 2.3, 3.1: the DNAME record's own name is not renamed, names beneath it are, and the
/// answer goes on where they lead.
#[test]
fn a_dname_renames_what_lies_beneath() {
    let long = format!("{}.example", vec!["x".repeat(63); 3].join("."));
    let texts = [
        "old.example 60 DNAME new.example.".to_owned(),
        "old.example 60 TXT \"itself\"".to_owned(),
        "www.new.example 60 A 10.0.0.1".to_owned(),
        "away.example 60 DNAME elsewhere.".to_owned(),
        "round.example 60 DNAME x.round.example.".to_owned(),
        format!("long.example 60 DNAME {long}."),
    ];
    let server = NameServer::new(vec![zone("example", &texts.iter().map(String::as_str).collect::<Vec<_>>())]);
    let deep = format!("{}.long.example", "y".repeat(60));
    use Rcode::{NoError, NxDomain};
    for (asked, rtype, rcode, answers) in [
        ("www.old.example", "A", NoError, "old.example DNAME, www.old.example CNAME, www.new.example A"),
        ("www.old.example", "CNAME", NoError, "old.example DNAME, www.old.example CNAME"),
        ("no.old.example", "A", NxDomain, "old.example DNAME, no.old.example CNAME"),
        ("old.example", "TXT", NoError, "old.example TXT"),
        ("old.example", "DNAME", NoError, "old.example DNAME"),
        ("old.example", "A", NoError, ""),
        ("a.b.away.example", "A", NoError, "away.example DNAME, a.b.away.example CNAME"),
        (&deep, "A", Rcode::Other(6), "long.example DNAME"),
    ] {
        let response = ask(&server, asked, rtype);
        assert_eq!((response.rcode, brief(&response.answers)), (rcode, answers.to_owned()), "{asked} {rtype}");
        assert!(response.flags.aa);
    }
    let alias = &ask(&server, "a.b.away.example", "A").answers[1];
    assert_eq!(*alias, record("a.b.away.example 60 CNAME a.b.elsewhere."));
    // each time round the name is another one: only the count of aliases ends it
    assert!((2..=15).contains(&ask(&server, "a.round.example", "A").answers.len()));
}

/// RFC 4035 3.1.4.1: the DS records of a zone are its parent's to tell.
#[test]
fn ds_is_answered_above_the_cut() {
    let server = server();
    let denied = ask(&server, "sub.example", "DS");
    assert_eq!((denied.flags.aa, brief(&denied.authorities)), (true, "example SOA".to_owned()));
    assert_eq!(brief(&ask(&server, "inner.example", "DS").authorities), "example SOA");
    assert_eq!(brief(&ask(&server, "x.sub.example", "DS").authorities), "sub.example NS, sub.example NS");
    assert_eq!(brief(&ask(&server, "example", "DS").authorities), "example SOA", "nobody above is served here");
}

/// RFC 9471 3.1: a referral without the addresses that it needs is truncated, and one without
/// addresses from elsewhere is whole.
#[test]
fn glue_that_does_not_fit_truncates() {
    for (servers, cut) in [("sub.example", true), ("other.example", false)] {
        let ns = (0..12).map(|n| format!("sub.example 60 NS a-long-name-for-server-{n}.{servers}."));
        let glue = (0..12).map(|n| format!("a-long-name-for-server-{n}.{servers} 60 AAAA 2001:db8::{n}"));
        let texts: Vec<String> = ns.chain(glue).collect();
        let server = NameServer::new(vec![zone("example", &texts.iter().map(String::as_str).collect::<Vec<_>>())]);
        let response = ask(&server, "www.sub.example", "A");
        let octets = response.encode_with_glue(UDP_LIMIT, super::name_server::needed_glue(&response));
        let seen = Message::decode(&octets).unwrap();
        assert_eq!((response.additionals.len(), seen.authorities.len()), (12, 12));
        assert!(seen.additionals.len() < 12);
        assert_eq!(seen.flags.tc, cut, "{servers}");
    }
}

/// RFC 1035 3.2.5, RFC 1034 6.2.2, RFC 6895: other classes and types that only ask.
#[test]
fn classes_and_types_that_only_ask() {
    let mut query = Message::query(1, Question { name: name("mail.example"), rtype: Rtype::A }, false);
    for (class, rcode, aa, answers) in
        [(3, Rcode::Refused, false, 0), (255, Rcode::NoError, false, 1), (1, Rcode::NoError, true, 1)]
    {
        query.class = class;
        let response = server().respond(&query);
        assert_eq!((response.rcode, response.flags.aa, response.answers.len()), (rcode, aa, answers));
        assert_eq!(Message::decode(&response.encode(UDP_LIMIT)).unwrap().class, class, "the question is echoed");
    }
    for (number, rcode) in [(251, Rcode::Refused), (252, Rcode::Refused), (250, Rcode::NotImp), (253, Rcode::NotImp)] {
        query.questions[0].rtype = Rtype::from_number(number);
        assert_eq!(server().respond(&query).rcode, rcode, "{number}");
    }
    query.questions[0].rtype = Rtype::from_number(41);
    assert_eq!(server().respond(&query).rcode, Rcode::FormErr);
}
