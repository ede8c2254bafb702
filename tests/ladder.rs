//! Ladders: the lecture's two of a look-up, from one scenario and one switch; dialogues, the way of a message, and
//! segments, with the table `dialogues` that they are read from; and all of the library, as to their texts.

mod common;
#[path = "ladder/library.rs"]
mod library;

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
    let drawn = ladder(place.path(), &["iterative", "--host", "DNS.shop.com", "--text"]);
    assert!(drawn.stdout.starts_with("Look-up of www.shop.com A by pc.campus.edu\n"), "{}", drawn.stdout);
    let drawn = ladder(place.path(), &["iterative", "--query", "www.example.com", "-o", "two.svg"]);
    assert_eq!((drawn.code, &*drawn.stdout), (0, ""));
    assert!(
        fs::read_to_string(place.path().join("two.svg")).unwrap().contains("<title id=\"title\">2 look-ups</title>")
    );
    let empty = ladder(place.path(), &["iterative", "--protocol", "pop3"]);
    assert!(empty.code == 0 && empty.stdout.contains(">Nothing to draw.</text>"), "{}", empty.stderr);
    let wrong = [
        (&["iterative", "--query", "5"][..], 2, "--query 5: there are 4 look-ups that match, counted from 1"),
        (&["iterative", "--query", "www.nowhere.com"], 2, "no look-up matches"),
        (
            &["iterative", "--host", "dns.exmaple.com"],
            2,
            "--host \"dns.exmaple.com\": nothing has to do with a host of that name; did you mean dns.example.com?",
        ),
        (&["iterative", "--message", "<1@x>"], 2, "--message \"<1@x>\": there is no such message"),
        (&["iterative", "--conn", "pc#1"], 2, "--conn \"pc#1\": there is no such connection"),
        (&["iterative", "--from", "soon"], 2, "--from: "),
        (&["iterative", "--from", "2s", "--to", "1s"], 2, "--from 2.000000000 s is later than --to 1.000000000 s"),
        (&["iterative", "--for", "slides", "--page", "99"], 2, "--page 99: there are "),
        (&["iterative", "--for", "slides", "--page", "0"], 2, "neither a number from 1 nor `all`"),
        (&["iterative", "--for", "slides", "--page", "all"], 2, "--page all writes files: give a name with -o"),
        (&["iterative", "--page", "2"], 2, "--for <PURPOSE>"),
        (&["iterative", "--text", "-o", "x.png"], 2, "--text writes text, which is no PNG"),
        (&["iterative", "-o", "x.gif"], 2, "pictures are SVG or PNG, not gif: call the file .svg or .png"),
        (&["nothing"], 4, "no such file or folder"),
        (&["iterative", "-o", "no/such/folder.svg"], 4, "cannot write"),
    ];
    for (args, code, said) in wrong {
        let ran = ladder(place.path(), args);
        assert!(ran.code == code && ran.stderr.contains(said), "{args:?}: {} {}", ran.code, ran.stderr);
    }
}

/// Breaks when `-` is a file's name, a PNG is none, or pages are not files of their own.
#[test]
fn pictures_go_where_they_are_wanted() {
    let place = workplace();
    run(place.path(), "iterative");
    let drawn = ladder(place.path(), &["iterative", "--query", "1"]);
    let other = ladder(place.path(), &["iterative", "--query", "1", "-o", "-"]);
    assert_eq!((other.code, &drawn.stdout), (0, &other.stdout));
    let drawn = ladder(place.path(), &["iterative", "--for", "paper", "--query", "1", "-o", "one.png"]);
    assert_eq!((drawn.code, &*drawn.stdout, &*drawn.stderr), (0, "", ""));
    assert!(fs::read(place.path().join("one.png")).unwrap().starts_with(b"\x89PNG"));
    let drawn = ladder(place.path(), &["iterative", "--for", "slides", "--page", "all", "-o", "all.svg"]);
    assert_eq!((drawn.code, &*drawn.stdout, &*drawn.stderr), (0, "", ""));
    let [first, second] = [1, 2].map(|n| fs::read_to_string(place.path().join(format!("all-{n}.svg"))).unwrap());
    assert!(first.contains("Page 1 of ") && second.contains("Page 2 of "));
    let drawn = ladder(place.path(), &["iterative", "--for", "slides", "--page", "2"]);
    assert_eq!(drawn.stdout, second);
}

