//! A name server that answers from its zones and nothing else (RFC 1034 4.3.2).
//!
//! Its data stands on disk: a crash loses nothing. It answers at once, as a server without
//! load would. Left out: recursion, zone transfer, notification, DNS over TCP.

use crate::app::host::{Host, Input};
use crate::base::trace::{DnsTrace, Trace};
use crate::base::{Endpoint, SimTime};
use crate::proto::dns::{Message, Name, PORT, Question, Rcode, Record, Rtype, UDP_LIMIT, WireError};

use super::zone::{Found, Zone};

/// Aliases followed within the server's own zones.
const ALIAS_LIMIT: usize = 12;

/// An authoritative name server on UDP port 53.
#[derive(Clone, Debug)]
pub struct NameServer {
    zones: Vec<Zone>,
    tasks: u32,
}

impl NameServer {
    /// A server of these zones; of two with the same apex the first counts.
    #[must_use]
    pub fn new(zones: Vec<Zone>) -> Self {
        Self { zones, tasks: 0 }
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => host.bind_udp(PORT),
            Input::Datagram { local_port: PORT, from, bytes } => self.query(host, from, bytes),
            Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Crash
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Wake
            | Input::Flush => {}
        }
    }

    /// When the server wants to be woken: never.
    #[must_use]
    pub const fn deadline(&self) -> SimTime {
        SimTime::NEVER
    }

    fn query(&mut self, host: &mut impl Host, client: Endpoint, bytes: &[u8]) {
        let query = match Message::decode(bytes) {
            Ok(query) => query,
            Err(error) => return reply_to_garbage(host, client, bytes, error),
        };
        // a response to a response would go round for ever
        if query.flags.qr {
            return;
        }
        self.tasks += 1;
        let task = self.tasks;
        if let Some(question) = query.questions.first() {
            let (name, rtype) = (&question.name.to_string(), question.rtype.number());
            host.trace(Trace::Dns(DnsTrace::Received { task, client, wire_id: query.id, name, rtype }));
        }
        let response = self.respond(&query);
        send_reply(host, client, task, &response);
    }

    /// The response to a query.
    #[must_use]
    pub fn respond(&self, query: &Message) -> Message {
        if query.flags.opcode != 0 {
            return query.response(Rcode::NotImp);
        }
        let [question] = &query.questions[..] else { return query.response(Rcode::FormErr) };
        let mut response = query.response(Rcode::NoError);
        self.search(question, &mut response);
        self.add_addresses(&mut response);
        response
    }

    /// The zone that is the nearest ancestor of a name (RFC 1034 4.3.2 step 2).
    fn closest_zone(&self, name: &Name) -> Option<&Zone> {
        let mut closest: Option<&Zone> = None;
        for zone in self.zones.iter().filter(|zone| name.is_within(zone.apex())) {
            if closest.is_none_or(|best| zone.apex().label_count() > best.apex().label_count()) {
                closest = Some(zone);
            }
        }
        closest
    }

    /// RFC 1034 4.3.2 steps 2 and 3.
    fn search(&self, question: &Question, response: &mut Message) {
        let mut name = question.name.clone();
        for hop in 0..=ALIAS_LIMIT {
            let Some(zone) = self.closest_zone(&name) else {
                // an alias that leads elsewhere is a good answer, only not a whole one
                if hop == 0 {
                    response.rcode = Rcode::Refused;
                }
                return;
            };
            let found = zone.find(&name, question.rtype);
            // RFC 1035 4.1.1: AA speaks of the first owner name in the answer section
            if hop == 0 {
                response.flags.aa = !matches!(found, Found::Referral(_));
            }
            match found {
                Found::Answer(records) => return response.answers.extend(records),
                Found::Referral(servers) => return response.authorities.extend(servers),
                Found::NoData(soa) => return response.authorities.push(soa),
                Found::NxDomain(soa) => {
                    // RFC 6604 3: the code is that of the last name in the chain
                    response.rcode = Rcode::NxDomain;
                    return response.authorities.push(soa);
                }
                Found::Alias { alias, target } => {
                    let seen = response.answers.iter().any(|record| record.name == alias.name);
                    if seen {
                        return;
                    }
                    response.answers.push(alias);
                    name = target;
                }
            }
        }
    }

    /// RFC 1035 3.3.9 and 3.3.11: MX and NS records cause additional section processing for
    /// the addresses of their targets. Glue is believed by those to whom it belongs.
    fn add_addresses(&self, response: &mut Message) {
        let mut targets: Vec<Name> = Vec::new();
        for record in response.answers.iter().chain(&response.authorities) {
            let Some(target) = record.data.mail_exchange().or(record.data.name_server()) else { continue };
            if !targets.contains(target) {
                targets.push(target.clone());
            }
        }
        for target in targets {
            let Some(zone) = self.closest_zone(&target) else { continue };
            for rtype in [Rtype::A, Rtype::Aaaa] {
                let held = zone.records(&target, rtype);
                let fresh: Vec<Record> = held.into_iter().filter(|record| !response.answers.contains(record)).collect();
                response.additionals.extend(fresh);
            }
        }
    }
}

/// Sends a reply and writes it to the trace.
pub(super) fn send_reply(host: &mut impl Host, client: Endpoint, task: u32, reply: &Message) {
    let octets = reply.encode(UDP_LIMIT);
    if !reply.questions.is_empty() {
        let answers = u16::try_from(reply.answers.len()).unwrap_or(u16::MAX);
        let (rcode, kind) = (reply.rcode.number(), reply.kind());
        host.trace(Trace::Dns(DnsTrace::Replied { task, rcode, kind, answers }));
    }
    host.send_datagram(PORT, client, &octets);
}

/// FORMERR, or NOTIMP for another class, to what has at least a query's header.
pub(super) fn reply_to_garbage(host: &mut impl Host, client: Endpoint, octets: &[u8], error: WireError) {
    let [high, low, bits, ..] = *octets else { return };
    if octets.len() < 12 || bits & 0x80 != 0 {
        return;
    }
    let rcode = match error {
        WireError::Malformed => Rcode::FormErr,
        WireError::OtherClass => Rcode::NotImp,
    };
    let opcode = (bits >> 3) & 15;
    let mut reply = Message::header_only(u16::from_be_bytes([high, low]), rcode);
    reply.flags.qr = true;
    reply.flags.opcode = opcode;
    reply.flags.rd = bits & 1 != 0;
    host.send_datagram(PORT, client, &reply.encode(UDP_LIMIT));
}
