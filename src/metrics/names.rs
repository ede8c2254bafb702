//! Texts that many rows share, stored once.
//!
//! Inside the recorder a text is a small number; in the rows that it gives it is a shared
//! string. The numbers depend on the order of events, so they never leave this layer.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// A shared, immutable text.
pub type Text = Arc<str>;

/// The number of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NameId(u32);

/// The texts seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    texts: Vec<Text>,
    index: FxHashMap<Text, NameId>,
}

impl Names {
    /// The number of `text`, given to it now if it is new.
    pub(super) fn id(&mut self, text: &str) -> NameId {
        if let Some(id) = self.index.get(text) {
            return *id;
        }
        let id = NameId(u32::try_from(self.texts.len()).expect("fewer than 2^32 texts"));
        let text: Text = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.index.insert(text, id);
        id
    }

    /// The number of `text`, if it was seen.
    pub(super) fn find(&self, text: &str) -> Option<NameId> {
        self.index.get(text).copied()
    }

    /// The text of a number.
    pub(super) fn text(&self, id: NameId) -> Text {
        Arc::clone(&self.texts[id.0 as usize])
    }

    /// `text` as a shared string.
    pub(super) fn share(&mut self, text: &str) -> Text {
        let id = self.id(text);
        self.text(id)
    }
}
