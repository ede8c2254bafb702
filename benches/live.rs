//! Real clients that hand in mail through `posthaste serve`: how much it carries, and what a connection takes.
//!
//! A process of the program serves, on one thread; here is the load: clients on threads, each with a part
//! of the connections, all open at a time. The network has no delays, so what is measured is the program.
//! Every message is then fetched by POP3: none may be missing, doubled or changed.
//!
//! `cargo bench --bench live` prints one line of `key=value` figures; add `-- --quick` for a short run.
//! Linux only: elsewhere nothing tells a process's memory and time.

#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "nothing runs there"))]
#![expect(clippy::disallowed_types, reason = "a measurement reads the wall clock")]

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};
use served::{Client, Served, original, stuffed};

#[path = "../tests/common/served.rs"]
mod served;

const THREADS: usize = 8;
const MAILBOXES: usize = 100;
/// Octets of a message's body.
const BODY: usize = 1000;
/// Ticks of a processor's time in a second, as Linux counts it for programs.
const TICKS: f64 = 100.0;

fn scenario() -> Value {
    json!({
        "network": { "access": { "delay": "0ms" }, "backbone": { "delay": "0ms" } },
        "mail": { "hamburger.edu": { "users": [format!("u{{0..{}}}", MAILBOXES - 1)] } },
        "live": { "host": "pc.example.org" }
    })
}

/// The message of that number from that client.
fn message(client: usize, number: usize) -> Vec<u8> {
    let line = format!("{client} {number} Do you like ketchup? How about pickles?\r\n");
    format!("Message-ID: <{client}.{number}@pc.example.org>\r\n\r\n{}", line.repeat(BODY.div_ceil(line.len()))).into()
}

/// A line of `/proc/PID/status`, in bytes.
fn memory(served: &Served, key: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB"));
    line.and_then(|number| number.parse::<f64>().ok()).expect("Linux tells") * 1024.0
}

/// Seconds on a processor.
fn cpu(served: &Served) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", served.pid())).expect("it runs");
    let fields = stat.rsplit_once(')').expect("the name of the command").1.split_whitespace().skip(11);
    fields.take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS
}

/// One thread's clients hand in their messages, each line of all of them before the first answer is read.
fn hand_in(at: SocketAddr, clients: &[usize], messages: usize, (opened, begin): (&Barrier, &Barrier)) {
    let mut connections: Vec<(usize, Client)> = clients.iter().map(|&number| (number, Client::connect(at))).collect();
    connections.iter_mut().for_each(|(_, client)| drop(client.hear("220")));
    opened.wait();
    begin.wait();
    connections.iter_mut().for_each(|(_, client)| client.say("HELO pc.example.org"));
    connections.iter_mut().for_each(|(_, client)| drop(client.hear("250")));
    for number in 0..messages {
        for (client, connection) in &mut connections {
            let to = *client % MAILBOXES;
            connection.say(&format!("MAIL FROM:<>\r\nRCPT TO:<u{to}@hamburger.edu>\r\nDATA"));
        }
        for (client, connection) in &mut connections {
            for start in ["250", "250", "354"] {
                connection.hear(start);
            }
            connection.send(&stuffed(&message(*client, number)));
        }
        connections.iter_mut().for_each(|(_, client)| drop(client.hear("250")));
    }
    connections.iter_mut().for_each(|(_, client)| client.say("QUIT"));
    connections.iter_mut().for_each(|(_, client)| drop(client.hear("221")));
}

/// How often each message is in a mailbox, by client and number; each must be as it was sent.
fn fetch(served: &Served) -> BTreeMap<(usize, usize), usize> {
    let mut found = BTreeMap::new();
    for user in 0..MAILBOXES {
        let mut client = served.client("pop3", "hamburger.edu");
        client.log_in(&format!("u{user}"));
        for number in 1..=client.count() {
            let content = client.retrieve(number);
            let text = String::from_utf8_lossy(&content);
            let name = text.rsplit("Message-ID: <").next().and_then(|rest| rest.split('@').next());
            let (from, number) = name.and_then(|name| name.split_once('.')).expect("a name");
            let key: (usize, usize) = (from.parse().expect("a number"), number.parse().expect("a number"));
            let sent = message(key.0, key.1);
            assert!(original(&content, &sent) == sent && key.0 % MAILBOXES == user, "a message was changed");
            *found.entry(key).or_default() += 1;
        }
        client.ask("QUIT", "+OK");
    }
    found
}

/// Clients that this process may open beside what else it has.
fn most(wanted: usize) -> usize {
    let limits = fs::read_to_string("/proc/self/limits").expect("Linux tells");
    let open = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a limit");
    let soft = open.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX);
    wanted.min(soft.saturating_sub(64))
}

fn measure(clients: usize, messages: usize) {
    let served = Served::start(&scenario(), &["--speed", "max", "--quiet"]);
    let at = served.at("smtp", "hamburger.edu");
    let parts: Vec<Vec<usize>> = (0..THREADS).map(|part| (part..clients).step_by(THREADS).collect()).collect();
    let barriers = (&Barrier::new(THREADS + 1), &Barrier::new(THREADS + 1));
    let before = memory(&served, "VmRSS:");
    let (wall, cpu_s, each) = thread::scope(|scope| {
        let load: Vec<_> =
            parts.iter().map(|part| scope.spawn(move || hand_in(at, part, messages, barriers))).collect();
        barriers.0.wait();
        let each = (memory(&served, "VmRSS:") - before) / clients as f64;
        let (begun, used) = (Instant::now(), cpu(&served));
        barriers.1.wait();
        load.into_iter().for_each(|thread| thread.join().expect("every client was answered"));
        (begun.elapsed().as_secs_f64(), cpu(&served) - used, each)
    });
    let peak = memory(&served, "VmHWM:");
    let found = fetch(&served);
    let sent = clients * messages;
    let doubled: usize = found.values().map(|count| count - 1).sum();
    let ended = served.quit();
    let delivered = ended.metric("messages.delivered");
    println!(
        "bench=live clients={clients} messages={sent} body_bytes={BODY} wall_s={wall:.3} messages_per_s={:.0} \
         cpu_s={cpu_s:.2} us_cpu_per_message={:.1} bytes_per_connection={each:.0} peak_bytes={peak:.0} \
         delivered={delivered} lost={} doubled={doubled}",
        sent as f64 / wall,
        cpu_s * 1e6 / sent as f64,
        sent - found.len(),
    );
    assert!(found.len() == sent && doubled == 0 && delivered == sent as f64, "messages were lost or doubled");
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (clients, messages) = if quick { (50, 2) } else { (1_000, 10) };
    if cfg!(target_os = "linux") {
        measure(most(clients), messages);
    }
}
