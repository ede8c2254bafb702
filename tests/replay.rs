//! The resolver against name servers that go by a script: the cases in tests/replay/, each of which shows one
//! thing that a resolver must do.
//!
//! They are files for `posthaste dns-replay`, judged here by a reader of messages that is not the
//! resolver's. A case fails if the resolver answers anything else, asks servers that it need not
//! ask, believes what it must not, or takes too long.

#[path = "replay/judge.rs"]
mod judge;
#[path = "replay/wire.rs"]
mod wire;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use posthaste::scenario::replay;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// The file of a case by the name of its test.
fn file(name: &str) -> String {
    format!("{}.json", name.replace('_', "-"))
}

macro_rules! cases {
    ($($name:ident,)*) => {
        /// The names of all tests of cases.
        const CASES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                let text = read(&file(stringify!($name)));
                let faults = judge::faults(&text);
                assert!(faults.is_empty(), "{}", faults.join("\n"));
            }
        )*
    };
}

cases! {
    additional_outside,
    addresses_nobodys,
    alias_asked,
    alias_loop,
    alias_nodata,
    alias_nxdomain,
    alias_outside,
    alias_self,
    all_silent,
    answer_above,
    answer_outside,
    answer_twice,
    case_echo,
    chain_12,
    chain_in_one,
    chain_too_long,
    dedup,
    dname,
    dname_behind,
    dname_too_long,
    dname_twice,
    dname_without_cname,
    doubtful_cache,
    doubtful_empty,
    ds_above,
    ds_between,
    edns_formerr,
    edns_notimp,
    edns_remembered,
    edns_silent,
    failure_cached,
    forward,
    forward_alias,
    forward_first,
    forward_next,
    forward_only,
    forward_outside,
    forward_zone,
    front_edns,
    front_refusals,
    ghost_beneath,
    ghost_own,
    glue_believed,
    glue_outside,
    glue_run_out,
    glueless,
    glueless_circle,
    glueless_many,
    ipv6_off,
    ipv6_only,
    look_only,
    minimal_off,
    minimisation,
    minimisation_ns,
    minimisation_relaxed,
    minimisation_shared,
    minimisation_silent,
    moved,
    negative_bounds,
    negative_cap,
    negative_ttl,
    negative_without_soa,
    next_garbage,
    next_lame_empty,
    next_lame_self,
    next_lame_up,
    next_notimp,
    next_refused,
    next_servfail,
    next_silent,
    nodata,
    not_a_response,
    nxdomain,
    nxdomain_cut,
    prefetch,
    prefetch_failure,
    ranking_authority,
    ranking_glue,
    raw_malformed,
    raw_rdata,
    referral_sideways,
    retry_same,
    root_other,
    rrset_ttl,
    selection,
    serve_stale,
    serve_stale_at_once,
    serve_stale_failure,
    serve_stale_fresh,
    serve_stale_not,
    servers_own_word,
    servers_own_word_barren,
    servers_own_word_dead,
    servfail_again,
    sides_address,
    sides_servers,
    stale_alias,
    stale_denial,
    stale_recheck,
    stale_zero_ttl,
    stub,
    stub_first,
    stub_silent,
    tcp_reuse,
    tcp_upstream,
    truncated_records,
    truncation,
    ttl_bounds,
    ttl_cap,
    ttl_sign,
    ttl_zero,
    walk,
    wrong_case,
    wrong_id,
    wrong_question,
}

#[test]
fn every_case_is_played() {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = entries.filter(|name| name.ends_with(".json")).collect();
    let played: BTreeSet<String> = CASES.iter().map(|name| file(name)).collect();
    assert_eq!(files, played);
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let text = read("walk.json");
    let case = replay::load("walk.json", text.as_bytes()).unwrap();
    let told = replay::play(&case).unwrap();
    let altered = |alter: &dyn Fn(&mut replay::Told)| {
        let mut told = told.clone();
        alter(&mut told);
        judge::faults_of(&text, &told)
    };
    assert!(altered(&|_| {}).is_empty());
    let wire = |told: &mut replay::Told, from: &str, to: &str| {
        let wire = told.steps[0].wire.as_mut().unwrap();
        assert!(wire.contains(from), "{wire}");
        *wire = wire.replacen(from, to, 1);
    };
    let faults = [
        altered(&|told| told.steps[0].wire = None),
        altered(&|told| told.steps[0].took = Some(0.5)),
        altered(&|told| told.steps[1].upstream = told.steps[0].upstream.clone()),
        altered(&|told| told.steps[0].upstream.reverse()),
        altered(&|told| wire(told, "c6336407", "c6336408")),
        altered(&|told| wire(told, "00018180", "00018183")),
        altered(&|told| wire(told, "00018180", "00018100")),
        altered(&|told| wire(told, "00000e10", "00000e00")),
        altered(&|told| told.steps[0].wire.as_mut().unwrap().push_str("00")),
        altered(&|told| told.ignored.push("prefetch".to_owned())),
        altered(&|told| drop(told.steps.pop())),
    ];
    for (number, faults) in faults.iter().enumerate() {
        assert_eq!(faults.len(), 1, "alteration {number}: {faults:?}");
    }
}

#[test]
fn a_case_replays_alike() {
    for name in CASES {
        let text = read(&file(name));
        let case = replay::load(name, text.as_bytes()).unwrap();
        assert_eq!(replay::play(&case), replay::play(&case), "{name}");
    }
}
