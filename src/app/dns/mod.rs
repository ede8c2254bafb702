//! Name resolution as applications: name servers, a recursive resolver, stub resolvers.
//!
//! All speak RFC 1035 over UDP and TCP port 53 and see only the socket API. What servers have in
//! common is in `service`. The resolver is split by idea: [`cache`] (what is believed, and for
//! how long), `servers` (whom it is good to ask), `response` (what a server's response means),
//! `lookup` (one question on its way down the tree), [`resolver`] (timers, and who waits for whom),
//! `recall` (the cache along aliases), `clients` (what clients get, and when), `repeats` (truncated responses), [`listing`] (the cache for a reader), and `families` (A beside AAAA).
//!
//! Left out: EDNS(0) in questions of our own (in those of others it is understood), zone
//! transfer, DNSSEC.

pub mod authority;
pub mod cache;
pub mod client;
mod clients;
pub mod config;
mod crowd;
mod families;
mod iterate;
pub mod listing;
mod local;
mod lookup;
mod over_tcp;
mod recall;
mod repeats;
pub mod resolver;
mod response;
pub mod scripted;
mod servers;
mod service;
pub mod stub;
pub mod zone;

#[cfg(test)]
mod authority_tests;
#[cfg(test)]
mod family_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod tcp_tests;
#[cfg(test)]
mod testbed;
#[cfg(test)]
mod testbed_streams;
#[cfg(test)]
mod testbed_zones;
#[cfg(test)]
mod tests;

pub use authority::NameServer;
pub use client::{LookupAgent, LookupJob};
pub use config::{Checks, ResolverConfig, ServeStale, Upstream, UpstreamKind};
pub use crowd::Crowd;
pub use local::{Learnt, LocalCaches, digest};
pub use resolver::Resolver;
pub use scripted::ScriptedServer;
pub use stub::{Answer, Outcome, Stub};
pub use zone::{Zone, ZoneError};
