//! What becomes a step and in which order, and that no text lies on another.

use super::dns::{all_look_ups, look_ups};
use super::folding::{Kind, Reader};
use super::grid::Grid;
use super::picture::{Draft, Ladder, Look, Message, Step, What};
use super::rounds::Rounds;
use super::style::Style;
use super::{LadderError, LadderFor, TimeScale};
use crate::base::socket::Side;
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::{DnsOutcome, DnsRole, DnsRow, Text};

fn row(
    query: &str,
    ends: &str,
    (asked_ms, latency_ms): (u64, Option<u64>),
    outcome: DnsOutcome,
    for_query: &str,
) -> DnsRow {
    let (from, to) = ends.split_once('>').unwrap();
    let answered = latency_ms.is_some() && !matches!(outcome, DnsOutcome::Timeout | DnsOutcome::Unreachable);
    DnsRow {
        asked: SimTime::ZERO + SimDuration::from_millis(asked_ms),
        query: query.into(),
        from: from.into(),
        to: to.into(),
        role: if for_query.is_empty() { DnsRole::Stub } else { DnsRole::Resolver },
        name: "www.a.fr".into(),
        rtype: "A".into(),
        retry: 0,
        outcome,
        rcode: answered.then(|| Text::from("NOERROR")),
        answers: answered.then_some(u16::from(outcome == DnsOutcome::Answer)),
        latency: latency_ms.map(SimDuration::from_millis),
        heard: None,
        replied: None,
        cache: None,
        for_query: Some(for_query).filter(|query| !query.is_empty()).map(Text::from),
    }
}

fn ladder(rows: &[DnsRow], host: Option<&str>, query: Option<&str>) -> Result<Ladder, LadderError> {
    let hosts: Vec<String> = host.into_iter().map(str::to_owned).collect();
    look_ups(rows, &hosts, query).map(|(drafts, title)| Ladder::of(title, drafts))
}

fn text(rows: &[DnsRow], host: Option<&str>, query: Option<&str>) -> Result<String, LadderError> {
    ladder(rows, host, query).map(|ladder| ladder.text())
}

/// On a network without delay all happens at one instant, and only who asks for whom gives the
/// order. A second look-up falls into the first.
#[test]
fn what_follows_from_something_stands_beneath_it() {
    let rows = [
        row("pc?1", "pc>dns", (0, Some(0)), DnsOutcome::Answer, ""),
        row("dns?1", "dns>root", (0, Some(0)), DnsOutcome::Referral, "pc?1"),
        row("dns?2", "dns>com", (0, Some(0)), DnsOutcome::Answer, "pc?1"),
        row("com?1", "com>a", (0, Some(0)), DnsOutcome::Answer, "dns?2"),
    ];
    let wanted = "\
Look-up of www.a.fr A by pc
1  0.000 s  pc -> dns      www.a.fr A?
2             dns -> root  www.a.fr A?
3             root -> dns  referral
4             dns -> com   www.a.fr A?
5               com -> a   www.a.fr A?
6               a -> com   1 record
7             com -> dns   1 record
8           dns -> pc      1 record
";
    assert_eq!(text(&rows, None, None).unwrap(), wanted);
    let later = row("tv?1", "tv>dns", (1500, Some(3)), DnsOutcome::NxDomain, "");
    let all = [&rows[..], &[later]].concat();
    let shown = text(&all, None, None).unwrap();
    assert!(shown.starts_with("2 look-ups\n") && shown.contains("\n... 1.500 s\n"), "{shown}");
    assert!(
        shown.ends_with(" 9  1.500 s  tv -> dns      www.a.fr A?\n10  1.503 s  dns -> tv      no such name\n"),
        "{shown}"
    );
    assert_eq!(text(&all, Some("com"), None).unwrap(), wanted, "tv asks for nothing from com");
    assert_eq!(text(&all, None, Some("1")).unwrap(), wanted);
    assert_eq!(text(&all, None, Some("pc?1")).unwrap(), wanted);
    assert!(text(&all, None, Some("WWW.a.fr.")).unwrap().starts_with("2 look-ups"));
    assert_eq!(text(&all, None, Some("3")), Err(LadderError::NoNumber(2)));
    assert_eq!(text(&all, None, Some("0")), Err(LadderError::NoNumber(2)));
    assert_eq!(text(&[], None, Some("x")), Err(LadderError::NoMatch));
    assert!(text(&[], None, None).unwrap().ends_with("\nNothing to draw.\n"));
}

