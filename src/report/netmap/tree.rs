//! A network as trees: routers and whatever has several links, each with the hosts that hang on it alone.
//!
//! A tree is made by breadth-first search in the order of names from the node from which the others are nearest, so it is
//! the same each time. Links that it does not hold are kept apart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::unit_width;
use crate::report::charts::{LinkSetting, Setting};
use crate::report::values::{count, escape};

/// What is farther from the core is counted, not named.
const MOST_LEVELS: usize = 24;

/// Beyond this many nodes the core is the one with most links.
const MOST_SEARCHED: usize = 300;

/// A text, and how wide it is at a size of 1 in the bolder face.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) width: f64,
}

impl Words {
    pub(super) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let width = unit_width(&text);
        Self { text, width }
    }
}

/// A host that hangs on one node.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) host: usize,
    pub(super) link: usize,
    pub(super) name: Words,
}

/// A router, or a host to which others are linked.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// None for what only holds others together.
    pub(super) host: Option<usize>,
    pub(super) name: Words,
    /// The name in two lines, broken after its first label.
    pub(super) halves: Option<[Words; 2]>,
    /// The link to the node above, and what is said of it.
    pub(super) link: Option<usize>,
    pub(super) about: Words,
    /// Leaves by what their links have in common.
    pub(super) groups: Vec<(Words, Vec<Leaf>)>,
    /// Hosts below that have no room, and the links that lead to them.
    pub(super) unnamed: Vec<(usize, Option<usize>)>,
    /// How many those are, in words.
    pub(super) more: Words,
    pub(super) children: Vec<Node>,
}

impl Node {
    /// All hosts at and below it, each with its link upwards.
    pub(super) fn all(&self) -> Vec<(usize, Option<usize>)> {
        let mut all: Vec<(usize, Option<usize>)> = self.host.map(|host| (host, self.link)).into_iter().collect();
        all.extend(self.groups.iter().flat_map(|(_, leaves)| leaves).map(|leaf| (leaf.host, Some(leaf.link))));
        all.extend(&self.unnamed);
        all.extend(self.children.iter().flat_map(Self::all));
        all
    }

    /// What its card says of hosts without room.
    fn count_unnamed(&mut self) {
        self.more = match self.unnamed.len() {
            0 => Words::default(),
            hosts => Words::new(count(hosts, "more host", "more hosts")),
        };
    }

    /// Puts together what is more than so many leaves at a node, nodes below it, and levels.
    pub(super) fn cut(&mut self, leaves: usize, children: usize, levels: usize) {
        let mut left = leaves;
        for (_, group) in &mut self.groups {
            let rest = group.split_off(left.min(group.len()));
            left -= group.len();
            self.unnamed.extend(rest.iter().map(|leaf| (leaf.host, Some(leaf.link))));
        }
        self.groups.retain(|(_, group)| !group.is_empty());
        let kept = if levels == 0 { 0 } else { children };
        if self.children.len() > kept {
            // the largest stay, in their order
            let mut order: Vec<usize> = (0..self.children.len()).collect();
            order.sort_by_key(|index| std::cmp::Reverse(self.children[*index].all().len()));
            let gone: BTreeSet<usize> = order.into_iter().skip(kept).collect();
            for (index, child) in std::mem::take(&mut self.children).into_iter().enumerate() {
                if gone.contains(&index) {
                    self.unnamed.extend(child.all());
                } else {
                    self.children.push(child);
                }
            }
        }
        self.count_unnamed();
        self.children.iter_mut().for_each(|child| child.cut(leaves, children, levels.saturating_sub(1)));
    }
}

