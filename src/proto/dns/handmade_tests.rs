//! Messages laid by hand: good ones are read back, malformed ones are written all the same.

use super::handmade::{
    Handmade, HandmadeOpt, HandmadeQuestion, HandmadeRecord, HeaderFlags, parse_class, parse_hex, parse_opcode,
    parse_rcode,
};
use super::{Edns, Message, Name, Question, Rcode, RecordData, Rtype};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn record(text: &str) -> HandmadeRecord {
    HandmadeRecord::parse(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

fn asks(qname: &str) -> HandmadeQuestion {
    HandmadeQuestion { question: Question { name: name(qname), rtype: Rtype::A }, class: 1 }
}

#[test]
fn what_is_well_formed_is_read_as_it_was_written() {
    let texts = [
        "www.Kiwi.test. 3600 IN CNAME old.kiwi.test.",
        "old.kiwi.test. 60 IN A 198.51.100.7",
        "kiwi.test. 60 IN MX 10 mail.kiwi.test.",
        "kiwi.test. 60 IN TXT \"one two\" three",
        "kiwi.test. 60 IN SOA ns.kiwi.test. host.kiwi.test. 1 2 3 4 5",
        "_sip._udp.kiwi.test. 60 IN SRV 1 2 5060 sip.kiwi.test.",
        "kiwi.test. 60 IN TYPE65280 \\# 3 010203",
        "kiwi.test. 60 IN DS 12345 8 2 abcdef",
        ". 60 IN NS a.root.test.",
    ];
    let sections = [texts.iter().map(|text| record(text)).collect(), Vec::new(), vec![record(texts[1])]];
    let flags = HeaderFlags::named(["QR", "aa", "RD"]).unwrap();
    let edns = Some(HandmadeOpt { dnssec_ok: true, octets: vec![0, 10, 0, 2, 7, 7] });
    let handmade =
        Handmade { id: 9, flags, rcode: 3, questions: vec![asks("WWW.kiwi.test")], sections, edns, opcode: 0 };
    let octets = handmade.encode();
    let read = Message::decode(&octets).unwrap();
    assert_eq!((read.id, read.rcode, read.flags.aa, read.flags.ra), (9, Rcode::NxDomain, true, false));
    assert_eq!(read.questions[0].name.to_string(), "WWW.kiwi.test", "letters keep their case");
    assert_eq!(read.answers[0].name.to_string(), "www.Kiwi.test");
    assert_eq!(read.edns, Some(Edns { udp_size: 1232, version: 0, dnssec_ok: true }));
    assert_eq!((read.answers.len(), read.additionals.len()), (texts.len(), 1));
    for (read, text) in read.answers.iter().zip(texts) {
        let class_in = format!("{} {} IN {} {}", read.name.dotted(), read.ttl, read.rtype(), read.data);
        assert_eq!(record(&class_in), record(text));
    }
    // "Kiwi" is written anew, for the case of its letters, and points to "test" then
    let count = octets.windows(9).filter(|octets| octets.eq_ignore_ascii_case(b"kiwi\x04test")).count();
    assert_eq!(count, 1 + 5, "owners are compressed; names in RDATA are whole");
}

#[test]
fn what_is_malformed_is_written_all_the_same() {
    let short = record("www.kiwi.test. 60 IN A \\# 3 010203");
    assert_eq!(short.octets, [1, 2, 3]);
    let message = |record: HandmadeRecord| Handmade { sections: [vec![record], vec![], vec![]], ..Handmade::default() };
    let read = Message::decode(&message(short).encode());
    assert!(read.is_ok_and(|read| read.answers.is_empty()), "it is no address");
    let chaos = record("version.bind. 0 CH TXT \"fruit\"");
    assert_eq!((chaos.class, message(chaos).encode().len()), (3, 12 + 14 + 10 + 6));
    let negative = record("www.kiwi.test. 4294967295 IN A 192.0.2.1");
    let read = Message::decode(&message(negative).encode()).unwrap();
    assert_eq!((read.answers[0].ttl, &read.answers[0].data), (0, &RecordData::A([192, 0, 2, 1].into())));
    let two = Handmade { questions: vec![asks("a"), asks("b")], opcode: 5, ..Handmade::default() };
    let read = Message::decode(&two.encode()).unwrap();
    assert_eq!((read.questions.len(), read.flags.opcode), (2, 5));
}

#[test]
fn types_that_are_written_alike_are_read_alike() {
    let octets = |text: &str| record(&format!("kiwi.test. 60 IN {text}")).octets;
    assert_eq!(octets("SPF \"v=spf1 -all\""), octets("TXT \"v=spf1 -all\""));
    assert_eq!(octets("AFSDB 1 db.kiwi.test."), octets("MX 1 db.kiwi.test."));
    assert_eq!(octets("DLV 12345 8 2 abcd"), octets("DS 12345 8 2 abcd"));
    assert_eq!(octets("KEY 256 3 5 AQPS"), octets("DNSKEY 256 3 5 AQPS"));
    assert_eq!(record("kiwi.test. 60 IN SPF a").rtype, Rtype::Other(99));
}

#[test]
fn codes_above_fifteen_need_the_opt_record() {
    let bad = |edns| Message::decode(&Handmade { rcode: 16, edns, ..Handmade::default() }.encode()).unwrap().rcode;
    assert_eq!(bad(None), Rcode::NoError);
    assert_eq!(bad(Some(HandmadeOpt { dnssec_ok: false, octets: Vec::new() })), Rcode::BadVers);
}

#[test]
fn names_beyond_the_reach_of_pointers_are_whole() {
    let far = (0..2000).map(|number| record(&format!("n{number}.kiwi.test. 60 IN A 192.0.2.1"))).collect();
    let octets = Handmade { sections: [far, vec![], vec![]], ..Handmade::default() }.encode();
    assert!(octets.len() > 0x4000);
    let read = Message::decode(&octets).unwrap();
    assert_eq!(read.answers[1999].name, name("n1999.kiwi.test"));
}

#[test]
fn words_and_numbers_are_read() {
    assert_eq!(
        ["IN", "ch", "CLASS65280", "CLASS", "UN", "CLASS65536"].map(parse_class),
        [Some(1), Some(3), Some(65_280), None, None, None]
    );
    assert_eq!(
        ["QUERY", "notify", "15", "16", "", "-1"].map(parse_opcode),
        [Some(0), Some(4), Some(15), None, None, None]
    );
    assert_eq!(
        ["NOERROR", "yxdomain", "NOTIMPL", "BADVERS", "4095", "4096", "x"].map(parse_rcode),
        [Some(0), Some(6), Some(4), Some(16), Some(4095), None, None]
    );
    assert_eq!(parse_hex("00 fF\n7a").as_deref(), Some(&[0, 255, 122][..]));
    assert_eq!((parse_hex("0"), parse_hex("0g"), parse_hex("\u{ff11}0")), (None, None, None));
    assert_eq!(HeaderFlags::named(["QR", "ZZ"]), Err("ZZ"));
    assert_eq!((HeaderFlags::response(true).bits(), HeaderFlags::response(false).bits()), (0x8100, 0x8000));
}

#[test]
fn every_beginning_of_a_record_is_read_or_refused() {
    let texts = [
        "www.kiwi.test. 3600 IN MX 10 \\109ail.kiwi.test.",
        "www.kiwi.test. 3600 CLASS1 TXT \"a b\\\"c\" \\# \u{e9}",
        "\\000.kiwi.test. 1 IN TYPE1 \\# 4 c0000201",
        "kiwi.test. 1 IN RRSIG A 8 2 60 20300101000000 20200101000000 1 kiwi.test. AAAA",
    ];
    for text in texts {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = HandmadeRecord::parse(&text[..end]);
        }
    }
    for (text, fault) in [
        ("", "owner"),
        ("a. 1 IN", "type"),
        ("a. x IN A 1.2.3.4", "TTL"),
        ("a. 1 IN A", "A"),
        ("a. 1 IN A \\# 1 zz", "hexadecimal"),
    ] {
        assert!(HandmadeRecord::parse(text).unwrap_err().contains(fault), "{text}");
    }
}
