//! Mistakes that a reader of the documents makes: each is refused at its place, with a way out.

use serde_json::{Value, json};

use super::testing::the_error;
use super::*;

const LINE: &str = "router.crepes.fr--internet";

/// The short scenario with one key of it replaced.
fn with(key: &str, value: Value) -> Value {
    let mail = json!({ "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } });
    let mut scenario = json!({ "mail": mail });
    scenario[key] = value;
    scenario
}

#[track_caller]
fn refused(key: &str, cases: Vec<(Value, &str, &[&str])>) {
    for (value, path, words) in cases {
        testing::refused(&with(key, value), path, words);
    }
}

#[test]
fn faults_that_can_never_be() {
    let on = |rest: Value| {
        let mut fault = json!({ "at": "2s", "for": "1s" });
        fault.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!([fault])
    };
    let router = "router.crepes.fr";
    refused(
        "faults",
        vec![
            (on(json!({ "host": router, "processing": "1ms" })), "faults[0].host", &["is a router"]),
            (on(json!({ "host": router, "port": 25 })), "faults[0].host", &["is a router"]),
            (on(json!({ "host": "crepes.fr", "port": 0 })), "faults[0].port", &["no port 0", "whole host"]),
            (
                on(json!({ "link": LINE, "every": "5s", "until": "1s" })),
                "faults[0].until",
                &["`until` is before `at`", "beginning of the run"],
            ),
            (
                json!([{ "link": LINE, "at": "2s", "mean_up": "5s", "mean_down": "5s", "until": "1s" }]),
                "faults[0].until",
                &["`until` is before `at`"],
            ),
            (on(json!({ "partition": [] })), "faults[0].partition", &["names nobody", "hosts and sites"]),
            (
                on(json!({ "partition": ["pizza.italy"] })),
                "faults[0].partition[0]",
                &["no host or site \"pizza.italy\"", "known here: \"a.root-servers.net\"", "more"],
            ),
            (on(json!({ "partition": ["hamburgr.edu"] })), "faults[0].partition[0]", &["did you mean"]),
            (
                on(json!({ "link": "x" })),
                "faults[0].link",
                &["no link \"x\"", "known here: \"a.root-servers.net--internet", "more"],
            ),
        ],
    );
    for fine in [json!({ "host": router }), json!({ "host": router, "change": { "loss": 1 } })] {
        load("test", &with("faults", on(fine)).to_string()).unwrap();
    }
}

#[test]
fn services_that_are_named_twice_or_nowhere() {
    let host = |name: &str, sessions: Value| json!({ "hosts": { name: { "sessions": sessions } } });
    let place = "network.hosts.\"crepes.fr\".sessions";
    refused(
        "network",
        vec![
            (
                host("crepes.fr", json!({ "25": { "most": 1 }, "smtp": { "most": 2 } })),
                &format!("{place}.smtp"),
                &["\"25\" is port 25 too", "leave one"],
            ),
            (
                host("crepes.fr", json!({ "110": { "most": 1 }, "0110": { "most": 2 } })),
                &format!("{place}.110"),
                &["\"0110\" is port 110 too"],
            ),
            (
                host("crepes.fr", json!({ "smtp": { "most": 1, "when_full": 421 } })),
                &format!("{place}.smtp.when_full"),
                &["string", "\"421\""],
            ),
            (
                json!({ "hosts": { "r": { "router": true, "sessions": { "smtp": { "most": 1 } } } } }),
                "network.hosts.r.sessions",
                &["no services"],
            ),
        ],
    );
}

#[test]
fn lists_of_ports_without_a_port() {
    for (key, choice) in [("capture", json!({ "ports": [] })), ("cwnd", json!({ "ports": [], "hosts": "crepes.fr" }))] {
        let (path, said) = the_error(&with("outputs", json!({ key: choice })));
        assert_eq!(path, format!("outputs.{key}.ports"));
        assert!(said.contains("names no port") && said.contains("leave it out"), "{said}");
    }
}

#[test]
fn values_of_another_kind() {
    let access = |key: &str, value: Value| json!({ "access": { key: value } });
    let tcp = |value: Value| json!({ "tcp": value });
    refused(
        "network",
        vec![
            (access("loss", json!("5%")), "network.access.loss", &["from 0 to 1", "write 0.05"]),
            (access("loss", json!("0.5")), "network.access.loss", &["not the text \"0.5\": write 0.5"]),
            (access("delay", json!("-5ms")), "network.access.delay", &["is negative"]),
            (access("jitter", json!({ "extra": "-5ms" })), "network.access.jitter.extra", &["is negative"]),
            (access("delay", json!(["5ms"])), "network.access.delay", &["a duration as a string, like \"5ms\""]),
            (tcp(json!({ "receive_window": "1B" })), "network.tcp.receive_window", &["`mss` is 1460", "larger window"]),
            (tcp(json!({ "receive_window": "1B", "mss": 1461 })), "network.tcp.mss", &["not above the receive window"]),
            (tcp(json!({ "min_rto": "61s" })), "network.tcp.min_rto", &["(1min) must not be below `min_rto`", "raise"]),
            (
                tcp(json!({ "max_rto": "900ms", "min_rto": "800ms" })),
                "network.tcp.max_rto",
                &["must not be below `initial_rto` (1s)"],
            ),
        ],
    );
    let (_, said) = the_error(&with("network", access("loss", json!("500%"))));
    assert!(!said.contains("write"), "{said}");
    let jitter = json!([{ "link": LINE, "change": { "jitter": { "extra": "5ms" } } }]);
    let (path, said) = the_error(&with("faults", jitter));
    assert_eq!(path, "faults[0].change.jitter");
    assert!(said.contains("like \"exponential 5ms\", found an object"), "{said}");
}

#[test]
fn what_the_users_of_a_domain_share() {
    let mail = |rest: Value| {
        let mut domain = json!({ "users": ["alice", "u{1..300}"] });
        domain.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!({ "crepes.fr": domain })
    };
    let place = "mail.\"crepes.fr\"";
    refused(
        "mail",
        vec![
            (
                mail(json!({ "computer": "terminal-room.crepes.fr" })),
                &format!("{place}.computer"),
                &["no host", "`network.hosts`"],
            ),
            (mail(json!({ "computer": "crepes.ft" })), &format!("{place}.computer"), &["did you mean \"crepes.fr\""]),
            (mail(json!({ "computer": "router.crepes.fr" })), &format!("{place}.computer"), &["is a router"]),
            (mail(json!({ "password": "two words" })), &format!("{place}.password"), &["no blanks"]),
            (mail(json!({ "catch_all": {} })), &format!("{place}.catch_all"), &["needs a mailbox"]),
            (
                mail(json!({ "catch_all": { "mailbox": "alcie" } })),
                &format!("{place}.catch_all.mailbox"),
                &["no user \"alcie\"", "did you mean \"alice\""],
            ),
            (
                mail(json!({ "catch_all": { "mailbox": "alice", "except": ["no*", "a@b"] } })),
                &format!("{place}.catch_all.except[1]"),
                &["before the @"],
            ),
            (mail(json!({ "catch_all": "alice" })), &format!("{place}.catch_all"), &["object"]),
        ],
    );
    let mut caught = with("mail", mail(json!({ "catch_all": { "mailbox": "u1", "except": ["No*"] } })));
    caught["workload"] = json!([{ "from": "alice@crepes.fr", "to": "anybody@crepes.fr" }]);
    assert!(load("caught", &caught.to_string()).is_ok());
    caught["workload"][0]["to"] = json!("nobody@crepes.fr");
    assert_eq!(the_error(&caught).0, "workload[0].to");
}

#[test]
fn names_that_are_near_to_nothing() {
    let expect = |name: &str| with("expect", json!([{ "metric": name, "equals": 1 }]));
    let (_, said) = the_error(&expect("connections.quality_of_service"));
    assert!(said.contains("metrics there: \"connections."), "{said}");
    let (_, said) = the_error(&expect("what.is_this"));
    assert!(said.contains("groups of metrics: \"attempts\", \"bounces\""), "{said}");
    let message = |to: &str| with("workload", json!([{ "from": "alice@crepes.fr", "to": to }]));
    let (_, said) = the_error(&message("bob@university.edu"));
    assert!(said.contains("mail domains: \"crepes.fr\", \"hamburger.edu\""), "{said}");
    let (_, said) = the_error(&message("elizabeth@hamburger.edu"));
    assert!(said.contains("users there: \"bob\""), "{said}");
}

#[test]
fn frequencies_that_are_none() {
    let poisson =
        |rate: &str| with("workload", json!([{ "poisson": { "rate": rate }, "from": "every-user", "to": "any-user" }]));
    for (rate, message) in [
        ("0/s", "above zero"),
        ("0.0 per hour", "above zero"),
        ("-1/s", "above zero"),
        ("2000000000/s", "at most one in a nanosecond"),
        ("./s", "not a frequency"),
        ("often", "not a frequency"),
    ] {
        let (path, said) = the_error(&poisson(rate));
        assert_eq!(path, "workload[0].poisson.rate");
        assert!(said.contains(message), "{rate}: {said}");
    }
}
