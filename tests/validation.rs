//! Closed forms of networking textbooks against whole scenarios: from JSON to a world, its
//! trace and its tables.
//!
//! Each row has what is measured, what theory says, what the simulator says, and how far
//! apart they may be; `exact` means equal integer nanoseconds or equal counts. The table in
//! `docs/validation.md` is printed from these rows.

mod common;

mod validation {
    pub(crate) mod dns;
    pub(crate) mod mail;
    pub(crate) mod network;
    pub(crate) mod row;
    pub(crate) mod scene;
    pub(crate) mod tcp;
}

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::thread;

use common::root;
use validation::row::{Row, table};
use validation::{dns, mail, network, tcp};

/// All rows, computed once for all tests.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let parts = [network::rows, tcp::rows, dns::rows, mail::rows].map(thread::spawn);
    let mut rows: Vec<Row> = parts.into_iter().flat_map(|part| part.join().unwrap()).collect();
    rows.sort_by(|a, b| a.id.cmp(b.id));
    rows
});

/// Breaks when the engine departs from theory by a nanosecond where the form is exact, or by
/// more than the tolerance where chance has a part.
#[test]
fn the_simulator_agrees_with_theory() {
    println!("{}", table(&*ROWS));
    let wrong: Vec<&Row> = ROWS.iter().filter(|row| !row.holds).collect();
    assert!(wrong.is_empty(), "{}", table(wrong));
    assert!(ROWS.len() >= 24, "rows are missing: {}", ROWS.len());
}

fn document() -> PathBuf {
    root().join("docs/validation.md")
}

fn text() -> String {
    format!("{}\n{}", include_str!("validation/preface.md"), table(&*ROWS))
}

/// Breaks when a figure moves, even within its tolerance, and the document was not written
/// anew.
#[test]
fn the_document_holds_the_same_table() {
    if std::env::var_os("POSTHASTE_BLESS").is_some() {
        fs::write(document(), text()).unwrap();
    }
    let found = fs::read_to_string(document()).unwrap_or_default();
    assert!(found == text(), "docs/validation.md is out of date; write it anew with the command that it names");
}
