//! The command line: commands, options and their help.

mod bench;
mod chart;
mod compare;
mod explain;
mod ladder;
mod report;
mod serve;
mod start;
mod sweep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use bench::{BenchArgs, BenchWorkload, DialoguesArgs, DumbbellArgs, HoldArgs, IdleArgs, Switch};
pub use chart::{ChartArgs, ChartFormat, ChartTheme};
pub use compare::CompareArgs;
pub use explain::ExplainArgs;
pub use ladder::{LadderArgs, LadderPage, LadderProtocol, LadderPurpose, LadderTime};
pub use report::ReportArgs;
pub use serve::ServeArgs;
pub use start::{ManArgs, NewArgs};
pub use sweep::{
    SweepArgs, SweepChartArgs, SweepCommand, SweepEngine, SweepMergeArgs, SweepPlanArgs, SweepRunArgs, SweepStatusArgs,
    SweepSteadyArgs, SweepSubmitArgs,
};

const AFTER_HELP: &str = "\
Examples:
  posthaste new hello first.json                a scenario to begin with
  posthaste run scenarios/ketchup.json          simulate, write results/ketchup-*/
  posthaste transcript latest --protocol smtp   read the dialogue in C:/S: form
  posthaste explain latest                      lives of messages, look-ups, connections
  posthaste compare a b                         two runs side by side
  posthaste chart latest latency_cdf > cdf.svg  one figure
  posthaste ladder latest --query 1 > dns.svg   who asked whom for a name
  posthaste report latest                       all of it on one page, report.html
  posthaste serve scenarios/lab.json            telnet, dig and read mail inside it
  posthaste check my.json --resolved            see every default filled in

Exit codes: 0 done, 1 an expectation failed or compared runs differ, 2 usage, 3 scenario invalid, 4 file error,
5 a study is incomplete, 6 a limit was reached, 70 internal error, 130 interrupted.";

const RUN_EXAMPLES: &str = "\
Examples:
  posthaste run scenarios/ketchup.json
  posthaste run my.json --seed 7 --out first
  posthaste run my.json --set /network/backbone/loss=0.1 --until 2h
  posthaste run my.json --grade key.json --junit grade.xml
  posthaste run my.json --set '/faults=[{\"host\": \"work.org\", \"for\": \"1h\"}]'";
