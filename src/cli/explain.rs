//! `posthaste explain`: the life of a message, or what a cache, a server's zones, a queue or a mailbox
//! held at a time.
//!
//! A run is the same each time, so its state at an instant is found by running it again up to
//! there: nothing of it has to be kept in the result folder.

mod cache;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{ExplainArgs, Overrides};
use super::exit::{CommandError, Exit};
use super::load::load;
use super::output::print;
use super::simulate::limits;
use super::target::result_folder;
use crate::app::App;
use crate::app::dns::OwnCache;
use crate::base::trace::CacheLevel;
use crate::base::trace::Silent;
use crate::base::{HostId, SimDuration, SimTime, nearest};
use crate::live::command::{mailbox_lines, queue_lines};
use crate::report::{self, MODEL_VERSION};
use crate::scenario::build::plan;
use crate::scenario::resolved::{Resolved, host_index};
use crate::sim::{Limits, Simulation, World};

/// Runs up to the instant asked for, and prints what the host holds.
///
/// # Errors
/// There is no such run, host or instant, or the host holds nothing of the kind.
pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, CommandError> {
    if let Some(message) = &args.message {
        return tell(args, message);
    }
    let name = args.host.as_deref().unwrap_or_default();
    let scenario = scenario_of(&args.run)?;
    let host = host_index(&scenario.hosts, name).ok_or_else(|| unknown(&scenario, name))?;
    let at = args.at.as_deref().map(SimDuration::parse).transpose();
    let at = at.map_err(|error| CommandError::usage(format!("--at: {error}")))?;
    let world = at_instant(&scenario, at)?;
    let holdings = holdings(&world, host);
    if holdings.is_empty() {
        let message = format!("{name} keeps nothing: it has no cache, no zones, no queue and no mailboxes");
        return Err(CommandError::usage(message));
    }
    if args.json {
        let mut all = json!({ "host": name, "at_s": world.now().to_string() });
        for holding in holdings {
            // a host may run several programs, each with a stub of its own
            let mut names =
                std::iter::once(holding.key.clone()).chain((2..).map(|n| format!("{}_of_{n}", holding.key)));
            if let Some(name) = names.find(|name| all.get(name).is_none()) {
                all[name] = holding.json;
            }
        }
        return print(&format!("{all:#}\n")).map(|()| Exit::Done);
    }
    let mut text = String::new();
    for holding in holdings {
        let what = holding.title;
        text += &format!("{what} of {name} at {} s\n{}\n", world.now(), holding.text.trim_end());
        text.push('\n');
    }
    text.pop();
    print(&text).map(|()| Exit::Done)
}

/// Tells the life of a message from the tables of a run.
fn tell(args: &ExplainArgs, message: &str) -> Result<Exit, CommandError> {
    let tables = report::read_run(&result_folder(&args.run)?).map_err(|error| CommandError::io(error.to_string()))?;
    if let Some(story) = report::story(&tables, message, args.to.as_deref()) {
        return print(&story).map(|()| Exit::Done);
    }
    let near = nearest(message, tables.messages.iter().map(|row| &*row.message));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let whose = args.to.as_deref().map_or_else(String::new, |to| format!(" for {to}"));
    Err(CommandError::usage(format!("--message {message:?}: there is no such message{whose}{hint}")))
}

/// Something that a host keeps.
struct Holding {
    key: String,
    title: String,
    text: String,
    json: Value,
}

/// Crowds have many clients: this many of their caches are printed.
const MOST_CLIENTS: usize = 20;

/// The scenario of a run: the file itself, or the one that its result folder keeps.
///
/// # Errors
/// It cannot be run again as it was.
pub(super) fn scenario_of(run: &Path) -> Result<Resolved, CommandError> {
    if run.is_file() {
        return load(run, &Overrides::default());
    }
    let folder = result_folder(run)?;
    let manifest = manifest(&folder)?;
    let wrong = |why: &str| Err(CommandError::io(format!("{}: {why}", folder.display())));
    if manifest["model"] != json!(MODEL_VERSION) {
        return wrong("another version of the simulator made it, whose state this one cannot find again");
    }
    if manifest["ended"] == json!("stopped") {
        return wrong("real clients took part in it, so it cannot be run again");
    }
    let Some(seed) = manifest["seed"].as_u64() else { return wrong("manifest.json has no seed") };
    let overrides = Overrides { seed: Some(seed), ..Overrides::default() };
    load(&folder.join("scenario.resolved.json"), &overrides)
}

