//! What LIST and LSUB tell of the mailboxes, with the options of LIST-EXTENDED (RFC 5258) and
//! special uses (RFC 6154).
//!
//! Left out: remote mailboxes, of which there are none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::event::{Listed, Mailboxes};
use super::names::{Style, matches, read};

/// What LIST-EXTENDED is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListOptions {
    /// Only names that are subscribed.
    pub(super) subscribed: bool,
    /// Only mailboxes with a special use.
    pub(super) special_use: bool,
    /// And names above some that do not fit the patterns.
    pub(super) recursive: bool,
    /// It is told which names are subscribed.
    pub(super) tell_subscribed: bool,
    /// It is told which names have others under them.
    pub(super) tell_children: bool,
}

/// The mailboxes that can be selected, by name.
fn existing(mailboxes: &Mailboxes) -> BTreeMap<&str, &Listed> {
    mailboxes.existing.iter().map(|listed| (listed.name.as_str(), listed)).collect()
}

/// The attribute of a special use, if it has one.
fn special_use(listed: Option<&&Listed>) -> Option<&'static str> {
    listed.and_then(|listed| listed.special_use).map(super::SpecialUse::name)
}

/// The untagged responses to LIST or LSUB.
pub(super) fn listing(mailboxes: &Mailboxes, subscribed: bool, pattern: &str, style: Style) -> String {
    let mut out = String::new();
    let separator = style.separator;
    let pattern = read(pattern.as_bytes(), separator).unwrap_or_default();
    let existing = existing(mailboxes);
    let names: BTreeSet<&str> = if subscribed {
        mailboxes.subscribed.iter().map(String::as_str).collect()
    } else {
        existing.keys().copied().collect()
    };
    let superior: BTreeSet<&str> = names.iter().flat_map(|name| superiors(name, separator)).collect();
    let delimiter = style.delimiter();
    let mut line = |name: &str, attributes: &str| {
        let word = if subscribed { "LSUB" } else { "LIST" };
        let _ = write!(out, "* {word} ({attributes}) {delimiter} {}\r\n", style.quoted(name));
    };
    // RFC 9051 7.3.1: "\NonExistent" implies "\Noselect", which is all that RFC 3501 knows.
    let absent = if style.rev2 { "\\NonExistent" } else { "\\Noselect" };
    for name in names.union(&superior).filter(|name| matches(&pattern, name, separator)) {
        let children = if superior.contains(name) { "\\HasChildren" } else { "\\HasNoChildren" };
        match (names.contains(name), subscribed) {
            (true, false) => match special_use(existing.get(name)) {
                Some(special_use) => line(name, &format!("{children} {special_use}")),
                None => line(name, children),
            },
            (false, false) => line(name, &format!("{absent} {children}")),
            (true, true) => line(name, ""),
            // RFC 3501 6.3.9: for "%" a level of hierarchy that is not subscribed itself is
            // told with \Noselect.
            (false, true) if pattern.ends_with('%') => line(name, "\\Noselect"),
            (false, true) => {}
        }
    }
    out
}

/// The untagged responses to a LIST with options or several patterns; `more` is what else is told
/// of a mailbox.
pub(super) fn extended(
    mailboxes: &Mailboxes,
    patterns: &[String],
    options: ListOptions,
    style: Style,
    more: impl Fn(&Listed) -> String,
) -> String {
    let separator = style.separator;
    let patterns: Vec<String> =
        patterns.iter().map(|pattern| read(pattern.as_bytes(), separator).unwrap_or_default()).collect();
    let fits = |name: &str| patterns.iter().any(|pattern| matches(pattern, name, separator));
    let existing = existing(mailboxes);
    let names: BTreeSet<&str> = existing.keys().copied().collect();
    let used: BTreeSet<&str> = names.iter().copied().filter(|name| special_use(existing.get(name)).is_some()).collect();
    let subscribed: BTreeSet<&str> = mailboxes.subscribed.iter().map(String::as_str).collect();
    let parents: BTreeSet<&str> = names.iter().flat_map(|name| superiors(name, separator)).collect();
    // RFC 5258 3.4: what several options select is what each of them does.
    let selected: BTreeSet<&str> = match (options.subscribed, options.special_use) {
        (true, true) => subscribed.intersection(&used).copied().collect(),
        (true, false) => subscribed.clone(),
        (false, true) => used,
        (false, false) => names.union(&parents).copied().collect(),
    };
    // RFC 5258 3.5: a name is told with CHILDINFO for what is under it and not told itself.
    let hidden = subscribed.iter().filter(|name| options.recursive && options.subscribed && !fits(name));
    let above: BTreeSet<&str> = hidden.flat_map(|name| superiors(name, separator)).collect();
    let mut out = String::new();
    for name in selected.union(&above).copied().filter(|name| fits(name)) {
        let mut attributes = Vec::new();
        if (options.subscribed || options.tell_subscribed) && subscribed.contains(name) {
            attributes.push("\\Subscribed");
        }
        if !names.contains(name) {
            attributes.push("\\NonExistent");
        }
        if options.tell_children {
            attributes.push(if parents.contains(name) { "\\HasChildren" } else { "\\HasNoChildren" });
        }
        attributes.extend(special_use(existing.get(name)));
        let info = if above.contains(name) { " (\"CHILDINFO\" (\"SUBSCRIBED\"))" } else { "" };
        let (attributes, delimiter) = (attributes.join(" "), style.delimiter());
        let _ = write!(out, "* LIST ({attributes}) {delimiter} {}{info}\r\n", style.quoted(name));
        out.extend(existing.get(name).map(|listed| more(listed)));
    }
    out
}

