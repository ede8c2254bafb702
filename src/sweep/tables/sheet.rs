//! One table as files: CSV always, Parquet beside it with the feature `parquet`.
//!
//! Rows are written as they come, so a table may be larger than memory. It appears under its name when it is whole.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

#[cfg(feature = "parquet")]
use super::parquet::Columnar;
use crate::report::ReportError;
use crate::sweep::pending::Pending;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words and names.
    Text,
    /// Counts and numbers of things.
    Whole,
    /// Measures.
    Number,
}

/// A column: its name and what its cells are.
pub(super) type Column = (String, Kind);

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing, whatever the column.
    Empty,
    /// In a column of texts.
    Text(&'a str),
    /// In a column of whole numbers.
    Whole(u64),
    /// In a column of numbers; finite.
    Number(f64),
}

impl Cell<'_> {
    /// A number, or nothing.
    pub(super) fn number(value: Option<f64>) -> Self {
        value.filter(|value| value.is_finite()).map_or(Self::Empty, Self::Number)
    }

    /// As text. A number is written with as many digits as tell it from its neighbours, never with an exponent.
    fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => (*text).to_owned(),
            Self::Whole(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
        }
    }
}

/// A table that is being written.
pub(super) struct Sheet {
    csv: csv::Writer<BufWriter<File>>,
    file: Pending,
    #[cfg(feature = "parquet")]
    columnar: (Columnar, Pending),
}

impl Sheet {
    /// Begins `NAME.csv` in a folder.
    pub(super) fn begin(dir: &Path, name: &str, columns: &[Column]) -> Result<Self, ReportError> {
        let (file, open) = Pending::begin(dir.join(format!("{name}.csv")))?;
        let mut csv = csv::Writer::from_writer(BufWriter::new(open));
        csv.write_record(columns.iter().map(|(name, _)| name)).map_err(|error| file.error(error.into()))?;
        #[cfg(feature = "parquet")]
        let columnar = {
            let (file, open) = Pending::begin(dir.join(format!("{name}.parquet")))?;
            (Columnar::begin(open, columns).map_err(|error| file.error(error))?, file)
        };
        Ok(Self {
            csv,
            file,
            #[cfg(feature = "parquet")]
            columnar,
        })
    }

    /// Writes a row: one cell for each column.
    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ReportError> {
        self.csv.write_record(cells.iter().map(Cell::text)).map_err(|error| self.file.error(error.into()))?;
        #[cfg(feature = "parquet")]
        self.columnar.0.row(cells).map_err(|error| self.columnar.1.error(error))?;
        Ok(())
    }

    /// Lets the table appear.
    pub(super) fn finish(self) -> Result<(), ReportError> {
        let file = self.csv.into_inner().map_err(csv::IntoInnerError::into_error);
        let file = file.and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error));
        self.file.appear(file)?;
        #[cfg(feature = "parquet")]
        self.columnar.1.appear(self.columnar.0.finish())?;
        Ok(())
    }
}
