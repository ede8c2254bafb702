//! Receiving mail: the SMTP server's verdicts on senders, recipients and messages.
//!
//! Mail for the server's own domains is taken from anybody, mail for elsewhere only from
//! inside and from users who have logged in. Port 587 is for these alone (RFC 6409 section
//! 4.3: the submission server must know its users; by their address or by AUTH).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use super::accounts::Accounts;
use super::conduct;
use super::conduct::attended::Attended;
use super::config::MailServerConfig;
use super::queue::Addressee;
use super::spool::{Arrival, Known, Refusal, Spool};
use crate::app::host::Host;
use crate::app::sessions::{Talk, Timers};
use crate::base::trace::{MailTrace, Protocol, Trace};
use crate::base::{ConnId, Endpoint, Side, SimDuration, SimTime, SocketId};
use crate::proto::message::{Hop, first, received};
use crate::proto::session::{Input, Session as _};
use crate::proto::smtp::{
    Authentication, Envelope, ForwardPath, Greeting, Mailbox, Recipient, ReversePath, SUBMISSION_PORT, Server,
    ServerConfig, ServerEvent, Status,
};

/// A client's session.
#[derive(Clone, Debug)]
struct Inbound {
    talk: Talk<Attended>,
    client: IpAddr,
    /// Whether mail for elsewhere is taken.
    trusted: bool,
    authenticated: bool,
    port: u16,
    /// From whom the message of the present transaction comes.
    sender: ReversePath,
}

/// The SMTP server's sessions; all in memory only.
#[derive(Clone, Debug)]
pub(super) struct Reception {
    config: ServerConfig,
    accounts: Accounts,
    postmaster: Option<Mailbox>,
    inside: BTreeSet<IpAddr>,
    sessions: BTreeMap<SocketId, Inbound>,
    timers: Timers,
    /// Sessions at a time by port, where they are limited.
    limits: BTreeMap<u16, u32>,
    sessions_per_client: u32,
    handshakes: Handshakes,
}

/// TLS handshakes that the processor is at, one after the other: when each is done.
#[derive(Clone, Debug, Default)]
struct Handshakes {
    waiting: VecDeque<(SimTime, SocketId)>,
}

impl Handshakes {
    /// One more, which takes so long.
    fn add(&mut self, now: SimTime, socket: SocketId, cost: SimDuration) {
        let free = self.waiting.back().map_or(now, |(at, _)| (*at).max(now));
        self.waiting.push_back((free.saturating_add(cost), socket));
    }

    fn next(&self) -> SimTime {
        self.waiting.front().map_or(SimTime::NEVER, |(at, _)| *at)
    }

    fn done(&mut self, now: SimTime) -> Option<SocketId> {
        self.waiting.pop_front_if(|(at, _)| *at <= now).map(|(_, socket)| socket)
    }
}

impl Reception {
    pub(super) fn new(config: &MailServerConfig) -> Self {
        let domain = config.domains.first().unwrap_or(&config.name);
        let smtp = &config.smtp;
        Self {
            config: ServerConfig {
                max_message: usize::try_from(smtp.max_message.unwrap_or(u64::MAX))
                    .unwrap_or(usize::MAX)
                    .min(config.max_message),
                max_recipients: smtp.recipients_per_message.max(1),
                max_errors: smtp.max_errors.max(1),
                max_messages: smtp.messages_per_session.max(1),
                timeout: smtp.idle_timeout,
                extensions: smtp.extensions,
                tls: smtp.tls,
                ..ServerConfig::new(config.name.clone())
            },
            sessions_per_client: smtp.sessions_per_client.max(1),
            handshakes: Handshakes::default(),
            accounts: Accounts::new(&config.domains),
            postmaster: Mailbox::parse(&format!("postmaster@{domain}")),
            inside: config.inside.iter().filter(|_| smtp.trusts_inside).copied().collect(),
            sessions: BTreeMap::new(),
            timers: Timers::default(),
            limits: config.sessions.clone(),
        }
    }

    pub(super) fn deadline(&self) -> SimTime {
        self.timers.first().min(self.handshakes.next())
    }

    pub(super) fn crash(&mut self) {
        self.sessions.clear();
        self.timers.clear();
        self.handshakes = Handshakes::default();
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.sessions.contains_key(&socket)
    }

