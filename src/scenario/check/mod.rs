//! The check of meaning: a filled-in scenario becomes a resolved one, or a list of findings.
//!
//! Parse, don't validate: each part reads its piece of the file into typed values and notes
//! whatever does not fit; only when nothing was noted does a [`Resolved`] come out. Names
//! as such are checked on the file as written, before filling in copies them elsewhere.

mod addresses;
mod capture;
mod change;
mod dns;
mod expect;
mod faults;
mod host;
mod link;
mod live;
mod lookups;
mod mail;
mod message;
mod names;
mod network;
mod people;
mod reading;
mod record;
mod resolver;
mod run;
pub(super) mod scripted;
mod server;
mod steps;
mod tcp;
mod unused;
mod web;
mod windows;
mod work;
mod zone;

use std::sync::Arc;

use super::fill::{CORE_ROUTER, site_router};
use super::problem::{Path, Problems, quote};
use super::resolved::{HostSpec, KeySpec, Resolved, UserSpec, What, host_index};
use super::schema::{Duration, Expect, Key, Scenario};
use crate::base::{HostId, SimDuration, SimTime};

pub(super) use mail::is_written_to;
pub(super) use names::{check_names, check_size};
pub(super) use unused::Written;

/// The longest duration a scenario may hold: a hundred years, so that sums stay on the clock.
const LONGEST: SimDuration = SimDuration::from_secs(100 * 365 * 86_400);

/// What the parts share: the completed scenario, its hosts, and where findings go.
struct Context<'a> {
    scenario: &'a Scenario,
    hosts: &'a [HostSpec],
    problems: &'a mut Problems,
    /// Whether any host has an IPv6 address.
    ipv6: bool,
}

impl Context<'_> {
    /// The host of that name, which runs applications; notes what does not fit.
    fn host(&mut self, path: Path<'_>, name: &str) -> Option<HostId> {
        let found = self.any_host(path, name)?;
        if self.hosts[found.index()].router {
            self.problems.at(path, format!("{name} is a router, which only forwards", name = quote(name)));
        }
        Some(found)
    }

    /// A host that comes into being by this name has none that is a router's.
    fn check_no_router(&mut self, path: Path<'_>, host: HostId) {
        let spec = &self.hosts[host.index()];
        if !spec.router && (spec.name == CORE_ROUTER || spec.name == site_router(&spec.site)) {
            let message = format!("{name} is the name of a router", name = quote(&spec.name));
            self.problems.help(path, message, "choose another name");
        }
    }

    /// The host or router of that name.
    fn any_host(&mut self, path: Path<'_>, name: &str) -> Option<HostId> {
        let found = host_index(self.hosts, name);
        if found.is_none() {
            let known = self.hosts.iter().map(|host| host.name.as_str());
            let help = "name it in `network.hosts` to add it";
            self.problems.unknown_else(path, "host", name, known, Some(help));
        }
        found
    }

    /// A duration within bounds.
    fn duration(&mut self, path: Path<'_>, duration: Option<Duration>) -> SimDuration {
        let duration = duration.map_or(SimDuration::ZERO, |duration| duration.0);
        if duration > LONGEST {
            self.problems.at(path, "no duration in a scenario is longer than 100 years");
            return SimDuration::ZERO;
        }
        duration
    }

    /// A duration above zero.
    fn positive(&mut self, path: Path<'_>, duration: Option<Duration>) -> SimDuration {
        if duration.is_some_and(|duration| duration.0 == SimDuration::ZERO) {
            self.problems.at(path, "this duration must be above zero");
        }
        self.duration(path, duration)
    }

    /// The instant so long after the start.
    fn instant(&mut self, path: Path<'_>, duration: Option<Duration>) -> SimTime {
        SimTime::ZERO.saturating_add(self.duration(path, duration))
    }
}

