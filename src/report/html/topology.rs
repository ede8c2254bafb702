//! Hosts and links of a scenario, and where each host stands in the picture: in the middle the node with most links, around
//! it what hangs on it, as a tree, each branch as wide as it has leaves.
//!
//! Left out: weights and crossings. Links beyond the tree are drawn where their ends happen to be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::model::{Host, Link};

/// Half the width and height of the picture, in which all hosts stand.
const HALF_WIDTH: f64 = 440.0;
const HALF_HEIGHT: f64 = 250.0;

/// What a link's text says of it, in that order.
const PROPERTIES: [&str; 8] = ["rate", "delay", "queue", "loss", "mtu", "jitter", "duplication", "corruption"];

/// Hosts and links of a resolved scenario; nothing where there are none.
pub(super) fn read(scenario: &Value) -> (Vec<Host>, Vec<Link>) {
    let network = &scenario["network"];
    let mut hosts: Vec<Host> = network["hosts"].as_object().into_iter().flatten().map(host).collect();
    let places: BTreeMap<String, usize> =
        hosts.iter().enumerate().map(|(place, host)| (host.name.clone(), place)).collect();
    let links: Vec<Link> =
        network["links"].as_array().into_iter().flatten().filter_map(|value| link(value, &places)).collect();
    for (host, (x, y)) in hosts.iter_mut().zip(positions(places.len(), &links)) {
        (host.x, host.y) = (x, y);
    }
    (hosts, links)
}

fn host((name, value): (&String, &Value)) -> Host {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut addresses = vec![text("address"), text("address6")];
    addresses
        .extend(value["addresses"].as_array().into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())));
    addresses.retain(|address| !address.is_empty());
    let router = value["router"].as_bool().unwrap_or(false);
    Host { name: name.clone(), addresses, router, site: text("site"), x: 0, y: 0 }
}

fn link(value: &Value, places: &BTreeMap<String, usize>) -> Option<Link> {
    let end = |place: usize| places.get(value["between"][place].as_str()?).copied();
    let shown = |key: &&str| match &value[*key] {
        Value::String(text) if text != "unlimited" => Some(format!("{key} {text}")),
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(format!("{key} {number}")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let text = PROPERTIES.iter().filter_map(shown).collect::<Vec<_>>().join(", ");
    Some(Link { name: value["name"].as_str()?.to_owned(), ends: [end(0)?, end(1)?], text })
}

/// A place for each of `count` hosts.
fn positions(count: usize, links: &[Link]) -> Vec<(i32, i32)> {
    let mut near = vec![BTreeSet::new(); count];
    for link in links {
        let [a, b] = link.ends;
        near[a].insert(b);
        near[b].insert(a);
    }
    let mut left: BTreeSet<usize> = (0..count).collect();
    let mut trees = Vec::new();
    // of equals the first
    while let Some(root) = left.iter().copied().max_by_key(|place| (near[*place].len(), count - place)) {
        let tree = Tree::grow(root, &near);
        tree.order.iter().for_each(|place| {
            left.remove(place);
        });
        trees.push(tree);
    }
    let mut places = vec![(0, 0); count];
    for (number, tree) in trees.iter().enumerate() {
        let share = 1.0 / count_f64(trees.len());
        let middle = (2.0 * count_f64(number) + 1.0).mul_add(share, -1.0) * HALF_WIDTH;
        tree.place(middle, share * HALF_WIDTH, &mut places);
    }
    places
}

fn count_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A tree of hosts, each with its children.
struct Tree {
    root: usize,
    /// All of it, parents before children.
    order: Vec<usize>,
    children: BTreeMap<usize, Vec<usize>>,
    depth: BTreeMap<usize, usize>,
}

impl Tree {
    fn grow(root: usize, near: &[BTreeSet<usize>]) -> Self {
        let mut tree = Self { root, order: Vec::new(), children: BTreeMap::new(), depth: BTreeMap::from([(root, 0)]) };
        let mut next = VecDeque::from([root]);
        while let Some(host) = next.pop_front() {
            tree.order.push(host);
            let depth = tree.depth[&host] + 1;
            for child in &near[host] {
                if !tree.depth.contains_key(child) {
                    tree.depth.insert(*child, depth);
                    tree.children.entry(host).or_default().push(*child);
                    next.push_back(*child);
                }
            }
        }
        tree
    }

    fn place(&self, middle: f64, half: f64, places: &mut [(i32, i32)]) {
        let mut leaves = BTreeMap::new();
        for host in self.order.iter().rev() {
            let children = self.children.get(host).map_or(&[][..], Vec::as_slice);
            let sum: usize = children.iter().map(|child| leaves[child]).sum();
            // a branch needs some room for itself, so that its root stands apart from its neighbours
            leaves.insert(*host, sum.max(1));
        }
        let deepest = count_f64(self.depth.values().copied().max().unwrap_or(0).max(1));
        let all = count_f64(leaves[&self.root]);
        let crowded = leaves[&self.root] > 10;
        let mut begins = BTreeMap::from([(self.root, 0)]);
        for host in &self.order {
            let begin: usize = begins[host];
            let turn = (count_f64(begin) + count_f64(leaves[host]) / 2.0) / all * core::f64::consts::TAU;
            // inner rings a little outwards, where there is room
            let out = libm::pow(count_f64(self.depth[host]) / deepest, 0.8);
            // neighbours by turns, so that their names find room
            let inwards = crowded && !self.children.contains_key(host) && begin % 2 == 1;
            let out = if inwards { out * 0.8 } else { out };
            let x = (half * 0.94 * out).mul_add(libm::cos(turn), middle);
            let y = HALF_HEIGHT * 0.94 * out * libm::sin(turn);
            places[*host] = (whole(x), whole(y));
            let mut at = begin;
            for child in self.children.get(host).into_iter().flatten() {
                begins.insert(*child, at);
                at += leaves[child];
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "places are within a thousand of 0")]
fn whole(value: f64) -> i32 {
    libm::round(value) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when two hosts stand on each other, or one stands outside.
    #[test]
    fn hosts_stand_apart_and_inside() {
        let hosts: BTreeMap<String, Value> = (0..40).map(|n| (format!("h{n:02}"), Value::default())).collect();
        let link = |n: usize| serde_json::json!({ "name": format!("l{n}"), "between": [format!("h{n:02}"), format!("h{:02}", n % 5)] });
        let links: Vec<Value> = (1..38).map(link).collect();
        let scenario = serde_json::json!({ "network": { "hosts": hosts, "links": links } });
        let (hosts, links) = read(&scenario);
        assert_eq!((hosts.len(), links.len()), (40, 37));
        let places: BTreeSet<(i32, i32)> = hosts.iter().map(|host| (host.x, host.y)).collect();
        assert_eq!(places.len(), 40, "{places:?}");
        assert!(places.iter().all(|(x, y)| x.abs() <= 440 && y.abs() <= 250), "{places:?}");
    }
}
