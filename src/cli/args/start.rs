//! The arguments of `posthaste new` and `posthaste man`: what one needs once.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::cli::new::TEMPLATES;

/// Examples for the help texts.
pub(super) const NEW_EXAMPLES: &str = "\
Examples:
  posthaste new --list
  posthaste new hello first.json
  posthaste new outage > second.json";
pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  posthaste man > posthaste.1
  posthaste man ~/.local/share/man/man1";

/// `posthaste new`
#[derive(Args, Debug)]
pub struct NewArgs {
    /// Which starter scenario; see --list
    #[arg(required_unless_present = "list", value_parser = PossibleValuesParser::new(TEMPLATES.map(|(name, _)| name)))]
    pub template: Option<String>,
    /// Write to this new file instead of stdout; `-` is stdout
    pub file: Option<PathBuf>,
    /// Print the names of the starter scenarios, and what each shows
    #[arg(long, conflicts_with_all = ["template", "file"])]
    pub list: bool,
}

/// `posthaste man`
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write the pages of all commands into this folder, instead of the first one to stdout
    pub dir: Option<PathBuf>,
}
