//! The client's end of an IMAP session (RFC 3501) under the hand of a program that reads mail: it logs in, and then
//! does task after task (`proto::mailbox`).
//!
//! ```text
//!  Greeting -> (CAPABILITY) -> LOGIN or AUTHENTICATE PLAIN -> (CAPABILITY) -> tasks -> LOGOUT -> Closed
//! ```
//!
//! Messages are named by UID throughout, so that it does not matter when the server tells what others did: that is
//! news, whatever it is. What of a task may go out ahead does: opening a folder and asking for its messages, marking
//! and expunging. What the server does not offer is done by other means: MOVE by COPY (RFC 6851 3.3), IDLE by NOOP.
//! Transfer encodings of parts are undone. Left out: TLS, LIST, fetching by pieces (`<partial>`), BINARY, CONDSTORE.

mod command;
mod response;
mod tasks;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use command::Line;
use response::{Condition, Framer, Response, Status};
use tasks::Gathered;
use told::Told;

use crate::base::{SimDuration, SimTime};
use crate::proto::mailbox::{MailboxClient, MailboxEvent, Task};
use crate::proto::session::{Input, Output, Session, transfer_time};

/// How long the client waits for the server's next octets.
const TIMEOUT: SimDuration = SimDuration::from_secs(300);
/// RFC 2177: clients "are advised to terminate the IDLE and re-issue it at least every 29 minutes".
const IDLE_AGAIN: SimDuration = SimDuration::from_secs(29 * 60);
/// How often the folder is looked at when the server has no IDLE.
const POLL: SimDuration = SimDuration::from_secs(60);

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Capability,
    LogIn,
    Select,
    /// NOOP: what happened meanwhile?
    Look,
    List,
    Structure,
    Fetch,
    Store,
    Move,
    Copy,
    Create,
    Expunge,
    Append,
    Search,
    Idle,
    Logout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Entering,
    Open,
    Closed,
}

/// What the server offers, as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
struct Offers {
    known: bool,
    login_disabled: bool,
    plain: bool,
    initial_response: bool,
    literal_plus: bool,
    idle: bool,
    uidplus: bool,
    moves: bool,
}

impl Offers {
    fn read<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut offers = Self { known: true, ..Self::default() };
        for word in words {
            match word {
                "LOGINDISABLED" => offers.login_disabled = true,
                "AUTH=PLAIN" => offers.plain = true,
                "SASL-IR" => offers.initial_response = true,
                "LITERAL+" => offers.literal_plus = true,
                "IDLE" => offers.idle = true,
                "UIDPLUS" => offers.uidplus = true,
                "MOVE" => offers.moves = true,
                _ => {}
            }
        }
        offers
    }
}

/// The folder that is open.
#[derive(Clone, Debug)]
struct Folder {
    name: String,
    validity: u32,
    /// The parts of messages whose structure was told.
    leaves: BTreeMap<u32, Vec<Told>>,
}

/// The client's end of one session.
#[derive(Clone, Debug)]
pub struct Client {
    user: String,
    password: String,
    now: SimTime,
    stage: Stage,
    /// Whether the user is let in.
    inside: bool,
    offers: Offers,
    folder: Option<Folder>,
    /// The validity that the server told last.
    validity: u32,
    tasks: VecDeque<Task>,
    task: Option<Task>,
    gathered: Gathered,
    /// Commands that are not complete.
    flying: VecDeque<(String, Step)>,
    /// What waits for the server's leave.
    pieces: VecDeque<Vec<u8>>,
    /// Whether the server has said that it idles.
    idling: bool,
    /// Whether something happened that was not listed yet.
    news: bool,
    commands: u64,
    framer: Framer,
    /// When the server is given up, and when something is to be done.
    patience: SimTime,
    alarm: SimTime,
    output: VecDeque<Output<MailboxEvent>>,
}

impl Client {
    /// A session that has not begun.
    #[must_use]
    pub fn new(user: String, password: String) -> Self {
        Self {
            user,
            password,
            now: SimTime::ZERO,
            stage: Stage::Greeting,
            inside: false,
            offers: Offers::default(),
            folder: None,
            validity: 0,
            tasks: VecDeque::new(),
            task: None,
            gathered: Gathered::default(),
            flying: VecDeque::new(),
            pieces: VecDeque::new(),
            idling: false,
            news: false,
            commands: 0,
            framer: Framer::default(),
            patience: SimTime::NEVER,
            alarm: SimTime::NEVER,
            output: VecDeque::new(),
        }
    }

