//! More that can go wrong in a random scenario: every trouble of a link, every option of TCP,
//! and faults that repeat, overlap, change a link, cut a part off or take one service away.
//!
//! It has a stream of its own, so that the scenario without it stays as it was.

use serde_json::{Value, json};

use super::random::Dice;
use crate::common::load_value;

fn seconds(ms: u64) -> Value {
    json!(format!("{ms}ms"))
}

/// Gives three cases in five some of it. `busy_ms` grows to the end of the last fault.
pub(crate) fn add(case: u64, value: &mut Value, busy_ms: &mut u64) {
    let mut dice = Dice::new(case, "troubles");
    if !dice.chance(60) {
        return;
    }
    for key in ["access", "backbone"] {
        link(&mut dice, part(value, key));
    }
    if let Some(links) = value["network"].get_mut("links").and_then(Value::as_array_mut) {
        links.iter_mut().for_each(|one| link(&mut dice, one));
    }
    tcp(&mut dice, part(value, "tcp"));
    if dice.chance(30) {
        value["network"]["dead_hosts"] = json!("reported");
    }
    if dice.chance(30) {
        value["network"]["routing"] = json!({ "convergence": *dice.pick(&["0s", "5s", "never"]) });
    }
    let faults = faults(&mut dice, value, busy_ms);
    value["faults"].as_array_mut().expect("faults").extend(faults);
}

/// A part of the network's description, made if it is not there.
fn part<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    let network = value["network"].as_object_mut().expect("an object");
    network.entry(key).or_insert_with(|| json!({}))
}

/// Shares of a hundred.
fn chance(dice: &mut Dice, most: u64) -> Value {
    json!(dice.range(1, most) as f64 / 100.0)
}

fn link(dice: &mut Dice, link: &mut Value) {
    if dice.chance(25) {
        let (to_bad, to_good) = (chance(dice, 5), chance(dice, 90));
        link["bursts"] = json!({ "to_bad": to_bad, "to_good": to_good, "loss_bad": chance(dice, 60) });
    }
    if dice.chance(15) {
        link["loss_every"] = json!(dice.range(6, 60));
    }
    for (key, most) in [("corruption", 4), ("duplication", 20)] {
        if dice.chance(25) {
            link[key] = chance(dice, most);
        }
    }
    if dice.chance(30) {
        let extra = *dice.pick(&["exponential 4ms", "uniform 0ms to 30ms", "lognormal 5ms sigma 0.8"]);
        link["jitter"] = json!({ "extra": extra, "reorder": dice.chance(50) });
    }
    if dice.chance(15) {
        link["mtu"] = json!(format!("{}B", dice.range(1_280, 1_500)));
    }
    match dice.range(0, 5) {
        0 => link["red"] = json!({ "min_th": dice.range(1, 8), "max_p": chance(dice, 50), "weight": chance(dice, 90) }),
        1 => link["codel"] = json!({ "target": format!("{}ms", dice.range(1, 20)) }),
        _ => {}
    }
    if dice.chance(25) {
        link["reverse"] = json!({ "delay": format!("{}us", dice.range(0, 90_000)), "loss": chance(dice, 6) });
    }
}

fn tcp(dice: &mut Dice, tcp: &mut Value) {
    for key in ["nagle", "sack", "timestamps", "limited_transmit", "silly_window_avoidance", "ecn"] {
        if dice.chance(40) {
            tcp[key] = json!(true);
        }
    }
    if tcp["sack"] == json!(true) && dice.chance(50) {
        tcp["rack"] = json!(true);
    }
    if dice.chance(30) {
        tcp["congestion"] = json!("cubic");
    }
    if dice.chance(40) {
        tcp["delayed_ack"] = seconds(dice.range(0, 450));
    }
    if dice.chance(20) {
        tcp["keep_alive"] = seconds(dice.range(10, 200) * 1_000);
    }
    if dice.chance(20) {
        tcp["syn_backlog"] = json!(dice.range(1, 4));
    }
    if dice.chance(30) {
        tcp["min_rto"] = seconds(dice.range(50, 900));
    }
}

fn faults(dice: &mut Dice, value: &Value, busy_ms: &mut u64) -> Vec<Value> {
    let whole = load_value(value);
    let links: Vec<&str> = whole.links.iter().map(|link| link.name.as_str()).collect();
    let servers: Vec<&str> = whole.domains.iter().map(|domain| whole.host_spec(domain.server).name.as_str()).collect();
    let sites: Vec<&str> = whole.domains.iter().map(|domain| domain.name.as_str()).collect();
    let mut faults = Vec::new();
    for _ in 0..dice.range(0, 5) {
        let (at, lasts) = (dice.range(0, 600_000), dice.range(1, 120_000));
        let mut end = at + lasts;
        let mut fault = match dice.range(0, 4) {
            3 => json!({ "host": *dice.pick(&servers), "port": *dice.pick(&[25, 53, 110]), "change": {
                "rate": *dice.pick(&["8kbps", "1Mbps"]), "queue": *dice.pick(&["2 packets", "9kB"]),
                "delay": *dice.pick(&["0s", "3s"]), "loss": chance(dice, 20), "duplication": chance(dice, 20) } }),
            0 => json!({ "host": *dice.pick(&servers), "port": *dice.pick(&[25, 53, 110]) }),
            1 => json!({ "partition": [*dice.pick(&sites)] }),
            // These may overlap: each is laid over those before it.
            _ => json!({ "link": *dice.pick(&links), "change": {
                "rate": *dice.pick(&["64kbps", "1Mbps"]), "queue": *dice.pick(&["2 packets", "9kB"]),
                "loss": chance(dice, 20), "duplication": chance(dice, 20) } }),
        };
        fault["at"] = seconds(at);
        match dice.range(0, 3) {
            0 => {
                end = at + 10 * lasts;
                fault["for"] = seconds(lasts);
                (fault["every"], fault["until"]) = (seconds(2 * lasts), seconds(end));
                end += lasts;
            }
            1 if lasts > 1_000 => {
                end = at + 10 * lasts;
                (fault["mean_up"], fault["mean_down"]) = (seconds(2 * lasts), seconds(lasts / 4));
                fault["until"] = seconds(end);
                // The last time down is longer than twenty times the mean once in 10^8.
                end += 5 * lasts;
            }
            _ => fault["for"] = seconds(lasts),
        }
        *busy_ms = (*busy_ms).max(end);
        faults.push(fault);
    }
    faults
}
