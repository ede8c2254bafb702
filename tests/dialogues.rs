//! Dialogues as text files: what a client says and what a server answers.
//!
//! `tests/dialogues/README.md` tells the form. Here each session of each file runs against
//! the sans-IO session of its protocol: line by line, one octet at a time, and (unless it
//! waits) with all that the client says sent ahead. The form knows nothing of that, so the
//! same files can be run over a socket.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use posthaste::base::{SimDuration, SimTime, SocketId};
use posthaste::proto::sasl::Credentials;
use posthaste::proto::session::{Input, Output, Session};
use posthaste::proto::{imap, pop3, smtp};
use script::{Scene, Script, Step, What};

#[path = "common/post_office.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod post_office;
#[path = "common/script.rs"]
mod script;

use post_office::CLOSED;

/// How a client's octets come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    LineByLine,
    OctetByOctet,
    /// The client waits for no answer.
    Ahead,
}

/// What an application makes of a server session's events.
trait Judge<S: Session> {
    fn judge(&mut self, session: &mut S, event: S::Event);
    /// What has come of it, such as `stored 1`.
    fn outcome(&self) -> String;
}

struct MailScene<'a> {
    scene: &'a Scene,
    stored: Vec<Vec<u8>>,
}

impl MailScene<'_> {
    fn judge(&self, session: &mut smtp::Server, what: &str) -> bool {
        match self.scene.refusal(what) {
            Some(words) => {
                let (code, text) = words.split_once(' ').expect("a code and a text");
                session.reject(code.parse().expect("a code"), smtp::Status::OTHER, text);
                false
            }
            None => {
                session.accept();
                true
            }
        }
    }
}

impl Judge<smtp::Server> for MailScene<'_> {
    fn judge(&mut self, session: &mut smtp::Server, event: smtp::ServerEvent) {
        match event {
            smtp::ServerEvent::Sender(path) => {
                MailScene::judge(self, session, path.as_str());
            }
            smtp::ServerEvent::Recipient(path) => {
                MailScene::judge(self, session, path.as_str());
            }
            smtp::ServerEvent::Verify(name) => {
                MailScene::judge(self, session, &name);
            }
            smtp::ServerEvent::Expand(name) => match self.scene.lists.iter().find(|(list, _)| *list == name) {
                Some((_, members)) => session.members(members),
                None => {
                    MailScene::judge(self, session, &name);
                }
            },
            smtp::ServerEvent::Flush(node) => {
                MailScene::judge(self, session, &node);
            }
            smtp::ServerEvent::Handshake => session.computed(),
            smtp::ServerEvent::Login(credentials) => {
                if self.scene.users.contains(&(credentials.user, credentials.password)) {
                    session.accept();
                } else {
                    let text = "Authentication credentials invalid";
                    session.reject(535, smtp::Status::CREDENTIALS, text);
                }
            }
            smtp::ServerEvent::Message { content, .. } => {
                if MailScene::judge(self, session, "message") {
                    self.stored.push(content);
                }
            }
        }
    }

    /// The messages stored, each with its octets.
    fn outcome(&self) -> String {
        let texts: Vec<String> = self.stored.iter().map(|content| content.escape_ascii().to_string()).collect();
        format!("stored {} {}", texts.len(), texts.join(" | ")).trim_end().to_owned()
    }
}

struct PostOffice<'a> {
    scene: &'a Scene,
    deleted: Vec<u64>,
    received: Vec<u64>,
}

impl PostOffice<'_> {
    fn log_in(&self, session: &mut pop3::Server, user: &str, known: bool) {
        if self.scene.refusal(user).is_some() {
            session.refuse(pop3::Denial::Locked);
        } else if known {
            let messages = (1..).zip(&self.scene.messages);
            session.open(messages.map(|(uid, m)| pop3::Entry { uid, content: m.as_bytes().into() }).collect());
        } else {
            session.refuse(pop3::Denial::Credentials);
        }
    }
}

