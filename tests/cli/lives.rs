//! `explain`: the lives of messages, look-ups and connections in sentences, over the library's scenarios
//! and small ones. Each test names what a reader must learn from the text, not its every word.

use serde_json::{Value, json};

use super::{Desk, Said, read_json, small, with};

/// What `explain` says of a scenario of the library.
pub(super) fn library(desk: &Desk, name: &str, args: &[&str]) -> String {
    let path = format!("{}/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    explain(desk, &path, args)
}

pub(super) fn explain(desk: &Desk, run: &str, args: &[&str]) -> String {
    let said: Said = desk.posthaste(&[&["explain", run], args].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    said.out
}

/// The text has these parts, in this order.
#[track_caller]
pub(super) fn tells(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?}, or not in its place, in:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

/// Breaks when the cause of a deferral is not named, or the next attempt and its section are not; and when
/// reading by POP3 loses its wait.
#[test]
fn an_outage_and_a_reader_by_pop3() {
    let text = library(&Desk::new(), "recipient-down", &["--message", "1.alice@crepes.fr"]);
    tells(
        &text,
        &[
            "<1.alice@crepes.fr> for bob@hamburger.edu: delivered and fetched",
            "crepes.fr accepts it on the connection alice-pc.crepes.fr#1, names it Q000001",
            "(RFC 5321 6.1)",
            "crepes.fr begins attempt 1",
            "hamburger.edu MX, where mail for that domain goes",
            "it opens the connection crepes.fr#1 to hamburger.edu, port 25: timed out after 63 s, 6 SYNs were sent",
            "deferred after 63.34 s: hamburger.edu did not answer the call for a connection, because hamburger.edu was down \
             from 0 s until 7800 s; next attempt in 28.94 min, at 1800.198 s (RFC 5321 4.5.4.1)",
            "6 packets from crepes.fr to hamburger.edu were lost at hamburger.edu: the host was down",
            "begins attempt 6",
            "hamburger.edu stores it in the mailbox of bob@hamburger.edu",
            "hamburger.edu has it: it said 250",
            "until somebody looked, it had waited for 29.99 min",
            "bob@hamburger.edu fetches it by POP3 on bob-pc.hamburger.edu, connection bob-pc.hamburger.edu#1",
            "Its time went into: ",
        ],
    );
}

/// Breaks when a rule of conduct is not named, when it is not said for how long a triplet waited, or the
/// calendar is missing where the scenario has one.
#[test]
fn greylisting_by_the_calendar() {
    let desk = Desk::new();
    let text = library(&desk, "greylisting", &["--message", "<1.alice@crepes.fr>", "--to", "bob@hamburger.edu"]);
    tells(
        &text,
        &[
            "hamburger.edu answered \"450 4.7.1 Greylisted, try again later\", because the rule \"greylisting\" of hamburger.edu",
            "sender alice@crepes.fr, recipient bob@hamburger.edu: not seen before",
            "next attempt in 29.99 min",
            "RFC 5321 4.2.1, RFC 5321 4.5.4.1",
            "hamburger.edu has it",
            "lets it pass now, 29.99 min after it was first put off (RFC 6647)",
        ],
    );
    let path = format!("{}/scenarios/recipient-down.json", env!("CARGO_MANIFEST_DIR"));
    desk.scenario("dated.json", &with(read_json(path.as_ref()), "/start", json!("2026-03-02T09:00:00Z")));
    let text = explain(&desk, "dated.json", &["--message", "1.alice@crepes.fr"]);
    tells(
        &text,
        &[
            "Mon 02 Mar 09:00:00  0.000000 s",
            "was down from Mon 02 Mar 09:00:00 (0 s) until Mon 02 Mar 11:10:00 (7800 s)",
        ],
    );
}

/// Breaks when a reply that got lost, its cause or the duplicate that follows is not told, or when one
/// copy's connections are ascribed to another.
#[test]
fn a_lost_reply_and_the_second_copy() {
    let text = library(&Desk::new(), "lost-reply", &["--message", "1.alice@crepes.fr"]);
    let (bob, carlos) = text.split_at(text.find("for carlos@tapas.org").unwrap());
    tells(
        bob,
        &[
            "hamburger.edu has taken it over crepes.fr#1 and says 250, but crepes.fr never hears that",
            "(RFC 5321 6.1, RFC 1047)",
            "the rule \"lost\" of hamburger.edu ended the connection when the message had come, though the message was taken",
            "stores it once more, because a reply was lost and it was sent again",
        ],
    );
    assert!(!bob.contains("tapas.org MX") && !bob.contains("crepes.fr#2"), "{bob}");
    tells(
        carlos,
        &[
            "tapas.org gave no reply in time, because the rule \"late\" of tapas.org put its reply off by 11 min when the message had come",
        ],
    );
    tells(carlos, &["RFC 5321 4.5.3.2"]);
}

/// Breaks when a failed look-up's cause does not come through: which server was silent, and why.
#[test]
fn dead_name_servers() {
    let desk = Desk::new();
    let faults = json!([{ "host": "ns.hamburger.edu", "at": "0s", "for": "1h" }]);
    desk.scenario("s.json", &with(small(), "/faults", faults));
    let text = explain(&desk, "s.json", &["--message", "1.alice@crepes.fr"]);
    tells(
        &text,
        &[
            "the DNS did not tell where mail for hamburger.edu goes",
            "because crepes.fr asked resolver.crepes.fr for hamburger.edu MX",
            "for that resolver.crepes.fr asked ns.hamburger.edu",
            "5 times, which gave no answer in time, because 5 packets from resolver.crepes.fr to ns.hamburger.edu were lost at \
             ns.hamburger.edu: the host was down",
            "and ns.hamburger.edu was down from 0 s until 3600 s",
            "hamburger.edu has it",
        ],
    );
    let text = explain(&desk, "s.json", &["--query", "hamburger.edu"]);
    tells(
        &text,
        &[
            "Look-up of hamburger.edu MX by crepes.fr: ",
            "its stub resolver asks resolver.crepes.fr",
            "is named as a server of the root, where one begins who knows no better",
            "referred it to ns.hamburger.edu, named as a server of hamburger.edu",
            "has waited",
            "lost at ns.hamburger.edu: the host was down",
            "ns.hamburger.edu was down from 0 s until 3600 s",
            "ns.hamburger.edu gave no answer in time: it asks the same server again",
        ],
    );
    let nowhere = json!([{ "from": "alice@crepes.fr", "to": "bob@nowhere.example" }]);
    let scenario = with(with(small(), "/workload", nowhere), "/run/until", json!("1h"));
    desk.scenario("n.json", &with(scenario, "/allow_unknown", json!(true)));
    let said = desk.posthaste(&["explain", "n.json", "--message", "1.alice@crepes.fr"]);
    if said.code == 0 {
        tells(&said.out, &["the domain nowhere.example does not exist", "there is no such name"]);
    }
}

/// Breaks when a loop's end or a list's copies are not told, or who makes a copy for whom.
#[test]
fn a_loop_and_a_list() {
    let desk = Desk::new();
    let text = library(&desk, "mail-loop", &["--message", "1.dora@home.fr", "--to", "ann@ann.org"]);
    tells(
        &text,
        &[
            "at ann.edu the forward ann@ann.edu makes a copy for ann@ann.org of it (RFC 5321 3.9)",
            "given up: it has gone round in circles",
            "(RFC 5321 6.3, RFC 5321 6.1)",
            "tells dora@home.fr so",
        ],
    );
    let text = library(&desk, "mailing-list", &["--message", "1.alice@club.org", "--to", "all@club.org"]);
    tells(
        &text,
        &["turned into copies for others", "the list all@club.org turns it into copies for", " and 187 others"],
    );
    let text = library(&desk, "mailing-list", &["--message", "1.alice@club.org", "--to", "u50@east.edu"]);
    tells(
        &text,
        &[
            "at club.org the list all@club.org makes a copy for u50@east.edu of it",
            "failed for good",
            "because there is no such mailbox (status 5.1.1, RFC 3463 3.2)",
            "tells olga@club.org so",
        ],
    );
}

/// Breaks when a full mailbox is not named as such, with what it held.
#[test]
fn a_full_mailbox() {
    let desk = Desk::new();
    let letter = |at: &str| json!({ "at": at, "from": "alice@crepes.fr", "to": "bob@hamburger.edu" });
    let read = json!({ "at": "1h", "user": "bob@hamburger.edu", "read": "pop3" });
    let scenario = with(small(), "/workload", json!([letter("0s"), letter("1min"), read]));
    desk.scenario("s.json", &with(scenario, "/mail/hamburger.edu/quota", json!({ "messages": 1 })));
    let text = explain(&desk, "s.json", &["--message", "2.alice@crepes.fr"]);
    tells(
        &text,
        &[
            "hamburger.edu answered \"452 4.2.2",
            "because the mailbox is full (status 4.2.2, RFC 3463 3.3)",
            "next attempt in",
            "that mailbox held 1 message of",
            "hamburger.edu has it",
        ],
    );
}

/// Breaks when TLS that fails and the connection without it are not told.
#[test]
fn tls_that_does_not_come_about() {
    let desk = Desk::new();
    let client = json!({ "tls": { "version": "1.2", "client": "when_offered" } });
    let scenario = with(small(), "/mail/crepes.fr/smtp", client);
    desk.scenario("s.json", &with(scenario, "/mail/hamburger.edu/smtp", json!({ "offers": ["SIZE", "STARTTLS"] })));
    let text = explain(&desk, "s.json", &["--message", "1.alice@crepes.fr"]);
    tells(
        &text,
        &[
            "it opens the connection crepes.fr#1 to hamburger.edu",
            "the TLS handshake fails (RFC 8446 6.2)",
            "it opens the connection crepes.fr#2 to hamburger.edu",
            "hamburger.edu has it",
        ],
    );
}

/// Breaks when who reads by IMAP or webmail, on which device and what becomes of it is lost.
#[test]
fn readers_by_imap_and_webmail() {
    let desk = Desk::new();
    let read = json!({ "at": "1min", "user": "bob@hamburger.edu", "read": "imap" });
    desk.scenario("s.json", &with(small(), "/workload/1", read));
    let text = explain(&desk, "s.json", &["--message", "1.alice@crepes.fr"]);
    tells(&text, &["bob@hamburger.edu looks for mail by IMAP on bob-pc.hamburger.edu", "it had waited for 5"]);
    tells(&text, &["bob@hamburger.edu sees it on bob-pc.hamburger.edu"]);
    let text = library(&desk, "webmail", &["--message", "w1.alice@crepes.fr"]);
    tells(
        &text,
        &[
            "looks for mail by webmail (HTTP)",
            "fetches it by webmail (HTTP)",
            "opens it by webmail (HTTP) on bob-pc.hamburger.edu, folder INBOX",
            "opens an attachment of it",
            "answers it",
        ],
    );
    desk.scenario("unread.json", &with(small(), "/workload", json!([small()["workload"][0]])));
    let text = explain(&desk, "unread.json", &["--message", "1.alice@crepes.fr"]);
    tells(&text, &["the run ends, and nobody has fetched it"]);
}

/// Breaks when the losses of a connection, their causes and what was sent again for them are not told, or
/// what was said.
#[test]
fn a_connection_with_losses() {
    let desk = Desk::new();
    let text = library(&desk, "flaky-link", &["--conn", "crepes.fr#29"]);
    tells(
        &text,
        &[
            "crepes.fr#29: from crepes.fr to hamburger.edu, port 25 (SMTP between servers)",
            "crepes.fr sends its first SYN (RFC 9293 3.5)",
            "for attempt 1 of crepes.fr to pass <25.alice@crepes.fr> on to bob@hamburger.edu",
            "established for crepes.fr after",
            "greeting: EHLO crepes.fr",
            "envelope: MAIL FROM:<alice@crepes.fr>",
            "lost: the octets 57 to 85 from crepes.fr, on the link line from router.crepes.fr to internet: the link loses packets",
            "crepes.fr sends the octets 57 to 85 again: its retransmission timer ran out (RFC 6298 5)",
            "it had been lost on the link line",
            // the copy of 5828 was lost; those of 5836, 5884 and 5944 arrived, and their acknowledgements were lost
            "5836.318027 s   +16.27 s  hamburger.edu sends the octets 217 to 257 again",
            "it had been lost on the link line from internet to router.crepes.fr: the link loses packets, 7.826 s before",
            "5852.318027 s   +32.27 s  hamburger.edu sends the octets 217 to 257 again",
            "but its acknowledgement had been lost on the link line from router.crepes.fr to internet: the link loses \
             packets, 15.67 s before",
            "5884.318027 s   +64.27 s  hamburger.edu sends the octets 217 to 257 again",
            "it had been lost at router.hamburger.edu: there was no route to the destination, 32 s before",
            "5944.318027 s  +2.071 min  hamburger.edu sends the octets 217 to 257 again",
            "but its acknowledgement had been lost on the link line from router.crepes.fr to internet: the link loses \
             packets, 59.65 s before",
            "6004.318027 s  +3.071 min  hamburger.edu sends the octets 217 to 257 again",
            "but its acknowledgement had been lost on the link line from router.crepes.fr to internet: the link loses \
             packets, 59.65 s before",
            "message; the server says \"250",
            "round-trip times: shortest",
            "segments were sent again",
        ],
    );
    let text = library(&desk, "recipient-down", &["--conn", "crepes.fr#1"]);
    tells(
        &text,
        &["sends its SYN again", "end gave up: what it sent again and again stayed unanswered (RFC 9293 3.8.3)"],
    );
    tells(&text, &["hamburger.edu was down from 0 s until 7800 s"]);
}

/// Breaks when a cached answer's age, TTL or teller is lost, or a cut-off response's way over TCP.
#[test]
fn look_ups_out_of_a_cache_and_over_tcp() {
    let desk = Desk::new();
    let text = library(&desk, "dns-cache", &["--query", "1"]);
    tells(&text, &["Look-up of", "did not have it"]);
    let again = json!({ "at": "2min", "from": "alice@crepes.fr", "to": "bob@hamburger.edu" });
    desk.scenario("s.json", &with(small(), "/workload/1", again));
    let text = explain(&desk, "s.json", &["--query", "crepes.fr?3"]);
    tells(
        &text,
        &[
            "Look-up of hamburger.edu MX by crepes.fr: found after",
            "resolver.crepes.fr has it in its cache, ",
            " s of its TTL left; stored ",
            " before, at ",
            ", as ns.hamburger.edu told it (RFC 1034 5.3.3)",
            "1 question was asked for it, 0 of them by resolvers",
        ],
    );
    let text = library(&desk, "big-answer", &["--query", "1"]);
    tells(&text, &["as much as fits into a datagram (TC)", "(RFC 7766 5)", "so the question goes again, over TCP"]);
}

/// Breaks when JSON is not the same story, or a form has none.
#[test]
fn all_forms_have_json() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let json = |args: &[&str]| -> Value { serde_json::from_str(&explain(&desk, "s.json", args)).unwrap() };
    let told = json(&["--message", "1.alice@crepes.fr", "--json"]);
    let steps = told["copies"][0]["steps"].as_array().unwrap();
    assert!(steps.len() > 5 && told["caveat"].is_null(), "{told:#}");
    assert_eq!(steps[0]["at_s"], "0.000000000");
    assert!(steps.iter().any(|step| step["rfc"] == json!(["RFC 5321 6.1"])), "{told:#}");
    assert!(json(&["--query", "1", "--json"])["look_ups"][0]["title"].as_str().unwrap().contains("Look-up of"));
    assert!(json(&["--conn", "crepes.fr#1", "--json"])["connections"][0]["closing"].is_array());
    assert!(json(&["--json"])["overview"].as_array().unwrap().len() > 2);
    let text = explain(&desk, "s.json", &[]);
    tells(
        &text,
        &["Messages: 1 copy, 1 delivered", "--message '<1.alice@crepes.fr>' --to bob@hamburger.edu", "the slowest"],
    );
    tells(&text, &["--query", "--conn 'alice-pc.crepes.fr#1'", "--host"]);
}

/// Breaks when a folder that cannot be run again says nothing, or its tables are not told; or when a
/// misspelt name gets no hint.
#[test]
fn what_cannot_be_run_again_is_told_from_its_tables() {
    let desk = Desk::new();
    desk.scenario(
        "s.json",
        &with(small(), "/faults", json!([{ "host": "hamburger.edu", "at": "0s", "for": "10min" }])),
    );
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "r", "-q"]).code, 0);
    let mut manifest = read_json(&desk.path("r/manifest.json"));
    manifest["ended"] = json!("stopped");
    desk.write("r/manifest.json", manifest.to_string());
    let text = explain(&desk, "r", &["--message", "1.alice@crepes.fr"]);
    tells(
        &text,
        // without the trace no cause is known, only what was so
        &["the first server takes it", "; next attempt in", "at that time hamburger.edu was down from 0 s until 600 s"],
    );
    tells(&text, &["Told from the tables alone", "real clients took part in it"]);
    assert!(!text.contains("Q000001"), "{text}");
    for args in [["--query", "1"], ["--conn", "crepes.fr#1"]] {
        tells(&explain(&desk, "r", &args), &["Told from the tables alone"]);
    }
    desk.posthaste(&["explain", "r", "--host", "crepes.fr"]).fails(4, "real clients");
    desk.posthaste(&["explain", "s.json", "--message", "1.alise@crepes.fr"])
        .fails(2, "did you mean 1.alice@crepes.fr?");
    desk.posthaste(&["explain", "s.json", "--message", "1.alice@crepes.fr", "--to", "bop@hamburger.edu"])
        .fails(2, "did you mean bob@hamburger.edu?");
    desk.posthaste(&["explain", "s.json", "--conn", "crepes.fr#11"]).fails(2, "did you mean crepes.fr#1?");
    desk.posthaste(&["explain", "s.json", "--query", "hamburger.ed"]).fails(2, "did you mean hamburger.edu?");
    desk.posthaste(&["explain", "s.json", "--query", "99"]).fails(2, "look-ups that match, counted from 1");
    desk.posthaste(&["explain", "s.json", "--query", "1", "--host", "crepe.fr"]).fails(2, "did you mean crepes.fr?");
    desk.posthaste(&["explain", "s.json", "--at", "1s"]).fails(2, "--host");
    desk.posthaste(&["explain", "s.json", "--message", "x", "--conn", "y"]).fails(2, "cannot be used with");
    let tables = std::fs::read_to_string(desk.path("r/tables/attempts.csv")).unwrap();
    desk.write("r/tables/attempts.csv", tables.replace("deferred", "\u{1b}[31m"));
    desk.posthaste(&["explain", "r", "--message", "1.alice@crepes.fr"]).fails(4, "attempts.csv");
}

