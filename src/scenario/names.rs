//! Names: host names, mail addresses, and the pattern `u{1..50}`.
//!
//! Host names are the letters-digits-hyphen names of RFC 1123 section 2.1 in lower case,
//! without the final dot. Internationalised names are in their ASCII form by then.

/// So many records may a pattern stand for.
const MAX_RECORDS: usize = 1_000_000;

/// Why `name` is no host or domain name; `Ok` when it is one.
pub(super) fn check_host_name(name: &str) -> Result<(), String> {
    check_labels(name, false)
}

/// As [`check_host_name`], but labels may begin with `_` or be `*` (owners of DNS records).
pub(super) fn check_owner_name(name: &str) -> Result<(), String> {
    check_labels(name, true)
}

fn check_labels(name: &str, owner: bool) -> Result<(), String> {
    if !name.is_ascii() {
        return Err(
            "this name has no form that the DNS knows: its letters are composed ones, without signs and blanks \
                    (RFC 5891 section 4)"
                .to_owned(),
        );
    }
    if name.is_empty() {
        return Err("a name is not empty".to_owned());
    }
    if name.ends_with('.') {
        return Err("a name stands without its final dot here".to_owned());
    }
    if name.len() > 253 {
        return Err("a name has at most 253 characters (RFC 1035 section 2.3.4)".to_owned());
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err("a name has no empty label".to_owned());
        }
        if label.len() > 63 {
            return Err("a label of a name has at most 63 characters (RFC 1035 section 2.3.4)".to_owned());
        }
        if owner && label == "*" {
            continue;
        }
        if label.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err("names are written in lower case".to_owned());
        }
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || (owner && b == b'_');
        if !label.bytes().all(fits) {
            return Err("a name consists of letters a to z, digits, hyphens and dots".to_owned());
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("a label of a name neither begins nor ends with a hyphen".to_owned());
        }
    }
    Ok(())
}

/// Why `local` is no local part of an address (a dot-atom of RFC 5322 section 3.2.3, at
/// most 64 octets); `Ok` when it is one. Quoted local parts are left out.
pub(super) fn check_local_part(local: &str) -> Result<(), String> {
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`|~".contains(&b);
    if local.is_empty() || local.split('.').any(|part| part.is_empty() || !part.bytes().all(atom)) {
        return Err("the part before the @ consists of letters, digits and !#$%&'*+-/=?^_`|~ with single dots between"
            .to_owned());
    }
    if local.len() > 64 {
        return Err("the part before the @ has at most 64 characters (RFC 5321 section 4.5.3.1.1)".to_owned());
    }
    Ok(())
}

/// Whether `name` is `zone` or lies below it; everything lies below the root `"."`.
pub(super) fn is_within(name: &str, zone: &str) -> bool {
    zone == "." || name == zone || name.strip_suffix(zone).is_some_and(|front| front.ends_with('.'))
}

/// The longest known zone in which `name` lies: its labels are cut off one by one.
pub(super) fn closest(name: &str, known: impl Fn(&str) -> bool) -> Option<&str> {
    let mut rest = name;
    while !known(rest) {
        rest = match rest.split_once('.') {
            Some((_, above)) if !above.is_empty() => above,
            Some(_) | None => return known(".").then_some("."),
        };
    }
    Some(rest)
}

/// [`closest`] among the names properly above `name`.
pub(super) fn closest_above(name: &str, known: impl Fn(&str) -> bool) -> Option<&str> {
    closest(name, |zone| zone != name && known(zone))
}

/// A name in a zone's file as an absolute name without the final dot; the root is `"."`.
pub(super) fn absolute(name: &str, zone: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name == "@" {
        return zone.to_owned();
    }
    match name.strip_suffix('.') {
        Some("") => ".".to_owned(),
        Some(front) => front.to_owned(),
        None if zone == "." => name,
        None => format!("{name}.{zone}"),
    }
}

/// An absolute name without the final dot as a zone's file writes an owner.
pub(super) fn relative(name: &str, zone: &str) -> String {
    if name == zone {
        return "@".to_owned();
    }
    match name.strip_suffix(zone).and_then(|front| front.strip_suffix('.')) {
        Some(front) if zone != "." => front.to_owned(),
        Some(_) | None => dotted(name),
    }
}

/// The name with its final dot.
pub(super) fn dotted(name: &str) -> String {
    if name == "." { name.to_owned() } else { format!("{name}.") }
}

/// What `PREFIX{A..B}SUFFIX` stands for; `None` when the text is no such pattern or stands
/// for more than `limit` texts.
pub(super) fn expand(text: &str, limit: usize) -> Option<Vec<String>> {
    let (prefix, rest) = text.split_once('{')?;
    let (range, suffix) = rest.split_once('}')?;
    let (first, last) = range.split_once("..")?;
    let number = |text: &str| -> Option<u64> {
        (text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let (low, high) = (number(first)?, number(last)?);
    if suffix.contains('{') || low > high || usize::try_from(high - low).ok()? >= limit {
        return None;
    }
    // A zero in front asks for equal widths: u{01..12}.
    let width = if first.starts_with('0') { first.len() } else { 0 };
    Some((low..=high).map(|number| format!("{prefix}{number:0width$}{suffix}")).collect())
}

/// A record's name and data as a zone's file writes them, for each name that the name's pattern
/// stands for; a pattern in the data goes along with it. `None` when the name is no pattern, or
/// the two do not go together.
pub(super) fn expand_record(name: &str, data: &str) -> Option<Vec<(String, String)>> {
    let names = expand(name, MAX_RECORDS)?;
    let data = match expand(data, MAX_RECORDS) {
        Some(data) if data.len() == names.len() => data,
        Some(_) => return None,
        None => vec![data.to_owned(); names.len()],
    };
    Some(names.into_iter().zip(data).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_expand() {
        assert_eq!(expand("u{9..11}", 10).unwrap(), ["u9", "u10", "u11"]);
        assert_eq!(expand("u{01..02}@a.b", 10).unwrap(), ["u01@a.b", "u02@a.b"]);
        for text in ["u", "u{}", "u{1..", "u{2..1}", "u{1..11}", "u{1..99999999999999999999}", "u{-1..2}"] {
            assert_eq!(expand(text, 10), None, "{text}");
        }
    }

    #[test]
    fn zone_names() {
        assert!(is_within("a.b", "b") && is_within("b", "b") && is_within("b", ".") && !is_within("ab", "b"));
        let known = |zone: &str| ["fr", ".", "a.fr", "b.fr"].contains(&zone);
        assert_eq!(closest("x.a.fr", known), Some("a.fr"));
        assert_eq!(closest_above("a.fr", known), Some("fr"));
        assert_eq!(closest("x.org", known), Some("."));
        assert_eq!(closest("x.org", |_| false), None);
        for (name, zone) in [("a.fr", "a.fr"), ("x.a.fr", "a.fr"), ("b.fr", "a.fr"), ("fr", "."), (".", ".")] {
            assert_eq!(absolute(&relative(name, zone), zone), name);
        }
    }

    #[test]
    fn host_names() {
        for good in ["a", "crepes.fr", "xn--crpes-ora.fr", "1.a-b.c"] {
            assert_eq!(check_host_name(good), Ok(()));
        }
        for bad in ["", ".", "a..b", "a.", "A", "a_b", "-a", "a-", "é.fr", "a b", &"a".repeat(64), &"a.".repeat(150)] {
            assert!(check_host_name(bad).is_err(), "{bad}");
        }
    }
}