    /// The beginning of a command: its tag and this text.
    fn line(&self, text: &str) -> Line {
        Line::new(self.offers.literal_plus, &format!("a{} {text}", self.commands + 1))
    }

    fn command(&mut self, step: Step, line: Line) {
        self.commands += 1;
        self.flying.push_back((format!("a{}", self.commands), step));
        self.pieces.extend(line.pieces());
        self.next_piece();
    }

    /// Sends the next piece of what is to be said.
    fn next_piece(&mut self) {
        if let Some(piece) = self.pieces.pop_front() {
            self.patience = self.now.saturating_add(TIMEOUT).saturating_add(transfer_time(piece.len()));
            self.output.push_back(Output::Transmit(piece));
        }
    }

    fn tell(&mut self, event: MailboxEvent) {
        self.output.push_back(Output::Event(event));
    }

    fn close(&mut self) {
        self.stage = Stage::Closed;
        (self.patience, self.alarm) = (SimTime::NEVER, SimTime::NEVER);
        self.flying.clear();
        self.tasks.clear();
        self.task = None;
        self.framer = Framer::default();
        self.output.push_back(Output::Close);
    }

    fn fail(&mut self, why: &str) {
        self.tell(MailboxEvent::Failed(why.to_owned()));
        self.close();
    }

    fn read(&mut self) {
        while self.stage != Stage::Closed {
            match self.framer.next() {
                Ok(None) => break,
                Ok(Some(octets)) => match response::read(&octets) {
                    Some(response) => self.response(response),
                    None => self.fail("a response that is none"),
                },
                Err(response::TooLong) => self.fail("a response too long"),
            }
        }
    }

    fn response(&mut self, response: Response) {
        match response {
            Response::Continue => self.leave_given(),
            Response::Tagged(tag, condition) => self.complete(&tag, condition),
            Response::Untagged(condition) => self.condition(condition),
            Response::Capability(words) => self.offers = Offers::read(words.iter().map(String::as_str)),
            Response::Exists(_) => self.happened(),
            // RFC 6851 3.3 and RFC 3501 6.4.3: the server tells of what the command itself took away.
            Response::Expunge(_) if self.flying.iter().any(|(_, step)| matches!(step, Step::Move | Step::Expunge)) => {}
            Response::Expunge(_) => self.happened(),
            Response::Fetch(items) => self.told(&items),
            Response::Search(found) => self.gathered.found.extend(found),
            Response::Other => {}
        }
    }

    /// The server waits for the rest of a command, or idles.
    fn leave_given(&mut self) {
        match self.flying.back() {
            Some((_, Step::Idle)) => {
                self.idling = true;
                if self.news {
                    return self.stop_idling();
                }
                let until = self.watched_until().min(self.now.saturating_add(IDLE_AGAIN));
                (self.patience, self.alarm) = (SimTime::NEVER, until);
                self.alarmed();
            }
            Some(_) | None => self.next_piece(),
        }
    }

    fn stop_idling(&mut self) {
        if std::mem::take(&mut self.idling) {
            self.alarm = SimTime::NEVER;
            self.patience = self.now.saturating_add(TIMEOUT);
            self.output.push_back(Output::Transmit(b"DONE\r\n".to_vec()));
        }
    }

    /// Something happened to the folder that was not asked for.
    fn happened(&mut self) {
        self.news = true;
        self.stop_idling();
    }

    /// How things stand, untagged.
    fn condition(&mut self, Condition { status, code, text }: Condition) {
        if let Some(words) = code.strip_prefix("CAPABILITY ") {
            self.offers = Offers::read(words.split(' '));
        }
        if let Some(validity) = code.strip_prefix("UIDVALIDITY ").and_then(|number| number.parse().ok()) {
            self.validity = validity;
        }
        let leaving = self.flying.iter().any(|(_, step)| *step == Step::Logout);
        match (self.stage, status) {
            (_, Status::Bye) if leaving => {}
            (_, Status::Bye) => self.fail(&format!("BYE {text}")),
            (Stage::Greeting, Status::Ok) => {
                self.stage = Stage::Entering;
                self.enter();
            }
            (Stage::Greeting, Status::PreAuth) => self.entered(),
            (Stage::Greeting, Status::No | Status::Bad) => self.fail(&text),
            (Stage::Entering | Stage::Open | Stage::Closed, _) => {}
        }
    }

