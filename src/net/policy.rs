//! How the network behaves beyond its topology. By default as ever: nothing takes time,
//! nothing is limited, nobody speaks for the dead.

use crate::base::{HostId, SimDuration};

/// What differs from the default.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Who answers for a host that is down.
    pub dead_hosts: DeadHosts,
    /// How packets find their way.
    pub routing: Routing,
}

/// How packets find their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// What makes a way short.
    pub metric: Metric,
    /// Time after a link between routers, or a router, went down or came back until all
    /// routers know; none: they never learn. What hangs on a single link (a host, and its
    /// link) never changes a route: packets go there and are lost.
    pub convergence: Option<SimDuration>,
    /// Routes that are set by hand and go before computed ones while their link is up.
    pub fixed: Vec<FixedRoute>,
}

impl Default for Routing {
    fn default() -> Self {
        Self { metric: Metric::default(), convergence: Some(SimDuration::ZERO), fixed: Vec::new() }
    }
}

/// What makes a way short. Ties go to the other, then to the lower node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// Little propagation delay, as configured.
    #[default]
    Delay,
    /// Few links.
    Hops,
}

/// A route set by hand. Nothing prevents loops; the hop limit ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedRoute {
    /// At this node,
    pub at: HostId,
    /// packets to this host
    pub to: HostId,
    /// take the first link to this neighbour.
    pub via: HostId,
}

/// Who answers for a host that is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeadHosts {
    /// Nobody: packets vanish, and the sender's timers must run out.
    #[default]
    Silent,
    /// The router before it: "host unreachable".
    Reported,
}
