//! Random networks in which everything goes wrong, each from a number: what happened in case 17
//! happens again in case 17.
//!
//! `POSTHASTE_CASES=5000 cargo test --lib net::tests::storm` builds a test of more of them.

mod ends;
mod links;
mod plan;
mod segments;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use super::world::*;
use crate::base::{CloseReason, ConnId, EventId, HostId, SocketId};
use ends::{LONG, Step, Watch};
use plan::{Act, LONGEST, Plan};

/// Random networks in one run of the tests.
const CASES: u64 = 600;

/// What every stream is a beginning of.
static STREAM: LazyLock<Vec<u8>> = LazyLock::new(|| octets(2 * LONGEST));

/// What the clients have done.
#[derive(Default)]
struct Clients {
    opened: Vec<(SocketId, ConnId, usize)>,
}

/// A host begins to listen, at the start or after a fault.
fn serve(world: &mut World, host: u32) {
    world.net.listen(HostId(host), 25, APP);
    world.net.bind_udp(HostId(host), 53, APP);
}

fn act(world: &mut World, clients: &mut Clients, act: &Act) {
    // What is done from outside has no cause in the trace.
    crate::net::Kernel::set_cause(&mut world.kernel, EventId(0));
    match act {
        Act::Open { from, to, octets: count } => {
            let (socket, conn) = world.open(*from, *to, 25);
            clients.opened.push((socket, conn, *count));
            world.send(socket, &STREAM[..*count]);
        }
        Act::Send { nth, octets: count } => {
            let Some((socket, _, sent)) = clients.opened.get_mut(*nth) else { return };
            let stream = &*STREAM;
            let (socket, from) = (*socket, *sent);
            *sent += count;
            world.send(socket, &stream[from..from + count]);
        }
        Act::Close { nth } => {
            if let Some((socket, ..)) = clients.opened.get(*nth) {
                world.close(*socket);
            }
        }
        Act::Abort { nth } => {
            if let Some((socket, ..)) = clients.opened.get(*nth) {
                world.net.abort(&mut world.kernel, *socket);
            }
        }
        Act::Datagram { from, to, length } => world.datagram(*from, *to, *length),
        Act::Links { which, up } => {
            for link in which {
                world.net.set_link_up(&mut world.kernel, *link, *up);
            }
        }
        Act::Host { host, up } => {
            world.net.set_host_up(&mut world.kernel, *host, *up);
            if *up {
                serve(world, host.0);
            }
        }
        Act::Service { host, up } => world.net.set_service_up(*host, 25, *up),
        Act::Degrade { host, port, config } => world.net.change_service(&mut world.kernel, *host, *port, config),
        Act::Change { link, config } => world.net.change_link(&mut world.kernel, *link, config),
    }
}

/// Everything works again, and everybody hangs up.
fn mend(plan: &Plan, world: &mut World, clients: &Clients) {
    for link in 0..plan.topology.links.len() {
        world.net.set_link_up(&mut world.kernel, link, true);
    }
    for host in 0..plan.routers + plan.hosts {
        world.net.set_host_up(&mut world.kernel, HostId(host), true);
        world.net.set_service_up(HostId(host), 25, true);
        for port in [25, 53] {
            world.net.change_service(&mut world.kernel, HostId(host), port, &Default::default());
        }
        serve(world, host);
    }
    for (socket, ..) in &clients.opened {
        world.close(*socket);
    }
}

/// Invariant 11: each stream is a prefix of what was sent, and equal to it after a clean close.
fn streams(plan: &Plan, world: &World, clients: &Clients) -> Result<(), String> {
    let stream = &*STREAM;
    let finished = |socket: &SocketId| {
        world
            .heard
            .iter()
            .any(|(_, heard)| matches!(heard, Heard::Closed(_, closed, CloseReason::Finished) if closed == socket))
    };
    let servers: BTreeMap<ConnId, SocketId> = world.heard.iter().filter_map(|(_, heard)| heard.accepted()).collect();
    let nothing = Vec::new();
    for (client, conn, sent) in &clients.opened {
        let ends = [(Some(client), plan.greeting), (servers.get(conn), *sent)];
        for (socket, length) in ends.into_iter().filter_map(|(socket, length)| Some((socket?, length))) {
            let got = world.received.get(socket).unwrap_or(&nothing);
            if got.len() > length || *got != stream[..got.len()] {
                return Err(format!("{conn:?}: {} octets came, not a part of the {length} sent", got.len()));
            }
            if finished(socket) && got.len() != length {
                return Err(format!("{conn:?}: finished with {} of {length} octets", got.len()));
            }
        }
    }
    Ok(())
}

