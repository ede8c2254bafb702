//! Name resolution as applications: name servers, a recursive resolver, stub resolvers.
//!
//! All speak RFC 1035 over UDP port 53 and see only the socket API. The resolver is split by
//! idea: [`cache`] (what is believed, and for how long), `servers` (whom it is good to ask),
//! `response` (what a server's response means), `lookup` (one question on its way down the
//! tree), [`resolver`] (clients, timers, and who waits for whom), and `families` (A beside AAAA).
//!
//! Left out: DNS over TCP, EDNS(0), zone transfer, DNSSEC. A truncated response is used for
//! what it holds, but not cached.

pub mod authority;
pub mod cache;
pub mod client;
mod families;
mod iterate;
mod listing;
mod lookup;
pub mod resolver;
mod response;
mod servers;
pub mod stub;
pub mod zone;

#[cfg(test)]
mod authority_tests;
#[cfg(test)]
mod family_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod testbed;
#[cfg(test)]
mod tests;

pub use authority::NameServer;
pub use client::{LookupAgent, LookupJob};
pub use resolver::{Resolver, ResolverConfig};
pub use stub::{Answer, Outcome, Stub};
pub use zone::{Zone, ZoneError};
