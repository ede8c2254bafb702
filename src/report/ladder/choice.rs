//! Which of all that a run holds a ladder shows, and the ladder of that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::connect::{beginning, ending, protocol_at};
use super::dialogue::strokes;
use super::life;
use super::picture::{Draft, Ladder, shown};
use super::segments::{Segment, drafts_of};
use super::talks::{Talk, talks};
use super::{LadderError, dns};
use crate::base::nearest;
use crate::base::time::SimTime;
use crate::metrics::{ConnectionRow, DialogueRow, Tables};

/// What a ladder shows; what is empty chooses all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LadderChoice {
    /// Of these protocols: `dns`, `smtp`, `pop3`, `imap`, `http`.
    pub protocols: Vec<String>,
    /// In which one of these hosts takes part: look-ups, connections.
    pub hosts: Vec<String>,
    /// Of the look-ups only the N-th, from 1, or those for a name, or the one with that question; and nothing else.
    pub query: Option<String>,
    /// Only the way of this message.
    pub message: Option<String>,
    /// Only this connection.
    pub connection: Option<String>,
    /// Only what goes on at this time or later.
    pub from: Option<SimTime>,
    /// Only what begins at this time or earlier.
    pub until: Option<SimTime>,
    /// Each line of a message or content for itself, and each of many equal attempts.
    pub unfold: bool,
}

/// Where a ladder's steps come from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The result folder.
    pub folder: &'a Path,
    /// Its tables.
    pub tables: &'a Tables,
    /// Segments that were watched in a run done again, if they were asked for.
    pub segments: Option<&'a [Segment]>,
}

impl<'a> Source<'a> {
    pub(super) fn dialogues(&self) -> &'a [DialogueRow] {
        self.tables.dialogues.as_deref().unwrap_or_default()
    }
}

impl LadderChoice {
    pub(super) fn speaks(&self, protocol: &str) -> bool {
        self.protocols.is_empty() || self.protocols.iter().any(|wanted| wanted == protocol)
    }

    fn has_host(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|wanted| wanted == host)
    }

    fn has_connection(&self, row: &ConnectionRow, protocol: &str) -> bool {
        self.speaks(protocol)
            && (self.has_host(&row.client) || self.has_host(&row.server))
            && self.connection.as_ref().is_none_or(|wanted| **wanted == *row.connection)
    }
}

/// The ladder of what is chosen.
///
/// # Errors
/// Something is named that the run does not have, or its folder is damaged.
pub fn ladder(source: &Source<'_>, choice: &LadderChoice) -> Result<Ladder, LadderError> {
    names_are_known(source.tables, choice)?;
    let (drafts, title) = match (&choice.message, source.segments) {
        (Some(message), _) => of_message(source, choice, message)?,
        (None, Some(segments)) if choice.protocols.is_empty() => of_segments(segments, choice),
        (None, segments) => {
            let (mut drafts, mut title) = of_dialogues(source, choice)?;
            if let Some(segments) = segments {
                drafts.extend(of_segments(segments, choice).0);
                title.push_str(", with segments");
            }
            (drafts, title)
        }
    };
    Ok(Ladder::of(title, within(drafts, choice)))
}

fn within(mut drafts: Vec<Draft>, choice: &LadderChoice) -> Vec<Draft> {
    drafts.retain(|draft| draft.within(choice.from, choice.until));
    drafts
}

/// A message's way, or what the other choices leave of it.
fn of_message(source: &Source<'_>, choice: &LadderChoice, message: &str) -> Result<(Vec<Draft>, String), LadderError> {
    let (mut drafts, rounds, title) = life::way(source, choice, message)?;
    drafts.retain(|draft| draft.ends.iter().any(|end| choice.has_host(end)));
    if let Some(segments) = source.segments {
        drafts.extend(drafts_of(segments, |_| true));
    } else if !choice.unfold {
        drafts = rounds.folded(within(drafts, choice));
    }
    Ok((drafts, title))
}

fn of_segments(segments: &[Segment], choice: &LadderChoice) -> (Vec<Draft>, String) {
    let drafts = drafts_of(segments, |segment| segment.ends.iter().any(|end| choice.has_host(end)));
    let connections: BTreeSet<&str> = segments.iter().map(|segment| &*segment.connection).collect();
    let title = match connections.first() {
        Some(only) if connections.len() == 1 => format!("TCP segments of {}", shown(only)),
        Some(_) | None => format!("TCP segments of {} connections", connections.len()),
    };
    (drafts, title)
}

