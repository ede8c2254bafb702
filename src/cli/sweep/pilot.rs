//! How long a study takes, by running its first and its last point once.
//!
//! An estimate, no more: points between may take other times, and other work on the machine counts, too.

use crate::base::trace::Silent;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::simulate::simulate_watched;
use crate::metrics::RecorderOptions;
use crate::scenario::{LoadError, Overrides, ScenarioFile};
use crate::sweep::{MAX_SHARDS, Point, Study};

use super::load_error;

/// Wall-clock seconds of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    /// Of the first point.
    pub(super) first: f64,
    /// Of the last one.
    pub(super) last: f64,
}

/// Runs the first and the last point of a study once each.
///
/// # Errors
/// The scenario cannot be read, somebody interrupts, or a bug comes to light.
pub(super) fn pilot(study: &Study) -> Result<Estimate, CommandError> {
    let file = ScenarioFile::read(&study.scenario).map_err(load_error)?;
    let time = |point: &Point| -> Result<f64, CommandError> {
        let overrides = Overrides { set: point.settings.clone(), ..Overrides::default() };
        let scenario = file.load(&overrides).map_err(|invalid| load_error(LoadError::from(invalid)))?;
        let (finished, wall) = simulate_watched(&scenario, RecorderOptions::default(), Silent, true)?;
        match finished.outcome.ended {
            crate::sim::Ended::Interrupted => Err(CommandError::new(Exit::Interrupted, "interrupted")),
            crate::sim::Ended::Idle
            | crate::sim::Ended::Until
            | crate::sim::Ended::Stopped
            | crate::sim::Ended::Limit(_) => Ok(wall.as_secs_f64()),
        }
    };
    let (Some(first), Some(last)) = (study.points.first(), study.points.last()) else {
        return Ok(Estimate { first: 0.0, last: 0.0 });
    };
    let first_s = time(first)?;
    let last_s = if first.index == last.index { first_s } else { time(last)? };
    Ok(Estimate { first: first_s, last: last_s })
}

impl Estimate {
    /// Seconds that the least and the greatest number of runs take on one core.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn seconds(&self, study: &Study) -> (f64, f64) {
        let each = f64::midpoint(self.first, self.last) * study.points.len() as f64;
        (each * f64::from(study.replications.min), each * f64::from(study.replications.max))
    }

    /// Into how many shards a study is cut so that each takes about so many minutes at most: not into more than it has
    /// points, since all runs of a point stay together.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bounds of shards")]
    pub(super) fn shards(&self, study: &Study, minutes: f64) -> u32 {
        let (_, most) = self.seconds(study);
        let wanted = (most / (60.0 * minutes)).ceil().clamp(1.0, f64::from(MAX_SHARDS)) as u32;
        wanted.min(u32::try_from(study.points.len()).unwrap_or(MAX_SHARDS)).max(1)
    }
}
