//! What was expected of a run and what was found: as a table for a terminal, and as JUnit's XML for programs that
//! watch over many runs.
//!
//! JUnit has no standard, only habits; what is written here is the part of them that all readers share. There are no
//! times in it, so that equal runs give equal bytes.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;

use super::values::escape;
use crate::metrics::Metric;

/// One thing that was expected, and how it went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expectation {
    /// What it is called; `""` when its own words will do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The metric compared, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// What was looked at, in words.
    pub what: String,
    /// What was expected of it, in words: `equals 1`.
    pub expected: String,
    /// What was found; none when there was nothing to compare.
    pub found: Option<Found>,
    /// Why there was nothing to compare; `""` where something was found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Whether it held.
    pub held: bool,
    /// What may help when it did not hold; `""` for nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// A number.
    Number(Metric),
    /// Words.
    Text(String),
}

/// Expectations of one file, for a report.
#[derive(Clone, Debug)]
pub struct Suite<'a> {
    /// The file's name and title.
    pub name: String,
    /// What was expected, and what each is worth where that is graded.
    pub cases: Vec<(&'a Expectation, Option<f64>)>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&escape(text.as_bytes())),
        }
    }
}

impl Expectation {
    /// What was found, or why there was nothing.
    #[must_use]
    pub fn found_text(&self) -> String {
        match &self.found {
            Some(found) => found.to_string(),
            None if self.why.is_empty() => "no value".to_owned(),
            None => escape(self.why.as_bytes()),
        }
    }

    /// Its name, or what was looked at.
    #[must_use]
    pub fn label(&self) -> String {
        escape(if self.name.is_empty() { &self.what } else { &self.name }.as_bytes())
    }

    /// Why it failed, in one line.
    #[must_use]
    pub fn failure(&self) -> String {
        let name = if self.name.is_empty() { String::new() } else { format!("{}: ", self.label()) };
        let [what, expected] = [&self.what, &self.expected].map(|text| escape(text.as_bytes()));
        format!("{name}{what} {expected}, but found {}", self.found_text())
    }
}

/// Longer cells are not waited for by the others.
const WIDEST: usize = 48;

/// Rows of cells with aligned columns; an empty first cell makes a row stand for itself, as a hint does.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| !row[0].is_empty()).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$} ");
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A table of expectations: whether each held, what was expected and what was found, and a hint where one failed.
#[must_use]
pub fn expectation_lines(suite: &Suite<'_>) -> Vec<String> {
    let mut rows = Vec::new();
    for (expectation, points) in &suite.cases {
        let verdict = if expectation.held { "held:" } else { "FAILED:" };
        let mut row = vec![verdict.to_owned()];
        if let Some(points) = points {
            row.push(format!("{} of {points}", if expectation.held { *points } else { 0.0 }));
        }
        row.extend([
            expectation.label(),
            escape(expectation.expected.as_bytes()),
            format!("(found {})", expectation.found_text()),
        ]);
        rows.push(row);
        if !expectation.held && !expectation.hint.is_empty() {
            rows.push(vec![String::new(), format!("hint: {}", escape(expectation.hint.as_bytes()))]);
        }
    }
    aligned(&rows)
}

