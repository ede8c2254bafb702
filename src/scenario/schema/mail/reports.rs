//! What a server tells senders, and users who are away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::schema::message::ReturnName;
use crate::scenario::schema::quantity::{Duration, Size, Texts};

/// What a server tells senders of messages that fail, are late, or arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reports {
    /// How much of a message comes back when its sender did not say. Default: "headers".
    #[serde(rename = "return", skip_serializing_if = "Option::is_none")]
    pub ret: Option<ReturnName>,
    /// Of a longer message only the header comes back. Default: "50kB".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_limit: Option<Size>,
    /// Who is told of a report that fails itself. Default: "nobody".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub double_bounces: Option<DoubleBounces>,
}

/// Who is told of a report that fails itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DoubleBounces {
    /// Nobody: it is dropped.
    #[default]
    Nobody,
    /// The postmaster of the server's first domain.
    Postmaster,
}

/// The answer that a server gives in the name of a user who is away (RFC 3834).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vacation {
    /// Its text, as one line or a list of lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Texts>,
    /// Its subject. Default: "Auto: " and the subject of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The address that it seems to come from. Default: the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How long a sender gets no second answer. Default: "7d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    /// When the user goes, counted from the beginning of the run. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Duration>,
    /// When the user is back. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Duration>,
}
