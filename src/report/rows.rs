//! Rows as CSV cells, and cells as rows.

use std::str::FromStr;
use std::sync::Arc;

use super::columns::{self, TableDoc};
use super::values::{self, optional};
use crate::base::address::Family;
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{MessageKind, Redirection};
use crate::metrics::{
    AttemptEnd, AttemptRow, ConnectionRow, CopyStatus, EndRow, FaultKind, FaultRow, LinkFigures, LinkRow, MessageRow,
    PartRow, QueueRow, Tables, Text,
};

/// A row of one of our tables.
pub(super) trait Row: Sized {
    /// Its table.
    const TABLE: TableDoc;

    /// Its cells, one for each column.
    fn cells(&self) -> Vec<String>;

    /// The row of these cells, or what is wrong with them.
    fn read(cells: &mut Cells<'_>) -> Result<Self, String>;
}

/// The cells of one record, taken from left to right.
pub(super) struct Cells<'a> {
    columns: &'static [(&'static str, &'static str)],
    record: &'a csv::StringRecord,
    next: usize,
}

impl<'a> Cells<'a> {
    /// The cells of a record that has as many as the table has columns.
    pub(super) const fn new(table: &TableDoc, record: &'a csv::StringRecord) -> Self {
        Self { columns: table.columns, record, next: 0 }
    }

    /// Takes a cell through `read`; `what` says what it should be.
    fn take<T>(&mut self, what: &str, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, String> {
        let (column, _) = self.columns[self.next];
        let text = self.record.get(self.next).unwrap_or_default();
        self.next += 1;
        read(text).ok_or_else(|| {
            let shown: String = values::escape(text.as_bytes()).chars().take(80).collect();
            format!("column {column}: \"{shown}\" is not {what}")
        })
    }

    fn optional<T>(&mut self, what: &str, read: impl FnOnce(&'a str) -> Option<T>) -> Result<Option<T>, String> {
        self.take(what, |text| if text.is_empty() { Some(None) } else { read(text).map(Some) })
    }

    pub(super) fn text(&mut self) -> Result<Text, String> {
        self.take("a text", |text| Some(Arc::from(text)))
    }

    pub(super) fn some_text(&mut self) -> Result<Option<Text>, String> {
        self.optional("a text", |text| Some(Arc::from(text)))
    }

    pub(super) fn number<T: FromStr>(&mut self) -> Result<T, String> {
        self.take("a whole number of the column's size", |text| text.parse().ok())
    }

    pub(super) fn some_number<T: FromStr>(&mut self) -> Result<Option<T>, String> {
        self.optional("a whole number of the column's size", |text| text.parse().ok())
    }

    pub(super) fn time(&mut self) -> Result<SimTime, String> {
        self.take("a time in seconds with nine decimals", values::time)
    }

    pub(super) fn some_time(&mut self) -> Result<Option<SimTime>, String> {
        self.optional("a time in seconds with nine decimals", values::time)
    }

    pub(super) fn duration(&mut self) -> Result<SimDuration, String> {
        self.take("a duration in seconds with nine decimals", values::duration)
    }

    pub(super) fn some_duration(&mut self) -> Result<Option<SimDuration>, String> {
        self.optional("a duration in seconds with nine decimals", values::duration)
    }

    pub(super) fn word<T>(&mut self, from_name: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
        self.take("one of the column's words", from_name)
    }

    pub(super) fn some_word<T>(&mut self, from_name: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, String> {
        self.optional("one of the column's words", from_name)
    }

    /// A time that may not lie before `earlier`: the row's durations are their differences.
    pub(super) fn some_time_after(&mut self, earlier: SimTime) -> Result<Option<SimTime>, String> {
        self.optional("a time in seconds with nine decimals, not before the row's first", |text| {
            values::time(text).filter(|time| *time >= earlier)
        })
    }
}

impl Row for MessageRow {
    const TABLE: TableDoc = columns::MESSAGES;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.message.to_string(),
            self.from.to_string(),
            self.to.to_string(),
            self.kind.name().to_owned(),
            optional(self.about.as_deref()),
            optional(self.expanded_by.map(Redirection::name)),
            optional(self.expanded_from.as_deref()),
            self.status.name().to_owned(),
            optional(self.reason.as_deref()),
            optional(self.reply_code),
            optional(self.enhanced.as_deref()),
            self.composed.to_string(),
            optional(self.accepted),
            optional(self.delivered),
            optional(self.retrieved),
            optional(self.ended),
            optional(self.latency()),
            self.attempts.to_string(),
            self.duplicates.to_string(),
            self.bytes.to_string(),
        ];
        cells.extend(self.phases.iter().map(ToString::to_string));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let (message, from, to) = (cells.text()?, cells.text()?, cells.text()?);
        let (kind, about) = (cells.word(MessageKind::from_name)?, cells.some_text()?);
        let (expanded_by, expanded_from) = (cells.some_word(Redirection::from_name)?, cells.some_text()?);
        let (status, reason) = (cells.word(CopyStatus::from_name)?, cells.some_text()?);
        let (reply_code, enhanced) = (cells.some_number()?, cells.some_text()?);
        let composed = cells.time()?;
        let (accepted, delivered) = (cells.some_time()?, cells.some_time_after(composed)?);
        let (retrieved, ended) = (cells.some_time()?, cells.some_time()?);
        cells.some_duration()?;
        let (attempts, duplicates, bytes) = (cells.number()?, cells.number()?, cells.number()?);
        let mut row = Self {
            message,
            from,
            to,
            kind,
            about,
            expanded_by,
            expanded_from,
            status,
            reason,
            reply_code,
            enhanced,
            composed,
            accepted,
            delivered,
            retrieved,
            ended,
            attempts,
            duplicates,
            bytes,
            phases: Default::default(),
        };
        let mut total = 0_u64;
        for phase in &mut row.phases {
            *phase = cells.duration()?;
            // Sums of phases are drawn, so a damaged file may not overflow them.
            total = total.checked_add(phase.as_nanos()).ok_or("the phases sum to more than 584 years")?;
        }
        Ok(row)
    }
}

impl Row for AttemptRow {
    const TABLE: TableDoc = columns::ATTEMPTS;

