//! From a scenario file to a checked, complete description of a world.
//!
//! A file is read in three steps, each of which trusts the one before: *form* (JSON, keys,
//! types, units), *filling in* (every default becomes explicit), *meaning* (names are
//! looked up, impossible combinations refused). What comes out cannot be wrong. Errors are
//! values that know their place in the file; all of them come at once.

pub mod resolved;
pub mod schema;

pub use resolved::Resolved;

mod check;
mod fill;
mod names;
mod problem;
