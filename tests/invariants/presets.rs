//! Random histories of copies at servers with the retry policies of servers that people know: outages on the way, refusals
//! for now, crashes of the server itself and flushes.

use serde_json::{Value, json};

use super::random::Dice;

/// Histories a preset.
pub(crate) const CASES: u64 = 4;

/// That history, as a scenario.
pub(crate) fn scenario(preset: &str, case: u64) -> Value {
    let mut dice = Dice::new(case, &format!("presets/{preset}"));
    let minutes = |dice: &mut Dice, from: u64, to: u64| json!(format!("{}ms", dice.range(from * 60_000, to * 60_000)));
    let work: Vec<Value> = (0..dice.range(1, 4))
        .map(|_| {
            let to = *dice.pick(&["bob@hamburger.edu", "carlos@tapas.org"]);
            json!({ "at": minutes(&mut dice, 0, 600), "from": "alice@crepes.fr", "to": to })
        })
        .collect();
    // One server is away nearly always, the other says for days that it wants to be left alone.
    let mut faults = vec![
        json!({ "at": "0s", "for": minutes(&mut dice, 700, 14_000), "host": "hamburger.edu" }),
        json!({ "at": minutes(&mut dice, 14_001, 14_100), "for": "1d", "host": "hamburger.edu" }),
    ];
    for _ in 0..dice.range(0, 2) {
        faults.push(json!({ "at": minutes(&mut dice, 1, 3_000), "flush": "crepes.fr" }));
    }
    if dice.chance(40) {
        faults.push(
            json!({ "at": minutes(&mut dice, 1, 3_000), "for": minutes(&mut dice, 1, 300), "host": "crepes.fr" }),
        );
    }
    let refuses = json!([{
        "when": { "at": *dice.pick(&["CONNECT", "MAIL", "RCPT", "BODY"]), "until": minutes(&mut dice, 700, 9_000) },
        "then": { "do": "451 4.3.0 not now", "delay": minutes(&mut dice, 0, 2) }
    }]);
    let mut retry = json!({ "preset": preset });
    if dice.chance(30) {
        retry["scan"] = json!(*dice.pick(&["5min", "17min", "30min"]));
    }
    json!({
        "title": format!("{preset}, case {case}"),
        "run": { "seed": case, "until": "16d" },
        "mail": {
            "crepes.fr": { "users": ["alice"], "retry": retry },
            "hamburger.edu": { "users": ["bob"] },
            "tapas.org": { "users": ["carlos"], "conduct": { "rules": refuses } }
        },
        "workload": work,
        "faults": faults
    })
}
