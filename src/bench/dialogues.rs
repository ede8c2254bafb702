//! Mail dialogues of many clients with one server.
//!
//! ```text
//!  client 1 ── 100 Mb/s, 5 ms ──┐
//!     ...                      hub ── 1 Gb/s, 1 ms ── server
//!  client M ────────────────────┘
//! ```
//!
//! Clients call the server at the times of one Poisson process; each time another client is
//! drawn. A dialogue is a connection of its own: 220, EHLO, MAIL, RCPT, DATA, a message with a
//! body of 5,000 octets, QUIT, and both ends close. Octets are real ones, said and understood by
//! `proto::smtp` at both ends; the server takes everything and stores nothing. Computing takes no
//! time, nothing is lost, and no queue has a limit. No new dialogue begins after the time is up,
//! and the run ends when the last one has. TIME-WAIT lasts 240 s.
//!
//! Left out: the sessions' time-outs of minutes, which no dialogue here can reach.

use std::collections::BTreeMap;

use crate::base::{AppId, DataRate, Dist, Endpoint, HostId, SimDuration, SimTime, SocketId, Stream, Streams, UnixTime};
use crate::net::{Kernel as _, Notice, QueueLimit, TcpConfig, Topology};
use crate::proto::message::Draft;
use crate::proto::message::build::filler;
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::{
    Client, ClientEvent, Dialect, Envelope, ForwardPath, MailOptions, Mailbox, PORT, ReversePath, Server, ServerConfig,
    ServerEvent, Status, Transaction, Verdict,
};
use crate::sim::kernel::Event;

use super::bed::{Bed, address, link, node};
use super::{Cost, Figures, Workload};

const CLIENT_BITS_PER_SEC: u64 = 100_000_000;
const CLIENT_DELAY_MS: u64 = 5;
const SERVER_BITS_PER_SEC: u64 = 1_000_000_000;
const SERVER_DELAY_MS: u64 = 1;
const MSS: u32 = 1448;
const BODY_OCTETS: u64 = 5_000;
const APP: AppId = AppId(0);
/// The most clients: numbers of hosts have 24 bits in the order of events.
pub const MAX_CLIENTS: u32 = 1_000_000;

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub struct Dialogues {
    /// Clients; at least 1, at most [`MAX_CLIENTS`].
    pub clients: u32,
    /// Mean time between two dialogues.
    pub gap: SimDuration,
    /// For how long new dialogues begin.
    pub time: SimDuration,
    /// Seed of the times and of who calls.
    pub seed: u64,
}

impl Dialogues {
    /// Builds the world.
    ///
    /// # Panics
    /// If there is no client, or more than [`MAX_CLIENTS`].
    #[must_use]
    pub fn build(self) -> DialoguesRun {
        assert!((1..=MAX_CLIENTS).contains(&self.clients), "1 to {MAX_CLIENTS} clients");
        let streams = Streams::new(self.seed);
        let server = HostId(self.clients);
        let mut bed = Bed::new(self.topology(), &streams);
        bed.network.listen(server, PORT, APP);
        let mut run = DialoguesRun {
            parameters: self,
            bed,
            server,
            gaps: streams.stream("bench/dialogues/gaps"),
            callers: streams.stream("bench/dialogues/callers"),
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            mail: transaction(),
            begun: 0,
            done: 0,
            failed: 0,
            taken: 0,
            talked: SimDuration::ZERO,
            inbox: Vec::new(),
        };
        run.plan_next();
        run
    }

    fn topology(&self) -> Topology {
        let m = self.clients;
        let (server, hub) = (m, m + 1);
        let mut nodes: Vec<_> = (0..m).map(|i| node(format!("c{i}"), i, false)).collect();
        nodes.extend([node("server".to_owned(), server, false), node("hub".to_owned(), hub, true)]);
        let [slow, fast] = [CLIENT_BITS_PER_SEC, SERVER_BITS_PER_SEC].map(DataRate::from_bits_per_sec);
        let slow = |i| link(format!("c{i}-hub"), [i, hub], slow, CLIENT_DELAY_MS, QueueLimit::Unlimited);
        let mut links: Vec<_> = (0..m).map(slow).collect();
        links.push(link("server-hub".to_owned(), [server, hub], fast, SERVER_DELAY_MS, QueueLimit::Unlimited));
        Topology { nodes, links, tcp: TcpConfig { mss: MSS, ..TcpConfig::default() } }
    }
}

