//! Files that appear whole under their names, or not at all.
//!
//! They are written under a name that nobody else has, in the same folder, synced and renamed.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::report::ReportError;

const PREFIX: &str = ".";
const SUFFIX: &str = ".tmp";

/// A file that is written beside the one that it shall replace.
pub(super) struct Pending {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl Pending {
    /// Opens a new file that is to be at `path`.
    pub(super) fn begin(path: PathBuf) -> Result<(Self, File), ReportError> {
        let temporary = temporary_in(path.parent().unwrap_or(Path::new(".")));
        let temporary = temporary.and_then(|temporary| temporary.as_file().try_clone().map(|file| (temporary, file)));
        match temporary {
            Ok((temporary, file)) => Ok((Self { path, temporary }, file)),
            Err(source) => Err(ReportError::Io { doing: "write", path, source }),
        }
    }

    /// Wraps what the system said of it.
    pub(super) fn error(&self, source: io::Error) -> ReportError {
        ReportError::Io { doing: "write", path: self.path.clone(), source }
    }

    /// Lets it appear once it is on disk.
    pub(super) fn appear(self, file: io::Result<File>) -> Result<(), ReportError> {
        let Self { path, temporary } = self;
        let synced = file.and_then(|file| file.sync_all());
        let renamed = synced.and_then(|()| temporary.persist(&path).map_err(|error| error.error));
        match renamed {
            Ok(_) => Ok(()),
            Err(source) => Err(ReportError::Io { doing: "write", path, source }),
        }
    }

    /// Writes a whole file.
    pub(super) fn write(path: PathBuf, text: &str) -> Result<(), ReportError> {
        let (pending, mut file) = Self::begin(path)?;
        let written = io::Write::write_all(&mut file, text.as_bytes()).map(|()| file);
        pending.appear(written)
    }
}

/// A new file with the user's usual permissions, which are not those of temporary files.
fn temporary_in(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(dir)
}

/// Whether writing again may help: somebody took what was being written for the rest of a process that was killed.
pub(super) fn tidied(error: &ReportError) -> bool {
    matches!(error, ReportError::Io { source, .. } if source.kind() == ErrorKind::NotFound)
}

/// Removes what processes left in a folder that were killed while they wrote. Who is still writing has to write again.
pub(super) fn tidy(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            // Who cannot remove it leaves it: it harms nothing.
            let _ = fs::remove_file(entry.path());
        }
    }
}
