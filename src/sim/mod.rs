//! The event loop: the only place that joins the network and the applications.

mod audit;
pub mod event_queue;
mod faults;
mod foresight;
mod host_view;
mod intervention;
pub mod kernel;
mod kinds;
mod processing;
mod run;
#[cfg(test)]
pub(crate) mod testing;
mod visitors;
mod world;

pub use faults::{Fault, Faulty, LinkChange, Properties, ServiceChange, Timing};
pub use intervention::FlushOrder;
pub use kinds::EventKinds;
pub use run::{Ended, Limit, Limits, Outcome, Progress, Simulation, Slice, WATCH_EVERY};
pub use visitors::News;
pub use world::{Plan, World};
