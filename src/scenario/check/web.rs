//! Sites and their pages; and the workload's `browse`.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Context;
use crate::app::web::{SiteConfig, Ways};
use crate::base::{HostId, SimDuration, SimTime, Streams};
use crate::proto::http::{Body, Conduct, Resource, Site, Url, Version};
use crate::scenario::problem::Path;
use crate::scenario::resolved::{BrowseWork, RunSpec, Schedule, Work};
use crate::scenario::schema::{Duration, Entry, HttpVersionName, Size, WebPage, WebSite};

/// The largest file of a site, in octets.
const MAX_FILE: u64 = 100_000_000;
/// Connections and requests at a time.
const MAX_AT_A_TIME: u32 = 1000;

const fn version(name: Option<HttpVersionName>) -> Version {
    match name {
        Some(HttpVersionName::Http10) => Version::Http10,
        Some(HttpVersionName::Http11) | None => Version::Http11,
    }
}

/// All sites, by host.
pub(super) fn read_sites(cx: &mut Context<'_>) -> BTreeMap<HostId, SiteConfig> {
    let web = Path::Root.key("web");
    let mut sites = BTreeMap::new();
    for (name, site) in &cx.scenario.web {
        let here = web.key(name);
        let Some(host) = cx.host(web.name(name), name) else { continue };
        if cx.scenario.network.hosts.get(name).is_some_and(|host| host.web_server == Some(true)) {
            let help = "leave out `web_server`, which is for hosts that only take connections";
            cx.problems.help(here, "this host has a silent Web server already", help);
        }
        let conduct = read_conduct(cx, here, site);
        let files = Site { files: BTreeMap::new(), writable: site.writable == Some(true) };
        sites.insert(host, SiteConfig { site: files, conduct, think: site.think.map(|think| think.0) });
    }
    for (name, site) in &cx.scenario.web {
        let Some(own) = crate::scenario::resolved::host_index(cx.hosts, name) else { continue };
        let pages = web.key(name);
        let pages = pages.key("pages");
        for (path, page) in &site.pages {
            check_path(cx, pages.name(path), path);
            let here = pages.key(path);
            for (host, path, resource) in page::read(cx, here, (name, path, page)) {
                let host = host.unwrap_or(own);
                if let Some(config) = sites.get_mut(&host) {
                    config.site.files.insert(path, resource);
                }
            }
        }
    }
    sites
}

fn check_path(cx: &mut Context<'_>, here: Path<'_>, path: &str) {
    let good = path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic() && !b"?#\"<>&'".contains(&b));
    // what a browser asks for has no dots left in it
    let straight = Url::parse(&format!("http://x{path}")).is_some_and(|url| url.target == path);
    if !good || !straight {
        cx.problems.help(here, "this is no path of a file", "write it like \"/index.html\"");
    }
}

fn read_conduct(cx: &mut Context<'_>, here: Path<'_>, site: &WebSite) -> Conduct {
    if site.max_requests == Some(0) {
        cx.problems.at(here.key("max_requests"), "a connection has at least one response");
    }
    if site.chunk.is_some_and(|size| size.0.bytes() == 0) {
        cx.problems.at(here.key("chunk"), "a chunk has at least one octet");
    }
    let version = version(site.http);
    if version == Version::Http10 && site.persistent == Some(true) {
        cx.problems.at(here.key("persistent"), "a server of HTTP/1.0 closes after each response");
    }
    if version == Version::Http10 && site.chunk.is_some() {
        cx.problems.at(here.key("chunk"), "HTTP/1.0 knows no chunks");
    }
    Conduct {
        version,
        persistent: site.persistent != Some(false),
        keep_alive: cx.positive(here.key("keep_alive"), site.keep_alive),
        requests: site.max_requests,
        chunk: site.chunk.map(|size| usize::try_from(size.0.bytes()).unwrap_or(usize::MAX)),
        ..Conduct::default()
    }
}

fn octets(cx: &mut Context<'_>, here: Path<'_>, size: Size) -> usize {
    if size.0.bytes() > MAX_FILE {
        cx.problems.at(here, format!("a file of a site has at most {MAX_FILE} octets"));
        return 0;
    }
    usize::try_from(size.0.bytes()).unwrap_or(0)
}

