//! Messages as somebody wrote them down by hand, right or wrong: what a scripted server sends,
//! and what a curious client asks.
//!
//! Unlike a [`super::Message`] it has records of any class and type, RDATA that may be malformed
//! for its type, any bits in the header and any number of questions. Names are compressed where
//! the same octets stood before, which keeps the case of their letters. It is only written, never
//! read.

use std::collections::BTreeMap;

use super::{EDNS_SIZE, Name, Question, RecordData, Rtype};

/// Octets of a header (RFC 1035 4.1.1).
const HEADER: usize = 12;

/// The last offset that a compression pointer reaches (RFC 1035 4.1.4).
const POINTER_LIMIT: usize = 0x3fff;

/// Types whose data is written as that of another type, which the reader of presentation forms knows: KEY
/// and SIG (RFC 2535), X25, ISDN and RT (RFC 1183), AFSDB (RFC 1183), GPOS (RFC 1712), KX (RFC 2230), SMIMEA
/// (RFC 8162), SPF (RFC 7208), LP (RFC 6742), RESINFO (RFC 9606), DLV (RFC 4431).
const ALIKE: [(u16, Rtype); 13] = [
    (18, Rtype::Mx),
    (19, Rtype::Txt),
    (20, Rtype::Txt),
    (21, Rtype::Mx),
    (24, Rtype::Other(46)),
    (25, Rtype::Other(48)),
    (27, Rtype::Txt),
    (36, Rtype::Mx),
    (53, Rtype::Other(52)),
    (99, Rtype::Txt),
    (107, Rtype::Mx),
    (261, Rtype::Txt),
    (32_769, Rtype::DS),
];

/// A question of any class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandmadeQuestion {
    /// QNAME and QTYPE.
    pub question: Question,
    /// QCLASS.
    pub class: u16,
}

/// A record of any class and type, whatever its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandmadeRecord {
    /// The owner name.
    pub name: Name,
    /// The type.
    pub rtype: Rtype,
    /// The class.
    pub class: u16,
    /// The TTL as it goes over the wire, of all 32 bits.
    pub ttl: u32,
    /// RDATA, with whole names.
    pub octets: Vec<u8>,
}

/// An OPT record (RFC 6891 6.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandmadeOpt {
    /// DO.
    pub dnssec_ok: bool,
    /// Its RDATA: the options.
    pub octets: Vec<u8>,
}

/// A message of which nothing is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handmade {
    /// The ID.
    pub id: u16,
    /// The header's bits but for OPCODE and RCODE.
    pub flags: HeaderFlags,
    /// OPCODE: four bits.
    pub opcode: u8,
    /// RCODE; what exceeds four bits needs the OPT record (RFC 6891 6.1.3).
    pub rcode: u16,
    /// The question section.
    pub questions: Vec<HandmadeQuestion>,
    /// The answer, authority and additional sections.
    pub sections: [Vec<HandmadeRecord>; 3],
    /// The OPT record, last in the additional section.
    pub edns: Option<HandmadeOpt>,
}

/// The one-bit flags of a header, where they stand in its second word (RFC 1035 4.1.1, RFC 4035 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderFlags(u16);

impl HeaderFlags {
    const NAMES: [(&'static str, u16); 7] =
        [("QR", 15), ("AA", 10), ("TC", 9), ("RD", 8), ("RA", 7), ("AD", 5), ("CD", 4)];

    /// The flags of these names, such as `QR` and `AA`; else the first name that is none.
    ///
    /// # Errors
    /// A name that no flag has.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, &'n str> {
        names.into_iter().try_fold(Self::default(), |flags, name| {
            let known = Self::NAMES.iter().find(|known| known.0.eq_ignore_ascii_case(name));
            known.map(|known| Self(flags.0 | 1 << known.1)).ok_or(name)
        })
    }

    /// The flags' names, for those who ask what there is.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::NAMES.iter().map(|known| known.0)
    }

    /// The second word of a header with these flags, OPCODE and RCODE zero.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Those of a plain response: QR, and RD as in the query.
    #[must_use]
    pub const fn response(recursion_desired: bool) -> Self {
        Self(0x8000 | (recursion_desired as u16) << 8)
    }
}

impl HandmadeRecord {
    /// Reads `owner ttl class type rdata` (RFC 1035 5.1); names are absolute with or without the
    /// final dot. RDATA written `\# length hex` (RFC 3597 5) is taken as it is, also where it is
    /// malformed for the type.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        let mut word = |what: &str| {
            let (word, tail) = rest.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((rest, ""));
            rest = tail.trim_start();
            if word.is_empty() {
                Err(format!("a record has an owner, TTL, class and type: the {what} is missing"))
            } else {
                Ok(word)
            }
        };
        let name = Name::parse(word("owner")?).map_err(|why| format!("the owner: {why}"))?;
        let ttl = word("TTL")?.parse().map_err(|_| "the TTL is no number below 2^32".to_owned())?;
        let class = word("class")?;
        let class = parse_class(class).ok_or_else(|| match Rtype::parse(class) {
            Ok(_) => format!("the class is missing: write IN before {class}"),
            Err(_) => "there is no such class: write IN, CH, HS or CLASS3".to_owned(),
        })?;
        let mnemonic = word("type")?;
        let rtype = Rtype::parse(mnemonic).map_err(|why| why.to_string())?;
        let octets = rdata(rtype, rest)?;
        Ok(Self { name, rtype, class, ttl, octets })
    }
}

