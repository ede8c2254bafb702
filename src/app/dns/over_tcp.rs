//! A resolver's question that goes over TCP (RFC 7766 5): because the response over UDP was cut
//! off, or because all do.

use std::net::IpAddr;

use super::lookup::{LookupId, Phase};
use super::repeats::{RepeatEvent, Transport};
use super::resolver::{Resolver, Step};
use crate::app::host::{Host, Input};
use crate::base::trace::{DnsTrace, Trace};
use crate::proto::dns::Message;

impl Resolver {
    /// Asks a server over TCP: again, if it had to cut off its response.
    pub(super) fn ask_over_tcp(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr) {
        self.put(host, id, server, Transport::Tcp);
    }

    /// Something befell the connection of such questions.
    pub(super) fn stream_input(&mut self, host: &mut impl Host, input: Input<'_>) {
        let cause = host.cause();
        for (repeat, event) in self.repeats.input(host, input) {
            let asks = |phase: &Phase| matches!(phase, Phase::Asking(asking) if asking.stream == Some(repeat));
            let Some(id) = self.lookups.iter().find(|(_, lookup)| asks(&lookup.phase)).map(|(id, _)| *id) else {
                continue;
            };
            host.set_cause(cause);
            match event {
                RepeatEvent::Lost { again: false } => self.not_reached(host, id),
                RepeatEvent::Lost { again: true } => self.ask_once_more(host, id),
                RepeatEvent::Message(octets) => {
                    if let Ok(message) = Message::decode(&octets) {
                        self.heard_over_tcp(host, id, message, octets.len());
                    }
                }
            }
        }
    }

    /// The server closed the connection, perhaps before it saw the question.
    fn ask_once_more(&mut self, host: &mut impl Host, id: LookupId) {
        let Some(asking) = self.stop_asking(host, id) else { return };
        host.trace(Trace::Dns(DnsTrace::Unreachable { query: asking.query }));
        let left = self.lookups.get(&id).is_some_and(|lookup| lookup.budget.queries > 0);
        if left {
            self.put(host, id, asking.server, Transport::TcpAgain);
        } else {
            self.go_on(host, [Step::Advance(id)]);
        }
    }
}
