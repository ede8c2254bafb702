//! HTTP/1.1 (RFC 9110, RFC 9112): messages, and the two ends of a connection.

pub mod client;
pub mod cookie;
pub mod date;
pub mod form;
mod framing;
mod head;
pub mod html;
pub mod message;
mod request;
pub mod server;
pub mod site;
mod status;
#[cfg(test)]
mod tests;
pub mod url;

pub use client::{Answer, Client, ClientEvent, End, Manner};
pub use head::Fault;
pub use message::{Fields, Method, Request, Response};
pub use request::Version;
pub use server::{Conduct, Server, ServerEvent};
pub use site::{Body, Resource, Site};
pub use status::reason;
pub use url::Url;

/// Where servers listen (RFC 9110 4.2.1).
pub const PORT: u16 = 80;
