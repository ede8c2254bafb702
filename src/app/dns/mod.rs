//! Name resolution as applications: name servers, a recursive resolver, stub resolvers.
//!
//! All speak RFC 1035 over UDP and TCP port 53 and see only the socket API. What servers have in
//! common is in `service`. The resolver is split by idea: [`cache`] (what is believed, and for
//! how long) and `recall` (the cache along aliases); `lookup` (one question on its way down the
//! tree), `delegation` and `hearsay` (the servers of a zone), `choose` (whom to turn to next), `minimise` (how
//! much of the name to show), `upstream` (queries and responses), `response` and `scrub` (what a
//! response means and what of it is believed), `iterate` (what follows from it); `servers` (whom
//! it is good to ask), `repeats` (truncated responses); `clients` (what clients get, and when)
//! and `courtesy` (what besides),
//! [`resolver`] (timers, and who waits for whom), [`listing`] (the cache for a reader), and
//! `families` (A beside AAAA).
//!
//! A name server is split likewise: [`zone`] (records, the search in them, changes), `authority`
//! (all zones of a server), `recursion` (asking further), `secondary` (copies of others' zones), and
//! [`name_server`] (which of these a query or a timer is for).
//!
//! Left out: notification, incremental transfer, dynamic update, DNSSEC.

mod authority;
pub mod cache;
mod choose;
pub mod client;
mod clients;
pub mod config;
mod courtesy;
mod crowd;
mod delegation;
mod families;
mod hearsay;
mod iterate;
pub mod listing;
mod local;
mod lookup;
mod minimise;
pub mod name_server;
mod over_tcp;
mod recall;
mod recursion;
mod repeats;
pub mod resolver;
mod response;
pub mod scripted;
mod scrub;
mod secondary;
mod servers;
mod service;
pub mod stub;
mod upstream;
pub mod zone;

#[cfg(test)]
mod authority_tests;
#[cfg(test)]
mod family_tests;
#[cfg(test)]
mod local_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod reuse_tests;
#[cfg(test)]
mod secondary_tests;
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

pub use client::{LookupAgent, LookupJob};
pub use config::{Checks, ResolverConfig, ServeStale, Upstream, UpstreamKind};
pub use crowd::Crowd;
pub use local::{Learnt, LocalCaches, OwnCache, digest};
pub use name_server::{NameServer, NameServerConfig};
pub use resolver::Resolver;
pub use scripted::ScriptedServer;
pub use secondary::SecondaryZone;
pub use stub::{Answer, Outcome, Stub};
pub use zone::{Zone, ZoneChange, ZoneError};
