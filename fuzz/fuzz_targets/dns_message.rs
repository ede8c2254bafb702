//! Any octets as a DNS message, and as both ends of a stream of messages.

#![no_main]
#![allow(dead_code, reason = "each target uses its own part of the entry points")]

#[path = "../../tests/malformed/entry.rs"]
mod entry;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    entry::message(octets);
    entry::streams(octets);
});
