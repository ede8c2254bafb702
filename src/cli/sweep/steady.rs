//! `posthaste sweep steady`: where a run's steady state begins, and its mean there, with an interval if batches allow one.
//!
//! Rows of one run depend on each other, so an interval over them as if they were independent is never given: batch means
//! are, with the test whether the batches are long enough (`docs/statistics.md`). Of several runs, the averages of their
//! first, second, ... observations say where the warm-up ends, and their means after it are replications.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::base::nearest::nearest;
use crate::cli::args::SweepSteadyArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::output::print;
use crate::cli::target::result_folder;
use crate::metrics::{Kind, TableDoc, columns};
use crate::sweep::statistics::{
    Estimate, Level, OneRun, Replications, Steps, WarmUpError, across_runs, alone, with_half_width,
};
use crate::sweep::summary::unit;

/// Tables whose rows are changes of a state, which holds until the next one.
const STATES: [&str; 4] = ["queue", "queue_destinations", "mailboxes", "cwnd"];

/// Instants at which a state is looked at, to see where it becomes steady.
const LOOKS: usize = 1000;

/// What is looked at in a run.
struct Series {
    /// When each began, in seconds, and its value.
    observations: Vec<(f64, f64)>,
    /// When the run ended, in seconds.
    end: f64,
}

/// The column that is looked at.
#[derive(Clone, Copy)]
struct Column {
    table: &'static TableDoc,
    value: usize,
    begins: usize,
    state: bool,
}

/// Tells where the steady state begins and what its mean is.
///
/// # Errors
/// A run or the column does not exist, or has too little in it.
pub(super) fn steady(args: &SweepSteadyArgs) -> Result<Exit, CommandError> {
    let column = column(&args.of)?;
    let tests = args.filters.iter().map(|text| test(column.table, text)).collect::<Result<Vec<_>, _>>()?;
    let level = Level::new(args.level).map_err(|error| CommandError::usage(format!("--level: {error}")))?;
    let (mut runs, mut scenarios) = (Vec::new(), Vec::new());
    for run in &args.runs {
        let folder = result_folder(run)?;
        if args.runs.len() > 1 {
            scenarios.push(scenario(&folder)?);
        }
        let series = read(&folder, column, &tests)?;
        let name = folder.display().to_string();
        if series.observations.is_empty() {
            return Err(CommandError::io(format!("{name}: no row of {} fits", args.of)));
        }
        runs.push((name, series));
    }
    replications(&runs, &scenarios)?;
    let found = Found::of(&runs, column, args.batches as usize, level)?;
    if args.json {
        let text = serde_json::to_string_pretty(&found.json(args)).expect("plain data");
        print(&(text + "\n"))?;
    } else {
        print(&found.text(args))?;
    }
    Ok(Exit::Done)
}

/// The scenario of a run without its seed, and the seed.
fn scenario(folder: &Path) -> Result<(Value, Value), CommandError> {
    let mut scenario = crate::cli::repeat::read_json(&folder.join("scenario.resolved.json"))?;
    let seed = scenario.pointer_mut("/run/seed").map(Value::take).unwrap_or_default();
    Ok((scenario, seed))
}

/// Several runs are replications if nothing but their seeds differs, and those do.
fn replications(runs: &[(String, Series)], scenarios: &[(Value, Value)]) -> Result<(), CommandError> {
    for (at, (scenario, seed)) in scenarios.iter().enumerate().skip(1) {
        let name = &runs[at].0;
        if *scenario != scenarios[0].0 {
            return Err(CommandError::usage(format!(
                "{name}: its scenario is another than that of {}: replications differ by their seeds alone",
                runs[0].0
            )));
        }
        if let Some(same) = scenarios[..at].iter().position(|(_, other)| other == seed) {
            return Err(CommandError::usage(format!(
                "{name}: its seed {seed} is that of {}, too: the same numbers twice are no replications",
                runs[same].0
            )));
        }
    }
    Ok(())
}

/// `TABLE.COLUMN`: a column of numbers, in a table whose rows have a beginning.
fn column(text: &str) -> Result<Column, CommandError> {
    let wrong = |why: String| CommandError::usage(format!("--of {text:?}: {why}"));
    let Some((name, of)) = text.split_once('.') else {
        return Err(wrong("write it as TABLE.COLUMN, like messages.latency_s".to_owned()));
    };
    let meant = |wanted: &str, names: Vec<&'static str>| {
        nearest(wanted, names.into_iter()).map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
    };
    let Some(table) = columns::table(name) else {
        let names = columns::all().map(|table| table.name).collect();
        return Err(wrong(format!("there is no table {name:?}{}", meant(name, names))));
    };
    let Some(value) = table.position(of) else {
        let names = table.columns.iter().map(|(name, _)| *name).collect();
        return Err(wrong(format!("the table {name} has no column {of:?}{}", meant(of, names))));
    };
    if matches!(Kind::of(table.name, of), Kind::Text) {
        return Err(wrong("that column holds words".to_owned()));
    }
    let Some(begins) = table.begins() else {
        return Err(wrong(format!("the table {name} sums up whole runs, so no steady state shows in it")));
    };
    Ok(Column { table, value, begins, state: STATES.contains(&table.name) })
}

