//! What the kernel and its readers cost: one TCP bulk transfer with different readers of its
//! trace, and a whole scenario, `campus-day.json`.
//!
//! `cargo bench --bench kernel` prints one line of `key=value` figures per workload; add
//! `-- --quick` for a short run. Times are this thread's time on a processor where the system
//! tells it (Linux), else wall clock. Each workload runs several times, and the least time
//! counts: what else runs on the machine can only add to it. Compare ratios within one run,
//! not numbers of different machines.

use std::path::Path;

use posthaste::base::directory::{HostEntry, LinkEntry};
use posthaste::base::trace::{Observer, Silent};
use posthaste::base::{
    AppId, DataRate, Directory, Endpoint, HostId, SimDuration, SimTime, SocketId, Streams, UnixTime,
};
use posthaste::cli::measure::timed;
use posthaste::cli::simulate::simulate;
use posthaste::metrics::{Fingerprint, Recorder, RecorderOptions};
use posthaste::net::{
    Kernel as _, LinkConfig, LinkDirConfig, Network, NodeConfig, Notice, QueueLimit, TcpConfig, Topology,
};
use posthaste::sim::kernel::{Event, Kernel};

/// The least time of several runs, in seconds, and what the last one returned.
fn least<T>(runs: u32, mut run: impl FnMut() -> (f64, T)) -> (f64, T) {
    let (mut best, mut result) = run();
    for _ in 1..runs {
        let (seconds, next) = run();
        best = best.min(seconds);
        result = next;
    }
    (best, result)
}

/// Two hosts and a router, 100 Mb/s and 5 ms a link, 100 packets of queue.
fn line() -> Topology {
    let node = |name: &str, last: u8, router| NodeConfig {
        name: name.to_owned(),
        addresses: std::net::IpAddr::from([10, 0, 0, last]).into(),
        router,
    };
    let direction = LinkDirConfig {
        rate: DataRate::from_bits_per_sec(100_000_000),
        delay: SimDuration::from_millis(5),
        queue: QueueLimit::Packets(100),
        ..LinkDirConfig::default()
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

/// Who is who on that line.
fn line_directory() -> Directory {
    let Topology { nodes, links, .. } = line();
    let hosts =
        nodes.into_iter().map(|n| HostEntry { name: n.name, addresses: n.addresses, router: n.router }).collect();
    let links = links.into_iter().map(|l| LinkEntry { name: l.name, ends: l.ends }).collect();
    Directory::new(hosts, links, UnixTime::DEFAULT_START)
}

/// What a bulk transfer did.
struct Bulk {
    simulated: SimTime,
    events: u64,
    hops: u64,
}

/// One connection carries `megabytes` MB from one end of the line to the other.
fn bulk<O: Observer>(megabytes: usize, observer: O) -> (f64, Bulk) {
    let mut kernel = Kernel::new(3, observer);
    let mut network = Network::new(line(), &Streams::new(1));
    network.listen(HostId(1), 25, AppId(0));
    let to = Endpoint::new(std::net::IpAddr::from([10, 0, 0, 2]), 25);
    let (client, _) = network.connect(&mut kernel, HostId(0), AppId(0), to);
    let (seconds, (events, received)) = timed(|| transfer(&mut kernel, &mut network, client, megabytes));
    assert_eq!(received, megabytes * 1_000_000);
    let hops = network.link_stats().iter().map(|stats| stats.delivered.packets).sum();
    (seconds, Bulk { simulated: kernel.now(), events, hops })
}

/// Lets it all happen; returns the events and the octets received.
fn transfer<O: Observer>(
    kernel: &mut Kernel<O>,
    network: &mut Network,
    client: SocketId,
    megabytes: usize,
) -> (u64, usize) {
    let (mut events, mut received) = (0_u64, 0_usize);
    let mut inbox = Vec::new();
    while let Some(pending) = kernel.pop() {
        events += 1;
        if let Event::Net(event) = pending.event {
            network.handle(kernel, event);
        }
        while let Some(notice) = network.next_notice(kernel) {
            match notice {
                Notice::Connected { .. } => {
                    network.send(kernel, client, &vec![7; megabytes * 1_000_000]);
                    network.close(kernel, client);
                }
                Notice::Readable { socket, .. } => {
                    inbox.clear();
                    network.take_received(kernel, socket, &mut inbox);
                    received += inbox.len();
                }
                Notice::PeerClosed { socket, .. } => network.close(kernel, socket),
                Notice::Accepted { .. }
                | Notice::Drained { .. }
                | Notice::Closed { .. }
                | Notice::Datagram { .. }
                | Notice::Unreachable { .. } => {}
            }
        }
    }
    (events, received)
}

fn print_bulk(megabytes: usize, reader: &str, (seconds, bulk): &(f64, Bulk)) {
    let Bulk { simulated, events, hops } = bulk;
    println!(
        "bench=bulk reader={reader} megabytes={megabytes} simulated_s={simulated} events={events} packet_hops={hops} \
         cpu_s={seconds:.4} ns_per_packet_hop={:.1}",
        seconds * 1e9 / *hops as f64
    );
}

/// A whole scenario with all that a run records, without files.
fn campus_day(runs: u32) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/campus-day.json");
    let text = std::fs::read_to_string(&path).expect("the scenario library is there");
    let scenario = posthaste::scenario::load("campus-day.json", &text).expect("the library is valid");
    let (seconds, (events, traced)) = least(runs, || {
        let (seconds, finished) = timed(|| simulate(&scenario, Silent).expect("the audit holds"));
        (seconds, (finished.outcome.events, finished.record.trace_events))
    });
    println!(
        "bench=campus_day events={events} trace_events={traced} cpu_s={seconds:.4} events_per_s={:.0} \
         trace_events_per_s={:.0}",
        events as f64 / seconds,
        traced as f64 / seconds
    );
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (runs, megabytes) = if quick { (1, 2) } else { (5, 50) };
    print_bulk(megabytes, "none", &least(runs, || bulk(megabytes, Silent)));
    print_bulk(megabytes, "fingerprint", &least(runs, || bulk(megabytes, Fingerprint::new())));
    let recorder = || Recorder::new(line_directory(), RecorderOptions::default());
    print_bulk(megabytes, "recorder", &least(runs, || bulk(megabytes, recorder())));
    campus_day(runs);
}
