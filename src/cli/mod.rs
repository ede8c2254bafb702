//! The command line: one file a command. Data goes to stdout, messages and progress to stderr.

pub mod args;
mod bench;
mod chart;
mod check;
mod compare;
mod dns_replay;
pub mod exit;
pub mod expect;
mod explain;
mod ladder;
mod load;
mod man;
pub mod measure;
mod new;
mod output;
mod recording;
mod repeat;
mod report;
mod run;
mod serve;
pub mod simulate;
pub mod sweep;
mod target;
mod transcript;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::scenario;

use args::{Cli, Command};
use exit::{CommandError, Exit};

/// Parses the command line, runs the command, prints its error and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            // Nothing is left to do when even this cannot be printed.
            let _ = error.print();
            return exit.into();
        }
    };
    match execute(&cli.command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            // Findings on a scenario and internal errors say themselves what they are.
            let prefix = if matches!(error.exit, Exit::Invalid | Exit::Internal) { "" } else { "error: " };
            output::say(&format!("{prefix}{}", error.message.trim_end()));
            error.exit.into()
        }
    }
}

fn execute(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::New(args) => new::new(args),
        Command::Run(args) => run::run(args),
        Command::Serve(args) => serve::serve(args),
        Command::Check(args) => check::check(args),
        Command::Transcript(args) => transcript::transcript(args),
        Command::Explain(args) => explain::explain(args),
        Command::Compare(args) => compare::compare(args),
        Command::Chart(args) => chart::chart(args),
        Command::Ladder(args) => ladder::ladder(args),
        Command::Report(args) => report::report(args),
        Command::Sweep(args) => sweep::sweep(args),
        Command::Bench(args) => bench::bench(args),
        Command::DnsReplay(args) => dns_replay::dns_replay(args),
        Command::Schema(args) => {
            let schema = if args.plan { sweep::json_schema() } else { scenario::json_schema() };
            let schema = serde_json::to_string_pretty(&schema).expect("plain data");
            output::print(&format!("{schema}\n")).map(|()| Exit::Done)
        }
        Command::Man(args) => man::man(args),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "posthaste", &mut script);
            output::print(&String::from_utf8_lossy(&script)).map(|()| Exit::Done)
        }
    }
}
