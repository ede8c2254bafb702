//! The server's end of a connection (RFC 9112).
//!
//! ```text
//!  Head --whole--> Content --whole--> Judging --answered--> Head, or Closed
//!    \________________\__ a fault: answered with its status --> Closed
//! ```
//!
//! Requests are given out one at a time, and the next one only when the one before was answered, so pipelined
//! requests are answered in their order. A request that is wrong is answered here and ends the connection, since
//! nobody can tell where the next one would begin. A connection on which nothing is asked is closed in silence
//! after `keep_alive`, which runs from the answer; whoever has it in hand says by [`Session::go_on`] when the peer has
//! taken a long answer. One that lets a request begin and not end is told 408. Left out: Upgrade, CONNECT, trailer
//! fields; responses before their request is whole, but for the refusals named and 100 (Continue).

use std::collections::VecDeque;

use super::framing::{Content, chunked};
use super::head::{Fault, HeadReader, elements, write_head};
use super::message::{Method, Request, Response};
use super::request::{self, Asked, Version};
use super::status::{is_bare, reason};
use crate::base::{SimDuration, SimTime};
use crate::proto::line::InputBuffer;
use crate::proto::session::{Input, Output, Session};

/// How a server treats its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// The version spoken. HTTP/1.0 closes after each response and knows no chunks.
    pub version: Version,
    /// Whether a connection outlasts its first response.
    pub persistent: bool,
    /// How long a connection waits for the next request.
    pub keep_alive: SimDuration,
    /// How long a request may take to go on coming.
    pub request_time: SimDuration,
    /// After how many responses a connection is closed; none: never for that reason.
    pub requests: Option<u32>,
    /// Responses are sent in chunks of that size; none: with their length.
    pub chunk: Option<usize>,
    /// The largest content that a request may have, in octets.
    pub content: usize,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            version: Version::Http11,
            persistent: true,
            keep_alive: SimDuration::from_secs(60),
            request_time: SimDuration::from_secs(60),
            requests: None,
            chunk: None,
            content: 16 << 20,
        }
    }
}

/// What the application is asked or told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// A request came whole: [`Server::respond`].
    Request(Request),
    /// A request was wrong; it was answered with the fault's status, and the connection ends.
    Refused(Fault),
}

#[derive(Clone, Debug)]
enum State {
    Head,
    Content { asked: Box<Asked>, content: Content },
    Judging { version: Version, is_head: bool, persists: bool },
    Closed,
}

/// The server's end of one connection.
#[derive(Clone, Debug)]
pub struct Server {
    conduct: Conduct,
    state: State,
    head: HeadReader,
    input: InputBuffer,
    ended: bool,
    answered: u32,
    /// Since when the client says nothing.
    heard: SimTime,
    output: VecDeque<Output<ServerEvent>>,
}

impl Server {
    /// A session that has not begun.
    #[must_use]
    pub fn new(conduct: Conduct) -> Self {
        Self {
            conduct,
            heard: SimTime::ZERO,
            state: State::Head,
            head: HeadReader::default(),
            input: InputBuffer::new(),
            ended: false,
            answered: 0,
            output: VecDeque::new(),
        }
    }

    /// Answers the request given out last. A field `Connection: close` in the response closes the connection
    /// after it; other framing fields in it do not count.
    pub fn respond(&mut self, now: SimTime, response: &Response) {
        if let State::Judging { version, is_head, persists } = self.state {
            self.heard = now;
            self.send(response, version, is_head, persists);
        }
    }

    /// Octets that it keeps of what it was sent: of requests that are not given out yet. Never more than twice
    /// [`Conduct::content`] and 128 KiB.
    #[must_use]
    pub fn held(&self) -> usize {
        let content = match &self.state {
            State::Content { content, .. } => content.held(),
            State::Head | State::Judging { .. } | State::Closed => 0,
        };
        self.input.rest().len() + self.head.held() + content
    }

