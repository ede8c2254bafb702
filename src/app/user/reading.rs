//! Reading mail: POP3 sessions at given times. One whose time comes while another one runs is
//! left out, one that fails is not repeated; the next is as planned. One whose time came while
//! the PC was down is made up for when it starts.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::UserAgentConfig;
use crate::app::host::Host;
use crate::app::sessions::Talk;
use crate::base::trace::{MailTrace, Protocol, Trace};
use crate::base::{ConnId, Endpoint, Side, SimDuration, SimTime, SocketId};
use crate::proto::message::first;
use crate::proto::pop3::{Client, ClientEvent, Mode, PORT};
use crate::proto::session::{Input, Session as _};
use crate::proto::smtp::Dialect;

/// When and how the mailbox is read.
#[derive(Clone, Debug)]
pub struct ReadJob {
    /// The first time.
    pub at: SimTime,
    /// Again after each such time; none for once only.
    pub every: Option<SimDuration>,
    /// Not at this time or later.
    pub until: Option<SimTime>,
    /// Whether what was fetched is deleted.
    pub mode: Mode,
}

#[derive(Clone, Debug)]
enum Stage {
    Idle,
    /// The server's addresses are asked for.
    Resolving(Mode),
    Connecting {
        socket: SocketId,
        conn: ConnId,
        mode: Mode,
    },
    Talking(Box<Talk<Client>>),
}

/// The reader of one mailbox.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    address: String,
    password: String,
    dialect: Dialect,
    jobs: Vec<ReadJob>,
    /// Addresses of the server not tried yet.
    addresses: VecDeque<IpAddr>,
    stage: Stage,
}

impl Reading {
    pub(super) fn new(config: &UserAgentConfig) -> Self {
        Self {
            address: config.address.clone(),
            password: config.password.clone(),
            dialect: config.dialect,
            jobs: config.reads.clone(),
            addresses: VecDeque::new(),
            stage: Stage::Idle,
        }
    }

    pub(super) fn deadline(&self) -> SimTime {
        let due = self.jobs.iter().map(|job| job.at).min().unwrap_or(SimTime::NEVER);
        match &self.stage {
            Stage::Talking(talk) => due.min(talk.session.deadline()),
            Stage::Idle | Stage::Resolving(_) | Stage::Connecting { .. } => due,
        }
    }

    pub(super) fn crash(&mut self) {
        self.stage = Stage::Idle;
    }

    /// Takes the readings whose time has come; true when the server's addresses are wanted.
    pub(super) fn due(&mut self, now: SimTime) -> bool {
        let mut wanted = None;
        for job in self.jobs.iter_mut().filter(|job| job.at <= now) {
            wanted = Some(job.mode);
            job.at = next_time(job, now);
        }
        self.jobs.retain(|job| !job.at.is_never());
        match (wanted, &self.stage) {
            (Some(mode), Stage::Idle) => {
                self.stage = Stage::Resolving(mode);
                true
            }
            (Some(_) | None, _) => false,
        }
    }

    /// The server's addresses; none: it has none, or they cannot be found.
    pub(super) fn resolved<H: Host>(&mut self, host: &mut H, addresses: VecDeque<IpAddr>) {
        let Stage::Resolving(mode) = self.stage else { return };
        self.addresses = addresses;
        self.connect(host, mode);
    }

    /// Tries the server's next address.
    fn connect<H: Host>(&mut self, host: &mut H, mode: Mode) {
        self.stage = match self.addresses.pop_front() {
            Some(address) => {
                let (socket, conn) = host.connect(Endpoint::new(address, PORT));
                Stage::Connecting { socket, conn, mode }
            }
            None => Stage::Idle,
        };
    }

    pub(super) fn connected<H: Host>(&mut self, host: &mut H, connected: SocketId) {
        let Stage::Connecting { socket, conn, mode } = self.stage else { return };
        if socket != connected {
            return;
        }
        // The lecture logs in as `bob`; by the whole address the user is known in any domain.
        let user = match self.dialect {
            Dialect::Lecture => self.address.split('@').next().unwrap_or_default(),
            Dialect::Rfc5321 => &self.address,
        };
        let client = Client::new(user.to_owned(), self.password.clone(), mode, self.dialect);
        self.stage = Stage::Talking(Box::new(Talk::new(socket, conn, Side::Client, Protocol::Pop3, client)));
        self.feed(host, socket, Input::Start);
    }

    pub(super) fn closed<H: Host>(&mut self, host: &mut H, closed: SocketId) {
        if let Stage::Connecting { socket, mode, .. } = self.stage
            && socket == closed
        {
            self.connect(host, mode);
        }
        self.feed(host, closed, Input::EndOfStream);
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H) {
        if let Stage::Talking(talk) = &self.stage {
            let socket = talk.socket();
            self.feed(host, socket, Input::Tick);
        }
    }

    pub(super) fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: Input<'_>) {
        let Stage::Talking(talk) = &mut self.stage else { return };
        if talk.socket() != socket {
            return;
        }
        talk.feed(host, input);
        while let Some(event) = talk.next_event(host) {
            match event {
                ClientEvent::Retrieved(content) => {
                    let message = first(&content, "Message-ID").unwrap_or_default();
                    let (message, mailbox, conn) = (message.as_str(), self.address.as_str(), talk.conn());
                    host.trace(Trace::Mail(MailTrace::Retrieved { message, mailbox, conn }));
                }
                ClientEvent::Finished | ClientEvent::Failed(_) => {}
            }
        }
        if talk.is_closed() {
            self.stage = Stage::Idle;
        }
    }
}

/// The job's next time after `now`, in whole periods from its first.
fn next_time(job: &ReadJob, now: SimTime) -> SimTime {
    let Some(every) = job.every.filter(|every| *every > SimDuration::ZERO) else { return SimTime::NEVER };
    let periods = now.since(job.at).as_nanos() / every.as_nanos() + 1;
    let next = job.at.saturating_add(every.saturating_mul(periods));
    if job.until.is_some_and(|until| next >= until) { SimTime::NEVER } else { next }
}
