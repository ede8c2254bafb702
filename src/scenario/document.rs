//! From bytes to a JSON value, and from a path in it back to a place in the text.
//!
//! Strict JSON (RFC 8259) in UTF-8. Syntax and depth (128) are judged by serde_json; a
//! second parser keeps the places of keys and values, finds duplicate keys, and is asked
//! again only when there is something to report. Keys that begin with `x-` are dropped.

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;

use super::a_labels;
use super::problem::{Problem, Problems, Step, quote};

/// Beginning and end of a place in the text, in bytes.
pub(crate) type Span = (usize, usize);

/// The text of a file: UTF-8 without a byte order mark; else the place of the first error.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, Box<(String, Problem)>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let byte = bytes.get(start).copied().unwrap_or(0);
        let mut problem = Problem::new(Vec::new(), format!("the file is not UTF-8: byte 0x{byte:02x}"));
        problem.span = Some((start, start + 1));
        Box::new((String::from_utf8_lossy(bytes).into_owned(), problem))
    })
}

/// The value of a text without its comments; notes a syntax error or duplicate keys.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<Value> {
    let mut value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            problems.push(syntax_problem(text, &error));
            return None;
        }
    };
    match tree(text) {
        Ok(Some(root)) => find_duplicates(&root, &mut Vec::new(), problems),
        Ok(None) => {}
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    }
    strip_comments(&mut value);
    Some(value)
}

fn syntax_problem(text: &str, error: &serde_json::Error) -> Problem {
    let shown = error.to_string();
    let message = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(message, _)| message);
    let mut problem = Problem::new(Vec::new(), format!("this is not JSON: {message}"));
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    // Column 0 is the line break that ends the line before.
    let mut start = (line_start + error.column()).saturating_sub(1).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let end = text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    problem.span = Some((start, end));
    problem.help = match message {
        "expected `,` or `}`" | "expected `,` or `]`" => Some("a comma may be missing before this".to_owned()),
        "trailing comma" => Some("remove the comma before this".to_owned()),
        "key must be a string" => {
            Some("names stand in double quotation marks; comments are keys that begin with \"x-\"".to_owned())
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            Some("a quotation mark may be missing; a line break within a text is written \\n".to_owned())
        }
        _ => None,
    };
    problem
}

/// The text as a tree with places. The text is JSON already, so this fails only where the two parsers differ.
fn tree(text: &str) -> Result<Option<ast::Value<'_>>, Problem> {
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    };
    parse_to_ast(text, &CollectOptions::default(), &options).map(|parsed| parsed.value).map_err(|error| {
        let mut problem = Problem::new(Vec::new(), format!("this is not JSON: {}", error.kind()));
        problem.span = Some((error.range().start, error.range().end));
        problem
    })
}

fn is_comment(key: &str) -> bool {
    key.starts_with("x-")
}

/// Bounded by the depth that the first parser allows.
fn find_duplicates(value: &ast::Value<'_>, steps: &mut Vec<Step>, problems: &mut Problems) {
    match value {
        ast::Value::Object(object) => {
            let mut seen = std::collections::BTreeSet::new();
            for property in &object.properties {
                let key = property.name.as_str();
                if is_comment(key) {
                    continue;
                }
                steps.push(Step::Key(key.to_owned()));
                if !seen.insert(key) {
                    let mut problem = Problem::new(steps.clone(), format!("the key {} stands here twice", quote(key)));
                    problem.span = Some(span_of(&property.name));
                    problems.push(problem);
                }
                find_duplicates(&property.value, steps, problems);
                steps.pop();
            }
        }
        ast::Value::Array(array) => {
            for (index, element) in array.elements.iter().enumerate() {
                steps.push(Step::Index(index));
                find_duplicates(element, steps, problems);
                steps.pop();
            }
        }
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => {}
    }
}

/// Drops the keys that begin with `x-`.
pub(crate) fn strip_comments(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !is_comment(key));
            map.values_mut().for_each(strip_comments);
        }
        Value::Array(elements) => elements.iter_mut().for_each(strip_comments),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn span_of(node: &impl jsonc_parser::common::Ranged) -> Span {
    (node.start(), node.end())
}

/// Finds the places of findings that have none. A path that the text does not have, as its
/// end was filled in, becomes that of the innermost value that is there; such a finding follows
/// from what is in the text, so it goes when there are others. `outside` are the paths of
/// overrides.
pub(crate) fn locate(text: &str, problems: &mut Vec<Problem>, outside: &[&[Step]]) {
    let Ok(Some(root)) = tree(text) else { return };
    let mut followed = Vec::with_capacity(problems.len());
    for problem in problems.iter_mut() {
        let (span, found) = find(&root, &problem.steps, problem.on_key);
        let placed = problem.span.is_some() || problem.file.is_some();
        let whole = found == problem.steps.len();
        let written = placed || whole || outside.iter().any(|steps| problem.steps.starts_with(steps));
        // Of nothing that is written, the path at least says what it is about.
        if !written && found > 0 {
            problem.steps.truncate(found);
        }
        followed.push(written);
        let part = problem.within.as_deref().filter(|_| whole).and_then(|part| inside(text, span, *part));
        let span = part.unwrap_or(span);
        problem.span.get_or_insert(span);
    }
    if followed.contains(&true) {
        let mut followed = followed.into_iter();
        problems.retain(|_| followed.next() == Some(true));
    }
}

/// The place of a part of a JSON string, if it is written as it is meant: without escapes.
fn inside(text: &str, (start, end): Span, (from, to): Span) -> Option<Span> {
    let inner = text.get(start..end)?.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\') && from <= to && to <= inner.len()).then_some((start + 1 + from, start + 1 + to))
}

/// The property of that name, which the text may have in its internationalised form.
fn property<'o, 't>(object: &'o ast::Object<'t>, key: &str) -> Option<&'o ast::ObjectProp<'t>> {
    let same = |written: &ast::ObjectProp<'_>| a_labels::of_text(written.name.as_str()).is_some_and(|name| name == key);
    object.get(key).or_else(|| object.properties.iter().find(|property| same(property)))
}

/// The place of a path, and how many of its steps the text has.
fn find(root: &ast::Value<'_>, steps: &[Step], on_key: bool) -> (Span, usize) {
    let mut here = root;
    let mut name = None;
    let mut found = steps.len();
    for (position, step) in steps.iter().enumerate() {
        let last = position + 1 == steps.len();
        let next = match (here, step) {
            (ast::Value::Object(object), Step::Key(key)) => match property(object, key) {
                Some(property) if last && on_key => return (span_of(&property.name), steps.len()),
                Some(property) => {
                    name = Some(span_of(&property.name));
                    Some(&property.value)
                }
                None => None,
            },
            (ast::Value::Array(array), Step::Index(index)) => {
                name = None;
                array.elements.get(*index)
            }
            _ => None,
        };
        match next {
            Some(value) => here = value,
            None => {
                found = position;
                break;
            }
        }
    }
    // A long value is pointed at by its name, or by its opening bracket.
    let span = match here {
        ast::Value::Object(_) | ast::Value::Array(_) => name.unwrap_or((span_of(here).0, span_of(here).0 + 1)),
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => span_of(here),
    };
    (span, found)
}