    fn cells(&self) -> Vec<String> {
        vec![
            self.message.to_string(),
            self.to.to_string(),
            self.server.to_string(),
            self.attempt.to_string(),
            self.started.to_string(),
            optional(self.ended),
            optional(self.exchange.as_deref()),
            optional(self.connection.as_deref()),
            self.outcome.name().to_owned(),
            optional(self.reason.as_deref()),
            optional(self.reply_code),
            optional(self.text.as_deref()),
            optional(self.next),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            message: cells.text()?,
            to: cells.text()?,
            server: cells.text()?,
            attempt: cells.number()?,
            started: cells.time()?,
            ended: cells.some_time()?,
            exchange: cells.some_text()?,
            connection: cells.some_text()?,
            outcome: cells.word(AttemptEnd::from_name)?,
            reason: cells.some_text()?,
            reply_code: cells.some_number()?,
            text: cells.some_text()?,
            next: cells.some_time()?,
        })
    }
}

fn end_cells(end: &EndRow) -> [String; 10] {
    [
        end.resent_timeout.to_string(),
        end.resent_fast.to_string(),
        end.resent_probe.to_string(),
        end.resent_path_mtu.to_string(),
        optional(end.rtt_samples),
        optional(end.rtt_min),
        optional(end.rtt_mean),
        optional(end.rtt_max),
        optional(end.srtt),
        optional(end.discarded_bytes),
    ]
}

