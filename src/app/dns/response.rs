//! What a server's response means to the resolver that asked it, and how much of it to believe.
//!
//! A server is believed about names inside the zone for which it was asked (the bailiwick) and
//! about nothing else: an alias that leads out of the zone is followed afresh, and addresses of
//! servers elsewhere are looked up elsewhere. A pure function of the message.

use super::scrub::{Trail, follow_aliases};
use crate::base::trace::DnsAnswerKind;
use crate::proto::dns::{Message, Name, Question, Rcode, Record, Rtype};

/// YXDOMAIN, which tells that a DNAME record leads to a name that is too long (RFC 6672 2.2).
pub(super) const YX_DOMAIN: Rcode = Rcode::Other(6);

/// A response, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The records asked for, behind any aliases.
    Answer {
        /// CNAME and DNAME records, in order.
        aliases: Vec<Record>,
        /// The records.
        records: Vec<Record>,
    },
    /// The search goes on at another name.
    Alias {
        /// CNAME and DNAME records, in order; at least one.
        aliases: Vec<Record>,
        /// The name at the end.
        target: Name,
    },
    /// There is no such name, or no such record.
    Denial {
        /// CNAME and DNAME records, in order.
        aliases: Vec<Record>,
        /// The name denied: the one at the end.
        name: Name,
        /// The whole name is denied, not only the type.
        nx_domain: bool,
        /// The SOA, if there was one of this bailiwick.
        soa: Option<Record>,
    },
    /// The search ends at an alias for a name that is too long to be one.
    TooLong {
        /// CNAME and DNAME records, in order.
        aliases: Vec<Record>,
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
            Self::TooLong { .. } | Self::Useless => DnsAnswerKind::Failure,
        }
    }
}

/// For what a server was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    /// The zone whose server it is.
    pub(super) zone: &'a Name,
    /// Beneath which its records are believed: the zone, if that is checked.
    pub(super) bailiwick: &'a Name,
    /// It was asked as a resolver.
    pub(super) forward: bool,
    /// Glue is believed only inside the bailiwick.
    pub(super) harden_glue: bool,
}

/// How much a judgement is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// It settles the matter.
    Sound,
    /// Better ask another server first: a resolver's cache speaks, or next to nothing was said.
    Doubtful,
}

/// Judges a response to `question`.
pub(super) fn judge(message: &Message, question: &Question, terms: Terms<'_>) -> (Verdict, Worth) {
    let nx_domain = match message.rcode {
        Rcode::NoError | YX_DOMAIN => false,
        Rcode::NxDomain => true,
        Rcode::FormErr | Rcode::ServFail | Rcode::NotImp | Rcode::Refused | Rcode::BadVers | Rcode::Other(_) => {
            return (Verdict::Useless, Worth::Sound);
        }
    };
    // one that offers recursion and has no authority tells what it happens to have in its cache
    let cached = message.flags.ra && !message.flags.aa && !terms.forward;
    let worth = if cached { Worth::Doubtful } else { Worth::Sound };
    let (aliases, name) = match follow_aliases(message, question, terms.bailiwick) {
        Trail::To(aliases, name) => (aliases, name),
        Trail::TooLong(aliases) => return (Verdict::TooLong { aliases }, Worth::Sound),
        Trail::Loop => return (Verdict::Useless, Worth::Sound),
    };
    if message.rcode == YX_DOMAIN {
        return (Verdict::TooLong { aliases }, Worth::Sound);
    }
    if !name.is_within(terms.bailiwick) {
        return (Verdict::Alias { aliases, target: name }, worth);
    }
    let records: Vec<Record> =
        message.answers.iter().filter(|record| record.name == name && asked_for(question, record)).cloned().collect();
    if !records.is_empty() {
        // a zone above that answers out of its own glue: who has authority is further down
        let above = aliases.is_empty() && !message.flags.aa && !message.flags.ra && !terms.forward;
        return match referral(message, question, terms).filter(|_| above) {
            Some(referral) => (referral, Worth::Sound),
            None => (Verdict::Answer { aliases, records }, worth),
        };
    }
    let soa = soa_of(message, &name, terms.bailiwick);
    if nx_domain || soa.is_some() {
        // a denial that is neither authoritative nor explained is not worth much
        let bare = soa.is_none() && !message.flags.aa && !terms.forward;
        let worth = if bare { Worth::Doubtful } else { worth };
        return (Verdict::Denial { aliases, name, nx_domain, soa }, worth);
    }
    if !aliases.is_empty() {
        return (Verdict::Alias { aliases, target: name }, worth);
    }
    nothing(message, question, terms)
}

/// A response without answer or denial: a referral, NODATA of types 2 and 3 (RFC 2308 2.2), or a
/// server that knows nothing.
fn nothing(message: &Message, question: &Question, terms: Terms<'_>) -> (Verdict, Worth) {
    let name = &question.name;
    let no_data = Verdict::Denial { aliases: Vec::new(), name: name.clone(), nx_domain: false, soa: None };
    let mut cuts = message.authorities.iter().filter(|record| record.rtype() == Rtype::Ns).map(|record| &record.name);
    if !terms.forward
        && let Some(referral) = referral(message, question, terms)
    {
        return (referral, Worth::Sound);
    }
    if terms.forward {
        let leads_elsewhere = cuts.next().is_some() && !message.flags.aa;
        return (if leads_elsewhere { Verdict::Useless } else { no_data }, Worth::Sound);
    }
    // the zone's own servers beside nothing is NODATA if it says so with authority; a way up, or
    // round, is lame
    match cuts.find(|cut| terms.zone.is_within(cut)) {
        Some(cut) if cut == terms.zone && message.flags.aa => (no_data, Worth::Sound),
        Some(_) => (Verdict::Useless, Worth::Sound),
        None => (no_data, Worth::Doubtful),
    }
}

fn asked_for(question: &Question, record: &Record) -> bool {
    record.rtype() == question.rtype || question.rtype == Rtype::ANY
}

/// The SOA of a zone that holds `name` and lies in the bailiwick.
fn soa_of(message: &Message, name: &Name, zone: &Name) -> Option<Record> {
    let fits =
        |record: &&Record| record.rtype() == Rtype::Soa && record.name.is_within(zone) && name.is_within(&record.name);
    message.authorities.iter().find(fits).cloned()
}

/// A referral leads strictly downwards, towards the name; for a DS record, which stands above
/// the zone that it is about, not as far as the name itself (RFC 4035 3.1.4.1).
fn referral(message: &Message, question: &Question, terms: Terms<'_>) -> Option<Verdict> {
    let name = &question.name;
    let leads_down = |cut: &Name| {
        let too_far = question.rtype == Rtype::DS && cut == name;
        cut != terms.zone && cut.is_within(terms.zone) && name.is_within(cut) && !too_far
    };
    // asked for NS records, the zone above may have them in the answer section
    let told = || message.authorities.iter().chain(&message.answers).filter(|record| record.rtype() == Rtype::Ns);
    let cut = told().map(|record| &record.name).find(|cut| leads_down(cut))?.clone();
    let servers: Vec<Record> = told().filter(|record| record.name == cut).cloned().collect();
    let is_server = |name: &Name| servers.iter().any(|ns| ns.data.name_server() == Some(name));
    let glue = message
        .additionals
        .iter()
        .chain(&message.answers)
        .filter(|record| record.data.address().is_some())
        .filter(|record| record.name.is_within(terms.bailiwick) || !terms.harden_glue)
        .filter(|record| is_server(&record.name))
        .cloned()
        .collect();
    Some(Verdict::Referral { cut, servers, glue })
}
