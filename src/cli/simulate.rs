//! Runs a checked scenario to its end and audits it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::base::trace::{Observer, Silent};
use crate::base::{Directory, LinkDirId, SimDuration, SimTime};
use crate::metrics::{LinkFigures, Millionths, Recorder, RecorderOptions, RunRecord};
use crate::report::charts::SegmentRecord;
use crate::report::{Expectation, SegmentRecorder};
use crate::scenario::build::plan;
use crate::scenario::resolved::Resolved;
use crate::sim::{Ended, Limits, Outcome, Progress, Simulation, World};

use super::exit::{CommandError, Exit};
use super::watch::Watch;

pub use super::expect::expectations;

/// A run that is over.
#[derive(Debug)]
pub struct Finished<X> {
    /// Rows, dialogues and numbers.
    pub record: RunRecord,
    /// Why and when it ended, and its events.
    pub outcome: Outcome,
    /// The world at the end.
    pub world: World<Silent>,
    /// The other reader of the trace.
    pub extra: X,
    /// When the run was stopped for too many events at one instant: the hosts of the last of them.
    pub busy: Vec<String>,
}

/// Simulates without a watch: no wall clock, no memory limit. For tests.
///
/// # Errors
/// The audit failed: a bug, described with its numbers.
pub fn simulate<X: Observer>(scenario: &Resolved, extra: X) -> Result<Finished<X>, String> {
    let mut simulation = begin(scenario, RecorderOptions::default(), extra);
    let outcome = simulation.run(&limits(scenario), |_| None);
    finish(simulation, outcome)
}

/// Simulates scenarios one after the other and hands each run over. Those that are alike up to `instant` but for what
/// breaks later go on from clones of one world; that makes no difference to any of them. Gives how many of the
/// scenarios ran from a shared beginning. `watch` as in [`Simulation::run`].
pub fn simulate_variants(
    variants: &[&Resolved],
    instant: SimTime,
    watch: impl Fn(Progress) -> Option<Ended>,
    mut each: impl FnMut(usize, Result<Finished<Silent>, String>),
) -> usize {
    let mut groups: BTreeMap<String, (Option<Resolved>, Vec<usize>)> = BTreeMap::new();
    for (index, variant) in variants.iter().enumerate() {
        let beginning = variant.beginning(instant);
        let key = beginning.as_ref().map_or_else(|| format!("alone {index}"), Resolved::to_json_text);
        groups.entry(key).or_insert_with(|| (beginning, Vec::new())).1.push(index);
    }
    let mut shared = 0;
    for (beginning, members) in groups.into_values() {
        let warm = beginning.filter(|_| members.len() > 1).and_then(|beginning| {
            let mut warm = begin(&beginning, RecorderOptions::default(), Silent);
            warm.run_before(instant, &limits(&beginning), &watch).is_none().then_some(warm)
        });
        for index in members {
            let variant = variants[index];
            let mut simulation = match &warm {
                Some(warm) => {
                    shared += 1;
                    let mut simulation = warm.clone();
                    simulation.world_mut().foresee(variant.late_faults(instant));
                    simulation
                }
                None => begin(variant, RecorderOptions::default(), Silent),
            };
            let outcome = simulation.run(&limits(variant), &watch);
            each(index, finish(simulation, outcome));
        }
    }
    shared
}

/// Simulates under a watch, with limits of wall clock and memory, Ctrl-C and a progress bar.
///
/// # Errors
/// A bug: a panic or a failed audit, with the seed and the event near which it happened.
pub fn simulate_watched<X: Observer>(
    scenario: &Resolved,
    options: RecorderOptions,
    extra: X,
    quiet: bool,
) -> Result<(Finished<X>, Duration), CommandError> {
    let limits = limits(scenario);
    let memory = scenario.limits.memory.bytes();
    let mut watch = Watch::start(limits.until, scenario.limits.wall_clock, memory, quiet);
    let mut reached = Progress { now: SimTime::ZERO, events: 0 };
    let mut running = None;
    // The panic's own message goes to stderr as usual; what it left half done is only asked
    // how far it had come.
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let simulation = running.insert(begin(scenario, options, extra));
        simulation.run(&limits, |seen| watch.look(seen))
    }));
    let wall = watch.finish();
    if let Some(simulation) = &running {
        reached = Progress { now: simulation.world().now(), events: simulation.events() };
    }
    let place = format!("seed {}, event {}, {} s", scenario.run.seed, reached.events, reached.now);
    let internal = |what: &str| CommandError::new(Exit::Internal, format!("internal error ({place}): {what}"));
    match (ran, running) {
        (Ok(outcome), Some(simulation)) => {
            finish(simulation, outcome).map(|finished| (finished, wall)).map_err(|fault| internal(&fault))
        }
        _ => Err(internal("the simulator panicked; please report the scenario")),
    }
}

