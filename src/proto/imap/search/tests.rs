//! SEARCH commands as clients write them, asked about a small mailbox: marks, numbers, dates,
//! sizes and their combinations.

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_types::command::CommandBody;
use imap_types::core::{AString, Vec1};
use imap_types::search::SearchKey;
use proptest::prelude::*;

use super::*;

/// The keys of a SEARCH command.
fn keys(arguments: &[u8]) -> SearchKey<'static> {
    use imap_types::IntoStatic;

    let command = [b"a SEARCH ", arguments, b"\r\n"].concat();
    let (rest, command) = CommandCodec::new().decode(&command).expect("a SEARCH command");
    assert!(rest.is_empty());
    let CommandBody::Search { criteria, .. } = command.into_static().body else { panic!("not a SEARCH command") };
    let mut keys = criteria.into_inner();
    if keys.len() == 1 { keys.remove(0) } else { SearchKey::And(Vec1::try_from(keys).unwrap()) }
}

/// A message of the mailbox.
pub(super) struct Stored {
    pub(super) uid: u32,
    pub(super) marks: &'static [Mark<'static>],
    pub(super) arrived: &'static str,
    pub(super) size: u32,
    pub(super) content: Vec<u8>,
}

/// The sequence numbers that a SEARCH command finds.
pub(super) fn search(mailbox: &[Stored], arguments: &[u8]) -> Vec<u32> {
    let extent =
        Extent { messages: u32::try_from(mailbox.len()).unwrap(), uid: mailbox.last().map_or(0, |last| last.uid) };
    let key = keys(arguments);
    let query = Query::new(&key, extent).unwrap();
    let mut found = Vec::new();
    for (message, number) in mailbox.iter().zip(1..) {
        let marked = |mark: Mark<'_>| {
            message.marks.iter().any(|known| match (mark, known) {
                (Mark::Keyword(asked), Mark::Keyword(known)) => asked.eq_ignore_ascii_case(known),
                (asked, known) => asked == *known,
            })
        };
        let view = View {
            number,
            uid: message.uid,
            marks: &marked,
            arrived: UnixTime::parse(message.arrived).unwrap(),
            size: message.size,
            modseq: 1,
            content: &message.content,
        };
        if query.matches(&view) {
            found.push(number);
        }
        assert_eq!(matches(&key, extent, &view), query.matches(&view));
    }
    found
}

fn mailbox() -> Vec<Stored> {
    use Mark::{Answered, Deleted, Draft, Flagged, Keyword, Recent, Seen};

    let stored = |uid, marks, arrived, size, date: &str| Stored {
        uid,
        marks,
        arrived,
        size,
        content: format!("{date}Subject: s{uid}\r\n\r\nbody\r\n").into_bytes(),
    };
    vec![
        stored(10, &[Seen, Answered], "2026-01-31T23:59:59Z", 100, "Date: Sun, 1 Feb 2026 08:00:00 +0900\r\n"),
        stored(20, &[Recent], "2026-02-01T00:00:00Z", 200, "Date: 1 Feb 2026 00:00:00 +0000\r\n"),
        stored(30, &[Recent, Seen, Flagged], "2026-02-01T23:59:59Z", 300, "Date: 31 Jan 2026 23:00:00 -1200\r\n"),
        stored(40, &[Deleted, Keyword("$Work")], "2026-02-02T00:00:00Z", 400, ""),
        stored(50, &[Draft, Seen], "2025-12-31T12:00:00Z", 500, "Date: nonsense\r\n"),
    ]
}

fn expect(cases: &[(&str, &[u32])]) {
    let mailbox = mailbox();
    for (arguments, expected) in cases {
        assert_eq!(search(&mailbox, arguments.as_bytes()), *expected, "{arguments}");
    }
}

#[test]
fn marks() {
    expect(&[
        ("ALL", &[1, 2, 3, 4, 5]),
        ("ANSWERED", &[1]),
        ("UNANSWERED", &[2, 3, 4, 5]),
        ("DELETED", &[4]),
        ("UNDELETED", &[1, 2, 3, 5]),
        ("DRAFT", &[5]),
        ("UNDRAFT", &[1, 2, 3, 4]),
        ("FLAGGED", &[3]),
        ("UNFLAGGED", &[1, 2, 4, 5]),
        ("SEEN", &[1, 3, 5]),
        ("UNSEEN", &[2, 4]),
        ("RECENT", &[2, 3]),
        ("OLD", &[1, 4, 5]),
        ("NEW", &[2]),
        ("KEYWORD $work", &[4]),
        ("KEYWORD $wor", &[]),
        ("UNKEYWORD $Work", &[1, 2, 3, 5]),
    ]);
}

#[test]
fn numbers_and_sizes() {
    expect(&[
        ("2:3", &[2, 3]),
        ("*", &[5]),
        ("4:*", &[4, 5]),
        ("9:*", &[5]),
        ("*:4,1", &[1, 4, 5]),
        ("UID 20:30", &[2, 3]),
        ("UID 11:29,50", &[2, 5]),
        ("UID 51:*", &[5]),
        ("UID 60:70", &[]),
        ("UID *", &[5]),
        ("LARGER 300", &[4, 5]),
        ("SMALLER 300", &[1, 2]),
        ("LARGER 0 SMALLER 101", &[1]),
    ]);
    assert!(search(&[], b"1:*").is_empty());
}

