//! `posthaste serve`: opens the listeners, says where they are, serves until told to stop, and
//! writes the usual result folder.

mod desk;
mod places;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::base::{SimDuration, SimTime, UnixTime};
use crate::live::{Bound, Chronicle, Gateway, GatewayError, Served, Settings, Speed, Wanted};
use crate::metrics::{Recorder, RecorderOptions};
use crate::report;
use crate::scenario::build::directory;
use crate::scenario::resolved::Resolved;
use crate::sim::Ended;

use super::args::ServeArgs;
use super::exit::{CommandError, Exit};
use super::load::load;
use super::output::print;
use super::recording::{Done, Recording, Writers, default_folder, json_summary};
use super::report::{usual_place, write_report};
use super::simulate::{Finished, begin, exit_of, finish, limits};
use desk::Desk;

/// What reads the trace of a world that is served.
type Readers = (Recorder, (Writers, Chronicle));

/// Files that are open besides the clients' sockets, listeners included.
const FILES_BESIDES_CLIENTS: u64 = 1024;

/// Serves the scenario and writes its folder.
///
/// # Errors
/// The scenario is invalid, a port is taken, a file cannot be written, or a bug came to light.
pub(super) fn serve(args: &ServeArgs) -> Result<Exit, CommandError> {
    let speed = Speed::parse(&args.speed).map_err(|error| CommandError::usage(format!("--speed: {error}")))?;
    let mut overrides = args.overrides.clone();
    if args.today {
        overrides.set.push(format!("/start=\"{}\"", today()));
    }
    let scenario = load(&args.file, &overrides)?;
    let listeners = places::listeners(&scenario, args)?;
    if let Some(path) = &args.ready_file {
        // One of an earlier service would mislead who waits for it.
        let _ = std::fs::remove_file(path);
    }
    // Many systems give a process 1024 files unless it asks for more. With less, clients wait their turn.
    let _ = rlimit::increase_nofile_limit(args.most_clients as u64 + FILES_BESIDES_CLIENTS);
    let gateway = Gateway::open(listeners).map_err(|error| gateway_error(&error))?;
    let (done, panics) = serve_gateway(args, &scenario, speed, gateway)?;
    if scenario.outputs.report {
        write_report(&done.written.dir, &usual_place(&done.written.dir))?;
    }
    if args.json {
        let summary: serde_json::Value = serde_json::from_str(&json_summary(&done, None)?).expect("just written");
        print(&format!("{}\n", json!({ "summary": summary })))?;
    } else {
        let summary = report::summary_text(&done.info, &done.record);
        print(&format!("{summary}{:<12} {}\n", "results", done.written.dir.display()))?;
    }
    done.say_what_went_wrong();
    if panics > 0 {
        let what = format!("internal error: {panics} connections were ended by panics; please report them");
        return Err(CommandError::new(Exit::Internal, what));
    }
    Ok(exit_of(done.outcome.ended, &done.info.expectations))
}

