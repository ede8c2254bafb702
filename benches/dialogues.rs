//! Mail dialogues of many clients with one server: what one costs with few ended ones in TIME-WAIT and
//! with many.
//!
//! `cargo bench --bench dialogues` prints one line of `key=value` figures for each size, the least of
//! several runs; add `-- --quick` for a short one. `posthaste bench dialogues` runs other sizes.

use posthaste::base::SimDuration;
use posthaste::bench::Dialogues;
use posthaste::cli::measure::measure_least;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let runs = if quick { 1 } else { 7 };
    for (clients, gap_us, seconds) in [(1, 100_000, 10), (100, 20_000, 10), (100, 2_000, 10), (1_000, 500, 20)] {
        let time = SimDuration::from_secs(if quick { 1 } else { seconds });
        let workload = Dialogues { clients, gap: SimDuration::from_micros(gap_us), time, seed: 1 };
        println!("{}", measure_least(runs, || workload.build()));
    }
}
