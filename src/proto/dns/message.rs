//! A DNS message as an object (RFC 1035 4.1), and what kind of response it is (RFC 9499 3, 4).

use crate::base::trace::DnsAnswerKind;

use super::{CLASS_IN, EDNS_SIZE, Name, Record, Rtype, UDP_LIMIT};

/// Aliases followed in one message before it counts as a loop.
const ALIAS_LIMIT: usize = 16;

/// A response code (RFC 1035 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rcode {
    /// No error condition.
    NoError,
    /// FORMERR: the server could not interpret the query.
    FormErr,
    /// SERVFAIL: the server was unable to process the query.
    ServFail,
    /// NXDOMAIN: the name does not exist.
    NxDomain,
    /// NOTIMP: the server does not support that kind of query.
    NotImp,
    /// REFUSED: the server refuses for policy reasons.
    Refused,
    /// BADVERS: the server does not know that version of EDNS (RFC 6891 9).
    BadVers,
    /// Any other code; those above 15 need EDNS, and those above 255 are told as 255.
    Other(u8),
}

impl Rcode {
    /// The code's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::NoError => 0,
            Self::FormErr => 1,
            Self::ServFail => 2,
            Self::NxDomain => 3,
            Self::NotImp => 4,
            Self::Refused => 5,
            Self::BadVers => 16,
            Self::Other(number) => number,
        }
    }

    /// The code of that number.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::NoError,
            1 => Self::FormErr,
            2 => Self::ServFail,
            3 => Self::NxDomain,
            4 => Self::NotImp,
            5 => Self::Refused,
            16 => Self::BadVers,
            other => Self::Other(other),
        }
    }
}

/// The header's flags and the kind of query (RFC 1035 4.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the header's bits")]
pub struct Flags {
    /// This is a response.
    pub qr: bool,
    /// Authoritative answer.
    pub aa: bool,
    /// Truncation.
    pub tc: bool,
    /// Recursion desired.
    pub rd: bool,
    /// Recursion available.
    pub ra: bool,
    /// OPCODE: 0 is a standard query.
    pub opcode: u8,
}

/// What an OPT record says (RFC 6891 6.1). Options are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    /// The octets that the sender takes in one datagram.
    pub udp_size: u16,
    /// 0 is the only version there is.
    pub version: u8,
    /// DO: the sender understands DNSSEC's records (RFC 3225).
    pub dnssec_ok: bool,
}

/// What is asked, in the class that the message names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// QNAME.
    pub name: Name,
    /// QTYPE.
    pub rtype: Rtype,
}

/// A DNS message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The number by which the asker knows its response.
    pub id: u16,
    /// Flags and OPCODE.
    pub flags: Flags,
    /// Response code.
    pub rcode: Rcode,
    /// QCLASS of the first question: the Internet's, unless somebody asks for another.
    pub class: u16,
    /// The question section.
    pub questions: Vec<Question>,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section.
    pub authorities: Vec<Record>,
    /// The additional section, without the OPT record.
    pub additionals: Vec<Record>,
    /// The OPT record.
    pub edns: Option<Edns>,
}

impl Message {
    /// A message with empty sections.
    #[must_use]
    pub fn header_only(id: u16, rcode: Rcode) -> Self {
        Self {
            id,
            flags: Flags::default(),
            rcode,
            class: CLASS_IN,
            questions: Vec::new(),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            edns: None,
        }
    }

    /// A standard query.
    #[must_use]
    pub fn query(id: u16, question: Question, recursion_desired: bool) -> Self {
        let mut query = Self::header_only(id, Rcode::NoError);
        query.flags.rd = recursion_desired;
        query.questions.push(question);
        query
    }

    /// An empty response to this query: ID, OPCODE, RD and question are copied, and an OPT
    /// record is there if the query has one (RFC 6891 6.1.1).
    #[must_use]
    pub fn response(&self, rcode: Rcode) -> Self {
        let mut response = Self::header_only(self.id, rcode);
        response.flags = Flags { qr: true, rd: self.flags.rd, opcode: self.flags.opcode, ..Flags::default() };
        response.class = self.class;
        response.questions.clone_from(&self.questions);
        // RFC 3225 3: DO is copied
        response.edns = self.edns.map(|edns| Edns { udp_size: EDNS_SIZE, version: 0, dnssec_ok: edns.dnssec_ok });
        response
    }

    /// The longest response over UDP that this query lets through: 512 octets, or what its OPT
    /// record says, up to what never has to be fragmented.
    #[must_use]
    pub fn response_limit(&self) -> usize {
        // RFC 6891 6.2.3: values lower than 512 are treated as equal to 512
        self.edns.map_or(UDP_LIMIT, |edns| usize::from(edns.udp_size.min(EDNS_SIZE)).max(UDP_LIMIT))
    }

    /// The name at the end of the aliases in the answer section.
    #[must_use]
    pub fn canonical_name(&self, question: &Question) -> Name {
        let mut name = question.name.clone();
        if matches!(question.rtype, Rtype::Cname | Rtype::ANY) {
            return name;
        }
        for _ in 0..ALIAS_LIMIT {
            let at_name = |record: &&Record| record.name == name && record.rtype() == Rtype::Cname;
            let alias = self.answers.iter().find(at_name).and_then(|record| record.data.alias_target());
            match alias {
                Some(target) => name = target.clone(),
                None => break,
            }
        }
        name
    }

    /// What kind of response this is, as far as the message alone can tell.
    #[must_use]
    pub fn kind(&self) -> DnsAnswerKind {
        match self.rcode {
            Rcode::NxDomain => return DnsAnswerKind::NxDomain,
            Rcode::NoError => {}
            Rcode::FormErr | Rcode::ServFail | Rcode::NotImp | Rcode::Refused | Rcode::BadVers | Rcode::Other(_) => {
                return DnsAnswerKind::Failure;
            }
        }
        let Some(question) = self.questions.first() else { return DnsAnswerKind::Failure };
        let end = self.canonical_name(question);
        let asked =
            |record: &Record| record.name == end && (record.rtype() == question.rtype || question.rtype == Rtype::ANY);
        let has = |rtype| self.authorities.iter().any(|record| record.rtype() == rtype);
        if self.answers.iter().any(asked) {
            DnsAnswerKind::Answer
        } else if has(Rtype::Soa) {
            // RFC 2308 2.2: NODATA is known by the SOA, also behind an alias
            DnsAnswerKind::NoData
        } else if !self.answers.is_empty() {
            DnsAnswerKind::Alias
        } else if has(Rtype::Ns) && !self.flags.aa {
            DnsAnswerKind::Referral
        } else {
            DnsAnswerKind::NoData
        }
    }
}
