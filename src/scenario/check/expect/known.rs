//! Names and quantities in expectations: what they can be before any run.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::metrics::Kind;
use crate::scenario::check::Context;
use crate::scenario::problem::{Path, did_you_mean, nearest, quote};
use crate::scenario::resolved::LinkSpec;
use crate::scenario::schema::{Duration, Rate, Size};

/// Whether there is a link of that name.
pub(super) fn link(cx: &mut Context<'_>, path: Path<'_>, name: &str, links: &[LinkSpec]) -> bool {
    let names = links.iter().map(|link| link.name.as_str());
    let found = names.clone().any(|link| link == name);
    if !found {
        cx.problems.unknown(path, "link", name, names);
    }
    found
}

/// A Message-ID has angle brackets.
pub(super) fn message(cx: &mut Context<'_>, path: Path<'_>, name: &str) {
    let inner = name.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    if inner.is_none_or(str::is_empty) {
        let message = format!("{} is no Message-ID", quote(name));
        cx.problems.help(path, message, "write it like \"<1.alice@crepes.fr>\": the first message of that address");
    }
}

/// An address that differs by a slip from one that the scenario names. Others may be made while it runs.
pub(super) fn address(cx: &mut Context<'_>, path: Path<'_>, name: &str) {
    if name.is_empty() {
        return;
    }
    if !name.contains('@') {
        let message = format!("{} is no mail address", quote(name));
        cx.problems.help(path, message, "write it like \"bob@hamburger.edu\"");
        return;
    }
    let known = addresses(cx);
    if known.iter().any(|address| address.eq_ignore_ascii_case(name)) {
        return;
    }
    // `bob+news@hamburger.edu` may well be one that nobody names.
    if let Some(near) = nearest(name, known.iter().map(String::as_str)).filter(|_| !name.contains('+')) {
        cx.problems.unknown_name(path, format!("there is no address {}", quote(name)), Some(did_you_mean(near)));
    }
}

/// All addresses that a scenario names: those of its users, and whatever looks like one elsewhere.
fn addresses(cx: &Context<'_>) -> BTreeSet<String> {
    let users = cx.scenario.mail.iter();
    let users = users.flat_map(|(domain, of)| of.users.iter().map(move |local| format!("{local}@{domain}")));
    let mut known: BTreeSet<String> = users.collect();
    for (domain, of) in &cx.scenario.mail {
        known.extend(of.aliases.keys().chain(of.lists.keys()).map(|local| format!("{local}@{domain}")));
    }
    if let Ok(Value::Object(mut all)) = serde_json::to_value(cx.scenario) {
        all.remove("expect");
        collect(&Value::Object(all), &mut known);
    }
    known
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    let mut note = |text: &str| {
        if text.contains('@') && !text.contains(char::is_whitespace) {
            into.insert(text.to_owned());
        }
    };
    match value {
        Value::String(text) => note(text),
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        Value::Object(map) => {
            map.keys().for_each(|key| note(key));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A quantity as a number in the unit of its kind, or why it is none.
pub(super) fn quantity(text: &str, kind: Kind) -> Result<f64, String> {
    #[expect(clippy::cast_precision_loss, reason = "what it is compared with is a float too")]
    fn float(whole: u64) -> f64 {
        whole as f64
    }
    if let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return Err(format!("write the number {number} without quotation marks"));
    }
    match kind {
        Kind::Seconds => text.parse().map(|Duration(read)| read.as_secs_f64()),
        Kind::Bytes => text.parse().map(|Size(read)| float(read.bytes())),
        Kind::BitsPerSecond => text.parse().map(|Rate(read)| float(read.bits_per_sec())),
        Kind::Number | Kind::Text => Err(format!("{} is no number; there is no unit here", quote(text))),
    }
}
