//! What a server says it can: the lines of its answer to EHLO (RFC 5321 4.1.1.1).
//!
//! Keywords are read in upper or lower case; lines that are no extension known here are
//! passed over.

use super::reply::Reply;
use crate::proto::sasl::Mechanism;

/// The extensions that a server has announced. After HELO there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// SIZE (RFC 1870): the parameter of MAIL is understood.
    pub size: bool,
    /// The largest message that is taken, if SIZE named a limit.
    pub max_message: Option<u64>,
    /// 8BITMIME (RFC 6152).
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// CHUNKING (RFC 3030 section 2).
    pub chunking: bool,
    /// BINARYMIME (RFC 3030 section 3).
    pub binary: bool,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    pub enhanced_status: bool,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// ETRN (RFC 1985).
    pub etrn: bool,
    /// AUTH (RFC 4954), and the mechanisms known here.
    pub auth: Vec<Mechanism>,
}

impl Offers {
    /// Reads the answer to EHLO. The first line greets, each of the others names an extension.
    #[must_use]
    pub fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "PIPELINING" => offers.pipelining = true,
                "SIZE" => {
                    offers.size = true;
                    // RFC 1870 section 4: 0 says that there is no fixed maximum.
                    offers.max_message = words.next().and_then(|text| text.parse().ok()).filter(|limit| *limit > 0);
                }
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.utf8 = true,
                "DSN" => offers.dsn = true,
                "CHUNKING" => offers.chunking = true,
                "BINARYMIME" => offers.binary = true,
                "ENHANCEDSTATUSCODES" => offers.enhanced_status = true,
                "STARTTLS" => offers.starttls = true,
                "ETRN" => offers.etrn = true,
                "AUTH" => offers.auth.extend(words.filter_map(Mechanism::named)),
                _ => {}
            }
        }
        // RFC 3030 section 3: a server that offers BINARYMIME offers CHUNKING, too.
        offers.binary &= offers.chunking;
        offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Offers {
        Offers::read(&Reply { code: 250, lines: lines.iter().map(|line| (*line).to_owned()).collect() })
    }

    /// Would break if the greeting were taken for an extension, or case mattered.
    #[test]
    fn keywords() {
        assert_eq!(read(&["PIPELINING"]), Offers::default());
        let offers = read(&["h", "pipelining", "SIZE 1000", "8BitMIME", "X-OWN", "Auth CRAM-MD5 plain", "", "HELP"]);
        let auth = vec![Mechanism::Plain];
        let some = Offers { pipelining: true, size: true, eight_bit: true, auth, ..Offers::default() };
        assert_eq!(offers, Offers { max_message: Some(1000), ..some });
        for (line, limit) in [("SIZE", None), ("SIZE 0", None), ("SIZE x", None), ("SIZE 7 8", Some(7))] {
            let offers = read(&["h", line]);
            assert_eq!((offers.size, offers.max_message), (true, limit), "{line}");
        }
        let rest = read(&["h", "SMTPUTF8", "DSN", "CHUNKING", "BINARYMIME", "ENHANCEDSTATUSCODES", "STARTTLS", "ETRN"]);
        assert!(rest.utf8 && rest.dsn && rest.chunking && rest.binary && rest.starttls && rest.etrn);
        assert!(rest.enhanced_status && !read(&["h", "BINARYMIME"]).binary);
    }
}
