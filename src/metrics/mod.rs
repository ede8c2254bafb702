//! What a run amounted to: observers of the trace that turn events into rows and numbers.
//!
//! A [`Recorder`] reads the trace while the run goes on and keeps what the tables need: the
//! life of each copy of a message, each attempt, DNS question, connection, dialogue and fault, the
//! changes of each queue's length, and counters of each link direction. It keeps nothing per
//! packet. [`Recorder::finish`] gives a [`RunRecord`]: plain rows with names instead of
//! handles, sorted so that no row depends on hosts that have nothing to do with it.
//!
//! Left out: time series of congestion windows, which are written by `report` as the run goes on.
//! This layer reads no file and no clock, and knows nothing of how things are shown.

pub mod actions;
mod arrivals;
pub mod attempts;
mod beginnings;
pub mod column_values;
pub mod columns;
pub mod conduct;
pub mod connections;
mod copies;
mod copy;
pub mod destinations;
pub mod dialogue;
pub mod dialogue_columns;
pub mod dns;
pub mod dns_loads;
pub mod faults;
pub mod fingerprint;
pub mod links;
mod lookups;
mod mail;
pub mod mail_columns;
mod mail_summary;
pub mod messages;
mod metric_names;
mod names;
pub mod parts;
pub mod processing;
pub mod queues;
pub mod reading;
pub mod reading_columns;
pub mod reasons;
pub mod record;
mod recorder;
pub mod replies;
pub mod smtp_sessions;
pub mod storms;
pub mod summary;
pub mod survival;
#[cfg(test)]
pub(crate) mod testing;
pub mod web;
pub mod web_columns;
pub mod windows;
mod words;

pub use actions::ActionRow;
pub use attempts::{AttemptEnd, AttemptRow};
pub use column_values::{Kind, Names};
pub use columns::TableDoc;
pub use conduct::{CONDUCT_METRICS, ConductRow};
pub use connections::{ConnectionRow, EndRow};
pub use destinations::DestinationRow;
pub use dialogue::{Dialogue, DialogueRow, Piece};
pub use dns::{DnsOutcome, DnsRole, DnsRow};
pub use dns_loads::{CacheFound, CacheLevel, CacheRow, DnsServerRole, DnsServerRow};
pub use faults::{FaultKind, FaultRow};
pub use fingerprint::Fingerprint;
pub use links::{LinkFigures, LinkRow, Millionths};
pub use messages::{CopyStatus, MessageRow};
pub use metric_names::METRICS;
pub use names::Text;
pub use parts::PartRow;
pub use processing::HostLoad;
pub use queues::QueueRow;
pub use reading::{MailboxRow, MailboxSessionRow, ReadingRow};
pub use reasons::{Outcome, ReasonRow};
pub use record::{RunRecord, ServerBalance, Tables};
pub use recorder::{Recorder, RecorderOptions};
pub use replies::{DuplicateCause, DuplicateRow, LostReplyRow};
pub use smtp_sessions::{SessionCounts, SessionRow};
pub use storms::{RateRow, StormRow};
pub use summary::Metric;
pub use survival::SurvivalRow;
pub use web::{WEB_METRICS, WebPageRow, WebRequestRow};
pub use windows::WindowRow;
pub use words::{close as close_word, failure as failure_word, rtype as rtype_word};
