//! Ladders: who said what to whom, in order, with numbered messages, as textbooks draw them.
//!
//! What is read out of a result folder (`dns`) is apart from the picture (`picture`), and the
//! picture from the two ways in which it is shown: drawn as SVG (`svg`) or written for a terminal
//! (`text`). Same rows, same bytes. Left out: the instant at which a message arrives at whoever
//! answers it, which the tables do not tell; so messages are level strokes.

pub(in crate::report) mod dns;
mod picture;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use dns::{LadderChoice, LadderError, dns_ladder};
pub use picture::Ladder;
