//! Any octets as a client's query to a resolver, and as a name server's response to it.

#![no_main]
#![allow(dead_code, reason = "each target uses its own part of the entry points")]

#[path = "../../tests/malformed/entry.rs"]
mod entry;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| entry::dialogue(octets));