/// What of a network is not yet in a tree.
pub(super) struct Graph<'a> {
    links: &'a [LinkSetting],
    pub(super) names: Vec<&'a str>,
    sites: Vec<&'a str>,
    routers: BTreeSet<usize>,
    /// Neighbours of each host, with the number of the link, in the order of their names.
    near: Vec<Vec<(usize, usize)>>,
    /// Nodes that are not leaves, and not yet placed.
    inner: BTreeSet<usize>,
    /// Links that no tree holds.
    pub(super) others: Vec<usize>,
    pub(super) ends: Vec<[usize; 2]>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(setting: &'a Setting) -> Self {
        let mut names: Vec<&str> = setting.hosts.iter().map(|host| &*host.name).collect();
        let mut places: BTreeMap<&str, usize> = names.iter().copied().zip(0..).collect();
        // what only a link knows is a host, too
        for end in setting.links.iter().flat_map(|link| &link.between) {
            places.entry(end).or_insert_with(|| {
                names.push(end);
                names.len() - 1
            });
        }
        let mut sites: Vec<&str> = setting.hosts.iter().map(|host| &*host.site).collect();
        sites.resize(names.len(), "");
        let routers = (0..).zip(&setting.hosts).filter(|(_, host)| host.router).map(|(place, _)| place).collect();
        let ends: Vec<[usize; 2]> =
            setting.links.iter().map(|link| [places[&*link.between[0]], places[&*link.between[1]]]).collect();
        let mut near = vec![Vec::new(); names.len()];
        for (number, [a, b]) in ends.iter().copied().enumerate().filter(|(_, [a, b])| a != b) {
            near[a].push((b, number));
            near[b].push((a, number));
        }
        near.iter_mut().for_each(|ends: &mut Vec<(usize, usize)>| {
            ends.sort_by_key(|(other, link)| (natural(names[*other]), *link))
        });
        let mut graph = Self {
            links: &setting.links,
            names,
            sites,
            routers,
            near,
            inner: BTreeSet::new(),
            others: Vec::new(),
            ends,
        };
        graph.inner = (0..graph.names.len()).filter(|place| graph.is_inner(*place)).collect();
        graph
    }

    /// Whether it is no leaf. Of two hosts that have but each other the first is none.
    fn is_inner(&self, place: usize) -> bool {
        let alone = |(other, _): &(usize, usize)| {
            !self.routers.contains(other) && self.near[*other].len() < 2 && self.names[place] < self.names[*other]
        };
        self.routers.contains(&place) || self.near[place].len() > 1 || self.near[place].iter().all(alone)
    }

    /// All trees, the largest first.
    pub(super) fn trees(&mut self) -> Vec<Node> {
        let mut trees = Vec::new();
        while let Some(core) = self.core() {
            trees.push(self.tree(core));
        }
        trees.sort_by_key(|tree| std::cmp::Reverse(tree.all().len()));
        trees
    }

    /// The node from which the others are nearest.
    fn core(&self) -> Option<usize> {
        let searched = self.inner.len() <= MOST_SEARCHED;
        let rank = |place: &usize| {
            let far = if searched { self.farthest(*place) } else { (0, 0) };
            (far, std::cmp::Reverse(self.near[*place].len()), self.names[*place])
        };
        self.inner.iter().copied().min_by_key(rank)
    }

    /// How many nodes cannot be reached from this one, and how far the farthest other is.
    fn farthest(&self, from: usize) -> (usize, usize) {
        let mut far = BTreeMap::from([(from, 0)]);
        let mut queue = VecDeque::from([from]);
        let mut most = 0;
        while let Some(place) = queue.pop_front() {
            let next = far[&place] + 1;
            for (other, _) in &self.near[place] {
                if self.inner.contains(other) && !far.contains_key(other) {
                    far.insert(*other, next);
                    most = next;
                    queue.push_back(*other);
                }
            }
        }
        (self.inner.len() - far.len(), most)
    }

    /// Takes what hangs together with the core out, as a tree.
    fn tree(&mut self, core: usize) -> Node {
        let mut parents: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut levels = BTreeMap::from([(core, 0)]);
        let mut order = vec![core];
        let mut seen = BTreeSet::from([core]);
        let mut used = BTreeSet::new();
        let mut at = 0;
        while let Some(place) = order.get(at).copied() {
            at += 1;
            for (other, link) in &self.near[place] {
                if self.inner.contains(other) && seen.insert(*other) {
                    parents.insert(*other, (place, *link));
                    levels.insert(*other, levels[&place] + 1);
                    used.insert(*link);
                    order.push(*other);
                }
            }
        }
        let both = |link: &usize| self.ends[*link].iter().all(|end| seen.contains(end)) && !used.contains(link);
        let mut others: Vec<usize> = (0..self.links.len()).filter(both).collect();
        self.others.append(&mut others);
        let mut nodes: BTreeMap<usize, Node> = BTreeMap::new();
        // from the farthest inwards, each one into its parent
        for place in order.iter().rev() {
            self.inner.remove(place);
            let mut node = self.node(*place, &seen, nodes.remove(place).unwrap_or_default());
            let Some((parent, link)) = parents.get(place) else { return node };
            (node.link, node.about) = (Some(*link), Words::new(about(&self.links[*link])));
            let parent = nodes.entry(*parent).or_default();
            if levels[place] > MOST_LEVELS {
                parent.unnamed.append(&mut node.all());
            } else {
                parent.children.push(node);
            }
        }
        Node::default()
    }

    /// A node with its name and leaves, of which what is below is known.
    fn node(&self, place: usize, seen: &BTreeSet<usize>, below: Node) -> Node {
        let name = escape(self.names[place].as_bytes());
        let halves = name.split_once('.').filter(|(_, rest)| !rest.is_empty());
        let halves = halves.map(|(first, rest)| [Words::new(format!("{first}.")), Words::new(rest)]);
        let mut node =
            Node { host: Some(place), name: Words::new(name), halves, groups: self.leaves(place, seen), ..below };
        node.children.reverse();
        node.count_unnamed();
        node
    }

    /// The leaves at a node.
    fn leaves(&self, place: usize, inner: &BTreeSet<usize>) -> Vec<(Words, Vec<Leaf>)> {
        let mut groups: BTreeMap<String, Vec<Leaf>> = BTreeMap::new();
        for (leaf, link) in &self.near[place] {
            if self.near[*leaf].len() > 1 || self.routers.contains(leaf) || inner.contains(leaf) {
                continue;
            }
            let name = self.names[*leaf];
            let short = name.strip_suffix(self.sites[*leaf]).and_then(|rest| rest.strip_suffix('.'));
            let name = Words::new(escape(short.filter(|short| !short.is_empty()).unwrap_or(name).as_bytes()));
            groups.entry(about(&self.links[*link])).or_default().push(Leaf { host: *leaf, link: *link, name });
        }
        groups.into_iter().map(|(about, leaves)| (Words::new(about), leaves)).collect()
    }

    /// A link that no tree holds, in words.
    pub(super) fn other(&self, link: usize) -> String {
        let [a, b] = self.ends[link].map(|end| self.names[end]);
        escape(format!("{a} \u{2013} {b} {}", about(&self.links[link])).trim_end().as_bytes())
    }
}

/// A key by which w2 comes before w10.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = vec![(String::new(), 0)];
    let mut digits = false;
    for letter in name.chars() {
        if let Some(part) = parts.last_mut().filter(|_| !digits || letter.is_ascii_digit()) {
            match letter.to_digit(10) {
                Some(digit) => part.1 = part.1.saturating_mul(10).saturating_add(u64::from(digit)),
                None => part.0.push(letter),
            }
        } else {
            parts.push((letter.to_string(), 0));
        }
        digits = letter.is_ascii_digit();
    }
    parts
}

/// Rate and delay with a space before the unit.
fn about(link: &LinkSetting) -> String {
    let spaced = |text: &String| {
        let unit = text.find(|letter: char| letter.is_alphabetic()).unwrap_or(text.len());
        format!("{} {}", &text[..unit], &text[unit..])
    };
    let parts = [&link.rate, &link.delay].into_iter().filter(|text| !text.is_empty() && *text != "0s");
    escape(parts.map(spaced).collect::<Vec<_>>().join(", ").as_bytes())
}
