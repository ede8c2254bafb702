//! Loading: text and overrides in, a resolved scenario or all its errors out.

use std::io::Read as _;
use std::path::{Path as FilePath, PathBuf};

use serde_json::Value;

use super::diagnostics::{Diagnostics, OverrideName};
use super::problem::{Problem, Problems, Step, clean};
use super::resolved::{KeySpec, Resolved};
use super::schema::{Duration, Key, Scenario};
use super::{a_labels, check, document, fill, form, mail_file, zone_file};
use crate::base::SimDuration;

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// The name of an override is cut here, in characters.
const MAX_LABEL: usize = 200;

/// Changes of a scenario from outside, as the command line gives them.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// JSON pointers (RFC 6901) and the values to put there. Objects on the way are made;
    /// `-` or the length of a list appends to it.
    pub set: Vec<(String, Value)>,
    /// In place of `run.seed`.
    pub seed: Option<u64>,
    /// In place of `run.until`.
    pub until: Option<SimDuration>,
}

/// Why a scenario file could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file's name.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no valid scenario.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
}

/// Reads a scenario from a file of at most 64 MiB.
///
/// # Errors
/// The file cannot be read, or is no valid scenario.
pub fn load_file(path: &FilePath, overrides: &Overrides) -> Result<Resolved, LoadError> {
    Ok(ScenarioFile::read(path)?.load(overrides)?)
}

/// A scenario file that was read once, to be loaded with one change after another.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    label: String,
    bytes: Vec<u8>,
    folder: Option<PathBuf>,
}

impl ScenarioFile {
    /// Reads a file of at most 64 MiB.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &FilePath) -> Result<Self, LoadError> {
        let (label, bytes) = bytes_of(path)?;
        Ok(Self { label, bytes, folder: path.parent().map(FilePath::to_owned) })
    }

    /// The same file by another name in errors.
    #[must_use]
    pub fn named(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// What was read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The scenario with these changes.
    ///
    /// # Errors
    /// It is no valid scenario; all errors that can be found at once.
    pub fn load(&self, overrides: &Overrides) -> Result<Resolved, Diagnostics> {
        load_in(&self.label, &self.bytes, overrides, self.folder.as_deref())
    }
}

/// Reads the key that grades a scenario, from a file of at most 64 MiB.
///
/// # Errors
/// The file cannot be read, or is no valid key for this scenario; all errors that can be found at once.
pub fn load_key(path: &FilePath, graded: &Resolved) -> Result<KeySpec, LoadError> {
    let (label, bytes) = bytes_of(path)?;
    let text = text_of(&label, "a key", &bytes)?;
    let mut problems = Problems::default();
    let read = document::parse(text, &mut problems)
        .and_then(|value| form::read_as::<Key>("a key", value, text.len(), &mut problems));
    let of_form = problems.list.len();
    let spec = read.and_then(|key| check::resolve_key(&key, graded, &mut problems));
    problems.drop_consequences(of_form);
    if let Some(spec) = spec {
        return Ok(spec);
    }
    document::locate(text, &mut problems.list, &[]);
    Err(Diagnostics::new(&label, text, problems, &[]).into())
}

/// The name of a file, and what is in it.
pub(crate) fn bytes_of(path: &FilePath) -> Result<(String, Vec<u8>), LoadError> {
    let label = path.display().to_string();
    let io = |source| LoadError::Io { path: clean(&label, 400), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok((label, bytes))
}

/// Reads a scenario from a text; `label` names the text in errors.
///
/// # Errors
/// The text is no valid scenario; all errors that can be found at once.
pub fn load(label: &str, text: &str) -> Result<Resolved, Diagnostics> {
    load_with(label, text.as_bytes(), &Overrides::default())
}

/// Reads a scenario from bytes, with changes from outside. It has no folder, so it cannot name master files in it.
///
/// # Errors
/// The bytes are no valid scenario, or the changes do not fit it; all errors that can be found at once.
pub fn load_with(label: &str, bytes: &[u8], overrides: &Overrides) -> Result<Resolved, Diagnostics> {
    load_in(label, bytes, overrides, None)
}

/// The text of a file that is not too long.
pub(crate) fn text_of<'b>(label: &str, what: &str, bytes: &'b [u8]) -> Result<&'b str, Diagnostics> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Diagnostics::of_file(label, format!("{what} has at most 64 MiB")));
    }
    document::decode(bytes).map_err(|error| {
        let (lossy, problem) = *error;
        let mut problems = Problems::default();
        problems.push(problem);
        Diagnostics::new(label, &lossy, problems, &[])
    })
}

