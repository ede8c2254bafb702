//! Scripted name servers: from rules as written to rules as a server goes by.
//!
//! What rules need is used for the cases of a replay too.

use super::Context;
use crate::app::dns::scripted::{
    Entry, Guess, Manner, Matching, Otherwise, Reply, ReplyForm, ReplyParts, Rule, Script, Volley,
};
use crate::base::{HostId, SimDuration};
use crate::proto::dns::handmade::{
    HandmadeOpt, HandmadeQuestion, HandmadeRecord, HeaderFlags, parse_class, parse_hex, parse_opcode, parse_rcode,
};
use crate::proto::dns::{CLASS_IN, Name, Question, Rcode, Rtype};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::{
    BehaviourName, IdsName, NameServer, ScriptEdns, ScriptMatch, ScriptQuestion, ScriptReply, ScriptRule, Scripted,
    TransportName, Unasked,
};

/// The most octets of a message over TCP.
const MESSAGE_LIMIT: usize = crate::proto::dns::TCP_LIMIT;

/// Time until a "slow" server answers, unless it says how slow it is: longer than a resolver's first
/// time-outs, shorter than its patience.
const SLOW: SimDuration = SimDuration::from_secs(2);

/// Forged responses of one volley.
const VOLLEY_LIMIT: u32 = 1_000_000;

/// The scripted servers of a scenario, in host order.
pub(super) fn read_scripted(cx: &mut Context<'_>) -> Vec<(HostId, Script)> {
    let network = Path::Root.key("network");
    let path = network.key("hosts");
    let mut all = Vec::new();
    let scenario = cx.scenario;
    for (name, given) in
        scenario.network.hosts.iter().filter_map(|(name, host)| Some((name, host.dns_scripted.as_ref()?)))
    {
        let host = path.key(name);
        let here = host.key("dns_scripted");
        if scenario.dns.resolvers.contains_key(name) {
            let message = format!("{} is a resolver too, and both need port 53", quote(name));
            cx.problems.help(here, message, "put the resolver on a host of its own");
        }
        let server = scenario.dns.servers.get(name);
        check_zones(cx, here, name, server);
        let serves = server.is_some_and(|server| !server.zones.is_empty());
        let script = read_script(cx, here, given, serves);
        all.extend(cx.host(here, name).map(|host| (host, script)));
    }
    all
}

/// A scripted server has its zones as they are in the file: it asks nobody for them.
fn check_zones(cx: &mut Context<'_>, path: Path<'_>, name: &str, server: Option<&NameServer>) {
    let Some(server) = server else { return };
    if !server.secondary.is_empty() {
        let message = format!("{} is a secondary server, and a scripted one keeps no copies", quote(name));
        cx.problems.help(path, message, "list its zones in \"zones\"");
    }
    let changes = &cx.scenario.dns.changes;
    if let Some(change) = changes.iter().find(|change| server.zones.contains(&change.zone)) {
        let zone = quote(&change.zone);
        cx.problems.at(path, format!("the zone {zone} changes, and those of a scripted server stay as they are"));
    }
}

