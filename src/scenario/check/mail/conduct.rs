//! What a mail server does to its clients besides serving them: short forms and rules as written
//! become rules as the server goes by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::smtp::above_zero;
use super::vain::{check_greylist, check_when};
use crate::app::mail::ConductConfig;
use crate::app::mail::conduct::greylist::Greylisting;
use crate::app::mail::conduct::pattern::{Pattern, Prefix};
use crate::app::mail::conduct::rules::{Action, At, Gauge, Per, Rate, Rule, Ruling, Saying, Slowness, When};
use crate::proto::smtp::{PORT, SUBMISSION_PORT};
use crate::scenario::check::Context;
use crate::scenario::names::is_within;
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::schema::{
    Conduct, ConductRate, ConductRule, ConductWhen, GaugeName, Greylist, Limit, LimitedName, MailDomain, PerName,
    Tarpit, Texts, ThenKeys,
};

/// Longer replies fit no reply line (RFC 5321 4.5.3.1.5).
const LONGEST_LINE: usize = 490;
/// Octets of garbage.
const MOST_GARBAGE: usize = 65_536;
/// The words of `do`.
const WORDS: [&str; 5] = ["pass", "close", "reset", "silent", "half_close"];

pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>, domain: &MailDomain) -> ConductConfig {
    domain.conduct.as_ref().map_or_else(ConductConfig::default, |given| read_conduct(cx, here.key("conduct"), given))
}

/// The conduct of one server.
pub(super) fn read_conduct(cx: &mut Context<'_>, here: Path<'_>, given: &Conduct) -> ConductConfig {
    let mut rules = Vec::new();
    let rule = |name: &str, when, slow, action| Rule { name: Arc::from(name), when, slow, action };
    if let Some(tarpit) = &given.tarpit {
        let (when, slow) = read_tarpit(cx, here.key("tarpit"), tarpit);
        rules.push(rule("tarpit", when, slow, Action::Slow));
    }
    for (place, one) in given.rules.iter().enumerate() {
        rules.extend(read_rule(cx, here.key("rules").index(place), one));
    }
    if let Some(list) = &given.blocklist {
        let path = here.key("blocklist");
        let at = read_at(cx.problems, path.key("at"), list.at.as_ref());
        let lookup = Slowness { before: list.lookup.map(|spread| spread.0), ..Slowness::default() };
        if lookup.before.is_some() {
            rules.push(rule("lookup", When { at: at.clone(), ..When::default() }, lookup, Action::Slow));
        }
        let clients = read_clients(cx, path.key("clients"), &list.clients);
        if list.clients.is_empty() {
            cx.problems.help(path, "a blocklist has clients", "write \"clients\": [\"192.0.2.0/24\"]");
        }
        let action = refuse(cx.problems, path.key("reply"), list.reply.as_deref());
        rules.push(rule("blocklist", When { at, clients, ..When::default() }, Slowness::default(), action));
    }
    if !given.refuse_helo.is_empty() {
        let helo = read_patterns(cx.problems, here.key("refuse_helo"), &given.refuse_helo);
        let when = When { at: [At::Helo, At::Ehlo].into(), helo, ..When::default() };
        let action = decide(Ruling::Reply(Saying::new(554, "5.7.1", "Helo name refused")));
        rules.push(rule("refuse_helo", when, Slowness::default(), action));
    }
    if let Some(limit) = &given.limit {
        let (when, action) = read_limit(cx, here.key("limit"), limit);
        rules.push(rule("limit", when, Slowness::default(), action));
    }
    if let Some(size) = above_zero(cx, here.key("max_size"), given.max_size) {
        let when = When { at: [At::Mail, At::Body].into(), larger_than: Some(size.0.bytes()), ..When::default() };
        let action = decide(Ruling::Reply(Saying::new(552, "5.3.4", "Message too big")));
        rules.push(rule("max_size", when, Slowness::default(), action));
    }
    if let Some(list) = &given.greylisting {
        let list = read_greylist(cx, here.key("greylisting"), list);
        let when = When { at: [At::Rcpt].into(), ..When::default() };
        rules.push(rule("greylisting", when, Slowness::default(), Action::Greylist(Box::new(list))));
    }
    check_rule_names(cx.problems, here.key("rules"), &given.rules, &rules);
    ConductConfig { rules: rules.into() }
}

