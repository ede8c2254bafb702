//! Invariants 13 and 14, seen from inside: states follow RFC 9293's diagram (3.3.2), timers
//! run when they should and not for the dead. The trace does not tell states.

use std::collections::BTreeMap;

use crate::base::{SimDuration, SimTime, SocketId};
use crate::net::tcp::access::{Glimpse, State};
use crate::net::tests::world::World;
use crate::net::{NetEvent, TcpConfig};

type Glimpses = BTreeMap<SocketId, Glimpse>;

/// What an end may become within one event, the answer of a polite application included.
const fn may_become(from: State, to: State) -> bool {
    use State::{CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent, TimeWait};
    match from {
        SynSent => matches!(to, SynReceived | Established | FinWait1 | Closed),
        // The segment that ends the handshake may bring a FIN, and ours may wait already.
        SynReceived => matches!(to, Established | FinWait1 | CloseWait | Closing | LastAck | Closed),
        Established => matches!(to, FinWait1 | CloseWait | LastAck | Closed),
        FinWait1 => matches!(to, FinWait2 | Closing | TimeWait | Closed),
        FinWait2 => matches!(to, TimeWait | Closed),
        CloseWait => matches!(to, LastAck | Closed),
        Closing => matches!(to, TimeWait | Closed),
        LastAck | TimeWait => matches!(to, Closed),
        Closed => false,
    }
}

/// What a step may do to an end beyond what its own segments and timers do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// An event of the network.
    Event(NetEvent),
    /// A call, or a fault: ends may vanish.
    Call,
}

/// Watches all ends while a world runs.
pub(super) struct Watch {
    before: Glimpses,
    config: TcpConfig,
}

impl Watch {
    pub(super) fn new(world: &World, config: TcpConfig) -> Self {
        Self { before: world.net.glimpses(), config }
    }

    /// Handles events up to that time, and looks after each.
    pub(super) fn run_until(&mut self, world: &mut World, end: SimTime) -> Result<(), String> {
        while let Some((at, event)) = world.kernel.next().filter(|(at, _)| *at <= end) {
            let traced = world.kernel.trace.len();
            world.step();
            if let NetEvent::TcpTimer(socket) = event
                && !self.before.contains_key(&socket)
                && world.kernel.trace.len() != traced
            {
                return Err(format!("at {at} s a timer of the dead {socket:?} did something"));
            }
            self.look(world, Step::Event(event))?;
        }
        world.run_until(end);
        Ok(())
    }

    /// Compares with the last look.
    pub(super) fn look(&mut self, world: &World, step: Step) -> Result<(), String> {
        let (now, after) = (world.now(), world.net.glimpses());
        for (socket, new) in &after {
            let done = match self.before.get(socket) {
                Some(old) if old == new => Ok(()),
                Some(old) => self.changed(now, step, old, new),
                // Also a server's end that was opened and closed, or got data, in one event.
                None if !matches!(new.state, State::SynSent | State::SynReceived) => {
                    Err("began in the middle".to_owned())
                }
                None => Ok(()),
            };
            let done = done.and_then(|()| self.healthy(now, new));
            done.map_err(|what| {
                format!("at {now} s, {step:?}, {socket:?}: {:?} -> {new:?}: {what}", self.before.get(socket))
            })?;
        }
        for (socket, old) in &self.before {
            if !after.contains_key(socket) {
                self.vanished(now, step, old)
                    .map_err(|what| format!("at {now} s, {step:?}, {socket:?}: {old:?}: {what}"))?;
            }
        }
        self.before = after;
        Ok(())
    }

