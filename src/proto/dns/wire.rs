//! Messages to octets and back (RFC 1035 4.1).
//!
//! Reading never panics and never loops: the crate underneath follows compression pointers
//! only towards the front. One broken record makes the whole message broken, as in name
//! servers. Records of other classes, and the pseudo-records of EDNS and TSIG, are skipped.

use bytes::Bytes;
use domain::base::iana::{Class, Opcode};
use domain::base::message_builder::{AdditionalBuilder, RecordSectionBuilder, StaticCompressor};
use domain::base::name::ToName as _;
use domain::base::rdata::UnknownRecordData;
use domain::base::record::{ParsedRecord, Ttl};
use domain::base::{MessageBuilder, ParsedName, Serial};
use domain::rdata::{A, Aaaa, AllRecordData, Cname, Mx, Ns, Ptr, Soa, Txt};

use super::{Flags, Message, Name, Question, Rcode, Record, RecordData, Rtype};

/// Why octets are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Shorter than a header, or not of the form that the header announces.
    #[error("malformed DNS message")]
    Malformed,
    /// A question of another class than IN.
    #[error("DNS question of another class than IN")]
    OtherClass,
}

impl From<domain::base::wire::ParseError> for WireError {
    fn from(_: domain::base::wire::ParseError) -> Self {
        Self::Malformed
    }
}

type Builder = StaticCompressor<Vec<u8>>;

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// When the octets are no whole, well-formed message of the Internet class.
    pub fn decode(octets: &[u8]) -> Result<Self, WireError> {
        let wire = domain::base::Message::from_octets(octets).map_err(|_| WireError::Malformed)?;
        let header = wire.header();
        let mut message = Self {
            id: header.id(),
            flags: Flags {
                qr: header.qr(),
                aa: header.aa(),
                tc: header.tc(),
                rd: header.rd(),
                ra: header.ra(),
                opcode: header.opcode().to_int(),
            },
            rcode: Rcode::from_number(header.rcode().to_int()),
            questions: Vec::new(),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        };
        for question in wire.question() {
            let question = question?;
            if question.qclass() != Class::IN {
                return Err(WireError::OtherClass);
            }
            let name = Name(question.qname().to_bytes());
            message.questions.push(Question { name, rtype: Rtype::from_number(question.qtype().to_int()) });
        }
        let mut section = Some(wire.answer()?);
        for records in [&mut message.answers, &mut message.authorities, &mut message.additionals] {
            let Some(mut current) = section.take() else { break };
            for record in &mut current {
                records.extend(decode_record(&record?)?);
            }
            section = current.next_section()?;
        }
        Ok(message)
    }

    /// The message in at most `max_len` octets, with names compressed (RFC 1035 4.1.4).
    ///
    /// Records that do not fit are left out whole, with all that follow them. TC is set when
    /// that concerns the answer or authority section; additional records are a courtesy whose
    /// lack is no truncation (RFC 2181 9). The header and question are always written.
    #[must_use]
    pub fn encode(&self, max_len: usize) -> Vec<u8> {
        let mut builder = MessageBuilder::from_target(Builder::new(Vec::with_capacity(UDP_GUESS)))
            .expect("an empty buffer takes a header");
        let header = builder.header_mut();
        header.set_id(self.id);
        header.set_qr(self.flags.qr);
        header.set_opcode(Opcode::from_int(self.flags.opcode & 15));
        header.set_aa(self.flags.aa);
        header.set_tc(self.flags.tc);
        header.set_rd(self.flags.rd);
        header.set_ra(self.flags.ra);
        header.set_rcode(domain::base::iana::Rcode::masked_from_int(self.rcode.number()));
        let mut questions = builder.question();
        for question in &self.questions {
            let rtype = domain::base::iana::Rtype::from_int(question.rtype.number());
            // fails only beyond 65,535 questions
            let _ = questions.push((&question.name.0, rtype, Class::IN));
        }
        // a record that ends exactly at the crate's limit is refused there, hence one more
        questions.set_push_limit(max_len.saturating_add(1));
        let mut answers = questions.answer();
        let mut fits = push_all(&mut answers, &self.answers);
        let mut authorities = answers.authority();
        fits = fits && push_all(&mut authorities, &self.authorities);
        let mut additionals: AdditionalBuilder<Builder> = authorities.additional();
        if fits {
            push_all(&mut additionals, &self.additionals);
        } else {
            additionals.header_mut().set_tc(true);
        }
        additionals.finish().into_target()
    }
}