/// Whether a metric counts what the scenario's rules of conduct do.
pub(in crate::scenario::check) fn counts_rule(cx: &Context<'_>, metric: &str) -> bool {
    let name = metric.strip_prefix("conduct.").map(|name| name.strip_suffix(".count").unwrap_or(name));
    let Some(name) = name else { return false };
    let mut servers = cx.scenario.mail.values().filter_map(|domain| domain.conduct.as_ref());
    if metric == "conduct.lost_replies" {
        return servers.next().is_some();
    }
    metric.ends_with(".count")
        && servers.any(|given| {
            let short = [
                (given.tarpit.is_some(), "tarpit"),
                (given.blocklist.as_ref().is_some_and(|list| list.lookup.is_some()), "lookup"),
                (given.blocklist.is_some(), "blocklist"),
                (!given.refuse_helo.is_empty(), "refuse_helo"),
                (given.limit.is_some(), "limit"),
                (given.max_size.is_some(), "max_size"),
                (given.greylisting.is_some(), "greylisting"),
            ];
            short.contains(&(true, name)) || given.rules.iter().any(|rule| rule.name.as_deref() == Some(name))
        })
}

const fn decide(ruling: Ruling) -> Action {
    Action::Decide { ruling, effect: false }
}

fn read_tarpit(cx: &mut Context<'_>, path: Path<'_>, tarpit: &Tarpit) -> (When, Slowness) {
    let clients = tarpit.client.as_ref().map_or_else(Vec::new, |some| read_some(cx, path.key("client"), some));
    let slow = Slowness {
        before: tarpit.delay.map(|spread| spread.0),
        per_error: cx.duration(path.key("per_error"), tarpit.per_error),
        most: tarpit.most.map(|most| cx.duration(path.key("most"), Some(most))),
        ..Slowness::default()
    };
    (When { clients, ..When::default() }, slow)
}

fn read_limit(cx: &mut Context<'_>, path: Path<'_>, limit: &Limit) -> (When, Action) {
    let at = match limit.of.unwrap_or_default() {
        LimitedName::Connections => [At::Connect].into(),
        LimitedName::Messages => [At::Mail].into(),
        LimitedName::Recipients => [At::Rcpt].into(),
        LimitedName::Commands => At::ALL.into_iter().filter(|at| !matches!(at, At::Connect | At::Body)).collect(),
    };
    let &Limit { most, within, per, gauge, .. } = limit;
    let rate = read_rate(cx, path, &ConductRate { most, within, per, gauge });
    let action = refuse(cx.problems, path.key("reply"), limit.reply.as_deref());
    (When { at, rate: Some(rate), ..When::default() }, action)
}

fn read_greylist(cx: &mut Context<'_>, path: Path<'_>, list: &Greylist) -> Greylisting {
    let mut bits = |key, given: Option<u8>, most| {
        let given = given.unwrap_or(most);
        if given > most {
            cx.problems.at(path.key(key), format!("such an address has {most} bits"));
        }
        given
    };
    let (prefix4, prefix6) = (bits("prefix4", list.prefix4, 32), bits("prefix6", list.prefix6, 128));
    let reply = read_reply(cx.problems, path.key("reply"), list.reply.as_deref().unwrap_or_default());
    let delay = cx.duration(path.key("delay"), list.delay);
    let retry_window = cx.duration(path.key("retry_window"), list.retry_window);
    check_greylist(cx.problems, path, list, (delay, retry_window, Greylisting::default().retry_window));
    Greylisting {
        delay,
        retry_window,
        lifetime: cx.duration(path.key("lifetime"), list.lifetime),
        auto_whitelist: list.auto_whitelist.unwrap_or(0),
        prefix4,
        prefix6,
        clients: read_clients(cx, path.key("clients"), &list.clients),
        senders: read_patterns(cx.problems, path.key("senders"), &list.senders),
        recipients: read_patterns(cx.problems, path.key("recipients"), &list.recipients),
        reply: reply.unwrap_or_else(|| Greylisting::default().reply),
    }
}

