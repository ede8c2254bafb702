//! Master files: known answers, errors with their lines, and texts of any kind.

use proptest::collection::vec;
use proptest::prelude::*;

use super::master::{Entry, Master, MasterError, MasterRecord, Place};
use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// One line for each entry: line, owner, TTL, type and data; or the error.
fn read(text: &[u8]) -> Vec<String> {
    let show = |entry: Result<(Place, Entry), MasterError>| match entry {
        Ok((place, Entry::Record(MasterRecord { name, ttl, data, text }))) => {
            let ttl = ttl.map_or("-".to_owned(), |ttl: u32| ttl.to_string());
            format!("{} {name} {ttl} {} {text}", place.line, data.rtype())
        }
        Ok((place, Entry::Include { file, origin })) => format!("{} include {file} {origin:?}", place.line),
        Err(error) => error.to_string(),
    };
    Master::new(text, name("a.fr")).map(show).collect()
}

/// RFC 1035 5.1: owners and TTLs taken over, parentheses, comments, quotation marks, escapes.
#[test]
fn a_whole_file() {
    let text = b"; a zone\n\
        $TTL 1h\n\
        @ IN SOA ns hostmaster (\n\
        \t2024 ; serial; not ( a parenthesis\n\
        \t2h 15m 2w 5m )\n\
        \tIN NS ns\n\
        \r\n\
        ns 300 IN A 10.0.0.1\r\n\
        \tIN 60 AAAA 2001:db8::1\n\
        www in cname @ ; alias\n\
        txt TXT \"a;b (c)\" plain \"quo\\\"te\" \"\" \\100\\\\\n\
        a\\.b.c.fr. A 10.0.0.2\n\
        $ORIGIN sub\n\
        x MX 10 mail\n\
        $ORIGIN other.fr.\n\
        _s._tcp SRV 0 1 25 x.a.fr.\n\
        @ CAA 0 issue \"ca.example\"\n\
        odd TYPE65280 \\# 4 0A 00 ( 00\n 01 )\n\
        HINFO HINFO PDP-11 UNIX\n\
        last CLASS1 A 10.0.0.3";
    assert_eq!(
        read(text),
        [
            "3 a.fr 3600 SOA ns.a.fr. hostmaster.a.fr. 2024 7200 900 1209600 300",
            "6 a.fr 3600 NS ns.a.fr.",
            "8 ns.a.fr 300 A 10.0.0.1",
            "9 ns.a.fr 60 AAAA 2001:db8::1",
            "10 www.a.fr 3600 CNAME a.fr.",
            r#"11 txt.a.fr 3600 TXT "a;b (c)" "plain" "quo\"te" "" "d\\""#,
            "12 a\\.b.c.fr 3600 A 10.0.0.2",
            "14 x.sub.a.fr 3600 MX 10 mail.sub.a.fr.",
            "16 _s._tcp.other.fr 3600 SRV 0 1 25 x.a.fr.",
            "17 other.fr 3600 CAA 0 issue \"ca.example\"",
            "18 odd.other.fr 3600 TYPE65280 \\# 4 0A 00 00 01",
            "20 HINFO.other.fr 3600 HINFO PDP-11 UNIX",
            "21 last.other.fr 3600 A 10.0.0.3",
        ]
    );
}

/// RFC 2308 4 and RFC 1035 5.1: `$TTL` before the last TTL stated; nothing when there is neither.
#[test]
fn times_to_live_are_taken_over() {
    let text = b"x A 1.1.1.1\nx 5 A 1.1.1.2\nx A 1.1.1.3\n$TTL 7\nx A 1.1.1.4\nx 9 A 1.1.1.5\nx A 1.1.1.6\n";
    let ttls: Vec<String> = read(text).iter().map(|line| line.split(' ').nth(2).unwrap().to_owned()).collect();
    assert_eq!(ttls, ["-", "5", "5", "7", "9", "7"]);
}

#[test]
fn includes_take_over_and_give_nothing_back() {
    let text = b"$TTL 7\nx A 1.1.1.1\n$INCLUDE \"in cl.zone\" sub\n\tA 1.1.1.2\n";
    let mut master = Master::new(text, name("a.fr"));
    master.next();
    let Some(Ok((_, Entry::Include { file, origin }))) = master.next() else { panic!("an include") };
    assert_eq!((&*file, &origin), ("in cl.zone", &Some(name("sub.a.fr"))));
    let mut inner = master.included(b" A 2.2.2.2\n$TTL 9\n$ORIGIN b\ny A 2.2.2.3\n", origin);
    let next = |master: &mut Master<'_>| match master.next() {
        Some(Ok((_, Entry::Record(record)))) => format!("{} {:?} {}", record.name, record.ttl, record.text),
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&mut inner), "x.a.fr Some(7) 2.2.2.2");
    assert_eq!(next(&mut inner), "y.b.sub.a.fr Some(9) 2.2.2.3");
    assert_eq!(next(&mut master), "x.a.fr Some(7) 1.1.1.2");
}

