//! A Web server: gives the files of a site to whoever asks on port 80.
//!
//! Left out: names besides each other on one server (whatever Host says, the site is the same), and a limit on
//! connections, which the host sets.

use crate::app::host::{Host, Input};
use crate::app::sessions::{Attends, Caller, Calls, Talk, Timers};
use crate::base::trace::Protocol;
use crate::base::{Dist, Side, SimTime, Stream, UnixTime};
use crate::proto::http::{Conduct, PORT, Response, Server, ServerEvent, Site};
use crate::proto::session;

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

/// What is known of a caller.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What thinking about its requests draws from: nobody's depends on who else calls.
    draws: Option<Stream>,
    /// An answer that is not out yet.
    thought: Option<Response>,
}

/// A Web server.
#[derive(Clone, Debug)]
pub struct SiteServer {
    config: SiteConfig,
    calls: Calls<Server, Known>,
    /// When the answers will be out that are not yet.
    thinking: Timers,
}

impl SiteServer {
    /// A server that was not started.
    #[must_use]
    pub fn new(config: SiteConfig) -> Self {
        Self { config, calls: Calls::default(), thinking: Timers::default() }
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        self.calls.deadline().min(self.thinking.first())
    }

    /// Takes one input. What a site was given stays through a crash: it is on the disk.
    pub fn handle<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        match input {
            Input::Boot => {
                host.listen(PORT);
            }
            Input::Crash => {
                self.calls.take_all();
                self.thinking.clear();
            }
            Input::Accepted { socket, conn, peer, .. } => {
                let server = Server::new(self.config.conduct.clone());
                let talk = Talk::new(socket, conn, Side::Server, Protocol::Http, server);
                let draws = self.config.think.as_ref().map(|_| host.stream(&format!("web/think/{peer}")));
                self.accept(host, &mut (), talk, Known { draws, thought: None });
            }
            Input::Data { socket, bytes } => self.feed(host, &mut (), socket, session::Input::Bytes(bytes)),
            Input::PeerClosed { socket } => {
                self.feed(host, &mut (), socket, session::Input::EndOfStream);
                if !self.calls.owns(socket) {
                    host.close(socket);
                }
            }
            Input::Drained { socket } => self.drained(host, &mut (), socket),
            Input::Closed { socket, .. } => {
                self.calls.take(socket);
                self.thinking.set(socket, SimTime::NEVER);
            }
            Input::Wake => self.wake(host, &mut ()),
            Input::Connected { .. } | Input::Datagram { .. } | Input::Unreachable { .. } | Input::Flush(_) => {}
        }
    }
}

impl Attends<()> for SiteServer {
    type Session = Server;
    type Known = Known;

    fn calls(&mut self) -> &mut Calls<Server, Known> {
        &mut self.calls
    }

    fn event<H: Host>(&mut self, host: &mut H, (): &mut (), caller: &mut Caller<Server, Known>, event: ServerEvent) {
        match event {
            ServerEvent::Request(request) => {
                let now = host.now();
                let since_start = i64::try_from(now.as_nanos() / 1_000_000_000).unwrap_or(i64::MAX);
                let start = UnixTime(host.calendar().0.saturating_sub(since_start));
                let response = self.config.site.answer(&request, start, now);
                match self.config.think.as_ref().zip(caller.known.draws.as_mut()) {
                    None => caller.talk.session.respond(now, &response),
                    Some((think, draws)) => {
                        self.thinking.set(caller.talk.socket(), now.saturating_add(think.sample(draws)));
                        caller.known.thought = Some(response);
                    }
                }
            }
            ServerEvent::Refused(_) => {}
        }
    }

    fn over<H: Host>(&mut self, _host: &mut H, (): &mut (), caller: Caller<Server, Known>) {
        self.thinking.set(caller.talk.socket(), SimTime::NEVER);
    }

    fn wake<H: Host>(&mut self, host: &mut H, (): &mut ()) {
        let cause = host.cause();
        for socket in self.thinking.due(host.now()) {
            host.set_cause(cause);
            self.attend(host, &mut (), socket, |host, caller| {
                if let Some(response) = caller.known.thought.take() {
                    caller.talk.session.respond(host.now(), &response);
                }
            });
        }
        host.set_cause(cause);
        for socket in self.calls.due_when_sent(host) {
            host.set_cause(cause);
            self.feed(host, &mut (), socket, session::Input::Tick);
        }
    }
}
