//! What is kept of a study: one small file for each point and replication, under the hash of all that it depends on.
//!
//! `records/xx/HASH.json` is written under another name in the same folder, synced and renamed, so it is there whole or
//! not at all, whatever happens to the process. Its content carries its own digest: what was damaged since is noticed
//! and told, and never taken for a result. A record depends on nothing but its address, so several processes may fill
//! one folder at a time: if two of them write the same record, they write the same bytes.

mod address;
mod record;

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::base::hash::Digest;
use crate::report::ReportError;
use crate::sweep::pending::{self, Pending};

pub(super) use address::Definitions;
pub use record::Record;

/// Longer files are no records of ours.
const MAX_RECORD_BYTES: u64 = 16 << 20;
/// So often a record is written before it is given up.
const ATTEMPTS: u32 = 10;
/// What each record is called in a folder of its own first two digits.
const RECORDS: &str = "records";

/// What is there at an address.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A whole record.
    Record(Box<Record>),
    /// Something that is no record of this address, and why not.
    Damaged(String),
}

/// The records in one folder.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// The records of the study in this folder, which need not be there yet.
    #[must_use]
    pub fn of(study: &Path) -> Self {
        Self { dir: study.join(RECORDS) }
    }

    /// Where the record of that address is, or would be.
    #[must_use]
    pub fn path(&self, address: Digest) -> PathBuf {
        let name = address.to_string();
        self.dir.join(&name[..2]).join(format!("{name}.json"))
    }

    /// What is there at this address.
    #[must_use]
    pub fn find(&self, address: Digest) -> Found {
        let mut bytes = Vec::new();
        let read = File::open(self.path(address)).and_then(|file| file.take(MAX_RECORD_BYTES).read_to_end(&mut bytes));
        match read {
            Ok(_) => {
                Record::read(&bytes, address).map_or_else(Found::Damaged, |record| Found::Record(Box::new(record)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Found::Nothing,
            Err(error) => Found::Damaged(error.to_string()),
        }
    }

    /// Keeps a record, in place of what was there.
    ///
    /// # Errors
    /// The system refuses. What was there before is there still.
    pub fn keep(&self, record: &Record) -> Result<(), ReportError> {
        let (path, text) = (self.path(record.address), record.text());
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Pending::write(path.clone(), &text) {
                // The first record in its folder; or somebody tidied up at that moment.
                Err(error) if pending::tidied(&error) && attempts < ATTEMPTS => {
                    let parent = path.parent().unwrap_or(&self.dir);
                    fs::create_dir_all(parent).map_err(ReportError::io("create", parent))?;
                }
                done => return done,
            }
        }
    }

    /// Removes what processes left that were killed while they wrote. A process that is still writing writes again.
    pub fn tidy(&self) {
        for folder in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            pending::tidy(&folder.path());
        }
    }
}
