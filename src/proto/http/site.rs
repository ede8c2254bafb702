//! What a server of files answers, as a function of its files, the request and the time.
//!
//! GET and HEAD, conditional (RFC 9110 13) and for a range (RFC 9110 14); PUT and DELETE where the site lets its
//! visitors write. A file that changes has another entity tag, another Last-Modified and other octets from then on.
//! Left out: If-Match and If-Unmodified-Since, several ranges at a time (the whole is sent instead, as RFC 9110
//! 14.2 lets a server), negotiation of content, and directories.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::date::{http_date, read_date};
use super::message::{Fields, Method, Request, Response};
use crate::base::hash::hash64;
use crate::base::{SimDuration, SimTime, UnixTime};

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Media type.
    pub media: String,
    /// What it holds.
    pub body: Body,
    /// How long a copy of it may be used unasked; none: nothing is said.
    pub max_age: Option<SimDuration>,
    /// How often it changes; none: never.
    pub changes: Option<SimDuration>,
    /// When it was put here.
    pub since: SimTime,
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// These octets.
    Octets(Arc<[u8]>),
    /// So many made-up octets, all 256 values among them; others after each change.
    Made(usize),
    /// Nothing: it is elsewhere (RFC 9110 15.4).
    Moved {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// Where, as the Location field says it.
        to: String,
    },
}

/// Files by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// By path, without query.
    pub files: BTreeMap<String, Resource>,
    /// Whether PUT and DELETE are obeyed.
    pub writable: bool,
}

impl Site {
    /// Answers a request that came at `now`; `start` is the calendar time of t = 0.
    pub fn answer(&mut self, request: &Request, start: UnixTime, now: SimTime) -> Response {
        let path = request.target.split('?').next().unwrap_or_default();
        let mut response = match request.method {
            Method::Get | Method::Head => match self.files.get(path) {
                Some(resource) => give(path, resource, request, start, now),
                None => plain(404),
            },
            // RFC 9110 14.5: a part of a file is no file.
            Method::Put if self.writable && request.fields.first("Content-Range").is_some() => plain(400),
            Method::Put | Method::Delete if self.writable && self.is_unwanted(path, request, start, now) => plain(412),
            Method::Put if self.writable => self.put(path, request, now),
            Method::Delete if self.writable => plain(if self.files.remove(path).is_some() { 204 } else { 404 }),
            Method::Options => with(plain(204), "Allow", self.allowed()),
            Method::Post | Method::Put | Method::Delete => with(plain(405), "Allow", self.allowed()),
            Method::Other(_) => plain(501),
        };
        // RFC 9110 6.6.1: a server with a clock says when.
        response.fields.0.insert(0, ("Date".to_owned(), http_date(start.plus(now))));
        response
    }

    const fn allowed(&self) -> &'static str {
        if self.writable { "GET, HEAD, OPTIONS, PUT, DELETE" } else { "GET, HEAD, OPTIONS" }
    }

    /// RFC 9110 13.1.2: a change is not wanted where there is what If-None-Match names, "*" being anything.
    fn is_unwanted(&self, path: &str, request: &Request, start: UnixTime, now: SimTime) -> bool {
        let current = self.files.get(path).and_then(|resource| Current::of(path, resource, start, now));
        current.is_some_and(|current| is_named(request, &current.tag) == Some(true))
    }

    /// RFC 9110 9.3.4: 201 for what is new, 204 for what is replaced.
    fn put(&mut self, path: &str, request: &Request, now: SimTime) -> Response {
        let media = request.fields.first("Content-Type").unwrap_or("application/octet-stream").to_owned();
        let body = Body::Octets(request.content.as_slice().into());
        let resource = Resource { media, body, max_age: None, changes: None, since: now };
        plain(if self.files.insert(path.to_owned(), resource).is_some() { 204 } else { 201 })
    }
}

fn plain(status: u16) -> Response {
    if status == 204 {
        return Response { status, fields: Fields::default(), content: Vec::new() };
    }
    Response::new(status, "text/plain; charset=utf-8", format!("{status} {}\r\n", super::reason(status)))
}

fn with(mut response: Response, name: &str, value: &str) -> Response {
    response.fields.0.push((name.to_owned(), value.to_owned()));
    response
}

/// What a resource holds at an instant.
struct Current {
    content: Vec<u8>,
    modified: UnixTime,
    tag: String,
}

impl Current {
    /// None if it is elsewhere.
    fn of(path: &str, resource: &Resource, start: UnixTime, now: SimTime) -> Option<Self> {
        let age = now.since(resource.since);
        let every = resource.changes.unwrap_or(SimDuration::ZERO);
        let version = age.as_nanos().checked_div(every.as_nanos()).unwrap_or(0);
        let seed = hash64(version, path.as_bytes());
        let content = match &resource.body {
            Body::Octets(octets) => octets.to_vec(),
            Body::Made(size) => made(seed, *size),
            Body::Moved { .. } => return None,
        };
        let modified = start.plus(resource.since.saturating_add(every.saturating_mul(version)));
        let tag = format!("\"{:016x}\"", hash64(seed, &content));
        Some(Self { content, modified, tag })
    }
}

