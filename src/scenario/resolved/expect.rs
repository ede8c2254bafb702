//! What must be true of a run's results, with every name known and every quantity in its column's unit.

use crate::base::{SimDuration, SimTime};
use crate::metrics::TableDoc;

/// One thing that must be true.
#[derive(Clone, Debug)]
pub struct ExpectSpec {
    /// What it is called; `""` when its own words will do.
    pub name: String,
    /// Shown when it does not hold; `""` for nothing.
    pub hint: String,
    /// What it is worth where it is graded; zero or above.
    pub points: f64,
    /// What it names that the scenario graded by it does not have; `""` for nothing. Then it does not hold.
    pub absent: String,
    /// What.
    pub what: What,
}

/// What is looked at, and how it must be.
#[derive(Clone, Debug)]
pub enum What {
    /// A number of the run, by its name.
    Metric(String, Bounds),
    /// A number made of rows of a table.
    Rows(Fold, &'static TableDoc, Vec<CellTest>, Bounds),
    /// What became of a message.
    Message(Box<MessageExpect>),
    /// Packets dropped: by a link, by the links of a host, or by all and in hosts.
    Dropped {
        /// Only this link.
        link: Option<String>,
        /// Only the links of this host.
        host: Option<String>,
        /// How many.
        packets: CellIs,
    },
    /// What was said.
    Transcript(Box<TranscriptExpect>),
}

/// What becomes of the cells of a column; its place in the table is in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fold {
    /// How many rows there are.
    Count,
    /// Their sum.
    Sum(usize),
    /// Their mean.
    Mean(usize),
    /// The least.
    Min(usize),
    /// The greatest.
    Max(usize),
    /// The nearest rank; above 0, at most 1.
    Quantile(usize, f64),
}

/// What a number must be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// This, give or take the tolerance.
    pub equals: Option<f64>,
    /// Distance that is still equal; zero or above.
    pub tolerance: f64,
    /// Not below.
    pub at_least: Option<f64>,
    /// Not above.
    pub at_most: Option<f64>,
}

/// What the cell of one column must be.
#[derive(Clone, Debug, PartialEq)]
pub struct CellTest {
    /// The column.
    pub column: &'static str,
    /// Its place in the table.
    pub position: usize,
    /// What it must be.
    pub is: CellIs,
}

/// What a cell must be.
#[derive(Clone, Debug, PartialEq)]
pub enum CellIs {
    /// One of these texts, in which `*` stands for any characters.
    OneOf(Vec<String>),
    /// None of them.
    NoneOf(Vec<String>),
    /// One of these numbers, or an empty cell if that is said.
    Number(Vec<f64>, bool),
    /// A number within bounds, and none of these; or, if that is said, no empty cell.
    Within {
        /// Not below.
        at_least: Option<f64>,
        /// Not above.
        at_most: Option<f64>,
        /// None of these.
        not: Vec<f64>,
    },
}

/// What must be true of each copy of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageExpect {
    /// Its Message-ID.
    pub message: String,
    /// Only of the copy for this recipient.
    pub to: Option<String>,
    /// One of these statuses; any when empty.
    pub status: Vec<String>,
    /// In the mailbox before.
    pub delivered_before: Option<SimTime>,
    /// In the mailbox within.
    pub delivered_within: Option<SimDuration>,
    /// With its reader before.
    pub retrieved_before: Option<SimTime>,
    /// Servers on its way, all of them.
    pub through: Vec<String>,
    /// Attempts of servers.
    pub attempts: Option<CellIs>,
}

/// What must be said, or must not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TranscriptExpect {
    /// Only in this protocol.
    pub protocol: Option<String>,
    /// Only on connections that this host opened.
    pub client: Option<String>,
    /// Only on connections to this host.
    pub server: Option<String>,
    /// Texts that one dialogue has, each within a line.
    pub contains: Vec<String>,
    /// Texts that no line has.
    pub lacks: Vec<String>,
}

/// What a student's scenario is graded by.
#[derive(Clone, Debug)]
pub struct KeySpec {
    /// The exercise; `""` when it has no title.
    pub title: String,
    /// What must be true, in file order.
    pub expect: Vec<ExpectSpec>,
}

impl Bounds {
    /// Whether a number is as it must be.
    #[must_use]
    pub fn hold(&self, value: f64) -> bool {
        self.equals.is_none_or(|want| (value - want).abs() <= self.tolerance)
            && self.at_least.is_none_or(|bound| value >= bound)
            && self.at_most.is_none_or(|bound| value <= bound)
    }
}

impl CellIs {
    /// Whether a cell is as it must be.
    #[must_use]
    pub fn holds(&self, cell: &str) -> bool {
        let number = || cell.parse::<f64>().ok();
        match self {
            Self::OneOf(texts) => texts.iter().any(|text| matches(text, cell)),
            Self::NoneOf(texts) => !texts.iter().any(|text| matches(text, cell)),
            Self::Number(wanted, or_empty) => {
                (*or_empty && cell.is_empty()) || number().is_some_and(|value| wanted.contains(&value))
            }
            Self::Within { at_least, at_most, not } => number().is_some_and(|value| {
                at_least.is_none_or(|bound| value >= bound)
                    && at_most.is_none_or(|bound| value <= bound)
                    && !not.contains(&value)
            }),
        }
    }
}

/// Whether a text is as a pattern says, in which `*` stands for any characters; upper and lower case are the same,
/// as in the names of hosts and domains.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let Some((front, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(front) else { return false };
    let (middle, back) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text) in [
            ("*", ""),
            ("a*", "a"),
            ("*@crepes.fr", "Alice@crepes.fr"),
            ("*x*x*", "axbx"),
            ("<*.alice@*>", "<1.alice@crepes.fr>"),
            ("ab*ba", "abba"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("ab*ba", "aba"), ("*x*x*", "axb"), ("a*", "ba"), ("*a", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    /// Would break if an empty cell passed for a number, or bounds were taken for open ones.
    #[test]
    fn cells_are_compared_by_their_kind() {
        let within = |at_least, at_most, not: &[f64]| CellIs::Within { at_least, at_most, not: not.to_vec() };
        assert!(within(Some(1.0), Some(2.0), &[]).holds("2.000000000"));
        assert!(!within(Some(1.0), None, &[]).holds("") && !within(None, None, &[3.0]).holds("3"));
        assert!(CellIs::Number(vec![451.0], false).holds("451") && !CellIs::Number(vec![0.0], false).holds(""));
        assert!(CellIs::Number(Vec::new(), true).holds("") && CellIs::OneOf(vec![String::new()]).holds(""));
        assert!(CellIs::NoneOf(vec!["queued".to_owned()]).holds("delivered"));
    }
}
