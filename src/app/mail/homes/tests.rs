//! Would break if an expansion did not end, gave anybody two copies or left anybody out, or if
//! a recipient vanished without a copy, a bounce or a wish.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::app::mail::config::{AddressBook, ForwardConfig, SubaddressConfig};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| at_home(text)).collect()
}

/// The address itself, or that of a local part at h.edu.
fn at_home(text: &str) -> String {
    if text.contains('@') { text.to_owned() } else { format!("{text}@h.edu") }
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(&at_home(text)).unwrap()
}

fn alias(from: &str, to: &[&str]) -> (String, Vec<String>) {
    (at_home(from), texts(to))
}

fn forward(from: &str, to: &[&str], keep_copy: bool) -> ForwardConfig {
    ForwardConfig { address: at_home(from), to: texts(to), keep_copy }
}

fn list(name: &str, members: &[&str], posting: Posting) -> ListConfig {
    let owner = at_home(&format!("{name}-owner"));
    ListConfig { address: at_home(name), members: texts(members), owner, posting, sender_field: false }
}

fn book(users: &[&str]) -> AddressBook {
    AddressBook { users: texts(users), ..AddressBook::default() }
}

fn homes(book: &AddressBook) -> Homes {
    let routing = RoutingConfig { book: book.clone(), ..RoutingConfig::default() };
    Homes::new(&["h.edu".to_owned()], &routing)
}

fn run(homes: &Homes, from: &str, to: &[&str], most: usize) -> Expansion {
    let sender = if from.is_empty() { ReversePath::Null } else { ReversePath::Mailbox(mailbox(from)) };
    let recipients: Vec<Mailbox> = to.iter().map(|to| mailbox(to)).collect();
    let passed = BTreeSet::new();
    expand(homes, &recipients, &Sending { sender: &sender, passed: &passed, heed_passed: false, most })
}

fn place(place: &Place) -> String {
    match place {
        Place::Queue => "queue".to_owned(),
        Place::Mailbox { key, folder: None } => key.strip_suffix("@h.edu").unwrap().to_owned(),
        Place::Mailbox { key, folder: Some(folder) } => format!("{}/{folder}", key.strip_suffix("@h.edu").unwrap()),
        Place::Discard => "discard".to_owned(),
        Place::Unknown => "unknown".to_owned(),
        Place::NotPermitted => "not permitted".to_owned(),
        Place::Loop => "loop".to_owned(),
    }
}

