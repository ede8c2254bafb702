//! The cache beside a model of it that is simple and slow: the same operations, the same answers.

use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::{SEC, at, policy, record};
use super::*;

/// The space of what the zone above says.
const DELEGATED: u8 = 3;

/// Something that is done to a cache.
#[derive(Clone, Debug)]
enum Op {
    Store { name: usize, addresses: u8, ttl: u32, rank: Rank },
    Deny { name: usize, whole: bool, ttl: u32 },
    Fail { name: usize },
    Read { name: usize },
    Walk { name: usize },
    Pass { nanos: u64 },
}

const NAMES: [&str; 12] = [
    "example",
    "a.example",
    "b.example",
    "A.B.example",
    "c.b.example",
    "d.c.b.example",
    "org",
    "www.org",
    "WWW.a.org",
    "mail.org",
    "x",
    "host123456.a.rather.long.name.in.example",
];

fn name(number: usize) -> Name {
    Name::parse(NAMES[number]).unwrap()
}

fn asked(number: usize) -> Question {
    Question { name: name(number), rtype: Rtype::A }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let names = || 0..NAMES.len();
    let rank = prop::sample::select(vec![Rank::Glue, Rank::Referral, Rank::Answer, Rank::Authority]);
    let op = prop_oneof![
        4 => (names(), 1..6_u8, 0..20_u32, rank)
            .prop_map(|(name, addresses, ttl, rank)| Op::Store { name, addresses, ttl, rank }),
        1 => (names(), any::<bool>(), 0..20_u32).prop_map(|(name, whole, ttl)| Op::Deny { name, whole, ttl }),
        1 => names().prop_map(|name| Op::Fail { name }),
        4 => names().prop_map(|name| Op::Read { name }),
        1 => names().prop_map(|name| Op::Walk { name }),
        2 => (0..5 * SEC).prop_map(|nanos| Op::Pass { nanos }),
    ];
    vec(op, 1..120)
}

/// What the model knows of a name: the space of its kind, who may see it, its end.
#[derive(Clone, Debug)]
struct Known {
    name: Name,
    space: u8,
    rank: Rank,
    ends: u64,
    held: Held,
    cost: usize,
}

/// A list, the least recently used first.
#[derive(Clone, Debug, Default)]
struct Model {
    known: Vec<Known>,
    now: u64,
    limit: usize,
}

impl Model {
    fn place(&self, name: &Name, space: u8) -> Option<usize> {
        self.known.iter().position(|known| known.name == *name && known.space == space)
    }

    fn put(&mut self, name: &Name, space: u8, rank: Rank, ttl: u32, held: Held) {
        let known = self.place(name, space);
        if known.is_some_and(|at| self.known[at].rank > rank && self.now < self.known[at].ends) {
            return;
        }
        known.map(|at| self.known.remove(at));
        if ttl == 0 {
            return;
        }
        let data = match &held {
            Held::Records(records) => 6 * records.len(),
            // the SOA of "example" with two one-label names
            Held::NxDomain(_) | Held::NoData(_) => 9 + 2 + 4 + 6 + 20,
            Held::Failure => 0,
        };
        // RFC 1035 3.1: a length octet in front of each label, and the root's
        let octets = name.to_string().len() + 2 + data;
        let cost = size_of::<Entry>() + (octets + 8).div_ceil(16).max(2) * 16 + 8;
        let ends = self.now + u64::from(ttl) * SEC;
        self.known.push(Known { name: name.clone(), space, rank, ends, held, cost });
        while self.known.iter().map(|known| known.cost).sum::<usize>() > self.limit {
            self.known.remove(0);
        }
    }

    fn exists(&mut self, name: &Name) {
        self.known.retain(|known| known.space != 1 || !name.is_within(&known.name));
    }

