//! The answers in scenarios/README.md, computed anew from runs of the scenarios.

mod common;

mod answers {
    pub(crate) mod conduct;
    pub(crate) mod course;
    pub(crate) mod messages;
    pub(crate) mod names;
    pub(crate) mod people;
    pub(crate) mod queues;
    pub(crate) mod readers;
    pub(crate) mod routes;
    pub(crate) mod submission;
    pub(crate) mod web;
}

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use answers::{conduct, course, messages, names, people, queues, readers, routes};
use common::binary::{posthaste, table, too_large_here, workplace};
use common::{root, section};
use serde_json::Value;

type Row = BTreeMap<String, String>;

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn count(rows: &[Row], column: &str, value: &str) -> usize {
    rows.iter().filter(|row| row[column] == value).count()
}

fn greatest<'a>(rows: impl IntoIterator<Item = &'a Row>, column: &str) -> f64 {
    rows.into_iter().map(|row| number(row, column)).fold(0.0, f64::max)
}

fn ketchup(run: &Path) -> Vec<String> {
    let (message, dns) = (&table(run, "messages")[0], table(run, "dns_queries"));
    let millis = |column: &str| (number(message, column) * 1e3).round();
    let stubs = count(&dns, "role", "stub");
    assert_eq!((number(message, "dialogue_s") / 0.084).round(), 5.0);
    vec![
        format!("{} ms of {} ms", millis("dialogue_s"), millis("latency_s")),
        format!("{} in the whole run, reading included: {stubs} by programs", dns.len()),
        format!("{} by resolvers to name servers", dns.len() - stubs),
    ]
}

fn recipient_down(run: &Path) -> Vec<String> {
    let (message, attempts) = (&table(run, "messages")[0], table(run, "attempts"));
    let starts: Vec<f64> = attempts.iter().map(|row| number(row, "started_s")).collect();
    assert!(starts.windows(2).all(|pair| (pair[1] - pair[0] - 1800.0).abs() < 1e-6));
    let last = attempts.last().unwrap();
    assert_eq!(last["outcome"], "completed");
    vec![
        format!("There are {}, each exactly 1800 s", attempts.len()),
        format!("at {} s, is the first", starts.last().unwrap().floor()),
        format!("{} s: TCP sends the SYN six times", number(&attempts[1], "ended_s").floor() - 1800.0),
        format!("make {} s of connecting", number(message, "connecting_s").floor()),
    ]
}

fn returned_to_sender(run: &Path) -> Vec<String> {
    let messages = table(run, "messages");
    let bounce = messages.iter().find(|row| row["kind"] == "bounce").unwrap();
    vec![
        format!("{}: the first, and one every 30 minutes", table(run, "attempts").len()),
        format!("At {} s: five days after", number(bounce, "composed_s").floor()),
    ]
}

fn several_messages_one_connection(run: &Path) -> Vec<String> {
    let attempts = table(run, "attempts");
    let mut used: Vec<&String> =
        attempts.iter().filter(|row| row["outcome"] == "completed").map(|row| &row["connection"]).collect();
    let copies = used.len();
    used.dedup();
    let dialogue = fs::read_to_string(run.join("transcripts/smtp-crepes.fr-2.txt")).unwrap();
    let data = dialogue.lines().filter(|line| *line == "C: DATA").count();
    vec![format!("copies?* {}.", used.len()), format!("{data} times for {copies} copies")]
}

fn dns_cache(run: &Path) -> Vec<String> {
    let dns = table(run, "dns_queries");
    let stubs: Vec<_> = dns.iter().filter(|row| row["role"] == "stub").collect();
    let missed = stubs.iter().filter(|row| row["cache"] == "miss");
    let (first, others) = dns
        .iter()
        .filter(|row| row["role"] == "resolver")
        .fold((0, 0), |(a, b), row| if number(row, "time_s") < 1.0 { (a + 1, b) } else { (a, b + 1) });
    let times: Vec<f64> = missed.clone().map(|row| number(row, "time_s")).collect();
    assert_eq!(times, [0.0, 40.0, 80.0]);
    assert_eq!(others, 2);
    let millis = |at: usize| (number(stubs[at], "latency_s") * 1e3).round();
    vec![
        format!("pass on?* {}: at 0 s, 40 s and 80 s. The first costs {first} questions", missed.count()),
        format!("{} ms the first time, {} ms when", millis(0), millis(1)),
        format!("{} ms when only the record", millis(4)),
    ]
}

