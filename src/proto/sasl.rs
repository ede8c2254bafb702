//! The exchanges of SASL (RFC 4422) by which a client logs in to a mail server: PLAIN
//! (RFC 4616) and LOGIN, as lines of base64 for the protocol around them to carry.
//!
//! Left out: mechanisms that hide the password or check the server (CRAM-MD5, SCRAM), for
//! nobody eavesdrops on the lines here; SASLprep of names and passwords.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What is offered, in the words of EHLO and CAPA.
pub const MECHANISMS: &str = "PLAIN LOGIN";
/// RFC 4954 section 4: "12288 octets is considered to be a sufficient line length limit".
pub const MAX_LINE: usize = 12_288;

/// Log-ins that may fail in a session before it is closed, so that nobody tries all passwords.
pub const MAX_FAILURES: u32 = 5;

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// One message with identities and password (RFC 4616).
    Plain,
    /// Name and password on lines of their own; never made a standard, yet widely spoken.
    Login,
}

impl Credentials {
    /// Those of a user who acts as nobody else.
    #[must_use]
    pub const fn of(user: String, password: String) -> Self {
        Self { authorization: String::new(), user, password }
    }
}

impl Mechanism {
    /// The mechanism of that name, in upper or lower case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "PLAIN" => Some(Self::Plain),
            "LOGIN" => Some(Self::Login),
            _ => None,
        }
    }
}

/// Who wants to log in, and the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Whom the client wants to act as; empty for the user itself.
    pub authorization: String,
    /// Whose password it gives.
    pub user: String,
    /// The password.
    pub password: String,
}

/// What comes next in an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this challenge, which is base64 already, and wait for a response.
    Challenge(&'static str),
    /// The exchange is over; the credentials are to be checked.
    Done(Credentials),
}

/// Why an exchange came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaslError {
    /// The client sent `*`.
    #[error("authentication cancelled")]
    Cancelled,
    /// A response was not base64.
    #[error("cannot decode the response")]
    Encoding,
    /// A response was not what the mechanism wants.
    #[error("malformed response")]
    Malformed,
}

/// The server's end of one exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    user: Option<String>,
}

impl Exchange {
    /// Begins one, with the response that came with the command if one did.
    ///
    /// # Errors
    /// The initial response is not right.
    pub fn begin(mechanism: Mechanism, initial: Option<&str>) -> Result<(Self, Step), SaslError> {
        let mut exchange = Self { mechanism, user: None };
        let step = match (initial, mechanism) {
            // RFC 4954 section 4: a response of no octets is written "as a single equals sign".
            (Some("="), _) => exchange.decoded(&[])?,
            (Some(text), _) => exchange.decoded(&decode(text.as_bytes())?)?,
            (None, Mechanism::Plain) => Step::Challenge(""),
            (None, Mechanism::Login) => Step::Challenge("VXNlcm5hbWU6"),
        };
        Ok((exchange, step))
    }

    /// Takes the client's response, a line without its CRLF.
    ///
    /// # Errors
    /// The client gave up, or the response is not right: the exchange is over.
    pub fn respond(&mut self, line: &[u8]) -> Result<Step, SaslError> {
        if line == b"*" {
            return Err(SaslError::Cancelled);
        }
        self.decoded(&decode(line)?)
    }

    fn decoded(&mut self, response: &[u8]) -> Result<Step, SaslError> {
        let text = str::from_utf8(response).map_err(|_| SaslError::Malformed)?;
        match (self.mechanism, self.user.take()) {
            (Mechanism::Plain, _) => plain(text).map(Step::Done),
            (Mechanism::Login, None) => {
                self.user = Some(text.to_owned());
                Ok(Step::Challenge("UGFzc3dvcmQ6"))
            }
            (Mechanism::Login, Some(user)) => Ok(Step::Done(Credentials::of(user, text.to_owned()))),
        }
    }
}

fn decode(text: &[u8]) -> Result<Vec<u8>, SaslError> {
    STANDARD.decode(text).map_err(|_| SaslError::Encoding)
}

/// RFC 4616 section 2: `message = [authzid] UTF8NUL authcid UTF8NUL passwd`, the last two not
/// empty.
fn plain(message: &str) -> Result<Credentials, SaslError> {
    let mut parts = message.split('\0');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(authorization), Some(user), Some(password), None) if !user.is_empty() && !password.is_empty() => {
            Ok(Credentials {
                authorization: authorization.to_owned(),
                user: user.to_owned(),
                password: password.to_owned(),
            })
        }
        _ => Err(SaslError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn credentials(authorization: &str, user: &str, password: &str) -> Credentials {
        let [authorization, user, password] = [authorization, user, password].map(str::to_owned);
        Credentials { authorization, user, password }
    }

    /// The example of RFC 4616 section 4, and its mistakes.
    #[test]
    fn plain_messages() {
        let begin = |text: &str| Exchange::begin(Mechanism::Plain, Some(&STANDARD.encode(text))).map(|(_, step)| step);
        assert_eq!(begin("\0tim\0tanstaaftanstaaf"), Ok(Step::Done(credentials("", "tim", "tanstaaftanstaaf"))));
        assert_eq!(begin("Ursel\0Kurt\0xipj3plmq"), Ok(Step::Done(credentials("Ursel", "Kurt", "xipj3plmq"))));
        for bad in ["", "tim", "\0tim", "\0tim\0", "\0\0x", "\0tim\0x\0", "="] {
            assert_eq!(begin(bad), Err(SaslError::Malformed), "{bad:?}");
        }
        assert_eq!(Exchange::begin(Mechanism::Plain, Some("=")).err(), Some(SaslError::Malformed));
        for bad in ["ab@%", "====", "AHRpbQB4\n", "AHRpbQB4=", "*"] {
            assert_eq!(Exchange::begin(Mechanism::Plain, Some(bad)).err(), Some(SaslError::Encoding), "{bad:?}");
        }
    }

    #[test]
    fn exchanges_step_by_step() {
        let (mut plain, step) = Exchange::begin(Mechanism::Plain, None).unwrap();
        assert_eq!(step, Step::Challenge(""));
        assert_eq!(plain.respond(b"AGJvYgB4"), Ok(Step::Done(credentials("", "bob", "x"))));
        for initial in [None, Some("Ym9i")] {
            let (mut login, step) = Exchange::begin(Mechanism::named("login").unwrap(), initial).unwrap();
            if initial.is_none() {
                assert_eq!(step, Step::Challenge("VXNlcm5hbWU6"));
                assert_eq!(login.respond(b"Ym9i"), Ok(Step::Challenge("UGFzc3dvcmQ6")));
            }
            assert_eq!(login.respond(b"eA=="), Ok(Step::Done(credentials("", "bob", "x"))));
        }
        let (mut login, _) = Exchange::begin(Mechanism::Login, None).unwrap();
        assert_eq!(login.respond(b"*"), Err(SaslError::Cancelled));
        assert_eq!(Mechanism::named("CRAM-MD5"), None);
    }

    proptest! {
        #[test]
        fn any_response_has_an_answer(line in proptest::collection::vec(any::<u8>(), 0..40), login in any::<bool>()) {
            let mechanism = if login { Mechanism::Login } else { Mechanism::Plain };
            let (mut exchange, _) = Exchange::begin(mechanism, None).unwrap();
            let _ = exchange.respond(&line);
            let _ = exchange.respond(STANDARD.encode(&line).as_bytes());
        }
    }
}
