//! The client's end of a connection (RFC 9112).
//!
//! Requests are sent as they are given; who gives a second one before the first was answered pipelines, and the
//! answers come in the order of the requests. A response ends by its framing or with the connection; where it
//! ends tells whether the connection can be used again. Left out: sending content only after 100 (Continue), which
//! a server may answer all the same; trailer fields; trying again, which only the application can judge.

use std::collections::VecDeque;

use super::framing::{Content, Framing, declared};
use super::head::{Fault, Head, HeadReader, write_head};
use super::message::{Fields, Method, Request, Response};
use super::request::{Version, persists};
use super::status::is_bare;
use crate::base::{SimDuration, SimTime};
use crate::proto::line::InputBuffer;
use crate::proto::session::{Input, Output, Session};

/// How a client speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// The version of its requests.
    pub version: Version,
    /// Whether it asks servers to keep the connection.
    pub persistent: bool,
    /// How long it waits for more of a response.
    pub patience: SimDuration,
    /// The largest content it takes, in octets.
    pub content: usize,
}

impl Default for Manner {
    fn default() -> Self {
        Self { version: Version::Http11, persistent: true, patience: SimDuration::from_secs(300), content: 256 << 20 }
    }
}

/// An answer and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The response.
    pub response: Response,
    /// When its request was sent.
    pub asked: SimTime,
    /// When its first octet came.
    pub began: SimTime,
    /// The request's octets.
    pub request_octets: u64,
    /// The response's octets, with its head and the marks of its chunks, and interim responses before it.
    pub response_octets: u64,
}

/// Why a connection is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// One end did not want to go on; all that was answered was answered whole.
    Over,
    /// It was cut within a response.
    Cut,
    /// What came is no HTTP.
    Fault(Fault),
}

/// What the application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The earliest request that was not answered yet is.
    Answered(Box<Answer>),
    /// The connection ends; requests that were not answered are void.
    Ended(End),
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    is_head: bool,
    at: SimTime,
    octets: u64,
}

#[derive(Clone, Debug)]
enum State {
    Head,
    Content { status: u16, fields: Fields, goes_on: bool, content: Content },
    Closed,
}

/// How far what came has brought a response.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The head is here; the content, which may be empty, is next.
    Begun,
    Whole,
    Waits,
}

/// The client's end of one connection.
#[derive(Clone, Debug)]
pub struct Client {
    manner: Manner,
    state: State,
    sent: VecDeque<Sent>,
    head: HeadReader,
    input: InputBuffer,
    ended: bool,
    /// When the first octet of the response that is coming came, and how many came.
    began: Option<SimTime>,
    octets: u64,
    heard: SimTime,
    output: VecDeque<Output<ClientEvent>>,
}

impl Client {
    /// A session that has not begun.
    #[must_use]
    pub fn new(manner: Manner) -> Self {
        Self {
            manner,
            state: State::Head,
            sent: VecDeque::new(),
            head: HeadReader::default(),
            input: InputBuffer::new(),
            ended: false,
            began: None,
            octets: 0,
            heard: SimTime::ZERO,
            output: VecDeque::new(),
        }
    }

    /// Sends a request behind those that were sent before. On a connection that has ended it does nothing.
    pub fn ask(&mut self, now: SimTime, request: &Request) {
        if self.is_over() {
            return;
        }
        let version = self.manner.version;
        let mut own = Vec::new();
        // RFC 9110 8.6: "when the method defines a meaning for enclosed content".
        if !request.content.is_empty() || matches!(request.method, Method::Post | Method::Put) {
            own.push(("Content-Length", request.content.len().to_string()));
        }
        match (self.manner.persistent, version) {
            (false, Version::Http11) => own.push(("Connection", "close".to_owned())),
            (true, Version::Http10) => own.push(("Connection", "keep-alive".to_owned())),
            (true, Version::Http11) | (false, Version::Http10) => {}
        }
        let start = format!("{} {} {}", request.method, request.target, version.name());
        let mut bytes = write_head(&start, &request.fields, &own);
        bytes.extend_from_slice(&request.content);
        if self.sent.is_empty() {
            self.heard = now;
        }
        let is_head = request.method == Method::Head;
        self.sent.push_back(Sent { is_head, at: now, octets: bytes.len() as u64 });
        self.output.push_back(Output::Transmit(bytes));
    }

