//! Internet messages (RFC 5322, MIME): header fields, what people write, what servers report,
//! the trace fields that mail servers put in front, and how all that is read (`read`).

pub mod build;
pub mod downgrade;
#[cfg(test)]
mod downgrade_tests;
pub mod encoding;
pub mod files;
pub mod header;
pub mod letter;
#[cfg(test)]
mod letter_tests;
pub mod mime;
pub mod original;
pub mod read;
pub mod report;
pub mod trace_fields;

pub use build::Draft;
pub use downgrade::{Unconvertible, downgrade, is_seven_bit};
pub use encoding::Encoding;
pub use header::{Field, fields, first};
pub use letter::{Attachment, Letter};
pub use original::Original;
pub use trace_fields::{Hop, count_received, received, return_path};
