//! The properties of links, which `network` writes in three places: for all added links, for
//! one link, and for one direction of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Chance, Duration, Queue, Rate, Size, Spread};

/// Declares a struct with the properties of a link direction and a few fields of its own.
macro_rules! with_link_properties {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$before_meta:meta])* $before:ident: $before_type:ty,)*
        ..
        $($(#[$after_meta:meta])* $after:ident: $after_type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$before_meta])* pub $before: $before_type,)*
            /// Transmission rate in each direction. Default: none, which means no serialization delay.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rate: Option<Rate>,
            /// Propagation delay. Default: "0s" ("1ms" for access links, "10ms" for backbone links).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub delay: Option<Duration>,
            /// How much may wait before packets are dropped. Default: "unlimited".
            #[serde(skip_serializing_if = "Option::is_none")]
            pub queue: Option<Queue>,
            /// Probability that a packet is lost on the way, each by itself. Default: 0.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub loss: Option<Chance>,
            /// Every n-th packet that carries data is lost, besides `loss`: regular loss as in the model of
            /// Mathis et al. 1997. Default: none.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(range(min = 1))]
            pub loss_every: Option<u32>,
            /// Loss in bursts, besides `loss`. Default: none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub bursts: Option<Bursts>,
            /// Probability that a packet is damaged on the way; the checksum at its destination
            /// finds that out and drops it there. Default: 0.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub corruption: Option<Chance>,
            /// Probability that a packet is followed by a copy of itself. Default: 0.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub duplication: Option<Chance>,
            /// Variation of the delay. Default: none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub jitter: Option<Jitter>,
            /// Largest packet with its IP header; larger ones are dropped and reported, and TCP sends smaller ones. Default: no limit.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub mtu: Option<Size>,
            /// Random early detection (Floyd and Jacobson 1993) instead of plain drop-tail. Default: none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub red: Option<Red>,
            /// Controlled delay (RFC 8289) instead of plain drop-tail. Default: none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub codel: Option<Codel>,
            $($(#[$after_meta])* pub $after: $after_type,)*
        }
    };
}

with_link_properties! {
    /// Properties of one direction of a link: what is given here goes before what the link says for both.
    Direction {
        ..
    }
}

with_link_properties! {
    /// Properties of added links.
    LinkDefaults {
        ..
        /// What differs on the way from the host to its router, or from the site to the core.
        #[serde(skip_serializing_if = "Option::is_none")]
        forward: Option<Direction>,
        /// What differs on the way from the router to the host, or from the core to the site.
        #[serde(skip_serializing_if = "Option::is_none")]
        reverse: Option<Direction>,
    }
}

with_link_properties! {
    /// A duplex link.
    Link {
        /// Its name, unique. Default: "A--B" from the names of its ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The names of the two hosts or routers it connects.
        #[schemars(length(min = 2, max = 2))]
        between: Vec<String>,
        ..
        /// What differs on the way from the first end to the second.
        #[serde(skip_serializing_if = "Option::is_none")]
        forward: Option<Direction>,
        /// What differs on the way from the second end to the first.
        #[serde(skip_serializing_if = "Option::is_none")]
        reverse: Option<Direction>,
    }
}

/// Takes over the fields that links have in common.
macro_rules! properties_of {
    ($from:expr => $name:ident { $($own:tt)* }) => {
        $name {
            rate: $from.rate,
            delay: $from.delay,
            queue: $from.queue,
            loss: $from.loss,
            loss_every: $from.loss_every,
            bursts: $from.bursts,
            corruption: $from.corruption,
            duplication: $from.duplication,
            jitter: $from.jitter,
            mtu: $from.mtu,
            red: $from.red,
            codel: $from.codel,
            $($own)*
        }
    };
}

impl LinkDefaults {
    /// A link like that between two nodes.
    #[must_use]
    pub fn link(&self, between: [&str; 2]) -> Link {
        let between = between.map(str::to_owned).to_vec();
        let (forward, reverse) = (self.forward.clone(), self.reverse.clone());
        properties_of!(self => Link { name: None, between, forward, reverse })
    }
}

impl Link {
    /// The properties of its two directions, with what belongs to both filled in.
    #[must_use]
    pub fn directions(&self) -> [Direction; 2] {
        let own = properties_of!(self => Direction {});
        [&self.forward, &self.reverse].map(|over| over.as_ref().map_or_else(|| own.clone(), |over| over.or(&own)))
    }
}

impl Direction {
    /// These properties, and those of `other` where nothing is said.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        // One discipline displaces the other.
        let says_discipline = self.red.is_some() || self.codel.is_some();
        Self {
            rate: self.rate.or(other.rate),
            delay: self.delay.or(other.delay),
            queue: self.queue.or(other.queue),
            loss: self.loss.or(other.loss),
            loss_every: self.loss_every.or(other.loss_every),
            bursts: self.bursts.or(other.bursts),
            corruption: self.corruption.or(other.corruption),
            duplication: self.duplication.or(other.duplication),
            jitter: self.jitter.or(other.jitter),
            mtu: self.mtu.or(other.mtu),
            red: if says_discipline { self.red } else { other.red },
            codel: if says_discipline { self.codel } else { other.codel },
        }
    }
}

/// Loss in bursts: a chain of a good and a bad state that takes one step a packet (Gilbert 1960, Elliott 1963).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// Probability of a step from the good to the bad state.
    pub to_bad: Chance,
    /// Probability of a step back; its reciprocal is the mean length of a bad spell in packets.
    pub to_good: Chance,
    /// Probability of loss in the good state. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_good: Option<Chance>,
    /// Probability of loss in the bad state. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_bad: Option<Chance>,
}

/// Variation of a delay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jitter {
    /// What comes on top of the delay, drawn for each packet.
    pub extra: Spread,
    /// Whether packets may overtake each other. Default: false; a packet then waits for the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<bool>,
}

/// Parameters of random early detection, in the paper's names; queues in packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Red {
    /// Average queue, in packets, from which on some packets are dropped or marked. Default: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_th: Option<f64>,
    /// Average queue, in packets, from which on every packet is dropped. Default: 15; three times `min_th`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_th: Option<f64>,
    /// Probability of dropping near `max_th`. Default: 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_p: Option<Chance>,
    /// Weight of the present queue in the average. Default: 0.002.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Chance>,
}

/// Parameters of controlled delay (RFC 8289 4.2, 4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Codel {
    /// Acceptable wait in the queue. Default: "5ms".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Duration>,
    /// Time for which the wait must be above the target before anything is dropped. Default: "100ms".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
}
