//! The scenario library: what each file promises, held against a run.

mod common;

use common::binary::posthaste;
use common::{library, library_names, root, run};
use posthaste::base::{SimDuration, SimTime};
use posthaste::cli::simulate::{expectations, segments};
use posthaste::metrics::column_values::known_words;
use posthaste::metrics::{ConnectionRow, CopyStatus, Kind, MessageRow, Tables, columns};
use posthaste::report::{ChartSource, Theme, chart_names, draw, read_run, table_csv, transcript};
use posthaste::scenario::Resolved;

/// Breaks when a scenario of the library is invalid or its `expect` does not hold.
#[test]
fn every_scenario_holds_what_it_expects() {
    let mut messages = 0;
    for name in library_names() {
        let scenario = library(&name);
        assert!(!scenario.title.is_empty() && !scenario.description.is_empty(), "{name}");
        assert!(!scenario.expect.is_empty(), "{name} expects nothing");
        let finished = run(&scenario);
        for expectation in expectations(&scenario, &finished.record) {
            assert!(expectation.held, "{name}: {expectation:?}");
        }
        phases_sum_to_latency(&name, &finished.record.tables);
        labels_have_room(&name, &scenario, &finished.record.tables);
        cells_are_of_their_kinds(&finished.record.tables);
        messages += finished.record.tables.messages.len();
    }
    assert!(messages > 10_000, "{messages}");
}

/// No label of any chart of the run is clipped, or lies on another one, and no name in a legend or at an axis is cut.
fn labels_have_room(scenario: &str, file: &Resolved, tables: &Tables) {
    let mut source = ChartSource::with_scenario(tables, &file.to_json_text());
    let octets = |row: &&ConnectionRow| row.bytes_to_server.unwrap_or(0) + row.bytes_to_client.unwrap_or(0);
    if let Some(row) = tables.connections.iter().max_by_key(octets) {
        let to_server = row.bytes_to_server >= row.bytes_to_client;
        source.segments = Some(segments(file, &row.connection, if to_server { &row.client } else { &row.server }));
    }
    for theme in Theme::ALL {
        for name in chart_names() {
            let drawing = draw(name, &source, theme).unwrap();
            let what = format!("{name} of {scenario} for {}", theme.name());
            let faults = drawing.text_faults();
            assert!(faults.is_empty(), "{what}: {faults:?}");
            assert!(drawing.cut().is_empty(), "{what} has cut names: {:?}", drawing.cut());
        }
    }
}

