//! The mail server as an application: which part of it an input is for.

use super::access::Access;
use super::config::MailServerConfig;
use super::delivery::Delivery;
use super::homes::Homes;
use super::mailbox::Maildrop;
use super::queue::QueuedMessage;
use super::reception::Reception;
use super::retrieval::Retrieval;
use super::spool::{Audit, Spool};
use super::webmail::Webmail;
use crate::app::dns::OwnCache;
use crate::app::host::{Flush, Host, Input};
use crate::app::sessions::Attends as _;
use crate::base::{SimTime, SocketId};
use crate::proto::session::Input as SessionInput;
use crate::proto::smtp::Mailbox;
use crate::proto::{http, imap, pop3, smtp};

/// A mail server.
#[derive(Clone, Debug)]
pub struct MailServer {
    spool: Spool,
    reception: Reception,
    retrieval: Retrieval,
    access: Access,
    webmail: Webmail,
    delivery: Delivery,
}

impl MailServer {
    /// A server with an empty queue and empty mailboxes.
    #[must_use]
    pub fn new(config: MailServerConfig) -> Self {
        let reception = Reception::new(&config);
        let delivery = Delivery::new(&config);
        let access = imap::ServerConfig { separator: config.separator, max_message: config.max_message };
        let access = Access::new(&config.domains, access);
        let webmail = Webmail::new(&config);
        let MailServerConfig { name, domains, mailboxes, mut routing, retry, reports, conduct, apop, .. } = config;
        routing.book.users.extend(mailboxes.iter().map(|mailbox| mailbox.address.clone()));
        let maildrops =
            mailboxes.into_iter().map(|m| (key(&m.address), Maildrop::new(m.address, Some(m.password)))).collect();
        let spool = Spool::new(name, Homes::new(&domains, &routing), &routing, retry, maildrops);
        let spool = spool.with_reports(reports).with_conduct(conduct.rules);
        Self { spool, reception, retrieval: Retrieval::new(&domains, apop), access, webmail, delivery }
    }

    /// Takes an input.
    pub fn handle<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        if self.delivery.resolves(host, input) {
            self.delivery.dispatch(host, &mut self.spool);
            return self.access.sync(host, &mut self.spool);
        }
        let spool = &mut self.spool;
        match input {
            Input::Boot => {
                for port in [smtp::PORT, smtp::SUBMISSION_PORT, pop3::PORT, imap::PORT] {
                    host.listen(port);
                }
                if self.webmail.is_offered() {
                    host.listen(http::PORT);
                }
                spool.boot(host);
                spool.wake(host);
            }
            Input::Crash => return self.crash(host),
            Input::Accepted { socket, conn, local_port: pop3::PORT, .. } => {
                self.retrieval.accepted(host, spool, socket, conn);
            }
            Input::Accepted { socket, conn, local_port: imap::PORT, .. } => {
                self.access.accepted(host, spool, socket, conn);
            }
            Input::Accepted { socket, conn, local_port: http::PORT, peer } => {
                self.webmail.accepted(host, spool, (socket, conn), peer.addr);
            }
            Input::Accepted { socket, conn, local_port, peer } => {
                self.reception.accepted(host, spool, (socket, conn, local_port), peer);
            }
            Input::Connected { socket } => self.delivery.connected(host, spool, socket),
            Input::Data { socket, bytes } => self.feed(host, socket, SessionInput::Bytes(bytes)),
            // Only sessions that serve mailboxes say much at a time.
            Input::Drained { socket } if self.access.owns(socket) => self.access.drained(host, spool, socket),
            Input::Drained { socket } if self.webmail.owns(socket) => self.webmail.drained(host, spool, socket),
            Input::Drained { socket } => self.retrieval.drained(host, spool, socket),
            Input::PeerClosed { socket } => self.feed(host, socket, SessionInput::EndOfStream),
            Input::Closed { socket, reason } => {
                if self.reception.owns(socket) {
                    self.reception.closed(host, spool, socket);
                } else if self.retrieval.owns(socket) {
                    self.retrieval.closed(host, spool, socket);
                } else if self.access.owns(socket) {
                    self.access.closed(host, spool, socket);
                } else if self.webmail.owns(socket) {
                    self.webmail.ended(host, spool, socket, reason);
                } else if self.delivery.owns(socket) {
                    self.delivery.closed(host, spool, socket, reason);
                }
            }
            // There was nobody to hear it but the stub resolver.
            Input::Datagram { .. } | Input::Unreachable { .. } => {}
            Input::Flush(what) => self.flush(host, what),
            Input::Wake => {
                self.reception.wake(host, spool);
                self.retrieval.wake(host, spool);
                self.access.wake(host, spool);
                self.webmail.wake(host, spool);
                spool.wake(host);
                self.delivery.wake(host, spool);
            }
        }
        for domain in self.spool.take_asked_for() {
            self.delivery.flush(Flush::Destination(&domain));
        }
        self.delivery.dispatch(host, &mut self.spool);
        self.access.sync(host, &mut self.spool);
    }

    /// Makes the attempts of what waits due now, and forgets that its destinations were dead.
    fn flush<H: Host>(&mut self, host: &mut H, what: Flush<'_>) {
        self.delivery.flush(what);
        self.spool.flush(host, what);
    }

    fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: SessionInput<'_>) {
        let spool = &mut self.spool;
        if self.reception.owns(socket) {
            self.reception.feed(host, spool, socket, input);
        } else if self.retrieval.owns(socket) {
            self.retrieval.feed(host, spool, socket, input);
        } else if self.access.owns(socket) {
            self.access.feed(host, spool, socket, input);
        } else if self.webmail.owns(socket) {
            self.webmail.feed(host, spool, socket, input);
        } else if self.delivery.owns(socket) {
            self.delivery.feed(host, spool, socket, input);
        }
    }

    fn crash<H: Host>(&mut self, host: &mut H) {
        for (key, reached) in self.delivery.under_way() {
            self.spool.interrupted(host, key, reached);
        }
        self.delivery.crash();
        self.reception.crash();
        self.spool.conduct.crash();
        self.retrieval.crash(host, &mut self.spool);
        self.access.crash(host, &mut self.spool);
        self.webmail.crash(host, &mut self.spool);
    }

    /// When it wants [`Input::Wake`].
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        self.spool
            .queue
            .next_due()
            .min(self.reception.deadline())
            .min(self.retrieval.deadline())
            .min(self.access.deadline())
            .min(self.webmail.deadline())
            .min(self.delivery.deadline())
    }

    /// What became of the copies accepted so far, counted apart from the trace.
    #[must_use]
    pub fn audit(&self) -> Audit {
        self.spool.audit()
    }

    /// The messages in the queue, oldest first.
    pub fn queue(&self) -> impl Iterator<Item = &QueuedMessage> {
        self.spool.queue.messages()
    }

    /// What the server and its stub resolver keep of the names they looked up.
    pub fn caches(&self) -> impl Iterator<Item = OwnCache<'_>> {
        self.delivery.caches()
    }

    /// The mailboxes, by address.
    pub fn mailboxes(&self) -> impl Iterator<Item = &Maildrop> {
        self.spool.maildrops.values()
    }
}

/// The text by which a mailbox is found.
fn key(address: &str) -> String {
    Mailbox::parse(address).map_or_else(|| address.to_ascii_lowercase(), |mailbox| mailbox.key())
}
