//! The test bed: hosts with one application each, connections that deliver octets after a
//! fixed delay, a name server that knows a table, and the trace as lines of text.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::names;
use crate::app::host::{Flush, Host, Input};
use crate::app::mail::{MailServer, MailServerConfig, MailboxConfig};
use crate::app::user::{Body, Draft, ReadJob, SubmissionConfig, UserAgent, UserAgentConfig};
use crate::base::trace::{MailTrace, Phase, Trace};
use crate::base::{
    Addresses, CloseReason, ConnId, Endpoint, EventId, HostId, QueryId, SimDuration, SimTime, SocketId, Stream,
    Streams, UnixTime,
};
use crate::proto::smtp::Dialect;

const DELAY: SimDuration = SimDuration::from_millis(10);
/// What TCP takes to give up on a host that does not answer.
pub(super) const SYN_TIMEOUT: SimDuration = SimDuration::from_secs(63);

pub(super) enum App {
    Server(Box<MailServer>),
    User(Box<UserAgent>),
}

enum Event {
    Boot(usize),
    Crash(usize),
    Accepted { at: SocketId, conn: ConnId, port: u16, peer: Endpoint },
    Connected(SocketId),
    Data(SocketId, Vec<u8>),
    PeerClosed(SocketId),
    Closed(SocketId, CloseReason),
    Datagram { host: usize, port: u16, from: Endpoint, bytes: Vec<u8> },
}

struct Socket {
    host: usize,
    peer: Option<SocketId>,
    fin_sent: bool,
    fin_got: bool,
}

/// Everything but the applications.
#[derive(Default)]
pub(super) struct Net {
    pub(super) now: SimTime,
    events: BTreeMap<(SimTime, u64), Event>,
    count: u64,
    sockets: BTreeMap<SocketId, Socket>,
    listening: BTreeMap<(usize, u16), bool>,
    addresses: Vec<Addresses>,
    names: Vec<String>,
    up: Vec<bool>,
    /// Failures that a host suffers from at this time.
    failures: Vec<u32>,
    connections: Vec<u32>,
    queries: u32,
    last_socket: u64,
    events_traced: u64,
    cause: u64,
    /// What the name server knows.
    pub(super) zone: names::Table,
    /// Octets after which a connection to this host breaks, for the next connection.
    pub(super) cut_after: Option<usize>,
    /// Connections that hosts opened: when, who, and where to.
    pub(super) calls: Vec<(SimTime, usize, Endpoint)>,
    /// QUIT never arrives.
    pub(super) lose_quit: bool,
    pub(super) log: Vec<String>,
    pub(super) dialogue: String,
    pub(super) phases: BTreeMap<(String, String), Vec<(SimTime, Phase)>>,
}

pub(super) struct Bed {
    pub(super) net: Net,
    pub(super) apps: Vec<App>,
}

struct At<'a> {
    net: &'a mut Net,
    host: usize,
}

impl Net {
    pub(super) fn open_sockets(&self) -> usize {
        self.sockets.len()
    }

    fn push(&mut self, after: SimDuration, event: Event) {
        self.count += 1;
        self.events.insert((self.now + after, self.count), event);
    }
}

