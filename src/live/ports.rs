//! Which service of the scenario is reached at which loopback port.
//!
//! Each service has a first port (SMTP 2525, submission 2587, POP3 2110, IMAP 2143, HTTP 2080,
//! DNS 2053); the next host with that service has the one 10000 higher, and so on as long as
//! there are ports. Whoever comes after that gets a free one from the system.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Serialize;

use crate::base::Endpoint;
use crate::base::trace::Protocol;

/// From one host's port to the next host's.
const STEP: u32 = 10_000;

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Mail from other servers: TCP port 25.
    Smtp,
    /// Mail from users: TCP port 587.
    Submission,
    /// Mailboxes: TCP port 110.
    Pop3,
    /// Mailboxes: TCP port 143.
    Imap,
    /// Web pages: TCP port 80.
    Http,
    /// Names: UDP and TCP port 53.
    Dns,
}

impl Service {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 6] = [Self::Smtp, Self::Submission, Self::Pop3, Self::Imap, Self::Http, Self::Dns];

    /// The name in tables and options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Submission => "submission",
            Self::Pop3 => "pop3",
            Self::Imap => "imap",
            Self::Http => "http",
            Self::Dns => "dns",
        }
    }

    /// The port in the simulation.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Submission => 587,
            Self::Pop3 => 110,
            Self::Imap => 143,
            Self::Http => 80,
            Self::Dns => 53,
        }
    }

    /// The real port of the first host that has it.
    #[must_use]
    pub const fn first_port(self) -> u16 {
        match self {
            Self::Smtp => 2525,
            Self::Submission => 2587,
            Self::Pop3 => 2110,
            Self::Imap => 2143,
            Self::Http => 2080,
            Self::Dns => 2053,
        }
    }

    /// The protocol under which the trace has what is said.
    #[must_use]
    pub const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Smtp | Self::Submission => Some(Protocol::Smtp),
            Self::Pop3 => Some(Protocol::Pop3),
            Self::Imap => Some(Protocol::Imap),
            Self::Http => Some(Protocol::Http),
            Self::Dns => None,
        }
    }

    /// How it is reached.
    #[must_use]
    pub const fn transports(self) -> &'static [Transport] {
        match self {
            Self::Dns => &[Transport::Udp, Transport::Tcp],
            Self::Smtp | Self::Submission | Self::Pop3 | Self::Imap | Self::Http => &[Transport::Tcp],
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a service is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A service that is to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What.
    pub service: Service,
    /// The name of the simulated host.
    pub server: String,
    /// The service in the simulation.
    pub to: Endpoint,
    /// Where it is to be reached; port 0: wherever there is a free port.
    pub at: SocketAddr,
}

/// A service that is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// What.
    pub service: Service,
    /// The name of the simulated host.
    pub server: String,
    /// The address in the simulation.
    pub address: IpAddr,
    /// The port in the simulation.
    pub port: u16,
    /// Where it is reached.
    pub at: SocketAddr,
    /// How it is reached.
    pub transports: &'static [Transport],
}

/// The ports of the numbering for one service, first to last.
pub fn numbering(service: Service) -> impl Iterator<Item = SocketAddr> {
    let ports = (0..).map(move |place: u32| u32::from(service.first_port()) + place * STEP);
    let ports = ports.take_while(|port| *port <= u32::from(u16::MAX)).filter_map(|port| u16::try_from(port).ok());
    ports.chain(std::iter::repeat(0)).map(|port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))
}

/// An option `SERVER=ADDRESS:PORT`, `SERVER=PORT`, or just the latter for the first server.
///
/// # Errors
/// It cannot be understood, or the address is not a loopback address.
pub fn parse_override(text: &str) -> Result<(Option<String>, SocketAddr), String> {
    let (server, place) = match text.split_once('=') {
        Some((server, place)) => (Some(server.trim_end_matches('.').to_ascii_lowercase()), place),
        None => (None, text),
    };
    let at = match place.parse::<u16>() {
        Ok(port) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
        Err(_) => place
            .parse()
            .map_err(|_| format!("`{place}` is neither a port nor ADDRESS:PORT, such as 127.0.0.1:2525"))?,
    };
    if !at.ip().is_loopback() {
        return Err(format!("{} is not a loopback address; real clients are let in from this computer only", at.ip()));
    }
    Ok((server, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_up_by_ten_thousand_and_end_in_free_ports() {
        let ports: Vec<u16> = numbering(Service::Smtp).take(8).map(|at| at.port()).collect();
        assert_eq!(ports, [2525, 12525, 22525, 32525, 42525, 52525, 62525, 0]);
    }

    #[test]
    fn overrides_name_a_server_or_none_and_stay_on_this_computer() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(
            parse_override("Hamburger.edu.=127.0.0.1:25"),
            Ok((Some("hamburger.edu".into()), at("127.0.0.1:25")))
        );
        assert_eq!(parse_override("0"), Ok((None, at("127.0.0.1:0"))));
        assert_eq!(parse_override("a=[::1]:53"), Ok((Some("a".into()), at("[::1]:53"))));
        for wrong in ["", "a=", "65536", "127.0.0.1", "0.0.0.0:25", "192.0.2.1:25", "[::]:25", "x=localhost:25"] {
            assert!(parse_override(wrong).is_err(), "{wrong}");
        }
    }
}