fn dns_poisoning(run: &Path) -> Vec<String> {
    let (dns, connections) = (table(run, "dns_queries"), table(run, "connections"));
    let reached = |client: &str| -> Vec<String> {
        connections.iter().filter(|row| row["client"] == client).map(|row| row["server"].clone()).collect()
    };
    assert!(connections.iter().all(|row| !row["established_s"].is_empty()));
    let bank = |resolver: &str| dns.iter().find(|row| row["from"] == resolver && row["to"] == "ns.bank.org").unwrap();
    let (careful, naive) = (bank("resolver.careful.edu"), bank("resolver.naive.edu"));
    // the way from one site to another takes 42 ms
    let arrivals = (0..200).map(|number| 10.1 + 0.0005 * f64::from(number) + 0.042);
    let (asked, waits) = (number(careful, "time_s"), number(careful, "latency_s"));
    let in_time = arrivals.filter(|at| (asked..asked + waits).contains(at)).count();
    let later = dns.iter().filter(|row| row["role"] == "resolver" && row["name"] == "www.shop.org");
    let (own, others): (Vec<&Row>, Vec<&Row>) = later.partition(|row| row["from"] == "resolver.careful.edu");
    assert!(others.is_empty(), "the naive resolver believes what it has");
    let naive_reached = reached("pc.naive.edu");
    assert!(naive_reached.len() == 2 && naive_reached[0] == naive_reached[1]);
    vec![
        format!(
            "pc.careful.edu reaches {}; pc.naive.edu reaches {} both",
            reached("pc.careful.edu").join(" and "),
            naive_reached[0]
        ),
        format!("Of her 200 answers {in_time} come to resolver.careful.edu"),
        format!(
            "{:.2} % for one attempt if she knew the port",
            100.0 * f64::from(u32::try_from(in_time).unwrap()) / 65536.0
        ),
        format!("believed, {:.1} ms after the query", number(naive, "latency_s") * 1e3),
        format!("the true answer, {} ms later", (waits * 1e3).round()),
        format!("the careful one asks {} servers", own.len()),
    ]
}

/// The messages of each look-up in order: question and answer of the client, and of those asked for it.
fn message_counts(run: &Path) -> Vec<usize> {
    let dns = table(run, "dns_queries");
    let above: BTreeMap<&str, &str> = dns.iter().map(|row| (&*row["query"], &*row["for_query"])).collect();
    let origin = |row: &Row| {
        let up = |query: &&str| above.get(query).copied().filter(|query| !query.is_empty());
        std::iter::successors(Some(row["query"].clone()), |query| up(&&**query).map(str::to_owned)).last().unwrap()
    };
    let stubs = dns.iter().filter(|row| row["role"] == "stub");
    stubs.map(|stub| 2 * dns.iter().filter(|row| origin(row) == stub["query"]).count()).collect()
}

fn dns_hierarchy(run: &Path) -> Vec<String> {
    let recursive = run.with_extension("recursive");
    let out = recursive.to_str().unwrap();
    let mode = ["run", "scenarios/dns-hierarchy.json", "--set", "/dns/mode=recursive", "-q", "--out", out];
    assert_eq!(posthaste(run.parent().unwrap(), &mode).code, 0);
    let text = |counts: &[usize]| {
        let [a, b, c, d] = counts[..] else { panic!("four look-ups") };
        format!("{a}, {b}, {c} and {d}")
    };
    let (one, other) = (message_counts(run), message_counts(&recursive));
    let at_root = |run: &Path| {
        let dns = table(run, "dns_queries");
        2 * dns.iter().filter(|row| [&row["from"], &row["to"]].contains(&&"root-server.net".to_owned())).count()
    };
    vec![
        format!("iteratively?* {}.", text(&one)),
        format!("recursively?* {}:", text(&other)),
        format!("Of {} messages in the first run the root sees {}", one.iter().sum::<usize>(), at_root(run)),
        format!("of {} in the second {}", other.iter().sum::<usize>(), at_root(&recursive)),
    ]
}