/// Datagrams come at most once for each time that they were sent or copied.
fn datagrams(plan: &Plan, world: &World) -> Result<(), String> {
    let came = world.heard.iter().filter(|(_, heard)| matches!(heard, Heard::Datagram(..))).count() as u64;
    let sent = |seen: &Seen| matches!(seen, Seen::Sent(_, packet) if packet.tcp.is_none() && packet.icmp.is_none());
    // Those from a host to itself are on no link.
    let own = plan.acts.iter().filter(|(_, act)| matches!(act, Act::Datagram { from, to, .. } if from == to));
    let most = (own.count() + world.kernel.trace.iter().filter(|(.., seen)| sent(seen)).count()) as u64;
    if came > most { Err(format!("{came} datagrams came, {most} were sent")) } else { Ok(()) }
}

fn judge(case: u64) -> Result<(), String> {
    let plan = plan::plan(case);
    let mut world = World::seeded(plan.topology.clone(), case);
    world.kernel.curious = true;
    world.greeting = STREAM[..plan.greeting].to_vec();
    world.net.set_policy(&plan.policy);
    for host in 0..plan.routers + plan.hosts {
        serve(&mut world, host);
        world.net.limit_sessions(HostId(host), 25, plan.limit);
    }
    let mut clients = Clients::default();
    let mut watch = Watch::new(&world, plan.topology.tcp);
    for (at, what) in &plan.acts {
        watch.run_until(&mut world, ms(*at))?;
        act(&mut world, &mut clients, what);
        watch.look(&world, Step::Call)?;
        world.net.check_conservation()?;
    }
    watch.run_until(&mut world, ms(60_000))?;
    mend(&plan, &mut world, &clients);
    watch.look(&world, Step::Call)?;
    // Keep-alives never end where both ends live; nobody is left open for them.
    let end = world.now().saturating_add(LONG);
    watch.run_until(&mut world, end)?;
    if plan.topology.tcp.keep_alive.is_none() {
        watch.at_rest()?;
    }
    if let Some((_, event)) = world.kernel.next().filter(|_| plan.topology.tcp.keep_alive.is_none()) {
        return Err(format!("after a day there is still {event:?}"));
    }
    world.net.check_conservation()?;
    links::check(&plan, &world)?;
    segments::check(&world)?;
    datagrams(&plan, &world)?;
    streams(&plan, &world, &clients)
}

fn all(cases: impl Iterator<Item = u64>) {
    let fault = |case| match catch_unwind(AssertUnwindSafe(|| judge(case))) {
        Ok(Ok(())) => None,
        Ok(Err(what)) => Some(format!("case {case}: {what}")),
        Err(_) => Some(format!("case {case} panicked")),
    };
    let wrong: Vec<String> = cases.filter_map(fault).collect();
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn cases() -> u64 {
    option_env!("POSTHASTE_CASES").and_then(|text| text.parse().ok()).unwrap_or(CASES)
}

/// Breaks when any of the invariants of links or TCP breaks under whatever troubles and faults.
#[test]
fn links_and_connections_keep_every_invariant() {
    all((0..cases()).step_by(2));
}

/// The other half, so that two processors share the work.
#[test]
fn more_links_and_connections_keep_every_invariant() {
    all((1..cases()).step_by(2));
}

impl Heard {
    /// A connection's name, and its server's socket.
    fn accepted(&self) -> Option<(ConnId, SocketId)> {
        if let Self::Accepted(_, socket, conn) = self { Some((*conn, *socket)) } else { None }
    }
}
