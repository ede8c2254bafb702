//! What a person does in one session with the mailbox, step by step.
//!
//! A step says what is to be done, not by which commands: those follow from the protocol. What a step acts on is
//! chosen when its turn comes, from the list that was looked at last. Left out: branching; that is what
//! [`Habits`](super::Habits) are for.

use std::sync::Arc;

use super::compose::Draft;
use crate::base::SimDuration;
use crate::proto::mailbox::{Criteria, Mark};

/// How a person gets at the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Means {
    /// POP3: what is new is downloaded and deleted on the server, and read when the connection is closed.
    Pop3,
    /// POP3: what is new is downloaded and stays on the server too.
    Pop3Keep,
    /// IMAP: everything stays on the server, and what is wanted is fetched.
    Imap,
    /// Pages of the mail server, in a browser.
    Webmail,
}

impl Means {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pop3, Self::Pop3Keep, Self::Imap, Self::Webmail];

    /// The name used in scenarios and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pop3 => "pop3",
            Self::Pop3Keep => "pop3-keep",
            Self::Imap => "imap",
            Self::Webmail => "webmail",
        }
    }

    /// Whether mail is fetched first and read from the computer's disk.
    #[must_use]
    pub const fn is_local(self) -> bool {
        matches!(self, Self::Pop3 | Self::Pop3Keep)
    }
}

/// Which messages of the list a step acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Those that were opened last.
    Opened,
    /// The last of the list.
    Newest,
    /// The first of the list.
    Oldest,
    /// Those not read yet.
    Unread,
    /// All of the list.
    All,
    /// Those whose sender or subject contains this, whatever the case of letters; what is none does not matter.
    Where {
        /// In the sender's address.
        from: Option<String>,
        /// In the subject.
        subject: Option<String>,
    },
    /// The one of this number.
    Number(u64),
}

/// Which files of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// All.
    All,
    /// One of them, counted from 1.
    Nth(u32),
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Lists a folder.
    Look {
        /// The folder.
        folder: String,
        /// Only what was not dealt with before, for people who go by habits.
        new: bool,
    },
    /// Leaves in the list what matches.
    Search(Criteria),
    /// Shows the text of messages.
    Open(Pick),
    /// Fetches files of messages.
    Attachment(Pick, Files),
    /// Answers messages.
    Reply {
        /// Which.
        which: Pick,
        /// Whether all whom it went to get the answer.
        all: bool,
        /// What is written below the quoted text.
        text: Arc<[String]>,
    },
    /// Passes messages on.
    Forward {
        /// Which.
        which: Pick,
        /// To whom.
        to: Arc<[String]>,
        /// What is written above.
        text: Arc<[String]>,
        /// Whether the message goes along as a whole, instead of its text and its files.
        whole: bool,
    },
    /// Writes a message and sends it.
    Write(Box<Draft>),
    /// Writes a message and keeps it among the drafts.
    Save(Box<Draft>),
    /// Takes the draft that was saved last, adds lines and sends it.
    Finish(Arc<[String]>),
    /// Puts messages into a folder.
    File(Pick, String),
    /// Deletes messages for good.
    Delete(Pick),
    /// Sets a mark or takes it away.
    Mark(Pick, Mark, bool),
    /// Does nothing for so long.
    Wait(SimDuration),
    /// Waits for new mail, so long at most, and lists it.
    Watch(SimDuration),
    /// Opens what is unread, one after the other, and does with each what the person's habits say.
    Deal,
    /// Does with the message opened last what the person's habits say.
    Decide,
    /// Needs the message of this number no more: the disk forgets what POP3 fetched.
    PutAway(u64),
}

impl Step {
    /// Whether it acts on messages of the list that was looked at last.
    #[must_use]
    pub const fn acts_on_list(&self) -> bool {
        match self {
            Self::Search(_)
            | Self::Open(_)
            | Self::Attachment(..)
            | Self::Reply { .. }
            | Self::Forward { .. }
            | Self::File(..)
            | Self::Delete(_)
            | Self::Mark(..) => true,
            Self::Look { .. }
            | Self::Write(_)
            | Self::Save(_)
            | Self::Finish(_)
            | Self::Wait(_)
            | Self::Watch(_)
            | Self::Deal
            | Self::Decide
            | Self::PutAway(_) => false,
        }
    }
}
