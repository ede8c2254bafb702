//! STARTTLS in a server's session (RFC 3207), and what TLS does to its octets.

use super::{Mail, Server, ServerEvent, auth};
use crate::proto::session::Output;
use crate::proto::smtp::command::CommandError;
use crate::proto::smtp::reply::Reply;
use crate::proto::smtp::status::Status;
use crate::proto::tls::{Channel, Progress, Role};

/// How far a session is with TLS.
#[derive(Clone, Debug, Default)]
pub(super) enum Security {
    /// Octets are as they are.
    #[default]
    Plain,
    /// The client's hello is awaited.
    Begun(Channel),
    /// The application is asked to charge the handshake's cost.
    Computing(Channel),
    /// The rest of the handshake.
    Finishing(Channel),
    /// All goes through the channel.
    Open(Channel),
}

impl Security {
    fn channel(&mut self) -> Option<&mut Channel> {
        match self {
            Self::Plain => None,
            Self::Begun(channel) | Self::Computing(channel) | Self::Finishing(channel) | Self::Open(channel) => {
                Some(channel)
            }
        }
    }
}

impl Server {
    pub(super) fn starttls(&mut self) {
        let Some(model) = self.config.tls else { return self.wrong(CommandError::NotImplemented) };
        if !matches!(self.security, Security::Plain) {
            return self.mistake(503, Status::COMMAND, "TLS is in use already");
        }
        if !self.is_extended() {
            return self.out_of_sequence("EHLO");
        }
        self.reply(220, Status::OTHER, "Ready to start TLS");
        self.security = Security::Begun(Channel::new(Role::Server, model));
        // What stands behind the command came without protection: it is read as TLS, and is none.
        let behind = self.input.rest().to_vec();
        self.input.clear();
        self.sealed_input(&behind);
    }

    /// The processor has done the handshake's computations; only after [`ServerEvent::Handshake`],
    /// otherwise it does nothing.
    pub fn computed(&mut self) {
        let Security::Computing(channel) = &mut self.security else { return };
        let flight = channel.answer();
        self.output.push_back(Output::Transmit(flight));
        self.security = match std::mem::take(&mut self.security) {
            Security::Computing(channel) => Security::Finishing(channel),
            other @ (Security::Plain | Security::Begun(_) | Security::Finishing(_) | Security::Open(_)) => other,
        };
        self.sealed_input(&[]);
        self.proceed();
    }

    /// Octets came since STARTTLS.
    pub(super) fn sealed_input(&mut self, octets: &[u8]) {
        let mut plain = Vec::new();
        let mut octets = octets;
        loop {
            let Some(channel) = self.security.channel() else { return };
            match channel.receive(octets, &mut plain) {
                Err(why) => {
                    self.output.extend(why.alert().map(Output::Transmit));
                    return self.close();
                }
                Ok(Progress::Waiting) => return,
                Ok(Progress::Open) => break,
                Ok(Progress::Answer) => {}
            }
            octets = &[];
            self.security = match std::mem::take(&mut self.security) {
                Security::Begun(channel) => {
                    // The signature in the first answer is what costs time.
                    self.security = Security::Computing(channel);
                    return self.output.push_back(Output::Event(ServerEvent::Handshake));
                }
                Security::Finishing(mut channel) => {
                    self.output.push_back(Output::Transmit(channel.answer()));
                    Security::Finishing(channel)
                }
                other @ (Security::Plain | Security::Computing(_) | Security::Open(_)) => other,
            };
        }
        self.security = match std::mem::take(&mut self.security) {
            Security::Finishing(channel) => {
                // RFC 3207 section 4.2: "the SMTP protocol is reset to the initial state".
                (self.greeting, self.transaction, self.login) = (None, Mail::None, auth::Login::default());
                Security::Open(channel)
            }
            other @ (Security::Plain | Security::Begun(_) | Security::Computing(_) | Security::Open(_)) => other,
        };
        self.input.push(&plain);
    }

    /// Whether TLS protects the session.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        matches!(self.security, Security::Open(_))
    }

    /// Says something that is no answer of the session's own.
    pub fn say(&mut self, reply: &Reply) {
        self.transmit(&reply.to_bytes());
    }

    pub(super) fn transmit(&mut self, octets: &[u8]) {
        let octets = match &mut self.security {
            Security::Plain => octets.to_vec(),
            Security::Open(channel) => channel.seal(octets),
            // In the middle of a handshake nothing can be said.
            Security::Begun(_) | Security::Computing(_) | Security::Finishing(_) => return,
        };
        self.output.push_back(Output::Transmit(octets));
    }
}
