//! What is allowed but comes to nothing, for whoever checks a scenario. A run says nothing of it: it may have been
//! made shorter on purpose.

use std::collections::{BTreeMap, BTreeSet};

use super::check::is_written_to;
use super::problem::{did_you_mean, nearest, quote};
use super::resolved::{BrowseWork, DomainSpec, Resolved, ServerSpec, SessionWork, Work};
use crate::app::user::Step;
use crate::base::SimTime;
use crate::proto::dns::{Record, RecordData};
use crate::proto::smtp::TlsUse;
use crate::proto::tls::Version;

/// Remarks on a scenario, a line each.
#[must_use]
pub fn notes(scenario: &Resolved) -> Vec<String> {
    let until = scenario.run.until;
    let late = scenario.dns.changes.iter().filter(|change| change.at >= until).map(|change| {
        let (zone, at) = (quote(&change.zone.dotted()), change.at.since(SimTime::ZERO));
        format!("the change of the zone {zone} at {} never happens: the run has ended by then", at.to_text())
    });
    let mut notes: Vec<String> = late.collect();
    let dns = &scenario.dns;
    for (host, script) in &dns.scripted {
        let spec = &scenario.hosts[host.index()];
        let serves = dns.servers.iter().any(|server| server.host == *host && !server.zones.is_empty());
        let mut upstreams = dns.resolvers.iter().flat_map(|resolver| &resolver.config.upstreams);
        let named = upstreams.any(|upstream| upstream.servers.iter().any(|server| spec.addresses.contains(*server)));
        let mut records = dns.zones.iter().flat_map(|zone| &zone.records);
        let delegated = records.any(|record| match &record.data {
            RecordData::Ns(name) => name.to_string() == spec.name,
            RecordData::A(_)
            | RecordData::Aaaa(_)
            | RecordData::Cname(_)
            | RecordData::Ptr(_)
            | RecordData::Mx { .. }
            | RecordData::Txt(_)
            | RecordData::Soa { .. }
            | RecordData::Srv { .. }
            | RecordData::Dname(_)
            | RecordData::Opaque { .. } => false,
        });
        if !serves && !named && !delegated && script.volleys.iter().any(|volley| volley.port.is_none()) {
            let name = quote(&spec.name);
            notes.push(format!(
                "no resolver asks {name}, so what it sends \"unasked\" without a \"port\" is never sent"
            ));
        }
    }
    let begins = |work: &Work| match work {
        Work::Message(work) => (work.entry, work.schedule.at),
        Work::Read(work) => (work.entry, work.schedule.at),
        Work::Poisson(work) => (work.entry, work.at),
        Work::Lookup(work) => (work.entry, work.schedule.at),
        Work::Lookups(work) => (work.entry, work.schedule.at),
        Work::Browse(work) => (work.entry, work.schedule.at),
        Work::Session(work) => (work.entry, work.schedule.at),
        Work::People(work) => (work.entry, work.at),
    };
    let mut late: Vec<usize> =
        scenario.workload.iter().map(begins).filter(|(_, at)| *at > until).map(|(entry, _)| entry).collect();
    late.dedup();
    notes.extend(late.iter().map(|entry| format!("workload[{entry}] never happens: the run has ended by then")));
    notes.extend(scenario.remarks.iter().cloned());
    notes.extend(scenario.domains.iter().flat_map(|domain| of_mail(scenario, domain)));
    notes.extend(of_visits(scenario));
    notes.extend(of_sessions(scenario));
    notes
}

/// Of sessions: steps that act on a list before there is one, and a draft that nobody began.
fn of_sessions(scenario: &Resolved) -> Vec<String> {
    let drafts = |work: &Work| match work {
        Work::Session(session) if session.steps.iter().any(|step| matches!(step, Step::Save(_))) => Some(session.user),
        Work::Session(_)
        | Work::Message(_)
        | Work::Read(_)
        | Work::Poisson(_)
        | Work::Lookup(_)
        | Work::Lookups(_)
        | Work::Browse(_)
        | Work::People(_) => None,
    };
    let writers: BTreeSet<usize> = scenario.workload.iter().filter_map(drafts).collect();
    let mut notes = BTreeMap::new();
    for work in &scenario.workload {
        let Work::Session(SessionWork { entry, user, steps, .. }) = work else { continue };
        let mut listed = false;
        for (index, step) in steps.iter().enumerate() {
            let place = format!("workload[{entry}].steps[{index}]");
            listed |= matches!(step, Step::Look { .. } | Step::Watch(_));
            let why = if matches!(step, Step::Finish(_)) && !writers.contains(user) {
                let who = quote(&scenario.users[*user].address);
                format!("{place} finishes nothing: no session of {who} has a step with \"draft\"")
            } else if step.acts_on_list() && !listed {
                format!("{place} finds no message: no step before it lists any; put {{ \"look\": \"INBOX\" }} there")
            } else {
                continue;
            };
            // One for each entry tells it.
            notes.entry(*entry).or_insert(why);
        }
    }
    notes.into_values().collect()
}

