//! What is allowed but comes to nothing, for whoever checks a scenario. A run says nothing of it: it may have been
//! made shorter on purpose.

use super::problem::quote;
use super::resolved::Resolved;
use crate::base::SimTime;
use crate::proto::dns::RecordData;

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
    notes
}
