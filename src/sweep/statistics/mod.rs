//! What can be said of numbers that came by chance: means, quantiles, differences and shares with their intervals.
//!
//! Pure functions of numbers. They know no plan, no file and no clock, and the same numbers give the same bytes. The
//! methods are those of the textbooks; `docs/statistics.md` names them and says what each is for.
//!
//! The numbers' independence is a matter of types: see [`Replications`] and [`OneRun`]. Nothing here is ever NaN or
//! infinite: what would be, is an error that says why.

mod batches;
mod distributions;
mod interval;
mod level;
mod pairs;
mod quantile;
mod rounding;
mod samples;
mod shares;
mod steps;
mod stopping;
mod warm_up;
mod wording;

pub use batches::{BatchError, BatchMeans};
pub use interval::{Estimate, IntervalError};
pub use level::{Level, LevelError};
pub use pairs::{Difference, Manner, PairError, Pairs, Verdict};
pub use quantile::{QuantileError, QuantileInterval, quantile_over_runs};
pub use rounding::{alone, with_ends, with_half_width};
pub use samples::{OneRun, Replications, SampleError, nearest_rank};
pub use shares::{Share, Trials, TrialsError};
pub use steps::{Steps, StepsError};
pub use stopping::{Decision, Reason, RuleError, Stop, StopRule};
pub use warm_up::{WarmUp, WarmUpError, across_runs};
pub use wording::Words;
