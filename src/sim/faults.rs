//! What breaks in a world, when, and how it is mended.
//!
//! Faults nest: a host, link or service that several faults hold down is up again when the
//! last of them ends, and a link that several faults change has the properties of the link
//! with all their changes laid over it in the order of their numbers. A service that is degraded
//! by several has those of an ideal stage with their changes laid over it.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use crate::app::host::Input;
use crate::base::trace::{FaultTrace, Observer, Trace};
use crate::base::{DataRate, Dist, HostId, LinkDirId, Probability, SimDuration, SimTime, Stream, Streams};
use crate::net::{Bursts, CodelConfig, Discipline, Jitter, Kernel as _, LinkDirConfig, QueueLimit, RedConfig};

use super::intervention::FlushOrder;
use super::kernel::Event;
use super::world::World;

/// Something that breaks for a while, once or again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Names the random stream of its times; unique among faults with random times.
    pub name: String,
    /// When.
    pub timing: Timing,
    /// What.
    pub what: Faulty,
}

/// When a fault begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Once.
    Once {
        /// From here on.
        at: SimTime,
        /// For how long; none: for the rest of the run.
        lasts: Option<SimDuration>,
    },
    /// At equal intervals.
    Repeated {
        /// The first time.
        at: SimTime,
        /// For how long each time; below `every`.
        lasts: SimDuration,
        /// From one begin to the next.
        every: SimDuration,
        /// No begin later than this.
        until: SimTime,
    },
    /// Alternating exponential times: up, down, up, and so on.
    Random {
        /// When the first time of being up begins.
        at: SimTime,
        /// Mean time between a repair and the next failure.
        mean_up: SimDuration,
        /// Mean time to repair.
        mean_down: SimDuration,
        /// No failure later than this.
        until: SimTime,
    },
}

impl Timing {
    /// When the fault ends for the first time; none when it never does, or at random.
    #[must_use]
    pub fn first_end(&self) -> Option<SimTime> {
        match *self {
            Self::Once { at, lasts } => lasts.map(|lasts| at.saturating_add(lasts)),
            Self::Repeated { at, lasts, .. } => Some(at.saturating_add(lasts)),
            Self::Random { .. } => None,
        }
    }
}

/// What can break.
#[derive(Clone, Debug, PartialEq)]
pub enum Faulty {
    /// A host loses its power.
    Host(HostId),
    /// A link carries nothing, in both directions (its number).
    Link(u32),
    /// One port of a host: nobody listens there. What is established goes on.
    Service(HostId, u16),
    /// A part of the network is cut off: all links between it and the rest.
    Partition(Vec<u32>),
    /// Links have other properties.
    Change(Box<LinkChange>),
    /// The packets of one port of a host have one more stage to pass there.
    Degraded(Box<ServiceChange>),
    /// A host's requests take another time.
    Slow(HostId, Dist),
    /// Nothing breaks: an operator asks a host to try at once what waits in its queue.
    Flush(HostId, FlushOrder),
}

/// Other properties of links; what is not given stays.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkChange {
    /// The links' numbers, and whether the two directions of each are concerned: from the first
    /// end to the second, and back. Not empty.
    pub links: Vec<(u32, [bool; 2])>,
    /// Their properties.
    pub to: Properties,
}

/// Properties of the stage that a service's packets pass; what is not given is ideal.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceChange {
    /// The host.
    pub host: HostId,
    /// Its TCP and UDP port.
    pub port: u16,
    /// Whether packets to the service are concerned, and packets from it.
    pub ways: [bool; 2],
    /// The properties; of a service: no MTU, no RED and no `CoDel`.
    pub to: Properties,
}

/// What a change gives to the directions concerned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// Transmission rate.
    pub rate: Option<DataRate>,
    /// Propagation delay.
    pub delay: Option<SimDuration>,
    /// Room for packets that wait.
    pub queue: Option<QueueLimit>,
    /// Largest packet.
    pub mtu: Option<u32>,
    /// Probability of loss.
    pub loss: Option<Probability>,
    /// Every n-th packet with data is lost.
    pub loss_every: Option<NonZeroU32>,
    /// Loss in bursts.
    pub bursts: Option<Bursts>,
    /// What comes on top of the delay; packets may overtake each other only if they might before.
    pub jitter: Option<Dist>,
    /// Parameters of RED, for a queue that is managed by it.
    pub red: Option<RedConfig>,
    /// Parameters of `CoDel`, for a queue that is managed by it.
    pub codel: Option<CodelConfig>,
    /// Probability of damage.
    pub corruption: Option<Probability>,
    /// Probability of a copy.
    pub duplication: Option<Probability>,
}

