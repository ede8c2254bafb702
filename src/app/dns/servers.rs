//! What a resolver remembers of the servers it asked: how fast they are, and whether they
//! have been silent. The smoothing is that of RFC 6298, which it borrows from TCP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::base::{SimDuration, SimTime};
use crate::proto::dns::Name;

/// Silence is forgotten after this time, so that a mended server gets another chance.
const MEMORY: SimDuration = SimDuration::from_secs(900);

/// The longest wait for one response.
const LONGEST: SimDuration = SimDuration::from_secs(60);

#[derive(Clone, Copy, Debug)]
struct Seen {
    smoothed: Option<(SimDuration, SimDuration)>,
    silent: u32,
    /// Whether it takes OPT records (RFC 6891), if that was seen.
    edns: Option<bool>,
    until: SimTime,
}

/// The notes of one resolver.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerNotes {
    seen: BTreeMap<IpAddr, Seen>,
    /// Servers that were of no use for a zone, and until when they are asked for it last.
    lame: BTreeMap<(IpAddr, Name), SimTime>,
    /// Zones whose servers the zone above told a short time ago, and until when that counts.
    told: BTreeMap<Name, SimTime>,
}

/// As many notes of a kind are kept on zones.
const ZONE_LIMIT: usize = 4096;

/// Less is better: silence, then whether it is known at all, then the smoothed RTT.
pub(super) type Preference = (u32, bool, SimDuration);

impl ServerNotes {
    fn get(&self, server: IpAddr, now: SimTime) -> Option<&Seen> {
        self.seen.get(&server).filter(|seen| now < seen.until)
    }

    /// How much it is to be preferred. A server never asked stands behind the known good.
    pub(super) fn preference(&self, server: IpAddr, now: SimTime) -> Preference {
        match self.get(server, now) {
            Some(Seen { smoothed: Some((srtt, _)), silent, .. }) => (*silent, false, *srtt),
            Some(Seen { smoothed: None, silent, .. }) => (*silent, true, SimDuration::ZERO),
            None => (0, true, SimDuration::ZERO),
        }
    }

    /// How long to wait for its response the `tries`-th time (from 0) in a lookup.
    pub(super) fn timeout(&self, server: IpAddr, first: SimDuration, tries: u32, now: SimTime) -> SimDuration {
        let measured = match self.get(server, now).and_then(|seen| seen.smoothed) {
            // RFC 6298 2.3: RTO <- SRTT + K * RTTVAR, K = 4
            Some((srtt, rttvar)) => srtt.saturating_add(rttvar.saturating_mul(4)).max(first),
            None => first,
        };
        measured.saturating_mul(1 << tries.min(16)).min(LONGEST)
    }

    /// It answered after `rtt`.
    pub(super) fn answered(&mut self, server: IpAddr, rtt: SimDuration, now: SimTime) {
        let smoothed = match self.get(server, now).and_then(|seen| seen.smoothed) {
            None => (rtt, rtt.div(2)),
            Some((srtt, rttvar)) => {
                let apart = srtt.saturating_sub(rtt).max(rtt.saturating_sub(srtt));
                // RFC 6298 2.3: beta = 1/4, alpha = 1/8
                (
                    srtt.saturating_mul(7).saturating_add(rtt).div(8),
                    rttvar.saturating_mul(3).saturating_add(apart).div(4),
                )
            }
        };
        let until = now.saturating_add(MEMORY);
        let edns = self.get(server, now).and_then(|seen| seen.edns);
        self.seen.insert(server, Seen { smoothed: Some(smoothed), silent: 0, edns, until });
    }

    /// It did not answer in time.
    pub(super) fn timed_out(&mut self, server: IpAddr, now: SimTime) {
        let (smoothed, silent) = self.get(server, now).map_or((None, 0), |seen| (seen.smoothed, seen.silent));
        let edns = self.get(server, now).and_then(|seen| seen.edns);
        let until = now.saturating_add(MEMORY);
        self.seen.insert(server, Seen { smoothed, silent: silent.saturating_add(1), edns, until });
    }

    /// Whether it takes OPT records, if that was seen.
    pub(super) fn speaks_edns(&self, server: IpAddr, now: SimTime) -> Option<bool> {
        self.get(server, now)?.edns
    }

    /// It takes OPT records, or chokes on them.
    pub(super) fn note_edns(&mut self, server: IpAddr, speaks: bool, now: SimTime) {
        let until = now.saturating_add(MEMORY);
        let blank = Seen { smoothed: None, silent: 0, edns: None, until };
        self.seen.entry(server).or_insert(blank).edns = Some(speaks);
    }

    /// It was of no use for a zone: from now on the zone's other servers are asked before it.
    pub(super) fn lame(&mut self, server: IpAddr, zone: &Name, now: SimTime) {
        note(&mut self.lame, (server, zone.clone()), now);
    }

    /// The zone above told of a zone's servers.
    pub(super) fn told(&mut self, zone: &Name, now: SimTime) {
        note(&mut self.told, zone.clone(), now);
    }

    /// Whether the zone above may be asked for a zone's servers although they are remembered.
    /// RFC 9520 3.3: that is done no more often than the zone's servers themselves are tried.
    pub(super) fn may_ask_above(&self, zone: &Name, now: SimTime) -> bool {
        self.told.get(zone).is_none_or(|until| *until <= now)
    }

    pub(super) fn is_lame(&self, server: IpAddr, zone: &Name, now: SimTime) -> bool {
        let known = || self.lame.get(&(server, zone.clone()));
        !self.lame.is_empty() && known().is_some_and(|until| now < *until)
    }

    pub(super) fn clear(&mut self) {
        self.seen.clear();
        self.lame.clear();
        self.told.clear();
    }
}

fn note<K: Ord>(notes: &mut BTreeMap<K, SimTime>, key: K, now: SimTime) {
    if notes.len() >= ZONE_LIMIT {
        notes.retain(|_, until| now < *until);
    }
    if notes.len() < ZONE_LIMIT {
        notes.insert(key, now.saturating_add(MEMORY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_more_than_speed_and_is_forgotten() {
        let [a, b, c] = [1, 2, 3].map(|n| IpAddr::from([10, 0, 0, n]));
        let ms = SimDuration::from_millis;
        let now = SimTime::ZERO;
        let mut notes = ServerNotes::default();
        notes.answered(a, ms(500), now);
        notes.answered(b, ms(20), now);
        assert!(notes.preference(b, now) < notes.preference(a, now));
        assert!(notes.preference(a, now) < notes.preference(c, now), "the known stand before the unknown");
        notes.timed_out(b, now);
        assert!(notes.preference(c, now) < notes.preference(b, now));
        assert_eq!(notes.preference(b, now + MEMORY), notes.preference(c, now));
        assert_eq!(notes.timeout(b, ms(400), 0, now), ms(400));
        assert_eq!(notes.timeout(b, ms(400), 2, now), ms(1600));
        assert_eq!(notes.timeout(a, ms(400), 0, now), ms(1500), "500 + 4 * 250");
    }
}
