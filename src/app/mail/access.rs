//! Serving mailboxes by IMAP: what sessions ask of the store, and who is told what happened.
//!
//! A message that came by mail counts as retrieved when a client has fetched it whole, as by
//! POP3. Sessions do not take the lock of POP3: what one of them removes, a POP3 session that
//! has it in its listing can still fetch.

mod folders;
mod messages;

use super::accounts::Accounts;
use super::folder::{Happening, StoredMessage};
use super::mailbox::{Maildrop, StoreError};
use super::spool::{Spool, trace_phase};
use crate::app::host::Host;
use crate::app::sessions::{Attends, Caller, Calls, Talk};
use crate::base::trace::{Phase, Protocol};
use crate::base::{ConnId, Side, SimTime, SocketId};
use crate::proto::imap::{Answer, Change, Server, ServerConfig, ServerEvent};
use crate::proto::sasl::Credentials;

/// The folder that a session has selected, by its validity.
#[derive(Clone, Copy, Debug)]
struct Place {
    folder: u32,
    read_only: bool,
}

/// What is known of a client.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The key of the user's mailbox.
    mailbox: Option<String>,
    selected: Option<Place>,
    /// Messages on their way to the client.
    in_flight: Vec<u32>,
}

type Reader = Caller<Server, Known>;

impl Known {
    fn looks_at(&self, key: &str, folder: u32) -> Option<Place> {
        self.selected.filter(|place| place.folder == folder && self.mailbox.as_deref() == Some(key))
    }
}

/// The IMAP server's sessions; all in memory only.
#[derive(Clone, Debug)]
pub(super) struct Access {
    accounts: Accounts,
    config: ServerConfig,
    calls: Calls<Server, Known>,
    /// Sessions that were told something and may have to send it.
    told: Vec<SocketId>,
}

impl Access {
    pub(super) fn new(domains: &[String], config: ServerConfig) -> Self {
        Self { accounts: Accounts::new(domains), config, calls: Calls::default(), told: Vec::new() }
    }

    pub(super) fn deadline(&self) -> SimTime {
        self.calls.deadline()
    }

    pub(super) fn crash<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        self.calls.take_all().iter_mut().for_each(|reader| deselect(host, spool, reader));
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.calls.owns(socket)
    }

    pub(super) fn accepted<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId, conn: ConnId) {
        let talk = Talk::new(socket, conn, Side::Server, Protocol::Imap, Server::new(self.config));
        self.accept(host, spool, talk, Known::default());
    }

    /// Tells sessions what SMTP and POP3 did to the mailboxes that they look at.
    pub(super) fn sync<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        for (key, validity) in std::mem::take(&mut spool.touched) {
            self.spread(spool, (&key, validity), None);
        }
        self.attended(host, spool);
    }

    fn login(&self, spool: &Spool, reader: &mut Reader, credentials: &Credentials) -> Answer {
        reader.known.mailbox = self.accounts.login(&spool.maildrops, credentials);
        if reader.known.mailbox.is_none() {
            return Answer::refused(Some("AUTHENTICATIONFAILED"), "Wrong user or password");
        }
        Answer::Done
    }

    /// Tells all who look at a folder what happened to it. Whoever did it learns of changed
    /// flags by the answer.
    fn spread(&mut self, spool: &mut Spool, (key, folder): (&str, u32), mut author: Option<&mut Reader>) {
        let Some(folder) = spool.maildrops.get_mut(key).and_then(|drop| drop.folder(folder).ok()) else { return };
        for what in folder.happened() {
            let others = self.calls.all().map(|reader| (Some(reader.talk.socket()), reader));
            for (socket, reader) in author.iter_mut().map(|reader| (None, &mut **reader)).chain(others) {
                let Some(place) = reader.known.looks_at(key, folder.validity()) else { continue };
                let change = match what {
                    Happening::Arrived(uid) => folder.arrival(uid, place.read_only).map(Change::Arrived),
                    Happening::Gone(uid) => Some(Change::Expunged { uid }),
                    Happening::Flagged(_) if socket.is_none() => None,
                    Happening::Flagged(uid) => {
                        let told = |message: &StoredMessage| Change::Flags {
                            uid,
                            flags: message.flags.clone(),
                            modseq: message.modseq,
                        };
                        folder.message(uid).map(told)
                    }
                    Happening::NewKeywords => Some(Change::Keywords(folder.keywords())),
                };
                if let Some(change) = change {
                    reader.talk.session.notify(change);
                    self.told.extend(socket);
                }
            }
        }
        self.told.dedup();
    }
}

