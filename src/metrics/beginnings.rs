//! When what a row of a table tells of began: by this rows of a warm-up are told from those that count.
//!
//! Tables that sum up a whole run (caches, links) have no such column, so nothing of a warm-up can be taken from them.

use super::columns::TableDoc;

/// Columns of instants; of a table's columns the first of these is when a row begins.
const BEGINNINGS: [&str; 11] = [
    "composed_s",
    "started_s",
    "opened_s",
    "began_s",
    "time_s",
    "asked_s",
    "wanted_s",
    "minute_s",
    "accepted_s",
    "first_s",
    "at_s",
];

/// Tables of whole runs in which some of these columns mean something else.
const WHOLE_RUNS: [&str; 1] = ["reasons"];

impl TableDoc {
    /// Where the column stands that says when what a row tells of began; none in tables of whole runs.
    #[must_use]
    pub fn begins(&self) -> Option<usize> {
        let at = self.columns.iter().position(|(name, _)| BEGINNINGS.contains(name));
        at.filter(|_| !WHOLE_RUNS.contains(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::columns::all;

    /// Breaks when a table is added and nobody says which of its rows belong to a warm-up.
    #[test]
    fn rows_begin_where_a_column_says_so() {
        let begins = |table: &TableDoc| table.begins().map_or("-", |at| table.columns[at].0);
        let told: Vec<String> = all().map(|table| format!("{} {}", table.name, begins(table))).collect();
        let expected = "messages composed_s, attempts started_s, parts composed_s, reasons -, attempt_rates minute_s, \
                        storms began_s, lost_replies accepted_s, duplicates first_s, queue time_s, \
                        queue_destinations time_s, survival -, smtp_sessions began_s, mailbox_sessions began_s, \
                        readings composed_s, mailboxes time_s, dns_queries time_s, caches -, dns_servers -, \
                        connections opened_s, links -, faults began_s, dialogues at_s, conduct -, \
                        person_actions time_s, web_requests wanted_s, web_pages asked_s, cwnd time_s";
        assert_eq!(told.join(", "), expected);
    }
}