/// Most responses fit into this many octets.
const UDP_GUESS: usize = 256;

fn push_all<S: RecordSectionBuilder<Builder>>(section: &mut S, records: &[Record]) -> bool {
    records.iter().all(|record| {
        let ttl = Ttl::from_secs(record.ttl);
        encode_data(&record.data).is_some_and(|data| section.push((&record.name.0, Class::IN, ttl, data)).is_ok())
    })
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
        RecordData::Opaque { rtype, octets } => {
            let rtype = domain::base::iana::Rtype::from_int(*rtype);
            AllRecordData::Unknown(UnknownRecordData::from_octets(rtype, octets.clone()).ok()?)
        }
    })
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

/// None for what is skipped: another class, a pseudo-record, an obsolete type with names in it.
fn decode_record(record: &ParsedRecord<'_, &[u8]>) -> Result<Option<Record>, WireError> {
    let number = record.rtype().to_int();
    // MD to MR and MINFO may hold compressed names, which must not be carried as octets
    // (RFC 3597 4); OPT, TKEY and TSIG belong to one message and are never handed on
    if record.class() != Class::IN || matches!(number, 3 | 4 | 7..=9 | 14 | 41 | 249 | 250) {
        return Ok(None);
    }
    let name = Name(record.owner().to_bytes());
    // RFC 2181 8: a TTL with its highest bit set is taken as zero
    let ttl = record.ttl().as_secs();
    let ttl = if ttl > 0x7fff_ffff { 0 } else { ttl };
    let data = match Rtype::from_number(number) {
        Rtype::Other(rtype) => {
            let parsed = record.to_record::<UnknownRecordData<&[u8]>>()?.ok_or(WireError::Malformed)?;
            RecordData::Opaque { rtype, octets: Bytes::copy_from_slice(parsed.data().data()) }
        }
        Rtype::A | Rtype::Ns | Rtype::Cname | Rtype::Soa | Rtype::Ptr | Rtype::Mx | Rtype::Txt | Rtype::Aaaa => {
            decode_known(record)?
        }
    };
    Ok(Some(Record { name, ttl, data }))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is the crate's, with some forty types")]
fn decode_known(record: &ParsedRecord<'_, &[u8]>) -> Result<RecordData, WireError> {
    let parsed = record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>()?;
    let name = |name: &ParsedName<&[u8]>| Name(name.to_bytes());
    Ok(match parsed.data() {
        AllRecordData::A(a) => RecordData::A(a.addr()),
        AllRecordData::Aaaa(aaaa) => RecordData::Aaaa(aaaa.addr()),
        AllRecordData::Ns(ns) => RecordData::Ns(name(ns.nsdname())),
        AllRecordData::Cname(cname) => RecordData::Cname(name(cname.cname())),
        AllRecordData::Ptr(ptr) => RecordData::Ptr(name(ptr.ptrdname())),
        AllRecordData::Mx(mx) => RecordData::Mx { preference: mx.preference(), exchange: name(mx.exchange()) },
        AllRecordData::Txt(txt) => RecordData::Txt(txt.iter().map(<[u8]>::to_vec).collect()),
        AllRecordData::Soa(soa) => RecordData::Soa {
            mname: name(soa.mname()),
            rname: name(soa.rname()),
            serial: soa.serial().into_int(),
            refresh: soa.refresh().as_secs(),
            retry: soa.retry().as_secs(),
            expire: soa.expire().as_secs(),
            minimum: soa.minimum().as_secs(),
        },
        _ => return Err(WireError::Malformed),
    })
}
