//! What a session tells and asks its application, and what the application answers.

use std::sync::Arc;

use super::command::InternalDate;
use super::flags::{Flags, StoreAction};
use super::special_use::SpecialUse;
use crate::proto::sasl::Credentials;

/// What the application is told or asked. Each but [`ServerEvent::Received`] wants one
/// [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// A user wants in: [`Answer::Done`] or [`Answer::Refused`].
    Login(Credentials),
    /// SELECT or EXAMINE, which also leaves the mailbox selected before: [`Answer::Selected`].
    Select {
        /// The mailbox.
        mailbox: String,
        /// EXAMINE: nothing is changed.
        read_only: bool,
    },
    /// The selected mailbox is left: [`Answer::Done`].
    Unselect {
        /// Whether the messages marked `\Deleted` go.
        expunge: bool,
    },
    /// CREATE: [`Answer::Done`].
    Create {
        /// The new mailbox.
        mailbox: String,
        /// What it is for, if the client says so.
        special_use: Option<SpecialUse>,
    },
    /// DELETE: [`Answer::Done`].
    Delete {
        /// The mailbox.
        mailbox: String,
    },
    /// RENAME: [`Answer::Done`].
    Rename {
        /// The present name.
        from: String,
        /// The new one.
        to: String,
    },
    /// SUBSCRIBE or UNSUBSCRIBE: [`Answer::Done`].
    Subscribe {
        /// The name, whether or not there is such a mailbox.
        mailbox: String,
        /// Whether it is subscribed from now on.
        wanted: bool,
    },
    /// Which mailboxes there are: [`Answer::Mailboxes`].
    Mailboxes,
    /// STATUS: [`Answer::Status`].
    Status {
        /// The mailbox.
        mailbox: String,
    },
    /// How much the user may store: [`Answer::Quota`].
    Quota {
        /// A mailbox that must be there, if one is named.
        mailbox: Option<String>,
    },
    /// APPEND: [`Answer::Appended`].
    Append {
        /// The mailbox.
        mailbox: String,
        /// The messages, of which all are stored or none (RFC 3502).
        messages: Vec<NewMessage>,
    },
    /// The messages of the selected mailbox that are marked `\Deleted` go: [`Answer::Done`].
    Expunge {
        /// Only those among these (ascending).
        among: Option<Vec<u32>>,
    },
    /// STORE: [`Answer::Stored`].
    Store {
        /// The messages, ascending.
        uids: Vec<u32>,
        /// What is done.
        action: StoreAction,
        /// With these flags.
        flags: Flags,
        /// Only to messages that have not changed since (RFC 7162).
        unchanged_since: Option<u64>,
    },
    /// COPY or MOVE, of all or none: [`Answer::Copied`].
    Copy {
        /// The messages, ascending.
        uids: Vec<u32>,
        /// The mailbox that gets them.
        to: String,
        /// Whether they go from the selected one.
        moving: bool,
    },
    /// A message of the selected mailbox is needed: [`Answer::Content`].
    Content {
        /// The message.
        uid: u32,
        /// Whether it becomes `\Seen`.
        seen: bool,
        /// Whether it is sent to the client whole.
        whole: bool,
    },
    /// A command after FETCH came, so these messages were received whole.
    Received {
        /// The messages.
        uids: Vec<u32>,
    },
}

/// A message to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its flags.
    pub flags: Flags,
    /// Its internal date; none for now.
    pub date: Option<InternalDate>,
    /// Its octets.
    pub content: Arc<[u8]>,
}

/// What STORE has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The messages that have the flags now, with all flags and the modification sequence; who
    /// is gone is left out.
    pub done: Vec<(u32, Flags, u64)>,
    /// Those that changed too late to be touched.
    pub modified: Vec<u32>,
}

/// A message that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its octets.
    pub content: Arc<[u8]>,
    /// The flags that it has now.
    pub flags: Flags,
    /// Its modification sequence now.
    pub modseq: u64,
}

