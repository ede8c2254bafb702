//! Commands as the session works with them, once the grammar is done with.

use super::adapter::{SearchKey, Section};
use super::event::NewMessage;
use super::flags::{Flags, StoreAction};
use super::list_command::{ListCommand, NoSuchUse};
use super::order::Order;
use super::results::Returns;
use super::sets::NumberSet;
use super::special_use::SpecialUse;
use crate::base::UnixTime;

/// INTERNALDATE: an instant, and the zone in which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InternalDate {
    /// The instant.
    pub at: UnixTime,
    /// The zone's distance from UTC, in minutes to the east.
    pub zone: i16,
}

impl InternalDate {
    /// An instant written in UTC.
    #[must_use]
    pub const fn utc(at: UnixTime) -> Self {
        Self { at, zone: 0 }
    }

    /// As RFC 3501 writes a `date-time`, without the quotes.
    #[must_use]
    pub fn written(self) -> String {
        self.at.rfc3501(self.zone)
    }
}

/// Messages that a command is about.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    pub(super) set: NumberSet,
    /// By UID instead of by number.
    pub(super) uid: bool,
}

/// An APPEND.
#[derive(Clone, Debug)]
pub(super) struct Appended {
    pub(super) mailbox: Vec<u8>,
    pub(super) messages: Vec<NewMessage>,
}

/// What STATUS tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    Deleted,
    Size,
    DeletedStorage,
    HighestModSeq,
}

impl StatusItem {
    const ALL: [Self; 9] = [
        Self::Messages,
        Self::Recent,
        Self::UidNext,
        Self::UidValidity,
        Self::Unseen,
        Self::Deleted,
        Self::Size,
        Self::DeletedStorage,
        Self::HighestModSeq,
    ];

    /// The item of that name, in upper or lower case.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|item| item.name().as_bytes().eq_ignore_ascii_case(name))
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Messages => "MESSAGES",
            Self::Recent => "RECENT",
            Self::UidNext => "UIDNEXT",
            Self::UidValidity => "UIDVALIDITY",
            Self::Unseen => "UNSEEN",
            Self::Deleted => "DELETED",
            Self::Size => "SIZE",
            Self::DeletedStorage => "DELETED-STORAGE",
            Self::HighestModSeq => "HIGHESTMODSEQ",
        }
    }
}

/// What FETCH tells of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Flags,
    Uid,
    InternalDate,
    Size,
    ModSeq,
    Envelope,
    /// BODY, or BODYSTRUCTURE with its extension data.
    Structure {
        extended: bool,
    },
    /// BODY[...].
    Section {
        section: Option<Section<'static>>,
        /// From which octet, and how many at most.
        partial: Option<(u32, u32)>,
        /// Whether `\Seen` is left as it is.
        peek: bool,
    },
    /// BINARY[...] (RFC 3516): a part without its transfer encoding.
    Binary {
        path: Vec<u32>,
        partial: Option<(u32, u32)>,
        peek: bool,
    },
    /// BINARY.SIZE[...].
    BinarySize {
        path: Vec<u32>,
    },
    Rfc822,
    Rfc822Header,
    Rfc822Text,
}

impl Item {
    /// Whether the message itself is needed to tell it.
    pub(super) const fn needs_content(&self) -> bool {
        match self {
            Self::Flags | Self::Uid | Self::InternalDate | Self::Size | Self::ModSeq => false,
            Self::Envelope
            | Self::Structure { .. }
            | Self::Section { .. }
            | Self::Binary { .. }
            | Self::BinarySize { .. }
            | Self::Rfc822
            | Self::Rfc822Header
            | Self::Rfc822Text => true,
        }
    }

    /// RFC 3501 6.4.5: "The \Seen flag is implicitly set".
    pub(super) const fn sets_seen(&self) -> bool {
        match self {
            Self::Section { peek, .. } | Self::Binary { peek, .. } => !*peek,
            Self::Rfc822 | Self::Rfc822Text => true,
            Self::Flags
            | Self::Uid
            | Self::InternalDate
            | Self::Size
            | Self::ModSeq
            | Self::Envelope
            | Self::Structure { .. }
            | Self::BinarySize { .. }
            | Self::Rfc822Header => false,
        }
    }

    /// Whether it is the whole message.
    pub(super) const fn is_whole(&self) -> bool {
        match self {
            Self::Section { section, partial, .. } => section.is_none() && partial.is_none(),
            Self::Binary { path, partial, .. } => path.is_empty() && partial.is_none(),
            Self::Rfc822 => true,
            Self::Flags
            | Self::Uid
            | Self::InternalDate
            | Self::Size
            | Self::ModSeq
            | Self::Envelope
            | Self::Structure { .. }
            | Self::BinarySize { .. }
            | Self::Rfc822Header
            | Self::Rfc822Text => false,
        }
    }
}

