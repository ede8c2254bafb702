//! TCP (RFC 9293): the table of connections, and the calls of applications.
//!
//! Modelled: handshake, MSS, segmentation, cumulative acknowledgements, flow
//! control with zero-window probes, retransmission (RFC 6298), congestion control (RFC 5681,
//! 6582, 6928; CUBIC, RFC 9438), SACK (RFC 2018, 6675), limited
//! transmit (RFC 3042), window scale and timestamps (RFC 7323), delayed acknowledgements, Nagle (option), silly-window
//! avoidance, ECN (RFC 3168), keep-alives and user time-out (options),
//! orderly close and half-close, resets, TIME-WAIT,
//! simultaneous open and close, path MTU discovery (RFC 1191), resets by RFC 5961.
//! RACK and tail loss probes (RFC 8985) as an option. Not modelled: urgent data.

#[cfg(test)]
pub(crate) mod access;
mod challenge;
mod congestion;
mod cubic;
mod delayed_ack;
mod drained;
mod ecn;
mod ends;
mod figures;
mod input;
mod options;
mod output;
mod path;
mod patience;
mod rack;
mod receiver;
mod recovery;
mod rto;
mod scoreboard;
mod sender;
mod simultaneous;
mod stream;
mod tail_loss_probe;
mod tcb;
mod time_wait;
mod timers;

use std::collections::VecDeque;

use slotmap::{Key as _, KeyData, SlotMap, new_key_type};

use super::fabric::{Fabric, Reveal, Told};
use super::packet::{Flags, INITIAL_TTL, Packet, Segment};
use super::path_mtu::PathMtus;
use super::ports::{Ports, Tuple};
use super::service::{Admission, Place, WhenFull};
use super::{Kernel, NetEvent, Notice, TcpConfig};
use crate::base::hash::hash64;
use crate::base::trace::{ConnStep, DropReason, HostTrace, PacketContent, TcpContent, Trace};
use crate::base::{AppId, CloseReason, ConnId, Endpoint, EventId, Family, HostId, Side, SimTime, SocketId};
use challenge::Challenges;
use delayed_ack::AckClock;
use ecn::EcnState;
use ends::{End, Ends};
use options::Agreed;
use receiver::Receiver;
use sender::Sender;
use stream::{Pipe, PipeKey};
use tcb::{State, Tcb};
pub(crate) use time_wait::Waits;
use timers::Timers;

pub(crate) use ecn::EcnBits;

new_key_type! {
    /// One end of a connection; never reused.
    pub(crate) struct TcbKey;
}

/// What a connection needs of the rest of the world.
pub(crate) struct Context<'a, K> {
    pub(crate) kernel: &'a mut K,
    pub(crate) fabric: &'a mut Fabric,
    pub(crate) ports: &'a mut [Ports],
    pub(crate) notices: &'a mut VecDeque<Notice>,
    pub(crate) paths: &'a PathMtus,
    pub(crate) waits: &'a mut Waits,
    pub(crate) config: &'a TcpConfig,
}

/// All connections of all hosts.
#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    ends: Ends,
    pipes: SlotMap<PipeKey, Pipe>,
    /// Ends that owe an acknowledgement, and the event that it answers.
    owing: Vec<(TcbKey, EventId)>,
    /// The secret key of RFC 6528.
    secret: u64,
}

fn socket(key: TcbKey) -> SocketId {
    SocketId(key.data().as_ffi())
}

fn key(socket: SocketId) -> TcbKey {
    KeyData::from_ffi(socket.0).into()
}

impl Tcp {
    pub(crate) fn new(secret: u64) -> Self {
        Self { ends: Ends::new(), pipes: SlotMap::with_key(), owing: Vec::new(), secret }
    }

