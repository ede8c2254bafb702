//! A name server on port 53: it answers from its zones, and asks further if it is told to.
//!
//! Its data stand on disk: a crash loses nothing of them. It answers at once, as a server without
//! load would. Left out: notification (RFC 1996), dynamic update (RFC 2136).

use std::net::IpAddr;

use crate::app::host::{Host, Input};
use crate::base::SimTime;
use crate::proto::dns::{CLASS_IN, Message, Question};

use super::authority::{Authority, Reach};
use super::recursion::Recursion;
use super::service::{Asked, Service, refusal};
use super::zone::Zone;

/// What a name server holds and does.
#[derive(Clone, Debug, Default)]
pub struct NameServerConfig {
    /// Its zones; of two with the same apex the first counts.
    pub zones: Vec<Zone>,
    /// Whether it asks the servers of a delegated zone itself when the asker desires recursion,
    /// in place of referring to them.
    pub recursive: bool,
    /// Addresses of root servers, asked by a recursive server for the addresses of others.
    pub roots: Vec<IpAddr>,
}

/// A name server on port 53.
#[derive(Clone, Debug)]
pub struct NameServer {
    authority: Authority,
    service: Service,
    recursion: Option<Box<Recursion>>,
}

impl NameServer {
    /// A server that answers from these zones and does nothing else.
    #[must_use]
    pub fn new(zones: Vec<Zone>) -> Self {
        Self::with(NameServerConfig { zones, ..NameServerConfig::default() })
    }

    /// A server of that kind.
    #[must_use]
    pub fn with(config: NameServerConfig) -> Self {
        Self {
            authority: Authority::new(config.zones),
            service: Service::new(config.recursive),
            recursion: config.recursive.then(|| Box::new(Recursion::new(config.roots))),
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, host: &mut impl Host, input: Input<'_>) {
        match input {
            Input::Boot => {
                Service::boot(host);
                if let Some(recursion) = &mut self.recursion {
                    recursion.boot(host);
                }
            }
            Input::Crash => {
                self.service.crash();
                if let Some(recursion) = &mut self.recursion {
                    recursion.crash();
                }
            }
            Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Accepted { .. }
            | Input::Connected { .. }
            | Input::Data { .. }
            | Input::Drained { .. }
            | Input::PeerClosed { .. }
            | Input::Closed { .. }
            | Input::Wake
            | Input::Flush => self.work(host, input),
        }
    }

    /// When the server wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        let recursion = self.recursion.as_ref().map_or(SimTime::NEVER, |recursion| recursion.deadline());
        self.service.deadline().min(recursion)
    }

    /// The response to a query, from the zones.
    #[must_use]
    pub fn respond(&self, query: &Message) -> Message {
        self.authority.respond(query)
    }

    fn work(&mut self, host: &mut impl Host, input: Input<'_>) {
        let cause = host.cause();
        if let Some(recursion) = &mut self.recursion {
            recursion.input(host, &self.authority, input);
            self.hand_back(host);
            host.set_cause(cause);
        }
        for (via, octets) in self.service.input(host, input) {
            host.set_cause(cause);
            if let Some(asked) = self.service.take_up_any(host, via, &octets) {
                self.take(host, asked);
            }
        }
    }

    fn take(&mut self, host: &mut impl Host, asked: Asked) {
        let ra = self.recursion.is_some();
        if let Some(rcode) = refusal(&asked.query) {
            let mut response = asked.query.response(rcode);
            response.flags.ra = ra && asked.query.flags.opcode == 0;
            return self.service.reply(host, &asked, &response, 0);
        }
        let (mut response, reach) = self.authority.answer(&asked.query);
        let desired = asked.query.flags.rd && asked.query.class == CLASS_IN;
        if let Reach::Cut { name, servers } = reach
            && let Some(recursion) = self.recursion.as_mut().filter(|_| desired)
        {
            let rtype = asked.query.questions.first().map(|question| question.rtype);
            let Some(question) = rtype.map(|rtype| Question { name, rtype }) else { return };
            recursion.take_up(host, &self.authority, question, &servers, (asked, response));
            return self.hand_back(host);
        }
        response.flags.ra = ra;
        self.service.reply(host, &asked, &response, needed_glue(&response));
    }

    /// Answers those whose questions others have answered.
    fn hand_back(&mut self, host: &mut impl Host) {
        let cause = host.cause();
        let done = self.recursion.as_mut().map_or_else(Vec::new, |recursion| recursion.take_done());
        for (asked, response) in done {
            host.set_cause(cause);
            self.service.reply(host, &asked, &response, 0);
        }
        host.set_cause(cause);
    }
}

/// How many additional records, in front, are addresses without which a referral leads nowhere:
/// those of servers within the zone that is delegated (RFC 9471 3.1).
pub(super) fn needed_glue(response: &Message) -> usize {
    let Some(ns) = response.authorities.iter().find(|record| record.rtype() == crate::proto::dns::Rtype::Ns) else {
        return 0;
    };
    response.additionals.iter().take_while(|record| record.name.is_within(&ns.name)).count()
}
