//! The network as a picture: routers with the hosts that hang on them, links with rate and delay.
//!
//! Where everything stands is a map's affair (`netmap`), which the page shares. What has no room is counted; links that are not
//! part of the map's tree are dashed, and named at the foot.

use super::ChartSource;
use super::axes::{empty, heading};
use super::canvas::{Align, Canvas, Label, Point, shortened};
use super::look::{AXIS, GRID, INK, NOTE, PAPER, Theme};
use crate::report::netmap::{NetworkMap, Sheet};
use crate::report::values::count;

const TITLE: &str = "Network";
const SMALL: f64 = 14.0;
const SIDE: f64 = 16.0;
/// How many times as high a sheet may become, step by step.
const GROWTH: [f64; 5] = [1.2, 1.4, 1.6, 1.8, 2.0];

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let setting = &run.setting;
    if setting.links.is_empty() {
        return empty(theme, TITLE, "Nothing is known of the network: there is no scenario beside the tables.");
    }
    let routers = setting.hosts.iter().filter(|host| host.router).count();
    let note = format!(
        "{}, {routers} of them routers, and {}, with their rate and delay",
        count(setting.hosts.len(), "host", "hosts"),
        count(setting.links.len(), "link", "links")
    );
    let mut canvas = heading(theme, TITLE, &note);
    let (width, height) = theme.size();
    let top = if theme.has_heading() { theme.top() - 6.0 } else { 8.0 };
    let foot = 2.0 * SMALL;
    let sizes = if theme.has_heading() { (20, 12) } else { (18, 14) };
    let mut room = Sheet { width: width - 2.0 * SIDE, height: height - top - 12.0, sizes };
    let mut map = NetworkMap::of(setting, room);
    // print has room below for hosts that would only be counted
    for more in GROWTH {
        let higher = theme.height_for(height * more);
        if map.whole || higher <= canvas.height {
            break;
        }
        canvas.height = higher;
        room.height = higher - top - 12.0;
        map = NetworkMap::of(setting, room);
    }
    let height = canvas.height;
    if !map.others.is_empty() {
        map = NetworkMap::of(setting, Sheet { height: room.height - foot, ..room });
        let others: Vec<&str> = map.others.iter().map(|(_, text)| &**text).collect();
        let text = shortened(&format!("besides: {}", others.join("; ")), SMALL, room.width);
        canvas.text(Label::new((SIDE, height - 8.0 - SMALL / 2.0), text, SMALL, Align::Left).color(NOTE));
    }
    // what is left of the sheet is above and below
    let spare = (room.height - map.height - if map.others.is_empty() { 0.0 } else { foot }).max(0.0);
    draw(&mut canvas, &map, (SIDE, top + spare / 2.0));
    canvas
}

fn draw(canvas: &mut Canvas, map: &NetworkMap, origin: Point) {
    let on = |at: Point| (origin.0 + at.0, origin.1 + at.1);
    for (link, _) in &map.others {
        let way: Vec<Point> = map.ways[*link].iter().map(|at| on(*at)).collect();
        canvas.line(&way, AXIS, 1.5, &[6.0, 4.0]);
    }
    for card in &map.cards {
        let (x, y) = on(card.at);
        canvas.fill((x, y), (x + card.width, y + card.height), PAPER);
        canvas.fill((x, y), (x + card.width, y + card.head), GRID);
        let (right, bottom) = (x + card.width, y + card.height);
        canvas.line(&[(x, y), (right, y), (right, bottom), (x, bottom), (x, y), (right, y)], NOTE, 1.0, &[]);
    }
    for (a, b) in map.lines() {
        canvas.line(&[on(a), on(b)], AXIS, 1.5, &[]);
    }
    for text in &map.texts {
        let label = Label::new(on(text.at), &*text.text, text.size, Align::Left);
        let router = text.host.is_some_and(|host| map.cards.iter().any(|card| card.heads(map.spots[host].at)));
        canvas.text(match text.host {
            Some(_) if router => label.bold(),
            Some(_) => label,
            None => label.color(NOTE),
        });
    }
    for spot in map.spots.iter().filter(|spot| spot.named) {
        let ((x, y), half) = (on(spot.at), 0.22 * map.size);
        canvas.fill((x - half, y - half), (x + half, y + half), INK);
    }
}
