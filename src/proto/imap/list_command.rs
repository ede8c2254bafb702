//! The grammar of LIST with options (RFC 5258 section 6) and of CREATE with a use (RFC 6154
//! section 6), which the library does not know.
//!
//! ```text
//!  LIST [(SUBSCRIBED REMOTE RECURSIVEMATCH SPECIAL-USE)] reference pattern|(patterns)
//!       [RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (items))]
//!  CREATE name (USE (\Sent))
//! ```

use super::command::StatusItem;
use super::listing::ListOptions;
use super::special_use::SpecialUse;
use super::words::Words;

/// A LIST with options or several patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListCommand {
    pub(super) reference: Vec<u8>,
    pub(super) patterns: Vec<Vec<u8>>,
    pub(super) options: ListOptions,
    /// What else is told of each mailbox (RFC 5819).
    pub(super) status: Vec<StatusItem>,
}

/// Reads a command, its tag and its literals included; `None` if it is no LIST, or not well
/// formed.
pub(super) fn read(command: &[u8]) -> Option<ListCommand> {
    let mut words = Words::of(command, b"LIST")?;
    let mut options = ListOptions::default();
    if words.eat(b"(") {
        for word in words.list()? {
            match word.to_ascii_uppercase().as_slice() {
                b"SUBSCRIBED" => options.subscribed = true,
                b"RECURSIVEMATCH" => options.recursive = true,
                b"SPECIAL-USE" => options.special_use = true,
                // There are none.
                b"REMOTE" => {}
                _ => return None,
            }
        }
        // RFC 5258 3.1: RECURSIVEMATCH is of use with an option that selects; REMOTE does not.
        if options.recursive && !options.subscribed && !options.special_use {
            return None;
        }
        words.eat(b" ").then_some(())?;
    }
    let reference = words.word()?;
    words.eat(b" ").then_some(())?;
    let patterns = if words.eat(b"(") { words.list().filter(|list| !list.is_empty())? } else { vec![words.word()?] };
    let mut status = Vec::new();
    if words.eat(b" ") {
        words.word().filter(|word| word.eq_ignore_ascii_case(b"RETURN"))?;
        words.eat(b" (").then_some(())?;
        while !words.eat(b")") {
            words.eat(b" ");
            match words.word()?.to_ascii_uppercase().as_slice() {
                b"SUBSCRIBED" => options.tell_subscribed = true,
                b"CHILDREN" => options.tell_children = true,
                // Uses are told in any case.
                b"SPECIAL-USE" => {}
                b"STATUS" => {
                    words.eat(b" (").then_some(())?;
                    status = words.list()?.iter().map(|name| StatusItem::named(name)).collect::<Option<_>>()?;
                }
                _ => return None,
            }
        }
    }
    words.is_done().then_some(ListCommand { reference, patterns, options, status })
}

/// Reads a CREATE with a use: the mailbox, and its use if it is one that there is here.
pub(super) fn create(command: &[u8]) -> Option<(Vec<u8>, Result<SpecialUse, NoSuchUse>)> {
    let mut words = Words::of(command, b"CREATE")?;
    let mailbox = words.word()?;
    words.eat(b" (").then_some(())?;
    words.word().filter(|word| word.eq_ignore_ascii_case(b"USE"))?;
    words.eat(b" (").then_some(())?;
    let mut uses = Vec::new();
    while !words.eat(b")") {
        (uses.is_empty() || words.eat(b" ")).then_some(())?;
        words.eat(b"\\").then_some(())?;
        uses.push([b"\\".to_vec(), words.word()?].concat());
    }
    (words.eat(b")") && words.is_done()).then_some(())?;
    let special_use = match uses.as_slice() {
        [one] => SpecialUse::named(one).ok_or(NoSuchUse),
        [..] => Err(NoSuchUse),
    };
    Some((mailbox, special_use))
}

/// No mailbox can have that use, or these uses at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchUse;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let patterns = |text: &str| {
            let found = read(format!("a {text}\r\n").as_bytes())?;
            Some(found.patterns.into_iter().map(|word| String::from_utf8(word).unwrap()).collect::<Vec<_>>().join(" "))
        };
        for (text, wanted) in [
            ("LIST () \"\" %", Some("%")),
            ("list (subscribed Recursivematch) x (a \"b \\\" c\" {2+}\r\n*)) RETURN ()", Some("a b \" c *)")),
            ("LIST \"\" a RETURN (CHILDREN SUBSCRIBED)", Some("a")),
            ("LIST (REMOTE) \"\" \"\"", Some("")),
            ("LIST (RECURSIVEMATCH) \"\" a", None),
            ("LIST (RECURSIVEMATCH REMOTE) \"\" a", None),
            ("LIST (FOO) \"\" a", None),
            ("LIST \"\" ()", None),
            ("LIST \"\" a RETURN (FOO)", None),
            ("LIST \"\" a RETURN (STATUS)", None),
            ("LIST \"\" a RETURN (STATUS (FOO))", None),
            ("LIST \"\" a RETURN (CHILDREN", None),
            ("LIST \"\" a RETURN", None),
            ("LIST \"\" a b", None),
            ("LIST \"\" \"a", None),
            ("LIST \"\" {9+}\r\na", None),
            ("LIST \"\" {99999999999999999999+}\r\na", None),
            ("LIST ", None),
            ("LSUB () \"\" %", None),
        ] {
            assert_eq!(patterns(text).as_deref(), wanted, "{text}");
        }
        let options = read(b"a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" % RETURN (CHILDREN)\r\n").unwrap().options;
        let wanted = ListOptions { subscribed: true, recursive: true, tell_children: true, ..ListOptions::default() };
        assert_eq!(options, wanted);
        let full = read(b"a LIST (SPECIAL-USE) \"\" % RETURN (STATUS (messages UNSEEN) CHILDREN)\r\n").unwrap();
        assert_eq!(full.status, [StatusItem::Messages, StatusItem::Unseen]);
        assert!(full.options.special_use && full.options.tell_children);
    }

    #[test]
    fn uses() {
        let read = |text: &str| create(format!("a {text}\r\n").as_bytes());
        assert_eq!(read("create x (use (\\sent))"), Some((b"x".to_vec(), Ok(SpecialUse::Sent))));
        assert_eq!(read("CREATE x (USE (\\All))"), Some((b"x".to_vec(), Err(NoSuchUse))));
        assert_eq!(read("CREATE x (USE (\\Sent \\Junk))"), Some((b"x".to_vec(), Err(NoSuchUse))));
        for text in
            ["CREATE x", "CREATE x (USE \\Sent)", "CREATE x (USE (\\Sent)", "CREATE x (USE (Sent))", "CREATE x ()"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