/// A command, its tag apart.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Capability,
    Noop,
    Logout,
    Id,
    Authenticate {
        mechanism: String,
        initial: Option<Vec<u8>>,
    },
    Login {
        user: Vec<u8>,
        password: Vec<u8>,
    },
    Namespace,
    Select {
        mailbox: Vec<u8>,
        read_only: bool,
        condstore: bool,
    },
    Create {
        mailbox: Vec<u8>,
        /// What it is for, if that is said (RFC 6154).
        special_use: Option<Result<SpecialUse, NoSuchUse>>,
    },
    Delete {
        mailbox: Vec<u8>,
    },
    Rename {
        from: Vec<u8>,
        to: Vec<u8>,
    },
    Subscribe {
        mailbox: Vec<u8>,
        wanted: bool,
    },
    List {
        subscribed: bool,
        reference: Vec<u8>,
        pattern: Vec<u8>,
    },
    ListExtended(ListCommand),
    Status {
        mailbox: Vec<u8>,
        items: Vec<StatusItem>,
    },
    Append(Appended),
    /// GETQUOTA (RFC 9208).
    Quota {
        root: Vec<u8>,
    },
    QuotaRoot {
        mailbox: Vec<u8>,
    },
    /// ENABLE (RFC 5161).
    Enable {
        names: Vec<String>,
    },
    Idle,
    Check,
    Close {
        expunge: bool,
    },
    Expunge {
        uids: Option<NumberSet>,
    },
    /// SEARCH, SORT or THREAD.
    Search {
        keys: SearchKey<'static>,
        charset: Option<String>,
        order: Order,
        /// What is told of the result instead of all numbers (RFC 4731).
        returns: Option<Returns>,
        uid: bool,
    },
    Fetch {
        messages: Messages,
        items: Vec<Item>,
        /// Only those that changed since (RFC 7162).
        changed_since: Option<u64>,
    },
    Store {
        messages: Messages,
        action: StoreAction,
        silent: bool,
        flags: Flags,
        /// Only those that did not change since (RFC 7162).
        unchanged_since: Option<u64>,
    },
    Copy {
        messages: Messages,
        to: Vec<u8>,
        moving: bool,
    },
    /// Well formed, but not offered.
    Unknown,
}

/// In which states a command may come (RFC 3501 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    NotAuthenticated,
    Authenticated,
    Selected,
}

impl Command {
    /// Makes it about no message at all.
    pub(super) fn about_nothing(&mut self) {
        match self {
            Self::Fetch { messages, .. } | Self::Store { messages, .. } | Self::Copy { messages, .. } => {
                messages.set = NumberSet::default();
            }
            Self::Expunge { uids } => *uids = Some(NumberSet::default()),
            Self::Capability
            | Self::Noop
            | Self::Logout
            | Self::Id
            | Self::Authenticate { .. }
            | Self::Login { .. }
            | Self::Namespace
            | Self::Select { .. }
            | Self::Create { .. }
            | Self::Delete { .. }
            | Self::Rename { .. }
            | Self::Subscribe { .. }
            | Self::List { .. }
            | Self::ListExtended(_)
            | Self::Status { .. }
            | Self::Append(_)
            | Self::Quota { .. }
            | Self::QuotaRoot { .. }
            | Self::Enable { .. }
            | Self::Idle
            | Self::Check
            | Self::Close { .. }
            | Self::Search { .. }
            | Self::Unknown => {}
        }
    }

    pub(super) const fn needs(&self) -> Needs {
        match self {
            Self::Capability | Self::Noop | Self::Logout | Self::Id | Self::Unknown => Needs::Nothing,
            Self::Authenticate { .. } | Self::Login { .. } => Needs::NotAuthenticated,
            Self::Namespace
            | Self::Select { .. }
            | Self::Create { .. }
            | Self::Delete { .. }
            | Self::Rename { .. }
            | Self::Subscribe { .. }
            | Self::List { .. }
            | Self::ListExtended(_)
            | Self::Status { .. }
            | Self::Append(_)
            | Self::Quota { .. }
            | Self::QuotaRoot { .. }
            | Self::Enable { .. }
            | Self::Idle => Needs::Authenticated,
            Self::Check
            | Self::Close { .. }
            | Self::Expunge { .. }
            | Self::Search { .. }
            | Self::Fetch { .. }
            | Self::Store { .. }
            | Self::Copy { .. } => Needs::Selected,
        }
    }
}
