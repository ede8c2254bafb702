//! The `posthaste` command: parses, calls one function, prints one error, sets the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    posthaste::cli::main()
}
