//! Master files that a scenario names for its zones: read, and put into the scenario as records.
//!
//! From then on nobody knows them but errors, which quote them; so what a run keeps of its
//! scenario has all records in it. Files that a master file includes lie in the scenario's folder
//! too.

use std::collections::BTreeSet;
use std::path::Path as FilePath;
use std::sync::Arc;

use super::beside::{Budget, Found, find, inside, quotable};
use super::problem::{Path, Problems, Step};
use super::schema::{Duration, FilePlace, Record, Scenario, SourceFile};
use crate::base::SimDuration;
use crate::proto::dns::master::{Entry, Master, MasterRecord, Place};
use crate::proto::dns::{Name, Rtype};

/// Master files included one inside the other.
const MAX_DEPTH: usize = 8;

/// Records in all master files together, so that a file of many small ones fits into memory.
const MAX_RECORDS: usize = 250_000;

/// Puts the records of all master files in front of those that the scenario gives itself.
///
/// `folder` is the scenario's, if it has one; `typed` are the paths of what was typed.
pub(super) fn inline(scenario: &mut Scenario, folder: Option<&FilePath>, typed: &[&[Step]], problems: &mut Problems) {
    let dns = Path::Root.key("dns");
    let zones = dns.key("zones");
    let mut reader =
        Reader { problems, budget: Budget::new("master files"), records_left: MAX_RECORDS, seen: BTreeSet::new() };
    for (name, zone) in &mut scenario.dns.zones {
        let Some(file) = zone.file.take() else { continue };
        let here = zones.key(name);
        let path = here.key("file");
        let is_typed = typed.iter().any(|steps| path.steps().starts_with(steps));
        // what is wrong with the zone's name is noted elsewhere
        let Ok(origin) = Name::parse(name) else { continue };
        let mut records = Vec::new();
        reader.seen.clear();
        match find("a master file", &file, folder, is_typed)
            .and_then(|found| reader.budget.read(&found.path).map(|text| (found, text)))
        {
            Err(message) => reader.problems.at(path, message),
            Ok((found, text)) => {
                let source = Source { file: &found, origin: &origin, path };
                let mut master = Master::new(&text, origin.clone());
                reader.take(&source, &text, &mut master, 0, &mut records);
            }
        }
        records.append(&mut zone.records);
        zone.records = records;
    }
}

/// What the records of a file are for.
struct Source<'a> {
    file: &'a Found,
    /// The zone.
    origin: &'a Name,
    /// Where the scenario names the zone's file.
    path: Path<'a>,
}

struct Reader<'p> {
    problems: &'p mut Problems,
    budget: Budget,
    /// Records that may still be taken.
    records_left: usize,
    /// The records of this zone so far.
    seen: BTreeSet<(Name, Rtype, String)>,
}

impl Reader<'_> {
    /// Takes the records of one file.
    fn take(
        &mut self,
        source: &Source<'_>,
        text: &[u8],
        master: &mut Master<'_>,
        depth: usize,
        records: &mut Vec<Record>,
    ) {
        let file = Arc::new(SourceFile { name: source.file.label.clone(), text: quotable(text) });
        let at = |place: Place| FilePlace { file: Arc::clone(&file), span: (place.start, place.end) };
        while let Some(entry) = master.next() {
            match entry {
                Err(error) => self.problems.in_file(source.path, &at(error.place), error.said),
                Ok((place, Entry::Record(_))) if self.records_left == 0 => {
                    let message = format!("all master files together have at most {MAX_RECORDS} records");
                    return self.problems.in_file(source.path, &at(place), message);
                }
                Ok((place, Entry::Record(record))) => {
                    self.records_left -= 1;
                    // RFC 2181 5: a record that is there already is no other record
                    let key = (record.name.clone(), record.data.rtype(), record.data.to_string());
                    if self.seen.insert(key) {
                        records.push(written(record, source.origin, at(place)));
                    }
                }
                Ok((place, Entry::Include { file: name, origin })) => {
                    if let Err(message) = self.include(source, &name, (master, origin), depth, records) {
                        self.problems.in_file(source.path, &at(place), message);
                    }
                }
            }
        }
    }

    fn include(
        &mut self,
        source: &Source<'_>,
        name: &str,
        (master, origin): (&Master<'_>, Option<Name>),
        depth: usize,
        records: &mut Vec<Record>,
    ) -> Result<(), String> {
        if depth >= MAX_DEPTH {
            return Err(format!("master files include each other at most {MAX_DEPTH} deep"));
        }
        let bounds = &source.file.bounds;
        let found = inside(source.file.path.parent().unwrap_or(bounds), name, bounds)?;
        let text = self.budget.read(&found.path)?;
        let mut included = master.included(&text, origin);
        let source = Source { file: &found, origin: source.origin, path: source.path };
        self.take(&source, &text, &mut included, depth + 1, records);
        Ok(())
    }
}

/// A record as a scenario writes it.
fn written(record: MasterRecord, zone: &Name, place: FilePlace) -> Record {
    Record {
        name: record.name.relative(zone),
        rtype: record.data.rtype().to_string(),
        data: record.text,
        ttl: record.ttl.map(|seconds| Duration(SimDuration::from_secs(u64::from(seconds)))),
        place: Some(place),
    }
}
