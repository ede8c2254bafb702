//! What transfer encodings cost: each part of each message that is MIME, by its octets before and
//! after, and what turning 8 bits into 7 on the way added.
//!
//! Messages without MIME have nothing to encode and no row.

use super::names::{NameId, Names, Text};
use crate::base::time::SimTime;
use crate::base::trace::MailTrace;

/// A part of a message: a row of the table `parts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// When the message was composed.
    pub composed: SimTime,
    /// Message-ID.
    pub message: Text,
    /// Its place in the message, such as `1.2`.
    pub place: Text,
    /// Its media type.
    pub media: Text,
    /// Its transfer encoding.
    pub encoding: Text,
    /// Octets before they were encoded.
    pub content: u64,
    /// Octets encoded.
    pub encoded: u64,
}

/// What was turned into 7 bits on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EncodingFigures {
    /// Copies.
    pub(super) downgraded: u64,
    /// Octets more than before.
    pub(super) added: u64,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    composed: SimTime,
    texts: [NameId; 4],
    content: u64,
    encoded: u64,
}

/// The parts of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    parts: Vec<Part>,
    figures: EncodingFigures,
}

impl Parts {
    /// Takes what the trace tells of parts and of turning 8 bits into 7.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of the trace is no matter of parts")]
    pub(super) fn observe(&mut self, names: &mut Names, event: &MailTrace<'_>, at: SimTime) {
        match *event {
            MailTrace::Encoded { message, place, media, encoding, content, encoded } => {
                let texts = [message, place, media, encoding].map(|text| names.id(text));
                self.parts.push(Part { composed: at, texts, content, encoded });
            }
            MailTrace::Downgraded { before, after, .. } => {
                self.figures.downgraded += 1;
                self.figures.added += after.saturating_sub(before);
            }
            _ => {}
        }
    }

    /// The rows, sorted by time and message; the parts of one stay in their order.
    pub(super) fn finish(self, names: &Names) -> (Vec<PartRow>, EncodingFigures) {
        let row = |part: &Part| {
            let [message, place, media, encoding] = part.texts.map(|id| names.text(id));
            let Part { composed, content, encoded, .. } = *part;
            PartRow { composed, message, place, media, encoding, content, encoded }
        };
        let mut rows: Vec<PartRow> = self.parts.iter().map(row).collect();
        rows.sort_by(|a, b| (a.composed, &a.message).cmp(&(b.composed, &b.message)));
        (rows, self.figures)
    }
}
