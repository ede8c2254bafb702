//! The Internet Message Access Protocol, versions 4rev1 (RFC 3501) and 4rev2 (RFC 9051): both ends of a
//! session, and what the server's answers about the octets of messages.

mod adapter;
mod append_command;
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
mod results;
mod saved;
pub mod search;
pub mod server;
pub mod sets;
mod special_use;
pub mod utf7;
mod view;
mod words;

pub use client::Client;
pub use command::InternalDate;
pub use event::{
    Answer, Change, Counts, Entry, Fetched, Keywords, Listed, Mailboxes, NewMessage, Quota, Selected, ServerEvent,
    Stored,
};
pub use flags::{Flags, StoreAction, SystemFlag};
pub use server::{Server, ServerConfig};
pub use special_use::SpecialUse;

/// The port of IMAP servers (RFC 3501 section 2.1).
pub const PORT: u16 = 143;
