//! Flags of messages (RFC 3501 2.3.2): the system flags as bits, keywords as shared names.
//!
//! `\Recent` is none of them: no client can set it, and it belongs to a session.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A system flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SystemFlag {
    /// The message was answered.
    Answered,
    /// It is marked for removal by EXPUNGE.
    Deleted,
    /// It has not been composed to its end.
    Draft,
    /// It is marked for attention.
    Flagged,
    /// It was read.
    Seen,
}

impl SystemFlag {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 5] = [Self::Answered, Self::Deleted, Self::Draft, Self::Flagged, Self::Seen];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "\\Answered",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
            Self::Flagged => "\\Flagged",
            Self::Seen => "\\Seen",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The flags of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    system: u8,
    /// None if there are none: most messages have no keywords. Others have the same as a copy
    /// of the message, or as what a session knows of it.
    keywords: Option<Arc<BTreeSet<Arc<str>>>>,
}

impl Flags {
    /// Whether it has this one.
    #[must_use]
    pub const fn has(&self, flag: SystemFlag) -> bool {
        self.system & flag.bit() != 0
    }

    /// Whether it has a keyword of that name; letters' case does not count.
    #[must_use]
    pub fn has_keyword(&self, name: &str) -> bool {
        self.keywords().any(|keyword| keyword.eq_ignore_ascii_case(name))
    }

    /// Adds a system flag.
    pub const fn insert(&mut self, flag: SystemFlag) {
        self.system |= flag.bit();
    }

    /// Adds a keyword, unless it is there in some spelling.
    pub fn insert_keyword(&mut self, name: Arc<str>) {
        if !self.has_keyword(&name) {
            Arc::make_mut(self.keywords.get_or_insert_default()).insert(name);
        }
    }

    /// The keywords.
    pub fn keywords(&self) -> impl Iterator<Item = &Arc<str>> {
        self.keywords.iter().flat_map(|keywords| keywords.iter())
    }

    /// Its system flags alone.
    #[must_use]
    pub const fn without_keywords(&self) -> Self {
        Self { system: self.system, keywords: None }
    }

    /// With all flags of the other one as well.
    pub fn add(&mut self, other: &Self) {
        self.system |= other.system;
        other.keywords().for_each(|keyword| self.insert_keyword(Arc::clone(keyword)));
    }

    /// Without the flags of the other one.
    pub fn remove(&mut self, other: &Self) {
        self.system &= !other.system;
        if let Some(keywords) = &mut self.keywords {
            Arc::make_mut(keywords).retain(|keyword| !other.has_keyword(keyword));
        }
        self.keywords.take_if(|keywords| keywords.is_empty());
    }

    /// As FETCH writes them, without the parentheses.
    #[must_use]
    pub fn written(&self, recent: bool) -> String {
        let mut out = self.to_string();
        if recent {
            out.push_str(if out.is_empty() { "\\Recent" } else { " \\Recent" });
        }
        out
    }
}

impl From<SystemFlag> for Flags {
    fn from(flag: SystemFlag) -> Self {
        let mut flags = Self::default();
        flags.insert(flag);
        flags
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        for flag in SystemFlag::ALL.into_iter().filter(|flag| self.has(*flag)) {
            write!(f, "{space}{}", flag.name())?;
            space = " ";
        }
        for keyword in self.keywords() {
            write!(f, "{space}{keyword}")?;
            space = " ";
        }
        Ok(())
    }
}

/// What STORE does with the flags that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreAction {
    /// The message has these and no others.
    Replace,
    /// It gets these.
    Add,
    /// It loses these.
    Remove,
}

impl StoreAction {
    /// What becomes of flags.
    pub fn apply(self, flags: &mut Flags, named: &Flags) {
        match self {
            Self::Replace => flags.clone_from(named),
            Self::Add => flags.add(named),
            Self::Remove => flags.remove(named),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(system: &[SystemFlag], keywords: &[&str]) -> Flags {
        let mut out = Flags::default();
        system.iter().for_each(|flag| out.insert(*flag));
        keywords.iter().for_each(|name| out.insert_keyword((*name).into()));
        out
    }

    /// Would break if a keyword in other letters were another keyword, or if taking a flag
    /// away took others along.
    #[test]
    fn store_changes_what_it_names() {
        use SystemFlag::{Answered, Deleted, Seen};
        let mut have = flags(&[Seen, Answered], &["$Junk"]);
        StoreAction::Add.apply(&mut have, &flags(&[Deleted], &["$JUNK", "work"]));
        assert_eq!(have.to_string(), "\\Answered \\Deleted \\Seen $Junk work");
        StoreAction::Remove.apply(&mut have, &flags(&[Seen], &["$junk"]));
        assert_eq!(have.written(true), "\\Answered \\Deleted work \\Recent");
        StoreAction::Replace.apply(&mut have, &Flags::default());
        assert_eq!((have.written(false), have.written(true)), (String::new(), "\\Recent".to_owned()));
    }
}