/// A class by its mnemonic or as `CLASS3` (RFC 1035 3.2.4, RFC 3597 5).
#[must_use]
pub fn parse_class(text: &str) -> Option<u16> {
    const NAMES: [(&str, u16); 5] = [("IN", 1), ("CH", 3), ("HS", 4), ("NONE", 254), ("ANY", 255)];
    let known = NAMES.iter().find(|known| known.0.eq_ignore_ascii_case(text));
    let number =
        || text.get(..5).filter(|word| word.eq_ignore_ascii_case("CLASS")).and_then(|_| text[5..].parse().ok());
    known.map(|known| known.1).or_else(number)
}

/// OPCODE by its mnemonic or number (RFC 1035 4.1.1, RFC 1996, RFC 2136).
#[must_use]
pub fn parse_opcode(text: &str) -> Option<u8> {
    const NAMES: [(&str, u8); 5] = [("QUERY", 0), ("IQUERY", 1), ("STATUS", 2), ("NOTIFY", 4), ("UPDATE", 5)];
    let known = NAMES.iter().find(|known| known.0.eq_ignore_ascii_case(text));
    known.map(|known| known.1).or_else(|| text.parse().ok().filter(|number| *number < 16))
}

/// RCODE by its mnemonic or number (RFC 6895 2.3).
#[must_use]
pub fn parse_rcode(text: &str) -> Option<u16> {
    const NAMES: [&str; 12] = [
        "NOERROR",
        "FORMERR",
        "SERVFAIL",
        "NXDOMAIN",
        "NOTIMP",
        "REFUSED",
        "YXDOMAIN",
        "YXRRSET",
        "NXRRSET",
        "NOTAUTH",
        "NOTZONE",
        "DSOTYPENI",
    ];
    let known = (0_u16..).zip(NAMES).find(|known| known.1.eq_ignore_ascii_case(text)).map(|known| known.0);
    let odd =
        [("NOTIMPL", 4), ("BADVERS", 16), ("BADCOOKIE", 23)].into_iter().find(|odd| odd.0.eq_ignore_ascii_case(text));
    known.or(odd.map(|odd| odd.1)).or_else(|| text.parse().ok().filter(|number| *number < 4096))
}

/// Octets from hexadecimal digits, among which white space may stand.
#[must_use]
pub fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn rdata(rtype: Rtype, text: &str) -> Result<Vec<u8>, String> {
    // RFC 3597 5
    if let Some(raw) = text.strip_prefix("\\#") {
        let (length, hex) = raw.trim_start().split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((raw.trim(), ""));
        let octets = parse_hex(hex).ok_or("RDATA after \\# is a length and hexadecimal digits")?;
        return match length.parse::<u16>() {
            Ok(length) if usize::from(length) == octets.len() => Ok(octets),
            Ok(_) | Err(_) => Err(format!("the length after \\# is not that of the {} octets behind it", octets.len())),
        };
    }
    let written_as = ALIKE.iter().find(|alike| alike.0 == rtype.number()).map_or(rtype, |alike| alike.1);
    let data = RecordData::parse(written_as, text, &Name::root()).map_err(|why| why.to_string())?;
    let octets = data.octets().filter(|octets| u16::try_from(octets.len()).is_ok());
    octets.ok_or_else(|| "RDATA has at most 65535 octets".to_owned())
}

impl Handmade {
    /// The message as octets; counts beyond 65,535 stand there as 65,535.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer { octets: vec![0; HEADER], seen: BTreeMap::new() };
        for HandmadeQuestion { question, class } in &self.questions {
            writer.name(&question.name);
            writer.words(&[question.rtype.number(), *class]);
        }
        for record in self.sections.iter().flatten() {
            writer.name(&record.name);
            writer.words(&[record.rtype.number(), record.class]);
            writer.octets.extend_from_slice(&record.ttl.to_be_bytes());
            writer.data(&record.octets);
        }
        let [high, low] = self.rcode.to_be_bytes();
        if let Some(HandmadeOpt { dnssec_ok, octets }) = &self.edns {
            // RFC 6891 6.1.3: the upper eight of twelve bits
            let upper = high << 4 | low >> 4;
            writer.octets.push(0);
            writer.words(&[41, EDNS_SIZE]);
            writer.octets.extend_from_slice(&[upper, 0, u8::from(*dnssec_ok) << 7, 0]);
            writer.data(octets);
        }
        let count = |records: usize| u16::try_from(records).unwrap_or(u16::MAX);
        let [answers, authorities, additionals] = &self.sections;
        let bits = self.flags.0 | u16::from(self.opcode & 15) << 11 | u16::from(low & 15);
        let header = [
            self.id,
            bits,
            count(self.questions.len()),
            count(answers.len()),
            count(authorities.len()),
            count(additionals.len() + usize::from(self.edns.is_some())),
        ];
        for (place, word) in writer.octets.chunks_exact_mut(2).zip(header) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        writer.octets
    }
}

struct Writer {
    octets: Vec<u8>,
    /// Where names, as octets, begin that were written before.
    seen: BTreeMap<Vec<u8>, u16>,
}

impl Writer {
    fn words(&mut self, words: &[u16]) {
        self.octets.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }

    fn data(&mut self, octets: &[u8]) {
        let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
        self.words(&[length]);
        self.octets.extend_from_slice(&octets[..usize::from(length)]);
    }

    fn name(&mut self, name: &Name) {
        let mut rest = name.octets();
        while let [length, tail @ ..] = rest
            && *length > 0
        {
            if let Some(place) = self.seen.get(rest) {
                self.words(&[0xc000 | place]);
                return;
            }
            if let Some(place) =
                u16::try_from(self.octets.len()).ok().filter(|place| usize::from(*place) <= POINTER_LIMIT)
            {
                self.seen.insert(rest.to_vec(), place);
            }
            let (label, tail) = tail.split_at(usize::from(*length));
            self.octets.push(*length);
            self.octets.extend_from_slice(label);
            rest = tail;
        }
        self.octets.push(0);
    }
}
