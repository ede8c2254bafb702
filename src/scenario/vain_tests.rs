//! Settings that can never come to anything: refused, or remarked upon where they do no harm.

use serde_json::{Value, json};

use super::testing::{PLACE, good, h_edu as with, refused, stays};
use super::*;

#[track_caller]
fn fine(scenario: &Value) -> Vec<String> {
    let resolved = good(scenario);
    stays(&resolved);
    notes(&resolved)
}

/// Would break if a rule were taken that cannot know yet what it asks for, or one refused that can.
#[test]
fn conditions_that_are_not_known_yet() {
    let rule = |at: Value, key: &str, value: Value| {
        with(&json!({ "conduct": { "rules": [{ "when": { "at": at, key: value }, "then": "450 4.7.1 Later" }] } }))
    };
    let place = |key: &str| format!("{PLACE}.conduct.rules[0].when.{key}");
    for (at, key, value, words) in [
        (json!("MAIL"), "recipient", json!("bob@h.edu"), &["at MAIL no recipient is known", "\"RCPT\""][..]),
        (json!(["EHLO", "CONNECT"]), "sender", json!("<>"), &["at CONNECT, EHLO no reverse-path", "\"MAIL\""]),
        (json!("CONNECT"), "helo", json!("x*"), &["not greeted", "\"EHLO\""]),
        (json!("RCPT"), "larger_than", json!("1MB"), &["at RCPT no size", "\"BODY\""]),
        (json!("CONNECT"), "errors", json!(2), &["nothing was refused"]),
    ] {
        refused(&rule(at, key, value), &place(key), words);
    }
    for (at, key, value) in [
        (json!(["MAIL", "RCPT"]), "recipient", json!("bob@h.edu")),
        (json!("MAIL"), "sender", json!("<>")),
        (json!("HELO"), "helo", json!("x*")),
        (json!("MAIL"), "larger_than", json!("1MB")),
        (json!("CONNECT"), "errors", json!(0)),
    ] {
        fine(&rule(at, key, value));
    }
}

#[test]
fn settings_that_contradict_each_other() {
    let greylist = |list: Value| with(&json!({ "conduct": { "greylisting": list } }));
    let place = |key: &str| format!("{PLACE}.{key}");
    let list = "conduct.greylisting";
    for (scenario, path, words) in [
        (
            greylist(json!({ "retry_window": "1min" })),
            place(&format!("{list}.retry_window")),
            &["nobody ever passes"][..],
        ),
        (greylist(json!({ "delay": "3d" })), place(&format!("{list}.delay")), &["of 3d", "of 2d"]),
        (with(&json!({ "smart_host": "h.edu" })), place("smart_host"), &["to itself"]),
        (
            with(&json!({ "smart_host": "pc.h.edu" })),
            place("smart_host"),
            &["no mail server \"pc.h.edu\"", "\"crepes.fr\""],
        ),
        (with(&json!({ "smart_host": "crepes.fr:26" })), place("smart_host"), &["port 26", ":587"]),
        (with(&json!({ "transports": { "crepes.fr": "h.edu" } })), place("transports.\"crepes.fr\""), &["to itself"]),
        (
            with(&json!({ "smtp": { "trusts_computers": false } })),
            place("smtp.trusts_computers"),
            &["can hand in", "\"plain\""],
        ),
        (
            with(&json!({ "retry": { "lifetime": "1h", "warn_after": ["30min", "2h"] } })),
            place("retry.warn_after[1]"),
            &["`lifetime` is 1h"],
        ),
    ] {
        refused(&scenario, &path, words);
    }
    // A preset's warnings that would come too late are left out.
    fine(&with(&json!({ "retry": { "preset": "sendmail", "lifetime": "1h" } })));
    fine(&with(&json!({ "smtp": { "trusts_computers": false }, "submission": { "login": "plain" } })));
    fine(&with(&json!({ "relays": { "mx.net": {} }, "smart_host": "mx.net" })));
}

