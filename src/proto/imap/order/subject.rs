//! Base subjects (RFC 5256 2.1): what is left of a subject without `Re:`, `Fwd:` and the like.

use crate::proto::message::read::decode::field_text;

/// A subject as SORT and THREAD compare it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The base subject, without regard to case.
    pub base: String,
    /// Whether something was taken away that marks a reply or a forwarded message.
    pub is_reply: bool,
}

impl Subject {
    /// Of an unfolded Subject field.
    #[must_use]
    pub fn read(value: &[u8]) -> Self {
        let text = field_text(value).to_uppercase();
        // Step 1: white space of any kind and length is one space.
        let words: Vec<&str> = text.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
        let text = words.join(" ");
        let mut rest = text.as_str();
        let mut is_reply = false;
        loop {
            rest = without_trailers(rest, &mut is_reply);
            rest = without_leaders(rest, &mut is_reply);
            // Step 6: "[fwd:" around all of it.
            let Some(inner) = rest.strip_prefix("[FWD:").and_then(|inner| inner.strip_suffix(']')) else { break };
            (rest, is_reply) = (inner, true);
        }
        Self { base: rest.to_owned(), is_reply }
    }
}

/// Step 2: `(fwd)` and white space at the end.
fn without_trailers<'a>(text: &'a str, is_reply: &mut bool) -> &'a str {
    let mut rest = text.trim_end_matches(' ');
    while let Some(before) = rest.strip_suffix("(FWD)") {
        *is_reply = true;
        rest = before.trim_end_matches(' ');
    }
    rest
}

/// Steps 3 to 5: `Re:`, `Fw:`, `[list] Re[2]:` and the like at the start, then a `[list]` that
/// has something behind it.
fn without_leaders<'a>(text: &'a str, is_reply: &mut bool) -> &'a str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(' ');
        let mut inner = rest;
        while let Some(behind) = without_blob(inner) {
            inner = behind;
        }
        if let Some(behind) = without_mark(inner) {
            (rest, *is_reply) = (behind, true);
        } else if let Some(behind) = without_blob(rest).filter(|behind| !behind.is_empty()) {
            rest = behind;
        } else {
            return rest;
        }
    }
}

/// What is behind `[anything]` and white space.
fn without_blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    inner[end..].strip_prefix(']').map(|rest| rest.trim_start_matches(' '))
}

/// What is behind `re:`, `fw:` or `fwd:`, which may have a `[blob]` before the colon.
fn without_mark(text: &str) -> Option<&str> {
    let word = ["RE", "FWD", "FW"].into_iter().find_map(|word| text.strip_prefix(word))?;
    let word = word.trim_start_matches(' ');
    without_blob(word).unwrap_or(word).strip_prefix(':')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base_subjects() {
        for (text, base, is_reply) in [
            ("hello", "HELLO", false),
            ("  Re: hello\t\r\n  world ", "HELLO WORLD", true),
            ("RE[4]: Fw : FWD:hello", "HELLO", true),
            ("[list] hello", "HELLO", false),
            ("[list] Re: [other] hello (fwd) (FWD)", "HELLO", true),
            ("[only]", "[ONLY]", false),
            ("Re: [only]", "[ONLY]", true),
            ("[fwd: hello]", "HELLO", true),
            ("[Fwd: Re: [x] hello (fwd)]", "HELLO", true),
            ("[a[b] hello", "[A[B] HELLO", false),
            ("Regards: you", "REGARDS: YOU", false),
            ("Re:", "", true),
            ("", "", false),
            ("=?utf-8?q?re=3A_caf=C3=A9?=", "CAFÉ", true),
        ] {
            assert_eq!(Subject::read(text.as_bytes()), Subject { base: base.to_owned(), is_reply }, "{text}");
        }
    }

    proptest! {
        /// Would break if a base subject had a base subject of its own.
        #[test]
        fn a_base_is_its_own_base(text in "(re|fwd?|\\[|\\]|:| |\\(fwd\\)|x|é){0,12}") {
            let once = Subject::read(text.as_bytes());
            let twice = Subject::read(once.base.as_bytes());
            prop_assert_eq!(&twice.base, &once.base);
        }
    }
}
