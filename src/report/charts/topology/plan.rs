//! Which part of a network stands where in its picture: a tree in columns, cut to the room.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::report::charts::source::{LinkSetting, Setting};
use crate::report::values::escape;

/// A router, or a host to which others are linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    /// Rate and delay of the link to the node above.
    pub(super) link: String,
    /// The first of its columns, and the one after the last.
    pub(super) columns: (usize, usize),
    pub(super) card: Option<Card>,
    pub(super) children: Vec<Node>,
    /// Whether it stands for several nodes, which its card counts.
    several: bool,
}

/// Hosts at one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) columns: (usize, usize),
    /// Names by what their links have in common.
    groups: Vec<(String, Vec<String>)>,
    /// Hosts that are part of it and not named.
    unnamed: usize,
}

impl Card {
    /// Its text in so many lines at most, and whether each is a heading.
    pub(super) fn lines(&self, most: usize) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        for (link, names) in &self.groups {
            if !link.is_empty() {
                lines.push((link.clone(), true));
            }
            lines.extend(names.iter().map(|name| (name.clone(), false)));
        }
        let more = |hidden: usize| if hidden == 1 { "1 more host".to_owned() } else { format!("{hidden} more hosts") };
        let room = if self.unnamed > 0 { most.saturating_sub(1) } else { most };
        if lines.len() > room {
            let kept = most.saturating_sub(1);
            let hidden = lines[kept..].iter().filter(|(_, heading)| !heading).count() + self.unnamed;
            lines.truncate(kept);
            lines.push((more(hidden), false));
        } else if self.unnamed > 0 {
            lines.push((more(self.unnamed), false));
        }
        lines
    }

    fn hosts(&self) -> usize {
        self.groups.iter().map(|(_, names)| names.len()).sum::<usize>() + self.unnamed
    }
}

/// A picture's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) roots: Vec<Node>,
    /// Links that the tree does not hold: their words and ends.
    pub(super) others: Vec<(String, [String; 2])>,
}

impl Plan {
    /// The plan of a network in so many columns and rows of nodes.
    pub(super) fn new(setting: &Setting, columns: usize, rows: usize) -> Self {
        let mut graph = Graph::new(setting);
        let mut roots = Vec::new();
        while let Some(core) = graph.core() {
            roots.push(graph.tree(&core));
        }
        // what does not hang together is beside each other, under nothing
        roots.sort_by_key(|root| std::cmp::Reverse(size(root)));
        let mut nothing = Node { children: roots, ..empty_node("") };
        fit(&mut nothing, columns, rows + 1);
        let width = need(&nothing);
        place(&mut nothing, (0, width));
        Self { roots: nothing.children, others: graph.others }
    }

    pub(super) fn columns(&self) -> usize {
        self.roots.last().map_or(1, |root| root.columns.1)
    }

    /// Rows of nodes, the last cards not counted.
    pub(super) fn depth(&self) -> usize {
        fn depth(node: &Node) -> usize {
            1 + node.children.iter().map(depth).max().unwrap_or(0)
        }
        self.roots.iter().map(depth).max().unwrap_or(0)
    }

    /// Lines of the longest card.
    pub(super) fn longest_card(&self) -> usize {
        fn longest(node: &Node) -> usize {
            let own = node.card.as_ref().map_or(0, |card| card.lines(usize::MAX).len());
            node.children.iter().map(longest).max().unwrap_or(0).max(own)
        }
        self.roots.iter().map(longest).max().unwrap_or(0)
    }

    /// The hosts that it names or counts.
    #[cfg(test)]
    pub(super) fn hosts(&self) -> usize {
        self.roots.iter().map(size).sum()
    }

    /// Where the node of that name stands.
    pub(super) fn find(&self, name: &str) -> Option<((usize, usize), usize)> {
        fn find(node: &Node, name: &str, row: usize) -> Option<((usize, usize), usize)> {
            if node.name == name {
                return Some((node.columns, row));
            }
            node.children.iter().find_map(|child| find(child, name, row + 1))
        }
        self.roots.iter().find_map(|root| find(root, name, 0))
    }
}

/// Columns that a node wants.
fn need(node: &Node) -> usize {
    let below = usize::from(node.card.is_some()) + node.children.iter().map(need).sum::<usize>();
    below.max(1)
}

/// All hosts at and below a node.
fn size(node: &Node) -> usize {
    usize::from(!node.several)
        + node.card.as_ref().map_or(0, Card::hosts)
        + node.children.iter().map(size).sum::<usize>()
}