#[test]
fn queues_are_flushed_of_what_there_can_be() {
    let flush = |rest: Value| {
        let mut scenario = with(&json!({ "relays": { "mx.net": {} } }));
        let mut fault = json!({ "at": "1min", "flush": "mx.net" });
        fault.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        scenario["faults"] = json!([fault]);
        scenario
    };
    for (rest, key, words) in [
        (json!({ "destination": "crepe.fr" }), "destination", &["no mail domain", "mean \"crepes.fr\""][..]),
        (json!({ "sender": "alcie@crepes.fr" }), "sender", &["no user", "mean \"alice@crepes.fr\""]),
        (json!({ "sender": "pizza.it" }), "sender", &["no mail domain"]),
        (json!({ "flush": "pc.h.edu" }), "flush", &["no mail server"]),
    ] {
        refused(&flush(rest), &format!("faults[0].{key}"), words);
    }
    for rest in [
        json!({}),
        json!({ "destination": "@edu" }),
        json!({ "sender": "Alice@crepes.fr" }),
        json!({ "sender": "crepes.fr" }),
    ] {
        fine(&flush(rest));
    }
}

/// Would break if a check were silent about what comes to nothing, or talked of what does not.
#[test]
fn remarks_on_what_has_no_effect() {
    let transports = json!({ "transports": { "crepe.fr": "mx" } });
    let notes = fine(&with(&transports));
    assert!(notes.len() == 1 && notes[0].contains("never used") && notes[0].contains("\"crepes.fr\""), "{notes:?}");
    let mut used = with(&transports);
    used["workload"] = json!([{ "from": "bob@h.edu", "to": "x@crepe.fr", "allow_unknown": true }]);
    assert_eq!(fine(&used), [""; 0]);
    let slip = "the mail domain \"crepse.fr\" has no users; did you mean \"crepes.fr\"?";
    for (name, note) in [("crepse.fr", Some(slip)), ("pizza.it", None)] {
        let mut more = used.clone();
        more["mail"][name] = json!({ "retry": { "every": "10min" } });
        assert_eq!(fine(&more), Vec::from_iter(note));
    }
    let tls = |version: &str| {
        let mut scenario =
            with(&json!({ "smtp": { "tls": { "client": "required" } }, "submission": { "tls": "required" } }));
        scenario["mail"]["crepes.fr"]["smtp"] = json!({ "offers": ["STARTTLS"], "tls": { "version": version } });
        scenario
    };
    let notes = fine(&tls("1.2"));
    assert!(notes.len() == 2 && notes[0].contains("TLS 1.3") && notes[1].contains("submit nothing"), "{notes:?}");
    let mut own = tls("1.3");
    own["mail"]["h.edu"]["smtp"]["offers"] = json!(["STARTTLS"]);
    assert_eq!(fine(&own), [""; 0]);
}

/// Would break if a slip in a name made a host or a zone of its own without a word, or if names that
/// are meant were remarked upon.
#[test]
fn names_that_nothing_uses() {
    let base = |key: &str, value: Value| {
        let mut scenario = with(&json!({}));
        scenario[key] = value;
        scenario
    };
    let hosts = |name: &str| base("network", json!({ "hosts": { name: {} } }));
    for (scenario, words) in [
        (hosts("alcie-pc.crepes.fr"), ["nothing uses the host", "\"alice-pc.crepes.fr\""]),
        (
            base("network", json!({ "hosts": { "router.crepe.fr": { "router": true } } })),
            ["nothing uses the host", "\"router.crepes.fr\""],
        ),
        (
            base("dns", json!({ "resolvers": { "resolver.crepe.fr": {} } })),
            ["no host asks the resolver", "\"resolver.crepes.fr\""],
        ),
        (
            base("dns", json!({ "zones": { "crepse.fr": { "ttl": "1h" } } })),
            ["nothing lies in the zone", "\"crepes.fr\""],
        ),
    ] {
        let notes = fine(&scenario);
        assert!(notes.len() == 1 && words.iter().all(|word| notes[0].contains(word)), "{words:?}: {notes:?}");
    }
    let mut looked_up = base("dns", json!({ "zones": { "crepse.fr": { "ttl": "1h" } } }));
    looked_up["workload"] = json!([{ "on": "pc.h.edu", "lookup": "www.crepse.fr" }]);
    let mut linked = hosts("alcie-pc.crepes.fr");
    linked["network"]["links"] = json!([{ "between": ["alcie-pc.crepes.fr", "crepes.fr"] }]);
    let mut named = hosts("nt.crepes.fr");
    named["dns"] =
        json!({ "zones": { "crepes.fr": { "records": [{ "name": "www", "type": "CNAME", "data": "nt" }] } } });
    for scenario in [looked_up, linked, named, hosts("ns1.crepes.fr"), hosts("printer.crepes.fr")] {
        assert_eq!(fine(&scenario), [""; 0]);
    }
}

