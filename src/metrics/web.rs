//! Pages and the requests for them, as browsers see them.
//!
//! Left out: what servers see, which is the same but for what is lost on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Names, Text};
use super::summary::{Metric, Metrics, mean_s, nearest_rank};
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{WebSource, WebTrace};

/// The metrics that are there when somebody browsed, and what they count.
pub const WEB_METRICS: &[(&str, &str)] = &[
    (
        "web.cached",
        "pages and objects that browsers had themselves, fresh; this and those below are absent when nobody browsed",
    ),
    ("web.connections", "connections that carried answers to browsers"),
    ("web.objects", "objects that pages referred to, each page counted for itself"),
    ("web.objects_missing", "those that could not be had"),
    (
        "web.page_time.max_s",
        "longest time from asking for a page until all of it was there, or given up; pages that failed or are unfinished left out",
    ),
    ("web.page_time.mean_s", "mean of these times"),
    ("web.page_time.p50_s", "median (nearest rank) of these times"),
    ("web.page_time.p95_s", "95th percentile (nearest rank) of these times"),
    ("web.pages", "pages that were asked for"),
    (
        "web.pages_failed",
        "those of them that were not had: no answer, a status of 400 or more, or redirections that lead nowhere",
    ),
    ("web.pages_unfinished", "those still under way at the end"),
    ("web.received_bytes", "octets of the responses to browsers, heads included"),
    ("web.requests", "requests that browsers sent and got answers to"),
    ("web.requests_per_connection", "mean of these over the connections that carried answers"),
    ("web.sent_bytes", "octets of these requests"),
    ("web.validated", "copies of browsers of which a server said that they were still good"),
];

/// What a browser wanted: a row of the table `web_requests`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebRequestRow {
    /// The page for which it was wanted: `alice-pc.crepes.fr#2` is the second of that host.
    pub page: Text,
    /// What.
    pub url: Text,
    /// By which method.
    pub method: Text,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Where it came from: the name of a [`WebSource`].
    pub source: Text,
    /// The connection that carried the last attempt.
    pub connection: Option<Text>,
    /// Octets of the request.
    pub sent_bytes: u64,
    /// Octets of the response.
    pub received_bytes: u64,
    /// When the browser knew that it wants it.
    pub wanted: SimTime,
    /// When the request was handed to the connection.
    pub sent: SimTime,
    /// When the first octet of the answer came.
    pub began: SimTime,
    /// When it was there, or given up.
    pub ended: SimTime,
}

/// A page: a row of the table `web_pages`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebPageRow {
    /// Its name: `alice-pc.crepes.fr#2` is the second of that host.
    pub page: Text,
    /// The host.
    pub host: Text,
    /// Where it is, or was in the end.
    pub url: Text,
    /// When it was asked for.
    pub asked: SimTime,
    /// When all of it was there or given up; none if that never was.
    pub ended: Option<SimTime>,
    /// How long the look-up of its host took.
    pub lookup: SimDuration,
    /// The status of the page itself, if an answer came.
    pub status: Option<u16>,
    /// Objects to which it refers.
    pub objects: u32,
    /// Those that are missing.
    pub missing: u32,
    /// Page and objects for which nobody was asked.
    pub cached: u32,
    /// Page and objects of which a server said that the copy is good.
    pub validated: u32,
    /// Connections that carried answers.
    pub connections: u32,
    /// Octets of the requests.
    pub sent_bytes: u64,
    /// Octets of the responses.
    pub received_bytes: u64,
}

impl WebPageRow {
    /// How long it took.
    #[must_use]
    pub fn time(&self) -> Option<SimDuration> {
        self.ended.map(|ended| ended.since(self.asked))
    }

    /// Whether it ended without the page itself: the last answer, if there was one, brought no content (RFC 9110 15).
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.ended.is_some() && !self.status.is_some_and(|status| matches!(status, 200..=299 | 304))
    }
}

/// The word for a source, as in the table.
const fn source(source: WebSource) -> &'static str {
    match source {
        WebSource::Network => "network",
        WebSource::Validated => "validated",
        WebSource::Cache => "cache",
        WebSource::Nowhere => "nowhere",
    }
}

/// The pages and requests of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Browsing {
    requests: Vec<WebRequestRow>,
    pages: Vec<WebPageRow>,
    /// Pages by host and the browser's own number: their names count the pages of a host, whatever its browsers.
    known: BTreeMap<(HostId, u64), usize>,
    counts: BTreeMap<HostId, u64>,
}

