//! Any octets to a Web server, to webmail and to the session alone. What must hold is asserted in tests/malformed/web.rs.

#![no_main]
#![allow(dead_code, reason = "each target uses its own part of the entry points")]

#[path = "../../tests/malformed/grammar.rs"]
mod grammar;
#[path = "../../tests/malformed/http_grammar.rs"]
mod http_grammar;
#[path = "../../tests/malformed/mail.rs"]
mod mail;
#[path = "../../tests/common/post_office.rs"]
mod post_office;
#[path = "../../tests/malformed/web.rs"]
mod web;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    web::http_session(octets);
    web::web_server(octets);
    web::webmail_server(octets);
});