fn read_end(cells: &mut Cells<'_>, goodput_bps: Option<u64>) -> Result<EndRow, String> {
    Ok(EndRow {
        goodput_bps,
        resent_timeout: cells.number()?,
        resent_fast: cells.number()?,
        resent_probe: cells.number()?,
        resent_path_mtu: cells.number()?,
        rtt_samples: cells.some_number()?,
        rtt_min: cells.some_duration()?,
        rtt_mean: cells.some_duration()?,
        rtt_max: cells.some_duration()?,
        srtt: cells.some_duration()?,
        discarded_bytes: cells.some_number()?,
    })
}

impl Row for ConnectionRow {
    const TABLE: TableDoc = columns::CONNECTIONS;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.connection.to_string(),
            self.client.to_string(),
            self.server.to_string(),
            self.server_port.to_string(),
            self.opened.to_string(),
            optional(self.established),
            optional(self.closed),
            optional(self.setup()),
            optional(self.bytes_to_server),
            optional(self.bytes_to_client),
            self.retransmissions.to_string(),
            self.packets.to_string(),
            self.wire_bytes.to_string(),
            optional(self.end_client.as_deref()),
            optional(self.end_server.as_deref()),
            self.family.name().to_owned(),
            optional(self.client_figures.goodput_bps),
            optional(self.server_figures.goodput_bps),
        ];
        cells.extend(end_cells(&self.client_figures));
        cells.extend(end_cells(&self.server_figures));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let (connection, client, server) = (cells.text()?, cells.text()?, cells.text()?);
        let (server_port, opened) = (cells.number()?, cells.time()?);
        let (established, closed) = (cells.some_time_after(opened)?, cells.some_time()?);
        cells.some_duration()?;
        let mut row = Self {
            connection,
            client,
            server,
            server_port,
            opened,
            established,
            closed,
            bytes_to_server: cells.some_number()?,
            bytes_to_client: cells.some_number()?,
            retransmissions: cells.number()?,
            packets: cells.number()?,
            wire_bytes: cells.number()?,
            end_client: cells.some_text()?,
            end_server: cells.some_text()?,
            family: cells.word(Family::from_name)?,
            client_figures: EndRow::default(),
            server_figures: EndRow::default(),
        };
        let (to_server, to_client) = (cells.some_number()?, cells.some_number()?);
        row.client_figures = read_end(cells, to_server)?;
        row.server_figures = read_end(cells, to_client)?;
        Ok(row)
    }
}

impl Row for PartRow {
    const TABLE: TableDoc = columns::PARTS;

    fn cells(&self) -> Vec<String> {
        let texts = [&self.message, &self.place, &self.media, &self.encoding].map(ToString::to_string);
        let mut cells = vec![self.composed.to_string()];
        cells.extend(texts);
        cells.extend([self.content.to_string(), self.encoded.to_string()]);
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            composed: cells.time()?,
            message: cells.text()?,
            place: cells.text()?,
            media: cells.text()?,
            encoding: cells.text()?,
            content: cells.number()?,
            encoded: cells.number()?,
        })
    }
}

impl Row for QueueRow {
    const TABLE: TableDoc = columns::QUEUE;

    fn cells(&self) -> Vec<String> {
        vec![self.at.to_string(), self.server.to_string(), self.copies.to_string(), self.waiting.to_string()]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self { at: cells.time()?, server: cells.text()?, copies: cells.number()?, waiting: cells.number()? })
    }
}

impl Row for LinkRow {
    const TABLE: TableDoc = columns::LINKS;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.link.to_string(), self.from.to_string(), self.to.to_string()];
        let counts = [self.packets, self.bytes, self.delivered_packets];
        let drops = [self.dropped_queue_full, self.dropped_loss, self.dropped_other];
        let more = [self.dropped_early, self.dropped_sojourn, self.dropped_too_big];
        let LinkFigures { duplicated, damaged, marked, utilization, mean_queue, max_queue, max_wait } = self.figures;
        let made = [duplicated, damaged, marked];
        cells.extend(counts.iter().chain(&drops).chain(&more).chain(&made).map(ToString::to_string));
        cells.extend([utilization.to_string(), mean_queue.to_string(), max_queue.to_string(), max_wait.to_string()]);
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            link: cells.text()?,
            from: cells.text()?,
            to: cells.text()?,
            packets: cells.number()?,
            bytes: cells.number()?,
            delivered_packets: cells.number()?,
            dropped_queue_full: cells.number()?,
            dropped_loss: cells.number()?,
            dropped_other: cells.number()?,
            dropped_early: cells.number()?,
            dropped_sojourn: cells.number()?,
            dropped_too_big: cells.number()?,
            figures: LinkFigures {
                duplicated: cells.number()?,
                damaged: cells.number()?,
                marked: cells.number()?,
                utilization: cells.number()?,
                mean_queue: cells.number()?,
                max_queue: cells.number()?,
                max_wait: cells.duration()?,
            },
        })
    }
}

