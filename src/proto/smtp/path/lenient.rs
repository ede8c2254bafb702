//! Paths as the software of the world writes them, beyond RFC 5321's grammar: without angle
//! brackets, with spaces and comments around them, with the quoted characters of RFC 821
//! (`Joe.\\Blow`), quoted strings among atoms (`much."more unusual"`), local parts beyond 64
//! octets. Postfix and Exim take them all.
//!
//! What was read is a [`Mailbox`] in RFC 5321's own form, so nobody behind this server sees
//! the difference.

use std::net::Ipv6Addr;

use super::{
    ForwardPath, MAX_DOMAIN, Mailbox, ReversePath, address_literal, domain, dot_string, is_atext, skip_literal,
};

/// Our own bound on a local part; RFC 5321 4.5.3.1 asks for no limits where that is possible.
const MAX_LOCAL_PART: usize = 512;

pub(crate) fn reverse_path(text: &str) -> Option<(ReversePath, &str)> {
    if let Some(rest) = text.strip_prefix("<>") {
        return Some((ReversePath::Null, rest));
    }
    let (mailbox, rest) = path(text)?;
    Some((ReversePath::Mailbox(mailbox), rest))
}

pub(crate) fn forward_path(text: &str) -> Option<(ForwardPath, &str)> {
    if let Some((ForwardPath::Postmaster, rest)) = super::forward_path(text) {
        return Some((ForwardPath::Postmaster, rest));
    }
    // The one name that needs no domain, here without its brackets.
    let (word, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
    if word.eq_ignore_ascii_case("postmaster") {
        return Some((ForwardPath::Postmaster, rest));
    }
    let (mailbox, rest) = path(text)?;
    Some((ForwardPath::Mailbox(mailbox), rest))
}

/// Whether `text` names a client as software of the world does: a domain or an address literal, an
/// address without brackets, or a domain between them.
pub(crate) fn is_client_name(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = inner.unwrap_or(text);
    let untagged =
        address.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:")).map_or(address, |tag| &address[tag.len()..]);
    let is_address = untagged.parse::<Ipv6Addr>().is_ok();
    // What looks like an address of IPv4 must be one.
    let is_name = |name: &&str| !name.ends_with(|last: char| last.is_ascii_digit()) && super::is_client_name(name);
    super::is_client_name(text) || is_address || inner.is_some_and(|inner| is_name(&inner))
}

fn path(text: &str) -> Option<(Mailbox, &str)> {
    let text = skip_comments(text)?;
    let bracketed = text.strip_prefix('<');
    let inner = super::skip_source_route(skip_comments(bracketed.unwrap_or(text))?)?;
    let (local, rest) = local_part(inner)?;
    let rest = skip_comments(rest)?.strip_prefix('@')?;
    let (name, after) = domain_or_literal(rest)?;
    let mut rest = skip_comments(after)?;
    if bracketed.is_some() {
        rest = skip_comments(rest.trim_start_matches(' ').strip_prefix('>')?)?;
    }
    let fits = !local.is_empty() && local.len() <= MAX_LOCAL_PART && name.len() <= MAX_DOMAIN;
    fits.then(|| (canonical(&local, &name), rest))
}

/// A domain, or an address literal; that of an IPv6 address may lack its tag, or the colon
/// behind it.
fn domain_or_literal(text: &str) -> Option<(String, &str)> {
    let strict = if text.starts_with('[') { skip_literal(text) } else { Some(domain(text)?) };
    if let Some(rest) = strict {
        return Some((text[..text.len() - rest.len()].to_owned(), rest));
    }
    let (inner, rest) = text.strip_prefix('[')?.split_once(']')?;
    let untagged =
        inner.get(..4).filter(|tag| tag.eq_ignore_ascii_case("ipv6")).map_or(inner, |tag| &inner[tag.len()..]);
    let address: Ipv6Addr = untagged.parse().ok()?;
    Some((address_literal(address.into()), rest))
}

/// Skips comments (RFC 5322 3.2.2) and the spaces before them.
fn skip_comments(mut text: &str) -> Option<&str> {
    while let Some(inner) = text.trim_start_matches(' ').strip_prefix('(') {
        let mut depth = 1_usize;
        let mut escaped = false;
        let end = inner.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        text = &inner[end + 1..];
    }
    Some(text)
}

/// Words with dots between them: what they mean, with quotes around it if they are needed,
/// and what follows.
fn local_part(text: &str) -> Option<(String, &str)> {
    let mut plain = String::new();
    let mut rest = text;
    let mut quotes = false;
    loop {
        let before = rest;
        if rest.starts_with('"') {
            rest = super::quoted_string(rest)?;
            unescape(&before[1..before.len() - rest.len() - 1], &mut plain);
            quotes = true;
        } else {
            rest = atom(rest)?;
            unescape(&before[..before.len() - rest.len()], &mut plain);
        }
        let Some(after) = rest.strip_prefix('.') else { break };
        plain.push('.');
        rest = after;
    }
    // RFC 5321 4.1.2: the form with the least quoting is the one to send on.
    if dot_string(&plain) == Some("") {
        return Some((plain, rest));
    }
    let escaped = plain.replace('\\', "\\\\").replace('"', "\\\"");
    (quotes || !plain.is_empty()).then(|| (format!("\"{escaped}\""), rest))
}

/// Letters of an atom, and any printable ones behind a backslash; returns what follows.
fn atom(text: &str) -> Option<&str> {
    let mut escaped = false;
    let end = text
        .bytes()
        .position(|byte| {
            let fits = match byte {
                b' '..=b'~' if escaped => true,
                128.. => !escaped,
                _ => !escaped && (is_atext(byte) || byte == b'\\'),
            };
            escaped = !escaped && byte == b'\\';
            !fits
        })
        .unwrap_or(text.len());
    (end > 0 && !escaped).then(|| &text[end..])
}

fn unescape(text: &str, out: &mut String) {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
}

fn canonical(local: &str, domain: &str) -> Mailbox {
    Mailbox { text: format!("{local}@{domain}"), at: local.len() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Would break if a form that real servers take were refused, or went on in another form
    /// than RFC 5321's.
    #[test]
    fn forms_of_the_world() {
        let long = format!("{}@b.c", "l".repeat(65));
        for (input, text, rest) in [
            ("anne@b.c", "anne@b.c", ""),
            ("anne@b.c SIZE=3", "anne@b.c", " SIZE=3"),
            ("<anne@b.c> SIZE=3", "anne@b.c", " SIZE=3"),
            ("< anne@b.c >", "", "-"),
            ("<anne@b.c >", "anne@b.c", ""),
            ("anne@b.c(comment)", "anne@b.c", ""),
            ("anne(comment)@b.c", "anne@b.c", ""),
            ("(a (nested\\)) one)anne@b.c (and) X", "anne@b.c", " X"),
            ("<(in)anne@b.c(side)>", "anne@b.c", ""),
            ("\"\"@b.c", "\"\"@b.c", ""),
            ("\"anne\"@b.c", "anne@b.c", ""),
            ("\"anne..x\"@b.c", "\"anne..x\"@b.c", ""),
            ("much.\"more\\ unusual\"@b.c", "\"much.more unusual\"@b.c", ""),
            ("Joe.\\\\Blow@b.c", "\"Joe.\\\\Blow\"@b.c", ""),
            ("Fred\\ Bloggs@b.c", "\"Fred Bloggs\"@b.c", ""),
            ("very.\"(),:;<>[]\".\"very@\\\\ \\\"very\"@b", "\"very.(),:;<>[].very@\\\\ \\\"very\"@b", ""),
            ("@one,@two:anne@b.c", "anne@b.c", ""),
            ("anne@[192.0.2.1]", "anne@[192.0.2.1]", ""),
            ("anne@[IPv6::1]", "anne@[IPv6:::1]", ""),
            ("<anne@[2001:db8::1]>", "anne@[IPv6:2001:db8::1]", ""),
            (&long, &long, ""),
        ] {
            let read = forward_path(input);
            if rest == "-" {
                assert_eq!(read, None, "{input}");
                continue;
            }
            let (path, after) = read.expect(input);
            assert_eq!((path.as_str(), after), (text, rest), "{input}");
        }
        assert_eq!(reverse_path("<> X"), Some((ReversePath::Null, " X")));
        assert_eq!(forward_path("<PostMaster>"), Some((ForwardPath::Postmaster, "")));
        assert_eq!(forward_path("postmaster X"), Some((ForwardPath::Postmaster, " X")));
        assert_eq!(reverse_path("postmaster"), None);
    }

    /// Would break if a client that others take were turned away at its first word, or nonsense let in.
    #[test]
    fn names_of_clients() {
        for name in ["a", "127.0.0.1", "[127.0.0.1]", "[::1]", "::1", "IPv6:::1", "[ipv6:::1]", "[abc.def]"] {
            assert!(is_client_name(name), "{name}");
        }
        for name in
            ["", "[]", "[", "a)", "(a", "[a", "a]", "[1.2.3.256]", "[1.2.3]", "IPv6:x", "a b", "a_b", "[a_b]", "é"]
        {
            assert!(!is_client_name(name), "{name}");
        }
    }

    #[test]
    fn bad_paths_are_refused() {
        for input in [
            "", "<>", "<", "anne", "<anne>", "@b", "<@b>", "anne@", "a b@c", ".a@b", "a..b@c", "a.@b", "<a@b", "(a@b",
            "a\\@b", "\"a@b", "a@b@", "a\"b\"@c",
        ] {
            assert!(forward_path(input).is_none_or(|(_, rest)| !rest.is_empty()), "{input}");
        }
    }

    proptest! {
        /// Would break if something were read that RFC 5321's own reader does not take (long
        /// local parts aside), or if the strict form were read otherwise than strictly.
        #[test]
        fn what_is_read_is_strict_again(text in "[<>@\\[\\]\",:.a-c\\\\() ]{0,16}") {
            if let Some((path, _)) = forward_path(&text) {
                let strict = format!("<{}>", path.as_str());
                prop_assert_eq!(super::super::forward_path(&strict), Some((path, "")));
            }
            if let Some((path, "")) = super::super::forward_path(&text) {
                let (lenient, rest) = forward_path(&text).expect("strict is lenient");
                prop_assert_eq!(rest, "");
                let key = |path: &ForwardPath| match path {
                    ForwardPath::Postmaster => String::new(),
                    ForwardPath::Mailbox(mailbox) => mailbox.key(),
                };
                prop_assert_eq!(key(&path), key(&lenient));
            }
        }
    }
}