    /// Finds what is fresh, with the seconds left, and takes it for the latest used.
    fn use_up(&mut self, name: &Name, space: u8) -> Option<(Held, u32)> {
        let at = self.place(name, space)?;
        if self.known[at].ends <= self.now {
            return None;
        }
        let known = self.known.remove(at);
        self.known.push(known.clone());
        Some((known.held, u32::try_from((known.ends - self.now) / SEC).unwrap()))
    }

    fn read(&mut self, name: &Name) -> Option<Held> {
        let mut found = None;
        for space in [1, 0, 2] {
            found = found.or_else(|| self.use_up(name, space));
        }
        found.map(|(held, ttl)| aged(held, ttl))
    }
}

fn aged(held: Held, ttl: u32) -> Held {
    let age = |record: Record| Record { ttl, ..record };
    match held {
        Held::Records(records) => Held::Records(records.into_iter().map(age).collect()),
        Held::NxDomain(soa) => Held::NxDomain(soa.map(age)),
        Held::NoData(soa) => Held::NoData(soa.map(age)),
        Held::Failure => Held::Failure,
    }
}

fn records(number: usize, addresses: u8, ttl: u32) -> Vec<Record> {
    let data = |n| RecordData::A([10, 0, 0, n].into());
    (0..addresses).map(|n| Record { name: name(number), ttl, data: data(n) }).collect()
}

fn soa(ttl: u32) -> Record {
    record("example", ttl, Rtype::Soa, "ns. root. 1 2 3 4 900")
}

