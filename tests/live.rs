//! `posthaste serve` as its clients meet it, well-behaved and not: real connections from
//! this process to a process of the program, one for each test.

#![cfg(target_os = "linux")]

mod common;

#[path = "live/alone.rs"]
mod alone;
#[path = "live/books.rs"]
mod books;
#[path = "live/console.rs"]
mod console;
#[path = "live/crowds.rs"]
mod crowds;
#[path = "live/folders.rs"]
mod folders;
#[path = "live/mail.rs"]
mod mail;
#[path = "live/names.rs"]
mod names;
#[path = "live/places.rs"]
mod places;
#[path = "live/rude.rs"]
mod rude;
#[path = "common/served.rs"]
mod served;
#[path = "live/webmail.rs"]
mod webmail;

use serde_json::{Value, json};
use served::Served;

/// The lecture's two servers, 12 ms apart, with nothing to do by themselves. Clients come from Alice's computer.
fn lecture() -> Value {
    json!({
        "network": { "access": { "delay": "1ms" }, "backbone": { "delay": "5ms" } },
        "mail": { "crepes.fr": { "users": ["alice", "carol"] }, "hamburger.edu": { "users": ["bob", "dave"] } },
        "live": { "host": "alice-pc.crepes.fr" },
        "run": { "until": "6h" }
    })
}

/// The lecture's servers without idle time, next to each other, so that much is carried in a short time.
fn lecture_nearby() -> Served {
    let mut scenario = lecture();
    scenario["network"] = json!({ "access": { "delay": "10us" }, "backbone": { "delay": "10us" } });
    Served::start(&scenario, &["--speed", "max"])
}

/// The lecture's servers without idle time.
fn lecture_at_once(args: &[&str]) -> Served {
    Served::start(&lecture(), &[&["--speed", "max"], args].concat())
}
