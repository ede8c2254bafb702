//! Names, records and zones of the tests, from their text.

use std::net::{IpAddr, Ipv6Addr};

use super::Zone;
use crate::base::trace::DnsTrace;
use crate::proto::dns::{Name, Record, RecordData, Rtype};

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// `owner ttl type data`, all names absolute.
pub(super) fn record(text: &str) -> Record {
    let [owner, ttl, rtype, data] = text.splitn(4, ' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
    let data = RecordData::parse(Rtype::parse(rtype).unwrap(), data, &Name::root()).unwrap();
    Record { name: name(owner), ttl: ttl.parse().unwrap(), data }
}

/// A zone with an SOA of TTL 300 and MINIMUM 60, as in V31.
pub(super) fn zone(apex: &str, records: &[&str]) -> Zone {
    let soa = record(&format!("{apex} 300 SOA ns. root. 1 7200 900 1209600 60"));
    let all = std::iter::once(soa).chain(records.iter().map(|text| record(text))).collect();
    Zone::new(name(apex), all).unwrap()
}

/// A line of the trace.
pub(super) fn told(what: &DnsTrace<'_>) -> String {
    match *what {
        DnsTrace::Asked { to, name, rtype, .. } => {
            let family = if to.addr.is_ipv6() { "v6 " } else { "" };
            format!("asked {family}{} {name} {}", node_of(to.addr), Rtype::from_number(rtype))
        }
        DnsTrace::Answered { kind, .. } => format!("answered {kind:?}"),
        DnsTrace::TimedOut { .. } => "timed out".to_owned(),
        DnsTrace::Unreachable { .. } => "not reached".to_owned(),
        DnsTrace::Received { task, name, .. } => format!("received {task} {name}"),
        DnsTrace::Cache { task, name, result, .. } => format!("cache {task} {name} {result:?}"),
        DnsTrace::Replied { task, kind, rcode, .. } => format!("replied {task} {kind:?} {rcode}"),
        DnsTrace::Changed { zone, serial, name, rtype, .. } => {
            format!("changed {zone} {serial} {name} {}", Rtype::from_number(rtype))
        }
        DnsTrace::Copied { zone, serial } => format!("copied {zone} {serial}"),
        DnsTrace::Expired { zone } => format!("expired {zone}"),
        DnsTrace::LocalCache { level, name, result, .. } => format!("own {level:?} {name} {result:?}"),
        DnsTrace::LookedUp { name, kind, cache, .. } => format!("looked up {name} {kind:?} {cache:?}"),
    }
}

pub(super) fn node_of(addr: IpAddr) -> usize {
    match addr {
        IpAddr::V4(addr) => usize::from(addr.octets()[3]),
        IpAddr::V6(addr) => usize::from(addr.octets()[15]),
    }
}

/// Its IPv6 address, if it has one, is 2001:db8::n.
pub(super) fn addr6(node: usize) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from((0x2001_0db8 << 96) + u128::try_from(node).unwrap()))
}
