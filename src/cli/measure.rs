//! What a workload costs on this machine: processor time of this thread, and memory.
//!
//! Linux tells both through files of `/proc`: `schedstat` the time on a processor in
//! nanoseconds, `stat` how much of it was the user's and how much the system's in ticks of
//! (mostly) 10 ms, `smaps_rollup` the resident memory. User time is the first split in the
//! ratio of the second; in a run too short for that all of it counts as the user's. Other
//! systems tell nothing without unsafe code: there the wall clock stands for the processor
//! time, the line says `clock=wall`, and memory is not stated.

#![expect(clippy::disallowed_types, reason = "a measurement reads the wall clock")]

use std::time::Instant;

use crate::bench::{Cost, Figures, Workload};

/// Fewer ticks than these tell no ratio.
const ENOUGH_TICKS: u64 = 20;

/// What was used up to an instant.
struct Used {
    wall: Instant,
    /// Nanoseconds on a processor, and ticks in user and system mode.
    on_processor: Option<(u64, [u64; 2])>,
}

/// Seconds.
struct Spent {
    cpu: f64,
    user: f64,
    clock: &'static str,
}

impl Used {
    fn now() -> Self {
        // The count is brought up to date when the thread leaves its processor.
        std::thread::yield_now();
        Self { wall: Instant::now(), on_processor: on_processor() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a measurement may round")]
    fn spent(&self) -> Spent {
        let now = Self::now();
        match self.on_processor.zip(now.on_processor) {
            Some(((from, [user, system]), (to, [user_now, system_now]))) if to > from => {
                let cpu = (to - from) as f64 / 1e9;
                let (user, system) = (user_now - user, system_now - system);
                let enough = user + system >= ENOUGH_TICKS;
                let share = if enough { user as f64 / (user + system) as f64 } else { 1.0 };
                Spent { cpu, user: cpu * share, clock: "thread" }
            }
            Some(_) | None => {
                let wall = now.wall.duration_since(self.wall).as_secs_f64();
                Spent { cpu: wall, user: wall, clock: "wall" }
            }
        }
    }
}

fn on_processor() -> Option<(u64, [u64; 2])> {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/thread-self/{name}")).ok();
    let nanos = read("schedstat")?.split(' ').next()?.parse().ok()?;
    // The name of the command, in parentheses, may hold anything; `utime` and `stime` are the
    // 12th and 13th field after it.
    let stat = read("stat")?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse().ok();
    Some((nanos, [ticks()?, ticks()?]))
}

/// Resident memory of this process that no file backs, in bytes: heap and stacks, by pages.
#[must_use]
pub fn resident() -> Option<u64> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let kibibytes = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")?.trim().strip_suffix(" kB"))?;
    kibibytes.parse::<u64>().ok()?.checked_mul(1024)
}

/// Seconds of this thread on a processor that something takes, and what it returns.
pub fn timed<T>(act: impl FnOnce() -> T) -> (f64, T) {
    let begun = Used::now();
    let done = act();
    (begun.spent().cpu, done)
}

/// Builds a workload, runs it once, and states what both cost.
pub fn measure<W: Workload>(build: impl FnOnce() -> W) -> Figures {
    measured(build).1
}

/// Builds and runs a workload several times. The run that took least counts: what else runs on
/// the machine can only add to it. Memory that an earlier run gave back hides from later ones.
pub fn measure_least<W: Workload>(runs: u32, mut build: impl FnMut() -> W) -> Figures {
    let mut best = measured(&mut build);
    for _ in 1..runs {
        let next = measured(&mut build);
        if next.0 < best.0 {
            best = next;
        }
    }
    best.1
}

/// The seconds of user time, and all figures.
fn measured<W: Workload>(build: impl FnOnce() -> W) -> (f64, Figures) {
    let begun = Used::now();
    let mut workload = build();
    let setup = begun.spent();
    let before = resident();
    let begun = Used::now();
    workload.run();
    let run = begun.spent();
    let grown = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    let mut figures = workload
        .figures()
        .with("setup_s", format_args!("{:.6}", setup.cpu))
        .with("cpu_s", format_args!("{:.6}", run.cpu))
        .with("user_cpu_s", format_args!("{:.6}", run.user))
        .with("clock", run.clock);
    for cost in workload.costs() {
        figures = with_cost(figures, cost, run.user, grown);
    }
    (run.user, figures)
}

#[expect(clippy::cast_precision_loss, reason = "a measurement may round")]
fn with_cost(figures: Figures, cost: Cost, user: f64, grown: Option<u64>) -> Figures {
    match cost {
        Cost::Time { key, unit_ns, count } => {
            let each = user * 1e9 / f64::from(unit_ns) / count.max(1) as f64;
            figures.with(key, format_args!("{each:.1}"))
        }
        Cost::Memory { key, count } => match grown {
            Some(bytes) => figures.with(key, format_args!("{:.0}", bytes as f64 / count.max(1) as f64)),
            None => figures,
        },
    }
}
