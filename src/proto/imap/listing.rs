//! What LIST and LSUB tell of the mailboxes, with the options of LIST-EXTENDED (RFC 5258).
//!
//! Left out: remote mailboxes, of which there are none; LIST-STATUS, special uses.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::event::Mailboxes;
use super::names::{matches, quoted, read};

/// What LIST-EXTENDED is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListOptions {
    /// Only names that are subscribed.
    pub(super) subscribed: bool,
    /// And names above some that do not fit the patterns.
    pub(super) recursive: bool,
    /// It is told which names are subscribed.
    pub(super) tell_subscribed: bool,
    /// It is told which names have others under them.
    pub(super) tell_children: bool,
}

/// The untagged responses to LIST or LSUB.
pub(super) fn listing(mailboxes: &Mailboxes, subscribed: bool, pattern: &str, separator: char) -> String {
    let mut out = String::new();
    let pattern = read(pattern.as_bytes(), separator).unwrap_or_default();
    let existing: BTreeSet<&str> = mailboxes.existing.iter().map(String::as_str).collect();
    let names: BTreeSet<&str> =
        if subscribed { mailboxes.subscribed.iter().map(String::as_str).collect() } else { existing.clone() };
    let superior: BTreeSet<&str> = names.iter().flat_map(|name| superiors(name, separator)).collect();
    let delimiter = quoted(&separator.to_string());
    let mut line = |name: &str, attributes: &str| {
        let word = if subscribed { "LSUB" } else { "LIST" };
        let _ = write!(out, "* {word} ({attributes}) {delimiter} {}\r\n", quoted(name));
    };
    for name in names.union(&superior).filter(|name| matches(&pattern, name, separator)) {
        let children = if superior.contains(name) { "\\HasChildren" } else { "\\HasNoChildren" };
        match (names.contains(name), subscribed) {
            (true, false) => line(name, children),
            (false, false) => line(name, &format!("\\Noselect {children}")),
            (true, true) => line(name, ""),
            // RFC 3501 6.3.9: for "%" a level of hierarchy that is not subscribed itself is
            // told with \Noselect.
            (false, true) if pattern.ends_with('%') => line(name, "\\Noselect"),
            (false, true) => {}
        }
    }
    out
}

/// The untagged responses to a LIST with options or several patterns.
pub(super) fn extended(mailboxes: &Mailboxes, patterns: &[String], options: ListOptions, separator: char) -> String {
    let patterns: Vec<String> =
        patterns.iter().map(|pattern| read(pattern.as_bytes(), separator).unwrap_or_default()).collect();
    let fits = |name: &str| patterns.iter().any(|pattern| matches(pattern, name, separator));
    let existing: BTreeSet<&str> = mailboxes.existing.iter().map(String::as_str).collect();
    let subscribed: BTreeSet<&str> = mailboxes.subscribed.iter().map(String::as_str).collect();
    let parents: BTreeSet<&str> = existing.iter().flat_map(|name| superiors(name, separator)).collect();
    // RFC 5258 3.5: a name is told with CHILDINFO for what is under it and not told itself.
    let hidden = subscribed.iter().filter(|name| options.recursive && !fits(name));
    let above: BTreeSet<&str> = hidden.flat_map(|name| superiors(name, separator)).collect();
    let candidates: BTreeSet<&str> = if options.subscribed {
        subscribed.union(&above).copied().collect()
    } else {
        existing.union(&parents).copied().collect()
    };
    let mut out = String::new();
    for name in candidates.into_iter().filter(|name| fits(name)) {
        let mut attributes = Vec::new();
        if (options.subscribed || options.tell_subscribed) && subscribed.contains(name) {
            attributes.push("\\Subscribed");
        }
        if !existing.contains(name) {
            attributes.push("\\NonExistent");
        }
        if options.tell_children {
            attributes.push(if parents.contains(name) { "\\HasChildren" } else { "\\HasNoChildren" });
        }
        let info = if above.contains(name) { " (\"CHILDINFO\" (\"SUBSCRIBED\"))" } else { "" };
        let (attributes, delimiter) = (attributes.join(" "), quoted(&separator.to_string()));
        let _ = write!(out, "* LIST ({attributes}) {delimiter} {}{info}\r\n", quoted(name));
    }
    out
}

/// The names above a name in the hierarchy.
fn superiors(name: &str, separator: char) -> impl Iterator<Item = &str> {
    name.match_indices(separator).map(|(at, _)| &name[..at]).filter(|above| !above.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a level of hierarchy without a mailbox were hidden, or shown as one.
    #[test]
    fn listings() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let all = Mailboxes { existing: names(&["INBOX", "a", "b/c/d"]), subscribed: names(&["b/c/d", "gone"]) };
        let list = |subscribed, pattern| listing(&all, subscribed, pattern, '/');
        assert_eq!(
            list(false, "%"),
            "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n* LIST (\\HasNoChildren) \"/\" \"a\"\r\n\
             * LIST (\\Noselect \\HasChildren) \"/\" \"b\"\r\n"
        );
        assert_eq!(list(false, "inbox"), "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n");
        assert_eq!(list(true, "*"), "* LSUB () \"/\" \"b/c/d\"\r\n* LSUB () \"/\" \"gone\"\r\n");
        assert_eq!(list(true, "%"), "* LSUB (\\Noselect) \"/\" \"b\"\r\n* LSUB () \"/\" \"gone\"\r\n");
        assert_eq!(list(true, "b/%"), "* LSUB (\\Noselect) \"/\" \"b/c\"\r\n");
    }

    /// Would break if a name were told that no option asks for, or its state wrongly.
    #[test]
    fn extended_listings() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all =
            Mailboxes { existing: names(&["INBOX", "a", "b/c", "b/d"]), subscribed: names(&["a", "b/c", "gone"]) };
        let none = ListOptions::default();
        let list = |patterns: &[&str], options| extended(&all, &names(patterns), options, '/');
        assert_eq!(list(&["inbox", "x*"], none), "* LIST () \"/\" \"INBOX\"\r\n");
        let children = ListOptions { tell_children: true, tell_subscribed: true, ..none };
        assert_eq!(
            list(&["a", "b"], children),
            "* LIST (\\Subscribed \\HasNoChildren) \"/\" \"a\"\r\n* LIST (\\NonExistent \\HasChildren) \"/\" \"b\"\r\n"
        );
        let subscribed = ListOptions { subscribed: true, ..none };
        assert_eq!(
            list(&["*"], subscribed),
            "* LIST (\\Subscribed) \"/\" \"a\"\r\n* LIST (\\Subscribed) \"/\" \"b/c\"\r\n\
             * LIST (\\Subscribed \\NonExistent) \"/\" \"gone\"\r\n"
        );
        let recursive = ListOptions { recursive: true, ..subscribed };
        assert_eq!(list(&["b"], recursive), "* LIST (\\NonExistent) \"/\" \"b\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n");
        assert_eq!(list(&["b", "b/%"], recursive), "* LIST (\\Subscribed) \"/\" \"b/c\"\r\n");
        assert_eq!(list(&["b"], subscribed), "");
    }
}
