//! What must be said on connections, or must not: lines of transcripts.
//!
//! Only the first connections of a run are kept, and of each only the first octets. So that something was never
//! said is only known where all was kept.

use super::{Finding, any_of};
use crate::metrics::{Dialogue, RunRecord};
use crate::report::{Found, transcript};
use crate::scenario::resolved::TranscriptExpect;

/// Looks for texts in the dialogues of a run.
pub(super) fn judge(expect: &TranscriptExpect, record: &RunRecord) -> Finding {
    let TranscriptExpect { protocol, client, server, contains, lacks } = expect;
    let is = |wanted: &Option<String>, text: &str| wanted.as_deref().is_none_or(|wanted| wanted == text);
    let mine = |one: &&Dialogue| is(protocol, &one.protocol) && is(client, &one.client) && is(server, &one.server);
    let (mut dialogues, mut having, mut cut) = (0_usize, 0_usize, record.dialogues_left_out > 0);
    let mut forbidden = None;
    for dialogue in record.dialogues.iter().filter(mine) {
        dialogues += 1;
        cut |= dialogue.omitted > 0;
        let text = transcript(dialogue, record.start);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let has = |wanted: &String| lines.iter().any(|line| line.contains(wanted.as_str()));
        having += usize::from(contains.iter().all(has));
        if forbidden.is_none() {
            let line = lines.iter().find(|line| lacks.iter().any(|text| line.contains(text.as_str())));
            forbidden = line.map(|line| format!("{line:?} on {}", dialogue.connection));
        }
    }
    let missing = !contains.is_empty() && having == 0;
    let unsaid = forbidden.is_none();
    let found = match (forbidden, missing) {
        (Some(line), _) => Ok(line),
        (None, true) if dialogues == 0 => Err("no such connection carried a dialogue".to_owned()),
        (None, _) if cut && (missing || !lacks.is_empty()) => {
            Err(format!("not in what was kept of {dialogues} connections; later ones, or parts, were left out"))
        }
        (None, true) => Ok(format!("on none of {dialogues} connections")),
        (None, false) if contains.is_empty() => Ok(format!("not on any of {dialogues} connections")),
        (None, false) => Ok(format!("on {having} of {dialogues} connections")),
    };
    let held = !missing && unsaid && found.is_ok();
    Finding { what: what(expect), expected: words(contains, lacks), found: found.map(Found::Text), held }
}

/// Which dialogues are meant.
fn what(expect: &TranscriptExpect) -> String {
    let mut out = expect.protocol.as_ref().map_or_else(|| "dialogues".to_owned(), |name| format!("{name} dialogues"));
    if let Some(client) = &expect.client {
        out.push_str(&format!(" of {client}"));
    }
    if let Some(server) = &expect.server {
        out.push_str(&format!(" with {server}"));
    }
    out
}

fn words(contains: &[String], lacks: &[String]) -> String {
    let quoted = |texts: &[String]| texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>();
    let parts = [
        (!contains.is_empty()).then(|| format!("say {}", quoted(contains).join(" and "))),
        (!lacks.is_empty()).then(|| format!("never say {}", any_of(&quoted(lacks)))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
