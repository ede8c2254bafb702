//! The `live` key: where programs outside the simulation come in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How `posthaste serve` lets real clients in; without effect on `run`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Live {
    /// The host on which real clients seem to run; it is added if it is not there. Default: the computer of the first user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Hosts whose services get the first ports of the numbering (2525, 2110, 2053 and so on), first to last. The others follow in
    /// the order of their names, mail servers and resolvers before name servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<String>,
}
