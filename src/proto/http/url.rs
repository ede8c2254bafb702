//! Where a reference leads: `http` URLs, and references in a page (RFC 3986 3 and 5.2).
//!
//! Left out: other schemes, which lead nowhere here; user information, which is refused (RFC 9110 4.2.4);
//! fragments, which never leave the browser and are dropped.

use std::fmt;

use super::PORT;

/// An `http` URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    /// Host name in lower case.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query, as in a request line.
    pub target: String,
}

impl Url {
    /// Reads an absolute URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://")).and_then(|_| text.get(7..))?;
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = match authority.split_once(':') {
            Some((host, "")) => (host, PORT),
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port.parse().ok()?),
            Some(_) => return None,
            None => (authority, PORT),
        };
        let named = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(named) || !is_clean(target) {
            return None;
        }
        let target = match target.as_bytes().first() {
            None => "/".to_owned(),
            Some(b'?') => format!("/{target}"),
            Some(_) => target.to_owned(),
        };
        Some(Self { host: host.to_ascii_lowercase(), port, target: without_dots(&target) })
    }

    /// Where a reference in the document at this URL leads; none for what is no `http` URL.
    #[must_use]
    pub fn join(&self, reference: &str) -> Option<Self> {
        let reference = reference.trim_matches([' ', '\t', '\r', '\n', '\x0c']).split('#').next().unwrap_or_default();
        if reference.starts_with("//") {
            return Self::parse(&format!("http:{reference}"));
        }
        let scheme = reference.split(['/', '?']).next().unwrap_or_default();
        if scheme.contains(':') {
            return Self::parse(reference);
        }
        if !is_clean(reference) {
            return None;
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let target = match reference.as_bytes().first() {
            None => self.target.clone(),
            Some(b'/') => reference.to_owned(),
            Some(b'?') => format!("{path}{reference}"),
            Some(_) => format!("{}{reference}", &path[..path.rfind('/').map_or(0, |slash| slash + 1)]),
        };
        Some(Self { target: without_dots(&target), ..self.clone() })
    }

    /// The host, with its port if that is not the usual one: the value of the Host field (RFC 9110 7.2).
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == PORT { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.target)
    }
}

/// Whether it can stand in a request line.
fn is_clean(target: &str) -> bool {
    target.bytes().all(|b| b.is_ascii_graphic())
}

/// RFC 3986 5.2.4: `.` and `..` in a path are gone through.
fn without_dots(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a reference led elsewhere than RFC 3986 5.4 says, or out of the tree.
    #[test]
    fn references_lead_where_they_should() {
        let base = Url::parse("http://A.example/b/c/d;p?q").unwrap();
        for (reference, wanted) in [
            ("g", "http://a.example/b/c/g"),
            ("./g", "http://a.example/b/c/g"),
            ("g/", "http://a.example/b/c/g/"),
            ("/g", "http://a.example/g"),
            ("//g", "http://g/"),
            ("?y", "http://a.example/b/c/d;p?y"),
            ("g?y#s", "http://a.example/b/c/g?y"),
            ("", "http://a.example/b/c/d;p?q"),
            (".", "http://a.example/b/c/"),
            ("..", "http://a.example/b/"),
            ("../../../g", "http://a.example/g"),
            ("g;x=1/../y", "http://a.example/b/c/y"),
            ("http://other.example:8080/x", "http://other.example:8080/x"),
            ("HTTP://other.example?x", "http://other.example/?x"),
        ] {
            assert_eq!(base.join(reference).map(|url| url.to_string()).as_deref(), Some(wanted), "{reference:?}");
        }
        for nowhere in [
            "https://x/",
            "data:image/png;base64,AA",
            "javascript:alert(1)",
            "http://",
            "http://u@h/",
            "http://h:x/",
            "a b",
            "\u{fc}",
        ] {
            assert_eq!(base.join(nowhere), None, "{nowhere:?}");
        }
    }
}