impl Properties {
    fn apply(&self, config: &mut LinkDirConfig) {
        config.rate = self.rate.or(config.rate);
        config.delay = self.delay.unwrap_or(config.delay);
        config.queue = self.queue.unwrap_or(config.queue);
        config.mtu = self.mtu.or(config.mtu);
        config.loss = self.loss.unwrap_or(config.loss);
        config.loss_every = self.loss_every.or(config.loss_every);
        config.bursts = self.bursts.or(config.bursts);
        if let Some(extra) = self.jitter {
            config.jitter = Some(Jitter { extra, reorder: config.jitter.is_some_and(|jitter| jitter.reorder) });
        }
        match (&mut config.discipline, self.red, self.codel) {
            (Discipline::Red(own), Some(red), _) => *own = red,
            (Discipline::Codel(own), _, Some(codel)) => *own = codel,
            (Discipline::DropTail | Discipline::Red(_) | Discipline::Codel(_), ..) => {}
        }
        config.corruption = self.corruption.unwrap_or(config.corruption);
        config.duplication = self.duplication.unwrap_or(config.duplication);
    }
}

/// The faults of a world and what they hold down at present.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    all: Vec<(Fault, Stream)>,
    /// Links as the topology describes them.
    links: Vec<[LinkDirConfig; 2]>,
    /// How many faults hold each of them down.
    hosts_down: BTreeMap<HostId, u32>,
    links_down: BTreeMap<u32, u32>,
    services_down: BTreeMap<(HostId, u16), u32>,
    /// The faults that have begun and not ended.
    begun: BTreeSet<u32>,
    /// The numbers of the changes in force.
    changes: BTreeSet<u32>,
}

impl Faults {
    /// None yet, on links that the topology describes so.
    pub(super) const fn new(links: Vec<[LinkDirConfig; 2]>) -> Self {
        Self {
            all: Vec::new(),
            links,
            hosts_down: BTreeMap::new(),
            links_down: BTreeMap::new(),
            services_down: BTreeMap::new(),
            begun: BTreeSet::new(),
            changes: BTreeSet::new(),
        }
    }

    /// The faults of just this kind that have begun and not ended.
    pub(super) fn in_force(&self, what: &Faulty) -> Vec<u32> {
        self.begun.iter().copied().filter(|number| self.all[*number as usize].0.what == *what).collect()
    }

    /// The faults from that number on.
    pub(super) fn from(&self, first: u32) -> impl Iterator<Item = (u32, &Fault)> {
        (0_u32..).zip(&self.all).skip(first as usize).map(|(number, (fault, _))| (number, fault))
    }

    /// Adds faults; gives the number of the first.
    pub(super) fn add(&mut self, faults: &[Fault], streams: &Streams) -> u32 {
        let first = u32::try_from(self.all.len()).expect("few faults");
        self.all.extend(faults.iter().map(|fault| (fault.clone(), streams.stream(&format!("fault/{}", fault.name)))));
        first
    }

    pub(super) fn is_named(&self, number: u32, name: &str) -> bool {
        self.all[number as usize].0.name == name
    }

    pub(super) fn draw(&mut self, number: u32, mean: SimDuration) -> SimDuration {
        Dist::Exponential { mean }.sample(&mut self.all[number as usize].1)
    }
}

/// One more fault holds `key` down; true for the first.
fn hold<K: Ord>(held: &mut BTreeMap<K, u32>, key: K) -> bool {
    let count = held.entry(key).or_default();
    *count += 1;
    *count == 1
}

/// One fault less holds `key` down; true for the last.
fn release<K: Ord>(held: &mut BTreeMap<K, u32>, key: &K) -> bool {
    let count = held.get_mut(key).expect("a fault ends after it began");
    *count -= 1;
    *count == 0
}

impl<O: Observer> World<O> {
    /// Begins a fault that no plan has, now.
    pub(super) fn begin_by_hand(&mut self, fault: Fault) {
        let end = match fault.timing {
            Timing::Once { lasts, .. } => lasts.map(|lasts| self.kernel.now().saturating_add(lasts)),
            Timing::Repeated { .. } | Timing::Random { .. } => None,
        };
        let number = self.add_faults(&[fault]);
        self.fault_begins(number);
        if let Some(end) = end {
            self.push_fault(end, Event::FaultEnds(number));
        }
    }

