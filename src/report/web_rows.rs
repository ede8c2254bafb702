//! The tables about pages and requests of browsers: their columns, and rows as cells and back.

use super::columns::TableDoc;
use super::rows::{Cells, Row};
use super::values::optional;
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::{WebPageRow, WebRequestRow};

/// Requests of browsers.
pub(super) const WEB_REQUESTS: TableDoc = TableDoc {
    name: "web_requests",
    about: "Only when somebody browsed. One row for each thing that a browser wanted for a page, each redirection for \
            itself, sorted by the time from which it was wanted.",
    columns: &[
        ("page", "the page for which it was wanted (see the table web_pages)"),
        ("url", "what"),
        ("method", "the method of the request"),
        ("status", "the status of the answer; empty without one; 200 of a fresh copy"),
        (
            "source",
            "network, validated (a server said that the browser's copy is good), cache (a fresh copy: nobody was asked), nowhere (given up)",
        ),
        ("connection", "the connection of the last attempt (see the table connections)"),
        ("sent_bytes", "octets of the request"),
        ("received_bytes", "octets of the response, its head and the marks of its chunks included"),
        ("wanted_s", "when the browser knew that it wants it"),
        ("sent_s", "when the request was handed to the connection; it may have waited for one"),
        ("began_s", "when the first octet of the response came"),
        ("ended_s", "when all of it was there, or it was given up"),
        ("time_s", "ended_s - wanted_s"),
    ],
};

/// Pages.
pub(super) const WEB_PAGES: TableDoc = TableDoc {
    name: "web_pages",
    about: "Only when somebody browsed. One row for each page that was asked for, sorted by that time.",
    columns: &[
        ("page", "its name: the host and its count of pages"),
        ("host", "the browser's host"),
        ("url", "where it is, after redirections"),
        ("asked_s", "when it was asked for"),
        ("ended_s", "when it and all its objects were there or given up; empty when that never was"),
        ("time_s", "ended_s - asked_s"),
        ("lookup_s", "how long the look-up of its server's name took"),
        ("status", "the status of the page itself; empty without an answer"),
        ("objects", "objects to which it refers, each once"),
        ("missing", "those that could not be had"),
        ("cached", "page and objects that the browser had itself, fresh"),
        ("validated", "page and objects of which a server said that the browser's copy is good"),
        ("connections", "connections that carried answers for it"),
        ("sent_bytes", "octets of the requests"),
        ("received_bytes", "octets of the responses"),
    ],
};

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
