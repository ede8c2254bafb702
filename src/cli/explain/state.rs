//! What a cache, a server's zones, a queue or a mailbox held at a time.
//!
//! A run is the same each time, so its state at an instant is found by running it again up to
//! there: nothing of it has to be kept in the result folder.

use serde_json::{Value, json};

use super::cache;
use crate::app::App;
use crate::app::dns::OwnCache;
use crate::base::trace::CacheLevel;
use crate::base::trace::Silent;
use crate::base::{HostId, SimDuration, SimTime, nearest};
use crate::cli::args::ExplainArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::output::print;
use crate::cli::repeat::scenario_of;
use crate::cli::simulate::limits;
use crate::live::command::{mailbox_lines, queue_lines};
use crate::scenario::build::plan;
use crate::scenario::resolved::{Resolved, host_index};
use crate::sim::{Limits, Simulation, World};

/// Runs up to the instant asked for, and prints what the host holds.
///
/// # Errors
/// There is no such host or instant, or the host holds nothing of the kind.
pub(super) fn show(args: &ExplainArgs, name: &str) -> Result<Exit, CommandError> {
    let scenario = scenario_of(&args.run)?;
    let host = host_index(&scenario.hosts, name).ok_or_else(|| unknown(args, &scenario, name))?;
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
