//! Rows of the table about what mail servers did to their clients, as cells and back.

use super::columns::{self, TableDoc};
use super::rows::{Cells, Row};
use crate::metrics::ConductRow;

impl Row for ConductRow {
    const TABLE: TableDoc = columns::CONDUCT;

    fn cells(&self) -> Vec<String> {
        let texts = [&self.server, &self.rule, &self.at, &self.action];
        let mut cells: Vec<String> = texts.iter().map(ToString::to_string).collect();
        cells.extend([self.uses, self.effects].iter().map(ToString::to_string));
        cells.push(self.delay.to_string());
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            server: cells.text()?,
            rule: cells.text()?,
            at: cells.text()?,
            action: cells.text()?,
            uses: cells.number()?,
            effects: cells.number()?,
            delay: cells.duration()?,
        })
    }
}
