//! `posthaste ladder`: its options.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::chart::ChartFormat;
use super::host;

pub(super) const EXAMPLES: &str = "\
A ladder ends after 400 messages and says how many it leaves out; the filters choose fewer. What has
no time beside it happens at the same instant as what stands above. With --for it comes on as many
slides, columns or sheets as it takes, numbered, each with the hosts that it needs. Segments are not in
the tables: for `--protocol tcp` the run is done again, as it is the same each time; where real clients
took part, they are read from the folder's capture.

Examples:
  posthaste ladder scenarios/dns-hierarchy.json --query 1 > iterative.svg
  posthaste ladder latest --message '<1.alice@crepes.fr>' > way.svg
  posthaste ladder latest --conn 'crepes.fr#1' --text
  posthaste ladder latest --protocol smtp --protocol pop3 --host bob-pc.hamburger.edu -o bob.svg
  posthaste ladder latest --conn 'crepes.fr#1' --protocol tcp --for slides -o segments.svg
  posthaste ladder latest --message 1.alice@crepes.fr --for slides --page 2 --format png -o two.png
  posthaste ladder latest --message 1.alice@crepes.fr --for paper --page all -o way.svg
  posthaste ladder latest --from 30min --to 31min --time linear --text";

/// `posthaste ladder`
#[derive(Args, Debug)]
pub struct LadderArgs {
    /// Result folder, `latest`, or a scenario file, which is then run first
    pub run: PathBuf,
    /// Only this protocol; may be repeated. `all` are those of applications
    #[arg(long, default_value = "all", value_name = "PROTOCOL")]
    pub protocol: Vec<LadderProtocol>,
    /// Only look-ups and connections in which this host takes part; may be repeated
    #[arg(long, value_name = "HOST", value_parser = host)]
    pub host: Vec<String>,
    /// Only look-ups: the N-th of them, counted from 1, or those for this name
    #[arg(long, value_name = "N|NAME", conflicts_with_all = ["message", "conn"])]
    pub query: Option<String>,
    /// The whole way of this message: submission, look-ups, attempts, reading
    #[arg(long, value_name = "ID", conflicts_with = "conn")]
    pub message: Option<String>,
    /// Only this connection, such as crepes.fr#1
    #[arg(long, value_name = "NAME")]
    pub conn: Option<String>,
    /// Only what goes on at this virtual time or later, such as 12s or 1h30min
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only what begins at this virtual time or earlier
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// How time runs down
    #[arg(long, default_value = "breaks", value_name = "SCALE")]
    pub time: LadderTime,
    /// What it is drawn for
    #[arg(long = "for", value_name = "PURPOSE", conflicts_with = "text")]
    pub purpose: Option<LadderPurpose>,
    /// Which sheet: a number, the first is 1, or `all`, which go to FILE-1, FILE-2 and so on
    #[arg(long, value_name = "N|all", default_value = "1", requires = "purpose")]
    pub page: LadderPage,
    /// Kind of file, instead of the one that the name of -o tells, or SVG
    #[arg(long, conflicts_with = "text")]
    pub format: Option<ChartFormat>,
    /// Show each line of messages and contents, and each of many equal attempts, instead of one for all
    #[arg(long)]
    pub unfold: bool,
    /// Print lines for a terminal instead of an SVG picture
    #[arg(long)]
    pub text: bool,
    /// Write to this file instead of stdout, which is `-`
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Protocols that have a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LadderProtocol {
    /// Those of applications
    All,
    /// Look-ups of names
    Dns,
    /// Passing mail on
    Smtp,
    /// Fetching mail
    Pop3,
    /// Mailboxes
    Imap,
    /// The Web
    Http,
    /// Segments
    Tcp,
}

impl LadderProtocol {
    /// Its name in tables; none of what is not in them.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::All | Self::Tcp => None,
            Self::Dns => Some("dns"),
            Self::Smtp => Some("smtp"),
            Self::Pop3 => Some("pop3"),
            Self::Imap => Some("imap"),
            Self::Http => Some("http"),
        }
    }
}

/// How time runs down a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LadderTime {
    /// Not to scale, with pauses of a second or more cut out
    Breaks,
    /// A line for each step
    Even,
    /// To scale
    Linear,
}

/// What a ladder is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LadderPurpose {
    /// Slides of 1280 by 720 pixels, large letters
    Slides,
    /// Columns of a paper, 3.5 inches wide, letters of 7 points
    Paper,
    /// Sheets of paper, 180 mm wide, in shades of grey
    Handout,
}

/// Which sheets of a ladder are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LadderPage {
    /// The one with that number, from 1.
    One(usize),
    /// All, each to a file of its own.
    All,
}

impl std::str::FromStr for LadderPage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let number = text.parse().ok().filter(|number| *number > 0);
        number.map(Self::One).ok_or_else(|| "it is neither a number from 1 nor `all`".to_owned())
    }
}