impl Judge<pop3::Server> for PostOffice<'_> {
    fn judge(&mut self, session: &mut pop3::Server, event: pop3::ServerEvent) {
        match event {
            pop3::ServerEvent::Login(Credentials { user, password, .. }) => {
                let known = self.scene.users.contains(&(user.clone(), password));
                self.log_in(session, &user, known);
            }
            pop3::ServerEvent::Apop(digest) => {
                let known = |(name, password): &(String, String)| *name == digest.user && digest.proves(password);
                self.log_in(session, &digest.user, self.scene.users.iter().any(known));
            }
            pop3::ServerEvent::Retrieving { .. } => {}
            pop3::ServerEvent::Received { uid } => self.received.push(uid),
            pop3::ServerEvent::Update { deleted } => {
                self.deleted.extend(deleted);
                session.updated();
            }
        }
    }

    /// The messages received whole, and those deleted.
    fn outcome(&self) -> String {
        format!("received {:?} deleted {:?}", self.received, self.deleted)
    }
}

/// A connection to a whole mail server: IMAP's sessions are of use with a store only.
struct Counter {
    office: post_office::PostOffice,
    socket: SocketId,
    said: VecDeque<Vec<u8>>,
}

impl Counter {
    fn new(scene: &Scene) -> Self {
        let mut office = post_office::PostOffice::new(&scene.server, &scene.users, |config| {
            config.max_message = scene.limit("message").unwrap_or(config.max_message);
            config.separator = scene.separator.unwrap_or(config.separator);
        });
        let (bob, _) = scene.users.first().expect("a user");
        for message in &scene.messages {
            office.deliver(&format!("{bob}@{}", scene.server), message.trim_end());
        }
        let socket = office.connect(imap::PORT);
        Self { office, socket, said: VecDeque::new() }
    }
}

impl Session for Counter {
    type Event = ();

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        match input {
            Input::Start => {}
            Input::Bytes(bytes) => self.office.send(self.socket, bytes),
            Input::EndOfStream => self.office.end(self.socket),
            Input::Tick => self.office.tick(now),
        }
        self.said.push_back(self.office.heard(self.socket));
    }

    fn poll(&mut self) -> Option<Output<()>> {
        self.said.pop_front().filter(|said| !said.is_empty()).map(Output::Transmit)
    }

    fn deadline(&self) -> SimTime {
        self.office.server.deadline()
    }
}

/// Nobody is asked: the server has its own application.
struct Nobody;

impl Judge<Counter> for Nobody {
    fn judge(&mut self, _session: &mut Counter, _event: ()) {}

    fn outcome(&self) -> String {
        String::new()
    }
}

/// A server's session, its application, and what the client has not heard yet.
struct Stage<S, J> {
    session: S,
    judge: J,
    now: SimTime,
    heard: String,
}

impl<S: Session, J: Judge<S>> Stage<S, J> {
    fn new(session: S, judge: J) -> Self {
        let mut stage = Self { session, judge, now: SimTime::ZERO, heard: String::new() };
        stage.input(Input::Start);
        stage
    }

    fn input(&mut self, input: Input<'_>) {
        self.session.handle(self.now, input);
        while let Some(output) = self.session.poll() {
            match output {
                Output::Transmit(octets) => self.heard.push_str(str::from_utf8(&octets).expect("ASCII")),
                Output::Close => self.heard.push_str(CLOSED),
                Output::Event(event) => self.judge.judge(&mut self.session, event),
            }
        }
    }

    /// Lets time pass, stopping at each deadline.
    fn wait(&mut self, time: SimDuration) {
        let end = self.now + time;
        while self.session.deadline() <= end {
            assert!(self.session.deadline() > self.now, "a deadline that does not go away");
            self.now = self.session.deadline();
            self.input(Input::Tick);
        }
        self.now = end;
    }

