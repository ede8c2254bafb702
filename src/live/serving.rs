//! The loop: the world up to the present instant, then the sockets until the next event.
//!
//! One thread, and nothing in it waits for one client: sockets do not block, each connection
//! moves a piece at a time, and the world runs in slices so that clients are heard while it has much
//! to do. What the loop says to its operator it only hands over.

#![expect(clippy::disallowed_types, reason = "virtual time follows the wall clock here")]

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use mio::Events;
use slotmap::{SlotMap, new_key_type};

use super::bridge::{Bridge, Fate, PIECE};
use super::chronicle::{Chronicle, Line};
use super::command::{self, Command};
use super::datagrams::Askers;
use super::gateway::{Gateway, Operator, Served, Settings, Socket};
use super::pace::{Pace, Pending, Speed};
use super::ports::Listener;
use crate::base::trace::Observer;
use crate::base::{Endpoint, SocketId};
use crate::sim::{Ended, News, Progress, Simulation, Slice, World};

new_key_type! {
    /// A client's connection.
    pub(super) struct Client;
}

/// Events of the world between two looks at the sockets.
const SLICE: u64 = 4096;

/// The largest payload that a simulated datagram takes.
pub(super) const LARGEST_DATAGRAM: usize = 65_507;

/// The loop looks up at least this often: for interrupts, and for who lingers.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_millis(100);

impl Gateway {
    /// Serves the world until its operator or a limit stops it. `chronicle` finds the lines in the world's reader of the trace.
    ///
    /// # Errors
    /// The system cannot wait for sockets any more.
    pub fn serve<O: Observer>(
        self,
        simulation: &mut Simulation<O>,
        settings: &Settings,
        operator: &mut impl Operator,
        chronicle: fn(&mut O) -> &mut Chronicle,
    ) -> io::Result<Served> {
        Serving::begin(self, simulation, settings, operator, chronicle).run()
    }
}

/// A world that is served.
pub(super) struct Serving<'s, O: Observer, P> {
    pub(super) gateway: Gateway,
    pub(super) simulation: &'s mut Simulation<O>,
    pub(super) settings: &'s Settings,
    pub(super) operator: &'s mut P,
    pub(super) chronicle: fn(&mut O) -> &mut Chronicle,
    pub(super) started: Instant,
    pub(super) pace: Pace,
    pub(super) clients: SlotMap<Client, (Bridge, usize, SocketAddr)>,
    pub(super) by_socket: BTreeMap<SocketId, Client>,
    /// Clients of whom something may be moved.
    pub(super) ready: VecDeque<Client>,
    /// Sockets that have more than a turn brought, or whose turn could not be taken.
    pub(super) waiting: Vec<usize>,
    pub(super) respite: Option<Duration>,
    pub(super) askers: Askers,
    pub(super) scratch: Box<[u8; PIECE]>,
    pub(super) datagram: Box<[u8]>,
    pub(super) swept: Duration,
}

impl<'s, O: Observer, P: Operator> Serving<'s, O, P> {
    /// Begins to serve.
    pub(super) fn begin(
        gateway: Gateway,
        simulation: &'s mut Simulation<O>,
        settings: &'s Settings,
        operator: &'s mut P,
        chronicle: fn(&mut O) -> &mut Chronicle,
    ) -> Self {
        Self {
            gateway,
            simulation,
            settings,
            operator,
            chronicle,
            started: Instant::now(),
            pace: Pace::new(settings.speed, settings.length),
            clients: SlotMap::with_key(),
            by_socket: BTreeMap::new(),
            ready: VecDeque::new(),
            waiting: Vec::new(),
            respite: None,
            askers: Askers::default(),
            scratch: Box::new([0; PIECE]),
            datagram: vec![0; LARGEST_DATAGRAM + 1].into(),
            swept: Duration::ZERO,
        }
    }
}

