//! Invariants 11 and 12, from the trace and what packets carry: octets that are sent again are
//! the same, nobody sends beyond the window that he was told, or acknowledges what never came.

use std::collections::BTreeMap;

use super::STREAM;
use crate::base::trace::TcpInfo;
use crate::base::{ConnId, Endpoint, SimTime};
use crate::net::tests::world::{Seen, World, address};

/// One end of a connection, by its name and its own endpoint.
type End = (ConnId, Endpoint);

/// What an end was told and heard.
#[derive(Debug, Default)]
struct Told {
    /// The right edge of the peer's window.
    edge: u64,
    /// One past the highest octet (or SYN or FIN) of the peer that arrived.
    heard: u64,
    /// Where its own FIN stands.
    fin: Option<u64>,
    acknowledged: u64,
}

fn sends(end: &mut Told, tcp: &TcpInfo) -> Result<(), String> {
    if tcp.rst {
        return Ok(());
    }
    let (from, to) = (tcp.seq, tcp.seq + u64::from(tcp.len));
    if tcp.len > 0 {
        // RFC 9293 3.8.6.1: one octet probes a closed window.
        let probe = tcp.len == 1 && from <= end.edge;
        if to > end.edge && !probe {
            return Err(format!("sent up to {to}, the peer's window ends at {}", end.edge));
        }
        if end.fin.is_some_and(|fin| to > fin) {
            return Err("sent data behind its FIN".to_owned());
        }
    }
    if tcp.fin {
        if end.fin.is_some_and(|fin| fin != to) {
            return Err("its FIN moved".to_owned());
        }
        end.fin = Some(to);
    }
    match tcp.ack {
        Some(ack) if ack > end.heard => Err(format!("acknowledged {ack}, heard up to {}", end.heard)),
        Some(ack) if ack < end.acknowledged => Err(format!("acknowledged {ack} after {}", end.acknowledged)),
        Some(ack) => {
            end.acknowledged = ack;
            Ok(())
        }
        None => Ok(()),
    }
}

fn hears(end: &mut Told, tcp: &TcpInfo) {
    if !tcp.rst {
        let space = u64::from(tcp.len) + u64::from(tcp.syn) + u64::from(tcp.fin);
        end.heard = end.heard.max(tcp.seq + space);
        if let Some(ack) = tcp.ack {
            end.edge = end.edge.max(ack + u64::from(tcp.window));
        } else if tcp.syn {
            end.edge = end.edge.max(1 + u64::from(tcp.window));
        }
    }
}

/// Goes through the trace.
pub(super) fn check(world: &World) -> Result<(), String> {
    let mut ends: BTreeMap<End, Told> = BTreeMap::new();
    let first = world.kernel.trace.iter().enumerate();
    for (index, (at, host, seen)) in first {
        let here = address(host.0);
        let done = match seen {
            Seen::Sent(_, packet) if packet.src.addr == here => match packet.tcp.and_then(|tcp| Some((tcp, tcp.conn?)))
            {
                // A copy that the link made was caused by the first one.
                Some((tcp, conn)) if !is_copy(world, index) => sends(ends.entry((conn, packet.src)).or_default(), &tcp),
                Some(_) | None => Ok(()),
            },
            Seen::Arrived(_, packet) if packet.dst.addr == here => {
                if let Some((tcp, conn)) = packet.tcp.and_then(|tcp| Some((tcp, tcp.conn?))) {
                    hears(ends.entry((conn, packet.dst)).or_default(), &tcp);
                }
                Ok(())
            }
            Seen::Sent(..)
            | Seen::Arrived(..)
            | Seen::Dropped(..)
            | Seen::Opening
            | Seen::Joined
            | Seen::TurnedAway
            | Seen::Established(_)
            | Seen::Retransmitted(..)
            | Seen::Closed(..) => Ok(()),
        };
        done.map_err(|what| format!("event {} at {at} s: {seen:?}: {what}", index + 1))?;
    }
    contents(world)
}

fn is_copy(world: &World, index: usize) -> bool {
    let cause = usize::try_from(world.kernel.causes[index].0).unwrap();
    cause > 0
        && matches!((&world.kernel.trace[cause - 1].2, &world.kernel.trace[index].2),
        (Seen::Sent(one, first), Seen::Sent(two, copy)) if one == two && first == copy)
}

/// Every octet of every stream is known by its place, whoever sends it and however often.
fn contents(world: &World) -> Result<(), String> {
    let stream = &*STREAM;
    for content in world.kernel.contents.iter().filter(|content| !content.payload.is_empty()) {
        let (at, _, seen): &(SimTime, _, Seen) = &world.kernel.trace[usize::try_from(content.sent.0).unwrap() - 1];
        let Seen::Sent(_, packet) = seen else { return Err(format!("{seen:?} carries something")) };
        let Some(tcp) = packet.tcp else { continue };
        let from = usize::try_from(tcp.seq - 1).unwrap();
        if content.payload != stream[from..from + content.payload.len()] {
            return Err(format!("at {at} s: {packet:?} carries other octets than it should"));
        }
    }
    Ok(())
}
