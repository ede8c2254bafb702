//! Settings that are well formed each, but together can never come to anything: conditions of rules
//! that never hold, greylists that let nobody pass, servers that hand mail to themselves or to
//! nobody, users who can hand in nothing. What is merely of no effect is a note, not an error.

use std::collections::BTreeSet;

use super::routing::is_caught;
use super::{Remedy, unknown_user};
use crate::app::mail::conduct::rules::At;
use crate::base::SimDuration;
use crate::proto::smtp::{PORT, SUBMISSION_PORT};
use crate::scenario::check::Context;
use crate::scenario::names::is_within;
use crate::scenario::problem::{Path, Problems, quote};
use crate::scenario::resolved::{DomainSpec, UserSpec};
use crate::scenario::schema::{ConductWhen, Fault, Greylist, Scenario};

/// Commands at which no transaction is under way: they come before one, or end it (RFC 5321 4.1.4, RFC 3207
/// section 4.2, RFC 4954 section 4).
const BEFORE: [At; 5] = [At::Connect, At::Helo, At::Ehlo, At::StartTls, At::Auth];

/// Conditions that are not known yet wherever the rule is tried.
pub(super) fn check_when(problems: &mut Problems, path: Path<'_>, at: &BTreeSet<At>, when: &ConductWhen) {
    if at.is_empty() {
        return;
    }
    let before = |also: &[At], at: At| BEFORE.contains(&at) || also.contains(&at);
    let never = [
        ("helo", when.helo.is_some(), at.iter().all(|at| *at == At::Connect), "the client has not greeted yet", "EHLO"),
        ("sender", when.sender.is_some(), at.iter().all(|at| before(&[], *at)), "no reverse-path is known yet", "MAIL"),
        (
            "recipient",
            when.recipient.is_some(),
            at.iter().all(|at| before(&[At::Mail], *at)),
            "no recipient is known yet",
            "RCPT",
        ),
        (
            "larger_than",
            when.larger_than.is_some(),
            at.iter().all(|at| !matches!(at, At::Mail | At::Body)),
            "no size is known",
            "BODY",
        ),
        (
            "errors",
            when.errors.is_some_and(|errors| errors > 0),
            at.iter().all(|at| *at == At::Connect),
            "nothing was refused yet",
            "MAIL",
        ),
    ];
    let names: Vec<&str> = at.iter().map(|at| at.name()).collect();
    for (key, _, _, why, instead) in never.into_iter().filter(|(_, given, never, ..)| *given && *never) {
        let message = format!("at {} {why}: this rule never holds", names.join(", "));
        problems.help(path.key(key), message, format!("write \"at\": \"{instead}\", or leave \"at\" out"));
    }
}

/// Whoever waits long enough must not have come too late.
pub(super) fn check_greylist(
    problems: &mut Problems,
    path: Path<'_>,
    list: &Greylist,
    (delay, window, usual): (SimDuration, SimDuration, SimDuration),
) {
    if window > delay {
        return;
    }
    // The one of both that the file says.
    let key = if list.retry_window.is_some() && window != usual { "retry_window" } else { "delay" };
    let message = format!(
        "nobody ever passes: a retry after the `delay` of {} is behind the `retry_window` of {}",
        delay.to_text(),
        window.to_text()
    );
    problems.help(path.key(key), message, "give a `retry_window` that is longer than `delay`");
}

/// Mail that is handed on has to get to another mail server.
pub(super) fn check_hop(cx: &mut Context<'_>, path: Path<'_>, own: &str, (host, port): (&str, u16)) {
    if host == own {
        cx.problems.help(path, "the server would hand the mail to itself", "name another mail server");
        return;
    }
    let scenario = cx.scenario;
    let servers = || {
        let of_domains = scenario.mail.iter().map(|(name, domain)| domain.server.as_deref().unwrap_or(name));
        of_domains.chain(scenario.mail.values().flat_map(|domain| domain.relays.keys().map(String::as_str)))
    };
    if !servers().any(|server| server == host) {
        let servers: BTreeSet<&str> = servers().filter(|server| *server != own).collect();
        cx.problems.unknown(path, "mail server", host, servers.iter().copied());
    } else if ![PORT, SUBMISSION_PORT].contains(&port) {
        let message = format!("no mail server of a scenario listens at port {port}");
        cx.problems.help(path, message, "write \"HOST\" or \"HOST:587\"");
    }
}

