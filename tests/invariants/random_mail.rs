//! Random mail: relays, smart hosts, aliases, lists, forwards, quotas, policies, ways of delivery,
//! servers that misbehave, reports and vacations, TLS, and messages with parts and wishes, drawn over a
//! random scenario of `random`.
//!
//! Each thing has a stream of its own, so that a new one changes nothing of the others. All that
//! misbehaves ends at a stated time; after that everything has to come to its end.

use serde_json::{Value, json};

use super::random::{self, Case, Dice};

/// Until then servers may misbehave, in milliseconds.
const TROUBLE_MS: u64 = 3_600_000;

/// The case of that number, with mail of all kinds.
pub(crate) fn scenario(case: u64) -> Value {
    let Case { mut value, busy_ms, .. } = random::scenario(case);
    let domains: Vec<String> = value["mail"].as_object().unwrap().keys().cloned().collect();
    for domain in &domains {
        policies(case, domain, &mut value);
        addresses(case, domain, &domains, &mut value);
        conduct(case, domain, &mut value);
        sessions(case, domain, &mut value);
    }
    people(case, &mut value);
    let mut dice = Dice::new(case, "mail/relays");
    if domains.len() > 1 && dice.chance(35) {
        let host = format!("backup.{}", domains[1]);
        value["network"]["hosts"][&host] = json!({});
        let relay =
            json!({ "preference": *dice.pick(&[5, 20, 30]), "retry": { "every": "2min", "lifetime": "40min" } });
        value["mail"][&domains[0]]["relays"][host] = relay;
    }
    orders(case, &domains, &mut value);
    for domain in &domains {
        routes(case, domain, &domains, &mut value);
        capacities(case, domain, &mut value);
        security(case, domain, &mut value);
    }
    letters(case, &domains, &mut value);
    // Enough for what misbehaves, for every lifetime after it, and for reports of reports.
    value["run"]["until"] = json!(format!("{}ms", busy_ms.max(TROUBLE_MS) + 9 * 3_600_000));
    value
}

fn users(value: &Value, domain: &str) -> Vec<String> {
    let users = value["mail"][domain]["users"].as_array().unwrap();
    users.iter().map(|user| user.as_str().unwrap().to_owned()).collect()
}

/// When servers try again, and how they deliver; every lifetime is under two hours.
fn policies(case: u64, domain: &str, value: &mut Value) {
    let mut dice = Dice::new(case, &format!("mail/policies/{domain}"));
    let entry = &mut value["mail"][domain];
    if dice.chance(60) {
        let lifetime = format!("{}s", dice.range(300, 5_400));
        let mut retry = match dice.range(0, 6) {
            0 => json!({ "intervals": ["1min", "2min", "5min"], "repeat_last": dice.chance(50) }),
            1 => json!({ "exponential": { "first": "30s", "factor": 1.5, "cap": "10min" } }),
            2 => json!({ "age": { "least": "1min", "most": "15min" } }),
            3 => json!({ "squares": "20s" }),
            4 => json!({ "roots": "100s" }),
            5 => json!({ "exim": "F,10m,1m; G,2h,2m,1.5" }),
            _ => json!({ "every": "90s" }),
        };
        retry["lifetime"] = json!(lifetime);
        if dice.chance(30) {
            retry["bounce_lifetime"] = json!("10min");
        }
        if dice.chance(30) {
            retry["jitter"] = json!(0.2);
        }
        if dice.chance(25) {
            retry["scan"] = json!("45s");
        }
        if dice.chance(40) {
            retry["age_from"] = json!(*dice.pick(&["acceptance", "first_attempt", "first_failure"]));
        }
        if dice.chance(40) {
            retry["wait_from"] = json!(*dice.pick(&["start", "failure"]));
        }
        if dice.chance(30) {
            retry["warn_after"] = json!(["2min"]);
        }
        entry["retry"] = retry;
    }
    if dice.chance(45) {
        entry["queue"] = match dice.range(0, 3) {
            0 => json!({ "preset": "postfix" }),
            1 => json!({ "concurrency": 3, "slow_start": 1, "messages_per_connection": 2 }),
            2 => json!({ "idle": "20s", "reuse": "1min", "recipients": 1 }),
            _ => json!({ "connections": 1, "addresses": 1, "connect_timeout": "5s", "concurrency": 2 }),
        };
    }
    if dice.chance(30) {
        entry["reports"] = json!({ "double_bounces": *dice.pick(&["nobody", "postmaster"]) });
    }
}

