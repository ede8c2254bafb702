//! The Internet Message Access Protocol, version 4rev1 (RFC 3501): both ends of a session, and what the server's
//! answers about the octets of messages.

mod adapter;
pub mod client;
mod command;
pub mod content;
mod event;
pub mod flags;
mod framing;
mod list_command;
mod listing;
pub mod names;
pub mod order;
pub mod search;
pub mod server;
pub mod sets;
pub mod utf7;
mod view;

pub use client::Client;
pub use command::InternalDate;
pub use event::{Answer, Change, Counts, Entry, Keywords, Mailboxes, Selected, ServerEvent};
pub use flags::{Flags, StoreAction, SystemFlag};
pub use server::{Server, ServerConfig};

/// The port of IMAP servers (RFC 3501 section 2.1).
pub const PORT: u16 = 143;
