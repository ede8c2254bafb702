//! Messages to octets and back (RFC 1035 4.1).
//!
//! Reading never panics and never loops: the crate underneath follows compression pointers
//! only towards the front. One broken record makes the whole message broken, as in name
//! servers. Records of other classes, and the pseudo-records of TSIG and TKEY, are skipped. The
//! OPT record of EDNS(0) is laid by hand: its fields are not those of other records.

use bytes::Bytes;
use domain::base::iana::{Class, Opcode};
use domain::base::message_builder::{AdditionalBuilder, RecordSectionBuilder, StaticCompressor};
use domain::base::name::ToName as _;
use domain::base::rdata::ComposeRecordData as _;
use domain::base::rdata::UnknownRecordData;
use domain::base::record::{ParsedRecord, Ttl};
use domain::base::{MessageBuilder, ParsedName, Serial};
use domain::rdata::{A, Aaaa, AllRecordData, Cname, Dname, Mx, Ns, Ptr, Soa, Srv, Txt};

use super::{CLASS_IN, Edns, Flags, Message, Name, Question, Rcode, Record, RecordData, Rtype};

/// Why octets are no message: shorter than a header, or not of the form that the header
/// announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed DNS message")]
pub struct WireError;

impl From<domain::base::wire::ParseError> for WireError {
    fn from(_: domain::base::wire::ParseError) -> Self {
        Self
    }
}

type Builder = StaticCompressor<Vec<u8>>;

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// When the octets are no whole, well-formed message.
    pub fn decode(octets: &[u8]) -> Result<Self, WireError> {
        let wire = domain::base::Message::from_octets(octets).map_err(|_| WireError)?;
        let header = wire.header();
        let mut message = Self::header_only(header.id(), Rcode::from_number(header.rcode().to_int()));
        message.flags = Flags {
            qr: header.qr(),
            aa: header.aa(),
            tc: header.tc(),
            rd: header.rd(),
            ra: header.ra(),
            opcode: header.opcode().to_int(),
        };
        for question in wire.question() {
            let question = question?;
            if message.questions.is_empty() {
                message.class = question.qclass().to_int();
            }
            let name = Name(question.qname().to_bytes());
            message.questions.push(Question { name, rtype: Rtype::from_number(question.qtype().to_int()) });
        }
        let mut section = Some(wire.answer()?);
        let sections = [&mut message.answers, &mut message.authorities, &mut message.additionals];
        for (place, records) in sections.into_iter().enumerate() {
            let Some(mut current) = section.take() else { break };
            for record in &mut current {
                let record = record?;
                if record.rtype().to_int() == OPT {
                    // RFC 6891 6.1.1: at most one, and in the additional section
                    if message.edns.is_some() || place < 2 {
                        return Err(WireError);
                    }
                    let (edns, high) = decode_opt(&record)?;
                    let low = u16::from(message.rcode.number());
                    message.rcode = Rcode::from_number(u8::try_from(high << 4 | low).unwrap_or(u8::MAX));
                    message.edns = Some(edns);
                } else {
                    records.extend(decode_record(&record)?);
                }
            }
            section = current.next_section()?;
        }
        Ok(message)
    }

    /// The message in at most `max_len` octets, with names compressed (RFC 1035 4.1.4).
    ///
    /// Records that do not fit are left out whole, with all that follow them. TC is set when
    /// that concerns the answer or authority section; additional records are a courtesy whose
    /// lack is no truncation, but no RRset of them stands there in part (RFC 2181 9). The
    /// header, the question and the OPT record are always written.
    #[must_use]
    pub fn encode(&self, max_len: usize) -> Vec<u8> {
        self.encode_with_glue(max_len, 0)
    }

    /// As [`Message::encode`], but the first `glue` of the additional records are needed: TC is
    /// set if one of them does not fit (RFC 9471 3.1).
    #[must_use]
    pub fn encode_with_glue(&self, max_len: usize, glue: usize) -> Vec<u8> {
        let (octets, written) = self.lay(max_len, &self.additionals, false);
        if written == self.additionals.len() {
            return octets;
        }
        let same = |a: &Record, b: &Record| a.name == b.name && a.rtype() == b.rtype();
        let whole = (0..=written)
            .rev()
            .find(|&at| at == 0 || !same(&self.additionals[at - 1], &self.additionals[at]))
            .unwrap_or(0);
        self.lay(max_len, &self.additionals[..whole], written < glue).0
    }

    /// The octets, and how many of the additional records are among them.
    fn lay(&self, max_len: usize, courtesies: &[Record], cut: bool) -> (Vec<u8>, usize) {
        let mut builder = MessageBuilder::from_target(Builder::new(Vec::with_capacity(UDP_GUESS)))
            .expect("an empty buffer takes a header");
        let header = builder.header_mut();
        header.set_id(self.id);
        header.set_qr(self.flags.qr);
        header.set_opcode(Opcode::from_int(self.flags.opcode & 15));
        header.set_aa(self.flags.aa);
        header.set_tc(self.flags.tc || cut);
        header.set_rd(self.flags.rd);
        header.set_ra(self.flags.ra);
        header.set_rcode(domain::base::iana::Rcode::masked_from_int(self.rcode.number()));
        let mut questions = builder.question();
        for question in &self.questions {
            let rtype = domain::base::iana::Rtype::from_int(question.rtype.number());
            // fails only beyond 65,535 questions
            let _ = questions.push((&question.name.0, rtype, Class::from_int(self.class)));
        }
        let max_len = max_len - self.edns.map_or(0, |_| OPT_LEN).min(max_len);
        // a record that ends exactly at the crate's limit is refused there, hence one more
        questions.set_push_limit(max_len.saturating_add(1));
        let mut answers = questions.answer();
        let mut fits = push_all(&mut answers, &self.answers) == self.answers.len();
        let mut authorities = answers.authority();
        fits = fits && push_all(&mut authorities, &self.authorities) == self.authorities.len();
        let mut additionals: AdditionalBuilder<Builder> = authorities.additional();
        let mut written = courtesies.len();
        if fits {
            written = push_all(&mut additionals, courtesies);
        } else {
            additionals.header_mut().set_tc(true);
        }
        let mut octets = additionals.finish().into_target();
        if let Some(edns) = &self.edns {
            append_opt(&mut octets, edns, self.rcode);
        }
        (octets, written)
    }
}

