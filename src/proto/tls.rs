//! What TLS costs a conversation: round trips, octets and time, but no cryptography.
//!
//! Records have their real headers and lengths, and the handshake's flights their real sizes
//! and order (RFC 8446 section 2, RFC 5246 section 7.3); what a record protects is scrambled by
//! a fixed rule, so that a capture or a transcript shows opaque octets. That hides nothing
//! from who knows the rule, and nothing here can speak with a real TLS. A server that does not speak
//! the client's version says so by the alert `protocol_version` (RFC 8446 section 6.2). Left out:
//! other alerts, resumption, client certificates, key updates; a peer whose records make no sense is
//! told by closing.

mod flights;
#[cfg(test)]
mod tests;

use flights::Message;

use crate::base::SimDuration;

/// Octets of a record's header (RFC 8446 section 5.1).
const HEADER: usize = 5;
/// RFC 8446 section 5.1: a record protects at most 2^14 octets.
const MAX_FRAGMENT: usize = 1 << 14;
/// RFC 8446 section 5.2, RFC 5246 section 6.2.3: what protection may add.
const MAX_RECORD: usize = MAX_FRAGMENT + 2_048;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// RFC 5246: two round trips.
    Tls12,
    /// RFC 8446: one round trip.
    #[default]
    Tls13,
}

/// What a server's TLS costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// The version that both ends speak.
    pub version: Version,
    /// Octets of the server's chain of certificates.
    pub certificate: usize,
    /// What a handshake costs the server's processor.
    pub cpu: SimDuration,
}

impl Default for Model {
    /// TLS 1.3, a chain of two certificates, no time.
    fn default() -> Self {
        Self { version: Version::default(), certificate: 3_000, cpu: SimDuration::ZERO }
    }
}

impl Version {
    /// Octets that a record adds to what it protects: header, type and tag of an AEAD cipher
    /// (RFC 8446 section 5.2), or header, explicit nonce and tag (RFC 5288 section 3).
    #[must_use]
    pub const fn overhead(self) -> usize {
        match self {
            Self::Tls12 => HEADER + 8 + 16,
            Self::Tls13 => HEADER + 1 + 16,
        }
    }
}

/// Which end of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It begins.
    Client,
    /// It shows a certificate.
    Server,
}

/// Why there will be no TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTls {
    /// The peer's records make no sense.
    #[error("what came is no TLS")]
    Nonsense,
    /// The client's hello names another version.
    #[error("the client speaks another version of TLS")]
    Version,
    /// The peer sent an alert.
    #[error("the handshake was ended by the alert {0}")]
    Alert(u8),
}

impl NoTls {
    /// What the peer is to be sent before the connection is closed (RFC 8446 section 6.2), if
    /// anything: an alert that nothing protects yet.
    #[must_use]
    pub fn alert(self) -> Option<Vec<u8>> {
        match self {
            Self::Version => Some(flights::alert(flights::PROTOCOL_VERSION)),
            Self::Nonsense | Self::Alert(_) => None,
        }
    }
}

/// What follows from records that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More is wanted first.
    Waiting,
    /// A flight is to be sent by [`Channel::answer`], when its computation is done.
    Answer,
    /// The handshake is over, or was before.
    Open,
}

/// One end of a TLS connection.
#[derive(Clone, Debug)]
pub struct Channel {
    role: Role,
    model: Model,
    expected: Option<Message>,
    /// A flight is owed: what comes meanwhile is not looked at.
    owes: bool,
    input: Vec<u8>,
    sealed: u64,
}

impl Channel {
    /// An end that has sent nothing; a client's `model` says only which version.
    #[must_use]
    pub const fn new(role: Role, model: Model) -> Self {
        let expected = match role {
            Role::Client => Message::ServerFlightEnd,
            Role::Server => Message::ClientHello,
        };
        Self { role, model, expected: Some(expected), owes: false, input: Vec::new(), sealed: 0 }
    }

