//! Name resolution in two charts: the share of look-ups that caches answered, level by level,
//! and how many questions a second each server was asked.

use super::axes::{Frame, Key, Scale, TICK_SIZE, empty, heading, legend};
use super::canvas::{Align, Canvas, Color, HEIGHT, Label, PALETTE, shortened, text_width};
use crate::metrics::{CacheFound, CacheLevel, DnsServerRole, DnsServerRow, Tables};
use crate::report::values::escape;

const MOST_BARS: usize = 10;
const LABEL_ROOM: f64 = 300.0;

/// A bar: its label, its parts from left to right with the colours, and what stands at its end.
struct Bar {
    label: String,
    parts: Vec<(f64, Color)>,
    end: String,
}

/// The share of look-ups answered at each level, and at the busiest hosts of each.
pub(super) fn hit_ratios(run: &Tables) -> Canvas {
    const TITLE: &str = "What caches answered";
    let mut bars = Vec::new();
    let few = run.caches.len() + CacheLevel::ALL.len() <= MOST_BARS;
    for level in CacheLevel::ALL {
        let mut rows: Vec<_> = run.caches.iter().filter(|row| row.level == *level && row.found.lookups() > 0).collect();
        if rows.is_empty() {
            continue;
        }
        let all = rows.iter().fold(CacheFound::default(), |all, row| all.plus(row.found));
        let caches = if rows.len() == 1 { String::new() } else { format!(" ({})", rows.len()) };
        bars.push(share(format!("{}{caches}", level.name()), all));
        if rows.len() > 1 {
            rows.sort_by_key(|row| std::cmp::Reverse(row.found.lookups()));
            let hosts = rows.iter().take(if few { MOST_BARS } else { 2 });
            bars.extend(hosts.map(|row| share(format!("  {}", escape(row.host.as_bytes())), row.found)));
        }
    }
    if bars.is_empty() {
        return empty(TITLE, "No cache was asked.");
    }
    let keys = [("hits", PALETTE[0]), ("knowledge of absence", PALETTE[2]), ("beyond their end", PALETTE[1])];
    draw(
        TITLE,
        if few { "from the asker upwards" } else { "from the asker upwards; of several hosts the two busiest" },
        &bars,
        &keys,
        |_| Scale::share("share of look-ups"),
    )
}

/// Shares of the look-ups of one bar, in the order of the keys.
#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
fn share(label: String, found: CacheFound) -> Bar {
    let part = |count: u64| count as f64 / found.lookups() as f64;
    let parts = vec![
        (part(found.hits), PALETTE[0]),
        (part(found.negative_hits), PALETTE[2]),
        (part(found.stale_hits), PALETTE[1]),
    ];
    Bar { label, parts, end: format!("{:.1} % of {}", 100.0 * part(found.answered()), found.lookups()) }
}

/// Questions a second at the busiest servers, and at the busiest of each kind.
#[expect(clippy::cast_precision_loss, reason = "loads are drawn, not counted")]
pub(super) fn loads(run: &Tables) -> Canvas {
    const TITLE: &str = "Questions at name servers";
    let mut rows: Vec<_> = run.dns_servers.iter().collect();
    let order =
        |a: &&DnsServerRow, b: &&DnsServerRow| b.mean_load.cmp(&a.mean_load).then_with(|| a.server.cmp(&b.server));
    rows.sort_by(order);
    if rows.is_empty() {
        return empty(TITLE, "No server was asked.");
    }
    // the busiest of each kind is there, so that one sees what caches keep from the zones' servers
    let busiest =
        |row: &&DnsServerRow| rows.iter().find(|other| other.role == row.role).is_some_and(|first| first == row);
    let (first, others): (Vec<_>, Vec<_>) = rows.iter().copied().partition(busiest);
    let left_out = rows.len().saturating_sub(MOST_BARS);
    let mut rows: Vec<_> = first.into_iter().chain(others).take(MOST_BARS).collect();
    rows.sort_by(order);
    let color = |role: DnsServerRole| match role {
        DnsServerRole::Authority => PALETTE[0],
        DnsServerRole::Forwarder => PALETTE[1],
        DnsServerRole::Resolver => PALETTE[2],
    };
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| Bar {
            label: escape(row.server.as_bytes()),
            parts: vec![(row.mean_load.0 as f64 / 1e6, color(row.role))],
            end: format!("{} in all", u128::from(row.queries_udp) + u128::from(row.queries_tcp)),
        })
        .collect();
    let keys: Vec<(&str, Color)> = DnsServerRole::ALL
        .iter()
        .filter(|role| rows.iter().any(|row| row.role == **role))
        .map(|role| (role.name(), color(*role)))
        .collect();
    let note = if left_out == 0 {
        "mean over the run, repetitions included".to_owned()
    } else {
        format!("mean over the run, repetitions included; {left_out} others left out")
    };
    draw(TITLE, &note, &bars, &keys, |most| Scale::measure("questions a second", most))
}

