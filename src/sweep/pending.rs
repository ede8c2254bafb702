//! Files that appear whole under their names, or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::report::ReportError;

/// A file that is written beside the one that it shall replace.
pub(super) struct Pending {
    path: PathBuf,
    temporary: PathBuf,
}

impl Pending {
    /// Opens a new file that is to be at `path`.
    pub(super) fn begin(path: PathBuf) -> Result<(Self, File), ReportError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let file = File::create(&temporary).map_err(ReportError::io("write", &path))?;
        Ok((Self { path, temporary }, file))
    }

    /// Wraps what the system said of it.
    pub(super) fn error(&self, source: io::Error) -> ReportError {
        ReportError::Io { doing: "write", path: self.path.clone(), source }
    }

    /// Lets it appear once it is on disk.
    pub(super) fn appear(&self, file: io::Result<File>) -> Result<(), ReportError> {
        let renamed = file.and_then(|file| file.sync_all()).and_then(|()| fs::rename(&self.temporary, &self.path));
        renamed.map_err(|source| self.error(source))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // After the rename there is nothing of that name.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Removes what processes left in a folder that were killed while they wrote. Who is still writing has to write again.
pub(super) fn tidy(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".tmp") {
            // Who cannot remove it leaves it: it harms nothing.
            let _ = fs::remove_file(entry.path());
        }
    }
}