/// Aliases, lists, details, quotas, loops.
fn addresses(case: u64, domain: &str, domains: &[String], value: &mut Value) {
    let mut dice = Dice::new(case, &format!("mail/addresses/{domain}"));
    let own = users(value, domain);
    let everybody: Vec<String> = domains
        .iter()
        .flat_map(|domain| users(value, domain).into_iter().map(move |user| format!("{user}@{domain}")))
        .collect();
    let pick = |dice: &mut Dice| -> Value {
        let count = dice.range(1, 3);
        let picked: Vec<String> = (0..count).map(|_| dice.pick(&everybody).clone()).collect();
        json!(picked)
    };
    let other = domains[usize::try_from(dice.range(0, domains.len() as u64 - 1)).unwrap()].clone();
    if dice.chance(50) {
        let mut aliases = json!({ "info": pick(&mut dice), "sales": [format!("info@{domain}"), own[0]] });
        // Names that lead to each other, over the border too.
        aliases["ring"] = json!([format!("ring2@{domain}"), own[0]]);
        aliases["ring2"] = json!([format!("ring@{domain}")]);
        if value["mail"][&other]["aliases"].get("ring").is_some() {
            aliases["ring2"] = json!([format!("ring@{other}"), format!("ring@{domain}")]);
        }
        value["mail"][domain]["aliases"] = aliases;
    }
    if dice.chance(40) {
        let members = pick(&mut dice);
        value["mail"][domain]["lists"] = json!({ "team": { "members": members, "owner": own[0] } });
    }
    if dice.chance(25) {
        value["mail"][domain]["discard"] = json!(["null"]);
    }
    if dice.chance(25) {
        value["mail"][domain]["subaddress"] = json!({});
    }
    if dice.chance(25) {
        value["mail"][domain]["delivered_to"] = json!(true);
    }
    if dice.chance(25) {
        let full = *dice.pick(&["defer", "refuse"]);
        value["mail"][domain]["quota"] =
            json!({ "messages": dice.range(1, 4), "when_full": full, "checked_at": "delivery" });
    }
    // Some of the mail goes to those addresses.
    let special = ["info", "sales", "ring", "team", "null", "team-owner"];
    let work = value["workload"].as_array_mut().unwrap();
    let writes = |entry: &&mut Value| entry.get("to").is_some() && entry.get("poisson").is_none();
    for entry in work.iter_mut().filter(writes) {
        if dice.chance(50) {
            entry["to"].as_array_mut().unwrap().push(json!(format!("{}@{domain}", dice.pick(&special))));
        }
    }
}

/// Users who are away or elsewhere, and senders who want to know.
fn people(case: u64, value: &mut Value) {
    let mut dice = Dice::new(case, "mail/people");
    let domains: Vec<String> = value["mail"].as_object().unwrap().keys().cloned().collect();
    let mut people = json!({});
    for domain in &domains {
        for user in users(value, domain) {
            let mut entry = json!({});
            if dice.chance(15) {
                let to = dice.pick(&domains).clone();
                entry["forward"] = json!([format!("{}@{to}", users(value, &to)[0])]);
                entry["keep_copy"] = json!(dice.chance(50));
            }
            if dice.chance(15) {
                entry["vacation"] = json!({ "text": ["I am away."] });
            }
            if entry != json!({}) {
                people[format!("{user}@{domain}")] = entry;
            }
        }
    }
    value["users"] = people;
}

