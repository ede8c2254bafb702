//! Random plans: any topology, any trouble, any option, any fault.

use std::num::NonZeroU32;

use crate::base::{DataRate, Dist, HostId, LinkDirId, Probability, SimDuration, Stream, Streams};
use crate::net::tests::world::{link, node};
use crate::net::{
    Bursts, CodelConfig, CongestionControl, DeadHosts, Discipline, Jitter, LinkConfig, LinkDirConfig, Policy,
    QueueLimit, RedConfig, Routing, SessionLimit, TcpConfig, Topology, WhenFull,
};

/// Something that is done to the network at a time.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A connection is opened from one host to another, and so many octets are sent.
    Open { from: u32, to: u32, octets: usize },
    /// So many more octets over the n-th connection, from its client.
    Send { nth: usize, octets: usize },
    /// The client of the n-th connection closes.
    Close { nth: usize },
    /// The client of the n-th connection aborts.
    Abort { nth: usize },
    /// A datagram of that length.
    Datagram { from: u32, to: u32, length: usize },
    /// Links go down together or come back: one for an outage, several for a partition.
    Links { which: Vec<usize>, up: bool },
    /// A host goes down or comes back.
    Host { host: HostId, up: bool },
    /// Port 25 of a host.
    Service { host: HostId, up: bool },
    /// A port of a host gets other stages.
    Degrade { host: HostId, port: u16, config: Box<[LinkDirConfig; 2]> },
    /// A link direction becomes another.
    Change { link: LinkDirId, config: Box<LinkDirConfig> },
}

/// A network and what befalls it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) topology: Topology,
    pub(super) policy: Policy,
    pub(super) routers: u32,
    pub(super) hosts: u32,
    /// With their times in ms, in order.
    pub(super) acts: Vec<(u64, Act)>,
    pub(super) greeting: usize,
    pub(super) limit: Option<SessionLimit>,
}

/// The longest stream that a client sends.
pub(super) const LONGEST: usize = 200_000;

