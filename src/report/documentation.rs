//! `schema/tables.md`: every table, column and metric, in the words of the program's own lists.

use crate::metrics::{CONDUCT_METRICS, METRICS, WEB_METRICS, columns};

/// The text of `schema/tables.md`.
#[must_use]
pub fn tables_markdown() -> String {
    let mut out = String::from(
        "# Tables and metrics of a result folder\n\n\
         Generated from the program's own list of columns; a test keeps it so.\n\n\
         Tables are CSV (RFC 4180, LF line ends, UTF-8), one row per observation. Units are the last part of a column's\n\
         name: `_s` is seconds of virtual time since the start of the run, or a duration, exact to the nanosecond. An empty\n\
         cell is an absent value. Rows name hosts, connections and queries by names that do not depend on unrelated hosts.\n",
    );
    for table in columns::all() {
        out.push_str(&format!(
            "\n## `tables/{}.csv`\n\n{}\n\n| column | meaning |\n|---|---|\n",
            table.name, table.about
        ));
        for (column, meaning) in table.columns {
            out.push_str(&format!("| `{column}` | {meaning} |\n"));
        }
    }
    out.push_str(
        "\n## `summary.json`: metrics\n\n\
         Counts are per copy (message times recipient). Quantiles are nearest ranks on exact nanoseconds: of n sorted\n\
         values the one of rank ceil(q n). A metric without a value is absent.\n\n| metric | meaning |\n|---|---|\n",
    );
    for (metric, meaning) in METRICS.iter().chain(CONDUCT_METRICS).chain(WEB_METRICS) {
        out.push_str(&format!("| `{metric}` | {meaning} |\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when the documentation and the program part; write the file anew with
    /// `POSTHASTE_BLESS=1 cargo test --lib documentation_is_current`.
    #[test]
    fn documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/tables.md");
        if option_env!("POSTHASTE_BLESS").is_some() {
            std::fs::write(path, tables_markdown()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), tables_markdown());
    }
}
