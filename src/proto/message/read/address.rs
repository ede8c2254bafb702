//! Address lists (RFC 5322 3.4) as the address structures of an envelope (RFC 3501 7.4.2).
//!
//! Display names keep their encoded words: a client decodes them. Source routes and groups are
//! kept. A reader for fields from anywhere: an address without a domain gets an empty host,
//! since a host that is missing would mean the begin of a group.

use super::lexer::Lexer;

/// One address structure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name.
    pub name: Option<Vec<u8>>,
    /// The source route.
    pub route: Option<Vec<u8>>,
    /// The local part without quoting, or a group's name; missing at the end of a group.
    pub mailbox: Option<Vec<u8>>,
    /// The domain; missing at the begin and the end of a group.
    pub host: Option<Vec<u8>>,
}

impl Address {
    /// Mailbox and domain, as people write them; none for the ends of a group.
    #[must_use]
    pub fn addr_spec(&self) -> Option<String> {
        let text =
            |octets: &Option<Vec<u8>>| octets.as_deref().map(|octets| String::from_utf8_lossy(octets).into_owned());
        Some(format!("{}@{}", text(&self.mailbox)?, text(&self.host)?))
    }
}

/// Reads the unfolded value of a field of addresses.
#[must_use]
pub fn list(value: &[u8]) -> Vec<Address> {
    let mut lexer = Lexer::new(value);
    let mut found = Vec::new();
    let mut in_group = false;
    loop {
        let run = Run::read(&mut lexer, if in_group { b",;<" } else { b",;<:" });
        match lexer.bump() {
            Some(b'<') => found.push(angle(&mut lexer, run)),
            Some(b':') => {
                in_group = true;
                found.push(Address { mailbox: Some(run.display), ..Address::default() });
            }
            Some(separator) => {
                found.extend(run.address());
                if separator == b';' && in_group {
                    in_group = false;
                    found.push(Address::default());
                }
            }
            None => {
                found.extend(run.address());
                break;
            }
        }
    }
    if in_group {
        found.push(Address::default());
    }
    found
}

/// What stands between two separators, read as a phrase and as an address at once.
#[derive(Default)]
struct Run {
    display: Vec<u8>,
    local: Vec<u8>,
    domain: Option<Vec<u8>>,
    comment: Option<Vec<u8>>,
    /// Whether there was anything besides white space and comments.
    seen: bool,
}

impl Run {
    /// Reads up to one of the separators.
    fn read(lexer: &mut Lexer<'_>, separators: &[u8]) -> Self {
        let mut run = Self::default();
        let mut spaced = false;
        while let Some(octet) = lexer.peek().filter(|octet| !separators.contains(octet)) {
            if octet.is_ascii_whitespace() {
                lexer.bump();
                spaced = true;
                continue;
            }
            if octet == b'(' {
                let comment = lexer.comment();
                run.comment.get_or_insert(comment);
                spaced = true;
                continue;
            }
            match octet {
                b'"' => run.word(&lexer.quoted(), spaced),
                b'[' => run.word(&domain_literal(lexer), spaced),
                b'@' if run.domain.is_none() => {
                    lexer.bump();
                    run.show(b"@", spaced);
                    run.domain = Some(Vec::new());
                }
                b'@' => {
                    lexer.bump();
                    run.word(b"@", spaced);
                }
                _ => {
                    let word = lexer.run(|b| {
                        !b.is_ascii_whitespace() && !matches!(b, b'(' | b'"' | b'[' | b'@') && !separators.contains(&b)
                    });
                    run.word(word, spaced);
                }
            }
            spaced = false;
        }
        run
    }

    fn show(&mut self, text: &[u8], spaced: bool) {
        if spaced && self.seen {
            self.display.push(b' ');
        }
        self.display.extend_from_slice(text);
        self.seen = true;
    }

    fn word(&mut self, text: &[u8], spaced: bool) {
        self.show(text, spaced);
        let part = self.domain.as_mut().unwrap_or(&mut self.local);
        // White space around a dot is no part of the address (RFC 5322 4.4).
        if spaced && !part.is_empty() && !part.ends_with(b".") && !text.starts_with(b".") {
            part.push(b' ');
        }
        part.extend_from_slice(text);
    }

    /// The run as an address without angle brackets; a comment may hold its name.
    fn address(self) -> Option<Address> {
        self.seen.then(|| Address {
            name: self.comment,
            route: None,
            mailbox: Some(self.local),
            host: Some(self.domain.unwrap_or_default()),
        })
    }
}

