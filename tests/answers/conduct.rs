//! Answers about what mail servers do to their clients.

use std::path::Path;

use crate::common::binary::table;
use crate::{Row, count, number};

pub(crate) fn greylisting(run: &Path) -> Vec<String> {
    let (messages, conduct) = (table(run, "messages"), table(run, "conduct"));
    let minutes = |from: &str| {
        let row = messages.iter().find(|row| row["from"] == from && row["status"] == "delivered").unwrap();
        (number(row, "latency_s") / 60.0 * 10.0).round() / 10.0
    };
    let uses = |action: &str| conduct.iter().find(|row| row["action"] == action).map_or(0, count_of);
    let (carlos, dora, alice) = (minutes("carlos@tapas.org"), minutes("dora@bigmail.com"), minutes("alice@crepes.fr"));
    let second = |row: &&Row| number(row, "composed_s") > 10_000.0;
    let late: Vec<&Row> = messages.iter().filter(second).collect();
    assert!(late.iter().all(|row| row["attempts"] == "1" && row["status"] == "delivered"));
    let spam = late.iter().find(|row| row["from"] == "sly@spam.biz").unwrap();
    vec![
        format!("Carlos {carlos} min, Dora {dora} min, Alice {alice} min"),
        format!("{} triplets were refused, once each", uses("greylisted")),
        format!("{} of the {} passed as known", uses("grey_known"), late.len()),
        format!("It is delivered at {} s, at its first attempt", number(spam, "delivered_s").floor()),
        format!("{} of its two messages came through", late.iter().filter(|row| row["from"] == "sly@spam.biz").count()),
    ]
}

fn count_of(row: &Row) -> u64 {
    row["uses"].parse().unwrap()
}

pub(crate) fn lost_reply(run: &Path) -> Vec<String> {
    let (messages, attempts, conduct) = (table(run, "messages"), table(run, "attempts"), table(run, "conduct"));
    let to = |rows: &[Row], to: &str| rows.iter().filter(|row| row["to"] == to).cloned().collect::<Vec<Row>>();
    let carlos = to(&attempts, "carlos@tapas.org");
    let tries = |who: &str| to(&attempts, who).len();
    let copies = |who: &str| 1.0 + number(&to(&messages, who)[0], "duplicates");
    let late = number(conduct.iter().find(|row| row["rule"] == "late").unwrap(), "delay_s");
    assert_eq!(count(&carlos, "outcome", "deferred"), 3);
    vec![
        format!("Bob has {} copies, Carlos {}", copies("bob@hamburger.edu"), copies("carlos@tapas.org")),
        format!("after {} attempts", tries("bob@hamburger.edu")),
        format!("after {}", tries("carlos@tapas.org")),
        format!("at {} s", number(&carlos[0], "ended_s").floor()),
        format!("{} min in all", late / 60.0),
    ]
}
