//! A Web server: gives the files of a site to whoever asks on port 80.
//!
//! Left out: names besides each other on one server (whatever Host says, the site is the same), and a limit on
//! connections, which the host sets.

use std::collections::BTreeMap;

use crate::app::host::{Host, Input};
use crate::app::sessions::{Talk, Timers};
use crate::base::trace::Protocol;
use crate::base::{ConnId, Dist, Side, SimTime, SocketId, Stream, UnixTime};
use crate::proto::http::{Conduct, PORT, Response, Server, ServerEvent, Site};
use crate::proto::session::{self, Session as _};

/// What a Web server is.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    /// What it gives.
    pub site: Site,
    /// How it treats its connections.
    pub conduct: Conduct,
    /// How long it thinks about a request; none: not at all.
    pub think: Option<Dist>,
}

/// A Web server.
#[derive(Clone, Debug)]
pub struct SiteServer {
    config: SiteConfig,
    talks: BTreeMap<SocketId, Talk<Server>>,
    timers: Timers,
    /// Answers that are not out yet, and when they will be.
    thoughts: BTreeMap<SocketId, Response>,
    thinking: Timers,
    /// What each caller's requests draw from: nobody's thinking depends on who else calls.
    draws: BTreeMap<SocketId, Stream>,
}

impl SiteServer {
    /// A server that was not started.
    #[must_use]
    pub fn new(config: SiteConfig) -> Self {
        Self {
            config,
            talks: BTreeMap::new(),
            timers: Timers::default(),
            thoughts: BTreeMap::new(),
            thinking: Timers::default(),
            draws: BTreeMap::new(),
        }
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        self.timers.first().min(self.thinking.first())
    }

    /// Takes one input. What a site was given stays through a crash: it is on the disk.
    pub fn handle<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        match input {
            Input::Boot => {
                host.listen(PORT);
            }
            Input::Crash => {
                self.talks.clear();
                self.thoughts.clear();
                self.draws.clear();
                self.timers.clear();
                self.thinking.clear();
            }
            Input::Accepted { socket, conn, peer, .. } => {
                if self.config.think.is_some() {
                    self.draws.insert(socket, host.stream(&format!("web/think/{peer}")));
                }
                self.accept(host, socket, conn);
            }
            Input::Data { socket, bytes } => self.feed(host, socket, session::Input::Bytes(bytes)),
            Input::PeerClosed { socket } => {
                self.feed(host, socket, session::Input::EndOfStream);
                if !self.talks.contains_key(&socket) {
                    host.close(socket);
                }
            }
            Input::Drained { socket } => {
                if let Some(talk) = self.talks.get_mut(&socket) {
                    talk.drained(host);
                    self.go_on(host, socket);
                }
            }
            Input::Closed { socket, .. } => self.forget(socket),
            Input::Wake => self.wake(host),
            Input::Connected { .. } | Input::Datagram { .. } | Input::Unreachable { .. } | Input::Flush(_) => {}
        }
    }

    fn accept<H: Host>(&mut self, host: &mut H, socket: SocketId, conn: ConnId) {
        let server = Server::new(self.config.conduct.clone());
        self.talks.insert(socket, Talk::new(socket, conn, Side::Server, Protocol::Http, server));
        self.feed(host, socket, session::Input::Start);
    }

    fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: session::Input<'_>) {
        if let Some(talk) = self.talks.get_mut(&socket) {
            talk.feed(host, input);
            self.go_on(host, socket);
        }
    }

    fn forget(&mut self, socket: SocketId) {
        self.talks.remove(&socket);
        self.thoughts.remove(&socket);
        self.draws.remove(&socket);
        self.timers.set(socket, SimTime::NEVER);
        self.thinking.set(socket, SimTime::NEVER);
    }

    fn wake<H: Host>(&mut self, host: &mut H) {
        let cause = host.cause();
        for socket in self.thinking.due(host.now()) {
            host.set_cause(cause);
            if let (Some(response), Some(talk)) = (self.thoughts.remove(&socket), self.talks.get_mut(&socket)) {
                talk.session.respond(host.now(), &response);
                self.go_on(host, socket);
            }
        }
        for socket in self.timers.due(host.now()) {
            host.set_cause(cause);
            // who is still being sent an answer is not idle: the wait begins when that is out
            if host.unsent(socket) > 0 {
                host.wake_when_drained(socket, 0);
            } else {
                self.feed(host, socket, session::Input::Tick);
            }
        }
    }

    /// Does what a session wants done, and answers what it asks.
    fn go_on<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        let Some(talk) = self.talks.get_mut(&socket) else { return };
        while let Some(event) = talk.next_event(host) {
            match event {
                ServerEvent::Request(request) => {
                    let now = host.now();
                    let since_start = i64::try_from(now.as_nanos() / 1_000_000_000).unwrap_or(i64::MAX);
                    let start = UnixTime(host.calendar().0.saturating_sub(since_start));
                    let response = self.config.site.answer(&request, start, now);
                    match self.config.think.as_ref().zip(self.draws.get_mut(&socket)) {
                        None => talk.session.respond(now, &response),
                        Some((think, draws)) => {
                            self.thinking.set(socket, now.saturating_add(think.sample(draws)));
                            self.thoughts.insert(socket, response);
                        }
                    }
                }
                ServerEvent::Refused(_) => {}
            }
        }
        if talk.is_closed() {
            self.forget(socket);
        } else {
            self.timers.set(socket, talk.session.deadline());
        }
    }
}
