//! Which packets a capture shows, and where it looks.

use super::file::Interface;
use crate::base::directory::Directory;
use crate::base::ids::{HostId, LinkDirId};
use crate::base::time::SimTime;
use crate::base::trace::PacketInfo;

/// What a capture has as its interfaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interfaces {
    /// One a host.
    #[default]
    Hosts,
    /// One a link direction.
    Links,
}

/// What a capture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureOptions {
    /// Where it looks.
    pub interfaces: Interfaces,
    /// With [`Interfaces::Hosts`]: shows what these hosts send and what reaches them; when
    /// empty, every packet once, where it is sent. With [`Interfaces::Links`]: the links of
    /// these hosts; when empty, all.
    pub hosts: Vec<HostId>,
    /// Only packets from or to one of these ports; all when empty.
    pub ports: Vec<u16>,
    /// Nothing before.
    pub from: SimTime,
    /// Nothing at this instant or later.
    pub until: SimTime,
}

impl Default for CaptureOptions {
    fn default() -> Self {
        let (hosts, ports) = (Vec::new(), Vec::new());
        Self { interfaces: Interfaces::Hosts, hosts, ports, from: SimTime::ZERO, until: SimTime::NEVER }
    }
}

/// The options, ready to be asked about each packet.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    options: CaptureOptions,
    /// The interface of each host or link direction.
    numbers: Vec<Option<u32>>,
}

impl Filter {
    /// The filter, and the interfaces in the order of their numbers.
    pub(super) fn new(options: CaptureOptions, directory: &Directory) -> (Self, Vec<Interface>) {
        let mut interfaces = Vec::new();
        let listed = |host: HostId| options.hosts.contains(&host);
        let mut number = |wanted: bool, interface: &dyn Fn() -> Interface| {
            wanted.then(|| {
                interfaces.push(interface());
                u32::try_from(interfaces.len() - 1).expect("fewer than 2^32 interfaces")
            })
        };
        let numbers = match options.interfaces {
            Interfaces::Hosts => {
                let all = options.hosts.is_empty();
                let hosts = (0_u32..).map(HostId).zip(directory.hosts());
                let what = if all { "what it sends" } else { "what it sends and what reaches it" };
                let number = |(id, host): (HostId, &crate::base::directory::HostEntry)| {
                    number(all || listed(id), &|| Interface { name: host.name.clone(), description: what.to_owned() })
                };
                hosts.map(number).collect()
            }
            Interfaces::Links => (0..directory.links().len() * 2)
                .map(|dir| LinkDirId(u32::try_from(dir).expect("fewer than 2^32 links")))
                .map(|dir| {
                    let (_, from, to) = directory.link_dir(dir);
                    let wanted = options.hosts.is_empty() || listed(from) || listed(to);
                    let description = format!("from {} to {}", directory.host_name(from), directory.host_name(to));
                    let name = link_name(directory, dir);
                    number(wanted, &|| Interface { name: name.clone(), description: description.clone() })
                })
                .collect(),
        };
        (Self { options, numbers }, interfaces)
    }

    /// Whether packets with these ports are shown at all.
    pub(super) fn shows(&self, packet: &PacketInfo) -> bool {
        let ports = &self.options.ports;
        ports.is_empty() || ports.contains(&packet.src.port) || ports.contains(&packet.dst.port)
    }

    /// The interface on which a packet is seen that a node puts on a link.
    pub(super) fn when_sent(&self, at: SimTime, origin: Option<HostId>, link: LinkDirId) -> Option<u32> {
        let number = match self.options.interfaces {
            Interfaces::Hosts => self.numbers[origin?.index()],
            Interfaces::Links => self.numbers[link.index()],
        };
        number.filter(|_| self.is_time(at))
    }

    /// The interface on which a packet is seen that comes to a node.
    pub(super) fn when_arrived(&self, at: SimTime, host: HostId) -> Option<u32> {
        let number = match self.options.interfaces {
            Interfaces::Hosts if !self.options.hosts.is_empty() => self.numbers[host.index()],
            Interfaces::Hosts | Interfaces::Links => None,
        };
        number.filter(|_| self.is_time(at))
    }

    /// Whether what a packet carries may be needed again on its way.
    pub(super) const fn looks_twice(&self) -> bool {
        matches!(self.options.interfaces, Interfaces::Links) || !self.options.hosts.is_empty()
    }

    /// Whether a packet's fate on one link is all there is to tell on that link's interface.
    pub(super) const fn by_link(&self) -> bool {
        matches!(self.options.interfaces, Interfaces::Links)
    }

    /// Whether nothing is shown from now on.
    pub(super) fn is_over(&self, at: SimTime) -> bool {
        at >= self.options.until
    }

    fn is_time(&self, at: SimTime) -> bool {
        at >= self.options.from && !self.is_over(at)
    }
}

/// A link direction's name: `link:from>to`, as in `events.jsonl`.
pub(super) fn link_name(directory: &Directory, dir: LinkDirId) -> String {
    let (link, from, to) = directory.link_dir(dir);
    format!("{}:{}>{}", link.name, directory.host_name(from), directory.host_name(to))
}
