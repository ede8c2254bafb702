//! The application of a supervised session, played by a test.

use std::net::{IpAddr, Ipv4Addr};

use crate::app::mail::conduct::attended::{Attended, Notice};
use crate::app::mail::conduct::judge::{Judge, Use};
use crate::app::mail::conduct::rules::{Caller, Rule};
use crate::base::{SimDuration, SimTime, Streams};
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::{Server, ServerConfig, ServerEvent};

/// A session with the server's application played by the test: it takes everything.
pub(super) struct Stage {
    pub(super) session: Attended,
    pub(super) judge: Judge,
    pub(super) caller: Caller,
    pub(super) now: SimTime,
    pub(super) streams: Streams,
    /// What was said, with `{close}`, `{reset}` and `{fin}`.
    pub(super) heard: String,
    /// When the last octet was said.
    pub(super) spoke: SimTime,
    pub(super) messages: Vec<String>,
    pub(super) uses: Vec<Use>,
    pub(super) over: bool,
}

impl Stage {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        Self {
            session: Attended::new(Server::new(ServerConfig::new("y".to_owned())), "y", true),
            judge: Judge::new(rules.into()),
            caller: Caller { client, port: 25, session: 1 },
            now: SimTime::ZERO,
            streams: Streams::new(1),
            heard: String::new(),
            spoke: SimTime::ZERO,
            messages: Vec::new(),
            uses: Vec::new(),
            over: false,
        }
    }

    /// Another session of the same client with the same server.
    pub(super) fn again(mut self) -> Self {
        self.session = Attended::new(Server::new(ServerConfig::new("y".to_owned())), "y", true);
        self.caller.session += 1;
        self.over = false;
        self.heard.clear();
        self
    }

    pub(super) fn give(&mut self, input: Input<'_>) {
        if self.over {
            return;
        }
        self.session.handle(self.now, input);
        while let Some(output) = self.session.poll() {
            match output {
                Output::Transmit(bytes) => {
                    self.heard.push_str(&String::from_utf8_lossy(&bytes));
                    self.spoke = self.now;
                }
                Output::Close => {
                    self.heard.push_str("{close}");
                    self.over = true;
                }
                Output::Event(Notice::Reset) => {
                    self.heard.push_str("{reset}");
                    self.over = true;
                }
                Output::Event(Notice::HalfClose) => self.heard.push_str("{fin}"),
                Output::Event(Notice::Judge(occasion)) => {
                    let streams = self.streams;
                    let stream = |purpose: &str| streams.stream(purpose);
                    let (decision, uses) = self.judge.decide(self.caller, &occasion, self.now, &stream);
                    self.uses.extend(uses);
                    self.session.obey(decision);
                }
                Output::Event(Notice::Server(event)) => {
                    if let ServerEvent::Message { content, .. } = event {
                        self.messages.push(String::from_utf8_lossy(&content).into_owned());
                    }
                    self.session.accept();
                }
            }
        }
    }

    /// Lets time pass while the session waits for it, but not for its client.
    pub(super) fn settle(&mut self) {
        while !self.over {
            let next = self.session.deadline();
            if next.is_never() || next.since(self.now) >= SimDuration::from_secs(250) {
                return;
            }
            self.now = next;
            self.give(Input::Tick);
        }
    }

    pub(super) fn say(&mut self, lines: &str) {
        self.give(Input::Bytes(lines.replace('\n', "\r\n").as_bytes()));
        self.settle();
    }

    /// The replies since the last time, line ends as `|`.
    pub(super) fn replies(&mut self) -> String {
        std::mem::take(&mut self.heard).replace("\r\n", "|")
    }
}
