//! From the greeting to the first transaction: EHLO or HELO, STARTTLS (RFC 3207), AUTH (RFC 4954).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Client, ClientEvent, State, Step, Trouble};
use crate::base::SimTime;
use crate::proto::sasl::{Credentials, Mechanism};
use crate::proto::session::Output;
use crate::proto::smtp::command::MAX_COMMAND_LINE;
use crate::proto::smtp::offers::Offers;
use crate::proto::smtp::reply::Reply;
use crate::proto::smtp::{ClientConfig, Dialect, TlsUse};
use crate::proto::tls::{self, Channel, Progress, Role};

impl Client {
    pub(super) fn greeted(&mut self, now: SimTime, reply: Reply) {
        match self.config.dialect {
            _ if !reply.is_positive() => self.refused(now, reply),
            Dialect::Lecture => self.helo(now),
            Dialect::Rfc5321 => self.ehlo(now),
        }
    }

    fn ehlo(&mut self, now: SimTime) {
        let line = format!("EHLO {}", self.config.name);
        self.ask(now, Step::Ehlo, &line);
    }

    fn helo(&mut self, now: SimTime) {
        let line = format!("HELO {}", self.config.name);
        self.ask(now, Step::Helo, &line);
    }

    pub(super) fn ehlo_answered(&mut self, now: SimTime, reply: Reply) {
        if reply.is_positive() {
            self.offers = Offers::read(&reply);
            return self.secure(now);
        }
        // RFC 5321 3.2: for a server that does not know EHLO, clients "SHOULD be able to [...]
        // send HELO". After STARTTLS it has known it before.
        if matches!(reply.code, 500 | 502) && self.channel.is_none() {
            self.helo(now);
        } else {
            self.refused(now, reply);
        }
    }

    pub(super) fn helo_answered(&mut self, now: SimTime, reply: Reply) {
        if reply.is_positive() { self.secure(now) } else { self.refused(now, reply) }
    }

    /// Begins TLS if that is wanted and can be had.
    fn secure(&mut self, now: SimTime) {
        if self.channel.is_some() || self.config.tls.version().is_none() {
            return self.log_in(now);
        }
        if self.offers.starttls {
            self.ask(now, Step::StartTls, "STARTTLS");
        } else {
            self.unsecured(now, Trouble::Unsecured("STARTTLS is not offered".to_owned()));
        }
    }

    /// TLS cannot be had: goes on without it, or not at all.
    fn unsecured(&mut self, now: SimTime, why: Trouble) {
        match self.config.tls {
            TlsUse::Never | TlsUse::WhenOffered(_) => self.log_in(now),
            TlsUse::Required(_) => self.give_up(now, why),
        }
    }

    pub(super) fn starttls_answered(&mut self, now: SimTime, reply: Reply) {
        let Some(version) = self.config.tls.version().filter(|_| reply.is_positive()) else {
            return self.unsecured(now, Trouble::Unsecured(format!("STARTTLS was refused: {reply}")));
        };
        let channel = Channel::new(Role::Client, tls::Model { version, ..tls::Model::default() });
        self.output.push_back(Output::Transmit(channel.hello()));
        self.channel = Some(channel);
        self.awaiting.push_back(Step::Handshake);
        self.arm(now);
        // Nothing may stand behind the 220: whatever does is read as TLS, and is none.
        let behind = self.input.rest().to_vec();
        self.input.clear();
        self.sealed_input(now, &behind);
    }

    /// Octets came while TLS protects them, or is about to.
    pub(super) fn sealed_input(&mut self, now: SimTime, octets: &[u8]) {
        let mut plain = Vec::new();
        let mut octets = octets;
        loop {
            let Some(channel) = &mut self.channel else { return };
            match channel.receive(octets, &mut plain) {
                Err(why) => {
                    self.output.extend(why.alert().map(Output::Transmit));
                    return self.fail(Trouble::Protocol(why.to_string()));
                }
                Ok(Progress::Answer) => {
                    let flight = channel.answer();
                    self.output.push_back(Output::Transmit(flight));
                    octets = &[];
                }
                Ok(Progress::Waiting) => return,
                Ok(Progress::Open) => break,
            }
            if self.channel.as_ref().is_some_and(Channel::is_open) {
                self.handshaken(now);
            }
        }
        self.handshaken(now);
        self.input.push(&plain);
        self.read(now);
    }

    /// RFC 3207 section 4.2: after the handshake "the client MUST discard any knowledge obtained
    /// from the server", and should begin with EHLO.
    fn handshaken(&mut self, now: SimTime) {
        if self.awaiting.front() == Some(&Step::Handshake) {
            self.awaiting.pop_front();
            self.offers = Offers::default();
            self.ehlo(now);
        }
    }

    fn log_in(&mut self, now: SimTime) {
        let Some((mechanism, credentials)) = &self.config.login else { return self.introduced() };
        if !self.offers.auth.contains(mechanism) {
            return self.introduced();
        }
        let line = match mechanism {
            Mechanism::Plain => {
                let line = format!("AUTH PLAIN {}", plain(credentials));
                // RFC 4954 section 4: a response that makes the line too long is sent later.
                if line.len() + 2 > MAX_COMMAND_LINE { "AUTH PLAIN".to_owned() } else { line }
            }
            Mechanism::Login => "AUTH LOGIN".to_owned(),
        };
        self.challenges = 0;
        self.ask(now, Step::Login, &line);
    }

    pub(super) fn login_answered(&mut self, now: SimTime, reply: Reply) {
        if reply.is_positive() {
            return self.introduced();
        }
        let ClientConfig { login: Some((mechanism, credentials)), .. } = &self.config else { return };
        let response = match (mechanism, self.challenges) {
            _ if !reply.is_intermediate() => return self.refused(now, reply),
            (Mechanism::Plain, 0) => plain(credentials),
            (Mechanism::Login, 0) => STANDARD.encode(&credentials.user),
            (Mechanism::Login, 1) => STANDARD.encode(&credentials.password),
            (Mechanism::Plain | Mechanism::Login, _) => {
                return self.fail(Trouble::Protocol("too many challenges".to_owned()));
            }
        };
        self.challenges += 1;
        self.ask(now, Step::Login, &response);
    }

    fn introduced(&mut self) {
        self.state = State::Idle { reset_first: false };
        self.deadline = SimTime::NEVER;
        self.output.push_back(Output::Event(ClientEvent::Ready));
    }

    /// The server does not want this session.
    fn refused(&mut self, now: SimTime, reply: Reply) {
        self.give_up(now, Trouble::Refused(reply));
    }

    fn give_up(&mut self, now: SimTime, why: Trouble) {
        // RFC 5321 4.1.1.10: "The sender MUST NOT intentionally close the transmission channel
        // until it sends a QUIT command".
        self.ask(now, Step::Quit, "QUIT");
        self.fail(why);
    }
}

/// The response of PLAIN (RFC 4616 section 2).
fn plain(Credentials { authorization, user, password }: &Credentials) -> String {
    STANDARD.encode(format!("{authorization}\0{user}\0{password}"))
}