fn read_rule(cx: &mut Context<'_>, path: Path<'_>, given: &ConductRule) -> Option<Rule> {
    let when = read_when(cx, path.key("when"), &given.when);
    let (slow, action) = read_then(cx, path.key("then"), &given.then.keys, &when)?;
    Some(Rule { name: Arc::from(given.name.as_deref().unwrap_or_default()), when, slow, action })
}

/// Each rule has a name of its own that can stand in a metric's.
fn check_rule_names(problems: &mut Problems, path: Path<'_>, given: &[ConductRule], rules: &[Rule]) {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for rule in rules {
        *times.entry(&rule.name).or_default() += 1;
    }
    for (place, rule) in given.iter().enumerate() {
        let name = rule.name.as_deref().unwrap_or_default();
        let here = path.index(place);
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(fits) {
            problems.at(here.key("name"), "a rule's name has 1 to 40 of the characters a to z, 0 to 9 and \"_\"");
        } else if times.get(name).is_some_and(|times| *times > 1) {
            problems.help(here.key("name"), format!("two rules have the name {}", quote(name)), "give each its own");
        }
    }
}

fn read_when(cx: &mut Context<'_>, path: Path<'_>, when: &ConductWhen) -> When {
    let mut patterns = |key, texts: Option<&Texts>| match texts {
        None => Vec::new(),
        Some(texts) => read_patterns(cx.problems, path.key(key), &texts.items),
    };
    let helo = patterns("helo", when.helo.as_ref());
    let senders = patterns("sender", when.sender.as_ref());
    let recipients = patterns("recipient", when.recipient.as_ref());
    if let Some(port) = when.port.filter(|port| ![PORT, SUBMISSION_PORT].contains(port)) {
        let message = format!("nobody speaks SMTP on port {port} here");
        cx.problems.help(path.key("port"), message, "write 25 or 587");
    }
    let from = cx.instant(path.key("from"), when.from);
    let until = when.until.map(|until| cx.instant(path.key("until"), Some(until)));
    if until.is_some_and(|until| until <= from) {
        cx.problems.at(path.key("until"), "this comes before the time has begun");
    }
    let at = read_at(cx.problems, path.key("at"), when.at.as_ref());
    check_when(cx.problems, path, &at, when);
    if when.first == Some(0) {
        cx.problems.at(path.key("first"), "with 0 the rule never holds");
    }
    if when.per.is_some() && when.first.is_none() && when.skip.is_none() {
        let help = "it says whose times \"first\" and \"skip\" count";
        cx.problems.help(path.key("per"), "there is nothing to count", help);
    }
    When {
        at,
        clients: when.client.as_ref().map_or_else(Vec::new, |some| read_some(cx, path.key("client"), some)),
        ports: when.port.into_iter().collect(),
        helo,
        senders,
        recipients,
        larger_than: when.larger_than.map(|size| size.0.bytes()),
        errors: when.errors.unwrap_or(0),
        from,
        until,
        rate: when.rate.as_ref().map(|rate| read_rate(cx, path.key("rate"), rate)),
        probability: when.probability.map(|chance| chance.0),
        skip: when.skip.unwrap_or(0),
        first: when.first,
        per: read_per(when.per.unwrap_or_default()),
    }
}

fn read_rate(cx: &mut Context<'_>, path: Path<'_>, given: &ConductRate) -> Rate {
    if given.most == 0 {
        cx.problems.help(path, "a rate allows at least one", "write \"most\": and a number above zero");
    }
    if given.most > 1_000_000 {
        cx.problems.at(path.key("most"), "no rate allows more than 1,000,000");
    }
    Rate {
        most: given.most,
        within: cx.positive(path.key("within"), given.within),
        per: read_per(given.per.unwrap_or_default()),
        gauge: match given.gauge.unwrap_or_default() {
            GaugeName::Window => Gauge::Window,
            GaugeName::Bucket => Gauge::Bucket,
        },
    }
}

