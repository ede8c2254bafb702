//! Serving mailboxes by POP3: who may log in, and what a session does to the store.

use std::collections::BTreeMap;

use super::accounts::Accounts;
use super::mailbox::Maildrop;
use super::spool::{Spool, trace_maildrop, trace_phase};
use crate::app::host::Host;
use crate::app::sessions::{Talk, Timers};
use crate::base::trace::{MailTrace, Phase, Protocol, Trace};
use crate::base::{ConnId, Side, SimTime, SocketId};
use crate::proto::pop3::{Denial, Entry, Server, ServerEvent};
use crate::proto::session::{Input, Session as _};

/// A client's session; `mailbox` is the key of the one it has locked.
#[derive(Clone, Debug)]
struct Reader {
    talk: Talk<Server>,
    mailbox: Option<String>,
    in_flight: Option<u64>,
}

/// The POP3 server's sessions; all in memory only.
#[derive(Clone, Debug, Default)]
pub(super) struct Retrieval {
    accounts: Accounts,
    readers: BTreeMap<SocketId, Reader>,
    timers: Timers,
    /// Whether APOP is offered.
    apop: bool,
    /// The last greeting: when, and how many there were at that instant.
    greeted: (SimTime, u64),
}

impl Retrieval {
    pub(super) fn new(domains: &[String], apop: bool) -> Self {
        Self { accounts: Accounts::new(domains), apop, ..Self::default() }
    }

    pub(super) fn deadline(&self) -> SimTime {
        self.timers.first()
    }

    pub(super) fn crash<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        for (socket, reader) in std::mem::take(&mut self.readers) {
            leave(host, spool, socket, &reader);
        }
        self.timers.clear();
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.readers.contains_key(&socket)
    }

    pub(super) fn accepted<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId, conn: ConnId) {
        let (last, nth) = self.greeted;
        self.greeted = (host.now(), if last == host.now() { nth + 1 } else { 1 });
        let server = if self.apop {
            // RFC 1939 section 7: process, clock and host, so that no two are equal. Only those of one instant are
            // counted: who called earlier changes nothing.
            Server::offering_apop(format!("<{}.{}@{}>", self.greeted.1, host.now().as_nanos(), host.name()))
        } else {
            Server::new()
        };
        let talk = Talk::new(socket, conn, Side::Server, Protocol::Pop3, server);
        self.readers.insert(socket, Reader { talk, mailbox: None, in_flight: None });
        self.feed(host, spool, socket, Input::Start);
    }

    pub(super) fn closed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId) {
        self.timers.set(socket, SimTime::NEVER);
        if let Some(reader) = self.readers.get_mut(&socket) {
            reader.talk.lose(host);
            self.run(host, spool, socket);
        }
    }

    pub(super) fn drained<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId) {
        if let Some(reader) = self.readers.get_mut(&socket) {
            reader.talk.drained(host);
            self.run(host, spool, socket);
        }
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        for socket in self.timers.due(host.now()) {
            self.feed(host, spool, socket, Input::Tick);
        }
    }

    pub(super) fn feed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId, input: Input<'_>) {
        if let Some(reader) = self.readers.get_mut(&socket) {
            reader.talk.feed(host, input);
            self.run(host, spool, socket);
        }
    }

    fn run<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId) {
        let Some(mut reader) = self.readers.remove(&socket) else { return };
        while let Some(event) = reader.talk.next_event(host) {
            self.event(host, spool, &mut reader, event);
        }
        if reader.talk.is_closed() {
            leave(host, spool, socket, &reader);
            self.timers.set(socket, SimTime::NEVER);
        } else {
            self.timers.set(socket, reader.talk.session.deadline());
            self.readers.insert(socket, reader);
        }
    }

    fn event<H: Host>(&self, host: &mut H, spool: &mut Spool, reader: &mut Reader, event: ServerEvent) {
        match event {
            ServerEvent::Login(credentials) => {
                let key = self.accounts.login(&spool.maildrops, &credentials);
                login(spool, reader, key);
            }
            ServerEvent::Apop(digest) => {
                let key = self.accounts.proved(&spool.maildrops, &digest);
                login(spool, reader, key);
            }
            ServerEvent::Retrieving { uid } => {
                reader.in_flight = Some(uid);
                let message = drop_of(spool, reader).and_then(|drop| drop.message_mut(uid));
                let message = message.filter(|message| !message.retrieved);
                if let Some(origin) = message.and_then(|message| message.origin.as_ref()) {
                    trace_phase(host, &origin.message_id, &origin.recipient, Phase::Retrieval);
                }
            }
            ServerEvent::Received { uid } => {
                reader.in_flight = None;
                let conn = reader.talk.conn();
                let Some(drop) = drop_of(spool, reader) else { return };
                let mailbox = drop.address().to_owned();
                if let Some(message) = drop.message_mut(uid) {
                    message.retrieved = true;
                    // A user agent of the simulation says so itself, when it has the message.
                    if let Some(origin) = message.origin.as_ref().filter(|_| host.opened_from_outside(conn)) {
                        let message = origin.message_id.as_str();
                        host.trace(Trace::Mail(MailTrace::Retrieved { message, mailbox: &mailbox, conn }));
                    }
                }
            }
            ServerEvent::Update { deleted } => {
                if let Some(drop) = drop_of(spool, reader).filter(|_| !deleted.is_empty()) {
                    for origin in drop.delete(&deleted).into_iter().filter_map(|message| message.origin) {
                        let (message, mailbox) = (origin.message_id.as_str(), drop.address());
                        host.trace(Trace::Mail(MailTrace::Deleted { message, mailbox }));
                    }
                    trace_maildrop(host, drop);
                    let inbox = drop.inbox().validity();
                    spool.touched.extend(reader.mailbox.clone().map(|mailbox| (mailbox, inbox)));
                }
                reader.talk.session.updated();
            }
        }
    }
}

/// Opens the mailbox of that key, if there is one and nobody else has it.
fn login(spool: &mut Spool, reader: &mut Reader, key: Option<String>) {
    let socket = reader.talk.socket();
    let Some((key, drop)) = key.and_then(|key| spool.maildrops.get_mut(&key).map(|drop| (key, drop))) else {
        return reader.talk.session.refuse(Denial::Credentials);
    };
    if !drop.lock(socket) {
        return reader.talk.session.refuse(Denial::Locked);
    }
    let entries = drop.messages().iter().map(|m| Entry { uid: m.uid.into(), content: m.content.clone() }).collect();
    reader.mailbox = Some(key);
    reader.talk.session.open(entries);
}

fn drop_of<'a>(spool: &'a mut Spool, reader: &Reader) -> Option<&'a mut Maildrop> {
    spool.maildrops.get_mut(reader.mailbox.as_ref()?)
}

/// The session is over: the lock is free, and a message that was cut short is in the mailbox.
fn leave<H: Host>(host: &mut H, spool: &mut Spool, socket: SocketId, reader: &Reader) {
    let Some(drop) = drop_of(spool, reader) else { return };
    drop.unlock(socket);
    let cut = reader.in_flight.and_then(|uid| drop.message_mut(uid)).filter(|message| !message.retrieved);
    if let Some(origin) = cut.and_then(|message| message.origin.as_ref()) {
        trace_phase(host, &origin.message_id, &origin.recipient, Phase::InMailbox);
    }
}
