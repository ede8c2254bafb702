//! The workload's `lookups`: which clients, which names, and when.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Context;
use super::dns::read_type;
use super::work::MAX_ITEMS;
use crate::base::{Dist, HostId, SimDuration};
use crate::scenario::names::{check_owner_name, expand};
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::{LookupsWork, Schedule, Work};
use crate::scenario::schema::{Entry, LookupArrivals, Lookups, ParetoGaps, Texts};

/// The greatest exponent of Zipf's law: with more, one name is all there is.
const MAX_ZIPF: f64 = 10.0;

/// One item for each host.
pub(super) fn read_lookups(
    cx: &mut Context<'_>,
    here: Path<'_>,
    (index, entry): (usize, &Entry),
    schedule: Schedule,
) -> Vec<Work> {
    let Some(lookups) = &entry.lookups else { return Vec::new() };
    let path = here.key("lookups");
    let names = read_names(cx, path, lookups);
    let zipf = lookups.zipf.unwrap_or(0.0);
    if !(0.0..=MAX_ZIPF).contains(&zipf) {
        cx.problems.at(path.key("zipf"), format!("the exponent is a number from 0 to {MAX_ZIPF}"));
    }
    let clients = lookups.clients.unwrap_or(1);
    if clients == 0 {
        cx.problems.at(path.key("clients"), "there is at least one client");
    }
    let spread = entry.spread.map(|_| cx.duration(here.key("spread"), entry.spread));
    if spread.is_some() && lookups.arrivals.every.is_none() {
        let help = "leave it out: the first of such look-ups comes after a random gap anyway";
        cx.problems.help(here.key("spread"), "`spread` is for look-ups with `every`", help);
    }
    let gap = read_gap(cx, path.key("arrivals"), lookups.arrivals);
    let spread = lookups.arrivals.every.map(|_| spread.unwrap_or(SimDuration::ZERO));
    let rtype = read_type(cx, here.key("type"), entry.rtype.as_deref().unwrap_or("A"));
    let hosts = read_hosts(cx, here.key("on"), entry.on.as_ref());
    if clients as usize > MAX_ITEMS / hosts.len().max(1) {
        cx.problems.at(path.key("clients"), format!("the entry stands for more than {MAX_ITEMS} clients"));
    }
    let Some(((gap, rtype), names)) = gap.zip(rtype).zip(names) else { return Vec::new() };
    let work = |on: HostId| {
        Work::Lookups(LookupsWork {
            entry: index,
            schedule,
            on,
            clients,
            gap,
            spread,
            names: Arc::clone(&names),
            zipf,
            rtype,
            cache: lookups.cache == Some(true),
            web: entry.web == Some(true),
        })
    };
    hosts.into_iter().map(work).collect()
}

/// The hosts of a list of names and patterns, each once, in the order of the file.
pub(super) fn read_hosts(cx: &mut Context<'_>, path: Path<'_>, on: Option<&Texts>) -> Vec<HostId> {
    let (mut hosts, mut seen) = (Vec::new(), BTreeSet::new());
    let Some(texts) = on else { return hosts };
    if texts.items.is_empty() {
        cx.problems.at(path, "this list is empty");
    }
    for (index, text) in texts.items.iter().enumerate() {
        let place = if texts.list { path.index(index) } else { path };
        for name in expand(text, MAX_ITEMS / 10).unwrap_or_else(|| vec![text.clone()]) {
            let Some(host) = cx.host(place, &name) else { break };
            if !seen.insert(host) {
                cx.problems.at(place, format!("the host {} is listed twice", quote(&name)));
                break;
            }
            hosts.push(host);
        }
    }
    hosts
}

/// Absolute names without the final dot, in the order of the file.
fn read_names(cx: &mut Context<'_>, here: Path<'_>, lookups: &Lookups) -> Option<Arc<[String]>> {
    let path = here.key("names");
    let Some(texts) = lookups.names.as_ref().filter(|texts| !texts.items.is_empty()) else {
        let help = "give \"names\": \"www.crepes.fr\", or a list, or \"n{1..10000}.pages.example\"";
        cx.problems.help(here, "what is looked up is not said", help);
        return None;
    };
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    for (index, text) in texts.items.iter().enumerate() {
        let place = if texts.list { path.index(index) } else { path };
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if text.contains("..") && text.contains('{') && expand(&text, MAX_ITEMS).is_none() {
            let message = format!("this pattern stands for no names, or for more than {MAX_ITEMS}");
            cx.problems.help(place, message, "write it like \"n{1..10000}.pages.example\"");
            return None;
        }
        for name in expand(&text, MAX_ITEMS).unwrap_or_else(|| vec![text.clone()]) {
            if let Err(why) = check_owner_name(&name) {
                cx.problems.at(place, why);
                return None;
            }
            if !seen.insert(name.clone()) {
                cx.problems.at(place, format!("the name {} is listed twice", quote(&name)));
                return None;
            }
            names.push(name);
        }
    }
    if names.len() > MAX_ITEMS {
        cx.problems.at(path, format!("there are more than {MAX_ITEMS} names"));
        return None;
    }
    Some(names.into())
}

/// The distribution of gaps; whatever it is, none has a mean of zero.
fn read_gap(cx: &mut Context<'_>, path: Path<'_>, arrivals: LookupArrivals) -> Option<Dist> {
    let LookupArrivals { poisson, pareto, gap, every } = arrivals;
    let given = [poisson.is_some(), pareto.is_some(), gap.is_some(), every.is_some()];
    match given.into_iter().filter(|given| *given).count() {
        1 => {}
        0 => {
            let help = "give \"poisson\": \"0.02/s\", \"pareto\", \"gap\" or \"every\": \"7s\"";
            cx.problems.help(path, "how often is not said", help);
            return None;
        }
        _ => {
            cx.problems.at(path, "give one of `poisson`, `pareto`, `gap` and `every`, not more");
            return None;
        }
    }
    if let Some(rate) = poisson {
        return Some(Dist::Exponential { mean: rate.0 });
    }
    if every.is_some() {
        return Some(Dist::Constant(cx.positive(path.key("every"), every)));
    }
    if let Some(gaps) = pareto {
        return read_pareto(cx, path.key("pareto"), gaps);
    }
    let gap = gap?.0;
    let zero = match gap {
        Dist::Constant(value) | Dist::Uniform { high: value, .. } => value == SimDuration::ZERO,
        Dist::Exponential { mean } => mean == SimDuration::ZERO,
        Dist::LogNormal { median, .. } => median == SimDuration::ZERO,
        Dist::Pareto { scale, .. } => scale == SimDuration::ZERO,
    };
    if zero {
        cx.problems.at(path.key("gap"), "a gap must be above zero");
    }
    Some(gap)
}

/// The mean of a Pareto distribution is `scale * shape / (shape - 1)`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of it"
)]
fn read_pareto(cx: &mut Context<'_>, path: Path<'_>, gaps: ParetoGaps) -> Option<Dist> {
    let mean = cx.positive(path.key("mean"), Some(gaps.mean));
    if !(gaps.shape > 1.0 && gaps.shape <= 100.0) {
        cx.problems.at(path.key("shape"), "the tail index is above 1, as otherwise there is no mean, and at most 100");
        return None;
    }
    let scale = mean.as_nanos() as f64 * (gaps.shape - 1.0) / gaps.shape;
    Some(Dist::Pareto { scale: SimDuration::from_nanos((scale.round() as u64).max(1)), shape: gaps.shape })
}
