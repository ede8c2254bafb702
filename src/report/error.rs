//! What can go wrong between a run and its files.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a result folder could not be written or read.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried: "write", "read", ...
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The destination holds something that is not ours to replace.
    #[error("{} is in the way: {why}; nothing was changed", .path.display())]
    InTheWay {
        /// The destination.
        path: PathBuf,
        /// What is there.
        why: String,
    },
    /// A file of a result folder is not as this version writes it.
    #[error("{}:{line}: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
}

impl ReportError {
    /// Wraps an I/O error: `.map_err(ReportError::io("write", &path))`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    pub(crate) fn damaged(path: &Path, line: u64, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), line, what: what.into() }
    }
}
