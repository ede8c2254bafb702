//! The session's pace: what it goes on with and when, and how long it waits for its client.

use super::super::event::ServerEvent;
use super::{BLOCK, CAPABILITIES, Server};
use crate::base::{SimDuration, SimTime};
use crate::proto::session::{Input, Output, Session};

/// RFC 3501 5.4: the autologout timer "MUST be at least 30 minutes".
pub(super) const IDLE_TIMEOUT: SimDuration = SimDuration::from_secs(1800);
/// What a client may send in advance while the application judges.
const MAX_AHEAD: usize = 1 << 16;

impl Server {
    /// Whether the application has a question before it.
    fn is_judging(&self) -> bool {
        self.task.is_some() && self.output.is_empty()
    }

    /// Goes on with what came, up to an event or the octets of a block.
    fn proceed(&mut self) {
        let is_little = |output: &Output<ServerEvent>| matches!(output, Output::Transmit(bytes) if bytes.len() < BLOCK);
        while self.task.is_none() && !self.is_closed() && self.output.len() < 2 && self.output.iter().all(is_little) {
            if !self.step() {
                if self.ended {
                    self.close();
                }
                return;
            }
        }
    }

    /// The client says nothing until so many octets have come.
    pub(super) fn be_patient(&mut self, octets: usize) {
        self.patience.send(octets);
    }
}

impl Session for Server {
    type Event = ServerEvent;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if self.is_closed() {
            return;
        }
        match input {
            Input::Start => {
                self.patience.hears(now);
                self.say(&format!("* OK [CAPABILITY {CAPABILITIES}] IMAP4rev1 server ready"));
            }
            Input::Bytes(_) if self.is_judging() && self.framer.unread() > MAX_AHEAD => self.close(),
            Input::Bytes(bytes) => {
                self.patience.hears(now);
                self.framer.push(bytes);
            }
            Input::EndOfStream => self.ended = true,
            Input::Tick if self.deadline() <= now => {
                self.output.clear();
                self.bye("Autologout; idle for too long");
            }
            Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output<ServerEvent>> {
        if self.output.is_empty() {
            self.proceed();
        }
        self.output.pop_front()
    }

    fn deadline(&self) -> SimTime {
        if self.is_judging() || self.is_closed() {
            return SimTime::NEVER;
        }
        self.patience.deadline(self.has_more())
    }

    fn has_more(&self) -> bool {
        let waiting = self.task.is_none() && (self.ended || self.framer.unread() > 0);
        !self.is_closed() && (waiting || !self.output.is_empty())
    }

    fn go_on(&mut self, now: SimTime) {
        self.patience.goes_on(now);
    }

    fn lose(&mut self, _now: SimTime) {
        if !self.is_closed() {
            self.output.clear();
            self.close();
        }
    }
}
