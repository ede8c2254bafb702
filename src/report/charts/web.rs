//! Pages in two charts: how long each took, by kind of browser, and one page's objects as a waterfall.

use std::collections::BTreeMap;

use super::axes::{empty, telling};
use super::bars::{Bar, Bars};
use super::canvas::Canvas;
use super::look::Theme;
use super::scale::Scale;
use super::{ChartSource, instant};
use crate::base::time::SimTime;
use crate::metrics::{WebPageRow, WebRequestRow};
use crate::report::summary::human;
use crate::report::values::{count, escape, grouped};

/// How the browser of a page loads it, as far as the scenario tells: the only kind at that host,
/// or what was set up for that very instant.
fn kind(run: &ChartSource<'_>, page: &WebPageRow) -> Option<String> {
    let browsers: Vec<&(SimTime, String, String)> =
        run.setting.browsers.iter().filter(|(_, host, _)| **host == *page.host).collect();
    let (_, _, first) = browsers.first()?;
    if browsers.iter().all(|(_, _, words)| words == first) {
        return Some(first.clone());
    }
    let mut then = browsers.iter().filter(|(at, _, _)| *at == page.asked);
    then.next().map(|(_, _, words)| words.clone())
}

/// The pages' times: each for itself when there are few, else the mean by host and kind.
#[expect(clippy::cast_precision_loss, reason = "means are drawn, not counted")]
pub(super) fn pages(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "Page times";
    let pages: Vec<(&WebPageRow, f64)> =
        run.tables.web_pages.iter().flatten().filter_map(|page| Some((page, page.time()?.as_secs_f64()))).collect();
    if pages.is_empty() {
        return empty(theme, TITLE, "No browser loaded a page.");
    }
    let mut bars = Vec::new();
    let mut more = Vec::new();
    let few = pages.len() <= theme.most_rows();
    if few {
        for (page, time) in &pages {
            let kept = page.cached + page.validated;
            let kept = if kept > 0 { format!(", {kept} kept") } else { String::new() };
            bars.push(Bar {
                label: format!("{}{kept}", kind(run, page).unwrap_or_else(|| escape(page.page.as_bytes()))),
                parts: vec![(*time, 0)],
                end: human(*time),
                from: 0.0,
            });
        }
    } else {
        let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (page, time) in &pages {
            let host = escape(page.host.as_bytes());
            let label = kind(run, page).map_or_else(|| host.clone(), |kind| format!("{host}: {kind}"));
            groups.entry(label).or_default().push(*time);
        }
        let mut groups: Vec<(String, Vec<f64>)> = groups.into_iter().collect();
        groups.sort_by_key(|(_, times)| std::cmp::Reverse(times.len()));
        let mean = |(_, times): &(String, Vec<f64>)| times.iter().sum::<f64>() / times.len() as f64;
        let (groups, rest) = telling(groups, theme.most_rows(), mean);
        more = rest.into_iter().map(|(label, _)| label).collect();
        for (label, times) in groups {
            let mean = times.iter().sum::<f64>() / times.len() as f64;
            bars.push(Bar {
                label,
                parts: vec![(mean, 0)],
                end: format!("{}, {}", human(mean), count(times.len(), "page", "pages")),
                from: 0.0,
            });
        }
    }
    let what = if few {
        "from asking to the last object; \"kept\": objects of which the browser had a copy"
    } else {
        "mean by browser, from asking to the last object"
    };
    let others = match more.len() {
        0 => String::new(),
        left_out => format!("; {} left out", count(left_out, "browser with fewer pages", "browsers with fewer pages")),
    };
    let note = format!("{what}{others}");
    Bars { theme, title: TITLE, note: &note, bars, keys: Vec::new(), more }
        .draw(|most| Scale::time("page time", 0.0, most))
}

const WAITING: usize = 7;
const RESPONDING: usize = 4;
const RECEIVING: usize = 0;

/// What an object is called on a bar.
fn last_part(url: &str) -> String {
    let name = url.rsplit_once('/').map_or(url, |(_, name)| if name.is_empty() { "/" } else { name });
    escape(name.as_bytes())
}

/// One page's objects below each other, from when each was wanted.
pub(super) fn waterfall(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "One page, object by object";
    let most_rows = theme.most_rows() + 2;
    let pages = run.tables.web_pages.iter().flatten();
    let wanted = |page: &&WebPageRow| run.of.as_deref().is_none_or(|of| of == &*page.page);
    // of those with the most objects the first
    let Some(page) = pages.filter(wanted).reduce(|most, page| if page.objects > most.objects { page } else { most })
    else {
        let of = run.of.as_ref().filter(|_| run.tables.web_pages.iter().flatten().next().is_some());
        let why = of.map(|of| format!("No page is called {}.", escape(of.as_bytes())));
        return empty(theme, TITLE, why.as_deref().unwrap_or("No browser loaded a page."));
    };
    let mut requests: Vec<&WebRequestRow> =
        run.tables.web_requests.iter().flatten().filter(|row| row.page == page.page).collect();
    requests.sort_by_key(|row| (row.wanted, row.sent, row.ended));
    if requests.is_empty() {
        return empty(theme, TITLE, "The page needed nothing from the network.");
    }
    let ended = |row: &&WebRequestRow| instant(row.ended);
    let (requests, rest) = telling(requests, most_rows, ended);
    let more: Vec<String> = rest.iter().map(|row| last_part(&row.url)).collect();
    let since = |at: SimTime| instant(at) - instant(page.asked);
    let bar = |row: &&WebRequestRow| {
        // a copy that was there has no times of sending
        let sent = row.sent.clamp(row.wanted, row.ended);
        let began = row.began.clamp(sent, row.ended);
        Bar {
            label: last_part(&row.url),
            from: since(row.wanted).max(0.0),
            parts: vec![
                (instant(sent) - instant(row.wanted), WAITING),
                (instant(began) - instant(sent), RESPONDING),
                (instant(row.ended) - instant(began), RECEIVING),
            ],
            end: row.connection.as_deref().map_or_else(
                || escape(row.source.as_bytes()),
                |name| escape(name.rsplit_once('#').map_or(name, |(_, number)| number).as_bytes()),
            ),
        }
    };
    let bars: Vec<Bar> = requests.iter().map(bar).collect();
    let kind = kind(run, page).map_or_else(String::new, |kind| format!(", {kind}"));
    let others = if more.is_empty() { String::new() } else { format!("; {} more left out", grouped(more.len())) };
    let note = format!(
        "{}{kind}; at the right the number of the connection that carried it{others}",
        escape(page.page.as_bytes())
    );
    let keys = [(WAITING, "waits for a connection"), (RESPONDING, "waits for the response"), (RECEIVING, "receives")];
    let keys = keys.map(|(part, name)| (part, name.to_owned())).to_vec();
    Bars { theme, title: TITLE, note: &note, bars, keys, more }
        .draw(|most| Scale::time("time since the page was asked for", 0.0, most))
}