/// What the application answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is not done.
    Refused {
        /// The response code (RFC 5530), such as `TRYCREATE`.
        code: Option<&'static str>,
        /// Why, for people.
        text: String,
    },
    /// The mailbox as it is now.
    Selected(Selected),
    /// The mailboxes there are.
    Mailboxes(Mailboxes),
    /// How much is in a mailbox.
    Status(Counts),
    /// How much the user stores and may store.
    Quota(Quota),
    /// The message was stored.
    Appended {
        /// The mailbox's unique identifier validity value.
        uid_validity: u32,
        /// The messages' unique identifiers.
        uids: Vec<u32>,
    },
    /// The messages were copied or moved; the same number in both lists.
    Copied {
        /// That of the mailbox that got them.
        uid_validity: u32,
        /// What they were in the selected mailbox.
        from: Vec<u32>,
        /// What they are in the other one.
        to: Vec<u32>,
    },
    /// What became of the messages.
    Stored(Stored),
    /// The message, if it is still there.
    Content(Option<Fetched>),
}

impl Answer {
    /// A refusal.
    #[must_use]
    pub fn refused(code: Option<&'static str>, text: &str) -> Self {
        Self::Refused { code, text: text.to_owned() }
    }
}

/// A message as a session knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its unique identifier.
    pub uid: u32,
    /// Its octets.
    pub size: u32,
    /// Its internal date.
    pub date: InternalDate,
    /// Its flags.
    pub flags: Flags,
    /// Its modification sequence (RFC 7162): that of the last change.
    pub modseq: u64,
    /// Whether this session is the first to see it.
    pub recent: bool,
}

/// The keywords of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords {
    /// Those used so far.
    pub known: Vec<Arc<str>>,
    /// Whether there may be others.
    pub open: bool,
}

/// A mailbox at the moment of its selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Its unique identifier validity value.
    pub uid_validity: u32,
    /// The next message's unique identifier.
    pub uid_next: u32,
    /// The highest modification sequence of its messages, present or past.
    pub highest_modseq: u64,
    /// Its keywords.
    pub keywords: Keywords,
    /// Its messages, by ascending unique identifier.
    pub messages: Vec<Entry>,
}

/// A user's quota (RFC 9208), for all mailboxes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Octets in use, and the most that there may be.
    pub octets: (u64, Option<u64>),
    /// Messages, and the most that there may be.
    pub messages: (u64, Option<u64>),
}

/// A mailbox in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// How much is in it.
    pub counts: Counts,
}

/// The mailboxes of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailboxes {
    /// Those that can be selected, in order.
    pub existing: Vec<Listed>,
    /// Names subscribed to, in order.
    pub subscribed: Vec<String>,
}

/// What STATUS can tell of a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages.
    pub messages: u32,
    /// Those that no session has seen.
    pub recent: u32,
    /// Those without `\Seen`.
    pub unseen: u32,
    /// Those with `\Deleted`.
    pub deleted: u32,
    /// The next unique identifier.
    pub uid_next: u32,
    /// The unique identifier validity value.
    pub uid_validity: u32,
    /// Octets of all messages.
    pub size: u64,
    /// Octets of those with `\Deleted`.
    pub deleted_size: u64,
    /// The highest modification sequence.
    pub highest_modseq: u64,
}

/// What happened to the selected mailbox, by whomever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message came.
    Arrived(Entry),
    /// A message is gone.
    Expunged {
        /// Which.
        uid: u32,
    },
    /// A message has other flags.
    Flags {
        /// Which.
        uid: u32,
        /// All that it has.
        flags: Flags,
        /// Its modification sequence now.
        modseq: u64,
    },
    /// There are new keywords.
    Keywords(Keywords),
    /// The mailbox itself is gone, by another session.
    Vanished,
    /// This session deleted the mailbox itself: it is selected no more.
    Deselected,
}
