//! Links: their ends, and the properties of each direction.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::Context;
use crate::base::{DataSize, Probability};
use crate::net::{Bursts, CodelConfig, Discipline, Jitter, LinkDirConfig, QueueLimit, RedConfig};
use crate::scenario::problem::{Path, did_you_mean, quote};
use crate::scenario::resolved::{self, LinkSpec};
use crate::scenario::schema::{self, Codel, Direction, Link, Queue, Red};

/// All links in name order.
pub(super) fn read_links(cx: &mut Context<'_>) -> Vec<LinkSpec> {
    let network = Path::Root.key("network");
    let path = network.key("links");
    let mut links: Vec<LinkSpec> = Vec::with_capacity(cx.scenario.network.links.len());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, link) in cx.scenario.network.links.iter().enumerate() {
        let here = path.index(index);
        let name = link.name.as_deref().unwrap_or_default();
        if name.is_empty() || name.len() > 600 || name.chars().any(char::is_control) {
            cx.problems.at(here.key("name"), "the name of a link is a short text without control characters");
        }
        if let Some(first) = seen.insert(name, index) {
            let message = format!("network.links[{first}] has the name {} too", quote(name));
            cx.problems.help(here, message, "give one of them another \"name\"");
        }
        links.extend(read_link(cx, here, name, link));
    }
    for (key, defaults) in [("access", &cx.scenario.network.access), ("backbone", &cx.scenario.network.backbone)] {
        let here = network.key(key);
        // Read as a link of its own: it may be that no link is added.
        let [forward, reverse] = defaults.link(["a", "b"]).directions();
        read_direction(cx, here, &forward);
        if defaults.reverse.is_some() {
            read_direction(cx, here.key("reverse"), &reverse);
        }
    }
    links.sort_by(|a, b| a.name.cmp(&b.name));
    links
}

/// The place of the link of that name; one that is named by its ends the other way round is suggested.
pub(super) fn named(cx: &mut Context<'_>, path: Path<'_>, name: &str, links: &[LinkSpec]) -> Option<usize> {
    let place = |name: &str| links.binary_search_by(|link| link.name.as_str().cmp(name)).ok();
    let found = place(name);
    if found.is_none() {
        let turned = name.split_once("--").map(|(a, b)| format!("{b}--{a}")).filter(|turned| place(turned).is_some());
        match turned {
            Some(turned) => {
                cx.problems.unknown_name(
                    path,
                    format!("there is no link {}", quote(name)),
                    Some(did_you_mean(&turned)),
                );
            }
            None => cx.problems.unknown(path, "link", name, links.iter().map(|link| link.name.as_str())),
        }
    }
    found
}

fn read_link(cx: &mut Context<'_>, here: Path<'_>, name: &str, link: &Link) -> Option<LinkSpec> {
    let between = here.key("between");
    let [first, second] = link.between.as_slice() else {
        cx.problems.at(between, format!("a link is between two hosts, not {}", link.between.len()));
        return None;
    };
    if first == second {
        cx.problems.at(between, format!("this link leads from {} to itself", quote(first)));
        return None;
    }
    let ends = [cx.any_host(between.index(0), first), cx.any_host(between.index(1), second)];
    let [forward, reverse] = link.directions();
    let there = read_direction(cx, here, &forward);
    let back = if forward == reverse { there } else { read_direction(cx, here.key("reverse"), &reverse) };
    Some(LinkSpec { name: name.to_owned(), ends: [ends[0]?, ends[1]?], directions: [there, back] })
}

pub(super) const fn queue_limit(queue: Queue) -> QueueLimit {
    match queue.0 {
        resolved::QueueLimit::Unlimited => QueueLimit::Unlimited,
        resolved::QueueLimit::Packets(packets) => QueueLimit::Packets(packets),
        resolved::QueueLimit::Bytes(bytes) => QueueLimit::Bytes(bytes.bytes()),
    }
}

