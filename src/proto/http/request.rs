//! A request's head: its line, whom it is for, and what it wants done with the connection.
//!
//! Targets come in origin-form or absolute-form (RFC 9112 3.2), and are given on in origin-form with the Host that
//! they named; `*` is for OPTIONS alone. Left out: CONNECT and its authority-form.

use super::framing::{Framing, declared};
use super::head::{Fault, Head, elements, is_token};
use super::message::{Fields, Method, Request};

/// The versions spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0: a connection for each request, unless both ends say otherwise.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

impl Version {
    /// As it stands in a start line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }

    /// Reads it; a later minor version counts as the last one known (RFC 9110 2.5).
    pub(super) fn read(word: &[u8]) -> Result<Self, Fault> {
        match word {
            b"HTTP/1.0" => Ok(Self::Http10),
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Ok(Self::Http11),
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Err(Fault::Version),
            _ => Err(Fault::Malformed),
        }
    }
}

/// A request whose head came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) version: Version,
    pub(super) framing: Framing,
    /// Whether its client waits for 100 (Continue) before it sends the content.
    pub(super) waits: bool,
    /// Whether its client would go on with the connection.
    pub(super) persists: bool,
}

/// Reads a request's head.
pub(super) fn read(head: Head) -> Result<Asked, Fault> {
    let Head { start, mut fields } = head;
    let mut words = start.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Fault::Malformed);
    };
    let version = Version::read(version)?;
    if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(Fault::Malformed);
    }
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).map_err(|_| Fault::Malformed);
    let method = Method::named(&text(method)?);
    let (authority, target) = split_target(&method, text(target)?)?;
    check_host(&mut fields, authority, version)?;
    let waits = match fields.first("Expect") {
        None => false,
        // RFC 9110 10.1.1: from HTTP/1.0 it is ignored.
        Some(word) if word.eq_ignore_ascii_case("100-continue") => version == Version::Http11,
        Some(_) => return Err(Fault::Expectation),
    };
    let framing = declared(&fields, version == Version::Http11)?.unwrap_or(Framing::Length(0));
    let persists = persists(&fields, version);
    Ok(Asked { request: Request { method, target, fields, content: Vec::new() }, version, framing, waits, persists })
}

/// Whether an end would go on with the connection (RFC 9112 9.3).
pub(super) fn persists(fields: &Fields, version: Version) -> bool {
    let says = |option: &str| elements(fields, "Connection").any(|word| word.eq_ignore_ascii_case(option));
    !says("close") && (version == Version::Http11 || says("keep-alive"))
}

/// Takes a target in absolute-form apart.
fn split_target(method: &Method, target: String) -> Result<(Option<String>, String), Fault> {
    if target.contains('#') {
        return Err(Fault::Malformed);
    }
    if target.starts_with('/') || target == "*" && *method == Method::Options {
        return Ok((None, target));
    }
    let rest = match target.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http://") => &target[7..],
        Some(_) | None => return Err(Fault::Malformed),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok((Some(authority.to_owned()), path))
}

/// RFC 9112 3.2: a request of HTTP/1.1 without Host, with more than one or an invalid one is answered with 400.
fn check_host(fields: &mut Fields, authority: Option<String>, version: Version) -> Result<(), Fault> {
    let hosts = fields.all("Host").count();
    if hosts > 1 || hosts == 0 && version == Version::Http11 {
        return Err(Fault::Malformed);
    }
    if fields.first("Host").into_iter().chain(authority.as_deref()).any(|host| !is_authority(host)) {
        return Err(Fault::Malformed);
    }
    if let Some(authority) = authority {
        // RFC 9112 3.2.2: the Host field is replaced "with the host information of the request-target".
        fields.0.retain(|(name, _)| !name.eq_ignore_ascii_case("Host"));
        fields.0.push(("Host".to_owned(), authority));
    }
    Ok(())
}

/// `uri-host [ ":" port ]` (RFC 9110 7.2), without what no host name or address holds.
fn is_authority(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        Some(_) | None => (host, ""),
    };
    let literal = name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let good = match literal {
        Some(inner) => inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.'),
        None => name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    };
    good && !name.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
}
