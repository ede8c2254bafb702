//! `posthaste man`: pages for man(1), written from the same words as the help texts.

use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::args::{Cli, ManArgs};
use super::exit::{CommandError, Exit};
use super::output::{print, say, write_text};

/// Writes the pages of all commands into a folder, or the first one to stdout.
///
/// # Errors
/// The folder or a page cannot be written.
pub(super) fn man(args: &ManArgs) -> Result<Exit, CommandError> {
    let pages = pages();
    match &args.dir {
        None => print(pages.first().map_or("", |(_, text)| text))?,
        Some(dir) => {
            write_pages(dir, &pages)?;
            say(&format!("{}: {} pages written", dir.display(), pages.len()));
        }
    }
    Ok(Exit::Done)
}

fn write_pages(dir: &Path, pages: &[(String, String)]) -> Result<(), CommandError> {
    let cannot = |error| CommandError::io(format!("cannot create {}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(cannot)?;
    pages.iter().try_for_each(|(name, text)| write_text(&dir.join(name), text))
}

/// Every page with the name of its file: `posthaste.1`, then `posthaste-run.1` and so on, in the order of the help.
fn pages() -> Vec<(String, String)> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages);
    pages
}

fn collect(command: &clap::Command, pages: &mut Vec<(String, String)>) {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text).expect("memory takes everything");
    pages.push((format!("{name}.1"), String::from_utf8_lossy(&text).into_owned()));
    command.get_subcommands().for_each(|below| collect(below, pages));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a command had no page, or pages had another day's date in them.
    #[test]
    fn every_command_has_a_page() {
        let pages = pages();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[0], "posthaste.1");
        for name in ["posthaste-run.1", "posthaste-new.1", "posthaste-man.1", "posthaste-bench-dumbbell.1"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let run = &pages.iter().find(|(name, _)| name == "posthaste-run.1").unwrap().1;
        assert!(run.contains(".SH NAME") && run.contains("Examples") && run.contains("\\-\\-grade"), "{run}");
        assert!(pages.iter().all(|(_, text)| !text.contains("202")), "no date");
    }
}
