//! Parameters of MAIL and RCPT (RFC 5321 4.1.1.11): SIZE (RFC 1870), BODY (RFC 6152) and
//! AUTH (RFC 4954 section 5). Other parameters are unknown.
//!
//! Left out: what AUTH says about the author; it is checked and ignored, as RFC 4954 allows
//! where the client is not trusted.

use super::command::CommandError;

/// Octets that the parameters add to a MAIL command's line: RFC 1870 section 3 (26), RFC 6152
/// section 2 (17), RFC 4954 section 3 (500).
pub const MAX_EXTRA: usize = 26 + 17 + 500;

/// A parameter: `esmtp-keyword ["=" esmtp-value]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The keyword in upper case.
    pub keyword: String,
    /// The value, if there is one.
    pub value: Option<String>,
}

/// What the parameters of a MAIL command say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// How many octets the client means to send.
    pub size: Option<u64>,
}

impl Parameter {
    /// Reads what follows a path: nothing, or a space before each parameter.
    #[must_use]
    pub fn list(text: &str) -> Option<Vec<Self>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        let words = text.strip_prefix(' ')?.split(' ').filter(|word| !word.is_empty());
        words.map(Self::read).collect()
    }

    fn read(word: &str) -> Option<Self> {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        let named = keyword.starts_with(|c: char| c.is_ascii_alphanumeric())
            && keyword.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let valued = |value: &str| !value.is_empty() && value.bytes().all(|b| matches!(b, 33..=60 | 62..=126));
        (named && value.is_none_or(valued))
            .then(|| Self { keyword: keyword.to_ascii_uppercase(), value: value.map(str::to_owned) })
    }
}

impl MailParameters {
    /// Reads a MAIL command's parameters; that of AUTH only where AUTH is offered.
    ///
    /// # Errors
    /// One is unknown, stands there twice, or has a value that it cannot have.
    pub fn read(parameters: &[Parameter], auth: bool) -> Result<Self, CommandError> {
        let mut read = Self::default();
        for (at, Parameter { keyword, value }) in parameters.iter().enumerate() {
            let twice = parameters[..at].iter().any(|other| other.keyword == *keyword);
            let value = value.as_deref().unwrap_or_default();
            let valid = match keyword.as_str() {
                "SIZE" => {
                    read.size = size(value);
                    read.size.is_some()
                }
                "BODY" => ["7BIT", "8BITMIME"].iter().any(|body| body.eq_ignore_ascii_case(value)),
                "AUTH" if auth => is_xtext(value),
                _ => return Err(CommandError::Parameters),
            };
            if twice || !valid {
                return Err(CommandError::Arguments);
            }
        }
        Ok(read)
    }
}

/// RFC 1870 section 3: `size-value ::= 1*20DIGIT`. What no integer here holds is too large in
/// any case.
fn size(value: &str) -> Option<u64> {
    let digits = (1..=20).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

/// `xtext` (RFC 3461 section 4): `+` stands before two hexadecimal digits.
fn is_xtext(value: &str) -> bool {
    let hex = |b: &u8| b.is_ascii_digit() || matches!(b, b'A'..=b'F');
    let mut parts = value.split('+');
    parts.next();
    !value.is_empty() && parts.all(|part| part.len() >= 2 && part.as_bytes()[..2].iter().all(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_their_mistakes() {
        let read = |text: &str, auth| Parameter::list(text).map(|list| MailParameters::read(&list, auth));
        let size = |size| Some(Ok(MailParameters { size }));
        assert_eq!(read("", false), size(None));
        assert_eq!(read(" size=12 BODY=8bitmime", false), size(Some(12)));
        assert_eq!(read("  SIZE=99999999999999999999 ", false), size(Some(u64::MAX)));
        assert_eq!(read(" BODY=7BIT AUTH=<>", true), size(None));
        assert_eq!(read(" AUTH=e+3Dmc2@example.com", true), size(None));
        for unknown in [" FOO=BAR", " AUTH=<>", " SMTPUTF8", " SIZE=1 RET=HDRS"] {
            assert_eq!(read(unknown, false), Some(Err(CommandError::Parameters)), "{unknown}");
        }
        for wrong in [
            " SIZE",
            " SIZE=a",
            " SIZE=-1",
            " SIZE=123456789012345678901",
            " SIZE=1 SIZE=1",
            " BODY",
            " BODY=9BIT",
            " BODY=BINARYMIME",
            " AUTH",
            " AUTH=a+3d",
            " AUTH=a+",
            " SIZE 10",
        ] {
            assert_eq!(read(wrong, true), Some(Err(CommandError::Arguments)), "{wrong}");
        }
        for malformed in ["x", "\tSIZE=1", " SIZE=", " =1", " SIZE = 1", " SIZE=1=2", " -A=1", " S_Z=1", " SIZE=\u{7f}"]
        {
            assert_eq!(read(malformed, true), None, "{malformed}");
        }
    }
}