impl Attends<Spool> for Access {
    type Session = Server;
    type Known = Known;

    fn calls(&mut self) -> &mut Calls<Server, Known> {
        &mut self.calls
    }

    fn over<H: Host>(&mut self, host: &mut H, spool: &mut Spool, mut reader: Reader) {
        deselect(host, spool, &mut reader);
    }

    /// Lets the sessions that were told something send it.
    fn attended<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        while let Some(socket) = self.told.pop() {
            self.attend(host, spool, socket, |_, _| {});
        }
    }

    fn event<H: Host>(&mut self, host: &mut H, spool: &mut Spool, reader: &mut Reader, event: ServerEvent) {
        let creates = matches!(event, ServerEvent::Append { .. } | ServerEvent::Copy { .. });
        let answer = match event {
            ServerEvent::Received { uids } => return messages::received(host, spool, reader, &uids),
            ServerEvent::Login(credentials) => Ok(self.login(spool, reader, &credentials)),
            ServerEvent::Mailboxes => mailbox_of(spool, reader).map(|drop| Answer::Mailboxes(drop.listed())),
            ServerEvent::Select { mailbox, read_only } => folders::select(host, spool, reader, &mailbox, read_only),
            ServerEvent::Unselect { expunge } => self.unselect(host, spool, reader, expunge),
            ServerEvent::Create { mailbox, special_use } => mailbox_of(spool, reader)
                .and_then(|drop| drop.create(&mailbox, special_use, self.config.separator))
                .map(done),
            ServerEvent::Delete { mailbox } => self.delete(host, spool, reader, &mailbox),
            ServerEvent::Rename { from, to } => self.rename(spool, reader, &from, &to),
            ServerEvent::Subscribe { mailbox, wanted } => {
                mailbox_of(spool, reader).and_then(|drop| drop.subscribe(mailbox, wanted)).map(done)
            }
            ServerEvent::Status { mailbox } => folders::status(spool, reader, &mailbox),
            ServerEvent::Quota { mailbox } => folders::quota(spool, reader, mailbox.as_deref()),
            ServerEvent::Append { mailbox, messages } => self.append(host, spool, reader, &mailbox, messages),
            ServerEvent::Expunge { among } => self.expunge(host, spool, reader, among.as_deref()),
            ServerEvent::Store { uids, action, flags, unchanged_since } => {
                self.store(spool, reader, &uids, (action, &flags, unchanged_since))
            }
            ServerEvent::Copy { uids, to, moving } => self.copy(host, spool, reader, &uids, (&to, moving)),
            ServerEvent::Content { uid, seen, whole } => Ok(self.content(host, spool, reader, uid, (seen, whole))),
        };
        reader.talk.session.answer(answer.unwrap_or_else(|error| refusal(error, creates)));
    }
}

const fn done((): ()) -> Answer {
    Answer::Done
}

fn refusal(error: StoreError, creates: bool) -> Answer {
    let code = match error {
        StoreError::NoSuchFolder if creates => "TRYCREATE",
        StoreError::NoSuchFolder => "NONEXISTENT",
        StoreError::Exists => "ALREADYEXISTS",
        StoreError::Name | StoreError::Inbox => "CANNOT",
        StoreError::TooMany | StoreError::Keywords => "LIMIT",
        StoreError::Full => "OVERQUOTA",
        // RFC 6154 section 3.
        StoreError::Use => "USEATTR",
        StoreError::Gone => "EXPUNGEISSUED",
    };
    Answer::refused(Some(code), &error.to_string())
}

fn mailbox_of<'a>(spool: &'a mut Spool, reader: &Reader) -> Result<&'a mut Maildrop, StoreError> {
    reader.known.mailbox.as_ref().and_then(|key| spool.maildrops.get_mut(key)).ok_or(StoreError::NoSuchFolder)
}

/// The session selects nothing any more. A message that was cut short is in the mailbox.
fn deselect<H: Host>(host: &mut H, spool: &mut Spool, reader: &mut Reader) {
    let (place, in_flight) = (reader.known.selected.take(), std::mem::take(&mut reader.known.in_flight));
    let Ok(drop) = mailbox_of(spool, reader) else { return };
    let Some(folder) = place.and_then(|place| drop.folder(place.folder).ok()) else { return };
    folder.unwatch();
    for message in in_flight.into_iter().filter_map(|uid| folder.message(uid)).filter(|message| !message.retrieved) {
        if let Some(origin) = &message.origin {
            trace_phase(host, &origin.message_id, &origin.recipient, Phase::InMailbox);
        }
    }
}
