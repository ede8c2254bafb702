//! The network: topology and routing, links and queues, UDP and TCP.
//!
//! It knows no application and no protocol text. It is driven by events that it scheduled
//! itself through a [`Kernel`], and by the calls of applications; what befalls applications
//! comes back as [`Notice`]s, which the caller drains after every event and call. Nothing is
//! ever delivered within a call: every effect on another host, and every answer, is an event.

mod burst;
mod codel;
mod fabric;
mod icmp;
mod impairment;
mod link;
mod packet;
mod path_mtu;
mod policy;
mod pool;
mod ports;
mod red;
mod routing;
mod service;
mod stats;
mod tcp;
#[cfg(test)]
mod tests;
mod topology;
mod udp;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::base::trace::{EndFigures, PacketContent, Trace, Windows};
use crate::base::{
    Addresses, AppId, CloseReason, ConnId, Endpoint, EventId, HostId, LinkDirId, Order, Side, SimTime, SocketId,
    Streams,
};
use fabric::Fabric;
use packet::{Body, Packet};
use path_mtu::PathMtus;
use ports::Ports;
use tcp::{Context, Tcp, Waits};

pub use policy::{DeadHosts, FixedRoute, Metric, Policy, Routing};
pub use service::{SessionLimit, WhenFull};
pub use stats::{Count, LinkDirStats};
pub use topology::{
    Bursts, CodelConfig, CongestionControl, Discipline, Jitter, LinkConfig, LinkDirConfig, NodeConfig, QueueLimit,
    RedConfig, TcpConfig, Topology,
};

/// What the network needs from the event loop.
pub trait Kernel {
    /// False when nobody reads the trace: then no trace event is even made.
    const TRACING: bool;