fn give(path: &str, resource: &Resource, request: &Request, start: UnixTime, now: SimTime) -> Response {
    if let Body::Moved { status, to } = &resource.body {
        return with(plain(*status), "Location", to);
    }
    let Some(Current { content, modified, tag }) = Current::of(path, resource, start, now) else { return plain(404) };
    let mut fields = Fields::default().with("ETag", tag.as_str()).with("Last-Modified", http_date(modified));
    if let Some(age) = resource.max_age {
        fields = fields.with("Cache-Control", format!("max-age={}", age.as_secs()));
    }
    if is_unchanged(request, &tag, modified) {
        return Response { status: 304, fields, content: Vec::new() };
    }
    let fields = fields.with("Accept-Ranges", "bytes").with("Content-Type", resource.media.as_str());
    let length = content.len();
    // RFC 9110 14.2: a range is for GET alone; 13.1.5: and for the file that the client has the rest of.
    let wanted = request.fields.first("Range").filter(|_| request.method == Method::Get);
    let same = request.fields.first("If-Range").is_none_or(|old| old == tag);
    match wanted.filter(|_| same).and_then(|range| read_range(range, length)) {
        None => Response { status: 200, fields, content },
        Some(None) => with(plain(416), "Content-Range", &format!("bytes */{length}")),
        Some(Some((first, last))) => {
            let fields = fields.with("Content-Range", format!("bytes {first}-{last}/{length}"));
            Response { status: 206, fields, content: content[first..=last].to_vec() }
        }
    }
}

/// RFC 9110 13.2.2: If-Modified-Since counts only without If-None-Match.
fn is_unchanged(request: &Request, tag: &str, modified: UnixTime) -> bool {
    let since = || request.fields.first("If-Modified-Since").and_then(read_date);
    is_named(request, tag).unwrap_or_else(|| since().is_some_and(|since| modified.0 <= since.0))
}

/// Whether If-None-Match names a tag; none if the field is not there.
fn is_named(request: &Request, tag: &str) -> Option<bool> {
    let mut tags = request.fields.all("If-None-Match").flat_map(|value| value.split(',')).map(str::trim).peekable();
    tags.peek()?;
    Some(tags.any(|own| own == "*" || own.strip_prefix("W/").unwrap_or(own) == tag))
}

/// First and last octet of a single range; none if the field is to be ignored, some of none if there are no such octets.
fn read_range(text: &str, length: usize) -> Option<Option<(usize, usize)>> {
    let (first, last) = text.strip_prefix("bytes=")?.trim_matches([' ', '\t']).split_once('-')?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<usize>().ok()).flatten();
    let range = match (first, last) {
        ("", suffix) => {
            let count = number(suffix)?.min(length);
            (count > 0).then(|| (length - count, length - 1))
        }
        (first, "") => Some((number(first)?, length.saturating_sub(1))),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            Some((first, last.min(length.saturating_sub(1))))
        }
    };
    Some(range.filter(|(first, _)| *first < length))
}

