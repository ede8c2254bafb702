//! The options of `posthaste serve`.

use std::path::PathBuf;

use clap::Args;

use super::Overrides;

pub(super) const EXAMPLES: &str = "\
The clients seem to run on the host that the scenario's `live` names, or else on the first user's computer.
Ports: SMTP 2525, submission 2587, POP3 2110, IMAP 2143, HTTP 2080, DNS 2053 (UDP and TCP); each further
server's are 10000 higher. What you type at the console changes the world: `help` lists the commands.
Ctrl-C or `quit` ends it and writes the result folder.

Examples:
  posthaste serve scenarios/lab.json
  posthaste serve scenarios/lab.json --speed max
  posthaste serve my.json --smtp hamburger.edu=127.0.0.1:25 --dns 5353
  posthaste serve my.json --ready-file ready.json --json --smtp 0 > log.jsonl &";

/// `posthaste serve`
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Scenario file
    pub file: PathBuf,
    /// Changes to the scenario; --until ends the service at that virtual time
    #[command(flatten)]
    pub overrides: Overrides,
    /// Virtual seconds in a second of the wall clock, or `max`: idle time passes at once
    #[arg(long, value_name = "X", default_value = "1", allow_negative_numbers = true)]
    pub speed: String,
    /// Begin at the present date and time instead of the scenario's `start`
    #[arg(long)]
    pub today: bool,
    /// Where a server's SMTP is reached: [SERVER=][ADDRESS:]PORT, loopback only, port 0 for a free one (may be repeated)
    #[arg(long, value_name = "PLACE")]
    pub smtp: Vec<String>,
    /// Where a server's submission (port 587) is reached
    #[arg(long, value_name = "PLACE")]
    pub submission: Vec<String>,
    /// Where a server's POP3 is reached
    #[arg(long, value_name = "PLACE")]
    pub pop3: Vec<String>,
    /// Where a server's IMAP is reached
    #[arg(long, value_name = "PLACE")]
    pub imap: Vec<String>,
    /// Where a server's HTTP is reached
    #[arg(long, value_name = "PLACE")]
    pub http: Vec<String>,
    /// Where a resolver's or name server's DNS is reached, over UDP and TCP
    #[arg(long, value_name = "PLACE")]
    pub dns: Vec<String>,
    /// Open every listener at a free port unless an option places it
    #[arg(long)]
    pub free_ports: bool,
    /// More clients than that at a time are turned away
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub most_clients: usize,
    /// Write the table of listeners to this file, as JSON, once they are open
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Result folder, instead of results/NAME-HASH-served
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print everything as lines of JSON: the listeners, what happens, the summary
    #[arg(long)]
    pub json: bool,
    /// Print the listeners and the summary only
    #[arg(long, short)]
    pub quiet: bool,
}
