//! Logging in: LOGIN and AUTHENTICATE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::event::ServerEvent;
use super::{CAPABILITIES, Doing, Ending, Server, State};
use crate::proto::sasl::{Credentials, Exchange, MAX_FAILURES, Mechanism, SaslError, Step};

impl Server {
    pub(super) fn login(&mut self, tag: String, user: Vec<u8>, password: Vec<u8>) {
        match (String::from_utf8(user), String::from_utf8(password)) {
            (Ok(user), Ok(password)) => self.check(tag, "LOGIN", Credentials::of(user, password)),
            (Ok(_) | Err(_), _) => self.login_failed(&tag, Some("AUTHENTICATIONFAILED"), "Wrong user or password"),
        }
    }

    fn check(&mut self, tag: String, name: &'static str, credentials: Credentials) {
        self.ask(tag, Doing::Login { name }, ServerEvent::Login(credentials));
    }

    pub(super) fn logged_in(&mut self, tag: &str, name: &str) {
        self.state = State::Authenticated;
        self.ok(tag, &format!("[CAPABILITY {CAPABILITIES}] {name} completed"), Ending::Other);
    }

    /// Nobody tries all passwords in one session.
    pub(super) fn login_failed(&mut self, tag: &str, code: Option<&str>, text: &str) {
        self.state = State::NotAuthenticated;
        self.no(tag, code, text, Ending::Other);
        self.failures += 1;
        if self.failures >= MAX_FAILURES {
            self.bye("Too many failed log-ins");
        }
    }

    pub(super) fn authenticate(&mut self, tag: String, mechanism: &str, initial: Option<&[u8]>) {
        let Some(mechanism) = Mechanism::named(mechanism) else {
            return self.no(&tag, Some("CANNOT"), "No such mechanism", Ending::Other);
        };
        // RFC 4959 section 3: a response of no octets is "=".
        let initial = initial.map(|octets| if octets.is_empty() { "=".to_owned() } else { STANDARD.encode(octets) });
        match Exchange::begin(mechanism, initial.as_deref()) {
            Ok((exchange, step)) => self.proceed_with(tag, exchange, step),
            Err(error) => self.exchange_failed(&tag, error),
        }
    }

    /// The client's line in the exchange.
    pub(super) fn exchanged(&mut self, line: &[u8]) {
        let State::Authenticating { tag, mut exchange } = std::mem::replace(&mut self.state, State::NotAuthenticated)
        else {
            return;
        };
        match exchange.respond(line) {
            Ok(step) => self.proceed_with(tag, exchange, step),
            Err(error) => self.exchange_failed(&tag, error),
        }
    }

    fn proceed_with(&mut self, tag: String, exchange: Exchange, step: Step) {
        match step {
            Step::Challenge(challenge) => {
                self.say(&format!("+ {challenge}"));
                self.state = State::Authenticating { tag, exchange };
            }
            Step::Done(credentials) => self.check(tag, "AUTHENTICATE", credentials),
        }
    }

    /// RFC 3501 6.2.2: "If the client wishes to cancel an authentication exchange", the answer
    /// is BAD.
    fn exchange_failed(&mut self, tag: &str, error: SaslError) {
        self.bad(tag, &error.to_string());
    }
}
