//! Parameters of MAIL and RCPT (RFC 5321 4.1.1.11): SIZE (RFC 1870), BODY (RFC 6152, RFC 3030),
//! SMTPUTF8 (RFC 6531), RET, ENVID, NOTIFY and ORCPT (RFC 3461), AUTH (RFC 4954 section 5). Other
//! parameters are unknown.
//!
//! Left out: what AUTH says about the author; it is checked and ignored, as RFC 4954 allows
//! where the client is not trusted.

use super::command::CommandError;
use super::envelope::{BodyType, MailOptions, Notify, Ret};
use super::xtext;

/// Octets that parameters may add to a command's line. To MAIL's: RFC 1870 section 3 (26), RFC 6152
/// section 2 (17), RFC 6531 section 3.1 (10), RFC 3461 section 4 (RET 9, ENVID 107), RFC 4954 section 3
/// (500). To RCPT's: RFC 3461 section 4 (NOTIFY 29, ORCPT 507).
pub const MAX_EXTRA: usize = 26 + 17 + 10 + 9 + 107 + 500;
/// RFC 3461 section 4.4: an envelope identifier "MUST be no more than 100 characters in length".
const MAX_ENVID: usize = 100;
/// RFC 3461 section 4.2: "The total length of the ORCPT parameter must be 500 characters or less".
const MAX_ORCPT: usize = 500;

/// A parameter: `esmtp-keyword ["=" esmtp-value]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The keyword in upper case.
    pub keyword: String,
    /// The value, if there is one.
    pub value: Option<String>,
}

/// What the parameters of a MAIL command say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// How many octets the client means to send.
    pub size: Option<u64>,
    /// The rest, which travels with the message.
    pub options: MailOptions,
}

/// What the parameters of a RCPT command say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParameters {
    /// NOTIFY.
    pub notify: Option<Notify>,
    /// ORCPT, decoded.
    pub original: Option<String>,
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
        // RFC 6531 section 3.3: `esmtp-value` may have UTF-8.
        let valued = |value: &str| !value.is_empty() && value.bytes().all(|b| matches!(b, 33..=60 | 62..=126 | 128..));
        (named && value.is_none_or(valued))
            .then(|| Self { keyword: keyword.to_ascii_uppercase(), value: value.map(str::to_owned) })
    }
}

impl MailParameters {
    /// Reads a MAIL command's parameters; `takes` tells which are known, by keyword, and whether
    /// "BODY=BINARYMIME" is.
    ///
    /// # Errors
    /// One is unknown, stands there twice, or has a value that it cannot have.
    pub fn read(parameters: &[Parameter], takes: impl Fn(&str) -> bool) -> Result<Self, CommandError> {
        let mut read = Self::default();
        each(parameters, &takes, |keyword, value| {
            let options = &mut read.options;
            match (keyword, value) {
                ("SIZE", Some(value)) => {
                    read.size = size(value);
                    read.size.is_some()
                }
                ("BODY", Some(value)) => {
                    let body = body(value, takes("BODY=BINARYMIME"));
                    options.body = body.unwrap_or_default();
                    body.is_some()
                }
                // RFC 6531 section 3.4: it "MUST NOT" have a value.
                ("SMTPUTF8", None) => {
                    options.utf8 = true;
                    true
                }
                ("RET", Some(value)) => {
                    let all = [("FULL", Ret::Full), ("HDRS", Ret::Headers)].into_iter();
                    options.ret = all.filter(|(word, _)| word.eq_ignore_ascii_case(value)).map(|(_, ret)| ret).next();
                    options.ret.is_some()
                }
                ("ENVID", Some(value)) => {
                    let fits = value.len() <= MAX_ENVID;
                    options.envid = xtext::decode(value).filter(|text| fits && is_printable(text));
                    options.envid.is_some()
                }
                ("AUTH", Some(value)) => xtext::decode(value).is_some(),
                (_, Some(_) | None) => false,
            }
        })?;
        Ok(read)
    }
}

impl RcptParameters {
    /// Reads a RCPT command's parameters.
    ///
    /// # Errors
    /// One is unknown, stands there twice, or has a value that it cannot have.
    pub fn read(parameters: &[Parameter], takes: impl Fn(&str) -> bool) -> Result<Self, CommandError> {
        let mut read = Self::default();
        let of_mail = |keyword: &str| matches!(keyword, "SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID" | "AUTH");
        each(
            parameters,
            |keyword| takes(keyword) && !of_mail(keyword),
            |keyword, value| match (keyword, value) {
                ("NOTIFY", Some(value)) => {
                    read.notify = notify(value);
                    read.notify.is_some()
                }
                ("ORCPT", Some(value)) => {
                    read.original = original(value);
                    read.original.is_some()
                }
                (_, Some(_) | None) => false,
            },
        )?;
        Ok(read)
    }
}

/// Reads each parameter once.
fn each(
    parameters: &[Parameter],
    takes: impl Fn(&str) -> bool,
    mut read: impl FnMut(&str, Option<&str>) -> bool,
) -> Result<(), CommandError> {
    for (at, Parameter { keyword, value }) in parameters.iter().enumerate() {
        if !takes(keyword) {
            return Err(CommandError::Parameters);
        }
        let twice = parameters[..at].iter().any(|other| other.keyword == *keyword);
        if twice || !read(keyword, value.as_deref()) {
            return Err(CommandError::Arguments);
        }
    }
    Ok(())
}

