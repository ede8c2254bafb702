//! Tells the program which sources and which compiler it is made of, for `study.json` and nothing else.
//!
//! Builds work without git and outside of a repository: what cannot be told is left out. Commits are told in release
//! builds only; a program under development would be built anew for each of them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What goes into the program: when any of it changes, what was told is stale.
const SOURCES: [&str; 3] = ["src", "Cargo.toml", "Cargo.lock"];

fn main() {
    println!("cargo::rerun-if-changed=src/build_script.rs");
    let variable = |name: &str| env::var_os(name).unwrap_or_default();
    tell("TARGET", variable("TARGET").to_str());
    let profile = variable("PROFILE");
    tell("PROFILE", profile.to_str());
    tell("COMPILER", output(Command::new(variable("RUSTC")).arg("--version")).as_deref());
    if profile != "release" {
        return;
    }
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    // A package that lies in the repository of something else is no part of it.
    let top = git(&root, &["rev-parse", "--show-toplevel"]).map(PathBuf::from);
    if top.is_none_or(|top| top.canonicalize().ok() != root.canonicalize().ok()) {
        return;
    }
    for log in ["HEAD", "logs/HEAD"] {
        let path = git(&root, &["rev-parse", "--git-path", log]).map(|path| root.join(path));
        if let Some(path) = path.filter(|path| path.exists()) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    tell("COMMIT", git(&root, &["rev-parse", "HEAD"]).as_deref());
    let status = [&["status", "--porcelain", "--"][..], &SOURCES].concat();
    let changed = git(&root, &status).map(|changes| if changes.is_empty() { "no" } else { "yes" });
    tell("DIRTY", changed);
}

fn tell(name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty() && !value.contains('\n')) {
        println!("cargo::rustc-env=POSTHASTE_{name}={value}");
    }
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    output(Command::new("git").current_dir(root).args(arguments.iter().map(OsString::from)))
}

/// What a program printed, without the last line's end; nothing if it is not there or fails.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().to_owned())
}
