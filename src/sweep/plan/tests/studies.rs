//! What else a plan says, and plans that extend others.

use serde_json::json;

use super::{good, read, values};
use crate::sweep::{ChartKind, Numbers};

#[test]
fn a_plan_says_what_is_kept_and_drawn() {
    let study = good(json!({
        "title": "A study",
        "description": ["one", "two"],
        "constants": { "rate": "1/min" },
        "vary": [
            { "name": "delay", "pointer": "/network/backbone/delay", "values": ["1ms", "20ms"] },
            { "name": "loss", "pointer": "/network/backbone/loss", "values": [0, 0.1] }
        ],
        "replications": { "min": 3, "max": 9, "numbers": "independent", "seed": 4, "stop": { "relative": 0.1, "metrics": ["slow"] } },
        "warm_up": { "until": "1min", "shared": true },
        "metrics": [
            "messages.delivered", "latency.mean_s", "queue.*",
            { "mean": "messages.latency_s" },
            { "quantile": 0.95, "of": "messages.latency_s", "where": { "to": "you@work.org" }, "name": "slow" },
            { "count": "messages", "where": { "status": "delivered" }, "name": "there" }
        ],
        "formulas": [{ "name": "closed", "formula": "rate * delay / (1 + rate * delay)" }],
        "level": 0.9,
        "compare": [{ "parameter": "loss", "against": 0, "metrics": ["latency.mean"] }],
        "charts": [
            { "lines": "slow", "x": "delay", "series": "loss", "beside": "closed", "log_x": true },
            { "heat_map": "there", "x": "delay", "y": "loss", "name": "map" }
        ]
    }));
    let names: Vec<(&str, &str)> = study.measures.iter().map(|m| (m.name.as_str(), m.unit.as_str())).collect();
    assert_eq!(names[..3], [("messages.delivered", ""), ("latency.mean_s", "s"), ("queue.max_copies", "")]);
    let last = &names[names.len() - 3..];
    assert_eq!(last, [("messages.latency.mean_s", "s"), ("slow_s", "s"), ("there", "")]);
    let stop = study.replications.stop.as_ref().unwrap();
    assert_eq!((study.replications.min, study.replications.numbers), (3, Numbers::Independent));
    assert_eq!(stop.measures, ["slow_s"]);
    assert!(study.warm_up.as_ref().unwrap().shared);
    let closed = study.formulas[0].at(&study.points[3]).unwrap();
    assert!((closed - (0.02 / 60.0) / (1.0 + 0.02 / 60.0)).abs() < 1e-12);
    assert_eq!((study.comparisons[0].parameter.as_str(), study.comparisons[0].against.as_str()), ("loss", "0"));
    assert_eq!(study.comparisons[0].measures, ["latency.mean_s"]);
    assert_eq!(study.charts[0].name, "slow_s-over-delay_s");
    let ChartKind::Lines { measure, x, series, beside, log_x, .. } = &study.charts[0].kind else { panic!("lines") };
    assert_eq!((measure.as_str(), x.as_str(), *log_x), ("slow_s", "delay_s", true));
    assert_eq!((series.as_deref(), beside.as_deref()), (Some("loss"), Some("closed")));
    assert!(matches!(&study.charts[1].kind, ChartKind::HeatMap { y, .. } if y == "loss"));
    assert_eq!(study.description, "one\ntwo");
}

const BASE: &str = r#"{
  "scenario": "small.json",
  "title": "base",
  "vary": [
    { "name": "delay", "pointer": "/network/backbone/delay", "values": ["1ms"] },
    { "name": "loss", "pointer": "/network/backbone/loss", "values": [0] }
  ],
  "metrics": ["messages.delivered"]
}"#;

/// Would break if the extended plan won, or an entry of the same name stood there twice.
#[test]
fn a_plan_extends_another() {
    let files = [
        ("base.json", BASE),
        ("middle.json", r#"{ "extends": "base.json", "title": "middle", "replications": 4 }"#),
        (
            "plan.json",
            r#"{ "extends": "middle.json", "vary": [
                { "name": "number", "pointer": "/run/seed", "values": [5, 6] },
                { "name": "delay", "pointer": "/network/backbone/delay", "values": ["2ms", "3ms"] }
            ] }"#,
        ),
    ];
    let study = read(&files, 10).unwrap();
    assert_eq!((study.title.as_str(), study.replications.max, study.name.as_str()), ("middle", 4, "plan"));
    assert_eq!(values(&study), [["2ms", "0", "5"], ["2ms", "0", "6"], ["3ms", "0", "5"], ["3ms", "0", "6"]]);
    assert_eq!(study.plan["vary"][0]["values"], json!(["2ms", "3ms"]));
    assert_eq!(study.plan.get("extends"), None);
}

/// Would break if an error were told in the wrong file or at the wrong entry.
#[test]
fn errors_stand_in_the_file_that_has_them() {
    let bad = BASE.replace("\"values\": [0]", "\"values\": [2]");
    let plan =
        r#"{ "extends": "base.json", "vary": [ { "name": "until", "pointer": "/run/until", "values": ["1x"] } ] }"#;
    let errors = read(&[("base.json", &bad), ("plan.json", plan)], 10).unwrap_err();
    assert!(errors.contains("--> base.json:6:71 at vary[1].values[0]"), "{errors}");
    assert!(errors.contains("--> plan.json:1:") && errors.contains(" at vary[0].values[0]"), "{errors}");
}

/// Would break if a circle of plans were followed for ever.
#[test]
fn plans_extend_no_circle() {
    let files = [("a.json", r#"{ "extends": "plan.json" }"#), ("plan.json", r#"{ "extends": "a.json" }"#)];
    let errors = read(&files, 10).unwrap_err();
    assert!(errors.contains("\"plan.json\" extends this plan, so this is a circle\n --> a.json:1:14"), "{errors}");
    let gone = read(&[("plan.json", r#"{ "extends": "gone.json" }"#)], 10).unwrap_err();
    assert!(gone.contains("cannot read \"gone.json\""), "{gone}");
}