/// `COLUMN=VALUE`.
fn test(table: &TableDoc, text: &str) -> Result<(usize, String), CommandError> {
    let wrong = |why: &str| CommandError::usage(format!("--where {text:?}: {why}"));
    let (column, value) = text.split_once('=').ok_or_else(|| wrong("write it as COLUMN=VALUE"))?;
    let position =
        table.position(column).ok_or_else(|| wrong(&format!("the table {} has no such column", table.name)))?;
    Ok((position, value.to_owned()))
}

fn read(folder: &Path, column: Column, tests: &[(usize, String)]) -> Result<Series, CommandError> {
    let path = folder.join("tables").join(format!("{}.csv", column.table.name));
    let fault = |what: &dyn std::fmt::Display| CommandError::io(format!("{}: {what}", path.display()));
    let bytes = fs::read(&path).map_err(|error| fault(&error))?;
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let wanted = column.table.columns.iter().map(|(name, _)| *name);
    if !reader.headers().map_err(|error| fault(&error))?.iter().eq(wanted) {
        return Err(fault(&"the header is not that of this version's table"));
    }
    let mut observations = Vec::new();
    let mut subject: Option<Vec<String>> = None;
    for row in reader.records() {
        let row = row.map_err(|error| fault(&error))?;
        let cell = |at: usize| row.get(at).unwrap_or_default();
        if !tests.iter().all(|(at, value)| cell(*at) == value) || cell(column.value).is_empty() {
            continue;
        }
        let number = |at: usize| {
            let line = row.position().map_or(1, csv::Position::line);
            cell(at)
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .ok_or_else(|| fault(&format!("line {line}: {:?} is no number", column.table.columns[at].0)))
        };
        if column.state {
            one_subject(column, &row, &mut subject)?;
        }
        observations.push((number(column.begins)?, number(column.value)?));
    }
    observations.sort_by(|one, other| one.0.total_cmp(&other.0));
    Ok(Series { observations, end: end(folder)? })
}

/// Changes of a state are those of one thing.
fn one_subject(column: Column, row: &csv::StringRecord, seen: &mut Option<Vec<String>>) -> Result<(), CommandError> {
    let named = column.table.columns.iter().zip(row.iter());
    let words: Vec<(&str, &str)> = named
        .filter(|((name, _), _)| matches!(Kind::of(column.table.name, name), Kind::Text))
        .map(|((name, _), cell)| (*name, cell))
        .collect();
    let this: Vec<String> = words.iter().map(|(_, cell)| (*cell).to_owned()).collect();
    let first = seen.get_or_insert_with(|| this.clone());
    match words.iter().zip(first.iter()).find(|((_, cell), first)| cell != first) {
        None => Ok(()),
        Some(((name, cell), first)) => Err(CommandError::usage(format!(
            "the table {} tells of several: choose one, such as --where {name}={first} or --where {name}={cell}",
            column.table.name
        ))),
    }
}

fn end(folder: &Path) -> Result<f64, CommandError> {
    let manifest = crate::cli::repeat::manifest(folder)?;
    let end = manifest["end_s"].as_str().and_then(|text| text.parse().ok()).filter(|end: &f64| end.is_finite());
    end.ok_or_else(|| CommandError::io(format!("{}: manifest.json has no \"end_s\"", folder.display())))
}

/// Where the steady state begins.
enum Beginning {
    /// After so many observations, that is from that second on.
    At(usize, f64),
    Unknown(WarmUpError),
}

/// What can be said.
struct Found {
    /// What there is to look at in each run, in words.
    observed: String,
    observations: usize,
    runs: usize,
    beginning: Beginning,
    /// The mean after the warm-up, in each run.
    means: Vec<f64>,
    /// An interval and what is to be said of it, or why there is none.
    interval: Result<(Estimate, String), String>,
    warning: Option<String>,
}

