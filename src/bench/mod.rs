//! Workloads that measure the simulator: fixed, named, and the same in every run.
//!
//! Each drives `net` and `sim` straight, without applications and scenarios, and is small
//! enough to be written down for another simulator too. What it did (packets, octets,
//! simulated time) is part of a [`Workload`]; what that cost on this machine (processor time,
//! memory) is measured around [`Workload::run`] by `cli`, for nothing here may see a clock.

mod bed;
pub mod dialogues;
pub mod dumbbell;
mod figures;
pub mod hold;
pub mod idle;

pub use dialogues::Dialogues;
pub use dumbbell::Dumbbell;
pub use figures::Figures;
pub use hold::Hold;
pub use idle::Idle;

/// What a workload's cost is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Processor time.
    Time {
        /// The name of the quotient.
        key: &'static str,
        /// The unit of time in it, in nanoseconds.
        unit_ns: u32,
        /// Things done.
        count: u64,
    },
    /// Growth of memory, in bytes.
    Memory {
        /// The name of the quotient.
        key: &'static str,
        /// Things kept.
        count: u64,
    },
}

/// A workload whose world stands and in which nothing has happened yet.
pub trait Workload {
    /// Simulates it to its end: the part that is measured. To be called once.
    fn run(&mut self);
    /// The parameters and what came out: the same in every run.
    fn figures(&self) -> Figures;
    /// What its cost is stated for.
    fn costs(&self) -> Vec<Cost>;
}
