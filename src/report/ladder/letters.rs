//! How wide texts are, letter by letter: a ladder has many texts, of few letters. And how they are parted into lines:
//! at spaces, else behind the marks that names and addresses consist of, else anywhere.

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

    /// The text in so many lines at most, and whether that is all of it; else the last one is cut.
    pub(super) fn lines(&mut self, text: &str, size: f64, (room, most): (f64, usize)) -> (Vec<String>, bool) {
        if self.width(text, size) <= room {
            return (vec![text.to_owned()], true);
        }
        let mut lines = vec![String::new()];
        let mut left = text;
        for piece in self.pieces(text, size, room) {
            let line = lines.last_mut().map(|line| line.trim_start().to_owned() + piece).unwrap_or_default();
            if self.width(line.trim(), size) <= room {
                lines.pop();
                lines.push(line);
            } else if lines.len() < most {
                lines.push(piece.to_owned());
            } else {
                // what is left, from the beginning of the last line on
                let last = lines.pop().unwrap_or_default();
                lines.push(self.cut(&(last + left), size, room));
                return (lines.iter().map(|line| line.trim().to_owned()).collect(), false);
            }
            left = &left[piece.len()..];
        }
        lines.retain(|line| !line.trim().is_empty());
        (lines.iter().map(|line| line.trim().to_owned()).collect(), true)
    }

    /// The width of the widest part of a name that is not parted, if that can be helped.
    pub(super) fn widest_part(&mut self, name: &str, size: f64) -> f64 {
        name.split_inclusive(MARKS).map(|part| self.width(part, size)).fold(0.0, f64::max)
    }

    /// The pieces of a text behind which a line may end, none wider than the room if that is possible.
    fn pieces<'a>(&mut self, text: &'a str, size: f64, room: f64) -> Vec<&'a str> {
        let mut pieces = Vec::new();
        for word in text.split_inclusive(' ') {
            if self.width(word.trim_end(), size) <= room {
                pieces.push(word);
                continue;
            }
            for part in word.split_inclusive(MARKS) {
                if self.width(part.trim_end(), size) <= room {
                    pieces.push(part);
                } else {
                    let ends = part.char_indices().map(|(at, letter)| at + letter.len_utf8());
                    let mut start = 0;
                    for end in ends {
                        let here = self.width(&part[start..end], size);
                        let next = part[end..].chars().next().map_or(f64::MAX, |letter| self.letter(letter) * size);
                        if here + next > room {
                            pieces.push(&part[start..end]);
                            start = end;
                        }
                    }
                }
            }
        }
        pieces
    }
}

/// Behind these a word may be parted.
const MARKS: [char; 10] = ['.', '-', '@', '/', '_', ':', ',', ';', '=', '|'];

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

    /// Breaks when a line is wider than its room, letters get lost, or a name is parted within a word without need.
    #[test]
    fn texts_are_parted_where_they_can_be() {
        let mut letters = Letters::default();
        let text = "250 2.1.5 bob@hamburger.edu ... Recipient  ok";
        for room in [9.0, 30.0, 60.0, 100.0, 200.0, 400.0] {
            let (lines, whole) = letters.lines(text, 13.0, (room, 50));
            assert!(whole && lines.iter().all(|line| letters.width(line, 13.0) <= room.max(14.0)), "{room} {lines:?}");
            let bare = |text: &str| text.replace(' ', "");
            assert_eq!(bare(&lines.concat()), bare(text));
            let (few, whole) = letters.lines(text, 13.0, (room, 2));
            assert_eq!(whole, lines.len() <= 2, "{room} {few:?}");
            assert!(whole || few.len() <= 2 && few.last().is_some_and(|line| line.ends_with('\u{2026}')), "{few:?}");
            assert!(few.iter().all(|line| letters.width(line, 13.0) <= room.max(14.0)), "{room} {few:?}");
        }
        assert_eq!(
            letters.lines("mail.hamburger.edu", 13.0, (110.0, 3)),
            (vec!["mail.".into(), "hamburger.edu".into()], true)
        );
        assert_eq!(letters.lines("", 13.0, (0.0, 1)), (vec![String::new()], true));
    }
}
