//! Replays of recorded resolver dialogues: a *case* names a resolver, the scripted servers that
//! it may reach, and what a client asks at which virtual time.
//!
//! The topology is implied: one client, one resolver and one host for each scripted address, each
//! 1 ms from the resolver, with no loss and no bound on rate. An address that no entry names does not
//! exist: datagrams to it vanish. The resolver, the servers and the network are those of scenarios; nothing here
//! judges what is answered. Left out: TCP connections to addresses that do not exist fail at once.

mod case;
mod play;
mod read;
mod told;
mod world;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path as FilePath;

use super::diagnostics::Diagnostics;
use super::load::{LoadError, MAX_FILE_BYTES, text_of};
use super::problem::{Problems, clean};
use super::{document, form};
use crate::app::dns::ResolverConfig;
use crate::app::dns::scripted::Script;
use crate::base::SimTime;

pub use play::{Unfinished, play};
pub use told::{Told, ToldQuery, ToldStep};

/// A case that was read and checked.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The resolver's parameters.
    pub resolver: ResolverConfig,
    /// Options that the resolver does not have.
    pub ignored: Vec<String>,
    /// What each scripted address goes by.
    pub servers: BTreeMap<IpAddr, Script>,
    /// What the client does, in order.
    pub steps: Vec<Step>,
}

/// One query of the client.
#[derive(Clone, Debug)]
pub struct Step {
    /// When, at the earliest.
    pub at: SimTime,
    /// What it sends.
    pub question: Question,
    /// Whether it wants an answer.
    pub asks: bool,
    /// Whether the next step waits for that answer.
    pub waits: bool,
}

/// A query as it is sent.
#[derive(Clone, Debug)]
pub struct Question {
    /// Over TCP.
    pub tcp: bool,
    /// The message.
    pub octets: Vec<u8>,
}

/// Reads a case from a file of at most 64 MiB.
///
/// # Errors
/// The file cannot be read, or is no valid case.
pub fn load_file(path: &FilePath) -> Result<Case, LoadError> {
    let label = path.display().to_string();
    let io = |source| LoadError::Io { path: clean(&label, 400), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(load(&label, &bytes)?)
}

/// Reads a case from bytes; `label` names them in errors.
///
/// # Errors
/// They are no valid case; all errors that can be found at once.
pub fn load(label: &str, bytes: &[u8]) -> Result<Case, Diagnostics> {
    let text = text_of(label, "a case", bytes)?;
    let mut problems = Problems::default();
    let read = document::parse(text, &mut problems).and_then(|mut value| {
        case::check_parts(&value, &mut problems);
        if !problems.is_empty() {
            return None;
        }
        case::drop_notes(&mut value);
        document::strip_comments(&mut value);
        form::read_as::<case::CaseFile>("a case", value, text.len(), &mut problems)
    });
    if let Some(file) = read
        && problems.is_empty()
        && let Some(case) = read::read(&file, &mut problems)
    {
        return Ok(case);
    }
    document::locate(text, &mut problems.list, &[]);
    Err(Diagnostics::new(label, text, problems, &[]))
}