    /// Whether the handshake is over.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.expected.is_none()
    }

    /// The client's first flight.
    #[must_use]
    pub fn hello(&self) -> Vec<u8> {
        flights::client_hello(self.model.version)
    }

    /// The flight that [`Progress::Answer`] wanted.
    pub fn answer(&mut self) -> Vec<u8> {
        let (flight, next) = flights::answer(self.role, self.model, self.expected);
        (self.expected, self.owes) = (next, false);
        flight
    }

    /// Takes octets; what they protected is added to `plain`.
    ///
    /// # Errors
    /// They are no TLS, not what should come now, or an end of it. What [`NoTls::alert`] has is to be sent.
    pub fn receive(&mut self, octets: &[u8], plain: &mut Vec<u8>) -> Result<Progress, NoTls> {
        self.input.extend_from_slice(octets);
        let mut used = 0;
        let mut progress = Progress::Waiting;
        while !self.owes
            && let Some((kind, body)) = record(&self.input[used..])?
        {
            used += HEADER + body.len();
            progress = match (self.expected, kind) {
                (_, flights::ALERT) => return Err(NoTls::Alert(body.get(1).copied().unwrap_or_default())),
                (Some(expected), _) => flights::take(self.model.version, expected, kind, body)?,
                (None, flights::APPLICATION) => {
                    open(self.model.version, body, plain)?;
                    Progress::Open
                }
                // Tickets for another time.
                (None, flights::HANDSHAKE) => Progress::Open,
                (None, _) => return Err(NoTls::Nonsense),
            };
            match progress {
                Progress::Waiting => {}
                Progress::Answer => self.owes = true,
                Progress::Open => self.expected = None,
            }
        }
        self.input.drain(..used);
        Ok(if self.is_open() { Progress::Open } else { progress })
    }

    /// The records that protect these octets.
    pub fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() + self.model.version.overhead());
        for fragment in plain.chunks(MAX_FRAGMENT) {
            seal(self.model.version, fragment, self.sealed, &mut out);
            self.sealed += 1;
        }
        out
    }
}

/// The first record in these octets, if it is whole: its type, and what is behind its header.
fn record(octets: &[u8]) -> Result<Option<(u8, &[u8])>, NoTls> {
    let known = [flights::CHANGE_CIPHER, flights::ALERT, flights::HANDSHAKE, flights::APPLICATION];
    if octets.first().is_some_and(|kind| !known.contains(kind)) || octets.get(1).is_some_and(|major| *major != 3) {
        return Err(NoTls::Nonsense);
    }
    let Some((header, rest)) = octets.split_at_checked(HEADER) else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    if length == 0 || length > MAX_RECORD {
        return Err(NoTls::Nonsense);
    }
    Ok(rest.get(..length).map(|body| (header[0], body)))
}

/// Records in octets that one end sent, if they are that and nothing else: each one's type and
/// length with its header.
#[must_use]
pub fn records(mut octets: &[u8]) -> Option<Vec<(u8, usize)>> {
    let mut found = Vec::new();
    while !octets.is_empty() {
        let (kind, body) = record(octets).ok()??;
        found.push((kind, HEADER + body.len()));
        octets = &octets[HEADER + body.len()..];
    }
    (!found.is_empty()).then_some(found)
}

fn seal(version: Version, fragment: &[u8], number: u64, out: &mut Vec<u8>) {
    let length = fragment.len() + version.overhead() - HEADER;
    out.extend_from_slice(&flights::header(flights::APPLICATION, length));
    let before = match version {
        Version::Tls12 => 8,
        Version::Tls13 => 0,
    };
    out.extend_from_slice(&number.to_be_bytes()[..before]);
    out.extend(fragment.iter().zip(0_u64..).map(|(octet, at)| octet ^ pad(at)));
    out.extend((0..length - before - fragment.len()).map(|at| pad(number.wrapping_add(at as u64))));
}

fn open(version: Version, body: &[u8], plain: &mut Vec<u8>) -> Result<(), NoTls> {
    let (before, after) = match version {
        Version::Tls12 => (8, 16),
        Version::Tls13 => (0, 17),
    };
    let inner = body.len().checked_sub(after).and_then(|end| body.get(before..end)).ok_or(NoTls::Nonsense)?;
    plain.extend(inner.iter().zip(0_u64..).map(|(octet, at)| octet ^ pad(at)));
    Ok(())
}

/// The octet at a place of the pattern that stands for a cipher's (by the finalizer of splitmix64).
fn pad(at: u64) -> u8 {
    let mut word = (at / 8).wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (word ^ (word >> 31)).to_be_bytes()[(at % 8) as usize]
}