/// Would break if one wrong value hid all that is wrong elsewhere, or brought forth errors of its own.
#[test]
fn errors_of_form_and_of_meaning_come_together() {
    let places = |scenario: &Value| {
        let errors = load("test", &serde_json::to_string_pretty(scenario).unwrap()).unwrap_err();
        errors.list().iter().map(|error| error.path.clone()).collect::<Vec<_>>()
    };
    let mut scenario = with(&json!({ "retry": { "evry": "1h" }, "smart_host": "crepse.fr" }));
    scenario["workload"] = json!([
        { "at": 5, "from": "bob@h.edu", "to": "alcie@crepes.fr" },
        { "from": 7, "to": "alice@crepes.fr" },
        { "from": "bob@h.edu", "to": "alice@crepes.fr", "subjcet": "x", "on": "nowhere" }
    ]);
    let expected = [
        "mail.\"h.edu\".retry.evry",
        "mail.\"h.edu\".smart_host",
        "workload[0].at",
        "workload[0].to",
        "workload[1].from",
        "workload[2].on",
        "workload[2].subjcet",
    ];
    let mut found = places(&scenario);
    found.sort();
    assert_eq!(found, expected);
    // What nobody has follows from the misspelt key; a wrong port does not.
    let mut misspelt = json!({ "mail": { "h.edu": { "usres": ["bob"], "submission": { "port": 26 } } } });
    misspelt["workload"] = json!([{ "from": "bob@h.edu", "to": "bob@h.edu" }]);
    assert_eq!(places(&misspelt).len(), 2, "{:?}", places(&misspelt));
    let mut limits = with(&json!({ "lists": { "team": { "members": "x{1..200}@h.edu", "allow_unknown": true } } }));
    limits["limits"] = json!({ "recipients": "many" });
    assert_eq!(places(&limits), ["limits.recipients"]);
    let mut shared = with(&json!({ "hop_limit": "x" }));
    shared["mail"]["x.edu"] = json!({ "users": ["x"], "server": "h.edu", "hop_limit": 7 });
    assert_eq!(places(&shared), ["mail.\"h.edu\".hop_limit"]);
}

/// Would break if an error stood where the file says nothing.
#[test]
fn errors_stand_where_something_is_written() {
    refused(&with(&json!({ "submission": { "port": 26 } })), &format!("{PLACE}.submission.port"), &["port 26"]);
    let mut own = with(&json!({}));
    own["users"] = json!({ "bob@h.edu": { "submission": { "port": 26 } } });
    refused(&own, "users.\"bob@h.edu\".submission.port", &["port 26"]);
}

/// Would break if a name in letters beyond ASCII were another one than its A-label, in whichever form it is written.
#[test]
fn names_may_be_internationalised() {
    let scenario = |domain: &str, in_address: &str| {
        json!({
            "mail": {
                domain: { "users": ["zoe"], "aliases": { "info": format!("zoe@{in_address}") },
                    "relays": { format!("mx.{in_address}"): {} } },
                "h.edu": { "users": ["bob"], "transports": { in_address: format!("mx.{domain}:25") } }
            },
            "users": { format!("zoe@{in_address}"): { "name": "Zo\u{eb}", "host": format!("pc.{domain}") } },
            "network": { "hosts": { format!("pc.{in_address}"): {} } },
            "dns": { "zones": { domain: { "records": [
                { "name": "caf\u{e9}", "type": "CNAME", "data": format!("mx.{in_address}.") } ] } } },
            "web": { domain: { "pages": { "/": { "size": "1kB" }, "/old": { "moved_to": format!("http://{in_address}:80/") } } } },
            "live": { "first": [in_address] },
            "workload": [{ "on": domain, "browse": format!("http://{in_address}/old?x") },
                { "on": domain, "lookups": { "names": [format!("n{{1..3}}.{in_address}")], "arrivals": { "poisson": "0.02/s" } } }, { "from": "bob@h.edu", "to": format!("zoe@{domain}"), "subject": "Cr\u{ea}pes" }]
        })
    };
    let resolved =
        |scenario: &Value| load("test", &scenario.to_string()).unwrap_or_else(|errors| panic!("{errors}")).to_json();
    let (u, a) = ("cr\u{ea}pes.fr", "xn--crpes-isa.fr");
    let ascii = resolved(&scenario(a, a));
    for (domain, in_address) in [(u, u), (u, a), (a, u), ("CR\u{ca}PES.fr", u)] {
        let found = resolved(&scenario(domain, in_address));
        for key in ["mail", "users", "network", "dns", "web", "live", "workload"] {
            assert_eq!(found[key], ascii[key], "{domain}, {in_address}");
        }
    }
    assert_eq!(ascii["workload"][2]["subject"], "Cr\u{ea}pes");
    assert_eq!(ascii["users"]["zoe@xn--crpes-isa.fr"]["name"], "Zo\u{eb}");
    let mut wrong = scenario(u, u);
    wrong["mail"][u]["smart_host"] = json!("nowhere");
    refused(&wrong, "mail.\"xn--crpes-isa.fr\".smart_host", &["no mail server \"nowhere\"", "\"h.edu\""]);
    let composed = json!({ "mail": { "cre\u{302}pes.fr": { "users": [] } } });
    let errors = load("test", &composed.to_string()).unwrap_err();
    assert!(errors.to_string().contains("has no form that the DNS knows"), "{errors}");
}

