//! Dates in header fields (RFC 9110 5.6.7).
//!
//! Left out: the two obsolete forms, which no client has sent for decades; a field with one is ignored.

use crate::base::UnixTime;

/// `Mon, 05 Jan 2026 09:00:00 GMT`.
#[must_use]
pub fn http_date(at: UnixTime) -> String {
    at.rfc5322().replace("+0000", "GMT")
}

/// Reads an IMF-fixdate.
#[must_use]
pub fn read_date(text: &str) -> Option<UnixTime> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let words: Vec<&str> = text.split(' ').collect();
    let &[_, day, month, year, time, "GMT"] = words.as_slice() else { return None };
    let month = MONTHS.find(month).filter(|at| month.len() == 3 && at % 3 == 0)? / 3 + 1;
    let at = UnixTime::parse(&format!("{year}-{month:02}-{day}T{time}Z"))?;
    // the weekday too has to be right
    (http_date(at) == text).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a date did not come back as it went, or a wrong one were taken.
    #[test]
    fn dates_come_back() {
        let at = UnixTime::DEFAULT_START;
        assert_eq!(http_date(at), "Mon, 05 Jan 2026 09:00:00 GMT");
        assert_eq!(read_date("Mon, 05 Jan 2026 09:00:00 GMT"), Some(at));
        for wrong in [
            "",
            "Tue, 05 Jan 2026 09:00:00 GMT",
            "Mon, 5 Jan 2026 09:00:00 GMT",
            "Mon, 05 anF 2026 09:00:00 GMT",
            "Mon, 05 Jan 2026 09:00:00 +0000",
        ] {
            assert_eq!(read_date(wrong), None, "{wrong:?}");
        }
    }
}
