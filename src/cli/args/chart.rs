//! Options of `posthaste chart`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::exit::CommandError;
use crate::report::Theme;

pub(super) const EXAMPLES: &str = "\
Examples:
  posthaste chart --list
  posthaste chart latest latency_by_phase > phases.svg
  posthaste chart scenarios/outage-queue.json queue_length -o queue.svg
  posthaste chart latest latency_cdf --for paper -o cdf.svg
  posthaste chart latest topology --for slides --format png -o net.png
  posthaste chart scenarios/narrow-link.json tcp_sequence -o sequence.svg
  posthaste chart latest page_waterfall --of alice-pc.crepes.fr/3 > page.svg
  posthaste chart latest --all --for handout -o figures";

/// `posthaste chart`
#[derive(Args, Debug)]
pub struct ChartArgs {
    /// Result folder, `latest`, or a scenario file, which is then run first
    #[arg(required_unless_present = "list")]
    pub run: Option<PathBuf>,
    /// Which chart; see --list
    pub name: Option<String>,
    /// Draw all charts that have something to show, into the folder -o
    #[arg(long)]
    pub all: bool,
    /// What it is for: size and type, colours or greys
    #[arg(long = "for", value_name = "THEME", default_value = "slides")]
    pub theme: ChartTheme,
    /// Kind of file, instead of the one that the name of -o tells, or SVG
    #[arg(long)]
    pub format: Option<ChartFormat>,
    /// Of cwnd and tcp_sequence the connection, of page_waterfall the page, instead of the one with most to tell
    #[arg(long, value_name = "NAME")]
    pub of: Option<String>,
    /// Write to this file instead of stdout, which is `-`; with --all, to this folder
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print the names of all charts, what each shows, and from what
    #[arg(long)]
    pub list: bool,
}

/// What a chart is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChartTheme {
    /// A slide of 1280 by 720 pixels, large type, colours
    Slides,
    /// A column of 85 mm, without a title, colours
    Paper,
    /// 160 mm wide, greys
    Handout,
}

impl From<ChartTheme> for Theme {
    fn from(theme: ChartTheme) -> Self {
        match theme {
            ChartTheme::Slides => Self::Slides,
            ChartTheme::Paper => Self::Paper,
            ChartTheme::Handout => Self::Handout,
        }
    }
}

/// The kind of file that a chart or a ladder becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChartFormat {
    /// Scales without loss
    Svg,
    /// Pixels, for programs that take no SVG
    Png,
}

impl ChartFormat {
    /// The kind that is asked for, or else the one after which a file is called, or else SVG.
    ///
    /// # Errors
    /// The file is called after a kind of picture that there is not.
    pub fn of(asked: Option<Self>, file: Option<&Path>) -> Result<Self, CommandError> {
        const OTHERS: [&str; 9] = ["bmp", "eps", "gif", "jpeg", "jpg", "pdf", "ps", "tiff", "webp"];
        let ending = file.and_then(Path::extension).map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match (asked, ending.as_deref()) {
            (Some(asked), _) => Ok(asked),
            (None, Some("png")) => Ok(Self::Png),
            (None, Some(other)) if OTHERS.contains(&other) => {
                Err(CommandError::usage(format!("pictures are SVG or PNG, not {other}: call the file .svg or .png")))
            }
            (None, _) => Ok(Self::Svg),
        }
    }

    /// How the names of its files end.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}
