//! Answers about where mail goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::binary::table;
use crate::{Row, count, greatest, number};

fn seconds(row: &Row, column: &str) -> f64 {
    number(row, column).floor()
}

pub(crate) fn backup_mx(run: &Path) -> Vec<String> {
    let (messages, attempts) = (table(run, "messages"), table(run, "attempts"));
    let dinner = messages.iter().find(|row| row["to"] == "bob@hamburger.edu").unwrap();
    let bounce = messages.iter().find(|row| !row["about"].is_empty()).unwrap();
    let of = |server: &str, to: &str| {
        let rows = attempts.iter().filter(|row| row["server"] == server && row["to"] == to);
        rows.cloned().collect::<Vec<Row>>()
    };
    let (first, backup) = (of("crepes.fr", "bob@hamburger.edu"), of("mx.backup.net", "bob@hamburger.edu"));
    assert_eq!(first.len(), 1);
    assert!(bounce["message"].ends_with("@mx.backup.net>"));
    let second = of("mx2.pizza.it", "dan@pizza.it");
    assert_eq!(count(&second, "outcome", "completed"), second.len());
    let orders = of("crepes.fr", "dan@pizza.it").len();
    vec![
        format!("{} s: 63 s", (number(&first[0], "ended_s") - number(&first[0], "started_s")).floor()),
        format!("{} attempts; the last one, at {} s,", backup.len(), seconds(&backup[backup.len() - 1], "started_s")),
        format!("{} min", (number(dinner, "latency_s") / 60.0).round()),
        format!("At {} s,", seconds(bounce, "composed_s")),
        format!("{} of {orders}", second.len()),
    ]
}

pub(crate) fn mailing_list(run: &Path) -> Vec<String> {
    let (messages, connections) = (table(run, "messages"), table(run, "connections"));
    let out: Vec<&Row> =
        connections.iter().filter(|row| row["client"] == "club.org" && row["server_port"] == "25").collect();
    let bounces = messages.iter().filter(|row| !row["about"].is_empty());
    let olga = bounces.filter(|row| row["to"] == "olga@club.org").count();
    let copies: Vec<&Row> = messages.iter().filter(|row| row["from"] == "olga@club.org").collect();
    let to_bob = messages.iter().filter(|row| row["to"] == "bob@club.org" && row["status"] == "delivered").count();
    let spam = fs::read_to_string(run.join("transcripts/smtp-spam.example-1.txt")).unwrap();
    let refusal = spam.lines().find(|line| line.starts_with("S: 550 ")).unwrap().trim_start_matches("S: ");
    let octets: f64 = out.iter().map(|row| number(row, "bytes_to_server")).sum();
    let bytes: f64 = copies.iter().map(|row| number(row, "bytes")).sum();
    let west = copies.iter().filter(|row| row["to"].ends_with("@west.edu"));
    let dialogue = greatest(west.copied(), "dialogue_s");
    vec![
        format!("{} connections", out.len()),
        format!("{:.0} kB instead of {:.1} MB", octets / 1e3, bytes / 1e6),
        format!("{dialogue:.2} s"),
        format!("Olga gets {olga}"),
        format!("\"{refusal}\""),
        format!("{to_bob} copy"),
    ]
}

pub(crate) fn mail_loop(run: &Path) -> Vec<String> {
    let (messages, attempts) = (table(run, "messages"), table(run, "attempts"));
    let crossings = |number: u32| count(&attempts, "message", &format!("<{number}.dora@home.fr>"));
    let bounces: BTreeSet<&str> =
        messages.iter().filter(|row| !row["about"].is_empty()).map(|row| row["about"].as_str()).collect();
    let ann = messages.iter().find(|row| row["about"] == "<1.dora@home.fr>").unwrap();
    vec![
        format!("Ann's {} times, Ben's {}, Cleo's {}", crossings(1), crossings(2), crossings(3)),
        format!("{} bounces for 4 letters", bounces.len()),
        format!("{} s after", (number(ann, "composed_s") - 60.0).round()),
        format!("{} attempts", crossings(4)),
    ]
}
