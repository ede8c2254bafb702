//! `schema/study_tables.md`: the tables of a study, in the words of the program's own lists.

use super::columns::{PARAMETERS, STUDY_TABLES};

/// The text of `schema/study_tables.md`.
#[must_use]
pub fn study_tables_markdown() -> String {
    let mut out = String::from(
        "# Tables of a study\n\n\
         Generated from the program's own list of columns; a test keeps it so.\n\n\
         Tables are CSV (RFC 4180, LF line ends, UTF-8), and Parquet beside it in programs that were built with the feature\n\
         `parquet`. Units are the last part of a name: `_s` is seconds. An empty cell is an absent value. The same study has\n\
         the same tables, byte for byte, however it was run.\n",
    );
    for table in STUDY_TABLES {
        let (name, about) = (table.name, table.about);
        out.push_str(&format!("\n## `tables/{name}.csv`\n\n{about}\n\n| column | meaning |\n|---|---|\n"));
        for (column, meaning) in table.columns {
            let column = if *column == PARAMETERS { (*column).to_owned() } else { format!("`{column}`") };
            out.push_str(&format!("| {column} | {meaning} |\n"));
        }
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
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/study_tables.md");
        if option_env!("POSTHASTE_BLESS").is_some() {
            std::fs::write(path, study_tables_markdown()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), study_tables_markdown());
    }
}
