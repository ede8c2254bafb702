//! A run that is explained: its tables, and the run made again where the tables do not tell enough.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::app::App;
use crate::app::dns::listing::CacheLine;
use crate::base::calendar::UnixTime;
use crate::base::trace::{Observer, Silent};
use crate::base::{Directory, HostId, SimTime};
use crate::cli::args::Overrides;
use crate::cli::exit::CommandError;
use crate::cli::load::load;
use crate::cli::repeat::{manifest, repeatable};
use crate::cli::simulate::limits;
use crate::cli::target::result_folder;
use crate::metrics::{Tables, rtype_word};
use crate::report;
use crate::report::explain::{CacheAge, Clock, Focus, Witness};
use crate::scenario::build::plan;
use crate::scenario::resolved::{Resolved, host_index};
use crate::sim::{Limits, Simulation, World};

/// What is known of a run.
pub(super) struct Run {
    pub(super) tables: Tables,
    pub(super) clock: Clock,
    /// The scenario, or why the run cannot be made again.
    pub(super) scenario: Result<Resolved, String>,
    /// The zones of each name server.
    pub(super) zones: BTreeMap<String, Vec<String>>,
    /// What stopped the run before its end, if something did.
    cut: Option<String>,
}

impl Run {
    /// Reads the tables of a run; a scenario file is run first.
    ///
    /// # Errors
    /// Nothing of that name exists, or the folder is damaged.
    pub(super) fn open(run: &Path) -> Result<Self, CommandError> {
        let folder = result_folder(run)?;
        let tables = report::read_run(&folder).map_err(|error| CommandError::io(error.to_string()))?;
        let manifest = manifest(&folder)?;
        let start = manifest["start"].as_str().and_then(UnixTime::parse).unwrap_or(UnixTime::DEFAULT_START);
        let scenario = repeatable(&folder, &manifest, &Overrides::default()).map_err(|error| error.message);
        let written = match &scenario {
            Ok(_) => None,
            Err(_) => load(&folder.join("scenario.resolved.json"), &Overrides::default()).ok(),
        };
        let zones = scenario.as_ref().ok().or(written.as_ref()).map(zones).unwrap_or_default();
        let cut = manifest["ended"].as_str().filter(|_| manifest["cut"] == json!(true)).map(str::to_owned);
        Ok(Self { tables, clock: Clock::new(start), scenario, zones, cut })
    }

    /// Makes the run again up to that instant, under the eyes of a witness; none if it cannot be made again.
    pub(super) fn witness(&self, focus: &Focus, until: SimTime) -> Option<Witness> {
        let scenario = self.scenario.as_ref().ok()?;
        let plan = plan(scenario);
        let witness = Witness::new(Directory::clone(&plan.directory), focus);
        let (_, witness) = up_to(scenario, World::new(plan, witness), until.min(self.tables.end)).detach();
        Some(witness)
    }

    /// Finds how old the entries of caches were that answered, by making the run again up to each.
    pub(super) fn ages(&self, mut ages: Vec<CacheAge>) -> Vec<CacheAge> {
        // each of them costs a run up to there
        const MOST: usize = 4;
        let Ok(scenario) = &self.scenario else { return ages };
        for age in ages.iter_mut().take(MOST) {
            let Some(host) = host_index(&scenario.hosts, &age.host) else { continue };
            let world = up_to(scenario, World::new(plan(scenario), Silent), age.at);
            age.stored = stored(&world, host, age);
        }
        ages
    }

    /// What is to be said of what the tables alone do not tell.
    pub(super) fn caveat(&self) -> Option<String> {
        let cut = self.cut.as_ref().map(|by| {
            let by: String = by.chars().filter(|c| !c.is_control()).collect();
            format!("The run was cut at {} s ({by}). What would have come later is not known.", self.tables.end)
        });
        let alone = self.scenario.as_ref().err().map(|why| {
            format!("Told from the tables alone, as the run cannot be made again: {}.", why.trim_end_matches('.'))
        });
        match (cut, alone) {
            (Some(cut), Some(alone)) => Some(format!("{cut}\n{alone}")),
            (cut, alone) => cut.or(alone),
        }
    }
}

fn up_to<O: Observer>(scenario: &Resolved, world: World<O>, until: SimTime) -> World<O> {
    let mut simulation = Simulation::new(world);
    simulation.run(&Limits { until, ..limits(scenario) }, |_| None);
    simulation.into_world()
}

/// When a resolver's cache had stored an entry, and who had told it.
fn stored(world: &World<Silent>, host: HostId, age: &CacheAge) -> Option<(SimTime, String)> {
    let of_host = world.apps().filter(|(on, _)| *on == host);
    let mut caches = of_host.filter_map(|(_, app)| {
        let App::Resolver(resolver) = app else { return None };
        Some(resolver.cache())
    });
    let lines = caches.next()?.listing(world.now());
    let ours = |line: &&CacheLine| {
        line.name.to_string().trim_end_matches('.').eq_ignore_ascii_case(age.name.trim_end_matches('.'))
            && line.stored_at <= age.at
            && line.rtype.is_none_or(|rtype| rtype_word(rtype.number()) == age.rtype)
    };
    let line = lines.iter().find(ours)?;
    Some((line.stored_at, super::cache::teller(world.directory(), line.origin)))
}

fn zones(scenario: &Resolved) -> BTreeMap<String, Vec<String>> {
    let zone = |index: usize| scenario.dns.zones.get(index).map(|zone| zone.name.to_ascii_lowercase());
    let servers = scenario.dns.servers.iter().filter_map(|server| {
        let host = scenario.hosts.get(server.host.index())?;
        let all = server.zones.iter().copied().chain(server.secondary.iter().map(|copy| copy.zone));
        Some((host.name.clone(), all.filter_map(zone).collect()))
    });
    servers.collect()
}
