//! Which points a plan comes to.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::{good, quick, values};

const DELAY: &str = "/network/backbone/delay";
const LOSS: &str = "/network/backbone/loss";
const UNTIL: &str = "/run/until";

/// Would break if the last parameter did not vary fastest, or a value did not get to its place.
#[test]
fn a_grid_has_every_combination() {
    let study = good(json!({
        "set": { "/run/seed": 7 },
        "vary": [
            { "pointer": DELAY, "values": ["1ms", "20ms"] },
            { "name": "p", "pointer": LOSS, "range": { "from": 0, "to": 0.2, "step": 0.1 } }
        ]
    }));
    assert_eq!(
        values(&study),
        [["1ms", "0"], ["1ms", "0.1"], ["1ms", "0.2"], ["20ms", "0"], ["20ms", "0.1"], ["20ms", "0.2"]]
    );
    let names: Vec<(&str, &str)> = study.parameters.iter().map(|p| (p.name.as_str(), p.unit.as_str())).collect();
    assert_eq!(names, [("delay_s", "s"), ("p", "")]);
    let point = &study.points[4];
    assert_eq!((point.index, point.values[0].number, point.values[1].number), (4, Some(0.02), Some(0.1)));
    let settings: Vec<String> = point.settings.iter().map(|(at, value)| format!("{at}={value}")).collect();
    assert_eq!(settings, ["/run/seed=7", "/network/backbone/delay=\"20ms\"", "/network/backbone/loss=0.1"]);
}

#[test]
fn a_study_of_nothing_varied_is_one_point() {
    let study = good(json!({ "replications": 5 }));
    assert_eq!((study.points.len(), study.parameters.len(), study.replications.max), (1, 0, 5));
}

