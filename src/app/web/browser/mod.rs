//! A browser: looks up the server of a page, connects, fetches the page, finds its objects in the HTML that came,
//! and fetches those, as its settings say: on connections of their own or kept ones, one or several at a time,
//! one request after the other or pipelined.
//!
//! What was begun and failed is tried again on another connection, as GET may be (RFC 9110 9.2.2). A name's address is
//! forgotten with the last connection to it. Left out: HTTPS and HTTP/2, objects that only style sheets or scripts
//! name, forms (webmail has its own client), and connections in advance of need.

mod cache;
mod fetch;
mod lines;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::app::dns::{LocalCaches, Outcome, Stub};
use crate::app::host::{Host, Input};
use crate::app::sessions::Timers;
use crate::base::trace::{Trace, WebTrace};
use crate::base::{SimDuration, SimTime, SocketId};
use crate::proto::http::{Url, Version};

use cache::WebCache;
use lines::{Address, Authority, Line, Origin, Want};
use page::Page;

/// How a browser uses connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ways {
    /// The version of its requests.
    pub version: Version,
    /// Whether connections are kept from one request to the next.
    pub persistent: bool,
    /// Connections to one server at a time, at least 1.
    pub parallel: u32,
    /// Requests on a connection before the first is answered, at least 1; without persistent connections always 1.
    pub pipelining: u32,
    /// Whether what came is kept for the next time.
    pub cache: bool,
}

/// A page, and when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowseJob {
    /// First time.
    pub at: SimTime,
    /// Time between two; none: once.
    pub every: Option<SimDuration>,
    /// How often.
    pub times: u32,
    /// The page.
    pub url: Url,
}

/// What a browser is told.
#[derive(Clone, Debug)]
pub struct BrowserConfig {
    /// The resolvers that its host asks.
    pub resolvers: Vec<IpAddr>,
    /// Whether its stub keeps what it learns.
    pub stub_cache: bool,
    /// How it uses connections.
    pub ways: Ways,
    /// The first of its pages has the number after this: the numbers of a host's pages are unique.
    pub pages_before: u64,
    /// What it is asked for.
    pub jobs: Vec<BrowseJob>,
}

/// A browser.
#[derive(Clone, Debug)]
pub struct Browser {
    ways: Ways,
    jobs: Vec<(BrowseJob, SimTime, u32)>,
    due: BTreeSet<(SimTime, usize)>,
    stub: Stub,
    /// Look-ups under way, and when they began.
    lookups: BTreeMap<u64, (Authority, SimTime)>,
    asked: u64,
    pages: BTreeMap<u64, Page>,
    page: u64,
    origins: BTreeMap<Authority, Origin>,
    lines: BTreeMap<SocketId, Line>,
    timers: Timers,
    cache: WebCache,
    up: bool,
}

impl Browser {
    /// A browser that was not started.
    #[must_use]
    pub fn new(config: BrowserConfig) -> Self {
        let caches = LocalCaches { application: false, stub: config.stub_cache };
        let jobs: Vec<_> = config.jobs.into_iter().map(|job| (job.at, job.times, job)).collect();
        Self {
            ways: config.ways,
            due: jobs.iter().enumerate().filter(|(_, (_, left, _))| *left > 0).map(|(n, (at, ..))| (*at, n)).collect(),
            jobs: jobs.into_iter().map(|(at, left, job)| (job, at, left)).collect(),
            stub: Stub::new(config.resolvers).with_caches(caches),
            lookups: BTreeMap::new(),
            asked: 0,
            pages: BTreeMap::new(),
            page: config.pages_before,
            origins: BTreeMap::new(),
            lines: BTreeMap::new(),
            timers: Timers::default(),
            cache: WebCache::default(),
            up: false,
        }
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let due = self.due.first().map_or(SimTime::NEVER, |(at, _)| *at);
        if self.up { due.min(self.timers.first()).min(self.stub.deadline()) } else { SimTime::NEVER }
    }

    /// Takes one input.
    pub fn handle<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        match input {
            Input::Boot => {
                self.up = true;
                self.ask_due(host);
            }
            Input::Crash => self.crash(host),
            Input::Wake => {
                self.stub.wake(host);
                for socket in self.timers.due(host.now()) {
                    self.tick(host, socket);
                }
                self.ask_due(host);
            }
            Input::Connected { .. }
            | Input::Data { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. } => {
                if !self.stub.input(host, input) {
                    self.line_input(host, input);
                }
            }
            Input::Accepted { .. } | Input::Drained { .. } | Input::Flush(_) => {}
        }
        while let Some(answer) = self.stub.next_answer() {
            host.set_cause(answer.cause);
            let Some((authority, since)) = self.lookups.remove(&answer.token) else { continue };
            let addresses = match &answer.outcome {
                Outcome::Records(records) => records.iter().filter_map(|record| record.data.address()).collect(),
                Outcome::NxDomain | Outcome::NoData | Outcome::Failed => Vec::new(),
            };
            self.found(host, &authority, addresses, host.now().since(since));
        }
    }

    /// Pages under way end as they are; copies are on the disk.
    fn crash<H: Host>(&mut self, host: &mut H) {
        self.up = false;
        self.stub.crash();
        self.lookups.clear();
        self.origins.clear();
        self.lines.clear();
        self.timers.clear();
        for (number, page) in std::mem::take(&mut self.pages) {
            page.tell(host, number);
        }
    }

    /// Pages whose times passed while the host was down are asked for once.
    fn ask_due<H: Host>(&mut self, host: &mut H) {
        let cause = host.cause();
        let now = host.now();
        while let Some((_, number)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_first();
            let (job, next, left) = &mut self.jobs[number];
            if let Some((at, done)) = next.next_in_periods(job.every, now) {
                (*next, *left) = (at, left.saturating_sub(u32::try_from(done).unwrap_or(u32::MAX)));
                if *left > 0 {
                    self.due.insert((at, number));
                }
            }
            let url = job.url.clone();
            host.set_cause(cause);
            self.begin(host, url);
        }
        host.set_cause(cause);
    }

    fn begin<H: Host>(&mut self, host: &mut H, url: Url) {
        self.page += 1;
        let number = self.page;
        host.trace(Trace::Web(WebTrace::Asked { page: number, url: &url.to_string() }));
        self.pages.insert(number, Page::new(url.clone(), host.now()));
        let want = Want { page: number, url, is_document: true, since: host.now(), failures: 0, redirected: 0 };
        self.want(host, want);
    }

    /// The stub's answer for a server.
    fn found<H: Host>(&mut self, host: &mut H, authority: &Authority, addresses: Vec<IpAddr>, took: SimDuration) {
        let Some(origin) = self.origins.get_mut(authority) else { return };
        for want in origin.waiting.iter().filter(|want| want.is_document) {
            if let Some(page) = self.pages.get_mut(&want.page) {
                page.lookup += took;
            }
        }
        let nobody = addresses.is_empty();
        origin.address = Address::Known(addresses.into());
        if nobody {
            for want in std::mem::take(&mut origin.waiting) {
                self.give_up(host, &want, None);
            }
        }
        self.pump(host, authority);
    }
}