#[test]
fn dates() {
    expect(&[
        // The internal date.
        ("BEFORE 1-Feb-2026", &[1, 5]),
        ("ON 1-Feb-2026", &[2, 3]),
        ("SINCE 1-Feb-2026", &[2, 3, 4]),
        ("SINCE \"2-Feb-2026\"", &[4]),
        // The Date field as it is written; without one, none of the three matches.
        ("SENTBEFORE 1-Feb-2026", &[3]),
        ("SENTON 1-Feb-2026", &[1, 2]),
        ("SENTSINCE 1-Feb-2026", &[1, 2]),
        ("SENTSINCE 1-Jan-1990", &[1, 2, 3]),
        ("NOT SENTSINCE 1-Feb-2026", &[3, 4, 5]),
    ]);
}

#[test]
fn combinations() {
    expect(&[
        ("SEEN RECENT", &[3]),
        ("OR SEEN RECENT", &[1, 2, 3, 5]),
        ("NOT SEEN", &[2, 4]),
        ("NOT (SEEN RECENT)", &[1, 2, 4, 5]),
        ("NOT NOT DRAFT", &[5]),
        ("OR (SEEN RECENT) OR DELETED SUBJECT s10", &[1, 3, 4]),
        ("1:3 SUBJECT s SEEN NOT 1", &[3]),
        ("OR TEXT body DELETED UID 40:*", &[4, 5]),
    ]);
}

#[test]
fn cheap_keys_come_first() {
    // A message is not looked into where its marks decide.
    let key = keys(b"TEXT x SUBJECT y SEEN OR BODY z DELETED");
    let Key::And(keys) = Query::new(&key, Extent { messages: 1, uid: 1 }).unwrap().key else { panic!("no AND") };
    assert_eq!(keys.iter().map(Key::cost).collect::<Vec<_>>(), [0, 1, 2, 2]);
    let Key::Or(one, other) = &keys[3] else { panic!("no OR") };
    assert_eq!((one.cost(), other.cost()), (0, 2));
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels| (0..levels).fold(SearchKey::All, |key, _| SearchKey::Not(Box::new(key)));
    let extent = Extent { messages: 1, uid: 1 };
    assert!(Query::new(&nested(63), extent).is_ok());
    assert_eq!(Query::new(&nested(64), extent).err(), Some(TooDeep));
}

#[test]
fn marks_decide_where_they_can() {
    let seen = |mark: Mark<'_>| mark == Mark::Seen;
    let view = View {
        number: 1,
        uid: 7,
        marks: &seen,
        arrived: UnixTime(0),
        size: 5,
        modseq: 1,
        content: b"Subject: x\r\n\r\n",
    };
    for (arguments, expected) in [
        ("SEEN UID 7", Some(true)),
        ("UNSEEN SUBJECT x", Some(false)),
        ("SEEN SUBJECT x", None),
        ("OR SEEN SUBJECT x", Some(true)),
        ("OR SUBJECT x SEEN", Some(true)),
        ("OR UNSEEN SUBJECT x", None),
        ("OR UNSEEN DELETED", Some(false)),
        ("NOT (UNSEEN TEXT x)", Some(true)),
        ("NOT SENTON 1-Jan-2026", None),
        ("ALL", Some(true)),
    ] {
        let query = Query::new(&keys(arguments.as_bytes()), Extent { messages: 1, uid: 7 }).unwrap();
        assert_eq!(query.decided(&view), expected, "{arguments}");
    }
}

fn any_key() -> impl Strategy<Value = SearchKey<'static>> {
    let leaf = prop_oneof![
        Just(SearchKey::All),
        Just(SearchKey::Seen),
        Just(SearchKey::Old),
        (1..6_u32, 1..6_u32).prop_map(|(a, b)| keys(format!("{a}:{b}").as_bytes())),
        Just(keys(b"SENTSINCE 1-Feb-2026")),
        prop::sample::select(vec!["s1", "body", "x", ""])
            .prop_map(|text| SearchKey::Text(AString::try_from(text).unwrap())),
    ];
    leaf.prop_recursive(4, 20, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|key| SearchKey::Not(Box::new(key))),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| SearchKey::Or(Box::new(one), Box::new(other))),
            prop::collection::vec(inner, 1..4).prop_map(|keys| SearchKey::And(Vec1::try_from(keys).unwrap())),
        ]
    })
}

proptest! {
    /// The order in which keys are asked changes no answer: AND, OR and NOT as sets.
    #[test]
    fn keys_are_sets(one in any_key(), other in any_key()) {
        let mailbox = mailbox();
        let extent = Extent { messages: 5, uid: 50 };
        for (message, number) in mailbox.iter().zip(1..) {
            let marked = |mark: Mark<'_>| message.marks.contains(&mark_of(mark));
            let arrived = UnixTime::parse(message.arrived).unwrap();
            let (uid, size, content) = (message.uid, message.size, &message.content[..]);
            let view = View { number, uid, marks: &marked, arrived, size, modseq: 1, content };
            let asked = |key: &SearchKey<'_>| matches(key, extent, &view);
            let (a, b) = (asked(&one), asked(&other));
            prop_assert_eq!(asked(&SearchKey::Not(Box::new(one.clone()))), !a);
            prop_assert_eq!(asked(&SearchKey::Or(Box::new(one.clone()), Box::new(other.clone()))), a || b);
            let both = Vec1::try_from(vec![one.clone(), other.clone()]).unwrap();
            prop_assert_eq!(asked(&SearchKey::And(both)), a && b);
            let decided = Query::new(&one, extent).unwrap().decided(&view);
            prop_assert!(decided.is_none_or(|decided| decided == a));
        }
    }
}

fn mark_of(mark: Mark<'_>) -> Mark<'static> {
    match mark {
        Mark::Answered => Mark::Answered,
        Mark::Deleted => Mark::Deleted,
        Mark::Draft => Mark::Draft,
        Mark::Flagged => Mark::Flagged,
        Mark::Seen => Mark::Seen,
        Mark::Recent => Mark::Recent,
        Mark::Keyword(_) => Mark::Keyword("$Work"),
    }
}
