//! Names with addresses of two families: which types a host asks for, and two questions that
//! get one answer.
//!
//! A host asks for addresses that it can reach and for no others: A with an IPv4 address, AAAA
//! with an IPv6 address, and with both the AAAA question first and the A question right behind
//! it (RFC 8305 3). The answer comes when both have one. Left out: going on with the first of
//! them after a short wait (the rest of RFC 8305, "happy eyeballs").

use std::collections::BTreeMap;

use super::stub::Outcome;
use crate::base::{Addresses, Family};
use crate::proto::dns::{Record, RecordData, Rtype};

/// The types of record that hold addresses that this host can reach, by precedence.
pub(super) fn address_types(own: Addresses) -> impl Iterator<Item = Rtype> {
    own.families().map(|family| match family {
        Family::V4 => Rtype::A,
        Family::V6 => Rtype::Aaaa,
    })
}

/// The questions asked two at a time, of which at most one has an answer so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    opened: u64,
    waiting: BTreeMap<u64, Outcome>,
}

impl Pairs {
    /// A new pair.
    pub(super) fn open(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }

    /// Takes the answer to one question of a pair; with the second one comes the pair's.
    pub(super) fn take(&mut self, pair: u64, outcome: Outcome) -> Option<Outcome> {
        match self.waiting.remove(&pair) {
            Some(first) => Some(merge(first, outcome)),
            None => {
                self.waiting.insert(pair, outcome);
                None
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

/// What two questions for one name come to: every record there is, IPv6 addresses in front (the
/// default policy of RFC 6724); a name that does not exist has nothing of any type; and a
/// failure leaves open whether there is something.
fn merge(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Records(mut records), Outcome::Records(more)) => {
            records.extend(more);
            // a stable sort, which leaves the order within each family
            records.sort_by_key(is_ipv4);
            Outcome::Records(records)
        }
        (Outcome::Records(records), Outcome::NxDomain | Outcome::NoData | Outcome::Failed)
        | (Outcome::NxDomain | Outcome::NoData | Outcome::Failed, Outcome::Records(records)) => {
            Outcome::Records(records)
        }
        (Outcome::NxDomain, Outcome::NxDomain | Outcome::NoData | Outcome::Failed)
        | (Outcome::NoData | Outcome::Failed, Outcome::NxDomain) => Outcome::NxDomain,
        (Outcome::Failed, Outcome::NoData | Outcome::Failed) | (Outcome::NoData, Outcome::Failed) => Outcome::Failed,
        (Outcome::NoData, Outcome::NoData) => Outcome::NoData,
    }
}

fn is_ipv4(record: &Record) -> bool {
    matches!(record.data, RecordData::A(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::dns::Name;

    fn record(rtype: Rtype, data: &str) -> Record {
        let data = RecordData::parse(rtype, data, &Name::root()).unwrap();
        Record { name: Name::parse("a.org").unwrap(), ttl: 1, data }
    }

    #[test]
    fn ipv6_stands_in_front_whichever_answer_comes_first() {
        let a = || Outcome::Records(vec![record(Rtype::A, "10.0.0.1"), record(Rtype::A, "10.0.0.2")]);
        let aaaa = || Outcome::Records(vec![record(Rtype::Aaaa, "2001:db8::2"), record(Rtype::Aaaa, "2001:db8::1")]);
        for (first, second) in [(a(), aaaa()), (aaaa(), a())] {
            let mut pairs = Pairs::default();
            let pair = pairs.open();
            assert_eq!(pairs.take(pair, first), None);
            let Some(Outcome::Records(records)) = pairs.take(pair, second) else { panic!("both have records") };
            let addresses: Vec<String> = records.iter().map(|r| r.data.address().unwrap().to_string()).collect();
            assert_eq!(addresses, ["2001:db8::2", "2001:db8::1", "10.0.0.1", "10.0.0.2"]);
        }
    }

    #[test]
    fn one_family_is_enough_and_a_failure_is_no_denial() {
        let found = || Outcome::Records(vec![record(Rtype::A, "10.0.0.1")]);
        for other in [Outcome::NoData, Outcome::Failed] {
            assert_eq!(merge(found(), other.clone()), found());
            assert_eq!(merge(other, found()), found());
        }
        assert_eq!(merge(Outcome::NoData, Outcome::Failed), Outcome::Failed);
        assert_eq!(merge(Outcome::Failed, Outcome::NxDomain), Outcome::NxDomain);
        assert_eq!(merge(Outcome::NoData, Outcome::NoData), Outcome::NoData);
    }
}
