//! The world as one application of one host sees it: the only place where applications and
//! the network meet.

use bytes::Bytes;

use crate::app::host::Host;
use crate::base::trace::{MailTrace, Observer, Trace};
use crate::base::{
    Addresses, AppId, ConnId, Directory, Endpoint, EventId, HostId, QueryId, SimTime, SocketId, Stream, Streams,
    UnixTime,
};
use crate::net::{Kernel as _, Network};

use super::kernel::Kernel;
use super::visitors::Visitors;
use super::world::Composed;

/// One application's window on the world, for the time of one call.
pub(super) struct HostView<'w, O> {
    pub(super) kernel: &'w mut Kernel<O>,
    pub(super) network: &'w mut Network,
    pub(super) directory: &'w Directory,
    pub(super) streams: Streams,
    pub(super) queries: &'w mut u32,
    pub(super) composed: &'w mut Composed,
    pub(super) visitors: &'w Visitors,
    pub(super) host: HostId,
    pub(super) app: AppId,
}

impl<O: Observer> Host for HostView<'_, O> {
    fn now(&self) -> SimTime {
        self.kernel.now()
    }

    fn calendar(&self) -> UnixTime {
        self.directory.start().plus(self.kernel.now())
    }

    fn id(&self) -> HostId {
        self.host
    }

    fn name(&self) -> &str {
        self.directory.host_name(self.host)
    }

    fn addresses(&self) -> Addresses {
        self.directory.hosts()[self.host.index()].addresses
    }

    fn stream(&self, purpose: &str) -> Stream {
        self.streams.stream(&format!("{}/{purpose}", self.name()))
    }

    fn listen(&mut self, port: u16) {
        self.network.listen(self.host, port, self.app);
    }

    fn connect(&mut self, to: Endpoint) -> (SocketId, ConnId) {
        self.network.connect(self.kernel, self.host, self.app, to)
    }

    fn local_port(&self, socket: SocketId) -> u16 {
        self.network.local_port(socket)
    }

    fn send(&mut self, socket: SocketId, bytes: &[u8]) {
        self.network.send(self.kernel, socket, bytes);
    }

    fn unsent(&self, socket: SocketId) -> u64 {
        self.network.unsent(socket)
    }

    fn wake_when_drained(&mut self, socket: SocketId, to: u32) {
        self.network.tell_when_drained(self.kernel, socket, to);
    }

    fn close(&mut self, socket: SocketId) {
        self.network.close(self.kernel, socket);
    }

    fn abort(&mut self, socket: SocketId) {
        self.network.abort(self.kernel, socket);
    }

    fn bind_udp(&mut self, port: u16) {
        self.network.bind_udp(self.host, port, self.app);
    }

    fn bind_udp_ephemeral(&mut self) -> u16 {
        self.network.bind_udp_ephemeral(self.host, self.app)
    }

    fn bind_udp_random(&mut self, draws: &mut Stream) -> u16 {
        self.network.bind_udp_random(self.host, self.app, draws)
    }

    fn unbind_udp(&mut self, port: u16) {
        self.network.unbind_udp(self.host, port);
    }

    fn send_datagram(&mut self, from_port: u16, to: Endpoint, bytes: &[u8]) {
        self.network.send_datagram(self.kernel, self.host, from_port, to, Bytes::copy_from_slice(bytes));
    }

    fn forge_datagram(&mut self, source: Endpoint, to: Endpoint, bytes: &[u8]) {
        self.network.forge_datagram(self.kernel, self.host, (source, to), Bytes::copy_from_slice(bytes));
    }

    fn opened_from_outside(&self, conn: ConnId) -> bool {
        self.visitors.opened(conn)
    }

    fn next_query(&mut self) -> QueryId {
        *self.queries += 1;
        QueryId { host: self.host, number: *self.queries }
    }

    fn trace(&mut self, what: Trace<'_>) -> EventId {
        if let Trace::Mail(MailTrace::Composed { bytes, .. } | MailTrace::HandedIn { bytes, .. }) = what {
            self.composed.copies += 1;
            self.composed.bytes += bytes;
        }
        let id = self.kernel.trace(self.host, what);
        self.kernel.set_cause(id);
        id
    }

    fn cause(&self) -> EventId {
        self.kernel.cause()
    }

    fn set_cause(&mut self, cause: EventId) {
        self.kernel.set_cause(cause);
    }
}
