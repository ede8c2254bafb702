//! What the tests of scenarios have in common: one that is taken, one that is refused at one place, and that what
//! `check --resolved` prints is the same scenario.

use serde_json::{Value, json};

use super::load;
use super::resolved::Resolved;

/// A scenario that is taken.
#[track_caller]
pub(super) fn good(value: &Value) -> Resolved {
    load("test", &value.to_string()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The scenario must resolve to itself. Remarks are upon what was written, which is complete the second time.
#[track_caller]
pub(super) fn stays(first: &Resolved) {
    let second = load("again", &first.to_json_text()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(first.to_json(), second.to_json());
    let typed = |scenario: &Resolved| format!("{:?}", Resolved { remarks: Vec::new(), ..scenario.clone() });
    assert_eq!(typed(first), typed(&second), "the typed forms differ");
}

/// The one error of a scenario: its path, and what is said.
#[track_caller]
pub(super) fn the_error(scenario: &Value) -> (String, String) {
    let errors = load("test", &scenario.to_string()).err().unwrap_or_else(|| panic!("accepted: {scenario}"));
    assert_eq!(errors.list().len(), 1, "{scenario}: {errors}");
    let error = &errors.list()[0];
    (error.path.clone(), format!("{}; {}", error.message, error.help.as_deref().unwrap_or_default()))
}

/// The one error of a scenario must be at that path, and say these words.
#[track_caller]
pub(super) fn refused(scenario: &Value, path: &str, words: &[&str]) {
    let (place, said) = the_error(scenario);
    assert_eq!(place, path, "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

/// Where the keys of [`h_edu`] stand.
pub(super) const PLACE: &str = "mail.\"h.edu\"";

/// The domain h.edu with these keys, beside crepes.fr, and a host that has no server.
pub(super) fn h_edu(keys: &Value) -> Value {
    let mut domain = json!({ "users": ["bob", "carol"] });
    domain.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    json!({ "mail": { "h.edu": domain, "crepes.fr": { "users": ["alice"] } }, "network": { "hosts": { "pc.h.edu": {} } } })
}
