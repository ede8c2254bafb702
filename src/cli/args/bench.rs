//! The options of `posthaste bench`.

use std::str::FromStr as _;

use clap::{Args, Subcommand, ValueEnum};

use crate::base::{DataRate, SimDuration};
use crate::bench::{Dialogues, Dumbbell, Hold, Idle, dialogues, dumbbell, hold, idle};
use crate::scenario::schema::{Duration, Frequency, Rate};

/// `posthaste bench`
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Which workload
    #[command(subcommand)]
    pub workload: BenchWorkload,
}

/// The workloads.
#[derive(Debug, Subcommand)]
pub enum BenchWorkload {
    /// TCP flows that share one bottleneck: 20 ms, drop-tail with 100 packets, between access links of 100 Mb/s and 5 ms
    Dumbbell(DumbbellArgs),
    /// SMTP dialogues, at random times, of many clients with one server: 100 Mb/s, 5 ms and 1 Gb/s, 1 ms from a hub
    Dialogues(DialoguesArgs),
    /// Memory of open connections between two hosts that say nothing
    Idle(IdleArgs),
    /// The event queue by itself, under the hold model
    Hold(HoldArgs),
}

/// A switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is on
    On,
    /// It is off
    Off,
}

/// `posthaste bench dumbbell`
#[derive(Args, Debug)]
pub struct DumbbellArgs {
    /// Flows, each between two hosts of its own
    #[arg(long, default_value_t = 10, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(dumbbell::MAX_FLOWS)))]
    pub flows: u32,
    /// Rate of the bottleneck
    #[arg(long, default_value = "100Mbps", value_parser = rate)]
    pub rate: DataRate,
    /// Simulated time
    #[arg(long, default_value = "5s", value_parser = time)]
    pub time: SimDuration,
    /// Selective acknowledgements
    #[arg(long, value_enum, default_value_t = Switch::On)]
    pub sack: Switch,
    /// Timestamps: 12 octets more in each packet, with as much data
    #[arg(long, value_enum, default_value_t = Switch::On)]
    pub timestamps: Switch,
    /// Seed of the times at which flows start
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl DumbbellArgs {
    /// The workload that they describe.
    #[must_use]
    pub fn workload(&self) -> Dumbbell {
        Dumbbell {
            flows: self.flows,
            rate: self.rate,
            time: self.time,
            sack: self.sack == Switch::On,
            timestamps: self.timestamps == Switch::On,
            seed: self.seed,
        }
    }
}

/// `posthaste bench dialogues`
#[derive(Args, Debug)]
pub struct DialoguesArgs {
    /// Clients
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(dialogues::MAX_CLIENTS)))]
    pub clients: u32,
    /// New dialogues of all clients together, on average, such as 50/s
    #[arg(long, default_value = "50/s", value_parser = frequency)]
    pub rate: SimDuration,
    /// For how long new dialogues begin
    #[arg(long, default_value = "10s", value_parser = time)]
    pub time: SimDuration,
    /// Seed of the times and of who calls
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl DialoguesArgs {
    /// The workload that they describe.
    #[must_use]
    pub const fn workload(&self) -> Dialogues {
        Dialogues { clients: self.clients, gap: self.rate, time: self.time, seed: self.seed }
    }
}

/// `posthaste bench idle`
#[derive(Args, Debug)]
pub struct IdleArgs {
    /// Connections
    #[arg(long, default_value_t = 4_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(idle::MAX_CONNECTIONS)))]
    pub connections: u32,
}

impl IdleArgs {
    /// The workload that they describe.
    #[must_use]
    pub const fn workload(&self) -> Idle {
        Idle { connections: self.connections }
    }
}

/// `posthaste bench hold`
#[derive(Args, Debug)]
pub struct HoldArgs {
    /// Pending events
    #[arg(long, default_value_t = 10_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(hold::MAX_PENDING)))]
    pub pending: u32,
    /// Events popped and pushed again
    #[arg(long, default_value_t = 2_000_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=hold::MAX_EVENTS))]
    pub events: u64,
    /// Seed of the times between events
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl HoldArgs {
    /// The workload that they describe.
    #[must_use]
    pub const fn workload(&self) -> Hold {
        Hold { pending: self.pending, events: self.events, seed: self.seed }
    }
}

fn frequency(text: &str) -> Result<SimDuration, String> {
    Frequency::from_str(text).map(|gap| gap.0)
}

fn rate(text: &str) -> Result<DataRate, String> {
    Rate::from_str(text).map(|rate| rate.0)
}

/// The longest time that a workload may simulate: no clock can overflow.
const MAX_TIME: SimDuration = SimDuration::from_secs(86_400);

fn time(text: &str) -> Result<SimDuration, String> {
    let time = Duration::from_str(text)?.0;
    if time == SimDuration::ZERO || time > MAX_TIME {
        return Err(format!("the time is above zero and at most {}", MAX_TIME.to_text()));
    }
    Ok(time)
}
