//! The Web as far as name resolution needs it: a server that takes connections to port 80, and
//! the calls of clients who looked its name up.
//!
//! A caller is content as soon as the connection is established, and closes it; the server then
//! closes its direction. What a call cost, from the question for the name to the established
//! connection, is told in the trace. Left out: HTTP, so nothing is ever said; the choice among
//! several addresses (the first that this host can reach is called).

use std::collections::BTreeMap;

use crate::app::host::{Host, Input};
use crate::base::trace::{HostTrace, Trace};
use crate::base::{Endpoint, Family, SimDuration, SimTime, SocketId};
use crate::proto::dns::Record;

/// Where Web servers listen (RFC 9110 4.2.1).
pub const PORT: u16 = 80;

/// A Web server.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebServer;

impl WebServer {
    /// Takes one input.
    pub fn handle(host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => host.listen(PORT),
            Input::PeerClosed { socket } => host.close(socket),
            Input::Crash
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::Closed { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Wake
            | Input::Flush(_) => {}
        }
    }
}

/// Calls under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visits {
    calling: BTreeMap<SocketId, Visit>,
}

#[derive(Clone, Copy, Debug)]
struct Visit {
    lookup: SimDuration,
    called: SimTime,
}

impl Visits {
    /// Calls the first of the addresses that this host can reach; `lookup` is how long it took to
    /// learn them.
    pub(crate) fn call<H: Host>(&mut self, host: &mut H, records: &[Record], lookup: SimDuration) {
        let own = host.addresses();
        let mut known = records.iter().filter_map(|record| record.data.address());
        let Some(address) = known.find(|address| own.has(Family::of(*address))) else {
            host.trace(Trace::Host(HostTrace::Visited { lookup, connect: None, reached: false }));
            return;
        };
        let (socket, _) = host.connect(Endpoint::new(address, PORT));
        self.calling.insert(socket, Visit { lookup, called: host.now() });
    }

    /// Takes what befell a call; inputs for others are left alone.
    pub(crate) fn input<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        let (socket, reached) = match input {
            Input::Connected { socket } => (socket, true),
            Input::Closed { socket, .. } => (socket, false),
            Input::Boot
            | Input::Crash
            | Input::Accepted { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::PeerClosed { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Wake
            | Input::Flush(_) => return,
        };
        let Some(Visit { lookup, called }) = self.calling.remove(&socket) else { return };
        let connect = Some(host.now().since(called));
        host.trace(Trace::Host(HostTrace::Visited { lookup, connect, reached }));
        if reached {
            host.close(socket);
        }
    }

    pub(crate) fn crash(&mut self) {
        self.calling.clear();
    }
}
