//! Where mail for a domain goes (RFC 5321 section 5): where the server is told to hand it, else
//! to the domain's mail exchangers by preference, else to the domain's own address.
//!
//! A host that the server is told of (a smart host, a domain's entry) is looked up by its
//! addresses alone. Such a destination is written `[host]:port`, which no domain is.
//!
//! Among exchangers of equal preference the order is drawn anew for each attempt, on a stream
//! of the message's own (RFC 5321 5.1: "the sender-SMTP MUST randomize them"). All addresses of
//! an exchanger that this host can reach are tried, those of IPv6 first (RFC 5321 5.2, RFC 6724).

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::config::{NextHop, Transports};
use super::failure::Reason;
use crate::app::dns::stub::Outcome;
use crate::base::trace::FailureKind;
use crate::base::{Addresses, Stream};
use crate::proto::dns::{Record, RecordData};

/// Where a server is told to hand its mail.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    by_domain: BTreeMap<String, Option<NextHop>>,
    smart_host: Option<NextHop>,
}

impl Ways {
    pub(super) fn new(transports: &Transports) -> Self {
        let lower = |(domain, hop): &(String, Option<NextHop>)| (domain.to_ascii_lowercase(), hop.clone());
        Self { by_domain: transports.by_domain.iter().map(lower).collect(), smart_host: transports.smart_host.clone() }
    }

    /// The destination of mail for a domain: the domain, or a host.
    pub(super) fn destination(&self, domain: &str) -> String {
        let domain = domain.to_ascii_lowercase();
        let hop = self.by_domain.get(&domain).unwrap_or(&self.smart_host);
        hop.as_ref().map_or(domain, |hop| format!("[{}]:{}", hop.host, hop.port))
    }
}

/// The host that a destination names, if it is not a domain.
pub(super) fn next_hop(destination: &str) -> Option<NextHop> {
    let (host, port) = destination.strip_prefix('[')?.rsplit_once("]:")?;
    Some(NextHop { host: host.to_owned(), port: port.parse().ok()? })
}

/// What is left to try in an attempt, and what went wrong so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    /// Exchangers not looked up yet.
    pub(super) exchanges: VecDeque<String>,
    /// Addresses of the present exchanger not tried yet.
    pub(super) addresses: VecDeque<IpAddr>,
    failure: Option<Reason>,
}

impl Route {
    /// Remembers a failure. A temporary one outweighs a permanent one: as long as one way may
    /// open again, the copy is kept. Behind this host itself in the list nobody is tried: they
    /// would send the message back here.
    pub(super) fn note(&mut self, reason: Reason) {
        if reason.kind == FailureKind::Loop {
            self.exchanges.clear();
        }
        let keep = self.failure.as_ref().is_some_and(Reason::is_temporary) && !reason.is_temporary();
        if !keep {
            self.failure = Some(reason);
        }
    }

    /// Why the attempt failed, when nothing is left to try.
    pub(super) fn failure(&self) -> Reason {
        self.failure.clone().unwrap_or_else(|| Reason::new(FailureKind::NoMailServer, "no mail server to try"))
    }
}