/// A simulation of the scenario with its usual observer and another.
pub(super) fn begin<X: Observer>(scenario: &Resolved, options: RecorderOptions, extra: X) -> Simulation<(Recorder, X)> {
    let plan = plan(scenario);
    let recorder = Recorder::new(Directory::clone(&plan.directory), options);
    Simulation::new(World::new(plan, (recorder, extra)))
}

/// Audits a simulation that ended so, and gathers what it leaves.
pub(super) fn finish<X: Observer>(
    simulation: Simulation<(Recorder, X)>,
    outcome: Outcome,
) -> Result<Finished<X>, String> {
    let directory = simulation.world().directory();
    let busy = simulation.busy().iter().map(|&host| directory.host_name(host).to_owned()).collect();
    let mut world = simulation.into_world();
    world.tell_unfinished();
    let (world, (mut recorder, extra)) = world.detach();
    world.audit()?;
    recorder.open_ends(world.network().open_ends());
    let mut record = recorder.finish(outcome.end);
    add_link_figures(&mut record, &world);
    record.check()?;
    let state = world.copies_queued();
    let trace = record.servers.iter().map(|server| server.queued).sum::<u64>();
    if state != trace {
        return Err(format!("the servers hold {state} copies, but by the trace they hold {trace}"));
    }
    Ok(Finished { record, outcome, world, extra, busy })
}

/// Runs the scenario again and records what one end of a connection sends.
#[must_use]
pub fn segments(scenario: &Resolved, connection: &str, sender: &str) -> SegmentRecord {
    let plan = plan(scenario);
    let recorder = SegmentRecorder::new(Directory::clone(&plan.directory), connection, sender);
    let mut simulation = Simulation::new(World::new(plan, recorder));
    simulation.run(&limits(scenario), |_| None);
    let (_, recorder) = simulation.into_world().detach();
    recorder.finish()
}

/// Completes the rows of links by what the links themselves counted.
fn add_link_figures(record: &mut RunRecord, world: &World<Silent>) {
    let end_ns = u128::from(record.tables.end.as_nanos());
    let mut figures = BTreeMap::new();
    for (number, stats) in (0_u32..).zip(world.network().link_stats()) {
        let (link, from, _) = world.directory().link_dir(LinkDirId(number));
        let one = LinkFigures {
            duplicated: stats.duplicated.packets,
            damaged: stats.corrupted.packets,
            marked: stats.marked.packets,
            // Services that the end of the run cut short were counted in advance.
            utilization: Millionths::ratio(u128::from(stats.busy_ns).min(end_ns), end_ns),
            mean_queue: Millionths::ratio(stats.queue_integral_packet_ns, end_ns),
            max_queue: stats.max_queue_packets,
            max_wait: SimDuration::from_nanos(stats.max_wait_ns),
        };
        figures.insert((link.name.as_str(), world.directory().host_name(from)), one);
    }
    for row in &mut record.tables.links {
        row.figures = figures.get(&(&*row.link, &*row.from)).copied().unwrap_or_default();
    }
}

/// The limits of a scenario that do not depend on the machine.
#[must_use]
pub const fn limits(scenario: &Resolved) -> Limits {
    Limits {
        until: scenario.run.until,
        events: scenario.limits.events,
        events_per_instant: scenario.limits.events_per_instant,
        messages: scenario.limits.messages,
    }
}

/// The exit code of a run that went so.
#[must_use]
pub fn exit_of(ended: Ended, expectations: &[Expectation]) -> Exit {
    match ended {
        Ended::Interrupted => Exit::Interrupted,
        Ended::Stopped => Exit::Done,
        Ended::Limit(_) => Exit::Limit,
        Ended::Idle | Ended::Until if expectations.iter().all(|expectation| expectation.held) => Exit::Done,
        Ended::Idle | Ended::Until => Exit::ExpectFailed,
    }
}
