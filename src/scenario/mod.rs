//! From a scenario file to a checked, complete description of a world.
//!
//! A file is read in three steps, each of which trusts the one before: *form* (JSON, keys,
//! types, units), *filling in* (every default becomes explicit), *meaning* (names are
//! looked up, impossible combinations refused). What comes out cannot be wrong. Errors are
//! values that know their place in the file; all come at once, but those that may only follow from others.

mod a_labels;
mod agenda;
mod beside;
pub mod build;
mod check;
mod diagnostics;
mod document;
mod fill;
mod form;
mod json_schema;
mod load;
mod mail_file;
mod names;
mod notes;
mod problem;
pub mod replay;
pub mod resolved;
pub mod schema;
mod variants;
mod zone_file;

pub use diagnostics::{Diagnostic, Diagnostics};
pub use json_schema::json_schema;
pub use load::{LoadError, MAX_FILE_BYTES, Overrides, load, load_file, load_key, load_with};
pub use notes::notes;
pub use resolved::Resolved;

#[cfg(test)]
mod advice_tests;
#[cfg(test)]
mod family_tests;
#[cfg(test)]
mod lookups_tests;
#[cfg(test)]
mod mail_file_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod resolver_tests;
#[cfg(test)]
mod route_tests;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vain_tests;
#[cfg(test)]
mod zone_file_tests;
