//! Charts of a run, as SVG: same rows, same bytes.
//!
//! Each chart is a function of the tables alone, so it can be drawn from a result folder. A
//! chart without data is a sheet that says so. One look for all: a 16:9 slide, large type,
//! colours that every eye can tell apart with dashes or labels beside them.

mod attempts;
mod axes;
mod canvas;
mod cdf;
mod cwnd;
mod names;
mod phases;
mod queue;
mod rates;
mod survival;

use thiserror::Error;

use self::canvas::Canvas;
pub(super) use self::canvas::text_width;
use crate::metrics::{MessageRow, Tables};

/// Why there is no chart.
#[derive(Debug, Error)]
pub enum ChartError {
    /// No chart is called so.
    #[error("there is no chart \"{0}\"; there are {list}", list = NAMES.join(", "))]
    Unknown(String),
    /// The drawing library refused.
    #[error("cannot draw the chart: {0}")]
    Drawing(String),
}

const NAMES: [&str; 9] = [
    "attempt_rate",
    "attempts_per_message",
    "cwnd",
    "dns_hit_ratio",
    "dns_load",
    "latency_by_phase",
    "latency_cdf",
    "queue_length",
    "queue_survival",
];

/// The names of all charts, sorted.
#[must_use]
pub const fn chart_names() -> &'static [&'static str] {
    &NAMES
}

/// The chart called `name`, as an SVG document.
///
/// # Errors
/// When no chart is called so.
pub fn chart(name: &str, run: &Tables) -> Result<String, ChartError> {
    sheet(name, run)?.svg()
}

fn sheet(name: &str, run: &Tables) -> Result<Canvas, ChartError> {
    match name {
        "attempt_rate" => Ok(rates::sheet(run)),
        "attempts_per_message" => Ok(attempts::sheet(run)),
        "cwnd" => Ok(cwnd::sheet(run)),
        "dns_hit_ratio" => Ok(names::hit_ratios(run)),
        "dns_load" => Ok(names::loads(run)),
        "latency_by_phase" => Ok(phases::sheet(run)),
        "latency_cdf" => Ok(cdf::sheet(run)),
        "queue_length" => Ok(queue::sheet(run)),
        "queue_survival" => Ok(survival::sheet(run)),
        other => Err(ChartError::Unknown(super::values::escape(other.as_bytes()).chars().take(80).collect())),
    }
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

/// `1 copy`, `2 copies`.
fn copies(count: usize) -> String {
    if count == 1 { "1 copy".to_owned() } else { format!("{count} copies") }
}

#[cfg(test)]
mod tests;
