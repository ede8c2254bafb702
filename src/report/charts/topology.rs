//! The network as a picture: routers above each other by their distance from the core, hosts in
//! cards below the router to which they are linked, links with rate and delay.
//!
//! What has no room is put together: cards name some hosts and count the others, and sites beyond
//! the width of the sheet share a card. The tree is made by breadth-first search in the order of
//! names, so it is the same each time; links that are not part of it are drawn and named below.

mod plan;

use self::plan::{Card, Node, Plan};
use super::ChartSource;
use super::axes::{empty, heading};
use super::canvas::{Align, Canvas, Label, Point, fitted, shortened, text_width};
use super::look::{AXIS, GRID, INK, NOTE, PAPER, Theme};
use crate::report::values::escape;

const TITLE: &str = "Network";
const NAME: f64 = 15.0;
const SMALL: f64 = 14.0;
const LINE: f64 = 18.0;
const NODE_HEIGHT: f64 = 30.0;

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let setting = &run.setting;
    if setting.links.is_empty() {
        return empty(theme, TITLE, "Nothing is known of the network: there is no scenario beside the tables.");
    }
    let columns = if theme.has_heading() { 7 } else { 4 };
    let plan = Plan::new(setting, columns, if theme.has_heading() { 4 } else { 3 });
    let routers = setting.hosts.iter().filter(|host| host.router).count();
    let note = format!(
        "{} hosts, {routers} of them routers, and {} links, with their rate and delay",
        setting.hosts.len(),
        setting.links.len()
    );
    let mut canvas = heading(theme, TITLE, &note);
    let (width, height) = theme.size();
    let top = if theme.has_heading() { theme.top() - 6.0 } else { 8.0 };
    let bottom = others(&mut canvas, &plan, (width, height - 12.0));
    // a row needs a node, its link and that link's label; what is left is for cards
    let cards = 10.0 + LINE * plan.longest_card() as f64;
    let pitch = ((bottom - top - cards) / plan.depth().max(1) as f64).clamp(66.0, 110.0);
    let place = Place { left: 16.0, column: (width - 32.0) / plan.columns().max(1) as f64, top, pitch, bottom };
    for node in &plan.roots {
        wires(&mut canvas, &place, node, 0);
    }
    extra_wires(&mut canvas, &place, &plan);
    for node in &plan.roots {
        boxes(&mut canvas, &place, node, 0);
    }
    canvas
}

/// Where things are.
struct Place {
    left: f64,
    column: f64,
    top: f64,
    pitch: f64,
    bottom: f64,
}

impl Place {
    /// The middle of the upper edge of what lies in these columns of a row.
    fn at(&self, columns: (usize, usize), row: usize) -> Point {
        let middle = (columns.0 + columns.1) as f64 / 2.0;
        (self.left + middle * self.column, self.top + row as f64 * self.pitch)
    }
}

/// Names the links that the tree does not show, at the foot of the sheet; gives what is left of its height.
fn others(canvas: &mut Canvas, plan: &Plan, (width, bottom): (f64, f64)) -> f64 {
    if plan.others.is_empty() {
        return bottom;
    }
    let text = format!("besides: {}", plan.others.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("; "));
    let text = shortened(&text, SMALL, width - 32.0);
    canvas.text(Label::new((16.0, bottom - SMALL / 2.0), text, SMALL, Align::Left).color(NOTE));
    bottom - LINE - 6.0
}

/// The lines of the tree, with labels where a router hangs below another.
fn wires(canvas: &mut Canvas, place: &Place, node: &Node, row: usize) {
    let (x, y) = place.at(node.columns, row);
    let start = (x, y + NODE_HEIGHT);
    let mut wire = |to: Point| {
        let bend = to.1 - place.pitch + NODE_HEIGHT + 8.0;
        canvas.line(&[start, (x, bend), (to.0, bend), to], AXIS, 1.5, &[]);
    };
    if let Some(card) = &node.card {
        wire(place.at(card.columns, row + 1));
    }
    for child in &node.children {
        wire(place.at(child.columns, row + 1));
    }
    for child in &node.children {
        wires(canvas, place, child, row + 1);
    }
}