    fn push_fault(&mut self, at: SimTime, event: Event) {
        let (Event::FaultBegins(number) | Event::FaultEnds(number)) = event else { return };
        self.kernel.push(at, self.fault_origin(number), event);
    }

    /// The host in whose name a fault begins and ends.
    pub(super) fn fault_origin(&self, number: u32) -> HostId {
        match &self.faults.all[number as usize].0.what {
            Faulty::Host(host) | Faulty::Service(host, _) | Faulty::Slow(host, _) | Faulty::Flush(host, _) => *host,
            Faulty::Degraded(change) => change.host,
            Faulty::Link(link) => self.link_end(*link),
            Faulty::Change(change) => change.links.first().map_or(HostId(0), |(link, _)| self.link_end(*link)),
            Faulty::Partition(links) => links.first().map_or(HostId(0), |link| self.link_end(*link)),
        }
    }

    fn fail_after(&mut self, number: u32, from: SimTime, mean_up: SimDuration, until: SimTime) {
        let at = from.saturating_add(self.faults.draw(number, mean_up));
        if at <= until {
            self.push_fault(at, Event::FaultBegins(number));
        }
    }

    pub(super) fn fault_begins(&mut self, number: u32) {
        let now = self.kernel.now();
        self.faults.begun.insert(number);
        match self.faults.all[number as usize].0.timing {
            Timing::Once { .. } => {}
            Timing::Repeated { lasts, every, until, .. } => {
                self.push_fault(now.saturating_add(lasts), Event::FaultEnds(number));
                let next = now.saturating_add(every);
                if next <= until {
                    self.push_fault(next, Event::FaultBegins(number));
                }
            }
            Timing::Random { mean_down, .. } => {
                let down = self.faults.draw(number, mean_down);
                self.push_fault(now.saturating_add(down), Event::FaultEnds(number));
            }
        }
        match self.faults.all[number as usize].0.what.clone() {
            Faulty::Host(host) => {
                if hold(&mut self.faults.hosts_down, host) {
                    self.trace_fault(host, FaultTrace::HostDown);
                    self.network.set_host_up(&mut self.kernel, host, false);
                    if let Some(processor) = self.processor(host) {
                        processor.crash();
                    }
                    self.each_app(host, Input::Crash);
                    self.visitors.host_down(host);
                }
            }
            Faulty::Link(link) => self.link_fails(link),
            Faulty::Service(host, port) => {
                if hold(&mut self.faults.services_down, (host, port)) {
                    self.trace_fault(host, FaultTrace::ServiceDown { port });
                    self.network.set_service_up(host, port, false);
                }
            }
            Faulty::Partition(links) => {
                self.trace_fault(self.link_end(links[0]), FaultTrace::PartitionBegins);
                let cause = self.kernel.cause();
                for link in links {
                    self.kernel.set_cause(cause);
                    self.link_fails(link);
                }
            }
            Faulty::Change(change) => {
                self.faults.changes.insert(number);
                self.links_change(&change);
            }
            Faulty::Degraded(change) => {
                self.faults.changes.insert(number);
                self.service_changes(change.host, change.port);
            }
            Faulty::Slow(host, _) => {
                self.faults.changes.insert(number);
                self.speed_changes(host);
            }
            Faulty::Flush(host, order) => self.carry_out(host, &order),
        }
    }

    pub(super) fn fault_ends(&mut self, number: u32) {
        // It may have been mended before its time.
        if !self.faults.begun.remove(&number) {
            return;
        }
        if let Timing::Random { mean_up, until, .. } = self.faults.all[number as usize].0.timing {
            self.fail_after(number, self.kernel.now(), mean_up, until);
        }
        match self.faults.all[number as usize].0.what.clone() {
            Faulty::Host(host) => {
                if release(&mut self.faults.hosts_down, &host) {
                    self.trace_fault(host, FaultTrace::HostUp);
                    self.network.set_host_up(&mut self.kernel, host, true);
                    self.each_app(host, Input::Boot);
                }
            }
            Faulty::Link(link) => self.link_mended(link),
            Faulty::Service(host, port) => {
                if release(&mut self.faults.services_down, &(host, port)) {
                    self.trace_fault(host, FaultTrace::ServiceUp { port });
                    self.network.set_service_up(host, port, true);
                }
            }
            Faulty::Partition(links) => {
                self.trace_fault(self.link_end(links[0]), FaultTrace::PartitionEnds);
                let cause = self.kernel.cause();
                for link in links {
                    self.kernel.set_cause(cause);
                    self.link_mended(link);
                }
            }
            Faulty::Change(change) => {
                self.faults.changes.remove(&number);
                self.links_change(&change);
            }
            Faulty::Degraded(change) => {
                self.faults.changes.remove(&number);
                self.service_changes(change.host, change.port);
            }
            Faulty::Slow(host, _) => {
                self.faults.changes.remove(&number);
                self.speed_changes(host);
            }
            Faulty::Flush(..) => {}
        }
    }

