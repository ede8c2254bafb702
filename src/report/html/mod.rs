//! `report.html`: a run on one page that stands alone.
//!
//! Style, script and data are in the one file; it needs no network and its policy forbids any. The data is JSON in an element
//! that no browser runs, with `<` written so that no text in it can end that element. The script puts texts into the page
//! as texts, never as markup. What it shows of the packets comes from a second run with the same events, since a run is the
//! same each time; what a large run has too much of is chosen (`choice`), and the page says how much is left out.
//!
//! Left out: what the tables hold and no question of a reader asks for; they stand beside the page.

mod choice;
mod figures;
mod gather;
mod model;
mod recorded;
mod topology;
mod watch;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::base::calendar::UnixTime;
use crate::base::directory::Directory;
use crate::base::hash::digest;
use crate::metrics::{Dialogue, Tables};
use crate::report::transcripts::counted;

pub use choice::Choice;
pub use recorded::{dialogues_of_folder, packets_of_folder};
pub use watch::Watch;

const PAGE: &str = include_str!("page.html");
const STYLE: [&str; 2] = [include_str!("look.css"), include_str!("parts.css")];
const SCRIPT: [&str; 8] = [
    include_str!("base.js"),
    include_str!("packet.js"),
    include_str!("dns.js"),
    include_str!("ladder.js"),
    include_str!("network.js"),
    include_str!("details.js"),
    include_str!("tables.js"),
    include_str!("main.js"),
];

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The tables of the run.
    pub tables: &'a Tables,
    /// `manifest.json`.
    pub manifest: &'a Value,
    /// `summary.json`.
    pub summary: &'a Value,
    /// The text of `scenario.resolved.json`.
    pub scenario: &'a str,
    /// What was said.
    pub dialogues: &'a [Spoken],
    /// What was seen when it was run again, or what a capture of it holds.
    pub observed: Option<&'a Observed>,
    /// What is missing, and why.
    pub notes: &'a [String],
}

/// What was seen of a run.
#[derive(Debug)]
pub struct Observed {
    reel: watch::Reel,
    directory: Directory,
}

impl Observed {
    /// What that observer saw.
    #[must_use]
    pub fn of(watch: Watch) -> Self {
        let (reel, directory) = watch.finish();
        Self { reel, directory }
    }
}

/// What was said on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    protocol: String,
    connection: String,
    client: String,
    server: String,
    lines: Vec<(Option<u64>, String)>,
    cut: bool,
}

impl Spoken {
    /// The dialogue, line by line.
    #[must_use]
    pub fn of(dialogue: &Dialogue) -> Self {
        let (text, counts) = counted(dialogue, UnixTime(0));
        let times = dialogue.pieces().zip(counts);
        let mut times = times.flat_map(|(piece, count)| std::iter::repeat_n(piece.at.as_nanos(), count as usize));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self {
            protocol: dialogue.protocol.to_string(),
            connection: dialogue.connection.to_string(),
            client: dialogue.client.to_string(),
            server: dialogue.server.to_string(),
            lines: lines.map(|line| (times.next(), line.to_owned())).collect(),
            cut: dialogue.omitted > 0,
        }
    }

    fn clone_head(&self) -> model::Transcript {
        model::Transcript {
            connection: self.connection.clone(),
            protocol: self.protocol.clone(),
            client: self.client.clone(),
            server: self.server.clone(),
            lines: Vec::new(),
            cut: false,
        }
    }
}

/// The page.
#[must_use]
pub fn html_report(source: &Source<'_>) -> String {
    let model = gather::model(source);
    let title = match &*model.title {
        "" => "a run".to_owned(),
        title => title.to_owned(),
    };
    let data = inert(&serde_json::to_string(&model).expect("plain data has a JSON form"));
    let (style, script) = (STYLE.concat(), SCRIPT.concat());
    // only what stands here may act: a text in the data cannot know the digest of all of it
    let nonce = digest(format!("{style}{script}{data}").as_bytes()).to_string();
    let mut page = String::with_capacity(data.len() + style.len() + script.len() + PAGE.len() + 1_000);
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        match name {
            "nonce" => page.push_str(&nonce),
            "title" => page.push_str(&markup(&title)),
            "style" => page.push_str(&style),
            "script" => page.push_str(&script),
            "data" => page.push_str(&data),
            _ => {}
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// JSON that may stand in an element of a page: the characters that begin a tag or a comment, or end a line of a script, are
/// written by their numbers (RFC 8259 7).
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 50);
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// A text as the content of an element.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