fn dns_change(run: &Path) -> Vec<String> {
    let dns = table(run, "dns_queries");
    let fetched = dns.iter().find(|row| row["type"] == "AXFR").unwrap();
    let copied = number(fetched, "time_s") + number(fetched, "latency_s");
    let asked = dns.iter().filter(|row| row["role"] == "resolver" && row["to"] == "ns2.work.org");
    let before = asked.map(|row| number(row, "time_s")).filter(|at| *at < copied).fold(0.0, f64::max);
    let metrics = fs::read(run.join("summary.json")).unwrap();
    let metrics: Value = serde_json::from_slice(&metrics).unwrap();
    let oldest = metrics["metrics"]["dns.stale_max_s"].as_f64().unwrap();
    vec![
        format!("At {copied:.3} s, {:.0} s after the change", copied - 610.0),
        format!(
            "Until {:.0} s, {oldest:.0} s after the change: its resolver asked last at {before:.0} s",
            610.0 + oldest
        ),
        format!("{} answers were old", metrics["metrics"]["dns.stale_answers"]),
    ]
}

fn big_answer(run: &Path) -> Vec<String> {
    let (dns, connections) = (table(run, "dns_queries"), table(run, "connections"));
    let zone: Vec<&Row> = dns.iter().filter(|row| row["to"] == "ns.hamburger.edu" && row["type"] == "TXT").collect();
    let [cut, whole] = zone[..] else { panic!("one question over UDP, one over TCP") };
    assert_eq!((&*cut["outcome"], &*whole["outcome"]), ("truncated", "answer"));
    let millis = |row: &Row| (number(row, "latency_s") * 1e3).round();
    let again: Vec<&Row> = dns.iter().filter(|row| row["role"] == "stub" && number(row, "time_s") >= 20.0).collect();
    assert!(again.iter().all(|row| row["cache"] == "hit"));
    let own = count(&connections, "client", "pc1.crepes.fr");
    vec![
        format!(
            "{} ms for a truncated answer with {} of the {} records",
            millis(cut),
            cut["answers"],
            whole["answers"]
        ),
        format!("then {} ms over TCP", millis(whole)),
        format!("Of {} connections {own} are the computer's", connections.len()),
        format!("takes {} ms instead of {} ms", millis(again[0]) + millis(again[1]), millis(again[0])),
    ]
}

fn two_devices_one_mailbox(run: &Path) -> Vec<String> {
    let mut sessions = Vec::new();
    for host in ["bob-laptop", "bob-pc"] {
        for text in (1..)
            .map_while(|n| fs::read_to_string(run.join(format!("transcripts/pop3-{host}.hamburger.edu-{n}.txt"))).ok())
        {
            let after = |mark: &str| text.split_once(mark).unwrap().1.split(' ').next().unwrap().to_owned();
            let found = after("C: LIST\nS: +OK ");
            sessions.push((after("# start: ").parse::<f64>().unwrap(), found));
        }
    }
    sessions.sort_by(|a, b| a.0.total_cmp(&b.0));
    let found = sessions.iter().map(|(_, found)| found.as_str()).collect::<Vec<_>>().join(", ");
    vec![format!("In order of time {found}."), format!("The {} that the desktop", sessions[1].1)]
}

fn outage_queue(run: &Path) -> Vec<String> {
    let attempts = table(run, "attempts");
    let longest = greatest(&table(run, "queue"), "copies");
    let late = attempts.iter().filter(|row| row["outcome"] == "completed" && row["attempt"] != "1");
    let last = greatest(late, "ended_s");
    let most = greatest(&attempts, "attempt");
    let slowest = greatest(&table(run, "messages"), "latency_s");
    vec![
        format!("get?* {longest} copies."),
        format!("{:.1} minutes, although", (last - 11_400.0) / 60.0),
        format!("needed {most} attempts and {:.2} h", slowest / 3600.0),
    ]
}

