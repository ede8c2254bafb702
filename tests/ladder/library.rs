//! Every ladder of every scenario in the library, as to where its texts stand.

use std::fs;
use std::path::{Path, PathBuf};

use posthaste::base::{Directory, SimDuration, SimTime};
use posthaste::cli::simulate::limits;
use posthaste::report::ladder::{Source, ladder};
use posthaste::report::{LadderChoice, LadderFor, SegmentWatch, TimeScale, read_run};
use posthaste::scenario::build::plan;
use posthaste::scenario::{Overrides, load_file};
use posthaste::sim::{Limits, Simulation, World};

use super::common::binary::{posthaste, too_large_here};
use super::common::root;

/// All scenario files below a folder.
fn scenarios(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(scenarios(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Fails when a text lies on another one or leaves the sheet.
fn check(source: &Source<'_>, choice: &LadderChoice, what: &str) -> bool {
    let drawn = ladder(source, choice).unwrap_or_else(|error| panic!("{what}: {error}"));
    let ways = [
        (LadderFor::Screen, TimeScale::Breaks),
        (LadderFor::Screen, TimeScale::Linear),
        (LadderFor::Slides, TimeScale::Breaks),
        (LadderFor::Paper, TimeScale::Breaks),
        (LadderFor::Handout, TimeScale::Breaks),
        (LadderFor::Slides, TimeScale::Linear),
    ];
    for (purpose, time) in ways {
        for (number, sheet) in (1..).zip(drawn.sheets(purpose, time)) {
            let faults = sheet.text_faults();
            assert!(faults.is_empty(), "{what} {purpose:?} {time:?} {number}: {}", faults.join("\n"));
            let (width, height) = sheet.size();
            let fits = match purpose {
                LadderFor::Screen => true,
                LadderFor::Slides => (width, height) == (1280.0, 720.0),
                LadderFor::Paper => width == 336.0 && height <= 864.0,
                LadderFor::Handout => width == 680.0 && height <= 960.0,
            };
            assert!(fits, "{what} {purpose:?} {time:?} {number}: {width} by {height}");
            // what is cut is longer than three lines: no name of a host, no command
            let cut = sheet.shortened().iter().find(|text| text.chars().count() < 60);
            assert_eq!(cut, None, "{what} {purpose:?} {time:?} {number}");
        }
    }
    !drawn.is_empty()
}

/// Breaks when a label of any ladder of the library is clipped or overlaps another, or when a ladder that should be
/// full is empty.
#[test]
fn no_text_of_the_library_overlaps() {
    let place = tempfile::tempdir().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for path in scenarios(&root().join("scenarios")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        if too_large_here(name) || !text.trim_start().starts_with('{') {
            continue;
        }
        let file = path.to_str().unwrap();
        let ran = posthaste(place.path(), &["run", file, "-q", "--set", "/outputs/charts=false", "--out", name]);
        if ran.code > 1 {
            // not a scenario, or one that is to be refused
            continue;
        }
        let folder = place.path().join(name);
        let tables = read_run(&folder).unwrap();
        let source = Source { folder: &folder, tables: &tables, segments: None };
        for protocol in ["dns", "smtp", "pop3", "imap", "http"] {
            let choice = LadderChoice { protocols: vec![protocol.to_owned()], ..LadderChoice::default() };
            if check(&source, &choice, &format!("{name} {protocol}")) {
                seen.insert(protocol);
            }
        }
        if let Some(row) = tables.messages.iter().find(|row| row.accepted.is_some()) {
            let choice = LadderChoice { message: Some(row.message.to_string()), ..LadderChoice::default() };
            assert!(check(&source, &choice, &format!("{name} {}", row.message)), "{name}: no way");
        }
        let first = tables.connections.iter().find(|row| row.established.is_some());
        if let Some(row) = first.filter(|row| row.opened < SimTime::ZERO + SimDuration::from_secs(3600)) {
            let scenario = load_file(&path, &Overrides::default()).unwrap();
            let until = row.opened.saturating_add(SimDuration::from_secs(20));
            let plan = plan(&scenario);
            let names = vec![row.connection.to_string()];
            let watch = SegmentWatch::new(Directory::clone(&plan.directory), names, Vec::new(), (row.opened, until));
            let mut simulation = Simulation::new(World::new(plan, watch));
            let limits = limits(&scenario);
            simulation.run(&Limits { until: until.min(limits.until), ..limits }, |_| None);
            let segments = simulation.into_world().detach().1.finish();
            let source = Source { segments: Some(&segments), ..source };
            assert!(check(&source, &LadderChoice::default(), &format!("{name} tcp")), "{name}: no segments");
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["dns", "http", "imap", "pop3", "smtp"]);
}
