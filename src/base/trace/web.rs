//! What browsers do: pages, and the requests that they need.

use serde::Serialize;

use crate::base::ids::ConnId;
use crate::base::time::{SimDuration, SimTime};

/// Where a browser has an object from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebSource {
    /// A server sent it.
    Network,
    /// A server said that the browser's copy is still good.
    Validated,
    /// The browser's copy was fresh; nobody was asked.
    Cache,
    /// It has not: no address, no connection, or no whole answer.
    Nowhere,
}

/// An event in a browser.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebTrace<'a> {
    /// Somebody asks for a page.
    Asked {
        /// Its number: no other page of the host has it.
        page: u64,
        /// Where it is.
        url: &'a str,
    },
    /// What a URL names is there, or is given up. The times are those of the last attempt.
    Fetched {
        /// For which page.
        page: u64,
        /// What.
        url: &'a str,
        /// By which method.
        method: &'a str,
        /// The answer's status; 0 without any.
        status: u16,
        /// Where it came from.
        source: WebSource,
        /// The connection that was used.
        conn: Option<ConnId>,
        /// Octets of the request.
        sent_octets: u64,
        /// Octets of the response, head and chunk marks included.
        received_octets: u64,
        /// When the browser knew that it wants it.
        wanted: SimTime,
        /// When the request was handed to the connection.
        sent: SimTime,
        /// When the first octet of the response came.
        began: SimTime,
    },
    /// A page is complete, or as complete as it gets.
    Loaded {
        /// Which.
        page: u64,
        /// Where it was in the end.
        url: &'a str,
        /// When it was asked for.
        since: SimTime,
        /// How long the look-up of its host took.
        lookup: SimDuration,
        /// The status of the page itself; 0 without any.
        status: u16,
        /// Objects besides the page itself.
        objects: u32,
        /// Those of them that are missing.
        missing: u32,
        /// Objects and page that nobody was asked for.
        cached: u32,
        /// Objects and page whose copies were still good.
        validated: u32,
        /// Connections that carried an answer.
        connections: u32,
        /// Octets of all requests.
        sent_octets: u64,
        /// Octets of all responses.
        received_octets: u64,
    },
}