/// The message that every dialogue is about.
fn transaction() -> Transaction {
    let mailbox = |text| Mailbox::parse(text).expect("written here");
    let [alice, bob] = ["alice@crepes.fr", "bob@hamburger.edu"].map(mailbox);
    let message = Draft {
        date: UnixTime::DEFAULT_START,
        from: alice.as_str(),
        to: &[bob.as_str().to_owned()],
        subject: Some("Pickles"),
        message_id: "<1@crepes.fr>",
        body: &filler(BODY_OCTETS),
        ..Draft::EMPTY
    };
    let content = message.build().into();
    let envelope = Envelope {
        reverse_path: ReversePath::Mailbox(alice),
        recipients: vec![ForwardPath::Mailbox(bob).into()],
        options: MailOptions::default(),
    };
    Transaction { envelope, content }
}

#[derive(Debug)]
struct Caller {
    session: Client,
    since: SimTime,
    /// The message is not yet on its way.
    has_mail: bool,
    accepted: bool,
    over: bool,
}

/// The world of [`Dialogues`].
#[derive(Debug)]
pub struct DialoguesRun {
    parameters: Dialogues,
    bed: Bed,
    server: HostId,
    gaps: Stream,
    callers: Stream,
    clients: BTreeMap<SocketId, Caller>,
    servers: BTreeMap<SocketId, Server>,
    mail: Transaction,
    begun: u64,
    done: u64,
    failed: u64,
    /// Messages that the server took, whole.
    taken: u64,
    /// From the SYN to the client's close, of all dialogues.
    talked: SimDuration,
    inbox: Vec<u8>,
}

impl DialoguesRun {
    fn plan_next(&mut self) {
        let gap = Dist::Exponential { mean: self.parameters.gap }.sample(&mut self.gaps);
        let at = self.bed.now().saturating_add(gap);
        if at < SimTime::ZERO + self.parameters.time {
            self.bed.kernel.push(at, self.server, Event::Wake(self.server, APP));
        }
    }

    fn begin(&mut self) {
        self.plan_next();
        let caller = self.callers.below(u64::from(self.parameters.clients));
        let host = HostId(u32::try_from(caller).expect("the number of a client"));
        let Bed { kernel, network, .. } = &mut self.bed;
        let (socket, _) = network.connect(kernel, host, APP, Endpoint::new(address(self.server.0), PORT));
        let session = Client::new("crepes.fr".to_owned(), Dialect::Rfc5321);
        let since = kernel.now();
        self.clients.insert(socket, Caller { session, since, has_mail: true, accepted: false, over: false });
        self.begun += 1;
    }

    fn notice(&mut self, notice: &Notice) {
        match *notice {
            Notice::Connected { socket, .. } => self.feed(socket, Input::Start),
            Notice::Accepted { socket, .. } => {
                let session = Server::new(ServerConfig::new("hamburger.edu".to_owned()));
                self.servers.insert(socket, session);
                self.feed(socket, Input::Start);
            }
            Notice::Readable { socket, .. } => {
                let mut octets = std::mem::take(&mut self.inbox);
                self.bed.network.take_received(&mut self.bed.kernel, socket, &mut octets);
                self.feed(socket, Input::Bytes(&octets));
                octets.clear();
                self.inbox = octets;
            }
            Notice::PeerClosed { socket, .. } => self.feed(socket, Input::EndOfStream),
            Notice::Closed { socket, .. } => {
                self.servers.remove(&socket);
                let caller = self.clients.remove(&socket);
                self.failed += u64::from(caller.is_some_and(|caller| !caller.over || !caller.accepted));
            }
            Notice::Drained { .. } | Notice::Datagram { .. } | Notice::Unreachable { .. } => {}
        }
    }

    fn feed(&mut self, socket: SocketId, input: Input<'_>) {
        let now = self.bed.now();
        if let Some(caller) = self.clients.get_mut(&socket) {
            caller.session.handle(now, input);
            self.client_speaks(socket);
        } else if let Some(session) = self.servers.get_mut(&socket) {
            session.handle(now, input);
            self.server_speaks(socket);
        }
    }