impl Browsing {
    pub(super) fn observe(
        &mut self,
        names: &mut Names,
        directory: &Directory,
        (host, at): (HostId, SimTime),
        event: &WebTrace<'_>,
    ) {
        let some = |status: u16| (status > 0).then_some(status);
        match *event {
            WebTrace::Asked { page, url } => self.asked(names, directory, (host, at), (page, url)),
            WebTrace::Fetched {
                page,
                url,
                method,
                status,
                source: from,
                conn,
                sent_octets,
                received_octets,
                wanted,
                sent,
                began,
            } => {
                let Some(row) = self.known.get(&(host, page)).and_then(|place| self.pages.get(*place)) else { return };
                let page = Text::clone(&row.page);
                self.requests.push(WebRequestRow {
                    page,
                    url: names.share(url),
                    method: names.share(method),
                    status: some(status),
                    source: names.share(source(from)),
                    connection: conn.map(|conn| names.share(&directory.conn_name(conn))),
                    sent_bytes: sent_octets,
                    received_bytes: received_octets,
                    wanted,
                    sent,
                    began,
                    ended: at,
                });
            }
            WebTrace::Loaded {
                page,
                url,
                since: _,
                lookup,
                status,
                objects,
                missing,
                cached,
                validated,
                connections,
                sent_octets,
                received_octets,
            } => {
                let Some(row) = self.known.get(&(host, page)).and_then(|place| self.pages.get_mut(*place)) else {
                    return;
                };
                row.url = names.share(url);
                row.ended = Some(at);
                row.lookup = lookup;
                row.status = some(status);
                (row.objects, row.missing) = (objects, missing);
                (row.cached, row.validated, row.connections) = (cached, validated, connections);
                (row.sent_bytes, row.received_bytes) = (sent_octets, received_octets);
            }
        }
    }

    /// A page begins.
    fn asked(
        &mut self,
        names: &mut Names,
        directory: &Directory,
        (host, at): (HostId, SimTime),
        (page, url): (u64, &str),
    ) {
        let count = self.counts.entry(host).or_default();
        *count += 1;
        let name = format!("{}#{count}", directory.host_name(host));
        self.known.insert((host, page), self.pages.len());
        self.pages.push(WebPageRow {
            page: names.share(&name),
            host: names.share(directory.host_name(host)),
            url: names.share(url),
            asked: at,
            ended: None,
            lookup: SimDuration::ZERO,
            status: None,
            objects: 0,
            missing: 0,
            cached: 0,
            validated: 0,
            connections: 0,
            sent_bytes: 0,
            received_bytes: 0,
        });
    }

    /// Requests and pages in the order of their times; none when nobody browsed.
    pub(super) fn finish(self) -> (Option<Vec<WebRequestRow>>, Option<Vec<WebPageRow>>) {
        if self.pages.is_empty() {
            return (None, None);
        }
        let (mut requests, mut pages) = (self.requests, self.pages);
        requests.sort_by(|a, b| {
            (a.wanted, a.sent, a.ended, &a.page, &a.url).cmp(&(b.wanted, b.sent, b.ended, &b.page, &b.url))
        });
        pages.sort_by(|a, b| (a.asked, &a.page).cmp(&(b.asked, &b.page)));
        (Some(requests), Some(pages))
    }
}

/// The metrics of these rows.
pub(super) fn count(requests: &[WebRequestRow], pages: &[WebPageRow], metrics: &mut Metrics) {
    let mut put = |name: &str, value: Metric| metrics.insert(format!("web.{name}"), value);
    let mut integer = |name: &str, value: u64| put(name, Metric::Integer(value));
    let from = |word: &str| requests.iter().filter(|row| &*row.source == word).count() as u64;
    let answered = from("network") + from("validated");
    let conns: BTreeSet<&Text> =
        requests.iter().filter(|row| row.status.is_some()).filter_map(|row| row.connection.as_ref()).collect();
    integer("cached", from("cache"));
    integer("validated", from("validated"));
    integer("requests", answered);
    integer("connections", conns.len() as u64);
    integer("objects", pages.iter().map(|row| u64::from(row.objects)).sum());
    integer("objects_missing", pages.iter().map(|row| u64::from(row.missing)).sum());
    integer("pages", pages.len() as u64);
    integer("pages_failed", pages.iter().filter(|row| row.has_failed()).count() as u64);
    integer("pages_unfinished", pages.iter().filter(|row| row.ended.is_none()).count() as u64);
    integer("sent_bytes", requests.iter().map(|row| row.sent_bytes).sum());
    integer("received_bytes", requests.iter().map(|row| row.received_bytes).sum());
    if !conns.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        put("requests_per_connection", Metric::Float(answered as f64 / conns.len() as f64));
    }
    let mut times: Vec<SimDuration> =
        pages.iter().filter(|row| !row.has_failed()).filter_map(WebPageRow::time).collect();
    times.sort_unstable();
    for (quantile, percent) in [("p50", 50), ("p95", 95), ("max", 100)] {
        if let Some(value) = nearest_rank(&times, percent) {
            put(&format!("page_time.{quantile}_s"), Metric::Float(value.as_secs_f64()));
        }
    }
    if let Some(mean) = mean_s(times.iter().copied()) {
        put("page_time.mean_s", Metric::Float(mean));
    }
}
