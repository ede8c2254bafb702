//! Ladders: who said what to whom, in order, as textbooks draw them.
//!
//! What is read out of a result folder (`dns`, `dialogue`, `life`) or watched in a run done again (`segments`) is
//! apart from the picture (`picture`), and the picture from the ways in which it is shown: drawn on sheets (`pages`,
//! `layout`, `sheet`), which are written as SVG or PNG, or written for a terminal (`text`). Same run, same bytes.

mod captions;
mod captured;
pub(in crate::report) mod choice;
mod connect;
mod dialogue;
pub(in crate::report) mod dns;
mod events;
mod folding;
mod grid;
mod ink;
mod layout;
mod letters;
mod life;
mod pages;
mod picture;
mod rounds;
mod segments;
mod sheet;
mod strokes;
mod style;
mod svg;
mod talks;
#[cfg(test)]
mod tests;
mod text;

pub use captured::captured;
pub use choice::{LadderChoice, Source, ladder};
pub use ink::PngError;
pub use layout::TimeScale;
pub use life::connections_of;
pub use picture::Ladder;
pub use segments::{Segment, SegmentWatch};
pub use sheet::Sheet;
pub use style::LadderFor;

use super::error::ReportError;

/// Why there is no ladder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LadderError {
    /// The run has no such look-up.
    #[error("no look-up matches")]
    NoMatch,
    /// Nothing has to do with that host; with a hint at the nearest that something has to do with.
    #[error("--host {0:?}: nothing has to do with a host of that name{1}")]
    NoHost(String, String),
    /// There is no look-up with that number.
    #[error("there are {0} look-ups that match, counted from 1")]
    NoNumber(usize),
    /// There is no such message; with a hint.
    #[error("there is no such message{0}")]
    NoMessage(String),
    /// There is no such connection; with a hint.
    #[error("--conn {0:?}: there is no such connection{1}")]
    NoConnection(String, String),
    /// The folder is damaged.
    #[error("{0}")]
    Damaged(String),
}

impl From<ReportError> for LadderError {
    fn from(error: ReportError) -> Self {
        Self::Damaged(error.to_string())
    }
}