/// The manifest of a result folder.
///
/// # Errors
/// It cannot be read, or is no JSON.
pub(super) fn manifest(folder: &Path) -> Result<Value, CommandError> {
    let path: PathBuf = folder.join("manifest.json");
    let fault = |error: &dyn std::fmt::Display| CommandError::io(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| fault(&error))?;
    serde_json::from_str(&text).map_err(|error| fault(&error))
}

fn unknown(scenario: &Resolved, name: &str) -> CommandError {
    let known = scenario.hosts.iter().map(|host| host.name.as_str());
    let near = nearest(name, known);
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    CommandError::usage(format!("--host {name:?}: there is no such host{hint}"))
}

/// The world at that instant, everything that happens then included; at the end without one.
fn at_instant(scenario: &Resolved, at: Option<SimDuration>) -> Result<World<Silent>, CommandError> {
    let limits = limits(scenario);
    let until = at.map_or(limits.until, |at| SimTime::ZERO.saturating_add(at));
    if until > limits.until {
        return Err(CommandError::usage(format!("--at: the run ends at {} s", limits.until)));
    }
    let mut simulation = Simulation::new(World::new(plan(scenario), Silent));
    let outcome = simulation.run(&Limits { until, ..limits }, |_| None);
    if outcome.ended.is_cut() {
        let message = format!("the run ends before that, at {} s: {}", outcome.end, outcome.ended);
        return Err(CommandError::new(Exit::Limit, message));
    }
    if at.is_some() {
        simulation.idle_until(until);
    }
    Ok(simulation.into_world())
}

fn holdings(world: &World<Silent>, host: HostId) -> Vec<Holding> {
    let mut holdings = Vec::new();
    for (_, app) in world.apps().filter(|(on, _)| *on == host) {
        match app {
            App::Resolver(resolver) => {
                holdings.push(cache::holding(world, resolver.cache(), "cache".to_owned(), "Cache".to_owned()));
            }
            App::MailServer(server) => {
                let mailboxes = server.mailboxes().flat_map(|drop| mailbox_lines(drop, true)).collect::<Vec<_>>();
                holdings.push(listed("queue", "Queue", &queue_lines(server), "is empty"));
                holdings.push(listed("mailboxes", "Mailboxes", &mailboxes, "there are none"));
                holdings.extend(server.caches().map(|own| own_cache(world, own)));
            }
            App::UserAgent(agent) => holdings.extend(agent.caches().map(|own| own_cache(world, own))),
            App::LookupAgent(agent) => {
                let filled = agent.caches().filter(|own| own.client.is_none() || !own.cache.is_empty());
                holdings.extend(filled.take(MOST_CLIENTS).map(|own| own_cache(world, own)));
            }
            App::NameServer(server) => holdings.push(listed("zones", "Zones", &server.lines(), "there are none")),
            App::ScriptedServer(_) | App::WebServer(_) | App::SiteServer(_) | App::Browser(_) => {}
            #[cfg(test)]
            App::Fragile => {}
        }
    }
    holdings
}

/// The cache of a program or of its stub resolver.
fn own_cache(world: &World<Silent>, own: OwnCache<'_>) -> Holding {
    let (key, whose) = match own.level {
        CacheLevel::Application => ("application_cache", "a program"),
        CacheLevel::Stub | CacheLevel::Forwarder | CacheLevel::Resolver => ("stub_cache", "a stub resolver"),
    };
    let (key, whose) = match own.client {
        None => (key.to_owned(), whose.to_owned()),
        Some(client) => (format!("{key}_{client}"), format!("{whose}, client {client},")),
    };
    cache::holding(world, own.cache, key, format!("Cache of {whose}"))
}

fn listed(key: &str, title: &str, lines: &[String], empty: &str) -> Holding {
    let text = if lines.is_empty() { format!("  {empty}") } else { format!("  {}", lines.join("\n  ")) };
    Holding { key: key.to_owned(), title: title.to_owned(), text, json: json!(lines) }
}