/// Puts together what has no room in so many columns and rows.
fn fit(node: &mut Node, budget: usize, rows: usize) {
    if node.children.is_empty() {
        return;
    }
    let card = usize::from(node.card.is_some());
    if rows <= 1 || budget <= card {
        let below: usize = node.children.iter().map(size).sum();
        let card = node.card.get_or_insert(Card { columns: (0, 0), groups: Vec::new(), unnamed: 0 });
        card.unnamed += below;
        node.children.clear();
        return;
    }
    let room = budget - card;
    if node.children.len() > room {
        // the largest stay, in their order
        let mut order: Vec<usize> = (0..node.children.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(size(&node.children[*index])));
        let kept: BTreeSet<usize> = order.into_iter().take(room - 1).collect();
        let all = std::mem::take(&mut node.children);
        let (mut count, mut hosts) = (0, 0);
        for (index, child) in all.into_iter().enumerate() {
            if kept.contains(&index) {
                node.children.push(child);
            } else {
                (count, hosts) = (count + 1, hosts + size(&child));
            }
        }
        let name = if count == 1 { "1 more site".to_owned() } else { format!("{count} more sites") };
        let card = Card { columns: (0, 0), groups: Vec::new(), unnamed: hosts };
        node.children.push(Node {
            name,
            link: String::new(),
            columns: (0, 0),
            card: Some(card),
            children: Vec::new(),
            several: true,
        });
    }
    let mut spare = room - node.children.len();
    for child in &mut node.children {
        let wish = need(child) - 1;
        let given = wish.min(spare);
        spare -= given;
        fit(child, 1 + given, rows - 1);
    }
}

/// Gives a node and what is below it their columns.
fn place(node: &mut Node, columns: (usize, usize)) {
    node.columns = columns;
    let mut from = columns.0;
    // a card stands in the middle of its node's children
    let middle = if node.card.is_some() { node.children.len() / 2 } else { 0 };
    let (before, after) = node.children.split_at_mut(middle);
    for child in before {
        let width = need(child);
        place(child, (from, from + width));
        from += width;
    }
    if let Some(card) = &mut node.card {
        card.columns = (from, from + 1);
        from += 1;
    }
    for child in after {
        let width = need(child);
        place(child, (from, from + width));
        from += width;
    }
}

/// What of a network is not yet in a tree.
struct Graph {
    /// Neighbours of each host, with the words for the link.
    near: BTreeMap<String, Vec<(String, String)>>,
    /// Nodes that are not leaves, and not yet placed.
    inner: BTreeSet<String>,
    routers: BTreeSet<String>,
    sites: BTreeMap<String, String>,
    others: Vec<(String, [String; 2])>,
}

/// Beyond this many nodes the core is the one with most links.
const MOST_SEARCHED: usize = 300;

impl Graph {
    fn new(setting: &Setting) -> Self {
        let mut near: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for host in &setting.hosts {
            near.entry(host.name.clone()).or_default();
        }
        for link in setting.links.iter().filter(|link| link.between[0] != link.between[1]) {
            let [a, b] = &link.between;
            near.entry(a.clone()).or_default().push((b.clone(), words(link)));
            near.entry(b.clone()).or_default().push((a.clone(), words(link)));
        }
        near.values_mut().for_each(|ends| ends.sort());
        let routers: BTreeSet<String> =
            setting.hosts.iter().filter(|host| host.router).map(|host| host.name.clone()).collect();
        let is_inner = |(name, ends): (&String, &Vec<(String, String)>)| {
            let alone =
                |(other, _): &(String, String)| !routers.contains(other) && near[other].len() < 2 && name < other;
            let inner = routers.contains(name) || ends.len() > 1 || ends.iter().all(alone);
            inner.then(|| name.clone())
        };
        let inner = near.iter().filter_map(is_inner).collect();
        let sites = setting.hosts.iter().map(|host| (host.name.clone(), host.site.clone())).collect();
        Self { near, inner, routers, sites, others: Vec::new() }
    }

    /// The node from which the others are nearest.
    fn core(&self) -> Option<String> {
        let searched = self.inner.len() <= MOST_SEARCHED;
        let rank = |name: &&String| {
            let far = if searched { self.farthest(name) } else { (0, 0) };
            (far, std::cmp::Reverse(self.near[*name].len()), (*name).clone())
        };
        self.inner.iter().min_by_key(rank).cloned()
    }