/// What a hostile author wrote: each is refused where it stands, in words of its own.
#[test]
fn names_that_stand_for_two_things_or_none() {
    let long = "x".repeat(64);
    let place = |key: &str| format!("{PLACE}.{key}");
    for (keys, path, words) in [
        (json!({ "users": ["bob", "Bob"] }), "users[1]", &["listed twice", "upper and lower"][..]),
        (json!({ "users": ["bob", long] }), "users[1]", &["too long", "\"host\""]),
        (json!({ "discard": ["BOB"] }), "discard[0]", &["is a user already"]),
        (json!({ "lists": { "BOB": { "members": "carol" } } }), "lists.BOB", &["is a user already"]),
        (json!({ "relays": { "internet": {} } }), "relays.internet", &["the name of a router"]),
        (json!({ "hop_limit": 0 }), "hop_limit", &["no message is taken"]),
        (json!({ "smtp": { "message_size": "0B" } }), "smtp.message_size", &["leave it out for no limit"]),
        (json!({ "conduct": { "max_size": "0B" } }), "conduct.max_size", &["leave it out for no limit"]),
        (json!({ "aliases": { "all": "u{1..}@h.edu" } }), "aliases.all", &["this pattern", "u{1..50}"]),
        (json!({ "aliases": { "all": "\"b b\"@h.edu" } }), "aliases.all", &["not quoted"]),
        (json!({ "aliases": { "all": "bob@[10.0.0.1]" } }), "aliases.all", &["no address literal"]),
        (json!({ "smart_host": "mx" }), "smart_host", &["no mail server \"mx\"", "\"crepes.fr\""]),
    ] {
        refused(&with(&keys), &place(path), words);
    }
    let router = json!({ "mail": { "internet": { "users": ["bob"] } } });
    refused(&router, "mail.internet", &["the name of a router"]);
    let labels = ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(60), "edu".to_owned()].join(".");
    let errors = load("test", &json!({ "mail": { labels: { "users": [] } } }).to_string()).unwrap_err();
    assert!(errors.to_string().contains("at most 242 characters"), "{errors}");
    fine(&with(&json!({ "users": ["bob", "carol", "===", "!"] })));
}

