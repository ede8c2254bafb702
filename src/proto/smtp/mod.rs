//! The Simple Mail Transfer Protocol (RFC 5321): commands, replies, transparency, and the
//! two ends of a session.
//!
//! The server offers what real clients count on (see [`server`]), the client uses what a message
//! needs and what it is told to (see [`client`]).

pub mod client;
pub mod command;
pub mod dot;
pub mod envelope;
pub mod offers;
pub mod parameter;
pub mod path;
pub mod reply;
pub mod server;
pub mod status;
#[cfg(test)]
mod tests;
pub mod xtext;

pub use client::{
    Client, ClientConfig, ClientEvent, ClientTimeouts, TlsUse, Transaction, Trouble, Unsendable, Verdict,
};
pub use command::Command;
pub use envelope::{BodyType, Envelope, MailOptions, Notify, Recipient, Ret};
pub use offers::Offers;
pub use path::{ForwardPath, Mailbox, ReversePath};
pub use reply::Reply;
pub use server::{Authentication, Extension, Extensions, Greeting, Server, ServerConfig, ServerEvent};
pub use status::Status;

/// The port of SMTP servers (RFC 5321 4.5.4.2).
pub const PORT: u16 = 25;
/// The port to which users submit (RFC 6409 section 3.1).
pub const SUBMISSION_PORT: u16 = 587;

/// How a client writes its commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As the lecture does: `MAIL FROM: <alice@crepes.fr>`, with a space.
    Lecture,
    /// As RFC 5321 does: `MAIL FROM:<alice@crepes.fr>`.
    #[default]
    Rfc5321,
}
