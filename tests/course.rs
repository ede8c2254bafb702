//! The form of the teaching library: the course in scenarios/README.md with its questions and pictures, and the labs.
//!
//! A picture of a document stands above a line that says "Drawn by `posthaste ...`"; that command must give the committed file.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::binary::{posthaste, too_large_here, workplace};
use common::{files_of, root, section};

/// The documents with pictures.
const ILLUSTRATED: &[&str] = &["README.md", "scenarios/README.md", "docs/tutorial.md"];

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names(folder: &str) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files_of(folder, "json").into_iter().map(name).collect()
}

/// The pictures of a document, each with the command that draws it.
fn pictures(document: &str) -> Vec<(PathBuf, String)> {
    let text = read(document);
    let folder = root().join(document).parent().unwrap().to_owned();
    let mut found = Vec::new();
    for (at, _) in text.match_indices("\n![") {
        let rest = &text[at..];
        let target = rest.split_once("](").unwrap().1.split_once(')').unwrap().0;
        let caption = rest.split("\n\n").take(2).collect::<Vec<_>>().join(" ");
        let caption = caption.split_whitespace().collect::<Vec<_>>().join(" ");
        let command =
            caption.split_once("Drawn by `posthaste ").unwrap_or_else(|| panic!("{document}: who drew {target}?"));
        found.push((folder.join(target), command.1.split_once('`').unwrap().0.to_owned()));
    }
    found
}

/// Writes the scenarios that a document has its reader save.
fn save_scenarios(document: &str, place: &Path) {
    for rest in read(document).split("Save this as `").skip(1) {
        let (name, rest) = rest.split_once('`').unwrap();
        let json = rest.split_once("```json\n").unwrap().1.split_once("```").unwrap().0;
        fs::write(place.join(name), json).unwrap();
    }
}

/// Breaks when a picture is not what the command below it draws; `POSTHASTE_BLESS=1 cargo test --test course` draws them anew.
#[test]
fn every_picture_is_what_its_command_draws() {
    let (place, bless) = (workplace(), std::env::var_os("POSTHASTE_BLESS").is_some());
    let mut drawn = BTreeSet::new();
    for document in ILLUSTRATED {
        save_scenarios(document, place.path());
        for (picture, command) in pictures(document) {
            drawn.insert(picture.canonicalize().unwrap_or_else(|_| picture.clone()));
            if too_large_here(&command) && !bless {
                continue;
            }
            let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
            let ran = posthaste(place.path(), &words);
            assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
            if bless {
                fs::write(&picture, &ran.stdout).unwrap();
            }
            let fresh = fs::read_to_string(&picture).unwrap_or_default() == ran.stdout;
            assert!(fresh, "{} is stale: {command}", picture.display());
        }
    }
    for folder in ["docs/images", "scenarios/images"] {
        for picture in files_of(folder, "svg") {
            assert!(drawn.contains(&picture.canonicalize().unwrap()), "{} is in no document", picture.display());
        }
    }
}

/// Breaks when a scenario is not in the overview of the course, in the order of the sections, or its section has no picture or
/// fewer than three questions.
#[test]
fn every_section_of_the_course_has_a_picture_and_three_questions() {
    let text = read("scenarios/README.md");
    let sections: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let listed = text.lines().filter(|line| line.starts_with("| ") && line.contains("json) |"));
    let listed: Vec<String> =
        listed.map(|line| format!("{}.json", line.split_once('[').unwrap().1.split_once(']').unwrap().0)).collect();
    assert_eq!(sections, listed, "the overview and the sections");
    let mut sorted = sections.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, names("scenarios"), "the sections and the files");
    for name in sections {
        let body = section(&text, &format!("### {name}"));
        assert!(body.contains("\n!["), "{name} has no picture");
        for number in 1..=3 {
            assert!(body.contains(&format!("\n{number}. *")), "{name} has no question {number}");
        }
    }
}

/// Breaks when a lab is not on the labs' page, or has no solution that shows the fault and a mended run.
#[test]
fn every_lab_has_a_solution() {
    let (page, solutions) = (read("scenarios/labs/README.md"), read("scenarios/labs/solutions.md"));
    let labs = names("scenarios/labs");
    assert!(labs.len() >= 8);
    for name in labs {
        assert!(page.contains(&format!("| [{name}]({name}) |")), "{name} is not on the page of the labs");
        let solution = section(&solutions, &format!("## {name}"));
        let mended = format!("\n$ posthaste run scenarios/labs/{name} --grade scenarios/labs/keys/{name} ");
        let shown = solution.matches("\n$ posthaste run ").count();
        assert!(shown >= 2 && solution.contains(&mended), "{name}: the fault and the mended run");
        assert!(read(&format!("scenarios/labs/{name}")).contains("\"title\": \"Lab: "), "{name}");
    }
}

/// Breaks when a key gives all of its points to a lab that nobody has mended.
#[test]
fn no_key_is_held_by_a_lab_as_it_is() {
    let place = workplace();
    assert_eq!(names("scenarios/labs/keys"), names("scenarios/labs"));
    for name in names("scenarios/labs") {
        let (lab, key) = (format!("scenarios/labs/{name}"), format!("scenarios/labs/keys/{name}"));
        let ran = posthaste(place.path(), &["run", &lab, "--grade", &key, "--out", "graded"]);
        assert_eq!(ran.code, 1, "{name}: {}", ran.stderr);
        assert!(ran.stdout.contains("FAILED: 0 of 2 ") && ran.stdout.contains("hint: "), "{name}:\n{}", ran.stdout);
    }
}

/// Breaks when a new version cites an old one.
#[test]
fn the_citation_names_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("CITATION.cff").contains(&format!("\nversion: {version}\n")));
    assert!(read("docs/README.md").contains(&format!("version {version}, ")));
}
