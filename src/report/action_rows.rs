//! Rows of the table about what people did, as cells and back.

use super::columns::{self, TableDoc};
use super::rows::{Cells, Row};
use crate::metrics::ActionRow;

impl Row for ActionRow {
    const TABLE: TableDoc = columns::PERSON_ACTIONS;

    fn cells(&self) -> Vec<String> {
        let texts =
            [&self.user, &self.device, &self.protocol, &self.action, &self.message, &self.folder, &self.outcome];
        std::iter::once(self.at.to_string()).chain(texts.iter().map(ToString::to_string)).collect()
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            at: cells.time()?,
            user: cells.text()?,
            device: cells.text()?,
            protocol: cells.text()?,
            action: cells.text()?,
            message: cells.text()?,
            folder: cells.text()?,
            outcome: cells.text()?,
        })
    }
}