#[expect(clippy::cast_precision_loss, reason = "bars are drawn, not counted")]
fn draw(title: &str, note: &str, bars: &[Bar], keys: &[(&str, Color)], scale: impl FnOnce(f64) -> Scale) -> Canvas {
    let longest = bars.iter().map(|bar| bar.parts.iter().map(|(part, _)| part).sum::<f64>()).fold(0.0, f64::max);
    let mut canvas = Canvas::default();
    heading(&mut canvas, title, note);
    let entries: Vec<(Key, String)> = keys.iter().map(|(name, color)| (Key::Box(*color), (*name).to_owned())).collect();
    let below = legend(&mut canvas, 12.0, 92.0, &entries);
    let mut frame = Frame::new(scale(longest), Scale::count("", 1.0));
    let labels: Vec<String> = bars.iter().map(|bar| shortened(&bar.label, TICK_SIZE, LABEL_ROOM)).collect();
    let widest = labels.iter().map(|label| text_width(label, TICK_SIZE, false)).fold(0.0, f64::max);
    (frame.left, frame.top, frame.bottom) = (34.0 + widest, below + 4.0, HEIGHT - 82.0);
    frame.right -= 12.0 + bars.iter().map(|bar| text_width(&bar.end, TICK_SIZE, false)).fold(0.0, f64::max);
    frame.draw_x(&mut canvas);
    let slot = (frame.bottom - frame.top) / bars.len() as f64;
    let half = (slot * 0.36).min(22.0);
    for (index, (bar, label)) in bars.iter().zip(labels).enumerate() {
        let middle = frame.top + slot * (index as f64 + 0.5);
        canvas.text(Label::new((frame.left - 10.0, middle), label, TICK_SIZE, Align::Right));
        let mut sum = 0.0;
        for (part, color) in &bar.parts {
            let (from, to) = (frame.at_x(sum), frame.at_x(sum + part));
            sum += part;
            if *part > 0.0 {
                canvas.fill((from, middle - half), (to, middle + half), *color);
            }
        }
        canvas.text(Label::new((frame.right + 12.0, middle), bar.end.clone(), TICK_SIZE, Align::Left));
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Millionths;

    /// Would break if the zones' servers, which caches spare most of all, were not seen for that.
    #[test]
    fn the_busiest_of_each_kind_is_drawn() {
        let row = |server: &str, role, load: u64| DnsServerRow {
            server: server.into(),
            role,
            queries_udp: load,
            queries_tcp: 0,
            mean_load: Millionths(load),
            answers: 0,
            aliases: 0,
            referrals: 0,
            nxdomain: 0,
            nodata: 0,
            failures: 0,
            truncated: 0,
        };
        let mut run = Tables::default();
        let forwarders = (10..30).map(|n| row(&format!("f{n}"), DnsServerRole::Forwarder, 1000 + n));
        run.dns_servers = forwarders.collect();
        run.dns_servers.push(row("quiet", DnsServerRole::Authority, 1));
        run.dns_servers.push(row("busy", DnsServerRole::Authority, 2));
        let svg = loads(&run).svg().unwrap();
        let shows = |text: &str| svg.contains(&format!("\n{text}\n"));
        assert!(shows("busy") && !shows("quiet") && svg.contains("12 others left out"), "{svg}");
        assert!(shows("f29") && shows("f21") && !shows("f20"), "{svg}");
    }
}
