//! Clients on a host that look up names at random times: who asks next, and for what.
//!
//! Each client is a renewal process of its own: gaps of one distribution between its
//! look-ups, whatever becomes of them, and names chosen by Zipf's law. All clients of a crowd
//! are alike, and each draws from streams of its own, so that more clients change nothing for
//! those there were. Whoever is due while the host is down asks nothing then and goes on
//! afterwards. Left out: sessions, in which one name leads to others, and days with their hours.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::host::Host;
use crate::base::trace::CacheLevel;
use crate::base::{Dist, SimDuration, SimTime, Stream, Zipf};
use crate::proto::dns::{Name, Question, Rtype};

use super::local::{LocalCache, OwnCache};

/// Clients that are alike.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// The beginning of all that they do.
    pub at: SimTime,
    /// Nothing later than this.
    pub until: SimTime,
    /// How many they are.
    pub clients: u32,
    /// Look-ups of each client; none for no limit.
    pub times: Option<u64>,
    /// The time between two look-ups of a client, and before its first.
    pub gap: Dist,
    /// Whether the first look-up comes at once, but for an own part of that time.
    pub spread: Option<SimDuration>,
    /// The names, most popular first; at least one.
    pub names: Arc<[String]>,
    /// Which of them.
    pub choice: Zipf,
    /// The type.
    pub rtype: Rtype,
    /// Whether each client has a cache of its own.
    pub cache: bool,
    /// Whether they call the Web server at the address that they learn.
    pub visit: bool,
}

/// A crowd at work.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) crowd: Crowd,
    clients: Vec<Client>,
    due: BTreeSet<(SimTime, usize)>,
}

#[derive(Clone, Debug)]
struct Client {
    gaps: Stream,
    choices: Stream,
    left: u64,
    cache: Option<LocalCache>,
}

impl Process {
    pub(super) fn new(crowd: Crowd) -> Self {
        Self { crowd, clients: Vec::new(), due: BTreeSet::new() }
    }

    /// The host is up. The processes begin with the run: a failure of the host does not draw
    /// anew.
    pub(super) fn boot<H: Host>(&mut self, host: &H, number: usize) {
        if !self.clients.is_empty() {
            return self.pass(host.now());
        }
        let Crowd { at, clients, gap, spread, times, cache, .. } = self.crowd;
        for client in (0..clients).map(|client| client as usize) {
            let mut gaps = host.stream(&format!("lookups/{number}/{client}/gaps"));
            let first = match spread {
                None => gap.sample(&mut gaps),
                Some(SimDuration::ZERO) => SimDuration::ZERO,
                Some(spread) => SimDuration::from_nanos(gaps.below(spread.as_nanos())),
            };
            let choices = host.stream(&format!("lookups/{number}/{client}/names"));
            let cache = cache.then(|| LocalCache::new(CacheLevel::Application));
            self.clients.push(Client { gaps, choices, left: times.unwrap_or(u64::MAX), cache });
            self.plan(client, at.saturating_add(first));
        }
    }

    pub(super) fn crash(&mut self) {
        self.clients.iter_mut().filter_map(|client| client.cache.as_mut()).for_each(LocalCache::clear);
    }

    pub(super) fn deadline(&self) -> SimTime {
        self.due.first().map_or(SimTime::NEVER, |(at, _)| *at)
    }

    fn plan(&mut self, client: usize, at: SimTime) {
        if at <= self.crowd.until && self.clients[client].left > 0 {
            self.due.insert((at, client));
        }
    }

    /// The next client that is due, which is planned anew, and the place of the name that it
    /// looks up.
    pub(super) fn take(&mut self, now: SimTime) -> Option<(usize, usize)> {
        let (at, client) = self.due.first().copied().filter(|(at, _)| *at <= now)?;
        self.due.pop_first();
        let one = &mut self.clients[client];
        one.left -= 1;
        let name = self.crowd.choice.sample(&mut one.choices);
        let gap = self.crowd.gap.sample(&mut one.gaps);
        self.plan(client, at.saturating_add(gap));
        Some((client, name))
    }

    /// Leaves out what was due before now.
    fn pass(&mut self, now: SimTime) {
        while self.deadline() < now && self.take(now).is_some() {}
    }

    /// The question for the name at that place, for the client's own cache if it has one.
    pub(super) fn question(&self, name: usize) -> Option<Question> {
        if !self.crowd.cache {
            return None;
        }
        let name = Name::parse(self.crowd.names.get(name)?).ok()?;
        Some(Question { name, rtype: self.crowd.rtype })
    }

    /// The clients' own caches.
    pub(super) fn caches(&self) -> impl Iterator<Item = OwnCache<'_>> {
        let numbered = self.clients.iter().enumerate();
        numbered.filter_map(|(number, client)| Some(client.cache.as_ref()?.shown(Some(number + 1))))
    }

    pub(super) fn cache(&mut self, client: usize) -> Option<&mut LocalCache> {
        self.clients.get_mut(client)?.cache.as_mut()
    }
}
