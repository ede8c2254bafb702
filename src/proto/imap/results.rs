//! What SEARCH and SORT are asked to return (RFC 4731, 5182, 5267, 9394), which the library does not
//! know.
//!
//! ```text
//!  SEARCH RETURN (MIN MAX ALL COUNT SAVE PARTIAL 1:100) keys
//! ```

use super::sets;
use super::words::Words;

/// What is told of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Returns {
    pub(super) min: bool,
    pub(super) max: bool,
    pub(super) all: bool,
    pub(super) count: bool,
    /// The result is kept for later commands.
    pub(super) save: bool,
    pub(super) partial: Option<Partial>,
}

/// A part of a result by places in it, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partial {
    low: u32,
    high: u32,
    /// Counted from the end.
    from_end: bool,
}

impl Partial {
    fn read(text: &[u8]) -> Option<Self> {
        let number = |text: &str| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let value: u32 = digits.parse().ok().filter(|value| *value > 0 && !digits.starts_with('+'))?;
            Some((value, digits.len() < text.len()))
        };
        let (first, last) = str::from_utf8(text).ok()?.split_once(':')?;
        let ((first, from_end), (last, also)) = (number(first)?, number(last)?);
        (from_end == also).then_some(Self { low: first.min(last), high: first.max(last), from_end })
    }

    /// Those of the numbers that are in this part.
    fn of(self, found: &[u32]) -> &[u32] {
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).min(found.len());
        let (skipped, end) = (place(self.low - 1), place(self.high));
        if self.from_end { &found[found.len() - end..found.len() - skipped] } else { &found[skipped..end] }
    }

    fn written(self) -> String {
        let sign = if self.from_end { "-" } else { "" };
        format!("{sign}{}:{sign}{}", self.low, self.high)
    }
}

impl Returns {
    /// All of the result and nothing else.
    pub(super) const ALL: Self = Self { min: false, max: false, all: true, count: false, save: false, partial: None };

    fn read(words: &mut Words<'_>) -> Option<Self> {
        let mut returns = Self::default();
        let mut empty = true;
        while !words.eat(b")") {
            (empty || words.eat(b" ")).then_some(())?;
            empty = false;
            match words.word()?.to_ascii_uppercase().as_slice() {
                b"MIN" => returns.min = true,
                b"MAX" => returns.max = true,
                b"ALL" => returns.all = true,
                b"COUNT" => returns.count = true,
                b"SAVE" => returns.save = true,
                b"PARTIAL" => {
                    words.eat(b" ").then_some(())?;
                    returns.partial = Some(Partial::read(&words.word()?)?);
                }
                _ => return None,
            }
        }
        // RFC 4731 3.1: an empty list is the same as ALL.
        returns.all |= empty;
        Some(returns)
    }

    /// Whether anything is told.
    pub(super) const fn tells(self) -> bool {
        self.min || self.max || self.all || self.count || self.partial.is_some()
    }

    /// Whether more is asked for than the ends of the result.
    const fn tells_more_than_ends(self) -> bool {
        self.all || self.count || self.partial.is_some()
    }

    /// Those of the messages found of which something is told, or that are kept: RFC 5182 2.1 and
    /// RFC 4731 3.2 speak of the ends alone if nothing else is asked for.
    pub(super) fn concerned<T: Copy>(self, found: &[T]) -> Vec<T> {
        if self.tells_more_than_ends() || !(self.min || self.max) {
            return found.to_vec();
        }
        let (first, last) = (found.first().filter(|_| self.min), found.last().filter(|_| self.max));
        let both =
            if found.len() == 1 { first.or(last).into_iter().chain(None) } else { first.into_iter().chain(last) };
        both.copied().collect()
    }

    /// The answer of RFC 4731, without its end. What there is none of is left out, but the count.
    pub(super) fn written(self, tag: &str, uid: bool, found: &[u32]) -> String {
        let mut out = format!("* ESEARCH (TAG \"{tag}\"){}", if uid { " UID" } else { "" });
        if let (Some(first), Some(last)) = (found.first(), found.last()) {
            let parts = [
                (self.min, format!(" MIN {first}")),
                (self.max, format!(" MAX {last}")),
                (self.all, format!(" ALL {}", sets::written(found))),
            ];
            parts.into_iter().filter(|(wanted, _)| *wanted).for_each(|(_, part)| out.push_str(&part));
        }
        if let Some(partial) = self.partial {
            let part = partial.of(found);
            let list = if part.is_empty() { "NIL".to_owned() } else { sets::written(part) };
            out.push_str(&format!(" PARTIAL ({} {list})", partial.written()));
        }
        if self.count {
            out.push_str(&format!(" COUNT {}", found.len()));
        }
        out
    }
}

