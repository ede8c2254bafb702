//! Names from outside that end up in file systems and header fields: of files, and media types.

use crate::proto::http::form::encode;

/// Longest file name, in characters: common file systems take 255 octets.
const LONGEST: usize = 80;

/// A name under which a part can be stored anywhere: no path, nothing hidden, no control or directional
/// characters, none that some file system refuses.
#[must_use]
pub(super) fn file_name(wanted: &str, place: &str, media: &str) -> String {
    let last = wanted.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '(' | ')' | '+' | ',' | '=' | '@' | '#');
    let name: String = last.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let name: String = match name.char_indices().nth(LONGEST) {
        // The end says what kind of file it is.
        Some((at, _)) => match name.rfind('.').filter(|dot| name.len() - dot <= 10 && *dot > at) {
            Some(dot) => format!("{}{}", &name[..at], &name[dot..]),
            None => name[..at].to_owned(),
        },
        None => name.to_owned(),
    };
    if name.chars().any(char::is_alphanumeric) {
        return name;
    }
    let ending = match media {
        "message/rfc822" => ".eml",
        "text/plain" => ".txt",
        "image/png" => ".png",
        "image/jpeg" => ".jpg",
        "application/pdf" => ".pdf",
        _ => ".bin",
    };
    format!("part-{place}{ending}")
}

/// A Content-Disposition field for a download (RFC 6266): the name in ASCII, and as it is.
#[must_use]
pub(super) fn download(name: &str) -> String {
    let ascii: String =
        name.chars().map(|c| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", encode(name))
}

/// The media type under which a part is handed out: its own if a browser only shows it, else one of
/// which it knows nothing.
#[must_use]
pub(super) fn harmless(media: &str) -> &'static str {
    const KNOWN: [&str; 6] =
        ["application/pdf", "image/gif", "image/jpeg", "image/png", "text/plain", "application/zip"];
    KNOWN.into_iter().find(|known| *known == media).unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (wanted, name) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\x.exe", "x.exe"),
            ("..", "part-2.bin"),
            ("", "part-2.bin"),
            (".htaccess", "htaccess"),
            ("a\"; filename=b\r\nSet-Cookie: x", "a__ filename=b__Set-Cookie_ x"),
            ("gpj.\u{202e}exe", "gpj._exe"),
            ("Grüße.txt", "Grüße.txt"),
        ] {
            assert_eq!(file_name(wanted, "2", "x/y"), name, "{wanted}");
        }
        assert_eq!(file_name("", "1.2", "message/rfc822"), "part-1.2.eml");
        assert!(file_name(&format!("{}.pdf", "x".repeat(300)), "1", "").ends_with("x.pdf"));
        assert_eq!(download("Grüße.txt"), "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt");
        assert_eq!(harmless("text/html"), "application/octet-stream");
        assert_eq!(harmless("image/png"), "image/png");
    }

    proptest! {
        #[test]
        fn any_name_is_safe(wanted in any::<String>(), place in "[0-9.]{1,9}") {
            let name = file_name(&wanted, &place, "a/b");
            prop_assert!(!name.is_empty() && name.chars().count() <= LONGEST + 10);
            prop_assert!(!name.starts_with('.') && !name.contains(['/', '\\', '\0', '\r', '\n', '"', ':']));
            let field = download(&name);
            prop_assert!(field.bytes().all(|octet| matches!(octet, b' '..=b'~')));
            prop_assert_eq!(field.matches('"').count(), 2);
        }
    }
}
