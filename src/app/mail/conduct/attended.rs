//! An SMTP server's session under supervision: each command, and the message, is put before the
//! application before the session gets it, and what the session says can be held back or replaced.
//!
//! The session itself knows nothing of that. It is given one command at a time, so whatever it says
//! until it is quiet is the answer to that one. Its own time-out does not run while something is held
//! back. Without supervision everything passes straight through. Behind STARTTLS the commands cannot be
//! seen: there it is what the session asks (MAIL, RCPT, the message, VRFY, EXPN, ETRN, AUTH) that is
//! put before the application. Left out there: the other commands.

mod reading;

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

use super::facts::Facts;
use super::rules::{At, Decision, Occasion, Ruling};
use crate::base::{SimDuration, SimTime};
use crate::proto::line::InputBuffer;
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::server::IDLE_TIMEOUT;
use crate::proto::smtp::{Reply, Server, ServerEvent, Status};

/// What the application is told or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The session tells or asks something.
    Server(ServerEvent),
    /// How is the client to be treated here? Answer by [`Attended::obey`].
    Judge(Box<Occasion>),
    /// Reset the connection; nothing follows.
    Reset,
    /// End the server's direction of the connection, and go on.
    HalfClose,
}

type Sayings = VecDeque<Output<Notice>>;

/// What waits for a decision, or for its time.
#[derive(Clone, Debug)]
enum Held {
    Connect,
    /// With its line end.
    Line(At, Vec<u8>),
    /// What the session asks.
    Event(At, ServerEvent),
}

#[derive(Clone, Debug)]
enum State {
    /// The next command may come, or the session is busy with one.
    Open,
    Judging(Held),
    /// Until that instant.
    Waiting(SimTime, Held, Decision),
    /// The reply is held back until that instant.
    Late(SimTime, Sayings, Option<SimDuration>),
    /// The next octet goes then, and others with such pauses.
    Dripping(SimTime, SimDuration, VecDeque<u8>, Sayings),
    /// Nothing is said or done any more.
    Silent,
    Closed,
}

/// What comes next from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Commands,
    /// The rest of a line that is too long to be looked at.
    Overlong,
    /// A response within AUTH.
    Response,
    /// The message; the connection is cut after so many octets, perhaps by a reset.
    Message(Option<(u64, bool)>),
    /// So many octets of a BDAT command.
    Chunk(u64),
    /// So many that the session will not see.
    Skipped(u64),
    /// Records of TLS.
    Sealed,
}

/// A supervised session.
#[derive(Clone, Debug)]
pub struct Attended {
    server: Server,
    name: String,
    supervised: bool,
    now: SimTime,
    input: InputBuffer,
    ended: bool,
    told_of_end: bool,
    state: State,
    reading: Reading,
    /// What was decided on the command with which the session is busy.
    current: Option<(Decision, At)>,
    /// What the session said since, and whether it wants to close.
    said: Vec<u8>,
    closing: bool,
    /// The server's direction is ended: what it says goes nowhere.
    mute: bool,
    /// RFC 5321 3.1: the greeting was a refusal, and only QUIT is of use.
    turned_away: bool,
    facts: Facts,
    /// When the session was last told something, and when the client was.
    heard: SimTime,
    spoke: SimTime,
    output: Sayings,
}

impl Attended {
    /// Supervises a session of the server of that name, or lets everything pass.
    #[must_use]
    pub fn new(server: Server, name: &str, supervised: bool) -> Self {
        Self {
            server,
            name: name.to_owned(),
            supervised,
            now: SimTime::ZERO,
            input: InputBuffer::default(),
            ended: false,
            told_of_end: false,
            state: State::Open,
            reading: Reading::Commands,
            current: None,
            said: Vec::new(),
            closing: false,
            mute: false,
            turned_away: false,
            facts: Facts::default(),
            heard: SimTime::ZERO,
            spoke: SimTime::ZERO,
            output: VecDeque::new(),
        }
    }

    /// The answer to [`Notice::Judge`].
    pub fn obey(&mut self, decision: Decision) {
        let State::Judging(held) = std::mem::replace(&mut self.state, State::Open) else { return };
        if decision.before > SimDuration::ZERO {
            self.state = State::Waiting(self.now.saturating_add(decision.before), held, decision);
        } else {
            self.carry_out(held, decision);
        }
    }

    fn judge(&mut self, held: Held) {
        let mut occasion = match &held {
            Held::Connect => self.facts.at_connect(),
            Held::Line(at, line) => self.facts.at_line(*at, line),
            Held::Event(at, event) => {
                let helo = self.server.greeting().map(|greeting| greeting.name.as_str());
                self.facts.at_event(*at, event, helo)
            }
        };
        occasion.authenticated = self.server.is_authenticated();
        self.state = State::Judging(held);
        self.output.push_back(Output::Event(Notice::Judge(Box::new(occasion))));
    }