/// Each error with its line, and the entry behind it read all the same.
#[test]
fn errors_tell_their_lines() {
    for (text, said) in [
        (" A 1.1.1.1", "line 1: the first record has no owner to take over"),
        ("x", "line 1: the type of the record is missing"),
        ("x IN 5", "line 1: the type of the record is missing"),
        ("x NOPE 1", "line 1: there is no record type NOPE"),
        ("x CH A 1.1.1.1", "line 1: only records of the class IN are served, not of CH"),
        ("x 1h30 A 1.1.1.1", "line 1: 1h30 is no time to live"),
        ("x 1 2 A 1.1.1.1", "line 1: the record has two times to live"),
        ("x 9999999999 A 1.1.1.1", "line 1: 9999999999 is no time to live"),
        ("x..y A 1.1.1.1", "line 1: x..y is no name: a label of a domain name may not be empty"),
        ("x A )", "line 1: a parenthesis is closed that was not opened"),
        ("x TXT \"open", "line 1: a quotation mark is not closed in its line"),
        ("x TXT end\\", "line 1: a backslash stands at the end of a line"),
        ("\"x\" A 1.1.1.1", "line 1: a name does not stand in quotation marks"),
        ("$GENERATE 1-2 x$ A 1.1.1.$", "line 1: $GENERATE is not known: $ORIGIN, $TTL and $INCLUDE are"),
        ("$TTL", "line 1: $TTL has too few or too many words behind it"),
        ("$TTL x", "line 1: x is no time to live"),
        ("x A 1.1.1", "line 1: not the data of a record of type A: expected IPv4 address"),
        ("x ANY 1", "line 1: not the data of a record of type ANY: a meta type has no data"),
    ] {
        let whole = format!("{text}\ny A 1.1.1.2\n");
        assert_eq!(read(whole.as_bytes()), [said, "2 y.a.fr - A 1.1.1.2"], "{text:?}");
    }
    assert_eq!(read(b"\xef\xbb\xbfx A 1.1.1.1"), ["1 x.a.fr - A 1.1.1.1"], "a byte order mark");
    assert_eq!(read(b"\nx A (\n1.1.1.1\n"), ["line 2: a parenthesis is not closed"]);
}

#[test]
fn times_have_units() {
    for (text, seconds) in
        [("0", 0), ("3600", 3600), ("1h30m", 5400), ("1W2D3h4M5s", 788_645), ("2147483647", i32::MAX)]
    {
        assert_eq!(parse_ttl(text), u32::try_from(seconds).ok(), "{text}");
    }
    for text in ["", "h", "1h30", "2147483648", "1y", "-1", "1.5h", "99999999999999999999", "1 h"] {
        assert_eq!(parse_ttl(text), None, "{text}");
    }
}

/// Names as a master file writes them read back, whatever octets they are of.
fn any_labels() -> impl Strategy<Value = Name> {
    vec(vec(any::<u8>(), 1..6), 0..4).prop_map(|labels| {
        let escaped = |label: &Vec<u8>| label.iter().map(|octet| format!("\\{octet:03}")).collect::<String>();
        let text = labels.iter().map(escaped).collect::<Vec<_>>().join(".");
        if text.is_empty() { Name::root() } else { Name::parse(&text).unwrap() }
    })
}

proptest! {
    #[test]
    fn names_read_back(one in any_labels(), origin in any_labels()) {
        for name in [&one, &origin] {
            prop_assert_eq!(&Name::parse_within(&one.relative(name), name).unwrap(), &one);
        }
        let text = format!("{} 1 CNAME {}\n", one.relative(&origin), origin.dotted());
        let entry = Master::new(text.as_bytes(), origin.clone()).next();
        let Some(Ok((_, Entry::Record(record)))) = entry else { panic!("{text:?}: {entry:?}") };
        prop_assert_eq!(record.name, one);
        prop_assert_eq!(record.data, RecordData::Cname(origin));
    }

    #[test]
    fn data_read_back(data in tests::any_data()) {
        let text = data.to_string();
        prop_assert_eq!(RecordData::parse(data.rtype(), &text, &name("x.y")), Ok(data));
    }

    #[test]
    fn no_text_panics(text in vec(prop_oneof![any::<u8>(), prop::sample::select(&b" \t\n();\"\\$@.A1IN"[..])], 0..80)) {
        // every entry takes at least one octet, so reading ends
        prop_assert!(Master::new(&text, name("a.fr")).count() <= text.len());
    }

    /// Damage to a good file goes deeper than random octets.
    #[test]
    fn no_damage_panics(at in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let mut text = b"$TTL 1h\n@ SOA ns root ( 1 2 3 4 5 )\n TXT \"a\" b\n$INCLUDE x y\nodd TYPE9 \\# 1 00\n".to_vec();
        for (index, octet) in at {
            let index = index.index(text.len());
            text[index] = octet;
        }
        prop_assert!(Master::new(&text, name("a.fr")).count() <= text.len());
    }
}
