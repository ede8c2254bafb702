//! `explain`: that a cause is what the trace holds responsible, and who shares what with whom.

use serde_json::json;

use super::lives::{explain, library, tells};
use super::{Desk, read_json, small, with};

/// Breaks when a fault that only was in force at the time counts as a cause, or the one that was it does not.
#[test]
fn what_only_happened_at_the_time_is_no_cause() {
    let desk = Desk::new();
    let path = format!("{}/scenarios/labs/orders-do-not-come.json", env!("CARGO_MANIFEST_DIR"));
    // nobody calls this port: it was named as the cause of each refusal
    let fault = json!([{ "host": "home.net", "port": 25, "at": "0s", "for": "20h" }]);
    desk.scenario("s.json", &with(read_json(path.as_ref()), "/faults", fault));
    let text = explain(&desk, "s.json", &["--message", "1.carl@home.net"]);
    tells(&text, &["www.bakery.org refused the connection, because nobody listens on port 25 of www.bakery.org; next"]);
    assert!(!text.contains("port 25 of home.net"), "{text}");
    let port = json!([{ "host": "hamburger.edu", "port": 25, "at": "0s", "for": "10min" }]);
    desk.scenario("s.json", &with(small(), "/faults", port));
    let because = "because nobody listened on port 25 of hamburger.edu from 0 s until 600 s";
    tells(&explain(&desk, "s.json", &["--message", "1.alice@crepes.fr"]), &["refused the connection", because]);
}

/// Breaks when an attempt that its own host breaks off is told as a broken connection, or the host at the other end
/// that goes down is no cause.
#[test]
fn hosts_that_go_down_within_an_attempt() {
    let desk = Desk::new();
    let down = |host: &str, at: &str| json!([{ "host": host, "at": at, "for": "10min" }]);
    desk.scenario("own.json", &with(small(), "/faults", down("crepes.fr", "300ms")));
    let text = explain(&desk, "own.json", &["--message", "1.alice@crepes.fr"]);
    let parts = ["broken off after", "crepes.fr itself goes down, because crepes.fr was down from 0.3 s until 600.3 s"];
    tells(&text, &[&parts[..], &["the next attempt begins as soon as it works again", "begins attempt 2"]].concat());
    desk.scenario("other.json", &with(small(), "/faults", down("hamburger.edu", "500ms")));
    let text = explain(&desk, "other.json", &["--message", "1.alice@crepes.fr"]);
    tells(&text, &["deferred after", "because hamburger.edu was down from 0.5 s until 600.5 s"]);
}

/// Breaks when one of two recipients whom one courier carries has no look-ups or no connection.
#[test]
fn two_recipients_of_one_attempt() {
    let desk = Desk::new();
    let scenario = with(small(), "/mail/hamburger.edu/users", json!(["bob", "carol"]));
    let both = json!(["bob@hamburger.edu", "carol@hamburger.edu"]);
    desk.scenario("s.json", &with(scenario, "/workload/0/to", both));
    let text = explain(&desk, "s.json", &["--message", "1.alice@crepes.fr"]);
    let (bob, carol) = text.split_at(text.find("for carol@hamburger.edu").unwrap());
    for text in [bob, carol] {
        tells(
            text,
            &[
                "crepes.fr asks the DNS for hamburger.edu MX, where mail for that domain goes",
                "crepes.fr asks the DNS for hamburger.edu A, the address of that host",
                "it opens the connection crepes.fr#1 to hamburger.edu",
            ],
        );
        assert_eq!(text.matches(" MX, where").count(), 1, "{text}");
    }
    // another message waits for what the first one's courier finds out
    let second = json!({ "from": "alice@crepes.fr", "to": "carol@hamburger.edu" });
    let scenario = with(small(), "/mail/hamburger.edu/users", json!(["bob", "carol"]));
    desk.scenario("s.json", &with(scenario, "/workload/1", second));
    let text = explain(&desk, "s.json", &["--message", "2.alice@crepes.fr"]);
    tells(&text, &["for another copy, and this one waits for that: it got the records"]);
}

/// Breaks when an alias onto somebody who has the message is told as if it made copies.
#[test]
fn an_alias_onto_somebody_who_has_the_message() {
    let desk = Desk::new();
    let scenario = with(small(), "/mail/hamburger.edu/aliases", json!({ "robert": "bob@hamburger.edu" }));
    let both = json!(["bob@hamburger.edu", "robert@hamburger.edu"]);
    desk.scenario("s.json", &with(scenario, "/workload/0/to", both));
    let text = explain(&desk, "s.json", &["--message", "1.alice@crepes.fr", "--to", "robert@hamburger.edu"]);
    tells(
        &text,
        &[
            "<1.alice@crepes.fr> for robert@hamburger.edu: it stands for others who have a copy",
            "takes robert@hamburger.edu for others, all of whom have a copy of this message already: it makes no other",
        ],
    );
    assert!(!text.contains("the an "), "{text}");
}

/// Breaks when a user agent that cannot reach its server is told without the cause, or each of its tries is told.
#[test]
fn tries_to_submit_have_causes_and_are_folded() {
    let text = library(&Desk::new(), "labs/reading-but-not-writing", &["--message", "1.w1@office.com"]);
    let because =
        "its server refused the connection, because nobody listened on port 587 of office.com from 0 s to the end";
    tells(&text, &["w1-pc.office.com cannot hand it over", because, "more attempts, each 5 min apart, until", because]);
}

/// Breaks when a sender who came back too late for a greylist passes for one who was never seen, or a lame server for
/// one that serves the zone.
#[test]
fn labs_are_told_truly() {
    let desk = Desk::new();
    let text = library(&desk, "labs/partner-never-gets-through", &["--message", "1.ray@registry.org"]);
    tells(&text, &["not seen before", "put off 30 min before, which was too soon or too late for it; RFC 6647"]);
    let text = library(&desk, "labs/two-name-servers", &["--query", "pc.d.edu?10"]);
    tells(&text, &["it asks ns2.museum.org instead, named as a server of museum.org", "it is lame for this zone"]);
    assert!(!text.contains("which serves"), "{text}");
}

/// Breaks when a copy that a list made passes for a letter of the list's owner.
#[test]
fn a_lists_copy_has_its_author() {
    let text = library(&Desk::new(), "mailing-list", &["--message", "1.alice@club.org", "--to", "u50@east.edu"]);
    tells(
        &text,
        &["alice@club.org writes it", "club.org accepts it", "the list all@club.org makes a copy for", "tells olga@"],
    );
}

/// Breaks when a refusal at the submission has no words, or an alias that leads back to itself passes for many servers.
#[test]
fn ends_have_their_words() {
    let desk = Desk::new();
    let text = library(&desk, "submission", &["--message", "2.carol@crepes.fr"]);
    tells(&text, &["its user agent gives up: its server answered \"5", "\", a refusal for good (RFC 5321 4.2.1)"]);
    let text = library(&desk, "mail-loop", &["--message", "4.dora@home.fr"]);
    tells(&text, &["given up: it would go round in circles (\"mail for tick@home.fr goes round in a circle\")"]);
    assert!(!text.contains("too many servers"), "{text}");
}