/// The type of the OPT record, and the octets of one without options (RFC 6891 6.1.2).
const OPT: u16 = 41;
const OPT_LEN: usize = 11;

/// RFC 6891 6.1.2, 6.1.3: the class is the size, the TTL holds the rest.
fn append_opt(octets: &mut Vec<u8>, edns: &Edns, rcode: Rcode) {
    octets.push(0);
    octets.extend_from_slice(&OPT.to_be_bytes());
    octets.extend_from_slice(&edns.udp_size.to_be_bytes());
    octets.extend_from_slice(&[rcode.number() >> 4, edns.version, u8::from(edns.dnssec_ok) << 7, 0, 0, 0]);
    if let Some(count) = octets.get_mut(10..12) {
        let additionals = u16::from_be_bytes([count[0], count[1]]).saturating_add(1);
        count.copy_from_slice(&additionals.to_be_bytes());
    }
}

/// What an OPT record says, and the upper bits of the response code.
fn decode_opt(record: &ParsedRecord<'_, &[u8]>) -> Result<(Edns, u16), WireError> {
    // RFC 6891 6.1.2: the name MUST be 0 (root domain)
    if !record.owner().is_root() {
        return Err(WireError);
    }
    let parsed = record.to_record::<UnknownRecordData<&[u8]>>()?.ok_or(WireError)?;
    let mut options = *parsed.data().data();
    while !options.is_empty() {
        let [_, _, high, low, rest @ ..] = options else { return Err(WireError) };
        options = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..).ok_or(WireError)?;
    }
    let [high, version, flags, _] = record.ttl().as_secs().to_be_bytes();
    let edns = Edns { udp_size: record.class().to_int(), version, dnssec_ok: flags & 0x80 != 0 };
    Ok((edns, u16::from(high)))
}

/// Most responses fit into this many octets.
const UDP_GUESS: usize = 256;

/// Writes records up to the first that does not fit, and tells how many.
fn push_all<S: RecordSectionBuilder<Builder>>(section: &mut S, records: &[Record]) -> usize {
    let fits = |record: &&Record| {
        let ttl = Ttl::from_secs(record.ttl);
        encode_data(&record.data).is_some_and(|data| section.push((&record.name.0, Class::IN, ttl, data)).is_ok())
    };
    records.iter().take_while(fits).count()
}

type WireName = domain::base::Name<Bytes>;

/// The crate's form of the data; none when it is too long for any message.
fn encode_data(data: &RecordData) -> Option<AllRecordData<Bytes, WireName>> {
    Some(match data {
        RecordData::A(addr) => AllRecordData::A(A::new(*addr)),
        RecordData::Aaaa(addr) => AllRecordData::Aaaa(Aaaa::new(*addr)),
        RecordData::Ns(name) => AllRecordData::Ns(Ns::new(name.0.clone())),
        RecordData::Cname(name) => AllRecordData::Cname(Cname::new(name.0.clone())),
        RecordData::Ptr(name) => AllRecordData::Ptr(Ptr::new(name.0.clone())),
        RecordData::Mx { preference, exchange } => AllRecordData::Mx(Mx::new(*preference, exchange.0.clone())),
        RecordData::Txt(strings) => AllRecordData::Txt(Txt::from_octets(Bytes::from(character_strings(strings))).ok()?),
        RecordData::Soa { mname, rname, serial, refresh, retry, expire, minimum } => AllRecordData::Soa(Soa::new(
            mname.0.clone(),
            rname.0.clone(),
            Serial(*serial),
            Ttl::from_secs(*refresh),
            Ttl::from_secs(*retry),
            Ttl::from_secs(*expire),
            Ttl::from_secs(*minimum),
        )),
        RecordData::Srv { priority, weight, port, target } => {
            AllRecordData::Srv(Srv::new(*priority, *weight, *port, target.0.clone()))
        }
        RecordData::Dname(target) => AllRecordData::Dname(Dname::new(target.0.clone())),
        RecordData::Opaque { rtype, octets } => {
            let rtype = domain::base::iana::Rtype::from_int(*rtype);
            AllRecordData::Unknown(UnknownRecordData::from_octets(rtype, octets.clone()).ok()?)
        }
    })
}

