//! A user's PC: the user agent (MUA) that writes and submits mail, fetches it, and is what people sit at who read,
//! answer and file it step by step or by habit.
//!
//! Composed messages go to an outbox on the PC's disk, which survives a failure of the PC, as does what the PC knows
//! of the mailbox.

pub mod access;
mod agent;
mod answers;
mod calendar;
mod compose;
mod disk;
mod habits;
mod manner;
mod pen;
mod reading;
mod seat;
mod shelf;
mod sitting;
mod steps;
mod submission;

pub use agent::UserAgent;
pub use calendar::Share;
pub use compose::{Arrivals, Body, Draft, Extras, Recipients};
pub use habits::{Habits, Rhythm, Traits};
pub use manner::{Fetch, Manner, ReadJob};
pub use seat::SessionJob;
pub use steps::{Files, Means, Pick, Step};
pub use submission::SubmissionConfig;

use crate::proto::smtp::Dialect;
use std::net::IpAddr;

/// What a user agent is to do.
#[derive(Clone, Debug)]
pub struct UserAgentConfig {
    /// The user's address.
    pub address: String,
    /// The user's name, if messages show one.
    pub name: Option<String>,
    /// The name of the computer when it is not the user's own: it becomes part of Message-IDs,
    /// because the agents of one user do not know what the others have numbered.
    pub device: Option<String>,
    /// The password for the mailbox.
    pub password: String,
    /// The name of the user's mail server, found by its A and AAAA records.
    pub server: String,
    /// How mail is submitted.
    pub submission: SubmissionConfig,
    /// The resolvers that the PC asks.
    pub resolvers: Vec<IpAddr>,
    /// Whether the PC's stub resolver keeps what it learns.
    pub stub_cache: bool,
    /// How it writes its commands.
    pub dialect: Dialect,
    /// Messages to be written at certain times.
    pub drafts: Vec<Draft>,
    /// Messages to be written at random times.
    pub arrivals: Vec<Arrivals>,
    /// When the mailbox is read.
    pub reads: Vec<ReadJob>,
    /// Sessions that are described step by step.
    pub sessions: Vec<SessionJob>,
    /// Habits of the person.
    pub habits: Vec<Habits>,
}
