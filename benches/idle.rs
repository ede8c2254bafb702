//! Connections that are open and say nothing: what one takes of memory.
//!
//! `cargo bench --bench idle` prints one line of `key=value` figures; add `-- --quick` for a short
//! run. `posthaste bench idle` runs other sizes. One size only: memory that an earlier run gave
//! back would hide from a later one.

use posthaste::bench::Idle;
use posthaste::cli::measure::measure;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let connections = if quick { 1_000 } else { 100_000 };
    println!("{}", measure(|| Idle { connections }.build()));
}
