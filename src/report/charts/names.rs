//! Name resolution in three charts: the share of look-ups that caches answered, level by level, how
//! many questions a second each server was asked, and what resolvers asked above them.

use std::collections::BTreeMap;

use super::ChartSource;
use super::axes::empty;
use super::bars::{Bar, Bars};
use super::canvas::Canvas;
use super::look::Theme;
use super::scale::Scale;
use crate::metrics::{CacheFound, CacheLevel, DnsOutcome, DnsRole, DnsServerRole, DnsServerRow};
use crate::report::values::{count, escape, whole};

/// The share of look-ups answered at each level, and at the busiest hosts of each.
pub(super) fn hit_ratios(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "What caches answered";
    let (run, most_bars) = (run.tables, theme.most_rows());
    let mut bars = Vec::new();
    // the four levels first of all, and of each as many hosts as there is room for
    let asked =
        |level: &CacheLevel| run.caches.iter().filter(|row| row.level == *level && row.found.lookups() > 0).count();
    let hosts: Vec<usize> = CacheLevel::ALL.iter().map(asked).collect();
    let bars_with = |each: usize| -> usize {
        let of = |hosts: &usize| match hosts {
            0 | 1 => *hosts,
            _ => 1 + each.min(*hosts),
        };
        hosts.iter().map(of).sum()
    };
    let each = (1..=most_bars).rev().find(|each| bars_with(*each) <= most_bars).unwrap_or(0);
    let few = hosts.iter().all(|hosts| *hosts <= each.max(1));
    let mut more = Vec::new();
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
            let (hosts, others) = rows.split_at(each.min(rows.len()));
            let hosts = hosts.iter();
            more.extend(others.iter().map(|row| escape(row.host.as_bytes())));
            bars.extend(hosts.map(|row| share(format!("  {}", escape(row.host.as_bytes())), row.found)));
        }
    }
    if bars.is_empty() {
        return empty(theme, TITLE, "No cache was asked.");
    }
    let keys = [(0, "hits"), (2, "knowledge of absence"), (1, "beyond their end")];
    let used =
        |part: usize| bars.iter().any(|bar: &Bar| bar.parts.iter().any(|(share, of)| *of == part && *share > 0.0));
    let keys = keys.into_iter().filter(|(part, _)| used(*part)).map(|(part, name)| (part, name.to_owned())).collect();
    let note = match (few, each) {
        (true, _) => "from the asker upwards".to_owned(),
        (false, 0) => "from the asker upwards, hosts put together".to_owned(),
        (false, 1) => "from the asker upwards; of several hosts the busiest".to_owned(),
        (false, each) => format!("from the asker upwards; of several hosts the {each} busiest"),
    };
    Bars { theme, title: TITLE, note: &note, bars, keys, more }.draw(|_| Scale::share("share of look-ups"))
}

/// Shares of the look-ups of one bar, in the order of the keys.
#[expect(clippy::cast_precision_loss, reason = "shares are drawn, not counted")]
fn share(label: String, found: CacheFound) -> Bar {
    let part = |count: u64| count as f64 / found.lookups() as f64;
    let parts = vec![(part(found.hits), 0), (part(found.negative_hits), 2), (part(found.stale_hits), 1)];
    let end = format!("{:.1} % of {}", 100.0 * part(found.answered()), whole(found.lookups()));
    Bar { label, parts, end, from: 0.0 }
}