impl Host for At<'_> {
    fn now(&self) -> SimTime {
        self.net.now
    }
    fn calendar(&self) -> UnixTime {
        UnixTime::DEFAULT_START.plus(self.net.now)
    }
    fn id(&self) -> HostId {
        HostId(u32::try_from(self.host).unwrap())
    }
    fn name(&self) -> &str {
        &self.net.names[self.host]
    }
    fn addresses(&self) -> Addresses {
        self.net.addresses[self.host]
    }
    fn stream(&self, purpose: &str) -> Stream {
        Streams::new(1).stream(&format!("{}/{purpose}", self.name()))
    }
    fn listen(&mut self, port: u16) {
        self.net.listening.insert((self.host, port), true);
    }
    fn connect(&mut self, to: Endpoint) -> (SocketId, ConnId) {
        self.net.connections[self.host] += 1;
        self.net.calls.push((self.net.now, self.host, to));
        let conn = ConnId { host: self.id(), number: self.net.connections[self.host] };
        let socket = SocketId(self.net.last_socket);
        self.net.last_socket += 2;
        let target = self.net.addresses.iter().position(|addresses| addresses.contains(to.addr));
        let target = target.filter(|_| self.addresses().has(to.family()));
        let mut mine = Socket { host: self.host, peer: None, fin_sent: false, fin_got: false };
        match target {
            Some(host) if self.net.up[host] && self.net.listening.contains_key(&(host, to.port)) => {
                let at = SocketId(socket.0 + 1);
                mine.peer = Some(at);
                self.net.sockets.insert(socket, mine);
                let theirs = Socket { host, peer: Some(socket), fin_sent: false, fin_got: false };
                self.net.sockets.insert(at, theirs);
                let peer = Endpoint::new(self.addresses().source_for(to.addr), 40_000);
                self.net.push(DELAY, Event::Accepted { at, conn, port: to.port, peer });
                self.net.push(DELAY.saturating_mul(2), Event::Connected(socket));
            }
            Some(host) if self.net.up[host] => {
                self.net.sockets.insert(socket, mine);
                self.net.push(DELAY.saturating_mul(2), Event::Closed(socket, CloseReason::Refused));
            }
            None if !self.addresses().has(to.family()) => {
                self.net.sockets.insert(socket, mine);
                self.net.push(SimDuration::ZERO, Event::Closed(socket, CloseReason::Unreachable));
            }
            Some(_) | None => {
                self.net.sockets.insert(socket, mine);
                self.net.push(SYN_TIMEOUT, Event::Closed(socket, CloseReason::TimedOut));
            }
        }
        (socket, conn)
    }
    fn send(&mut self, socket: SocketId, bytes: &[u8]) {
        let Some(peer) = self.net.sockets.get(&socket).and_then(|s| s.peer) else { return };
        let lost = self.net.lose_quit && bytes.eq_ignore_ascii_case(b"QUIT\r\n");
        if lost || !self.net.sockets.contains_key(&peer) {
            return;
        }
        if let Some(left) = self.net.cut_after {
            if bytes.len() >= left {
                self.net.cut_after = None;
                self.net.push(DELAY, Event::Data(peer, bytes[..left].to_vec()));
                self.net.push(DELAY, Event::Closed(peer, CloseReason::Reset));
                self.net.push(DELAY, Event::Closed(socket, CloseReason::Reset));
                return;
            }
            self.net.cut_after = Some(left - bytes.len());
        }
        self.net.push(DELAY, Event::Data(peer, bytes.to_vec()));
    }
    fn close(&mut self, socket: SocketId) {
        let Some(state) = self.net.sockets.get_mut(&socket) else { return };
        if std::mem::replace(&mut state.fin_sent, true) {
            return;
        }
        let (peer, done) = (state.peer, state.fin_got);
        if let Some(peer) = peer {
            self.net.push(DELAY, Event::PeerClosed(peer));
        }
        if done {
            self.net.push(DELAY.saturating_mul(2), Event::Closed(socket, CloseReason::Finished));
        }
    }
    fn abort(&mut self, socket: SocketId) {
        self.net.sockets.remove(&socket);
    }
    fn bind_udp(&mut self, _port: u16) {}
    fn bind_udp_ephemeral(&mut self) -> u16 {
        50_000
    }
    fn send_datagram(&mut self, from_port: u16, to: Endpoint, bytes: &[u8]) {
        let bytes = names::answer(&self.net.zone, bytes);
        let host = self.host;
        self.net.push(DELAY.saturating_mul(2), Event::Datagram { host, port: from_port, from: to, bytes });
    }
    fn next_query(&mut self) -> QueryId {
        self.net.queries += 1;
        QueryId { host: self.id(), number: self.net.queries }
    }
    fn trace(&mut self, what: Trace<'_>) -> EventId {
        self.net.events_traced += 1;
        self.net.cause = self.net.events_traced;
        let seconds = self.net.now.as_nanos() / 1_000_000_000;
        match what {
            Trace::Dialogue { side, bytes, .. } => {
                let who = if side == crate::base::Side::Client { "C" } else { "S" };
                for line in String::from_utf8_lossy(bytes).split_terminator("\r\n") {
                    self.net.dialogue.push_str(&format!("{who}: {line}\n"));
                }
            }
            Trace::Mail(MailTrace::Phase { message, to, phase }) => {
                let entry = self.net.phases.entry((message.to_owned(), to.to_owned())).or_default();
                entry.push((self.net.now, phase));
            }
            Trace::Mail(mail) => self.net.log.push(format!("{seconds} {} {mail:?}", self.net.names[self.host])),
            Trace::Net(_) | Trace::Conn { .. } | Trace::Dns(_) | Trace::Fault(_) | Trace::Host(_) | Trace::Web(_) => {}
        }
        EventId(self.net.cause)
    }
    fn cause(&self) -> EventId {
        EventId(self.net.cause)
    }
    fn set_cause(&mut self, cause: EventId) {
        self.net.cause = cause.0;
    }
}

