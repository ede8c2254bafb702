//! Cookies (RFC 6265) of one server without paths and expiry: what a browser keeps until it is closed.
//!
//! Left out: domains and third parties, since every client here talks to one server; Expires (Max-Age
//! of 0 takes a cookie away, other ages outlast the session anyway).

use std::collections::BTreeMap;

/// The value of a cookie in the Cookie fields of a request (RFC 6265 4.2). The first of that name counts.
#[must_use]
pub fn sent<'a>(mut fields: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    fields.find_map(|field| {
        let pairs = field.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    })
}

/// What a browser keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jar(BTreeMap<String, String>);

impl Jar {
    /// Cookies that are kept; a server that sends more has the others ignored (RFC 6265 6.1).
    const MOST: usize = 50;

    /// Takes a Set-Cookie field (RFC 6265 5.2).
    pub fn take(&mut self, field: &str) {
        let mut attributes = field.split(';');
        let Some((name, value)) = attributes.next().and_then(|pair| pair.split_once('=')) else { return };
        let name = name.trim();
        let void = attributes.filter_map(|attribute| attribute.trim().split_once('=')).any(|(name, age)| {
            name.trim().eq_ignore_ascii_case("max-age") && age.trim().parse::<i64>().is_ok_and(|age| age <= 0)
        });
        if void {
            self.0.remove(name);
        } else if !name.is_empty() && (self.0.len() < Self::MOST || self.0.contains_key(name)) {
            self.0.insert(name.to_owned(), value.trim().to_owned());
        }
    }

    /// The Cookie field for the next request; none if there are no cookies.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_sent_and_taken_away() {
        let mut jar = Jar::default();
        assert_eq!(jar.field(), None);
        jar.take("session=abc; Path=/; HttpOnly; SameSite=Strict");
        jar.take("other = 1 ");
        jar.take("no cookie");
        jar.take("=x");
        assert_eq!(jar.field().as_deref(), Some("other=1; session=abc"));
        jar.take("session=; Max-Age=0");
        assert_eq!(jar.field().as_deref(), Some("other=1"));
        (0..100).for_each(|n| jar.take(&format!("c{n}=1")));
        assert_eq!(jar.field().unwrap().split("; ").count(), Jar::MOST);
    }

    #[test]
    fn the_named_cookie_is_found_among_others() {
        let fields = ["a=1; session=x=y", "session=z"];
        assert_eq!(sent(fields.into_iter(), "session"), Some("x=y"));
        assert_eq!(sent(fields.into_iter(), "sess"), None);
        assert_eq!(sent(["", ";;", "=", "session"].into_iter(), "session"), None);
    }
}
