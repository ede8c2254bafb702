//! What expressions come to, and what is said of wrong ones.

use proptest::prelude::*;

use super::*;

fn scope() -> Scope {
    let known = |name: &str, column: &str, words: Option<&[&str]>| Known {
        names: vec![name.to_owned(), column.to_owned()],
        numeric: words.is_none(),
        words: words.map(|words| words.iter().map(|word| (*word).to_owned()).collect()),
    };
    Scope {
        parameters: vec![
            known("ttl", "ttl_s", None),
            known("loss", "loss", None),
            known("policy", "policy", Some(&["none", "greylist"])),
        ],
        constants: vec![("rate".to_owned(), 0.5)],
    }
}

fn point() -> Vec<Amount> {
    let number = |number: f64| Amount { text: number.to_string(), number: Some(number) };
    vec![number(300.0), number(0.25), Amount { text: "greylist".to_owned(), number: None }]
}

fn value(text: &str) -> f64 {
    compile(text, Type::Number, &scope())
        .unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"))
        .number(&point())
        .unwrap()
}

fn holds(text: &str) -> bool {
    compile(text, Type::Truth, &scope()).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}")).holds(&point())
}

fn mistake(text: &str, wanted: Type) -> (String, String) {
    let mistake = compile(text, wanted, &scope()).expect_err(text);
    let part = text.get(mistake.place.0..mistake.place.1).unwrap_or_default().to_owned();
    (part, format!("{}; {}", mistake.message, mistake.help.unwrap_or_default()))
}

/// Would break if operators bound in another order than in mathematics, or a quantity lost its unit.
#[test]
#[expect(clippy::float_cmp, reason = "exact in binary")]
fn expressions_are_computed_as_written() {
    for (text, expected) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2^3^2", 512.0),
        ("-2^2", -4.0),
        ("2 ** -1", 0.5),
        ("10 - 3 - 2", 5.0),
        ("8 / 4 / 2", 1.0),
        ("5min", 300.0),
        ("2 * 64kB", 128_000.0),
        ("10Mbps / 1kbps", 10_000.0),
        ("1e3 + 1.5e-1 * 0", 1000.0),
        ("rate * ttl_s / (1 + rate * $ttl)", 150.0 / 151.0),
        ("max(min(1, 2), 0.5) + abs(-3)", 4.0),
        ("exp(0) + ln(1) + sqrt(4) + log10(100) + floor(1.5) + ceil(1.5)", 8.0),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    assert_eq!(compile("1 / (loss - 0.25)", Type::Number, &scope()).unwrap().number(&point()), None);
}

#[test]
fn conditions_hold_or_not() {
    for text in [
        "ttl == 5min",
        "loss < 0.5 and policy == 'greylist'",
        "policy = \"greylist\" && !(loss > 1)",
        "not loss >= 0.5 or ttl < 1",
        "policy != 'none'",
        "(loss < 0.5) == (ttl > 1)",
        "false_or or 1 < 2",
    ] {
        if text.starts_with("false_or") {
            assert!(mistake(text, Type::Truth).1.contains("no parameter or constant"));
        } else {
            assert!(holds(text), "{text}");
        }
    }
    for text in ["loss > 0.25", "policy == 'none'", "not (1 < 2)", "1 < 2 and 2 < 1"] {
        assert!(!holds(text), "{text}");
    }
}

/// Would break if an error stood at another word than the wrong one.
#[test]
fn mistakes_are_told_at_their_place() {
    use Type::{Number, Truth};
    for (text, wanted, part, words) in [
        ("ttl < tll", Truth, "tll", "did you mean ttl?"),
        ("policy == 'greylst'", Truth, "'greylst'", "did you mean 'greylist'?"),
        ("policy == 'zzzzzzzz'", Truth, "'zzzzzzzz'", "its values: none, greylist"),
        ("policy < 3", Truth, "policy", "expected a number, and this is a text"),
        ("loss + 1", Truth, "loss + 1", "compare it with something"),
        ("loss < 1", Number, "loss < 1", "true or false, not a number"),
        ("1 < loss < 2", Truth, "<", "write both comparisons"),
        ("(1 + 2", Number, "(", "never closed"),
        ("1 +", Number, "", "ends too early"),
        ("1 + * 2", Number, "*", "missing before \"*\""),
        ("5m + 1", Number, "5m", "neither a number nor a quantity"),
        ("1.2.3", Number, "1.2.3", "is no number"),
        ("sqr(2)", Number, "sqr", "did you mean sqrt?"),
        ("min(2)", Number, "min", "takes 2 numbers"),
        ("exp(2, 3)", Number, ",", "no more numbers"),
        ("'abc", Number, "'abc", "quotation mark is missing"),
        ("1 # 2", Number, "#", "means nothing"),
        ("", Number, "", "ends too early"),
        ("1 2", Number, "2", "should have ended"),
    ] {
        let (found, said) = mistake(text, wanted);
        assert_eq!(found, part, "{text}: {said}");
        assert!(said.contains(words), "{text}: {said}");
    }
}

/// Would break if a text could exhaust the stack.
#[test]
fn depth_and_length_are_bounded() {
    for text in ["(".repeat(1_500), "-".repeat(1_500), "!".repeat(1_500), "2^".repeat(900), "exp(".repeat(400)] {
        assert!(mistake(&text, Type::Number).1.contains("nested too deeply"), "{}", &text[..9]);
    }
    assert!(mistake(&"1+".repeat(1_500), Type::Number).1.contains("at most 2000 characters"));
    assert!((value(&format!("1{}", "+1".repeat(900))) - 901.0).abs() < 0.5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Would break if any text made it panic, or a mistake stood beyond the text.
    #[test]
    fn any_text_is_taken_or_refused(text in "[ -~µ≤]{0,40}|([a-z(]|ttl|5min|'|[-+*/<>=!&|^(),.0-9 ]){0,30}") {
        for wanted in [Type::Number, Type::Truth] {
            match compile(&text, wanted, &scope()) {
                Ok(expression) => { let _ = (expression.number(&point()), expression.holds(&point())); }
                Err(mistake) => prop_assert!(mistake.place.0 <= mistake.place.1 && mistake.place.1 <= text.len()),
            }
        }
    }
}
