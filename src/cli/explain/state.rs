//! What a cache, a server's zones, a queue or a mailbox held at a time.
//!
//! A run is the same each time, so its state at an instant is found by running it again up to
//! there: nothing of it has to be kept in the result folder.

use std::path::Path;

use serde_json::{Value, json};

use super::{cache, held};
use crate::app::App;
use crate::app::dns::OwnCache;
use crate::base::trace::CacheLevel;
use crate::base::trace::Silent;
use crate::base::{HostId, SimDuration, SimTime, nearest};
use crate::cli::args::ExplainArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::output::print;
use crate::cli::repeat::{manifest, scenario_of};
use crate::cli::simulate::limits;
use crate::cli::target::result_folder;
use crate::scenario::build::plan;
use crate::scenario::resolved::Resolved;
use crate::sim::{Limits, Simulation, World};

/// Runs up to the instant asked for, and prints what the host holds.
///
/// # Errors
/// There is no such host or instant, or the host holds nothing of the kind.
pub(super) fn show(args: &ExplainArgs, name: &str) -> Result<Exit, CommandError> {
    let (scenario, cut) = scenario_and_cut(&args.run)?;
    let host = scenario.hosts.iter().position(|host| *host.name == *name);
    let host = host.and_then(|place| u32::try_from(place).ok()).ok_or_else(|| unknown(args, &scenario, name))?;
    let (host, name) = (HostId(host), &scenario.hosts[host as usize].name);
    let at = args.at.as_deref().map(SimDuration::parse).transpose();
    let at = at.map_err(|error| CommandError::usage(format!("--at: {error}")))?;
    let (world, caveat) = at_instant(&scenario, at, cut)?;
    let holdings = holdings(&world, host);
    if holdings.is_empty() {
        let message = format!("{name} keeps nothing: it has no cache, no zones, no queue and no mailboxes");
        return Err(CommandError::usage(message));
    }
    if args.json {
        let mut all = json!({ "host": name, "at_s": world.now().to_string(), "caveat": caveat });
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
    text.extend(caveat.map(|caveat| format!("\n{caveat}\n")));
    print(&text).map(|()| Exit::Done)
}

/// The scenario, and when its run was cut short, of a result folder that says so.
fn scenario_and_cut(run: &Path) -> Result<(Resolved, Option<SimTime>), CommandError> {
    let scenario = scenario_of(run)?;
    if run.is_file() {
        return Ok((scenario, None));
    }
    let manifest = manifest(&result_folder(run)?)?;
    let end = manifest["end_s"].as_str().and_then(|end| SimDuration::parse(&format!("{end}s")).ok());
    let end = end.map(|end| SimTime::ZERO.saturating_add(end));
    Ok((scenario, end.filter(|_| manifest["cut"] == json!(true))))
}

/// Something that a host keeps.
pub(super) struct Holding {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) json: Value,
}

/// Crowds have many clients: this many of their caches are printed.
const MOST_CLIENTS: usize = 20;

fn unknown(args: &ExplainArgs, scenario: &Resolved, name: &str) -> CommandError {
    let known = scenario.hosts.iter().map(|host| host.name.as_str());
    let hint = super::hint(args, nearest(name, known));
    CommandError::usage(format!("--host {name:?}: there is no such host{hint}"))
}

/// The world at that instant, everything that happens then included; at the end without one. With a caveat if a
/// limit is the end.
fn at_instant(
    scenario: &Resolved,
    at: Option<SimDuration>,
    cut: Option<SimTime>,
) -> Result<(World<Silent>, Option<String>), CommandError> {
    let limits = limits(scenario);
    let until = at.map_or(limits.until, |at| SimTime::ZERO.saturating_add(at));
    if until > limits.until {
        return Err(CommandError::usage(format!("--at: the run ends at {} s", limits.until)));
    }
    let mut simulation = Simulation::new(World::new(plan(scenario), Silent));
    let until_cut = cut.map_or(until, |cut| until.min(cut));
    let outcome = simulation.run(&Limits { until: until_cut, ..limits }, |_| None);
    let caveat = match (outcome.ended.is_cut(), cut) {
        (true, _) if until > outcome.end => Some(format!("The run is cut at {} s: {}.", outcome.end, outcome.ended)),
        (false, Some(cut)) if until > cut => Some(format!("The run was cut at {cut} s.")),
        (true | false, _) => None,
    };
    if at.is_some() {
        if let Some(caveat) = &caveat {
            return Err(CommandError::new(Exit::Limit, format!("--at: {until} s comes too late. {caveat}")));
        }
        simulation.idle_until(until);
    }
    let caveat = caveat.map(|caveat| format!("{caveat} This is what there was then."));
    Ok((simulation.into_world(), caveat))
}

fn holdings(world: &World<Silent>, host: HostId) -> Vec<Holding> {
    let mut holdings = Vec::new();
    for (_, app) in world.apps().filter(|(on, _)| *on == host) {
        match app {
            App::Resolver(resolver) => {
                holdings.push(cache::holding(world, resolver.cache(), "cache".to_owned(), "Cache".to_owned()));
            }
            App::MailServer(server) => {
                holdings.push(held::queue(server));
                holdings.push(held::mailboxes(server));
                holdings.extend(server.caches().map(|own| own_cache(world, own)));
            }
            App::UserAgent(agent) => holdings.extend(agent.caches().map(|own| own_cache(world, own))),
            App::LookupAgent(agent) => {
                let filled = agent.caches().filter(|own| own.client.is_none() || !own.cache.is_empty());
                holdings.extend(filled.take(MOST_CLIENTS).map(|own| own_cache(world, own)));
            }
            App::NameServer(server) => holdings.push(held::zones(server)),
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
