//! Playing a case: the client of the world is led from outside, one event at a time.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;

use super::told::{Told, ToldQuery, ToldStep, hex, text};
use super::world::{client, plan};
use super::{Case, Step};
use crate::base::trace::Silent;
use crate::base::{ConnId, Endpoint, SimDuration, SimTime, SocketId};
use crate::proto::dns::{DATAGRAM_LIMIT, PORT, stream};
use crate::sim::{Limits, News, Simulation, Slice, World};

/// How long the client waits for an answer; it asks once.
const PATIENCE: SimDuration = SimDuration::from_secs(60);

/// Events in all, and at one instant: far more than any case needs.
const LIMITS: Limits =
    Limits { until: SimTime::NEVER, events: 100_000_000, events_per_instant: 1_000_000, messages: u64::MAX };

/// The world did not come to rest: a bug of the resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the case goes on without end: more than {} events", LIMITS.events)]
pub struct Unfinished;

/// Plays a case to its end.
///
/// # Errors
/// It has none.
pub fn play(case: &Case) -> Result<Told, Unfinished> {
    let (plan, resolver) = plan(case);
    let mut player = Player {
        case,
        simulation: Simulation::new(World::new(plan, Silent)),
        resolver: Endpoint::new(resolver, PORT),
        under_way: BTreeMap::new(),
        ports: BTreeMap::new(),
        streams: BTreeMap::new(),
        told: Vec::with_capacity(case.steps.len()),
        begun: Vec::with_capacity(case.steps.len()),
        unmatched: 0,
        rest: SimTime::ZERO,
    };
    player.run()?;
    Ok(Told { name: case.name.clone(), ignored: case.ignored.clone(), unmatched: player.unmatched, steps: player.told })
}

/// A connection of the client.
struct Connection {
    step: usize,
    conn: ConnId,
    octets: Vec<u8>,
}

struct Player<'c> {
    case: &'c Case,
    simulation: Simulation<Silent>,
    resolver: Endpoint,
    /// Steps without an answer, with the time at which the client gives up.
    under_way: BTreeMap<usize, SimTime>,
    ports: BTreeMap<u16, usize>,
    streams: BTreeMap<SocketId, Connection>,
    /// The steps that began.
    told: Vec<ToldStep>,
    /// When each of them began.
    begun: Vec<SimTime>,
    unmatched: usize,
    /// Until when the world goes on after the last answer, for what happens in the background.
    rest: SimTime,
}

