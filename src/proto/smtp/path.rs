//! Reverse-paths and forward-paths (RFC 5321 4.1.2): mailboxes between angle brackets.
//!
//! Strict: quoted local parts and address literals are read and kept as they were written;
//! source routes are read and ignored (RFC 5321 4.1.2: they "MUST BE accepted, SHOULD NOT be
//! generated, and SHOULD be ignored"). Characters beyond ASCII are read everywhere but in literals
//! (RFC 6531 section 3.3); whether they may stand there is for the session to know. Left out: that
//! labels and local parts are in normal form (RFC 5890, RFC 6532 section 3.1).

pub(crate) mod lenient;

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::proto::dns::idna;

/// RFC 5321 4.5.3.1.1: "The maximum total length of a user name or other local-part is 64 octets."
const MAX_LOCAL_PART: usize = 64;
/// RFC 5321 4.5.3.1.2: "The maximum total length of a domain name or number is 255 octets."
const MAX_DOMAIN: usize = 255;
/// RFC 5321 4.5.3.1.3: 256 octets, "including the punctuation and element separators".
const MAX_PATH: usize = 256;

/// A mailbox: `local-part@domain`, each part as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mailbox {
    text: String,
    at: usize,
}

/// Where reports of failure go (RFC 5321 4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReversePath {
    /// `<>`: nowhere. The message is itself a report.
    Null,
    /// To this mailbox.
    Mailbox(Mailbox),
}

/// A recipient (RFC 5321 4.1.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardPath {
    /// `<postmaster>` without a domain: whoever looks after the server asked.
    Postmaster,
    /// This mailbox.
    Mailbox(Mailbox),
}