fn read_script(cx: &mut Context<'_>, path: Path<'_>, given: &Scripted, serves: bool) -> Script {
    let mut rules = read_rules(cx.problems, path.key("rules"), &given.rules);
    for (place, rule) in given.rules.iter().enumerate() {
        if rule.steps.is_some() {
            let message = "a scenario has no steps: only a replay's rules hold in some of them";
            cx.problems.at(path.key("rules").index(place).key("steps"), message);
        }
        let rules = path.key("rules");
        let rule_path = rules.index(place);
        let replies = rule_path.key("reply");
        for (number, reply) in rule.reply.0.iter().enumerate() {
            let at = if rule.reply.0.len() > 1 { replies.index(number) } else { replies };
            check_dots(cx.problems, at, reply);
        }
    }
    let behaviour = given.behaviour.unwrap_or(if serves { BehaviourName::Answer } else { BehaviourName::Silent });
    let from_zones = matches!(behaviour, BehaviourName::Answer | BehaviourName::Slow | BehaviourName::Truncate);
    if from_zones && !serves {
        let help = "list its zones in `dns.servers`";
        cx.problems.help(path.key("behaviour"), "it has no zones from which to answer", help);
    }
    if given.behaviour.is_some() && given.otherwise.is_some() {
        cx.problems.at(path.key("otherwise"), "give either \"behaviour\" or \"otherwise\"");
    }
    let slow = (behaviour == BehaviourName::Slow).then_some(SLOW);
    let manner = Manner {
        delay: given.delay.map(|delay| delay.0).or(slow).unwrap_or_default(),
        truncate: behaviour == BehaviourName::Truncate,
    };
    let otherwise = match behaviour {
        BehaviourName::Answer | BehaviourName::Slow | BehaviourName::Truncate => Otherwise::Zones,
        BehaviourName::Silent => Otherwise::Drop,
        BehaviourName::Refuse => Otherwise::Rcode(Rcode::Refused.number().into()),
        BehaviourName::Fail => Otherwise::Rcode(Rcode::ServFail.number().into()),
        BehaviourName::Lame => {
            rules.push(upward());
            Otherwise::Drop
        }
    };
    let otherwise = read_otherwise(cx.problems, path.key("otherwise"), given.otherwise.as_ref()).unwrap_or(otherwise);
    let unasked = path.key("unasked");
    let volleys =
        given.unasked.iter().enumerate().filter_map(|(place, one)| read_unasked(cx, unasked.index(place), one));
    let volleys = volleys.collect();
    Script { entries: vec![Entry { number: 0, rules, otherwise: Some(otherwise) }], manner, volleys }
}

/// In a scenario names without a final dot are within a zone; a script has none, so it takes only absolute ones.
fn check_dots(problems: &mut Problems, path: Path<'_>, reply: &ScriptReply) {
    let sections = [("answer", &reply.answer), ("authority", &reply.authority), ("additional", &reply.additional)];
    for (key, records) in sections {
        for (place, record) in records.iter().enumerate() {
            let words: Vec<&str> = record.split_ascii_whitespace().collect();
            let [owner, _, _, rtype, data @ ..] = &words[..] else { continue };
            let names = match Rtype::parse(rtype) {
                _ if data.first().is_some_and(|word| word.starts_with('\\')) => &[],
                Ok(Rtype::Ns | Rtype::Cname | Rtype::Ptr | Rtype::Dname | Rtype::Mx | Rtype::Srv) => {
                    data.last_chunk::<1>().map_or(&[][..], |name| &name[..])
                }
                Ok(Rtype::Soa) => data.get(..2).unwrap_or_default(),
                Ok(Rtype::A | Rtype::Aaaa | Rtype::Txt | Rtype::Other(_)) | Err(_) => &[],
            };
            for name in std::iter::once(owner).chain(names).filter(|name| !name.ends_with('.')) {
                let message = format!("{} has no final dot, and a script has no zone that it could be in", quote(name));
                problems.help(
                    path.key(key).index(place),
                    message,
                    "write the whole name and a final dot, like \"www.crepes.fr.\"",
                );
            }
        }
    }
}

/// What a server says that knows nothing of the zone: the referral of all referrals.
fn upward() -> Rule {
    let root = HandmadeRecord::parse(". 518400 IN NS a.root-servers.net.").ok();
    let sections = [Vec::new(), root.into_iter().collect(), Vec::new()];
    let parts = ReplyParts { sections, ..ReplyParts::default() };
    let reply = Reply { delay: SimDuration::ZERO, id: None, form: ReplyForm::Parts(parts) };
    Rule { replies: vec![reply], ..Rule::default() }
}