/// Two programs of a host look one name up at a time: each repetition belongs to the question that was
/// given up when it was asked, also where both were, and then to the one of the same server.
#[test]
fn look_ups_of_one_name_at_a_time_are_kept_apart() {
    let again = |query: &str, ends: &str, asked_ms, retry| {
        let mut row = row(query, ends, (asked_ms, Some(5000)), DnsOutcome::Timeout, "");
        row.retry = retry;
        row
    };
    let rows = [
        again("pc?1", "pc>dns", 0, 0),
        again("pc?2", "pc>dns", 4500, 0),
        again("pc?3", "pc>dns", 5000, 1),
        again("pc?4", "pc>dns", 9500, 1),
        again("pc?5", "pc>one", 20_000, 0),
        again("pc?6", "pc>two", 20_000, 0),
        again("pc?7", "pc>two", 25_000, 1),
        again("pc?8", "pc>one", 25_000, 1),
        again("pc?9", "pc>one", 90_000, 1),
    ];
    let names: Vec<Vec<&str>> =
        all_look_ups(&rows).iter().map(|one| one.questions.iter().map(|row| &*row.query).collect()).collect();
    assert_eq!(
        names,
        [vec!["pc?1", "pc?3"], vec!["pc?2", "pc?4"], vec!["pc?5", "pc?8"], vec!["pc?6", "pc?7"], vec!["pc?9"]]
    );
    assert_eq!(all_look_ups(&rows)[0].took(), Some(SimDuration::from_millis(10_000)));
}

#[test]
fn what_comes_to_nothing_is_said() {
    let mut again = row("pc?2", "pc>dns", (5000, Some(10_000)), DnsOutcome::Timeout, "");
    again.retry = 1;
    let mut failed = row("pc?3", "pc>dns", (15_000, Some(2)), DnsOutcome::Failure, "");
    (failed.retry, failed.rcode) = (2, Some("SERVFAIL".into()));
    let rows = [
        row("pc?1", "pc>dns", (0, Some(5000)), DnsOutcome::Timeout, ""),
        row("dns?1", "dns>root", (1, Some(2)), DnsOutcome::Unreachable, "pc?1"),
        row("dns?2", "dns>com", (3, None), DnsOutcome::Open, "pc?1"),
        again,
        failed,
    ];
    let wanted = "\
Look-up of www.a.fr A by pc
1   0.000 s  pc -> dns      www.a.fr A?
2   0.001 s    dns -> root  www.a.fr A?
    0.003 s    dns          not reached
3              dns -> com   www.a.fr A?
... 4.997 s
    5.000 s  pc             no answer in time
4            pc -> dns      www.a.fr A?, again
... 10.000 s
   15.000 s  pc             no answer in time
5            pc -> dns      www.a.fr A?, again
6  15.002 s  dns -> pc      SERVFAIL
";
    assert_eq!(text(&rows, None, None).unwrap(), wanted);
    let ladder = ladder(&rows, None, None).unwrap();
    let looks: Vec<Look> = ladder
        .steps
        .iter()
        .filter_map(|step| match &step.what {
            What::Message(message) => Some(message.look),
            What::Note { .. } => None,
        })
        .collect();
    // the first was heard: somebody asked further because of it
    assert_eq!(looks, [Look::Request, Look::Vain, Look::Vain, Look::Vain, Look::Request, Look::Failure]);
}

/// Fails when a question to the next server is called a repetition, or a useless response no error.
#[test]
fn what_is_asked_again_says_how() {
    let child = |n: u64, ends: &str, outcome| {
        let mut row = row(&format!("dns?{n}"), ends, (n, Some(1)), outcome, "pc?1");
        row.retry = u32::try_from(n).unwrap() - 1;
        row
    };
    let mut rows = vec![row("pc?1", "pc>dns", (0, Some(9)), DnsOutcome::Answer, "")];
    rows[0].cache = Some("stale".into());
    rows.push(child(1, "dns>ns1", DnsOutcome::Failure));
    rows.push(child(2, "dns>ns2", DnsOutcome::Truncated));
    rows.push(child(3, "dns>ns2", DnsOutcome::Failure));
    rows.push(child(4, "dns>ns1", DnsOutcome::Answer));
    rows[3].rcode = Some("SERVFAIL".into());
    let wanted = "\
Look-up of www.a.fr A by pc
 1  0.000 s  pc -> dns     www.a.fr A?
 2  0.001 s    dns -> ns1  www.a.fr A?
 3  0.002 s    ns1 -> dns  no answer
 4             dns -> ns2  www.a.fr A?
 5  0.003 s    ns2 -> dns  cut off: ask over TCP
 6             dns -> ns2  www.a.fr A?, over TCP
 7  0.004 s    ns2 -> dns  SERVFAIL
 8             dns -> ns1  www.a.fr A?, again
 9  0.005 s    ns1 -> dns  1 record
10  0.009 s  dns -> pc     1 record, stale
";
    assert_eq!(text(&rows, None, None).unwrap(), wanted);
}

