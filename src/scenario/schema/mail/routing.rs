//! What becomes of mail for a domain, and the way that other mail takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The mailbox for mail to local parts that nobody has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CatchAll {
    /// The local part of the user whose mailbox it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
    /// Local parts that stay unknown; "*" stands for any characters. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}
