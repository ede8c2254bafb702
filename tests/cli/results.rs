//! `transcript` and `chart` on results, scenarios, and what is neither or damaged.

use std::fs;

use super::{Desk, small, with};

/// Would break if a folder that is no result gave a panic or an empty figure.
#[test]
fn what_is_no_result_is_4() {
    let desk = Desk::new();
    fs::create_dir(desk.path("empty")).unwrap();
    for run in ["latest", "nothing", "empty"] {
        for args in [&["transcript", run][..], &["chart", run, "latency_cdf"]] {
            let said = desk.posthaste(args);
            said.fails(4, if run == "latest" { "no result folder under results/" } else { run });
        }
    }
    desk.posthaste(&["chart", "empty", "pie"]).fails(2, "there is no chart \"pie\"; there are activity_by_hour, ");
    desk.posthaste(&["chart", "empty", "latency_cfd"]).fails(2, "did you mean \"latency_cdf\"? there are");
    let said = desk.posthaste(&["chart", "--list"]);
    assert_eq!((said.code, said.out.lines().count()), (0, 22));
    assert!(said.out.contains("\ncwnd ") && said.out.contains("(from: table cwnd (outputs.cwnd))"), "{}", said.out);
}

/// Would break if a result, `latest` and a scenario were not the same to a reader.
#[test]
fn a_run_is_a_folder_or_the_latest_or_a_scenario() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let fresh = desk.posthaste(&["transcript", "s.json"]);
    assert_eq!((fresh.code, fresh.err.as_str()), (0, ""));
    assert_eq!(fresh.out.matches("# protocol: ").count(), 3);
    let starts: Vec<_> = fresh.out.lines().filter(|line| line.starts_with("# start: ")).collect();
    assert!(starts.is_sorted() && starts.len() == 3, "{starts:?}");
    assert_eq!(desk.posthaste(&["transcript", "latest"]).out, fresh.out);
    let relay = desk.posthaste(&["transcript", "latest", "--protocol", "smtp", "--conn", "2"]);
    assert!(relay.out.contains("S: 220 hamburger.edu"), "{}", relay.out);
    for number in ["0", "4"] {
        desk.posthaste(&["transcript", "latest", "--conn", number]).fails(2, "there are 3 dialogues that match");
    }
    for line in desk.posthaste(&["chart", "--list"]).out.lines() {
        let name = line.split(' ').next().unwrap();
        let said = desk.posthaste(&["chart", "latest", name]);
        assert!(said.code == 0 && said.out.starts_with("<svg"), "{name}: {}", said.err);
        let said = desk.posthaste(&["chart", "s.json", name, "--output", "figure.svg"]);
        assert_eq!((said.code, said.out.as_str()), (0, ""));
        assert!(fs::read_to_string(desk.path("figure.svg")).unwrap().starts_with("<svg"));
    }
    desk.posthaste(&["chart", "latest", "latency_cdf", "--output", "no/folder/f.svg"]).fails(4, "cannot write");
    desk.scenario("none.json", &with(small(), "/outputs", serde_json::json!({ "transcripts": false })));
    assert_eq!(desk.posthaste(&["transcript", "none.json"]).code, 4);
}