/// What servers do to their clients, up to a stated time.
fn conduct(case: u64, domain: &str, value: &mut Value) {
    let mut dice = Dice::new(case, &format!("mail/conduct/{domain}"));
    let mut conduct = json!({});
    if dice.chance(20) {
        conduct["greylisting"] = json!({ "delay": format!("{}s", dice.range(30, 400)) });
    }
    if dice.chance(15) {
        conduct["tarpit"] = json!({ "delay": "2s" });
    }
    let mut rules = Vec::new();
    for _ in 0..dice.range(0, 2) {
        let at = *dice.pick(&["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY"]);
        let then = match dice.range(0, 5) {
            0 => json!("450 4.3.0 not now"),
            1 => json!("554 5.7.1 never"),
            2 => json!("close"),
            3 => json!("reset"),
            4 => json!({ "delay": "7s" }),
            _ => json!("421 4.3.2 too busy"),
        };
        rules.push(json!({
            "when": { "at": at, "port": 25, "probability": 0.4, "until": format!("{TROUBLE_MS}ms") }, "then": then }));
    }
    if dice.chance(30) {
        // The message is taken, but the reply never comes.
        rules.push(json!({
            "when": { "at": "BODY", "port": *dice.pick(&[25, 587]), "first": dice.range(1, 3), "until": format!("{TROUBLE_MS}ms") },
            "then": { "do": *dice.pick(&["close", "reset"]), "effect": true } }));
    }
    if !rules.is_empty() {
        conduct["rules"] = json!(rules);
    }
    if conduct != json!({}) {
        value["mail"][domain]["conduct"] = conduct;
    }
}

/// How servers speak.
fn sessions(case: u64, domain: &str, value: &mut Value) {
    let mut dice = Dice::new(case, &format!("mail/sessions/{domain}"));
    let mut smtp = json!({});
    if dice.chance(25) {
        smtp["pipelining"] = json!(true);
    }
    if dice.chance(25) {
        smtp["chunking"] = json!(true);
    }
    if smtp != json!({}) {
        value["mail"][domain]["smtp"] = smtp;
    }
}

/// Queues that somebody flushes.
fn orders(case: u64, domains: &[String], value: &mut Value) {
    let mut dice = Dice::new(case, "mail/orders");
    for domain in domains {
        if !dice.chance(20) {
            continue;
        }
        let server = value["mail"][domain]["server"].as_str().unwrap_or(domain).to_owned();
        let at = format!("{}s", dice.range(1, 3_000));
        value["faults"].as_array_mut().unwrap().push(json!({ "at": at, "flush": server }));
    }
}

/// Smart hosts, which lead nowhere in a circle, ways of their own, and further servers of a domain.
fn routes(case: u64, domain: &str, domains: &[String], value: &mut Value) {
    let mut dice = Dice::new(case, &format!("mail/routes/{domain}"));
    let Some(before) = domains.iter().position(|other| other == domain).filter(|at| *at > 0) else { return };
    let server = |value: &Value, domain: &str| value["mail"][domain]["server"].as_str().unwrap_or(domain).to_owned();
    if dice.chance(30) {
        value["mail"][domain]["smart_host"] = json!(server(value, &domains[0]));
        if dice.chance(30) {
            value["mail"][domain]["transports"] = json!({ dice.pick(domains): "mx" });
        }
    }
    if dice.chance(25) {
        let relay = if dice.chance(50) { server(value, &domains[before - 1]) } else { format!("mx2.{domain}") };
        value["mail"][domain]["relays"][&relay] =
            json!({ "preference": *dice.pick(&[5, 20, 30]), "verify": dice.chance(60) });
        if relay.starts_with("mx2.") {
            value["network"]["hosts"][&relay] = json!({});
            value["mail"][domain]["relays"][&relay]["retry"] = json!({ "every": "3min", "lifetime": "50min" });
        }
    }
}

