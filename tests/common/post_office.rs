//! A mail server by itself: connections are handed to it, and what it sends is kept. There is
//! no network and no other host.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use posthaste::app::host::{Host, Input};
use posthaste::app::mail::{MailServer, MailServerConfig, MailboxConfig};
use posthaste::base::trace::{MailTrace, Trace};
use posthaste::base::{
    Addresses, CloseReason, ConnId, Endpoint, EventId, HostId, QueryId, SimDuration, SimTime, SocketId, Stream,
    Streams, UnixTime,
};

/// What stands for the end of what the server says.
pub(crate) const CLOSED: &str = "(closed)\r\n";

/// The server's host.
pub(crate) struct Site {
    now: SimTime,
    name: String,
    sent: BTreeMap<SocketId, Vec<u8>>,
    /// Sockets that the server closed.
    closed: Vec<SocketId>,
    /// Whether all mail is for here, so that nothing may be asked or sent elsewhere; otherwise nobody answers there.
    pub(crate) alone: bool,
    elsewhere: u32,
    /// What happened to messages, in words.
    pub(crate) log: Vec<String>,
}

impl Site {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            now: SimTime::ZERO,
            name: name.to_owned(),
            sent: BTreeMap::new(),
            closed: Vec::new(),
            alone: true,
            elsewhere: 0,
            log: Vec::new(),
        }
    }

    pub(crate) fn heard(&mut self, socket: SocketId) -> Vec<u8> {
        self.sent.remove(&socket).unwrap_or_default()
    }

    pub(crate) fn has_closed(&self, socket: SocketId) -> bool {
        self.closed.contains(&socket)
    }

    pub(crate) fn go_to(&mut self, now: SimTime) {
        self.now = now;
    }
}

impl Host for Site {
    fn now(&self) -> SimTime {
        self.now
    }
    fn calendar(&self) -> UnixTime {
        UnixTime::DEFAULT_START.plus(self.now)
    }
    fn id(&self) -> HostId {
        HostId(0)
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn addresses(&self) -> Addresses {
        Addresses { v4: Some(Ipv4Addr::new(192, 0, 2, 1)), ..Addresses::default() }
    }
    fn stream(&self, purpose: &str) -> Stream {
        Streams::new(1).stream(purpose)
    }
    fn listen(&mut self, _port: u16) {}
    fn connect(&mut self, _to: Endpoint) -> (SocketId, ConnId) {
        assert!(!self.alone, "all mail is for here");
        self.elsewhere += 1;
        (SocketId(u64::MAX - u64::from(self.elsewhere)), ConnId { host: HostId(0), number: self.elsewhere })
    }
    fn send(&mut self, socket: SocketId, bytes: &[u8]) {
        self.sent.entry(socket).or_default().extend_from_slice(bytes);
    }
    fn close(&mut self, socket: SocketId) {
        self.send(socket, CLOSED.as_bytes());
        self.closed.push(socket);
    }
    fn abort(&mut self, socket: SocketId) {
        self.close(socket);
    }
    fn bind_udp(&mut self, _port: u16) {}
    fn bind_udp_ephemeral(&mut self) -> u16 {
        50_000
    }
    fn send_datagram(&mut self, _from_port: u16, _to: Endpoint, _bytes: &[u8]) {
        assert!(!self.alone, "nothing is looked up");
    }
    fn next_query(&mut self) -> QueryId {
        assert!(!self.alone, "nothing is looked up");
        self.elsewhere += 1;
        QueryId { host: HostId(0), number: self.elsewhere }
    }
    fn trace(&mut self, what: Trace<'_>) -> EventId {
        if let Trace::Mail(what) = what {
            #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is of no interest here")]
            let line = match what {
                MailTrace::Phase { message, phase, .. } => Some(format!("{message} {}", phase.name())),
                MailTrace::Retrieved { message, .. } => Some(format!("{message} retrieved")),
                MailTrace::Deleted { message, .. } => Some(format!("{message} deleted")),
                MailTrace::MailboxSize { messages, bytes, .. } => Some(format!("{messages} messages, {bytes} octets")),
                _ => None,
            };
            self.log.extend(line);
        }
        EventId(0)
    }
    fn cause(&self) -> EventId {
        EventId(0)
    }
    fn set_cause(&mut self, _cause: EventId) {}
}

/// A mail server and its host.
pub(crate) struct PostOffice {
    pub(crate) server: MailServer,
    pub(crate) site: Site,
    sockets: u64,
}

impl PostOffice {
    /// A server of that name with these users and passwords.
    pub(crate) fn new(name: &str, users: &[(String, String)], change: impl FnOnce(&mut MailServerConfig)) -> Self {
        let mut config = MailServerConfig::new(name);
        config.mailboxes = users
            .iter()
            .map(|(user, password)| MailboxConfig { address: format!("{user}@{name}"), password: password.clone() })
            .collect();
        change(&mut config);
        let mut office = Self { server: MailServer::new(config), site: Site::new(name), sockets: 0 };
        office.handle(Input::Boot);
        office
    }

