//! A resolver's question that goes over TCP (RFC 7766 5): because the response over UDP was cut
//! off, or because all do.

use std::net::IpAddr;

use super::lookup::{Asking, LookupId, Phase};
use super::repeats::{LEAST_WAIT, RepeatEvent, Sending};
use super::resolver::{Resolver, Step};
use crate::app::host::{Host, Input};
use crate::base::Endpoint;
use crate::base::trace::{DnsTrace, Trace};
use crate::proto::dns::{Message, PORT, TCP_LIMIT};

impl Resolver {
    /// Asks a server over TCP: again, if it had to cut off its response.
    pub(super) fn ask_over_tcp(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr) {
        self.send_over_tcp(host, id, server, false);
    }

    fn send_over_tcp(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr, again: bool) {
        let now = host.now();
        let wire_id = self.fresh_id();
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        lookup.budget.queries = lookup.budget.queries.saturating_sub(1);
        let wait = self.notes.timeout(server, self.config.timeout, 0, now).saturating_mul(2).max(LEAST_WAIT);
        let expires = now.saturating_add(wait).min(lookup.budget.until);
        let query = host.next_query();
        let to = Endpoint::new(server, PORT);
        let octets = Message::query(wire_id, lookup.question.clone(), false).encode(TCP_LIMIT);
        let (repeat, from_port) = self.repeats.ask(host, to, Sending { wire_id, octets, again });
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
            Phase::Asking(Asking { query, wire_id, server, stream: Some(repeat), sent: now, expires, event });
        self.in_flight.insert(wire_id, id);
        self.deadlines.insert((expires, id));
        self.repeats.send(host, repeat);
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
                        self.heard(host, id, message, octets.len());
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
            self.send_over_tcp(host, id, asking.server, true);
        } else {
            self.run(host, Step::Advance(id));
        }
    }
}
