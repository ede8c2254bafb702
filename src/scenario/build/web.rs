//! The browsers of a scenario's workload.

use std::collections::BTreeMap;

use super::resolver_addresses;
use crate::app::web::{BrowseJob, Browser, BrowserConfig, Ways};
use crate::base::HostId;
use crate::scenario::resolved::{Resolved, Work};

/// Numbers of pages that a browser has before the next one of its host begins.
const NUMBERS: u64 = 1_000_000_000;

/// One for each host and way to use connections.
pub(super) fn browsers(scenario: &Resolved) -> Vec<(HostId, Browser)> {
    let mut jobs: BTreeMap<HostId, Vec<(Ways, Vec<BrowseJob>)>> = BTreeMap::new();
    for work in &scenario.workload {
        let Work::Browse(work) = work else { continue };
        let job = BrowseJob {
            at: work.schedule.at,
            every: work.schedule.every,
            times: u32::try_from(work.schedule.count()).unwrap_or(u32::MAX),
            url: work.url.as_ref().clone(),
        };
        let of_host = jobs.entry(work.on).or_default();
        match of_host.iter_mut().find(|(ways, _)| *ways == work.ways) {
            Some((_, jobs)) => jobs.push(job),
            None => of_host.push((work.ways, vec![job])),
        }
    }
    let mut browsers = Vec::new();
    for (host, of_host) in jobs {
        for (number, (ways, jobs)) in (0..).zip(of_host) {
            let browser = Browser::new(BrowserConfig {
                resolvers: resolver_addresses(scenario, host),
                stub_cache: scenario.host_spec(host).stub_cache,
                ways,
                pages_before: number * NUMBERS,
                jobs,
            });
            browsers.push((host, browser));
        }
    }
    browsers
}