/// Look-ups and dialogues.
fn of_dialogues(source: &Source<'_>, choice: &LadderChoice) -> Result<(Vec<Draft>, String), LadderError> {
    let tables = source.tables;
    let (mut drafts, mut titles) = (Vec::new(), Vec::new());
    if choice.speaks("dns") && choice.connection.is_none() {
        let (look_ups, title) = dns::look_ups(&tables.dns_queries, &choice.hosts, choice.query.as_deref())?;
        titles.extend(Some(title).filter(|_| !look_ups.is_empty()));
        drafts = look_ups;
    }
    if choice.query.is_none() {
        let (connections, title) = of_connections(source, choice)?;
        titles.extend(title);
        drafts.extend(connections);
    }
    let title = if titles.is_empty() { "Nothing that was said".to_owned() } else { titles.join(", ") };
    Ok((drafts, title))
}

fn of_connections(source: &Source<'_>, choice: &LadderChoice) -> Result<(Vec<Draft>, Option<String>), LadderError> {
    let spoken = source.dialogues();
    let said: BTreeMap<&str, &str> = spoken.iter().map(|one| (&*one.connection, &*one.protocol)).collect();
    let protocol_of = |row: &ConnectionRow| said.get(&*row.connection).copied().unwrap_or(protocol_at(row.server_port));
    // DNS over TCP is in the look-ups
    let rows: Vec<(&ConnectionRow, &str)> =
        source.tables.connections.iter().map(|row| (row, protocol_of(row))).collect();
    let chosen: Vec<(&ConnectionRow, &str)> =
        rows.into_iter().filter(|(row, protocol)| *protocol != "dns" && choice.has_connection(row, protocol)).collect();
    let names: BTreeSet<&str> = chosen.iter().map(|(row, _)| &*row.connection).collect();
    let talks = talks(source.folder, spoken, |row| names.contains(&*row.connection))?;
    let mut drafts = Vec::new();
    let by_name: BTreeMap<&str, &Talk> = talks.iter().map(|talk| (&*talk.connection, talk)).collect();
    for (row, _) in &chosen {
        drafts.extend(beginning(row));
        if let Some(talk) = by_name.get(&*row.connection) {
            drafts.extend(strokes(talk, choice.unfold, |_, _| true));
        }
        drafts.extend(ending(row));
    }
    let title = match &chosen[..] {
        [] => None,
        [(row, protocol)] => Some(format!(
            "{} from {} to {}, connection {}",
            protocol.to_uppercase(),
            shown(&row.client),
            shown(&row.server),
            shown(&row.connection)
        )),
        all => {
            let spoken: BTreeSet<String> = all.iter().map(|(_, protocol)| protocol.to_uppercase()).collect();
            let spoken: Vec<String> = spoken.into_iter().collect();
            Some(format!("{} connections ({})", all.len(), spoken.join(", ")))
        }
    };
    Ok((drafts, title))
}

/// Whether the run has what is named.
pub(in crate::report) fn names_are_known(tables: &Tables, choice: &LadderChoice) -> Result<(), LadderError> {
    let hint = |name: &str, known: BTreeSet<&str>| {
        nearest(name, known.into_iter()).map_or_else(String::new, |near| format!("; did you mean {}?", shown(near)))
    };
    let asked = tables.dns_queries.iter().flat_map(|row| [&*row.from, &*row.to]);
    let called = tables.connections.iter().flat_map(|row| [&*row.client, &*row.server]);
    let hosts: BTreeSet<&str> = asked.chain(called).collect();
    if let Some(name) = choice.hosts.iter().find(|name| !hosts.contains(name.as_str())) {
        return Err(LadderError::NoHost(name.clone(), hint(name, hosts)));
    }
    let connections: BTreeSet<&str> = tables.connections.iter().map(|row| &*row.connection).collect();
    match &choice.connection {
        Some(name) if !connections.contains(name.as_str()) => {
            Err(LadderError::NoConnection(name.clone(), hint(name, connections)))
        }
        Some(_) | None => Ok(()),
    }
}
