//! What a person asks of a mailbox, whatever the protocol: the clients of POP3, IMAP and webmail take the same
//! tasks, and one whose protocol lacks something says so.

use crate::base::SimTime;
use crate::proto::message::read::shown::Leaf;
use crate::proto::session::Session;

/// A message in a folder: its number in a POP3 session, its UID in IMAP and webmail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u64);

/// How much of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The header.
    Header,
    /// What a reader shows first: the plain text, else the HTML.
    Text,
    /// One part by its place, such as `2` or `1.3` (RFC 3501 6.4.5).
    Place(String),
    /// Everything.
    Whole,
}

/// What marks a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Read.
    Seen,
    /// Replied to.
    Answered,
    /// Singled out.
    Flagged,
    /// To be removed.
    Deleted,
    /// Not finished.
    Draft,
}

/// What a listing tells of each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// That it is there, and its size; by POP3, not even what stays the same from session to session.
    Bare,
    /// That it is there, and its size.
    Sizes,
    /// What a reader shows in a list: sender, subject, date, marks.
    Lines,
}

/// What to look for; what is none does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// In the From field.
    pub from: Option<String>,
    /// In the Subject field.
    pub subject: Option<String>,
    /// Anywhere in the message.
    pub text: Option<String>,
    /// Not read yet.
    pub unseen: bool,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Open the folder, or look again, and list what is behind a message, or all.
    List {
        /// The folder; `INBOX` for where mail arrives.
        folder: String,
        /// Only what is behind this one.
        behind: Option<Handle>,
        /// What is wanted.
        detail: Detail,
    },
    /// Read from the folder listed last.
    Open {
        /// Which message.
        message: Handle,
        /// How much of it.
        part: Part,
    },
    /// Set or take away a mark.
    Mark {
        /// Which message.
        message: Handle,
        /// The mark.
        mark: Mark,
        /// Whether it is set.
        on: bool,
    },
    /// File it elsewhere; the folder is made if need be.
    Move {
        /// Which message.
        message: Handle,
        /// Where to.
        folder: String,
    },
    /// Remove it for good.
    Delete {
        /// Which message.
        message: Handle,
    },
    /// Put a message that this program has into a folder, which is made if need be.
    Keep {
        /// Which folder.
        folder: String,
        /// The message.
        content: Vec<u8>,
        /// Its marks.
        marks: Vec<Mark>,
    },
    /// Look for messages in the folder listed last.
    Search(Criteria),
    /// Wait for news of the folder listed last, until then at most.
    Watch {
        /// Until when.
        until: SimTime,
    },
    /// Hand in a message that is written in the mailbox's own program (webmail).
    Send(Writing),
    /// Take leave.
    Quit,
}

/// A message as its writer fills in a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// Addresses.
    pub to: Vec<String>,
    /// Addresses.
    pub cc: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
    /// The message that is answered or forwarded, in the folder listed last.
    pub about: Option<(Handle, About)>,
    /// The draft, in the folder listed last, that it goes on with: the text is added to it, and the rest stays as it is
    /// where nothing else is given.
    pub resumes: Option<Handle>,
    /// Names, media types and contents of files that go along.
    pub files: Vec<(String, String, Vec<u8>)>,
    /// Whether it is only put among the drafts.
    pub draft: bool,
}

/// How a message is about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// An answer to its sender.
    Reply,
    /// An answer to all whom it went to.
    ReplyAll,
    /// It is passed on.
    Forward,
}

/// What a listing says of a message. A protocol leaves out what it does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Which message.
    pub message: Handle,
    /// What stays the same from session to session, where the protocol has that: a unique-id (RFC 1939 7), or
    /// UIDVALIDITY and UID.
    pub unique: Option<String>,
    /// Its octets.
    pub bytes: u64,
    /// Message-ID, with its angle brackets.
    pub message_id: Option<String>,
    /// The sender's address.
    pub from: Option<String>,
    /// Subject, decoded.
    pub subject: Option<String>,
    /// Its marks.
    pub marks: Vec<Mark>,
    /// Its parts, as far as the protocol tells of them.
    pub parts: Vec<Leaf>,
}

impl Summary {
    /// What names a message for ever where there are UIDs (RFC 9051 2.3.1.1): `UIDVALIDITY/UID`.
    #[must_use]
    pub fn unique_of(validity: impl std::fmt::Display, uid: u64) -> String {
        format!("{validity}/{uid}")
    }
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// What is there.
    Listed(Vec<Summary>),
    /// What was asked for.
    Opened {
        /// Of which message.
        message: Handle,
        /// What of it: by a protocol that does not give parts, the message whole.
        part: Part,
        /// Its octets as the protocol gave them, transfer encoding undone where the protocol does so.
        content: Vec<u8>,
    },
    /// These match.
    Found(Vec<Handle>),
    /// It is as asked.
    Changed,
    /// It was handed in, under this Message-ID if it is known.
    Sent(Option<String>),
    /// Something changed in the folder that is watched.
    News,
    /// Nothing did.
    NoNews,
    /// The server refused, or the protocol has no such thing; the session goes on.
    Refused(String),
}

/// What a mailbox's client tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailboxEvent {
    /// The person is let in: tasks are taken.
    Open,
    /// A task is done; tasks are done in the order in which they were asked.
    Done(Done),
    /// [`Task::Quit`] is done.
    Finished,
    /// The session ended before its time; tasks not done are void.
    Failed(String),
}

/// A client of a mailbox.
pub trait MailboxClient: Session<Event = MailboxEvent> {
    /// Whether there is news while it is waited for: [`Done::News`] comes when the server has heard that nobody waits.
    fn ends_waiting(&self) -> bool {
        false
    }

    /// Takes a task, to be done after those before it. Take its outputs afterwards.
    fn ask(&mut self, now: SimTime, task: Task);

    /// Whether the session goes on although its connection was closed.
    fn outlasts_connection(&self) -> bool {
        false
    }

    /// Whether it wants another connection now; [`crate::proto::session::Input::Start`] tells that there is one.
    fn wants_connection(&self) -> bool {
        false
    }

    /// The Message-ID of the message of which a text was opened last, if it came along although nobody asked.
    fn opened_id(&self) -> Option<&str> {
        None
    }

    /// The commands or requests that it has given so far.
    fn commands(&self) -> u64 {
        0
    }
}