struct Dice(Stream);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn count(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.range(low.into(), high.into())).unwrap()
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// Zero more often than not, else up to `most`.
    fn chance(&mut self, most: f64) -> Probability {
        let p = if self.percent(70) { 0.0 } else { self.0.unit() * most };
        Probability::new(p).unwrap()
    }

    fn some<T>(&mut self, percent: u64, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.percent(percent).then(|| make(self))
    }

    fn discipline(&mut self) -> Discipline {
        match self.below(4) {
            0 => {
                let min_th = self.range(1, 10) as f64;
                let weight = 0.001 + 0.9 * self.0.unit();
                Discipline::Red(RedConfig { min_th, max_th: 3.0 * min_th, max_p: 0.1 + 0.8 * self.0.unit(), weight })
            }
            1 => {
                let ms = self.range(1, 50);
                let (target, interval) = (SimDuration::from_millis(ms), SimDuration::from_millis(10 * ms));
                Discipline::Codel(CodelConfig { target, interval })
            }
            _ => Discipline::DropTail,
        }
    }

    fn jitter(&mut self) -> Jitter {
        let high = SimDuration::from_millis(self.range(0, 40));
        let extra = if self.percent(50) {
            Dist::Exponential { mean: high }
        } else {
            Dist::Uniform { low: SimDuration::ZERO, high }
        };
        Jitter { extra, reorder: self.percent(50) }
    }

    fn line(&mut self) -> LinkDirConfig {
        let calm = self.percent(40);
        let mut line = LinkDirConfig {
            rate: self.some(75, |dice| DataRate::from_bits_per_sec(dice.range(80_000, 50_000_000))).flatten(),
            delay: SimDuration::from_nanos(self.range(0, 80_000_000)),
            queue: match self.below(3) {
                0 => QueueLimit::Unlimited,
                1 => QueueLimit::Packets(self.count(1, 40)),
                _ => QueueLimit::Bytes(self.range(3_000, 60_000)),
            },
            discipline: self.discipline(),
            mtu: self.some(15, |dice| dice.count(300, 1_600)),
            ..LinkDirConfig::default()
        };
        if !calm {
            line.loss = self.chance(0.06);
            line.loss_every = self.some(10, |dice| NonZeroU32::new(dice.count(5, 60))).flatten();
            line.bursts = self.some(15, |dice| Bursts {
                to_bad: dice.chance(0.1),
                to_good: Probability::new(0.1 + 0.8 * dice.0.unit()).unwrap(),
                loss_good: dice.chance(0.02),
                loss_bad: dice.chance(0.7),
            });
            line.corruption = self.chance(0.05);
            line.duplication = self.chance(0.3);
            line.jitter = self.some(25, Self::jitter);
        }
        line
    }

    /// Of datagrams it makes no copies: they would come more often than they were on any link.
    fn stage(&mut self, port: u16) -> LinkDirConfig {
        let mut line = if self.percent(80) { self.line() } else { LinkDirConfig::default() };
        if port == 53 {
            line.duplication = Probability::ZERO;
        }
        line
    }

    fn tcp(&mut self) -> TcpConfig {
        let mss = self.count(300, 1_460);
        let sack = self.percent(50);
        TcpConfig {
            mss,
            initial_window: self.count(1, 12),
            receive_window: self.count(mss, 200_000),
            delayed_ack: SimDuration::from_millis(if self.percent(30) { 0 } else { self.range(1, 400) }),
            nagle: self.percent(30),
            silly_window_avoidance: self.percent(50),
            sack,
            rack: sack && self.percent(60),
            limited_transmit: self.percent(50),
            window_scale: self.percent(70),
            timestamps: self.percent(40),
            congestion: if self.percent(50) { CongestionControl::Cubic } else { CongestionControl::NewReno },
            ecn: self.percent(40),
            keep_alive: self.some(30, |dice| SimDuration::from_secs(dice.range(5, 60))),
            user_timeout: self.some(10, |dice| SimDuration::from_secs(dice.range(5, 300))),
            syn_backlog: self.some(20, |dice| dice.count(1, 3)),
            syn_retries: self.count(0, 8),
            data_retries: self.count(3, 20),
            min_rto: SimDuration::from_millis(self.range(10, 1_000)),
            msl: SimDuration::from_secs(self.range(1, 120)),
            ..TcpConfig::default()
        }
    }

    /// A random tree of routers with hosts at its leaves, and some more links.
    fn links(&mut self, routers: u32, hosts: u32) -> Vec<LinkConfig> {
        let mut ends: Vec<(u32, u32)> = (1..routers).map(|n| (n, self.count(0, n - 1))).collect();
        ends.extend((routers..routers + hosts).map(|n| (n, self.count(0, routers - 1))));
        for _ in 0..self.below(3) {
            ends.push((self.count(0, routers - 1), self.count(0, routers - 1)));
        }
        ends.retain(|(a, b)| a != b);
        let mut links = Vec::new();
        for (a, b) in ends {
            let mut link = link(links.len(), a, b, self.line());
            if self.percent(60) {
                link.directions[1] = self.line();
            }
            links.push(link);
        }
        links
    }

    fn faults(&mut self, links: &[LinkConfig], (routers, hosts): (u32, u32), acts: &mut Vec<(u64, Act)>) {
        let any_link = |dice: &mut Self| usize::try_from(dice.below(links.len() as u64)).unwrap();
        let many = if self.percent(30) { self.range(5, 20) } else { self.range(0, 5) };
        for _ in 0..many {
            let (at, length) = (self.below(20_000), self.range(1, 3_000));
            let host = HostId(self.count(0, routers + hosts - 1));
            let times = if self.percent(20) { 5 } else { 1 };
            for n in 0..times {
                let (begin, end) = (at + n * 2 * length, at + (2 * n + 1) * length);
                match self.below(6) {
                    0 => {
                        let which = vec![any_link(self)];
                        acts.push((begin, Act::Links { which: which.clone(), up: false }));
                        acts.push((end, Act::Links { which, up: true }));
                    }
                    1 => {
                        let which: Vec<usize> = (0..links.len()).filter(|_| self.percent(40)).collect();
                        acts.push((begin, Act::Links { which: which.clone(), up: false }));
                        acts.push((end, Act::Links { which, up: true }));
                    }
                    2 => {
                        acts.push((begin, Act::Host { host, up: false }));
                        acts.push((end, Act::Host { host, up: true }));
                    }
                    3 => {
                        acts.push((begin, Act::Service { host, up: false }));
                        acts.push((end, Act::Service { host, up: true }));
                    }
                    4 => {
                        let port = if self.percent(80) { 25 } else { 53 };
                        let config = [self.stage(port), self.stage(port)];
                        acts.push((begin, Act::Degrade { host, port, config: Box::new(config) }));
                        acts.push((end, Act::Degrade { host, port, config: Box::default() }));
                    }
                    _ => {
                        let link = LinkDirId(u32::try_from(self.below(2 * links.len() as u64)).unwrap());
                        let before = links[link.index() / 2].directions[link.index() % 2];
                        acts.push((begin, Act::Change { link, config: Box::new(self.line()) }));
                        acts.push((end, Act::Change { link, config: Box::new(before) }));
                    }
                }
            }
        }
    }

    fn work(&mut self, (routers, hosts): (u32, u32), acts: &mut Vec<(u64, Act)>) {
        let connections = self.range(1, 8);
        for nth in 0..usize::try_from(connections).unwrap() {
            let (from, to) = (routers + self.count(0, hosts - 1), routers + self.count(0, hosts - 1));
            let mut at = self.below(8_000);
            let some = |dice: &mut Self| usize::try_from(dice.below(LONGEST as u64 / 8)).unwrap();
            acts.push((at, Act::Open { from, to, octets: some(self) }));
            for _ in 0..self.below(6) {
                at += self.below(4_000);
                // The number of the connection is that of its opening, which may come later.
                let octets = if self.percent(50) { some(self) } else { usize::try_from(self.below(300)).unwrap() };
                acts.push((at, Act::Send { nth, octets }));
            }
            match self.below(10) {
                0 => acts.push((at + self.below(9_000), Act::Abort { nth })),
                1 => {}
                _ => acts.push((at + self.below(500), Act::Close { nth })),
            }
        }
        for _ in 0..self.below(60) {
            let (from, to) = (routers + self.count(0, hosts - 1), routers + self.count(0, hosts - 1));
            let length = usize::try_from(self.range(1, 1_600)).unwrap();
            acts.push((self.below(15_000), Act::Datagram { from, to, length }));
        }
    }
}

