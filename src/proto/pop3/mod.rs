//! The Post Office Protocol, version 3 (RFC 1939): both ends of a session.
//!
//! The server has the capabilities of RFC 2449 and AUTH (RFC 5034), the client uses neither.
//! APOP is offered if asked for, since its time stamp changes the greeting. Left out: STLS.
//! POP3 keeps no state from one session to the next: what was fetched before, the client's program must know.

mod maildrop;
pub mod reader;
pub mod server;

pub use maildrop::Entry;
pub use reader::Reader;
pub use server::{Denial, Digest, Server, ServerEvent};

/// The port of POP3 servers (RFC 1939 section 3).
pub const PORT: u16 = 110;

/// RFC 2449 section 4: "The maximum length of a command is increased from 47 characters [...]
/// to 255 octets, including the terminating CRLF."
const MAX_COMMAND_LINE: usize = 255;
/// RFC 1939 section 3: "Responses may be up to 512 characters long, including the
/// terminating CRLF."
const MAX_RESPONSE_LINE: usize = 512;

#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod tests;