    fn handle(&mut self, input: Input<'_>) {
        self.server.handle(&mut self.site, input);
    }

    pub(crate) fn connect(&mut self, port: u16) -> SocketId {
        self.sockets += 1;
        let socket = SocketId(self.sockets);
        let conn = ConnId { host: HostId(1), number: u32::try_from(self.sockets).unwrap() };
        let peer = Endpoint::new(Ipv4Addr::new(192, 0, 2, 2).into(), 40_000);
        self.handle(Input::Accepted { socket, conn, local_port: port, peer });
        socket
    }

    /// Sends octets; nothing if the server has closed the connection.
    pub(crate) fn send(&mut self, socket: SocketId, bytes: &[u8]) {
        if !self.site.closed.contains(&socket) && !bytes.is_empty() {
            self.handle(Input::Data { socket, bytes });
        }
    }

    pub(crate) fn end(&mut self, socket: SocketId) {
        if !self.site.closed.contains(&socket) {
            self.handle(Input::PeerClosed { socket });
        }
    }

    pub(crate) fn lose(&mut self, socket: SocketId) {
        self.handle(Input::Closed { socket, reason: CloseReason::Reset });
    }

    pub(crate) fn crash(&mut self) {
        self.handle(Input::Crash);
        self.handle(Input::Boot);
    }

    /// Goes to an instant, where a deadline may have come.
    pub(crate) fn tick(&mut self, now: SimTime) {
        self.site.now = now;
        self.handle(Input::Wake);
    }

    pub(crate) fn pass(&mut self, time: SimDuration) {
        let end = self.site.now + time;
        while self.server.deadline() <= end {
            let at = self.server.deadline();
            self.tick(at);
        }
        self.site.now = end;
    }

    /// What the server said on this connection since it was last asked for.
    pub(crate) fn heard(&mut self, socket: SocketId) -> Vec<u8> {
        self.site.heard(socket)
    }

    /// Says a line and returns the answer.
    pub(crate) fn say(&mut self, socket: SocketId, line: &str) -> String {
        self.send(socket, format!("{line}\r\n").as_bytes());
        String::from_utf8(self.heard(socket)).unwrap()
    }

    /// Delivers a message by SMTP.
    pub(crate) fn deliver(&mut self, to: &str, text: &str) {
        let socket = self.connect(posthaste::proto::smtp::PORT);
        for line in ["HELO client.example", "MAIL FROM:<alice@crepes.fr>", &format!("RCPT TO:<{to}>"), "DATA"] {
            self.say(socket, line);
        }
        let answer = self.say(socket, &format!("{text}\r\n."));
        assert!(answer.starts_with("250"), "{answer}");
        self.say(socket, "QUIT");
    }
}