/// Breaks when a scenario, a file that it names, or a file of a run is written over by what is made of it.
#[test]
fn what_is_read_is_not_written_over() {
    let place = workplace();
    let scenario = r#"{ "mail": { "a.fr": { "users": ["x"] } },
      "workload": [{ "at": "0s", "from": "x@a.fr", "to": ["x@a.fr"], "attachments": [{ "file": "note.txt" }] }] }"#;
    fs::write(place.path().join("one.json"), scenario).unwrap();
    fs::write(place.path().join("note.txt"), "note").unwrap();
    let ran = posthaste(place.path(), &["run", "one.json", "-q", "--out", "one"]);
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    let targets = [
        ("one.json", "./one.json", "that is the scenario"),
        ("one.json", "note.txt", "that is a file of the scenario"),
        ("one", "one/manifest.json", "that is a file of the run"),
        ("one", "one/tables/messages.csv", "that is a file of the run"),
        ("one", "one", "that is the result folder"),
    ];
    for (run, target, said) in targets {
        let before = fs::read(place.path().join(target)).ok();
        for command in [&["ladder", run][..], &["chart", run, "topology"], &["report", run]] {
            let ran = posthaste(place.path(), &[command, &["-o", target]].concat());
            assert!(ran.code == 2 && ran.stderr.contains(said), "{command:?} {target}: {} {}", ran.code, ran.stderr);
        }
        assert_eq!(before, fs::read(place.path().join(target)).ok(), "{target}");
    }
    for command in [&["ladder", "one"][..], &["chart", "one", "topology"], &["report", "one"]] {
        for target in ["one/new.svg", "one/new.svg", "-"] {
            let ran = posthaste(place.path(), &[command, &["-o", target]].concat());
            assert_eq!(ran.code, 0, "{command:?} {target}: {}", ran.stderr);
        }
        assert!(!place.path().join("-").exists());
    }
}

/// Breaks when a submission that was refused, one that never found its server, or a report has no way.
#[test]
fn what_went_wrong_has_a_way() {
    let place = workplace();
    for scenario in ["submission", "greylisting", "labs/reading-but-not-writing"] {
        run_of(place.path(), scenario);
    }
    let way = |run: &str, message: &str| ladder(place.path(), &[run, "--message", message, "--text"]).stdout;
    let refused = way("submission", "2.carol@crepes.fr");
    for said in ["carol-pc.crepes.fr -> crepes.fr", "RCPT TO:<bob@hamburger.edu>", "550 5.7.1", "given up: 550 5.7.1"] {
        assert!(refused.contains(said), "{said}: {refused}");
    }
    let bounce = way("greylisting", "b.1@spam.biz");
    for said in
        [" -> ", "a server writes to sly@spam.biz about <1.sly@spam.biz> (bounce)", "in the mailbox of sly@spam.biz"]
    {
        assert!(bounce.contains(said), "{said}: {bounce}");
    }
    let outbox = way("labs/reading-but-not-writing", "1.w1@office.com");
    assert!(outbox.contains("SMTP: connect to port") && outbox.contains("more attempts alike"), "{outbox}");
}

/// Breaks when what an alias made of a message is put where the message came from.
#[test]
fn an_alias_delivers_at_its_own_server() {
    let place = workplace();
    let scenario = r#"{
      "mail": { "a.fr": { "users": ["x"] }, "b.edu": { "users": ["z"], "aliases": { "all": ["z"] } } },
      "workload": [{ "at": "0s", "from": "x@a.fr", "to": ["all@b.edu"] }]
    }"#;
    fs::write(place.path().join("alias.json"), scenario).unwrap();
    let ran = ladder(place.path(), &["alias.json", "--message", "1.x@a.fr", "--text"]);
    let line = ran.stdout.lines().find(|line| line.contains("in the mailbox of z@b.edu"));
    assert!(line.is_some_and(|line| line.contains(" b.edu ")), "{}", ran.stdout);
}

