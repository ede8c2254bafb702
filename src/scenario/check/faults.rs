//! Faults: what breaks, and when.

use std::collections::BTreeSet;

use super::mail::check_flush;
use super::{Context, host_index, link};
use crate::base::{HostId, SimDuration, SimTime};
use crate::net::Discipline;
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::LinkSpec;
use crate::scenario::schema::{self, Way};
use crate::sim::{Fault, Faulty, FlushOrder, LinkChange, Properties, ServiceChange, Timing};

/// Faults in file order.
pub(super) fn read_faults(cx: &mut Context<'_>, links: &[LinkSpec]) -> Vec<Fault> {
    let path = Path::Root.key("faults");
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    for (index, fault) in cx.scenario.faults.iter().enumerate() {
        let here = path.index(index);
        let (what, timing) = (read_what(cx, here, fault, links), read_timing(cx, here, fault));
        let (Some((name, what)), Some(timing)) = (what, timing) else { continue };
        // The second fault of a thing has its own random times.
        let name = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}#{n}") });
        let name = name.into_iter().find(|name| names.insert(name.clone())).unwrap_or_default();
        faults.push(Fault { name, timing, what });
    }
    faults
}

/// What breaks, with a name for its random times.
fn read_what(
    cx: &mut Context<'_>,
    here: Path<'_>,
    fault: &schema::Fault,
    links: &[LinkSpec],
) -> Option<(String, Faulty)> {
    if fault.port.is_some() && fault.host.is_none() {
        cx.problems.at(here.key("port"), "a \"port\" belongs to a \"host\"");
    }
    if fault.port == Some(0) {
        cx.problems.help(here.key("port"), "there is no port 0", "leave it out for the whole host");
    }
    if fault.change.is_some() && fault.link.is_none() && fault.host.is_none() {
        cx.problems.at(here.key("change"), "a \"change\" belongs to a \"link\" or a \"host\"");
    }
    if fault.processing.is_some() && fault.host.is_none() {
        cx.problems.at(here.key("processing"), "a \"processing\" time belongs to a \"host\"");
    }
    if let Some(name) = &fault.flush {
        return read_flush(cx, here, fault, name);
    }
    if fault.destination.is_some() || fault.sender.is_some() {
        cx.problems.at(here, "\"destination\" and \"sender\" belong to a \"flush\"");
    }
    match (&fault.host, &fault.link, &fault.partition) {
        (Some(name), None, None) => {
            // Programs and their requests are on hosts alone.
            let programs = fault.port.is_some() || fault.processing.is_some();
            let path = here.key("host");
            let host = if programs { cx.host(path, name)? } else { cx.any_host(path, name)? };
            match (fault.port, &fault.change, fault.processing) {
                (None, None, None) => Some((format!("host/{name}"), Faulty::Host(host))),
                (Some(port), None, None) => Some((format!("service/{name}/{port}"), Faulty::Service(host, port))),
                (None, None, Some(time)) => Some((format!("processing/{name}"), Faulty::Slow(host, time.0))),
                (None, Some(change), None) => {
                    let change = read_change(cx, here.key("change"), links_of(host, links), change, links)?;
                    Some((format!("change/{name}"), Faulty::Change(Box::new(change))))
                }
                (Some(port), Some(change), None) => {
                    let change = read_service_change(cx, here.key("change"), (host, port), change)?;
                    Some((format!("change/{name}/{port}"), Faulty::Degraded(Box::new(change))))
                }
                (Some(_) | None, ..) => {
                    let message = "a \"host\" has one of \"port\", \"change\" and \"processing\", \"port\" with \"change\", or none";
                    cx.problems.at(here, message);
                    None
                }
            }
        }
        (None, Some(name), None) => {
            let found = link::named(cx, here.key("link"), name, links);
            let number = u32::try_from(found?).ok()?;
            Some(match &fault.change {
                None => (format!("link/{name}"), Faulty::Link(number)),
                Some(change) => {
                    let change = read_change(cx, here.key("change"), vec![(number, false)], change, links)?;
                    (format!("change/{name}"), Faulty::Change(Box::new(change)))
                }
            })
        }
        (None, None, Some(names)) => {
            let cut = read_partition(cx, here.key("partition"), names, links)?;
            Some((format!("partition/{}", names.join(",")), Faulty::Partition(cut)))
        }
        (Some(_) | None, ..) => {
            cx.problems.at(here, "a fault names one of \"host\", \"link\" and \"partition\"");
            None
        }
    }
}

