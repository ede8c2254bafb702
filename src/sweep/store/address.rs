//! The address of a run: the hash of all that its result depends on.
//!
//! That is the resolved scenario with its seed, the version of the model, what is measured, and the warm-up. Neither a
//! point's place in the study nor the shard or the computer is in it. So a study that gets more values or replications
//! finds all that it has done before, and two studies that overlap may share a folder.

use crate::base::hash::{Digest, digest};
use crate::metrics::TableDoc;
use crate::report::scenario_hash;
use crate::scenario::Resolved;
use crate::scenario::resolved::{Fold, What};
use crate::sweep::{Measure, WarmUp};

/// The measures and the warm-up of a study, in words that change when their meaning does.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Definitions(String);

impl Definitions {
    pub(in crate::sweep) fn of(measures: &[Measure], warm_up: Option<&WarmUp>) -> Self {
        // Names are quoted, so that no two lists run together to the same text.
        let mut text: String =
            measures.iter().map(|measure| format!("measure {:?} {}\n", measure.name, what(&measure.what))).collect();
        // Whether it is shared makes no difference.
        if let Some(WarmUp { until, shared: _ }) = warm_up {
            text.push_str(&format!("warm-up {}\n", until.as_nanos()));
        }
        Self(text)
    }

    /// The address of the scenario's run with this seed.
    pub(in crate::sweep) fn address(&self, scenario: &Resolved, seed: u64) -> Digest {
        let hash = scenario_hash(&scenario.to_json_text_with_seed(seed));
        digest(format!("{hash}\n{}", self.0).as_bytes())
    }
}

/// What is looked at; without bounds, which measures nothing.
fn what(what: &What) -> String {
    match what {
        What::Metric(name, _) => format!("metric {name:?}"),
        What::Rows(fold, table, tests, _) => format!("rows {} {} {tests:?}", fold_of(*fold, table), table.name),
        What::Message(expect) => format!("message {expect:?}"),
        What::Dropped { link, host, packets: _ } => format!("dropped {link:?} {host:?}"),
        What::Transcript(expect) => format!("transcript {expect:?}"),
    }
}

fn fold_of(fold: Fold, table: &TableDoc) -> String {
    let column = |at: usize| table.columns[at].0;
    match fold {
        Fold::Count => "count".to_owned(),
        Fold::Sum(at) => format!("sum {}", column(at)),
        Fold::Mean(at) => format!("mean {}", column(at)),
        Fold::Min(at) => format!("min {}", column(at)),
        Fold::Max(at) => format!("max {}", column(at)),
        Fold::Quantile(at, share) => format!("quantile {share} {}", column(at)),
    }
}
