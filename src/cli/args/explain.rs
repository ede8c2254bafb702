//! The arguments of `posthaste explain`.

use std::path::PathBuf;

use clap::Args;

use super::host;

/// Examples for the help text.
pub(super) const EXAMPLES: &str = "\
Examples:
  posthaste explain latest                                     what there is to explain
  posthaste explain scenarios/greylisting.json --message '<1.alice@crepes.fr>'
  posthaste explain latest --message '<1.alice@crepes.fr>' --to bob@hamburger.edu
  posthaste explain scenarios/dns-hierarchy.json --query www.example.com
  posthaste explain latest --query 2 --host pc.campus.edu      its second look-up
  posthaste explain latest --conn crepes.fr#1                  a TCP connection
  posthaste explain latest --host resolver.crepes.fr --at 12s  a cache, queue or mailbox";

/// `posthaste explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Result folder, `latest`, or a scenario file, which is then run first
    pub run: PathBuf,
    /// Tells the life of the message with this Message-ID
    #[arg(long, value_name = "ID", conflicts_with_all = ["host", "at"])]
    pub message: Option<String>,
    /// With --message: only the copy for this recipient
    #[arg(long, value_name = "ADDRESS", requires = "message")]
    pub to: Option<String>,
    /// Tells a look-up: the N-th, the first for a name, or the one with that question (crepes.fr?2)
    #[arg(long, value_name = "N|NAME", conflicts_with_all = ["message", "at"])]
    pub query: Option<String>,
    /// Tells a connection by its name in the table of connections, such as crepes.fr#3
    #[arg(long, value_name = "NAME", conflicts_with_all = ["message", "query", "host", "at"])]
    pub conn: Option<String>,
    /// Shows the cache, zones, queue and mailboxes of this host; with --query: only its look-ups count
    #[arg(long, value_name = "HOST", value_parser = host)]
    pub host: Option<String>,
    /// The virtual time at which they are shown, such as 12s or 1h30min, instead of the end of the run
    #[arg(long, value_name = "TIME", requires = "host")]
    pub at: Option<String>,
    /// With --message: tells every attempt, also of many in a row that failed for the same reason
    #[arg(long, requires = "message")]
    pub all: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
