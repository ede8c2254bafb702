//! `--set`, `--seed` and `--until`, and mistakes in them.

use serde_json::json;

use super::{Desk, small};

/// Would break if a mistake in an override were blamed on the file, or not explained.
#[test]
fn a_mistake_names_its_override() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let cases = [
        ("/network/backbone/dellay=5ms", "did you mean \"delay\"?"),
        ("/network/backbone/delay=5", "a duration needs a unit: write \"5s\""),
        ("/network/backbone/delay=", "duration"),
        ("/network/backbone/delay/x=5", "a value that has no parts"),
        ("/network/backbone={\"delay\":1", "expected an object"),
        ("/workload/9/at=5s", "the list here has 2 elements"),
        ("/workload/last/at=5s", "the list here has 2 elements"),
        ("/workload/-/at=5s", "this entry does nothing"),
        ("/=5", "unknown key \"\""),
        ("/run/until=0s", "above zero"),
        ("/run/seed=1.5", "a whole number"),
        ("/mail/x~1y/users/0=eve", "a name consists of letters"),
        ("/title=\u{1b}[31m", "control characters"),
    ];
    for (set, message) in cases {
        let said = desk.posthaste(&["run", "s.json", "--set", set]);
        said.fails(3, message);
        let pointer = set.split('=').next().unwrap();
        assert!(said.err.contains(&format!("--> --set {pointer}=")), "{set}: {}", said.err);
        assert!(!said.err.contains("s.json:"), "{set}: {}", said.err);
    }
    desk.posthaste(&["run", "s.json", "--until", "0s"]).fails(3, "--> --until 0s at run.until");
    desk.posthaste(&["run", "s.json", "--until", "99999d"]).fails(3, "longer than 100 years");
    let long = format!("/{}=1", "x/".repeat(5_000));
    desk.posthaste(&["run", "s.json", "--set", &long]).fails(3, "too long");
    // What follows from an override elsewhere is told where it is.
    desk.posthaste(&["run", "s.json", "--set", "/mail/crepes.fr/users/0=eve"]).fails(3, "there is no user \"alice\"");
    assert!(!desk.path("results").exists());
}

/// Breaks when `check` knows other options than `run`, or a change that spoils a scenario passes it.
#[test]
fn changes_are_checked_without_a_run() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let said =
        desk.posthaste(&["check", "s.json", "--set", "/network/backbone/delay=5ms", "--seed", "9", "--until", "2h"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    let said = desk.posthaste(&["check", "s.json", "--seed", "9", "--until", "2h", "--resolved"]);
    let resolved: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(resolved["run"], json!({ "seed": 9, "until": "2h" }));
    let said = desk.posthaste(&["check", "s.json", "--set", "/network/backbone/delay=5"]);
    said.fails(3, "a duration needs a unit: write \"5s\"");
    assert!(said.err.contains("--> --set /network/backbone/delay=5"), "{}", said.err);
    desk.posthaste(&["check", "s.json", "--set", "delay=5"]).fails(2, "write it as /json/pointer=VALUE");
    desk.posthaste(&["check", "s.json", "--until", "soon"]).fails(2, "--until");
}

/// Would break if an override did not arrive, or the last of two did not win.
#[test]
fn overrides_arrive() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let run = |options: &[&str]| {
        let said = desk.posthaste(&[&["run", "s.json", "--json", "--out", "r"], options].concat());
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{options:?}");
        let resolved = super::read_json(&desk.path("r/scenario.resolved.json"));
        (said.json(), resolved)
    };
    let (_, resolved) = run(&["--seed", "18446744073709551615", "--until", "90s"]);
    assert_eq!(resolved["run"], json!({ "seed": u64::MAX, "until": "1min 30s" }), "{resolved:#}");
    let (_, resolved) =
        run(&["--set", "/run/until=1s", "--set", "/run/until=2s", "--seed", "3", "--set", "/run/seed=4"]);
    assert_eq!(resolved["run"], json!({ "seed": 3, "until": "2s" }));
    let (_, resolved) = run(&["--set", "/x-note=why not", "--set", "/run/x-y={\"a\":1}"]);
    assert_eq!(resolved["run"]["seed"], json!(1));
    let (said, resolved) = run(&[
        "--set",
        "/mail/pizza.it/users/0=eve",
        "--set",
        "/workload/-={\"from\":\"eve@pizza.it\",\"to\":\"bob@hamburger.edu\"}",
    ]);
    assert_eq!(resolved["mail"]["pizza.it"]["users"], json!(["eve"]));
    assert_eq!(said["metrics"]["messages.delivered"], json!(2));
}