impl Mailbox {
    /// Reads `local-part@domain`, the whole text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mailbox, rest) = mailbox(text)?;
        rest.is_empty().then_some(mailbox)
    }

    /// The part before the `@`, with its quotes if it has any.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The domain as the DNS knows it, in lower case: RFC 6531 section 3.2, U-labels are looked up as A-labels. One that
    /// has none is as it was written, and nobody's.
    #[must_use]
    pub fn ascii_domain(&self) -> String {
        idna::to_ascii(self.domain()).map_or_else(|| self.domain().to_owned(), Cow::into_owned).to_ascii_lowercase()
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address, if a literal stands in place of a domain (RFC 5321 4.1.3).
    #[must_use]
    pub fn literal(&self) -> Option<IpAddr> {
        literal_address(self.domain())
    }

    /// The text by which the same mailbox is found again however it was written: in lower
    /// case, without quotes (RFC 5321 4.1.2: "all quoted forms MUST be treated as
    /// equivalent"), and with the domain as the DNS knows it.
    #[must_use]
    pub fn key(&self) -> String {
        self.key_at(&self.ascii_domain())
    }

    /// The same for the mailbox of that local part in another domain.
    #[must_use]
    pub fn key_at(&self, domain: &str) -> String {
        let mut key = String::with_capacity(self.at + 1 + domain.len());
        let inner = self.local_part().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let mut characters = inner.unwrap_or(self.local_part()).chars();
        while let Some(character) = characters.next() {
            key.extend(if character == '\\' { characters.next() } else { Some(character) });
        }
        key.push('@');
        key.push_str(domain);
        key.to_ascii_lowercase()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ReversePath {
    /// The mailbox's text, or nothing for the null reverse-path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

impl ForwardPath {
    /// The mailbox's text, or `postmaster`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Postmaster => "postmaster",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

/// Reads a path from the beginning of `text`; what follows the `>` is returned with it.
pub(crate) fn reverse_path(text: &str) -> Option<(ReversePath, &str)> {
    if let Some(rest) = text.strip_prefix("<>") {
        return Some((ReversePath::Null, rest));
    }
    let (mailbox, rest) = path(text)?;
    Some((ReversePath::Mailbox(mailbox), rest))
}

/// Reads a path or `<postmaster>` from the beginning of `text`.
pub(crate) fn forward_path(text: &str) -> Option<(ForwardPath, &str)> {
    const POSTMASTER: &str = "<postmaster>";
    // RFC 5321 4.1.1.3: "the "Postmaster" string shown above is treated as case-insensitive."
    if text.get(..POSTMASTER.len()).is_some_and(|head| head.eq_ignore_ascii_case(POSTMASTER)) {
        return Some((ForwardPath::Postmaster, &text[POSTMASTER.len()..]));
    }
    let (mailbox, rest) = path(text)?;
    Some((ForwardPath::Mailbox(mailbox), rest))
}

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`
fn path(text: &str) -> Option<(Mailbox, &str)> {
    let inner = text.strip_prefix('<')?;
    let (mailbox, rest) = mailbox(skip_source_route(inner)?)?;
    let rest = rest.strip_prefix('>')?;
    (text.len() - rest.len() <= MAX_PATH).then_some((mailbox, rest))
}

/// `A-d-l = At-domain *( "," At-domain )`, and its colon.
fn skip_source_route(mut text: &str) -> Option<&str> {
    if !text.starts_with('@') {
        return Some(text);
    }
    loop {
        text = domain(text.strip_prefix('@')?)?;
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return text.strip_prefix(':'),
        }
    }
}

fn mailbox(text: &str) -> Option<(Mailbox, &str)> {
    let after_local = if text.starts_with('"') { quoted_string(text)? } else { dot_string(text)? };
    let at = text.len() - after_local.len();
    let after_at = after_local.strip_prefix('@')?;
    let rest = if after_at.starts_with('[') { skip_literal(after_at)? } else { domain(after_at)? };
    let length = text.len() - rest.len();
    let fits = at <= MAX_LOCAL_PART && after_at.len() - rest.len() <= MAX_DOMAIN;
    fits.then(|| (Mailbox { text: text[..length].to_owned(), at }, rest))
}

/// `atext` of RFC 5322 3.2.3.
const fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
}

/// `Dot-string = Atom *("." Atom)`; returns what follows it.
fn dot_string(text: &str) -> Option<&str> {
    let end = text.bytes().position(|b| !is_atext(b) && b != b'.' && b.is_ascii()).unwrap_or(text.len());
    let valid = text[..end].split('.').all(|atom| !atom.is_empty());
    valid.then(|| &text[end..])
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`; returns what follows it.
fn quoted_string(text: &str) -> Option<&str> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            // qtextSMTP and the escaped octet alike are printable ASCII; only qtext may be more.
            0..=31 | 127 => return None,
            128.. if escaped => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
}

/// `Domain = sub-domain *("." sub-domain)`; returns what follows it.
fn domain(text: &str) -> Option<&str> {
    let is_label = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || !b.is_ascii();
    let end = text.bytes().position(|b| !is_label(b)).unwrap_or(text.len());
    let valid = text[..end]
        .split('.')
        .all(|label| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-'));
    valid.then(|| &text[end..])
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3); returns what follows it.
fn skip_literal(text: &str) -> Option<&str> {
    let end = text.find(']')?;
    let inner = &text[1..end];
    let valid = match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => inner[5..].parse::<Ipv6Addr>().is_ok(),
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    };
    valid.then(|| &text[end + 1..])
}

/// The address in what stands in place of a domain, if it is a literal (RFC 5321 4.1.3).
pub(crate) fn literal_address(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => inner[5..].parse().map(IpAddr::V6).ok(),
        Some(_) | None => inner.parse().map(IpAddr::V4).ok(),
    }
}

/// An address in the form that stands for a domain (RFC 5321 4.1.3).
pub(crate) fn address_literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

/// Whether `text` is a domain or an address literal, as HELO and EHLO want it. An IPv6 address
/// may stand without its tag, as many clients write it.
pub(crate) fn is_client_name(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok()) {
        return true;
    }
    let rest = if text.starts_with('[') { skip_literal(text) } else { domain(text) };
    // RFC 6531 section 3.7.1: EHLO's argument is in ASCII.
    text.is_ascii() && text.len() <= MAX_DOMAIN && rest == Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a form of RFC 5321 4.1.2 were refused or came back changed: the text
    /// after parsing is the text to send onwards.
    #[test]
    fn good_paths_keep_their_text() {
        for (input, text) in [
            ("<a@b>", "a@b"),
            ("<Alice.B+tag@Crepes.FR>", "Alice.B+tag@Crepes.FR"),
            ("<\"q q\"@y.example>", "\"q q\"@y.example"),
            ("<\"a\\\"b@c\"@y>", "\"a\\\"b@c\"@y"),
            ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
            ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
            ("<@one.example,@two:joe@three>", "joe@three"),
            ("<zoë@crêpes.fr>", "zoë@crêpes.fr"),
            ("<\"zoë zoë\"@crêpes.fr>", "\"zoë zoë\"@crêpes.fr"),
        ] {
            let (path, rest) = forward_path(input).expect(input);
            assert_eq!((path.as_str(), rest), (text, ""), "{input}");
        }
        assert_eq!(reverse_path("<> X"), Some((ReversePath::Null, " X")));
        assert_eq!(forward_path("<PostMaster>"), Some((ForwardPath::Postmaster, "")));
    }

    /// Would break if mail for a user could be refused because of how its address was quoted.
    #[test]
    fn quotes_do_not_make_another_mailbox() {
        for (text, key) in [
            ("Bob@H.edu", "bob@h.edu"),
            ("\"bob\"@h.edu", "bob@h.edu"),
            ("\"\\b\\ob\"@h.edu", "bob@h.edu"),
            ("\"b \\\\ \\\"b\"@h.edu", "b \\ \"b@h.edu"),
            ("\"a@b\"@h.edu", "a@b@h.edu"),
            ("\"\"@h.edu", "@h.edu"),
        ] {
            assert_eq!(Mailbox::parse(text).expect(text).key(), key, "{text}");
        }
        let literal = |text: &str| Mailbox::parse(text).expect(text).literal().map(|address| address.to_string());
        assert_eq!(literal("a@[192.0.2.1]").as_deref(), Some("192.0.2.1"));
        assert_eq!(literal("a@[IPv6:2001:DB8::1]").as_deref(), Some("2001:db8::1"));
        assert_eq!(literal("a@h.edu"), None);
    }

    #[test]
    fn bad_paths_are_refused() {
        for input in [
            "",
            "<",
            "<a>",
            "<a@>",
            "<@b>",
            "<a@b",
            "a@b",
            "<a b@c>",
            "<.a@b>",
            "<a..b@c>",
            "<a.@b>",
            "<a@-b>",
            "<a@b-.c>",
            "<a@b..c>",
            "<a@[1.2.3]>",
            "<a@[IPv6:x]>",
            "<\"a@b>",
            "<\"a\nb\"@c>",
            "<\"\\é\"@b>",
            "<a@b@c>",
            "<@a joe@b>",
        ] {
            assert_eq!(forward_path(input), None, "{input}");
        }
        assert_eq!(forward_path("<>"), None);
        assert_eq!(reverse_path("<postmaster>"), None);
    }

    #[test]
    fn lengths_are_limited_exactly() {
        let local = |n: usize| format!("<{}@b>", "l".repeat(n));
        assert!(forward_path(&local(64)).is_some());
        assert!(forward_path(&local(65)).is_none());
        let whole = |n: usize| format!("<a@{}>", vec!["d".repeat(31); 8].join(".").split_at(n).0);
        assert!(forward_path(&whole(252)).is_some());
        let path = format!("<{}@{}>", "l".repeat(64), "d".repeat(63) + "." + &"e".repeat(63) + "." + &"f".repeat(61));
        assert_eq!(path.len(), 256);
        assert!(forward_path(&path).is_some());
        assert!(forward_path(&path.replace('<', "<@x:")).is_none());
    }
}
