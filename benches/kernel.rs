//! What the kernel costs: the event queue under the hold model, and one TCP bulk transfer.
//!
//! `cargo bench --bench kernel` prints one line of `key=value` figures per workload; add
//! `-- --quick` for a short run. Figures are wall clock on the machine at hand: compare
//! ratios within one run, not numbers of different machines.

#![expect(clippy::disallowed_types, reason = "a bench reads the wall clock")]

use std::hint::black_box;
use std::time::Instant;

use posthaste::base::ids::Order;
use posthaste::base::trace::Silent;
use posthaste::base::{AppId, DataRate, Endpoint, EventId, HostId, Probability, SimDuration, SimTime, Streams};
use posthaste::net::{
    Kernel as _, LinkConfig, LinkDirConfig, Network, NodeConfig, Notice, QueueLimit, TcpConfig, Topology,
};
use posthaste::sim::event_queue::EventQueue;
use posthaste::sim::kernel::{Event, Kernel};

/// Hold model (Vaucher and Duval 1975): pop the earliest, push it again later, with gaps
/// like those of packets: mostly microseconds, some milliseconds.
fn hold(pending: u64, holds: u64) {
    let mut stream = Streams::new(1).stream("bench/hold");
    let gaps: Vec<u64> = (0..4096)
        .map(|_| if stream.below(8) == 0 { 1 + stream.below(10_000_000) } else { 1 + stream.below(100_000) })
        .collect();
    let mut queue = EventQueue::default();
    let mut counter = 0;
    let mut push = |queue: &mut EventQueue<u64>, at: u64| {
        counter += 1;
        queue.push(SimTime::from_nanos(at), Order { origin: HostId(0), counter }, EventId(0), counter);
    };
    for n in 0..pending {
        push(&mut queue, gaps[usize::try_from(n % 4096).unwrap()]);
    }
    let started = Instant::now();
    for n in 0..holds {
        let popped = queue.pop().unwrap();
        black_box(popped.event);
        push(&mut queue, popped.at().as_nanos() + gaps[usize::try_from(n % 4096).unwrap()]);
    }
    let ns = started.elapsed().as_secs_f64() * 1e9;
    println!("bench=hold pending={pending} holds={holds} ns_per_event={:.1}", ns / holds as f64);
}

/// Two hosts and a router, 100 Mb/s and 5 ms a link, 100 packets of queue.
fn line() -> Topology {
    let node = |name: &str, last: u8, router| NodeConfig {
        name: name.to_owned(),
        address: std::net::IpAddr::from([10, 0, 0, last]),
        router,
    };
    let direction = LinkDirConfig {
        rate: DataRate::from_bits_per_sec(100_000_000),
        delay: SimDuration::from_millis(5),
        queue: QueueLimit::Packets(100),
        loss: Probability::ZERO,
    };
    let link = |name: &str, a, b| LinkConfig {
        name: name.to_owned(),
        ends: [HostId(a), HostId(b)],
        directions: [direction; 2],
    };
    Topology {
        nodes: vec![node("a", 1, false), node("b", 2, false), node("r", 3, true)],
        links: vec![link("a-r", 0, 2), link("b-r", 1, 2)],
        tcp: TcpConfig::default(),
    }
}

/// One connection carries `megabytes` MB from one end of the line to the other.
fn bulk(megabytes: usize) {
    let mut kernel = Kernel::new(3, Silent);
    let mut network = Network::new(line(), &Streams::new(1));
    network.listen(HostId(1), 25, AppId(0));
    let to = Endpoint::new(std::net::IpAddr::from([10, 0, 0, 2]), 25);
    let (client, _) = network.connect(&mut kernel, HostId(0), AppId(0), to);
    let started = Instant::now();
    let (mut events, mut received) = (0_u64, 0_usize);
    let mut inbox = Vec::new();
    while let Some(pending) = kernel.pop() {
        events += 1;
        if let Event::Net(event) = pending.event {
            network.handle(&mut kernel, event);
        }
        while let Some(notice) = network.next_notice() {
            match notice {
                Notice::Connected { .. } => {
                    network.send(&mut kernel, client, &vec![7; megabytes * 1_000_000]);
                    network.close(&mut kernel, client);
                }
                Notice::Readable { socket, .. } => {
                    inbox.clear();
                    network.take_received(&mut kernel, socket, &mut inbox);
                    received += inbox.len();
                }
                Notice::PeerClosed { socket, .. } => network.close(&mut kernel, socket),
                Notice::Accepted { .. } | Notice::Closed { .. } | Notice::Datagram { .. } => {}
            }
        }
    }
    assert_eq!(received, megabytes * 1_000_000);
    let seconds = started.elapsed().as_secs_f64();
    let hops: u64 = network.link_stats().iter().map(|stats| stats.delivered.packets).sum();
    println!(
        "bench=bulk megabytes={megabytes} simulated_s={} events={events} packet_hops={hops} wall_s={seconds:.4} \
         ns_per_packet_hop={:.1}",
        kernel.now(),
        seconds * 1e9 / hops as f64
    );
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let holds = if quick { 200_000 } else { 5_000_000 };
    for pending in [100, 1_000, 10_000, 100_000, 1_000_000] {
        hold(pending, holds);
    }
    bulk(if quick { 2 } else { 100 });
}