impl<O: Observer, P: Operator> Serving<'_, O, P> {
    /// Serves until the operator or a limit stops it.
    pub(super) fn run(&mut self) -> io::Result<Served> {
        let mut events = Events::with_capacity(1024);
        let mut panics = 0;
        loop {
            let turn = catch_unwind(AssertUnwindSafe(|| self.turn(&events)));
            events.clear();
            let (ended, busy) = match turn {
                Ok((ended, busy)) => (ended, busy),
                Err(panic) => {
                    panics += 1;
                    self.survive(panic, panics);
                    (None, true)
                }
            };
            if let Some(ended) = ended {
                return Ok(Served { ended, panics, touched: self.pace.is_touched() });
            }
            let sleep = if busy { Duration::ZERO } else { self.sleep() };
            match self.gateway.poll.poll(&mut events, Some(sleep)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Err(_) | Ok(()) => {}
            }
        }
    }

    /// Hears the clients and the operator, then runs the world. Gives why it is over, if it is, and whether there
    /// is more to do at once.
    fn turn(&mut self, events: &Events) -> (Option<Ended>, bool) {
        self.settle_clock();
        for event in events {
            self.socket_event(event);
        }
        self.take_turns();
        self.obey();
        self.sweep();
        let slice = self.catch_up();
        self.hear_news();
        self.move_octets();
        self.report();
        (self.is_over(slice), slice == Slice::More || !self.ready.is_empty())
    }

    /// After a panic, which is a bug: the connection that led to it is ended and the service goes on, unless it
    /// came from elsewhere, or there is no end of them.
    fn survive(&mut self, panic: Box<dyn Any + Send>, panics: u32) {
        const MOST: u32 = 100;
        let ended = catch_unwind(AssertUnwindSafe(|| self.world().abandon_what_is_in_hand()));
        if panics > MOST || !matches!(ended, Ok(true)) {
            resume_unwind(panic);
        }
        self.line("gateway", "internal error: the simulator panicked; the connection that led to it was ended");
    }

    pub(super) fn wall(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn world(&mut self) -> &mut World<O> {
        self.simulation.world_mut()
    }

    /// Runs a slice of the world.
    fn catch_up(&mut self) -> Slice {
        let target = self.pace.target(self.wall()).min(self.settings.end);
        let slice = self.simulation.catch_up(target, SLICE, &self.settings.limits);
        if slice == Slice::Done {
            let floor = self.pace.floor(self.wall()).min(self.settings.end);
            self.simulation.idle_until(floor);
        }
        let now = self.simulation.world().now();
        self.pace.reached(self.wall(), now);
        if slice == Slice::Done && self.pace.may_extend(now) && self.simulation.world().copies_queued() > 0 {
            self.pace.extend(now);
            return Slice::More;
        }
        slice
    }

    /// Lets the clock follow the wall over a sleep, before anything real acts at "now".
    fn settle_clock(&mut self) {
        let floor = self.pace.floor(self.wall()).min(self.settings.end);
        self.simulation.idle_until(floor);
    }

    fn sleep(&mut self) -> Duration {
        if !self.waiting.is_empty() && self.respite.is_none() {
            return Duration::ZERO;
        }
        let next = self.simulation.next_at().map(|next| next.min(self.settings.end));
        self.pace.sleep(self.wall(), next).map_or(LONGEST_SLEEP, |sleep| sleep.min(LONGEST_SLEEP))
    }

    fn is_over(&mut self, slice: Slice) -> Option<Ended> {
        if let Slice::Limit(limit) = slice {
            return Some(Ended::Limit(limit));
        }
        let progress = Progress { now: self.simulation.world().now(), events: self.simulation.events() };
        if slice == Slice::Done && progress.now >= self.settings.end {
            return Some(Ended::Until);
        }
        self.operator.look(progress)
    }

    /// Gives the operator the lines that have come.
    pub(super) fn report(&mut self) {
        let chronicle = (self.chronicle)(self.simulation.world_mut().observer_mut());
        while let Some(line) = chronicle.next_line() {
            self.operator.tell(&line);
        }
        if let lost @ 1.. = chronicle.take_lost() {
            self.operator.answer(&format!("({lost} lines left out)"));
        }
    }

    pub(super) fn line(&mut self, place: &str, what: &str) {
        let line = Line::new(self.simulation.world().now(), place, what);
        self.operator.tell(&line);
    }

    fn hear_news(&mut self) {
        while let Some(news) = self.world().next_news() {
            match news {
                News::Connected(socket) => self.with_client(socket, |bridge, _| {
                    bridge.connected();
                    Fate::Stands
                }),
                News::Readable(socket) => self.with_client(socket, |bridge, _| {
                    bridge.arrived();
                    Fate::Stands
                }),
                News::Room(socket) => self.with_client(socket, |bridge, _| {
                    bridge.has_room();
                    Fate::Stands
                }),
                News::PeerClosed(socket, rest) => self.with_client(socket, |bridge, _| {
                    bridge.server_closed(&rest);
                    Fate::Stands
                }),
                News::Closed(socket, reason) => self.with_client(socket, |bridge, wall| bridge.ended(reason, wall)),
                News::Datagram { port, from, bytes } => self.answer(port, from, &bytes),
                News::Unreachable { port, .. } => {
                    let now = self.simulation.world().now();
                    self.pace.left(Pending::Question(port), now);
                }
                News::HostDown(_) => self.host_down(),
            }
        }
    }

    fn with_client(&mut self, socket: SocketId, act: impl FnOnce(&mut Bridge, Duration) -> Fate) {
        let wall = self.wall();
        let Some(&client) = self.by_socket.get(&socket) else { return };
        let Some((bridge, ..)) = self.clients.get_mut(client) else { return };
        match act(bridge, wall) {
            Fate::Over => self.drop_client(client),
            Fate::Stands => self.ready.push_back(client),
        }
    }

    /// The clients' host lost its power: their connections are cut, as a dead computer's are.
    fn host_down(&mut self) {
        let now = self.simulation.world().now();
        let all: Vec<Client> = self.clients.keys().collect();
        for client in all {
            self.clients[client].0.reset();
            self.drop_client(client);
        }
        for port in self.askers.clear() {
            self.pace.left(Pending::Question(port), now);
        }
    }

    /// A datagram goes back to whom it is for, from the server that was asked and no other.
    fn answer(&mut self, port: u16, from: Endpoint, bytes: &[u8]) {
        let Some((number, client)) = self.askers.client(port) else { return };
        let now = self.simulation.world().now();
        let asked = &self.gateway.services[number];
        if asked.to != from {
            return;
        }
        self.pace.left(Pending::Question(port), now);
        for (socket, of) in &self.gateway.sockets {
            if let Socket::Udp(socket) = socket
                && *of == number
            {
                // A datagram may be lost; the client asks again.
                let _ = socket.send_to(bytes, client);
            }
        }
    }

    fn obey(&mut self) {
        while let Some(typed) = self.operator.next_command() {
            let answer = match Command::parse(&typed) {
                Ok(None) => continue,
                Ok(Some(command)) => {
                    let answer = self.execute(&command);
                    if command.changes_the_world() {
                        let now = self.simulation.world().now();
                        self.pace.touched(now);
                    }
                    answer
                }
                Err(mistake) => Err(mistake),
            };
            self.report();
            self.operator.answer(&answer.unwrap_or_else(|mistake| mistake));
        }
    }

    fn execute(&mut self, command: &Command) -> Result<String, String> {
        let wall = self.wall();
        let world = self.simulation.world_mut();
        match command {
            Command::Fail { name, lasts } => command::fail_now(world, name, *lasts),
            Command::Restore(name) => command::restore(world, name),
            Command::Flush { host, what } => command::flush(world, host.as_deref(), what),
            Command::Queue(name) => command::queues(world, name.as_deref()),
            Command::Cache(name) => command::caches(world, name.as_deref()),
            Command::Mail(user) => command::mailboxes(world, user.as_deref()),
            Command::Speed(speed) => {
                let now = world.now();
                self.pace.change(*speed, wall, now);
                Ok(match speed {
                    Speed::Max if self.clients.is_empty() => "idle time is jumped over".to_owned(),
                    Speed::Max => format!("idle time is jumped over when nobody is connected; now: {}", self.clients()),
                    Speed::Times(times) => format!("{times} virtual seconds in a second"),
                })
            }
            Command::Time => Ok(super::chronicle::clock(world.now())),
            Command::Clients => Ok(self.clients()),
            Command::Hosts => Ok(command::list_hosts(world)),
            Command::Links => Ok(command::list_links(world)),
            Command::Quit => {
                self.operator.quit();
                Ok("ending".to_owned())
            }
            Command::Help => Ok(command::HELP.to_owned()),
        }
    }

    fn clients(&self) -> String {
        if self.clients.is_empty() {
            return "nobody is connected".to_owned();
        }
        let lines = self.clients.values().map(|(bridge, service, from)| {
            let Listener { service, server, .. } = &self.gateway.services[*service];
            let name = self.simulation.world().directory().conn_name(bridge.conn());
            format!("{from} at {service} of {server} as {name}")
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
