//! Errors of a scenario as a reader sees them: where, what, and what would help.
//!
//! Each shows the line of the file with a caret under the place. Long lines are shown in
//! part; control characters never reach the terminal. No colours: the command line adds
//! none, so that a message in a log is the message on the screen.

use std::fmt;

use serde::Serialize;

use super::problem::{Problem, Problems, Step, clean, path_text};

/// So many characters of a line are shown.
const WIDTH: usize = 100;

/// One error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file, or the override (`--set /run/seed=...`) in which it is; for a record from a master file, that file.
    pub source: String,
    /// The place in the scenario, such as `workload[2].to`; `""` for the whole file.
    pub path: String,
    /// Line in the file, from 1; none for an override or a file that cannot be read.
    pub line: Option<usize>,
    /// Column in the line, in characters from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What would help.
    pub help: Option<String>,
    #[serde(skip)]
    excerpt: Option<Excerpt>,
}

/// The part of a line that is shown, and the part of that which is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    indent: usize,
    marked: usize,
}

/// All errors of a scenario, at least one, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    #[serde(skip)]
    dropped: usize,
}

/// A change of a scenario from outside, and how the user named it.
#[derive(Clone, Debug)]
pub(crate) struct OverrideName {
    pub(crate) steps: Vec<Step>,
    pub(crate) label: String,
}

impl Diagnostics {
    /// The errors.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// One error about a file as a whole.
    pub(crate) fn of_file(label: &str, message: String) -> Self {
        let source = clean(label, 400);
        let whole =
            Diagnostic { source, path: String::new(), line: None, column: None, message, help: None, excerpt: None };
        Self { list: vec![whole], dropped: 0 }
    }

    /// The errors of several files as one list; none of no errors.
    pub(crate) fn join(all: Vec<Self>) -> Option<Self> {
        let mut joined = Self { list: Vec::new(), dropped: 0 };
        for one in all {
            joined.list.extend(one.list);
            joined.dropped += one.dropped;
        }
        (!joined.list.is_empty()).then_some(joined)
    }

    /// Gives located findings their lines.
    pub(crate) fn new(label: &str, text: &str, problems: Problems, overrides: &[OverrideName]) -> Self {
        let dropped = problems.dropped;
        let mut found = problems.list;
        found.sort_by_key(|problem| problem.span);
        let list = found.into_iter().map(|problem| diagnose(label, text, problem, overrides)).collect();
        Self { list, dropped }
    }
}

fn diagnose(label: &str, text: &str, problem: Problem, overrides: &[OverrideName]) -> Diagnostic {
    let outside = overrides.iter().rev().find(|change| problem.steps.starts_with(&change.steps));
    let path = path_text(&problem.steps);
    let Problem { message, help, span, file, .. } = problem;
    if let Some(place) = file {
        return at_place(&place.file.name, &place.file.text, place.span, (path, message, help));
    }
    if let Some(change) = outside {
        let source = clean(&change.label, 200);
        return Diagnostic { source, path, line: None, column: None, message, help, excerpt: None };
    }
    at_place(label, text, span.unwrap_or((0, 0)), (path, message, help))
}

fn at_place(
    label: &str,
    text: &str,
    (start, end): (usize, usize),
    (path, message, help): (String, String, Option<String>),
) -> Diagnostic {
    let place = Place::find(text, start, end);
    let excerpt = Some(place.excerpt());
    let (line, column) = (Some(place.number), Some(place.from + 1));
    Diagnostic { source: clean(label, 400), path, line, column, message, help, excerpt }
}

/// A stretch of one line, in characters.
struct Place<'a> {
    number: usize,
    line: &'a str,
    from: usize,
    to: usize,
}

impl<'a> Place<'a> {
    fn find(text: &'a str, start: usize, end: usize) -> Self {
        let boundary = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (boundary(start), boundary(end));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
        let end = end.clamp(start, line_end);
        Self {
            number: text[..line_start].matches('\n').count() + 1,
            line: text[line_start..line_end].trim_end_matches('\r'),
            from: text[line_start..start].chars().count(),
            to: text[line_start..end].chars().count(),
        }
    }

    fn excerpt(&self) -> Excerpt {
        let skip = if self.to > WIDTH { self.from.saturating_sub(WIDTH / 2) } else { 0 };
        let shown: String = self.line.chars().skip(skip).take(WIDTH).map(visible).collect();
        let length = shown.chars().count();
        let from = (self.from - skip).min(length);
        let marked = (self.to.max(self.from + 1) - self.from).min((length - from).max(1));
        let front = if skip > 0 { "..." } else { "" };
        let more = self.line.chars().count() > skip + WIDTH;
        Excerpt { text: format!("{front}{shown}{}", if more { "..." } else { "" }), indent: front.len() + from, marked }
    }
}

/// One character for one character, so that the caret stays under its place.
fn visible(c: char) -> char {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    match c {
        '\t' => ' ',
        c if c.is_control() || hidden => '\u{fffd}',
        c => c,
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let gutter = self.line.map_or(1, |line| line.to_string().len());
        write!(f, "{:gutter$}--> {}", "", self.source)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if self.path.is_empty() {
            writeln!(f)?;
        } else {
            writeln!(f, " at {}", self.path)?;
        }
        if let (Some(excerpt), Some(line)) = (&self.excerpt, self.line) {
            writeln!(f, "{:gutter$} |", "")?;
            writeln!(f, "{line} | {}", excerpt.text)?;
            writeln!(f, "{:gutter$} | {:indent$}{}", "", "", "^".repeat(excerpt.marked), indent = excerpt.indent)?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "{:gutter$} = help: {help}", "")?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            diagnostic.fmt(f)?;
        }
        if self.dropped > 0 {
            writeln!(f, "\nand {} more", self.dropped)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