    /// How many nodes cannot be reached from this one, and how far the farthest other is.
    fn farthest(&self, from: &str) -> (usize, usize) {
        let mut far: BTreeMap<&str, usize> = BTreeMap::from([(from, 0)]);
        let mut queue = VecDeque::from([from]);
        let mut most = 0;
        while let Some(name) = queue.pop_front() {
            let next = far[name] + 1;
            for (other, _) in &self.near[name] {
                if self.inner.contains(other) && !far.contains_key(other.as_str()) {
                    far.insert(other, next);
                    most = next;
                    queue.push_back(other);
                }
            }
        }
        (self.inner.len() - far.len(), most)
    }

    /// Takes what hangs together with the core out, as a tree.
    fn tree(&mut self, core: &str) -> Node {
        let mut parents: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut order = vec![core.to_owned()];
        let mut seen = BTreeSet::from([core.to_owned()]);
        let mut at = 0;
        while let Some(name) = order.get(at).cloned() {
            at += 1;
            for (other, link) in self.near[&name].clone() {
                if !self.inner.contains(&other) {
                    continue;
                }
                if seen.insert(other.clone()) {
                    parents.insert(other.clone(), (name.clone(), link));
                    order.push(other);
                } else if name < other && !is_edge(&parents, &name, &other, &link) {
                    let text = format!("{name} \u{2013} {other} {link}");
                    self.others.push((escape(text.trim_end().as_bytes()), [name.clone(), other]));
                }
            }
        }
        let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
        // from the farthest inwards, each one into its parent
        for name in order.iter().rev() {
            self.inner.remove(name);
            let mut node = nodes.remove(name).unwrap_or_else(|| empty_node(name));
            node.children.reverse();
            node.card = self.card(name, &seen);
            match parents.get(name) {
                Some((parent, link)) => {
                    node.link.clone_from(link);
                    nodes.entry(parent.clone()).or_insert_with(|| empty_node(parent)).children.push(node);
                }
                None => return node,
            }
        }
        empty_node(core)
    }

    /// The leaves at a node.
    fn card(&self, name: &str, inner: &BTreeSet<String>) -> Option<Card> {
        let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (leaf, link) in &self.near[name] {
            if self.near[leaf].len() > 1 || self.routers.contains(leaf) || inner.contains(leaf) {
                continue;
            }
            let site = self.sites.get(leaf).map_or("", String::as_str);
            let short = leaf.strip_suffix(site).and_then(|rest| rest.strip_suffix('.')).unwrap_or(leaf);
            groups.entry(link).or_default().push(escape(short.as_bytes()));
        }
        groups.values_mut().for_each(|names| names.sort_by_key(|name| natural(name)));
        let groups: Vec<(String, Vec<String>)> =
            groups.into_iter().map(|(link, names)| (link.to_owned(), names)).collect();
        (!groups.is_empty()).then_some(Card { columns: (0, 0), groups, unnamed: 0 })
    }
}

fn empty_node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        link: String::new(),
        columns: (0, 0),
        card: None,
        children: Vec::new(),
        several: false,
    }
}

/// A key by which w2 comes before w10.
fn natural(name: &str) -> Vec<(String, u64)> {
    let part = |part: &str| {
        let digits = part.find(|letter: char| letter.is_ascii_digit()).unwrap_or(part.len());
        (part[..digits].to_owned(), part[digits..].parse().unwrap_or(0))
    };
    // a part is letters and the digits after them
    let mut parts = Vec::new();
    let (mut from, mut digit) = (0, false);
    for (at, letter) in name.char_indices() {
        if digit && !letter.is_ascii_digit() {
            parts.push(part(&name[from..at]));
            from = at;
        }
        digit = letter.is_ascii_digit();
    }
    parts.push(part(&name[from..]));
    parts
}

/// Whether a link is one of the tree's.
fn is_edge(parents: &BTreeMap<String, (String, String)>, a: &str, b: &str, link: &str) -> bool {
    let below =
        |child: &str, parent: &str| parents.get(child).is_some_and(|(name, words)| name == parent && words == link);
    below(a, b) || below(b, a)
}

/// Rate and delay with a space before the unit.
fn words(link: &LinkSetting) -> String {
    let spaced = |text: &str| {
        let unit = text.find(|letter: char| letter.is_alphabetic()).unwrap_or(text.len());
        format!("{} {}", &text[..unit], &text[unit..])
    };
    let parts: Vec<String> = [&link.rate, &link.delay]
        .into_iter()
        .filter(|text| !text.is_empty() && *text != "0s")
        .map(|text| spaced(text))
        .collect();
    escape(parts.join(", ").as_bytes())
}