/// Octets that nothing compresses, and that differ with the seed.
fn made(seed: u64, size: usize) -> Vec<u8> {
    let words = (0..size.div_ceil(8) as u64).map(|n| hash64(seed, &n.to_le_bytes()));
    let mut octets: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    octets.truncate(size);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixTime = UnixTime::DEFAULT_START;

    fn site() -> Site {
        let octets: Arc<[u8]> = b"0123456789".as_slice().into();
        let fixed = Resource {
            media: "text/plain".into(),
            body: Body::Octets(octets),
            max_age: None,
            changes: None,
            since: SimTime::ZERO,
        };
        let moving = Resource {
            body: Body::Made(1000),
            changes: Some(SimDuration::from_secs(60)),
            max_age: Some(SimDuration::from_secs(30)),
            ..fixed.clone()
        };
        let moved = Resource { body: Body::Moved { status: 301, to: "/a".into() }, ..fixed.clone() };
        Site { files: [("/a".into(), fixed), ("/b".into(), moving), ("/c".into(), moved)].into(), writable: true }
    }

    fn get(target: &str, fields: &[(&str, &str)], at_s: u64) -> Response {
        let mut request = Request::new(Method::Get, "w", target);
        request.fields.0.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        site().answer(&request, START, SimTime::ZERO + SimDuration::from_secs(at_s))
    }

    /// Would break if a range were off by one, or one that is none were obeyed.
    #[test]
    fn ranges() {
        for (range, status, content) in [
            ("bytes=0-0", 206, "0"),
            ("bytes=2-4", 206, "234"),
            ("bytes=7-", 206, "789"),
            ("bytes=-3", 206, "789"),
            ("bytes=5-99", 206, "56789"),
            ("bytes=-99", 206, "0123456789"),
            ("bytes=4-2", 200, "0123456789"),
            ("bytes=0-1,3-4", 200, "0123456789"),
            ("lines=0-1", 200, "0123456789"),
            ("bytes=+1-2", 200, "0123456789"),
            ("bytes=x", 200, "0123456789"),
        ] {
            let response = get("/a?x", &[("Range", range)], 0);
            assert_eq!((response.status, response.content.as_slice()), (status, content.as_bytes()), "{range}");
        }
        for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            let response = get("/a", &[("Range", range)], 0);
            assert_eq!((response.status, response.fields.first("Content-Range")), (416, Some("bytes */10")), "{range}");
        }
        assert_eq!(get("/a", &[("Range", "bytes=2-4")], 0).fields.first("Content-Range"), Some("bytes 2-4/10"));
        assert_eq!(get("/a", &[("Range", "bytes=2-4"), ("If-Range", "\"old\"")], 0).status, 200);
    }

    /// Would break if a copy were called good after the file changed, or bad before.
    #[test]
    fn conditions() {
        let first = get("/b", &[], 10);
        let (tag, date) = (first.fields.first("ETag").unwrap(), first.fields.first("Last-Modified").unwrap());
        assert_eq!((date, first.fields.first("Cache-Control")), ("Mon, 05 Jan 2026 09:00:00 GMT", Some("max-age=30")));
        for fields in [[("If-None-Match", tag)], [("If-Modified-Since", date)], [("If-None-Match", "\"x\", *")]] {
            let again = get("/b", &fields, 59);
            assert_eq!((again.status, again.content.len()), (304, 0), "{fields:?}");
        }
        assert_eq!(get("/b", &[("If-None-Match", "\"x\""), ("If-Modified-Since", date)], 59).status, 200);
        for fields in [[("If-None-Match", tag)], [("If-Modified-Since", date)]] {
            let later = get("/b", &fields, 60);
            assert_eq!(later.status, 200, "{fields:?}");
            assert_ne!(later.content, first.content);
        }
        assert!((0..=255).all(|octet| get("/b", &[], 0).content.contains(&octet)), "8 bits");
    }

    /// Would break if a client that only wants to create a file could write over another's, or if one that knows a
    /// state of it were believed when that is over.
    #[test]
    fn changes_on_conditions() {
        let mut site = site();
        let mut ask = |method: &str, target: &str, tag: &str| {
            let mut request = Request::new(Method::named(method), "w", target);
            request.fields.0.push(("If-None-Match".to_owned(), tag.to_owned()));
            site.answer(&request, START, SimTime::ZERO)
        };
        assert_eq!(ask("PUT", "/new", "*").status, 201);
        assert_eq!(ask("PUT", "/new", "*").status, 412);
        let tag = get("/a", &[], 0).fields.first("ETag").unwrap().to_owned();
        assert_eq!(ask("PUT", "/a", &format!("\"x\", W/{tag}")).status, 412);
        assert_eq!(ask("DELETE", "/a", &tag).status, 412);
        assert_eq!(ask("DELETE", "/a", "\"x\"").status, 204);
        assert_eq!(ask("DELETE", "/a", "*").status, 404, "RFC 9110 13.2.1: what would fail anyway fails as without it");
        let mut part = Request::new(Method::Put, "w", "/new");
        part.fields = part.fields.with("Content-Range", "bytes 0-1/2").with("If-None-Match", "*");
        assert_eq!(site.answer(&part, START, SimTime::ZERO).status, 400);
    }

    /// Would break if a method did something that it does not mean.
    #[test]
    fn methods() {
        let mut site = site();
        let mut ask = |method: &str, target: &str, content: &[u8]| {
            let mut request = Request::new(Method::named(method), "w", target);
            request.content = content.to_vec();
            site.answer(&request, START, SimTime::ZERO)
        };
        assert_eq!(ask("GET", "/c", b"").fields.first("Location"), Some("/a"));
        assert_eq!(ask("PUT", "/new", b"\0\xff").status, 201);
        assert_eq!(ask("PUT", "/new", b"\0\xfe").status, 204);
        assert_eq!(ask("GET", "/new", b"").content, b"\0\xfe");
        assert_eq!(ask("DELETE", "/new", b"").status, 204);
        assert_eq!(ask("DELETE", "/new", b"").status, 404);
        assert_eq!(ask("GET", "/../a", b"").status, 404);
        assert_eq!(ask("POST", "/a", b"").fields.first("Allow"), Some("GET, HEAD, OPTIONS, PUT, DELETE"));
        assert_eq!(ask("BREW", "/a", b"").status, 501);
    }
}
