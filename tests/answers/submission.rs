//! The answers to the questions about submission.json.

use std::fs;
use std::path::Path;

use crate::Row;
use crate::common::binary::table;

/// The sentences that scenarios/README.md has from a run of that scenario.
pub(crate) fn answers(run: &Path) -> Vec<String> {
    let messages = table(run, "messages");
    let of = |user: &str, to: &str, status: &str| {
        let fits = |row: &&Row| row["from"].starts_with(user) && row["to"].ends_with(to) && row["status"] == status;
        messages.iter().filter(fits).count()
    };
    let dialogue = |user: &str| {
        let files = fs::read_dir(run.join("transcripts")).unwrap().map(|entry| entry.unwrap().path());
        let mut own: Vec<_> =
            files.filter(|path| path.to_string_lossy().contains(&format!("smtp-{user}-pc.crepes.fr"))).collect();
        own.sort();
        own.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>()
    };
    let turns = |user: &str| {
        dialogue(user)[0].lines().filter(|line| line.starts_with("S: 3") || line.starts_with("S: 235")).count()
    };
    let refusal = |user: &str, code: &str| {
        let said = dialogue(user).concat();
        let line = said.lines().find(|line| line.starts_with(&format!("S: {code}"))).expect("a refusal");
        line[3..].to_owned()
    };
    let at_bobs = of("", "bob@hamburger.edu", "delivered");
    assert_eq!(of("dave", "", "delivered"), 0);
    vec![
        format!("Alice and Louis: {at_bobs} copies are at hamburger.edu"),
        format!("{} copy, to her neighbour", of("carol", "", "delivered")),
        format!("\"{}\"", refusal("carol", "550")),
        format!("\"{}\"", refusal("dave", "530")),
        format!("{} round trips: name and password", turns("louis") - turns("alice")),
    ]
}