    pub(crate) fn connect<K: Kernel>(
        &mut self,
        cx: &mut Context<'_, K>,
        host: HostId,
        app: AppId,
        from_port: Option<u16>,
        to: Endpoint,
    ) -> (SocketId, ConnId) {
        let conn = ConnId { host, number: cx.ports[host.index()].count_opened() };
        if !cx.fabric.is_up(host) {
            return (socket(TcbKey::null()), conn);
        }
        // RFC 6724 5: the source is of the destination's family; a host that has none has no route.
        let family = to.family();
        let peer = cx.fabric.host_at(to.addr).filter(|_| cx.fabric.speaks(host, family));
        let way = peer.filter(|&peer| cx.fabric.reaches(host, peer)).and_then(|peer| {
            let ports = &mut cx.ports[host.index()];
            let port = match from_port {
                None => ports.tcp_ephemeral(host, peer, to.port, family)?,
                Some(port) => ports.tcp_chosen(port, host, peer, to.port, family)?,
            };
            Some((port, peer, to.port, family))
        });
        let pipe = self.pipes.insert(Pipe::default());
        // An end without a way keeps a tuple that no segment can have.
        let tuple = way.unwrap_or((0, host, to.port, family));
        let key = self.insert(cx, (host, app, Side::Client, conn), tuple, pipe, State::SynSent);
        let tcb = self.ends.wake(key, cx.config).expect("it has just been inserted");
        let from = cx.fabric.endpoint(host, tuple.0, family);
        let before = cx.kernel.cause();
        tcb.step(cx, ConnStep::Opening { from, to });
        if way.is_some() {
            cx.ports[host.index()].insert(tuple, key);
            tcb.send_syn(cx, Flags::SYN);
            tcb.timers.arm(cx.kernel, host, key);
        } else {
            tcb.timers.cause = cx.kernel.cause();
            let order = cx.kernel.order(host);
            cx.kernel.schedule(cx.kernel.now(), order, NetEvent::Unreachable(socket(key)));
        }
        cx.kernel.set_cause(before);
        (socket(key), conn)
    }

    fn insert<K>(
        &mut self,
        cx: &Context<'_, K>,
        (host, app, side, conn): (HostId, AppId, Side, ConnId),
        tuple: Tuple,
        pipe: PipeKey,
        state: State,
    ) -> TcbKey
    where
        K: Kernel,
    {
        self.pipes[pipe].attach(side);
        let mss = cx.config.mss_over(tuple.3);
        let iss = initial_sequence_number(self.secret, host, tuple, cx.kernel.now());
        let mut snd = Sender::new(mss, cx.config);
        snd.measured = K::TRACING.then(Box::default);
        self.ends.insert(|key| Tcb {
            key,
            host,
            app,
            side,
            conn,
            tuple,
            peer: TcbKey::null(),
            pipe,
            state,
            snd,
            rcv: Receiver::new(cx.config.receive_window, mss),
            timers: Timers::new(),
            iss,
            agreed: Agreed::default(),
            ecn: EcnState::default(),
            ack: AckClock::default(),
            drain_to: None,
            challenges: Challenges::default(),
            active: state == State::SynSent,
        })
    }

    /// Acts on a connection end, if there still is one, and tidies up after it.
    fn with<K: Kernel>(
        &mut self,
        cx: &mut Context<'_, K>,
        key: TcbKey,
        act: impl FnOnce(&mut Tcb, &mut Pipe, &mut Context<'_, K>),
    ) {
        let Some(tcb) = self.ends.wake(key, cx.config) else { return };
        let place = tcb.place();
        act(tcb, &mut self.pipes[tcb.pipe], cx);
        if tcb.place() != place {
            cx.ports[tcb.host.index()].services.moves(tcb.tuple.0, place, tcb.place());
        }
        if K::TRACING && cx.kernel.wants_windows() {
            tcb.tell_windows(cx);
        }
        if tcb.state == State::Closed {
            let (host, tuple) = (tcb.host, tcb.tuple);
            cx.ports[host.index()].remove(tuple);
            self.free(key);
        } else {
            if tcb.owes_something() && !tcb.ack.listed {
                tcb.ack.listed = true;
                self.owing.push((key, cx.kernel.cause()));
            }
            tcb.timers.arm(cx.kernel, tcb.host, key);
            if tcb.state == State::TimeWait {
                let pipe = tcb.pipe;
                self.ends.rest(key, &mut self.pipes[pipe]);
            }
        }
    }

    /// Whether there is anything to settle.
    pub(crate) const fn owes_something(&self) -> bool {
        !self.owing.is_empty()
    }

    /// The present event has been processed by all applications: sends the acknowledgements
    /// that nothing has carried, or starts their timers.
    pub(crate) fn settle<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        let before = cx.kernel.cause();
        let mut owing = std::mem::take(&mut self.owing);
        for (key, cause) in owing.drain(..) {
            cx.kernel.set_cause(cause);
            self.with(cx, key, |tcb, _, cx| {
                tcb.ack.listed = false;
                tcb.settle_ack(cx);
            });
        }
        self.owing = owing;
        cx.kernel.set_cause(before);
    }

