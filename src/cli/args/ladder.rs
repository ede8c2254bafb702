//! `posthaste ladder`: its options.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const EXAMPLES: &str = "\
A ladder ends after 400 messages and says how many it leaves out; --host and --query choose
fewer look-ups. What has no time beside it happens at the same instant as the line above.

Examples:
  posthaste ladder scenarios/dns-hierarchy.json --query 1 > iterative.svg
  posthaste ladder latest --query www.example.com --text
  posthaste ladder latest --host dns.campus.edu -o resolver.svg";

/// `posthaste ladder`
#[derive(Args, Debug)]
pub struct LadderArgs {
    /// Result folder, `latest`, or a scenario file, which is then run first
    pub run: PathBuf,
    /// What the messages are of
    #[arg(long, default_value = "dns")]
    pub protocol: LadderProtocol,
    /// Only look-ups in which this host takes part
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Only the N-th of those, counted from 1, or those for this name
    #[arg(long, value_name = "N|NAME")]
    pub query: Option<String>,
    /// Print lines for a terminal instead of an SVG picture
    #[arg(long)]
    pub text: bool,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Protocols that have a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LadderProtocol {
    /// Look-ups of names
    Dns,
}