/// Breaks when two look-ups of a name that a host makes at a time are told as one.
#[test]
fn two_look_ups_of_a_name_at_a_time() {
    let text = library(&Desk::new(), "dns-outage", &["--query", "pc.short.edu?176"]);
    tells(
        &text,
        &[
            "Look-up of short.pages.com A by pc.short.edu: failed after 10 s",
            "(pc.short.edu?174)",
            "pc.short.edu has waited 5 s",
            "(pc.short.edu?176)",
            "gave no answer in time: it asks the same server again",
            "SERVFAIL",
        ],
    );
    assert!(!text.contains("?175)") && !text.contains("?177)"), "{text}");
}

/// Breaks when a connection that another copy's attempt only tries to open counts as open, or as opened by
/// each of the attempts that wait for it.
#[test]
fn a_connection_that_another_attempt_opens() {
    let desk = Desk::new();
    let waits = "to www.bakery.org, which another copy's attempt is opening, and which does not come about";
    let text = library(&desk, "labs/orders-do-not-come", &["--message", "1.carl@home.net", "--all"]);
    let third = format!("it waits for the connection home.net#5 {waits}");
    tells(&text, &["begins attempt 3", &third, "www.bakery.org refused the connection", "begins attempt 4"]);
    assert!(!text.contains("open already"), "{text}");
    let opens = "it opens the connection home.net#10 to www.bakery.org";
    let both = ["2.carl@home.net", "3.carl@home.net"]
        .map(|message| library(&desk, "labs/orders-do-not-come", &["--message", message, "--all"]));
    assert_eq!(both.iter().filter(|text| text.contains(opens)).count(), 1, "{both:?}");
    let other = format!("it waits for the connection home.net#10 {waits}");
    assert_eq!(both.iter().filter(|text| text.contains(&other)).count(), 1, "{both:?}");
}