/// Would break if rounding gave other values than the written ones, or an end were missing.
#[test]
fn ranges_are_lists_of_round_numbers() {
    let list = |range: serde_json::Value| {
        let study = quick(json!({ "vary": [{ "name": "x", "pointer": "/run/seed", "range": range }] }));
        study.points.iter().map(|point| point.values[0].text.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list(json!({ "from": 1, "to": 1000, "count": 4, "scale": "log" })), "1 10 100 1000");
    assert_eq!(list(json!({ "from": 1, "to": 10, "count": 4, "whole": true, "scale": "log" })), "1 2 5 10");
    assert_eq!(list(json!({ "from": 0, "to": 3, "count": 12, "whole": true })), "0 1 2 3");
    assert_eq!(list(json!({ "from": 5, "to": 5, "count": 1 })), "5");
    let times = |range: serde_json::Value| {
        let study = quick(json!({ "vary": [{ "pointer": UNTIL, "range": range }] }));
        study.points.iter().map(|point| point.values[0].text.clone()).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(times(json!({ "from": "1s", "to": "100s", "count": 3, "scale": "log" })), "1s, 10s, 1min 40s");
    assert_eq!(times(json!({ "from": "1s", "to": "2s", "count": 4, "digits": 3 })), "1s, 1s 330ms, 1s 670ms, 2s");
    assert_eq!(times(json!({ "from": "30s", "to": "2min", "step": "45s" })), "30s, 1min 15s, 2min");
}

/// Would break if a range took another point's value for its end.
#[test]
fn a_range_may_depend_on_another_parameter() {
    let study = quick(json!({ "vary": [
        { "name": "most", "pointer": UNTIL, "values": ["1min", "3min"] },
        { "name": "d", "pointer": DELAY, "range": { "from": "1min", "to": "$most", "step": "1min" } }
    ] }));
    assert_eq!(values(&study), [["1min", "1min"], ["3min", "1min"], ["3min", "2min"], ["3min", "3min"]]);
    let drawn = quick(json!({ "method": { "random": { "count": 200 } }, "vary": [
        { "name": "most", "pointer": UNTIL, "range": { "from": "1s", "to": "1min" } },
        { "name": "d", "pointer": DELAY, "range": { "from": "1ms", "to": "$most_s", "scale": "log" } }
    ] }));
    assert!(drawn.points.iter().all(|point| point.values[1].number <= point.values[0].number));
}

/// Would break if lists in step got out of step, or a pointer of several were left out.
#[test]
fn what_goes_in_step_stays_in_step() {
    let study = good(json!({ "vary": [{
        "name": "net", "pointer": ["/network/backbone/delay", "/network/access/delay"], "values": ["1ms", "2ms"],
        "with": [
            { "pointer": "/network/backbone/rate", "values": ["1Mbps", "2Mbps"] },
            { "name": "loss", "pointer": LOSS, "values": [0.1, 0.2] }
        ]
    }] }));
    assert_eq!(values(&study), [["1ms", "0.1"], ["2ms", "0.2"]]);
    let settings: Vec<String> = study.points[1].settings.iter().map(|(at, value)| format!("{at}={value}")).collect();
    let expected = [
        "/network/backbone/delay=\"2ms\"",
        "/network/access/delay=\"2ms\"",
        "/network/backbone/rate=\"2Mbps\"",
        "/network/backbone/loss=0.2",
    ];
    assert_eq!(settings, expected);
    let by_range = good(json!({ "vary": [{
        "pointer": DELAY, "range": { "from": "1ms", "to": "3ms", "step": "1ms" },
        "with": [{ "pointer": LOSS, "values": [0, 0, 0.5] }]
    }] }));
    assert_eq!(by_range.points[2].settings[1].1, json!(0.5));
}

/// Would break if a variant's label did not stand for it, or its `set` were forgotten.
#[test]
fn variants_have_labels() {
    let study = good(json!({
        "vary": [{ "name": "net", "pointer": "/network/backbone", "values": [
            { "label": "near", "value": { "rate": "10Mbps", "delay": "1ms" } },
            { "label": "far", "value": { "rate": "10Mbps", "delay": "200ms" }, "set": { "/run/until": "20min" } }
        ] }],
        "where": "net != 'near'"
    }));
    assert_eq!(values(&study), [["far"]]);
    assert!(!study.parameters[0].numeric && study.points[0].settings.len() == 2);
    let numbers = good(json!({ "vary": [{ "pointer": DELAY, "values": [
        { "label": "LAN", "value": "1ms" }, { "label": "satellite", "value": "250ms" }
    ] }] }));
    assert_eq!(
        (numbers.points[1].values[0].text.as_str(), numbers.points[1].values[0].number),
        ("satellite", Some(0.25))
    );
}

#[test]
fn a_list_has_its_points_in_order() {
    let study = good(json!({
        "method": "list",
        "vary": [
            { "pointer": DELAY },
            { "name": "load", "pointer": LOSS, "values": [{ "label": "none", "value": 0 }, { "label": "some", "value": 0.1 }] }
        ],
        "points": [
            { "delay": "20ms", "load": "some" }, { "delay": "1ms", "load": "none" }, { "delay": "20ms", "load": "none" }
        ]
    }));
    assert_eq!(values(&study), [["20ms", "some"], ["1ms", "none"], ["20ms", "none"]]);
    assert_eq!(study.points[0].settings[1].1, json!(0.1));
}

/// Would break if conditions were taken for what is left out, or quantities lost their units.
#[test]
fn conditions_choose_points() {
    let study = quick(json!({
        "constants": { "most": "40ms" },
        "vary": [
            { "pointer": DELAY, "values": ["10ms", "20ms", "50ms"] },
            { "pointer": LOSS, "values": [0, 0.1] }
        ],
        "where": ["delay <= most", "loss == 0 or delay_s < 15ms"]
    }));
    assert_eq!(values(&study), [["10ms", "0"], ["10ms", "0.1"], ["20ms", "0"]]);
}

fn random(count: u32, keys: &serde_json::Value) -> Vec<Vec<String>> {
    let mut plan = json!({ "method": { "random": { "count": count, "seed": 3 } } });
    plan.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    let study = quick(plan);
    values(&study).into_iter().map(|row| row.into_iter().map(str::to_owned).collect()).collect()
}

/// Would break if a parameter or a point more shifted the draws of others.
#[test]
fn draws_belong_to_their_parameter() {
    let delay = json!({ "pointer": DELAY, "range": { "from": "1ms", "to": "1s", "scale": "log" } });
    let loss = json!({ "pointer": LOSS, "range": { "from": 0, "to": 0.5 } });
    let alone = random(20, &json!({ "vary": [delay] }));
    let both = random(20, &json!({ "vary": [loss, delay] }));
    let more = random(50, &json!({ "vary": [delay] }));
    assert_eq!(alone, more[..20]);
    assert_eq!(alone.iter().map(|row| &row[0]).collect::<Vec<_>>(), both.iter().map(|row| &row[1]).collect::<Vec<_>>());
    let distinct: BTreeSet<&Vec<String>> = more.iter().collect();
    assert_eq!(distinct.len(), 50);
    let fitting = random(20, &json!({ "vary": [loss, delay], "where": "loss < 0.25" }));
    let subset: Vec<&Vec<String>> = fitting.iter().filter(|row| both.contains(row)).collect();
    assert_eq!(fitting.len(), 20);
    assert!(!subset.is_empty() && subset.len() < 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Would break if a grid lost or doubled a combination.
    #[test]
    fn a_grid_is_a_product(delays in 1_usize..6, losses in 1_usize..6, times in 1_usize..4) {
        let study = quick(json!({ "vary": [
            { "pointer": DELAY, "values": (1..=delays).map(|n| format!("{n}ms")).collect::<Vec<_>>() },
            { "pointer": LOSS, "range": { "from": 0, "to": 0.5, "count": losses } },
            { "pointer": UNTIL, "range": { "from": "1h", "to": "9h", "count": times } }
        ] }));
        let product = delays * losses * times;
        let distinct: BTreeSet<Vec<&str>> = values(&study).into_iter().collect();
        prop_assert_eq!((study.points.len(), distinct.len()), (product, product));
        prop_assert!(study.points.iter().enumerate().all(|(index, point)| point.index == index));
    }

    /// Would break if a stratum of a parameter were used twice or not at all.
    #[test]
    fn a_latin_hypercube_uses_each_stratum_once(count in 1_u32..60, seed in 0_u64..1000) {
        let study = quick(json!({
            "method": { "latin_hypercube": { "count": count, "seed": seed } },
            "vary": [
                { "pointer": LOSS, "range": { "from": 0, "to": 1, "digits": 15 } },
                { "name": "u", "pointer": UNTIL, "range": { "from": "1s", "to": "1000s", "scale": "log", "digits": 15 } }
            ]
        }));
        let stratum = |share: f64| (share * f64::from(count)).floor();
        for column in 0..2 {
            let strata: BTreeSet<String> = study.points.iter().map(|point| {
                let number = point.values[column].number.unwrap();
                let share = if column == 0 { number } else { number.log10() / 3.0 };
                format!("{}", stratum(share))
            }).collect();
            prop_assert_eq!(strata.len(), count as usize);
        }
    }

    /// Would break if a condition let another point through than arithmetic does.
    #[test]
    fn conditions_agree_with_arithmetic(bound in 0.0_f64..1.0) {
        let study = quick(json!({
            "vary": [
                { "name": "a", "pointer": LOSS, "range": { "from": 0, "to": 1, "step": 0.1 } },
                { "name": "b", "pointer": "/run/seed", "range": { "from": 1, "to": 5, "step": 1 } }
            ],
            "where": format!("not (a * b > {bound}) or b == 5")
        }));
        let expected = (0..=10).flat_map(|a| (1..=5).map(move |b| (f64::from(a) / 10.0, f64::from(b))));
        let expected = expected.filter(|(a, b)| a * b <= bound || *b > 4.5).count();
        prop_assert_eq!(study.points.len(), expected);
    }
}
