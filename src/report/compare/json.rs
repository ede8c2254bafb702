//! What differs between two JSON values, place by place.
//!
//! Objects are compared by their keys. Of two lists what they have in common at the beginning and at the
//! end is left aside, and what is between is compared entry by entry: so one entry more or less in the
//! middle is one difference, and not all that follow it. A list that was reordered differs at each place.

use serde_json::Value;

/// A place at which two values differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its JSON pointer (RFC 6901); of a list's entry the place in the first list, or in the second where
    /// only that one has it.
    pub pointer: String,
    /// What stands there in the first; none if there is no such place.
    pub a: Option<Value>,
    /// Likewise in the second.
    pub b: Option<Value>,
}

/// The places at which two values differ, in the order of keys.
#[must_use]
pub fn differences(a: &Value, b: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("", Some(a), Some(b), &mut found);
    found
}

// As deep as the values are nested, which a parser of JSON bounds.
fn walk(pointer: &str, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Difference>) {
    match (a, b) {
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let only_b = b.keys().filter(|key| !a.contains_key(*key));
            let mut keys: Vec<&String> = a.keys().chain(only_b).collect();
            keys.sort();
            for key in keys {
                // RFC 6901 3: "~" and "/" in a key are written "~0" and "~1"
                let step = key.replace('~', "~0").replace('/', "~1");
                walk(&format!("{pointer}/{step}"), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            let shorter = a.len().min(b.len());
            let before = a.iter().zip(b).take_while(|(a, b)| a == b).count();
            let behind = a.iter().rev().zip(b.iter().rev()).take(shorter - before).take_while(|(a, b)| a == b).count();
            let (a, b) = (&a[before..a.len() - behind], &b[before..b.len() - behind]);
            for place in 0..a.len().max(b.len()) {
                walk(&format!("{pointer}/{}", before + place), a.get(place), b.get(place), found);
            }
        }
        (a, b) => found.push(Difference { pointer: pointer.to_owned(), a: a.cloned(), b: b.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(a: &Value, b: &Value) -> Vec<String> {
        let text = |value: Option<Value>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        differences(a, b).into_iter().map(|one| format!("{} {} {}", one.pointer, text(one.a), text(one.b))).collect()
    }

    /// Breaks when an equal place is told, a different one is not, or an entry more in the middle of a list
    /// shifts all that follow.
    #[test]
    fn only_what_differs_is_told() {
        let a = json!({ "run": { "seed": 1, "until": "5min" }, "faults": [], "list": [1, 2, 3, 4], "a/b": 1 });
        let mut b = a.clone();
        assert!(differences(&a, &b).is_empty());
        b["run"]["seed"] = json!(2);
        b["list"] = json!([1, 9, 2, 3, 4]);
        b["a/b"] = json!({ "~": 1 });
        b["new"] = json!(null);
        assert_eq!(places(&a, &b), ["/a~1b 1 {\"~\":1}", "/list/1 - 9", "/new - null", "/run/seed 1 2"]);
        assert_eq!(places(&json!([1, 1]), &json!([1, 1, 1])), ["/2 - 1"]);
        assert_eq!(places(&json!([{ "x": 1 }, 5]), &json!([{ "x": 2 }, 5])), ["/0/x 1 2"]);
        assert_eq!(places(&json!(1), &json!("1")), [" 1 \"1\""]);
    }
}