/// Questions a second at the busiest servers, and at the busiest of each kind.
#[expect(clippy::cast_precision_loss, reason = "loads are drawn, not counted")]
pub(super) fn loads(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "Questions at name servers";
    let mut rows: Vec<_> = run.tables.dns_servers.iter().collect();
    let order =
        |a: &&DnsServerRow, b: &&DnsServerRow| b.mean_load.cmp(&a.mean_load).then_with(|| a.server.cmp(&b.server));
    rows.sort_by(order);
    if rows.is_empty() {
        return empty(theme, TITLE, "No server was asked.");
    }
    // the busiest of each kind is there, so that one sees what caches keep from the zones' servers
    let busiest =
        |row: &&DnsServerRow| rows.iter().find(|other| other.role == row.role).is_some_and(|first| first == row);
    let (first, others): (Vec<_>, Vec<_>) = rows.iter().copied().partition(busiest);
    let mut rows: Vec<_> = first.into_iter().chain(others).collect();
    let more = rows.split_off(rows.len().min(theme.most_rows()));
    let more: Vec<String> = more.iter().map(|row| escape(row.server.as_bytes())).collect();
    rows.sort_by(order);
    let part = |role: DnsServerRole| match role {
        DnsServerRole::Authority => 0,
        DnsServerRole::Forwarder => 1,
        DnsServerRole::Resolver => 2,
    };
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| Bar {
            label: escape(row.server.as_bytes()),
            parts: vec![(row.mean_load.0 as f64 / 1e6, part(row.role))],
            end: format!("{} in all", whole(row.queries_udp.saturating_add(row.queries_tcp))),
            from: 0.0,
        })
        .collect();
    let keys = DnsServerRole::ALL.iter().filter(|role| rows.iter().any(|row| row.role == **role));
    let keys = keys.map(|role| (part(*role), role.name().to_owned())).collect();
    let note = if more.is_empty() {
        "mean over the run, repetitions included".to_owned()
    } else {
        format!("mean over the run, repetitions included; {} left out", count(more.len(), "other", "others"))
    };
    let scale = |most| Scale::measure("mean load (questions a second)", most);
    Bars { theme, title: TITLE, note: &note, bars, keys, more }.draw(scale)
}

/// Kinds of ends of a question to a server of zones, as parts of a bar.
const ENDS: [&str; 5] = ["answer", "referral", "no such name or record", "error or cut off", "no response"];

/// What resolvers asked the servers above them, and how that ended.
#[expect(clippy::cast_precision_loss, reason = "bars are drawn, not counted")]
pub(super) fn upstream(run: &ChartSource<'_>, theme: Theme) -> Canvas {
    const TITLE: &str = "Upstream questions of resolvers";
    let mut servers: BTreeMap<&str, [u64; ENDS.len()]> = BTreeMap::new();
    for row in run.tables.dns_queries.iter().filter(|row| row.role == DnsRole::Resolver) {
        servers.entry(&row.to).or_default()[end(row.outcome)] += 1;
    }
    let mut servers: Vec<(&str, [u64; ENDS.len()])> = servers.into_iter().collect();
    let sum = |counts: &[u64; ENDS.len()]| counts.iter().sum::<u64>();
    servers.sort_by_key(|(_, counts)| std::cmp::Reverse(sum(counts)));
    if servers.is_empty() {
        return empty(theme, TITLE, "No resolver asked another server.");
    }
    let all: u64 = servers.iter().map(|(_, counts)| sum(counts)).sum();
    let more = servers.split_off(servers.len().min(theme.most_rows()));
    let more: Vec<String> = more.iter().map(|(name, _)| escape(name.as_bytes())).collect();
    let others = match more.len() {
        0 => String::new(),
        left_out => format!("; {} left out", count(left_out, "less busy server", "less busy servers")),
    };
    let all = if all == 1 { "1 question".to_owned() } else { format!("{} questions", whole(all)) };
    let note = format!("{all} in all, repetitions included{others}");
    let bar = |(name, counts): &(&str, [u64; ENDS.len()])| Bar {
        label: escape(name.as_bytes()),
        parts: counts.iter().map(|count| *count as f64).zip([0, 2, 5, 3, 1]).collect(),
        end: whole(sum(counts)),
        from: 0.0,
    };
    let used = (0..ENDS.len()).filter(|end| servers.iter().any(|(_, counts)| counts[*end] > 0));
    let keys = used.map(|end| ([0, 2, 5, 3, 1][end], ENDS[end].to_owned())).collect();
    let bars = servers.iter().map(bar).collect();
    Bars { theme, title: TITLE, note: &note, bars, keys, more }.draw(|most| Scale::count("questions", most))
}

const fn end(outcome: DnsOutcome) -> usize {
    match outcome {
        DnsOutcome::Answer | DnsOutcome::Alias => 0,
        DnsOutcome::Referral => 1,
        DnsOutcome::NxDomain | DnsOutcome::NoData => 2,
        DnsOutcome::Failure | DnsOutcome::Truncated => 3,
        DnsOutcome::Timeout | DnsOutcome::Unreachable | DnsOutcome::Open => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Millionths, Tables};

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
        let svg = loads(&ChartSource::new(&run), Theme::Slides).svg().unwrap();
        let shows = |text: &str| svg.contains(&format!("\n{text}\n"));
        assert!(shows("busy") && !shows("quiet") && svg.contains("12 others left out"), "{svg}");
        assert!(shows("f29") && shows("f21") && !shows("f20"), "{svg}");
    }
}
