//! The arguments of `posthaste explain`.

use std::path::PathBuf;

use clap::Args;

/// Examples for the help text.
pub(super) const EXAMPLES: &str = "\
Examples:
  posthaste explain latest --host resolver.crepes.fr --at 12s
  posthaste explain scenarios/outage-queue.json --host north.edu --at 1h
  posthaste explain latest --message '<1.alice@crepes.fr>' --to bob@hamburger.edu
  posthaste explain scenarios/ketchup.json --host resolver.crepes.fr --json";

/// `posthaste explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Result folder, `latest`, or a scenario file
    pub run: PathBuf,
    /// The host whose cache, zones, queue and mailboxes are shown
    #[arg(long, value_name = "HOST", required_unless_present = "message")]
    pub host: Option<String>,
    /// The message whose life is told instead, by its Message-ID
    #[arg(long, value_name = "ID", conflicts_with_all = ["host", "at", "json"])]
    pub message: Option<String>,
    /// With --message: only the copy for this recipient
    #[arg(long, value_name = "ADDRESS", requires = "message")]
    pub to: Option<String>,
    /// The virtual time at which they are shown, such as 12s or 1h30min, instead of the end of the run
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}
