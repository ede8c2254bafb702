//! Serving mailboxes by POP3: who may log in, and what a session does to the store.

use super::accounts::Accounts;
use super::mailbox::Maildrop;
use super::spool::{Spool, trace_maildrop, trace_phase};
use super::upkeep::trace_deleted;
use crate::app::host::Host;
use crate::app::sessions::{Attends, Caller, Calls, Talk};
use crate::base::trace::{MailTrace, Phase, Protocol, Trace};
use crate::base::{ConnId, Side, SimTime, SocketId};
use crate::proto::pop3::{Denial, Entry, Server, ServerEvent};

/// What is known of a client: the key of the mailbox that it has locked, and what is on its way to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    mailbox: Option<String>,
    in_flight: Option<u64>,
}

type Reader = Caller<Server, Known>;

/// The POP3 server's sessions; all in memory only.
#[derive(Clone, Debug, Default)]
pub(super) struct Retrieval {
    accounts: Accounts,
    calls: Calls<Server, Known>,
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
        self.calls.deadline()
    }

    pub(super) fn crash<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        self.calls.take_all().iter().for_each(|reader| leave(host, spool, reader));
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.calls.owns(socket)
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
        self.accept(host, spool, talk, Known::default());
    }
}

impl Attends<Spool> for Retrieval {
    type Session = Server;
    type Known = Known;

    fn calls(&mut self) -> &mut Calls<Server, Known> {
        &mut self.calls
    }

    fn over<H: Host>(&mut self, host: &mut H, spool: &mut Spool, reader: Reader) {
        leave(host, spool, &reader);
    }

    fn event<H: Host>(&mut self, host: &mut H, spool: &mut Spool, reader: &mut Reader, event: ServerEvent) {
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
                reader.known.in_flight = Some(uid);
                let message = drop_of(spool, reader).and_then(|drop| drop.message_mut(uid));
                let message = message.filter(|message| !message.retrieved);
                if let Some(origin) = message.and_then(|message| message.origin.as_ref()) {
                    trace_phase(host, &origin.message_id, &origin.recipient, Phase::Retrieval);
                }
            }
            ServerEvent::Received { uid } => {
                reader.known.in_flight = None;
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
                    let gone = drop.delete(&deleted);
                    trace_deleted(host, drop, &gone);
                    trace_maildrop(host, drop);
                    let inbox = drop.inbox().validity();
                    spool.touched.extend(reader.known.mailbox.clone().map(|mailbox| (mailbox, inbox)));
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
    reader.known.mailbox = Some(key);
    reader.talk.session.open(entries);
}

fn drop_of<'a>(spool: &'a mut Spool, reader: &Reader) -> Option<&'a mut Maildrop> {
    spool.maildrops.get_mut(reader.known.mailbox.as_ref()?)
}

/// The session is over: the lock is free, and a message that was cut short is in the mailbox.
fn leave<H: Host>(host: &mut H, spool: &mut Spool, reader: &Reader) {
    let Some(drop) = drop_of(spool, reader) else { return };
    drop.unlock(reader.talk.socket());
    let cut = reader.known.in_flight.and_then(|uid| drop.message_mut(uid)).filter(|message| !message.retrieved);
    if let Some(origin) = cut.and_then(|message| message.origin.as_ref()) {
        trace_phase(host, &origin.message_id, &origin.recipient, Phase::InMailbox);
    }
}
