//! Hosts and links of a scenario, read leniently, and the map on which they stand.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Host, Link, Map, MapBox, MapWord};
use crate::report::charts::{HostSetting, LinkSetting, Setting};
use crate::report::netmap::{MapCard, MapText, NetworkMap, Point};

/// What a link's text says of it, in that order.
const PROPERTIES: [&str; 8] = ["rate", "delay", "queue", "loss", "mtu", "jitter", "duplication", "corruption"];

/// Hosts and links of a resolved scenario, and their map; nothing where there are none.
pub(super) fn read(scenario: &Value) -> (Vec<Host>, Vec<Link>, Map) {
    let network = &scenario["network"];
    let mut hosts: Vec<Host> = network["hosts"].as_object().into_iter().flatten().map(host).collect();
    let places: BTreeMap<String, usize> =
        hosts.iter().enumerate().map(|(place, host)| (host.name.clone(), place)).collect();
    let mut setting = Setting::default();
    setting.hosts.extend(hosts.iter().map(|host| HostSetting {
        name: host.name.clone(),
        site: host.site.clone(),
        router: host.router,
    }));
    let mut links = Vec::new();
    for value in network["links"].as_array().into_iter().flatten() {
        if let Some((link, told)) = link(value, &places) {
            links.push(link);
            setting.links.push(told);
        }
    }
    let map = NetworkMap::for_page(&setting);
    for (host, spot) in hosts.iter_mut().zip(&map.spots) {
        ((host.x, host.y), host.own) = (tenths(spot.at), spot.named);
    }
    for (link, way) in links.iter_mut().zip(&map.ways) {
        link.way = way.iter().map(|at| tenths(*at)).collect();
    }
    map.others.iter().for_each(|(link, _)| links[*link].other = true);
    (hosts, links, drawn(&map))
}

fn drawn(map: &NetworkMap) -> Map {
    let card = |card: &MapCard| {
        let ((x, y), (w, h)) = (tenths(card.at), tenths((card.width, card.height)));
        MapBox { x, y, w, h, head: tenth(card.head) }
    };
    let word = |text: &MapText| {
        let (x, y) = tenths(text.at);
        MapWord { x, y, size: tenth(text.size), text: text.text.clone(), host: text.host }
    };
    Map {
        width: tenth(map.width),
        height: tenth(map.height),
        size: tenth(map.size),
        cards: map.cards.iter().map(card).collect(),
        words: map.texts.iter().map(word).collect(),
    }
}

fn tenths((x, y): Point) -> (f64, f64) {
    (tenth(x), tenth(y))
}

/// Rounded, since nobody sees less.
fn tenth(value: f64) -> f64 {
    libm::round(value * 10.0) / 10.0
}

fn host((name, value): (&String, &Value)) -> Host {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut addresses = vec![text("address"), text("address6")];
    addresses
        .extend(value["addresses"].as_array().into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())));
    addresses.retain(|address| !address.is_empty());
    let router = value["router"].as_bool().unwrap_or(false);
    Host { name: name.clone(), addresses, router, site: text("site"), ..Host::default() }
}

fn link(value: &Value, places: &BTreeMap<String, usize>) -> Option<(Link, LinkSetting)> {
    let end = |place: usize| value["between"][place].as_str();
    let shown = |key: &str| match &value[key] {
        Value::String(text) if text != "unlimited" => Some(text.clone()),
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let text =
        PROPERTIES.iter().filter_map(|key| Some(format!("{key} {}", shown(key)?))).collect::<Vec<_>>().join(", ");
    let (name, between) = (value["name"].as_str()?.to_owned(), [end(0)?, end(1)?]);
    let ends = [*places.get(between[0])?, *places.get(between[1])?];
    let told = |key| shown(key).unwrap_or_default();
    let setting = LinkSetting {
        name: name.clone(),
        between: between.map(str::to_owned),
        rate: told("rate"),
        delay: told("delay"),
    };
    Some((Link { name, ends, text, way: Vec::new(), other: false }, setting))
}