impl Bed {
    pub(super) fn new() -> Self {
        Self { net: Net::default(), apps: Vec::new() }
    }

    pub(super) fn address(host: usize) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, u8::try_from(host + 1).unwrap()))
    }

    /// Adds a host with its A record; the first input it gets is Boot at t = 0.
    pub(super) fn add(&mut self, name: &str, app: App) -> usize {
        let host = self.apps.len();
        self.apps.push(app);
        self.net.names.push(name.to_owned());
        self.net.addresses.push(Self::address(host).into());
        self.net.up.push(true);
        self.net.failures.push(0);
        self.net.connections.push(0);
        self.net.zone.insert(format!("{name} A"), (0, vec![Self::address(host).to_string()]));
        self.net.push(SimDuration::ZERO, Event::Boot(host));
        host
    }

    pub(super) fn address6(host: usize) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from((0x2001_0db8 << 96) + 1 + u128::try_from(host).unwrap()))
    }

    /// A host gets an IPv6 address and its AAAA record; without IPv4 it loses its other ones.
    pub(super) fn give_ipv6(&mut self, host: usize, keep_ipv4: bool) {
        let Addresses { v6, .. } = Self::address6(host).into();
        let name = self.net.names[host].clone();
        self.net.addresses[host].v6 = v6;
        self.net.zone.insert(format!("{name} AAAA"), (0, vec![Self::address6(host).to_string()]));
        if !keep_ipv4 {
            self.net.addresses[host].v4 = None;
            self.net.zone.remove(&format!("{name} A"));
        }
    }

    /// A host loses its IPv6 address and its AAAA record.
    pub(super) fn take_ipv6(&mut self, host: usize) {
        self.net.addresses[host].v6 = None;
        let name = &self.net.names[host];
        self.net.zone.remove(&format!("{name} AAAA"));
    }

    pub(super) fn server(&mut self, name: &str, users: &[&str], change: impl FnOnce(&mut MailServerConfig)) -> usize {
        let mut config = MailServerConfig::new(name);
        config.resolvers = vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 53))];
        // Hosts 1 to 9 may relay through host 0 only.
        config.inside = if self.apps.is_empty() { (2..10).map(Self::address).collect() } else { Vec::new() };
        config.mailboxes = users
            .iter()
            .map(|user| MailboxConfig { address: format!("{user}@{name}"), password: "hungry".to_owned() })
            .collect();
        change(&mut config);
        self.net.zone.insert(format!("{name} MX"), (0, vec![format!("10 {name}")]));
        self.add(name, App::Server(Box::new(MailServer::new(config))))
    }

    pub(super) fn user(&mut self, address: &str, drafts: Vec<Draft>, reads: Vec<ReadJob>) -> usize {
        self.user_with(address, |config| (config.drafts, config.reads) = (drafts, reads))
    }

    pub(super) fn user_with(&mut self, address: &str, change: impl FnOnce(&mut UserAgentConfig)) -> usize {
        let (local, domain) = address.split_once('@').unwrap();
        let mut config = UserAgentConfig {
            address: address.to_owned(),
            name: None,
            device: None,
            password: "hungry".to_owned(),
            server: domain.to_owned(),
            submission: SubmissionConfig::new(587, Dialect::Lecture),
            resolvers: vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 53))],
            stub_cache: false,
            dialect: Dialect::Lecture,
            drafts: Vec::new(),
            arrivals: Vec::new(),
            reads: Vec::new(),
            sessions: Vec::new(),
            habits: Vec::new(),
        };
        change(&mut config);
        self.add(&format!("{local}-pc.{domain}"), App::User(Box::new(UserAgent::new(config))))
    }

    /// A stranger connects to port 25 of a host and sends these octets without listening.
    pub(super) fn raw(&mut self, host: usize, bytes: &[u8]) {
        self.raw_to(host, 25, bytes);
    }

    /// The same, to another port.
    pub(super) fn raw_to(&mut self, host: usize, port: u16, bytes: &[u8]) {
        let at = SocketId(self.net.last_socket);
        self.net.last_socket += 2;
        self.net.sockets.insert(at, Socket { host, peer: None, fin_sent: false, fin_got: false });
        let conn = ConnId { host: HostId(99), number: u32::try_from(at.0).unwrap() };
        let peer = Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_000);
        self.net.push(DELAY, Event::Accepted { at, conn, port, peer });
        self.net.push(DELAY, Event::Data(at, bytes.to_vec()));
    }

    /// The last stranger's connection to a host is reset once all that was sent has come.
    pub(super) fn hang_up(&mut self, host: usize) {
        let last = self.net.sockets.iter().rfind(|(_, socket)| socket.host == host).map(|(id, _)| *id);
        self.net.push(DELAY, Event::Closed(last.expect("a stranger"), CloseReason::Reset));
    }

    pub(super) fn down(&mut self, host: usize, at: SimTime, duration: SimDuration) {
        self.net.push(at.since(self.net.now), Event::Crash(host));
        self.net.push((at + duration).since(self.net.now), Event::Boot(host));
    }

    /// An operator flushes a host's queue.
    pub(super) fn flush(&mut self, host: usize, what: Flush<'_>) {
        self.input(host, Input::Flush(what));
    }

    fn input(&mut self, host: usize, input: Input<'_>) {
        let mut at = At { net: &mut self.net, host };
        match &mut self.apps[host] {
            App::Server(server) => server.handle(&mut at, input),
            App::User(user) => user.handle(&mut at, input),
        }
    }

    pub(super) fn deadline(&self, host: usize) -> SimTime {
        match &self.apps[host] {
            _ if !self.net.up[host] => SimTime::NEVER,
            App::Server(server) => server.deadline(),
            App::User(user) => user.deadline(),
        }
    }

    /// Runs until nothing happens any more, or `until`.
    pub(super) fn run(&mut self, until: SimTime) {
        let mut at_once = 0;
        loop {
            let event = self.net.events.first_key_value().map_or(SimTime::NEVER, |((at, _), _)| *at);
            let (wake, host) = (0..self.apps.len()).map(|h| (self.deadline(h), h)).min().unwrap();
            let next = event.min(wake);
            if next.is_never() || next > until {
                return;
            }
            at_once = if next == self.net.now { at_once + 1 } else { 0 };
            assert!(at_once < 10_000, "time stands still at {next}");
            self.net.now = self.net.now.max(next);
            self.net.events_traced += 1;
            self.net.cause = self.net.events_traced;
            if event <= wake {
                let (_, event) = self.net.events.pop_first().unwrap();
                self.dispatch(event);
            } else {
                self.input(host, Input::Wake);
            }
        }
    }

    fn dispatch(&mut self, event: Event) {
        let owner = |net: &Net, socket: &SocketId| net.sockets.get(socket).map(|s| s.host);
        match event {
            Event::Boot(host) => {
                self.net.failures[host] = self.net.failures[host].saturating_sub(1);
                if self.net.failures[host] == 0 {
                    self.net.up[host] = true;
                    self.input(host, Input::Boot);
                }
            }
            Event::Crash(host) => {
                self.net.failures[host] += 1;
                if self.net.failures[host] > 1 {
                    return;
                }
                self.input(host, Input::Crash);
                self.net.up[host] = false;
                let gone: Vec<SocketId> =
                    self.net.sockets.iter().filter(|(_, s)| s.host == host).map(|(id, _)| *id).collect();
                for socket in gone {
                    if let Some(peer) = self.net.sockets.remove(&socket).and_then(|s| s.peer) {
                        self.net.push(SYN_TIMEOUT, Event::Closed(peer, CloseReason::TimedOut));
                    }
                }
            }
            Event::Accepted { at, conn, port, peer } => {
                if let Some(host) = owner(&self.net, &at) {
                    self.input(host, Input::Accepted { socket: at, conn, local_port: port, peer });
                }
            }
            Event::Connected(socket) => {
                if let Some(host) = owner(&self.net, &socket) {
                    self.input(host, Input::Connected { socket });
                }
            }
            Event::Data(socket, bytes) => {
                if let Some(host) = owner(&self.net, &socket) {
                    self.input(host, Input::Data { socket, bytes: &bytes });
                }
            }
            Event::PeerClosed(socket) => {
                let Some(state) = self.net.sockets.get_mut(&socket) else { return };
                state.fin_got = true;
                let (host, done) = (state.host, state.fin_sent);
                if done {
                    self.net.push(DELAY, Event::Closed(socket, CloseReason::Finished));
                }
                self.input(host, Input::PeerClosed { socket });
            }
            Event::Closed(socket, reason) => {
                if let Some(state) = self.net.sockets.remove(&socket) {
                    self.input(state.host, Input::Closed { socket, reason });
                }
            }
            Event::Datagram { host, port, from, bytes } if self.net.up[host] => {
                self.input(host, Input::Datagram { local_port: port, from, bytes: &bytes });
            }
            Event::Datagram { .. } => {}
        }
    }

    pub(super) fn mail(&self, host: usize) -> &MailServer {
        match &self.apps[host] {
            App::Server(server) => server,
            App::User(_) => panic!("host {host} is a user's"),
        }
    }

    /// The texts of all messages in a mailbox.
    pub(super) fn mailbox(&self, host: usize, address: &str) -> Vec<String> {
        let drop = self.mail(host).mailboxes().find(|drop| drop.address() == address).expect("a mailbox");
        drop.messages().iter().map(|m| String::from_utf8(m.content.to_vec()).unwrap()).collect()
    }

    /// Lines of the trace that hold all of these texts.
    pub(super) fn logged(&self, parts: &[&str]) -> Vec<&str> {
        self.net.log.iter().map(String::as_str).filter(|line| parts.iter().all(|part| line.contains(part))).collect()
    }

    /// Every server's counts balance.
    pub(super) fn assert_balance(&self) {
        for app in &self.apps {
            if let App::Server(server) = app {
                assert!(server.audit().balances(), "{:?}", server.audit());
            }
        }
    }

    pub(super) fn queued(&self) -> VecDeque<u64> {
        self.apps
            .iter()
            .filter_map(|app| if let App::Server(s) = app { Some(s.audit().queued) } else { None })
            .collect()
    }
}

pub(super) fn draft(at_s: u64, to: &[&str], subject: &str) -> Draft {
    Draft {
        at: SimTime::ZERO + SimDuration::from_secs(at_s),
        every: None,
        times: 1,
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        subject: Some(subject.into()),
        body: Body::Lines(["Do you like ketchup?", "How about pickles?"].map(str::to_owned).into()),
        extras: None,
        nth: 0,
    }
}

pub(super) fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(seconds)
}