fn campus_day(run: &Path) -> Vec<String> {
    let (messages, dns) = (table(run, "messages"), table(run, "dns_queries"));
    let summary: Value = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    let millis = |name: &str| (summary["metrics"][name].as_f64().unwrap() * 1e3).round();
    vec![
        format!("median {} ms and the 95th percentile {} ms", millis("latency.p50_s"), millis("latency.p95_s")),
        format!("{} of {} copies stay", count(&messages, "attempts", "0"), messages.len()),
        format!("{} times: afterwards", count(&dns, "to", "a.root-servers.net")),
    ]
}

fn metric(run: &Path, name: &str) -> f64 {
    let summary: Value = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    summary["metrics"][name].as_f64().unwrap()
}

fn flaky_link(run: &Path) -> Vec<String> {
    let copies = table(run, "messages").len();
    vec![
        format!("{} attempts for {copies} copies", metric(run, "attempts.total")),
        format!("{} segments again", metric(run, "connections.retransmissions")),
    ]
}

fn partition(run: &Path) -> Vec<String> {
    let messages = table(run, "messages");
    vec![
        format!("{} of {} copies", count(&messages, "attempts", "0"), messages.len()),
        format!("{:.2} min", greatest(&messages, "latency_s") / 60.0),
    ]
}

fn dual_stack(run: &Path) -> Vec<String> {
    let (connections, attempts) = (table(run, "connections"), table(run, "attempts"));
    let relays: Vec<Row> = connections
        .into_iter()
        .filter(|row| row["client"] == "both.example" && row["server_port"] == "25")
        .inspect(|row| assert_eq!(row["family"] == "ipv4", row["server"] == "old.example"))
        .collect();
    let failed: Vec<&Row> = attempts.iter().filter(|row| row["outcome"] == "failed").collect();
    let lasted: Vec<f64> =
        failed.iter().map(|row| ((number(row, "ended_s") - number(row, "started_s")) * 1e3).round()).collect();
    assert!(lasted.len() == 2 && lasted[0] == lasted[1]);
    assert!(failed.iter().all(|row| row["text"].ends_with("has no address")));
    vec![
        format!("{} of {} go over IPv6", count(&relays, "family", "ipv6"), relays.len()),
        format!("the attempt ends after {} ms", lasted[0]),
    ]
}

fn nagle(run: &Path) -> Vec<String> {
    let millis: Vec<f64> = table(run, "messages").iter().map(|row| (number(row, "transfer_s") * 1e3).round()).collect();
    let [one, two, three] = millis[..] else { panic!("three messages") };
    assert_eq!(two - three, 40.0);
    vec![
        format!("{one}, {two} and {three} ms"),
        format!("{} ms there and back, and {} ms in which", three - one, two - three),
    ]
}

fn sawtooth(run: &Path) -> Vec<String> {
    let windows = table(run, "cwnd");
    let falls: Vec<(f64, f64, f64)> = windows
        .windows(2)
        .map(|pair| (number(&pair[1], "time_s"), number(&pair[0], "cwnd_bytes"), number(&pair[1], "cwnd_bytes")))
        .filter(|(_, before, after)| after < before)
        .collect();
    let teeth = &falls[falls.len() - 4..];
    let (gap, last) = (teeth[3].0 - teeth[2].0, teeth[3]);
    assert!(teeth.windows(2).all(|pair| (pair[1].0 - pair[0].0 - gap).abs() < 0.01), "{teeth:?}");
    let connections = table(run, "connections");
    let transfer = connections.iter().find(|row| row["server_port"] == "25").unwrap();
    let line = table(run, "links").into_iter().find(|row| row["link"] == "line" && row["to"] == "internet").unwrap();
    vec![
        format!("at {:.1} kB to {:.1} kB", last.1 / 1e3, last.2 / 1e3),
        format!("{} times in the 22 s of the transfer, in the end every {gap:.2} s", falls.len()),
        format!(
            "{} packets and TCP sends {} segments again",
            line["dropped_queue_full"], transfer["client_resent_fast"]
        ),
        format!("goodput is {:.2} Mbps", number(transfer, "goodput_bps_to_server") / 1e6),
        format!("{:.2} Mbps that headers leave", 2.0 * 1460.0 / 1500.0),
    ]
}