    /// Does with a command what was decided.
    fn carry_out(&mut self, held: Held, decision: Decision) {
        self.spoke = self.now;
        let runs = match decision.ruling {
            Ruling::Pass | Ruling::HalfClose | Ruling::Cut { .. } => true,
            Ruling::Reply(_) | Ruling::Drop { .. } | Ruling::Silent | Ruling::Octets(_) => decision.effect,
        };
        let at = match &held {
            Held::Connect => At::Connect,
            Held::Line(at, _) | Held::Event(at, _) => *at,
        };
        self.current = Some((decision, at));
        match held {
            Held::Connect if runs => self.tell(Input::Start),
            Held::Connect => self.conclude(),
            Held::Line(_, line) => {
                // RFC 3030 section 2: the octets come whatever is answered.
                let chunk = self.facts.chunk();
                if runs {
                    self.reading = chunk.map_or(Reading::Commands, |(octets, _)| Reading::Chunk(octets));
                    self.tell(Input::Bytes(&line));
                } else {
                    self.reading = chunk.map_or(Reading::Commands, |(octets, _)| Reading::Skipped(octets));
                    if let Some((_, last)) = chunk {
                        self.server.lose_chunk(last);
                    }
                    self.conclude();
                }
            }
            Held::Event(_, event) if runs => self.output.push_back(Output::Event(Notice::Server(event))),
            Held::Event(..) => self.refuse_event(),
        }
    }

    /// What the session asked comes to nothing.
    fn refuse_event(&mut self) {
        if self.reading == Reading::Sealed
            && let Some((decision, _)) = &mut self.current
            && let Ruling::Reply(saying) = &decision.ruling
        {
            // The session must say it itself, for only it can seal it.
            self.server.reject(saying.code, saying.status(), &saying.lines.join(" "));
            decision.ruling = Ruling::Pass;
            return;
        }
        self.server.reject(451, Status::OTHER, "");
        while self.server.poll().is_some() {}
        self.conclude();
    }

    fn tell(&mut self, input: Input<'_>) {
        self.heard = self.now;
        self.server.handle(self.now, input);
    }

    /// The command is done, or never was begun: says what is to be said.
    fn conclude(&mut self) {
        let (decision, at) = self.current.take().unwrap_or((Decision::default(), At::Other));
        let Decision { late, drip, ruling, effect, .. } = decision;
        let said = std::mem::take(&mut self.said);
        let mut closes = std::mem::take(&mut self.closing);
        self.learn(at, &said, &ruling);
        let mut then = Sayings::new();
        match ruling {
            Ruling::Pass | Ruling::Cut { .. } => then.push_back(Output::Transmit(said)),
            Ruling::HalfClose => then.extend([Output::Transmit(said), Output::Event(Notice::HalfClose)]),
            Ruling::Reply(saying) => {
                let reply = saying.reply(self.facts.extended);
                self.facts.errors += u32::from(!effect && is_refusal(&reply));
                closes |= reply.code == 421;
                self.turned_away |= at == At::Connect && !effect;
                then.extend(self.sealed(&reply));
            }
            Ruling::Octets(octets) => {
                self.turned_away |= at == At::Connect && !effect;
                then.push_back(Output::Transmit(octets.to_vec()));
            }
            Ruling::Drop { reset: false } => closes = true,
            Ruling::Drop { reset: true } => {
                closes = false;
                then.push_back(Output::Event(Notice::Reset));
            }
            Ruling::Silent => return self.state = State::Silent,
        }
        if closes {
            then.push_back(Output::Close);
        }
        if late > SimDuration::ZERO {
            self.state = State::Late(self.now.saturating_add(late), then, drip);
        } else {
            self.release(then, drip);
        }
    }

    /// What the session's own answer tells of what will come.
    fn learn(&mut self, at: At, said: &[u8], ruling: &Ruling) {
        let code = self.facts.learn(at, said);
        if code / 100 == 3 && at == At::Data {
            let cut = if let Ruling::Cut { after, reset } = ruling { Some((*after, *reset)) } else { None };
            self.reading = Reading::Message(cut);
        } else if code / 100 == 3 && at == At::Auth {
            self.reading = Reading::Response;
        } else if code == 220 && at == At::StartTls {
            self.reading = Reading::Sealed;
        }
    }

    /// A reply, as the session would send it.
    fn sealed(&mut self, reply: &Reply) -> Sayings {
        if self.reading != Reading::Sealed {
            return [Output::Transmit(reply.to_bytes())].into();
        }
        self.server.say(reply);
        let said = std::iter::from_fn(|| self.server.poll());
        said.filter_map(|output| match output {
            Output::Transmit(octets) => Some(Output::Transmit(octets)),
            Output::Event(_) | Output::Close => None,
        })
        .collect()
    }

