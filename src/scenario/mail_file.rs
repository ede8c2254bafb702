//! Files that a scenario names for its messages: whole messages and mailboxes, attachments and
//! images. What they hold is put into the scenario, so that it stands for itself from then on.

use std::path::Path as FilePath;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::beside::{Budget, Found, find, quotable};
use super::problem::{Path, Problems, Step};
use super::schema::{Attachment, FilePlace, Scenario, SourceFile, WholeMessage};
use crate::proto::message::files::{self, Fault};

struct Reader<'a> {
    folder: Option<&'a FilePath>,
    typed: &'a [&'a [Step]],
    budget: Budget,
    problems: &'a mut Problems,
}

/// Puts the contents of all these files into the scenario.
///
/// `folder` is the scenario's, if it has one; `typed` are the paths of what was typed.
pub(super) fn inline(scenario: &mut Scenario, folder: Option<&FilePath>, typed: &[&[Step]], problems: &mut Problems) {
    let mut reader = Reader { folder, typed, budget: Budget::new("mail files"), problems };
    let path = Path::Root.key("workload");
    for (index, entry) in scenario.workload.iter_mut().enumerate() {
        let here = path.index(index);
        for (key, list) in [("attachments", &mut entry.attachments), ("images", &mut entry.images)] {
            let list_path = here.key(key);
            for (index, attachment) in list.iter_mut().enumerate() {
                reader.attachment(list_path.index(index), attachment);
            }
        }
        for (index, step) in entry.steps.iter_mut().flatten().enumerate() {
            let step_path = here.key("steps");
            let step_path = step_path.index(index);
            for (key, letter) in [("write", &mut step.write), ("draft", &mut step.draft)] {
                let list_path = step_path.key(key);
                let list_path = list_path.key("attachments");
                for (index, attachment) in letter.iter_mut().flat_map(|letter| &mut letter.attachments).enumerate() {
                    reader.attachment(list_path.index(index), attachment);
                }
            }
        }
        let mut messages = Vec::new();
        if let Some(name) = entry.eml.take() {
            messages
                .extend(reader.messages(here.key("eml"), &name, |file| files::eml(file).map(|message| vec![message])));
        }
        if let Some(name) = entry.mbox.take() {
            messages.extend(reader.messages(here.key("mbox"), &name, files::mbox));
            // Each message once, if nothing else is said.
            if entry.every.is_some() && entry.until.is_none() && !messages.is_empty() {
                entry.times.get_or_insert(messages.len() as u64);
            }
        }
        messages.append(&mut entry.messages);
        entry.messages = messages;
    }
}

impl Reader<'_> {
    fn read(&mut self, path: Path<'_>, name: &str) -> Option<(Found, Vec<u8>)> {
        let is_typed = self.typed.iter().any(|steps| path.steps().starts_with(steps));
        let found = find("a mail file", name, self.folder, is_typed);
        match found.and_then(|found| self.budget.read(&found.path).map(|octets| (found, octets))) {
            Ok(read) => Some(read),
            Err(message) => {
                self.problems.at(path, message);
                None
            }
        }
    }

    fn attachment(&mut self, here: Path<'_>, attachment: &mut Attachment) {
        let Some(name) = &attachment.file else { return };
        let path = here.key("file");
        if attachment.base64.is_some() {
            // noted where the rest is checked
            return;
        }
        let Some((_, octets)) = self.read(path, name) else { return };
        let base_name = FilePath::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
        if attachment.name.is_none() {
            attachment.name = base_name;
        }
        attachment.base64 = Some(STANDARD.encode(&octets));
        attachment.file = None;
    }

    fn messages(
        &mut self,
        path: Path<'_>,
        name: &str,
        split: impl Fn(&[u8]) -> Result<Vec<Vec<u8>>, Fault>,
    ) -> Vec<WholeMessage> {
        let Some((found, octets)) = self.read(path, name) else { return Vec::new() };
        match split(&octets) {
            Ok(messages) => messages.into_iter().map(written).collect(),
            Err(Fault { place, said }) => {
                let text = quotable(&octets);
                // one character stands for an octet that is none of UTF-8
                let file = Arc::new(SourceFile { name: found.label, text });
                self.problems.in_file(path, &FilePlace { file, span: (place.start, place.end) }, said);
                Vec::new()
            }
        }
    }
}

/// A message as a scenario writes it: in lines if it is text.
fn written(message: Vec<u8>) -> WholeMessage {
    let readable = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    match String::from_utf8(message) {
        Ok(text) if text.ends_with("\r\n") && text.chars().all(readable) => {
            let lines = text.trim_end_matches('\n').strip_suffix('\r').unwrap_or_default();
            WholeMessage { lines: Some(lines.split("\r\n").map(str::to_owned).collect()), base64: None }
        }
        Ok(text) => WholeMessage { lines: None, base64: Some(STANDARD.encode(text)) },
        Err(error) => WholeMessage { lines: None, base64: Some(STANDARD.encode(error.as_bytes())) },
    }
}
