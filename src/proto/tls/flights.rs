//! The flights of a handshake: which records, and how long each is.
//!
//! Lengths are those of common software with AES-128-GCM, X25519 or P-256, and a certificate
//! with an RSA key of 2,048 bits. Only the certificates' length differs from server to server.

use super::{HEADER, MAX_FRAGMENT, Model, NoTls, Progress, Role, Version, pad};

/// Types of records (RFC 8446 section 5.1).
pub(super) const CHANGE_CIPHER: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION: u8 = 23;

/// RFC 8446 section 6: the level of all alerts that end a connection, and the one of them that says that
/// "the protocol version the peer has attempted to negotiate is recognized but not supported".
const FATAL: u8 = 2;
pub(super) const PROTOCOL_VERSION: u8 = 70;

/// A ClientHello is padded to this by common clients (RFC 7685), its header included.
const CLIENT_HELLO: usize = 512;
const SERVER_HELLO_13: usize = 122;
const SERVER_HELLO_12: usize = 93;
/// `EncryptedExtensions`, `CertificateVerify` and `Finished` of TLS 1.3.
const EXTENSIONS: usize = 10;
const VERIFY: usize = 264;
const FINISHED_13: usize = 36;
/// `ServerKeyExchange`, `ServerHelloDone`, `ClientKeyExchange`, `Finished` of TLS 1.2.
const SERVER_KEY: usize = 333;
const CLIENT_KEY: usize = 70;
const FINISHED_12: usize = 16;
/// What stands before the certificates in their message.
const BEFORE_CERTIFICATES: usize = 8;

/// The message at the end of the flight that an end waits for. The first octet in a record of
/// the model tells which message ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    ClientHello,
    /// `Finished` in TLS 1.3, `ServerHelloDone` in TLS 1.2.
    ServerFlightEnd,
    /// The client's `Finished`.
    ClientFinished,
    /// The server's `Finished`, in TLS 1.2 the last message.
    ServerFinished,
}

impl Message {
    /// The octet that marks the record.
    const fn mark(self) -> u8 {
        match self {
            Self::ClientHello => 1,
            Self::ServerFlightEnd => 14,
            Self::ClientFinished => 20,
            Self::ServerFinished => 21,
        }
    }
}

/// A record that does not end a flight.
const NO_MARK: u8 = 0;

pub(super) fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    [kind, 3, 3, length[0], length[1]]
}

fn put(out: &mut Vec<u8>, kind: u8, length: usize, mark: u8) {
    out.extend_from_slice(&header(kind, length));
    out.push(mark);
    out.extend((1..length).map(|at| pad(at as u64)));
}

/// Behind the mark of a ClientHello: the version that it names in `supported_versions` (RFC 8446
/// section 4.2.1), without a place of its own in the model.
const fn named(version: Version) -> [u8; 2] {
    match version {
        Version::Tls12 => [3, 3],
        Version::Tls13 => [3, 4],
    }
}

pub(super) fn client_hello(version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, HANDSHAKE, CLIENT_HELLO, Message::ClientHello.mark());
    out[HEADER + 1..HEADER + 3].copy_from_slice(&named(version));
    out
}

/// A record with an alert that ends the connection.
pub(super) fn alert(description: u8) -> Vec<u8> {
    [&header(ALERT, 2)[..], &[FATAL, description]].concat()
}

/// The next flight, and what is waited for behind it.
pub(super) fn answer(role: Role, model: Model, expected: Option<Message>) -> (Vec<u8>, Option<Message>) {
    let mut out = Vec::new();
    let version = model.version;
    let sealed = |length: usize| length + version.overhead() - HEADER;
    let (mark, next) = match (role, version, expected) {
        (Role::Server, Version::Tls13, Some(Message::ClientHello)) => {
            put(&mut out, HANDSHAKE, SERVER_HELLO_13, NO_MARK);
            put(&mut out, CHANGE_CIPHER, 1, NO_MARK);
            put(&mut out, APPLICATION, sealed(EXTENSIONS), NO_MARK);
            certificates(&mut out, APPLICATION, model.certificate, version.overhead() - HEADER);
            put(&mut out, APPLICATION, sealed(VERIFY), NO_MARK);
            put(&mut out, APPLICATION, sealed(FINISHED_13), Message::ServerFlightEnd.mark());
            return (out, Some(Message::ClientFinished));
        }
        (Role::Server, Version::Tls12, Some(Message::ClientHello)) => {
            put(&mut out, HANDSHAKE, SERVER_HELLO_12, NO_MARK);
            certificates(&mut out, HANDSHAKE, model.certificate, 0);
            put(&mut out, HANDSHAKE, SERVER_KEY, NO_MARK);
            put(&mut out, HANDSHAKE, 4, Message::ServerFlightEnd.mark());
            return (out, Some(Message::ClientFinished));
        }
        (Role::Client, Version::Tls13, _) => {
            put(&mut out, CHANGE_CIPHER, 1, NO_MARK);
            put(&mut out, APPLICATION, sealed(FINISHED_13), Message::ClientFinished.mark());
            return (out, None);
        }
        (Role::Client, Version::Tls12, _) => {
            put(&mut out, HANDSHAKE, CLIENT_KEY, NO_MARK);
            (Message::ClientFinished, Some(Message::ServerFinished))
        }
        (Role::Server, _, _) => (Message::ServerFinished, None),
    };
    put(&mut out, CHANGE_CIPHER, 1, NO_MARK);
    put(&mut out, HANDSHAKE, sealed(FINISHED_12), mark.mark());
    (out, next)
}

/// The message with the certificates, in as many records as it needs.
fn certificates(out: &mut Vec<u8>, kind: u8, certificates: usize, overhead: usize) {
    let mut left = certificates.saturating_add(BEFORE_CERTIFICATES);
    while left > 0 {
        let part = left.min(MAX_FRAGMENT);
        put(out, kind, part + overhead, NO_MARK);
        left -= part;
    }
}

/// A record came while a flight that ends with `expected` was awaited.
pub(super) fn take(version: Version, expected: Message, kind: u8, body: &[u8]) -> Result<Progress, NoTls> {
    let mark = body.first().copied().unwrap_or_default();
    if kind == CHANGE_CIPHER {
        return if mark == NO_MARK { Ok(Progress::Waiting) } else { Err(NoTls::Nonsense) };
    }
    if mark == NO_MARK && expected != Message::ClientHello {
        return Ok(Progress::Waiting);
    }
    if mark != expected.mark() {
        return Err(NoTls::Nonsense);
    }
    if expected == Message::ClientHello && body.get(1..3) != Some(&named(version)) {
        return Err(NoTls::Version);
    }
    Ok(match expected {
        Message::ClientHello | Message::ServerFlightEnd => Progress::Answer,
        Message::ClientFinished if kind == HANDSHAKE => Progress::Answer,
        Message::ClientFinished | Message::ServerFinished => Progress::Open,
    })
}