/// What an operator asks a mail server to try at once.
fn read_flush(cx: &mut Context<'_>, here: Path<'_>, fault: &schema::Fault, name: &str) -> Option<(String, Faulty)> {
    if fault.host.is_some() || fault.link.is_some() || fault.partition.is_some() {
        cx.problems.at(here, "a \"flush\" breaks nothing: \"host\", \"link\" and \"partition\" are other faults");
    }
    if fault.lasting.is_some() || fault.mean_up.is_some() || fault.mean_down.is_some() {
        cx.problems.at(here, "a \"flush\" takes no time: it has \"at\", and \"every\" if it is repeated");
    }
    let host = cx.host(here.key("flush"), name)?;
    let mail = &cx.scenario.mail;
    let of_domains = mail.iter().map(|(domain, of)| of.server.as_deref().unwrap_or(domain));
    let servers: Vec<&str> =
        of_domains.chain(mail.values().flat_map(|domain| domain.relays.keys().map(String::as_str))).collect();
    if !servers.contains(&name) {
        cx.problems.unknown(here.key("flush"), "mail server", name, servers.iter().copied());
        return None;
    }
    check_flush(cx, here, fault);
    let order = match (&fault.destination, &fault.sender) {
        (None, None) => FlushOrder::All,
        (Some(domain), None) => FlushOrder::Destination(domain.clone()),
        (None, Some(sender)) => FlushOrder::Sender(sender.clone()),
        (Some(_), Some(_)) => {
            cx.problems.at(here, "a \"flush\" has a \"destination\", a \"sender\", or none");
            return None;
        }
    };
    Some((format!("flush/{name}"), Faulty::Flush(host, order)))
}

/// The links with one end among the named hosts and sites, and the other outside.
fn read_partition(cx: &mut Context<'_>, here: Path<'_>, names: &[String], links: &[LinkSpec]) -> Option<Vec<u32>> {
    let mut inside = BTreeSet::new();
    if names.is_empty() {
        cx.problems.help(here, "this list names nobody", "name the hosts and sites that are cut off from the rest");
        return None;
    }
    for (index, name) in names.iter().enumerate() {
        let of_site = cx.hosts.iter().enumerate().filter(|(_, host)| host.site == *name).map(|(n, _)| n);
        let mut members: Vec<usize> = of_site.collect();
        if members.is_empty() {
            let Some(host) = host_index(cx.hosts, name) else {
                let known: BTreeSet<&str> =
                    cx.hosts.iter().flat_map(|host| [host.site.as_str(), host.name.as_str()]).collect();
                cx.problems.unknown(here.index(index), "host or site", name, known.iter().copied());
                return None;
            };
            members.push(host.index());
        }
        inside.extend(members);
    }
    let crosses = |link: &LinkSpec| inside.contains(&link.ends[0].index()) != inside.contains(&link.ends[1].index());
    let cut: Vec<u32> = (0..).zip(links).filter(|(_, link)| crosses(link)).map(|(number, _)| number).collect();
    if cut.is_empty() {
        let first = names.first().map_or("", String::as_str);
        cx.problems.at(here, format!("no link leads from {} and the others out of the partition", quote(first)));
        return None;
    }
    Some(cut)
}

/// The links of a host, and whether each leads towards it.
fn links_of(host: HostId, links: &[LinkSpec]) -> Vec<(u32, bool)> {
    let touching = (0..).zip(links).filter(|(_, link)| link.ends.contains(&host));
    touching.map(|(number, link)| (number, link.ends[1] == host)).collect()
}

/// A change of links, some of which are turned around.
fn read_change(
    cx: &mut Context<'_>,
    here: Path<'_>,
    concerned: Vec<(u32, bool)>,
    change: &schema::LinkChange,
    links: &[LinkSpec],
) -> Option<LinkChange> {
    let concerned: Vec<_> =
        concerned.into_iter().map(|(number, turned)| (number, ways(change.direction, turned))).collect();
    let managed = |like: fn(&Discipline) -> bool| {
        concerned.iter().any(|(number, ways)| {
            let directions = links.get(*number as usize).map(|link| link.directions);
            directions.is_some_and(|dirs| dirs.iter().zip(ways).any(|(dir, way)| *way && like(&dir.discipline)))
        })
    };
    for (key, given, has) in [
        ("red", change.red.is_some(), managed(|discipline| matches!(discipline, Discipline::Red(_)))),
        ("codel", change.codel.is_some(), managed(|discipline| matches!(discipline, Discipline::Codel(_)))),
    ] {
        if given && !has {
            cx.problems
                .at(here.key(key), format!("no queue concerned is managed by \"{key}\", and none can become so"));
        }
    }
    let to = read_properties(cx, here, change)?;
    Some(LinkChange { links: concerned, to })
}

