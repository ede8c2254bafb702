//! How a mail server speaks SMTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A manner of speaking SMTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DialectName {
    /// EHLO, and the form of commands and replies in RFC 5321.
    #[default]
    #[serde(rename = "rfc5321")]
    Rfc5321,
    /// The dialogue of the textbook lecture, letter for letter: HELO, and "MAIL FROM: <...>" with its space.
    #[serde(rename = "lecture")]
    Lecture,
}