/// The plan of that number.
pub(super) fn plan(case: u64) -> Plan {
    let mut dice = Dice(Streams::new(case).stream("storm"));
    let (routers, hosts) = (dice.count(1, 4), dice.count(2, 4));
    let links = dice.links(routers, hosts);
    let mut acts = Vec::new();
    dice.work((routers, hosts), &mut acts);
    dice.faults(&links, (routers, hosts), &mut acts);
    acts.sort_by_key(|(at, _)| *at);
    let nodes = (0..routers + hosts).map(|n| node(n, n < routers)).collect();
    let convergence = [None, Some(SimDuration::ZERO), Some(SimDuration::from_millis(700))];
    Plan {
        topology: Topology { nodes, links, tcp: dice.tcp() },
        policy: Policy {
            dead_hosts: if dice.percent(50) { DeadHosts::Silent } else { DeadHosts::Reported },
            routing: Routing { convergence: convergence[dice.below(3) as usize], ..Routing::default() },
        },
        routers,
        hosts,
        acts,
        greeting: usize::try_from(dice.below(20_000)).unwrap(),
        limit: dice.some(20, |dice| SessionLimit {
            most: dice.count(1, 3),
            when_full: if dice.percent(50) { WhenFull::Refuse } else { WhenFull::Ignore },
        }),
    }
}
