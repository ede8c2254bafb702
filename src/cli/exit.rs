//! Exit codes and the one error that a command may end with.

use std::fmt;
use std::process::ExitCode;

/// How the process ends. The numbers are part of the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; every `expect` held.
    Done = 0,
    /// Ran, but an `expect` failed; or the runs that were compared differ.
    ExpectFailed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// The scenario is invalid.
    Invalid = 3,
    /// A file could not be read or written.
    Io = 4,
    /// Some points of a study are missing or failed; the others are kept.
    Incomplete = 5,
    /// A limit of the scenario was reached; partial results are written and marked.
    Limit = 6,
    /// A bug.
    Internal = 70,
    /// Interrupted; what was finished is kept.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What to print on stderr, without the final newline.
    pub message: String,
}

impl CommandError {
    /// An error of that kind.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// A file could not be read or written.
    pub fn io(message: impl Into<String>) -> Self {
        Self::new(Exit::Io, message)
    }

    /// The command line was wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}