/// A damaged table may have rows that ask on their own behalf, or on each other's.
#[test]
fn a_ring_of_rows_ends() {
    let mut rows = vec![row("pc?1", "pc>dns", (0, Some(9)), DnsOutcome::Answer, "")];
    rows.push(row("pc?1", "dns>dns", (1, Some(1)), DnsOutcome::Answer, "pc?1"));
    rows.push(row("dns?2", "dns>com", (2, Some(1)), DnsOutcome::Answer, "dns?3"));
    rows.push(row("dns?3", "dns>com", (3, Some(1)), DnsOutcome::Answer, "dns?2"));
    assert_eq!(ladder(&rows, None, None).unwrap().steps.len(), 2);
}

#[test]
fn too_many_messages_are_counted() {
    let rows: Vec<DnsRow> =
        (0..300).map(|n| row(&format!("pc?{n}"), "pc>dns", (n, Some(0)), DnsOutcome::Answer, "")).collect();
    let ladder = ladder(&rows, None, None).unwrap();
    assert_eq!((ladder.steps.len(), ladder.left_out), (400, 200));
    assert!(ladder.text().ends_with("200 more messages are not shown\n"));
    assert!(ladder.svg().contains("200 more messages are not shown."));
}

fn step(at_ms: u64, what: What) -> Step {
    let even = at_ms.is_multiple_of(2);
    Step { at: SimTime::ZERO + SimDuration::from_millis(at_ms), what, depth: usize::from(even), begins: even }
}

/// Names too long, labels too long, neighbours and far ends, oneself, remarks and pauses.
#[test]
fn no_text_lies_on_another_or_leaves_the_sheet() {
    let names = ["a", "a.very.long.name.of.a.host.that.nobody.would.ever.type.example", "<&\">.example", "d"];
    let long = "a.very.long.name.of.a.host.that.nobody.would.ever.type.example AAAA?, again ".repeat(9);
    let labels = ["A?", &long, "<&\">"];
    let mut steps = Vec::new();
    for from in 0..4 {
        for to in 0..4 {
            for (n, label) in labels.iter().enumerate() {
                for look in [Look::Request, Look::Vain, Look::Response, Look::Failure, Look::Control, Look::Again] {
                    let at = steps.len() as u64 * [1, 999, 1500][n];
                    let at = at.max(steps.last().map_or(0, |step: &Step| step.at.as_nanos() / 1_000_000));
                    let (label, numbered) = ((*label).to_owned(), look != Look::Control);
                    let arrives = Some(SimTime::ZERO + SimDuration::from_millis(at + from as u64 * 700));
                    let message = Message { from, to, label: label.clone(), full: None, look, numbered, arrives };
                    steps.push(step(at, What::Message(message)));
                    steps.push(step(at, What::Note { beside: from, text: label, bad: numbered }));
                }
            }
        }
    }
    let lifelines = names.map(str::to_owned).to_vec();
    let ladder = Ladder { title: labels[1].repeat(3), lifelines, steps, left_out: 7 };
    for purpose in LadderFor::ALL {
        for time in [TimeScale::Breaks, TimeScale::Even, TimeScale::Linear] {
            for (number, sheet) in (1..).zip(ladder.sheets(purpose, time)) {
                assert_eq!(sheet.text_faults(), Vec::<String>::new(), "{purpose:?} {time:?} {number}");
            }
        }
    }
    let svg = ladder.svg();
    assert!(svg.matches("<text").count() > 600 && svg.contains("<title>a.very.long"));
    assert!(ladder.sheets(LadderFor::Screen, TimeScale::Linear)[0].svg().contains("labels have no room"));
}

