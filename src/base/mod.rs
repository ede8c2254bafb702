//! Words that everybody uses: time, units, handles, random streams, the trace.
//!
//! This layer imports nothing of ours.

pub mod address;
pub mod calendar;
pub mod directory;
pub mod dist;
pub mod hash;
pub mod ids;
pub mod nearest;
pub mod rng;
pub mod socket;
pub mod time;
pub mod trace;
pub mod units;
pub mod zipf;

pub use address::{Addresses, Family};
pub use calendar::UnixTime;
pub use directory::Directory;
pub use dist::Dist;
pub use ids::{AppId, ConnId, EventId, HostId, LinkDirId, Order, QueryId};
pub use nearest::nearest;
pub use rng::{Stream, Streams};
pub use socket::{CloseReason, Endpoint, Side, SocketId};
pub use time::{SimDuration, SimTime};
pub use units::{DataRate, DataSize, Probability};
pub use zipf::Zipf;
