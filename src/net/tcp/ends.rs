//! The ends of all connections, awake or asleep.
//!
//! An end that moves data needs several hundred octets: timers, holes, measurements. One that
//! is idle, or waits in TIME-WAIT, needs to remember a quarter of that. So an end falls asleep
//! when it is idle and the last event of its timers has come, or when it enters TIME-WAIT, and
//! wakes when anything touches it. Nobody can tell from outside which of them it is.

use slotmap::SlotMap;

use super::challenge::Challenges;
use super::cubic::Cubic;
use super::delayed_ack::AckClock;
use super::ecn::EcnState;
use super::figures::Measured;
use super::options::Agreed;
use super::rack::Rack;
use super::receiver::{Receiver, ReceiverMemory};
use super::sender::{Sender, SenderMemory};
use super::stream::{Pipe, PipeKey};
use super::tcb::{State, Tcb};
use super::timers::Timers;
use super::{TcbKey, Tcp, key};
use crate::base::trace::EndFigures;
use crate::base::{AppId, ConnId, HostId, Side, SimTime, SocketId};
use crate::net::TcpConfig;
use crate::net::ports::Tuple;

/// All ends.
#[derive(Clone, Debug)]
pub(crate) struct Ends(SlotMap<TcbKey, End>);

/// One of them.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Awake(Box<Tcb>),
    Asleep(Asleep),
}

/// What an end remembers in its sleep.
#[derive(Clone, Debug)]
pub(crate) struct Asleep {
    host: HostId,
    app: AppId,
    side: Side,
    state: State,
    active: bool,
    sack: bool,
    conn: ConnId,
    tuple: Tuple,
    iss: u32,
    peer: TcbKey,
    pipe: PipeKey,
    mss: u32,
    snd: SenderMemory,
    rcv: ReceiverMemory,
    rare: Option<Box<Rare>>,
}

/// What most ends do not have.
#[derive(Clone, Debug)]
struct Rare {
    agreed: Agreed,
    ecn: EcnState,
    cubic: Option<Box<Cubic>>,
    rack: Option<Box<Rack>>,
    measured: Option<Box<Measured>>,
    challenges: Challenges,
}

impl Ends {
    pub(crate) fn new() -> Self {
        Self(SlotMap::with_key())
    }

    pub(crate) fn insert(&mut self, tcb: impl FnOnce(TcbKey) -> Tcb) -> TcbKey {
        self.0.insert_with_key(|key| End::Awake(Box::new(tcb(key))))
    }

    pub(crate) fn remove(&mut self, key: TcbKey) -> Option<End> {
        self.0.remove(key)
    }

    pub(crate) fn get(&self, key: TcbKey) -> Option<&End> {
        self.0.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (TcbKey, &End)> {
        self.0.iter()
    }

    /// An end if it is awake.
    pub(crate) fn awake(&self, key: TcbKey) -> Option<&Tcb> {
        match self.0.get(key)? {
            End::Awake(tcb) => Some(tcb),
            End::Asleep(_) => None,
        }
    }

    /// Two ends, if both are awake.
    pub(crate) fn two_awake(&mut self, keys: [TcbKey; 2]) -> Option<[&mut Tcb; 2]> {
        match self.0.get_disjoint_mut(keys)? {
            [End::Awake(one), End::Awake(other)] => Some([one, other]),
            [End::Awake(_) | End::Asleep(_), End::Awake(_) | End::Asleep(_)] => None,
        }
    }

    /// An end, which is awake from now on.
    pub(crate) fn wake(&mut self, key: TcbKey, config: &TcpConfig) -> Option<&mut Tcb> {
        let end = self.0.get_mut(key)?;
        if let End::Asleep(asleep) = end {
            let tcb = asleep.wake(key, config);
            *end = End::Awake(Box::new(tcb));
        }
        match end {
            End::Awake(tcb) => Some(tcb),
            End::Asleep(_) => unreachable!("it has just been woken"),
        }
    }

    /// Lets an end sleep if it is idle.
    pub(crate) fn rest(&mut self, key: TcbKey, pipe: &mut Pipe) {
        if let Some(end) = self.0.get_mut(key)
            && let End::Awake(tcb) = end
            && tcb.is_idle(pipe)
        {
            pipe.shrink();
            let asleep = Asleep::of(tcb);
            *end = End::Asleep(asleep);
        }
    }
}

impl Tcb {
    /// Whether nothing is under way, and no event is queued for it that matters.
    fn is_idle(&self, pipe: &Pipe) -> bool {
        let data_end = 1 + pipe.appended(self.side);
        let ended = match self.state {
            State::Established => self.timers.none_armed() && self.snd.is_idle_at(data_end, false),
            // A timer's event that is still queued finds it asleep.
            State::TimeWait => self.snd.is_idle_at(data_end + 1, true),
            State::SynSent
            | State::SynReceived
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::Closed => false,
        };
        let near = self.snd.wl1_behind(self.rcv.rcv_nxt).is_some();
        let drained = self.drain_to.is_none();
        ended && near && drained && self.timers.all_off() && self.rcv.is_idle() && self.ack.is_idle()
    }
}

impl Asleep {
    fn of(tcb: &mut Tcb) -> Self {
        let cubic = tcb.snd.cc.take_cubic();
        let mut rack = tcb.snd.rack.take();
        if let Some(rack) = &mut rack {
            rack.rest();
        }
        let measured = tcb.snd.measured.take();
        let is_rare = tcb.agreed.timestamps
            || tcb.ecn.agreed
            || cubic.is_some()
            || rack.is_some()
            || measured.is_some()
            || tcb.challenges.any();
        let (agreed, ecn, challenges) = (tcb.agreed, tcb.ecn, tcb.challenges);
        let mut snd = tcb.snd.memory(tcb.rcv.rcv_nxt);
        if tcb.state == State::TimeWait {
            snd.set_clock(tcb.timers.time_wait);
        }
        Self {
            host: tcb.host,
            app: tcb.app,
            side: tcb.side,
            state: tcb.state,
            active: tcb.active,
            sack: tcb.agreed.sack,
            conn: tcb.conn,
            tuple: tcb.tuple,
            iss: tcb.iss,
            peer: tcb.peer,
            pipe: tcb.pipe,
            mss: tcb.agreed.mss,
            snd,
            rcv: tcb.rcv.memory(),
            rare: is_rare.then(|| Box::new(Rare { agreed, ecn, cubic, rack, measured, challenges })),
        }
    }