fn body(value: &str, binary: bool) -> Option<BodyType> {
    let all = [("7BIT", BodyType::SevenBit), ("8BITMIME", BodyType::EightBit), ("BINARYMIME", BodyType::Binary)];
    let mut known = all.into_iter().filter(|(_, body)| binary || *body != BodyType::Binary);
    known.find(|(word, _)| word.eq_ignore_ascii_case(value)).map(|(_, body)| body)
}

/// RFC 3461 section 4.1: NEVER alone, or a list of the others.
fn notify(value: &str) -> Option<Notify> {
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(notify);
    }
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return None,
        }
    }
    Some(notify)
}

/// RFC 3461 section 4.2: `original-recipient-address = addr-type ";" xtext`.
fn original(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';')?;
    let atom = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let address = xtext::decode(address).filter(|text| is_printable(text))?;
    (atom && value.len() <= MAX_ORCPT).then(|| format!("{kind};{address}"))
}

/// It goes into reports, line by line.
fn is_printable(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// RFC 1870 section 3: `size-value ::= 1*20DIGIT`. What no integer here holds is too large in
/// any case.
fn size(value: &str) -> Option<u64> {
    let digits = (1..=20).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(text: &str, known: &str) -> Option<Result<MailParameters, CommandError>> {
        Parameter::list(text).map(|list| MailParameters::read(&list, |keyword| known.split(' ').any(|k| k == keyword)))
    }

    const ALL: &str = "SIZE BODY BODY=BINARYMIME SMTPUTF8 RET ENVID AUTH NOTIFY ORCPT";

    #[test]
    fn parameters_and_their_mistakes() {
        let size = |size| Some(Ok(MailParameters { size, options: MailOptions::default() }));
        let with = |options| Some(Ok(MailParameters { size: None, options }));
        assert_eq!(mail("", ""), size(None));
        assert_eq!(mail("  SIZE=99999999999999999999 ", "SIZE"), size(Some(u64::MAX)));
        assert_eq!(mail(" BODY=7BIT AUTH=<>", ALL), size(None));
        assert_eq!(mail(" AUTH=e+3Dmc2@example.com", ALL), size(None));
        let eight = MailOptions { body: BodyType::EightBit, utf8: true, ..MailOptions::default() };
        assert_eq!(mail(" BODY=8bitmime smtputf8", ALL), with(eight));
        let envid = Some("a b".to_owned());
        let dsn = MailOptions { ret: Some(Ret::Headers), envid, ..MailOptions::default() };
        assert_eq!(mail(" ret=hdrs ENVID=a+20b", ALL), with(dsn));
        let longest = format!(" ENVID={}", "e".repeat(100));
        assert!(matches!(mail(&longest, ALL), Some(Ok(_))));
        assert_eq!(mail(&(longest + "e"), ALL), Some(Err(CommandError::Arguments)));
        for unknown in [" FOO=BAR", " AUTH=<>", " SMTPUTF8", " SIZE=1 RET=HDRS"] {
            assert_eq!(mail(unknown, "SIZE BODY"), Some(Err(CommandError::Parameters)), "{unknown}");
        }
        let many = " SIZE| SIZE=a| SIZE=-1| SIZE=123456789012345678901| SIZE=1 SIZE=1| BODY| BODY=9BIT| AUTH| AUTH=a+3d\
            | AUTH=a+| SIZE 10| SMTPUTF8=1| RET| RET=SOME| ENVID| ENVID=+00| ENVID=+0A| NOTIFY=NEVER";
        for wrong in many.split('|') {
            assert_eq!(mail(wrong, ALL), Some(Err(CommandError::Arguments)), "{wrong}");
        }
        assert_eq!(mail(" BODY=BINARYMIME", "BODY"), Some(Err(CommandError::Arguments)));
        let malformed = "x|\tSIZE=1| SIZE=| =1| SIZE = 1| SIZE=1=2| -A=1| S_Z=1| SIZE=\u{7f}";
        for malformed in malformed.split('|') {
            assert_eq!(mail(malformed, ALL), None, "{malformed}");
        }
    }

    #[test]
    fn parameters_of_recipients() {
        let read = |text: &str| RcptParameters::read(&Parameter::list(text).expect("a list"), |k| ALL.contains(k));
        let notify = |success, failure, delay| Some(Notify { success, failure, delay });
        for (text, wanted) in [
            ("", None),
            (" NOTIFY=NEVER", notify(false, false, false)),
            (" notify=success,Delay", notify(true, false, true)),
            (" NOTIFY=FAILURE,FAILURE", notify(false, true, false)),
        ] {
            assert_eq!(read(text).map(|read| read.notify), Ok(wanted), "{text}");
        }
        let original = read(" ORCPT=rfc822;Bob+2Bx@h.edu NOTIFY=NEVER").map(|read| read.original);
        assert_eq!(original, Ok(Some("rfc822;Bob+x@h.edu".to_owned())));
        let longest = format!(" ORCPT=rfc822;{}", "b".repeat(493));
        assert!(read(&longest).is_ok() && read(&(longest + "b")) == Err(CommandError::Arguments));
        for wrong in [" NOTIFY", " NOTIFY=NEVER,DELAY", " NOTIFY=,", " NOTIFY=X", " ORCPT=x", " ORCPT=;x", " ORCPT=a;"]
        {
            assert_eq!(read(wrong), Err(CommandError::Arguments), "{wrong}");
        }
        for unknown in [" SIZE=1", " SMTPUTF8", " X"] {
            assert_eq!(read(unknown), Err(CommandError::Parameters), "{unknown}");
        }
    }
}