    fn changed(&self, now: SimTime, step: Step, old: &Glimpse, new: &Glimpse) -> Result<(), String> {
        if old.state != new.state && !may_become(old.state, new.state) {
            return Err("no arrow of the diagram leads there".to_owned());
        }
        if new.una < old.una || new.max < old.max {
            return Err("sequence numbers went back".to_owned());
        }
        if new.una > old.una && new.retries != 0 {
            return Err("an acknowledgement does not end the back-off".to_owned());
        }
        let timer = matches!(step, Step::Event(NetEvent::TcpTimer(_)));
        let same_state = old.state == new.state;
        let ran_out =
            timer && same_state && old.retransmit <= now && old.delayed_ack > now && old.user > now && old.loss > now;
        if ran_out && old.una == new.una {
            // RFC 6298 5.5, 5.6: twice as long, from now.
            let doubled = old.rto.saturating_mul(2).min(self.config.max_rto);
            if new.rto != doubled || new.retransmit != now.saturating_add(doubled) || new.retries != old.retries + 1 {
                return Err(format!("the time-out did not double to {doubled} s"));
            }
        }
        let restarted = new.state == State::TimeWait && new.time_wait != old.time_wait;
        if restarted && new.time_wait != now.saturating_add(self.config.msl.saturating_mul(2)) {
            return Err("TIME-WAIT does not last 2 MSL".to_owned());
        }
        Ok(())
    }

    /// What holds for an end between events.
    fn healthy(&self, now: SimTime, end: &Glimpse) -> Result<(), String> {
        let floor = self.config.min_rto.min(self.config.max_rto);
        if end.rto < floor || end.rto > self.config.max_rto {
            return Err("RTO is out of bounds".to_owned());
        }
        let deadlines =
            [end.retransmit, end.loss, end.persist, end.delayed_ack, end.keep_alive, end.user, end.time_wait];
        if deadlines.iter().any(|at| *at < now) {
            return Err("a timer ran out and nothing happened".to_owned());
        }
        let quiet = [end.retransmit, end.loss, end.persist, end.keep_alive, end.user].iter().all(|at| at.is_never());
        let waits = end.state == State::TimeWait;
        if waits == end.time_wait.is_never() || (waits && !quiet) {
            return Err("TIME-WAIT has its own timer and no other".to_owned());
        }
        if end.delayed_ack < SimTime::NEVER && end.delayed_ack.since(now) > self.config.delayed_ack {
            return Err("an acknowledgement is delayed for too long".to_owned());
        }
        let opening = matches!(end.state, State::SynSent | State::SynReceived) && end.has_way;
        if (opening || end.state.sends_data()) && end.outstanding() == end.retransmit.is_never() {
            return Err("the retransmission timer runs when something is out, and only then".to_owned());
        }
        if end.una > end.nxt || end.nxt > end.max || end.cwnd < u64::from(end.mss) {
            return Err("variables out of order".to_owned());
        }
        Ok(())
    }

    fn vanished(&self, now: SimTime, step: Step, old: &Glimpse) -> Result<(), String> {
        // A fault or a call ends any; and so does what arrives, a new SYN in TIME-WAIT too (3.6.1).
        if !matches!(step, Step::Event(NetEvent::TcpTimer(_))) {
            return Ok(());
        }
        let opening = matches!(old.state, State::SynSent | State::SynReceived);
        let most = if opening { self.config.syn_retries } else { self.config.data_retries };
        if old.state == State::TimeWait && old.time_wait != now {
            Err("TIME-WAIT ended at another time than it should".to_owned())
        } else if old.state != State::TimeWait && old.retries < most && old.user > now && old.keep_alive > now {
            Err("gave up too early".to_owned())
        } else {
            Ok(())
        }
    }

    /// Nothing will happen any more: who is still there is open, owes nothing and waits for nothing.
    pub(super) fn at_rest(&self) -> Result<(), String> {
        let rests = |end: &Glimpse| match end.state {
            State::Established | State::CloseWait | State::FinWait2 => !end.outstanding(),
            State::SynSent
            | State::SynReceived
            | State::FinWait1
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Closed => false,
        };
        match self.before.iter().find(|(_, end)| !rests(end)) {
            Some((socket, end)) => Err(format!("{socket:?} is stuck: {end:?}")),
            None => Ok(()),
        }
    }
}

/// Something that cannot be waited for is far away.
pub(super) const LONG: SimDuration = SimDuration::from_secs(86_400);