/// The exchangers of `domain` in the order to be tried, from the answer to its MX question.
pub(super) fn exchangers(
    domain: &str,
    own_name: &str,
    outcome: &Outcome,
    stream: impl FnOnce() -> Stream,
) -> Result<VecDeque<String>, Reason> {
    let records = match outcome {
        Outcome::Records(records) => records,
        // RFC 5321 5.1: "If an empty list of MXs is returned, the address is treated as if it
        // was associated with an implicit MX RR, with a preference of 0, pointing to that host."
        Outcome::NoData => return Ok([domain.to_owned()].into()),
        Outcome::NxDomain => return Err(no_such_domain(domain)),
        Outcome::Failed => return Err(look_up_failed(domain)),
    };
    let mut found: Vec<(u16, String)> = of_owner(records, domain)
        .filter_map(|record| {
            let RecordData::Mx { preference, exchange } = &record.data else { return None };
            Some((*preference, plain(&exchange.to_string())))
        })
        .collect();
    if found.is_empty() {
        return Ok([domain.to_owned()].into());
    }
    // RFC 7505 section 3: an MX whose exchange is the root says that the domain takes no mail.
    if found.iter().all(|(_, exchange)| exchange.is_empty()) {
        // Section 4.2 has the status code for it; the reply 556 is for servers, and none was asked.
        return Err(Reason::new(FailureKind::NoMailServer, format!("5.1.10 {domain} accepts no mail (null MX)")));
    }
    found.retain(|(_, exchange)| !exchange.is_empty());
    found.sort();
    // RFC 5321 5.1: where our own name stands, "all records at that preference level and
    // higher-numbered ones MUST be discarded from consideration".
    if let Some(own) = found.iter().find(|(_, exchange)| exchange.eq_ignore_ascii_case(own_name)).map(|(p, _)| *p) {
        found.retain(|(preference, _)| *preference < own);
        if found.is_empty() {
            return Err(Reason::new(FailureKind::Loop, format!("mail for {domain} loops back to {own_name}")));
        }
    }
    shuffle_equals(&mut found, stream);
    Ok(found.into_iter().map(|(_, exchange)| exchange).collect())
}

/// The addresses of an exchanger, from the answer to the question for them.
pub(super) fn addresses(exchange: &str, own: Addresses, outcome: &Outcome) -> Result<VecDeque<IpAddr>, Reason> {
    let no_address = || Reason::new(FailureKind::NoMailServer, format!("{exchange} has no address"));
    let records = match outcome {
        Outcome::Records(records) => records,
        Outcome::NoData => return Err(no_address()),
        Outcome::NxDomain => return Err(no_such_domain(exchange)),
        Outcome::Failed => return Err(look_up_failed(exchange)),
    };
    let found: VecDeque<IpAddr> = of_owner(records, exchange).filter_map(|record| record.data.address()).collect();
    if found.is_empty() {
        return Err(no_address());
    }
    others(found, exchange, own)
}

/// Those of an exchanger's addresses that are not this host's.
pub(super) fn others(mut found: VecDeque<IpAddr>, exchange: &str, own: Addresses) -> Result<VecDeque<IpAddr>, Reason> {
    found.retain(|address| !own.contains(*address));
    if found.is_empty() {
        return Err(Reason::new(FailureKind::Loop, format!("mail loops back: {exchange} is this host")));
    }
    Ok(found)
}

fn no_such_domain(name: &str) -> Reason {
    Reason::new(FailureKind::NoSuchDomain, format!("the domain {name} does not exist"))
}

fn look_up_failed(name: &str) -> Reason {
    Reason::new(FailureKind::DnsFailure, format!("the name servers gave no answer for {name}"))
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The records of `name`, behind its aliases if it has any. Each record can be used as an
/// alias once, so a loop of aliases ends.
fn of_owner<'a>(records: &'a [Record], name: &str) -> impl Iterator<Item = &'a Record> {
    let mut owner = plain(name);
    for _ in records {
        let alias = records.iter().find_map(|record| {
            let RecordData::Cname(target) = &record.data else { return None };
            (plain(&record.name.to_string()) == owner).then(|| plain(&target.to_string()))
        });
        match alias {
            Some(target) => owner = target,
            None => break,
        }
    }
    records.iter().filter(move |record| plain(&record.name.to_string()) == owner)
}

/// Shuffles each run of equal preferences (Fisher and Yates); without one, nothing is drawn.
fn shuffle_equals(found: &mut [(u16, String)], stream: impl FnOnce() -> Stream) {
    if found.windows(2).all(|pair| pair[0].0 != pair[1].0) {
        return;
    }
    let mut stream = stream();
    for group in found.chunk_by_mut(|a, b| a.0 == b.0) {
        for at in (1..group.len()).rev() {
            let other = usize::try_from(stream.below(at as u64 + 1)).expect("at most `at`");
            group.swap(at, other);
        }
    }
}
