//! The columns of a study's tables and what they mean: the one place that says so.

/// A table of a study.
#[derive(Clone, Copy, Debug)]
pub struct StudyTable {
    /// The file is `tables/NAME.csv`.
    pub name: &'static str,
    /// What a row is, and how rows are sorted.
    pub about: &'static str,
    /// Name and meaning of each column; [`PARAMETERS`] stands for one column for each parameter.
    pub columns: &'static [(&'static str, &'static str)],
}

/// Stands for the columns of the parameters and formulas.
pub const PARAMETERS: &str = "(parameters)";

const POINT: (&str, &str) = ("point", "the point's place in the study, from 0, as `sweep plan --all` lists them");
const REPLICATION: (&str, &str) = ("replication", "which replication of the point, from 0");
const SEED: (&str, &str) = ("seed", "the seed of the run: with it and the point's settings `posthaste run` repeats it");
const VALUES: (&str, &str) = (
    PARAMETERS,
    "one column for each parameter of the plan, named after it, with the unit of its numbers last; then one for each formula, which follows from them",
);
const METRIC: (&str, &str) = ("metric", "the name of the measure, with its unit last");

/// All numbers of all runs.
pub const RESULTS: StudyTable = StudyTable {
    name: "results",
    about: "One row for each point, replication and measure, in that order, measures as in the plan.",
    columns: &[
        POINT,
        REPLICATION,
        SEED,
        VALUES,
        METRIC,
        ("value", "the number; empty where the run has none (the mean of nothing)"),
    ],
};

/// What all replications of a point say.
pub const SUMMARY: StudyTable = StudyTable {
    name: "summary",
    about: "One row for each point and measure, in that order. Intervals are Student's over independent replications.",
    columns: &[
        POINT,
        VALUES,
        METRIC,
        ("n", "replications that have a value"),
        ("mean", "their mean"),
        ("half_width", "half the width of the mean's confidence interval"),
        ("low", "the interval's lower end"),
        ("high", "the interval's upper end"),
        ("sd", "the standard deviation of the replications' values"),
        ("level", "how sure the interval is, such as 0.95"),
        (
            "no_interval",
            "why there is no interval: one_run, no_value, not_finite or too_large; empty where there is one",
        ),
        ("replications", "how many replications the point has, those that failed included"),
        (
            "stop",
            "why it has no more: planned (all that were asked for), reached (the interval is as narrow as asked for), no_spread (all gave the same), maximum or near_zero (as many as may be, and the interval is wider than asked for), failed (no run left anything), missing (some are still to be made), invalid (the point's scenario is)",
        ),
        ("why", "the same in a sentence"),
    ],
};

/// Values of a parameter against each other.
pub const COMPARISONS: StudyTable = StudyTable {
    name: "comparisons",
    about: "One row for each comparison of the plan, measure, and point that is held against another, in that order; \
            empty if the plan compares nothing.",
    columns: &[
        ("parameter", "the parameter whose values are compared"),
        ("against", "the value with which the point's is compared"),
        POINT,
        ("against_point", "the point that has that value, and all others as this one"),
        VALUES,
        METRIC,
        ("n", "pairs of replications; of points with random numbers of their own, runs of both together"),
        ("difference", "the mean of the point less that of the other"),
        ("half_width", "half the width of the difference's confidence interval"),
        ("low", "the interval's lower end"),
        ("high", "the interval's upper end"),
        ("level", "how sure all intervals of this comparison and measure are together (Bonferroni)"),
        ("manner", "paired (on common random numbers) or independent (Welch)"),
        (
            "correlation",
            "of paired values: near 1 where common random numbers help; empty where one of the two does not vary",
        ),
        ("unpaired", "replications left out, since the other point has none of that number"),
        ("verdict", "less, more, same (in each pair) or not_shown (the interval holds 0)"),
        (
            "no_interval",
            "why there is no interval: one_run, no_value, not_finite or too_large; empty where there is one",
        ),
        ("line", "the verdict in a sentence"),
    ],
};

/// Runs that left nothing.
pub const FAILURES: StudyTable = StudyTable {
    name: "failures",
    about: "One row for each run that left nothing, by point and replication; empty if the study is complete.",
    columns: &[
        POINT,
        ("replication", "which replication of the point, from 0; empty where the point's scenario is invalid"),
        ("seed", "the seed of the run; empty likewise"),
        VALUES,
        (
            "kind",
            "invalid (the point's scenario), limit (of the scenario was reached), internal (a bug came to light), missing (not made yet, or its record is damaged)",
        ),
        ("why", "what was said of it"),
    ],
};

/// Expectations that did not hold.
pub const MISSED: StudyTable = StudyTable {
    name: "missed",
    about: "One row for each expectation of the scenario that did not hold in a run, by point and replication. Such a \
            run counts like any other.",
    columns: &[POINT, REPLICATION, SEED, VALUES, ("expectation", "what was expected, and what was found")],
};

/// The tables of a study.
pub const STUDY_TABLES: [StudyTable; 5] = [RESULTS, SUMMARY, COMPARISONS, FAILURES, MISSED];
