//! What a session costs: its commands, its octets each way, and how often one end waited for the other.

use crate::base::SimTime;
use crate::proto::mailbox::{MailboxClient, Task};
use crate::proto::session::{Input, Output, Session};

/// What a session cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Commands or requests.
    pub commands: u64,
    /// How often the client said something, and then heard something. What is said in one go counts once; a
    /// greeting that nobody asked for does not count.
    pub round_trips: u64,
    /// Octets said.
    pub sent: u64,
    /// Octets heard.
    pub received: u64,
}

/// A client that is measured.
#[derive(Clone, Debug)]
pub(super) struct Meter<S> {
    inner: S,
    figures: Figures,
    /// Whether it said something since it last heard anything.
    said: bool,
}

impl<S: MailboxClient> Meter<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, figures: Figures::default(), said: false }
    }

    pub(super) fn figures(&self) -> Figures {
        Figures { commands: self.inner.commands(), ..self.figures }
    }

    pub(super) fn opened_id(&self) -> Option<&str> {
        self.inner.opened_id()
    }

    pub(super) fn ends_waiting(&self) -> bool {
        self.inner.ends_waiting()
    }

    pub(super) fn outlasts_connection(&self) -> bool {
        self.inner.outlasts_connection()
    }

    pub(super) fn wants_connection(&self) -> bool {
        self.inner.wants_connection()
    }

    pub(super) fn ask(&mut self, now: SimTime, task: Task) {
        self.inner.ask(now, task);
    }
}

impl<S: MailboxClient> Session for Meter<S> {
    type Event = S::Event;

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        if let Input::Bytes(bytes) = input {
            self.figures.received += bytes.len() as u64;
            self.figures.round_trips += u64::from(std::mem::take(&mut self.said));
        }
        self.inner.handle(now, input);
    }

    fn poll(&mut self) -> Option<Output<S::Event>> {
        let output = self.inner.poll();
        if let Some(Output::Transmit(bytes)) = &output {
            self.figures.sent += bytes.len() as u64;
            self.said = true;
        }
        output
    }

    fn deadline(&self) -> SimTime {
        self.inner.deadline()
    }

    fn has_more(&self) -> bool {
        self.inner.has_more()
    }

    fn go_on(&mut self, now: SimTime) {
        self.inner.go_on(now);
    }

    fn lose(&mut self, now: SimTime) {
        self.inner.lose(now);
    }
}
