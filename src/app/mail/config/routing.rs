//! What becomes of mail for a server's domains, and the way that other mail takes.

/// What becomes of mail for a server's domains, and the way that other mail takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingConfig {
    /// Who gets what is addressed to nobody, for the domains that want that.
    pub catch_alls: Vec<CatchAll>,
}

/// The mailbox for what is addressed to nobody in a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchAll {
    /// The domain.
    pub domain: String,
    /// The address whose mailbox it is.
    pub mailbox: String,
    /// Local parts that stay unknown, in lower case; `*` stands for any characters.
    pub except: Vec<String>,
}

impl CatchAll {
    /// Whether it takes mail for a mailbox that does not exist, given by [`Mailbox::key`].
    ///
    /// [`Mailbox::key`]: crate::proto::smtp::Mailbox::key
    #[must_use]
    pub fn takes(&self, key: &str) -> bool {
        let Some((local, domain)) = key.rsplit_once('@') else { return false };
        domain.eq_ignore_ascii_case(&self.domain) && !self.except.iter().any(|pattern| matches(pattern, local))
    }
}

/// Whether a text fits a pattern in which `*` stands for any characters. Each star takes as
/// little as it can, which is right for all but the last: what follows that must end the text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("", "", true),
            ("*", "", true),
            ("*", "any", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "bab", false),
            ("*a", "aba", true),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("a**a", "aa", true),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_catch_all_is_for_its_domain_and_has_exceptions() {
        let [domain, mailbox] = ["h.edu", "bob@h.edu"].map(str::to_owned);
        let catch_all = CatchAll { domain, mailbox, except: vec!["no*".to_owned()] };
        assert!(catch_all.takes("any@h.edu") && catch_all.takes("a@b@h.edu") && catch_all.takes("@h.edu"));
        assert!(!catch_all.takes("nobody@h.edu") && !catch_all.takes("any@x.h.edu") && !catch_all.takes("any"));
    }
}
