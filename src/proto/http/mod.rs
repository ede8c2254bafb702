//! HTTP/1.1 (RFC 9110, RFC 9112): messages, and the two ends of a connection.

pub mod cookie;
pub mod form;
mod framing;
mod head;
pub mod message;
mod request;
pub mod server;
mod status;
#[cfg(test)]
mod tests;

pub use head::Fault;
pub use message::{Fields, Method, Request, Response};
pub use request::Version;
pub use server::{Conduct, Server, ServerEvent};
pub use status::reason;

/// Where servers listen (RFC 9110 4.2.1).
pub const PORT: u16 = 80;
