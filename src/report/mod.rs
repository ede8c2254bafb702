//! Files out: what a run leaves behind for people and their scripts.
//!
//! A result folder holds a manifest, the resolved scenario, a summary, tables, transcripts
//! and charts. It is written whole beside its destination and appears by one rename; equal
//! runs give equal bytes in every file but `timing.json`. Tables can be read back, so that a
//! chart can be drawn from a folder alone. The whole trace and a capture of the packets are
//! written as the run goes on, when asked for; so is the HTML page, from the folder.

mod action_rows;
pub mod capture;
pub mod charts;
pub mod compare;
mod conduct_rows;
mod dialogue_rows;
mod dns_rows;
mod documentation;
mod error;
pub mod events;
pub mod expectations;
pub mod explain;
pub mod folder;
pub mod html;
mod http_lines;
pub mod ladder;
mod mail_rows;
pub mod manifest;
pub mod netmap;
mod read;
mod reading_rows;
mod rows;
pub mod segments;
pub mod summary;
#[cfg(test)]
mod tests;
pub mod tls_records;
mod transcripts;
mod values;
mod web_rows;
mod windows;

pub use crate::metrics::{columns, mail_columns};

pub use capture::{CaptureOptions, CaptureWriter, Interfaces};
pub use charts::{ChartError, ChartInfo, ChartSource, Drawing, Theme, chart_names, charts, chosen_by, draw};
pub use dialogue_rows::dialogues_csv;
pub use documentation::tables_markdown;
pub use error::ReportError;
pub use events::EventWriter;
pub use expectations::{Expectation, Found, Suite, expectation_lines, junit_xml};
pub use folder::{OutputOptions, ResultFolder, Written, write_run};
pub use ladder::{Ladder, LadderChoice, LadderError, LadderFor, PngError, SegmentWatch, Sheet, TimeScale};
pub use manifest::{Ended, MODEL_VERSION, RunInfo, scenario_hash};
pub use read::read_run;
pub use rows::table_csv;
pub use segments::SegmentRecorder;
pub use summary::summary_text;
pub use transcripts::{TranscriptFile, list_transcripts, transcript, transcript_name};
pub use windows::{WindowOptions, WindowWriter};