/// Whether any mail of this scenario could be for a domain, or with "@" in front (RFC 1985 section 5.3) for one
/// below it: it is a mail domain, a zone, or that
/// of an address that nobody need have.
pub(in crate::scenario) fn is_written_to(scenario: &Scenario, wanted: &str) -> bool {
    let fits = |name: &str| wanted.strip_prefix('@').map_or(name == wanted, |above| is_within(name, above));
    let entries = scenario.workload.iter().filter(|entry| entry.allow_unknown == Some(true));
    let written = entries.flat_map(|entry| [&entry.to, &entry.cc, &entry.bcc]).flatten();
    let lists = scenario.mail.values().flat_map(|domain| domain.lists.values());
    let members = lists.filter(|list| list.allow_unknown == Some(true)).filter_map(|list| list.members.as_ref());
    let mut of_addresses = written
        .chain(members)
        .flat_map(|texts| &texts.items)
        .filter_map(|address| address.rsplit_once('@').map(|(_, domain)| domain));
    let mut known = scenario.mail.keys().chain(scenario.dns.zones.keys());
    known.any(|name| fits(name)) || of_addresses.any(fits)
}

/// What an operator asks to be tried: mail to a domain, or from an address or a domain.
pub(in crate::scenario::check) fn check_flush(cx: &mut Context<'_>, here: Path<'_>, fault: &Fault) {
    let scenario = cx.scenario;
    if let Some(domain) =
        fault.destination.as_deref().filter(|domain| !is_written_to(scenario, &domain.to_ascii_lowercase()))
    {
        cx.problems.unknown(here.key("destination"), "mail domain", domain, scenario.mail.keys().map(String::as_str));
    }
    let Some(sender) = fault.sender.as_deref() else { return };
    let lower = sender.to_ascii_lowercase();
    match lower.split_once('@') {
        Some((local, _)) if !local.is_empty() => {
            let named = scenario.users.keys().any(|user| user.eq_ignore_ascii_case(sender));
            if !named && !is_caught(cx, &lower) {
                unknown_user(cx, here.key("sender"), sender, Remedy::AddUser);
            }
        }
        Some(_) | None => {
            let fits = |name: &String| lower.strip_prefix('@').map_or(*name == lower, |above| is_within(name, above));
            if !scenario.mail.keys().any(fits) {
                let known = scenario.mail.keys().map(String::as_str);
                cx.problems.unknown(here.key("sender"), "mail domain", sender, known);
            }
        }
    }
}

/// RFC 6409 section 4.3: port 587 is for who is trusted or has logged in.
pub(super) fn check_submission(cx: &mut Context<'_>, domains: &[DomainSpec], users: &[UserSpec]) {
    let path = Path::Root.key("mail");
    for domain in domains.iter().filter(|domain| !domain.settings.smtp.trusts_inside) {
        let mut of_domain = domain.users.iter().filter_map(|user| users.get(*user)).peekable();
        let shut_out = |user: &UserSpec| user.submission.port == SUBMISSION_PORT && user.submission.login.is_none();
        if of_domain.peek().is_some() && of_domain.all(shut_out) {
            let here = path.key(&domain.name);
            let message =
                format!("no user of {} can hand in a message: they do not log in either", quote(&domain.name));
            let help = "write \"submission\": { \"login\": \"plain\" }, or leave this out";
            cx.problems.help(here.key("smtp").key("trusts_computers"), message, help);
        }
    }
}
