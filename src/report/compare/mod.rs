//! Two runs beside each other: their metrics, what differs in their scenarios, and the first event in
//! which their traces part.
//!
//! Here is what needs no run: numbers, JSON values, and the observer that keeps what of a trace is
//! compared. Who runs both, and in which order, is for the command.

mod json;
mod numbers;
mod tape;

pub use json::{Difference, differences};
pub use numbers::{MetricPair, metric_pairs};
pub use tape::{Tape, Told};