    pub(super) fn accepted<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        (socket, conn, local_port): (SocketId, ConnId, u16),
        peer: Endpoint,
    ) {
        let open = self.sessions.values().filter(|session| session.port == local_port).count();
        let of_client = self.sessions.values().filter(|session| session.client == peer.addr).count();
        let full = self.limits.get(&local_port).is_some_and(|most| open >= *most as usize);
        if full || of_client >= self.sessions_per_client as usize {
            self.turn_away(host, socket, conn);
            return;
        }
        let trusted = self.inside.contains(&peer.addr);
        let authentication = match (local_port, trusted) {
            (SUBMISSION_PORT, true) => Authentication::Offered,
            (SUBMISSION_PORT, false) => Authentication::Required,
            _ => Authentication::NotOffered,
        };
        let session = Server::new(ServerConfig { authentication, ..self.config.clone() });
        let session = Attended::new(session, &self.config.name, !spool.conduct.is_idle());
        let talk = Talk::new(socket, conn, Side::Server, Protocol::Smtp, session);
        let inbound = Inbound {
            talk,
            client: peer.addr,
            trusted,
            authenticated: false,
            port: local_port,
            sender: ReversePath::Null,
        };
        self.sessions.insert(socket, inbound);
        self.feed(host, spool, socket, Input::Start);
    }

    /// RFC 5321 4.2.3: "421 <domain> Service not available, closing transmission channel".
    fn turn_away<H: Host>(&self, host: &mut H, socket: SocketId, conn: ConnId) {
        let reply = format!("421 {} Service not available, too many connections\r\n", self.config.name);
        let (side, protocol, bytes) = (Side::Server, Protocol::Smtp, reply.as_bytes());
        host.trace(Trace::Dialogue { conn, side, protocol, bytes });
        host.send(socket, bytes);
        host.close(socket);
    }

    pub(super) fn closed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId) {
        self.feed(host, spool, socket, Input::EndOfStream);
        self.sessions.remove(&socket);
        self.timers.set(socket, SimTime::NEVER);
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        while let Some(socket) = self.handshakes.done(host.now()) {
            if let Some(inbound) = self.sessions.get_mut(&socket) {
                inbound.talk.session.computed();
            }
            self.feed(host, spool, socket, Input::Tick);
        }
        for socket in self.timers.due(host.now()) {
            self.feed(host, spool, socket, Input::Tick);
        }
    }

    pub(super) fn feed<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId, input: Input<'_>) {
        let Some(inbound) = self.sessions.get_mut(&socket) else { return };
        inbound.talk.feed(host, input);
        let caller = (inbound.client, inbound.port);
        while let Some(event) = conduct::next(&mut spool.conduct, host, &mut inbound.talk, caller) {
            match event {
                ServerEvent::Sender(path) => {
                    inbound.sender = path;
                    inbound.talk.session.accept();
                }
                ServerEvent::Recipient(path) => match judge(spool, inbound, self.postmaster.as_ref(), &path) {
                    Err(Refusal { code, status, text }) => inbound.talk.session.reject(code, status, &text),
                    Ok(()) => inbound.talk.session.accept(),
                },
                ServerEvent::Verify(name) if spool.identify(&name) == Known::Nobody => {
                    inbound.talk.session.reject(550, Status::NO_MAILBOX, &format!("{name} ... User unknown"));
                }
                ServerEvent::Verify(_) => inbound.talk.session.accept(),
                ServerEvent::Expand(name) => match spool.identify(&name) {
                    Known::Members(members) => inbound.talk.session.members(&members),
                    // What lies elsewhere is not for this server to tell.
                    Known::Unclear => {
                        let text = format!("{name} ... Not expanded here");
                        inbound.talk.session.reject(550, Status::POLICY, &text);
                    }
                    // RFC 5321 3.5.2: "550 That is a user name, not a mailing list".
                    Known::User(_) => {
                        let text = format!("{name} ... That is a user name, not a mailing list");
                        inbound.talk.session.reject(550, Status::NO_MAILBOX, &text);
                    }
                    Known::Nobody => {
                        let text = format!("{name} ... There is no such list");
                        inbound.talk.session.reject(550, Status::NO_MAILBOX, &text);
                    }
                },
                ServerEvent::Flush(node) => flush(host, spool, &mut inbound.talk.session, &node),
                ServerEvent::Handshake => {
                    let cost = self.config.tls.map_or(SimDuration::ZERO, |model| model.cpu);
                    if cost == SimDuration::ZERO {
                        inbound.talk.session.computed();
                    } else {
                        self.handshakes.add(host.now(), socket, cost);
                    }
                }
                ServerEvent::Login(credentials) => {
                    if self.accounts.login(&spool.maildrops, &credentials).is_some() {
                        (inbound.trusted, inbound.authenticated) = (true, true);
                        inbound.talk.session.accept();
                    } else {
                        let text = "Authentication credentials invalid";
                        inbound.talk.session.reject(535, Status::CREDENTIALS, text);
                    }
                }
                ServerEvent::Message { greeting, envelope, content } => {
                    let postmaster = self.postmaster.as_ref();
                    // Whoever composes a message here names it: what has no name begins its life now, such as the empty
                    // one by which a client gives up (RFC 2920 3.1) when its recipients were taken all the same.
                    let nameless = named(&content).is_none();
                    let arrival = inbound.arrival(host, spool, postmaster, &greeting, envelope, &content);
                    if nameless || host.opened_from_outside(inbound.talk.conn()) {
                        hand_in(host, &arrival);
                    }
                    spool.accept(host, arrival);
                    inbound.talk.session.accept();
                }
            }
        }
        let (closed, deadline) = (inbound.talk.is_closed(), inbound.talk.session.deadline());
        self.timers.set(socket, if closed { SimTime::NEVER } else { deadline });
        if closed {
            self.sessions.remove(&socket);
        }
    }
}

