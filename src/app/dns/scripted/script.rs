//! What a scripted name server answers: rules, tried in their order.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::base::{SimDuration, SimTime};
use crate::proto::dns::handmade::{Handmade, HandmadeOpt, HandmadeQuestion, HandmadeRecord, HeaderFlags};
use crate::proto::dns::{Message, Name, Rtype};

/// All that a server goes by. Several servers may share one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The entries, tried one after the other.
    pub entries: Vec<Entry>,
    /// How answers from zones are sent.
    pub manner: Manner,
    /// What it sends without being asked.
    pub volleys: Vec<Volley>,
}

/// How a server sends what it answers from its zones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Time from the query until the answer.
    pub delay: SimDuration,
    /// Whether datagrams have nothing but the header with TC and the question.
    pub truncate: bool,
}

/// Forged responses, sent in the name of another server to somebody who may be waiting for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volley {
    /// When the first is sent.
    pub at: SimTime,
    /// The time between two.
    pub every: SimDuration,
    /// How many.
    pub count: u32,
    /// To whom.
    pub to: IpAddr,
    /// To which port; none: that from which the last query of that address came here.
    pub port: Option<u16>,
    /// The address from which they claim to come, at port 53.
    pub source: IpAddr,
    /// The query that they claim to answer.
    pub question: HandmadeQuestion,
    /// How the ID is guessed, where the response has none of its own.
    pub guess: Guess,
    /// The response.
    pub reply: Reply,
}

/// How somebody guesses the ID of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guess {
    /// At random, each time anew.
    #[default]
    Random,
    /// One after the other, from 0.
    Counting,
}

/// Rules that stand together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its number, for those who ask which rule answered.
    pub number: usize,
    /// The rules, tried one after the other.
    pub rules: Vec<Rule>,
    /// What becomes of a query for which no rule of any entry holds; the first entry that says
    /// something counts.
    pub otherwise: Option<Otherwise>,
}

/// What becomes of a query for which there is no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// Nothing is sent.
    Drop,
    /// An empty response with that RCODE.
    Rcode(u16),
    /// What the server's zones say.
    Zones,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The steps in which it holds; none: always.
    pub steps: Option<BTreeSet<u32>>,
    /// How often it holds; none: without end.
    pub times: Option<u32>,
    /// The queries for which it holds.
    pub matching: Matching,
    /// The messages sent, one after another; none: the query is swallowed.
    pub replies: Vec<Reply>,
}

/// A kind of query: all that is given must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// OPCODE.
    pub opcode: Option<u8>,
    /// QNAME, whatever the case of its letters.
    pub qname: Option<Name>,
    /// QTYPE.
    pub qtype: Option<Rtype>,
    /// QNAME is this name or lies beneath it.
    pub subdomain_of: Option<Name>,
    /// Whether it came over TCP.
    pub tcp: Option<bool>,
    /// Whether it has an OPT record.
    pub edns: Option<bool>,
    /// Whether that has DO.
    pub dnssec_ok: Option<bool>,
}

/// One message that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Time from the query until it is sent.
    pub delay: SimDuration,
    /// Its ID; none: the query's.
    pub id: Option<u16>,
    /// What it is.
    pub form: ReplyForm,
}

/// What a message of a script is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyForm {
    /// These octets, but for the ID.
    Octets(Vec<u8>),
    /// These parts.
    Parts(ReplyParts),
}

/// A message by its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyParts {
    /// The header's flags; none: QR, and RD as in the query.
    pub flags: Option<HeaderFlags>,
    /// OPCODE.
    pub opcode: u8,
    /// RCODE.
    pub rcode: u16,
    /// The questions; none: the query's, letter case included.
    pub questions: Option<Vec<HandmadeQuestion>>,
    /// The answer, authority and additional sections.
    pub sections: [Vec<HandmadeRecord>; 3],
    /// The OPT record.
    pub edns: Option<HandmadeOpt>,
}

impl Matching {
    /// Whether a query is of that kind.
    #[must_use]
    pub fn holds(&self, query: &Message, tcp: bool) -> bool {
        let same = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
        let question = query.questions.first();
        let qname = |test: &dyn Fn(&Name) -> bool| question.is_some_and(|question| test(&question.name));
        self.opcode.is_none_or(|opcode| opcode == query.flags.opcode)
            && self.qname.as_ref().is_none_or(|name| qname(&|qname| qname == name))
            && self.qtype.is_none_or(|rtype| question.is_some_and(|question| question.rtype == rtype))
            && self.subdomain_of.as_ref().is_none_or(|zone| qname(&|qname| qname.is_within(zone)))
            && same(self.tcp, tcp)
            && same(self.edns, query.edns.is_some())
            && same(self.dnssec_ok, query.edns.is_some_and(|edns| edns.dnssec_ok))
    }
}

impl Reply {
    /// The message to that query.
    #[must_use]
    pub fn encode(&self, query: &Message) -> Vec<u8> {
        let id = self.id.unwrap_or(query.id);
        match &self.form {
            ReplyForm::Octets(octets) => {
                let mut octets = octets.clone();
                for (place, octet) in octets.iter_mut().zip(id.to_be_bytes()) {
                    *place = octet;
                }
                octets
            }
            ReplyForm::Parts(parts) => Handmade {
                id,
                flags: parts.flags.unwrap_or(HeaderFlags::response(query.flags.rd)),
                opcode: parts.opcode,
                rcode: parts.rcode,
                questions: parts.questions.clone().unwrap_or_else(|| echoed(query)),
                sections: parts.sections.clone(),
                edns: parts.edns.clone(),
            }
            .encode(),
        }
    }
}

/// An empty response to that query: header and question are the query's.
pub(super) fn empty(query: &Message, rcode: u16) -> Vec<u8> {
    let flags = HeaderFlags::response(query.flags.rd);
    let (id, opcode, questions) = (query.id, query.flags.opcode, echoed(query));
    Handmade { id, flags, opcode, rcode, questions, ..Handmade::default() }.encode()
}

fn echoed(query: &Message) -> Vec<HandmadeQuestion> {
    let echo =
        |question: &crate::proto::dns::Question| HandmadeQuestion { question: question.clone(), class: query.class };
    query.questions.iter().map(echo).collect()
}