const fn read_per(per: PerName) -> Per {
    match per {
        PerName::Server => Per::Server,
        PerName::Client => Per::Client,
        PerName::Session => Per::Session,
        PerName::Sender => Per::Sender,
        PerName::Recipient => Per::Recipient,
        PerName::Triplet => Per::Triplet,
        PerName::Message => Per::Message,
    }
}

fn read_at(problems: &mut Problems, path: Path<'_>, texts: Option<&Texts>) -> BTreeSet<At> {
    let mut all = BTreeSet::new();
    let Some(texts) = texts else { return all };
    for (place, name) in texts.items.iter().enumerate() {
        let here = if texts.list { path.index(place) } else { path };
        match At::from_name(name) {
            Some(at) => drop(all.insert(at)),
            None => problems.unknown(here, "command", name, At::ALL.iter().map(|at| at.name())),
        }
    }
    if texts.items.is_empty() {
        problems.help(path, "a rule that holds nowhere", "leave \"at\" out for all commands");
    }
    all
}

fn read_then(cx: &mut Context<'_>, path: Path<'_>, then: &ThenKeys, when: &When) -> Option<(Slowness, Action)> {
    let slow = Slowness {
        before: then.delay.map(|spread| spread.0),
        per_error: cx.duration(path.key("per_error"), then.per_error),
        most: then.most.map(|most| cx.duration(path.key("most"), Some(most))),
        late: then.late.map(|spread| spread.0),
        drip: then.drip.map(|drip| cx.duration(path.key("drip"), Some(drip))),
    };
    let ruling = read_ruling(cx.problems, path, then)?;
    let Some(ruling) = ruling else {
        if slow == Slowness::default() {
            let help = "write \"then\": \"450 4.7.1 Come back later\", \"close\", or {\"delay\": \"1s\"}";
            cx.problems.help(path, "a rule does something", help);
        }
        return Some((slow, Action::Slow));
    };
    if matches!(ruling, Ruling::Cut { .. }) && when.at != [At::Data].into() {
        let help = "write \"at\": \"DATA\" in \"when\"";
        cx.problems.help(path.key("after"), "only the message after DATA can be cut short", help);
    }
    let effect = then.effect == Some(true);
    if effect && matches!(ruling, Ruling::Pass | Ruling::HalfClose | Ruling::Cut { .. }) {
        cx.problems.at(path.key("effect"), "the command takes effect anyway");
    }
    Some((slow, Action::Decide { ruling, effect }))
}

/// What decides: `Some(None)` when nothing does, none when it cannot be read.
fn read_ruling(problems: &mut Problems, path: Path<'_>, then: &ThenKeys) -> Option<Option<Ruling>> {
    if let Some(garbage) = &then.garbage {
        if then.action.is_some() {
            problems.at(path.key("garbage"), "garbage is sent in place of \"do\": a rule has one of them");
        }
        // A line that reads as a success would claim what did not happen.
        let claims = garbage.split('\n').any(|line| line.starts_with(['2', '3']));
        if claims && then.effect != Some(true) {
            problems.at(path.key("garbage"), "a line of garbage that begins with 2 or 3 could be taken for a success");
        }
        if garbage.is_empty() || garbage.len() > MOST_GARBAGE {
            problems.at(path.key("garbage"), format!("garbage has 1 to {MOST_GARBAGE} octets"));
        }
        return Some(Some(Ruling::Octets(garbage.as_bytes().into())));
    }
    let reset = then.action.as_deref() == Some("reset");
    if let Some(after) = then.after {
        if !reset && then.action.as_deref() != Some("close") {
            problems.at(path.key("after"), "only \"close\" and \"reset\" can come in the middle of a message");
        }
        if after.0.bytes() == 0 {
            problems.help(path.key("after"), "nothing of the message has come then", "leave \"after\" out");
        }
        return Some(Some(Ruling::Cut { after: after.0.bytes(), reset }));
    }
    Some(Some(match then.action.as_deref() {
        None => return Some(None),
        Some("pass") => Ruling::Pass,
        Some("close" | "reset") => Ruling::Drop { reset },
        Some("silent") => Ruling::Silent,
        Some("half_close") => Ruling::HalfClose,
        Some(text) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            Ruling::Reply(read_reply(problems, path.key("do"), text)?)
        }
        Some(word) => {
            problems.unknown(path.key("do"), "action", word, WORDS.into_iter());
            return None;
        }
    }))
}