impl Player<'_> {
    fn run(&mut self) -> Result<(), Unfinished> {
        loop {
            let action = self.next_action();
            let event = self.simulation.next_at();
            match (event, action) {
                (Some(event), Some(action)) if event <= action => self.event(event)?,
                (_, Some(action)) => {
                    self.simulation.idle_until(action);
                    self.act();
                }
                (Some(event), None) if event <= self.rest => self.event(event)?,
                (_, None) => return Ok(()),
            }
        }
    }

    /// When the client does something next of its own accord.
    fn next_action(&self) -> Option<SimTime> {
        let start = self.startable().map(|step| step.at.max(self.simulation.world().now()));
        start.into_iter().chain(self.under_way.values().copied()).min()
    }

    /// The next step, if nothing but its time keeps it.
    fn startable(&self) -> Option<&Step> {
        let next = self.told.len();
        let step = self.case.steps.get(next)?;
        let kept = next
            .checked_sub(1)
            .is_some_and(|before| self.case.steps[before].waits && self.under_way.contains_key(&before));
        (!kept).then_some(step)
    }

    fn act(&mut self) {
        let now = self.simulation.world().now();
        let tired: Vec<usize> = self.under_way.iter().filter(|step| *step.1 <= now).map(|step| *step.0).collect();
        for step in tired {
            self.end(step);
        }
        if self.startable().is_some_and(|step| step.at <= now) {
            self.start();
        }
    }

    fn start(&mut self) {
        let number = self.told.len();
        let step = &self.case.steps[number];
        let now = self.simulation.world().now();
        self.told.push(ToldStep { step: number, at: seconds(now.since(SimTime::ZERO)), ..ToldStep::default() });
        self.begun.push(now);
        self.under_way.insert(number, now.saturating_add(PATIENCE));
        self.rest = now.saturating_add(PATIENCE);
        let world = self.simulation.world_mut();
        let current = u32::try_from(number).unwrap_or(u32::MAX);
        world.scripted_servers().for_each(|(_, server)| server.set_step(current));
        if step.question.tcp {
            if let Some((socket, conn)) = world.visitor_connects(client(self.case), self.resolver) {
                self.streams.insert(socket, Connection { step: number, conn, octets: Vec::new() });
            }
        } else if let Some(port) = world.visitor_port(client(self.case)) {
            self.ports.insert(port, number);
            let octets = &step.question.octets;
            // a longer one fits into no datagram: nothing is sent
            if octets.len() <= DATAGRAM_LIMIT {
                world.visitor_asks((client(self.case), port), self.resolver, Bytes::copy_from_slice(octets));
            }
        }
        self.news();
    }

    fn event(&mut self, at: SimTime) -> Result<(), Unfinished> {
        if let Slice::Limit(_) = self.simulation.catch_up(at, 1, &LIMITS) {
            return Err(Unfinished);
        }
        self.arrivals();
        self.news();
        Ok(())
    }

    /// Takes down what came to scripted servers. A rule that holds so many times only is counted
    /// over all addresses of its entry.
    fn arrivals(&mut self) {
        let addresses: Vec<IpAddr> = self.case.servers.keys().copied().collect();
        let mut held = Vec::new();
        for ((host, server), address) in self.simulation.world_mut().scripted_servers().zip(addresses) {
            for arrival in server.take_arrivals() {
                self.unmatched += usize::from(arrival.rule.is_none());
                held.extend(arrival.rule.map(|rule| (host, rule)));
                if let Some(step) = self.told.last_mut() {
                    step.upstream.push(ToldQuery {
                        t: seconds(arrival.at.since(SimTime::ZERO)),
                        to: address,
                        transport: if arrival.tcp { "tcp" } else { "udp" },
                        qname: arrival.qname.map(|name| name.dotted()),
                        qtype: arrival.qtype.map(|rtype| rtype.to_string()),
                        rule: arrival.rule,
                    });
                }
            }
        }
        for (host, rule) in held {
            let others = self.simulation.world_mut().scripted_servers().filter(|(other, _)| *other != host);
            others.for_each(|(_, server)| server.held_elsewhere(rule));
        }
    }

    fn news(&mut self) {
        while let Some(news) = self.simulation.world_mut().next_news() {
            match news {
                News::Connected(socket) => {
                    if let Some(connection) = self.streams.get(&socket) {
                        let query = stream::framed(&self.case.steps[connection.step].question.octets);
                        self.simulation.world_mut().visitor_sends(socket, (connection.conn, None), &query);
                    }
                }
                News::Readable(socket) => {
                    let mut octets = Vec::new();
                    self.simulation.world_mut().visitor_takes(socket, &mut octets);
                    self.stream_brings(socket, &octets);
                }
                News::PeerClosed(socket, octets) => {
                    self.stream_brings(socket, &octets);
                    self.simulation.world_mut().visitor_closes(socket);
                }
                News::Closed(socket, _) => {
                    self.streams.remove(&socket);
                }
                News::Datagram { port, from, bytes } => {
                    if let Some(step) = self.ports.get(&port).copied()
                        && from == self.resolver
                    {
                        self.answer(step, &bytes);
                    }
                }
                News::Room(_) | News::Unreachable { .. } | News::HostDown(_) => {}
            }
        }
    }

    fn stream_brings(&mut self, socket: SocketId, octets: &[u8]) {
        let Some(connection) = self.streams.get_mut(&socket) else { return };
        connection.octets.extend_from_slice(octets);
        let step = connection.step;
        let [high, low, rest @ ..] = &connection.octets[..] else { return };
        if let Some(message) = rest.get(..usize::from(u16::from_be_bytes([*high, *low]))) {
            let message = message.to_vec();
            self.answer(step, &message);
        }
    }

    /// The answer to a step, if the message is one.
    fn answer(&mut self, step: usize, octets: &[u8]) {
        let question = &self.case.steps[step].question;
        if octets.len() < 12 || !self.under_way.contains_key(&step) || question.octets.get(..2) != octets.get(..2) {
            return;
        }
        self.told[step].wire = Some(hex(octets));
        self.told[step].text = Some(text(octets));
        self.end(step);
    }

    /// A step has its answer, or the client gave up.
    fn end(&mut self, step: usize) {
        let now = self.simulation.world().now();
        self.under_way.remove(&step);
        self.rest = now.saturating_add(PATIENCE);
        self.told[step].took = Some(seconds(now.since(self.begun[step])));
        let port = self.ports.iter().find(|port| *port.1 == step).map(|port| *port.0);
        if let Some(port) = port {
            self.ports.remove(&port);
            self.simulation.world_mut().visitor_leaves_port(client(self.case), port);
        }
        let socket = self.streams.iter().find(|stream| stream.1.step == step).map(|stream| *stream.0);
        if let Some(socket) = socket {
            self.streams.remove(&socket);
            self.simulation.world_mut().visitor_closes(socket);
        }
    }
}

fn seconds(span: SimDuration) -> f64 {
    span.as_secs_f64()
}
