//! A page that is being loaded, and what it amounts to.

use std::collections::BTreeSet;

use crate::app::host::Host;
use crate::base::trace::{Trace, WebSource, WebTrace};
use crate::base::{ConnId, SimDuration, SimTime};
use crate::proto::http::Url;

/// A page under way.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) url: Url,
    pub(super) since: SimTime,
    pub(super) lookup: SimDuration,
    pub(super) status: u16,
    /// What is not there yet.
    pub(super) open: u32,
    pub(super) objects: u32,
    pub(super) missing: u32,
    pub(super) cached: u32,
    pub(super) validated: u32,
    pub(super) conns: BTreeSet<ConnId>,
    pub(super) sent_octets: u64,
    pub(super) received_octets: u64,
    /// Objects found so far: each is fetched once.
    pub(super) seen: BTreeSet<Url>,
}

impl Page {
    pub(super) fn new(url: Url, since: SimTime) -> Self {
        Self {
            seen: BTreeSet::from([url.clone()]),
            url,
            since,
            lookup: SimDuration::ZERO,
            status: 0,
            open: 0,
            objects: 0,
            missing: 0,
            cached: 0,
            validated: 0,
            conns: BTreeSet::new(),
            sent_octets: 0,
            received_octets: 0,
        }
    }

    /// Counts where something came from.
    pub(super) fn count(&mut self, source: WebSource) {
        match source {
            WebSource::Cache => self.cached += 1,
            WebSource::Validated => self.validated += 1,
            WebSource::Network | WebSource::Nowhere => {}
        }
    }

    /// Tells the trace that nothing more comes.
    pub(super) fn tell<H: Host>(&self, host: &mut H, number: u64) {
        host.trace(Trace::Web(WebTrace::Loaded {
            page: number,
            url: &self.url.to_string(),
            since: self.since,
            lookup: self.lookup,
            status: self.status,
            objects: self.objects,
            missing: self.missing + self.open,
            cached: self.cached,
            validated: self.validated,
            connections: u32::try_from(self.conns.len()).unwrap_or(u32::MAX),
            sent_octets: self.sent_octets,
            received_octets: self.received_octets,
        }));
    }
}
