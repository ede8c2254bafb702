//! The schedules on which mail providers were seen to try again, against servers that greylist: whole runs.
//!
//! It would break if a schedule were not kept to the nanosecond, or if the first attempt at or after the
//! threshold were not the one that gets through.

mod common;

use common::run_value;
use serde_json::{Value, json};

/// Attempts of Pagani, De Astis, Graziano, Lanzi and Balzarotti (2016), in minutes and seconds after the first.
const PROVIDERS: &[(&str, &[(u64, u64)])] = &[
    ("gmail.com", &[(6, 2), (29, 2), (56, 36), (98, 44), (162, 3), (229, 44), (309, 5), (434, 46)]),
    ("yahoo.co.uk", &[(2, 7), (5, 39), (12, 58), (27, 16), (55, 13), (109, 35), (216, 47), (430, 36)]),
    ("mail.com", &[(5, 2), (12, 37), (23, 59), (41, 3), (66, 38), (105, 1), (162, 35), (248, 56), (378, 28)]),
    ("gmx.com", &[(5, 1), (12, 33), (23, 50), (40, 46), (66, 9), (104, 14), (161, 22), (247, 4), (375, 36)]),
    ("india.com", &[(6, 21), (16, 21), (36, 21), (76, 21), (146, 22), (216, 21), (286, 21), (356, 21), (426, 21)]),
    ("aol.com", &[(5, 32), (11, 32), (21, 32), (31, 32)]),
];

/// One message from each provider to a server whose greylist has that threshold.
fn scenario(threshold_s: u64) -> Value {
    let mut value = json!({
        "network": { "access": { "delay": "1ms" }, "backbone": { "delay": "20ms" } },
        "mail": { "hamburger.edu": { "users": ["bob"], "conduct": { "greylisting": { "delay": format!("{threshold_s}s") } } } },
        "workload": [],
        "run": { "seed": 1, "until": "2d" }
    });
    for (domain, schedule) in PROVIDERS {
        let mut before = 0;
        let intervals: Vec<String> = schedule
            .iter()
            .map(|(m, s)| format!("{}s", 60 * m + s - std::mem::replace(&mut before, 60 * m + s)))
            .collect();
        value["mail"][*domain] = json!({ "users": ["anna"],
            "retry": { "intervals": intervals, "repeat_last": false, "lifetime": "10h" } });
        let entry = json!({ "from": format!("anna@{domain}"), "to": "bob@hamburger.edu" });
        value["workload"].as_array_mut().unwrap().push(entry);
    }
    value
}

#[test]
fn the_first_attempt_after_the_threshold_gets_through() {
    // 300 s is postgrey's; 6 h that of the measurement.
    for threshold in [60, 300, 900, 1_800, 3_600, 21_600] {
        let tables = run_value(&scenario(threshold)).record.tables;
        for (domain, schedule) in PROVIDERS {
            let mut attempts: Vec<_> = tables.attempts.iter().filter(|row| &*row.server == *domain).collect();
            attempts.sort_by_key(|row| row.attempt);
            let first = attempts[0].started;
            let expected: Vec<u64> = std::iter::once(0).chain(schedule.iter().map(|(m, s)| 60 * m + s)).collect();
            let passes = expected.iter().position(|at| *at >= threshold);
            let made = passes.map_or(expected.len(), |at| at + 1);
            assert_eq!(attempts.len(), made, "{domain}, {threshold} s");
            for (row, at) in attempts.iter().zip(&expected) {
                assert_eq!(row.started.since(first).as_nanos(), at * 1_000_000_000, "{domain}, {threshold} s");
            }
            let last = attempts[made - 1];
            assert_eq!(last.reply_code, if passes.is_some() { None } else { Some(450) }, "{domain}, {threshold} s");
            let delivered = tables.messages.iter().any(|row| {
                row.message.contains(&format!("anna@{domain}"))
                    && row.delivered.is_some()
                    && &*row.to == "bob@hamburger.edu"
            });
            assert_eq!(delivered, passes.is_some(), "{domain}, {threshold} s");
        }
    }
}
