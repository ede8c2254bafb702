//! From the form of a case to what it means; findings on what means nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Map, Value};

use super::case::{CaseFile, CaseQuery, CaseResolver, CaseServer, CaseZone};
use super::{Case, Question, Step};
use crate::app::dns::scripted::{Entry, Script};
use crate::app::dns::{ResolverConfig, ServeStale, Upstream, UpstreamKind};
use crate::base::{SimDuration, SimTime};
use crate::proto::dns::DATAGRAM_LIMIT;
use crate::proto::dns::handmade::{Handmade, HeaderFlags};
use crate::scenario::check::scripted::{
    read_edns, read_flags, read_hex, read_name, read_opcode, read_otherwise, read_question, read_rules,
};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::{ScriptQuestion, TransportName};

/// A case that means something. None when something was noted.
pub(super) fn read(file: &CaseFile, problems: &mut Problems) -> Option<Case> {
    let root = Path::Root;
    let mut ignored = Vec::new();
    let resolver = read_resolver(problems, root.key("resolver"), &file.resolver, &mut ignored);
    let mut servers: BTreeMap<IpAddr, Script> = BTreeMap::new();
    let path = root.key("servers");
    for (number, server) in file.servers.iter().enumerate() {
        let (addresses, entry) = read_server(problems, path.index(number), number, server);
        for address in addresses {
            servers.entry(address).or_default().entries.push(entry.clone());
        }
    }
    let path = root.key("steps");
    let mut steps = Vec::with_capacity(file.steps.len());
    for (number, step) in file.steps.iter().enumerate() {
        let here = path.index(number);
        steps.push(Step {
            at: SimTime::ZERO.saturating_add(step.at.0),
            question: read_query(problems, here.key("query"), number, &step.query),
            asks: step.expect.is_some(),
            waits: step.wait && step.expect.is_some(),
        });
    }
    problems.is_empty().then(|| Case { name: file.name.clone(), resolver, ignored, servers, steps })
}

fn read_address(problems: &mut Problems, path: Path<'_>, text: &str) -> Option<IpAddr> {
    let address = text.parse().ok();
    if address.is_none() {
        problems.at(path, format!("{} is no IP address", quote(text)));
    }
    address
}

fn read_server(problems: &mut Problems, path: Path<'_>, number: usize, server: &CaseServer) -> (Vec<IpAddr>, Entry) {
    let here = path.key("address");
    let mut addresses = Vec::new();
    for (place, text) in server.address.items.iter().enumerate() {
        let at = if server.address.list { here.index(place) } else { here };
        addresses.extend(read_address(problems, at, text).filter(|address| !addresses.contains(address)));
    }
    let rules = read_rules(problems, path.key("rules"), &server.rules);
    let otherwise = read_otherwise(problems, path.key("otherwise"), server.otherwise.as_ref());
    (addresses, Entry { number, rules, otherwise })
}

fn read_resolver(
    problems: &mut Problems,
    path: Path<'_>,
    given: &CaseResolver,
    ignored: &mut Vec<String>,
) -> ResolverConfig {
    let mut config = ResolverConfig { qname_minimisation: false, ..ResolverConfig::default() };
    let hints = path.key("root_hints");
    for (place, hint) in given.root_hints.iter().enumerate() {
        let here = hints.index(place);
        let name = read_name(problems, here.key("name"), &hint.name);
        let address = read_address(problems, here.key("address"), &hint.address);
        config.roots.extend(name.zip(address));
    }
    let forward = |zone: &CaseZone| UpstreamKind::Forward { first: zone.first };
    read_upstreams(problems, path.key("forward"), &given.forward, forward, &mut config);
    read_upstreams(
        problems,
        path.key("stub"),
        &given.stub,
        |zone| UpstreamKind::Stub { first: zone.first },
        &mut config,
    );
    let here = path.key("options");
    read_stale(problems, here, &given.options, &mut config);
    for (name, value) in &given.options {
        if !set(problems, here.key(name), (name, value), &mut config) {
            ignored.push(name.clone());
        }
    }
    config
}

fn read_upstreams(
    problems: &mut Problems,
    path: Path<'_>,
    given: &[CaseZone],
    kind: impl Fn(&CaseZone) -> UpstreamKind,
    config: &mut ResolverConfig,
) {
    for (place, upstream) in given.iter().enumerate() {
        let here = path.index(place);
        let list = here.key("addresses");
        let read = |(place, text): (usize, &String)| read_address(problems, list.index(place), text);
        let servers: Vec<IpAddr> = upstream.addresses.iter().enumerate().filter_map(read).collect();
        let zone = read_name(problems, here.key("zone"), &upstream.zone);
        // without a server the zone is as any other
        if let Some(zone) = zone
            && !servers.is_empty()
        {
            config.upstreams.push(Upstream { zone, servers, kind: kind(upstream) });
        }
    }
}