/// One line for each recipient: its end, and the copies that came of it.
fn told(homes: &Homes, from: &str, to: &[&str]) -> String {
    let expansion = run(homes, from, to, 100);
    let line = |fate: &Fate| {
        let end = match &fate.end {
            End::Placed(at) => place(at),
            End::Expanded => "expanded".to_owned(),
            End::Merged(at) => format!("as {}", place(at)),
            End::Loop => "round".to_owned(),
            End::TooMany => "too many".to_owned(),
        };
        let child =
            |child: &Child| format!(" {}>{}", child.address.as_str().replace("@h.edu", ""), place(&child.place));
        end + &fate.children.iter().map(child).collect::<String>()
    };
    expansion.fates.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn aliases_and_forwards() {
    let homes = homes(&AddressBook {
        forwards: vec![
            forward("carol", &["carol@x.org"], false),
            forward("dan", &["dan@x.org", "bob"], true),
            forward("eve", &["frank"], false),
            forward("frank", &["eve"], false),
        ],
        aliases: vec![
            alias("info", &["bob", "eva@x.org", "nobody"]),
            alias("chain", &["chain2"]),
            alias("chain2", &["bob"]),
            alias("self", &["self"]),
            alias("a", &["b"]),
            alias("b", &["a"]),
            alias("bob2", &["bob"]),
            alias("ann", &["ann", "bob"]),
            alias("left", &["c", "bob"]),
            alias("c", &["left"]),
            alias("diamond", &["bob2", "chain", "bob"]),
            alias("dead", &["nul"]),
            alias("postmaster", &["bob"]),
        ],
        discards: texts(&["nul"]),
        ..book(&["bob", "carol", "dan", "ann", "eve", "frank"])
    });
    for (to, expected) in [
        (&["bob"][..], "bob"),
        (&["carol"], "expanded carol@x.org>queue"),
        (&["dan"], "dan dan@x.org>queue bob>bob"),
        (&["info"], "expanded bob>bob eva@x.org>queue nobody>unknown"),
        (&["chain"], "expanded bob>bob"),
        (&["self"], "round"),
        (&["a"], "round"),
        (&["a", "b", "bob"], "round; round; bob"),
        (&["ann"], "ann bob>bob"),
        (&["left"], "expanded bob>bob"),
        (&["c"], "expanded bob>bob"),
        (&["diamond"], "expanded bob>bob"),
        (&["bob2", "chain"], "expanded bob>bob; expanded"),
        (&["chain", "bob"], "expanded; bob"),
        (&["info", "dan"], "expanded bob>bob eva@x.org>queue nobody>unknown; dan dan@x.org>queue"),
        (&["eve"], "eve"),
        (&["frank", "eve"], "frank; eve"),
        (&["dead", "nul"], "expanded; discard"),
        (&["dead"], "expanded nul>discard"),
        (&["Postmaster", "x@y.org", "none"], "expanded bob>bob; queue; unknown"),
    ] {
        assert_eq!(told(&homes, "s@x.org", to), expected, "{to:?}");
    }
}

#[test]
fn details_and_catch_all() {
    let catch_all = |except: &[&str]| CatchAll {
        domain: "h.edu".to_owned(),
        mailbox: at_home("carol"),
        except: except.iter().map(|text| (*text).to_owned()).collect(),
    };
    let mut book = AddressBook {
        subaddresses: vec![SubaddressConfig { domain: "H.edu".to_owned(), separator: '-', folders: false }],
        aliases: vec![alias("sales", &["bob"]), alias("bob-x", &["eva@x.org"])],
        forwards: vec![forward("carol", &["carol@x.org"], false)],
        ..book(&["bob", "carol", "a-b"])
    };
    let plain = homes(&book);
    for (to, expected) in [
        ("bob-any", "bob"),
        ("BOB-", "bob"),
        ("bob-a-b", "bob"),
        ("a-b-c", "a-b"),
        ("bob-x", "expanded eva@x.org>queue"),
        ("sales-7", "expanded bob>bob"),
        ("carol-7", "expanded carol@x.org>queue"),
        ("-bob", "unknown"),
        ("bobby", "unknown"),
    ] {
        assert_eq!(told(&plain, "s@x.org", &[to]), expected, "{to}");
    }
    book.subaddresses[0].folders = true;
    book.catch_alls = vec![catch_all(&["no*"])];
    book.forwards[0].keep_copy = true;
    let folders = homes(&book);
    for (to, expected) in [
        ("bob-any", "bob/any"),
        ("bob-", "bob"),
        ("sales-7", "expanded bob>bob"),
        ("carol-7", "carol/7 carol@x.org>queue"),
        ("nobody", "unknown"),
        ("zoe", "carol carol@x.org>queue"),
    ] {
        assert_eq!(told(&folders, "s@x.org", &[to]), expected, "{to}");
    }
}

#[test]
fn lists_and_who_may_write_to_them() {
    let homes = homes(&AddressBook {
        lists: vec![
            list("team", &["bob", "eva@x.org", "bob"], Posting::Members),
            list("news", &["team", "bob"], Posting::Owner),
            list("open", &["open", "news"], Posting::Anyone),
        ],
        aliases: vec![alias("all", &["team"]), alias("news-owner", &["bob"])],
        ..book(&["bob"])
    });
    for (from, to, expected) in [
        ("bob", "team", "expanded bob>bob eva@x.org>queue"),
        ("EVA@x.org", "team", "expanded bob>bob eva@x.org>queue"),
        ("team-owner", "team", "expanded bob>bob eva@x.org>queue"),
        ("s@x.org", "team", "not permitted"),
        ("", "team", "not permitted"),
        ("s@x.org", "all", "expanded team>not permitted"),
        ("bob", "news", "not permitted"),
        // the inner list gets it from the outer list's owner, who is no member
        ("news-owner", "news", "expanded team>not permitted bob>bob"),
        ("", "open", "expanded news>not permitted"),
    ] {
        assert_eq!(told(&homes, from, &[to]), expected, "{from} {to}");
    }
    let expansion = run(&homes, "bob", &["all", "bob"], 100);
    let child = &expansion.fates[0].children[0];
    assert_eq!(expansion.list_of(child.node).unwrap().owner.as_str(), "team-owner@h.edu");
    let way: Vec<&str> = expansion.way(child.node).map(|node| node.address.local_part()).collect();
    assert_eq!(way, ["team", "all"]);
}

#[test]
fn what_was_delivered_there_before_stops() {
    let homes = homes(&AddressBook {
        lists: vec![list("team", &["eva@x.org"], Posting::Anyone)],
        forwards: vec![forward("bob", &["bob@x.org"], false)],
        ..book(&["bob"])
    });
    let passed = ["bob@h.edu", "team@h.edu"].map(str::to_owned).into();
    let sender = ReversePath::Null;
    let mut origin = Sending { sender: &sender, passed: &passed, heed_passed: false, most: 9 };
    let ends = |origin: &Sending<'_>| {
        let expansion = expand(&homes, &[mailbox("Bob"), mailbox("Team")], origin);
        expansion.fates.into_iter().map(|fate| fate.end).collect::<Vec<_>>()
    };
    assert_eq!(ends(&origin), [End::Expanded, End::Placed(Place::Loop)]);
    origin.heed_passed = true;
    assert_eq!(ends(&origin), [End::Placed(Place::Loop), End::Placed(Place::Loop)]);
}