/// A change of a service, which has none of what belongs to lines and managed queues alone.
fn read_service_change(
    cx: &mut Context<'_>,
    here: Path<'_>,
    (host, port): (HostId, u16),
    change: &schema::LinkChange,
) -> Option<ServiceChange> {
    for (key, given, message) in [
        ("mtu", change.mtu.is_some(), "a service has no MTU: packets of any size get to it"),
        ("red", change.red.is_some(), "the queue of a service is not managed by \"red\""),
        ("codel", change.codel.is_some(), "the queue of a service is not managed by \"codel\""),
    ] {
        if given {
            cx.problems.at(here.key(key), message);
        }
    }
    let to = read_properties(cx, here, change)?;
    Some(ServiceChange { host, port, ways: ways(change.direction, false), to })
}

/// Which directions are concerned: the first, and the one back.
const fn ways(direction: Option<Way>, turned: bool) -> [bool; 2] {
    match (direction, turned) {
        (None, _) => [true, true],
        (Some(Way::Forward), false) | (Some(Way::Reverse), true) => [true, false],
        (Some(Way::Forward), true) | (Some(Way::Reverse), false) => [false, true],
    }
}

/// What a change gives; none, and a problem, if it gives nothing.
fn read_properties(cx: &mut Context<'_>, here: Path<'_>, change: &schema::LinkChange) -> Option<Properties> {
    if *change == (schema::LinkChange { direction: change.direction, ..schema::LinkChange::default() }) {
        cx.problems.help(here, "this change changes nothing", "give it a \"rate\", \"delay\", \"loss\" or the like");
        return None;
    }
    Some(Properties {
        rate: change.rate.map(|rate| rate.0),
        delay: change.delay.map(|_| cx.duration(here.key("delay"), change.delay)),
        queue: change.queue.map(link::queue_limit),
        mtu: change.mtu.and_then(|mtu| link::read_mtu(cx, here.key("mtu"), mtu.0)),
        loss: change.loss.map(|p| p.0),
        loss_every: change.loss_every.and_then(|n| link::read_every(cx, here.key("loss_every"), n)),
        bursts: change.bursts.map(link::read_bursts),
        jitter: change.jitter.map(|extra| extra.0),
        red: change.red.map(|red| link::read_red(cx, here.key("red"), &red)),
        codel: change.codel.map(|codel| link::read_codel(cx, here.key("codel"), &codel)),
        corruption: change.corruption.map(|p| p.0),
        duplication: change.duplication.map(|p| p.0),
    })
}

fn read_timing(cx: &mut Context<'_>, here: Path<'_>, fault: &schema::Fault) -> Option<Timing> {
    let at = cx.instant(here.key("at"), fault.at);
    let lasts = fault.lasting.map(|_| cx.positive(here.key("for"), fault.lasting));
    let until = fault.until.map_or(SimTime::NEVER, |_| cx.instant(here.key("until"), fault.until));
    if until < at {
        let help = "`until` is counted from the beginning of the run, as `at` is";
        cx.problems.help(here.key("until"), "`until` is before `at`: this fault never begins", help);
    }
    match (fault.every, fault.mean_up, fault.mean_down) {
        (None, None, None) => {
            if fault.until.is_some() {
                cx.problems.at(here.key("until"), "\"until\" belongs to \"every\" or \"mean_up\"");
            }
            Some(Timing::Once { at, lasts })
        }
        (Some(_), None, None) => {
            let every = cx.positive(here.key("every"), fault.every);
            let lasts = if fault.flush.is_some() { Some(SimDuration::ZERO) } else { lasts };
            let Some(lasts) = lasts.filter(|lasts| *lasts < every) else {
                cx.problems.at(here.key("every"), "a fault that is repeated has a \"for\" below its \"every\"");
                return None;
            };
            Some(Timing::Repeated { at, lasts, every, until })
        }
        (None, Some(_), Some(_)) => {
            if lasts.is_some() {
                cx.problems.at(here.key("for"), "\"for\" has no meaning beside \"mean_down\"");
            }
            let mean_up = cx.positive(here.key("mean_up"), fault.mean_up);
            let mean_down = cx.positive(here.key("mean_down"), fault.mean_down);
            Some(Timing::Random { at, mean_up, mean_down, until })
        }
        (Some(_) | None, ..) => {
            let message = "a fault has \"every\", or both \"mean_up\" and \"mean_down\"";
            cx.problems.at(here, message);
            None
        }
    }
}