    fn client_speaks(&mut self, socket: SocketId) {
        let Bed { kernel, network, .. } = &mut self.bed;
        let Some(caller) = self.clients.get_mut(&socket) else { return };
        while let Some(output) = caller.session.poll() {
            match output {
                Output::Transmit(octets) => network.send(kernel, socket, &octets),
                Output::Event(ClientEvent::Ready) if caller.has_mail => {
                    caller.has_mail = false;
                    caller.session.begin(kernel.now(), self.mail.clone());
                }
                Output::Event(ClientEvent::Ready) => caller.session.quit(kernel.now()),
                Output::Event(ClientEvent::Ended(verdicts)) => caller.accepted = verdicts == [Verdict::Accepted],
                Output::Event(ClientEvent::Transferring | ClientEvent::Failed(_)) => {}
                Output::Close => {
                    network.close(kernel, socket);
                    caller.over = true;
                    if caller.accepted {
                        self.done += 1;
                        self.talked += kernel.now().since(caller.since);
                    }
                }
            }
        }
    }

    fn server_speaks(&mut self, socket: SocketId) {
        let Bed { kernel, network, .. } = &mut self.bed;
        let Some(session) = self.servers.get_mut(&socket) else { return };
        while let Some(output) = session.poll() {
            match output {
                Output::Transmit(octets) => network.send(kernel, socket, &octets),
                Output::Event(
                    ServerEvent::Sender(_)
                    | ServerEvent::Recipient(_)
                    | ServerEvent::Verify(_)
                    | ServerEvent::Expand(_)
                    | ServerEvent::Flush(_),
                ) => session.accept(),
                Output::Event(ServerEvent::Handshake) => session.computed(),
                Output::Event(ServerEvent::Login(_)) => session.reject(535, Status::CREDENTIALS, "nobody logs in here"),
                Output::Event(ServerEvent::Message { content, .. }) => {
                    self.taken += u64::from(*content == *self.mail.content);
                    session.accept();
                }
                Output::Close => network.close(kernel, socket),
            }
        }
    }
}

impl Workload for DialoguesRun {
    fn run(&mut self) {
        // Beyond the last dialogue only TIME-WAIT ends.
        let arrivals_end = SimTime::ZERO + self.parameters.time;
        while self.bed.now() < arrivals_end || !self.clients.is_empty() || !self.servers.is_empty() {
            let Some(event) = self.bed.next(SimTime::NEVER) else { break };
            match event {
                Event::Wake(..) => self.begin(),
                Event::Net(_) | Event::Served(..) | Event::FaultBegins(_) | Event::FaultEnds(_) => {}
            }
            while let Some(notice) = self.bed.notice() {
                self.notice(&notice);
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "statistics may round")]
    fn figures(&self) -> Figures {
        let Dialogues { clients, gap, time, seed } = self.parameters;
        let each = |total: f64| total / self.done.max(1) as f64;
        Figures::of("dialogues")
            .with("clients", clients)
            .with("rate", format_args!("{}/s", per_second(gap)))
            .with("time", time.to_text())
            .with("seed", seed)
            .with("simulated_s", self.bed.now())
            .with("events", self.bed.events)
            .with("packet_hops", self.bed.packet_hops())
            .with("dialogues", self.done)
            .with("failed", self.failed)
            .with("messages_taken", self.taken)
            .with("ms_simulated_per_dialogue", format_args!("{:.3}", each(self.talked.as_secs_f64() * 1e3)))
            .with("packet_hops_per_dialogue", format_args!("{:.2}", each(self.bed.packet_hops() as f64)))
    }

    fn costs(&self) -> Vec<Cost> {
        vec![
            Cost::Time { key: "ns_per_packet_hop", unit_ns: 1, count: self.bed.packet_hops() },
            Cost::Time { key: "us_per_dialogue", unit_ns: 1_000, count: self.done },
        ]
    }
}

/// The shortest decimal number of times per second that is that gap, to the nanosecond.
fn per_second(gap: SimDuration) -> String {
    let rate = 1.0 / gap.as_secs_f64();
    let same = |text: &String| text.parse::<f64>().is_ok_and(|rate| (1.0 / rate - gap.as_secs_f64()).abs() < 1e-9);
    (0..=9).map(|digits| format!("{rate:.digits$}")).find(same).unwrap_or_else(|| rate.to_string())
}
