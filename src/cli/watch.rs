//! What watches a run from outside the simulation: the progress bar, the wall clock, the
//! memory in use and Ctrl-C. Nothing seen here may reach a result, but for where it is cut.

#![expect(clippy::disallowed_types, reason = "the limit of wall-clock time needs a wall clock")]

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::{SimDuration, SimTime};
use crate::sim::{Ended, Limit, Progress};

use super::exit::Exit;

/// A bar is drawn only for runs that last longer than this.
const SHOW_AFTER: Duration = Duration::from_millis(700);

/// Watches one run.
pub(super) struct Watch {
    started: Instant,
    until: SimTime,
    wall_clock: Duration,
    memory: u64,
    interrupted: Arc<AtomicBool>,
    bar: Option<ProgressBar>,
    show: bool,
}

impl Watch {
    /// A watch that starts now. `quiet` hides the bar; without a terminal it never shows.
    pub(super) fn start(until: SimTime, wall_clock: SimDuration, memory: u64, quiet: bool) -> Self {
        Self {
            started: Instant::now(),
            until,
            wall_clock: Duration::from_nanos(wall_clock.as_nanos()),
            memory,
            interrupted: interrupts(),
            bar: None,
            show: !quiet && std::io::stderr().is_terminal(),
        }
    }

    /// A watch over a service, which lasts until it is stopped: by Ctrl-C, or as a service is stopped.
    pub(super) fn over_service(memory: u64) -> Self {
        let watch = Self::start(SimTime::NEVER, SimDuration::from_nanos(u64::MAX), memory, true);
        also_by_sigterm(&watch.interrupted);
        watch
    }

    /// Whether somebody asked to stop.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Looks at the clock, the memory and the keyboard.
    pub(super) fn look(&mut self, progress: Progress) -> Option<Ended> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(Ended::Interrupted);
        }
        let elapsed = self.started.elapsed();
        if elapsed > self.wall_clock {
            return Some(Ended::Limit(Limit::WallClock));
        }
        if resident_bytes().is_some_and(|bytes| bytes > self.memory) {
            return Some(Ended::Limit(Limit::Memory));
        }
        if self.show && elapsed > SHOW_AFTER {
            self.draw(progress);
        }
        None
    }

    /// Ends the watch: clears the bar and tells the wall time that passed.
    pub(super) fn finish(self) -> Duration {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }

    fn draw(&mut self, progress: Progress) {
        let until = self.until.as_nanos().max(1);
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  ETA {eta}")
                .expect("the template is constant")
                .progress_chars("=> ");
            ProgressBar::with_draw_target(Some(until), ProgressDrawTarget::stderr_with_hz(5)).with_style(style)
        });
        bar.set_position(progress.now.as_nanos().min(until));
        bar.set_message(format!("{} events", progress.events));
    }
}

/// What is set by Ctrl-C from now on.
pub(super) fn interrupts() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    // Without the handlers Ctrl-C still ends the process; it only keeps nothing.
    end_at_once_later(&interrupted);
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&interrupted));
    interrupted
}

/// The same by SIGTERM, with which services and jobs are asked to end.
pub(super) fn also_by_sigterm(interrupted: &Arc<AtomicBool>) {
    let _ = signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(interrupted));
}

/// Lets a second Ctrl-C end the process at once, for whom writing the results takes too long. Not before
/// a moment has passed: programs that stop others may send the signal twice, to the process and to its group.
fn end_at_once_later(interrupted: &Arc<AtomicBool>) {
    const MOMENT: Duration = Duration::from_secs(1);
    let again = i32::from(Exit::Interrupted as u8);
    let armed = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGINT, again, Arc::clone(&armed));
    let interrupted = Arc::clone(interrupted);
    let arm = move || {
        while !interrupted.load(Ordering::Relaxed) {
            std::thread::sleep(MOMENT / 10);
        }
        std::thread::sleep(MOMENT);
        armed.store(true, Ordering::Relaxed);
    };
    // Without the thread a second Ctrl-C does nothing.
    let _ = std::thread::Builder::new().name("interrupt".to_owned()).spawn(arm);
}

/// Resident memory of this process, where the system tells it (Linux).
fn resident_bytes() -> Option<u64> {
    const PAGE_BYTES: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}
