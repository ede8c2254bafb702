//! Malformed DNS: octets that are nearly messages, wherever messages are read.
//!
//! Breaks when anything panics, goes on without end or leaves a client without an answer, and when a
//! message that was understood is written so that it means something else. With
//! `POSTHASTE_FUZZ_SECONDS` set it goes on for so long, each time with another seed.

#![expect(clippy::disallowed_types, reason = "fuzzing goes on for so many seconds")]

#[path = "malformed/entry.rs"]
mod entry;
#[path = "malformed/mutate.rs"]
mod mutate;

use std::time::{Duration, Instant};

use mutate::{Maker, seeds};

/// How long to go on, if the environment says so.
#[expect(clippy::disallowed_methods, reason = "no result of the simulator depends on it")]
fn patience() -> Option<Duration> {
    std::env::var("POSTHASTE_FUZZ_SECONDS").ok()?.parse().ok().map(Duration::from_secs)
}

/// Tries a reader of octets on so many, or for as long as the environment says.
fn trial(seed: u64, count: usize, read: impl Fn(&[u8])) {
    let end = patience().map(|lasts| Instant::now() + lasts);
    for round in 0.. {
        let mut maker = Maker::new(seed + 1000 * round);
        for _ in 0..count {
            read(&maker.octets());
            if end.is_some_and(|end| Instant::now() > end) {
                return;
            }
        }
        if end.is_none() {
            return;
        }
    }
}

#[test]
fn the_seeds_are_messages() {
    use posthaste::proto::dns::Message;
    for seed in seeds() {
        Message::decode(&seed).unwrap_or_else(|error| panic!("{error}: {seed:02x?}"));
        entry::message(&seed);
        entry::streams(&seed);
        entry::dialogue(&seed);
    }
}

#[test]
fn every_beginning_of_a_message_is_taken() {
    for seed in seeds() {
        for end in 0..seed.len() {
            entry::message(&seed[..end]);
        }
        for end in (0..seed.len()).step_by(7) {
            entry::dialogue(&seed[..end]);
        }
    }
}

#[test]
fn the_classics_of_compression_are_taken() {
    let header = |questions: u8| vec![0, 7, 0x80, 0, 0, questions, 0, 0, 0, 0, 0, 0];
    let with = |rest: &[u8]| [&header(1)[..], rest].concat();
    let mut long = header(1);
    long.extend([[63].as_slice(), &[b'x'; 63]].concat().repeat(1020));
    long.extend([0, 0, 1, 0, 1]);
    let classics = [
        with(&[0xc0, 12, 0, 1, 0, 1]),
        with(&[0xc0, 14, 0xc0, 12, 0, 1, 0, 1]),
        with(&[1, b'a', 0xc0, 12, 0, 1, 0, 1]),
        with(&[0xff, 0xff, 0, 1, 0, 1]),
        with(&[0xc0, 0, 0, 1, 0, 1]),
        with(&[0x40, b'a', 0, 0, 1, 0, 1]),
        with(&[63]),
        long,
        [&header(255)[..], &[0; 4]].concat(),
        vec![0xff; 12],
        vec![0xff; 65_535],
        vec![0; 65_535],
    ];
    for octets in &classics {
        entry::message(octets);
        entry::streams(octets);
        entry::dialogue(octets);
    }
}

#[test]
fn mutated_messages_are_taken() {
    trial(1, 20_000, entry::message);
}

#[test]
fn mutated_streams_are_taken() {
    trial(2, 1_000, entry::streams);
}

#[test]
fn mutated_dialogues_are_taken() {
    trial(3, 1_500, entry::dialogue);
}
