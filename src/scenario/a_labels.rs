//! Internationalised names in a scenario: wherever a file names a host, a zone, a mail domain or an
//! address, a label beyond ASCII becomes its A-label, as if the file had been written so.
//!
//! Results show A-labels. Local parts stay as they are, and what people read (subjects, texts, their
//! own names) is left alone. Left out: names in files beside the scenario, and in notes.

use serde_json::{Map, Value};

use crate::proto::dns::idna::to_ascii;

/// Objects whose keys are names.
const KEYS_ARE_NAMES: [&str; 9] =
    ["mail", "web", "hosts", "zones", "servers", "resolvers", "relays", "transports", "users"];
/// Keys at which names of hosts, sites, links and zones stand, or lists of them.
const NAMES: [&str; 24] = [
    "server",
    "computer",
    "smart_host",
    "host",
    "hosts",
    "resolver",
    "between",
    "site",
    "roots",
    "zones",
    "zone",
    "secondary",
    "partition",
    "flush",
    "destination",
    "sender",
    "lookup",
    "on",
    "link",
    "via",
    "client",
    "clients",
    "first",
    "names",
];
/// Keys at which URLs stand.
const URLS: [&str; 2] = ["browse", "moved_to"];
/// Keys at which addresses stand, or lists of them.
const ADDRESSES: [&str; 13] = [
    "from",
    "to",
    "cc",
    "bcc",
    "user",
    "reply_to",
    "members",
    "owner",
    "forward",
    "sender",
    "recipient",
    "senders",
    "recipients",
];
/// Types of records whose data ends with a name.
const NAMING_TYPES: [&str; 6] = ["NS", "MX", "CNAME", "PTR", "DNAME", "SRV"];

/// What the texts at some place are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Name,
    Address,
    Url,
    Other,
}

/// Writes the names of a scenario in ASCII.
pub(super) fn rewrite(value: &mut Value) {
    walk(value, Meaning::Other, "");
}

/// The name, or the address's domain, in ASCII; `None` where it is that already, or has no such form.
pub(super) fn of_text(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    match text.rsplit_once('@') {
        Some((local, domain)) => Some(format!("{local}@{}", to_ascii(domain)?)),
        None => to_ascii(text).map(std::borrow::Cow::into_owned),
    }
}

/// The URL with its host in ASCII (RFC 3987 3.1); what is behind the host stays as it is.
fn of_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (host, path) = rest.split_at(rest.find([':', '/', '?', '#']).unwrap_or(rest.len()));
    Some(format!("{scheme}://{}{path}", of_text(host)?))
}

fn walk(value: &mut Value, meaning: Meaning, key: &str) {
    match value {
        Value::String(text) => {
            let ascii = match meaning {
                Meaning::Name => of_text(text),
                Meaning::Address => of_text(text).filter(|_| text.contains('@')),
                Meaning::Url => of_url(text),
                Meaning::Other => None,
            };
            if let Some(ascii) = ascii {
                *text = ascii;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| walk(value, meaning, key)),
        Value::Object(map) => walk_object(map, key),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn walk_object(map: &mut Map<String, Value>, key: &str) {
    if KEYS_ARE_NAMES.contains(&key) && map.keys().any(|name| !name.is_ascii()) {
        let taken = std::mem::take(map);
        for (name, value) in taken {
            // A name that is there in both forms stays twice, and is refused in the one that nobody knows.
            let ascii = of_text(&name).filter(|ascii| !map.contains_key(ascii));
            map.insert(ascii.unwrap_or(name), value);
        }
    }
    let record = map.get("type").and_then(Value::as_str).map(str::to_ascii_uppercase);
    if let (Some(rtype), true) = (record, map.contains_key("data")) {
        for field in ["name", "data"] {
            if let Some(Value::String(text)) = map.get_mut(field)
                && (field == "name" || NAMING_TYPES.contains(&rtype.as_str()))
                && let Some(ascii) = to_ascii(text)
            {
                *text = ascii.into_owned();
            }
        }
    }
    for (name, value) in map {
        let meaning = match (key, name.as_str()) {
            ("aliases", _) => Meaning::Address,
            // A zone's names are looked up by resolvers; a message goes on to people.
            ("transports", _) | ("forward", "to") => Meaning::Name,
            (_, name) if NAMES.contains(&name) => Meaning::Name,
            (_, name) if URLS.contains(&name) => Meaning::Url,
            (_, name) if ADDRESSES.contains(&name) => Meaning::Address,
            (..) => Meaning::Other,
        };
        walk(value, meaning, name);
    }
}