/// Takes the options out of a command that has some. They are `None` if they are not well formed.
pub(super) fn split(command: &[u8]) -> Option<(Option<Returns>, Vec<u8>)> {
    const RETURN: &[u8] = b" RETURN (";
    let mut start = command.iter().position(|b| *b == b' ')? + 1;
    if command[start..].get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"UID ")) {
        start += 4;
    }
    let name = [&b"SEARCH"[..], b"SORT"]
        .into_iter()
        .find(|name| command[start..].get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)))?;
    let end = start + name.len();
    command[end..].get(..RETURN.len()).filter(|word| word.eq_ignore_ascii_case(RETURN))?;
    let mut words = Words { rest: &command[end + RETURN.len()..] };
    let returns = Returns::read(&mut words);
    Some((returns, [&command[..end], words.rest].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Option<Returns>, String)> {
        let (returns, rest) = split(text.as_bytes())?;
        Some((returns, String::from_utf8(rest).unwrap()))
    }

    /// Would break if an option were lost, or one were taken that nobody knows.
    #[test]
    fn options() {
        let (returns, rest) = read("a UID SEARCH RETURN (MIN partial -1:-5 SAVE) ALL\r\n").unwrap();
        assert_eq!(rest, "a UID SEARCH ALL\r\n");
        let partial = Some(Partial { low: 1, high: 5, from_end: true });
        assert_eq!(returns, Some(Returns { min: true, save: true, partial, ..Returns::default() }));
        assert_eq!(read("a sort return () (DATE) UTF-8 ALL\r\n").unwrap().0, Some(Returns::ALL));
        for bad in
            ["FOO", "MIN FOO", "PARTIAL", "PARTIAL 1", "PARTIAL 1:*", "PARTIAL 0:1", "PARTIAL -1:1", "MIN", "MINMAX"]
        {
            let end = if bad == "MIN" { "" } else { ")" };
            assert_eq!(read(&format!("a SEARCH RETURN ({bad}{end} ALL\r\n")).unwrap().0, None, "{bad}");
        }
        for other in ["a SEARCH ALL\r\n", "a NOOP\r\n", "a", "a SEARCH RETURN", "a THREAD RETURN () x\r\n"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    /// Would break if a part were cut at the wrong end, or something told that is not there.
    #[test]
    fn answers() {
        let returns = |text: &str| read(&format!("a SEARCH RETURN ({text}) ALL\r\n")).unwrap().0.unwrap();
        let told = |text: &str, found: &[u32]| {
            returns(text).written("t", false, found).strip_prefix("* ESEARCH (TAG \"t\")").unwrap().to_owned()
        };
        let found = [1, 2, 4, 5];
        for (options, answer) in [
            ("MIN MAX COUNT", " MIN 1 MAX 5 COUNT 4"),
            ("", " ALL 1:2,4:5"),
            ("PARTIAL 2:10", " PARTIAL (2:10 2,4:5)"),
            ("PARTIAL 4:2", " PARTIAL (2:4 2,4:5)"),
            ("PARTIAL 5:9", " PARTIAL (5:9 NIL)"),
            ("PARTIAL -1:-2", " PARTIAL (-1:-2 4:5)"),
            ("PARTIAL -3:-9", " PARTIAL (-3:-9 1:2)"),
            ("SAVE", ""),
        ] {
            assert_eq!(told(options, &found), answer, "{options}");
        }
        assert_eq!(told("MIN ALL COUNT", &[]), " COUNT 0");
        assert_eq!(returns("MIN MAX").concerned(&found), [1, 5]);
        assert_eq!(returns("MIN MAX").concerned(&[7]), [7]);
        assert_eq!(returns("MAX SAVE").concerned(&found), [5]);
        assert_eq!(returns("MIN COUNT").concerned(&found), found);
        assert_eq!(returns("SAVE").concerned(&found), found);
    }
}