const CHECK_EXAMPLES: &str = "\
Examples:
  posthaste check my.json
  posthaste check scenarios/*.json
  posthaste check my.json --set /network/backbone/delay=80ms
  posthaste check my.json --resolved > everything.json";
const TRANSCRIPT_EXAMPLES: &str = "\
Examples:
  posthaste transcript latest
  posthaste transcript latest --protocol smtp --conn 2
  posthaste transcript scenarios/ketchup.json --protocol pop3";
const BENCH_EXAMPLES: &str = "\
Examples:
  posthaste bench dumbbell --flows 10 --rate 100Mbps --time 5s
  posthaste bench dialogues --clients 100 --rate 50/s --time 10s
  posthaste bench idle --connections 4000
  posthaste bench hold --pending 10000";
const DNS_REPLAY_EXAMPLES: &str = "\
Examples:
  posthaste dns-replay case.json
  posthaste dns-replay case.json | jq -r '.steps[].text'

Exit codes: 0 the case ran to its end, whatever was answered; 2 the case is malformed.";
const SCHEMA_EXAMPLES: &str = "\
Examples:
  posthaste schema > scenario.schema.json
  posthaste schema --plan > plan.schema.json";
const COMPLETIONS_EXAMPLES: &str =
    "Examples:\n  posthaste completions bash > ~/.local/share/bash-completion/completions/posthaste";

/// A deterministic simulator of Internet mail and the DNS beneath it.
#[derive(Debug, Parser)]
#[command(name = "posthaste", version, about, after_help = AFTER_HELP, term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begin a scenario of your own from a template
    #[command(after_help = start::NEW_EXAMPLES)]
    New(NewArgs),
    /// Simulate a scenario and write a result folder
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Let real clients into the simulated Internet, on loopback ports
    #[command(after_help = serve::EXAMPLES)]
    Serve(ServeArgs),
    /// Check scenarios without running them; all errors at once
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Print dialogues in the lecture's C:/S: form
    #[command(after_help = TRANSCRIPT_EXAMPLES)]
    Transcript(TranscriptArgs),
    /// Tell the life of a message, a look-up or a connection; show what a cache, queue or mailbox held
    #[command(after_help = explain::EXAMPLES)]
    Explain(ExplainArgs),
    /// Put two runs side by side: metrics, scenarios, the first event that differs
    #[command(after_help = compare::EXAMPLES)]
    Compare(CompareArgs),
    /// Draw figures of a run, for slides, a paper or a handout
    #[command(after_help = chart::EXAMPLES)]
    Chart(ChartArgs),
    /// Draw who said what to whom: look-ups, dialogues, the way of a message, TCP segments
    #[command(after_help = ladder::EXAMPLES)]
    Ladder(LadderArgs),
    /// Make one HTML page of a run: timeline, packets, messages, charts
    #[command(after_help = report::EXAMPLES)]
    Report(ReportArgs),
    /// Parameter studies: many runs of one scenario, varied
    #[command(after_help = sweep::EXAMPLES)]
    Sweep(SweepArgs),
    /// Run a workload that measures the simulator; one line of key=value figures
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchArgs),
    /// Play a recorded resolver dialogue against scripted name servers; JSON out
    #[command(after_help = DNS_REPLAY_EXAMPLES)]
    DnsReplay(DnsReplayArgs),
    /// Print the JSON Schema of scenario files, or of plans of studies
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print a manual page, or write those of all commands
    #[command(after_help = start::MAN_EXAMPLES)]
    Man(ManArgs),
}

/// Changes to a scenario that the command line may make.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// Seed of all random streams, instead of the scenario's
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Sets the value at a JSON pointer, such as /network/backbone/delay=80ms (may be repeated)
    #[arg(long = "set", value_name = "/POINTER=VALUE")]
    pub set: Vec<String>,
    /// Ends the run at this virtual time, such as 90min, instead of the scenario's
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// `posthaste run`
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Scenario file
    pub file: PathBuf,
    /// Changes to the scenario
    #[command(flatten)]
    pub overrides: Overrides,
    /// Result folder, instead of results/NAME-HASH
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Grade the run by this file, which says what is expected and what that is worth
    #[arg(long, value_name = "KEYFILE")]
    pub grade: Option<PathBuf>,
    /// Write how each expectation went to this file, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Make the page report.html, too, as "outputs": { "report": true } does
    #[arg(long)]
    pub report: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// `posthaste check`
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Scenario files
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Changes to each of them
    #[command(flatten)]
    pub overrides: Overrides,
    /// Print the scenario with every default filled in (one file only)
    #[arg(long)]
    pub resolved: bool,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

/// `posthaste transcript`
#[derive(Args, Debug)]
pub struct TranscriptArgs {
    /// Result folder, `latest`, or a scenario file, which is then run first
    pub run: PathBuf,
    /// Only the N-th dialogue of those that match, counted from 1, or that of a connection such as crepes.fr#1
    #[arg(long, value_name = "N|NAME")]
    pub conn: Option<String>,
    /// Only this protocol
    #[arg(long)]
    pub protocol: Option<DialogueProtocol>,
}

/// Protocols that have a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialogueProtocol {
    /// Submission and relay
    Smtp,
    /// Retrieval
    Pop3,
    /// Access to folders
    Imap,
    /// Web pages, and webmail
    Http,
}

impl DialogueProtocol {
    /// The prefix of the transcripts' file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Pop3 => "pop3",
            Self::Imap => "imap",
            Self::Http => "http",
        }
    }
}

/// `posthaste schema`
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// That of plans, which `posthaste sweep` reads
    #[arg(long)]
    pub plan: bool,
}

/// `posthaste dns-replay`
#[derive(Args, Debug)]
pub struct DnsReplayArgs {
    /// Case file: a resolver, scripted servers, and what a client asks
    pub case: PathBuf,
}

/// `posthaste completions`
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// A host's name: names that differ in the case of letters are the same (RFC 4343 section 2).
#[expect(clippy::unnecessary_wraps, reason = "the form that readers of arguments have")]
fn host(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.to_ascii_lowercase())
}
