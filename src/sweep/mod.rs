//! Parameter studies: many runs of one scenario, varied, and what can be said of them.
//!
//! A plan (`plan`) becomes a [`Study`]: points, replications, what is measured. A laboratory ([`Laboratory`]) runs one
//! point once; what it finds is kept (`store`) under a hash of all that it depends on, so nothing is run twice.
//! Intervals come from independent replications alone (`statistics`). No engine of a cluster is known here: a study has
//! shards and a folder, and who starts them is no matter of ours.

pub mod expression;
pub mod plan;
mod shard;
pub mod statistics;
pub mod study;
pub mod summary;
mod unit;

pub use shard::{MAX_SHARDS, Shard};
pub use study::{
    Amount, ChartKind, ClosedForm, Comparison, Failure, Laboratory, Measure, Measured, Numbers, Parameter, Point,
    Replications, StopRule, Study, StudyChart, WarmUp,
};
