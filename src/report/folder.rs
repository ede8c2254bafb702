//! The result folder: written whole beside its destination, there by one rename.
//!
//! Until the last rename the destination is as it was before. A folder that is already there
//! is replaced only when every file in it is one that a run writes; anything else is
//! somebody's work and stays. Files are synced before the rename, transcripts excepted:
//! there are many of them and the trace gives them again.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::charts::{self, ChartSource, Theme};
use super::columns::{CONDUCT, PERSON_ACTIONS, TABLES};
use super::dialogue_rows::rows_of;
use super::error::ReportError;
use super::manifest::{self, RunInfo};
use super::read::read_table;
use super::rows::{csv_of, table_csv};
use super::transcripts::{counted, transcript_name};
use crate::metrics::web_columns::{WEB_PAGES, WEB_REQUESTS};
use crate::metrics::{RunRecord, WindowRow};

/// Which files a result folder gets besides manifest, scenario, summary, timing and tables.
/// No choice changes any other file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputOptions {
    /// `transcripts/*.txt`.
    pub transcripts: bool,
    /// `charts/*.svg`.
    pub charts: bool,
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self { transcripts: true, charts: true }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The result folder.
    pub dir: PathBuf,
    /// Files in it.
    pub files: usize,
    /// Connections whose transcripts were left out.
    pub transcripts_left_out: u64,
}

/// Files directly in a result folder.
const FILES: [&str; 7] = [
    "manifest.json",
    "scenario.resolved.json",
    "summary.json",
    "timing.json",
    "report.html",
    "events.jsonl",
    "capture.pcapng",
];

/// Folders in a result folder, and how the names of their files end.
const FOLDERS: [(&str, &[&str]); 3] =
    [("tables", &["csv", "parquet"]), ("transcripts", &["txt"]), ("charts", &["svg", "png"])];

/// A result folder under construction.
#[derive(Debug)]
pub struct ResultFolder {
    destination: PathBuf,
    /// Holds the new folder, and the old one for the moment of replacement.
    temporary: TempDir,
    files: usize,
}

impl ResultFolder {
    /// Begins a folder that will appear as `dir`. Parent folders are made.
    ///
    /// # Errors
    /// When `dir` is there and is not a result folder, or the system refuses.
    pub fn begin(dir: &Path) -> Result<Self, ReportError> {
        let Some(name) = dir.file_name() else {
            let why = "a result folder needs a name of its own".to_owned();
            return Err(ReportError::InTheWay { path: dir.to_owned(), why });
        };
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        vet(dir)?;
        fs::create_dir_all(parent).map_err(ReportError::io("create", parent))?;
        let prefix = format!(".{}-", name.to_string_lossy());
        let temporary = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let temporary = temporary.map_err(ReportError::io("create a folder in", parent))?;
        let folder = Self { destination: dir.to_owned(), temporary, files: 0 };
        // The temporary folder itself is private; the result gets the user's usual permissions.
        let new = folder.new_dir();
        fs::create_dir(&new).map_err(ReportError::io("create", &new))?;
        Ok(folder)
    }

    fn new_dir(&self) -> PathBuf {
        self.temporary.path().join("new")
    }

