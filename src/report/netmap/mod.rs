//! A map of a network on which every name can be read: a layout that the chart `topology` and the page share.
//!
//! The node from which the others are nearest stands on top, and what hangs on it beneath, in cards as wide as they have hosts. The
//! type is as large as the sheet has room for. Only what has no room at the smallest is put together: then a card counts the hosts
//! that it does not name. Left out: weights of links; those that are not part of the tree are straight lines behind the cards.

mod layout;
mod tree;

#[cfg(test)]
mod tests;

use self::layout::Layout;
use self::tree::{Graph, Node};
use super::charts::{Setting, text_width};

/// Right and down.
pub type Point = (f64, f64);

/// A router and the hosts that hang on it.
#[derive(Clone, Debug, PartialEq)]
pub struct MapCard {
    /// Its upper left corner.
    pub at: Point,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// The height of the part with the router's name.
    pub head: f64,
}

impl MapCard {
    /// Whether this is the place of its router.
    #[must_use]
    pub fn heads(&self, at: Point) -> bool {
        let inside = |from: f64, length: f64, value: f64| from <= value && value <= from + length;
        inside(self.at.0, self.width, at.0) && inside(self.at.1, self.head, at.1)
    }
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq)]
pub struct MapText {
    /// Its left end, at half the height of its letters.
    pub at: Point,
    /// What it says, cut if need be.
    pub text: String,
    /// The size of its type.
    pub size: f64,
    /// Its width in the bolder face.
    pub width: f64,
    /// The host that it names; none if it is about links, or counts.
    pub host: Option<usize>,
}

/// Where a host stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spot {
    /// The middle of its mark.
    pub at: Point,
    /// Whether it has a mark and a name of its own, or is one of those that a card counts.
    pub named: bool,
}

/// How large a map may be, and its type.
#[derive(Clone, Copy, Debug)]
pub struct Sheet {
    /// The width of all.
    pub width: f64,
    /// The greatest height.
    pub height: f64,
    /// The largest type, and the smallest.
    pub sizes: (u32, u32),
}

/// A map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkMap {
    /// As wide as the sheet.
    pub width: f64,
    /// As high as what stands on it.
    pub height: f64,
    /// The size of names.
    pub size: f64,
    /// Whether every host is named.
    pub whole: bool,
    /// Cards, none upon another.
    pub cards: Vec<MapCard>,
    /// All that is written.
    pub texts: Vec<MapText>,
    /// Hosts: those of the setting, then those that only links name.
    pub spots: Vec<Spot>,
    /// For each link the corners of its line; empty for one that leads nowhere.
    pub ways: Vec<Vec<Point>>,
    /// Links that are not part of the tree, and what is said of each.
    pub others: Vec<(usize, String)>,
}

/// So many leaves at a node are tried, from many to few: what is more is counted at its own node.
const LEAVES: [usize; 33] = [
    96, 80, 64, 56, 48, 44, 40, 36, 32, 30, 28, 26, 24, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 8, 6, 4, 3,
    2, 1, 0,
];

/// Then so many nodes below one, and levels: routers are put together only where they have no room without a host.
const NODES: [(usize, usize); 11] =
    [(64, 8), (48, 6), (32, 5), (24, 5), (20, 4), (16, 3), (12, 2), (6, 1), (2, 1), (1, 1), (0, 0)];

/// The most nodes below one, and levels, while there are hosts to put together.
const MOST_NODES: (usize, usize) = (96, 12);

/// A text's width at a size of 1, in the bolder face.
fn unit_width(text: &str) -> f64 {
    text_width(text, 100.0, true) / 100.0
}

impl NetworkMap {
    /// The map of a setting, with type as large as the sheet has room for.
    #[must_use]
    pub fn of(setting: &Setting, sheet: Sheet) -> Self {
        let mut graph = Graph::new(setting);
        let mut trees = graph.trees();
        let root = match trees.len() {
            1 => trees.remove(0),
            _ => Node { children: trees, ..Node::default() },
        };
        let empty = Self {
            width: sheet.width,
            spots: vec![Spot::default(); graph.names.len()],
            ways: vec![Vec::new(); graph.ends.len()],
            whole: true,
            ..Self::default()
        };
        let mut map = match fitting(&root, sheet) {
            Some(layout) => drawn(&root, layout, empty),
            None => cut_down(root, sheet, Self { whole: false, ..empty }),
        };
        map.others = graph.others.iter().map(|link| (*link, graph.other(*link))).collect();
        for (link, _) in &map.others {
            map.ways[*link] = graph.ends[*link].map(|end| map.spots[end].at).to_vec();
        }
        map
    }

    /// The map of a page: not high, or as high as it must be for all names to have room.
    #[must_use]
    pub fn for_page(setting: &Setting) -> Self {
        let low = Self::of(setting, Sheet { width: 1040.0, height: 620.0, sizes: (30, 15) });
        if low.whole { low } else { Self::of(setting, Sheet { width: 1040.0, height: 1600.0, sizes: (14, 13) }) }
    }

