//! Charts of a run, as SVG or PNG: same run, same bytes.
//!
//! Each chart is a function of what a result folder holds: of the tables, and a few of the
//! resolved scenario. A chart without data is a sheet that says so. One look for all, in three
//! themes; see `look`. Charts of many runs are made of plain numbers (`study`). Left out:
//! interaction, which is the report's.

mod activity;
mod attempts;
mod axes;
mod bars;
mod canvas;
mod cdf;
mod cwnd;
mod lines;
mod links;
mod look;
mod mailbox;
mod names;
mod phases;
mod png;
mod queue;
mod rates;
mod reading;
mod scale;
mod sequence;
mod source;
pub mod study;
mod survival;
mod svg;
mod throughput;
mod topology;
mod web;

use thiserror::Error;

use self::canvas::Canvas;
pub(super) use self::canvas::{Align, Label, Shape, around, dashes, shortened, text_width};
pub(super) use self::look::Color;
pub use self::look::Theme;
pub(super) use self::png::{Raster, picture};
pub use self::source::{ChartSource, HostSetting, LinkSetting, SegmentRecord, SegmentSent, Setting};
use crate::base::time::SimTime;
use crate::metrics::{MessageRow, Tables};

/// Why there is no chart.
#[derive(Debug, Error)]
pub enum ChartError {
    /// No chart is called so.
    #[error("there is no chart \"{0}\"; there are {list}", list = chart_names().collect::<Vec<_>>().join(", "))]
    Unknown(String),
    /// The drawing library refused.
    #[error("cannot draw the chart: {0}")]
    Drawing(String),
}

/// A chart: its name, what it shows, and from what.
#[derive(Clone, Copy, Debug)]
pub struct ChartInfo {
    /// Its name.
    pub name: &'static str,
    /// What it shows, in a line.
    pub shows: &'static str,
    /// The table, or what else it needs.
    pub needs: &'static str,
    sheet: fn(&ChartSource<'_>, Theme) -> Canvas,
}

macro_rules! charts {
    ($($name:literal: $shows:literal, $needs:literal, $sheet:expr;)*) => {
        /// All charts, sorted by name.
        const CHARTS: &[ChartInfo] =
            &[$(ChartInfo { name: $name, shows: $shows, needs: $needs, sheet: $sheet }),*];
    };
}

charts! {
    "activity_by_hour": "what people read, write and tidy, by hour of the day", "table person_actions", activity::sheet;
    "attempt_rate": "attempts over time by destination, and outages: the storms that follow them", "tables attempt_rates, storms", rates::sheet;
    "attempts_per_message": "how often servers tried", "table messages", attempts::sheet;
    "connection_goodput": "how fast the connections with most data were, each direction", "table connections", throughput::goodput;
    "cwnd": "TCP's congestion windows over time", "table cwnd (outputs.cwnd)", cwnd::sheet;
    "dns_hit_ratio": "the share of look-ups that caches answered, level by level", "table caches", names::hit_ratios;
    "dns_load": "questions a second at the busiest servers of names", "table dns_servers", names::loads;
    "dns_upstream": "what resolvers asked each server above them, and how that ended", "table dns_queries", names::upstream;
    "latency_by_phase": "where the time of a delivery went; the parts sum to the latency", "table messages", phases::sheet;
    "latency_cdf": "the share of delivered copies by latency, with p50 and p95", "table messages", cdf::sheet;
    "link_drops": "packets that each direction of a link lost, by reason", "table links", links::losses;
    "link_utilization": "how busy each direction of a link was, and what it lost", "table links", links::utilization;
    "mailbox_size": "octets in the largest mailboxes over time", "table mailboxes", mailbox::sheet;
    "page_time": "how long pages took, by kind of browser", "table web_pages", web::pages;
    "page_waterfall": "one page, object by object: waiting, responding, receiving", "tables web_pages, web_requests", web::waterfall;
    "protocol_cost": "octets and round trips of a session by POP3, IMAP and webmail", "table mailbox_sessions", reading::costs;
    "queue_length": "the length of each mail queue over time", "table queue", queue::sheet;
    "queue_survival": "the share of copies still queued, by age: a survival curve for each server", "table survival", survival::sheet;
    "reading_times": "what messages waited for until they were shown: a look, the reader, retrieval", "table readings", reading::times;
    "tcp_sequence": "sequence numbers of one connection over time: sent, lost, acknowledged", "a second run, which `chart` does by itself", sequence::sheet;
    "throughput": "copies and octets delivered, interval by interval", "table messages", throughput::delivered;
    "topology": "hosts, routers and links with their rate and delay", "scenario.resolved.json", topology::sheet;
}

/// All charts, sorted by name.
#[must_use]
pub const fn charts() -> &'static [ChartInfo] {
    CHARTS
}

