//! The Internet Message Access Protocol, version 4rev1 (RFC 3501): the server's end of a
//! session, and what it answers about the octets of messages.

mod adapter;
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

pub use command::InternalDate;
pub use event::{Answer, Change, Counts, Entry, Keywords, Mailboxes, Selected, ServerEvent};
pub use flags::{Flags, StoreAction, SystemFlag};
pub use server::{Server, ServerConfig};

/// The port of IMAP servers (RFC 3501 section 2.1).
pub const PORT: u16 = 143;
