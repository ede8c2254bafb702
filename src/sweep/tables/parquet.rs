//! A table as Parquet, without Arrow: three types of columns, each cell of which may be absent.
//!
//! Rows are gathered and written as groups, so memory is that of one group. Nothing that differs between two writings of
//! the same rows gets into the file.

use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::sheet::{Cell, Column, Kind};

/// Rows of a group.
const GROUP: usize = 65_536;

/// The cells of a column in the group that is being gathered.
struct Gathered {
    /// 1 for each cell that is there, 0 for each that is not.
    there: Vec<i16>,
    values: Values,
}

enum Values {
    Text(Vec<ByteArray>),
    Whole(Vec<i64>),
    Number(Vec<f64>),
}

/// A Parquet file that is being written.
pub(super) struct Columnar {
    out: SerializedFileWriter<File>,
    columns: Vec<Gathered>,
    rows: usize,
}

impl Columnar {
    pub(super) fn begin(file: File, columns: &[Column]) -> io::Result<Self> {
        let fields = columns.iter().map(field).collect::<Result<_, _>>().map_err(other)?;
        let schema = Type::group_type_builder("table").with_fields(fields).build().map_err(other)?;
        let properties = WriterProperties::builder()
            .set_created_by(format!("posthaste version {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::SNAPPY)
            .build();
        let out = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(other)?;
        let gathered = |(_, kind): &Column| Gathered {
            there: Vec::new(),
            values: match kind {
                Kind::Text => Values::Text(Vec::new()),
                Kind::Whole => Values::Whole(Vec::new()),
                Kind::Number => Values::Number(Vec::new()),
            },
        };
        Ok(Self { out, columns: columns.iter().map(gathered).collect(), rows: 0 })
    }

    /// Adds a row; a cell that is not of its column's kind counts as absent.
    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            let there = match (&mut column.values, cell) {
                (Values::Text(values), Cell::Text(text)) => {
                    values.push(text.as_bytes().to_vec().into());
                    true
                }
                (Values::Whole(values), Cell::Whole(value)) => match i64::try_from(*value) {
                    Ok(value) => {
                        values.push(value);
                        true
                    }
                    Err(_) => false,
                },
                (Values::Number(values), Cell::Number(value)) => {
                    values.push(*value);
                    true
                }
                (Values::Text(_) | Values::Whole(_) | Values::Number(_), _) => false,
            };
            column.there.push(i16::from(there));
        }
        self.rows += 1;
        if self.rows < GROUP { Ok(()) } else { self.group().map_err(other) }
    }

    /// Writes what was gathered.
    fn group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.out.next_row_group()?;
        for Gathered { there, values } in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            let levels = Some(there.as_slice());
            match values {
                Values::Text(values) => column.typed::<ByteArrayType>().write_batch(values, levels, None)?,
                Values::Whole(values) => column.typed::<Int64Type>().write_batch(values, levels, None)?,
                Values::Number(values) => column.typed::<DoubleType>().write_batch(values, levels, None)?,
            };
            column.close()?;
            there.clear();
            match values {
                Values::Text(values) => values.clear(),
                Values::Whole(values) => values.clear(),
                Values::Number(values) => values.clear(),
            }
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Writes the rest, and the file's end.
    pub(super) fn finish(mut self) -> io::Result<File> {
        if self.rows > 0 {
            self.group().map_err(other)?;
        }
        self.out.into_inner().map_err(other)
    }
}

fn field((name, kind): &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Whole => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
    };
    let column = Type::primitive_type_builder(name, physical).with_logical_type(logical);
    column.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
}

fn other(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, SeekFrom};

    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;

    /// Would break if a cell came back otherwise than it was written, or two writings differed.
    #[test]
    fn what_is_written_is_read() {
        let columns =
            [("name".to_owned(), Kind::Text), ("n".to_owned(), Kind::Whole), ("x_s".to_owned(), Kind::Number)];
        let write = || {
            let mut out = Columnar::begin(tempfile::tempfile().unwrap(), &columns).unwrap();
            for number in 0..70_000_u64 {
                let x = if number % 3 == 0 { Cell::Empty } else { Cell::Number(number as f64 / 8.0) };
                out.row(&[Cell::Text(if number % 2 == 0 { "even" } else { "" }), Cell::Whole(number), x]).unwrap();
            }
            let mut file = out.finish().unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            file
        };
        let reader = SerializedFileReader::new(write()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(rows.len(), 70_000);
        assert_eq!(rows[0], "{name: \"even\", n: 0, x_s: null}");
        assert_eq!(rows[69_999], "{name: \"\", n: 69999, x_s: null}");
        assert_eq!(rows[65_537], "{name: \"\", n: 65537, x_s: 8192.125}");
        let bytes = |mut file: File| {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut file, &mut bytes).unwrap();
            bytes
        };
        assert_eq!(bytes(write()), bytes(write()));
    }
}
