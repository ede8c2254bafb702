//! A strict reader of DNS messages (RFC 1035 4.1), written for the judge alone: it shares nothing
//! with the resolver that it judges, and takes nothing that is not exactly in order.

/// A record in a form in which equal ones are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rr {
    /// In lower case, with the final dot.
    pub(crate) owner: String,
    pub(crate) rtype: u16,
    pub(crate) class: u16,
    /// With whole names in lower case.
    pub(crate) data: Vec<u8>,
    pub(crate) ttl: u32,
}

/// A message.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) bits: u16,
    /// Names in the case of their letters.
    pub(crate) questions: Vec<(String, u16, u16)>,
    pub(crate) sections: [Vec<Rr>; 3],
    pub(crate) opt: bool,
}

struct Reader<'m> {
    octets: &'m [u8],
    at: usize,
}

impl<'m> Reader<'m> {
    fn take(&mut self, count: usize) -> Result<&'m [u8], String> {
        let taken = self.octets.get(self.at..self.at + count).ok_or("the message ends too early")?;
        self.at += count;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u16, String> {
        self.take(2).map(|octets| u16::from_be_bytes([octets[0], octets[1]]))
    }

    /// The labels of a name; a pointer leads to an earlier place only.
    fn labels(&mut self) -> Result<Vec<&'m [u8]>, String> {
        let mut labels = Vec::new();
        let mut back = None;
        let mut bound = self.at;
        loop {
            let length = usize::from(self.take(1)?[0]);
            match length {
                0 => break,
                1..=63 => labels.push(self.take(length)?),
                64..=191 => return Err("a label of an unknown kind".to_owned()),
                _ => {
                    let target = (length & 63) << 8 | usize::from(self.take(1)?[0]);
                    back.get_or_insert(self.at);
                    if target >= bound {
                        return Err(format!("a pointer to {target}, which is not before {bound}"));
                    }
                    (self.at, bound) = (target, target);
                }
            }
        }
        self.at = back.unwrap_or(self.at);
        let length: usize = labels.iter().map(|label| label.len() + 1).sum();
        if length > 254 { Err("a name that is too long".to_owned()) } else { Ok(labels) }
    }

    fn record(&mut self) -> Result<Rr, String> {
        let owner = shown(&self.labels()?).to_ascii_lowercase();
        let (rtype, class) = (self.word()?, self.word()?);
        let ttl = u32::from(self.word()?) << 16 | u32::from(self.word()?);
        let length = usize::from(self.word()?);
        let end = self.at + length;
        let data = self.data(rtype, end)?;
        if self.at != end {
            return Err(format!("RDATA of {owner} type {rtype} is not as long as it says"));
        }
        Ok(Rr { owner, rtype, class, data, ttl })
    }

    /// RDATA with whole names in lower case, where the type may have names compressed.
    fn data(&mut self, rtype: u16, end: usize) -> Result<Vec<u8>, String> {
        let (front, names) = match rtype {
            2 | 5 | 12 | 39 => (0, 1),
            6 => (0, 2),
            15 => (2, 1),
            33 => (6, 1),
            _ => (0, 0),
        };
        let mut data = self.take(front)?.to_vec();
        for _ in 0..names {
            for label in self.labels()? {
                data.push(u8::try_from(label.len()).unwrap());
                data.extend(label.to_ascii_lowercase());
            }
            data.push(0);
        }
        let rest = end.checked_sub(self.at).ok_or("RDATA is longer than it says")?;
        data.extend_from_slice(self.take(rest)?);
        Ok(data)
    }
}

/// A name with its final dot; what is no letter, digit, hyphen or underscore is escaped.
fn shown(labels: &[&[u8]]) -> String {
    if labels.is_empty() {
        return ".".to_owned();
    }
    let mut text = String::new();
    for label in labels {
        for &octet in *label {
            if octet.is_ascii_alphanumeric() || b"-_".contains(&octet) {
                text.push(char::from(octet));
            } else {
                text.push_str(&format!("\\{octet:03}"));
            }
        }
        text.push('.');
    }
    text
}

/// Reads a whole message; nothing may stand behind it.
pub(crate) fn read(octets: &[u8]) -> Result<Read, String> {
    let mut reader = Reader { octets, at: 2 };
    let bits = reader.word()?;
    let counts = [reader.word()?, reader.word()?, reader.word()?, reader.word()?];
    let mut questions = Vec::new();
    for _ in 0..counts[0] {
        questions.push((shown(&reader.labels()?), reader.word()?, reader.word()?));
    }
    let mut sections = [Vec::new(), Vec::new(), Vec::new()];
    for (section, count) in sections.iter_mut().zip(&counts[1..]) {
        for _ in 0..*count {
            section.push(reader.record()?);
        }
    }
    if reader.at != octets.len() {
        return Err("octets behind the message".to_owned());
    }
    let opt = sections[2].iter().filter(|rr| rr.rtype == 41).count();
    sections[2].retain(|rr| rr.rtype != 41);
    if opt > 1 { Err("two OPT records".to_owned()) } else { Ok(Read { bits, questions, sections, opt: opt == 1 }) }
}

/// The record of uncompressed parts, in the same form.
pub(crate) fn whole(owner: &[u8], rtype: u16, class: u16, ttl: u32, data: &[u8]) -> Rr {
    let mut octets = owner.to_vec();
    octets.extend(rtype.to_be_bytes());
    octets.extend(class.to_be_bytes());
    octets.extend(ttl.to_be_bytes());
    octets.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    octets.extend_from_slice(data);
    let mut reader = Reader { octets: &octets, at: 0 };
    reader.record().unwrap_or_else(|fault| panic!("an expected record is wrong: {fault}"))
}

#[test]
fn the_reader_is_strict() {
    let header = [0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let message = |question: &[u8]| [&header[..], question].concat();
    assert!(read(&message(&[1, b'a', 0, 0, 1, 0, 1])).is_ok());
    assert!(read(&message(&[1, b'a', 0, 0, 1, 0, 1, 0])).is_err(), "octets behind it");
    assert!(read(&message(&[0xc0, 12, 0, 1, 0, 1])).is_err(), "a pointer to itself");
    assert!(read(&message(&[0xc0, 20, 0, 1, 0, 1])).is_err(), "a pointer to what comes");
    assert!(read(&message(&[0x41, b'a', 0, 0, 1, 0, 1])).is_err(), "an unknown kind of label");
    assert!(read(&header).is_err(), "a count that lies");
}