    fn wake(&mut self, key: TcbKey, config: &TcpConfig) -> Tcb {
        let mss = config.mss_over(self.tuple.3);
        let mut tcb = Tcb {
            key,
            host: self.host,
            app: self.app,
            side: self.side,
            conn: self.conn,
            tuple: self.tuple,
            peer: self.peer,
            pipe: self.pipe,
            state: self.state,
            active: self.active,
            snd: Sender::remember(&self.snd, self.rcv.rcv_nxt(), config),
            rcv: Receiver::remember(&self.rcv, config.receive_window, mss),
            timers: Timers::new(),
            iss: self.iss,
            agreed: Agreed { mss: self.mss, sack: self.sack, ..Agreed::default() },
            ecn: EcnState::default(),
            ack: AckClock::default(),
            challenges: Challenges::default(),
            drain_to: None,
        };
        if self.state == State::TimeWait {
            tcb.timers.time_wait = self.snd.clock();
        }
        if let Some(rare) = self.rare.take() {
            (tcb.agreed, tcb.ecn, tcb.challenges) = (rare.agreed, rare.ecn, rare.challenges);
            tcb.snd.cc.give_cubic(rare.cubic);
            tcb.snd.rack = rare.rack;
            tcb.snd.measured = rare.measured;
        }
        tcb
    }
}

impl Tcp {
    pub(crate) fn local_port(&self, socket: SocketId) -> u16 {
        self.ends.get(key(socket)).map_or(0, |end| end.tuple().0)
    }
}

impl End {
    pub(crate) const fn host(&self) -> HostId {
        match self {
            Self::Awake(tcb) => tcb.host,
            Self::Asleep(asleep) => asleep.host,
        }
    }

    pub(crate) const fn state(&self) -> State {
        match self {
            Self::Awake(tcb) => tcb.state,
            Self::Asleep(asleep) => asleep.state,
        }
    }

    pub(crate) const fn tuple(&self) -> Tuple {
        match self {
            Self::Awake(tcb) => tcb.tuple,
            Self::Asleep(asleep) => asleep.tuple,
        }
    }

    pub(crate) const fn name(&self) -> (ConnId, Side) {
        match self {
            Self::Awake(tcb) => (tcb.conn, tcb.side),
            Self::Asleep(asleep) => (asleep.conn, asleep.side),
        }
    }

    pub(crate) const fn pipe(&self) -> PipeKey {
        match self {
            Self::Awake(tcb) => tcb.pipe,
            Self::Asleep(asleep) => asleep.pipe,
        }
    }

    pub(crate) const fn iss(&self) -> u32 {
        match self {
            Self::Awake(tcb) => tcb.iss,
            Self::Asleep(asleep) => asleep.iss,
        }
    }

    /// How far the window field is shifted.
    pub(crate) fn shift(&self) -> u8 {
        match self {
            Self::Awake(tcb) => tcb.rcv.shift(),
            Self::Asleep(asleep) => asleep.rcv.shift(),
        }
    }

    /// The end of TIME-WAIT, in that state.
    pub(crate) fn waits_until(&self) -> Option<SimTime> {
        let until = match self {
            Self::Awake(tcb) => tcb.timers.time_wait,
            Self::Asleep(asleep) => asleep.snd.clock(),
        };
        (self.state() == State::TimeWait).then_some(until)
    }

    /// What it has measured so far.
    pub(crate) fn figures(&self, pipe: &Pipe) -> EndFigures {
        match self {
            Self::Awake(tcb) => tcb.figures(pipe),
            Self::Asleep(asleep) => {
                let measured = asleep.rare.as_ref().and_then(|rare| rare.measured.as_ref());
                let octets = pipe.appended(asleep.side);
                measured.map_or_else(EndFigures::default, |measured| measured.figures(asleep.snd.una(), octets))
            }
        }
    }

    #[cfg(test)]
    pub(crate) const fn peer(&self) -> TcbKey {
        match self {
            Self::Awake(tcb) => tcb.peer,
            Self::Asleep(asleep) => asleep.peer,
        }
    }

    #[cfg(test)]
    pub(crate) const fn rcv_nxt(&self) -> u64 {
        match self {
            Self::Awake(tcb) => tcb.rcv.rcv_nxt,
            Self::Asleep(asleep) => asleep.rcv.rcv_nxt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two of these, their byte streams and two entries of ports are what an idle connection
    /// costs.
    #[test]
    fn a_sleeper_is_small() {
        assert!(size_of::<End>() <= 136, "{}", size_of::<End>());
        assert!(size_of::<Pipe>() <= 56, "{}", size_of::<Pipe>());
    }
}