    /// Opens a file of the folder for a stream of output, such as `events.jsonl`. Flush it
    /// before [`ResultFolder::finish`]. A folder within the folder is made.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn stream(&mut self, name: &str) -> Result<BufWriter<File>, ReportError> {
        let path = self.new_dir().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(ReportError::io("create", parent))?;
        }
        self.files += 1;
        File::create(&path).map(BufWriter::new).map_err(ReportError::io("create", &path))
    }

    /// Reads the windows back that were streamed to `tables/cwnd.csv`, for their chart.
    ///
    /// # Errors
    /// When there is no such file yet, or it cannot be read.
    pub fn windows(&self) -> Result<Vec<WindowRow>, ReportError> {
        read_table(&self.new_dir().join("tables"))
    }

    fn write(&mut self, name: &str, bytes: &[u8], sync: bool) -> Result<(), ReportError> {
        let path = self.new_dir().join(name);
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(bytes)?;
            if sync { file.sync_all() } else { Ok(()) }
        };
        self.files += 1;
        write().map_err(ReportError::io("write", &path))
    }

    fn make_dir(&self, name: &str) -> Result<(), ReportError> {
        let path = self.new_dir().join(name);
        fs::create_dir_all(&path).map_err(ReportError::io("create", &path))
    }

    /// Writes everything about a run and lets the folder appear.
    ///
    /// # Errors
    /// When the system refuses, or somebody put something in the way meanwhile. The
    /// destination is then as it was before.
    pub fn finish(
        mut self,
        info: &RunInfo,
        record: &RunRecord,
        options: OutputOptions,
    ) -> Result<Written, ReportError> {
        self.write("scenario.resolved.json", info.resolved_json.as_bytes(), true)?;
        self.write("summary.json", manifest::summary_json(info, record).as_bytes(), true)?;
        self.write("timing.json", manifest::pretty(&info.timing).as_bytes(), true)?;
        self.make_dir("tables")?;
        for table in TABLES {
            let csv = table_csv(&record.tables, table.name).expect("every documented table is written");
            self.write(&format!("tables/{}.csv", table.name), &csv, true)?;
        }
        for table in [CONDUCT, PERSON_ACTIONS, WEB_REQUESTS, WEB_PAGES] {
            if let Some(csv) = table_csv(&record.tables, table.name) {
                self.write(&format!("tables/{}.csv", table.name), &csv, true)?;
            }
        }
        if options.transcripts {
            self.transcripts(record)?;
        }
        if options.charts {
            self.make_dir("charts")?;
            let source = ChartSource::with_scenario(&record.tables, &info.resolved_json);
            for name in charts::chart_names() {
                let drawing = charts::draw(name, &source, Theme::default()).expect("every listed chart can be drawn");
                // Nobody misses a sheet that says that there is nothing.
                if !drawing.is_blank() {
                    let svg = drawing.svg().expect("what was drawn can be written");
                    self.write(&format!("charts/{name}.svg"), svg.as_bytes(), true)?;
                }
            }
        }
        self.write("manifest.json", manifest::manifest_json(info, record).as_bytes(), true)?;
        let files = self.files;
        self.appear()?;
        let left_out = if options.transcripts { record.dialogues_left_out } else { 0 };
        Ok(Written { dir: self.destination, files, transcripts_left_out: left_out })
    }

    fn transcripts(&mut self, record: &RunRecord) -> Result<(), ReportError> {
        self.make_dir("transcripts")?;
        let mut rows = Vec::new();
        for dialogue in &record.dialogues {
            let name = format!("transcripts/{}", transcript_name(dialogue));
            let (text, lines) = counted(dialogue, record.start);
            self.write(&name, text.as_bytes(), false)?;
            rows.extend(rows_of(dialogue, &lines));
        }
        self.write("tables/dialogues.csv", &csv_of(&rows), true)?;
        if record.dialogues_left_out > 0 {
            let note = format!(
                "The first {} connections have transcripts here; {} later ones were left out.\n",
                record.dialogues.len(),
                record.dialogues_left_out
            );
            self.write("transcripts/left-out.txt", note.as_bytes(), false)?;
        }
        Ok(())
    }

    /// Puts the new folder in its place, keeping the old one until that has worked.
    fn appear(&self) -> Result<(), ReportError> {
        vet(&self.destination)?;
        let (new, old) = (self.new_dir(), self.temporary.path().join("old"));
        let replaced = self.destination.exists();
        if replaced {
            fs::rename(&self.destination, &old).map_err(ReportError::io("move away", &self.destination))?;
        }
        if let Err(source) = fs::rename(&new, &self.destination) {
            if replaced {
                fs::rename(&old, &self.destination).map_err(ReportError::io("put back", &self.destination))?;
            }
            return Err(ReportError::Io { doing: "create", path: self.destination.clone(), source });
        }
        let parent = self.temporary.path().parent().expect("a temporary folder has a parent");
        // Not every file system can sync a folder; the rename has happened all the same.
        let _ = File::open(parent).and_then(|parent| parent.sync_all());
        Ok(())
    }
}

/// Refuses a destination that holds anything but a result of ours.
fn vet(dir: &Path) -> Result<(), ReportError> {
    let in_the_way = |why: String| Err(ReportError::InTheWay { path: dir.to_owned(), why });
    match fs::symlink_metadata(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(ReportError::Io { doing: "look at", path: dir.to_owned(), source }),
        Ok(found) if !found.is_dir() => return in_the_way("it is not a folder".to_owned()),
        Ok(_) => {}
    }
    let entries = list(dir)?;
    if entries.is_empty() {
        return Ok(());
    }
    let manifest = fs::read_to_string(dir.join("manifest.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap_or_default();
    if manifest.get("posthaste").is_none() {
        return in_the_way("it is not empty and has no manifest.json of a result folder".to_owned());
    }
    for (name, is_dir) in entries {
        let known = FOLDERS.iter().find(|(folder, _)| *folder == name);
        let foreign = match known {
            Some((_, endings)) if is_dir => foreign_file(&dir.join(&name), endings)?,
            Some(_) | None => (is_dir || !FILES.contains(&name.as_str())).then_some(name.clone()),
        };
        if let Some(foreign) = foreign {
            return in_the_way(format!("it holds {foreign:?}, which no run wrote"));
        }
    }
    Ok(())
}

/// The first entry of a folder that does not end in one of these ways.
fn foreign_file(dir: &Path, endings: &[&str]) -> Result<Option<String>, ReportError> {
    let ours = |name: &str| name.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending));
    Ok(list(dir)?.into_iter().find(|(name, is_dir)| *is_dir || !ours(name)).map(|(name, _)| name))
}

/// The entries of a folder, sorted, and whether each is a folder itself.
fn list(dir: &Path) -> Result<Vec<(String, bool)>, ReportError> {
    let read = || -> std::io::Result<Vec<(String, bool)>> {
        fs::read_dir(dir)?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()))
            })
            .collect()
    };
    let mut entries = read().map_err(ReportError::io("look into", dir))?;
    entries.sort();
    Ok(entries)
}

/// Writes the result folder of a run; see [`ResultFolder`].
///
/// # Errors
/// As [`ResultFolder::begin`] and [`ResultFolder::finish`].
pub fn write_run(
    dir: &Path,
    info: &RunInfo,
    record: &RunRecord,
    options: OutputOptions,
) -> Result<Written, ReportError> {
    ResultFolder::begin(dir)?.finish(info, record, options)
}
