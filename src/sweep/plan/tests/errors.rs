//! What is said of wrong plans, and where.

use serde_json::{Value, json};

use super::{read, with};

fn errors(text: &str) -> String {
    match read(&[("plan.json", text)], 200) {
        Ok(study) => panic!("taken, with {} points: {text}", study.points.len()),
        Err(errors) => errors,
    }
}

/// The whole text of errors, with places, carets and help.
#[test]
fn errors_show_their_places() {
    let text = r#"{
  "scenario": "small.json",
  "vary": [
    { "name": "delay", "pointer": "/network/backbone/delay", "values": ["1ms", "20 ms"] },
    { "name": "loss", "pointr": "/network/backbone/loss", "values": [0, 0.1] }
  ],
  "where": ["delay < 10m", "los == 0"],
  "replications": { "min": 5, "max": 3 },
  "metrics": ["mesages.delivered"],
  "charts": [{ "lines": "messages.delivered", "x": "dealy" }]
}"#;
    let expected = r#"error: unknown key "pointr"
 --> plan.json:5:23 at vary[1].pointr
  |
5 |     { "name": "loss", "pointr": "/network/backbone/loss", "values": [0, 0.1] }
  |                       ^^^^^^^^
  = help: did you mean "pointer"?

error: "10m" is neither a number nor a quantity like 5min, 10Mbps or 64kB
 --> plan.json:7:22 at where[0]
  |
7 |   "where": ["delay < 10m", "los == 0"],
  |                      ^^^
"#;
    let said = errors(text);
    assert!(said.starts_with(expected), "{said}");
    let sound = text.replace("pointr", "pointer");
    let expected = r#"error: "10m" is neither a number nor a quantity like 5min, 10Mbps or 64kB
 --> plan.json:7:22 at where[0]
  |
7 |   "where": ["delay < 10m", "los == 0"],
  |                      ^^^

error: there is no parameter or constant "los"
 --> plan.json:7:29 at where[1]
  |
7 |   "where": ["delay < 10m", "los == 0"],
  |                             ^^^
  = help: did you mean loss?

error: `min` is at most `max`, 3
 --> plan.json:8:28 at replications.min
  |
8 |   "replications": { "min": 5, "max": 3 },
  |                            ^

error: there is no metric "mesages.delivered"
 --> plan.json:9:15 at metrics[0]
  |
9 |   "metrics": ["mesages.delivered"],
  |               ^^^^^^^^^^^^^^^^^^^
  = help: did you mean "messages.delivered"?

error: there is no parameter "dealy"
  --> plan.json:10:52 at charts[0].x
   |
10 |   "charts": [{ "lines": "messages.delivered", "x": "dealy" }]
   |                                                    ^^^^^^^
   = help: did you mean "delay"?
"#;
    assert_eq!(errors(&sound), expected);
}

/// Would break if a value that the scenario refuses were told without saying which, or first seen at the end of a study.
#[test]
fn a_value_that_the_scenario_refuses_is_told() {
    let text = r#"{
  "scenario": "small.json",
  "vary": [
    { "name": "delay", "pointer": "/network/backbone/delay", "values": ["1ms", "2m"] },
    { "name": "loss", "pointer": "/network/backbone/loss", "values": [0, 1.5] }
  ],
  "metrics": ["messages.delivered"]
}"#;
    let said = errors(text);
    for part in [
        "plan.json:4:80 at vary[0].values[1]",
        "did you mean \"2min\"?",
        "plan.json:5:74 at vary[1].values[1]",
        "network.backbone.loss: a probability is a number from 0 to 1, not 1.5",
        "at point 1 (delay_s = 1ms, loss = 1.5)",
    ] {
        assert!(said.replace("(delay = ", "(delay_s = ").contains(part), "{part} in\n{said}");
    }
    let set = errors(
        r#"{ "scenario": "small.json", "set": { "/network/backbon/delay": "1ms" }, "metrics": ["messages.delivered"] }"#,
    );
    assert!(
        set.contains("plan.json:1:64 at set.\"/network/backbon/delay\"") && set.contains("unknown key \"backbon\""),
        "{set}"
    );
}