/// Takes what was written for good when that is asked for, and compares it.
fn golden(name: &str, drawn: &Ran) {
    assert_eq!((drawn.code, &*drawn.stderr), (0, ""));
    let path = root().join(format!("tests/golden/ladder-{name}"));
    if std::env::var_os("POSTHASTE_BLESS").is_some() {
        fs::write(&path, &drawn.stdout).unwrap();
    }
    assert_eq!(drawn.stdout, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
}

fn run_of(place: &Path, scenario: &str) {
    let file = format!("scenarios/{scenario}.json");
    let ran = posthaste(place, &["run", &file, "-q", "--set", "/outputs/charts=false", "--out", scenario]);
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
}

/// Breaks when a line is missing, stands at another time, or is drawn otherwise.
#[test]
fn dialogues_ways_and_segments_are_drawn_so() {
    let place = workplace();
    for scenario in ["ketchup", "lost-reply", "imap-folders", "web-page", "returned-to-sender"] {
        run_of(place.path(), scenario);
    }
    let way = ["ketchup", "--message", "1.alice@crepes.fr"];
    let cases: [(&str, &[&str]); 12] = [
        ("smtp.svg", &["ketchup", "--conn", "crepes.fr#1"]),
        ("smtp.txt", &["ketchup", "--conn", "crepes.fr#1", "--text"]),
        ("smtp-unfolded.txt", &["ketchup", "--conn", "crepes.fr#1", "--text", "--unfold"]),
        ("smtp-slides.svg", &["ketchup", "--conn", "crepes.fr#1", "--for", "slides"]),
        ("pop3.txt", &["ketchup", "--protocol", "pop3", "--text"]),
        ("way.svg", &way),
        ("way.txt", &[&way[..], &["--text"]].concat()),
        ("retries.txt", &["lost-reply", "--message", "1.alice@crepes.fr", "--protocol", "smtp", "--text"]),
        ("imap.txt", &["imap-folders", "--conn", "bob-laptop.hamburger.edu#1", "--text"]),
        ("http.svg", &["web-page", "--conn", "alice-pc.crepes.fr#1", "--for", "paper"]),
        ("segments.svg", &["ketchup", "--conn", "crepes.fr#1", "--protocol", "tcp", "--for", "handout"]),
        ("segments.txt", &["ketchup", "--conn", "crepes.fr#1", "--protocol", "tcp", "--text"]),
    ];
    for (name, args) in cases {
        golden(name, &ladder(place.path(), args));
    }
}

/// Breaks when the times of a dialogue's strokes are not those of its segments.
#[test]
fn strokes_arrive_with_their_segments() {
    let place = workplace();
    run_of(place.path(), "ketchup");
    let lines = |protocol: &[&str]| {
        let args = ["ketchup", "--conn", "crepes.fr#1", "--text"];
        let text = ladder(place.path(), &[&args[..], protocol].concat()).stdout;
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let times =
        |line: &str| line.split(" s").take(2).map(|time| time.trim().parse::<f64>().unwrap()).collect::<Vec<_>>();
    let said: Vec<_> = lines(&[]).iter().skip(2).map(|line| times(line)).collect();
    let sent = lines(&["--protocol", "tcp"]);
    let sent: Vec<_> = sent.iter().filter(|line| line.contains("octets)")).map(|line| times(line)).collect();
    assert_eq!(said.len(), 13);
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 0.0006;
    assert!(said.concat().iter().zip(&sent.concat()).all(near), "{said:?} {sent:?}");
    assert_eq!(said.len(), sent.len());
}

/// Breaks when a loss has no cross and no reason, or a repetition no mark.
#[test]
fn losses_and_repetitions_are_told() {
    let place = workplace();
    run_of(place.path(), "flaky-link");
    let text =
        ladder(place.path(), &["flaky-link", "--protocol", "tcp", "--from", "60s", "--to", "62s", "--text"]).stdout;
    let lost: Vec<&str> = text.lines().filter(|line| line.contains(" lost  ")).collect();
    assert!(!lost.is_empty() && lost.iter().all(|line| line.contains(" at ")), "{text}");
    assert!(text.contains("again (fast retransmit): seq"), "{text}");
    let lost_replies =
        ladder(place.path(), &["flaky-link", "--protocol", "tcp", "--from", "60s", "--to", "62s"]).stdout;
    assert!(lost_replies.contains("never there") && lost_replies.contains("12 3 3 3"));
}

/// Breaks when the segments of a run that cannot be done again are not read from its capture, or read otherwise than they
/// were, or when the want of a capture is not told.
#[test]
fn a_capture_stands_for_a_run_that_cannot_be_done_again() {
    let place = workplace();
    let settings = ["--set", "/outputs/charts=false", "--set", "/outputs/capture=true", "--out", "flaky"];
    let ran = posthaste(place.path(), &[&["run", "scenarios/flaky-link.json", "-q"], &settings[..]].concat());
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    let args = ["flaky", "--protocol", "tcp", "--from", "60s", "--to", "62s", "--text"];
    // who sent what to whom, and whether it is known to be lost
    let said = |text: &str| -> Vec<(String, bool)> {
        let lines = text.lines().filter(|line| line.contains(" -> "));
        lines
            .map(|line| {
                let (from, rest) = line.split_once(" -> ").unwrap();
                let words: Vec<&str> = rest.split_whitespace().collect();
                (format!("{} -> {}", from.rsplit(' ').next().unwrap(), words.join(" ")), from.contains(" lost  "))
            })
            .collect()
    };
    let seen = ladder(place.path(), &args);
    let manifest = place.path().join("flaky/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let changed = text.replace("\"ended\": \"idle\"", "\"ended\": \"stopped\"");
    assert_ne!(changed, text);
    fs::write(&manifest, changed).unwrap();
    let read = ladder(place.path(), &args);
    assert_eq!((read.code, &*read.stderr), (0, ""));
    let (seen, read) = (said(&seen.stdout), said(&read.stdout));
    assert!(seen.len() > 50 && seen.iter().any(|(_, lost)| *lost), "{seen:?}");
    assert_eq!(seen, read);
    fs::remove_file(place.path().join("flaky/capture.pcapng")).unwrap();
    let none = ladder(place.path(), &args);
    assert!(none.code == 4 && none.stderr.contains("nor is there a capture of its packets"), "{}", none.stderr);
}

/// Breaks when the table tells octets, lines or times that the run did not have.
#[test]
fn the_table_tells_what_was_said() {
    let place = workplace();
    for scenario in ["ketchup", "lost-reply", "webmail", "imap-folders", "dual-stack"] {
        run_of(place.path(), scenario);
        let folder = place.path().join(scenario);
        let mut octets: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        for row in table(&folder, "dialogues") {
            *octets.entry((row["connection"].clone(), row["speaker"].clone())).or_default() +=
                row["octets"].parse::<u64>().unwrap();
            let file = format!("{}-{}.txt", row["protocol"], row["connection"].replace('#', "-"));
            *lines.entry(file).or_default() += row["lines"].parse::<usize>().unwrap();
            assert!(
                row["heard_s"].is_empty() || row["heard_s"].parse::<f64>().unwrap() >= row["at_s"].parse().unwrap()
            );
        }
        for (file, counted) in &lines {
            let text = fs::read_to_string(folder.join("transcripts").join(file)).unwrap();
            assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), *counted, "{scenario} {file}");
        }
        assert_eq!(fs::read_dir(folder.join("transcripts")).unwrap().count(), lines.len(), "{scenario}");
        for row in table(&folder, "connections").iter().filter(|row| row["end_client"] == "finished") {
            for (speaker, column) in [("client", "bytes_to_server"), ("server", "bytes_to_client")] {
                let said = octets.get(&(row["connection"].clone(), speaker.to_owned())).copied().unwrap_or(0);
                assert_eq!(said.to_string(), row[column], "{scenario} {} {speaker}", row["connection"]);
            }
        }
    }
}

