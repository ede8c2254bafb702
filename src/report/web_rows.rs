//! The tables about pages and requests of browsers: rows as cells and back.

use super::columns::TableDoc;
use super::rows::{Cells, Row};
use super::values::optional;
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::web_columns::{WEB_PAGES, WEB_REQUESTS};
use crate::metrics::{WebPageRow, WebRequestRow};

impl Row for WebRequestRow {
    const TABLE: TableDoc = WEB_REQUESTS;

    fn cells(&self) -> Vec<String> {
        vec![
            self.page.to_string(),
            self.url.to_string(),
            self.method.to_string(),
            optional(self.status),
            self.source.to_string(),
            optional(self.connection.as_deref()),
            self.sent_bytes.to_string(),
            self.received_bytes.to_string(),
            self.wanted.to_string(),
            self.sent.to_string(),
            self.began.to_string(),
            self.ended.to_string(),
            self.ended.since(self.wanted).to_string(),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let (page, url, method, status) = (cells.text()?, cells.text()?, cells.text()?, cells.some_number()?);
        let (source, connection) = (cells.text()?, cells.some_text()?);
        let (sent_bytes, received_bytes) = (cells.number()?, cells.number()?);
        let wanted: SimTime = cells.time()?;
        let (sent, began) = (cells.time()?, cells.time()?);
        let ended = cells.some_time_after(wanted)?.ok_or("a request has an end")?;
        cells.duration()?;
        Ok(Self {
            page,
            url,
            method,
            status,
            source,
            connection,
            sent_bytes,
            received_bytes,
            wanted,
            sent,
            began,
            ended,
        })
    }
}

impl Row for WebPageRow {
    const TABLE: TableDoc = WEB_PAGES;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.page.to_string(),
            self.host.to_string(),
            self.url.to_string(),
            self.asked.to_string(),
            optional(self.ended),
            optional(self.time()),
            self.lookup.to_string(),
            optional(self.status),
        ];
        let counts = [self.objects, self.missing, self.cached, self.validated, self.connections];
        cells.extend(counts.iter().map(ToString::to_string));
        cells.extend([self.sent_bytes, self.received_bytes].iter().map(ToString::to_string));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let (page, host, url) = (cells.text()?, cells.text()?, cells.text()?);
        let asked = cells.time()?;
        let ended = cells.some_time_after(asked)?;
        let _: Option<SimDuration> = cells.some_duration()?;
        Ok(Self {
            page,
            host,
            url,
            asked,
            ended,
            lookup: cells.duration()?,
            status: cells.some_number()?,
            objects: cells.number()?,
            missing: cells.number()?,
            cached: cells.number()?,
            validated: cells.number()?,
            connections: cells.number()?,
            sent_bytes: cells.number()?,
            received_bytes: cells.number()?,
        })
    }
}
