//! HTML mail as plain text: what it says, and nothing that it could do.
//!
//! No markup of a message is ever passed on, so there is nothing to be made safe: elements become
//! line breaks or nothing, scripts and styles go with their content, targets of links to the Web or to an address
//! are named behind the text, since a link's text may say something else. Linear in the octets; anything that is no HTML comes
//! out as some text. Left out: tables' columns, images, everything that CSS hides or shows.

/// The text of HTML.
#[derive(Default)]
struct Writer {
    out: String,
    /// White space was seen that is not written yet.
    space: bool,
    /// Within PRE white space counts.
    verbatim: u32,
    /// The target of the link that is open.
    link: Option<String>,
}

/// The plain text of an HTML document.
#[must_use]
pub fn plain(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        writer.text(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            let end = tag_end(rest);
            let tag = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            let name = tag_name(tag);
            writer.tag(&name, tag);
            if matches!(name.as_str(), "script" | "style" | "title" | "template" | "noscript" | "textarea" | "svg") {
                rest = behind_element(rest, &name);
            }
        } else {
            writer.text("<");
        }
    }
    writer.text(rest);
    writer.out.trim().to_owned()
}

/// Where a tag ends: at a ">" that is in no quotes, or at the end of everything.
fn tag_end(tag: &str) -> usize {
    // Without a bound, many quotes that are never closed would cost the square of their number.
    const LONGEST: usize = 4 << 10;
    let mut quote = None;
    for (at, char) in tag.char_indices().take(LONGEST) {
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => {}
            None if char == '>' => return at,
            None if matches!(char, '"' | '\'') => quote = Some(char),
            None => {}
        }
    }
    // A quote that is never closed hides the rest of the document; then the next ">" counts.
    tag.find('>').unwrap_or(tag.len())
}

fn tag_name(tag: &str) -> String {
    tag.chars().take_while(|c| !c.is_whitespace() && *c != '>').take(20).collect::<String>().to_ascii_lowercase()
}

/// What follows the end tag of an element; nothing if there is none.
fn behind_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = rest[from..].find("</") {
        let at = from + at + 2;
        if rest.as_bytes()[at..].get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes())) {
            return rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
        }
        from = at;
    }
    ""
}

impl Writer {
    fn text(&mut self, text: &str) {
        for char in decoded(text).chars() {
            if self.verbatim > 0 {
                self.out.push(char);
            } else if char.is_whitespace() {
                self.space = true;
            } else {
                if std::mem::take(&mut self.space) && !self.out.is_empty() && !self.out.ends_with('\n') {
                    self.out.push(' ');
                }
                self.out.push(char);
            }
        }
    }

    fn tag(&mut self, name: &str, tag: &str) {
        match name {
            "br" | "/br" | "br/" => self.line(),
            "p" | "/p" | "h1" | "/h1" | "h2" | "/h2" | "h3" | "/h3" | "ul" | "/ul" | "ol" | "/ol" | "table"
            | "/table" | "blockquote" | "/blockquote" | "hr" => self.paragraph(),
            "div" | "/div" | "tr" | "/tr" | "section" | "article" | "header" | "footer" | "dt" | "dd" => {
                self.begin_line()
            }
            "li" => {
                self.begin_line();
                self.out.push_str("- ");
            }
            "td" | "th" => self.space = true,
            "pre" => {
                self.paragraph();
                self.verbatim += 1;
            }
            "/pre" => {
                self.verbatim = self.verbatim.saturating_sub(1);
                self.paragraph();
            }
            "a" => self.link = target(tag),
            "/a" => {
                if let Some(target) = self.link.take().filter(|target| !self.out.ends_with(target.as_str())) {
                    self.out.push_str(" <");
                    self.out.push_str(&target);
                    self.out.push('>');
                }
            }
            _ => {}
        }
    }

    fn line(&mut self) {
        self.space = false;
        self.out.push('\n');
    }

    fn begin_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.line();
        }
        self.space = false;
    }

    fn paragraph(&mut self) {
        self.begin_line();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.line();
        }
    }
}

/// The target of a link, if it is one that may be told: other schemes are for programs alone.
fn target(tag: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let value = tag[lower.find("href")? + 4..].trim_start().strip_prefix('=')?.trim_start();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    let target = decoded(value).trim().to_owned();
    let start: String = target.chars().take(8).collect::<String>().to_ascii_lowercase();
    ["http://", "https://", "mailto:"].iter().any(|scheme| start.starts_with(scheme)).then_some(target)
}

/// Text with its character references (those that mail uses) replaced.
fn decoded(text: &str) -> String {
    const LONGEST: usize = 10;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(LONGEST).position(|octet| octet == b';');
        match end.and_then(|end| reference(&rest[..end]).map(|char| (char, end))) {
            Some((char, end)) => {
                out.push(char);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
        return hex.unwrap_or_else(|| number.parse()).ok().and_then(char::from_u32);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "rsquo" => '’',
        "lsquo" => '‘',
        "rdquo" => '”',
        "ldquo" => '“',
        "euro" => '€',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "copy" => '©',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_says_what_it_says() {
        let html = "<html><head><title>no</title><style>p{}</style></head><body><h1>Crêpes &amp; more</h1>\
            <p>Two\n  lines<br>here.</p><ul><li>one<li>two</ul><script>alert('x')</script>\
            <a href=\"http://evil.example/\">http://good.example/</a> <a href='javascript:alert(1)'>go</a>\
            <img src=x onerror=alert(1)>&#60;b&#x3e;<!-- hidden --></body></html>";
        let text = "Crêpes & more\n\nTwo lines\nhere.\n\n- one\n- two\n\n\
            http://good.example/ <http://evil.example/> go<b>";
        assert_eq!(plain(html), text);
        assert_eq!(plain("<pre>a\n  b</pre>c"), "a\n  b\n\nc");
        assert_eq!(plain("1 < 2 & 3 &bogus; <b"), "1 < 2 & 3 &bogus;");
        assert_eq!(plain("<script>never closed <b>x"), "");
        assert_eq!(plain("<p title=\"never closed>shown"), "shown");
    }

    #[test]
    fn any_beginning_of_a_document_is_read() {
        let html = "<p title=\"é>\">&eacute;<!-- é --><script>é</script><a href=http://é>";
        (0..=html.len()).filter(|end| html.is_char_boundary(*end)).for_each(|end| drop(plain(&html[..end])));
    }

    proptest! {
        #[test]
        fn nothing_panics(html in any::<String>(), tags in "[<>&a-z/\"'=!;#\\- é]{0,60}") {
            let _ = plain(&html);
            let _ = plain(&tags);
        }
    }
}