    /// Logs in, once it is known what the server offers.
    fn enter(&mut self) {
        if !self.offers.known {
            return self.command(Step::Capability, self.line("CAPABILITY"));
        }
        if !self.offers.login_disabled {
            let line = self.line("LOGIN").string(self.user.as_bytes()).string(self.password.as_bytes());
            return self.command(Step::LogIn, line);
        }
        if !self.offers.plain {
            return self.fail("the server offers no way to log in");
        }
        // RFC 4616 2: authorization identity, authentication identity, password.
        let secret = STANDARD.encode(format!("\0{}\0{}", self.user, self.password));
        let line = self.line("AUTHENTICATE PLAIN");
        if self.offers.initial_response {
            return self.command(Step::LogIn, line.word(&secret));
        }
        self.command(Step::LogIn, line);
        self.pieces.push_back(format!("{secret}\r\n").into_bytes());
    }

    /// The user is let in. RFC 3501 6.2.3: what the server offers may be other than before.
    fn entered(&mut self) {
        self.inside = true;
        if !self.offers.known {
            self.stage = Stage::Entering;
            return self.command(Step::Capability, self.line("CAPABILITY"));
        }
        self.stage = Stage::Open;
        self.tell(MailboxEvent::Open);
        self.go_on();
    }

    /// A command is complete.
    fn complete(&mut self, tag: &str, condition: Condition) {
        let Some(at) = self.flying.iter().position(|(known, _)| known == tag) else {
            return self.fail("the end of a command that nobody gave");
        };
        let Some((_, step)) = self.flying.remove(at) else { return };
        if self.flying.is_empty() {
            // What waited for leave that did not come is void.
            self.pieces.clear();
        }
        let Condition { status, code, text } = condition;
        let done = status == Status::Ok;
        if let Some(words) = code.strip_prefix("CAPABILITY ") {
            self.offers = Offers::read(words.split(' '));
        } else if step == Step::LogIn && done {
            self.offers.known = false;
        }
        match (self.stage, step) {
            (Stage::Entering, Step::LogIn) if done => self.entered(),
            (Stage::Entering, Step::LogIn) => {
                self.command(Step::Logout, self.line("LOGOUT"));
                self.fail(&text);
            }
            (Stage::Entering, Step::Capability) if self.offers.known && self.inside => self.entered(),
            (Stage::Entering, Step::Capability) if self.offers.known => self.enter(),
            (Stage::Entering, _) => self.fail(&text),
            (Stage::Open, _) => self.ended(step, done, &code, text),
            (Stage::Greeting | Stage::Closed, _) => {}
        }
    }
}

impl Session for Client {
    type Event = MailboxEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if self.stage == Stage::Closed {
            return;
        }
        self.now = now;
        match input {
            Input::Start => self.patience = now.saturating_add(TIMEOUT),
            Input::Bytes(bytes) => {
                if !self.patience.is_never() {
                    self.patience = self.patience.max(now.saturating_add(TIMEOUT));
                }
                self.framer.push(bytes);
                self.read();
            }
            Input::EndOfStream => self.fail("connection lost"),
            Input::Tick if self.patience <= now => self.fail("no response in time"),
            Input::Tick => self.alarmed(),
        }
    }

    fn poll(&mut self) -> Option<Output<MailboxEvent>> {
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        // Nobody is waited for while nothing is asked.
        let waits = self.stage != Stage::Open || !self.flying.is_empty();
        if waits { self.patience.min(self.alarm) } else { self.alarm }
    }
}

impl MailboxClient for Client {
    fn ends_waiting(&self) -> bool {
        self.news && matches!(self.task, Some(Task::Watch { .. }))
    }

    fn ask(&mut self, now: SimTime, task: Task) {
        if self.stage == Stage::Closed {
            return;
        }
        self.now = now;
        self.tasks.push_back(task);
        self.go_on();
    }

    fn commands(&self) -> u64 {
        self.commands
    }
}
