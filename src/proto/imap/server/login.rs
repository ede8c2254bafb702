//! Logging in: LOGIN, and AUTHENTICATE with the mechanisms PLAIN (RFC 4616) and LOGIN.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::event::ServerEvent;
use super::{CAPABILITIES, Doing, Ending, Server, State};

/// What an authentication exchange waits for.
#[derive(Clone, Debug)]
pub(super) enum Exchange {
    /// PLAIN: the one message.
    Plain,
    /// LOGIN: the user's name.
    User,
    /// LOGIN: the password.
    Password { user: Vec<u8> },
}

impl Server {
    pub(super) fn login(&mut self, tag: String, name: &'static str, user: Vec<u8>, password: Vec<u8>) {
        let (Ok(user), Ok(password)) = (String::from_utf8(user), String::from_utf8(password)) else {
            self.state = State::NotAuthenticated;
            return self.no(&tag, Some("AUTHENTICATIONFAILED"), "Wrong user or password", Ending::Other);
        };
        self.ask(tag, Doing::Login { name }, ServerEvent::Login { user, password });
    }

    pub(super) fn logged_in(&mut self, tag: &str, name: &str) {
        self.state = State::Authenticated;
        self.ok(tag, &format!("[CAPABILITY {CAPABILITIES}] {name} completed"), Ending::Other);
    }

    pub(super) fn authenticate(&mut self, tag: String, mechanism: &str, initial: Option<Vec<u8>>) {
        let exchange = if mechanism.eq_ignore_ascii_case("PLAIN") {
            Exchange::Plain
        } else if mechanism.eq_ignore_ascii_case("LOGIN") {
            Exchange::User
        } else {
            return self.no(&tag, Some("CANNOT"), "No such mechanism", Ending::Other);
        };
        match initial {
            Some(message) => self.exchange(tag, exchange, message),
            None => self.challenge(tag, exchange),
        }
    }

    /// RFC 3501 6.2.1: challenges and responses are in base64.
    fn challenge(&mut self, tag: String, exchange: Exchange) {
        let text = match exchange {
            Exchange::Plain => "",
            Exchange::User => "Username:",
            Exchange::Password { .. } => "Password:",
        };
        self.say(&format!("+ {}", STANDARD.encode(text)));
        self.state = State::Authenticating { tag, exchange };
    }

    /// The client's line in the exchange.
    pub(super) fn exchanged(&mut self, line: &[u8]) {
        let State::Authenticating { tag, exchange } = std::mem::replace(&mut self.state, State::NotAuthenticated)
        else {
            return;
        };
        if line == b"*" {
            return self.bad(&tag, "AUTHENTICATE cancelled");
        }
        match STANDARD.decode(line) {
            Ok(message) => self.exchange(tag, exchange, message),
            Err(_) => self.bad(&tag, "Not base64"),
        }
    }

    fn exchange(&mut self, tag: String, exchange: Exchange, message: Vec<u8>) {
        match exchange {
            Exchange::Plain => {
                let parts: Vec<&[u8]> = message.split(|b| *b == 0).collect();
                match parts[..] {
                    // RFC 4616 section 2: an identity to act as; only one's own can be named.
                    [actor, user, password] if actor.is_empty() || actor == user => {
                        self.login(tag, "AUTHENTICATE", user.to_vec(), password.to_vec());
                    }
                    [_, _, _] => {
                        self.no(&tag, Some("AUTHORIZATIONFAILED"), "Nobody acts for others here", Ending::Other);
                    }
                    [..] => self.bad(&tag, "Not a message of PLAIN"),
                }
            }
            Exchange::User => self.challenge(tag, Exchange::Password { user: message }),
            Exchange::Password { user } => self.login(tag, "AUTHENTICATE", user, message),
        }
    }
}
