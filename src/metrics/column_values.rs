//! What stands in a table's columns: texts or numbers, in which unit, and which words a column knows.
//!
//! Told by the columns' names, which carry their unit, and by the enumerations behind their words. So an
//! expectation over a table is checked before any run. Left out: words that rules and applications make up.

use super::attempts::AttemptEnd;
use super::columns::TableDoc;
use super::dns::{DnsOutcome, DnsRole};
use super::dns_loads::{CacheLevel, DnsServerRole};
use super::faults::FaultKind;
use super::messages::CopyStatus;
use super::reasons::Outcome;
use super::replies::DuplicateCause;
use super::words;
use crate::base::address::Family;
use crate::base::socket::CloseReason;
use crate::base::trace::{FailureKind, MessageKind, Redirection};

/// The kind of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words and names; compared as they stand.
    Text,
    /// Numbers without a unit.
    Number,
    /// Seconds.
    Seconds,
    /// Octets.
    Bytes,
    /// Bits a second.
    BitsPerSecond,
}

/// What the names in a column of texts are names of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Hosts.
    Hosts,
    /// Links.
    Links,
    /// Mail addresses.
    Addresses,
    /// Messages, by their Message-ID.
    Messages,
    /// Anything.
    Anything,
}

/// Columns of texts that have one meaning in all tables; `status` is a text in one table alone.
const TEXTS: [&str; 47] = [
    "about",
    "action",
    "at",
    "cache",
    "cause",
    "client",
    "connection",
    "destination",
    "device",
    "encoding",
    "end_client",
    "end_server",
    "enhanced",
    "exchange",
    "expanded_by",
    "expanded_from",
    "family",
    "folder",
    "for_query",
    "from",
    "host",
    "kind",
    "level",
    "link",
    "mailbox",
    "message",
    "method",
    "name",
    "outcome",
    "page",
    "part",
    "protocol",
    "query",
    "rcode",
    "reason",
    "role",
    "rule",
    "server",
    "side",
    "source",
    "speaker",
    "text",
    "to",
    "trouble",
    "type",
    "url",
    "user",
];

impl Kind {
    /// The kind of this column of the table.
    #[must_use]
    pub fn of(table: &str, column: &str) -> Self {
        if TEXTS.contains(&column) || (table, column) == ("messages", "status") {
            Self::Text
        } else {
            Self::by_unit(column)
        }
    }

    /// The kind of number that the last part of a column's or a metric's name tells.
    #[must_use]
    pub fn by_unit(name: &str) -> Self {
        if name.ends_with("_s") && !name.ends_with("_per_s") {
            Self::Seconds
        } else if name == "bytes" || name.ends_with("_bytes") || name.ends_with(".bytes") || name.contains(".bytes_") {
            Self::Bytes
        } else if name.contains("_bps") {
            Self::BitsPerSecond
        } else {
            Self::Number
        }
    }
}

impl Names {
    /// What the names in this column of texts are names of.
    #[must_use]
    pub fn of(table: &str, column: &str) -> Self {
        let hosts = ["dns_queries", "links"].contains(&table);
        match column {
            "client" | "device" | "exchange" | "host" | "server" => Self::Hosts,
            "from" | "to" if hosts => Self::Hosts,
            "link" => Self::Links,
            "expanded_from" | "from" | "mailbox" | "to" | "user" => Self::Addresses,
            "about" | "message" => Self::Messages,
            _ => Self::Anything,
        }
    }
}

/// The words that may stand in this column of the table; none where they are not known before a run.
#[must_use]
pub fn known_words(table: &str, column: &str) -> Vec<&'static str> {
    fn of<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|one| name(*one)).collect()
    }
    match (table, column) {
        ("messages", "kind") => of(&MessageKind::ALL, MessageKind::name),
        ("messages", "expanded_by") => of(&Redirection::ALL, Redirection::name),
        ("messages", "status") => of(CopyStatus::ALL, CopyStatus::name),
        ("messages" | "attempts" | "lost_replies", "reason") => of(&FailureKind::ALL, words::failure),
        ("attempts", "outcome") => of(AttemptEnd::ALL, AttemptEnd::name),
        ("reasons", "outcome") => of(Outcome::ALL, Outcome::name),
        ("duplicates", "cause") => of(DuplicateCause::ALL, DuplicateCause::name),
        ("dns_queries", "role") => of(DnsRole::ALL, DnsRole::name),
        ("dns_queries", "outcome") => of(DnsOutcome::ALL, DnsOutcome::name),
        ("caches", "level") => of(CacheLevel::ALL, CacheLevel::name),
        ("dns_servers", "role") => of(DnsServerRole::ALL, DnsServerRole::name),
        ("connections", "family") => of(&Family::BY_PRECEDENCE, Family::name),
        ("connections", "end_client" | "end_server") => {
            let mut ends = of(&CLOSE_REASONS, words::close);
            ends.push("crashed");
            ends
        }
        ("faults" | "storms", "kind") => of(FaultKind::ALL, FaultKind::name),
        _ => Vec::new(),
    }
}

const CLOSE_REASONS: [CloseReason; 6] = [
    CloseReason::Finished,
    CloseReason::Refused,
    CloseReason::Reset,
    CloseReason::TimedOut,
    CloseReason::Aborted,
    CloseReason::Unreachable,
];

impl TableDoc {
    /// The columns of numbers, whatever their unit.
    pub fn numeric(&self) -> impl Iterator<Item = &'static str> + Clone {
        let table = self.name;
        self.columns.iter().map(|(name, _)| *name).filter(move |column| Kind::of(table, column) != Kind::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::columns;

    /// Would break if a column of texts vanished and its name stayed here.
    #[test]
    fn every_name_is_that_of_a_column() {
        let all: Vec<&str> = columns::all().flat_map(|table| table.columns).map(|(name, _)| *name).collect();
        for name in TEXTS {
            assert!(all.contains(&name), "{name}");
        }
        assert!(TEXTS.is_sorted());
    }

    /// Would break if a word were known of a column that is not there, or that holds numbers.
    #[test]
    fn words_stand_in_columns_of_texts() {
        let with_words = columns::all()
            .flat_map(|table| table.columns.iter().map(move |(column, _)| (table.name, *column)))
            .filter(|(table, column)| !known_words(table, column).is_empty());
        let with_words: Vec<_> = with_words.collect();
        assert_eq!(with_words.len(), 18, "{with_words:?}");
        assert!(with_words.iter().all(|(table, column)| Kind::of(table, column) == Kind::Text));
    }

    #[test]
    fn units_are_the_last_part_of_a_name() {
        assert_eq!(Kind::of("messages", "latency_s"), Kind::Seconds);
        assert_eq!(Kind::of("storms", "peak_per_s"), Kind::Number);
        assert_eq!(Kind::of("connections", "goodput_bps_to_server"), Kind::BitsPerSecond);
        assert_eq!((Kind::of("links", "bytes"), Kind::of("messages", "status")), (Kind::Bytes, Kind::Text));
        assert_eq!((Kind::of("web_pages", "status"), Kind::by_unit("latency.p95_s")), (Kind::Number, Kind::Seconds));
    }
}
