//! The workloads of `posthaste bench`: what they do is what their descriptions say, and the same
//! in every run. What they cost is nobody's promise.

mod common;

use common::binary::posthaste;
use posthaste::base::{DataRate, SimDuration};
use posthaste::bench::{Cost, Dialogues, Dumbbell, Figures, Hold, Idle, Workload};

fn ran(mut workload: impl Workload) -> Figures {
    workload.run();
    workload.figures()
}

#[track_caller]
fn number(figures: &Figures, key: &str) -> f64 {
    figures.get(key).unwrap_or_else(|| panic!("no {key} in {figures}")).parse().unwrap()
}

fn dumbbell(flows: u32, rate_mbps: u64, seconds: u64) -> Dumbbell {
    let rate = DataRate::from_bits_per_sec(rate_mbps * 1_000_000).unwrap();
    Dumbbell { flows, rate, time: SimDuration::from_secs(seconds), sack: true, timestamps: true, seed: 1 }
}

fn dialogues(clients: u32, gap_us: u64, seconds: u64) -> Dialogues {
    let gap = SimDuration::from_micros(gap_us);
    Dialogues { clients, gap, time: SimDuration::from_secs(seconds), seed: 1 }
}

/// Would break if headers or duplicates counted as goodput, if a sender ran out of data, or if
/// the window did not let one flow fill the bottleneck, alone or with others.
#[test]
fn flows_fill_the_bottleneck_and_no_more() {
    for (workload, least) in [
        (dumbbell(1, 10, 20), 9.0),
        (Dumbbell { sack: false, ..dumbbell(1, 10, 20) }, 8.5),
        (Dumbbell { timestamps: false, ..dumbbell(4, 10, 10) }, 8.5),
        (dumbbell(10, 100, 4), 60.0),
        (dumbbell(50, 20, 3), 16.0),
    ] {
        let figures = ran(workload.build());
        let packet = if workload.timestamps { 1500.0 } else { 1488.0 };
        let most = workload.rate.bits_per_sec() as f64 / 1e6 * 1448.0 / packet;
        let goodput = number(&figures, "goodput_mbps");
        assert!(least < goodput && goodput <= most, "{least} to {most}: {figures}");
        assert!(number(&figures, "dropped") > 0.0, "the queue is short: {figures}");
        let octets = goodput * 1e6 / 8.0 * workload.time.as_secs_f64();
        let share = number(&figures, "least_octets") * f64::from(workload.flows) / octets;
        assert!(workload.flows > 10 || share > 0.05, "nobody is shut out: {figures}");
        // Each segment crosses three links, and at least every other one is acknowledged.
        let segments = octets / 1448.0;
        let hops = number(&figures, "packet_hops");
        assert!(4.4 * segments < hops && hops < 7.0 * segments, "{segments} segments: {figures}");
        assert!(number(&figures, "events") >= hops, "a packet hop is an event: {figures}");
    }
}

/// A path that takes minutes for a packet: connections fail, and nothing waits for them.
#[test]
fn a_bottleneck_too_slow_for_any_flow_carries_nothing() {
    let rate = DataRate::from_bits_per_sec(10).unwrap();
    let figures = ran(Dumbbell { rate, ..dumbbell(3, 1, 2_000) }.build());
    assert_eq!(number(&figures, "goodput_mbps"), 0.0, "{figures}");
}

/// Breaks when the mean time between two, kept in nanoseconds, shows as `3.000000003/s`.
#[test]
fn a_rate_is_printed_as_it_was_given() {
    for (gap, rate) in [("333333333ns", "3/s"), ("20ms", "50/s"), ("4s", "0.25/s"), ("142857142ns", "7/s")] {
        let gap = SimDuration::parse(gap).unwrap();
        let figures = ran(Dialogues { gap, ..dialogues(1, 1, 1) }.build());
        assert_eq!(figures.get("rate"), Some(rate));
    }
}

