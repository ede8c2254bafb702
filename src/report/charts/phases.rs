//! Where the time of a delivery went: stacked bars of the phases before the mailbox.
//!
//! A few delivered copies get a bar each; many get the mean over all and over the busiest
//! sending domains. The phases sum to the latency exactly, so a bar's length is the latency.

use std::collections::BTreeMap;

use super::axes::{empty, telling};
use super::bars::{Bar, Bars};
use super::canvas::Canvas;
use super::look::Theme;
use super::scale::Scale;
use super::{ChartSource, domain, user_copies};
use crate::base::trace::Phase;
use crate::metrics::MessageRow;
use crate::report::values::{count, escape, grouped};

const TITLE: &str = "Latency by phase";
/// The phases before the mailbox come first among all phases.
const PHASES: usize = 8;
/// The fill of each phase: waiting is vermilion, what hosts do greyish, the network blue.
const FILLS: [usize; PHASES] = [7, 5, 4, 2, 3, 0, 6, 1];

pub(super) fn sheet(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    let delivered: Vec<&MessageRow> = user_copies(run.tables).filter(|row| row.delivered.is_some()).collect();
    if delivered.is_empty() {
        return empty(theme, TITLE, "No message was delivered.");
    }
    let most = theme.most_rows() - 2;
    let (mut rows, mut note): (Vec<Row>, String) = if delivered.len() <= most {
        (delivered.iter().map(|row| (label(row), seconds(row))).collect(), "one bar for each delivered copy".to_owned())
    } else {
        (means(&delivered), format!("mean of {} delivered copies", grouped(delivered.len())))
    };
    // all first, then the busiest; the slowest is never left out
    let domains = rows.split_off(rows.len().min(1));
    let (kept, rest) = telling(domains, most - 1, |(_, parts)| parts.iter().sum());
    rows.extend(kept);
    if !rest.is_empty() {
        note.push_str(&format!("; {} left out", count(rest.len(), "domain with less mail", "domains with less mail")));
    }
    let more: Vec<String> = rest.into_iter().map(|(name, _)| name).collect();
    let bar = |(label, parts): &Row| Bar {
        label: label.clone(),
        parts: parts.iter().copied().zip(FILLS).collect(),
        ..Bar::default()
    };
    let used = (0..PHASES).filter(|index| rows.iter().any(|(_, parts)| parts[*index] > 0.0));
    let keys = used.map(|index| (FILLS[index], Phase::ALL[index].name().replace('_', " "))).collect();
    let bars = Bars { theme, title: TITLE, note: &note, bars: rows.iter().map(bar).collect(), keys, more };
    bars.draw(|longest| Scale::time("time from composition to the mailbox", 0.0, longest))
}

/// A bar: its label and seconds per phase.
type Row = (String, [f64; PHASES]);

fn label(row: &MessageRow) -> String {
    let id = row.message.trim_matches(['<', '>']);
    escape(format!("{} \u{2192} {}", id.split('@').next().unwrap_or(id), row.to).as_bytes())
}

fn seconds(row: &MessageRow) -> [f64; PHASES] {
    std::array::from_fn(|index| row.phases[index].as_secs_f64())
}

/// The mean over all copies, then over those of each sending domain, the busiest first.
fn means(delivered: &[&MessageRow]) -> Vec<Row> {
    let mut by_domain: BTreeMap<String, Vec<&MessageRow>> = BTreeMap::new();
    for row in delivered {
        by_domain.entry(domain(&row.from)).or_default().push(row);
    }
    let mut domains: Vec<(String, Vec<&MessageRow>)> = by_domain.into_iter().collect();
    domains.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let mean = |rows: &[&MessageRow]| -> [f64; PHASES] {
        std::array::from_fn(|index| {
            crate::metrics::summary::mean_s(rows.iter().map(|row| row.phases[index])).unwrap_or(0.0)
        })
    };
    let mut bars = vec![("all".to_owned(), mean(delivered))];
    if domains.len() > 1 {
        bars.extend(domains.iter().map(|(name, rows)| (format!("from {name}"), mean(rows))));
    }
    bars
}