    /// The present instant.
    fn now(&self) -> SimTime;
    /// The next place in the total order among events that `origin` causes.
    fn order(&mut self, origin: HostId) -> Order;
    /// Calls [`Network::handle`] with the event at that time and place.
    fn schedule(&mut self, at: SimTime, order: Order, event: NetEvent);
    /// Writes to the trace, with [`Kernel::cause`] as the cause, which stays as it is.
    fn trace(&mut self, host: HostId, what: Trace<'_>) -> EventId;
    /// The event to which the trace would ascribe what happens next.
    fn cause(&self) -> EventId;
    /// Ascribes what happens next to another event.
    fn set_cause(&mut self, cause: EventId);
    /// Whether somebody wants to be told what packets carry.
    fn wants_content(&self) -> bool {
        false
    }
    /// Tells what a packet carries that a host has just sent.
    fn content(&mut self, _content: &PacketContent<'_>) {}
    /// Whether somebody wants to be told the windows of connections.
    fn wants_windows(&self) -> bool {
        false
    }
    /// Tells the windows of an end to which something has just happened.
    fn windows(&mut self, _windows: &Windows) {}
}

/// An event that the network scheduled for itself.
#[derive(Clone, Copy, Debug)]
pub enum NetEvent {
    /// The first packet on a link direction arrives, or comes out of the stage of a degraded service.
    LinkHead {
        /// The link direction. Those of stages come after those of all links.
        link: LinkDirId,
        /// Which of its lives the event belongs to; an older one's is stale.
        epoch: u32,
    },
    /// A packet arrives on a link direction that does not keep their order.
    LinkLoose {
        /// The link direction.
        link: LinkDirId,
        /// The packet, by its place in the order of events.
        number: u64,
    },
    /// The line of a link direction whose queue is judged on leaving may be free.
    LinkFree(LinkDirId),
    /// A packet from a host to itself arrives.
    Loopback {
        /// The host.
        host: HostId,
        /// Which of its lives the event belongs to.
        epoch: u32,
    },
    /// The earliest timer of a connection end may have run out.
    TcpTimer(SocketId),
    /// The end that has been longest in TIME-WAIT may leave it.
    TimeWait,
    /// All routers know what is up and what is down.
    Converged,
    /// A connection cannot be opened at all.
    Unreachable(SocketId),
}

/// What befalls an application, in the order of occurrence.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A connection to a port listened on is established.
    Accepted {
        /// The host that listened.
        host: HostId,
        /// Its application.
        app: AppId,
        /// The new socket.
        socket: SocketId,
        /// The connection's name.
        conn: ConnId,
        /// The port that was called.
        local_port: u16,
        /// The caller.
        peer: Endpoint,
    },
    /// A connection that the application opened is established.
    Connected {
        /// The host.
        host: HostId,
        /// The application.
        app: AppId,
        /// The socket.
        socket: SocketId,
    },
    /// Octets arrived in order: take them with [`Network::take_received`].
    Readable {
        /// The host.
        host: HostId,
        /// The application.
        app: AppId,
        /// The socket.
        socket: SocketId,
    },
    /// Little of what the application gave is still to be sent; said once for each
    /// [`Network::tell_when_drained`].
    Drained {
        /// The host.
        host: HostId,
        /// The application.
        app: AppId,
        /// The socket.
        socket: SocketId,
    },
    /// The peer closed its direction; all its octets came before this.
    PeerClosed {
        /// The host.
        host: HostId,
        /// The application.
        app: AppId,
        /// The socket.
        socket: SocketId,
    },
    /// The connection is no more, or never came to be.
    Closed {
        /// The host.
        host: HostId,
        /// The application.
        app: AppId,
        /// The socket.
        socket: SocketId,
        /// Why.
        reason: CloseReason,
    },
    /// A UDP datagram came.
    Datagram {
        /// The host.
        host: HostId,
        /// The application that bound the port.
        app: AppId,
        /// The port.
        local_port: u16,
        /// The sender.
        from: Endpoint,
        /// The payload.
        bytes: Bytes,
    },
    /// A UDP datagram did not get to its destination, and somebody said so.
    Unreachable {
        /// The host.
        host: HostId,
        /// The application that bound the port.
        app: AppId,
        /// The port that the datagram came from.
        local_port: u16,
        /// Where it should have gone.
        to: Endpoint,
    },
}

/// All hosts' network stacks and the links between them. A clone goes on by itself.
#[derive(Clone, Debug)]
pub struct Network {
    fabric: Fabric,
    ports: Vec<Ports>,
    tcp: Tcp,
    paths: PathMtus,
    waits: Waits,
    config: TcpConfig,
    notices: VecDeque<Notice>,
}

impl Network {
    /// The network of that topology, all up and idle.
    ///
    /// # Panics
    /// If a link's end is not a node, a node has no address, or TCP has no segment size, window
    /// or number of segments to begin with.
    #[must_use]
    pub fn new(topology: Topology, streams: &Streams) -> Self {
        let Topology { nodes, links, tcp } = &topology;
        assert!(links.iter().flat_map(|link| link.ends).all(|end| end.index() < nodes.len()), "a link joins nodes");
        let addressed = nodes.iter().all(|node| node.addresses != Addresses::default());
        assert!(addressed, "every node has an address");
        assert!(tcp.mss > 0 && tcp.receive_window > 0 && tcp.initial_window > 0, "TCP can send something: {tcp:?}");
        Self {
            fabric: Fabric::new(&topology, streams),
            ports: nodes.iter().map(|_| Ports::new()).collect(),
            tcp: Tcp::new(streams.stream("tcp/isn").next_u64()),
            paths: PathMtus::default(),
            waits: Waits::default(),
            config: *tcp,
            notices: VecDeque::new(),
        }
    }

    /// Behaves as that policy says from now on.
    pub fn set_policy(&mut self, policy: &Policy) {
        self.fabric.set_policy(policy);
    }

    /// Handles an event that the network scheduled, at its time.
    pub fn handle<K: Kernel>(&mut self, kernel: &mut K, event: NetEvent) {
        match event {
            NetEvent::LinkHead { link, epoch } => {
                if let Some(packet) = self.fabric.link_head(kernel, link, epoch) {
                    self.arrive(kernel, packet);
                }
            }
            NetEvent::LinkLoose { link, number } => {
                if let Some(packet) = self.fabric.link_loose(kernel, link, number) {
                    self.arrive(kernel, packet);
                }
            }
            NetEvent::Converged => self.fabric.compute_routes(),
            NetEvent::LinkFree(link) => self.fabric.link_free(kernel, link),
            NetEvent::Loopback { host, epoch } => {
                if let Some(packet) = self.fabric.loopback(kernel, host, epoch) {
                    self.arrive(kernel, packet);
                }
            }
            NetEvent::TimeWait => self.tcp(kernel, Tcp::time_wait_ends),
            NetEvent::TcpTimer(socket) => self.tcp(kernel, |tcp, cx| tcp.timer(cx, socket)),
            NetEvent::Unreachable(socket) => self.tcp(kernel, |tcp, cx| tcp.unreachable(cx, socket)),
        }
    }

