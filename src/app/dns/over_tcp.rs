//! A resolver's question that is repeated over TCP (RFC 7766 5).

use std::net::IpAddr;

use super::lookup::{Asking, LookupId, Phase};
use super::repeats::LEAST_WAIT;
use super::resolver::Resolver;
use crate::app::host::{Host, Input};
use crate::base::Endpoint;
use crate::base::trace::{DnsTrace, Trace};
use crate::proto::dns::stream::StreamEvent;
use crate::proto::dns::{Message, PORT, TCP_LIMIT};

impl Resolver {
    /// Asks a server again that had to cut off its response.
    pub(super) fn ask_over_tcp(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr) {
        let now = host.now();
        let wire_id = self.fresh_id();
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        lookup.budget.queries = lookup.budget.queries.saturating_sub(1);
        let wait = self.notes.timeout(server, self.config.timeout, 0, now).saturating_mul(2).max(LEAST_WAIT);
        let expires = now.saturating_add(wait).min(lookup.budget.until);
        let query = host.next_query();
        let to = Endpoint::new(server, PORT);
        let octets = Message::query(wire_id, lookup.question.clone(), false).encode(TCP_LIMIT);
        let (socket, from_port) = self.repeats.ask(host, to, octets);
        let tries: u32 = lookup.delegation.addresses.iter().map(|address| address.tries).sum();
        let event = host.trace(Trace::Dns(DnsTrace::Asked {
            query,
            task: Some(lookup.task),
            to,
            from_port,
            wire_id,
            name: &lookup.question.name.to_string(),
            rtype: lookup.question.rtype.number(),
            retry: tries,
        }));
        lookup.phase =
            Phase::Asking(Asking { query, wire_id, server, stream: Some(socket), sent: now, expires, event });
        self.in_flight.insert(wire_id, id);
        self.deadlines.insert((expires, id));
    }

    /// Something befell the connection of such a question.
    pub(super) fn stream_input(&mut self, host: &mut impl Host, input: Input<'_>) {
        for (socket, event) in self.repeats.input(host, input) {
            let asks = |phase: &Phase| matches!(phase, Phase::Asking(asking) if asking.stream == Some(socket));
            let Some(id) = self.lookups.iter().find(|(_, lookup)| asks(&lookup.phase)).map(|(id, _)| *id) else {
                continue;
            };
            match event {
                StreamEvent::Lost => self.not_reached(host, id),
                StreamEvent::Message(octets) => {
                    if let Ok(message) = Message::decode(&octets) {
                        self.heard(host, id, message, octets.len());
                    }
                }
            }
        }
    }
}
