//! Any octets to a POP3 server, and to a client. What must hold is asserted in tests/malformed/mail.rs.

#![no_main]
#![allow(dead_code, reason = "each target uses its own part of the entry points")]

#[path = "../../tests/malformed/grammar.rs"]
mod grammar;
#[path = "../../tests/malformed/mail.rs"]
mod mail;
#[path = "../../tests/common/post_office.rs"]
mod post_office;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    mail::pop3_client(octets);
    mail::pop3_server(octets);
});