/// The names of all charts, sorted.
pub fn chart_names() -> impl Iterator<Item = &'static str> {
    CHARTS.iter().map(|chart| chart.name)
}

/// The charts that show one of many, and of what: the others show all.
const CHOOSING: [(&str, &str); 3] =
    [("cwnd", "connection"), ("page_waterfall", "page"), ("tcp_sequence", "connection")];

/// What [`ChartSource::of`] names for a chart: a connection, a page; none where it means nothing.
#[must_use]
pub fn chosen_by(name: &str) -> Option<&'static str> {
    CHOOSING.iter().find(|(chart, _)| *chart == name).map(|(_, what)| *what)
}

/// A chart that is ready to be written.
#[derive(Clone, Debug)]
pub struct Drawing(Canvas);

impl Drawing {
    /// As an SVG document.
    ///
    /// # Errors
    /// When the drawing library refuses.
    pub fn svg(&self) -> Result<String, ChartError> {
        self.0.svg()
    }

    /// As a PNG file.
    ///
    /// # Errors
    /// When the drawing library refuses.
    pub fn png(&self) -> Result<Vec<u8>, ChartError> {
        self.0.png()
    }

    /// Whether there was nothing to draw, and the sheet says so.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.0.blank
    }

    /// Labels that leave the sheet, and pairs of labels that overlap: none, or the chart is wrong.
    #[must_use]
    pub fn text_faults(&self) -> Vec<String> {
        self.0.text_faults()
    }

    /// Names in the legend and labels of axes that had no room and are shortened.
    #[must_use]
    pub fn cut(&self) -> &[String] {
        &self.0.cut
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// The note below the title; of a blank sheet, why it is.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.0.note
    }
}

/// Draws the chart called `name`.
///
/// # Errors
/// When no chart is called so.
pub fn draw(name: &str, run: &ChartSource<'_>, theme: Theme) -> Result<Drawing, ChartError> {
    let unknown = || ChartError::Unknown(super::values::escape(name.as_bytes()).chars().take(80).collect());
    let chart = CHARTS.iter().find(|chart| chart.name == name).ok_or_else(unknown)?;
    Ok(Drawing((chart.sheet)(run, theme)))
}

/// Copies of messages that users wrote.
fn user_copies(run: &Tables) -> impl Iterator<Item = &MessageRow> {
    run.messages.iter().filter(|row| row.is_user())
}

/// The domain of an address, for labels.
fn domain(address: &str) -> String {
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    super::values::escape(domain.as_bytes())
}

/// `from → to`; a domain that both have stands once: with the host that is called so, or else with the first.
fn way(from: &str, to: &str) -> String {
    let host = |name: &str| name.split('#').next().unwrap_or_default().to_owned();
    let within = |name: &str, domain: &str| name.strip_suffix(domain)?.strip_suffix('.').map(str::to_owned);
    let above =
        |name: &str| name.split_once('.').map(|(_, domain)| domain.to_owned()).filter(|name| name.contains('.'));
    let (mut one, mut other) = (from.to_owned(), to.to_owned());
    if let Some(short) = within(from, to) {
        one = short;
    } else if let Some(short) = within(to, &host(from)).or_else(|| within(to, &above(&host(from))?)) {
        other = short;
    }
    super::values::escape(format!("{one} \u{2192} {other}").as_bytes())
}

/// `1 copy`, `2 copies`.
fn copies(count: usize) -> String {
    super::values::count(count, "copy", "copies")
}

/// An instant in seconds since the start.
fn instant(at: SimTime) -> f64 {
    at.since(SimTime::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests;
