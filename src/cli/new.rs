//! `posthaste new`: a small scenario to begin with.
//!
//! The templates are files of their own, valid as they stand and with an `expect` that holds, so that a change of
//! the format which would break what people begin with breaks a test.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde_json::Value;

use super::args::NewArgs;
use super::exit::{CommandError, Exit};
use super::output::{print, say};

/// Names and texts, in the order in which they are listed.
pub(super) const TEMPLATES: [(&str, &str); 8] = [
    ("hello", include_str!("templates/hello.json")),
    ("outage", include_str!("templates/outage.json")),
    ("greylisting", include_str!("templates/greylisting.json")),
    ("dns", include_str!("templates/dns.json")),
    ("reading", include_str!("templates/reading.json")),
    ("webmail", include_str!("templates/webmail.json")),
    ("people", include_str!("templates/people.json")),
    ("tcp", include_str!("templates/tcp.json")),
];

/// Writes a template to a file that is not there yet, or to stdout; or lists all of them.
///
/// # Errors
/// The file is there already or cannot be written.
pub(super) fn new(args: &NewArgs) -> Result<Exit, CommandError> {
    let text = TEMPLATES.iter().find(|(name, _)| Some(*name) == args.template.as_deref()).map(|(_, text)| *text);
    match (text, &args.file) {
        (None, _) => print(&TEMPLATES.map(|(name, text)| format!("{name:<12} {}\n", title(text))).concat())?,
        (Some(text), Some(file)) if file.as_path() != Path::new("-") => {
            write_new(file, text)?;
            let file = file.display();
            say(&format!("{file}: written; posthaste run {file}"));
        }
        (Some(text), _) => print(text)?,
    }
    Ok(Exit::Done)
}

fn title(text: &str) -> String {
    let scenario: Value = serde_json::from_str(text).unwrap_or_default();
    scenario["title"].as_str().unwrap_or_default().to_owned()
}

/// Somebody's file is never written over.
fn write_new(path: &Path, text: &str) -> Result<(), CommandError> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    let there = |error: &std::io::Error| error.kind() == ErrorKind::AlreadyExists;
    written.map_err(|error| {
        CommandError::io(match there(&error) {
            true => format!("{} is there already", path.display()),
            false => format!("cannot write {}: {error}", path.display()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::trace::Silent;
    use crate::cli::expect::expectations;
    use crate::cli::simulate::simulate;
    use crate::scenario;

    /// Would break if somebody's first scenario were wrong, or did not do what it says.
    #[test]
    fn every_template_is_valid_and_holds() {
        for (name, text) in TEMPLATES {
            let scenario = scenario::load(name, text).unwrap_or_else(|errors| panic!("{errors}"));
            assert!(!scenario.description.is_empty() && scenario.expect.len() >= 2, "{name}");
            assert_eq!(scenario::notes(&scenario), [""; 0], "{name}");
            let finished = simulate(&scenario, Silent).unwrap();
            for expectation in expectations(&scenario, &finished.record) {
                assert!(expectation.held, "{name}: {}", expectation.failure());
            }
        }
    }

    /// Would break if a template grew into what a beginner does not read to the end.
    #[test]
    fn templates_are_small() {
        for (name, text) in TEMPLATES {
            assert!(text.lines().count() <= 40 && text.ends_with("}\n"), "{name}");
            assert!(text.lines().all(|line| line.chars().count() <= 160), "{name}");
        }
    }
}