#[test]
fn a_list_of_ten_thousand_is_walked_once() {
    let members: Vec<String> = (0..10_000).map(|n| format!("m{n}@x.org")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let homes = homes(&AddressBook {
        lists: vec![list("big", &members, Posting::Anyone)],
        aliases: vec![alias("twice", &["big", "big"])],
        ..book(&["bob"])
    });
    let expansion = run(&homes, "bob", &["twice", "big", "bob"], 20_000);
    let copies: Vec<usize> = expansion.fates.iter().map(|fate| fate.children.len()).collect();
    assert_eq!(copies, [10_000, 0, 0]);
    for (most, ends) in [
        (10_003, [End::Expanded, End::Expanded]),
        (10_001, [End::TooMany, End::TooMany]),
        (1, [End::TooMany, End::TooMany]),
    ] {
        let expansion = run(&homes, "bob", &["twice", "big"], most);
        assert_eq!(expansion.fates.iter().map(|fate| fate.end.clone()).collect::<Vec<_>>(), ends);
        assert!(expansion.fates.iter().map(|fate| fate.children.len()).sum::<usize>() <= most);
    }
}

#[test]
fn chains_have_a_greatest_length() {
    let chain = |length: usize| AddressBook {
        aliases: (0..length).map(|n| alias(&format!("a{n}"), &[&format!("a{}", n + 1)])).collect(),
        ..book(&[&format!("a{length}")])
    };
    assert_eq!(told(&homes(&chain(1_000)), "s@x.org", &["a0"]), "expanded a1000>a1000");
    assert_eq!(told(&homes(&chain(1_001)), "s@x.org", &["a0"]), "expanded a1000>loop");
    assert_eq!(told(&homes(&chain(5_000)), "s@x.org", &["a0"]), "expanded a1000>loop");
}

/// Tables of a few addresses that stand for each other in any way.
fn tables() -> impl Strategy<Value = BTreeMap<usize, Vec<usize>>> {
    proptest::collection::btree_map(0..12_usize, proptest::collection::vec(0..14_usize, 1..4), 0..10)
}

/// All addresses that can be reached from one, itself included.
fn reachable(table: &BTreeMap<usize, Vec<usize>>, from: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::from([from]);
    loop {
        let next: BTreeSet<usize> =
            found.iter().filter_map(|at| table.get(at)).flatten().copied().chain(found.iter().copied()).collect();
        if next.len() == found.len() {
            return found;
        }
        found = next;
    }
}

/// Would break if two addresses of one mailbox got two copies of a message, or if two folders were taken for one.
#[test]
fn a_mailbox_gets_one_copy_by_whatever_addresses() {
    let with = |folders: bool| {
        homes(&AddressBook {
            aliases: vec![alias("both", &["bob+a", "bob+b"]), alias("info", &["bob+a", "eva@x.org"])],
            forwards: vec![forward("dan", &["eva@x.org"], true)],
            catch_alls: vec![CatchAll { domain: "h.edu".to_owned(), mailbox: at_home("bob"), except: Vec::new() }],
            subaddresses: vec![SubaddressConfig { domain: "h.edu".to_owned(), separator: '+', folders }],
            ..book(&["bob", "dan"])
        })
    };
    for (folders, to, expected) in [
        (false, &["bob+x", "bob", "anybody", "BOB+Y"][..], "bob; as bob; as bob; as bob"),
        (false, &["info", "bob"], "expanded eva@x.org>queue; bob"),
        (false, &["both"], "expanded bob+a>bob"),
        (false, &["dan+x", "dan"], "dan eva@x.org>queue; as dan"),
        (true, &["bob+x", "bob", "anybody", "BOB+X"], "bob/x; bob; as bob; as bob/x"),
        (true, &["both", "bob+a"], "expanded bob+b>bob/b; bob/a"),
    ] {
        assert_eq!(told(&with(folders), "", to), expected, "{folders} {to:?}");
    }
}

fn on_a_cycle(table: &BTreeMap<usize, Vec<usize>>, at: usize) -> bool {
    table.get(&at).is_some_and(|to| to.iter().any(|to| reachable(table, *to).contains(&at)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Of 14 addresses, 12 and 13 are elsewhere, the odd ones are users, and the table says
    /// which are aliases. Every end of a chain gets its copy, and at most the users on a circle one more.
    #[test]
    fn any_tables_end(table in tables(), to in proptest::collection::vec(0..12_usize, 1..5)) {
        let name = |at: usize| if at >= 12 { format!("n{at}@x.org") } else { at_home(&format!("n{at}")) };
        let names: Vec<String> = (1..12).step_by(2).map(name).collect();
        let homes = homes(&AddressBook {
            users: names,
            aliases: table.iter().map(|(at, to)| (name(*at), to.iter().map(|to| name(*to)).collect())).collect(),
            ..AddressBook::default()
        });
        let recipients: Vec<Mailbox> = to.iter().map(|at| mailbox(&name(*at))).collect();
        let (sender, passed) = (ReversePath::Null, BTreeSet::new());
        let origin = Sending { sender: &sender, passed: &passed, heed_passed: true, most: 1_000 };
        let expansion = expand(&homes, &recipients, &origin);
        let mut got: BTreeMap<String, u32> = BTreeMap::new();
        let mut given: BTreeSet<usize> = BTreeSet::new();
        let mut vanished: Vec<usize> = Vec::new();
        for (fate, at) in expansion.fates.iter().zip(&to) {
            let first = given.insert(*at);
            if matches!(fate.end, End::Placed(_)) && first {
                *got.entry(name(*at)).or_default() += 1;
            }
            for child in &fate.children {
                *got.entry(child.address.to_string()).or_default() += 1;
                prop_assert!(expansion.way(child.node).last().unwrap().address == recipients[to.iter().position(|to| to == at).unwrap()]);
            }
            // Loop only if there is nobody to whom the chains lead.
            let ends = reachable(&table, *at).into_iter().filter(|at| !table.contains_key(at)).count();
            prop_assert!(fate.end != End::Loop || ends == 0);
if fate.end == End::Expanded && fate.children.is_empty() {
                vanished.push(*at);
            }
        }
        prop_assert!(got.values().all(|copies| *copies == 1), "{got:?}");
        // What came to nothing came to people who have their copy.
        for at in vanished {
            prop_assert!(reachable(&table, at).into_iter().any(|at| got.contains_key(&name(at))), "{} vanished", name(at));
        }
        let all: BTreeSet<usize> = to.iter().flat_map(|at| reachable(&table, *at)).collect();
        for at in 0..14 {
            let must = all.contains(&at) && !table.contains_key(&at);
            let may = must || all.contains(&at) && at % 2 == 1 && at < 12 && on_a_cycle(&table, at);
            let has = got.contains_key(&name(at));
            prop_assert!(has || !must, "{} is left out", name(at));
            prop_assert!(may || !has, "{} got a copy", name(at));
        }
    }
}