fn busy_server(run: &Path) -> Vec<String> {
    let (dns, messages) = (table(run, "dns_queries"), table(run, "messages"));
    let slow = |row: &&Row| row["role"] == "stub" && (row["outcome"] == "timeout" || number(row, "latency_s") > 0.1);
    let times: Vec<f64> = dns.iter().filter(slow).map(|row| number(row, "time_s")).filter(|at| *at > 1.0).collect();
    let last = times.iter().copied().fold(0.0, f64::max);
    vec![
        format!("until {:.0} s, {:.0} s after", last, last - 660.0),
        format!("{} questions get no answer", count(&dns, "outcome", "timeout")),
        format!("{:.2} s, instead of {:.2} s", number(&messages[1], "latency_s"), number(&messages[0], "latency_s")),
    ]
}

fn full_server(run: &Path) -> Vec<String> {
    let connections = table(run, "connections");
    let tries: Vec<&Row> = connections.iter().filter(|row| row["server_port"] == "587").collect();
    let away = tries.iter().filter(|row| number(row, "closed_s") - number(row, "opened_s") < 0.1).count();
    let messages = table(run, "messages");
    vec![
        format!("{} of {} connections", away, tries.len()),
        format!("{:.2} min", greatest(&messages, "latency_s") / 60.0),
    ]
}

fn sick_service(run: &Path) -> Vec<String> {
    let (links, connections) = (table(run, "links"), table(run, "connections"));
    let lasted = |port: &str| -> Vec<f64> {
        let to_port = connections.iter().filter(|row| row["server_port"] == port);
        to_port.map(|row| number(row, "closed_s") - number(row, "opened_s")).collect()
    };
    let longest = |port: &str| lasted(port).into_iter().fold(0.0, f64::max);
    let on_links: f64 = ["queue_full", "loss", "other", "early", "sojourn", "too_big"]
        .iter()
        .flat_map(|reason| links.iter().map(move |row| number(row, &format!("dropped_{reason}"))))
        .sum();
    let summary: Value = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    let metric = |name: &str| summary["metrics"][name].as_f64().unwrap();
    vec![
        format!("up to {:.1} s instead of {:.3} s", longest("25"), lasted("25")[0]),
        format!("takes {:.0} ms, as ever", longest("110") * 1e3),
        format!("lost {on_links} of the {}", metric("network.dropped")),
        format!("{} repetitions for {} losses", metric("connections.retransmissions"), metric("network.dropped")),
    ]
}

fn narrow_link(run: &Path) -> Vec<String> {
    let (links, messages) = (table(run, "links"), table(run, "messages"));
    let dropped = |name: &str| {
        links.iter().filter(|row| row["link"] == name).map(|row| number(row, "dropped_too_big")).sum::<f64>()
    };
    let [one, two] = [0, 1].map(|n| (number(&messages[n], "transfer_s") * 1e3).round());
    vec![
        format!("The first drops {}, the second {}", dropped("first"), dropped("second")),
        format!("{one} ms the first time and {two} ms the second"),
    ]
}

fn conformance(run: &Path) -> Vec<String> {
    let dialogues = fs::read_dir(run.join("transcripts")).unwrap().map(|entry| entry.unwrap().path());
    let dialogues: Vec<String> = dialogues.map(|path| fs::read_to_string(path).unwrap()).collect();
    let postmaster = dialogues.iter().find(|text| text.contains("C: USER postmaster@example.test")).unwrap();
    let (attempts, messages) = (table(run, "attempts"), table(run, "messages"));
    let refused = attempts.iter().find(|row| row["outcome"] == "failed").unwrap();
    let bounces = messages.iter().filter(|row| row["kind"] == "bounce").count();
    let resolved = fs::read(run.join("scenario.resolved.json")).unwrap();
    let resolved: Value = serde_json::from_slice(&resolved).unwrap();
    let users = resolved["users"].as_object().unwrap();
    let hosts: Vec<&Value> =
        users.iter().filter(|(name, _)| name.ends_with("@example.test")).map(|(_, user)| &user["host"]).collect();
    let different: BTreeSet<_> = hosts.iter().map(|host| host.as_str()).collect();
    vec![
        format!("The postmaster finds {} message:", postmaster.matches("C: RETR").count()),
        format!("says \"{} {}\"", refused["reply_code"], refused["text"]),
        format!("gets {bounces} bounce."),
        format!("{} for {} users", different.len(), hosts.len()),
    ]
}

