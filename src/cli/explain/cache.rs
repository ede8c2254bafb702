//! A cache as a table for a reader, and as JSON.

use serde_json::{Value, json};

use super::state::Holding;
use crate::app::dns::cache::{Cache, Origin, Rank};
use crate::app::dns::listing::{CacheLine, Knowledge, text};
use crate::base::trace::Silent;
use crate::base::{Directory, SimTime};
use crate::sim::World;

/// The columns of the table.
const HEADINGS: [&str; 8] = ["TTL left", "served", "name", "type", "data", "told by", "in", "at"];

/// The column of a record's data.
const DATA: usize = 4;

/// What a cache holds now.
pub(super) fn holding(world: &World<Silent>, cache: &Cache, key: String, title: String) -> Holding {
    let lines = cache.listing(world.now());
    let directory = world.directory();
    let json: Vec<Value> = lines.iter().map(|line| object(directory, line)).collect();
    let rows: Vec<[String; 8]> = lines.iter().flat_map(|line| rows(directory, line)).collect();
    let text = if rows.is_empty() { "  is empty".to_owned() } else { table(&rows) };
    Holding { key, title, text, json: json!(json) }
}

/// The rows of one entry: one a record, the first with all that is known about the entry.
fn rows(directory: &Directory, line: &CacheLine) -> Vec<[String; 8]> {
    let data = match &line.knowledge {
        Knowledge::Records(data) => data.iter().map(text).collect(),
        Knowledge::NoData(_) => vec!["no such record".to_owned()],
        Knowledge::NxDomain(_) => vec!["no such name".to_owned()],
        Knowledge::Failure => vec!["could not be found out".to_owned()],
    };
    let left = match line.past {
        None => format!("{} s", line.ttl_left),
        Some(past) => format!("-{past} s"),
    };
    let rtype = line.rtype.map_or_else(|| "any".to_owned(), |rtype| rtype.to_string());
    let row = |(index, data): (usize, String)| {
        let mut cells: [String; 8] = Default::default();
        if index == 0 {
            cells = [
                left.clone(),
                line.served.to_string(),
                line.name.to_string(),
                rtype.clone(),
                String::new(),
                teller(directory, line.origin),
                section(line).to_owned(),
                clock(line.stored_at),
            ];
        }
        cells[DATA] = data;
        cells
    };
    data.into_iter().enumerate().map(row).collect()
}

/// Who told it, by the host's name.
pub(super) fn teller(directory: &Directory, origin: Origin) -> String {
    match origin {
        Origin::Own => "itself".to_owned(),
        Origin::Server(address) => directory.name_at(address),
        Origin::Forwarder(address) => format!("{} (forwarder)", directory.name_at(address)),
    }
}

/// The part of the response in which it stood.
const fn section(line: &CacheLine) -> &'static str {
    match (&line.knowledge, line.rank) {
        (Knowledge::Failure, _) => "failure",
        (Knowledge::NoData(_) | Knowledge::NxDomain(_), _) => "denial",
        (Knowledge::Records(_), Rank::Glue) => "additional section",
        (Knowledge::Records(_), Rank::Referral) => "authority section",
        (Knowledge::Records(_), Rank::Unchecked) => "elsewhere, unchecked",
        (Knowledge::Records(_), Rank::Answer) => "answer",
        (Knowledge::Records(_), Rank::Authority) => "authoritative answer",
    }
}

/// Seconds to the millisecond.
fn clock(at: SimTime) -> String {
    let millis = at.as_nanos() / 1_000_000;
    format!("{}.{:03} s", millis / 1000, millis % 1000)
}

/// Columns as wide as their widest cell; numbers stand to the right.
fn table(rows: &[[String; 8]]) -> String {
    let headings = HEADINGS.map(str::to_owned);
    let all = || std::iter::once(&headings).chain(rows);
    let widths: Vec<usize> =
        (0..HEADINGS.len()).map(|column| all().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in all() {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < 2 { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let cells: Vec<String> = cells.collect();
        text += &format!("  {}\n", cells.join("  ").trim_end());
    }
    text
}

fn object(directory: &Directory, line: &CacheLine) -> Value {
    let (kind, data) = match &line.knowledge {
        Knowledge::Records(data) => ("records", data.iter().map(text).collect()),
        Knowledge::NoData(_) => ("nodata", Vec::new()),
        Knowledge::NxDomain(_) => ("nxdomain", Vec::new()),
        Knowledge::Failure => ("failure", Vec::new()),
    };
    let teller = match line.origin {
        Origin::Own => Value::Null,
        Origin::Server(address) | Origin::Forwarder(address) => json!(directory.name_at(address)),
    };
    json!({
        "name": line.name.to_string(),
        "type": line.rtype.map(|rtype| rtype.to_string()),
        "kind": kind,
        "data": data,
        "ttl_left_s": line.ttl_left,
        "expired_for_s": line.past,
        "served": line.served,
        "told_by": teller,
        "forwarded": matches!(line.origin, Origin::Forwarder(_)),
        "section": section(line),
        "stored_at_s": line.stored_at.to_string(),
    })
}
