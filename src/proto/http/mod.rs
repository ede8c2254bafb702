//! HTTP/1.1 (RFC 9110, RFC 9112): messages, and the two ends of a connection.

pub mod cookie;
pub mod form;
pub mod message;

pub use message::{Fields, Method, Request, Response};

/// Where servers listen (RFC 9110 4.2.1).
pub const PORT: u16 = 80;