    fn send(&mut self, response: &Response, asked: Version, is_head: bool, persists: bool) {
        self.answered += 1;
        let version = self.conduct.version;
        let wish = elements(&response.fields, "Connection").any(|word| word.eq_ignore_ascii_case("close"));
        let full = self.conduct.requests.is_some_and(|most| self.answered >= most);
        let may = self.conduct.persistent && version == Version::Http11;
        let goes_on = persists && may && !wish && !full;
        let mut own = Vec::new();
        let mut content = response.content.clone();
        // RFC 9110 8.6: no Content-Length in 1xx and 204; in 304 it may be left out.
        if !is_bare(response.status) {
            match self.conduct.chunk.filter(|_| version.min(asked) == Version::Http11) {
                Some(size) => {
                    own.push(("Transfer-Encoding", "chunked".to_owned()));
                    content = chunked(&content, size);
                }
                None => own.push(("Content-Length", content.len().to_string())),
            }
        }
        if !goes_on && version == Version::Http11 {
            own.push(("Connection", "close".to_owned()));
        } else if goes_on && asked == Version::Http10 {
            own.push(("Connection", "keep-alive".to_owned()));
        }
        let start = format!("{} {} {}", version.name(), response.status, reason(response.status));
        let mut bytes = write_head(&start, &response.fields, &own);
        if !is_head && !is_bare(response.status) {
            bytes.extend_from_slice(&content);
        }
        self.output.push_back(Output::Transmit(bytes));
        if goes_on { self.state = State::Head } else { self.close() }
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.input.clear();
        self.output.push_back(Output::Close);
    }

    /// Answers what is no good request, and ends.
    fn refuse(&mut self, fault: Fault) {
        let status = fault.status();
        self.output.push_back(Output::Event(ServerEvent::Refused(fault)));
        let text = format!("{status} {}\r\n", reason(status));
        self.send(&Response::new(status, "text/plain; charset=utf-8", text), Version::Http10, false, false);
    }

    /// Goes on with what came; false if that needs more octets or an answer.
    fn work(&mut self) -> bool {
        let step = match &mut self.state {
            State::Judging { .. } | State::Closed => return false,
            State::Head => match self.head.take(&mut self.input) {
                Ok(Some(head)) => request::read(head).and_then(|asked| self.begin(asked)),
                Ok(None) => Ok(false),
                Err(fault) => Err(fault),
            },
            State::Content { content, .. } => content.take(&mut self.input),
        };
        match step {
            Ok(true) => self.finish(),
            Ok(false) if self.ended => self.close(),
            Ok(false) => return false,
            Err(fault) => self.refuse(fault),
        }
        true
    }

    /// The head of a request came; whether there is something to go on with.
    fn begin(&mut self, asked: Asked) -> Result<bool, Fault> {
        let mut content = Content::new(asked.framing, self.conduct.content)?;
        let early = !self.input.rest().is_empty();
        let whole = content.take(&mut self.input)?;
        // RFC 9110 10.1.1: it may be omitted if some of the content came already.
        if asked.waits && !whole && !early && self.conduct.version == Version::Http11 {
            self.output.push_back(Output::Transmit(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()));
        }
        self.state = State::Content { asked: Box::new(asked), content };
        Ok(whole)
    }

    /// The request is whole.
    fn finish(&mut self) {
        let State::Content { asked, content } = std::mem::replace(&mut self.state, State::Head) else { return };
        let Asked { mut request, version, persists, .. } = *asked;
        request.content = content.into_octets();
        self.state = State::Judging { version, is_head: request.method == Method::Head, persists };
        self.output.push_back(Output::Event(ServerEvent::Request(request)));
    }

    fn has_begun(&self) -> bool {
        match self.state {
            State::Head => self.head.has_begun() || !self.input.rest().is_empty(),
            State::Content { .. } => true,
            State::Judging { .. } | State::Closed => false,
        }
    }

    /// Who sends so much ahead of its answers is no browser.
    const fn ahead(&self) -> usize {
        self.conduct.content + (1 << 16)
    }
}

impl Session for Server {
    type Event = ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if matches!(self.state, State::Closed) {
            return;
        }
        match input {
            Input::Start => self.heard = now,
            Input::Bytes(bytes) => {
                let waits = matches!(self.state, State::Judging { .. });
                if waits && self.input.rest().len() + bytes.len() > self.ahead() {
                    return self.close();
                }
                self.input.push(bytes);
                self.heard = now;
            }
            Input::EndOfStream => self.ended = true,
            Input::Tick if now >= self.deadline() => {
                if self.has_begun() {
                    self.refuse(Fault::Late)
                } else {
                    self.close()
                }
            }
            Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output<ServerEvent>> {
        while self.output.is_empty() && self.work() {}
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        match self.state {
            State::Judging { .. } | State::Closed => SimTime::NEVER,
            State::Head | State::Content { .. } => {
                let wait = if self.has_begun() { self.conduct.request_time } else { self.conduct.keep_alive };
                self.heard.saturating_add(wait)
            }
        }
    }

    fn has_more(&self) -> bool {
        !matches!(self.state, State::Judging { .. } | State::Closed) && !self.input.rest().is_empty()
    }

    fn go_on(&mut self, now: SimTime) {
        self.heard = now;
    }

    fn lose(&mut self, _now: SimTime) {
        self.output.clear();
        self.close();
    }
}