    /// What the client does or waits for; true when the step was that.
    fn act(&mut self, step: &Step, manner: Manner) -> bool {
        match &step.what {
            What::Say(octets) if manner == Manner::OctetByOctet => {
                octets.chunks(1).for_each(|octet| self.input(Input::Bytes(octet)));
            }
            What::Say(octets) => self.input(Input::Bytes(octets)),
            What::ClientCloses => self.input(Input::EndOfStream),
            What::Wait(time) => self.wait(SimDuration::from_nanos(u64::try_from(time.as_nanos()).expect("years"))),
            What::Hear(_) | What::HearStart(_) | What::ServerCloses | What::Outcome(_) => return false,
        }
        true
    }

    /// Takes the next line of what the server said; an error is what it said instead.
    fn hear(&mut self, fits: impl FnOnce(&str) -> bool) -> Result<(), String> {
        let Some((line, rest)) = self.heard.split_once("\r\n") else { return Err("nothing".to_owned()) };
        if !fits(line) {
            return Err(line.to_owned());
        }
        self.heard = rest.to_owned();
        Ok(())
    }

    fn run(&mut self, steps: &[Step], manner: Manner) -> Result<(), String> {
        if manner == Manner::Ahead {
            for step in steps {
                self.act(step, manner);
            }
        }
        let last_act = steps.iter().rposition(|s| matches!(s.what, What::Say(_) | What::ClientCloses)).unwrap_or(0);
        for (at, step) in steps.iter().enumerate() {
            let said = match &step.what {
                What::Hear(text) => self.hear(|line| line == text),
                What::HearStart(text) => self.hear(|line| line.starts_with(text)),
                What::ServerCloses => self.hear(|line| line == CLOSED.trim_end()),
                // All was said before: what came of it in between cannot be seen any more.
                What::Outcome(_) if manner == Manner::Ahead && at < last_act => Ok(()),
                What::Outcome(text) if *text == self.judge.outcome() => Ok(()),
                What::Outcome(_) => Err(self.judge.outcome()),
                What::Say(_) | What::ClientCloses | What::Wait(_) if manner == Manner::Ahead => Ok(()),
                What::Say(_) | What::ClientCloses | What::Wait(_) if !self.heard.is_empty() => Err(self.heard.clone()),
                What::Say(_) | What::ClientCloses | What::Wait(_) => {
                    self.act(step, manner);
                    Ok(())
                }
            };
            said.map_err(|said| format!("line {}, {manner:?}: found {said:?}", step.line))?;
        }
        // A script may stop where all is said; the lecture's does.
        if self.heard.is_empty() || self.heard == CLOSED {
            Ok(())
        } else {
            Err(format!("{manner:?}: said beyond the script: {:?}", self.heard))
        }
    }
}

/// The usual extensions, with those that a scene adds and without those that it takes away.
fn offered(changes: &[String]) -> smtp::Extensions {
    let named = |name: &str| smtp::Extension::ALL.into_iter().find(|extension| extension.keyword() == name);
    changes.iter().fold(smtp::Extensions::USUAL, |all, change| match change.strip_prefix('-') {
        Some(name) => all.without(named(name).expect("an extension")),
        None if change == "STARTTLS" => all,
        None => all.with(named(change).expect("an extension")),
    })
}

fn play(scene: &Scene, steps: &[Step], manner: Manner) -> Result<(), String> {
    match scene.protocol.as_str() {
        "smtp" => {
            let mut config = smtp::ServerConfig::new(scene.server.clone());
            config.max_message = scene.limit("message").unwrap_or(config.max_message);
            config.max_recipients = scene.limit("recipients").unwrap_or(config.max_recipients);
            config.max_errors = scene.limit("errors").map_or(config.max_errors, |most| most.try_into().expect("few"));
            config.max_messages =
                scene.limit("messages").map_or(config.max_messages, |most| most.try_into().expect("few"));
            config.extensions = offered(&scene.offers);
            config.tls = scene.offers.iter().any(|offer| offer == "STARTTLS").then(Default::default);
            config.authentication = match scene.limit("auth") {
                None => smtp::Authentication::NotOffered,
                Some(0) => smtp::Authentication::Offered,
                Some(_) => smtp::Authentication::Required,
            };
            Stage::new(smtp::Server::new(config), MailScene { scene, stored: Vec::new() }).run(steps, manner)
        }
        "pop3" => {
            let judge = PostOffice { scene, deleted: Vec::new(), received: Vec::new() };
            // The time stamp of the example in RFC 1939 section 7.
            let server = if scene.offers.iter().any(|offer| offer == "APOP") {
                pop3::Server::offering_apop("<1896.697170952@dbc.mtview.ca.us>".to_owned())
            } else {
                pop3::Server::new()
            };
            Stage::new(server, judge).run(steps, manner)
        }
        "imap" => Stage::new(Counter::new(scene), Nobody).run(steps, manner),
        other => panic!("no such protocol: {other}"),
    }
}

