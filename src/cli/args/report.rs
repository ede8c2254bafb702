//! `posthaste report`: its options.

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  posthaste report latest                       writes report.html into the result folder
  posthaste report scenarios/ketchup.json -o ketchup.html
  posthaste run my.json --report                with every run of it

The page needs no network and no other file: open it in a browser, or send it to somebody.";

/// `posthaste report`
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Result folder, `latest`, or a scenario file, which is then run first
    pub run: PathBuf,
    /// Write to this file instead of report.html in the result folder; `-` is stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
