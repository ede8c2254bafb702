//! `posthaste compare`: two runs side by side: their metrics, what differs in their scenarios, and, asked
//! for or where they should be equal and are not, the first event in which they part.

mod lockstep;
mod show;
mod side;

use std::path::Path;

use serde_json::{Value, json};

use self::lockstep::{Parting, first_difference};
use self::side::Side;
use super::args::{CompareArgs, Overrides};
use super::exit::{CommandError, Exit};
use super::output::print;
use crate::report::compare::{Difference, MetricPair, differences, metric_pairs};

/// What was found out about two runs.
struct Comparison {
    a: Side,
    b: Side,
    metrics: Vec<MetricPair>,
    scenarios: Vec<Difference>,
    /// Where their traces part; none if that was not looked for.
    parting: Option<Parting>,
    /// What else is to be said.
    notes: Vec<String>,
}

/// Compares two runs.
///
/// # Errors
/// One of them does not exist, is damaged, or cannot be run.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit, CommandError> {
    let Overrides { seed, set, until } = &args.overrides;
    let changed = seed.is_some() || !set.is_empty() || until.is_some();
    if args.b.is_none() && !changed {
        let message = "with what? Give a second run, or a change: --set, --seed or --until";
        return Err(CommandError::usage(message));
    }
    let second: &Path = args.b.as_deref().unwrap_or(&args.a);
    let a = Side::open(&args.a, &Overrides::default())?;
    let b = Side::open(second, &args.overrides)?;
    let metrics = metric_pairs(&a.metrics, &b.metrics);
    let scenarios = differences(&a.scenario, &b.scenario);
    let mut comparison = Comparison { a, b, metrics, scenarios, parting: None, notes: Vec::new() };
    comparison.look_closer(args.events)?;
    print(&if args.json { format!("{:#}\n", comparison.json(args.all)) } else { comparison.text(args.all) })?;
    Ok(if comparison.equal() { Exit::Done } else { Exit::ExpectFailed })
}

impl Comparison {
    /// Whether the runs are equal, event by event.
    fn equal(&self) -> bool {
        self.a.fingerprint == self.b.fingerprint && self.metrics.iter().all(|pair| !pair.differs())
    }

    /// Whether the runs were to be equal: the same scenario, seed and model.
    fn should_be_equal(&self) -> bool {
        self.a.hash == self.b.hash && self.a.model == self.b.model
    }

    /// Finds the first event that differs, if that is asked for or called for.
    fn look_closer(&mut self, asked: bool) -> Result<(), CommandError> {
        if self.a.model != self.b.model {
            let (a, b) = (&self.a.model, &self.b.model);
            self.notes.push(format!(
                "A is of version {a} of the model and B of version {b}: results may differ for that alone."
            ));
        }
        for (name, side) in [("A", &self.a), ("B", &self.b)] {
            if side.cut {
                self.notes.push(format!("{name} was cut short ({}): it lacks what would have followed.", side.ended));
            }
        }
        if matches!(&self.scenarios[..], [only] if only.pointer == "/run/seed") && !self.equal() {
            let chance = "Only the seed is another, so what differs is chance; one pair of seeds does not tell how much of it there is.";
            self.notes.push(chance.to_owned());
        }
        let broken = !self.equal() && self.should_be_equal();
        if broken {
            self.notes.push("Both are of the same scenario, seed and model, and should be equal.".to_owned());
        }
        if !asked && !broken {
            return Ok(());
        }
        for (name, side) in [("A", &self.a), ("B", &self.b)] {
            if let Err(why) = &side.repeatable {
                if asked {
                    return Err(CommandError::io(format!("--events: {name} cannot be run again: {why}")));
                }
                self.notes.push(format!("{name} cannot be run again to find out more: {why}"));
                return Ok(());
            }
        }
        let (Ok(a), Ok(b)) = (&self.a.repeatable, &self.b.repeatable) else { return Ok(()) };
        let parting = first_difference(a, b);
        if broken && !matches!(parting, Parting::At { .. }) {
            self.notes.extend(self.not_repeated());
        }
        self.parting = Some(parting);
        Ok(())
    }

    /// Which of two folders that should be equal is not what this program gives.
    fn not_repeated(&self) -> Vec<String> {
        let sides = [("A", &self.a), ("B", &self.b)];
        let told = sides.iter().filter_map(|(name, side)| {
            let again = side.again()?;
            (again != side.fingerprint).then(|| {
                format!(
                    "Run again, {name} has another fingerprint than its folder says ({again}): the folder was changed, or \
                     another program made it."
                )
            })
        });
        told.collect()
    }

    fn json(&self, all: bool) -> Value {
        let shown = self.metrics.iter().filter(|pair| all || pair.differs()).map(MetricPair::json);
        let place = |one: &Difference| json!({ "pointer": one.pointer, "a": one.a, "b": one.b });
        json!({
            "equal": self.equal(),
            "a": self.a.json(),
            "b": self.b.json(),
            "notes": self.notes,
            "scenarios": self.scenarios.iter().map(place).collect::<Vec<_>>(),
            "metrics": shown.collect::<Vec<_>>(),
            "first_difference": self.parting.as_ref().map(Parting::json),
        })
    }
}