/// Windows are in no table before a result folder is written: the labels of their chart.
#[test]
fn labels_of_windows_have_room() {
    let mut drawn = 0;
    for name in library_names() {
        let scenario = library(&name);
        if scenario.outputs.cwnd.is_none() {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let file = root().join("scenarios").join(&name).display().to_string();
        assert_eq!(posthaste(place.path(), &["run", &file, "-q", "--out", "r"]).code, 0, "{name}");
        let tables = read_run(&place.path().join("r")).unwrap();
        assert!(!draw("cwnd", &ChartSource::new(&tables), Theme::Slides).unwrap().is_blank(), "{name}");
        labels_have_room(&name, &scenario, &tables);
        drawn += 1;
    }
    assert!(drawn > 0, "no scenario records windows");
}

/// What is known of columns before a run, so that an expectation over them can be checked, is so.
fn cells_are_of_their_kinds(tables: &Tables) {
    for table in columns::all() {
        let Some(csv) = table_csv(tables, table.name) else { continue };
        let kinds =
            table.columns.iter().map(|(column, _)| (Kind::of(table.name, column), known_words(table.name, column)));
        let kinds: Vec<_> = kinds.collect();
        for row in csv::Reader::from_reader(csv.as_slice()).records() {
            let row = row.unwrap();
            for ((cell, (kind, words)), (column, _)) in row.iter().zip(&kinds).zip(table.columns) {
                let number = cell.is_empty() || cell.parse::<f64>().is_ok_and(f64::is_finite);
                assert!(*kind == Kind::Text || number, "{}.{column}: {cell}", table.name);
                let known = words.is_empty() || cell.is_empty() || words.contains(&cell);
                assert!(known, "{}.{column}: {cell} is none of {words:?}", table.name);
            }
        }
    }
}

/// Breaks when an instant of a copy's life is in no phase or in two: integer nanoseconds.
fn phases_sum_to_latency(name: &str, tables: &Tables) {
    for row in &tables.messages {
        let end = row.ended.unwrap_or(tables.end);
        assert_eq!(row.phases_sum(), end.since(row.composed), "{} in {name}", row.message);
        if let Some(delivered) = row.delivered {
            assert_eq!(row.phases_before_mailbox(), delivered.since(row.composed), "{} in {name}", row.message);
        }
    }
}

/// The lecture's fifteen lines, with the header where a real server's client puts it.
/// Breaks when a space, a capital or the order of the dialogue changes.
#[test]
fn ketchup_is_the_lectures_dialogue() {
    let record = run(&library("ketchup.json")).record;
    let relay = record
        .dialogues
        .iter()
        .find(|dialogue| &*dialogue.protocol == "smtp" && &*dialogue.client == "crepes.fr")
        .expect("the servers spoke");
    let golden = std::fs::read_to_string(root().join("tests/golden/ketchup-relay.txt")).unwrap();
    let text = transcript(relay, record.start);
    assert_eq!(text, golden);
    let lecture = [
        "S: 220 hamburger.edu",
        "C: HELO crepes.fr",
        "S: 250 Hello crepes.fr, pleased to meet you",
        "C: MAIL FROM: <alice@crepes.fr>",
        "S: 250 alice@crepes.fr ... Sender ok",
        "C: RCPT TO: <bob@hamburger.edu>",
        "S: 250 bob@hamburger.edu ... Recipient ok",
        "C: DATA",
        "S: 354 Enter mail, end with \".\" on a line by itself",
        "C: Do you like ketchup?",
        "C: How about pickles?",
        "C: .",
        "S: 250 Message accepted for delivery",
        "C: QUIT",
        "S: 221 hamburger.edu closing connection",
    ];
    let spoken: Vec<&str> = text.lines().filter(|line| line.starts_with("C:") || line.starts_with("S:")).collect();
    let header_begins = spoken.iter().position(|line| line.starts_with("S: 354")).unwrap() + 1;
    let header_ends = spoken.iter().position(|line| line.trim_end() == "C:").unwrap() + 1;
    let without_header: Vec<&str> = [&spoken[..header_begins], &spoken[header_ends..]].concat();
    assert_eq!(without_header, lecture);
    let header: Vec<&str> = spoken[header_begins..header_ends - 1].iter().filter_map(|l| l.get(3..)).collect();
    for field in ["Received: ", "Date: ", "From: ", "To: ", "Message-ID: "] {
        assert!(header.iter().any(|line| line.starts_with(field)), "{field} is missing in {header:?}");
    }
}

fn only(rows: &[MessageRow]) -> &MessageRow {
    assert_eq!(rows.len(), 1, "{rows:?}");
    &rows[0]
}

const HALF_HOUR: SimDuration = SimDuration::from_secs(1800);

/// Breaks when an attempt drifts by a nanosecond, or the first one after recovery fails.
#[test]
fn recipient_down_is_retried_every_thirty_minutes() {
    let scenario = library("recipient-down.json");
    let tables = run(&scenario).record.tables;
    let row = only(&tables.messages);
    let starts: Vec<SimTime> = tables.attempts.iter().map(|attempt| attempt.started).collect();
    assert!(starts.len() >= 5, "{starts:?}");
    for pair in starts.windows(2) {
        assert_eq!(pair[1].since(pair[0]), HALF_HOUR);
    }
    assert_eq!(row.status, CopyStatus::Delivered);
    let recovered = scenario.faults[0].timing.first_end().unwrap();
    let last = *starts.last().unwrap();
    assert!(last >= recovered && starts[starts.len() - 2] < recovered);
    assert!(row.delivered.unwrap().since(last) < SimDuration::from_secs(5));
}

/// Breaks when a message is given up early or late, or its bounce says nothing.
#[test]
fn returned_to_sender_tells_the_sender_after_five_days() {
    let finished = run(&library("returned-to-sender.json"));
    let tables = &finished.record.tables;
    let original = tables.messages.iter().find(|row| !row.is_bounce()).unwrap();
    let bounce = tables.messages.iter().find(|row| row.is_bounce()).unwrap();
    assert_eq!(original.status, CopyStatus::Bounced);
    let accepted = original.accepted.unwrap();
    let age = original.ended.unwrap().since(accepted);
    let lifetime = SimDuration::from_secs(5 * 86_400);
    assert!(age >= lifetime && age < lifetime + HALF_HOUR, "{age}");
    assert_eq!((&*bounce.from, &*bounce.to), ("", "alice@crepes.fr"));
    assert_eq!(bounce.status, CopyStatus::Delivered);
    let read = finished.record.dialogues.iter().find(|dialogue| &*dialogue.protocol == "pop3");
    let text = transcript(read.expect("Alice reads her mail"), finished.record.start);
    for needed in ["MAILER-DAEMON@crepes.fr", "bob@hamburger.edu", "Return-Path: <>"] {
        assert!(text.contains(needed), "{needed} is missing in\n{text}");
    }
}

/// Breaks when a second connection is opened while the first could serve.
#[test]
fn several_messages_take_one_connection() {
    let record = run(&library("several-messages-one-connection.json")).record;
    let relays = record
        .tables
        .connections
        .iter()
        .filter(|c| &*c.client == "crepes.fr" && c.server_port == 25 && c.established.is_some());
    assert_eq!(relays.count(), 1);
    let relay = record.dialogues.iter().find(|d| &*d.protocol == "smtp" && &*d.client == "crepes.fr").unwrap();
    let text = transcript(relay, record.start);
    let times = |line: &str| text.matches(line).count();
    assert_eq!((times("C: HELO"), times("C: QUIT")), (1, 1));
    assert!(times("C: MAIL FROM") >= 3 && times("C: MAIL FROM") == times("S: 354"), "{text}");
}
