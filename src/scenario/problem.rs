//! Findings on a scenario before they are given a place in the file's text.
//!
//! A finding knows where it is as a path of keys and indices; the text is searched for that
//! place only when there is something to report.

pub(crate) use crate::base::nearest;

use super::schema::FilePlace;

/// So many findings are kept; more would not be read.
const MAX_PROBLEMS: usize = 100;
/// Quoted input is cut here, in characters.
const MAX_QUOTE: usize = 80;

/// So many names are listed where none is near.
const MAX_NAMES: usize = 5;

/// A message is cut here, in characters; control characters never get into one.
const MAX_MESSAGE: usize = 500;

/// A place in a scenario, as a chain from the inside out that costs nothing to build.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    /// The whole file.
    Root,
    /// The value of a key.
    Key(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
    /// A key itself, not its value.
    Name(&'a Path<'a>, &'a str),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// On what a finding rests besides its own place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rests {
    /// On nothing.
    Nowhere,
    /// On all names that there are: one was not found.
    OnNames,
    /// On what another place says.
    OnOthers,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) steps: Vec<Step>,
    /// Whether the last step's key is meant, not its value.
    pub(crate) on_key: bool,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The place, when it was found without a path.
    pub(crate) span: Option<(usize, usize)>,
    /// The part of the text at that place that is meant, in bytes.
    pub(crate) within: Option<(usize, usize)>,
    /// The place, when it is in another file.
    pub(crate) file: Option<Box<FilePlace>>,
    /// What else must be right for this to be wrong.
    pub(crate) rests: Rests,
}

/// All findings so far, in the order found.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub(crate) list: Vec<Problem>,
    pub(crate) dropped: usize,
}

impl<'a> Path<'a> {
    pub(crate) const fn key(&'a self, key: &'a str) -> Self {
        Path::Key(self, key)
    }

    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Path::Index(self, index)
    }

    pub(crate) const fn name(&'a self, key: &'a str) -> Self {
        Path::Name(self, key)
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut here = self;
        loop {
            here = match here {
                Path::Root => break,
                Path::Key(above, key) | Path::Name(above, key) => {
                    steps.push(Step::Key((*key).to_owned()));
                    above
                }
                Path::Index(above, index) => {
                    steps.push(Step::Index(*index));
                    above
                }
            };
        }
        steps.reverse();
        steps
    }
}

impl Problem {
    pub(crate) fn new(steps: Vec<Step>, message: impl Into<String>) -> Self {
        Self {
            steps,
            on_key: false,
            message: message.into(),
            help: None,
            span: None,
            within: None,
            file: None,
            rests: Rests::Nowhere,
        }
    }
}

impl Problems {
    pub(crate) fn push(&mut self, mut problem: Problem) {
        problem.message = clean(&problem.message, MAX_MESSAGE);
        problem.help = problem.help.map(|help| clean(&help, MAX_MESSAGE));
        if self.list.contains(&problem) {
            return;
        }
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(problem);
        } else {
            self.dropped += 1;
        }
    }

    /// How many there are, those included that are not kept.
    pub(crate) fn count(&self) -> usize {
        self.list.len() + self.dropped
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Notes that something at `path` is wrong.
    pub(crate) fn at(&mut self, path: Path<'_>, message: impl Into<String>) {
        self.add(path, message.into(), None);
    }

    /// Notes that something at `path` is wrong, and what would help.
    pub(crate) fn help(&mut self, path: Path<'_>, message: impl Into<String>, help: impl Into<String>) {
        self.add(path, message.into(), Some(help.into()));
    }

    pub(crate) fn add(&mut self, path: Path<'_>, message: String, help: Option<String>) {
        let on_key = matches!(path, Path::Name(..));
        self.push(Problem { on_key, help, ..Problem::new(path.steps(), message) });
    }

    /// Notes that a name at `path` means nothing.
    pub(crate) fn unknown_name(&mut self, path: Path<'_>, message: String, help: Option<String>) {
        let on_key = matches!(path, Path::Name(..));
        self.push(Problem { on_key, help, rests: Rests::OnNames, ..Problem::new(path.steps(), message) });
    }

    /// Notes that what stands at `path` differs from what stands elsewhere.
    pub(crate) fn differs(&mut self, path: Path<'_>, message: String, help: Option<String>) {
        self.push(Problem { help, rests: Rests::OnOthers, ..Problem::new(path.steps(), message) });
    }

    /// Notes that `name` is no known `what`, and suggests the nearest one.
    /// Without one, it says some of what there is.
    pub(crate) fn unknown<'n>(
        &mut self,
        path: Path<'_>,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        let some = some_of("known here", known.clone());
        self.unknown_else(path, what, name, known, some.as_deref());
    }

    /// As [`Problems::unknown`], with what helps when no name is near.
    pub(crate) fn unknown_else<'n>(
        &mut self,
        path: Path<'_>,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str>,
        otherwise: Option<&str>,
    ) {
        if self.list.len() >= MAX_PROBLEMS {
            self.dropped += 1;
            return;
        }
        let help = nearest(name, known).map(did_you_mean).or_else(|| otherwise.map(str::to_owned));
        self.unknown_name(path, format!("there is no {what} {}", quote(name)), help);
    }

    /// Notes that something in another file is wrong, to which the scenario's `path` led.
    pub(crate) fn in_file(&mut self, path: Path<'_>, place: &FilePlace, message: impl Into<String>) {
        let mut problem = Problem::new(path.steps(), message);
        problem.file = Some(Box::new(place.clone()));
        self.push(problem);
    }

    /// Drops what was found behind the first `count` findings and may only follow from these: it stands where
    /// one of them stands, or rests on what they kept from being read.
    pub(crate) fn drop_consequences(&mut self, count: usize) {
        let later = self.list.split_off(count.min(self.list.len()));
        let first: Vec<Vec<Step>> = self.list.iter().map(|problem| problem.steps.clone()).collect();
        let hides_names = first.iter().any(|steps| may_hold_names(steps));
        let limits = first.iter().any(|steps| steps.first() == Some(&Step::Key("limits".to_owned())));
        let own = |problem: &Problem| {
            let apart = |steps: &Vec<Step>| !steps.starts_with(&problem.steps) && !problem.steps.starts_with(steps);
            first.iter().all(apart)
                && !(limits && problem.message.contains("`limits."))
                && match problem.rests {
                    Rests::Nowhere => true,
                    Rests::OnNames => !hides_names,
                    Rests::OnOthers => first.is_empty(),
                }
        };
        self.list.extend(later.into_iter().filter(own));
    }

    /// Notes that a part of the text at `path` is wrong.
    pub(crate) fn within(
        &mut self,
        path: Path<'_>,
        part: (usize, usize),
        found: (String, Option<String>),
        rests: Rests,
    ) {
        let (message, help) = found;
        self.push(Problem { within: Some(part), help, rests, ..Problem::new(path.steps(), message) });
    }

    /// Notes the error in `result`, if it is one.
    pub(crate) fn check(&mut self, path: Path<'_>, result: Result<(), String>) {
        if let Err(message) = result {
            self.at(path, message);
        }
    }
}