/// Would break if a theme or a format did not come out as asked, or the same chart not as the same bytes.
#[test]
fn charts_come_in_themes_and_formats() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "r"]).code, 0);
    let ours = fs::read_to_string(desk.path("r/charts/latency_cdf.svg")).unwrap();
    assert_eq!(desk.posthaste(&["chart", "r", "latency_cdf"]).out, ours, "slides are the usual theme");
    for (theme, width) in [("slides", "1280"), ("paper", "85mm"), ("handout", "160mm")] {
        let said = desk.posthaste(&["chart", "r", "latency_cdf", "--for", theme]);
        assert!(said.out.contains(&format!(" width=\"{width}\"")), "{theme}: {:.200}", said.out);
        let mut pictures = Vec::new();
        for name in ["one.png", "two.png"] {
            let args = ["chart", "r", "latency_cdf", "--for", theme, "--format", "png", "-o", name];
            assert_eq!(desk.posthaste(&args).code, 0);
            pictures.push(fs::read(desk.path(name)).unwrap());
        }
        assert!(pictures[0].starts_with(b"\x89PNG\r\n\x1a\n") && pictures[0] == pictures[1], "{theme}");
    }
    assert_eq!(desk.posthaste(&["chart", "r", "--all", "--for", "paper", "-o", "deep/figures"]).code, 0);
    let mut drawn: Vec<_> =
        fs::read_dir(desk.path("deep/figures")).unwrap().map(|file| file.unwrap().file_name()).collect();
    let mut run: Vec<_> = fs::read_dir(desk.path("r/charts")).unwrap().map(|file| file.unwrap().file_name()).collect();
    drawn.sort();
    run.sort();
    assert_eq!(drawn, run, "both have what there is to show");
    assert!(drawn.contains(&"topology.svg".into()) && !drawn.contains(&"page_time.svg".into()), "{drawn:?}");
    assert_eq!(desk.posthaste(&["chart", "r", "latency_cdf", "-o", "named.PNG"]).code, 0);
    assert!(fs::read(desk.path("named.PNG")).unwrap().starts_with(b"\x89PNG"), "a file is what it is called");
    assert_eq!(desk.posthaste(&["ladder", "r", "--for", "slides", "-o", "ladder.png"]).code, 0);
    assert!(fs::read(desk.path("ladder.png")).unwrap().starts_with(b"\x89PNG"), "so is a ladder");
    let [named, counted] = [["--conn", "crepes.fr#1"], ["--conn", "2"]].map(|conn| {
        let said = desk.posthaste(&["transcript", "r", "--protocol", "smtp", conn[0], conn[1]]);
        assert_eq!(said.code, 0, "{}", said.err);
        said.out
    });
    assert_eq!(named, counted);
    desk.posthaste(&["transcript", "r", "--conn", "nobody#1"]).fails(2, "they have names such as crepes.fr#1");
    desk.posthaste(&["chart", "r", "--all"]).fails(2, "give a folder with -o");
    desk.posthaste(&["chart", "r", "cwnd", "--all", "-o", "x"]).fails(2, "name none");
    desk.posthaste(&["chart", "r"]).fails(2, "which chart?");
    desk.posthaste(&["chart", "r", "tcp_sequence", "--of", "nobody#1"]).fails(2, "there is no such connection");
    let said = desk.posthaste(&["chart", "r", "tcp_sequence", "--of", "crepes.fr#1"]);
    assert!(said.out.contains("<desc>crepes.fr#1 from "), "{:.600}", said.out);
    for args in [&["chart", "r", "latency_cdf", "--of", "x"][..], &["chart", "r", "--all", "-o", "x", "--of", "x"]] {
        desk.posthaste(args).fails(2, "cwnd (a connection), page_waterfall (a page), tcp_sequence (a connection)");
    }
    assert!(!desk.path("x").exists());
    // what is no longer what was run is not run again
    let resolved = fs::read_to_string(desk.path("r/scenario.resolved.json")).unwrap();
    fs::write(desk.path("r/scenario.resolved.json"), resolved.replace("\"seed\": 1", "\"seed\": 2")).unwrap();
    desk.posthaste(&["chart", "r", "tcp_sequence"]).fails(4, "is not what was run");
    fs::write(desk.path("r/scenario.resolved.json"), resolved).unwrap();
    let manifest = fs::read_to_string(desk.path("r/manifest.json")).unwrap();
    fs::write(desk.path("r/manifest.json"), manifest.replace("\"seed\": 1", "\"seed\": 18446744073709551615")).unwrap();
    desk.posthaste(&["chart", "r", "tcp_sequence"])
        .fails(4, "manifest.json has another seed than scenario.resolved.json");
    fs::write(desk.path("r/manifest.json"), manifest).unwrap();
    // without the scenario only what needs it is missing
    fs::remove_file(desk.path("r/scenario.resolved.json")).unwrap();
    assert!(desk.posthaste(&["chart", "r", "topology"]).out.contains("Nothing is known of the network"));
    assert_eq!(desk.posthaste(&["chart", "r", "latency_cdf"]).out, ours);
    desk.posthaste(&["chart", "r", "tcp_sequence"]).fails(4, "scenario.resolved.json");
}

