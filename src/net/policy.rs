//! How the network behaves beyond its topology. By default as ever: nothing takes time,
//! nothing is limited, nobody speaks for the dead.

/// What differs from the default.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Who answers for a host that is down.
    pub dead_hosts: DeadHosts,
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