/// Breaks when copies that wait count as neither, a list that is cut says nothing of the rest, or the slowest
/// look-up is one question of several.
#[test]
fn an_overview_counts_as_the_summary_does() {
    let desk = Desk::new();
    let text = library(&desk, "labs/orders-do-not-come", &[]);
    tells(
        &text,
        &[
            "Messages: 14 copies, 2 delivered, 0 failed, 12 still queued; their lives:",
            "still on its way when the run ended",
            "and 7 more of these, in the table messages",
            "Connections: ",
            "more of these, in the table connections",
        ],
    );
    let text = library(&desk, "returned-to-sender", &[]);
    tells(&text, &["Messages: 1 copy, 0 delivered, 1 failed, 0 still queued, and 1 report by servers; their lives:"]);
    let text = library(&desk, "dns-outage", &[]);
    let slowest = text.lines().find(|line| line.contains("the slowest")).unwrap();
    assert!(slowest.contains(", asked 2 times") && slowest.contains("10 s"), "{slowest}");
}

/// Breaks when hundreds of equal attempts are all told, the option that tells them fails, or JSON lacks some.
#[test]
fn equal_attempts_are_folded() {
    let desk = Desk::new();
    let message = ["--message", "1.alice@crepes.fr"];
    let text = library(&desk, "returned-to-sender", &message);
    let number = |text: &str| text.matches(" begins attempt ").count();
    tells(
        &text,
        &["begins attempt 1 ", "begins attempt 2 ", "more attempts, each ", "for the same reason (--all tells each)"],
    );
    tells(&text, &["(--all tells each)", "begins attempt 240 ", "begins attempt 241 ", "given up"]);
    assert_eq!(number(&text), 4, "{text}");
    assert_eq!(number(&library(&desk, "returned-to-sender", &[&message[..], &["--all"]].concat())), 241);
    assert_eq!(number(&library(&desk, "returned-to-sender", &[&message[..], &["--json"]].concat())), 241);
}

/// Breaks when a name that is like no other is turned away without a word of where to look.
#[test]
fn a_name_like_no_other_gets_a_hint() {
    let desk = Desk::new();
    desk.scenario("a b.json", &small());
    let hint = "; `posthaste explain 'a b.json'` lists what there is";
    for args in
        [["--message", "zzzzzzzzzzzzzzzzzz"], ["--conn", "zzzzzzzzzzzzzzzzzz"], ["--query", "zzzzzzzzzzzzzzzzzz"]]
    {
        desk.posthaste(&[&["explain", "a b.json"], &args[..]].concat()).fails(2, hint);
    }
    desk.posthaste(&["explain", "a b.json", "--host", "zzzzzzzzzzzzzzzzzz"]).fails(2, hint);
    desk.posthaste(&["explain", "a b.json", "--query", "1", "--host", "zzzzzzzzzzzzzzzzzz"]).fails(2, hint);
}
