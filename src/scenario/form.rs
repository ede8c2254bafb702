//! From a JSON value to the types of the schema, with as many errors of form as can be found.
//!
//! Deserialization stops at the first error. So the wrong value is replaced by one that is
//! harmless at its place, and reading begins again; that is repeated a bounded number of
//! times. With harmless values the rest can go on to the check of meaning, whose findings on
//! them are dropped.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::problem::{Path, Problem, Problems, Step, clean, did_you_mean, nearest, quote};
use super::schema::Scenario;

/// So many errors of form are looked for, each at the cost of reading the file again.
const MAX_ERRORS: usize = 20;

struct FormError {
    steps: Vec<Step>,
    message: String,
}

/// In files beyond this many bytes only the first error of form is looked for.
const MAX_RETRIED_BYTES: usize = 1 << 20;

/// Reads a scenario from the value of a text of `bytes` bytes; notes errors of form.
pub(crate) fn read(value: Value, bytes: usize, problems: &mut Problems) -> Option<Scenario> {
    read_as("a scenario", value, bytes, problems)
}

/// Reads any kind of file; `what` names it in errors. What is wrong is made harmless; none if that does not succeed.
pub(crate) fn read_as<T: DeserializeOwned>(
    what: &str,
    mut value: Value,
    bytes: usize,
    problems: &mut Problems,
) -> Option<T> {
    if !value.is_object() {
        problems.at(Path::Root, format!("{what} is a JSON object: {{ ... }}"));
        return None;
    }
    let mut error = match try_read(&value) {
        Ok(read) => return Some(read),
        Err(error) => error,
    };
    for _ in 0..MAX_ERRORS {
        problems.push(describe(&error, &value));
        if bytes > MAX_RETRIED_BYTES {
            break;
        }
        match step_over::<T>(&mut value, &error) {
            Some(Ok(read)) => return Some(read),
            Some(Err(next)) => error = next,
            None => break,
        }
    }
    None
}

fn try_read<T: DeserializeOwned>(value: &Value) -> Result<T, FormError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let steps = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                Segment::Seq { index } => Some(Step::Index(*index)),
                Segment::Map { key } => Some(Step::Key(key.clone())),
                Segment::Enum { .. } | Segment::Unknown => None,
            })
            .collect();
        FormError { steps, message: error.into_inner().to_string() }
    })
}

fn at<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |here, step| match step {
        Step::Key(key) => here.get_mut(key),
        Step::Index(index) => here.get_mut(index),
    })
}

/// Makes the place of an error harmless and reads again; none if that does not succeed.
fn step_over<T: DeserializeOwned>(value: &mut Value, error: &FormError) -> Option<Result<T, FormError>> {
    if let Some(field) = between(&error.message, "missing field `", "`") {
        let object = at(value, &error.steps)?.as_object_mut()?;
        let filler = if field == "between" { Value::Array(Vec::new()) } else { Value::String(String::new()) };
        object.insert(field.to_owned(), filler);
        return Some(try_read::<T>(value));
    }
    if error.message.starts_with("unknown field `") {
        let (last, above) = error.steps.split_last()?;
        let Step::Key(key) = last else { return None };
        at(value, above)?.as_object_mut()?.remove(key)?;
        return Some(try_read::<T>(value));
    }
    let fillers = [
        Value::Null,
        Value::Array(Vec::new()),
        Value::Object(serde_json::Map::new()),
        Value::String(String::new()),
        Value::from(0),
    ];
    for filler in fillers {
        *at(value, &error.steps)? = filler;
        match try_read::<T>(value) {
            Ok(read) => return Some(Ok(read)),
            Err(next) if next.steps != error.steps && !next.message.starts_with("missing field") => {
                return Some(Err(next));
            }
            Err(next)
                if next.steps != error.steps
                    && !error.steps.starts_with(&next.steps)
                    && !next.steps.starts_with(&error.steps) =>
            {
                return Some(Err(next));
            }
            Err(_) => {}
        }
    }
    None
}

fn between<'t>(text: &'t str, front: &str, back: &str) -> Option<&'t str> {
    text.strip_prefix(front)?.split_once(back).map(|(inside, _)| inside)
}

fn describe(error: &FormError, value: &Value) -> Problem {
    let message = error.message.as_str();
    let last_key = match error.steps.last() {
        Some(Step::Key(key)) => key.as_str(),
        Some(Step::Index(_)) | None => "",
    };
    let mut problem = Problem::new(error.steps.clone(), String::new());
    if message.starts_with("unknown field `") {
        problem.on_key = true;
        problem.message = format!("unknown key {}", quote(last_key));
        problem.help = suggest(last_key, message);
    } else if message.starts_with("unknown variant `") {
        let given = value_at(value, &error.steps).and_then(Value::as_str).unwrap_or_default();
        let known = quoted_names(message, given).join(", ");
        problem.message = format!("{} is none of the possible values: {known}", quote(given));
        problem.help = suggest(given, message);
    } else if let Some(field) = between(message, "missing field `", "`") {
        problem.message = format!("the key \"{field}\" is missing here");
    } else if let Some((_, expected)) = message.rsplit_once(", expected ").filter(|_| message.starts_with("invalid ")) {
        let found = value_at(value, &error.steps).map_or_else(|| "something else".to_owned(), show);
        problem.message = format!("expected {}, found {found}", plain_type(expected));
        problem.help = value_at(value, &error.steps).and_then(|found| instead(expected, last_key, found));
    } else {
        problem.message = clean(message, 300);
    }
    problem
}

fn value_at<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |here, step| match step {
        Step::Key(key) => here.get(key),
        Step::Index(index) => here.get(index),
    })
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => clean(&number.to_string(), 40),
        Value::String(text) => quote(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// What to write where a value of another type stands.
fn instead(expected: &str, key: &str, found: &Value) -> Option<String> {
    let text = ["a string", "string or map"].contains(&expected);
    match found {
        Value::Number(number) if text => Some(format!("write it as a text: {}", quote(&number.to_string()))),
        Value::String(only) if expected == "a sequence" => Some(format!("write it as a list: [{}]", quote(only))),
        Value::Bool(true) if expected.starts_with("struct ") => {
            Some("write {} to have it with its defaults".to_owned())
        }
        Value::Bool(false) if key == "checks" => Some("turn off single ones, as in { \"id\": false }".to_owned()),
        Value::Bool(false) if expected.starts_with("struct ") => Some("leave the key out".to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The library's words for types, in words for people.
fn plain_type(expected: &str) -> String {
    let words = match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number, zero or above",
        "f64" => "a number",
        "a boolean" => "true or false",
        "string or map" => "one of its values as a string",
        "a map" => "an object { ... }",
        "a sequence" => "a list [ ... ]",
        "option" => "a value",
        other if other.starts_with("struct ") => "an object { ... }",
        other => other,
    };
    clean(words, 200)
}

/// The names in backticks that follow the one the file has.
fn quoted_names<'m>(message: &'m str, given: &str) -> Vec<&'m str> {
    let front = message.find('`').map_or(0, |at| at + 1 + given.len());
    message.get(front..).unwrap_or_default().split('`').skip(2).step_by(2).collect()
}

fn suggest(given: &str, message: &str) -> Option<String> {
    let known = quoted_names(message, given);
    match nearest(given, known.iter().copied()) {
        Some(near) => Some(did_you_mean(near)),
        None if known.is_empty() => None,
        None => Some(format!("possible here: {}", known.join(", "))),
    }
}
