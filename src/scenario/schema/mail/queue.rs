//! When a mail server tries again, and how it delivers what is in its queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::schema::quantity::Duration;

/// The retry policy of a mail queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Time from one attempt to the next. Default: "30min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// Age at which a message is returned to its sender. Default: "5d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Duration>,
}