/// Would break if what is wrong in the scenario were said of the plan.
#[test]
fn what_is_wrong_in_the_scenario_is_told_there() {
    let files = [
        ("bad.json", "{ \"run\": { \"until\": 5 } }"),
        ("plan.json", r#"{ "scenario": "bad.json", "metrics": ["messages.delivered"] }"#),
    ];
    let said = read(&files, 10).unwrap_err();
    assert!(said.contains("bad.json:1:21 at run.until") && !said.contains("plan.json"), "{said}");
    let variant = with(json!({ "vary": [{ "name": "who", "pointer": "/mail", "values": [
        { "label": "nobody", "value": {} }
    ] }] }));
    let said = errors(&variant.to_string());
    assert!(said.contains("at point 0 (who = nobody) the scenario is invalid"), "{said}");
    assert!(said.contains("small.json:4:"), "{said}");
}

const D: &str = "/network/backbone/delay";
const L: &str = "/network/backbone/loss";

/// One mistake each, where it is told, and words of what is said.
#[track_caller]
fn one_each(mistakes: &[(Value, &str, &str)]) {
    for (keys, path, words) in mistakes {
        let said = errors(&with(keys.clone()).to_string());
        assert!(said.contains(path) && said.contains(words), "{keys}\n{path}: {words}\n{said}");
        assert_eq!(said.matches("error: ").count(), 1, "{keys}\n{said}");
    }
}

fn delay() -> Value {
    json!({ "pointer": D, "values": ["1ms", "2ms"] })
}

/// Would break if a mistake in values of parameters were not told, or told twice, or elsewhere.
#[test]
fn mistakes_in_values_are_told() {
    one_each(&[
        (json!({ "vary": [{ "pointer": D, "values": [] }] }), "at vary[0].values", "at least one value"),
        (json!({ "vary": [{ "pointer": D }] }), "at vary[0]", "this parameter has no values"),
        (json!({ "vary": [{ "values": [1] }] }), "at vary[0]", "this parameter has no name"),
        (json!({ "vary": [{ "name": "x", "values": [1] }] }), "at vary[0]", "go nowhere"),
        (
            json!({ "vary": [{ "name": "a b", "pointer": D, "values": ["1ms"] }] }),
            "at vary[0].name",
            "no name for a parameter",
        ),
        (
            json!({ "vary": [{ "name": "point", "pointer": D, "values": ["1ms"] }] }),
            "at vary[0].name",
            "has a meaning already",
        ),
        (json!({ "vary": [{ "pointer": "network", "values": [1] }] }), "at vary[0].pointer", "begin with \"/\""),
        (json!({ "vary": [{ "pointer": D, "values": ["1ms", "1ms"] }] }), "at vary[0].values[1]", "stands here twice"),
        (
            json!({ "vary": [{ "pointer": D, "values": ["60s", "1min"] }] }),
            "at vary[0].values[1]",
            "is the same as \"60s\"",
        ),
        (json!({ "vary": [{ "pointer": D, "values": ["1ms", 5] }] }), "at vary[0].values[1]", "the same unit"),
        (json!({ "vary": [{ "pointer": D, "values": [["1ms"]] }] }), "at vary[0].values[0]", "wants a name"),
        (json!({ "vary": [{ "pointer": D, "values": [{ "label": "a" }] }] }), "at vary[0].values[0]", "sets nothing"),
        (
            json!({ "vary": [{ "pointer": D, "values": [{ "label": "a", "valu": 1 }] }] }),
            "valu",
            "did you mean \"value\"?",
        ),
        (json!({ "vary": [delay(), delay()] }), "at vary[1]", "two parameters are called \"delay\""),
        (
            json!({ "vary": [delay(), { "name": "d", "pointer": D, "values": ["3ms"] }] }),
            "at vary[1]",
            "set by an earlier parameter",
        ),
        (
            json!({ "vary": [delay(), { "name": "d", "pointer": "/network/backbone", "values": [{ "label": "x", "value": {} }] }] }),
            "at vary[1]",
            "\"/network/backbone\" contains \"/network/backbone/delay\"",
        ),
    ]);
}

/// Would break if a mistake in ranges and lists in step were not told, or told twice, or elsewhere.
#[test]
fn mistakes_in_ranges_and_steps_are_told() {
    one_each(&[
        (
            json!({ "vary": [{ "pointer": L, "range": { "from": 0, "to": 1 } }] }),
            "at vary[0].range",
            "add a \"step\" or a \"count\"",
        ),
        (
            json!({ "vary": [{ "pointer": L, "range": { "from": 1, "to": 0, "count": 2 } }] }),
            "at vary[0].range.to",
            "at or above its begin",
        ),
        (
            json!({ "vary": [{ "pointer": L, "range": { "from": 0, "to": 1, "count": 2, "scale": "log" } }] }),
            "at vary[0].range.from",
            "above zero",
        ),
        (
            json!({ "vary": [{ "pointer": L, "range": { "from": 0, "to": 1, "step": 0 } }] }),
            "at vary[0].range.step",
            "a step is above zero",
        ),
        (
            json!({ "vary": [{ "pointer": L, "range": { "from": 0, "to": 1, "step": 1e-9 } }] }),
            "at vary[0].range.step",
            "at most 1000000 values",
        ),
        (
            json!({ "vary": [{ "pointer": L, "range": { "from": 0, "to": "1s", "count": 2 } }] }),
            "at vary[0].range.to",
            "the same unit",
        ),
        (
            json!({ "vary": [{ "pointer": L, "range": { "from": 0, "to": "$y", "count": 2 } }] }),
            "at vary[0].range.to",
            "no parameter \"y\" before this",
        ),
        (
            json!({ "vary": [{ "pointer": L, "values": [0, 0.1], "with": [{ "pointer": D, "values": ["1ms"] }] }] }),
            "at vary[0].with[0].values",
            "has 1 values, and what it goes with has 2",
        ),
    ]);
}

/// Would break if a mistake in methods, points and replications were not told, or told twice, or elsewhere.
#[test]
fn mistakes_in_methods_and_runs_are_told() {
    one_each(&[
        (json!({ "scenario": "gone.json" }), "at scenario", "cannot read \"gone.json\""),
        (json!({ "vary": [delay()], "where": "delay > 1s" }), "at where", "no point is left: this leaves out 2 of 2"),
        (json!({ "vary": [delay()], "points": [] }), "at points", "for the method \"list\""),
        (json!({ "method": "list" }), "at method", "wants \"points\""),
        (json!({ "method": "random" }), "at method", "none of the possible values: grid, list"),
        (json!({ "method": { "random": { "count": 0 } } }), "at method", "1 to 1000000 points"),
        (json!({ "method": { "random": { "count": 3 } }, "vary": [delay()] }), "at method", "only 2 different points"),
        (
            json!({ "method": "list", "vary": [delay()], "points": [{ "delay": "3ms" }] }),
            "at points[0].delay",
            "there is no value \"3ms\"",
        ),
        (
            json!({ "method": "list", "vary": [delay()], "points": [{ "dely": "1ms" }] }),
            "at points[0].dely",
            "did you mean \"delay\"?",
        ),
        (json!({ "replications": 0 }), "at replications", "1 to 10000 times"),
        (json!({ "replications": "ten" }), "at replications", "a whole number"),
        (
            json!({ "replications": { "max": 5, "stop": { "relative": 0.1 } } }),
            "at replications.stop",
            "nothing to stop",
        ),
        (
            json!({ "replications": { "min": 2, "max": 5, "stop": { "relative": 2 } } }),
            "at replications.stop.relative",
            "above 0 and below 1",
        ),
        (json!({ "warm_up": "10min" }), "at warm_up", "runs end at 10min"),
        (json!({ "level": 95 }), "at level", "0.95 is usual"),
        (json!({ "method": "list", "vary": [{ "name": "x" }], "points": [{ "x": 1 }] }), "at vary[0]", "go nowhere"),
        (json!({ "where": vec!["1 < 2"; 101] }), "at where", "at most 100 conditions"),
    ]);
}

/// Would break if a mistake in metrics, formulas and charts were not told, or told twice, or elsewhere.
#[test]
fn mistakes_in_what_is_kept_and_drawn_is_told() {
    one_each(&[
        (json!({ "metrics": [] }), "at metrics", "nothing is kept"),
        (json!({ "metrics": ["mesages.*"] }), "at metrics[0]", "did you mean \"messages\"?"),
        (
            json!({ "metrics": [{ "mean": "messages.latencyy_s" }] }),
            "at metrics[0].mean",
            "did you mean \"latency_s\"?",
        ),
        (
            json!({ "metrics": [{ "count": "messages", "where": { "status": "lost" } }] }),
            "at metrics[0].where.status",
            "there is no status \"lost\"",
        ),
        (
            json!({ "metrics": [{ "count": "messages", "where": { "status": "queued" } }] }),
            "at metrics[0]",
            "wants a name",
        ),
        (
            json!({ "metrics": [{ "name": "x", "count": "messages", "metric": "messages.delivered" }] }),
            "at metrics[0]",
            "about one thing",
        ),
        (json!({ "metrics": ["messages.delivered", "messages.delivered"] }), "at metrics[1]", "two metrics are called"),
        (
            json!({ "formulas": [{ "name": "f", "formula": "1 / x" }] }),
            "at formulas[0].formula",
            "there is no parameter or constant \"x\"",
        ),
        (json!({ "constants": { "rate": "often" } }), "at constants.rate", "a constant is a number"),
        (
            json!({ "vary": [delay()], "compare": [{ "parameter": "delay", "against": "4ms" }] }),
            "at compare[0].against",
            "there is no value of this parameter \"4ms\"",
        ),
        (json!({ "vary": [delay()], "charts": [{ "lines": "messages.delivered" }] }), "at charts[0]", "add \"x\""),
        (
            json!({ "vary": [delay()], "charts": [{ "heat_map": "messages.delivered", "x": "delay", "y": "delay" }] }),
            "at charts[0].y",
            "different parameters",
        ),
        (json!({ "title": 5 }), "at title", "write it as a text"),
        (json!({ "vari": [] }), "at vari", "did you mean \"vary\"?"),
    ]);
}

/// Would break if a large product were made before it is counted.
#[test]
fn a_study_has_at_most_a_million_points() {
    let range = |name: &str, pointer: &str| json!({ "name": name, "pointer": pointer, "range": { "from": 1, "to": 1000, "step": 1 } });
    let keys =
        json!({ "vary": [range("a", "/run/seed"), range("b", "/limits/events"), range("c", "/limits/messages")] });
    let said = errors(&with(keys).to_string());
    assert!(said.contains("these are 1000000000 combinations; a study has at most 1000000 points"), "{said}");
    let dependent = |name: &str, pointer: &str, to: &str| json!({ "name": name, "pointer": pointer, "range": { "from": 1, "to": to, "step": 1 } });
    let first = json!({ "name": "a", "pointer": "/run/seed", "values": [5000] });
    let keys =
        json!({ "vary": [first, dependent("b", "/limits/events", "$a"), dependent("c", "/limits/messages", "$a")] });
    let said = errors(&with(keys).to_string());
    assert!(said.contains("a study has at most 1000000 points"), "{said}");
    let many: Vec<_> =
        (0..33).map(|n| json!({ "name": format!("p{n}"), "pointer": format!("/x{n}"), "values": [1] })).collect();
    let said = errors(&with(json!({ "vary": many })).to_string());
    assert!(said.contains("a study has at most 32 parameters"), "{said}");
}

#[test]
fn what_is_no_plan_is_told() {
    for (text, words) in [
        ("", "not JSON"),
        ("[]", "a plan is a JSON object"),
        ("{}", "this plan names no scenario"),
        ("{ \"scenario\": \"small.json\", \"scenario\": \"small.json\" }", "stands here twice"),
        ("{ \"scenario\": 1 }", "expected"),
    ] {
        assert!(errors(text).contains(words), "{}", errors(text));
    }
    let comments = r#"{ "x-note": 1, "scenario": "small.json", "metrics": ["messages.delivered"], "replications": { "x-why": "", "max": 2 } }"#;
    assert_eq!(read(&[("plan.json", comments)], 1).unwrap().replications.max, 2);
}
