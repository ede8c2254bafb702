//! Sessions that outlast their connections: HTTP servers close those on which nothing is asked for a while.
//!
//! Another connection is opened when the client has something to ask, to the address of the one before.

use super::{Access, Client, Meter, Stage};
use crate::app::host::Host;
use crate::app::sessions::Talk;
use crate::base::{ConnId, Endpoint, Side, SimTime, SocketId};
use crate::proto::mailbox::{MailboxEvent, Task};
use crate::proto::session::{Input, Output, Session as _};

/// A session without a connection.
#[derive(Clone, Debug)]
pub(super) struct Parted {
    pub(super) client: Meter<Client>,
    /// The connection before.
    conn: ConnId,
    /// The one that is being opened.
    calling: Option<(SocketId, ConnId)>,
}

impl Parted {
    pub(super) const fn conn(&self) -> ConnId {
        self.conn
    }

    pub(super) fn deadline(&self) -> SimTime {
        if self.calling.is_some() { SimTime::NEVER } else { self.client.deadline() }
    }
}

impl Access {
    /// The connection was closed and the session goes on.
    pub(super) fn part<H: Host>(&mut self, host: &mut H, talk: Talk<Meter<Client>>) {
        let conn = talk.conn();
        self.stage = Stage::Parted(Box::new(Parted { client: talk.session, conn, calling: None }));
        self.go_on_alone(host);
    }

    pub(super) fn ask_alone<H: Host>(&mut self, host: &mut H, task: Task) {
        if let Stage::Parted(parted) = &mut self.stage {
            parted.client.ask(host.now(), task);
            self.go_on_alone(host);
        }
    }

    pub(super) fn wake_alone<H: Host>(&mut self, host: &mut H) {
        if let Stage::Parted(parted) = &mut self.stage
            && parted.deadline() <= host.now()
        {
            parted.client.handle(host.now(), Input::Tick);
            self.go_on_alone(host);
        }
    }

    /// Takes what the client tells without a connection, and opens one if it is wanted.
    fn go_on_alone<H: Host>(&mut self, host: &mut H) {
        loop {
            let Stage::Parted(parted) = &mut self.stage else { return };
            let conn = parted.conn;
            match parted.client.poll() {
                Some(Output::Event(MailboxEvent::Done(done))) => self.note(host, conn, done),
                Some(Output::Event(MailboxEvent::Open)) => self.events.push_back(MailboxEvent::Open),
                Some(Output::Event(MailboxEvent::Finished)) => return self.ended(host, Some(conn), Ok(())),
                Some(Output::Event(MailboxEvent::Failed(why))) => return self.ended(host, Some(conn), Err(why)),
                // There is nothing to send it over, and nothing to close.
                Some(Output::Transmit(_) | Output::Close) => {}
                None => break,
            }
        }
        let Stage::Parted(parted) = &mut self.stage else { return };
        if parted.calling.is_none() && parted.client.wants_connection() {
            let Some(address) = self.address else { return };
            parted.calling = Some(host.connect(Endpoint::new(address, self.way.port())));
        }
    }

    /// Another connection is established, if it is this one.
    pub(super) fn connected_again<H: Host>(&mut self, host: &mut H, connected: SocketId) {
        let called = |parted: &Parted| parted.calling.is_some_and(|(socket, _)| socket == connected);
        if !matches!(&self.stage, Stage::Parted(parted) if called(parted)) {
            return;
        }
        let Stage::Parted(parted) = std::mem::replace(&mut self.stage, Stage::Idle) else { return };
        let Some((socket, conn)) = parted.calling else { return };
        let talk = Talk::new(socket, conn, Side::Client, self.way.protocol(), parted.client);
        self.stage = Stage::Talking(Box::new(talk));
        self.feed(host, socket, Input::Start);
    }

    /// Whether this was the connection that was being opened: then the session is over.
    pub(super) fn closed_again<H: Host>(&mut self, host: &mut H, closed: SocketId, why: &str) -> bool {
        let Stage::Parted(parted) = &self.stage else { return false };
        let conn = parted.conn;
        let was = parted.calling.is_some_and(|(socket, _)| socket == closed);
        if was {
            self.ended(host, Some(conn), Err(why.to_owned()));
        }
        was
    }
}
