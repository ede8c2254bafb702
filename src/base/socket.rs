//! The words of the socket API: what applications and the network say to each other.

use std::fmt;
use std::net::IpAddr;

use super::address::Family;

/// A transport endpoint: an address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Endpoint {
    /// IP address.
    pub addr: IpAddr,
    /// TCP or UDP port.
    pub port: u16,
}

impl Endpoint {
    /// The endpoint `addr:port`.
    #[must_use]
    pub const fn new(addr: IpAddr, port: u16) -> Self {
        Self { addr, port }
    }

    /// The family of its address.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::of(self.addr)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            IpAddr::V4(addr) => write!(f, "{addr}:{}", self.port),
            IpAddr::V6(addr) => write!(f, "[{addr}]:{}", self.port),
        }
    }
}

/// One end of a TCP connection, as its application holds it. Never reused: a handle whose
/// connection has gone refers to nothing, and calls on it do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// Which end of a connection: the one that opened it, or the one that listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The active opener.
    Client,
    /// The passive opener.
    Server,
}

/// Why a connection is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Both directions were closed in order.
    Finished,
    /// The peer answered the SYN with a reset: nobody listens on that port.
    Refused,
    /// The peer reset the connection.
    Reset,
    /// Repeated retransmissions stayed unanswered (RFC 9293 3.8.3).
    TimedOut,
    /// This end aborted the connection.
    Aborted,
    /// No route leads to the address, or no host has it.
    Unreachable,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::Refused => "connection refused",
            Self::Reset => "connection reset",
            Self::TimedOut => "connection timed out",
            Self::Aborted => "connection aborted",
            Self::Unreachable => "no route to host",
        })
    }
}