/// Breaks when a text that lies on another, or leaves the sheet, is not found.
#[test]
fn faults_of_texts_are_found() {
    let note = |at| step(at, What::Note { beside: 0, text: "x".to_owned(), bad: false });
    let ladder = Ladder { title: String::new(), lifelines: vec!["a".to_owned()], steps: vec![note(0)], left_out: 0 };
    let mut sheet = ladder.sheets(LadderFor::Screen, TimeScale::Breaks).remove(0);
    assert_eq!(sheet.text_faults(), Vec::<String>::new());
    let (first, _) = sheet.boxes.last().cloned().unwrap();
    sheet.boxes.push(([first[0] - 1.0, first[1], first[2], first[3]], "y".to_owned()));
    sheet.boxes.push(([-1.0, 3.0, 4.0, 9.0], "z".to_owned()));
    assert_eq!(sheet.text_faults().len(), 2);
}

/// A ladder of messages that go to and fro between that many hosts, each to the next.
fn round_robin(hosts: usize, count: u64) -> Ladder {
    let message = |n: u64| {
        let from = n as usize % hosts;
        let to = (from + 1) % hosts;
        let at = SimTime::ZERO + SimDuration::from_millis(n * 10);
        let arrives = Some(at + SimDuration::from_millis(4));
        let label = format!("250 2.1.5 user{n}@hamburger.edu ... Recipient ok");
        step(n * 10, What::Message(Message { from, to, label, arrives, ..Message::default() }))
    };
    let lifelines = (0..hosts).map(|host| format!("mail-server-{host}.hamburger.edu")).collect();
    Ladder { title: "All".to_owned(), lifelines, steps: (0..count).map(message).collect(), left_out: 0 }
}

/// Breaks when a sheet is larger than its slide or column, a step stands on none or on two, a sheet has a lifeline that
/// nobody uses, or a name or label is shortened although there are lines for it.
#[test]
fn sheets_have_their_size_and_all_steps() {
    let ladder = round_robin(14, 90);
    let sizes = [
        (LadderFor::Slides, (1280.0, 720.0)),
        (LadderFor::Paper, (336.0, 864.0)),
        (LadderFor::Handout, (680.0, 960.0)),
    ];
    for (purpose, (width, height)) in sizes {
        let sheets = ladder.sheets(purpose, TimeScale::Breaks);
        let count = sheets.len();
        assert!(count > 3, "{purpose:?}: {count}");
        let mut seen = Vec::new();
        for (index, sheet) in sheets.iter().enumerate() {
            let ((wide, high), svg) = (sheet.size(), sheet.svg());
            assert!((wide - width).abs() < 0.1 && high <= height, "{purpose:?}: {wide} by {high}");
            assert!(purpose != LadderFor::Slides || high >= height, "a slide is as high as slides are");
            assert_eq!(sheet.shortened(), Vec::<String>::new(), "{purpose:?} {index}");
            let said: Vec<&str> = svg.lines().filter_map(|line| line.strip_prefix("<g><title>")).collect();
            let named = (0..14).filter(|host| said.iter().any(|one| one.contains(&format!("mail-server-{host}."))));
            assert_eq!(svg.matches("fill=\"#f2f2f2\"").count(), named.count(), "{purpose:?} {index}");
            assert!(svg.contains(&format!("of {count}.</text>")), "{purpose:?} {index}");
            seen.extend(said.iter().map(|one| one.split(" ... ").next().unwrap().to_owned()));
        }
        assert_eq!(seen.len(), 90, "{purpose:?}");
        let unique: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!(unique.len(), 90, "{purpose:?}");
    }
    assert_eq!(ladder.sheets(LadderFor::Screen, TimeScale::Breaks).len(), 1);
}

/// Breaks when a PNG is none, has another size than its sheet, or one that nobody could open is made.
#[test]
fn sheets_become_pngs() {
    let sheet = round_robin(3, 4).sheets(LadderFor::Slides, TimeScale::Breaks).remove(0);
    let png = sheet.png().unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(png[16..24], [0, 0, 5, 0, 0, 0, 2, 208], "1280 by 720");
    let tall = round_robin(30, 400).sheets(LadderFor::Screen, TimeScale::Breaks).remove(0);
    assert!(matches!(tall.png(), Err(super::PngError::TooLarge(..))));
}

