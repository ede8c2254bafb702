//! Requests and responses as an application sees them: whole, their framing undone.
//!
//! Left out: trailer fields, and contents that are not all in memory.

use std::fmt;

/// What is asked to be done with a target (RFC 9110 9.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Give it.
    Get,
    /// Give what [`Method::Get`] would, without its content.
    Head,
    /// Take what comes along, as the target sees fit.
    Post,
    /// Replace it.
    Put,
    /// Remove it.
    Delete,
    /// What can be done with it.
    Options,
    /// Any other token.
    Other(String),
}

impl Method {
    /// As it stands in a request line; case matters (RFC 9110 9.1).
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other(token) => token,
        }
    }

    /// The method with this name.
    #[must_use]
    pub fn named(token: &str) -> Self {
        match token {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Header fields in their order. Values hold what came, octets over 127 as ISO 8859-1 (RFC 9110 5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first field with this name, in any case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All fields with this name, in any case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Adds a field behind the others.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }
}

/// What a client asks. Framing fields (Content-Length, Transfer-Encoding) and Connection are written by the
/// session, whatever stands in `fields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is to be done.
    pub method: Method,
    /// With what: as in the request line, such as `/index.html?lang=en` (RFC 9112 3.2).
    pub target: String,
    /// Header fields, Host among them.
    pub fields: Fields,
    /// The content, its transfer coding undone.
    pub content: Vec<u8>,
}

impl Request {
    /// A request without content.
    #[must_use]
    pub fn new(method: Method, host: &str, target: &str) -> Self {
        Self { method, target: target.to_owned(), fields: Fields::default().with("Host", host), content: Vec::new() }
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code (RFC 9110 15).
    pub status: u16,
    /// Header fields.
    pub fields: Fields,
    /// The content, its transfer coding undone. For HEAD the session says its length and leaves it out.
    pub content: Vec<u8>,
}

impl Response {
    /// A response with this content.
    #[must_use]
    pub fn new(status: u16, media: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { status, fields: Fields::default().with("Content-Type", media), content: content.into() }
    }
}
