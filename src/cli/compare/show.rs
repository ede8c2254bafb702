//! A comparison for a terminal.

use serde_json::Value;

use super::Comparison;
use super::lockstep::{Branch, Parting};
use crate::cli::output::table;
use crate::report::compare::{MetricPair, Told};

/// So many differences of the scenarios are shown.
const MOST_PLACES: usize = 40;

/// Values are cut at so many characters.
const LONGEST: usize = 60;

impl Comparison {
    /// The comparison as text.
    pub(super) fn text(&self, all: bool) -> String {
        let mut out = String::new();
        for (letter, side) in [("A", &self.a), ("B", &self.b)] {
            let end = format!("{} trace events, ended at {} s ({})", side.trace_events, side.end_s, side.ended);
            out += &format!("{letter}  {}\n   {end}\n", printable(&side.name));
        }
        out += &format!("{}\n", self.verdict());
        for note in &self.notes {
            out += &format!("{}\n", printable(note));
        }
        out += &self.scenarios_text();
        out += &self.metrics_text(all);
        if let Some(parting) = &self.parting {
            out += &format!("\n{}", parting_text(parting));
        }
        out
    }

    fn verdict(&self) -> String {
        match (self.a.fingerprint == self.b.fingerprint, self.equal()) {
            (_, true) => {
                format!("The runs are equal, event by event (fingerprint {}).", printable(&self.a.fingerprint))
            }
            (true, false) => {
                "The runs have the same fingerprint and other metrics: a summary.json was changed.".to_owned()
            }
            (false, false) => "The runs differ.".to_owned(),
        }
    }

    fn scenarios_text(&self) -> String {
        if self.scenarios.is_empty() {
            return "\nThe scenarios are the same.\n".to_owned();
        }
        let mut rows: Vec<Vec<String>> = vec![["place", "A", "B"].map(str::to_owned).to_vec()];
        for one in self.scenarios.iter().take(MOST_PLACES) {
            let pointer = if one.pointer.is_empty() { "(the whole)".to_owned() } else { printable(&one.pointer) };
            rows.push(vec![pointer, value(one.a.as_ref()), value(one.b.as_ref())]);
        }
        let mut out = format!("\nWhat differs in the scenarios, with every default filled in\n{}", table(&rows, 1));
        if self.scenarios.len() > MOST_PLACES {
            out += &format!("  ... and {} more (--json has all)\n", self.scenarios.len() - MOST_PLACES);
        }
        out
    }

    fn metrics_text(&self, all: bool) -> String {
        let shown: Vec<&MetricPair> = self.metrics.iter().filter(|pair| all || pair.differs()).collect();
        let equal = self.metrics.iter().filter(|pair| !pair.differs()).count();
        if shown.is_empty() {
            return format!("\nAll {equal} metrics are the same.\n");
        }
        let heads = ["metric", "A", "B", "B - A", "B / A"].map(str::to_owned).to_vec();
        let cells = shown.iter().map(|pair| pair.cells().iter().map(|cell| printable(cell)).collect());
        let rows: Vec<Vec<String>> = std::iter::once(heads).chain(cells).collect();
        let title = if all {
            "Metrics".to_owned()
        } else {
            format!("Metrics that differ ({equal} others are the same; --all shows them)")
        };
        format!("\n{title}\n{}", table(&rows, 0))
    }
}

fn value(value: Option<&Value>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let text = printable(&value.to_string());
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Texts of damaged folders may hold anything.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

fn parting_text(parting: &Parting) -> String {
    match parting {
        Parting::Never { events } => format!("Run side by side, their traces are the same: {events} events.\n"),
        Parting::At { number, common, branches } => {
            let mut out = "Where the traces part\n".to_owned();
            if let Some(common) = common {
                out += &format!("  the last event in common  {}\n", event(common));
            }
            out += &format!("  event {number} is the first that differs:\n");
            for (letter, branch) in ["A", "B"].iter().zip(branches.iter()) {
                out += &branch_text(letter, branch);
            }
            for (pointer, a, b) in parting.fields() {
                out +=
                    &format!("  it differs in {}: {} and {}\n", printable(&pointer), value(Some(&a)), value(Some(&b)));
            }
            out
        }
    }
}

fn branch_text(letter: &str, branch: &Branch) -> String {
    let Some(told) = &branch.event else { return format!("  {letter}  the run has ended before\n") };
    let mut out = format!("  {letter}  {}\n", event(told));
    if branch.causes.is_empty() {
        out += "       it is a first cause: the workload, a timer or a fault of the scenario\n";
    }
    for (place, cause) in branch.causes.iter().enumerate() {
        if branch.left_out > 0 && place + 1 == branch.causes.len() {
            out += &format!("       ... {} more causes ...\n", branch.left_out);
        }
        out += &format!("       because of {}\n", event(cause));
    }
    out
}

fn event(told: &Told) -> String {
    printable(&format!("#{} at {} s, {}: {}", told.id.0, told.at, told.host, told.sentence))
}