/// Of visits: servers that are not there, and pages that their servers do not have.
fn of_visits(scenario: &Resolved) -> Vec<String> {
    let mut notes = BTreeMap::new();
    for work in &scenario.workload {
        let Work::Browse(BrowseWork { entry, url, .. }) = work else { continue };
        let mut sites = scenario.web.iter().map(|(host, site)| (scenario.host_spec(*host).name.as_str(), site));
        let owned = |record: &Record| record.name.to_string() == url.host;
        let known = scenario.hosts.iter().any(|host| host.name == url.host)
            || scenario.dns.zones.iter().flat_map(|zone| &zone.records).any(owned);
        let (what, near) = match sites.clone().find(|(name, _)| *name == url.host) {
            Some((_, config)) if !config.site.files.contains_key(url.path()) => {
                let paths = config.site.files.keys().map(String::as_str);
                (format!("{} has no {}", url.host, quote(url.path())), nearest(url.path(), paths))
            }
            None if !known => (
                format!("there is no host {}", quote(&url.host)),
                nearest(&url.host, sites.by_ref().map(|site| site.0)),
            ),
            Some(_) | None => continue,
        };
        let meant = near.map_or_else(String::new, |near| format!("; {}", did_you_mean(near)));
        notes.insert(*entry, format!("the visit of workload[{entry}] finds nothing: {what}{meant}"));
    }
    notes.into_values().collect()
}

/// Of a mail domain: a name that may be a slip, ways for mail that nobody writes, and TLS that is insisted on where
/// there is none.
fn of_mail(scenario: &Resolved, domain: &DomainSpec) -> Vec<String> {
    let mut notes = Vec::new();
    let (settings, own) = (&domain.settings, quote(&domain.name));
    if domain.users.is_empty() {
        // a pointer from outside makes what it names
        let peopled = scenario.domains.iter().filter(|other| !other.users.is_empty()).map(|other| other.name.as_str());
        let near = nearest(&domain.name, peopled)
            .map(|near| format!("the mail domain {own} has no users; {}", did_you_mean(near)));
        notes.extend(near);
    }
    let ways = settings.transports.by_domain.iter().map(|(name, _)| name);
    for name in ways.filter(|name| !is_written_to(&scenario.complete, name)) {
        let domains = scenario.domains.iter().map(|other| other.name.as_str());
        let meant = nearest(name, domains).map_or_else(String::new, |near| format!("; {}", did_you_mean(near)));
        notes.push(format!(
            "the transport of {own} for {name} is never used: nobody writes there{meant}",
            name = quote(name)
        ));
    }
    let here =
        |name: &String| scenario.domains.iter().any(|other| other.name == *name && other.server == domain.server);
    for name in settings.transports.by_domain.iter().map(|(name, _)| name).filter(|name| here(name)) {
        let name = quote(name);
        notes.push(format!("the transport of {own} for {name} is never used: those mailboxes are on this server"));
    }
    let offers = |settings: &ServerSpec, version: Version| settings.smtp.tls.is_some_and(|tls| tls.version == version);
    let relays = scenario.domains.iter().flat_map(|domain| &domain.relays).filter_map(|relay| relay.settings.as_ref());
    let mut servers = scenario.domains.iter().map(|other| &other.settings).chain(relays);
    let others = scenario.domains.iter().any(|other| other.server != domain.server);
    if let TlsUse::Required(version) = settings.smtp.tls_use
        && others
        && !servers.any(|other| !std::ptr::eq(other, settings) && offers(other, version))
    {
        let number = match version {
            Version::Tls12 => "1.2",
            Version::Tls13 => "1.3",
        };
        notes.push(format!("the server of {own} sends nothing without TLS {number}, which no other server offers"));
    }
    let mut users = domain.users.iter().map(|&user| scenario.users[user].submission.tls);
    if users.any(|tls| matches!(tls, TlsUse::Required(version) if !offers(settings, version))) {
        notes.push(format!("users of {own} submit nothing without TLS, which their server does not offer"));
    }
    notes
}