/// Eight round trips of 12 ms: SYN and SYN-ACK; the handshake's third segment and the greeting;
/// then one each for EHLO, MAIL, RCPT, DATA, message and QUIT. Serialization comes on top: four segments of the message at 100 Mb/s, 0.43 ms,
/// and the short packets.
///
/// 24 packets cross two links each: 3 of the handshake, the greeting, 8 of commands and replies
/// up to 354, 4 segments of the message, an acknowledgement and the reply, QUIT and its reply,
/// and 4 of both closes.
#[test]
fn a_dialogue_takes_eight_round_trips_and_24_packets() {
    let figures = ran(dialogues(1, 1_000_000, 30).build());
    let took = number(&figures, "ms_simulated_per_dialogue");
    assert!(number(&figures, "dialogues") > 10.0, "{figures}");
    assert!(96.43 < took && took < 96.6, "{figures}");
    assert_eq!(number(&figures, "packet_hops_per_dialogue"), 48.0, "{figures}");
}

/// Would break if messages were lost or changed on their way, or if arrivals were not those of a
/// Poisson process: 1000 of them vary by 32.
#[test]
fn every_dialogue_hands_its_message_over() {
    let figures = ran(dialogues(20, 5_000, 5).build());
    let count = number(&figures, "dialogues");
    assert!((900.0..1100.0).contains(&count), "{figures}");
    assert_eq!((number(&figures, "messages_taken"), number(&figures, "failed")), (count, 0.0), "{figures}");
    let ended = number(&figures, "simulated_s");
    assert!(5.0 < ended && ended < 5.2, "the last dialogue ends the run, not TIME-WAIT: {figures}");
}

/// TIME-WAIT keeps a port for four minutes, so a client with 16,384 of them can say no more.
#[test]
fn a_client_out_of_ports_fails() {
    let time = SimDuration::from_millis(16_530);
    let figures = ran(Dialogues { time, ..dialogues(1, 1_000, 1) }.build());
    assert_eq!(number(&figures, "dialogues"), 16_384.0, "{figures}");
    assert!(number(&figures, "failed") > 0.0, "{figures}");
}

/// Three packets over one link open a connection; 16 are open before.
#[test]
fn idle_connections_stay_open_whatever_their_number() {
    for connections in [1, 200, 17_000] {
        let figures = ran(Idle { connections }.build());
        let all = f64::from(connections) + 16.0;
        assert_eq!(number(&figures, "open_after"), all, "{figures}");
        assert_eq!(number(&figures, "packet_hops"), 3.0 * all, "{figures}");
    }
}

/// With n events pending and a mean gap g, one comes every g/n: g is 7/8 of 50 us and 1/8 of 5 ms.
#[test]
fn the_hold_model_keeps_its_pace() {
    let figures = ran(Hold { pending: 100, events: 40_000, seed: 1 }.build());
    let pace = 40_000.0 / 100.0 * (7.0 / 8.0 * 50e-6 + 1.0 / 8.0 * 5e-3);
    let took = number(&figures, "simulated_s") / pace;
    assert!((0.9..1.1).contains(&took), "{took}: {figures}");
}

/// Would break if anything but the seed decided what happens, or if the seed decided nothing.
#[test]
fn the_seed_decides() {
    let bulk = |seed| ran(Dumbbell { seed, ..dumbbell(5, 20, 2) }.build());
    let talk = |seed| ran(Dialogues { seed, ..dialogues(10, 10_000, 2) }.build());
    let hold = |seed| ran(Hold { pending: 50, events: 1_000, seed }.build());
    let draws: [&dyn Fn(u64) -> Figures; 3] = [&bulk, &talk, &hold];
    for run in draws {
        assert_eq!(run(1), run(1));
        let differ = |key| run(1).get(key) != run(2).get(key);
        assert!(differ("simulated_s") || differ("packet_hops"), "{} and {}", run(1), run(2));
    }
    assert_eq!(ran(Idle { connections: 50 }.build()), ran(Idle { connections: 50 }.build()));
}