impl Row for FaultRow {
    const TABLE: TableDoc = columns::FAULTS;

    fn cells(&self) -> Vec<String> {
        let (began, ended, kind) = (self.began.to_string(), optional(self.ended), self.kind.name().to_owned());
        let (host, link, port) = (optional(self.host.as_deref()), optional(self.link.as_deref()), optional(self.port));
        vec![began, ended, kind, host, link, port]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let began = cells.time()?;
        Ok(Self {
            began,
            ended: cells.some_time_after(began)?,
            kind: cells.word(FaultKind::from_name)?,
            host: cells.some_text()?,
            link: cells.some_text()?,
            port: cells.some_number()?,
        })
    }
}

/// The rows of one table as CSV with its header.
pub(super) fn csv_of<R: Row>(rows: &[R]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = R::TABLE.columns.iter().map(|(name, _)| *name);
    writer.write_record(header).expect("memory takes everything");
    for row in rows {
        let cells = row.cells();
        assert_eq!(cells.len(), R::TABLE.columns.len(), "a row of {} has a cell for each column", R::TABLE.name);
        writer.write_record(&cells).expect("memory takes everything");
    }
    writer.into_inner().expect("memory takes everything")
}

/// The table called `name` as CSV with its header; none when there is no such table.
#[must_use]
pub fn table_csv(tables: &Tables, name: &str) -> Option<Vec<u8>> {
    match name {
        "messages" => Some(csv_of(&tables.messages)),
        "attempts" => Some(csv_of(&tables.attempts)),
        "reasons" => Some(csv_of(&tables.reasons)),
        "attempt_rates" => Some(csv_of(&tables.attempt_rates)),
        "storms" => Some(csv_of(&tables.storms)),
        "lost_replies" => Some(csv_of(&tables.lost_replies)),
        "duplicates" => Some(csv_of(&tables.duplicates)),
        "smtp_sessions" => Some(csv_of(&tables.smtp_sessions)),
        "queue_destinations" => Some(csv_of(&tables.queue_destinations)),
        "survival" => Some(csv_of(&tables.survival)),
        "dns_queries" => Some(csv_of(&tables.dns_queries)),
        "caches" => Some(csv_of(&tables.caches)),
        "dns_servers" => Some(csv_of(&tables.dns_servers)),
        "mailbox_sessions" => Some(csv_of(&tables.mailbox_sessions)),
        "readings" => Some(csv_of(&tables.readings)),
        "mailboxes" => Some(csv_of(&tables.mailboxes)),
        "connections" => Some(csv_of(&tables.connections)),
        "parts" => Some(csv_of(&tables.parts)),
        "queue" => Some(csv_of(&tables.queue)),
        "links" => Some(csv_of(&tables.links)),
        "faults" => Some(csv_of(&tables.faults)),
        "person_actions" => tables.person_actions.as_deref().map(csv_of),
        "conduct" => tables.conduct.as_deref().map(csv_of),
        "web_requests" => tables.web_requests.as_deref().map(csv_of),
        "web_pages" => tables.web_pages.as_deref().map(csv_of),
        "dialogues" => tables.dialogues.as_deref().map(csv_of),
        "cwnd" => tables.cwnd.as_deref().map(csv_of),
        _ => None,
    }
}