    /// The lines of the tree, each piece once.
    #[must_use]
    pub fn lines(&self) -> Vec<(Point, Point)> {
        let others = |link: &usize| self.others.iter().any(|(other, _)| other == link);
        let ways = self.ways.iter().enumerate().filter(|(link, _)| !others(link));
        let mut pieces: Vec<(bool, f64, f64, f64)> = Vec::new();
        for pair in ways.flat_map(|(_, way)| way.windows(2)) {
            let upright = pair[0].0 == pair[1].0;
            let ends = if upright { (pair[0].1, pair[1].1) } else { (pair[0].0, pair[1].0) };
            let at = if upright { pair[0].0 } else { pair[0].1 };
            pieces.push((upright, at, ends.0.min(ends.1), ends.0.max(ends.1)));
        }
        pieces.sort_by(|a, b| {
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.total_cmp(&b.3))
        });
        let mut joined: Vec<(bool, f64, f64, f64)> = Vec::new();
        for piece in pieces.into_iter().filter(|piece| piece.3 > piece.2) {
            match joined.last_mut() {
                Some(last) if last.0 == piece.0 && last.1 == piece.1 && piece.2 <= last.3 => {
                    last.3 = last.3.max(piece.3)
                }
                Some(_) | None => joined.push(piece),
            }
        }
        let ends = |(upright, at, from, to)| if upright { ((at, from), (at, to)) } else { ((from, at), (to, at)) };
        joined.into_iter().map(ends).collect()
    }

    /// What is wrong with it: texts that leave the sheet or meet one another, or that a line crosses; cards upon each other;
    /// hosts without a place. Nothing, or the layout is wrong.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let lines = self.lines();
        let boxes: Vec<[f64; 4]> = self.texts.iter().map(MapText::extent).collect();
        let meet = |a: &[f64; 4], b: &[f64; 4]| a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
        for (number, (text, one)) in self.texts.iter().zip(&boxes).enumerate() {
            if one[0] < 0.0 || one[1] < 0.0 || one[2] > self.width + 0.01 || one[3] > self.height + 0.01 {
                faults.push(format!("{:?} leaves the sheet", text.text));
            }
            for (other, other_box) in self.texts.iter().zip(&boxes).skip(number + 1) {
                if meet(one, other_box) {
                    faults.push(format!("{:?} and {:?} overlap", text.text, other.text));
                }
            }
            for (a, b) in &lines {
                if meet(one, &[a.0.min(b.0), a.1.min(b.1), a.0.max(b.0) + 0.01, a.1.max(b.1) + 0.01]) {
                    faults.push(format!("a line crosses {:?}", text.text));
                }
            }
        }
        let area = |card: &MapCard| [card.at.0, card.at.1, card.at.0 + card.width, card.at.1 + card.height];
        for (number, card) in self.cards.iter().enumerate() {
            for other in self.cards.iter().skip(number + 1) {
                if meet(&area(card), &area(other)) {
                    faults.push(format!("cards at {:?} and {:?} overlap", card.at, other.at));
                }
            }
        }
        let named = |host: usize| self.texts.iter().any(|text| text.host == Some(host));
        let lost =
            self.spots.iter().enumerate().filter(|(host, spot)| spot.at == (0.0, 0.0) || spot.named != named(*host));
        faults.extend(lost.map(|(host, _)| format!("host {host} has no place")));
        faults
    }
}

impl MapText {
    /// Left, top, right, bottom.
    fn extent(&self) -> [f64; 4] {
        let half = self.size / 2.0;
        [self.at.0, self.at.1 - half, self.at.0 + self.width, self.at.1 + half]
    }
}

fn usual(size: u32) -> Layout {
    let size = f64::from(size);
    Layout { size, line: 1.35 * size, apart: 0.0 }
}

/// The layout with the largest type that has room, and then as loose as may be.
fn fitting(root: &Node, sheet: Sheet) -> Option<Layout> {
    let fits =
        |layout: &Layout| layout.height(root, sheet.width, 0) <= sheet.height && layout.least(root) <= sheet.width;
    let (largest, smallest) = sheet.sizes;
    let layout = (smallest..=largest).rev().map(usual).find(fits)?;
    let looser = [1.8, 1.65, 1.5].map(|line| Layout { line: line * layout.size, ..layout });
    let layout = looser.into_iter().find(fits).unwrap_or(layout);
    let farther = [2.0, 1.0, 0.5].map(|apart| Layout { apart: apart * layout.size, ..layout });
    Some(farther.into_iter().find(fits).unwrap_or(layout))
}

fn drawn(root: &Node, layout: Layout, mut map: NetworkMap) -> NetworkMap {
    map.size = layout.size;
    map.height = layout.place(root, (0.0, 0.0), map.width, 0, &mut map);
    map
}

/// The map with as much put together as must be.
fn cut_down(root: Node, sheet: Sheet, empty: NetworkMap) -> NetworkMap {
    let layout = usual(sheet.sizes.1);
    let hosts = LEAVES.into_iter().map(|leaves| (leaves, MOST_NODES.0, MOST_NODES.1));
    let nodes = NODES.into_iter().map(|(children, levels)| (0, children, levels));
    for (leaves, children, levels) in hosts.chain(nodes) {
        let mut root = root.clone();
        root.cut(leaves, children, levels);
        if layout.least(&root) <= sheet.width && layout.height(&root, sheet.width, 0) <= sheet.height {
            return drawn(&root, layout, empty);
        }
    }
    let mut root = root;
    root.cut(0, 0, 0);
    drawn(&root, layout, empty)
}