/// The sentences that scenarios/README.md has from a run of that scenario.
fn lab(run: &Path) -> Vec<String> {
    let (messages, dns) = (table(run, "messages"), table(run, "dns_queries"));
    let retrieved = messages.iter().filter(|message| !message["retrieved_s"].is_empty()).count();
    vec![
        format!("after {} ms", (number(&messages[0], "latency_s") * 1e3).round()),
        format!("{} questions of resolvers", dns.len() - count(&dns, "role", "stub")),
        format!("{} message delivered, {retrieved} retrieved", count(&messages, "status", "delivered")),
    ]
}

fn answers(scenario: &str, run: &Path) -> Vec<String> {
    match scenario {
        "ketchup" => ketchup(run),
        "recipient-down" => recipient_down(run),
        "returned-to-sender" => returned_to_sender(run),
        "several-messages-one-connection" => several_messages_one_connection(run),
        "dns-cache" => dns_cache(run),
        "dns-poisoning" => dns_poisoning(run),
        "big-answer" => big_answer(run),
        "dns-hierarchy" => dns_hierarchy(run),
        "dns-change" => dns_change(run),
        "two-devices-one-mailbox" => two_devices_one_mailbox(run),
        "a-day-of-mail" => people::a_day_of_mail(run),
        "office-week" => people::office_week(run),
        "pop3-modes" => readers::pop3_modes(run),
        "imap-folders" => readers::imap_folders(run),
        "imap-thin-link" => readers::imap_thin_link(run),
        "outage-queue" => outage_queue(run),
        "campus-day" => campus_day(run),
        "conformance" => conformance(run),
        "submission" => answers::submission::answers(run),
        "web-page" => answers::web::web_page(run),
        "smtp-vs-http" => answers::web::smtp_vs_http(run),
        "lab" => lab(run),
        "flaky-link" => flaky_link(run),
        "partition" => partition(run),
        "dual-stack" => dual_stack(run),
        "nagle" => nagle(run),
        "sawtooth" => sawtooth(run),
        "busy-server" => busy_server(run),
        "full-server" => full_server(run),
        "sick-service" => sick_service(run),
        "narrow-link" => narrow_link(run),
        "greylisting" => conduct::greylisting(run),
        "lost-reply" => conduct::lost_reply(run),
        "backup-mx" => routes::backup_mx(run),
        "mailing-list" => routes::mailing_list(run),
        "mail-loop" => routes::mail_loop(run),
        "retry-policies" => queues::retry_policies(run),
        "thundering-herd" => queues::thundering_herd(run),
        "webmail" => messages::webmail(run),
        "mime-attachments" => messages::mime_attachments(run),
        "dns-ttl" => names::dns_ttl(run),
        "dns-forwarders" => names::dns_forwarders(run),
        "dns-negative" => names::dns_negative(run),
        "dns-outage" => names::dns_outage(run),
        other => panic!("scenarios/README.md has no checked answers for {other}: add them here"),
    }
}

/// Breaks when a scenario has no section in scenarios/README.md, or an answer there is not
/// what a run gives.
#[test]
fn the_answers_about_the_scenarios_are_those_of_the_runs() {
    let text = fs::read_to_string(root().join("scenarios/README.md")).unwrap();
    let place = workplace();
    for path in common::scenario_files() {
        let file = path.file_name().unwrap().to_str().unwrap();
        let name = file.trim_end_matches(".json");
        let section = section(&text, &format!("### {file}")).split_whitespace().collect::<Vec<_>>().join(" ");
        if too_large_here(name) {
            continue;
        }
        assert_eq!(posthaste(place.path(), &["run", &format!("scenarios/{file}"), "-q", "--out", name]).code, 0);
        let run = place.path().join(name);
        for answer in answers(name, &run).into_iter().chain(course::last_answers(name, &run)) {
            assert!(section.contains(&answer), "scenarios/README.md, {file}: the run says {answer:?}");
        }
    }
}
