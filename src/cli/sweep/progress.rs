//! What is said while a study runs: a bar on a terminal, and a line for what somebody should know.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::say;
use crate::sweep::{News, Study, Watcher};

/// So many lines of a kind; the rest is in the tables.
const LINES: usize = 10;

/// Tells how a study goes.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    /// The most runs that a point may have.
    most: u64,
    interrupted: Arc<AtomicBool>,
    quiet: bool,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    failures: usize,
    damaged: usize,
    /// A point with many runs fails in all of them alike.
    points: BTreeSet<usize>,
}

impl Progress {
    /// Of so many points of a study. Without a terminal no bar is shown.
    pub(super) fn begin(study: &Study, points: usize, quiet: bool, interrupted: Arc<AtomicBool>) -> Self {
        let most = u64::from(study.replications.max);
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs  {elapsed}  ETA {eta}  {msg}")
                .expect("the template is constant")
                .progress_chars("=> ");
            let runs = most.saturating_mul(points as u64);
            let bar =
                ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr_with_hz(5)).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        Self { bar, most, interrupted, quiet, said: Mutex::default() }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    fn step(&self, runs: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(runs);
        }
    }

    fn failed(&self, point: usize, text: &str) {
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !said.points.insert(point) || said.failures > LINES {
            return;
        }
        said.failures += 1;
        let number = said.failures;
        drop(said);
        match number {
            _ if number > LINES => self.line("more points failed: see tables/failures.csv"),
            _ => self.line(text.trim_end()),
        }
    }
}

impl Watcher for Progress {
    fn tell(&self, news: News<'_>) {
        match news {
            News::Kept | News::Made => self.step(1),
            News::Failed(trial, failure) => {
                let text = format!(
                    "point {} failed in replication {} (seed {}): {}",
                    trial.point,
                    trial.replication,
                    trial.seed,
                    failure.text()
                );
                self.failed(trial.point, &text);
            }
            News::Invalid(point, why) => {
                self.step(self.most);
                self.failed(point, &format!("point {point} is invalid:\n{why}"));
            }
            News::Point(runs) => {
                // Those that its rule spared.
                if let Some(bar) = &self.bar {
                    bar.dec_length(self.most.saturating_sub(runs as u64));
                }
            }
            News::Damaged(path, why) => {
                let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                said.damaged += 1;
                let number = said.damaged;
                drop(said);
                if number <= LINES && !self.quiet {
                    self.line(&format!("{} is damaged ({why}); its run is made anew", path.display()));
                }
            }
        }
    }

    fn stopped(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