/// Mailboxes that are full when a recipient is named, and who gets what is for nobody.
fn capacities(case: u64, domain: &str, value: &mut Value) {
    let mut dice = Dice::new(case, &format!("mail/capacities/{domain}"));
    let own = users(value, domain);
    if dice.chance(25) && value["mail"][domain].get("quota").is_none() {
        let full = *dice.pick(&["defer", "refuse"]);
        value["mail"][domain]["quota"] =
            if dice.chance(50) { json!({ "messages": dice.range(1, 3) }) } else { json!({ "size": "6kB" }) };
        value["mail"][domain]["quota"]["when_full"] = json!(full);
    }
    if dice.chance(25) {
        value["mail"][domain]["catch_all"] = json!({ "mailbox": own[0], "except": ["ghost*"] });
    }
    if dice.chance(30) {
        value["mail"][domain]["subaddress"] = json!({ "folders": dice.chance(50) });
        let work = value["workload"].as_array_mut().unwrap();
        for entry in work.iter_mut().filter(|entry| entry.get("to").is_some() && entry.get("poisson").is_none()) {
            if dice.chance(40) {
                entry["to"].as_array_mut().unwrap().push(json!(format!("{}+detail@{domain}", dice.pick(&own))));
            }
        }
    }
}

/// TLS where it is offered, or else not at all; and what servers leave out.
fn security(case: u64, domain: &str, value: &mut Value) {
    let mut dice = Dice::new(case, &format!("mail/security/{domain}"));
    if dice.chance(35) {
        let client = *dice.pick(&["never", "when_offered", "when_offered", "required"]);
        value["mail"][domain]["smtp"]["tls"] = json!({ "client": client, "cpu": "3ms", "certificate": "2kB" });
        let mut offers = vec!["SIZE", "8BITMIME", "DSN", "STARTTLS", "CHUNKING", "PIPELINING", "SMTPUTF8"];
        if dice.chance(20) {
            offers.remove(3);
        }
        value["mail"][domain]["smtp"]["offers"] = json!(offers);
        let submits = *dice.pick(&["never", "when_offered"]);
        value["mail"][domain]["submission"] =
            json!({ "tls": submits, "login": *dice.pick(&["never", "plain", "login"]), "pipelining": dice.chance(50) });
    } else if dice.chance(30) {
        let all = ["SIZE", "8BITMIME", "DSN", "CHUNKING", "PIPELINING"];
        let left_out = *dice.pick(&all);
        let offers: Vec<&str> = all.into_iter().filter(|offer| *offer != left_out).collect();
        value["mail"][domain]["smtp"]["offers"] = json!(offers);
    }
}

/// Messages with parts, with octets that are no ASCII, and with wishes about reports.
fn letters(case: u64, domains: &[String], value: &mut Value) {
    let mut dice = Dice::new(case, "mail/letters");
    let work = value["workload"].as_array_mut().unwrap();
    for entry in work.iter_mut().filter(|entry| entry.get("to").is_some()) {
        if dice.chance(25) {
            entry["attachments"] = match dice.range(0, 2) {
                0 => json!([{ "name": "menu.pdf", "size": format!("{}B", dice.range(0, 9_000)) }]),
                1 => {
                    json!([{ "name": "carte.txt", "text": ["Cr\u{ea}pes", ".", "From here"] }, { "name": "x", "base64": "AAEC/w0KLg0K" }])
                }
                _ => json!([{ "name": "empty", "size": "0B" }]),
            };
        }
        if dice.chance(25) && entry.get("body_bytes").is_none() {
            entry["body"] = json!(["\u{c0} midi ?", ".", "\u{6f22}\u{5b57}"]);
            entry["encoding"] = json!(*dice.pick(&["auto", "8bit", "quoted-printable", "base64"]));
            if dice.chance(40) {
                entry["html"] = json!("<p>\u{c0} midi ?");
            }
        }
        if dice.chance(35) {
            let notify = *dice.pick(&[
                &["success", "failure"][..],
                &["success"],
                &["failure", "delay"],
                &["success", "failure", "delay"],
                &[],
            ]);
            entry["dsn"] = json!({ "notify": notify });
            if dice.chance(50) {
                entry["dsn"]["return"] = json!(*dice.pick(&["full", "headers"]));
                entry["dsn"]["id"] = json!(format!("id+{}", domains.len()));
            }
        }
    }
}