/// ETRN (RFC 1985): sends what waits for a domain. Whoever asks, it goes to the domain's own servers.
fn flush<H: Host>(host: &mut H, spool: &mut Spool, session: &mut Server, node: &str) {
    if node.starts_with('#') {
        // RFC 1985 section 5: "458 Unable to queue messages for node <x>". No queue has a name here.
        return session.reject(458, Status::OTHER, &format!("Unable to queue messages for node {node}"));
    }
    let below = node.strip_prefix('@');
    let domain = below.unwrap_or(node);
    if spool.homes.domains().any(|own| own.eq_ignore_ascii_case(domain)) {
        let text = format!("Node {node} not allowed: its mail is delivered here");
        return session.reject(459, Status::POLICY, &text);
    }
    match spool.flush_for(host, domain, below.is_some()) {
        0 => session.accept_as(251, Status::OTHER, &format!("OK, no messages waiting for node {node}")),
        n => session.accept_as(253, Status::OTHER, &format!("OK, {n} pending messages for node {node} started")),
    }
}

/// The name of a message, if it has one.
fn named(content: &[u8]) -> Option<String> {
    first(content, "Message-ID").and_then(|id| name_of(&id))
}

/// The name that a Message-ID gives a message: as it stands, but no longer than a line may be
/// in an envelope, and with its control characters escaped, since tables show it. None: it names nothing.
fn name_of(message_id: &str) -> Option<String> {
    const LONGEST: usize = 255;
    let mut name = String::new();
    for char in message_id.chars().take(LONGEST) {
        if char.is_control() {
            name.extend(char.escape_default());
        } else {
            name.push(char);
        }
    }
    (!name.is_empty()).then_some(name)
}

/// Begins the life of a message that nobody here composed.
fn hand_in<H: Host>(host: &mut H, arrival: &Arrival) {
    let Arrival { message_id: message, reverse_path, recipients, bytes, .. } = arrival;
    for to in recipients.iter().map(|to| to.mailbox.as_str()) {
        host.trace(Trace::Mail(MailTrace::HandedIn { message, from: reverse_path.as_str(), to, bytes: *bytes }));
    }
}

/// Whether a recipient is taken.
fn judge(spool: &Spool, inbound: &Inbound, postmaster: Option<&Mailbox>, path: &ForwardPath) -> Result<(), Refusal> {
    let mailbox = match path {
        ForwardPath::Mailbox(mailbox) => mailbox,
        ForwardPath::Postmaster if postmaster.is_some() => return Ok(()),
        // Without a domain that mail can name there is nobody to keep the message for.
        ForwardPath::Postmaster => {
            let text = "postmaster ... User unknown".to_owned();
            return Err(Refusal { code: 550, status: Status::NO_MAILBOX, text });
        }
    };
    let size = inbound.talk.session.announced_size().unwrap_or(0);
    spool.judge(&inbound.sender, mailbox, (inbound.trusted, size))
}

impl Inbound {
    /// The message with this server's trace field in front (RFC 5321 4.4). One that has no
    /// Message-ID gets one there too, as submission servers do (RFC 6409 section 8.3): by it
    /// the message is known from here on.
    fn arrival<H: Host>(
        &self,
        host: &H,
        spool: &mut Spool,
        postmaster: Option<&Mailbox>,
        greeting: &Greeting,
        envelope: Envelope,
        content: &[u8],
    ) -> Arrival {
        let queue_id = spool.next_queue_id();
        let mut head = received(&Hop {
            client: &greeting.name,
            address: self.client,
            by: &spool.name,
            // RFC 3848: the transmission types of extended sessions.
            with: match (greeting.extended, self.talk.session.is_secured(), self.authenticated) {
                (false, _, _) => "SMTP",
                (true, false, false) => "ESMTP",
                (true, false, true) => "ESMTPA",
                (true, true, false) => "ESMTPS",
                (true, true, true) => "ESMTPSA",
            },
            id: &queue_id,
            date: host.calendar(),
        });
        let message_id = named(content).unwrap_or_else(|| {
            let id = format!("<{queue_id}@{}>", spool.name);
            let field = format!("Message-ID: {id}\r\n");
            // A first line that begins with white space will continue the field before it: not this one.
            let at = if content.starts_with(b" ") || content.starts_with(b"\t") { 0 } else { head.len() };
            head.insert_str(at, &field);
            id
        });
        let mut recipients: Vec<Addressee> = Vec::new();
        for Recipient { path, notify, original } in envelope.recipients {
            let mailbox = match path {
                ForwardPath::Mailbox(mailbox) => Some(mailbox),
                ForwardPath::Postmaster => postmaster.cloned(),
            };
            // One copy for each recipient, however often it was named.
            let new = mailbox.filter(|new| recipients.iter().all(|old| old.mailbox.key() != new.key()));
            recipients.extend(new.map(|mailbox| Addressee { mailbox, notify, original }));
        }
        Arrival {
            queue_id,
            message_id,
            reverse_path: envelope.reverse_path,
            recipients,
            options: envelope.options,
            content: [head.as_bytes(), content].concat().into(),
            bytes: content.len() as u64,
            conn: Some(self.talk.conn()),
        }
    }
}
