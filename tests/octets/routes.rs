//! Messages survive every route: from server to server, by a smart host, through an alias, a list and a forward, and over a
//! backup exchanger, by DATA and by BDAT. What lies in each mailbox is what was submitted, but for trace fields.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use posthaste::app::App;
use serde_json::{Value, json};

use super::common::run_value;
use super::payloads::{behind_trace_fields, message_id};

/// Where the message goes, and the mailbox in which it then lies.
const ROUTES: [(&str, &str); 7] = [
    ("alice@crepes.fr", "alice@crepes.fr"),
    ("bob@hamburger.edu", "bob@hamburger.edu"),
    ("info@hamburger.edu", "beth@hamburger.edu"),
    ("team@hamburger.edu", "bill@hamburger.edu"),
    ("moved@hamburger.edu", "carlos@tapas.org"),
    ("carmen@tapas.org", "carmen@tapas.org"),
    ("dora@backed.net", "dora@backed.net"),
];

/// The servers, and who writes from behind a smart host to all of them.
fn scenario(message: &[u8], smtp: &Value) -> Value {
    let to: Vec<&str> = ROUTES.iter().map(|(to, _)| *to).collect();
    json!({
        "title": "every route",
        "run": { "until": "4h" },
        "mail": {
            "home.net": { "users": ["zoe"], "smart_host": "crepes.fr", "smtp": smtp },
            "crepes.fr": { "users": ["alice"], "smtp": smtp },
            "hamburger.edu": {
                "users": ["bob", "beth", "bill", "moved"], "smtp": smtp,
                "aliases": { "info": "beth" },
                "lists": { "team": { "members": "bill", "owner": "bob" } }
            },
            "tapas.org": { "users": ["carlos", "carmen"], "smtp": smtp },
            "backed.net": { "users": ["dora"], "smtp": smtp,
                            "relays": { "mx2.backed.net": { "smtp": smtp, "retry": { "every": "5min", "lifetime": "3h" } } } }
        },
        "users": { "moved@hamburger.edu": { "forward": "carlos@tapas.org" } },
        "network": { "hosts": { "mx2.backed.net": {} } },
        // Until the relay has the message, so that it comes from there.
        "faults": [{ "at": "0s", "for": "30min", "host": "backed.net" }],
        "workload": [{
            "from": "zoe@home.net", "to": to, "messages": [{ "base64": BASE64_STANDARD.encode(message) }]
        }]
    })
}

/// By mailbox, each message with the number of its Received fields.
fn arrived(scenario: &Value) -> BTreeMap<String, Vec<(Vec<u8>, usize)>> {
    let finished = run_value(scenario);
    let mut found: BTreeMap<String, Vec<(Vec<u8>, usize)>> = BTreeMap::new();
    for (_, app) in finished.world.apps() {
        let App::MailServer(server) = app else { continue };
        for maildrop in server.mailboxes().filter(|maildrop| maildrop.count() > 0) {
            let messages = maildrop.messages().iter().map(|message| {
                let inner = behind_trace_fields(&message.content).to_vec();
                let trace =
                    String::from_utf8_lossy(&message.content[..message.content.len() - inner.len()]).into_owned();
                (inner, trace.matches("Received: ").count())
            });
            found.insert(maildrop.address().to_owned(), messages.collect());
        }
    }
    found
}

/// A message that everything on the way might change.
fn message() -> Vec<u8> {
    let octets: Vec<u8> = (1..=255).filter(|octet| !b"\r\n".contains(octet)).collect();
    let mut message =
        b"From: zoe@home.net\r\nTo: all: ;\r\nSubject: a\r\n\tfolded\r\n  twice\r\nX-Odd:\r\nx-long: ".to_vec();
    message.extend([b'h'; 900]);
    message.extend(b"\r\n\r\n.\r\n..\r\n...x\r\n.\r\nFrom here\r\n>From there\r\n \t \r\n");
    for line in ["a".repeat(998), ".".repeat(998), format!(".{}", "b".repeat(997))] {
        message.extend(line.as_bytes());
        message.extend(b"\r\n");
    }
    message.extend(&octets);
    message.extend(b"\r\n\xc0 midi\r\n\r\n\r\n.\r\n");
    message
}

/// The header fields that are not the run's own, and the body.
fn own(message: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let end = message.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in message[..end + 2].split_inclusive(|octet| *octet == b'\n') {
        match fields.last_mut().filter(|_| line.starts_with(b" ") || line.starts_with(b"\t")) {
            Some(field) => field.extend(line),
            None => fields.push(line.to_vec()),
        }
    }
    fields.retain(|field| !field.starts_with(b"Date:") && !field.starts_with(b"Message-ID:"));
    (fields, message[end + 4..].to_vec())
}

/// Would break if any route lost a period, cut or folded a line, or masked an octet; or if a server were left out.
#[test]
fn messages_survive_every_route() {
    for smtp in [json!({}), json!({ "chunking": true, "pipelining": true })] {
        let message = message();
        let arrived = arrived(&scenario(&message, &smtp));
        for (to, mailbox) in ROUTES {
            let found = arrived.get(mailbox).unwrap_or_else(|| panic!("nothing came for {to}: {:?}", arrived.keys()));
            let [(inner, hops)] = &found[..] else { panic!("{} messages in {mailbox}", found.len()) };
            assert!(own(inner) == own(&message), "{to}: {}", inner.escape_ascii());
            assert!(message_id(inner).contains("zoe@home.net"), "{to}");
            // The writer's server and the smart host are passed by all; then one more, and where it is passed on two.
            let expected = match to {
                "alice@crepes.fr" => 2,
                "moved@hamburger.edu" | "dora@backed.net" => 4,
                _ => 3,
            };
            assert_eq!(*hops, expected, "{to}");
        }
    }
}

/// What RFC 5322 section 4 lets nobody write no route is given: the scenario is refused. What another client of a server
/// writes is tested beside this.
#[test]
fn no_route_is_given_what_no_message_may_hold() {
    for body in [&b"a\0b"[..], b"bare\rCR", b"\r\r\n"] {
        let message = [b"From: zoe@home.net\r\nSubject: x\r\n\r\n", body, b"\r\n"].concat();
        let text = scenario(&message, &json!({})).to_string();
        let refused = posthaste::scenario::load("test.json", &text).err().map(|errors| errors.to_string());
        assert!(refused.is_some_and(|told| told.contains("messages[0]")), "{}", body.escape_ascii());
    }
}
