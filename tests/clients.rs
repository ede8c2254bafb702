//! Mail by clients that nobody wrote for it: every message comes back octet for octet, whichever way it went in and out.
//!
//! The environment variable `POSTHASTE_PYTHON` names a Python whose mail libraries are those clients, as `.ci/live` does.
//! What is played here in any case is a small part of the same, by sockets.

#![cfg(target_os = "linux")]

mod common;

#[path = "common/served.rs"]
mod served;

use std::env;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use common::root;
use serde_json::json;
use served::{Client, Served, mailbox, original};

/// Would break if Python's smtplib, poplib or imaplib met a server that they do not understand, or a message were changed.
#[test]
fn python_finds_the_servers_that_it_expects() {
    let Some(python) = env::var_os("POSTHASTE_PYTHON") else {
        eprintln!("POSTHASTE_PYTHON is not set: .ci/live plays this test's part by Python");
        return;
    };
    let script = root().join(".ci/live-clients.py");
    let output = Command::new(python).arg(script).arg(env!("CARGO_BIN_EXE_posthaste")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().last().unwrap_or_default();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let count: usize = last.strip_suffix(" checks, 0 failed").unwrap().parse().unwrap();
    assert!(count > 300, "it has lost its checks: {last}");
    // .ci/live looks for this line.
    println!("by Python: {last}");
}

/// Messages that something on the way might change.
fn messages() -> Vec<Vec<u8>> {
    let head = "From: alice@crepes.fr\r\nSubject: pickles\r\nMessage-ID: <p@crepes.fr>\r\n";
    let octets: Vec<u8> = (1..=255).filter(|octet| !b"\r\n".contains(octet)).collect();
    let long = |octet: &str| octet.repeat(998);
    let bodies = [
        String::new(),
        "\r\n".to_owned(),
        "\r\nhi\r\n".to_owned(),
        "\r\n.\r\n..\r\n.x\r\n\r\n.\r\n. \r\n".to_owned(),
        format!("X-Folded: a\r\n\tb\r\n\r\n{}\r\n{}\r\n.{}\r\n", long("a"), long("."), "b".repeat(997)),
        "\r\n".repeat(30),
        format!("\r\n{}", "ketchup and pickles\r\n".repeat(5_000)),
    ];
    let mut messages: Vec<Vec<u8>> = bodies.iter().map(|body| format!("{head}{body}").into_bytes()).collect();
    messages.push([head.as_bytes(), b"\r\n", &octets, b"\r\n"].concat());
    messages.push(b"\r\nno header\r\n".to_vec());
    messages
}

/// What IMAP gives for each message of a mailbox.
fn by_imap(served: &Served, server: &str, user: &str, section: &str) -> Vec<Vec<u8>> {
    let mut client = served.client("imap", server);
    client.hear("* OK");
    client.ask(&format!("a LOGIN {user} hungry"), "a OK");
    client.say("b SELECT INBOX");
    let mut count = 0;
    loop {
        let line = String::from_utf8(client.line()).unwrap();
        if let Some(number) = line.strip_prefix("* ").and_then(|line| line.strip_suffix(" EXISTS\r\n")) {
            count = number.parse().unwrap();
        }
        if line.starts_with("b ") {
            break;
        }
    }
    let messages = (1..=count).map(|number| fetch(&mut client, number, section)).collect();
    client.ask("d LOGOUT", "* BYE");
    client.hear("d OK");
    client.hears_the_end();
    messages
}

/// One section, which ends with an end of line and comes as a literal.
fn fetch(client: &mut Client, number: usize, section: &str) -> Vec<u8> {
    let line =
        client.ask(&format!("c FETCH {number} BODY.PEEK[{section}]"), &format!("* {number} FETCH (BODY[{section}] "));
    let (_, size) = line.split_once('{').unwrap_or_else(|| panic!("no literal: {line}"));
    let size: usize = size.strip_suffix('}').unwrap().parse().unwrap();
    let mut content = Vec::with_capacity(size);
    while content.len() < size {
        content.extend(client.line());
    }
    assert_eq!(content.len(), size);
    client.hear(")");
    client.hear("c OK");
    content
}

/// Would break if a message were changed on its way in by SMTP, between servers, or on its way out by POP3 or IMAP.
#[test]
fn messages_come_back_octet_for_octet() {
    let scenario = json!({
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob", "dave"] } },
        "live": { "host": "visitor" }
    });
    let mut served = Served::start(&scenario, &["--speed", "max"]);
    let messages = messages();
    let mut outside = served.client("smtp", "hamburger.edu");
    outside.greet();
    let mut author = served.client("submission", "crepes.fr");
    author.hear("220");
    author.say("EHLO client.example");
    while author.line().starts_with(b"250-") {}
    author.ask(&format!("AUTH PLAIN {}", BASE64_STANDARD.encode("\0alice\0hungry")), "235");
    for (number, message) in (1..).zip(&messages) {
        outside.hand_in("bob@hamburger.edu", message);
        author.hand_in("dave@hamburger.edu", message);
        // One by one, so that they stay in order.
        served.until("mail dave", |answer| answer.contains(&format!(": {number} message")));
    }
    for client in [&mut outside, &mut author] {
        client.ask("QUIT", "221");
        client.hears_the_end();
    }
    for (user, hops) in [("bob", 1), ("dave", 2)] {
        let found = mailbox(&served, "hamburger.edu", user);
        assert_eq!(found.len(), messages.len());
        for (found, sent) in found.iter().zip(&messages) {
            assert!(original(found, sent) == sent, "{user}: {}", found[..found.len().min(400)].escape_ascii());
            let trace = String::from_utf8(found[..found.len() - sent.len()].to_vec()).unwrap();
            assert_eq!(trace.matches("Received: ").count(), hops, "{trace}");
        }
        assert!(by_imap(&served, "hamburger.edu", user, "") == found, "IMAP shows {user} other messages than POP3");
        let heads = by_imap(&served, "hamburger.edu", user, "HEADER");
        for (head, whole) in heads.iter().zip(&found) {
            assert!(whole.starts_with(head), "{}", head.escape_ascii());
        }
    }
    let ended = served.quit();
    assert_eq!(ended.metric("messages.refused"), 0.0);
}