/// Would break if a damaged table were read as if it were whole.
#[test]
fn a_damaged_result_is_4_and_names_the_line() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "r"]).code, 0);
    let table = desk.path("r/tables/messages.csv");
    let good = fs::read_to_string(&table).unwrap();
    let (header, row) = good.split_once('\n').unwrap();
    let cells: Vec<&str> = row.trim_end().split(',').collect();
    let cell = |column: &str, text: &str| {
        let mut cells = cells.clone();
        cells[header.split(',').position(|name| name == column).unwrap()] = text;
        format!("{header}\n{}\n", cells.join(","))
    };
    let cases = [
        (String::new(), "messages.csv:1: "),
        (header.replace("latency_s", "latency_ms") + "\n" + row, "messages.csv:1: the header is not that of the table"),
        (good[..good.len() - 30].to_owned(), "messages.csv:2: "),
        (format!("{good}\"torn"), "messages.csv:3: "),
        (format!("{good}a,b\n"), "messages.csv:3: "),
        (cell("composed_s", "NaN"), "messages.csv:2: "),
        (cell("composed_s", "-1.000000000"), "messages.csv:2: "),
        (cell("composed_s", "99999999999999999999.000000000"), "messages.csv:2: "),
        (cell("attempts", "many"), "messages.csv:2: "),
        (cell("status", "eaten"), "messages.csv:2: "),
        (good.replace("alice", "al\u{0}\u{1b}[31mice"), ""),
    ];
    for (text, message) in cases {
        fs::write(&table, &text).unwrap();
        let said = desk.posthaste(&["chart", "r", "latency_cdf"]);
        if message.is_empty() {
            assert_eq!(said.code, 0, "names may be anything: {}", said.err);
        } else {
            said.fails(4, message);
        }
    }
    fs::write(&table, b"\xff\xfe\xff").unwrap();
    desk.posthaste(&["chart", "r", "latency_cdf"]).fails(4, "messages.csv:1: ");
    fs::remove_file(&table).unwrap();
    desk.posthaste(&["chart", "r", "latency_cdf"]).fails(4, "messages.csv");
    fs::write(&table, good).unwrap();
    for manifest in ["", "{", "[]", "{\"end_s\": 5}", "{\"end_s\": \"soon\"}"] {
        desk.write("r/manifest.json", manifest);
        desk.posthaste(&["chart", "r", "latency_cdf"]).fails(4, "manifest.json");
    }
    let transcript = fs::read_dir(desk.path("r/transcripts")).unwrap().next().unwrap().unwrap().path();
    fs::write(transcript, b"\xff").unwrap();
    assert_eq!(desk.posthaste(&["transcript", "r"]).code, 4);
}

/// Would break if windows were not drawn from their table, or a damaged one as if it were whole.
#[test]
fn windows_are_drawn_from_their_table() {
    let desk = Desk::new();
    desk.scenario("s.json", &with(small(), "/outputs", serde_json::json!({ "cwnd": true })));
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "r"]).code, 0);
    let table = desk.path("r/tables/cwnd.csv");
    let good = fs::read_to_string(&table).unwrap();
    let drawn = fs::read_to_string(desk.path("r/charts/cwnd.svg")).unwrap();
    assert_eq!(desk.posthaste(&["chart", "r", "cwnd"]).out, drawn);
    assert!(drawn.contains("largest window: "), "{drawn:.300}");
    for (damaged, place) in [
        (good.replace("cwnd_bytes", "cwnd"), "cwnd.csv:1: the header is not that of the table"),
        (good.replacen(",client,", ",neither,", 1), "column side"),
        (good.clone() + "1.0,a#1,client,a,1,,0.000000000,0.000000000,0\n", "column time_s"),
    ] {
        fs::write(&table, damaged).unwrap();
        desk.posthaste(&["chart", "r", "cwnd"]).fails(4, place);
    }
    fs::remove_file(&table).unwrap();
    assert!(desk.posthaste(&["chart", "r", "cwnd"]).out.contains("No windows were recorded"));
    // A run into the same place takes the table for its own.
    fs::write(&table, good).unwrap();
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "r"]).code, 0);
}
