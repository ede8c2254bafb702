//! The event queue under the hold model: what an event costs with few pending ones and with many.
//!
//! `cargo bench --bench hold` prints one line of `key=value` figures for each size, the least of
//! several runs; add `-- --quick` for a short one. `posthaste bench hold` runs other sizes.

use posthaste::bench::Hold;
use posthaste::cli::measure::measure_least;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (runs, events) = if quick { (1, 200_000) } else { (7, 2_000_000) };
    for pending in [100, 1_000, 10_000, 100_000, 1_000_000] {
        println!("{}", measure_least(runs, || Hold { pending, events, seed: 1 }.build()));
    }
}
