//! What every session of a byte-stream protocol has in common: hand it an input, then take
//! its outputs until it has none, then look at its deadline.
//!
//! A session never touches a socket or a clock. One that has long answers to short commands
//! works on a command only when all before it was taken, so that whoever takes its outputs can
//! stop in between. Left out: the socket's pace within an answer (the socket API takes any number
//! of octets), so a session cannot time single blocks.

use crate::base::{SimDuration, SimTime};

/// RFC 5321 4.5.3.2.5: "Data Block: 3 Minutes".
const BLOCK_TIMEOUT: SimDuration = SimDuration::from_secs(180);
/// What an end of a session is taken to hand to its socket at once.
pub const BLOCK: usize = 1 << 16;
/// Who has so many octets still to send should not take more from a session that has more.
pub const HIGH_WATER: u32 = 1 << 18;

/// The time that a transfer of so many octets may take beyond the timer of its last block
/// (RFC 5321 4.5.3.2: "the overall timeout is inherently proportional to the size of the
/// message").
#[must_use]
pub fn transfer_time(octets: usize) -> SimDuration {
    BLOCK_TIMEOUT.saturating_mul((octets / BLOCK) as u64)
}

/// What befalls a session.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The connection is established.
    Start,
    /// Octets came, in any pieces.
    Bytes(&'a [u8]),
    /// The peer will send no more, or the connection is lost.
    EndOfStream,
    /// Time passed; the deadline may have come.
    Tick,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<E> {
    /// Send these octets.
    Transmit(Vec<u8>),
    /// Something that the application should know or judge.
    Event(E),
    /// Close the connection; nothing follows.
    Close,
}

/// One end of one connection's dialogue.
pub trait Session {
    /// What it tells its application.
    type Event;

    /// Takes one input at the instant `now`, which never goes back.
    fn handle(&mut self, now: SimTime, input: Input<'_>);
    /// The next thing it wants done; call until it is `None`.
    fn poll(&mut self) -> Option<Output<Self::Event>>;
    /// When it wants [`Input::Tick`]; [`SimTime::NEVER`] for not at all.
    fn deadline(&self) -> SimTime;

    /// Whether a further [`Session::poll`] would go on with what it has heard. It can be left
    /// alone then, for as long as its peer takes little, but should not be told more meanwhile.
    fn has_more(&self) -> bool {
        false
    }
    /// It was left alone until now, when its peer has taken most of what it said.
    fn go_on(&mut self, _now: SimTime) {}
    /// The connection is lost: the session ends, and what it has not gone on with is void.
    fn lose(&mut self, now: SimTime) {
        self.handle(now, Input::EndOfStream);
    }
}