/// Reads a filled-in scenario; what of it was written matters for remarks alone. `None` when something was noted.
pub(super) fn resolve(complete: Scenario, written: &Written, problems: &mut Problems) -> Option<Resolved> {
    let hosts = network::read_hosts(&complete, problems);
    let ipv6 = hosts.iter().any(|host| host.addresses.v6.is_some());
    let mut cx = Context { scenario: &complete, hosts: &hosts, problems, ipv6 };
    let resolvers = dns::read_host_resolvers(&mut cx);
    let links = link::read_links(&mut cx);
    let capacities = host::read_capacities(&mut cx);
    let tcp = tcp::read_tcp(&mut cx);
    let policy = network::read_policy(&mut cx, &links);
    let dns = dns::read(&mut cx);
    let (domains, users) = mail::read(&mut cx);
    let live = live::read_live(&mut cx, &users);
    let run = run::read_run(&mut cx);
    let limits = run::read_limits(&mut cx);
    let people: Arc<[usize]> = (0..users.len()).collect();
    let workload = work::read(&mut cx, &users, &people, run, limits);
    let web = web::read_sites(&mut cx);
    let faults = faults::read_faults(&mut cx, &links);
    // who writes how much is only known where all of it was read
    let workload_read = cx.problems.is_empty().then_some(&workload[..]);
    let named = expect::Named { links: &links, users: &users, workload: workload_read };
    let expect = expect::read(&mut cx, named, &complete.expect, false);
    let outputs = run::read_outputs(&mut cx);
    run::check_texts(&mut cx);
    if !problems.is_empty() {
        return None;
    }
    let mut hosts = hosts;
    for (host, resolvers) in hosts.iter_mut().zip(resolvers) {
        host.resolvers = resolvers;
    }
    Some(Resolved {
        title: complete.title.clone().unwrap_or_default(),
        description: complete.description.as_ref().map_or_else(Vec::new, |texts| texts.items.clone()),
        start: complete.start.map_or(crate::base::UnixTime::DEFAULT_START, |start| start.0),
        hosts,
        links,
        tcp,
        policy,
        dns,
        domains,
        users,
        workload,
        processing: capacities.processing,
        sessions: capacities.sessions,
        sessions_answered: capacities.answered,
        web,
        faults,
        run,
        limits,
        expect,
        outputs,
        live,
        remarks: unused::remarks(&complete, written),
        complete,
    })
}

/// Reads a key against the scenario that it grades. `None` when something was noted.
pub(super) fn resolve_key(key: &Key, graded: &Resolved, problems: &mut Problems) -> Option<KeySpec> {
    let hosts = &graded.hosts;
    let ipv6 = hosts.iter().any(|host| host.addresses.v6.is_some());
    let mut cx = Context { scenario: &graded.complete, hosts, problems, ipv6 };
    let named = expect::Named { links: &graded.links, users: &graded.users, workload: None };
    let expect = expect::read(&mut cx, named, &key.expect, true);
    let title = key.title.clone().unwrap_or_default();
    if title.chars().any(char::is_control) {
        problems.at(Path::Root.key("title"), "a title is one line without control characters");
    }
    if key.expect.is_empty() {
        problems.at(Path::Root, "a key says what is expected, and what that is worth: { \"expect\": [ ... ] }");
    }
    problems.is_empty().then_some(KeySpec { title, expect })
}

/// Reads what a study keeps of its runs: the number that an expectation is about, without bounds.
pub(crate) fn read_measure(expect: &Expect, here: Path<'_>, first: &Resolved, problems: &mut Problems) -> Option<What> {
    let hosts = &first.hosts;
    let ipv6 = hosts.iter().any(|host| host.addresses.v6.is_some());
    let mut cx = Context { scenario: &first.complete, hosts, problems, ipv6 };
    let named = expect::Named { links: &first.links, users: &first.users, workload: None };
    expect::read_number(&mut cx, here, expect, named)
}

/// The user of that address.
fn user_index(users: &[UserSpec], address: &str) -> Option<usize> {
    users.binary_search_by(|user| user.address.as_str().cmp(address)).ok()
}
