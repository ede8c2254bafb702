//! `posthaste bench`: runs a workload and prints one line of figures, to be laid beside those
//! of another simulator.

use super::args::{BenchArgs, BenchWorkload};
use super::exit::{CommandError, Exit};
use super::measure::measure;
use super::output::print;

/// Runs the workload and prints its figures to stdout.
///
/// # Errors
/// stdout cannot be written to.
pub(super) fn bench(args: &BenchArgs) -> Result<Exit, CommandError> {
    let figures = match &args.workload {
        BenchWorkload::Dialogues(args) => measure(|| args.workload().build()),
        BenchWorkload::Dumbbell(args) => measure(|| args.workload().build()),
        BenchWorkload::Idle(args) => measure(|| args.workload().build()),
        BenchWorkload::Hold(args) => measure(|| args.workload().build()),
    };
    print(&format!("{figures}\n")).map(|()| Exit::Done)
}