fn refuse(problems: &mut Problems, path: Path<'_>, reply: Option<&str>) -> Action {
    let reply = read_reply(problems, path, reply.unwrap_or_default());
    decide(reply.map_or(Ruling::Pass, Ruling::Reply))
}

/// A refusal: a reply that claims nothing.
fn read_reply(problems: &mut Problems, path: Path<'_>, text: &str) -> Option<Saying> {
    let help = "write it like \"450 4.7.1 Come back later\"";
    let Some(reply) = Saying::parse(text) else {
        problems.help(path, format!("{} is no reply", quote(text)), help);
        return None;
    };
    if !(400..600).contains(&reply.code) {
        let message = format!("a rule refuses: {} is not between 400 and 599", reply.code);
        problems.help(path, message, help);
    }
    if reply.lines.iter().any(|line| line.len() > LONGEST_LINE || line.chars().any(|c| !(' '..='~').contains(&c))) {
        problems.at(path, format!("a line of a reply has at most {LONGEST_LINE} printable ASCII characters"));
    }
    if !reply.status.is_empty() && !reply.status.starts_with(if reply.code < 500 { '4' } else { '5' }) {
        // RFC 2034 section 4: the class equals the first digit of the reply code.
        problems.at(path, format!("{} and {} contradict each other", reply.code, reply.status));
    }
    Some(reply)
}

fn read_patterns(problems: &mut Problems, path: Path<'_>, texts: &[String]) -> Vec<Pattern> {
    for (place, text) in texts.iter().enumerate() {
        if text.is_empty() {
            problems.help(path.index(place), "an empty pattern", "\"<>\" is the null reverse-path, \"*\" is any other");
        }
    }
    texts.iter().map(|text| Pattern::new(text)).collect()
}

fn read_some(cx: &mut Context<'_>, path: Path<'_>, texts: &Texts) -> Vec<Prefix> {
    if texts.list {
        return read_clients(cx, path, &texts.items);
    }
    texts.items.first().map_or_else(Vec::new, |text| read_client(cx, path, text))
}

fn read_clients(cx: &mut Context<'_>, path: Path<'_>, texts: &[String]) -> Vec<Prefix> {
    texts.iter().enumerate().flat_map(|(place, text)| read_client(cx, path.index(place), text)).collect()
}

/// A prefix, or the addresses of the hosts of that name or below it.
fn read_client(cx: &mut Context<'_>, path: Path<'_>, text: &str) -> Vec<Prefix> {
    if let Some(prefix) = Prefix::parse(text) {
        return vec![prefix];
    }
    let named = cx.hosts.iter().filter(|host| is_within(&host.name, text));
    let found: Vec<Prefix> = named
        .flat_map(|host| [host.addresses.v4.map(std::net::IpAddr::V4), host.addresses.v6.map(std::net::IpAddr::V6)])
        .flatten()
        .map(Prefix::one)
        .collect();
    if found.is_empty() {
        if text.contains('/') {
            let help = "write it like \"192.0.2.0/24\": the bits behind the prefix are 0";
            cx.problems.help(path, format!("{} is no prefix of addresses", quote(text)), help);
        } else {
            let known = cx.hosts.iter().map(|host| host.name.as_str());
            cx.problems.unknown(path, "host or domain", text, known);
        }
    }
    found
}
