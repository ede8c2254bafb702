//! A user's way into the mailbox: the server's addresses, a connection, a client of the user's protocol over it,
//! and the tasks that it is given.
//!
//! One session at a time. How it is used:
//!
//! ```text
//! open(now, way)       true: ask the stub for the addresses of account().server, then resolved(host, addresses)
//! ask(host, task)      at any time of a session, also before it is Open: tasks are done in their order
//! connected, closed, feed, drained, wake: inputs of the application; those for other sockets are left alone
//! next_event()         after each of these until it is none; after Finished or Failed it can be opened again
//! unfinished(host, why) tells what the session under way cost so far
//! crash(host)          the session is gone without an event, and with it all tasks not done
//! ```
//!
//! A session's cost is told in the trace when it ends, as is each whole message. Left out: trying again.

mod again;
mod meter;
mod showing;

use std::collections::VecDeque;
use std::net::IpAddr;

pub use meter::Figures;
pub use showing::shown;

use crate::app::host::Host;
use crate::app::sessions::Talk;
use crate::base::trace::{MailTrace, Protocol, Trace};
use crate::base::{CloseReason, ConnId, Endpoint, Side, SimTime, SocketId};
use crate::proto::mailbox::{Done, MailboxClient, MailboxEvent, Part, Task};
use crate::proto::message::first;
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::Dialect;
use crate::proto::{http, imap, pop3, webmail};
use again::Parted;
use meter::Meter;

/// Whose mailbox it is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's address.
    pub address: String,
    /// The password.
    pub password: String,
    /// The name of the mail server, or its address.
    pub server: String,
    /// How commands are written.
    pub dialect: Dialect,
}

impl Account {
    /// The lecture logs in as `bob`; by the whole address the user is known in any domain.
    fn user(&self) -> String {
        let local = || self.address.split('@').next().unwrap_or_default();
        match self.dialect {
            Dialect::Lecture => local().to_owned(),
            Dialect::Rfc5321 => self.address.clone(),
        }
    }

    /// What a URL calls the server (RFC 3986 3.2.2).
    fn host(&self) -> String {
        match self.server.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.server.clone(),
        }
    }
}

/// By which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// POP3.
    Pop3,
    /// IMAP.
    Imap,
    /// Webmail.
    Webmail,
}

impl Way {
    /// What the trace calls it.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Pop3 => Protocol::Pop3,
            Self::Imap => Protocol::Imap,
            Self::Webmail => Protocol::Http,
        }
    }

    /// Where the server listens.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Pop3 => pop3::PORT,
            Self::Imap => imap::PORT,
            Self::Webmail => http::PORT,
        }
    }

    fn client(self, account: &Account) -> Client {
        match self {
            Self::Pop3 => {
                let reader = pop3::Reader::new(account.user(), account.password.clone(), account.dialect);
                Client::Pop3(Box::new(reader))
            }
            Self::Imap => Client::Imap(Box::new(imap::Client::new(account.user(), account.password.clone()))),
            Self::Webmail => {
                let client = webmail::Client::new(account.host(), account.user(), account.password.clone());
                Client::Webmail(Box::new(client))
            }
        }
    }
}

/// The client of one of the protocols.
#[derive(Clone, Debug)]
enum Client {
    Pop3(Box<pop3::Reader>),
    Imap(Box<imap::Client>),
    Webmail(Box<webmail::Client>),
}

impl Client {
    fn any(&mut self) -> &mut dyn MailboxClient {
        match self {
            Self::Pop3(reader) => &mut **reader,
            Self::Imap(client) => &mut **client,
            Self::Webmail(client) => &mut **client,
        }
    }
}

impl Session for Client {
    type Event = MailboxEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        self.any().handle(now, input);
    }

    fn poll(&mut self) -> Option<Output<MailboxEvent>> {
        self.any().poll()
    }

    fn deadline(&self) -> SimTime {
        match self {
            Self::Pop3(reader) => reader.deadline(),
            Self::Imap(client) => client.deadline(),
            Self::Webmail(client) => client.deadline(),
        }
    }
}

impl MailboxClient for Client {
    fn ask(&mut self, now: SimTime, task: Task) {
        self.any().ask(now, task);
    }

    fn commands(&self) -> u64 {
        match self {
            Self::Pop3(reader) => reader.commands(),
            Self::Imap(client) => client.commands(),
            Self::Webmail(client) => client.commands(),
        }
    }

    fn opened_id(&self) -> Option<&str> {
        match self {
            Self::Pop3(_) | Self::Imap(_) => None,
            Self::Webmail(client) => client.opened_id(),
        }
    }

    fn ends_waiting(&self) -> bool {
        match self {
            Self::Imap(client) => client.ends_waiting(),
            Self::Pop3(_) | Self::Webmail(_) => false,
        }
    }

    fn outlasts_connection(&self) -> bool {
        match self {
            Self::Pop3(_) | Self::Imap(_) => false,
            Self::Webmail(client) => client.outlasts_connection(),
        }
    }

    fn wants_connection(&self) -> bool {
        match self {
            Self::Pop3(_) | Self::Imap(_) => false,
            Self::Webmail(client) => client.wants_connection(),
        }
    }
}

