//! The Domain Name System's words and wire format (RFC 1034, RFC 1035).
//!
//! Models names, resource records of the Internet class, messages, their encoding with name
//! compression and their decoding from any bytes, EDNS(0), and messages over a byte stream. The
//! octets are laid and read by the crate `domain`, hidden behind the types here, so that nobody
//! else meets its generics.
//!
//! Left out: records of classes other than IN, dynamic update and zone transfer, and what stands
//! in EDNS options. Records of other types are carried as opaque octets (RFC 3597).

pub mod handmade;
pub mod idna;
pub mod master;
mod message;
mod name;
mod record;
pub mod stream;
mod text;
pub mod transfer;
mod wire;

#[cfg(test)]
mod handmade_tests;
#[cfg(test)]
mod master_tests;
#[cfg(test)]
mod tests;

pub use message::{Edns, Flags, Message, Question, Rcode};
pub use name::{Name, NameError};
pub use record::{Record, RecordData, Rtype, RtypeError};
pub use text::{DataError, parse_ttl};
pub use wire::WireError;

/// The port of name servers and resolvers (RFC 1035 4.2.1).
pub const PORT: u16 = 53;

/// Octets of the longest message over UDP without EDNS (RFC 1035 4.2.1).
pub const UDP_LIMIT: usize = 512;

/// Octets that our servers send and take in a datagram with EDNS: a packet of the least MTU of
/// IPv6 holds them.
pub const EDNS_SIZE: u16 = 1232;

/// Octets of the longest payload of a datagram over IPv4: 65,535 less two headers (RFC 768, RFC 791).
pub const DATAGRAM_LIMIT: usize = 65_507;

/// Octets of the longest message over TCP (RFC 1035 4.2.2).
pub const TCP_LIMIT: usize = 65_535;

/// The Internet class (RFC 1035 3.2.4).
pub const CLASS_IN: u16 = 1;

/// QCLASS *: any class (RFC 1035 3.2.5).
pub const CLASS_ANY: u16 = 255;
