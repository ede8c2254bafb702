//! Files that a scenario names: which of them may be read, and how much.
//!
//! A scenario from somebody else must not read what it likes: its files lie in its own folder or
//! below. Only whoever types a command may name a file elsewhere, by an absolute path.

use std::io::Read as _;
use std::path::{Path as FilePath, PathBuf};

use super::load::MAX_FILE_BYTES;
use super::problem::quote;

/// A file that was found, and the folder that what it includes may not leave.
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// As errors name it.
    pub(super) label: String,
    pub(super) bounds: PathBuf,
}

/// The file that a scenario names; `what` says what it is, as in "a master file".
pub(super) fn find(what: &str, name: &str, folder: Option<&FilePath>, typed: bool) -> Result<Found, String> {
    if FilePath::new(name).is_absolute() {
        if !typed {
            return Err(format!(
                "{what} lies in the scenario's folder and is named relative to it; an absolute path is for the \
                 command line (--set)"
            ));
        }
        let path = real(FilePath::new(name))?;
        let bounds = path.parent().unwrap_or(&path).to_owned();
        return Ok(Found { path, label: name.to_owned(), bounds });
    }
    let folder =
        folder.ok_or_else(|| format!("a scenario that is no file has no folder in which to look for {what}"))?;
    let folder = if folder.as_os_str().is_empty() { FilePath::new(".") } else { folder };
    inside(folder, name, &real(folder)?)
}

/// The file of that name relative to a folder, if it lies within bounds.
pub(super) fn inside(folder: &FilePath, name: &str, bounds: &FilePath) -> Result<Found, String> {
    let path = folder.join(name);
    let label = path.display().to_string();
    // links are followed first, so that none leads out
    let path = real(&path)?;
    if !path.starts_with(bounds) {
        return Err(format!("{} lies outside the folder {}", quote(name), bounds.display()));
    }
    Ok(Found { path, label, bounds: bounds.to_owned() })
}

fn real(path: &FilePath) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("cannot read {}: {error}", quote(&path.display().to_string())))
}

/// Octets that may still be read, in all files of a kind together.
pub(super) struct Budget {
    left: u64,
    /// The kind, as in "master files".
    kind: &'static str,
}

impl Budget {
    pub(super) const fn new(kind: &'static str) -> Self {
        Self { left: MAX_FILE_BYTES, kind }
    }

    pub(super) fn read(&mut self, path: &FilePath) -> Result<Vec<u8>, String> {
        let said = |error| format!("cannot read {}: {error}", quote(&path.display().to_string()));
        // a pipe or a device might never end
        if !path.metadata().map_err(said)?.is_file() {
            return Err(format!("{} is no file", quote(&path.display().to_string())));
        }
        let mut octets = Vec::new();
        let file = std::fs::File::open(path).map_err(said)?;
        file.take(self.left + 1).read_to_end(&mut octets).map_err(said)?;
        let too_much = || format!("all {} together have at most 64 MiB", self.kind);
        self.left = self.left.checked_sub(octets.len() as u64).ok_or_else(too_much)?;
        Ok(octets)
    }
}

/// The text of a file for errors to quote, with one character for each octet that is none of UTF-8, so that
/// places stay right.
pub(super) fn quotable(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().map(|octet| if octet.is_ascii() { char::from(*octet) } else { '?' }).collect(),
    }
}
