//! What a browser keeps of what it was sent (RFC 9111).
//!
//! A copy is fresh as long as max-age says; after that, and where nothing is said, its server is asked whether it is
//! still good (RFC 9111 4.3). Left out: Expires, guesses of freshness from Last-Modified (RFC 9111 4.2.2), Vary, and
//! all directives but no-store, no-cache and max-age.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{SimDuration, SimTime};
use crate::proto::http::{Request, Response, Url};

/// Contents kept, in octets: beyond this the oldest go.
const MAX_OCTETS: usize = 64 << 20;

/// A copy of what a URL named.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) media: String,
    pub(super) content: Arc<[u8]>,
    tag: Option<String>,
    modified: Option<String>,
    fresh_until: SimTime,
    age: u64,
}

/// Copies by URL.
#[derive(Clone, Debug, Default)]
pub(super) struct WebCache {
    copies: BTreeMap<Url, Copy>,
    by_age: BTreeMap<u64, Url>,
    octets: usize,
    count: u64,
}

/// How long a response says that it is fresh; none if it is not to be kept.
fn lifetime(response: &Response) -> Option<SimDuration> {
    let mut fresh = SimDuration::ZERO;
    for word in response.fields.all("Cache-Control").flat_map(|value| value.split(',')).map(str::trim) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" => return None,
            "no-cache" => return Some(SimDuration::ZERO),
            "max-age" => fresh = SimDuration::from_secs(value.trim_matches('"').parse::<u32>().unwrap_or(0).into()),
            _ => {}
        }
    }
    Some(fresh)
}

impl WebCache {
    /// The copy of what is at the URL, and whether it may be used unasked.
    pub(super) fn look(&self, url: &Url, now: SimTime) -> Option<(&Copy, bool)> {
        self.copies.get(url).map(|copy| (copy, now < copy.fresh_until))
    }

    /// Makes a request depend on the copy's being out of date (RFC 9110 13.1.2, 13.1.3).
    pub(super) fn condition(&self, url: &Url, request: &mut Request) {
        let Some(copy) = self.copies.get(url) else { return };
        let fields = [("If-None-Match", &copy.tag), ("If-Modified-Since", &copy.modified)];
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))) {
            request.fields.0.push((name.to_owned(), value));
        }
    }

    /// A server says that the copy is still good (RFC 9111 4.3.4).
    pub(super) fn renew(&mut self, url: &Url, response: &Response, now: SimTime) -> Option<Copy> {
        let copy = self.copies.get_mut(url)?;
        copy.fresh_until = now.saturating_add(lifetime(response).unwrap_or(SimDuration::ZERO));
        Some(copy.clone())
    }

    /// Keeps what came, if it may be kept and would be of use; what was kept before goes.
    pub(super) fn keep(&mut self, url: &Url, response: &Response, content: &Arc<[u8]>, now: SimTime) {
        self.drop(url);
        let field = |name: &str| response.fields.first(name).map(str::to_owned);
        let (tag, modified) = (field("ETag"), field("Last-Modified"));
        let Some(fresh) = lifetime(response) else { return };
        let useless = tag.is_none() && modified.is_none() && fresh == SimDuration::ZERO;
        if useless || response.status != 200 || content.len() > MAX_OCTETS {
            return;
        }
        self.count += 1;
        self.octets += content.len();
        let media = field("Content-Type").unwrap_or_default();
        let fresh_until = now.saturating_add(fresh);
        let copy = Copy { media, content: Arc::clone(content), tag, modified, fresh_until, age: self.count };
        self.copies.insert(url.clone(), copy);
        self.by_age.insert(self.count, url.clone());
        while self.octets > MAX_OCTETS {
            let Some((_, oldest)) = self.by_age.first_key_value() else { break };
            let oldest = oldest.clone();
            self.drop(&oldest);
        }
    }

    fn drop(&mut self, url: &Url) {
        if let Some(copy) = self.copies.remove(url) {
            self.octets -= copy.content.len();
            self.by_age.remove(&copy.age);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a stale copy were used unasked, or what must not be kept were kept.
    #[test]
    fn freshness() {
        let url = Url::parse("http://w/a").unwrap();
        let at = |s| SimTime::ZERO + SimDuration::from_secs(s);
        let content: Arc<[u8]> = b"abc".as_slice().into();
        let mut cache = WebCache::default();
        let mut keep = |control: &str, now| {
            let mut response = Response::new(200, "text/plain", b"abc".as_slice());
            response.fields = response.fields.with("ETag", "\"1\"").with("Cache-Control", control);
            cache.keep(&url, &response, &content, at(0));
            cache.look(&url, at(now)).map(|(_, fresh)| fresh)
        };
        assert_eq!(keep("max-age=60", 59), Some(true));
        assert_eq!(keep("public, max-age=60", 60), Some(false));
        assert_eq!(keep("no-cache, max-age=60", 1), Some(false));
        assert_eq!(keep("", 0), Some(false));
        assert_eq!(keep("no-store", 0), None);
    }
}