    fn free(&mut self, key: TcbKey) {
        if let Some(end) = self.ends.remove(key) {
            let pipe = &mut self.pipes[end.pipe()];
            pipe.release(end.name().1);
            if pipe.is_unused() {
                self.pipes.remove(end.pipe());
            }
        }
    }

    /// A segment arrives at its host.
    pub(crate) fn arrive<K: Kernel>(&mut self, cx: &mut Context<'_, K>, packet: &Packet, seg: &Segment) {
        let tuple = (packet.dst_port, packet.src, packet.src_port, packet.family);
        let exact = self.ends.get(seg.to).filter(|end| end.host() == packet.dst).map(|_| seg.to);
        let Some(key) = exact.or_else(|| cx.ports[packet.dst.index()].connection(tuple)) else {
            self.no_connection(cx, packet, seg);
            return;
        };
        let Some(tcb) = self.ends.wake(key, cx.config) else { return };
        if tcb.fits(seg) {
            if tcb.state == State::SynSent && seg.flags == Flags::SYN {
                self.cross(cx, key, seg.from);
            }
            self.with(cx, key, |tcb, pipe, cx| tcb.segment_arrives(cx, pipe, packet.ecn, seg));
        } else if tcb.state == State::TimeWait && seg.flags == Flags::SYN {
            // RFC 9293 3.10.7.4: a new SYN may end TIME-WAIT.
            cx.ports[packet.dst.index()].remove(tuple);
            self.free(key);
            self.no_connection(cx, packet, seg);
        } else {
            self.with(cx, key, |tcb, _, cx| tcb.foreign_segment(cx, seg));
        }
    }

    /// RFC 9293 3.10.7.1 and 3.10.7.2: states CLOSED and LISTEN.
    fn no_connection<K: Kernel>(&mut self, cx: &mut Context<'_, K>, packet: &Packet, seg: &Segment) {
        let host = packet.dst;
        let listener = cx.ports[host.index()].listener(packet.dst_port);
        let (Some(app), Flags::SYN) = (listener, seg.flags) else {
            if !seg.flags.rst {
                Self::refuse(cx, packet, seg);
            }
            return;
        };
        let reason = match cx.ports[host.index()].services.admit(packet.dst_port, cx.config.syn_backlog) {
            Admission::Welcome => None,
            Admission::BacklogFull => Some(DropReason::BacklogFull),
            Admission::Full(WhenFull::Ignore) => Some(DropReason::ServiceFull),
            Admission::Full(WhenFull::Refuse) => {
                cx.kernel.trace(host, Trace::Host(HostTrace::TurnedAway { conn: seg.conn }));
                Self::refuse(cx, packet, seg);
                return;
            }
        };
        if let Some(reason) = reason {
            cx.fabric.lose(cx.kernel, host, None, *packet, reason);
            return;
        }
        // The caller's byte streams, unless it has gone or is past the point of waiting.
        let waiting = self.ends.get(seg.from).filter(|caller| caller.state() == State::SynSent).map(End::pipe);
        let pipe = waiting.unwrap_or_else(|| self.pipes.insert(Pipe::default()));
        let tuple = (packet.dst_port, packet.src, packet.src_port, packet.family);
        let key = self.insert(cx, (host, app, Side::Server, seg.conn), tuple, pipe, State::SynReceived);
        cx.ports[host.index()].insert(tuple, key);
        cx.ports[host.index()].services.moves(tuple.0, Place::None, Place::HalfOpen);
        self.with(cx, key, |tcb, _, cx| {
            tcb.peer = seg.from;
            tcb.rcv.syn();
            tcb.agree(cx, seg);
            tcb.agree_on_ecn(cx.config.ecn, seg);
            tcb.send_syn(cx, Flags::SYN_ACK);
        });
    }

