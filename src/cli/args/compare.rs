//! The arguments of `posthaste compare`.

use std::path::PathBuf;

use clap::Args;

use super::Overrides;

/// Examples for the help text.
pub(super) const EXAMPLES: &str = "\
Examples:
  posthaste compare results/first results/second
  posthaste compare latest --seed 2                            the same with another seed
  posthaste compare scenarios/greylisting.json --set /mail/crepes.fr/retry/preset=postfix
  posthaste compare scenarios/nagle.json latest --events       where they part, and why

--seed, --set and --until change the second run; without a second run, they change the first.
Scenario files and changed runs are run for it; no result folder is written.

Exit codes: 0 the runs are equal, event by event; 1 they differ; others as for all commands.";

/// `posthaste compare`
#[derive(Args, Debug)]
pub struct CompareArgs {
    /// Result folder, `latest`, or a scenario file
    pub a: PathBuf,
    /// Likewise; without it, the first one with the changes that are given
    pub b: Option<PathBuf>,
    /// Changes to the second run
    #[command(flatten)]
    pub overrides: Overrides,
    /// Show metrics that are equal, too
    #[arg(long)]
    pub all: bool,
    /// Run both again, side by side, and tell the first event in which they differ
    #[arg(long)]
    pub events: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