/// Whatever is done to the table or a transcript, the answer is an error that names the file.
#[test]
fn damage_is_told() {
    let place = workplace();
    run_of(place.path(), "ketchup");
    let folder = place.path().join("ketchup");
    let table = folder.join("tables/dialogues.csv");
    let spoken = folder.join("transcripts/smtp-crepes.fr-1.txt");
    let [good, said] = [&table, &spoken].map(|path| fs::read_to_string(path).unwrap());
    let row = good.lines().rfind(|line| line.starts_with("crepes.fr#1,")).unwrap();
    let damages = [
        (&table, good.replace(",lines,", ",line,"), "the header is not that of the table dialogues"),
        (
            &table,
            good.replace(row, &row.replace(",server,", ",nobody,")),
            "column speaker: \"nobody\" is not one of the column's words",
        ),
        (
            &table,
            good.replace(row, &row.replace(",38,1,", ",38,many,")),
            "column lines: \"many\" is not a whole number",
        ),
        (
            &table,
            good.replace(row, &row.replace(",38,1,", ",38,2,")),
            "it has fewer lines than tables/dialogues.csv counts",
        ),
        (&table, good.replace(row, &row.replace(",38,1,", ",38,4000000000,")), "it has fewer lines"),
        (&table, good.replace("crepes.fr#1,smtp,crepes.fr", "crepes.fr#1,smtp,../../x"), "No such file"),
        (&spoken, said.replace("C: QUIT", "S: QUIT"), "not a line of the client's"),
        (&spoken, said.replace("C: QUIT", "QUIT"), "not a line of the client's"),
        (&spoken, format!("{said}?\n"), "more lines than tables/dialogues.csv counts"),
        (&spoken, String::new(), "it has fewer lines"),
    ];
    for (path, damaged, what) in damages {
        let whole = fs::read_to_string(path).unwrap();
        assert_ne!(whole, damaged, "{what}: no damage");
        fs::write(path, damaged).unwrap();
        let ran = ladder(place.path(), &["ketchup", "--conn", "crepes.fr#1"]);
        assert!(ran.code == 4 && ran.stderr.contains(what), "{what}: {} {}", ran.code, ran.stderr);
        fs::write(path, whole).unwrap();
    }
    fs::remove_file(&table).unwrap();
    let ran = ladder(place.path(), &["ketchup", "--conn", "crepes.fr#1", "--text"]);
    assert!(
        ran.code == 0 && ran.stdout.contains("connect to port 25") && !ran.stdout.contains("HELO"),
        "{}",
        ran.stderr
    );
}