fn run(cache: &mut Cache, model: &mut Model, op: &Op) -> Result<(), TestCaseError> {
    let now = at(model.now);
    match *op {
        Op::Store { name: number, addresses, ttl, rank } => {
            let (owner, records) = (name(number), records(number, addresses, ttl));
            cache.store(&records, rank, now);
            if rank >= Rank::Answer {
                model.exists(&owner);
            }
            let space = if rank >= Rank::Answer { 0 } else { DELEGATED };
            model.put(&owner, space, rank, ttl, Held::Records(records));
        }
        Op::Deny { name: number, whole, ttl } => {
            let (owner, soa) = (name(number), soa(ttl));
            if whole {
                cache.store_nx_domain(&owner, Some(&soa), now);
                model.put(&owner, 1, Rank::Authority, ttl, Held::NxDomain(Some(soa)));
            } else {
                cache.store_no_data(&asked(number), Some(&soa), now);
                model.exists(&owner);
                model.put(&owner, 0, Rank::Authority, ttl, Held::NoData(Some(soa)));
            }
        }
        Op::Fail { name: number } => {
            cache.store_failure(&asked(number), now);
            model.put(&name(number), 2, Rank::Authority, 5, Held::Failure);
        }
        Op::Read { name: number } => {
            prop_assert_eq!(cache.answer(&asked(number), now), model.read(&name(number)));
        }
        Op::Walk { name: number } => {
            let found = cache.infrastructure(&name(number), Rtype::A, now);
            let place = model.place(&name(number), 0).map(|at| &model.known[at].held);
            let own = matches!(place, Some(Held::Records(_)));
            let expected = own.then(|| model.use_up(&name(number), 0)).flatten();
            let expected = expected.or_else(|| model.use_up(&name(number), DELEGATED));
            let Some((Held::Records(records), _)) = expected else {
                prop_assert!(found.is_empty());
                return Ok(());
            };
            prop_assert_eq!(found, records.into_iter().map(|record| record.data).collect::<Vec<_>>());
        }
        Op::Pass { nanos } => model.now += nanos,
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Would break if a wrong entry went, one too many or too few, if reading were not using, if the
    /// books of octets drifted from what is there, if something answered at or after its end, or if
    /// a rank were confused. Names differ in letter case between the model's list and nowhere else.
    #[test]
    fn it_does_what_a_plain_list_does(ops in ops(), limit in 150..2500_usize) {
        let mut cache = Cache::new(Policy { limit: Some(limit), ..policy() });
        let mut model = Model { limit, ..Model::default() };
        for op in &ops {
            run(&mut cache, &mut model, op)?;
            prop_assert_eq!(cache.octets(), cache.store.recount());
            prop_assert_eq!(cache.octets(), model.known.iter().map(|known| known.cost).sum::<usize>());
            prop_assert!(cache.octets() <= limit);
            let order: Vec<(Name, u8)> =
                cache.entries().map(|(entry, _)| (entry.name().unwrap(), entry.kind.space())).collect();
            let expected: Vec<(Name, u8)> = model.known.iter().map(|known| (known.name.clone(), known.space)).collect();
            prop_assert_eq!(order, expected, "in the order of use");
            let absent = model.known.iter().filter(|known| known.space == 1).count();
            prop_assert_eq!(cache.absent, absent);
        }
        let found = cache.denied_above(&name(5), at(model.now)).is_some();
        let denied = |known: &Known| known.space == 1 && name(5).is_within(&known.name) && model.now < known.ends;
        prop_assert_eq!(found, model.known.iter().any(denied));
    }

    /// Many names in and out of a small index: would break if removing one lost another behind it.
    #[test]
    fn nobody_is_lost_in_the_index(ops in vec((0..300_u32, any::<bool>()), 1..900)) {
        let mut store = Store::new();
        let mut there = std::collections::BTreeSet::new();
        let name = |n: u32| Name::parse(&format!("n{n}.example")).unwrap();
        for (n, put) in ops {
            let owner = name(n);
            let key = Key::new(&owner, 1, Kind::Records);
            if put {
                let packed = &[0];
                let (kind, rank) = (Kind::Records, Rank::Glue);
                store.put(&key, &Facts { kind, rank, origin: 0, stored: at(0), ttl: n, packed });
                there.insert(n);
            } else if let Some(place) = store.find(&key) {
                store.remove(place);
                prop_assert!(there.remove(&n));
            }
            prop_assert_eq!(store.len(), there.len());
        }
        for n in 0..300 {
            let found = store.find(&Key::new(&name(n), 1, Kind::Records)).map(|place| store.entry(place).ttl);
            prop_assert_eq!(found, there.contains(&n).then_some(n));
        }
    }

    /// Would break if data of some type came back changed, or ran into the next.
    #[test]
    fn packed_data_come_back(octets in vec(any::<u8>(), 0..300), numbers in any::<(u16, u16, u16, u32)>()) {
        let (a, b, c, long) = numbers;
        let some = Name::parse("Some.Name.example").unwrap();
        let strings: Vec<Vec<u8>> = octets.chunks(255).map(<[u8]>::to_vec).collect();
        let all = [
            RecordData::A(long.to_be_bytes().into()),
            RecordData::Aaaa(u128::from(long).to_be_bytes().into()),
            RecordData::Ns(some.clone()),
            RecordData::Cname(Name::root()),
            RecordData::Ptr(some.clone()),
            RecordData::Dname(some.clone()),
            RecordData::Mx { preference: a, exchange: some.clone() },
            RecordData::Txt(strings),
            RecordData::Srv { priority: a, weight: b, port: c, target: some.clone() },
            RecordData::Opaque { rtype: 65, octets: octets.clone().into() },
            RecordData::Soa {
                mname: some.clone(), rname: some, serial: long, refresh: 1, retry: u32::MAX, expire: 0, minimum: long,
            },
        ];
        for data in all {
            let mut packed = Vec::new();
            packed::lay_data(&data, &mut packed);
            packed::lay_data(&data, &mut packed);
            let back: Vec<RecordData> = packed::read_data(data.rtype(), &packed).collect();
            prop_assert_eq!(&back, &[data.clone(), data.clone()]);
            for cut in 0..packed.len() {
                let less = packed::read_data(data.rtype(), &packed[..cut]).count();
                prop_assert!(less < 2);
            }
        }
        for rtype in [1, 2, 6, 15, 16, 28, 33, 65].map(Rtype::from_number) {
            prop_assert!(packed::read_data(rtype, &octets).count() <= octets.len());
        }
    }
}
