//! Bulk transfers across one bottleneck: what a packet hop costs with few flows and with many.
//!
//! `cargo bench --bench dumbbell` prints one line of `key=value` figures for each size, the least of
//! several runs; add `-- --quick` for a short one. `posthaste bench dumbbell` runs other sizes.

use posthaste::base::{DataRate, SimDuration};
use posthaste::bench::Dumbbell;
use posthaste::cli::measure::measure_least;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let runs = if quick { 1 } else { 7 };
    for (flows, rate_mbps, seconds) in [(1, 10, 30), (10, 100, 5), (100, 100, 5), (1_000, 100, 5)] {
        let time = SimDuration::from_secs(if quick { 1 } else { seconds });
        let rate = DataRate::from_bits_per_sec(rate_mbps * 1_000_000).expect("above zero");
        for sack in [true, false] {
            let workload = Dumbbell { flows, rate, time, sack, timestamps: true, seed: 1 };
            println!("{}", measure_least(runs, || workload.build()));
        }
    }
}