#[derive(Clone, Debug)]
enum Stage {
    Idle,
    /// The server's addresses are asked for.
    Resolving,
    Connecting {
        socket: SocketId,
        conn: ConnId,
    },
    Talking(Box<Talk<Meter<Client>>>),
    /// The session goes on without a connection.
    Parted(Box<Parted>),
}

/// The way into one mailbox.
#[derive(Clone, Debug)]
pub struct Access {
    account: Account,
    way: Way,
    stage: Stage,
    began: SimTime,
    /// Since when the present look at the mailbox goes on.
    looking: SimTime,
    /// Since when there is news, while it is waited for.
    heard: Option<SimTime>,
    listed: u64,
    opened: u64,
    learned: u64,
    /// Addresses of the server not tried yet.
    addresses: VecDeque<IpAddr>,
    /// The one tried last.
    address: Option<IpAddr>,
    /// Tasks for a session that is not there yet.
    waiting: VecDeque<Task>,
    events: VecDeque<MailboxEvent>,
}

impl Access {
    /// No session yet.
    #[must_use]
    pub const fn new(account: Account) -> Self {
        Self {
            account,
            way: Way::Pop3,
            stage: Stage::Idle,
            began: SimTime::ZERO,
            looking: SimTime::ZERO,
            heard: None,
            listed: 0,
            opened: 0,
            learned: 0,
            addresses: VecDeque::new(),
            address: None,
            waiting: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Whose mailbox it is, and where.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Whether no session is under way.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        match &self.stage {
            Stage::Talking(talk) => talk.session.deadline(),
            Stage::Parted(parted) => parted.deadline(),
            Stage::Idle | Stage::Resolving | Stage::Connecting { .. } => SimTime::NEVER,
        }
    }

    /// Since when the present look at the mailbox goes on: from the beginning of the session, or from the last
    /// news in it. What a message waited for before that is the poll; what it waits for after it is retrieval.
    #[must_use]
    pub const fn looking_since(&self) -> SimTime {
        self.looking
    }

    /// The session told so many things about messages that were here already: changed marks, and that they are gone.
    pub const fn learned(&mut self, count: u64) {
        self.learned += count;
    }

    /// What the session under way cost so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        match &self.stage {
            Stage::Talking(talk) => talk.session.figures(),
            Stage::Parted(parted) => parted.client.figures(),
            Stage::Idle | Stage::Resolving | Stage::Connecting { .. } => Figures::default(),
        }
    }

    /// Begins a session; true when the server's addresses are wanted, false when one is under way.
    pub fn open(&mut self, now: SimTime, way: Way) -> bool {
        if !self.is_idle() {
            return false;
        }
        (self.way, self.stage, self.began, self.looking) = (way, Stage::Resolving, now, now);
        (self.listed, self.opened, self.learned, self.heard) = (0, 0, 0, None);
        self.waiting.clear();
        true
    }

    /// The server's addresses; none: it has none, or they cannot be found.
    pub fn resolved<H: Host>(&mut self, host: &mut H, addresses: VecDeque<IpAddr>) {
        if matches!(self.stage, Stage::Resolving) {
            self.addresses = addresses;
            self.connect(host, "the server has no address");
        }
    }

    /// Tries the server's next address.
    fn connect<H: Host>(&mut self, host: &mut H, why_not: &str) {
        match self.addresses.pop_front() {
            Some(address) => {
                let (socket, conn) = host.connect(Endpoint::new(address, self.way.port()));
                self.address = Some(address);
                self.stage = Stage::Connecting { socket, conn };
            }
            None => self.ended(host, None, Err(why_not.to_owned())),
        }
    }

    /// Takes a task for the session under way. Without one it is void.
    pub fn ask<H: Host>(&mut self, host: &mut H, task: Task) {
        match &mut self.stage {
            Stage::Idle => {}
            Stage::Resolving | Stage::Connecting { .. } => self.waiting.push_back(task),
            Stage::Talking(talk) => {
                talk.session.ask(host.now(), task);
                self.run(host);
            }
            Stage::Parted(_) => self.ask_alone(host, task),
        }
    }

    /// A connection is established.
    pub fn connected<H: Host>(&mut self, host: &mut H, connected: SocketId) {
        let Stage::Connecting { socket, conn } = self.stage else { return self.connected_again(host, connected) };
        if socket != connected {
            return;
        }
        let mut client = Meter::new(self.way.client(&self.account));
        self.waiting.drain(..).for_each(|task| client.ask(host.now(), task));
        self.stage = Stage::Talking(Box::new(Talk::new(socket, conn, Side::Client, self.way.protocol(), client)));
        self.feed(host, socket, Input::Start);
    }

    /// A connection is no more.
    pub fn closed<H: Host>(&mut self, host: &mut H, closed: SocketId, reason: CloseReason) {
        if matches!(self.stage, Stage::Connecting { socket, .. } if socket == closed) {
            return self.connect(host, &reason.to_string());
        }
        if self.closed_again(host, closed, &reason.to_string()) {
            return;
        }
        self.talk(host, closed, |host, talk| talk.lose(host));
    }

    /// Octets came, or no more will.
    pub fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: Input<'_>) {
        self.talk(host, socket, |host, talk| talk.feed(host, input));
    }

    /// Most of what was said is sent.
    pub fn drained<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        self.talk(host, socket, |host, talk| talk.drained(host));
    }

    /// The deadline may have come.
    pub fn wake<H: Host>(&mut self, host: &mut H) {
        self.wake_alone(host);
        if let Stage::Talking(talk) = &self.stage
            && talk.session.deadline() <= host.now()
        {
            let socket = talk.socket();
            self.feed(host, socket, Input::Tick);
        }
    }

    /// The session is gone, and what it was asked.
    pub fn crash<H: Host>(&mut self, host: &mut H) {
        self.unfinished(host, "the computer failed");
        self.stage = Stage::Idle;
        self.waiting.clear();
        self.events.clear();
    }

    /// What happened.
    pub fn next_event(&mut self) -> Option<MailboxEvent> {
        self.events.pop_front()
    }

    fn talk<H: Host>(&mut self, host: &mut H, socket: SocketId, begin: impl FnOnce(&H, &mut Talk<Meter<Client>>)) {
        if let Stage::Talking(talk) = &mut self.stage
            && talk.socket() == socket
        {
            begin(host, talk);
            self.run(host);
        }
    }

    fn run<H: Host>(&mut self, host: &mut H) {
        let mut end = None;
        loop {
            let Stage::Talking(talk) = &mut self.stage else { return };
            let conn = talk.conn();
            if talk.session.ends_waiting() {
                self.heard.get_or_insert(host.now());
            }
            match talk.next_event(host) {
                Some(MailboxEvent::Finished) => end = Some(Ok(())),
                Some(MailboxEvent::Failed(why)) => end = end.or(Some(Err(why))),
                Some(MailboxEvent::Done(done)) => {
                    // In webmail the text is all that ever comes.
                    if let (Done::Opened { part: Part::Text, .. }, Some(message)) = (&done, talk.session.opened_id()) {
                        let mailbox = self.account.address.as_str();
                        host.trace(Trace::Mail(MailTrace::Retrieved { message, mailbox, conn }));
                    }
                    self.note(host, conn, done);
                }
                Some(MailboxEvent::Open) => self.events.push_back(MailboxEvent::Open),
                None if talk.is_closed() && end.is_none() && talk.session.outlasts_connection() => {
                    let Stage::Talking(talk) = std::mem::replace(&mut self.stage, Stage::Idle) else { return };
                    return self.part(host, *talk);
                }
                None if talk.is_closed() => {
                    let end = end.unwrap_or_else(|| Err("the session ended".to_owned()));
                    return self.ended(host, Some(conn), end);
                }
                None => return,
            }
        }
    }

    fn note<H: Host>(&mut self, host: &mut H, conn: ConnId, done: Done) {
        match &done {
            Done::Listed(list) => self.listed += list.len() as u64,
            Done::Opened { part: Part::Whole, content, .. } => {
                self.opened += 1;
                let message = first(content, "Message-ID").unwrap_or_default();
                let (message, mailbox) = (message.as_str(), self.account.address.as_str());
                host.trace(Trace::Mail(MailTrace::Retrieved { message, mailbox, conn }));
            }
            Done::Opened { part: Part::Text | Part::Place(_), .. } => self.opened += 1,
            Done::News => self.looking = self.heard.take().unwrap_or(host.now()),
            Done::Opened { part: Part::Header, .. }
            | Done::Found(_)
            | Done::Changed
            | Done::Sent(_)
            | Done::Refused(_) => {}
            Done::NoNews => self.heard = None,
        }
        self.events.push_back(MailboxEvent::Done(done));
    }

    /// Tells what the session under way cost, which does not come to its end.
    pub fn unfinished<H: Host>(&self, host: &mut H, why: &str) {
        let conn = match &self.stage {
            Stage::Idle => return,
            Stage::Resolving | Stage::Connecting { .. } => None,
            Stage::Talking(talk) => Some(talk.conn()),
            Stage::Parted(parted) => Some(parted.conn()),
        };
        self.tell(host, conn, Some(why));
    }

    fn tell<H: Host>(&self, host: &mut H, conn: Option<ConnId>, trouble: Option<&str>) {
        let figures = self.figures();
        host.trace(Trace::Mail(MailTrace::Session {
            mailbox: &self.account.address,
            protocol: self.way.protocol(),
            conn,
            began: self.began,
            commands: figures.commands,
            round_trips: figures.round_trips,
            sent: figures.sent,
            received: figures.received,
            listed: self.listed,
            opened: self.opened,
            learned: self.learned,
            trouble,
        }));
    }

    /// The session is over: what it cost is told.
    fn ended<H: Host>(&mut self, host: &mut H, conn: Option<ConnId>, end: Result<(), String>) {
        self.tell(host, conn, end.as_ref().err().map(String::as_str));
        self.stage = Stage::Idle;
        self.waiting.clear();
        self.events.push_back(end.map_or_else(MailboxEvent::Failed, |()| MailboxEvent::Finished));
    }
}
