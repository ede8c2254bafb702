//! The answers to the questions about the scenarios of people who read mail.

use std::path::Path;

use crate::common::binary::table;
use crate::{Row, number};

fn of<'a>(rows: &'a [Row], column: &'a str, value: &'a str) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| row[column].starts_with(value))
}

/// The sentences about pop3-modes.json.
pub(crate) fn pop3_modes(run: &Path) -> Vec<String> {
    let (sessions, mailboxes) = (table(run, "mailbox_sessions"), table(run, "mailboxes"));
    let kilobytes = |user| of(&sessions, "user", user).map(|row| number(row, "received_bytes")).sum::<f64>() / 1e3;
    let left = |user| of(&mailboxes, "user", user).last().unwrap()["messages"].clone();
    let fetched = |device| of(&sessions, "device", device).map(|row| number(row, "opened")).sum::<f64>();
    let most = of(&sessions, "user", "kim").map(|row| number(row, "received_bytes")).fold(0.0, f64::max) / 1e3;
    vec![
        format!(
            "Dan's sessions bring {:.0} kB, Uma's {:.0} kB, Kim's {:.0} kB",
            kilobytes("dan"),
            kilobytes("uma"),
            kilobytes("kim")
        ),
        format!("Kim's last one alone {most:.0} kB"),
        format!("Dan has {}, Kim and Uma have {} each, Leo has {}", left("dan"), left("kim"), left("leo")),
        format!("{} messages came to his PC and {} to his laptop", fetched("leo-pc"), fetched("leo-laptop")),
    ]
}

/// The sentences about imap-folders.json.
pub(crate) fn imap_folders(run: &Path) -> Vec<String> {
    let (sessions, readings) = (table(run, "mailbox_sessions"), table(run, "readings"));
    let of_device = |device| of(&sessions, "device", device).next().unwrap();
    let (laptop, phone) = (of_device("bob-laptop"), of_device("bob-phone"));
    let millis = |row: &Row, column: &str| (number(row, column) * 1e3).round();
    let waits = |name: &str| of(&readings, "device", name).map(|row| number(row, "poll_wait_s")).collect::<Vec<_>>();
    vec![
        format!("after {} ms", millis(&readings[1], "poll_wait_s")),
        format!("{} ms more", millis(&readings[1], "retrieval_s")),
        format!(
            "The first message waited for {:.0} minutes, the last for {:.0} minutes",
            waits("bob-laptop")[0] / 60.0,
            waits("bob-pc")[0] / 60.0
        ),
        format!("of {} messages", phone["learned"]),
        format!("{} commands of the laptop and {} of the phone", laptop["commands"], phone["commands"]),
    ]
}

/// The sentences about imap-thin-link.json.
pub(crate) fn imap_thin_link(run: &Path) -> Vec<String> {
    let (sessions, readings) = (table(run, "mailbox_sessions"), table(run, "readings"));
    let session = |user| of(&sessions, "user", user).next().unwrap();
    let (bob, bea) = (session("bob"), session("bea"));
    let kilobytes = |row: &Row| number(row, "received_bytes") / 1e3;
    let first = |user| of(&readings, "user", user).map(|row| number(row, "retrieval_s")).fold(f64::INFINITY, f64::min);
    let lasted = |row: &Row| number(row, "ended_s") - number(row, "began_s");
    vec![
        format!(
            "Bob's program hears {:.0} kB in {} round trips, Bea's {:.0} kB in {}",
            kilobytes(bob),
            bob["round_trips"],
            kilobytes(bea),
            bea["round_trips"]
        ),
        format!("Bea reads after {:.1} s, Bob after {:.1} s", first("bea"), first("bob")),
        format!("{:.0} s against {:.0} s", lasted(bea), lasted(bob)),
    ]
}