/// Reads an address behind its opening angle bracket, up to the next separator.
fn angle(lexer: &mut Lexer<'_>, phrase: Run) -> Address {
    lexer.skip_cfws();
    let route = (lexer.peek() == Some(b'@')).then(|| {
        // RFC 5322 4.4: obs-route.
        let route = lexer.run(|b| !matches!(b, b':' | b'>'));
        lexer.eat(b':');
        route.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect()
    });
    let run = Run::read(lexer, b">,;<");
    lexer.eat(b'>');
    let tail = Run::read(lexer, b",;");
    let name = if phrase.seen { Some(phrase.display) } else { phrase.comment.or(tail.comment) };
    Address { name, route, mailbox: Some(run.local), host: Some(run.domain.unwrap_or_default()) }
}

fn domain_literal(lexer: &mut Lexer<'_>) -> Vec<u8> {
    let mut text = lexer.run(|b| b != b']').to_vec();
    if lexer.eat(b']') {
        text.push(b']');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `name|route|mailbox|host`, with `-` for what is missing.
    fn shown(value: &str) -> Vec<String> {
        let text = |part: &Option<Vec<u8>>| {
            part.as_ref().map_or_else(|| "-".to_owned(), |part| String::from_utf8_lossy(part).into_owned())
        };
        list(value.as_bytes())
            .iter()
            .map(|a| format!("{}|{}|{}|{}", text(&a.name), text(&a.route), text(&a.mailbox), text(&a.host)))
            .collect()
    }

    #[test]
    fn addresses_are_read() {
        for (value, expected) in [
            ("", &[][..]),
            ("user@domain", &["-|-|user|domain"]),
            ("user@domain (Real Name)", &["Real Name|-|user|domain"]),
            ("Real Name <user@domain>", &["Real Name|-|user|domain"]),
            ("\"Duke \\\"D\\\" Bowie\" <d@x.org>, <b@x.org>", &["Duke \"D\" Bowie|-|d|x.org", "-|-|b|x.org"]),
            ("=?utf-8?q?J=C3=BCrg?= =?utf-8?q?_M?= <j@x>", &["=?utf-8?q?J=C3=BCrg?= =?utf-8?q?_M?=|-|j|x"]),
            ("<@route:user@domain>", &["-|@route|user|domain"]),
            ("a <@r1, @r2 : u@d>, b@c", &["a|@r1,@r2|u|d", "-|-|b|c"]),
            ("\"a b\" . c @ [ 192.0.2.1 ]", &["-|-|a b.c|[ 192.0.2.1 ]"]),
            ("J. Doe (x) <j@d> (y)", &["J. Doe|-|j|d"]),
            ("<j@d> (y)", &["y|-|j|d"]),
            ("<\"a>b,\\\"c\"@d>, e@f", &["-|-|a>b,\"c|d", "-|-|e|f"]),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn groups_have_a_begin_and_an_end() {
        assert_eq!(
            shown("group: g1@d1.org, G <g2@d2.org>;, group2: g3@d3.org;, last@d"),
            [
                "-|-|group|-",
                "-|-|g1|d1.org",
                "G|-|g2|d2.org",
                "-|-|-|-",
                "-|-|group2|-",
                "-|-|g3|d3.org",
                "-|-|-|-",
                "-|-|last|d"
            ]
        );
        assert_eq!(shown("A Group:;, group2: (foo) ;"), ["-|-|A Group|-", "-|-|-|-", "-|-|group2|-", "-|-|-|-"]);
        assert_eq!(shown("open: a@b"), ["-|-|open|-", "-|-|a|b", "-|-|-|-"]);
    }

    #[test]
    fn broken_lists_give_something() {
        for (value, expected) in [
            ("postmaster", &["-|-|postmaster|"][..]),
            (" , ;, (x) ,", &[]),
            ("<>", &["-|-||"]),
            ("a@b@c", &["-|-|a|b@c"]),
            ("Joe <joe@x, Mary <mary@y>", &["Joe|-|joe|x", "Mary|-|mary|y"]),
            ("\"open <a@b>", &["-|-|open <a@b>|"]),
            ("<a@b> junk, c@d", &["-|-|a|b", "-|-|c|d"]),
            ("<@route", &["-|@route||"]),
            ("a@[1", &["-|-|a|[1"]),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read(value in "[a<>@:;,.\"\\\\()\\[\\] é\\x00]{0,60}") {
            let found = list(value.as_bytes());
            let begins = found.iter().filter(|a| a.host.is_none() && a.mailbox.is_some()).count();
            let ends = found.iter().filter(|a| a.host.is_none() && a.mailbox.is_none()).count();
            prop_assert_eq!(begins, ends);
        }
    }
}
