//! Random small scenarios in which mail servers do random things to their clients, each from its own
//! named stream. At the end is a long time in which no rule holds, so that everything comes to its end.

use posthaste::base::{Stream, Streams};
use serde_json::{Value, json};

const DOMAINS: [(&str, [&str; 2]); 3] =
    [("crepes.fr", ["alice", "anna"]), ("hamburger.edu", ["bob", "beth"]), ("tapas.org", ["carlos", "carmen"])];
const PLACES: [&str; 12] =
    ["CONNECT", "HELO", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "BODY", "RSET", "QUIT", "NOOP", "OTHER"];

struct Dice(Stream);

/// Takes away what a rule cannot know at any place where it is tried: such a rule is refused.
fn leave_out_unknown(when: &mut Value) {
    let at = match when.get("at") {
        None => return,
        Some(place) => place.as_array().cloned().unwrap_or_else(|| vec![place.clone()]),
    };
    let before = ["CONNECT", "HELO", "EHLO"];
    let all = |unknown: &dyn Fn(&str) -> bool| at.iter().all(|place| unknown(place.as_str().unwrap()));
    let gone = [
        ("sender", all(&|place| before.contains(&place))),
        ("recipient", all(&|place| place == "MAIL" || before.contains(&place))),
        ("larger_than", all(&|place| !["MAIL", "BODY"].contains(&place))),
    ];
    for (key, _) in gone.iter().filter(|(_, gone)| *gone) {
        when.as_object_mut().unwrap().remove(*key);
    }
}

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()].clone()
    }

    fn when(&mut self) -> Value {
        // In the end nobody does anything any more.
        let mut when = json!({ "until": "4h" });
        if self.chance(85) {
            when["at"] = if self.chance(80) { json!(self.pick(&PLACES)) } else { json!([self.pick(&PLACES), "RCPT"]) };
        }
        if self.chance(30) {
            when["probability"] = json!(self.pick(&[0.1, 0.3, 0.5, 0.9]));
        }
        if self.chance(40) {
            when["first"] = json!(1 + self.below(4));
            when["per"] =
                json!(self.pick(&["server", "client", "session", "sender", "recipient", "triplet", "message"]));
        }
        if self.chance(20) {
            when["skip"] = json!(self.below(3));
        }
        if self.chance(15) {
            when["sender"] = json!(self.pick(&["a*", "<>", "*@crepes.fr"]));
        }
        if self.chance(15) {
            when["recipient"] = json!(self.pick(&["b*", "*@tapas.org", "*"]));
        }
        if self.chance(15) {
            when["client"] = json!(self.pick(&["crepes.fr", "tapas.org", "10.0.0.0/8"]));
        }
        if self.chance(10) {
            when["larger_than"] = json!(self.pick(&["100B", "2kB"]));
        }
        if self.chance(10) {
            when["rate"] =
                json!({ "most": 1 + self.below(3), "within": "10min", "gauge": self.pick(&["window", "bucket"]) });
        }
        leave_out_unknown(&mut when);
        when
    }

    fn then(&mut self, at: &Value) -> Value {
        let slow = self.pick(&[
            json!({ "delay": "2s" }),
            json!({ "delay": "uniform 1s to 400s" }),
            json!({ "late": "exponential 300s" }),
            json!({ "late": "11min" }),
            json!({ "drip": "2s" }),
            json!({ "delay": "1s", "per_error": "10s", "most": "60s" }),
        ]);
        if self.chance(25) {
            return slow;
        }
        if at == "DATA" && self.chance(50) {
            return json!({ "do": self.pick(&["close", "reset"]), "after": format!("{}B", 1 + self.below(300)) });
        }
        let mut then = self.pick(&[
            json!({ "do": "450 4.7.1 Later" }),
            json!({ "do": "421 4.3.2 Busy" }),
            json!({ "do": "451 4.3.0 First\nsecond" }),
            json!({ "do": "554 5.7.1 Never" }),
            json!({ "do": "close" }),
            json!({ "do": "reset" }),
            json!({ "do": "silent" }),
            json!({ "garbage": "\u{0}\r\n" }),
            json!({ "garbage": "450-x\r\n" }),
            json!({ "garbage": "4" }),
            json!({ "do": "half_close" }),
            json!({ "do": "pass" }),
        ]);
        let plain = ["half_close", "pass"].iter().any(|word| then["do"] == **word);
        // A permanent refusal of what was taken: the sender is told, and the recipient has it. That is
        // allowed, but no end of which one could say who is right.
        if !plain && then["do"] != "554 5.7.1 Never" && self.chance(40) {
            then["effect"] = json!(true);
        }
        if self.chance(20) {
            then["delay"] = json!("3s");
        }
        then
    }

    fn conduct(&mut self) -> Value {
        let rules: Vec<Value> = (0..self.below(4))
            .map(|_| {
                let when = self.when();
                let then = self.then(&when["at"]);
                json!({ "when": when, "then": then })
            })
            .collect();
        let mut conduct = json!({ "rules": rules });
        if self.chance(40) {
            let delay = self.pick(&["1min", "5min", "20min"]);
            conduct["greylisting"] = json!({ "delay": delay, "auto_whitelist": self.below(3), "retry_window": "2h" });
        }
        if self.chance(20) {
            conduct["tarpit"] = json!({ "delay": "1s", "per_error": "2s", "most": "10s" });
        }
        if self.chance(15) {
            // At least as many as one message has recipients, or it would never get through.
            let of = self.pick(&["connections", "messages", "recipients"]);
            let least = if of == "recipients" { 4 } else { 1 };
            conduct["limit"] = json!({ "most": least + self.below(3), "of": of });
        }
        if self.chance(10) {
            conduct["max_size"] = json!("2kB");
        }
        if self.chance(10) {
            conduct["refuse_helo"] = json!(["tapas*"]);
        }
        conduct
    }
}

/// The scenario of that number.
pub(crate) fn scenario(case: u64) -> Value {
    let mut dice = Dice(Streams::new(case).stream("conduct/random"));
    let mut value = json!({ "title": format!("case {case}"), "run": { "seed": case, "until": "3d" } });
    let mut people = Vec::new();
    for (domain, names) in DOMAINS {
        people.extend(names.iter().map(|name| format!("{name}@{domain}")));
        let mut entry = json!({
            "users": names,
            "retry": { "every": dice.pick(&["7min", "20min", "30min"]), "lifetime": dice.pick(&["3h", "8h", "12h"]) }
        });
        if dice.chance(80) {
            entry["conduct"] = dice.conduct();
        }
        if dice.chance(30) {
            entry["dialect"] = json!("lecture");
        }
        value["mail"][domain] = entry;
    }
    let letter = |dice: &mut Dice| {
        let to: Vec<String> = (0..=dice.below(3)).map(|_| dice.pick(&people)).collect();
        let body = format!("{}B", dice.pick(&[50, 1_000, 5_000]));
        json!({ "at": format!("{}s", dice.below(3_600)), "from": dice.pick(&people), "to": to, "body_bytes": body })
    };
    value["workload"] = (0..2 + dice.below(6)).map(|_| letter(&mut dice)).collect();
    if dice.chance(30) {
        let host = dice.pick(&DOMAINS).0;
        let at = dice.below(7_200);
        value["faults"] =
            json!([{ "host": host, "at": format!("{at}s"), "for": format!("{}s", 1 + dice.below(2_000)) }]);
    }
    value
}
