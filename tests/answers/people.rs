//! The answers to the questions about the scenarios of people who sit at their mail.

use std::path::Path;

use crate::common::binary::table;
use crate::{Row, count, metric, number};

fn at(rows: &[Row], user: &str, action: &str, nth: usize) -> f64 {
    let mut of = rows.iter().filter(|row| row["user"].starts_with(user) && row["action"] == action);
    number(of.nth(nth).unwrap(), "time_s")
}

/// The sentences about a-day-of-mail.json.
pub(crate) fn a_day_of_mail(run: &Path) -> Vec<String> {
    let rows = table(run, "person_actions");
    let seen = |user| (at(&rows, user, "open", 0) - at(&rows, user, "begin", 0)) * 1e3;
    let menu = (at(&rows, "bob", "attachment", 0) - at(&rows, "bob", "open", 0) - 20.0) * 1e3;
    let parts = table(run, "parts");
    let sent = parts.iter().filter(|row| row["message"].contains("carol")).map(|row| number(row, "content_bytes"));
    vec![
        format!("Bob after {:.0} ms and Erin after {:.0} ms", seen("bob"), seen("erin")),
        format!("{:.0} ms and {:.0} ms: POP3 brings", seen("carol"), seen("dave")),
        format!("When Bob asks for it: {menu:.0} ms"),
        format!("{} octets go out again", sent.fold(0.0, f64::max)),
    ]
}

/// The sentences about office-week.json.
pub(crate) fn office_week(run: &Path) -> Vec<String> {
    let rows = table(run, "person_actions");
    let mut hours = [0; 24];
    for row in rows.iter().filter(|row| row["action"] == "begin") {
        let hour = (number(row, "time_s") / 3600.0).floor() % 24.0;
        hours[(0..24).find(|known| f64::from(*known) == hour).unwrap() as usize] += 1;
    }
    assert!(hours[..8].iter().chain(&hours[18..]).all(|sessions| *sessions == 0));
    let answered = |protocol: &str| {
        let of = |actions: &[&str]| {
            let counts =
                |row: &&Row| row["protocol"].starts_with(protocol) && actions.contains(&row["action"].as_str());
            f64::from(u32::try_from(rows.iter().filter(counts).count()).unwrap())
        };
        100.0 * of(&["reply", "reply_all"]) / of(&["open"])
    };
    let filed = |protocol: &str| {
        count(&rows, "action", "file") > 0
            && rows.iter().any(|row| row["action"] == "file" && row["protocol"].starts_with(protocol))
    };
    assert!(filed("imap") && filed("webmail") && !filed("pop3"));
    let people = |name: &str| metric(run, &format!("people.{name}"));
    vec![
        format!("{}, and none at night", people("sessions")),
        format!("has {} of them, the hour from noon {}", hours.iter().max().unwrap(), hours[12]),
        format!(
            "wrote {} new messages and {} answers, opened {}, filed {} and deleted {}",
            people("written"),
            people("replies"),
            people("opened"),
            people("filed"),
            people("deleted")
        ),
        format!(
            "{:.0} percent of what was opened by IMAP was answered, and {:.0} percent",
            answered("imap"),
            answered("pop3")
        ),
    ]
}