/// A file with these times.
fn resource(
    cx: &mut Context<'_>,
    here: Path<'_>,
    media: &str,
    body: Body,
    times: (Option<Duration>, Option<Duration>),
) -> Resource {
    let graphic = media.contains('/') && media.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if !graphic {
        cx.problems.help(here.key("media"), "this is no media type", "write it like \"image/png\"");
    }
    Resource {
        media: media.to_owned(),
        body,
        max_age: times.0.map(|_| cx.duration(here.key("max_age"), times.0)),
        changes: times.1.map(|_| cx.positive(here.key("changes"), times.1)),
        since: SimTime::ZERO,
    }
}

fn moved(
    cx: &mut Context<'_>,
    here: Path<'_>,
    (name, path, page): (&str, &str, &WebPage),
    to: &str,
) -> Option<Resource> {
    let base = Url::parse(&format!("http://{name}{path}"))?;
    if base.join(to).is_none() {
        cx.problems.help(
            here.key("moved_to"),
            "nothing is there",
            "give a path like \"/new.html\", or a URL like \"http://www.school.edu/\"",
        );
    }
    if page.size.is_some() || page.text.is_some() || !page.objects.is_empty() || page.media.is_some() {
        cx.problems.at(here, "a page that is elsewhere has no content of its own");
    }
    let status = page.status.unwrap_or(301);
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        cx.problems.at(here.key("status"), "a page that is elsewhere has the status 301, 302, 303, 307 or 308");
    }
    let body = Body::Moved { status, to: to.to_owned() };
    Some(resource(cx, here, "text/plain", body, (page.max_age, page.changes)))
}

/// The workload's `browse`. `entries` counts for each host the entries so far, which name its streams.
pub(super) fn read_browse(
    cx: &mut Context<'_>,
    here: Path<'_>,
    (index, entry, schedule): (usize, &Entry, Schedule),
    (hosts, run): (Vec<HostId>, RunSpec),
    entries: &mut BTreeMap<HostId, usize>,
) -> Vec<Work> {
    let spread = cx.duration(here.key("spread"), entry.spread);
    let Some(text) = &entry.browse else { return Vec::new() };
    let Some(url) = Url::parse(text) else {
        cx.problems.help(
            here.key("browse"),
            "this is no URL of the Web here",
            "write it like \"http://www.school.edu/index.html\"",
        );
        return Vec::new();
    };
    let Some(ways) = read_ways(cx, here.key("browser"), entry) else { return Vec::new() };
    let url = Arc::new(url);
    let hosts: BTreeSet<HostId> = hosts.into_iter().collect();
    let work = |on: HostId| {
        let count = entries.entry(on).or_default();
        let name = &cx.hosts[on.index()].name;
        let own = if spread == SimDuration::ZERO {
            spread
        } else {
            let mut stream = Streams::new(run.seed).stream(&format!("{name}/browse/{count}"));
            SimDuration::from_nanos(stream.below(spread.as_nanos()))
        };
        *count += 1;
        let schedule = Schedule { at: schedule.at.saturating_add(own), ..schedule };
        Work::Browse(BrowseWork { entry: index, schedule, on, url: Arc::clone(&url), ways })
    };
    hosts.into_iter().map(work).collect()
}

fn read_ways(cx: &mut Context<'_>, here: Path<'_>, entry: &Entry) -> Option<Ways> {
    let browser = entry.browser?;
    let ways = Ways {
        version: version(browser.http),
        persistent: browser.persistent != Some(false),
        parallel: browser.parallel.unwrap_or(1),
        pipelining: browser.pipelining.unwrap_or(1),
        cache: browser.cache != Some(false),
    };
    for (key, number) in [("parallel", ways.parallel), ("pipelining", ways.pipelining)] {
        if number == 0 || number > MAX_AT_A_TIME {
            cx.problems.at(here.key(key), format!("a number from 1 to {MAX_AT_A_TIME}"));
        }
    }
    if ways.pipelining > 1 && !ways.persistent {
        let help = "leave `persistent` as it is, and `http` at \"1.1\"";
        cx.problems.help(here.key("pipelining"), "pipelining needs persistent connections", help);
    }
    Some(ways)
}