/// Would break if a letter of a reply changed, if a command were taken in a state in which it
/// must not be, or if it mattered how the octets were cut into pieces.
#[test]
fn every_script_plays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(files.len() >= 10, "scripts are missing: {files:?}");
    let mut wrong = Vec::new();
    for path in files {
        let script = Script::parse(&fs::read_to_string(&path).unwrap());
        for steps in &script.sessions {
            let waits = steps.iter().any(|step| matches!(step.what, What::Wait(_)));
            let manners = [Manner::LineByLine, Manner::OctetByOctet, Manner::Ahead];
            for manner in manners.into_iter().filter(|manner| !(waits && *manner == Manner::Ahead)) {
                if let Err(what) = play(&script.scene, steps, manner) {
                    wrong.push(format!("{}: {what}", path.file_name().unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Would break if a command of POP3 or IMAP had no script in which it is said.
#[test]
fn every_command_has_a_script() {
    const POP3: &str = "USER PASS APOP AUTH CAPA STAT LIST RETR DELE NOOP RSET QUIT TOP UIDL";
    const IMAP: &str = "CAPABILITY NOOP LOGOUT ID AUTHENTICATE LOGIN NAMESPACE SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE \
         UNSUBSCRIBE LIST LSUB STATUS APPEND GETQUOTA GETQUOTAROOT ENABLE IDLE CHECK CLOSE UNSELECT EXPUNGE SEARCH SORT \
         THREAD FETCH STORE COPY MOVE";
    const BY_UID: &str = "EXPUNGE SEARCH SORT THREAD FETCH STORE COPY MOVE";
    let mut missing: Vec<String> = POP3.split(' ').map(|name| format!("pop3 {name}")).collect();
    missing.extend(IMAP.split(' ').map(|name| format!("imap {name}")));
    missing.extend(BY_UID.split(' ').map(|name| format!("imap UID {name}")));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let script = Script::parse(&fs::read_to_string(path).unwrap());
        for step in script.sessions.iter().flatten() {
            let What::Say(octets) = &step.what else { continue };
            let said = String::from_utf8_lossy(octets).to_ascii_uppercase();
            let mut words = said.split_ascii_whitespace().skip(usize::from(script.scene.protocol == "imap"));
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let name = if first == "UID" { format!("UID {second}") } else { first.to_owned() };
            missing.retain(|command| *command != format!("{} {name}", script.scene.protocol));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// Would break if a script could say something and the runner not notice.
#[test]
fn wrong_scripts_are_noticed() {
    for text in [
        "S: 220 other.example",
        "S: 220 hamburger.edu\nC: NOOP",
        "S: 220 hamburger.edu\nC: NOOP\nS: 250 OK\nS: 250 OK",
        "S: 220 hamburger.edu\nC: QUIT\nS: 221 hamburger.edu closing connection\nS: 250 OK",
        "S: 220 hamburger.edu\nS: (closed)",
        "S: 220 hamburger.edu\n= stored 1",
        "S~ 221",
        "C: NOOP\nS: 220 hamburger.edu\nS: 250 OK",
    ] {
        let script = Script::parse(text);
        assert!(play(&script.scene, &script.sessions[0], Manner::LineByLine).is_err(), "{text}");
    }
}