/// The names above a name in the hierarchy.
fn superiors(name: &str, separator: char) -> impl Iterator<Item = &str> {
    name.match_indices(separator).map(|(at, _)| &name[..at]).filter(|above| !above.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::SpecialUse;
    use super::*;

    const STYLE: Style = Style { separator: '/', rev2: false };

    fn boxes(names: &[&str]) -> Vec<Listed> {
        names.iter().map(|name| Listed { name: (*name).to_owned(), ..Listed::default() }).collect()
    }

    /// Would break if a use were not told, or a mailbox without one listed for it.
    #[test]
    fn special_uses() {
        let mut all = Mailboxes { existing: boxes(&["INBOX", "Sent", "x"]), subscribed: vec!["x".to_owned()] };
        all.existing[1].special_use = Some(SpecialUse::Sent);
        all.existing[2].special_use = Some(SpecialUse::Junk);
        assert_eq!(listing(&all, false, "S*", STYLE), "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent\"\r\n");
        let list = |options| extended(&all, &["*".to_owned()], options, STYLE, |listed| format!("[{}]", listed.name));
        let options = ListOptions { special_use: true, ..ListOptions::default() };
        let (sent, junk) = ("* LIST (\\Sent) \"/\" \"Sent\"\r\n[Sent]", "* LIST (\\Junk) \"/\" \"x\"\r\n[x]");
        assert_eq!(list(options), format!("{sent}{junk}"));
        let both = list(ListOptions { subscribed: true, ..options });
        assert_eq!(both, junk.replace("(", "(\\Subscribed "));
    }

    /// Would break if a level of hierarchy without a mailbox were hidden, or shown as one.
    #[test]
    fn listings() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let all = Mailboxes { existing: boxes(&["INBOX", "a", "b/c/d"]), subscribed: names(&["b/c/d", "gone"]) };
        let list = |subscribed, pattern| listing(&all, subscribed, pattern, STYLE);
        assert_eq!(
            list(false, "%"),
            "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n* LIST (\\HasNoChildren) \"/\" \"a\"\r\n\
             * LIST (\\Noselect \\HasChildren) \"/\" \"b\"\r\n"
        );
        assert_eq!(list(false, "inbox"), "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n");
        assert_eq!(list(true, "*"), "* LSUB () \"/\" \"b/c/d\"\r\n* LSUB () \"/\" \"gone\"\r\n");
        assert_eq!(list(true, "%"), "* LSUB (\\Noselect) \"/\" \"b\"\r\n* LSUB () \"/\" \"gone\"\r\n");
        let rev2 = listing(&all, false, "b", Style { rev2: true, ..STYLE });
        assert_eq!(rev2, "* LIST (\\NonExistent \\HasChildren) \"/\" \"b\"\r\n");
        assert_eq!(list(true, "b/%"), "* LSUB (\\Noselect) \"/\" \"b/c\"\r\n");
    }

    /// Would break if a name were told that no option asks for, or its state wrongly.
    #[test]
    fn extended_listings() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all =
            Mailboxes { existing: boxes(&["INBOX", "a", "b/c", "b/d"]), subscribed: names(&["a", "b/c", "gone"]) };
        let none = ListOptions::default();
        let list = |patterns: &[&str], options| extended(&all, &names(patterns), options, STYLE, |_| String::new());
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