fn read_stale(problems: &mut Problems, path: Path<'_>, options: &Map<String, Value>, config: &mut ResolverConfig) {
    let wanted = options.get("serve_stale").is_some_and(|value| flag(problems, path.key("serve_stale"), value));
    if !wanted {
        return;
    }
    let mut stale = ServeStale::default();
    let mut given = |name: &str| options.get(name).map(|value| number(problems, path.key(name), value));
    if let Some(seconds) = given("stale_max") {
        // 0 stands for no bound
        stale.max = (seconds > 0).then(|| SimDuration::from_secs(seconds.into()));
    }
    if let Some(seconds) = given("stale_reply_ttl") {
        stale.reply_ttl = seconds;
    }
    if let Some(millis) = given("stale_client_timeout_ms") {
        stale.client_timeout = Some(SimDuration::from_millis(millis.into()));
    }
    config.stale = Some(stale);
}

/// Sets an option of the resolver; false when it has no such option.
fn set(problems: &mut Problems, path: Path<'_>, option: (&str, &Value), config: &mut ResolverConfig) -> bool {
    let (name, value) = option;
    match name {
        "ipv6" => config.ipv6 = flag(problems, path, value),
        "minimal_responses" => config.minimal_responses = flag(problems, path, value),
        "qname_minimisation" => config.qname_minimisation = flag(problems, path, value),
        "max_ttl" => config.ttl_cap = number(problems, path, value),
        "min_ttl" => config.ttl_floor = number(problems, path, value),
        "max_negative_ttl" => config.negative_ttl_cap = number(problems, path, value),
        "min_negative_ttl" => config.negative_ttl_floor = number(problems, path, value),
        "prefetch" => config.prefetch = flag(problems, path, value),
        "retries" => config.retries = Some(number(problems, path, value)),
        "tcp_upstream" => config.tcp_upstream = flag(problems, path, value),
        "harden_glue" => config.harden_glue = flag(problems, path, value),
        "harden_referral_path" => config.harden_referral_path = flag(problems, path, value),
        "case_randomisation" => config.mixed_case = flag(problems, path, value),
        "edns_buffer_size" => {
            let octets = number(problems, path, value);
            config.edns_size = (octets > 0).then(|| u16::try_from(octets).unwrap_or(u16::MAX));
        }
        // they were read before, together
        "serve_stale" | "stale_max" | "stale_reply_ttl" | "stale_client_timeout_ms" => {}
        _ => return false,
    }
    true
}

fn flag(problems: &mut Problems, path: Path<'_>, value: &Value) -> bool {
    if !value.is_boolean() {
        problems.at(path, "expected true or false");
    }
    value.as_bool().unwrap_or_default()
}

fn number(problems: &mut Problems, path: Path<'_>, value: &Value) -> u32 {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    if number.is_none() {
        problems.at(path, "expected a whole number from 0 to 4294967295");
    }
    number.unwrap_or_default()
}

fn read_query(problems: &mut Problems, path: Path<'_>, number: usize, given: &CaseQuery) -> Question {
    let tcp = given.transport == TransportName::Tcp;
    if let Some(wire) = &given.wire {
        let octets = read_hex(problems, path.key("wire"), wire);
        if !tcp && octets.len() > DATAGRAM_LIMIT {
            problems.at(path.key("wire"), format!("a datagram holds at most {DATAGRAM_LIMIT} octets"));
        }
        return Question { tcp, octets };
    }
    let asked = |(qname, qtype): (&String, &String)| ScriptQuestion {
        qname: qname.clone(),
        qtype: qtype.clone(),
        qclass: given.qclass.clone(),
    };
    if given.qname.is_some() != given.qtype.is_some() {
        problems.at(path, "\"qname\" and \"qtype\" stand together, or there is a \"wire\"");
    }
    let question = given.qname.as_ref().zip(given.qtype.as_ref()).map(asked);
    let question = question.and_then(|question| read_question(problems, path, &question));
    let flags = given.flags.as_ref().map(|flags| read_flags(problems, path.key("flags"), flags));
    let opcode = given.opcode.as_ref().and_then(|opcode| read_opcode(problems, path.key("opcode"), opcode));
    let query = Handmade {
        id: u16::try_from((number + 1) % 0x1_0000).unwrap_or_default(),
        // a client of a resolver desires recursion unless it says what it does
        flags: flags.unwrap_or_else(|| HeaderFlags::named(["RD"]).unwrap_or_default()),
        opcode: opcode.unwrap_or_default(),
        questions: question.into_iter().collect(),
        edns: given.edns.as_ref().map(|edns| read_edns(problems, path.key("edns"), edns)),
        ..Handmade::default()
    };
    Question { tcp, octets: query.encode() }
}
