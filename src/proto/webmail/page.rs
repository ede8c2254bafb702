//! A page of webmail, read: its elements in their order, each with its attributes and the text behind its tag.
//!
//! The pages are a program's, all their attributes in double quotes and nothing in them but text that was
//! escaped, so this needs no browser's patience; anything else is read as far as it goes. Left out: nesting.

use crate::proto::mailbox::{Handle, Mark, Summary};
use crate::proto::message::read::shown::Leaf;

/// A start tag, and what follows it up to the next tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// In lower case.
    pub name: String,
    /// Names and values, in their order.
    pub attributes: Vec<(String, String)>,
    /// The text behind the tag.
    pub text: String,
}

impl Element {
    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether an attribute has this value.
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its elements.
    pub elements: Vec<Element>,
}

impl Page {
    /// Reads the octets of a page.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let text = String::from_utf8_lossy(octets);
        let mut elements = Vec::new();
        for piece in text.split('<').skip(1) {
            if piece.starts_with(|c: char| c.is_ascii_alphabetic()) {
                elements.push(element(piece));
            }
        }
        Self { elements }
    }

    /// The first element of that name whose attribute has this value.
    #[must_use]
    pub fn find(&self, name: &str, (attribute, value): (&str, &str)) -> Option<&Element> {
        self.elements.iter().find(|element| element.name == name && element.has(attribute, value))
    }

    /// Which page it is.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.elements.iter().find(|element| element.name == "body").and_then(|body| body.get("data-page")).unwrap_or("")
    }

    /// The token that its forms carry.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.find("input", ("name", "csrf"))?.get("value")
    }

    /// The address of the style sheet.
    #[must_use]
    pub fn style(&self) -> Option<&str> {
        self.find("link", ("rel", "stylesheet"))?.get("href")
    }

    /// The address of the page behind this one.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.find("a", ("rel", "next"))?.get("href")
    }

    /// The Message-ID of the message that was sent, if the page says that one was.
    #[must_use]
    pub fn sent(&self) -> Option<&str> {
        self.elements.iter().find_map(|element| element.get("data-sent"))
    }

    /// The Message-ID of the draft that was kept, if the page says that one was.
    #[must_use]
    pub fn kept(&self) -> Option<&str> {
        self.elements.iter().find_map(|element| element.get("data-kept"))
    }

    /// The Message-ID of the message that it shows.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.elements.iter().find(|element| element.name == "article")?.get("data-id")
    }

    /// What it says went wrong, as one text.
    #[must_use]
    pub fn alert(&self) -> Option<String> {
        let at = self.elements.iter().position(|element| element.has("role", "alert"))?;
        let behind =
            self.elements[at + 1..].iter().take_while(|element| matches!(element.name.as_str(), "p" | "ul" | "li"));
        let texts: Vec<&str> =
            std::iter::once(&self.elements[at]).chain(behind).map(|element| element.text.trim()).collect();
        Some(texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<&str>>().join(" "))
    }

    /// What stands in the element with `id="text"`.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let text = &self.elements.iter().find(|element| element.has("id", "text"))?.text;
        Some(text.strip_prefix('\n').unwrap_or(text))
    }

    /// The messages of a list, as they stand in it.
    #[must_use]
    pub fn rows(&self) -> Vec<Summary> {
        let validity = self.elements.iter().find_map(|element| element.get("data-validity")).unwrap_or_default();
        let rows = self.elements.iter().filter(|element| element.name == "tr");
        rows.filter_map(|row| summary(row, validity, &self.subject_of(row))).collect()
    }

    fn subject_of(&self, row: &Element) -> String {
        let id = format!("uid-{}", row.get("data-uid").unwrap_or_default());
        let at = self.elements.iter().position(|element| element.has("id", &id));
        let behind = at.and_then(|at| self.elements[at..].iter().find(|element| element.name == "a"));
        behind.map(|link| link.text.clone()).unwrap_or_default()
    }

    /// The fields of the form for a message as it begins: those that are hidden or filled in, and boxes that are
    /// checked.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        let form = self.elements.iter().position(|element| element.name == "form" && element.has("action", "/compose"));
        let inside = form.map_or(&[][..], |form| &self.elements[form + 1..]);
        let mut fields = Vec::new();
        for element in inside.iter().take_while(|element| element.name != "form") {
            let Some(name) = element.get("name") else { continue };
            let value = match (element.name.as_str(), element.get("type")) {
                ("input", Some("hidden" | "text")) => element.get("value").unwrap_or_default(),
                ("input", Some("checkbox")) if element.get("checked").is_some() => {
                    element.get("value").unwrap_or_default()
                }
                ("textarea", _) => element.text.strip_prefix('\n').unwrap_or(&element.text),
                _ => continue,
            };
            fields.push((name.to_owned(), value.to_owned()));
        }
        fields
    }
}

fn summary(row: &Element, validity: &str, subject: &str) -> Option<Summary> {
    let uid: u64 = row.get("data-uid")?.parse().ok()?;
    let given = |name: &str| row.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let mark = |flag: &str| match flag {
        "\\Seen" => Some(Mark::Seen),
        "\\Answered" => Some(Mark::Answered),
        "\\Flagged" => Some(Mark::Flagged),
        "\\Deleted" => Some(Mark::Deleted),
        "\\Draft" => Some(Mark::Draft),
        _ => None,
    };
    let part = |text: &str| {
        let mut words = text.split(' ');
        // The server lists files alone.
        let (place, media) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Leaf { place, media, octets: words.next()?.parse().ok()?, file: true })
    };
    Some(Summary {
        message: Handle(uid),
        unique: Some(Summary::unique_of(validity, uid)),
        bytes: row.get("data-size")?.parse().ok()?,
        message_id: given("data-id"),
        from: given("data-from"),
        subject: Some(subject.to_owned()),
        marks: row.get("data-flags").unwrap_or_default().split(' ').filter_map(mark).collect(),
        parts: row.get("data-parts").unwrap_or_default().split(';').filter_map(part).collect(),
    })
}

/// Reads what follows a "<".
fn element(piece: &str) -> Element {
    let at = piece.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(piece.len());
    let mut element = Element { name: piece[..at].to_ascii_lowercase(), attributes: Vec::new(), text: String::new() };
    let mut rest = &piece[at..];
    loop {
        rest = rest.trim_start();
        if let Some(text) = rest.strip_prefix('>') {
            element.text = unescaped(text);
            return element;
        }
        let at = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '=').unwrap_or(rest.len());
        let name = rest[..at].to_owned();
        rest = &rest[at..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            (value, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
        } else if let Some(bare) = rest.strip_prefix('=') {
            (value, rest) = bare.split_at(bare.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(bare.len()));
        }
        if rest.is_empty() {
            // The page ends within the tag.
            return element;
        }
        if !name.is_empty() {
            element.attributes.push((name, unescaped(value)));
        }
    }
}

/// Text with the character references that the server writes replaced.
fn unescaped(text: &str) -> String {
    const KNOWN: [(&str, char); 6] =
        [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("#39;", '\''), ("#13;", '\r')];
    let mut pieces = text.split('&');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match KNOWN.iter().find_map(|(name, char)| Some((char, piece.strip_prefix(name)?))) {
            Some((char, rest)) => {
                out.push(*char);
                out.push_str(rest);
            }
            None => {
                out.push('&');
                out.push_str(piece);
            }
        }
    }
    out
}