    fn arrive<K: Kernel>(&mut self, kernel: &mut K, packet: Packet) {
        match packet.body {
            Body::Tcp(segment) => self.tcp(kernel, |tcp, cx| tcp.arrive(cx, &packet, &segment)),
            Body::Udp(key) => self.datagram_arrives(kernel, packet, key),
            Body::Icmp(icmp) => self.icmp_arrives(kernel, packet.dst, icmp),
        }
    }

    fn tcp<K: Kernel, R>(&mut self, kernel: &mut K, act: impl FnOnce(&mut Tcp, &mut Context<'_, K>) -> R) -> R {
        let mut cx = Context {
            kernel,
            fabric: &mut self.fabric,
            ports: &mut self.ports,
            notices: &mut self.notices,
            paths: &self.paths,
            waits: &mut self.waits,
            config: &self.config,
        };
        let done = act(&mut self.tcp, &mut cx);
        if K::TRACING {
            self.tcp.reveal(&mut cx);
        }
        done
    }

    /// The next thing for an application; drain it after every event and call. When nothing is
    /// left, acknowledgements go out that no reply of an application carried.
    pub fn next_notice<K: Kernel>(&mut self, kernel: &mut K) -> Option<Notice> {
        let notice = self.notices.pop_front();
        if notice.is_none() && self.tcp.owes_something() {
            self.tcp(kernel, Tcp::settle);
        }
        notice
    }

    /// Accepts connections to `port` on behalf of `app`.
    pub fn listen(&mut self, host: HostId, port: u16, app: AppId) {
        if self.fabric.is_up(host) {
            self.ports[host.index()].listen(port, app);
        }
    }

    /// Opens a connection. [`Notice::Connected`] or [`Notice::Closed`] follows, after the
    /// present event.
    pub fn connect<K: Kernel>(&mut self, kernel: &mut K, host: HostId, app: AppId, to: Endpoint) -> (SocketId, ConnId) {
        self.tcp(kernel, |tcp, cx| tcp.connect(cx, host, app, None, to))
    }

    /// Opens a connection from a given local port, listened on or not. When the other end does
    /// the same at the same time, the two become one connection (RFC 9293 3.5); it goes on
    /// under the name that the end with the lower endpoint was given. A port that already has a
    /// connection to there cannot be reached from: [`CloseReason::Unreachable`].
    pub fn connect_from<K: Kernel>(
        &mut self,
        kernel: &mut K,
        host: HostId,
        app: AppId,
        from_port: u16,
        to: Endpoint,
    ) -> (SocketId, ConnId) {
        self.tcp(kernel, |tcp, cx| tcp.connect(cx, host, app, Some(from_port), to))
    }

    /// The local port of a connection's end; 0 when it has gone, or never had a way.
    #[must_use]
    pub fn local_port(&self, socket: SocketId) -> u16 {
        self.tcp.local_port(socket)
    }

    /// Appends octets to a connection's outgoing stream. Ignored after `close`.
    pub fn send<K: Kernel>(&mut self, kernel: &mut K, socket: SocketId, bytes: &[u8]) {
        self.tcp(kernel, |tcp, cx| tcp.send(cx, socket, bytes));
    }

    /// Closes the outgoing direction: a FIN follows the last octet.
    pub fn close<K: Kernel>(&mut self, kernel: &mut K, socket: SocketId) {
        self.tcp(kernel, |tcp, cx| tcp.close(cx, socket));
    }

    /// Resets the connection. No notice follows.
    pub fn abort<K: Kernel>(&mut self, kernel: &mut K, socket: SocketId) {
        self.tcp(kernel, |tcp, cx| tcp.abort(cx, socket));
    }

    /// Appends to `into` all octets that arrived in order and were not yet taken.
    pub fn take_received<K: Kernel>(&mut self, kernel: &mut K, socket: SocketId, into: &mut Vec<u8>) {
        self.tcp(kernel, |tcp, cx| tcp.take_received(cx, socket, into));
    }

    /// Asks for one [`Notice::Drained`], which comes when at most `to` octets of the connection
    /// are unsent: now, or with some acknowledgement. So an application that sends
    /// without end is neither late nor far ahead.
    pub fn tell_when_drained<K: Kernel>(&mut self, kernel: &mut K, socket: SocketId, to: u32) {
        self.tcp(kernel, |tcp, cx| tcp.tell_when_drained(cx, socket, to));
    }

    /// Whether a [`Notice::Drained`] was asked for that has not come.
    #[must_use]
    pub fn is_draining(&self, socket: SocketId) -> bool {
        self.tcp.is_draining(socket)
    }

    /// How many octets of a connection's outgoing stream were never sent so far.
    #[must_use]
    pub fn unsent(&self, socket: SocketId) -> u64 {
        self.tcp.unsent(socket)
    }

    /// Starts or stops a host. When it stops, all its sockets, listeners and bindings are gone
    /// without a word, and so is what waits in its outgoing queues; while it is down, packets
    /// to, from and through it are lost.
    pub fn set_host_up<K: Kernel>(&mut self, kernel: &mut K, host: HostId, up: bool) {
        if self.fabric.is_up(host) == up {
            return;
        }
        self.fabric.set_host_up(kernel, host, up);
        if !up {
            self.ports[host.index()].crash();
            self.tcp.crash(host);
            self.paths.crash(host);
        }
    }

    /// Starts or stops a link. What is on a stopped link, or sent to it, is lost.
    ///
    /// # Panics
    /// If there is no link of that number.
    pub fn set_link_up<K: Kernel>(&mut self, kernel: &mut K, link: usize, up: bool) {
        self.fabric.set_link_up(kernel, link, up);
    }

    /// Takes one port of a host out of service or back into it: while it is out, new
    /// connections are refused and datagrams answered by "port unreachable".
    pub fn set_service_up(&mut self, host: HostId, port: u16, up: bool) {
        self.ports[host.index()].set_service_up(port, up);
    }

    /// Bounds the connections that a host's port takes at a time, from now on; none: no bound.
    /// A restart of the host does not change it.
    pub fn limit_sessions(&mut self, host: HostId, port: u16, limit: Option<SessionLimit>) {
        self.ports[host.index()].services.limit(port, limit);
    }

    /// The connections that a host's port has accepted and not closed.
    #[must_use]
    pub fn sessions(&self, host: HostId, port: u16) -> u32 {
        self.ports[host.index()].services.sessions(port)
    }

    /// Changes the properties of one direction of a link from now on. The kind of its
    /// discipline, and whether jitter may reorder, stay as they were. Packets on the line travel on as they
    /// began; those that wait are served under the new properties.
    pub fn change_link<K: Kernel>(&mut self, kernel: &mut K, link: LinkDirId, config: &LinkDirConfig) {
        self.fabric.change_link(kernel, link, config);
    }

    /// Lets packets to that port of a host, and those from it, pass one more stage there with these
    /// properties from now on; the default ones: none. MTU, kind of discipline and reordering mean
    /// nothing there. What waits is served under the new properties, and nothing overtakes it. A
    /// restart of the host does not change it.
    pub fn change_service<K: Kernel>(&mut self, kernel: &mut K, host: HostId, port: u16, config: &[LinkDirConfig; 2]) {
        self.fabric.change_service(kernel, (host, port), config);
    }

    /// Whether a host is up.
    #[must_use]
    pub fn host_is_up(&self, host: HostId) -> bool {
        self.fabric.is_up(host)
    }

    /// The counters of every link direction, by [`LinkDirId`].
    #[must_use]
    pub fn link_stats(&self) -> Vec<LinkDirStats> {
        self.fabric.stats()
    }

    /// Checks that every link direction, and every stage of a degraded service, accounts for each
    /// packet it was given: offered + duplicated = delivered + dropped + present.
    ///
    /// # Errors
    /// The first link direction whose counters do not add up.
    pub fn check_conservation(&self) -> Result<(), String> {
        self.fabric.check()
    }

    /// Connection ends whose application has not been told that they are closed.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.tcp.open_connections()
    }

    /// What the ends have measured so far that are not closed, in no order that means anything.
    pub fn open_ends(&self) -> impl Iterator<Item = (ConnId, Side, EndFigures)> {
        self.tcp.open_ends()
    }

    #[cfg(test)]
    fn rewind_ports(&mut self, host: HostId) {
        self.ports[host.index()].rewind();
    }
}
