//! The lecture's two ladders of a look-up, from one scenario and one switch.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::binary::{Ran, posthaste, table, workplace};
use common::root;

fn run(place: &Path, mode: &str) {
    let set = format!("/dns/mode={mode}");
    let ran = posthaste(place, &["run", "scenarios/dns-hierarchy.json", "--set", &set, "-q", "--out", mode]);
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
}

fn ladder(place: &Path, args: &[&str]) -> Ran {
    posthaste(place, &[&["ladder"], args].concat())
}

/// Breaks when a step of either picture is missing, in another order, or drawn otherwise. After
/// looking at the new picture, POSTHASTE_BLESS=1 takes it for good.
#[test]
fn the_pictures_are_the_lectures() {
    let place = workplace();
    for mode in ["iterative", "recursive"] {
        run(place.path(), mode);
        for (ending, form) in [("svg", &[][..]), ("txt", &["--text"][..])] {
            let drawn = ladder(place.path(), &[&[mode, "--query", "1"], form].concat());
            assert_eq!(drawn.code, 0, "{}", drawn.stderr);
            let path = root().join(format!("tests/golden/ladder-{mode}.{ending}"));
            if std::env::var_os("POSTHASTE_BLESS").is_some() {
                fs::write(&path, &drawn.stdout).unwrap();
            }
            assert_eq!(drawn.stdout, fs::read_to_string(&path).unwrap(), "{}", path.display());
        }
    }
}

/// The messages of a look-up: who to whom, in order, without names and times.
fn ways(place: &Path, mode: &str, number: usize) -> Vec<[String; 2]> {
    let text = ladder(place, &[mode, "--text", "--query", &number.to_string()]).stdout;
    let short = |host: &str| host.split(['.', '-']).next().unwrap().to_owned();
    let ends = |line: &str| {
        let (from, to) = line.split_once(" -> ").unwrap();
        [short(from.rsplit(' ').next().unwrap()), short(to.split(' ').next().unwrap())]
    };
    text.lines().filter(|line| line.contains(" -> ")).map(ends).collect()
}

/// The counts of the lecture, and in the recursive picture each answer goes to whoever asked, in
/// the reverse order of the questions.
#[test]
fn messages_are_as_many_as_the_lecture_counts() {
    let place = workplace();
    for (mode, counts) in [("iterative", [8, 4, 2, 6]), ("recursive", [8, 8, 2, 8])] {
        run(place.path(), mode);
        let found: Vec<usize> = (1..=4).map(|number| ways(place.path(), mode, number).len()).collect();
        assert_eq!(found, counts, "{mode}");
    }
    for number in [1, 2, 4] {
        let all = ways(place.path(), "recursive", number);
        let (questions, answers) = all.split_at(4);
        let back: Vec<[String; 2]> = answers.iter().rev().map(|[from, to]| [to.clone(), from.clone()]).collect();
        assert_eq!(questions, back);
        assert!(questions.windows(2).all(|pair| pair[0][1] == pair[1][0]), "who is asked asks the next");
    }
    let hosts: Vec<String> = ways(place.path(), "iterative", 1).into_iter().map(|[_, to]| to).collect();
    assert_eq!(hosts, ["dns", "root", "dns", "tld", "dns", "dns", "dns", "pc"]);
}

/// Each question of a name server that recurses says for which question it is asked.
#[test]
fn questions_of_name_servers_are_tied_to_their_clients() {
    let place = workplace();
    run(place.path(), "recursive");
    let dns = table(&place.path().join("recursive"), "dns_queries");
    let by_query: BTreeMap<&str, _> = dns.iter().map(|row| (&*row["query"], row)).collect();
    let of_servers: Vec<_> = dns.iter().filter(|row| row["from"].contains("-server")).collect();
    assert_eq!(of_servers.len(), 6);
    for row in of_servers {
        let client = by_query[&*row["for_query"]];
        assert_eq!((&client["to"], &client["name"], &*row["role"]), (&row["from"], &row["name"], "resolver"));
    }
}

#[test]
fn one_can_choose_and_mistakes_are_told() {
    let place = workplace();
    run(place.path(), "iterative");
    let drawn = ladder(place.path(), &["iterative", "--host", "dns.shop.com", "--text"]);
    assert!(drawn.stdout.starts_with("Look-up of www.shop.com A by pc.campus.edu\n"), "{}", drawn.stdout);
    let drawn = ladder(place.path(), &["iterative", "--query", "www.example.com", "-o", "two.svg"]);
    assert_eq!((drawn.code, &*drawn.stdout), (0, ""));
    assert!(fs::read_to_string(place.path().join("two.svg")).unwrap().contains("<title>2 look-ups</title>"));
    let wrong = [
        (&["iterative", "--query", "5"][..], 2, "--query 5: there are 4 look-ups that match, counted from 1"),
        (&["iterative", "--query", "www.nowhere.com"], 2, "no look-up matches"),
        (
            &["iterative", "--host", "dns.exmaple.com"],
            2,
            "--host \"dns.exmaple.com\": no look-up has to do with a host of that name; did you mean dns.example.com?",
        ),
        (&["nothing"], 4, "no such file or folder"),
        (&["iterative", "-o", "no/such/folder.svg"], 4, "cannot write"),
    ];
    for (args, code, said) in wrong {
        let ran = ladder(place.path(), args);
        assert!(ran.code == code && ran.stderr.contains(said), "{args:?}: {} {}", ran.code, ran.stderr);
    }
}
