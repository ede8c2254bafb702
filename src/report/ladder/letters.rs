//! How wide texts are, letter by letter: a ladder has many texts, of few letters.

use std::collections::BTreeMap;

use crate::report::charts::text_width;

/// Widths of letters for a font size of 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters {
    widths: BTreeMap<char, f64>,
}

impl Letters {
    fn letter(&mut self, letter: char) -> f64 {
        // measured several times over, since whole pixels are what is measured
        *self.widths.entry(letter).or_insert_with(|| text_width(&letter.to_string().repeat(20), 1.0, false) / 20.0)
    }

    /// The width of a text.
    pub(super) fn width(&mut self, text: &str, size: f64) -> f64 {
        text.chars().map(|letter| self.letter(letter)).sum::<f64>() * size
    }

    /// The text, cut with an ellipsis when it is wider than the room.
    pub(super) fn cut(&mut self, text: &str, size: f64, room: f64) -> String {
        if self.width(text, size) <= room {
            return text.to_owned();
        }
        let mut left = room / size - self.letter('\u{2026}');
        let mut kept = String::new();
        for letter in text.chars() {
            left -= self.letter(letter);
            if left < 0.0 {
                break;
            }
            kept.push(letter);
        }
        kept.truncate(kept.trim_end().len());
        kept.push('\u{2026}');
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when letters are measured otherwise than texts, or a cut text has no room.
    #[test]
    fn letters_make_texts() {
        let mut letters = Letters::default();
        let text = "RCPT TO:<bob@hamburger.edu> \u{4e00}";
        let (sum, whole) = (letters.width(text, 13.0), text_width(text, 13.0, false));
        assert!((sum - whole).abs() < 2.0, "{sum} {whole}");
        for room in [0.0, 5.0, 40.0, 100.0, sum] {
            let cut = letters.cut(text, 13.0, room);
            assert!(letters.width(&cut, 13.0) <= room.max(14.0), "{cut} in {room}");
        }
        assert_eq!(letters.cut(text, 13.0, sum + 1.0), text);
    }
}
