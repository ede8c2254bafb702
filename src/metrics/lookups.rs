//! Look-ups as programs see them: how long they took, and whether the answer still held.
//!
//! An answer is stale when the zone's authority had replaced it before the program got it,
//! whatever cache it came from. The trace tells each change of a zone and sums each answer up in
//! a number, so nothing else need be known. Left out: aliases in the middle of a chain, and names
//! that a wildcard stands for.

use rustc_hash::FxHashMap;

use super::names::{NameId, Names};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{DnsAnswerKind, DnsTrace, HostTrace};

/// CNAME's number (RFC 1035 3.2.2).
const CNAME: u16 = 5;

/// The changes of one RRset: since when it is what.
type History = Vec<(SimTime, u64)>;

/// All look-ups of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookups {
    took: Vec<SimDuration>,
    failed: u64,
    nxdomain: u64,
    nodata: u64,
    stale: u64,
    stalest: SimDuration,
    zones: FxHashMap<(NameId, u16), History>,
    visits: Vec<SimDuration>,
    visits_failed: u64,
}

/// What they amounted to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LookupFigures {
    /// How long each took, ascending; failures too.
    pub(super) took: Vec<SimDuration>,
    pub(super) failed: u64,
    /// Those that ended with the word that the name does not exist, or has no such records.
    pub(super) nxdomain: u64,
    pub(super) nodata: u64,
    pub(super) stale: u64,
    /// How long the stalest answer had been replaced.
    pub(super) stalest: SimDuration,
    /// From the question to the established connection, ascending.
    pub(super) visits: Vec<SimDuration>,
    pub(super) visits_failed: u64,
}

impl Lookups {
    pub(super) fn observe(&mut self, names: &mut Names, at: SimTime, event: &DnsTrace<'_>) {
        match *event {
            DnsTrace::LookedUp { name, rtype, since, kind, alias, owner, digest, cache: _ } => {
                self.took.push(at.since(since));
                self.nxdomain += u64::from(kind == DnsAnswerKind::NxDomain);
                self.nodata += u64::from(kind == DnsAnswerKind::NoData);
                if kind == DnsAnswerKind::Failure {
                    self.failed += 1;
                } else if !self.zones.is_empty() {
                    let checked = [(name, CNAME, alias), (owner, rtype, digest)];
                    let replaced = checked.iter().filter_map(|set| self.replaced(names, *set)).min();
                    if let Some(replaced) = replaced {
                        self.stale += 1;
                        self.stalest = self.stalest.max(at.since(replaced));
                    }
                }
            }
            DnsTrace::Changed { name, rtype, digest, .. } => self.changed(names, at, (name, rtype, digest)),
            DnsTrace::Asked { .. }
            | DnsTrace::Copied { .. }
            | DnsTrace::Expired { .. }
            | DnsTrace::Answered { .. }
            | DnsTrace::TimedOut { .. }
            | DnsTrace::Unreachable { .. }
            | DnsTrace::Received { .. }
            | DnsTrace::Cache { .. }
            | DnsTrace::Replied { .. }
            | DnsTrace::LocalCache { .. } => {}
        }
    }

    /// When an RRset with that digest was replaced, if it was.
    fn replaced(&self, names: &Names, (name, rtype, digest): (&str, u16, u64)) -> Option<SimTime> {
        let history = self.zones.get(&(names.find(name)?, rtype))?;
        if history.last()?.1 == digest {
            return None;
        }
        // what no change brought was there before the first
        let brought = history.iter().rposition(|(_, other)| *other == digest);
        history.get(brought.map_or(0, |place| place + 1)).map(|(at, _)| *at)
    }

    /// An authority has changed an RRset.
    fn changed(&mut self, names: &mut Names, at: SimTime, (name, rtype, digest): (&str, u16, u64)) {
        let history = self.zones.entry((names.id(name), rtype)).or_default();
        // two primary servers of a zone tell the same
        if history.last().is_none_or(|(_, last)| *last != digest) {
            history.push((at, digest));
        }
    }

    pub(super) fn observe_host(&mut self, event: &HostTrace) {
        match *event {
            HostTrace::Visited { lookup, connect: Some(connect), reached: true } => self.visits.push(lookup + connect),
            HostTrace::Visited { .. } => self.visits_failed += 1,
            HostTrace::Served { .. } | HostTrace::TurnedAway { .. } => {}
        }
    }

    pub(super) fn finish(self) -> LookupFigures {
        let Self { mut took, failed, nxdomain, nodata, stale, stalest, zones: _, mut visits, visits_failed } = self;
        took.sort_unstable();
        visits.sort_unstable();
        LookupFigures { took, failed, nxdomain, nodata, stale, stalest, visits, visits_failed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails when an answer counts as stale that the zone gives again, or when its age is
    /// counted from another change than the one that replaced it.
    #[test]
    fn an_answer_is_stale_from_its_replacement_on() {
        let (mut lookups, mut names) = (Lookups::default(), Names::default());
        let at = |s: u64| SimTime::ZERO + SimDuration::from_secs(s);
        lookups.changed(&mut names, at(10), ("www.example", 1, 22));
        lookups.changed(&mut names, at(20), ("www.example", 1, 33));
        for (digest, replaced) in [(11, Some(at(10))), (22, Some(at(20))), (33, None)] {
            assert_eq!(lookups.replaced(&names, ("www.example", 1, digest)), replaced);
        }
        lookups.changed(&mut names, at(30), ("www.example", 1, 22));
        assert_eq!(lookups.replaced(&names, ("www.example", 1, 22)), None);
        assert_eq!(lookups.replaced(&names, ("www.example", 1, 33)), Some(at(30)));
        assert_eq!(lookups.replaced(&names, ("ftp.example", 1, 33)), None);
    }

    /// Fails when a denial counts as a failure, or one kind as the other.
    #[test]
    fn denials_count_by_kind() {
        let (mut lookups, mut names) = (Lookups::default(), Names::default());
        let (name, since) = ("www.example", SimTime::ZERO);
        let kinds = [(DnsAnswerKind::Answer, 1), (DnsAnswerKind::NxDomain, 2), (DnsAnswerKind::NoData, 3)];
        for kind in kinds.into_iter().flat_map(|(kind, times)| std::iter::repeat_n(kind, times)) {
            let event =
                DnsTrace::LookedUp { name, rtype: 1, since, kind, cache: None, alias: 0, owner: name, digest: 0 };
            lookups.observe(&mut names, since, &event);
        }
        let figures = lookups.finish();
        assert_eq!((figures.took.len(), figures.nxdomain, figures.nodata, figures.failed), (6, 2, 3, 0));
    }
}
