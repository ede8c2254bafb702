//! What hosts can do at a time: processing times, and places for sessions.

use std::collections::BTreeMap;

use super::Context;
use crate::base::{Dist, HostId, SimDuration};
use crate::net::{SessionLimit, WhenFull};
use crate::proto::{imap, pop3, smtp};
use crate::scenario::problem::{Path, quote};
use crate::scenario::schema::{Host, WhenFullName};

/// What was read of all hosts.
#[derive(Debug, Default)]
pub(super) struct Capacities {
    pub(super) processing: BTreeMap<HostId, Dist>,
    pub(super) sessions: BTreeMap<(HostId, u16), SessionLimit>,
    /// Limits whose surplus is answered by SMTP.
    pub(super) answered: BTreeMap<(HostId, u16), u32>,
}

/// The capacities of all hosts.
pub(super) fn read_capacities(cx: &mut Context<'_>) -> Capacities {
    let network = Path::Root.key("network");
    let path = network.key("hosts");
    let mut capacities = Capacities::default();
    for (id, (name, host)) in (0_u32..).map(HostId).zip(&cx.scenario.network.hosts) {
        let here = path.key(name);
        if let Some(spread) = host.processing
            && spread.0 != Dist::Constant(SimDuration::ZERO)
        {
            if host.router == Some(true) {
                cx.problems.at(here.key("processing"), "a router forwards packets without processing them");
            }
            capacities.processing.insert(id, spread.0);
        }
        if host.router == Some(true) && !host.sessions.is_empty() {
            let help = "name the host whose service it is";
            cx.problems.help(here.key("sessions"), "a router forwards packets and has no services", help);
        }
        read_sessions(cx, here, id, host, &mut capacities);
    }
    capacities
}

fn read_sessions(cx: &mut Context<'_>, here: Path<'_>, id: HostId, host: &Host, capacities: &mut Capacities) {
    let path = here.key("sessions");
    let mut seen: BTreeMap<u16, &str> = BTreeMap::new();
    for (service, limit) in &host.sessions {
        let port = match service.as_str() {
            "smtp" => smtp::PORT,
            "submission" => smtp::SUBMISSION_PORT,
            "pop3" => pop3::PORT,
            "imap" => imap::PORT,
            number => match number.parse() {
                Ok(port) if port > 0 => port,
                Ok(_) | Err(_) => {
                    let message = format!("{} is no service", quote(service));
                    let help = "name \"smtp\", \"submission\", \"pop3\", \"imap\" or a port";
                    cx.problems.help(path.key(service), message, help);
                    continue;
                }
            },
        };
        if let Some(other) = seen.insert(port, service) {
            let message = format!("{} is port {port} too", quote(other));
            cx.problems.help(path.name(service), message, "leave one of the two out");
        }
        let when_full = match limit.when_full.unwrap_or_default() {
            WhenFullName::Refuse => WhenFull::Refuse,
            WhenFullName::Ignore => WhenFull::Ignore,
            WhenFullName::Answer421 => {
                if ![smtp::PORT, smtp::SUBMISSION_PORT].contains(&port) {
                    cx.problems.at(path.key(service), "only \"smtp\" and \"submission\" answer with 421");
                }
                capacities.answered.insert((id, port), limit.most);
                continue;
            }
        };
        capacities.sessions.insert((id, port), SessionLimit { most: limit.most, when_full });
    }
}