/// Straight dashed lines for the links between routers that are not part of the tree.
fn extra_wires(canvas: &mut Canvas, place: &Place, plan: &Plan) {
    let middle = |name: &str| {
        let (columns, row) = plan.find(name)?;
        let (x, y) = place.at(columns, row);
        Some((x, y + NODE_HEIGHT / 2.0))
    };
    for (_, between) in &plan.others {
        if let (Some(a), Some(b)) = (middle(&between[0]), middle(&between[1])) {
            canvas.line(&[a, b], AXIS, 1.5, &[6.0, 4.0]);
        }
    }
}

fn boxes(canvas: &mut Canvas, place: &Place, node: &Node, row: usize) {
    let (x, y) = place.at(node.columns, row);
    let most = (node.columns.1 - node.columns.0) as f64 * place.column - 8.0;
    let lines = name_lines(&escape(node.name.as_bytes()), most - 10.0);
    let widest = lines.iter().map(|(text, size)| text_width(text, *size, true)).fold(0.0, f64::max);
    let half = (widest + 18.0).min(most) / 2.0;
    if !node.link.is_empty() {
        let (label, size) = fitted(&node.link, SMALL, most);
        let at = (x, y - 13.0);
        let wide = text_width(&label, size, false) / 2.0 + 3.0;
        canvas.fill((at.0 - wide, at.1 - 8.0), (at.0 + wide, at.1 + 8.0), PAPER);
        canvas.text(Label::new(at, label, size, Align::Center).color(NOTE));
    }
    frame(canvas, (x - half, y), (x + half, y + NODE_HEIGHT), true);
    let middle = y + NODE_HEIGHT / 2.0 - 6.5 * (lines.len() as f64 - 1.0);
    for (index, (text, size)) in lines.into_iter().enumerate() {
        canvas.text(Label::new((x, middle + 13.0 * index as f64), text, size, Align::Center).bold());
    }
    if let Some(card) = &node.card {
        leaves(canvas, place, card, row + 1);
    }
    for child in &node.children {
        boxes(canvas, place, child, row + 1);
    }
}

/// A node's name in the lines that its box has room for, with their size: broken after its first label when it is long.
fn name_lines(name: &str, room: f64) -> Vec<(String, f64)> {
    // measured in the other face, which is a little narrower
    let room = room / 1.13;
    if text_width(name, 0.9 * NAME, false) <= room {
        return vec![fitted(name, NAME, room)];
    }
    match name.split_once('.') {
        Some((first, rest)) => [format!("{first}."), rest.to_owned()].map(|line| fitted(&line, 12.5, room)).to_vec(),
        None => vec![fitted(name, NAME, room)],
    }
}

/// A card: what the hosts have in common, and the hosts as far as there is room.
fn leaves(canvas: &mut Canvas, place: &Place, card: &Card, row: usize) {
    let (x, y) = place.at(card.columns, row);
    let half = place.column * (card.columns.1 - card.columns.0) as f64 / 2.0 - 5.0;
    let half = half.min(120.0);
    let fits = (((place.bottom - y - 10.0) / LINE).floor() as usize).max(1);
    let lines = card.lines(fits);
    frame(canvas, (x - half, y), (x + half, y + 10.0 + LINE * lines.len() as f64), false);
    for (index, (text, strong)) in lines.into_iter().enumerate() {
        let at = (x, y + 5.0 + LINE * (index as f64 + 0.5));
        let (text, size) = fitted(&text, SMALL, 2.0 * half - 8.0);
        let label = Label::new(at, text, size, Align::Center);
        canvas.text(if strong { label.color(NOTE) } else { label });
    }
}

fn frame(canvas: &mut Canvas, a: Point, b: Point, strong: bool) {
    canvas.fill(a, b, if strong { GRID } else { PAPER });
    let outline = [a, (b.0, a.1), b, (a.0, b.1), a, (b.0, a.1)];
    canvas.line(&outline, if strong { INK } else { NOTE }, if strong { 1.6 } else { 1.0 }, &[]);
}

/// The hosts that a plan names or counts, for a test.
#[cfg(test)]
pub(super) fn plan_hosts(setting: &super::Setting, columns: usize, rows: usize) -> usize {
    Plan::new(setting, columns, rows).hosts()
}
