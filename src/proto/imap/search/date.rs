//! Days: of SEARCH's arguments, of internal dates, and of Date fields (RFC 5322 3.3).
//!
//! SEARCH disregards time and zone (RFC 3501 6.4.4), so a day is taken as it is written.

use imap_types::datetime::NaiveDate;

use crate::base::calendar::UnixTime;
use crate::proto::message::read::lexer::Lexer;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day {
    year: u32,
    month: u32,
    day: u32,
}

/// How a day has to stand to the one that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// Earlier.
    Before,
    /// The same.
    On,
    /// The same or later.
    Since,
}

impl Span {
    /// Whether `day` stands so to `asked`.
    pub(super) fn holds(self, day: Day, asked: Day) -> bool {
        match self {
            Self::Before => day < asked,
            Self::On => day == asked,
            Self::Since => day >= asked,
        }
    }
}

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

impl Day {
    /// The day of an argument.
    pub(super) fn asked(date: &NaiveDate) -> Self {
        Self::from_iso(&date.as_ref().to_string())
    }

    /// The day of an internal date.
    pub(super) fn of(time: UnixTime) -> Self {
        Self::from_iso(&time.to_string())
    }

    /// Reads `YYYY-MM-DD` at the start of a text that another type wrote.
    fn from_iso(text: &str) -> Self {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self { year: next(), month: next(), day: next() }
    }

    /// The day of an unfolded Date field.
    pub(super) fn written(value: &[u8]) -> Option<Self> {
        Self::read(&mut Lexer::new(value))
    }

    fn read(lexer: &mut Lexer<'_>) -> Option<Self> {
        lexer.skip_cfws();
        if lexer.peek()?.is_ascii_alphabetic() {
            lexer.run(|b| b.is_ascii_alphabetic());
            lexer.skip_cfws();
            lexer.eat(b',');
        }
        let (day, _) = number(lexer)?;
        lexer.skip_cfws();
        let name = lexer.run(|b| b.is_ascii_alphabetic()).to_ascii_lowercase();
        let month = MONTHS.iter().zip(1..).find(|(known, _)| **known == name).map(|(_, month)| month)?;
        let (year, digits) = number(lexer)?;
        // RFC 5322 4.3: years of two and three digits.
        let year = match digits {
            2 if year < 50 => year + 2000,
            2 | 3 => year + 1900,
            _ => year,
        };
        (1..=31).contains(&day).then_some(Self { year, month, day })
    }
}

/// The instant of an unfolded Date field. RFC 5256 2.2: a zone that is not valid is UTC, and
/// a time that is not valid is midnight.
pub(in crate::proto::imap) fn instant(value: &[u8]) -> Option<UnixTime> {
    let mut lexer = Lexer::new(value);
    let Day { year, month, day } = Day::read(&mut lexer)?;
    let seconds = time_and_zone(&mut lexer).unwrap_or(0);
    Some(UnixTime(UnixTime::midnight(year, month, day).0 + seconds))
}

fn time_and_zone(lexer: &mut Lexer<'_>) -> Option<i64> {
    let mut seconds = 0;
    for (place, (unit, below)) in [(3_600, 24), (60, 60), (1, 61)].into_iter().enumerate() {
        lexer.skip_cfws();
        if place > 0 && !lexer.eat(b':') {
            if place == 1 {
                return None;
            }
            break;
        }
        let (value, _) = number(lexer).filter(|(value, _)| *value < below)?;
        seconds += i64::from(value) * unit;
    }
    lexer.skip_cfws();
    Some(seconds - zone(lexer).unwrap_or(0))
}

/// The zone's distance from UTC in seconds, to the east; RFC 5322 4.3 has names for some.
fn zone(lexer: &mut Lexer<'_>) -> Option<i64> {
    let sign = match lexer.peek()? {
        b'+' => 1,
        b'-' => -1,
        _ => {
            let hours = match lexer.run(|b| b.is_ascii_alphabetic()).to_ascii_uppercase().as_slice() {
                b"EDT" => -4,
                b"EST" | b"CDT" => -5,
                b"CST" | b"MDT" => -6,
                b"MST" | b"PDT" => -7,
                b"PST" => -8,
                _ => 0,
            };
            return Some(hours * 3_600);
        }
    };
    lexer.bump();
    let (value, digits) = number(lexer)?;
    (digits == 4 && value % 100 < 60).then(|| sign * i64::from(value / 100 * 3_600 + value % 100 * 60))
}

/// A number of at most four digits, and how many there are.
fn number(lexer: &mut Lexer<'_>) -> Option<(u32, usize)> {
    lexer.skip_cfws();
    let digits = lexer.run(|b| b.is_ascii_digit());
    (digits.len() <= 4).then_some(())?;
    Some((str::from_utf8(digits).ok()?.parse().ok()?, digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: u32, month: u32, day: u32) -> Option<Day> {
        Some(Day { year, month, day })
    }

    #[test]
    fn date_fields_are_read() {
        for (text, expected) in [
            ("Thu, 15 Feb 2007 01:02:03 +0200", day(2007, 2, 15)),
            ("1 feb 1994 23:59:59 -1200", day(1994, 2, 1)),
            ("Wed,(x) 05(y)MAR 99 00:00 GMT", day(1999, 3, 5)),
            ("5 Mar 04", day(2004, 3, 5)),
            ("5 Mar 104", day(2004, 3, 5)),
            ("Fri 6 Mar 2026", day(2026, 3, 6)),
            ("", None),
            ("yesterday", None),
            ("32 Mar 2004", None),
            ("1 Foo 2004", None),
            ("1 Mar", None),
            ("1 Mar 99999999999999999999", None),
        ] {
            assert_eq!(Day::written(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn instants_are_read() {
        for (text, expected) in [
            ("Thu, 1 Jan 1970 02:03:04 +0200", Some(184)),
            ("1 Jan 1970 00:00 -0130", Some(5_400)),
            ("31 Dec 1969 23:59:59 GMT", Some(-1)),
            ("1 Jan 1970 00:00:00 EST (winter)", Some(18_000)),
            ("1 Jan 1970 01:00:00 +99", Some(3_600)),
            ("1 Jan 1970 25:00:00 +0100", Some(0)),
            ("1 Jan 1970", Some(0)),
            ("1 Jan 1970 12", Some(0)),
            ("1 Jan", None),
        ] {
            assert_eq!(instant(text.as_bytes()), expected.map(UnixTime), "{text}");
        }
    }

    #[test]
    fn internal_dates_are_days_in_utc() {
        assert_eq!(Some(Day::of(UnixTime(951_782_399))), day(2000, 2, 28));
        assert_eq!(Some(Day::of(UnixTime(951_782_400))), day(2000, 2, 29));
    }
}
