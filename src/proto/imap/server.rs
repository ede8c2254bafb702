//! The server's end of an IMAP session (RFC 3501).
//!
//! ```text
//!  NotAuthenticated --LOGIN, judged--> Authenticated <--SELECT, CLOSE--> Selected{view}
//!         \------------LOGOUT------------------\--------------------------/--> Closed
//! ```
//!
//! A command that needs the store becomes an event; the session goes on after
//! [`Server::answer`], so commands sent in advance wait in its input, as they do for answers that
//! nobody has taken yet. What other sessions do
//! to the selected mailbox comes by [`Server::notify`] and is told when the protocol allows.
//!
//! Left out: TLS, ACLs, and the extensions that [`CAPABILITIES`] does not name.

mod enable;
mod fetch;
mod login;
mod mailboxes;
mod messages;
mod pace;
mod quota;
mod search;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::adapter;
use super::command::{Command, Needs};
use super::event::{Answer, Change, ServerEvent};
use super::framing::{self, Frame, Framer, Limits, Refusal};
use super::names::Style;
use super::saved::Saved;
use super::sets;
use super::view::{Enabled, View};
use crate::proto::line::Line;
use crate::proto::patience::Patience;
use crate::proto::sasl::{self, Exchange};
use crate::proto::session::Output;

/// What a client that has not logged in may send in one command.
const BEFORE_LOGIN: Limits = Limits { text: 1 << 13, literals: 1 << 13, message: 1 << 13 };
/// The text and the small literals of a command.
const MAX_COMMAND: usize = 1 << 16;
/// Octets handed to the socket at once.
const BLOCK: usize = 1 << 16;

/// What the server offers.
pub const CAPABILITIES: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR AUTH=PLAIN AUTH=LOGIN ENABLE ID NAMESPACE IDLE CHILDREN UIDPLUS MOVE \
     UNSELECT STATUS=SIZE BINARY MULTIAPPEND ESEARCH SEARCHRES PARTIAL CONDSTORE QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE LIST-EXTENDED LIST-STATUS SPECIAL-USE \
     CREATE-SPECIAL-USE SORT ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES";

/// What a session is to know.
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig {
    /// What stands between the levels of mailbox names.
    pub separator: char,
    /// The largest message taken, in octets.
    pub max_message: usize,
}

#[derive(Clone, Debug)]
enum State {
    NotAuthenticated,
    Authenticating { tag: String, exchange: Exchange },
    Authenticated,
    Selected(Box<View>),
    Closed,
}

/// A command that waits for the application.
#[derive(Clone, Debug)]
struct Task {
    tag: String,
    doing: Doing,
}

#[derive(Clone, Debug)]
enum Doing {
    Login {
        name: &'static str,
    },
    /// What has no answer but that it is done.
    Plain {
        name: &'static str,
    },
    Select {
        mailbox: String,
        read_only: bool,
    },
    Unselect {
        name: &'static str,
    },
    List(mailboxes::Listing),
    Status(mailboxes::Status),
    Append,
    /// With the mailbox whose root is asked for, if one is.
    Quota(Option<String>),
    Store(messages::Storing),
    Copy(messages::Copying),
    Fetch(fetch::Fetching),
    Search(Box<search::Searching>),
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It speaks of message numbers: nobody may be told of an EXPUNGE now (RFC 3501 7.4.1).
    ByNumber,
    /// Its responses must name UIDs (RFC 3501 6.4.8).
    ByUid,
    /// Neither.
    Other,
}

impl Ending {
    const fn of(uid: bool) -> Self {
        if uid { Self::ByUid } else { Self::ByNumber }
    }
}

/// The server's end of one session.
#[derive(Clone, Debug)]
pub struct Server {
    config: ServerConfig,
    state: State,
    task: Option<Task>,
    /// The tag of an IDLE under way.
    idling: Option<String>,
    enabled: Enabled,
    framer: Framer,
    ended: bool,
    /// Log-ins that failed.
    failures: u32,
    /// How long the client may be silent.
    patience: Patience,
    /// Messages sent whole since the client's last command.
    in_flight: Vec<u32>,
    output: VecDeque<Output<ServerEvent>>,
}

