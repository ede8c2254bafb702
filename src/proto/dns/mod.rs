//! The Domain Name System's words and wire format (RFC 1034, RFC 1035).
//!
//! Models names, resource records of the Internet class, messages, their encoding with name
//! compression and their decoding from any bytes. The octets are laid and read by the crate
//! `domain`, hidden behind the types here, so that nobody else meets its generics.
//!
//! Left out: classes other than IN, dynamic update and zone transfer. EDNS(0) options are
//! skipped on reading and never written (RFC 6891 lets a server be without them). Records of
//! other types are carried as opaque octets (RFC 3597).

mod message;
mod name;
mod record;
mod wire;

#[cfg(test)]
mod tests;

pub use message::{Flags, Message, Question, Rcode};
pub use name::{Name, NameError};
pub use record::{DataError, Record, RecordData, Rtype, RtypeError};
pub use wire::WireError;

/// The port of name servers and resolvers (RFC 1035 4.2.1).
pub const PORT: u16 = 53;

/// Octets of the longest message over UDP without EDNS (RFC 1035 4.2.1).
pub const UDP_LIMIT: usize = 512;
