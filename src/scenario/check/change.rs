//! Changes of zones while a run goes on: each has to leave a zone behind.

use std::collections::BTreeMap;

use super::Context;
use super::dns::{read_record, read_type};
use crate::app::dns::{Zone, ZoneChange};
use crate::proto::dns::{Name, Rtype};
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::ZoneSpec;
use crate::scenario::schema::{Change, Removal};

/// All changes, in the order of their times.
pub(super) fn read_changes(
    cx: &mut Context<'_>,
    path: Path<'_>,
    zones: &[ZoneSpec],
    index: &BTreeMap<&str, usize>,
) -> Vec<ZoneChange> {
    let path = path.key("changes");
    let scenario = cx.scenario;
    let mut changes: Vec<(usize, ZoneChange)> = Vec::new();
    for (position, change) in scenario.dns.changes.iter().enumerate() {
        let here = path.index(position);
        if !index.contains_key(change.zone.as_str()) {
            cx.problems.unknown(here.key("zone"), "zone", &change.zone, index.keys().copied());
            continue;
        }
        // a zone's name that is none was noted before
        let Ok(zone) = Name::parse(&change.zone) else { continue };
        changes.push((position, read_change(cx, here, zone, change, index)));
    }
    changes.sort_by_key(|(_, change)| change.at);
    try_out(cx, path, zones, &changes);
    changes.into_iter().map(|(_, change)| change).collect()
}

fn read_change(
    cx: &mut Context<'_>,
    here: Path<'_>,
    zone: Name,
    change: &Change,
    index: &BTreeMap<&str, usize>,
) -> ZoneChange {
    let at = cx.instant(here.key("at"), Some(change.at));
    if change.set.is_empty() && change.remove.is_empty() {
        cx.problems.help(here, "nothing changes", "name records in \"set\" or \"remove\"");
    }
    let mut set = Vec::new();
    for (position, record) in change.set.iter().enumerate() {
        let list = here.key("set");
        set.extend(read_record(cx, list.index(position), &zone, record, index));
    }
    let mut remove = Vec::new();
    for (position, removal) in change.remove.iter().enumerate() {
        let list = here.key("remove");
        remove.extend(read_removal(cx, list.index(position), &zone, removal));
    }
    ZoneChange { at, zone, set, remove }
}

fn read_removal(cx: &mut Context<'_>, here: Path<'_>, zone: &Name, removal: &Removal) -> Option<(Name, Option<Rtype>)> {
    let rtype = match &removal.rtype {
        None => None,
        Some(text) => Some(read_type(cx, here.key("type"), text)?),
    };
    match Name::parse_within(&removal.name, zone) {
        Ok(name) => Some((name, rtype)),
        Err(why) => {
            cx.problems.at(here.key("name"), format!("{} is no name: {why}", quote(&removal.name)));
            None
        }
    }
}

/// Makes the changes one after the other, as the servers will. Of a zone that is none already, it
/// was noted before why.
fn try_out(cx: &mut Context<'_>, path: Path<'_>, zones: &[ZoneSpec], changes: &[(usize, ZoneChange)]) {
    let mut states: BTreeMap<&Name, Option<Zone>> = BTreeMap::new();
    for (position, change) in changes {
        let spec = || zones.iter().find(|spec| Name::parse(&spec.name).is_ok_and(|name| name == change.zone));
        let make = || spec().and_then(|spec| Zone::new(change.zone.clone(), spec.records.clone()).ok());
        let state = states.entry(&change.zone).or_insert_with(make);
        if let Some(Err(error)) = state.as_mut().map(|zone| zone.change(change)) {
            cx.problems.at(path.index(*position), error.to_string());
        }
    }
}