    /// Lets go what is to be said, at once or octet by octet.
    fn release(&mut self, mut then: Sayings, drip: Option<SimDuration>) {
        if self.mute {
            then.retain(|output| matches!(output, Output::Close | Output::Event(Notice::Reset)));
        }
        match (drip, then.pop_front()) {
            (Some(pause), Some(Output::Transmit(octets))) => {
                self.state = State::Dripping(self.now, pause, octets.into(), then);
                self.go_on_in_time();
            }
            (_, first) => self.let_go(first.into_iter().chain(then).collect()),
        }
    }

    fn let_go(&mut self, then: Sayings) {
        self.spoke = self.now;
        self.state = State::Open;
        for output in then {
            match &output {
                Output::Close | Output::Event(Notice::Reset) => {
                    self.state = State::Closed;
                    self.input.clear();
                }
                Output::Event(Notice::HalfClose) => self.mute = true,
                Output::Transmit(_) | Output::Event(Notice::Server(_) | Notice::Judge(_)) => {}
            }
            self.output.push_back(output);
        }
    }

    fn close(&mut self) {
        self.let_go([Output::Close].into());
    }

    /// Does what is due.
    fn go_on_in_time(&mut self) {
        match std::mem::replace(&mut self.state, State::Open) {
            State::Waiting(until, held, decision) if until <= self.now => self.carry_out(held, decision),
            State::Late(until, then, drip) if until <= self.now => self.release(then, drip),
            State::Dripping(next, pause, mut octets, then) if next <= self.now => {
                self.output.extend(octets.pop_front().map(|octet| Output::Transmit(vec![octet])));
                if octets.is_empty() {
                    self.let_go(then);
                } else {
                    self.state = State::Dripping(self.now.saturating_add(pause), pause, octets, then);
                }
            }
            other @ (State::Open
            | State::Judging(_)
            | State::Waiting(..)
            | State::Late(..)
            | State::Dripping(..)
            | State::Silent
            | State::Closed) => self.state = other,
        }
    }

    /// Takes what the session says. Whether there was anything.
    fn listen(&mut self) -> bool {
        let Some(output) = self.server.poll() else {
            let answered = matches!(self.state, State::Open) && (!self.said.is_empty() || self.closing);
            if answered {
                self.conclude();
            }
            return answered;
        };
        if matches!(self.reading, Reading::Message(_)) {
            // While it reads a message it says nothing.
            self.reading = Reading::Commands;
        }
        match output {
            Output::Transmit(bytes) => self.said.extend(bytes),
            Output::Close => self.closing = true,
            Output::Event(event) => {
                let sealed = self.reading == Reading::Sealed;
                match Facts::place(&event).filter(|at| sealed || *at == At::Body) {
                    Some(at) => self.judge(Held::Event(at, event)),
                    None => self.output.push_back(Output::Event(Notice::Server(event))),
                }
            }
        }
        true
    }
}

const fn is_refusal(reply: &Reply) -> bool {
    reply.is_transient_failure() || reply.is_permanent_failure()
}

impl Session for Attended {
    type Event = Notice;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        self.now = now;
        if !self.supervised {
            return self.server.handle(now, input);
        }
        if matches!(self.state, State::Closed) {
            return;
        }
        match input {
            Input::Start => self.judge(Held::Connect),
            Input::Bytes(_) if matches!(self.state, State::Silent) => {}
            Input::Bytes(bytes) => self.input.push(bytes),
            Input::EndOfStream if matches!(self.state, State::Silent) => self.close(),
            Input::EndOfStream => self.ended = true,
            Input::Tick => {
                if !matches!(self.state, State::Open) {
                    self.go_on_in_time();
                } else if self.deadline() <= now {
                    if self.turned_away { self.close() } else { self.server.handle(now, Input::Tick) }
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Output<Notice>> {
        if !self.supervised {
            return self.server.poll().map(|output| match output {
                Output::Transmit(bytes) => Output::Transmit(bytes),
                Output::Event(event) => Output::Event(Notice::Server(event)),
                Output::Close => Output::Close,
            });
        }
        loop {
            if let Some(output) = self.output.pop_front() {
                return Some(output);
            }
            if !self.listen() && !self.read() {
                return None;
            }
        }
    }

    fn deadline(&self) -> SimTime {
        match &self.state {
            _ if !self.supervised => self.server.deadline(),
            State::Waiting(until, ..) | State::Late(until, ..) | State::Dripping(until, ..) => *until,
            State::Open if self.turned_away => self.spoke.saturating_add(IDLE_TIMEOUT),
            // RFC 5321 4.5.3.2.7: the time is that in which the server awaits a command.
            State::Open => self.server.deadline().saturating_add(if self.spoke > self.heard {
                self.spoke.since(self.heard)
            } else {
                SimDuration::ZERO
            }),
            State::Judging(_) | State::Silent | State::Closed => SimTime::NEVER,
        }
    }

    fn has_more(&self) -> bool {
        self.server.has_more()
    }

    fn go_on(&mut self, now: SimTime) {
        self.server.go_on(now);
    }
}

/// Verdicts on what the session asked go straight to it.
impl Deref for Attended {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Attended {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}
