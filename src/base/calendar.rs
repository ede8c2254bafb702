//! Calendar time: the civil date of a virtual instant, always in UTC.

use std::fmt;

use super::time::SimTime;

/// A point of civil time, in seconds since 1970-01-01T00:00:00Z (no leap seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub i64);

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY_S: i64 = 86_400;

impl UnixTime {
    /// Monday 2026-01-05 09:00:00 UTC: when a scenario that names no `start` begins.
    pub const DEFAULT_START: Self = Self(1_767_603_600);

    /// The beginning of a day, in UTC; day and month count from 1, and may run over.
    #[must_use]
    pub fn midnight(year: u32, month: u32, day: u32) -> Self {
        let (year, month, day) = (i64::from(year.min(9_999)), i64::from(month), i64::from(day));
        Self(days_from_civil(year, month, day) * DAY_S)
    }

    /// This time plus the whole seconds of a virtual instant.
    #[must_use]
    pub fn plus(self, at: SimTime) -> Self {
        let secs = i64::try_from(at.as_nanos() / super::time::NANOS_PER_SEC).expect("584 years fit");
        Self(self.0.saturating_add(secs))
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC only), years 1970 to 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let pattern = b"dddd-dd-ddTdd:dd:ddZ";
        let fits = bytes.len() == pattern.len()
            && bytes.iter().zip(pattern).all(|(b, p)| if *p == b'd' { b.is_ascii_digit() } else { b == p });
        if !fits {
            return None;
        }
        let field = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
        let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
        let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
        let valid = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        valid.then(|| Self(days_from_civil(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second))
    }

    /// The date-time of RFC 5322 section 3.3: `Mon, 05 Jan 2026 09:00:00 +0000`.
    #[must_use]
    pub fn rfc5322(self) -> String {
        let (days, rest) = (self.0.div_euclid(DAY_S), self.0.rem_euclid(DAY_S));
        let (year, month, day) = civil_from_days(days);
        let weekday = WEEKDAYS[usize::try_from(days.rem_euclid(7)).expect("0 to 6")];
        let month = MONTHS[usize::try_from(month - 1).expect("0 to 11")];
        format!("{weekday}, {day:02} {month} {year} {:02}:{:02}:{:02} +0000", rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// The date-time of RFC 3501 section 9, in a zone so many minutes to the east of UTC:
    /// ` 5-Jan-2026 10:30:00 +0130`.
    #[must_use]
    pub fn rfc3501(self, zone: i16) -> String {
        let local = self.0.saturating_add(i64::from(zone) * 60);
        let (days, rest) = (local.div_euclid(DAY_S), local.rem_euclid(DAY_S));
        let (year, month, day) = civil_from_days(days);
        let month = MONTHS[usize::try_from(month - 1).expect("0 to 11")];
        let (sign, zone) = (if zone < 0 { '-' } else { '+' }, zone.unsigned_abs());
        let time = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
        format!("{day:>2}-{month}-{year:04} {time} {sign}{:02}{:02}", zone / 60, zone % 60)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0.div_euclid(DAY_S), self.0.rem_euclid(DAY_S));
        let (year, month, day) = civil_from_days(days);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before the first of January of `year`, counted from 1970.
const fn days_before_year(year: i64) -> i64 {
    let y = year - 1;
    let leap_days = y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    365 * (year - 1970) + leap_days - (1969 / 4 - 1969 / 100 + 1969 / 400)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    days_before_year(year) + (1..month).map(|m| days_in_month(year, m)).sum::<i64>() + day - 1
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // Never too late a year, on either side of 1970.
    let mut year = 1970 + days.div_euclid(if days < 0 { 365 } else { 366 });
    while days >= days_before_year(year + 1) {
        year += 1;
    }
    let mut rest = days - days_before_year(year);
    let mut month = 1;
    while rest >= days_in_month(year, month) {
        rest -= days_in_month(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(UnixTime::DEFAULT_START.to_string(), "2026-01-05T09:00:00Z");
        assert_eq!(UnixTime::DEFAULT_START.rfc5322(), "Mon, 05 Jan 2026 09:00:00 +0000");
        assert_eq!(UnixTime(951_782_400).rfc5322(), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(UnixTime::DEFAULT_START.rfc3501(90), " 5-Jan-2026 10:30:00 +0130");
        assert_eq!(UnixTime::DEFAULT_START.rfc3501(-570), " 4-Jan-2026 23:30:00 -0930");
        assert_eq!(UnixTime(-1).rfc3501(0), "31-Dec-1969 23:59:59 +0000");
        assert_eq!(UnixTime(-62_135_596_800).rfc3501(0), " 1-Jan-0001 00:00:00 +0000");
        assert_eq!(UnixTime(-62_135_596_801).rfc3501(0), "31-Dec-0000 23:59:59 +0000");
        assert_eq!(UnixTime(-2_203_977_600).rfc3501(0), "28-Feb-1900 00:00:00 +0000");
        assert_eq!(UnixTime::parse("1970-01-01T00:00:00Z"), Some(UnixTime(0)));
        assert_eq!(UnixTime::parse("2026-02-29T00:00:00Z"), None);
        assert_eq!(UnixTime::parse("2026-1-05T09:00:00Z"), None);
        assert_eq!(UnixTime::parse("2026-01-05T09:00:00+01"), None);
    }

    #[test]
    fn text_reads_back() {
        for day in 0..60_000 {
            let time = UnixTime(day * DAY_S + 43_210);
            assert_eq!(UnixTime::parse(&time.to_string()), Some(time));
        }
    }
}
