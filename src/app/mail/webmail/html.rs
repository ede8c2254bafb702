//! Markup that cannot be injected into: only literals of this program are markup, whatever else a page
//! says is escaped on its way in.
//!
//! Beyond what HTML needs, characters that nobody sees but that change what is shown (controls,
//! directional overrides) are replaced: a name cannot be made to look like another.

/// A page, or a part of one, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup: a literal, so that nothing from outside ever is one.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape(&mut self.0, text);
        self
    }

    /// Adds an attribute, with a space in front.
    pub(super) fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        escape(&mut self.0, value);
        self.0.push('"');
        self
    }

    /// Adds a hidden field of a form.
    pub(super) fn hidden(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.markup("<input type=\"hidden\"").attribute("name", name).attribute("value", value).markup(">")
    }

    /// Adds a part.
    pub(super) fn part(&mut self, part: &Self) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

fn escape(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A browser would make a line feed of it.
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(char),
            hidden if is_hidden(hidden) => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
}

/// Controls, and what turns the direction of writing (Unicode Standard Annex 9, 2).
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
        || matches!(char, '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut html = Html::default();
        html.text(text);
        String::from_utf8(html.into_bytes()).unwrap()
    }

    #[test]
    fn what_is_said_is_no_markup() {
        assert_eq!(escaped("<b title='x'>&amp;\"\r\n\t"), "&lt;b title=&#39;x&#39;&gt;&amp;amp;&quot;&#13;\n\t");
        assert_eq!(escaped("gpj.\u{202e}exe\u{7}\0"), "gpj.\u{fffd}exe\u{fffd}\u{fffd}");
        let mut html = Html::default();
        html.markup("<a").attribute("href", "\"><script>").markup(">");
        assert_eq!(String::from_utf8(html.into_bytes()).unwrap(), "<a href=\"&quot;&gt;&lt;script&gt;\">");
    }

    proptest! {
        #[test]
        fn no_text_gets_out_of_its_place(text in any::<String>()) {
            let escaped = escaped(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!escaped.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            let entities = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#13;"];
            for (at, _) in escaped.match_indices('&') {
                prop_assert!(entities.iter().any(|entity| escaped[at..].starts_with(entity)));
            }
        }
    }
}