    fn link_fails(&mut self, link: u32) {
        if hold(&mut self.faults.links_down, link) {
            self.trace_fault(self.link_end(link), FaultTrace::LinkDown { link: LinkDirId(link * 2) });
            self.network.set_link_up(&mut self.kernel, link as usize, false);
        }
    }

    fn link_mended(&mut self, link: u32) {
        if release(&mut self.faults.links_down, &link) {
            self.trace_fault(self.link_end(link), FaultTrace::LinkUp { link: LinkDirId(link * 2) });
            self.network.set_link_up(&mut self.kernel, link as usize, true);
        }
    }

    fn links_change(&mut self, change: &LinkChange) {
        let cause = self.kernel.cause();
        for (link, _) in &change.links {
            self.kernel.set_cause(cause);
            self.link_changes(*link);
        }
    }

    /// Gives a host the time for requests that the last of the changes in force says.
    fn speed_changes(&mut self, host: HostId) {
        let of_host = |number: &u32| match self.faults.all[*number as usize].0.what {
            Faulty::Slow(slow, time) if slow == host => Some(time),
            Faulty::Slow(..)
            | Faulty::Flush(..)
            | Faulty::Host(_)
            | Faulty::Link(_)
            | Faulty::Service(..)
            | Faulty::Partition(_)
            | Faulty::Change(_)
            | Faulty::Degraded(_) => None,
        };
        let time = self.faults.changes.iter().rev().find_map(of_host);
        let changed = time.map_or(FaultTrace::ProcessingRestored, |_| FaultTrace::ProcessingChanged);
        self.trace_fault(host, changed);
        if let Some(processor) = self.processor(host) {
            processor.slow_down(time);
        }
    }

    /// Gives a link its own properties with all changes in force laid over them.
    fn link_changes(&mut self, link: u32) {
        let dir = LinkDirId(link * 2);
        let changed = self.faults.changes.iter().any(|number| match &self.faults.all[*number as usize].0.what {
            Faulty::Change(change) => change.links.iter().any(|(changed, _)| *changed == link),
            Faulty::Host(_)
            | Faulty::Link(_)
            | Faulty::Service(..)
            | Faulty::Partition(_)
            | Faulty::Slow(..)
            | Faulty::Flush(..)
            | Faulty::Degraded(_) => false,
        });
        let fault =
            if changed { FaultTrace::LinkChanged { link: dir } } else { FaultTrace::LinkRestored { link: dir } };
        self.trace_fault(self.link_end(link), fault);
        for (dir, own) in (0_u32..).zip(self.faults.links[link as usize]) {
            let mut config = own;
            for number in &self.faults.changes {
                if let Faulty::Change(change) = &self.faults.all[*number as usize].0.what
                    && change.links.iter().any(|(changed, ways)| *changed == link && ways[dir as usize])
                {
                    change.to.apply(&mut config);
                }
            }
            self.network.change_link(&mut self.kernel, LinkDirId(2 * link + dir), &config);
        }
    }

    /// Gives a service's stage the properties that all changes in force together say.
    fn service_changes(&mut self, host: HostId, port: u16) {
        let mut configs = [LinkDirConfig::default(); 2];
        let mut changed = false;
        for number in &self.faults.changes {
            if let Faulty::Degraded(change) = &self.faults.all[*number as usize].0.what
                && (change.host, change.port) == (host, port)
            {
                changed = true;
                let concerned = configs.iter_mut().zip(change.ways).filter(|(_, concerned)| *concerned);
                concerned.for_each(|(config, _)| change.to.apply(config));
            }
        }
        let fault = if changed { FaultTrace::ServiceChanged { port } } else { FaultTrace::ServiceRestored { port } };
        self.trace_fault(host, fault);
        self.network.change_service(&mut self.kernel, host, port, &configs);
    }

    fn link_end(&self, link: u32) -> HostId {
        self.directory().links()[link as usize].ends[0]
    }

    pub(super) fn trace_fault(&mut self, host: HostId, fault: FaultTrace) {
        let id = self.kernel.trace(host, Trace::Fault(fault));
        self.kernel.set_cause(id);
    }
}
