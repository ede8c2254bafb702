//! The `web` key: servers of sites; and how a browser of the workload uses connections.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Duration, Size, Spread, Texts};

/// A Web server, which takes connections to port 80.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebSite {
    /// What it has, by path, such as "/index.html".
    pub pages: BTreeMap<String, WebPage>,
    /// The version that it speaks. With "1.0" each response closes its connection. Default: "1.1".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpVersionName>,
    /// Whether a connection outlasts its first response. Default: true; with "1.0", false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent: Option<bool>,
    /// How long an idle connection is kept. Default: "15s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<Duration>,
    /// After how many responses a connection is closed. Default: never for that reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_requests: Option<u32>,
    /// Responses are sent in chunks of that size. Default: in one piece, whose length is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<Size>,
    /// Time that it thinks about each request, several at a time. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub think: Option<Spread>,
    /// Whether visitors may PUT and DELETE. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writable: Option<bool>,
}

/// The version of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HttpVersionName {
    /// RFC 1945.
    #[serde(rename = "1.0")]
    Http10,
    /// RFC 9112.
    #[default]
    #[serde(rename = "1.1")]
    Http11,
}

/// A page, or any other file. Without `media` its name's ending says what it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebPage {
    /// Media type. Default: by the ending of the path; "text/html" without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Octets, made up. A page is filled up to this size. Default: as much as `text` and `objects` need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// What it says, as one line or a list of lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Texts>,
    /// Images, style sheets and scripts to which a page refers, in this order; they need not be listed in `pages`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<WebObject>,
    /// How long a copy may be used without asking. Default: nothing is said, so browsers ask each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// How often it changes. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Duration>,
    /// It is elsewhere: a path, or a whole URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// With `moved_to`: 301, 302, 303, 307 or 308. Default: 301.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Objects of a page that are alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebObject {
    /// An entry of `pages` of the server on which it is, as a path; or a name for one object made here. Default: a name made of
    /// the page's and a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Octets of each. Without it `path` is an entry of `pages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Media type. Default: by the ending of the path, else "image/jpeg".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// The server of `web` on which they are. Default: that of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How long copies may be used without asking. Default: nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// How often they change. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Duration>,
}

/// How a browser uses connections. Browsers of a host that differ in this are different ones, with a cache each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrowserWays {
    /// The version of its requests. Default: "1.1".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpVersionName>,
    /// Whether it uses a connection for several requests. Default: true; with "1.0", false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent: Option<bool>,
    /// Connections to one server at a time. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u32>,
    /// Requests that it sends on a connection without waiting for the answer to the first. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipelining: Option<u32>,
    /// Whether it keeps what it got for the next time. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
}