impl Found {
    fn of(runs: &[(String, Series)], column: Column, batches: usize, level: Level) -> Result<Self, CommandError> {
        let looked: Vec<Vec<(f64, f64)>> =
            runs.iter().map(|(name, series)| looks(name, series, column)).collect::<Result<_, _>>()?;
        let values: Vec<Vec<f64>> = looked.iter().map(|run| run.iter().map(|(_, value)| *value).collect()).collect();
        let bad = |error: &dyn std::fmt::Display| CommandError::io(error.to_string());
        let each: Vec<OneRun<'_>> =
            values.iter().map(|run| OneRun::of(run)).collect::<Result<_, _>>().map_err(|error| bad(&error))?;
        let average = across_runs(&each).map_err(|error| bad(&error))?;
        let suggestion = OneRun::of(&average).map_err(|error| bad(&error))?.warm_up();
        let (cut, beginning) = match suggestion {
            // The latest of the runs: in each, so many observations have been made by then.
            Ok(found) => {
                let at = looked.iter().filter_map(|run| run.get(found.observations)).map(|(at, _)| *at);
                let from = if found.observations == 0 { 0.0 } else { at.fold(0.0, f64::max) };
                (found.observations, Beginning::At(found.observations, from))
            }
            Err(error) => (0, Beginning::Unknown(error)),
        };
        let rest: Vec<OneRun<'_>> =
            each.iter().map(|run| run.after(cut)).collect::<Result<_, _>>().map_err(|error| bad(&error))?;
        let means: Vec<f64> = rest.iter().map(OneRun::mean).collect();
        let mut warning = None;
        let interval = match (&beginning, rest.as_slice()) {
            (Beginning::Unknown(_), _) => Err("no interval: it is not known where the steady state begins".to_owned()),
            (Beginning::At(_, from), [_]) if column.state => {
                let series = &runs[0].1;
                let steps = Steps::of(&series.observations).map_err(|error| bad(&error))?;
                let from = from.max(series.observations[0].0);
                match steps.batch_means(from, series.end, batches, level) {
                    Ok(found) => {
                        warning = found.warning();
                        Ok((found.estimate, format!("{batches} spans of equal length of one run, weighted by time")))
                    }
                    Err(error) => Err(format!("no interval: {error}")),
                }
            }
            (Beginning::At(..), [run]) => match run.batch_means(batches, level) {
                Ok(found) => {
                    warning = found.warning();
                    Ok((found.estimate, format!("{batches} batches of {} rows of one run", found.size)))
                }
                Err(error) => Err(format!("no interval: {error}")),
            },
            (Beginning::At(..), _) => Replications::of_runs(&means)
                .map_err(|error| error.to_string())
                .and_then(|runs| runs.interval(level).map_err(|error| error.to_string()))
                .map(|estimate| {
                    (estimate, format!("the means of {} runs, which must differ by their seeds alone", means.len()))
                })
                .map_err(|why| format!("no interval: {why}")),
        };
        let observations = looked.iter().map(Vec::len).min().unwrap_or(0);
        let observed = if column.state {
            format!("at {observations} instants of equal distance")
        } else {
            format!("{observations} values")
        };
        Ok(Self { observed, observations, runs: runs.len(), beginning, means, interval, warning })
    }

    fn text(&self, args: &SweepSteadyArgs) -> String {
        let unit = unit(args.of.rsplit('.').next().unwrap_or_default());
        let line = |what: &str, text: &str| format!("{what:<12} {text}\n");
        let runs = if self.runs == 1 { "one run".to_owned() } else { format!("each of {} runs", self.runs) };
        let mut out = line("observed", &format!("{} of {runs}, {}", args.of, self.observed));
        out += &match &self.beginning {
            Beginning::At(0, _) => line("warm-up", "none shows (MSER-5)"),
            Beginning::At(count, from) => {
                line("warm-up", &format!("leave out the first {count} values, up to {from:.3} s (MSER-5)"))
            }
            Beginning::Unknown(error) => line("warm-up", &format!("no suggestion: {error}")),
        };
        out += &match &self.interval {
            Ok((estimate, how)) => {
                let percent = alone(100.0 * args.level, "");
                let value = with_half_width(estimate.mean, estimate.half_width, unit);
                line("mean", &format!("{value} ({percent} %; {how})"))
            }
            Err(why) => {
                let means: Vec<String> = self.means.iter().map(|mean| alone(*mean, unit)).collect();
                line("mean", &means.join(", ")) + &line("", why)
            }
        };
        if let Some(warning) = &self.warning {
            out += &line("beware", warning);
        }
        out
    }

    fn json(&self, args: &SweepSteadyArgs) -> Value {
        let (left_out, from) = match &self.beginning {
            Beginning::At(count, from) => (json!(count), json!(from)),
            Beginning::Unknown(_) => (Value::Null, Value::Null),
        };
        let interval = self.interval.as_ref().ok();
        json!({
            "of": args.of,
            "runs": self.runs,
            "values": self.observations,
            "warm_up_values": left_out,
            "warm_up_s": from,
            "warm_up_problem": match &self.beginning {
                Beginning::Unknown(error) => json!(error.to_string()),
                Beginning::At(..) => Value::Null,
            },
            "means": self.means,
            "mean": interval.map(|(estimate, _)| estimate.mean),
            "half_width": interval.map(|(estimate, _)| estimate.half_width),
            "level": args.level,
            "method": interval.map(|(_, how)| how),
            "why_no_interval": self.interval.as_ref().err(),
            "warning": self.warning,
        })
    }
}

/// The values in their order; of a state those at instants of equal distance.
fn looks(name: &str, series: &Series, column: Column) -> Result<Vec<(f64, f64)>, CommandError> {
    if !column.state {
        return Ok(series.observations.clone());
    }
    let steps = Steps::of(&series.observations).map_err(|error| CommandError::io(format!("{name}: {error}")))?;
    let from = series.observations[0].0;
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let edge = |i: usize| from + (series.end - from) * (i as f64 / LOOKS as f64);
    let look = |i: usize| {
        let average = steps.average(edge(i), edge(i + 1));
        average.map(|average| (edge(i), average)).map_err(|error| CommandError::io(format!("{name}: {error}")))
    };
    (0..LOOKS).map(look).collect()
}
