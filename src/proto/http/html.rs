//! The objects that an HTML page refers to, as a browser finds them before it shows the page.
//!
//! Found are images, scripts, and what `link` names as style sheet or icon; in the order of the page. Comments and the
//! insides of scripts and style sheets hold no tags. Left out: what style sheets and scripts would load in their turn,
//! frames, `srcset`, `base`, and all of showing the page.

/// Elements whose insides are text, up to their end tag.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// The references to objects, in their order, with repetitions.
#[must_use]
pub fn references(page: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(start) = memchr::memchr(b'<', rest) {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix(b"!--") {
            rest = behind(comment, b"-->");
            continue;
        }
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let (name, attributes, after) = tag(rest);
        rest = after;
        found.extend(object(&name, &attributes));
        if RAW.contains(&name.as_str()) {
            rest = behind_end_tag(rest, &name);
        }
    }
    found
}

/// Names of attributes, in lower case, and their values.
type Attributes = Vec<(String, String)>;

fn object(name: &str, attributes: &Attributes) -> Option<String> {
    let value = |name: &str| attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let reference = match name {
        "img" | "script" => value("src"),
        "link" => {
            let rel = value("rel").unwrap_or_default();
            let wanted = |word: &str| word.eq_ignore_ascii_case("stylesheet") || word.eq_ignore_ascii_case("icon");
            rel.split_ascii_whitespace().any(wanted).then(|| value("href")).flatten()
        }
        _ => None,
    };
    reference.filter(|reference| !reference.trim().is_empty()).map(str::to_owned)
}

/// What stands behind the first `end`; nothing if there is none.
fn behind<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    memchr::memmem::find(text, end).map_or(&[], |at| &text[at + end.len()..])
}

fn behind_end_tag<'a>(text: &'a [u8], name: &str) -> &'a [u8] {
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, b"</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes())) {
            return rest;
        }
    }
    &[]
}

/// A tag behind its `<`: name, attributes, and what follows it.
fn tag(text: &[u8]) -> (String, Attributes, &[u8]) {
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    let end = text.iter().position(ends).unwrap_or(text.len());
    let name = text_of(&text[..end]).to_ascii_lowercase();
    let mut attributes = Attributes::new();
    let mut rest = &text[end..];
    loop {
        let skip = rest.iter().position(|b| !b.is_ascii_whitespace() && *b != b'/').unwrap_or(rest.len());
        rest = &rest[skip..];
        match rest.first() {
            // the page ends within the tag
            None => return (String::new(), Attributes::new(), rest),
            Some(b'>') => return (name, attributes, &rest[1..]),
            Some(_) => {}
        }
        // an `=` may begin a name, but never ends the walk without a step
        let end = rest.iter().skip(1).position(|b| ends(b) || *b == b'=').map_or(rest.len(), |at| at + 1);
        let attribute = text_of(&rest[..end]).to_ascii_lowercase();
        rest = rest[end..].trim_ascii_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix(b"=") {
            (value, rest) = attribute_value(after.trim_ascii_start());
        }
        attributes.push((attribute, value));
    }
}

fn attribute_value(text: &[u8]) -> (String, &[u8]) {
    let (value, rest) = match text.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let inner = &text[1..];
            let end = memchr::memchr(*quote, inner).unwrap_or(inner.len());
            (&inner[..end], inner.get(end + 1..).unwrap_or_default())
        }
        Some(_) | None => {
            text.split_at(text.iter().position(|b| b.is_ascii_whitespace() || *b == b'>').unwrap_or(text.len()))
        }
    };
    (text_of(value).replace("&amp;", "&"), rest)
}

fn text_of(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Would break if an object were missed, or one found that is no part of the page.
    #[test]
    fn objects_are_found_in_their_order() {
        let page = br#"<!DOCTYPE html><html><head><title><img src="t.png"></title><LINK rel='icon stylesheet' HREF=a.css>
            <link rel="next" href="b.html"><!-- <img src="c.png"> --><script src="d.js">"<img src='e.png'>"</script>
            <style>x { background: url(f.png) }</style></head><body><a href="g.html"><img alt="a > b" src = 'h.png?x=1&amp;y=2'/></a>
            <img src><img src=""><img/src=i.png><p>1 < 2 <img src="//other.example/j.png" src="k.png"><img src="open"#;
        assert_eq!(references(page), ["a.css", "d.js", "h.png?x=1&y=2", "i.png", "//other.example/j.png"]);
    }

    proptest! {
        /// Would break on any page that makes the walk panic or go on for ever.
        #[test]
        fn every_page_has_an_end(page in proptest::collection::vec(proptest::sample::select(b"<>=/\"'! -abimgscriptsrc\n".to_vec()), 0..200)) {
            let found = references(&page);
            prop_assert!(found.iter().all(|reference| !reference.is_empty()));
        }
    }
}
