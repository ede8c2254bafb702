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
    alias_cached,
    alias_loop,
    alias_nodata,
    alias_nxdomain,
    alias_outside,
    alias_self,
    all_silent,
    answer_above,
    answer_outside,
    answer_twice,
    any_type,
    case_echo,
    chain_12,
    chain_in_one,
    chain_shuffled,
    chain_too_long,
    child_servers,
    child_servers_dead,
    dedup,
    dname,
    dname_asked,
    dname_behind,
    dname_grows,
    dname_loop,
    dname_outside,
    dname_owner,
    dname_too_long,
    dname_twice,
    dname_without_cname,
    dname_wrong_alias,
    doubtful_cache,
    doubtful_empty,
    ds_above,
    ds_between,
    duplicates,
    edns_badvers,
    edns_formerr,
    edns_formerr_bare,
    edns_notimp,
    edns_remembered,
    edns_silent,
    escaped_name,
    failure_cached,
    forward,
    forward_alias,
    forward_first,
    forward_negative,
    forward_next,
    forward_only,
    forward_outside,
    forward_partial,
    forward_refers,
    forward_silent,
    forward_ttl,
    forward_zone,
    front_edns,
    front_refusals,
    ghost,
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
    late_response,
    letters_of_owners,
    longest_name,
    look_only,
    loss,
    minimal_off,
    minimisation,
    minimisation_alias,
    minimisation_deep,
    minimisation_ns,
    minimisation_refused,
    minimisation_relaxed,
    minimisation_shared,
    minimisation_silent,
    moved,
    negative_bounds,
    negative_cap,
    negative_ttl,
    negative_without_soa,
    negative_zero,
    next_counts_lie,
    next_garbage,
    next_lame_empty,
    next_lame_self,
    next_lame_up,
    next_loopback,
    next_notauth,
    next_notimp,
    next_refused,
    next_servfail,
    next_silent,
    next_unknown,
    next_unreachable,
    nodata,
    nodata_bare,
    nodata_servers,
    not_a_response,
    nxdomain,
    nxdomain_cut,
    prefetch,
    prefetch_failure,
    ranking_authority,
    ranking_glue,
    raw_malformed,
    raw_rdata,
    referral_aa,
    referral_sideways,
    referral_skips,
    retry_same,
    root_name,
    root_other,
    rrset_ttl,
    same_server,
    script_steps,
    script_times,
    selection,
    serve_stale,
    serve_stale_at_once,
    serve_stale_back,
    serve_stale_failure,
    serve_stale_fresh,
    serve_stale_max,
    serve_stale_not,
    servers_own_word_barren,
    servfail_again,
    sides_address,
    sides_servers,
    sides_unasked,
    stale_alias,
    stale_denial,
    stale_recheck,
    stale_zero_ttl,
    stub,
    stub_before_root,
    stub_dead,
    stub_first,
    stub_silent,
    tcp_reuse,
    tcp_upstream,
    tld_name,
    truncated_records,
    truncated_referral,
    truncation,
    truncation_next,
    ttl_bounds,
    ttl_cap,
    ttl_sign,
    ttl_zero,
    walk,
    wire_pointers,
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

/// A zone of many names, each asked for once, then again from the last to the first.
fn many(count: usize, cache_limit: Option<usize>) -> Vec<bool> {
    let step = |number: usize| {
        let query = serde_json::json!({ "qname": format!("n{number}.kiwi.test."), "qtype": "A", "flags": ["RD"] });
        serde_json::json!({ "at": 0, "query": query, "expect": {} })
    };
    let rule = |number: usize| {
        let answer = format!("n{number}.kiwi.test. 86400 IN A 198.51.100.7");
        serde_json::json!({ "match": { "qname": format!("n{number}.kiwi.test.") }, "reply": { "flags": ["QR", "AA"], "answer": [answer] } })
    };
    let case = serde_json::json!({
        "resolver": { "stub": [{ "zone": "kiwi.test.", "addresses": ["192.0.2.3"] }] },
        "servers": [{ "address": "192.0.2.3", "rules": (0..count).map(rule).collect::<Vec<_>>() }],
        "steps": (0..count).chain((0..count).rev()).map(step).collect::<Vec<_>>(),
    });
    let mut case = replay::load("many", case.to_string().as_bytes()).unwrap();
    case.resolver.cache_limit = cache_limit;
    let told = replay::play(&case).unwrap();
    assert!(told.steps.iter().all(|step| step.text.as_ref().is_some_and(|text| text.contains("198.51.100.7"))));
    // whether each name, from the last to the first, was still there
    told.steps[count..].iter().map(|step| step.upstream.is_empty()).collect()
}

#[test]
fn a_cache_with_a_limit_forgets_what_was_used_least_recently() {
    assert!(many(300, None).iter().all(|held| *held));
    let held = many(300, Some(20_000));
    let kept = held.iter().take_while(|held| **held).count();
    assert!((20..250).contains(&kept), "{kept} names in 20 kB");
    assert!(held[kept..].iter().all(|held| !held), "the older ones are gone: {held:?}");
}

#[test]
fn a_case_replays_alike() {
    for name in CASES {
        let text = read(&file(name));
        let case = replay::load(name, text.as_bytes()).unwrap();
        assert_eq!(replay::play(&case), replay::play(&case), "{name}");
    }
}