    /// Whether nothing more can be asked.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.ended || matches!(self.state, State::Closed)
    }

    /// Takes leave: closes the connection.
    pub fn quit(&mut self) {
        if !matches!(self.state, State::Closed) {
            self.end(End::Over);
        }
    }

    fn end(&mut self, end: End) {
        self.state = State::Closed;
        self.sent.clear();
        self.input.clear();
        self.output.push_back(Output::Event(ClientEvent::Ended(end)));
        self.output.push_back(Output::Close);
    }

    /// Goes on with what came; false if that needs more octets.
    fn work(&mut self) -> bool {
        if matches!(self.state, State::Closed) {
            return false;
        }
        // RFC 9112 9.2: what comes unasked, such as 408 on an idle connection, belongs to no request.
        let Some(sent) = self.sent.front().copied() else {
            let over = self.ended || !self.input.rest().is_empty();
            if over {
                self.end(End::Over);
            }
            return over;
        };
        let before = self.input.rest().len();
        let step = match &mut self.state {
            State::Closed => return false,
            State::Head => self.head.take(&mut self.input).and_then(|head| match head {
                Some(head) => self.begin(head, sent.is_head).map(|()| Step::Begun),
                None => Ok(Step::Waits),
            }),
            State::Content { content, .. } => content
                .take(&mut self.input)
                .map(|whole| if whole || self.ended && content.is_until_close() { Step::Whole } else { Step::Waits }),
        };
        self.octets += (before - self.input.rest().len()) as u64;
        match step {
            Ok(Step::Begun) => {}
            Ok(Step::Whole) => self.finish(sent),
            Ok(Step::Waits) if self.ended => {
                let begun = self.began.is_some();
                self.end(if begun { End::Cut } else { End::Over });
            }
            Ok(Step::Waits) => return false,
            Err(fault) => self.end(End::Fault(fault)),
        }
        true
    }

    /// A response's head came.
    fn begin(&mut self, head: Head, to_head: bool) -> Result<(), Fault> {
        let (version, status) = status_line(&head.start)?;
        let fields = head.fields;
        // RFC 9112 6.3: the rules in their order.
        let framing = match declared(&fields, version == Version::Http11)? {
            _ if to_head || is_bare(status) => Framing::Length(0),
            Some(framing) => framing,
            None => Framing::Close,
        };
        let goes_on = persists(&fields, version) && framing != Framing::Close;
        let content = Content::new(framing, self.manner.content)?;
        self.state = State::Content { status, fields, goes_on, content };
        Ok(())
    }

    /// The response is whole.
    fn finish(&mut self, sent: Sent) {
        let State::Content { status, fields, goes_on, content } = std::mem::replace(&mut self.state, State::Head)
        else {
            return;
        };
        // RFC 9110 15.2: interim responses come before the final one.
        if status < 200 {
            return;
        }
        self.sent.pop_front();
        let response = Response { status, fields, content: content.into_octets() };
        let (asked, request_octets, began) = (sent.at, sent.octets, self.began.take().unwrap_or(sent.at));
        let response_octets = std::mem::take(&mut self.octets);
        let answer = Answer { response, asked, began, request_octets, response_octets };
        self.output.push_back(Output::Event(ClientEvent::Answered(Box::new(answer))));
        if !goes_on {
            self.end(End::Over);
        } else if !self.input.rest().is_empty() {
            self.began = Some(self.heard);
        }
    }
}

/// `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 4).
fn status_line(line: &[u8]) -> Result<(Version, u16), Fault> {
    let mut words = line.splitn(3, |b| *b == b' ');
    let version = Version::read(words.next().unwrap_or_default())?;
    match words.next() {
        Some(&[a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9']) => {
            Ok((version, u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')))
        }
        Some(_) | None => Err(Fault::Malformed),
    }
}

impl Session for Client {
    type Event = ClientEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if matches!(self.state, State::Closed) {
            return;
        }
        match input {
            Input::Start => self.heard = now,
            Input::Bytes(bytes) => {
                self.input.push(bytes);
                self.heard = now;
                if !self.sent.is_empty() {
                    self.began.get_or_insert(now);
                }
            }
            Input::EndOfStream => self.ended = true,
            Input::Tick if now >= self.deadline() => self.end(End::Fault(Fault::Late)),
            Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output<ClientEvent>> {
        while self.output.is_empty() && self.work() {}
        self.output.pop_front()
    }

    /// Nobody waits for what was not asked.
    fn deadline(&self) -> SimTime {
        match self.state {
            State::Closed => SimTime::NEVER,
            State::Head | State::Content { .. } if self.sent.is_empty() => SimTime::NEVER,
            State::Head | State::Content { .. } => self.heard.saturating_add(self.manner.patience),
        }
    }
}
