//! Where the cards of a tree stand at a size of type, and whether they have room.
//!
//! A card is a node's name over the hosts that hang on it, in columns. What is below a node stands in rows beneath its card, and
//! lines run in the gaps between cards and to the left of texts, so that none crosses a word. All lengths are multiples of the
//! size of type.

use super::tree::{Leaf, Node, Words};
use super::{MapCard, MapText, NetworkMap, Point, Spot};
use crate::report::charts::shortened;

/// From a card's left edge to its mark, and from a mark to what is written beside it.
const MARK: f64 = 0.9;
const BESIDE: f64 = 0.8;
/// From a column's rail to the mark of a leaf and to its name, and what is free behind that.
const LEAF: f64 = 0.7;
const LEAF_NAME: f64 = 1.3;
const BEHIND: f64 = 0.5;
/// Between cards, above a row of them, and above one whose links are told.
const BETWEEN: f64 = 0.8;
const ABOVE: f64 = 1.5;
const ABOVE_TOLD: f64 = 2.3;
/// Columns of text need so much; longer names are cut.
const LONGEST: f64 = 15.0;
/// What is said of links is that much smaller than names.
pub(super) const SMALLER: f64 = 0.85;

/// A size of type, and how far apart lines and rows are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) size: f64,
    /// From line to line.
    pub(super) line: f64,
    /// What the gaps between rows of cards get besides.
    pub(super) apart: f64,
}

/// Children in rows, each with its place among them and its width.
type Rows = Vec<Vec<(usize, f64)>>;

impl Layout {
    fn wide(&self, words: &Words, smaller: f64) -> f64 {
        words.width.min(LONGEST) * self.size * smaller
    }

    /// The widths of as many columns as there is room for, which the leaves fill one after another.
    fn columns(&self, leaves: &[Leaf], room: f64) -> Vec<f64> {
        const MOST_TRIED: usize = 24;
        let widths: Vec<f64> = leaves.iter().map(|leaf| self.column(std::slice::from_ref(leaf))).collect();
        let narrowest = widths.iter().copied().fold(room, f64::min).max(self.size);
        let most = ((room / narrowest) as usize).clamp(1, leaves.len().max(1));
        let fitting = (1..=most).rev().take(MOST_TRIED).find_map(|count| {
            let rows = leaves.len().div_ceil(count).max(1);
            let columns = widths.chunks(rows).map(|column| column.iter().copied().fold(0.0, f64::max));
            let columns: Vec<f64> = columns.collect();
            (columns.iter().sum::<f64>() <= room).then_some(columns)
        });
        let mut columns = fitting.unwrap_or_else(|| vec![room]);
        let spare = (room - columns.iter().sum::<f64>()) / columns.len().max(1) as f64;
        columns.iter_mut().for_each(|width| *width += spare);
        columns
    }

    /// The width of a column of such leaves.
    fn column(&self, leaves: &[Leaf]) -> f64 {
        let widest = leaves.iter().map(|leaf| self.wide(&leaf.name, 1.0)).fold(0.0, f64::max);
        widest + (LEAF_NAME + BEHIND) * self.size
    }