/// Would break if a cost were divided by something else than what the line says was done.
#[test]
fn costs_are_stated_for_what_was_done() {
    let mut run = dialogues(3, 20_000, 1).build();
    run.run();
    let figures = run.figures();
    for (cost, key, done) in
        [(run.costs()[0], "ns_per_packet_hop", "packet_hops"), (run.costs()[1], "us_per_dialogue", "dialogues")]
    {
        let Cost::Time { key: name, count, .. } = cost else { panic!("{cost:?}") };
        assert_eq!((name, count.to_string().as_str()), (key, figures.get(done).unwrap()));
    }
}

/// The command prints the workload's figures and what they cost, on one line; numbers are finite.
#[test]
fn the_command_prints_one_line() {
    let dir = tempfile::tempdir().unwrap();
    for (args, figures, costs) in [
        ("dumbbell --flows 2 --rate 5Mbps --time 1s", ran(dumbbell(2, 5, 1).build()), &["ns_per_packet_hop"][..]),
        (
            "dialogues --clients 3 --rate 10/s --time 1s",
            ran(dialogues(3, 100_000, 1).build()),
            &["ns_per_packet_hop", "us_per_dialogue"],
        ),
        ("idle --connections 300", ran(Idle { connections: 300 }.build()), &["us_per_connection"]),
        ("hold --pending 20 --events 100", ran(Hold { pending: 20, events: 100, seed: 1 }.build()), &["ns_per_event"]),
    ] {
        let ran = posthaste(dir.path(), &["bench"].into_iter().chain(args.split(' ')).collect::<Vec<_>>());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args}");
        let line = ran.stdout.strip_suffix('\n').unwrap();
        let rest = line.strip_prefix(&figures.to_string()).unwrap_or_else(|| panic!("{line}\nis not {figures}"));
        for key in ["setup_s", "cpu_s", "user_cpu_s"].iter().chain(costs) {
            let pair = rest.split(' ').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
            let value: f64 = pair.unwrap_or_else(|| panic!("no {key} in {line}")).parse().unwrap();
            assert!(value.is_finite() && value >= 0.0, "{key} in {line}");
        }
        assert!(rest.contains(" clock=thread") || rest.contains(" clock=wall"), "{line}");
    }
    let odd = ["bench", "dialogues", "--clients", "1", "--rate", "1/s", "--time", "1s 1ms 3ns"];
    let odd = posthaste(dir.path(), &odd);
    assert!(odd.stdout.split_whitespace().all(|word| word.contains('=')), "{}{}", odd.stdout, odd.stderr);
    let idle = posthaste(dir.path(), &["bench", "idle", "--connections", "300"]).stdout;
    assert_eq!(idle.contains(" bytes_per_connection="), cfg!(target_os = "linux"), "{idle}");
}

#[test]
fn a_wrong_option_is_said_to_be_wrong() {
    let dir = tempfile::tempdir().unwrap();
    for (args, message) in [
        ("dumbbell --rate 5", "\"5\" has no unit"),
        ("dumbbell --rate 0Mbps", "above zero"),
        ("dumbbell --time 0s", "the time is above zero"),
        ("dumbbell --time 9999d", "at most 1d"),
        ("dumbbell --flows 0", "0 is not in 1.."),
        ("dumbbell --sack maybe", "[possible values: on, off]"),
        ("dialogues --rate 50", "not a frequency; write it like"),
        ("dialogues --rate 0/s", "a frequency must be above zero"),
        ("dialogues --clients 99999999", "99999999 is not in 1.."),
        ("dumbbell --flows -1", "-1 is not in 1.."),
        ("idle --connections -1", "-1 is not in 1.."),
        ("hold --pending 0", "0 is not in 1.."),
        ("stand", "unrecognized subcommand 'stand'"),
    ] {
        let ran = posthaste(dir.path(), &["bench"].into_iter().chain(args.split(' ')).collect::<Vec<_>>());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{args}: no {message:?} in {}", ran.stderr);
    }
}
