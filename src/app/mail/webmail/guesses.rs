//! A limit on guessing passwords in forms, where no connection ends by it as those of POP3, IMAP and SMTP do.
//!
//! Wrong ones are counted by the client's address; whoever has tried too often waits, whatever password comes next.
//! Users behind one address share the limit. Left out: locks on accounts, by which anybody could lock others out.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::base::{SimDuration, SimTime};

/// So many wrong passwords may come from an address in such a time.
const MOST: usize = 10;
const WINDOW: SimDuration = SimDuration::from_secs(60);
/// Addresses that are remembered before those are forgotten who waited.
const TIDY_AT: usize = 1_000;

/// Wrong passwords of late, in memory only.
#[derive(Clone, Debug, Default)]
pub(super) struct Guesses(BTreeMap<IpAddr, VecDeque<SimTime>>);

impl Guesses {
    /// How long a client has to wait before it is listened to; none: it need not.
    pub(super) fn wait(&self, client: IpAddr, now: SimTime) -> Option<SimDuration> {
        let tries = self.0.get(&client)?;
        let free = tries.get(tries.len().checked_sub(MOST)?)?.saturating_add(WINDOW);
        (free > now).then(|| free.since(now))
    }

    /// A client gave a wrong password.
    pub(super) fn failed(&mut self, client: IpAddr, now: SimTime) {
        if self.0.len() >= TIDY_AT {
            self.0.retain(|_, tries| tries.back().is_some_and(|last| last.saturating_add(WINDOW) > now));
        }
        let tries = self.0.entry(client).or_default();
        tries.push_back(now);
        if tries.len() > MOST {
            tries.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
