//! A DNS message as an object (RFC 1035 4.1), and what kind of response it is (RFC 9499 3, 4).

use crate::base::trace::DnsAnswerKind;

use super::{Name, Record, Rtype};

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
    /// Any other code, 6 to 15.
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

/// What is asked, in the Internet class.
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
    /// The question section.
    pub questions: Vec<Question>,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section.
    pub authorities: Vec<Record>,
    /// The additional section.
    pub additionals: Vec<Record>,
}

impl Message {
    /// A message with empty sections.
    #[must_use]
    pub fn header_only(id: u16, rcode: Rcode) -> Self {
        Self {
            id,
            flags: Flags::default(),
            rcode,
            questions: Vec::new(),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
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

    /// An empty response to this query: ID, OPCODE, RD and question are copied.
    #[must_use]
    pub fn response(&self, rcode: Rcode) -> Self {
        let mut response = Self::header_only(self.id, rcode);
        response.flags = Flags { qr: true, rd: self.flags.rd, opcode: self.flags.opcode, ..Flags::default() };
        response.questions.clone_from(&self.questions);
        response
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
            Rcode::FormErr | Rcode::ServFail | Rcode::NotImp | Rcode::Refused | Rcode::Other(_) => {
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