fn load_in(
    label: &str,
    bytes: &[u8],
    overrides: &Overrides,
    folder: Option<&FilePath>,
) -> Result<Resolved, Diagnostics> {
    let text = text_of(label, "a scenario file", bytes)?;
    let mut problems = Problems::default();
    let mut changes = Vec::new();
    if let Some(resolved) = resolve(text, overrides, folder, &mut changes, &mut problems) {
        return Ok(resolved);
    }
    let outside: Vec<&[Step]> = changes.iter().map(|change| change.steps.as_slice()).collect();
    document::locate(text, &mut problems.list, &outside);
    Err(Diagnostics::new(label, text, problems, &changes))
}

/// The steps in order; each goes on where the one before leaves something to go on with, and drops what may follow
/// from errors found before.
fn resolve(
    text: &str,
    overrides: &Overrides,
    folder: Option<&FilePath>,
    changes: &mut Vec<OverrideName>,
    problems: &mut Problems,
) -> Option<Resolved> {
    let mut value = document::parse(text, problems)?;
    for (pointer, new) in &overrides.set {
        let label = override_label(pointer, new);
        match set(&mut value, pointer, new.clone()) {
            Ok(steps) => changes.push(OverrideName { steps, label }),
            Err(message) => {
                let steps = tokens(pointer).map(Step::Key).collect::<Vec<_>>();
                problems.push(Problem::new(steps.clone(), message));
                changes.push(OverrideName { steps, label });
            }
        }
    }
    document::strip_comments(&mut value);
    a_labels::rewrite(&mut value);
    let mut scenario = form::read(value, text.len(), problems)?;
    set_run(&mut scenario, overrides, changes);
    let typed: Vec<&[Step]> = changes.iter().map(|change| change.steps.as_slice()).collect();
    zone_file::inline(&mut scenario, folder, &typed, problems);
    mail_file::inline(&mut scenario, folder, &typed, problems);
    let (readable, all) = (problems.list.len(), problems.count());
    check::check_size(&scenario, problems);
    if problems.count() > all {
        return None;
    }
    check::check_names(&scenario, problems);
    let written = check::Written::of(&scenario);
    fill::fill(&mut scenario);
    let resolved = check::resolve(scenario, &written, problems);
    problems.drop_consequences(readable);
    resolved
}

/// How findings call a value that was set from outside.
pub(crate) fn override_label(pointer: &str, new: &Value) -> String {
    clean(&format!("--set {pointer}={new}"), MAX_LABEL)
}

fn set_run(scenario: &mut Scenario, overrides: &Overrides, changes: &mut Vec<OverrideName>) {
    let steps = |key: &str| vec![Step::Key("run".to_owned()), Step::Key(key.to_owned())];
    if let Some(seed) = overrides.seed {
        scenario.run.seed = Some(seed);
        changes.push(OverrideName { steps: steps("seed"), label: format!("--seed {seed}") });
    }
    if let Some(until) = overrides.until {
        scenario.run.until = Some(Duration(until));
        changes.push(OverrideName { steps: steps("until"), label: format!("--until {}", until.to_text()) });
    }
}

/// The unescaped parts of a JSON pointer (RFC 6901 section 4).
pub(crate) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    let parts = pointer.strip_prefix('/').unwrap_or(pointer).split('/');
    parts.map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// Puts a value at a JSON pointer. The steps that lead there, or to the first part of it that
/// was not there before: whatever is wrong with a part that was made is wrong with the change.
fn set(root: &mut Value, pointer: &str, new: Value) -> Result<Vec<Step>, String> {
    if !pointer.starts_with('/') {
        return Err("a JSON pointer begins with \"/\", like /run/seed".to_owned());
    }
    let tokens: Vec<String> = tokens(pointer).collect();
    if tokens.len() > 64 {
        return Err("this JSON pointer is too long".to_owned());
    }
    let mut here = root;
    let mut steps = Vec::new();
    let mut made = None;
    for (position, token) in tokens.iter().enumerate() {
        // A list is made where the first element of one is named.
        let next = tokens.get(position + 1).map(String::as_str);
        let filler = || match next {
            Some("0" | "-") => Value::Array(Vec::new()),
            Some(_) | None => Value::Object(serde_json::Map::new()),
        };
        here = match here {
            Value::Object(map) => {
                steps.push(Step::Key(token.clone()));
                if !map.contains_key(token) {
                    made.get_or_insert(steps.len());
                }
                map.entry(token).or_insert_with(filler)
            }
            Value::Array(list) => {
                let index = if token == "-" { Some(list.len()) } else { token.parse().ok() };
                let index = index.filter(|index| *index <= list.len());
                let index =
                    index.ok_or_else(|| format!("the list here has {} elements, numbered from 0", list.len()))?;
                steps.push(Step::Index(index));
                if index == list.len() {
                    made.get_or_insert(steps.len());
                    list.push(filler());
                }
                &mut list[index]
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err("this JSON pointer leads into a value that has no parts".to_owned());
            }
        };
    }
    *here = new;
    steps.truncate(made.unwrap_or(steps.len()));
    Ok(steps)
}
