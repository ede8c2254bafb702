//! Known answers, round trips, and octets of any kind.

use std::net::Ipv4Addr;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn record(owner: &str, ttl: u32, rtype: &str, data: &str) -> Record {
    let data = RecordData::parse(Rtype::parse(rtype).unwrap(), data, &Name::root()).unwrap();
    Record { name: name(owner), ttl, data }
}

/// RFC 1035 4.1: a header bit in the wrong place, or a name compressed to the wrong offset,
/// would break this.
#[test]
fn an_mx_answer_octet_for_octet() {
    let question = Question { name: name("hamburger.edu"), rtype: Rtype::Mx };
    let query = Message::query(0x1234, question, true);
    assert_eq!(query.encode(UDP_LIMIT), b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x09hamburger\x03edu\0\0\x0f\0\x01");
    let mut reply = query.response(Rcode::NoError);
    reply.flags.aa = true;
    reply.answers.push(record("hamburger.edu", 300, "MX", "10 mail.hamburger.edu."));
    reply.additionals.push(record("mail.hamburger.edu", 300, "A", "10.0.0.2"));
    let octets = b"\x12\x34\x85\x00\0\x01\0\x01\0\0\0\x01\x09hamburger\x03edu\0\0\x0f\0\x01\
        \xc0\x0c\0\x0f\0\x01\0\0\x01\x2c\0\x09\0\x0a\x04mail\xc0\x0c\
        \xc0\x2d\0\x01\0\x01\0\0\x01\x2c\0\x04\x0a\0\0\x02";
    assert_eq!(reply.encode(UDP_LIMIT), octets);
    assert_eq!(Message::decode(octets).unwrap(), reply);
    for cut in 0..octets.len() {
        assert_eq!(Message::decode(&octets[..cut]), Err(WireError), "cut at {cut}");
    }
}

/// Following a pointer to itself would hang; believing a count would read past the end.
#[test]
fn lies_are_malformed() {
    let header = |counts: [u8; 8]| [&[0, 1, 0, 0][..], &counts].concat();
    let one = header([0, 1, 0, 0, 0, 0, 0, 0]);
    for tail in [
        &b"\xc0\x0c\0\x01\0\x01"[..],
        b"\xc0\x0e\xc0\x0c\0\x01\0\x01",
        b"\xff\xff\0\x01\0\x01",
        b"\x3fshort\0\0\x01\0\x01",
        b"\x80\0\0\x01\0\x01",
        b"",
    ] {
        assert_eq!(Message::decode(&[&one[..], tail].concat()), Err(WireError), "{tail:?}");
    }
    assert_eq!(Message::decode(&header([0, 0, 0xff, 0xff, 0, 0, 0, 0])), Err(WireError));
    let chaos = [&one[..], b"\0\0\x10\0\x03"].concat();
    assert_eq!(Message::decode(&chaos).unwrap().class, 3);
}

/// An EDNS record (RFC 6891) handed on as an ordinary one would break this.
#[test]
fn edns_is_skipped_and_unknown_types_are_kept() {
    let octets = b"\0\x01\0\0\0\0\0\x01\0\0\0\x01\0\x01\x01\0\x01\0\0\0\x05\0\x02hi\0\0\x29\x04\xd0\0\0\0\0\0\0";
    let message = Message::decode(octets).unwrap();
    let data = RecordData::Opaque { rtype: 257, octets: Bytes::from_static(b"hi") };
    assert_eq!(message.answers, [Record { name: Name::root(), ttl: 5, data }]);
    assert!(message.additionals.is_empty());
}

/// RFC 6891 6.1: an octet in the wrong field, a second OPT record, one with a name, or one
/// whose options overrun it, would break this.
#[test]
fn an_opt_record_octet_for_octet() {
    let mut query = Message::query(1, Question { name: name("a"), rtype: Rtype::A }, false);
    query.edns = Some(Edns { udp_size: 1232, version: 0, dnssec_ok: true });
    let front = b"\0\x01\0\0\0\x01\0\0\0\0\0\x01\x01a\0\0\x01\0\x01";
    let opt = b"\0\0\x29\x04\xd0\0\0\x80\0\0\0";
    assert_eq!(query.encode(UDP_LIMIT), [&front[..], opt].concat());
    assert_eq!(Message::decode(&query.encode(UDP_LIMIT)).unwrap(), query);
    let refused = query.response(Rcode::BadVers);
    assert_eq!(refused.encode(UDP_LIMIT)[front.len()..], *b"\0\0\x29\x04\xd0\x01\0\x80\0\0\0");
    assert_eq!(Message::decode(&refused.encode(UDP_LIMIT)).unwrap().rcode, Rcode::BadVers);
    let option = b"\0\0\x29\x04\xd0\0\0\x80\0\0\x06\xfd\xe9\0\x02hi";
    assert_eq!(Message::decode(&[&front[..], option].concat()).unwrap(), query, "unknown options are skipped");
    let mut two = [&front[..], opt, opt].concat();
    two[11] = 2;
    let named = b"\x01x\0\0\x29\x04\xd0\0\0\0\0\0\0";
    let overrun = b"\0\0\x29\x04\xd0\0\0\x80\0\0\x05\xfd\xe9\0\x02h";
    let mut answer = [&front[..], opt].concat();
    answer.swap(7, 11);
    for octets in [two, answer, [&front[..], named].concat(), [&front[..], overrun].concat()] {
        assert_eq!(Message::decode(&octets), Err(WireError), "{octets:?}");
    }
}

/// RFC 2181 9: half a record, or TC for want of a courtesy, would break this.
#[test]
fn what_does_not_fit_is_left_out_whole() {
    let query = Message::query(1, Question { name: name("x.example"), rtype: Rtype::Txt }, false);
    let mut reply = query.response(Rcode::NoError);
    reply.answers = (0..4).map(|n| record("x.example", n, "TXT", &"a".repeat(150))).collect();
    let octets = reply.encode(UDP_LIMIT);
    let seen = Message::decode(&octets).unwrap();
    assert!(seen.flags.tc && octets.len() <= UDP_LIMIT);
    assert_eq!(seen.answers, reply.answers[..2]);
    let whole = reply.encode(usize::MAX);
    assert!(reply.encode(whole.len()) == whole, "an exact fit fits");
    reply.additionals = std::mem::take(&mut reply.answers);
    let seen = Message::decode(&reply.encode(UDP_LIMIT)).unwrap();
    assert!(!seen.flags.tc && seen.additionals.is_empty(), "half an RRset is none");
    reply.additionals[1].name = name("y.example");
    let seen = Message::decode(&reply.encode(UDP_LIMIT)).unwrap();
    assert!(!seen.flags.tc && seen.additionals == reply.additionals[..2]);
    for (glue, cut) in [(2, false), (3, true)] {
        assert_eq!(Message::decode(&reply.encode_with_glue(UDP_LIMIT, glue)).unwrap().flags.tc, cut);
    }
}

#[test]
fn names_compare_without_case_and_keep_it() {
    let loud = name("WWW.Example.COM.");
    assert_eq!(loud, name("www.example.com"));
    assert_eq!(loud.to_string(), "WWW.Example.COM");
    assert_eq!(loud.parent().unwrap().to_string(), "Example.COM");
    assert_eq!(Name::root().to_string(), ".");
    assert_eq!((loud.label_count(), Name::root().label_count()), (3, 0));
    assert!(loud.is_within(&name("example.com")) && loud.is_within(&loud) && loud.is_within(&Name::root()));
    assert!(!name("badexample.com").is_within(&name("example.com")));
    assert_eq!(loud.ancestors().count(), 4);
    assert_eq!(name("example.com").wildcard().unwrap().to_string(), "*.example.com");
    assert!(name("z.a.example") < name("b.example"), "the order goes from the root down");
}

#[test]
fn bad_names_are_told_apart() {
    let long = format!("{}.example", "a".repeat(64));
    let endless = vec!["a".repeat(60); 5].join(".");
    for (text, error) in [
        ("", NameError::Empty),
        (".a", NameError::EmptyLabel),
        ("a..b", NameError::EmptyLabel),
        (&long, NameError::LongLabel),
        (&endless, NameError::LongName),
        ("a\\", NameError::BadCharacter),
        ("h\u{e9}.fr", NameError::BadCharacter),
    ] {
        assert_eq!(Name::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn data_in_master_file_form() {
    let origin = name("example.org");
    let read = |rtype: &str, text: &str| RecordData::parse(Rtype::parse(rtype).unwrap(), text, &origin);
    assert_eq!(read("A", "192.0.2.1"), Ok(RecordData::A(Ipv4Addr::new(192, 0, 2, 1))));
    assert_eq!(read("mx", "10 mail"), Ok(RecordData::Mx { preference: 10, exchange: name("mail.example.org") }));
    assert_eq!(read("NS", "ns.Example.net."), Ok(RecordData::Ns(name("ns.example.net"))));
    assert_eq!(read("CNAME", "@"), Ok(RecordData::Cname(origin.clone())));
    assert_eq!(read("TXT", "\"v=spf1 -all\" two"), Ok(RecordData::Txt(vec![b"v=spf1 -all".to_vec(), b"two".to_vec()])));
    assert!(matches!(read("SOA", "ns root 1 2 3 4 60"), Ok(RecordData::Soa { serial: 1, minimum: 60, .. })));
    assert_eq!(read("TYPE999", "\\# 2 6869").map(|data| data.rtype()), Ok(Rtype::Other(999)));
    for (rtype, text) in [
        ("A", "192.0.2"),
        ("A", ""),
        ("A", "192.0.2.1 192.0.2.2"),
        ("A", "192.0.2.1\nb A 1.2.3.4"),
        ("A", "192.0.2.1 ("),
        ("MX", "mail.example."),
        ("AAAA", "::g"),
        ("ANY", "x"),
        ("A", "\\# 0"),
    ] {
        let error = read(rtype, text).expect_err(text);
        println!("{rtype} {text:?}: {error}");
    }
}

#[test]
fn types_by_name_and_number() {
    for text in
        ["A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "ANY", "SRV", "DNAME", "CAA", "HTTPS", "TYPE65280"]
    {
        let rtype = Rtype::parse(text).unwrap();
        assert_eq!((rtype.to_string().as_str(), Rtype::from_number(rtype.number())), (text, rtype));
    }
    assert_eq!(Rtype::parse("type15"), Ok(Rtype::Mx));
    for bad in ["", "M", "TYPE", "TYPE+1", "TYPE70000", "SPF\u{e9}\u{e9}"] {
        assert_eq!(Rtype::parse(bad), Err(RtypeError), "{bad:?}");
    }
}

fn any_name() -> impl Strategy<Value = Name> {
    vec("[a-zA-Z0-9_-]{1,12}", 0..5)
        .prop_map(|labels| if labels.is_empty() { Name::root() } else { Name::parse(&labels.join(".")).unwrap() })
}

pub(super) fn any_data() -> impl Strategy<Value = RecordData> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|a| RecordData::A(a.into())),
        any::<[u8; 16]>().prop_map(|a| RecordData::Aaaa(a.into())),
        any_name().prop_map(RecordData::Ns),
        any_name().prop_map(RecordData::Cname),
        any_name().prop_map(RecordData::Ptr),
        (any::<u16>(), any_name()).prop_map(|(preference, exchange)| RecordData::Mx { preference, exchange }),
        vec(vec(any::<u8>(), 0..20), 1..4).prop_map(RecordData::Txt),
        (any_name(), any_name(), any::<[u32; 5]>()).prop_map(|(mname, rname, n)| RecordData::Soa {
            mname,
            rname,
            serial: n[0],
            refresh: n[1],
            retry: n[2],
            expire: n[3],
            minimum: n[4],
        }),
        any_name().prop_map(RecordData::Dname),
        (any::<[u16; 3]>(), any_name()).prop_map(|([priority, weight, port], target)| RecordData::Srv {
            priority,
            weight,
            port,
            target,
        }),
        (256_u16.., vec(any::<u8>(), 0..20))
            .prop_map(|(rtype, octets)| RecordData::Opaque { rtype, octets: octets.into() }),
    ]
}

fn any_records() -> impl Strategy<Value = Vec<Record>> {
    vec((any_name(), 0..=0x7fff_ffff_u32, any_data()).prop_map(|(name, ttl, data)| Record { name, ttl, data }), 0..6)
}

proptest! {
    /// Case is not compared here: a compressed name takes the case of its first appearance.
    #[test]
    fn every_message_survives_the_wire(
        id: u16,
        bits: [bool; 4],
        number in 0_u8..16,
        asked in any_name(),
        rtype: u16,
        answers in any_records(),
        authorities in any_records(),
        additionals in any_records(),
        edns in proptest::option::of(any::<(u16, u8, bool)>()),
    ) {
        let edns = edns.map(|(udp_size, version, dnssec_ok)| Edns { udp_size, version, dnssec_ok });
        let flags = Flags { qr: bits[0], aa: bits[1], tc: false, rd: bits[2], ra: bits[3], opcode: number };
        let questions = vec![Question { name: asked, rtype: Rtype::from_number(rtype) }];
        let rcode = Rcode::from_number(number);
        let class = CLASS_IN;
        let message = Message { id, flags, rcode, class, questions, answers, authorities, additionals, edns };
        prop_assert_eq!(Message::decode(&message.encode(usize::MAX)).unwrap(), message.clone());
        let short = message.encode(UDP_LIMIT);
        prop_assert!(short.len() <= UDP_LIMIT);
        prop_assert!(Message::decode(&short).is_ok());
    }

    #[test]
    fn no_octets_panic(octets in vec(any::<u8>(), 0..200)) {
        let _ = Message::decode(&octets);
    }

    /// Most random octets fail in the header's counts; damage to a good message goes deeper.
    #[test]
    fn no_damage_panics(records in any_records(), at in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut message = Message::query(7, Question { name: Name::root(), rtype: Rtype::Ns }, false);
        message.answers = records;
        let mut octets = message.encode(usize::MAX);
        for (index, octet) in at {
            let index = index.index(octets.len());
            octets[index] = octet;
        }
        if let Ok(message) = Message::decode(&octets) {
            let _ = message.kind();
            let _ = Message::decode(&message.encode(UDP_LIMIT)).unwrap();
        }
    }

    #[test]
    fn no_text_panics(text in "[\\PC\t\"();\\\\]{0,40}", number in 0_u16..70) {
        let _ = Name::parse(&text);
        let _ = Rtype::parse(&text);
        let _ = RecordData::parse(Rtype::from_number(number), &text, &Name::root());
    }
}
