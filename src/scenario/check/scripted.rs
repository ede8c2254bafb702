//! Scripted name servers: from rules as written to rules as a server goes by.
//!
//! Used for scenarios and for the cases of a replay, so nothing here needs the rest of either.

use crate::app::dns::scripted::{Matching, Otherwise, Reply, ReplyForm, ReplyParts, Rule};
use crate::base::SimDuration;
use crate::proto::dns::handmade::{
    HandmadeOpt, HandmadeQuestion, HandmadeRecord, HeaderFlags, parse_class, parse_hex, parse_opcode, parse_rcode,
};
use crate::proto::dns::{CLASS_IN, Name, Question, Rtype};
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::{ScriptEdns, ScriptMatch, ScriptQuestion, ScriptReply, ScriptRule, TransportName};

/// The most octets of a message over TCP.
const MESSAGE_LIMIT: usize = crate::proto::dns::TCP_LIMIT;

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
