//! Small worlds for tests.

use std::collections::BTreeMap;

use super::Plan;
use crate::base::directory::{HostEntry, LinkEntry};
use crate::base::{Addresses, Directory, HostId, UnixTime};
use crate::net::{LinkConfig, LinkDirConfig, NodeConfig, Policy, TcpConfig, Topology};

/// The hosts a and b, 10.0.0.1 and 10.0.0.2, with an ideal link between them and nothing on them.
pub(crate) fn two_hosts() -> Plan {
    let hosts = [("a", 1), ("b", 2)].map(|(name, number)| {
        let addresses = Addresses { v4: Some([10, 0, 0, number].into()), v6: None };
        HostEntry { name: name.to_owned(), addresses, router: false }
    });
    let node = |host: &HostEntry| NodeConfig { name: host.name.clone(), addresses: host.addresses, router: false };
    let (name, ends) = ("ab".to_owned(), [HostId(0), HostId(1)]);
    let link = LinkConfig { name: name.clone(), ends, directions: [LinkDirConfig::default(); 2] };
    let nodes = hosts.iter().map(node).collect();
    Plan {
        topology: Topology { nodes, links: vec![link], tcp: TcpConfig::default() },
        directory: Directory::new(hosts.to_vec(), vec![LinkEntry { name, ends }], UnixTime::DEFAULT_START),
        apps: vec![Vec::new(), Vec::new()],
        policy: Policy::default(),
        processing: BTreeMap::new(),
        sessions: BTreeMap::new(),
        faults: Vec::new(),
        seed: 1,
    }
}