/// Suites of expectations as JUnit XML. A run that was cut short is an error of its first suite, which `cut` words.
#[must_use]
pub fn junit_xml(properties: &[(&str, String)], suites: &[Suite<'_>], cut: Option<&str>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let failures = |suite: &Suite<'_>| suite.cases.iter().filter(|(expectation, _)| !expectation.held).count();
    let (tests, failed) =
        suites.iter().fold((1, 0), |(tests, failed), suite| (tests + suite.cases.len(), failed + failures(suite)));
    let errors = usize::from(cut.is_some());
    let _ =
        writeln!(out, "<testsuites name=\"posthaste\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{errors}\">");
    for (place, suite) in suites.iter().enumerate() {
        let (own, errors) = if place == 0 { (1, errors) } else { (0, 0) };
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{errors}\" skipped=\"0\">",
            xml(&suite.name),
            suite.cases.len() + own,
            failures(suite),
        );
        if place == 0 {
            out.push_str("    <properties>\n");
            for (name, value) in properties {
                let _ = writeln!(out, "      <property name=\"{}\" value=\"{}\"/>", xml(name), xml(value));
            }
            out.push_str("    </properties>\n");
            let case = format!("    <testcase classname=\"{}\" name=\"the run comes to its end\"", xml(&suite.name));
            let _ = match cut {
                None => writeln!(out, "{case}/>"),
                Some(by) => writeln!(out, "{case}>\n      <error message=\"{}\"/>\n    </testcase>", xml(by)),
            };
        }
        for (number, (expectation, points)) in suite.cases.iter().enumerate() {
            test_case(&mut out, suite, number + 1, expectation, *points);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// The number makes names of cases differ.
fn test_case(out: &mut String, suite: &Suite<'_>, number: usize, expectation: &Expectation, points: Option<f64>) {
    let name = format!("{number}. {} {}", expectation.label(), expectation.expected);
    let worth = points.map_or_else(String::new, |points| {
        format!("points: {} of {points}\n", if expectation.held { points } else { 0.0 })
    });
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\"", xml(&suite.name), xml(&name));
    if expectation.held && worth.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    if !expectation.held {
        let hint = if expectation.hint.is_empty() { String::new() } else { format!("hint: {}", expectation.hint) };
        let _ = writeln!(
            out,
            "      <failure type=\"expectation\" message=\"{}\">{}</failure>",
            xml(&expectation.failure()),
            xml(&hint)
        );
    }
    if !worth.is_empty() {
        let _ = writeln!(out, "      <system-out>{}</system-out>", xml(worth.trim_end()));
    }
    out.push_str("    </testcase>\n");
}

/// A text within XML 1.0, be it of an element or of an attribute. Control characters, which XML does not know
/// (2.2), are written out like everywhere else.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape(text.as_bytes()).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A reader would make a blank of it (3.3.3).
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation(what: &str, expected: &str, found: Option<u64>) -> Expectation {
        let found = found.map(|number| Found::Number(Metric::Integer(number)));
        let held = found.is_some();
        Expectation { what: what.to_owned(), expected: expected.to_owned(), found, held, ..Expectation::default() }
    }

    /// Would break if columns were not under each other, or a failure had no hint.
    #[test]
    fn expectations_are_a_table() {
        let first = expectation("messages.delivered", "equals 1", Some(1));
        let mut second = expectation("count of attempts", "at most 3", None);
        second.hint = "look at the queue".to_owned();
        second.why = "no such rows\u{1b}".to_owned();
        let suite = Suite { name: String::new(), cases: vec![(&first, Some(2.0)), (&second, Some(0.5))] };
        let lines = expectation_lines(&suite);
        assert_eq!(
            lines,
            [
                "held:   2 of 2   messages.delivered equals 1  (found 1)",
                "FAILED: 0 of 0.5 count of attempts  at most 3 (found no such rows\\x1b)",
                "        hint: look at the queue",
            ]
        );
        let alone = Suite { name: String::new(), cases: vec![(&first, None)] };
        assert_eq!(expectation_lines(&alone), ["held: messages.delivered equals 1 (found 1)"]);
    }

    /// Would break if a name could end an attribute or an element.
    #[test]
    fn xml_holds_any_text() {
        let mut bad = expectation("a\"><b>&\u{0}\u{ffff}\u{2028}", "contains \"'\t]]>\n", None);
        bad.hint = "<!-- -->".to_owned();
        let suites = [Suite { name: "s & t".to_owned(), cases: vec![(&bad, None)] }];
        let text = junit_xml(&[("seed", "1".to_owned())], &suites, Some("limits.\"events\""));
        assert!(text.contains("name=\"1. a&quot;&gt;&lt;b&gt;&amp;\\x00\u{fffd}\\u{2028} contains &quot;'&#9;]]&gt;"));
        assert!(text.contains("&lt;!-- --&gt;</failure>") && text.contains("limits.&quot;events&quot;"), "{text}");
        assert!(text.contains("tests=\"2\" failures=\"1\" errors=\"1\""), "{text}");
    }
}
