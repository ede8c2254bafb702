//! Who asked what: real clients' UDP addresses and the simulated ports that stand for them.
//!
//! A client's address keeps its port as long as it asks; the one that has been silent longest gives
//! its port back when there are too many, or after a quarter of a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// More clients than that at a time take each other's places.
const MOST: usize = 4096;

/// A silent client is forgotten after this.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15);

/// A client: the number of the listener that it asked, and its address.
pub(super) type Asker = (usize, SocketAddr);

/// The clients that ask by datagrams.
#[derive(Debug, Default)]
pub(super) struct Askers {
    by_client: BTreeMap<Asker, (u16, Duration)>,
    by_port: BTreeMap<u16, Asker>,
    by_age: BTreeSet<(Duration, u16)>,
}

impl Askers {
    /// The port of a client that asks now; none when it has none yet.
    pub(super) fn asks(&mut self, client: Asker, wall: Duration) -> Option<u16> {
        let (port, last) = self.by_client.get_mut(&client)?;
        self.by_age.remove(&(*last, *port));
        self.by_age.insert((wall, *port));
        *last = wall;
        Some(*port)
    }

    /// A new client with its port.
    pub(super) fn insert(&mut self, client: Asker, port: u16, wall: Duration) {
        self.by_client.insert(client, (port, wall));
        self.by_port.insert(port, client);
        self.by_age.insert((wall, port));
    }

    /// Whose port it is.
    pub(super) fn client(&self, port: u16) -> Option<Asker> {
        self.by_port.get(&port).copied()
    }

    /// Takes out one who is to be forgotten now, and gives its port.
    pub(super) fn expire(&mut self, wall: Duration) -> Option<u16> {
        let (last, port) = *self.by_age.first()?;
        let old = wall.saturating_sub(last) > FORGOTTEN_AFTER;
        if !old && self.by_client.len() < MOST {
            return None;
        }
        self.by_age.remove(&(last, port));
        let client = self.by_port.remove(&port)?;
        self.by_client.remove(&client);
        Some(port)
    }

    /// Forgets all; gives their ports.
    pub(super) fn clear(&mut self) -> Vec<u16> {
        let ports = self.by_port.keys().copied().collect();
        *self = Self::default();
        ports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silent_are_forgotten_first() {
        let second = Duration::from_secs(1);
        let client = |port: u16| (0, SocketAddr::from(([127, 0, 0, 1], port)));
        let mut askers = Askers::default();
        askers.insert(client(1), 101, Duration::ZERO);
        askers.insert(client(2), 102, second);
        assert_eq!(askers.asks(client(1), second * 2), Some(101));
        assert_eq!(askers.asks(client(3), second * 2), None);
        assert_eq!(askers.expire(second * 16), None);
        assert_eq!(askers.expire(second * 17), Some(102));
        assert_eq!((askers.client(102), askers.client(101)), (None, Some(client(1))));
        for port in 0..5000 {
            if let Some(old) = askers.expire(second * 17) {
                assert_eq!(askers.client(old), None);
            }
            askers.insert(client(1000 + port), 1000 + port, second * 17);
        }
        assert!(askers.by_client.len() <= MOST && askers.by_client.len() == askers.by_age.len());
    }
}
