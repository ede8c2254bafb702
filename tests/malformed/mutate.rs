//! Octets that are nearly DNS messages: good ones, and what can be wrong with them.

use posthaste::base::{Stream, Streams};

/// Messages from which others are made: a referral, an answer with aliases, a denial, a message with
/// EDNS, one with all types that have names in them, and one that consists of compression.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let header = |counts: [u16; 4]| {
        let mut octets = vec![0, 7, 0x84, 0];
        octets.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        octets.extend(b"\x03www\x04kiwi\x04test\x00\x00\x01\x00\x01");
        octets
    };
    let with = |counts: [u16; 4], rest: &[&[u8]]| [header(counts), rest.concat()].concat();
    let a = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\xc6\x33\x64\x07";
    let ns = b"\xc0\x10\x00\x02\x00\x01\x00\x00\x0e\x10\x00\x05\x02ns\xc0\x10";
    let soa = b"\xc0\x10\x00\x06\x00\x01\x00\x00\x0e\x10\x00\x18\xc0\x10\xc0\x10\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05";
    let cname = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x0e\x10\x00\x06\x03old\xc0\x10";
    let mx = b"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x0e\x10\x00\x07\x00\x0a\x02mx\xc0\x10";
    let srv = b"\xc0\x0c\x00\x21\x00\x01\x00\x00\x0e\x10\x00\x0b\x00\x01\x00\x02\x00\x50\x02mx\xc0\x10";
    let txt = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x0e\x10\x00\x06\x03one\x01t";
    let dname = b"\xc0\x10\x00\x27\x00\x01\x00\x00\x0e\x10\x00\x06\x04plum\x00";
    let opt = b"\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x06\x00\x0a\x00\x02\x01\x02";
    // names of many labels, each a pointer into the one before
    let mut chain = Vec::new();
    let mut last = 12_u16;
    for number in 0..60_u8 {
        let here = u16::try_from(header([0; 4]).len() + chain.len()).unwrap();
        chain.extend([1, b'a' + number % 26]);
        chain.extend((0xc000 | last).to_be_bytes());
        chain.extend(b"\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\x7f\x00\x00\x01");
        last = here;
    }
    vec![
        with([1, 1, 0, 0], &[a]),
        with([1, 0, 1, 1], &[ns, a]),
        with([1, 2, 0, 1], &[cname, a, opt]),
        with([1, 0, 1, 0], &[soa]),
        with([1, 6, 2, 1], &[a, cname, mx, srv, txt, dname, ns, soa, opt]),
        with([1, 60, 0, 0], &[&chain]),
        with([1, 0, 0, 0], &[]),
    ]
}

/// Makes octets.
pub(crate) struct Maker {
    stream: Stream,
    seeds: Vec<Vec<u8>>,
}

impl Maker {
    /// A maker whose octets follow from that seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { stream: Streams::new(seed).stream("malformed"), seeds: seeds() }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.stream.below(bound.max(1) as u64)).unwrap()
    }

    fn octet(&mut self) -> u8 {
        // octets that mean something in messages come up more often
        const TELLING: [u8; 12] = [0, 1, 2, 5, 6, 12, 41, 63, 64, 0xbf, 0xc0, 0xff];
        if self.below(2) == 0 { TELLING[self.below(TELLING.len())] } else { u8::try_from(self.below(256)).unwrap() }
    }

    /// The next octets.
    pub(crate) fn octets(&mut self) -> Vec<u8> {
        let which = self.below(self.seeds.len());
        let mut octets = self.seeds[which].clone();
        for _ in 0..=self.below(5) {
            self.alter(&mut octets);
        }
        octets
    }

    fn alter(&mut self, octets: &mut Vec<u8>) {
        let at = self.below(octets.len());
        let value = self.octet();
        match self.below(9) {
            0 | 1 => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet = value;
                }
            }
            2 => octets.truncate(at),
            3 => octets.insert(at.min(octets.len()), value),
            // a compression pointer somewhere, to anywhere
            4 => {
                let target = u16::try_from(self.below(octets.len() + 40)).unwrap_or(0x3fff) | 0xc000;
                for (place, octet) in octets.iter_mut().skip(at).zip(target.to_be_bytes()) {
                    *place = octet;
                }
            }
            // a count that lies
            5 => {
                let place = 4 + self.below(8);
                if let Some(count) = octets.get_mut(place) {
                    *count = value;
                }
            }
            6 => {
                let end = at + self.below(octets.len() - at.min(octets.len()));
                let part = octets.get(at..end).unwrap_or_default().to_vec();
                octets.extend(part);
            }
            7 => {
                octets.drain(..at.min(octets.len()) / 2);
            }
            // labels without end: a name of up to 64 kB
            _ => {
                let label = [&[63][..], &[b'x'; 63]].concat();
                let room = (usize::from(u16::MAX)).saturating_sub(octets.len()) / label.len();
                let count = self.below(room);
                let many = label.repeat(count);
                let at = at.min(octets.len());
                octets.splice(at..at, many);
            }
        }
    }
}