impl Server {
    /// A session that has not begun.
    #[must_use]
    pub const fn new(config: ServerConfig) -> Self {
        Self {
            config,
            state: State::NotAuthenticated,
            task: None,
            idling: None,
            enabled: Enabled { rev2: false, condstore: false },
            framer: Framer::new(),
            ended: false,
            failures: 0,
            patience: Patience::new(pace::IDLE_TIMEOUT),
            in_flight: Vec::new(),
            output: VecDeque::new(),
        }
    }

    /// The application's answer to the last event that wants one.
    pub fn answer(&mut self, answer: Answer) {
        let Some(Task { tag, doing }) = self.task.take() else { return };
        match (doing, answer) {
            (Doing::Fetch(fetching), Answer::Content(content)) => self.fetched(tag, fetching, content),
            (Doing::Search(searching), Answer::Content(content)) => self.searched(tag, searching, content),
            (doing, Answer::Refused { code, text }) => self.refused(&tag, &doing, code, &text),
            (Doing::Login { name }, Answer::Done) => self.logged_in(&tag, name),
            (Doing::Plain { name }, Answer::Done) => self.completed(&tag, name, Ending::Other),
            (Doing::Unselect { name }, Answer::Done) => {
                self.state = State::Authenticated;
                self.completed(&tag, name, Ending::Other);
            }
            (doing @ Doing::Select { .. }, Answer::Done) => {
                self.refused(&tag, &doing, Some("NONEXISTENT"), "No such mailbox");
            }
            (Doing::Select { mailbox, read_only }, Answer::Selected(selected)) => {
                self.selected(&tag, selected, &mailbox, read_only);
            }
            (Doing::List(listing), Answer::Mailboxes(mailboxes)) => self.listed(&tag, &listing, &mailboxes),
            (Doing::Status(status), Answer::Status(counts)) => self.counted(&tag, &status, &counts),
            (Doing::Quota(mailbox), Answer::Quota(quota)) => self.quota_told(&tag, mailbox.as_deref(), &quota),
            (Doing::Append, Answer::Appended { uid_validity, uids }) => {
                let uids = sets::written(&uids);
                self.ok(&tag, &format!("[APPENDUID {uid_validity} {uids}] APPEND completed"), Ending::Other);
            }
            (Doing::Store(storing), Answer::Stored(stored)) => self.stored(&tag, &storing, stored),
            (Doing::Copy(copying), Answer::Copied { uid_validity, from, to }) => {
                self.copied(&tag, &copying, uid_validity, (&from, &to));
            }
            // No question has such an answer.
            (doing, _) => self.refused(&tag, &doing, Some("SERVERBUG"), "Not answered"),
        }
    }