    /// The lines of a node's name in a card of that width.
    fn lines<'a>(&self, node: &'a Node, width: f64) -> &'a [Words] {
        let room = width - (MARK + BESIDE + BEHIND) * self.size;
        match &node.halves {
            Some(halves) if node.name.width * self.size > room => halves,
            Some(_) | None => std::slice::from_ref(&node.name),
        }
    }

    /// The least width of a card.
    fn card_width(&self, node: &Node) -> f64 {
        let beside = (MARK + BESIDE + BEHIND) * self.size;
        let whole = self.wide(&node.name, 1.0);
        let name = node
            .halves
            .as_ref()
            .map_or(whole, |[first, rest]| self.wide(first, 1.0).max(self.wide(rest, 1.0)).min(whole));
        let mut least = (name + beside).max(self.wide(&node.about, SMALLER) + beside);
        for (about, leaves) in &node.groups {
            least = least.max(self.wide(about, SMALLER) + beside);
            least = least.max(self.column(leaves) + 1.2 * self.size);
        }
        least.max(self.wide(&node.more, 1.0) + (MARK + LEAF_NAME + BEHIND) * self.size)
    }

    /// The least width of a node and all below it.
    pub(super) fn least(&self, node: &Node) -> f64 {
        let below = node.children.iter().map(|child| self.least(child)).fold(0.0, f64::max);
        let indent = if node.children.len() > 1 { self.indent() } else { 0.0 };
        self.card_width(node).max(below + indent)
    }

    fn indent(&self) -> f64 {
        (MARK + 1.0) * self.size
    }

    /// How far a row is below what is above it.
    fn above(&self, row: &[(usize, f64)], children: &[Node]) -> f64 {
        let told = row.iter().any(|(place, _)| !children[*place].about.text.is_empty());
        self.apart + self.size * if told { ABOVE_TOLD } else { ABOVE }
    }

    /// The height of a node and all below it, in that width.
    pub(super) fn height(&self, node: &Node, width: f64, depth: usize) -> f64 {
        let card = if has_card(node) { self.card(node, (0.0, 0.0), width, None) } else { 0.0 };
        card + self.rows_height(&self.rows(&node.children, width, depth), &node.children, depth)
    }

    fn rows_height(&self, rows: &Rows, children: &[Node], depth: usize) -> f64 {
        let height = |row: &Vec<(usize, f64)>| {
            let highest = row.iter().map(|(place, width)| self.height(&children[*place], *width, depth + 1));
            self.above(row, children) + highest.fold(0.0, f64::max)
        };
        rows.iter().map(height).sum()
    }

    /// The rows in which children take least height.
    fn rows(&self, children: &[Node], width: f64, depth: usize) -> Rows {
        const MOST_ROWS: usize = 12;
        if children.is_empty() {
            return Vec::new();
        }
        let least: Vec<f64> = children.iter().map(|child| self.least(child)).collect();
        let between = BETWEEN * self.size;
        let narrow = width - self.indent();
        if depth > 1 {
            // looking for the best would take too long
            let mut rows = parted(&least, 1, width, between);
            if rows.len() > 1 {
                rows = parted(&least, 1, narrow, between);
            }
            let room = if rows.len() > 1 { narrow } else { width };
            rows.iter_mut().for_each(|row| self.widen(row, children, room, depth));
            return rows;
        }
        let most = if depth == 0 { MOST_ROWS } else { 2 };
        let mut best: Option<(f64, Rows)> = None;
        for count in 1..=most.min(children.len()) {
            let room = if count == 1 { width } else { narrow };
            let mut rows = parted(&least, count, room, between);
            if count == 1 && rows.len() > 1 {
                continue;
            }
            for row in &mut rows {
                self.widen(row, children, room, depth);
            }
            let height = self.rows_height(&rows, children, depth);
            if best.as_ref().is_none_or(|(least, _)| height < least - 0.01) {
                best = Some((height, rows));
            }
        }
        best.map_or_else(
            || (0..children.len()).map(|place| vec![(place, narrow.max(self.size))]).collect(),
            |(_, rows)| rows,
        )
    }

    /// Gives a row the whole width: first to who is highest, as long as that helps.
    fn widen(&self, row: &mut [(usize, f64)], children: &[Node], width: f64, depth: usize) {
        let between = BETWEEN * self.size * row.len().saturating_sub(1) as f64;
        let mut spare = width - between - row.iter().map(|(_, width)| width).sum::<f64>();
        let steps: u32 = match depth {
            0 => 48,
            1 => 8,
            _ => 0,
        };
        let step = spare / f64::from(steps.max(1));
        if row.len() > 1 && spare > 0.0 {
            // names in one line where that costs nothing else
            let whole = |(place, width): &(usize, f64)| {
                let name = self.wide(&children[*place].name, 1.0) + (MARK + BESIDE + BEHIND) * self.size;
                (name + 0.1 - width).max(0.0)
            };
            let wanted: Vec<f64> = row.iter().map(whole).collect();
            if wanted.iter().sum::<f64>() <= spare {
                row.iter_mut().zip(&wanted).for_each(|((_, width), more)| *width += more);
                spare -= wanted.iter().sum::<f64>();
            }
            let height = |(place, width): (usize, f64)| self.height(&children[place], width, depth + 1);
            let mut heights: Vec<f64> = row.iter().copied().map(height).collect();
            // as many steps as make the highest lower, as long as there are so many
            'row: loop {
                let highest = (0..row.len()).max_by(|a, b| heights[*a].total_cmp(&heights[*b])).unwrap_or(0);
                let (place, width) = row[highest];
                let most = (spare / step + 0.01) as u32;
                for count in 1..=most {
                    let wider = step.mul_add(f64::from(count), width);
                    let lower = height((place, wider));
                    if lower < heights[highest] - 0.01 {
                        spare -= wider - width;
                        (row[highest].1, heights[highest]) = (wider, lower);
                        continue 'row;
                    }
                }
                break;
            }
        }
        // what is left to all alike; one that is too wide for the sheet is as wide as that
        let each = spare / row.len().max(1) as f64;
        row.iter_mut().for_each(|(_, width)| *width = (*width + each).max(self.size));
    }

    /// Puts a node and what is below it there, and gives the lower edge of all.
    pub(super) fn place(&self, node: &Node, at: Point, width: f64, depth: usize, map: &mut NetworkMap) -> f64 {
        let mut bottom = at.1;
        if has_card(node) {
            bottom += self.card(node, at, width, Some(&mut *map));
        }
        let rows = self.rows(&node.children, width, depth);
        let left = if rows.len() > 1 && node.host.is_some() { at.0 + self.indent() } else { at.0 };
        for row in &rows {
            let bus = bottom + 0.5 * self.size;
            let top = bottom + self.above(row, &node.children);
            let mut x = left;
            let mut alone = Vec::new();
            for (place, width) in row {
                let child = &node.children[*place];
                let below = self.place(child, (x, top), *width, depth + 1, map);
                bottom = bottom.max(below);
                if child.children.is_empty() {
                    alone.push(map.cards.len() - 1);
                }
                let mark = x + MARK * self.size;
                if let (Some(host), Some(child_host), Some(link)) = (node.host, child.host, child.link) {
                    let (from, to) = (map.spots[host].at, map.spots[child_host].at);
                    map.ways[link] = vec![from, (from.0, bus), (mark, bus), to];
                    let room = width - (MARK + BESIDE) * self.size;
                    let beside = mark + 0.5 * self.size;
                    self.write(map, (beside, top - 0.75 * self.size), &child.about, (SMALLER, room), None);
                }
                x += width + BETWEEN * self.size;
            }
            // cards with nothing below reach down to where the row ends
            for card in alone {
                map.cards[card].height = bottom - map.cards[card].at.1;
            }
        }
        bottom
    }

    /// A card's height; it is drawn if there is something to draw on.
    fn card(&self, node: &Node, (x, y): Point, width: f64, mut map: Option<&mut NetworkMap>) -> f64 {
        let size = self.size;
        let name = self.lines(node, width);
        let head = size * 1.2f64.mul_add(name.len() as f64, 0.6);
        let mark = (x + MARK * size, y + head / 2.0);
        let mut bottom = y + head;
        if let (Some(map), Some(host)) = (map.as_deref_mut(), node.host) {
            map.spots[host] = Spot { at: mark, named: true };
            let first = mark.1 - 0.6 * size * (name.len() as f64 - 1.0);
            for (line, words) in (0..).zip(name) {
                let at = (mark.0 + BESIDE * size, (1.2 * size).mul_add(f64::from(line), first));
                self.write(map, at, words, (1.0, width - (MARK + BESIDE + 0.2) * size), Some(host));
            }
        }
        for (about, leaves) in &node.groups {
            if !about.text.is_empty() {
                if let Some(map) = map.as_deref_mut() {
                    let at = (mark.0 + BESIDE * size, bottom + self.line / 2.0);
                    self.write(map, at, about, (SMALLER, width - (MARK + BESIDE + 0.2) * size), None);
                }
                bottom += self.line;
            }
            let room = width - 1.2 * size;
            let columns = self.columns(leaves, room);
            let rows = leaves.len().div_ceil(columns.len());
            let bus = bottom + 0.15 * size;
            for (number, leaf) in leaves.iter().enumerate() {
                let Some(map) = map.as_deref_mut() else { break };
                let rail = mark.0 + columns.iter().take(number / rows).sum::<f64>();
                let wide = columns.get(number / rows).copied().unwrap_or(room);
                let middle = self.line.mul_add((number % rows) as f64 + 0.5, bottom + 0.3 * size);
                let at = (rail + LEAF * size, middle);
                map.spots[leaf.host] = Spot { at, named: true };
                map.ways[leaf.link] = vec![mark, (mark.0, bus), (rail, bus), (rail, middle), at];
                let room = wide - (LEAF_NAME + 0.2) * size;
                self.write(map, (rail + LEAF_NAME * size, middle), &leaf.name, (1.0, room), Some(leaf.host));
            }
            bottom += self.line.mul_add(rows as f64, 0.3 * size);
        }
        if !node.more.text.is_empty() {
            if let Some(map) = map.as_deref_mut() {
                let middle = bottom + self.line / 2.0;
                let at = (mark.0 + LEAF * size, middle);
                for (host, link) in &node.unnamed {
                    map.spots[*host] = Spot { at, named: false };
                    if let Some(link) = link {
                        map.ways[*link] = vec![mark, (mark.0, middle), at];
                    }
                }
                let at = (mark.0 + LEAF_NAME * size, middle);
                self.write(map, at, &node.more, (1.0, width - (MARK + LEAF_NAME) * size), None);
            }
            bottom += self.line;
        }
        if bottom > y + head {
            bottom += 0.3 * size;
        }
        if let Some(map) = map {
            map.cards.push(MapCard { at: (x, y), width, height: bottom - y, head });
        }
        bottom - y
    }

    fn write(&self, map: &mut NetworkMap, at: Point, words: &Words, (smaller, room): (f64, f64), host: Option<usize>) {
        let size = smaller * self.size;
        if words.text.is_empty() {
            return;
        }
        // measured in the bolder face, which is a little wider
        let fits = words.width * size <= room + 1e-6;
        let text = if fits { words.text.clone() } else { shortened(&words.text, size, room / 1.13) };
        let width = super::unit_width(&text) * size;
        map.texts.push(MapText { at, text, size, width, host });
    }
}

/// Whether it is more than what holds trees together.
const fn has_card(node: &Node) -> bool {
    node.host.is_some() || !node.unnamed.is_empty()
}

/// Widths in so many rows or a few more, in their order, about as much in each.
fn parted(widths: &[f64], count: usize, room: f64, between: f64) -> Rows {
    let all: f64 = widths.iter().map(|width| width + between).sum();
    let mut most = (all / count.max(1) as f64).min(room);
    loop {
        let (mut rows, mut used): (Rows, f64) = (vec![Vec::new()], 0.0);
        for (place, width) in widths.iter().enumerate() {
            let width = width.min(room);
            let full = rows.last().is_none_or(|row| !row.is_empty() && used + width > most);
            if full {
                rows.push(Vec::new());
                used = 0.0;
            }
            used += width + between;
            rows.last_mut().into_iter().for_each(|row| row.push((place, width)));
        }
        if rows.len() <= count || most >= room {
            return rows;
        }
        most = (most * 1.04).min(room);
    }
}
