//! What a server's response means to the resolver that asked it, and how much of it to believe.
//!
//! A server is believed about names inside the zone for which it was asked (the bailiwick) and
//! about nothing else: an alias that leads out of the zone is followed afresh, and addresses of
//! servers elsewhere are looked up elsewhere. A pure function of the message.

use crate::base::trace::DnsAnswerKind;
use crate::proto::dns::{Message, Name, Question, Rcode, Record, Rtype};

/// Aliases followed inside one response; more is a loop.
const ALIAS_LIMIT: usize = 12;

/// A response, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The records asked for, behind any aliases.
    Answer {
        /// CNAME records, in order.
        aliases: Vec<Record>,
        /// The records.
        records: Vec<Record>,
    },
    /// The search goes on at another name.
    Alias {
        /// CNAME records, in order; at least one.
        aliases: Vec<Record>,
        /// The name at the end.
        target: Name,
    },
    /// There is no such name, or no such record.
    Denial {
        /// CNAME records, in order.
        aliases: Vec<Record>,
        /// The name denied: the one at the end.
        name: Name,
        /// The whole name is denied, not only the type.
        nx_domain: bool,
        /// The SOA, if there was one of this bailiwick.
        soa: Option<Record>,
    },
    /// Ask further down.
    Referral {
        /// The zone delegated.
        cut: Name,
        /// Its NS records.
        servers: Vec<Record>,
        /// Addresses of servers, of this bailiwick.
        glue: Vec<Record>,
    },
    /// Of no use: ask another server.
    Useless,
}

impl Verdict {
    /// The kind as the trace tells it.
    pub(super) const fn kind(&self) -> DnsAnswerKind {
        match self {
            Self::Answer { .. } => DnsAnswerKind::Answer,
            Self::Alias { .. } => DnsAnswerKind::Alias,
            Self::Denial { nx_domain: true, .. } => DnsAnswerKind::NxDomain,
            Self::Denial { nx_domain: false, .. } => DnsAnswerKind::NoData,
            Self::Referral { .. } => DnsAnswerKind::Referral,
            Self::Useless => DnsAnswerKind::Failure,
        }
    }
}

/// Judges a response to `question` from a server of the zone `zone`.
pub(super) fn judge(message: &Message, question: &Question, zone: &Name) -> Verdict {
    let nx_domain = match message.rcode {
        Rcode::NoError => false,
        Rcode::NxDomain => true,
        Rcode::FormErr | Rcode::ServFail | Rcode::NotImp | Rcode::Refused | Rcode::BadVers | Rcode::Other(_) => {
            return Verdict::Useless;
        }
    };
    let Some((aliases, name)) = follow_aliases(message, question, zone) else { return Verdict::Useless };
    if !name.is_within(zone) {
        return Verdict::Alias { aliases, target: name };
    }
    let records: Vec<Record> =
        message.answers.iter().filter(|record| record.name == name && asked_for(question, record)).cloned().collect();
    if !records.is_empty() {
        return Verdict::Answer { aliases, records };
    }
    let soa = soa_of(message, &name, zone);
    if nx_domain {
        // a denial that is neither authoritative nor explained is not worth believing
        return if message.flags.aa || soa.is_some() {
            Verdict::Denial { aliases, name, nx_domain, soa }
        } else {
            Verdict::Useless
        };
    }
    if soa.is_some() {
        return Verdict::Denial { aliases, name, nx_domain, soa };
    }
    if !aliases.is_empty() {
        return Verdict::Alias { aliases, target: name };
    }
    if let Some(referral) = referral(message, &name, zone) {
        return referral;
    }
    let lame = !message.flags.aa || message.authorities.iter().any(|record| record.rtype() == Rtype::Ns);
    // RFC 2308 2.2: NODATA type 3 has neither SOA nor NS
    if lame { Verdict::Useless } else { Verdict::Denial { aliases, name, nx_domain, soa } }
}

fn asked_for(question: &Question, record: &Record) -> bool {
    record.rtype() == question.rtype || question.rtype == Rtype::ANY
}

/// The aliases from the question on, while they stay in the bailiwick, and the name at their
/// end; none when they go round.
fn follow_aliases(message: &Message, question: &Question, zone: &Name) -> Option<(Vec<Record>, Name)> {
    let mut aliases: Vec<Record> = Vec::new();
    let mut name = question.name.clone();
    if matches!(question.rtype, Rtype::Cname | Rtype::ANY) {
        return Some((aliases, name));
    }
    while name.is_within(zone) {
        let at_name = |record: &&Record| record.name == name && record.rtype() == Rtype::Cname;
        let Some(record) = message.answers.iter().find(at_name) else { break };
        let Some(target) = record.data.alias_target().cloned() else { break };
        if aliases.len() >= ALIAS_LIMIT || aliases.iter().any(|seen| seen.name == record.name) {
            return None;
        }
        aliases.push(record.clone());
        name = target;
    }
    Some((aliases, name))
}

/// The SOA of a zone that holds `name` and lies in the bailiwick.
fn soa_of(message: &Message, name: &Name, zone: &Name) -> Option<Record> {
    let fits =
        |record: &&Record| record.rtype() == Rtype::Soa && record.name.is_within(zone) && name.is_within(&record.name);
    message.authorities.iter().find(fits).cloned()
}

/// A referral leads strictly downwards, towards the name.
fn referral(message: &Message, name: &Name, zone: &Name) -> Option<Verdict> {
    let leads_down = |cut: &Name| cut != zone && cut.is_within(zone) && name.is_within(cut);
    let ns = |record: &&Record| record.rtype() == Rtype::Ns;
    let cut = message.authorities.iter().filter(ns).map(|record| &record.name).find(|cut| leads_down(cut))?.clone();
    let servers: Vec<Record> =
        message.authorities.iter().filter(ns).filter(|record| record.name == cut).cloned().collect();
    let is_server = |name: &Name| servers.iter().any(|ns| ns.data.name_server() == Some(name));
    let glue = message
        .additionals
        .iter()
        .filter(|record| record.data.address().is_some())
        .filter(|record| record.name.is_within(zone) && is_server(&record.name))
        .cloned()
        .collect();
    Some(Verdict::Referral { cut, servers, glue })
}
