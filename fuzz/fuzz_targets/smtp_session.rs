//! Any octets to an SMTP server, where mail comes in and where it is submitted, and to both ends of a session by
//! itself. What must hold is asserted in tests/malformed/mail.rs.

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
    mail::smtp_session(octets);
    mail::smtp_client(octets);
    mail::smtp_server(octets);
    mail::submission_server(octets);
});