impl RecordData {
    /// RDATA with whole names; none when it is too long for any message.
    #[must_use]
    pub fn octets(&self) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        encode_data(self)?.compose_rdata(&mut octets).ok()?;
        Some(octets)
    }
}

/// RFC 1035 3.3.14: one or more character-strings, each with its length in front.
fn character_strings(strings: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = Vec::new();
    for string in strings {
        let string = &string[..string.len().min(255)];
        octets.push(u8::try_from(string.len()).unwrap_or(255));
        octets.extend_from_slice(string);
    }
    if octets.is_empty() {
        octets.push(0);
    }
    octets
}

/// None for what is skipped: another class, a pseudo-record, an obsolete type with names in it, an
/// address of the wrong length.
fn decode_record(record: &ParsedRecord<'_, &[u8]>) -> Result<Option<Record>, WireError> {
    let number = record.rtype().to_int();
    // where the record ends is plain nevertheless, and others are worth having
    let address = match number {
        1 => Some(4),
        28 => Some(16),
        _ => None,
    };
    if address.is_some_and(|length| record.rdlen() != length) {
        return Ok(None);
    }
    // MD to MR and MINFO may hold compressed names, which must not be carried as octets
    // (RFC 3597 4); TKEY and TSIG belong to one message and are never handed on
    if record.class().to_int() != CLASS_IN || matches!(number, 3 | 4 | 7..=9 | 14 | 249 | 250) {
        return Ok(None);
    }
    let name = Name(record.owner().to_bytes());
    // RFC 2181 8: a TTL with its highest bit set is taken as zero
    let ttl = record.ttl().as_secs();
    let ttl = if ttl > 0x7fff_ffff { 0 } else { ttl };
    let data = match Rtype::from_number(number) {
        Rtype::Other(rtype) => {
            let parsed = record.to_record::<UnknownRecordData<&[u8]>>()?.ok_or(WireError)?;
            RecordData::Opaque { rtype, octets: Bytes::copy_from_slice(parsed.data().data()) }
        }
        Rtype::A
        | Rtype::Ns
        | Rtype::Cname
        | Rtype::Soa
        | Rtype::Ptr
        | Rtype::Mx
        | Rtype::Txt
        | Rtype::Aaaa
        | Rtype::Srv
        | Rtype::Dname => {
            let parsed = record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>()?;
            known_data(parsed.data()).ok_or(WireError)?
        }
    };
    Ok(Some(Record { name, ttl, data }))
}

/// The data of a type that has a variant of its own.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is the crate's, with some forty types")]
pub(super) fn known_data(data: &AllRecordData<&[u8], ParsedName<&[u8]>>) -> Option<RecordData> {
    let name = |name: &ParsedName<&[u8]>| Name(name.to_bytes());
    Some(match data {
        AllRecordData::A(a) => RecordData::A(a.addr()),
        AllRecordData::Aaaa(aaaa) => RecordData::Aaaa(aaaa.addr()),
        AllRecordData::Ns(ns) => RecordData::Ns(name(ns.nsdname())),
        AllRecordData::Cname(cname) => RecordData::Cname(name(cname.cname())),
        AllRecordData::Ptr(ptr) => RecordData::Ptr(name(ptr.ptrdname())),
        AllRecordData::Mx(mx) => RecordData::Mx { preference: mx.preference(), exchange: name(mx.exchange()) },
        AllRecordData::Txt(txt) => {
            let strings: Vec<Vec<u8>> = txt.iter().map(<[u8]>::to_vec).collect();
            // RFC 1035 3.3.14: one or more character-strings
            RecordData::Txt(Some(strings).filter(|strings| !strings.is_empty())?)
        }
        AllRecordData::Soa(soa) => RecordData::Soa {
            mname: name(soa.mname()),
            rname: name(soa.rname()),
            serial: soa.serial().into_int(),
            refresh: soa.refresh().as_secs(),
            retry: soa.retry().as_secs(),
            expire: soa.expire().as_secs(),
            minimum: soa.minimum().as_secs(),
        },
        AllRecordData::Srv(srv) => RecordData::Srv {
            priority: srv.priority(),
            weight: srv.weight(),
            port: srv.port(),
            target: name(srv.target()),
        },
        AllRecordData::Dname(dname) => RecordData::Dname(name(dname.dname())),
        _ => return None,
    })
}