fn serve_gateway(
    args: &ServeArgs,
    scenario: &Resolved,
    speed: Speed,
    gateway: Gateway,
) -> Result<(Done, u32), CommandError> {
    let host = scenario.live.host.ok_or_else(|| {
        CommandError::new(
            Exit::Invalid,
            format!("{}: error: there is no host from which clients could come", args.file.display()),
        )
    })?;
    let place = |hash: &str| args.out.clone().unwrap_or_else(|| free_folder(&default_folder(&args.file, hash)));
    let (recording, writers) = Recording::begin(scenario, place)?;
    let settings = Settings {
        host,
        speed,
        length: SimDuration::from_nanos(scenario.run.until.as_nanos()),
        end: if args.overrides.until.is_some() { scenario.run.until } else { SimTime::NEVER },
        // A service goes on; what protects the computer is the limit of memory.
        limits: crate::sim::Limits { events: u64::MAX, until: SimTime::NEVER, ..limits(scenario) },
        most_clients: args.most_clients,
    };
    let mut desk = Desk::open(args, scenario, &gateway)?;
    announce(args, scenario, gateway.bound(), &mut desk)?;
    let mut running = None;
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let wanted = match (args.quiet, args.json) {
            (true, _) => Wanted::Nothing,
            (false, true) => Wanted::Events,
            (false, false) => Wanted::Lines,
        };
        let chronicle = Chronicle::new(directory(scenario), wanted);
        let simulation = running.insert(begin(scenario, RecorderOptions::default(), (writers, chronicle)));
        let ended = gateway.serve(simulation, &settings, &mut desk, |readers: &mut Readers| &mut readers.1.1);
        ended.map(|served| (simulation.outcome(served.ended), served))
    }));
    let wall = desk.close();
    let reached = running.as_ref().map_or(SimTime::ZERO, |simulation| simulation.world().now());
    let internal = |what: &str| {
        let place = format!("seed {}, {reached} s", scenario.run.seed);
        CommandError::new(Exit::Internal, format!("internal error ({place}): {what}"))
    };
    let (Ok(outcome), Some(simulation)) = (ran, running) else {
        return Err(internal("the simulator panicked; please report the scenario"));
    };
    let (mut outcome, Served { panics, touched, .. }) =
        outcome.map_err(|error| CommandError::io(format!("waiting for clients: {error}")))?;
    if outcome.ended == Ended::Interrupted {
        // Nobody did anything, and the scenario is over: that was a run like any other.
        let whole = !touched && outcome.end == scenario.run.until;
        outcome.ended = if whole { Ended::Until } else { Ended::Stopped };
    }
    let judged = !touched && outcome.ended == Ended::Until;
    let finished = finish(simulation, outcome).map_err(|fault| internal(&fault))?;
    let Finished { record, outcome, world, extra: (writers, _), busy } = finished;
    let finished = Finished { record, outcome, world, extra: writers, busy };
    recording.finish(scenario, finished, (wall, judged)).map(|done| (done, panics))
}

fn gateway_error(error: &GatewayError) -> CommandError {
    CommandError::io(error.to_string())
}

/// The present calendar time.
#[expect(clippy::disallowed_types, reason = "real mail programs look at dates")]
fn today() -> UnixTime {
    let passed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    UnixTime(i64::try_from(passed.as_secs()).unwrap_or(0))
}

/// Says where everything is reached.
fn announce(args: &ServeArgs, scenario: &Resolved, bound: &[Bound], desk: &mut Desk) -> Result<(), CommandError> {
    let host = scenario.live.host.map_or("", |host| &scenario.host_spec(host).name);
    let table = json!({ "clients_come_from": host, "listening": bound });
    if let Some(path) = &args.ready_file {
        write_whole(path, &format!("{table:#}\n"))?;
    }
    if args.json {
        desk.print(format!("{table}\n"));
    } else {
        desk.print(places::table(scenario, host, bound));
    }
    Ok(())
}

/// Writes a file that appears whole.
fn write_whole(path: &Path, text: &str) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| CommandError::io(format!("{}: {error}", path.display()));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = tempfile::NamedTempFile::new_in(parent);
    let file = made.map_err(|_| CommandError::io(format!("{}: cannot write there", path.display())))?;
    std::fs::write(file.path(), text).map_err(failed)?;
    file.persist(path).map(|_| ()).map_err(|error| failed(error.error))
}

/// A folder beside `usual` that is not there yet: what was served cannot be had again.
fn free_folder(usual: &Path) -> PathBuf {
    let name = usual.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy());
    let numbered = (1..).map(|number: u32| match number {
        1 => usual.with_file_name(format!("{name}-served")),
        number => usual.with_file_name(format!("{name}-served-{number}")),
    });
    numbered.into_iter().find(|path| !path.exists()).expect("some number is free")
}