/// The properties of one direction, in which what belongs to both is filled in.
pub(super) fn read_direction(cx: &mut Context<'_>, here: Path<'_>, direction: &Direction) -> LinkDirConfig {
    let queue = direction.queue.map_or(QueueLimit::Unlimited, queue_limit);
    LinkDirConfig {
        rate: direction.rate.map(|rate| rate.0),
        delay: cx.duration(here.key("delay"), direction.delay),
        queue,
        discipline: read_discipline(cx, here, direction),
        mtu: direction.mtu.and_then(|mtu| read_mtu(cx, here.key("mtu"), mtu.0)),
        loss: direction.loss.map_or(Probability::ZERO, |p| p.0),
        loss_every: direction.loss_every.and_then(|n| read_every(cx, here.key("loss_every"), n)),
        bursts: direction.bursts.map(read_bursts),
        corruption: direction.corruption.map_or(Probability::ZERO, |p| p.0),
        duplication: direction.duplication.map_or(Probability::ZERO, |p| p.0),
        jitter: direction
            .jitter
            .map(|jitter| Jitter { extra: jitter.extra.0, reorder: jitter.reorder.unwrap_or(false) }),
    }
}

pub(super) fn read_bursts(bursts: schema::Bursts) -> Bursts {
    let one = Probability::new(1.0).expect("a probability");
    Bursts {
        to_bad: bursts.to_bad.0,
        to_good: bursts.to_good.0,
        loss_good: bursts.loss_good.map_or(Probability::ZERO, |p| p.0),
        loss_bad: bursts.loss_bad.map_or(one, |p| p.0),
    }
}

pub(super) fn read_mtu(cx: &mut Context<'_>, here: Path<'_>, mtu: DataSize) -> Option<u32> {
    // RFC 791 3.2: "Every internet module must be able to forward a datagram of 68 octets".
    // RFC 8200 5: "IPv6 requires that every link in the Internet have an MTU of 1280 octets or greater".
    let least = if cx.ipv6 { 1_280 } else { 68 };
    let fits = u32::try_from(mtu.bytes()).ok().filter(|mtu| (least..=65_535).contains(mtu));
    if fits.is_none() {
        let why = if cx.ipv6 { ", as hosts have IPv6 (RFC 8200 5)" } else { "" };
        cx.problems.at(here, format!("an MTU is {least} to 65535 bytes{why}"));
    }
    fits
}

pub(super) fn read_every(cx: &mut Context<'_>, here: Path<'_>, n: u32) -> Option<NonZeroU32> {
    let n = NonZeroU32::new(n);
    if n.is_none() {
        cx.problems.at(here, "`loss_every` counts packets: 1 loses each of them, leave it out to lose none");
    }
    n
}

fn read_discipline(cx: &mut Context<'_>, here: Path<'_>, direction: &Direction) -> Discipline {
    match (&direction.red, &direction.codel) {
        (None, None) => Discipline::DropTail,
        (Some(red), None) => Discipline::Red(read_red(cx, here.key("red"), red)),
        (None, Some(codel)) => Discipline::Codel(read_codel(cx, here.key("codel"), codel)),
        (Some(_), Some(_)) => {
            cx.problems.at(here, "a queue is managed by \"red\" or by \"codel\", not by both");
            Discipline::DropTail
        }
    }
}

pub(super) fn read_red(cx: &mut Context<'_>, here: Path<'_>, red: &Red) -> RedConfig {
    let default = RedConfig::default();
    let min_th = red.min_th.unwrap_or(default.min_th);
    let config = RedConfig {
        min_th,
        // "maxthresh should be three times minthresh" (Floyd 1997).
        max_th: red.max_th.unwrap_or(3.0 * min_th),
        max_p: red.max_p.map_or(default.max_p, |p| p.0.value()),
        weight: red.weight.map_or(default.weight, |p| p.0.value()),
    };
    if !(config.min_th >= 0.0 && config.max_th > config.min_th && config.max_th.is_finite()) {
        cx.problems.at(here, "the thresholds of RED are zero or above, `max_th` above `min_th`");
    }
    for (key, value) in [("max_p", config.max_p), ("weight", config.weight)] {
        if value <= 0.0 {
            cx.problems.at(here.key(key), format!("`{key}` of RED is above zero"));
        }
    }
    config
}

pub(super) fn read_codel(cx: &mut Context<'_>, here: Path<'_>, codel: &Codel) -> CodelConfig {
    let default = CodelConfig::default();
    let target = codel.target.map_or(default.target, |_| cx.positive(here.key("target"), codel.target));
    let interval = codel.interval.map_or(default.interval, |_| cx.positive(here.key("interval"), codel.interval));
    CodelConfig { target, interval }
}