/// Whether something that brings names into being, or bounds their number, may stand there.
fn may_hold_names(steps: &[Step]) -> bool {
    let key = |at: usize| match steps.get(at) {
        Some(Step::Key(key)) => key.as_str(),
        Some(Step::Index(_)) | None => "",
    };
    match key(0) {
        "title" | "description" | "start" | "workload" | "faults" | "expect" | "outputs" | "run" => false,
        "mail" => !NAMELESS.contains(&key(2)),
        "users" => key(2).is_empty() || key(2) == "host",
        _ => true,
    }
}

/// Keys of a mail domain that bring no name into being.
const NAMELESS: [&str; 13] = [
    "retry",
    "queue",
    "smtp",
    "conduct",
    "reports",
    "imap",
    "submission",
    "quota",
    "dialect",
    "hop_limit",
    "preference",
    "transports",
    "smart_host",
];

pub(crate) fn did_you_mean(name: &str) -> String {
    format!("did you mean {}?", quote(name))
}

/// The first few of the names, in words; none when there are no names.
pub(crate) fn some_of<'n>(what: &str, mut names: impl Iterator<Item = &'n str>) -> Option<String> {
    let first: Vec<String> = names.by_ref().take(MAX_NAMES).map(quote).collect();
    let more = names.count();
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!first.is_empty()).then(|| format!("{what}: {}{rest}", first.join(", ")))
}

/// Input in quotation marks, cut at 80 characters and with control characters escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    out.push_str(&clean(text, MAX_QUOTE));
    out.push('"');
    out
}

/// Text without control characters, at most `limit` characters of it.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            out.push_str("...");
            break;
        }
        // Besides controls: what reverses or hides text on a terminal.
        let hidden =
            matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || hidden {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// A path as a reader writes it: `workload[2].to`, `mail."hamburger.edu".users[0]`.
pub(crate) fn path_text(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Index(index) => out.push_str(&format!("[{index}]")),
            Step::Key(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$".contains(&b));
                out.push_str(&if plain { clean(key, MAX_QUOTE) } else { quote(key) });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_up_to_a_few() {
        assert_eq!(some_of("links", ["a", "b"].into_iter()).unwrap(), "links: \"a\", \"b\"");
        let many = some_of("links", ["x"; 9].into_iter()).unwrap();
        assert!(many.ends_with("\"x\", and 4 more"), "{many}");
        assert_eq!(some_of("links", std::iter::empty()), None);
    }

    #[test]
    fn quotes_are_cut_and_escaped() {
        assert_eq!(quote("a\u{1b}[31m\u{0}\u{202e}"), "\"a\\u{1b}[31m\\u{0}\\u{202e}\"");
        assert_eq!(quote(&"x".repeat(1000)).len(), 80 + 3 + 2);
    }

    #[test]
    fn paths_read_well() {
        let root = Path::Root;
        let (mail, work) = (root.key("mail"), root.key("workload"));
        let domain = mail.key("a.b");
        let users = domain.key("users");
        assert_eq!(path_text(&users.index(0).steps()), "mail.\"a.b\".users[0]");
        assert_eq!(path_text(&work.index(2).steps()), "workload[2]");
    }
}
