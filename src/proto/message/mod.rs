//! Internet messages (RFC 5322): header fields, plain messages, and the trace fields that
//! mail servers put in front.
//!
//! Left out for now: MIME; a body is lines of text as they are.

pub mod build;
pub mod downgrade;
#[cfg(test)]
mod downgrade_tests;
pub mod encoding;
pub mod header;
pub mod trace_fields;

pub use build::Draft;
pub use downgrade::{Unconvertible, downgrade, is_seven_bit};
pub use encoding::Encoding;
pub use header::{Field, fields, first};
pub use trace_fields::{Hop, count_received, received, return_path};