    /// Answers a segment by a reset.
    fn refuse<K: Kernel>(cx: &mut Context<'_, K>, packet: &Packet, seg: &Segment) {
        let (here, there) = ((packet.dst, packet.dst_port), (packet.src, packet.src_port));
        let answer = Packet::tcp(packet.family, here, there, seg.reset());
        cx.fabric.send(cx.kernel, answer);
    }

    /// A queued timer event comes.
    pub(crate) fn timer<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId) {
        let key = key(socket);
        // An end that sleeps has no timers: the event is one that they forgot.
        if self.ends.awake(key).is_none() {
            return;
        }
        self.with(cx, key, |tcb, pipe, cx| {
            let now = cx.kernel.now();
            if !tcb.timers.fired(now) {
                return;
            }
            let delayed_ack = tcb.timers.delayed_ack <= now;
            cx.kernel.set_cause(if delayed_ack { tcb.timers.ack_cause } else { tcb.timers.cause });
            if delayed_ack {
                tcb.delayed_ack_timeout(cx);
            } else if tcb.timers.user <= now {
                tcb.die(cx, pipe, CloseReason::TimedOut);
            } else if tcb.timers.loss <= now {
                tcb.loss_timeout(cx, pipe);
            } else if tcb.timers.retransmit <= now {
                tcb.retransmission_timeout(cx, pipe);
            } else if tcb.timers.persist <= now {
                tcb.probe(cx, pipe);
            } else if tcb.timers.keep_alive <= now {
                tcb.keep_alive_timeout(cx, pipe);
            }
            tcb.check();
        });
        if let Some(pipe) = self.ends.awake(key).map(|tcb| tcb.pipe) {
            self.ends.rest(key, &mut self.pipes[pipe]);
        }
    }

    /// A connection without a way to its destination fails.
    pub(crate) fn unreachable<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId) {
        self.with(cx, key(socket), |tcb, pipe, cx| {
            cx.kernel.set_cause(tcb.timers.cause);
            tcb.die(cx, pipe, CloseReason::Unreachable);
        });
    }

    /// ICMP says that a segment did not get to its destination. RFC 1122 4.2.3.9: it "MUST NOT
    /// abort the connection", but one that is being opened may fail (RFC 5461 2.2).
    pub(crate) fn unreachable_while_opening<K: Kernel>(&mut self, cx: &mut Context<'_, K>, key: TcbKey) {
        self.with(cx, key, |tcb, pipe, cx| {
            if tcb.state == State::SynSent {
                tcb.die(cx, pipe, CloseReason::Unreachable);
            }
        });
    }

    /// ICMP says that a segment was too big, and what would not have been.
    pub(crate) fn too_big<K: Kernel>(&mut self, cx: &mut Context<'_, K>, key: TcbKey) {
        self.with(cx, key, |tcb, pipe, cx| tcb.too_big(cx, pipe));
    }

    pub(crate) fn send<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId, bytes: &[u8]) {
        self.with(cx, key(socket), |tcb, pipe, cx| {
            if !tcb.snd.fin_queued && !bytes.is_empty() {
                pipe.outgoing(tcb.side).append(bytes);
                tcb.output(cx, pipe);
            }
        });
    }

    /// RFC 9293 3.10.4.
    pub(crate) fn close<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId) {
        self.with(cx, key(socket), |tcb, pipe, cx| {
            tcb.snd.fin_queued = true;
            match tcb.state {
                State::Established => tcb.state = State::FinWait1,
                State::CloseWait => tcb.state = State::LastAck,
                State::SynSent
                | State::SynReceived
                | State::FinWait1
                | State::FinWait2
                | State::Closing
                | State::LastAck
                | State::TimeWait
                | State::Closed => return,
            }
            tcb.output(cx, pipe);
        });
    }

    /// RFC 9293 3.10.5.
    pub(crate) fn abort<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId) {
        self.with(cx, key(socket), |tcb, pipe, cx| {
            match tcb.state {
                State::TimeWait => return,
                State::SynReceived | State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => {
                    // "<SEQ=SND.NXT><CTL=RST>"; ours goes back when data is sent again, and a
                    // reset must not look old.
                    tcb.emit(cx, tcb.snd.sent_upto(), 0, Flags::RST);
                }
                State::SynSent | State::Closing | State::LastAck | State::Closed => {}
            }
            let before = cx.kernel.cause();
            tcb.trace_closed(cx, pipe, CloseReason::Aborted);
            cx.kernel.set_cause(before);
            tcb.state = State::Closed;
        });
    }

    pub(crate) fn take_received<K: Kernel>(&mut self, cx: &mut Context<'_, K>, socket: SocketId, into: &mut Vec<u8>) {
        self.with(cx, key(socket), |tcb, pipe, _| {
            let (upto, opened) = tcb.rcv.take();
            pipe.incoming(tcb.side).take(upto, into);
            if opened {
                tcb.ack.owe_now();
            }
        });
    }

    /// A host lost its power: its ends vanish, their peers are told nothing.
    pub(crate) fn crash(&mut self, host: HostId) {
        let gone: Vec<TcbKey> = self.ends.iter().filter(|(_, end)| end.host() == host).map(|(key, _)| key).collect();
        for key in gone {
            self.free(key);
        }
    }

    /// Tells what the segments carry that were sent in the present call. Whatever they name is
    /// still there: octets go only when an acknowledgement comes.
    pub(crate) fn reveal<K: Kernel>(&mut self, cx: &mut Context<'_, K>) {
        let mut payload = Vec::new();
        for (reveal, segment) in cx.fabric.unrevealed.drain(..) {
            let mut push = false;
            payload.clear();
            let from = self.ends.get(segment.from);
            if let Some(end) = from.filter(|_| segment.len > 0) {
                let stream = self.pipes[end.pipe()].outgoing(end.name().1);
                stream.copy(segment.seq - 1, segment.len, &mut payload);
                // RFC 9293 3.9.1.2: "set the PSH bit in the last buffered segment".
                push = segment.seq - 1 + u64::from(segment.len) == stream.end();
            }
            let peer_isn = self.ends.get(segment.to).map_or(0, End::iss);
            let (isn, options) = (from.map(End::iss), segment.options(peer_isn));
            let shift = from.filter(|_| !segment.flags.syn).map_or(0, End::shift);
            let window = u16::try_from(segment.window >> shift).unwrap_or(u16::MAX);
            let tcp = TcpContent { isn, window, push, options: &options };
            match reveal {
                Reveal::Sent(sent) => {
                    cx.kernel.content(&PacketContent { sent, ttl: INITIAL_TTL, tcp: Some(tcp), payload: &payload });
                }
                Reveal::Waits(id) => cx.fabric.stages.keep(id, Told::new(&tcp, &payload)),
            }
        }
    }

    pub(crate) fn open_connections(&self) -> usize {
        self.ends.iter().filter(|(_, end)| end.state() != State::TimeWait).count()
    }
}

/// RFC 6528 3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey), where M is
/// a clock of 4 microseconds.
fn initial_sequence_number(secret: u64, host: HostId, tuple: Tuple, now: SimTime) -> u32 {
    let (port, peer, peer_port, family) = tuple;
    let mut bytes = [0_u8; 12];
    bytes[..4].copy_from_slice(&host.0.to_le_bytes());
    bytes[4..6].copy_from_slice(&port.to_le_bytes());
    bytes[6..10].copy_from_slice(&peer.0.to_le_bytes());
    bytes[10..].copy_from_slice(&peer_port.to_le_bytes());
    // The hosts stand for their addresses, which differ from family to family.
    let secret = match family {
        Family::V4 => secret,
        Family::V6 => !secret,
    };
    let f = hash64(secret, &bytes).wrapping_add(now.as_nanos() / 4_000);
    u32::try_from(f & u64::from(u32::MAX)).expect("32 bits")
}