/// Breaks when the cross of what is lost stands on a lifeline.
#[test]
fn what_is_lost_ends_between_lifelines() {
    let ladder = round_robin(12, 12);
    let setting = super::grid::Setting::new(&ladder, Style::of(LadderFor::Screen));
    let grid = Grid::of(&setting, 0..12, &mut super::letters::Letters::default());
    for from in 0..12 {
        for to in (0..12).filter(|to| *to != from) {
            let x = grid.gap(from, to, 0.66);
            let nearest = (0..12).map(|host| (grid.x(host) - x).abs()).fold(f64::MAX, f64::min);
            assert!(nearest > 0.2 * grid.pitch, "{from} to {to}: {nearest}");
            assert!((grid.x(from).min(grid.x(to))..=grid.x(from).max(grid.x(to))).contains(&x));
        }
    }
}

/// Breaks when text and picture count a pause from different instants: from the last that was sent or came.
#[test]
fn a_pause_is_one_whatever_shows_it() {
    let mut ladder = round_robin(2, 2);
    if let What::Message(message) = &mut ladder.steps[0].what {
        message.arrives = Some(SimTime::ZERO + SimDuration::from_millis(400));
    }
    ladder.steps[1].at = SimTime::ZERO + SimDuration::from_millis(2400);
    if let What::Message(message) = &mut ladder.steps[1].what {
        message.arrives = None;
    }
    assert!(ladder.text().contains("\n... 2.000 s\n"), "{}", ladder.text());
    assert!(ladder.svg().contains(">... 2.000 s</text>"), "{}", ladder.svg());
}

/// Breaks when equal attempts are not folded, unequal ones are, or the remark counts wrongly.
#[test]
fn equal_attempts_in_a_row_are_folded() {
    let server: Text = "a.fr".into();
    let second = |n: u64| SimTime::ZERO + SimDuration::from_secs(n);
    let tries = |n: u64| (server.clone(), second(1800 * n), second(1800 * n + 2));
    let rounds = Rounds::of((0..20).map(tries).collect());
    let draft = |n: u64| {
        let why = if n == 9 { "450 busy" } else { "no answer" };
        let text = format!("{why}; again at {} s", 1800 * (n + 1));
        Draft::note(second(1800 * n + 1), &server, text, true).of_round(rounds.find(&server, second(1800 * n)))
    };
    let ladder = Ladder::of("All".to_owned(), rounds.folded((0..20).map(draft).collect()));
    let text = ladder.text();
    assert_eq!(text.matches("; again").count(), 2 + 1 + 2, "{text}");
    assert!(text.contains("\u{2026} 7 more attempts alike, each 30 min apart \u{2026}"), "{text}");
    assert!(text.contains("\u{2026} 8 more attempts alike, each 30 min apart \u{2026}"), "{text}");
}

/// What a line is, by protocol: `C:` and `S:` lines, each with its kind before it.
#[test]
fn bodies_are_told_from_lines() {
    let dialogues = [
        (
            "smtp",
            "- S: 354 go\nb C: Subject: x\nb C: DATA\ne C: .\n- S: 250 ok\n- C: BDAT 7 LAST\nb C: hello\n- C: QUIT",
        ),
        (
            "smtp",
            "- C: BDAT 99\nb C: short\n- S: 503 no\n- C: RSET\n- C: BDAT 0 LAST\n- C: QUIT\n- C: (TLS x, 9 octets)",
        ),
        (
            "pop3",
            "- S: +OK hi\n- C: retr 1\n- C: LIST\n- S: +OK\nb S: -ERR\ne S: .\n- S: +OK\n- S: 1 9\n- S: .\n- C: TOP 1 0\n- S: -ERR\n- S: x",
        ),
        ("imap", "- S: * 1 FETCH (BODY[] {8}\nb S: a\\x00b\nb S: c\n- S: )\n- C: a APPEND x {3+}\nb C: x\n- C: b NOOP"),
        (
            "http",
            "- C: GET / HTTP/1.1\nb C: Host: x\nb C:\n- S: HTTP/1.1 200 OK\nb S: X: y\nb S: z\n- S: HTTP/1.1 404 no",
        ),
        ("dns", "- C: (30 octets)"),
    ];
    for (protocol, dialogue) in dialogues {
        let mut reader = Reader::of(protocol);
        for line in dialogue.lines() {
            let (kind, said) = line.split_once(' ').unwrap();
            let (who, said) = said.split_once(':').unwrap();
            let side = if who == "C" { Side::Client } else { Side::Server };
            let wanted = match kind {
                "b" => Kind::Body,
                "e" => Kind::End,
                _ => Kind::Line,
            };
            assert_eq!(reader.read(side, said.trim_start()), wanted, "{protocol}: {line}");
        }
    }
}
