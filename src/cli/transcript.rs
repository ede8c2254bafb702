//! `posthaste transcript`: dialogues in the lecture's `C:`/`S:` form.

use crate::report::list_transcripts;

use super::args::TranscriptArgs;
use super::exit::{CommandError, Exit};
use super::output::print;
use super::recording::read_text;
use super::target::result_folder;

/// Prints the dialogues that match, in the order in which their connections were opened.
///
/// # Errors
/// The run has no transcripts, or none that matches.
pub(super) fn transcript(args: &TranscriptArgs) -> Result<Exit, CommandError> {
    let folder = result_folder(&args.run)?;
    let mut files = list_transcripts(&folder).map_err(|error| CommandError::io(error.to_string()))?;
    files.retain(|file| args.protocol.is_none_or(|protocol| file.protocol == protocol.name()));
    let mut dialogues = Vec::new();
    for file in files {
        let text = read_text(&file.path)?;
        dialogues.push((start_of(&text), file, text));
    }
    dialogues.sort();
    if let Some(wanted) = &args.conn {
        let count = dialogues.len();
        let chosen = match wanted.parse::<usize>() {
            Ok(number) => number.checked_sub(1).filter(|index| *index < count),
            Err(_) => dialogues.iter().position(|(_, file, _)| format!("{}#{}", file.client, file.number) == *wanted),
        };
        let chosen = chosen.ok_or_else(|| {
            let names = "they have names such as crepes.fr#1";
            let message = format!("--conn {wanted:?}: there are {count} dialogues that match, counted from 1; {names}");
            CommandError::usage(message)
        })?;
        dialogues = vec![dialogues.swap_remove(chosen)];
    }
    if dialogues.is_empty() {
        return Err(CommandError::io(format!("{}: no dialogue matches", folder.display())));
    }
    for (index, (_, _, text)) in dialogues.iter().enumerate() {
        let separator = if index > 0 { "\n" } else { "" };
        print(&format!("{separator}{text}"))?;
    }
    Ok(Exit::Done)
}

/// When the connection was opened, in nanoseconds, as the transcript's header says.
fn start_of(text: &str) -> Option<u128> {
    let line = text.lines().find_map(|line| line.strip_prefix("# start: "))?;
    let (seconds, nanos) = line.split_once(' ')?.0.split_once('.')?;
    Some(seconds.parse::<u128>().ok()? * 1_000_000_000 + nanos.parse::<u128>().ok()?)
}