/// Would break if `allow_unknown` were recommended where no such key exists, or where it would not help.
#[test]
fn what_is_unknown_may_be_allowed_only_where_it_can_be() {
    let said =
        |scenario: &Value| load("test", &scenario.to_string()).unwrap_err().list()[0].help.clone().unwrap_or_default();
    let work = |entry: Value| {
        let mut scenario = with(&json!({}));
        scenario["workload"] = json!([entry]);
        scenario
    };
    let user = |address: &str, keys: Value| {
        let mut scenario = with(&json!({}));
        scenario["users"] = json!({ address: keys });
        scenario
    };
    for (helps, scenario) in [
        (true, work(json!({ "from": "bob@h.edu", "to": "zacharias@h.edu" }))),
        (true, work(json!({ "from": "bob@h.edu", "to": "bob@pizza.it" }))),
        (true, with(&json!({ "lists": { "team": { "members": "zacharias" } } }))),
        (false, work(json!({ "from": "zacharias@h.edu", "to": "bob@h.edu" }))),
        (false, work(json!({ "from": "bob@h.edu", "to": "b b@h.edu" }))),
        (false, work(json!({ "from": "bob@h.edu", "to": "bob@[10.0.0.1]" }))),
        (false, work(json!({ "from": "bob@h.edu", "to": "bob@[10.0.0.1]", "allow_unknown": true }))),
        (false, with(&json!({ "aliases": { "all": "zacharias" } }))),
        (false, with(&json!({ "lists": { "team": { "members": "bob", "owner": "zacharias" } } }))),
        (false, user("bob@h.edu", json!({ "forward": "zacharias" }))),
        (false, user("zacharias@h.edu", json!({}))),
    ] {
        assert_eq!(said(&scenario).contains("allow_unknown"), helps, "{scenario}");
    }
    let shouted = said(&work(json!({ "from": "bob@h.edu", "to": "BO@H.EDU" })));
    assert!(shouted.contains("did you mean \"bob@h.edu\"?"), "{shouted}");
}

/// Would break if a check said nothing of work after the end, of ways to oneself, or of a slip in a rule.
#[test]
fn remarks_on_what_never_happens() {
    let mut late = with(&json!({}));
    late["workload"] = json!([{ "at": "2h", "from": "bob@h.edu", "to": "alice@crepes.fr" }]);
    late["run"] = json!({ "until": "1h" });
    let slip = json!([{ "when": { "recipient": "bbo@h.edu" }, "then": "close" }]);
    for (scenario, words) in [
        (late, "workload[0] never happens"),
        (with(&json!({ "transports": { "h.edu": "crepes.fr" } })), "on this server"),
        (with(&json!({ "conduct": { "rules": slip } })), "did you mean \"bob@h.edu\"?"),
    ] {
        let notes = fine(&scenario);
        assert!(notes.len() == 1 && notes[0].contains(words), "{notes:?}");
    }
}

/// Would break if a check said nothing of a visit to what is not there, or something of one that finds it.
#[test]
fn remarks_on_visits_that_find_nothing() {
    let visits = |url: &str| {
        fine(&json!({
            "web": { "www.h.edu": { "pages": { "/menu.html": { "size": "5kB" } } } },
            "workload": [ { "on": "pc.h.edu", "browse": url }, { "at": "1s", "on": "pc.h.edu", "browse": "http://www.h.edu/menu.html" } ],
            "network": { "hosts": { "pc.h.edu": {} } }
        }))
    };
    for (url, words) in [
        ("http://ww.h.edu/menu.html", "no host \"ww.h.edu\"; did you mean \"www.h.edu\"?"),
        ("http://www.h.edu/menus.html", "has no \"/menus.html\"; did you mean \"/menu.html\"?"),
    ] {
        let notes = visits(url);
        assert!(notes.len() == 1 && notes[0].contains(words), "{notes:?}");
    }
    assert_eq!(visits("http://www.h.edu/menu.html?lang=en"), Vec::<String>::new());
}

/// Would break if a check said nothing of a step without a list to act on or a draft to finish, or something of a
/// session that has them, another session's draft included.
#[test]
fn remarks_on_steps_that_find_nothing() {
    let steps = |sessions: &[Value]| {
        let session = |steps: &Value| json!({ "at": "0s", "user": "bob@h.edu", "protocol": "imap", "steps": steps });
        let mut scenario = with(&json!({}));
        scenario["workload"] = sessions.iter().map(session).collect();
        fine(&scenario)
    };
    let draft = json!([{ "draft": { "subject": "x" } }]);
    for (sessions, words) in [
        (vec![json!([{ "open": "newest" }, { "look": "INBOX" }])], "workload[0].steps[0] finds no message"),
        (vec![draft.clone(), json!([{ "wait": "1s" }, { "delete": "all" }])], "workload[1].steps[1] finds no message"),
        (vec![json!([{ "finish": "x" }])], "no session of \"bob@h.edu\" has a step with \"draft\""),
    ] {
        let notes = steps(&sessions);
        assert!(notes.len() == 1 && notes[0].contains(words), "{notes:?}");
    }
    let good = [draft, json!([{ "finish": "y" }, { "watch": "1min" }, { "open": "all" }, { "reply": "z" }])];
    assert_eq!(steps(&good), Vec::<String>::new());
}