    /// What happened to the selected mailbox. What this session itself did by STORE comes
    /// with its answer instead.
    pub fn notify(&mut self, change: Change) {
        let State::Selected(view) = &mut self.state else { return };
        if change == Change::Deselected {
            self.state = State::Authenticated;
            return;
        }
        view.note(change);
        if self.idling.is_some() {
            self.tell(Ending::Other);
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        match self.output.back_mut() {
            Some(Output::Transmit(last)) if last.len() + bytes.len() <= BLOCK => last.extend_from_slice(bytes),
            Some(_) | None => self.output.push_back(Output::Transmit(bytes.to_vec())),
        }
    }

    fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes());
    }

    const fn style(&self) -> Style {
        Style { separator: self.config.separator, rev2: self.enabled.rev2 }
    }

    /// What `$` stands for.
    fn saved(&self) -> Saved {
        let State::Selected(view) = &self.state else { return Saved { numbers: String::new(), uids: String::new() } };
        let uids = view.saved();
        let numbers: Vec<u32> = uids.iter().filter_map(|uid| view.number(*uid)).collect();
        Saved { numbers: sets::written(&numbers), uids: sets::written(&uids) }
    }

    /// Hands the application a question; the command goes on with its answer.
    fn ask(&mut self, tag: String, doing: Doing, event: ServerEvent) {
        self.task = Some(Task { tag, doing });
        self.output.push_back(Output::Event(event));
    }

    /// Tells what is new in the selected mailbox, as far as that may be now.
    fn tell(&mut self, ending: Ending) {
        let State::Selected(view) = &mut self.state else { return };
        if view.vanished() {
            // RFC 2180 3.3: a server may disconnect who has a deleted mailbox selected.
            return self.bye("Selected mailbox has been deleted");
        }
        let news = view.news(ending != Ending::ByNumber, ending == Ending::ByUid, self.enabled);
        self.send_news(&news);
    }

    fn send_news(&mut self, news: &str) {
        if !news.is_empty() {
            self.send(news.as_bytes());
        }
    }

    /// Ends a command well. `text` may begin with a response code.
    fn ok(&mut self, tag: &str, text: &str, ending: Ending) {
        self.tell(ending);
        self.say(&format!("{tag} OK {text}"));
    }

    fn completed(&mut self, tag: &str, name: &str, ending: Ending) {
        self.ok(tag, &format!("{name} completed"), ending);
    }

    fn no(&mut self, tag: &str, code: Option<&str>, text: &str, ending: Ending) {
        self.tell(ending);
        let code = code.map_or_else(String::new, |code| format!("[{code}] "));
        self.say(&format!("{tag} NO {code}{text}"));
    }

    fn bad(&mut self, tag: &str, text: &str) {
        self.say(&format!("{tag} BAD {text}"));
    }

    fn refused(&mut self, tag: &str, doing: &Doing, code: Option<&str>, text: &str) {
        let ending = match doing {
            Doing::Store(storing) => storing.ending(),
            Doing::Fetch(_) | Doing::Search(_) => Ending::ByNumber,
            Doing::Login { .. } => return self.login_failed(tag, code, text),
            // RFC 3501 6.3.1: if SELECT fails, "no mailbox is selected".
            Doing::Select { .. } => {
                self.state = State::Authenticated;
                Ending::Other
            }
            Doing::Plain { .. }
            | Doing::Unselect { .. }
            | Doing::List(_)
            | Doing::Status(_)
            | Doing::Append
            | Doing::Quota(_)
            | Doing::Copy(_) => Ending::Other,
        };
        self.no(tag, code, text, ending);
    }

    fn bye(&mut self, text: &str) {
        self.say(&format!("* BYE {text}"));
        self.close();
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.task = None;
        self.idling = None;
        self.framer.clear();
        self.output.push_back(Output::Close);
    }

    const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    const fn limits(&self) -> Limits {
        match self.state {
            State::NotAuthenticated | State::Authenticating { .. } | State::Closed => BEFORE_LOGIN,
            State::Authenticated | State::Selected(_) => {
                Limits { text: MAX_COMMAND, literals: MAX_COMMAND, message: self.config.max_message }
            }
        }
    }

    /// Takes the next thing that came; false if it is not whole yet.
    fn step(&mut self) -> bool {
        if self.idling.is_some() || matches!(self.state, State::Authenticating { .. }) {
            let Some(line) = self.framer.line(sasl::MAX_LINE) else { return false };
            self.line(line);
            return true;
        }
        let Some(frame) = self.framer.next(self.limits()) else { return false };
        match frame {
            Frame::Waiting => self.say("+ Ready for literal data"),
            Frame::Lost => self.bye("Literal too long"),
            Frame::Command(octets) => self.command(&octets),
            Frame::Refused { tag, why } => {
                let tag = readable_tag(&tag);
                match why {
                    Refusal::Text => self.bad(&tag, "Command line too long"),
                    Refusal::Literal => self.bad(&tag, "Literal too long"),
                    // RFC 7889 section 4: TOOBIG.
                    Refusal::Message => self.no(&tag, Some("TOOBIG"), "Message too large", Ending::Other),
                }
            }
        }
        true
    }

    /// A line that is no command: in an authentication exchange, or at the end of IDLE.
    fn line(&mut self, line: Line) {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong => Vec::new(),
        };
        match self.idling.take() {
            None => self.exchanged(&line),
            Some(tag) if line.eq_ignore_ascii_case(b"DONE") => self.completed(&tag, "IDLE", Ending::Other),
            Some(tag) => self.bad(&tag, "Expected DONE"),
        }
    }

    fn command(&mut self, octets: &[u8]) {
        if !self.in_flight.is_empty() {
            let uids = std::mem::take(&mut self.in_flight);
            self.output.push_back(Output::Event(ServerEvent::Received { uids }));
        }
        if matches!(&self.state, State::Selected(view) if view.vanished()) {
            return self.tell(Ending::Other);
        }
        let tag = readable_tag(framing::tag(octets));
        let Some(command) = adapter::decode(octets, self.enabled.rev2, || self.saved()) else {
            return self.bad(&tag, "Unknown command or wrong arguments");
        };
        match (command.needs(), &self.state) {
            (Needs::Nothing, _)
            | (Needs::NotAuthenticated, State::NotAuthenticated)
            | (Needs::Authenticated, State::Authenticated | State::Selected(_))
            | (Needs::Selected, State::Selected(_)) => self.execute(tag, command),
            (Needs::NotAuthenticated, _) => self.bad(&tag, "Already logged in"),
            (Needs::Authenticated, _) | (Needs::Selected, State::NotAuthenticated) => self.bad(&tag, "Log in first"),
            (Needs::Selected, _) => self.bad(&tag, "No mailbox selected"),
        }
    }

    #[allow(clippy::too_many_lines, reason = "one line for each command of the protocol")]
    fn execute(&mut self, tag: String, command: Command) {
        match command {
            Command::Capability => {
                self.say(&format!("* CAPABILITY {CAPABILITIES}"));
                self.completed(&tag, "CAPABILITY", Ending::Other);
            }
            Command::Noop => self.completed(&tag, "NOOP", Ending::Other),
            // RFC 3501 6.4.1: CHECK is "equivalent to NOOP" where there is nothing to do.
            Command::Check => self.completed(&tag, "CHECK", Ending::Other),
            Command::Logout => {
                self.say("* BYE IMAP4rev1 server logging out");
                self.say(&format!("{tag} OK LOGOUT completed"));
                self.close();
            }
            Command::Id => {
                self.say("* ID (\"name\" \"Posthaste\")");
                self.completed(&tag, "ID", Ending::Other);
            }
            Command::Authenticate { mechanism, initial } => self.authenticate(tag, &mechanism, initial.as_deref()),
            Command::Login { user, password } => self.login(tag, user, password),
            Command::Namespace => {
                self.say(&format!("* NAMESPACE ((\"\" {})) NIL NIL", self.style().delimiter()));
                self.completed(&tag, "NAMESPACE", Ending::Other);
            }
            Command::Select { mailbox, read_only, condstore } => self.select(tag, &mailbox, read_only, condstore),
            Command::Create { mailbox, special_use } => self.create(tag, &mailbox, special_use),
            Command::Delete { mailbox } => self.delete(tag, &mailbox),
            Command::Rename { from, to } => self.rename(tag, &from, &to),
            Command::Subscribe { mailbox, wanted } => self.subscribe(tag, &mailbox, wanted),
            Command::List { subscribed, reference, pattern } => self.list(tag, subscribed, reference, &pattern),
            Command::ListExtended(list) => self.list_extended(tag, list),
            Command::Status { mailbox, items } => self.status(tag, &mailbox, items),
            Command::Append(appended) => self.append(tag, appended),
            Command::Quota { root } => self.quota(tag, &root),
            Command::QuotaRoot { mailbox } => self.quota_root(tag, &mailbox),
            Command::Enable { names } => self.enable(&tag, &names),
            Command::Idle => {
                self.say("+ idling");
                self.idling = Some(tag);
                self.tell(Ending::Other);
            }
            Command::Close { expunge } => self.unselect(tag, expunge),
            Command::Expunge { uids } => self.expunge(tag, uids.as_ref()),
            Command::Search { keys, charset, order, returns, uid } => {
                self.search(tag, &keys, charset.as_deref(), (order, returns, uid));
            }
            Command::Fetch { messages, items, changed_since } => self.fetch(tag, &messages, items, changed_since),
            Command::Store { messages, action, silent, flags, unchanged_since } => {
                self.store(tag, &messages, (action, flags, unchanged_since), silent);
            }
            Command::Copy { messages, to, moving } => self.copy(tag, &messages, &to, moving),
            Command::Unknown => self.bad(&tag, "Unknown command"),
        }
    }
}

/// A tag that can be repeated to the client; RFC 3501 7.1.3 has `*` where there is none.
fn readable_tag(tag: &[u8]) -> String {
    let atom = |b: &u8| matches!(b, b'!'..=b'~') && !b"(){%*\"\\+".contains(b);
    let tag =
        str::from_utf8(tag).ok().filter(|tag| !tag.is_empty() && tag.len() <= 255 && tag.bytes().all(|b| atom(&b)));
    tag.unwrap_or("*").to_owned()
}