fn read_unasked(cx: &mut Context<'_>, path: Path<'_>, given: &Unasked) -> Option<Volley> {
    let at = cx.instant(path.key("at"), Some(given.at));
    let every = cx.duration(path.key("every"), given.every);
    let count = given.count.unwrap_or(1);
    if count > VOLLEY_LIMIT {
        cx.problems.at(path.key("count"), format!("at most {VOLLEY_LIMIT} are sent"));
    }
    let question = read_question(cx.problems, path.key("question"), &given.question);
    let reply = read_reply(cx.problems, path.key("reply"), &given.reply);
    check_dots(cx.problems, path.key("reply"), &given.reply);
    let target = cx.host(path.key("to"), &given.to);
    let source = cx.any_host(path.key("as"), &given.source);
    let (target, source) = (cx.hosts[target?.index()].addresses, cx.hosts[source?.index()].addresses);
    // a resolver asks at the address of the family that it prefers
    let Some(family) = target.families().find(|family| source.has(*family)) else {
        cx.problems.at(path.key("as"), "the two hosts have no address of the same family");
        return None;
    };
    let (to, source) = (target.of(family)?, source.of(family)?);
    let guess = match given.ids.unwrap_or_default() {
        IdsName::Random => Guess::Random,
        IdsName::Counting => Guess::Counting,
    };
    Some(Volley { at, every, count, to, port: given.port, source, question: question?, guess, reply })
}

/// Rules of one entry.
pub(in crate::scenario) fn read_rules(problems: &mut Problems, path: Path<'_>, rules: &[ScriptRule]) -> Vec<Rule> {
    let mut read = Vec::with_capacity(rules.len());
    for (place, rule) in rules.iter().enumerate() {
        let here = path.index(place);
        let replies = here.key("reply");
        let read_one = |(place, reply): (usize, &ScriptReply)| {
            let at = if rule.reply.0.len() > 1 { replies.index(place) } else { replies };
            read_reply(problems, at, reply)
        };
        let replies = rule.reply.0.iter().enumerate().map(read_one).collect();
        read.push(Rule {
            steps: rule.steps.as_ref().map(|steps| steps.iter().copied().collect()),
            times: rule.times,
            matching: read_match(problems, here.key("match"), &rule.matching),
            replies,
        });
    }
    read
}

/// What becomes of queries without a rule.
pub(in crate::scenario) fn read_otherwise(
    problems: &mut Problems,
    path: Path<'_>,
    otherwise: Option<&String>,
) -> Option<Otherwise> {
    let word = otherwise?;
    if word.eq_ignore_ascii_case("drop") {
        return Some(Otherwise::Drop);
    }
    let rcode = parse_rcode(word);
    if rcode.is_none() {
        problems.help(
            path,
            format!("{} is no response code", quote(word)),
            "write \"drop\", \"servfail\", \"refused\"...",
        );
    }
    rcode.map(Otherwise::Rcode)
}

fn read_match(problems: &mut Problems, path: Path<'_>, given: &ScriptMatch) -> Matching {
    Matching {
        opcode: given.opcode.as_ref().and_then(|opcode| read_opcode(problems, path.key("opcode"), opcode)),
        qname: given.qname.as_ref().and_then(|name| read_name(problems, path.key("qname"), name)),
        qtype: given.qtype.as_ref().and_then(|rtype| read_rtype(problems, path.key("qtype"), rtype)),
        subdomain_of: given.subdomain_of.as_ref().and_then(|name| read_name(problems, path.key("subdomain_of"), name)),
        tcp: given.transport.map(|transport| transport == TransportName::Tcp),
        edns: given.edns,
        dnssec_ok: given.dnssec_ok,
    }
}

/// OPCODE by name or number.
pub(in crate::scenario) fn read_opcode(problems: &mut Problems, path: Path<'_>, text: &str) -> Option<u8> {
    let opcode = parse_opcode(text);
    if opcode.is_none() {
        problems.help(
            path,
            format!("there is no opcode {}", quote(text)),
            "write \"QUERY\", \"NOTIFY\"... or a number below 16",
        );
    }
    opcode
}

/// A name, absolute with or without its final dot.
pub(in crate::scenario) fn read_name(problems: &mut Problems, path: Path<'_>, text: &str) -> Option<Name> {
    Name::parse(text).map_err(|why| problems.at(path, format!("{} is no name: {why}", quote(text)))).ok()
}

/// A type to ask for, meta types included.
pub(in crate::scenario) fn read_rtype(problems: &mut Problems, path: Path<'_>, text: &str) -> Option<Rtype> {
    let rtype = Rtype::parse(text).ok();
    if rtype.is_none() {
        problems.unknown(path, "record type", &text.to_ascii_uppercase(), Rtype::mnemonics());
    }
    rtype
}

