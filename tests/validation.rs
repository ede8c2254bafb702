//! Closed forms of networking textbooks against whole scenarios: from JSON to a world, its
//! trace and its tables.
//!
//! Each row has what is measured, what theory says, what the simulator says, and how far
//! apart they may be; `exact` means equal integer nanoseconds or equal counts. The table in
//! `docs/validation.md` is printed from these rows.

mod common;

mod validation {
    pub(crate) mod aqm;
    pub(crate) mod book;
    pub(crate) mod caches;
    pub(crate) mod dns;
    pub(crate) mod flows;
    pub(crate) mod lab;
    pub(crate) mod little;
    pub(crate) mod mail;
    pub(crate) mod network;
    pub(crate) mod queueing;
    pub(crate) mod row;
    pub(crate) mod scene;
    pub(crate) mod tcp;
    pub(crate) mod web;
}

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use common::root;
use validation::row::{Row, table};
use validation::{aqm, caches, dns, flows, little, mail, network, queueing, tcp, web};

/// The rows of a group, computed once for all tests.
type Group = LazyLock<Vec<Row>>;

static LINKS: Group = LazyLock::new(network::rows);
static QUEUES: Group = LazyLock::new(queueing::rows);
static MANAGEMENT: Group = LazyLock::new(aqm::rows);
static TCP: Group = LazyLock::new(tcp::rows);
static FLOWS: Group = LazyLock::new(flows::rows);
static NAMES: Group = LazyLock::new(dns::rows);
static CACHES: Group = LazyLock::new(caches::rows);
static MAIL: Group = LazyLock::new(mail::rows);
static WEB: Group = LazyLock::new(web::rows);
static LITTLE: Group = LazyLock::new(little::rows);

const GROUPS: [&Group; 10] = [&LINKS, &QUEUES, &MANAGEMENT, &TCP, &FLOWS, &NAMES, &CACHES, &MAIL, &WEB, &LITTLE];

/// Fails when the engine departs from theory by a nanosecond where the form is exact, or by
/// more than the tolerance where chance has a part.
fn agrees(group: &[Row]) {
    println!("{}", table(group));
    let wrong: Vec<&Row> = group.iter().filter(|row| !row.holds).collect();
    assert!(wrong.is_empty(), "{}", table(wrong));
}

#[test]
fn links_agree_with_theory() {
    agrees(&LINKS);
}

#[test]
fn queues_agree_with_theory() {
    agrees(&QUEUES);
}

#[test]
fn queue_management_agrees_with_its_papers() {
    agrees(&MANAGEMENT);
}

#[test]
fn tcp_agrees_with_theory() {
    agrees(&TCP);
}

#[test]
fn bulk_flows_agree_with_their_models() {
    agrees(&FLOWS);
}

#[test]
fn name_resolution_agrees_with_theory() {
    agrees(&NAMES);
}

#[test]
fn caches_agree_with_renewal_theory() {
    agrees(&CACHES);
}

#[test]
fn mail_agrees_with_theory() {
    agrees(&MAIL);
}

#[test]
fn pages_agree_with_theory() {
    agrees(&WEB);
}

#[test]
fn every_queue_obeys_little() {
    agrees(&LITTLE);
}

fn document() -> PathBuf {
    root().join("docs/validation.md")
}

fn text() -> String {
    let mut rows: Vec<&Row> = GROUPS.iter().flat_map(|group| group.iter()).collect();
    rows.sort_by(|a, b| a.id.cmp(b.id));
    assert!(rows.len() >= 65 && rows.windows(2).all(|pair| pair[0].id != pair[1].id), "each row has an id of its own");
    format!("{}\n{}", include_str!("validation/preface.md"), table(rows))
}

/// Breaks when a figure moves, even within its tolerance, and the document was not written
/// anew.
#[test]
fn the_document_holds_the_same_table() {
    // rows of caches have fewer look-ups here, and other figures
    let debug = cfg!(debug_assertions);
    let comparable = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !(debug && line.starts_with("| N"))).map(str::to_owned).collect()
    };
    if std::env::var_os("POSTHASTE_BLESS").is_some() {
        assert!(!debug, "the document is written by a build with --release");
        fs::write(document(), text()).unwrap();
    }
    let found = fs::read_to_string(document()).unwrap_or_default();
    assert!(
        comparable(&found) == comparable(&text()),
        "docs/validation.md is out of date; write it anew with the command that it names"
    );
}
