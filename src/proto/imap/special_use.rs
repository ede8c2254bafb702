//! What a mailbox is for (RFC 6154), as an attribute in the answers to LIST.
//!
//! Left out: `\All` and `\Flagged`, for which a server makes up a mailbox of messages that are
//! in others.

/// A special use of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecialUse {
    /// Messages that were put away.
    Archive,
    /// Messages that are being written.
    Drafts,
    /// Messages that someone took for junk.
    Junk,
    /// Messages that were sent.
    Sent,
    /// Messages that are to go.
    Trash,
}

impl SpecialUse {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Archive, Self::Drafts, Self::Junk, Self::Sent, Self::Trash];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// The use of that name, in upper or lower case.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// The use that a mailbox on the top level has for its name alone, as clients name theirs.
    #[must_use]
    pub fn of_mailbox(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name()[1..].eq_ignore_ascii_case(name))
    }
}