/// The flags of a header.
pub(in crate::scenario) fn read_flags(problems: &mut Problems, path: Path<'_>, names: &[String]) -> HeaderFlags {
    for (place, name) in names.iter().enumerate() {
        if HeaderFlags::named([name.as_str()]).is_err() {
            problems.unknown(path.index(place), "flag", name, HeaderFlags::names());
        }
    }
    HeaderFlags::named(names.iter().map(String::as_str)).unwrap_or_default()
}

/// A question of any class.
pub(in crate::scenario) fn read_question(
    problems: &mut Problems,
    path: Path<'_>,
    given: &ScriptQuestion,
) -> Option<HandmadeQuestion> {
    let name = read_name(problems, path.key("qname"), &given.qname);
    let rtype = read_rtype(problems, path.key("qtype"), &given.qtype);
    let class = given.qclass.as_ref().map_or(Some(CLASS_IN), |class| {
        let known = parse_class(class);
        if known.is_none() {
            problems.unknown(path.key("qclass"), "class", class, ["IN", "CH", "HS", "NONE", "ANY"].into_iter());
        }
        known
    });
    Some(HandmadeQuestion { question: Question { name: name?, rtype: rtype? }, class: class? })
}

/// Hexadecimal digits.
pub(in crate::scenario) fn read_hex(problems: &mut Problems, path: Path<'_>, text: &str) -> Vec<u8> {
    let octets = parse_hex(text).filter(|octets| octets.len() <= MESSAGE_LIMIT);
    if octets.is_none() {
        problems.at(path, "these are no pairs of hexadecimal digits, at most 65535 of them");
    }
    octets.unwrap_or_default()
}

/// An OPT record.
pub(in crate::scenario) fn read_edns(problems: &mut Problems, path: Path<'_>, given: &ScriptEdns) -> HandmadeOpt {
    let octets = given.options.as_ref().map(|options| read_hex(problems, path.key("options"), options));
    HandmadeOpt { dnssec_ok: given.dnssec_ok, octets: octets.unwrap_or_default() }
}

fn read_reply(problems: &mut Problems, path: Path<'_>, given: &ScriptReply) -> Reply {
    let delay = given.delay.map_or(SimDuration::ZERO, |delay| delay.0);
    if let Some(wire) = &given.wire {
        let octets = read_hex(problems, path.key("wire"), wire);
        return Reply { delay, id: given.id, form: ReplyForm::Octets(octets) };
    }
    let rcode = given.rcode.as_ref().map_or(Some(0), |rcode| {
        let known = parse_rcode(rcode);
        if known.is_none() {
            let help = "write \"NOERROR\", \"NXDOMAIN\", \"SERVFAIL\", \"REFUSED\"... or a number";
            problems.help(path.key("rcode"), format!("there is no response code {}", quote(rcode)), help);
        }
        known
    });
    let opcode = given.opcode.as_ref().and_then(|opcode| read_opcode(problems, path.key("opcode"), opcode));
    let questions = given.question.as_ref().map(|questions| {
        let path = path.key("question");
        let read = |(place, question)| read_question(problems, path.index(place), question);
        questions.iter().enumerate().filter_map(read).collect()
    });
    let mut section = |key: &str, records: &[String]| read_section(problems, path.key(key), records);
    let sections = [
        section("answer", &given.answer),
        section("authority", &given.authority),
        section("additional", &given.additional),
    ];
    let parts = ReplyParts {
        flags: given.flags.as_ref().map(|flags| read_flags(problems, path.key("flags"), flags)),
        opcode: opcode.unwrap_or_default(),
        rcode: rcode.unwrap_or_default(),
        questions,
        sections,
        edns: given.edns.as_ref().map(|edns| read_edns(problems, path.key("edns"), edns)),
    };
    Reply { delay, id: given.id, form: ReplyForm::Parts(parts) }
}

fn read_section(problems: &mut Problems, path: Path<'_>, records: &[String]) -> Vec<HandmadeRecord> {
    let read = |(place, text): (usize, &String)| match HandmadeRecord::parse(text) {
        Ok(record) => Some(record),
        Err(message) => {
            problems.at(path.index(place), message);
            None
        }
    };
    records.iter().enumerate().filter_map(read).collect()
}
