//! The house rules as a test: layers, file sizes, clocks, files, sockets and banned crates.
//!
//! It would break if a module imported against the layers of `src/ARCHITECTURE.md`, if a
//! file outgrew 500 lines, or if the wall clock or the file system were reached from where
//! a result is computed.

use std::fs;
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 500;

/// For each layer, the layers it may import (besides itself).
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("proto", &["base"]),
    ("net", &["base"]),
    ("metrics", &["base"]),
    ("app", &["base", "proto"]),
    ("report", &["base", "metrics"]),
    ("sim", &["base", "net", "app"]),
    ("live", &["base", "proto", "net", "app", "sim"]),
    ("bench", &["base", "proto", "net", "sim"]),
    ("scenario", &["base", "proto", "net", "app", "sim", "metrics"]),
    ("sweep", &["base", "metrics", "report", "scenario"]),
    ("cli", &["base", "proto", "net", "app", "sim", "bench", "live", "scenario", "metrics", "report", "sweep"]),
];

/// Words that only some layers may use, with the reason.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("std::fs", &["scenario", "report", "sweep", "cli"], "files are for scenario, report, sweep and cli"),
    ("File::open", &["scenario", "report", "sweep", "cli"], "files are for scenario, report, sweep and cli"),
    ("Instant::now", &["live", "cli"], "only live and cli may read a wall clock"),
    ("SystemTime", &["cli"], "only cli may read a wall clock"),
    ("TcpStream", &["live"], "only live opens real sockets"),
    ("TcpListener", &["live"], "only live opens real sockets"),
    ("UdpSocket", &["live"], "only live opens real sockets"),
    ("thread_local!", &[], "two worlds must be able to coexist"),
    ("static mut", &[], "two worlds must be able to coexist"),
    ("std::env::var", &["cli"], "the environment may not reach a result"),
];

const BANNED_CRATES: &[&str] = &[
    "font-kit",
    "freetype-sys",
    "yeslogic-fontconfig-sys",
    "fontconfig-sys",
    "pkg-config",
    "openssl-sys",
    "tokio",
    "ring",
    "getrandom-js",
];

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn layer_of(path: &Path, src: &Path) -> Option<String> {
    let inner = path.strip_prefix(src).unwrap();
    (inner.components().count() > 1).then(|| inner.iter().next().unwrap().to_str().unwrap().to_owned())
}

/// The lines of a file that are code: no comments, and no unit tests at its end.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn imported_layers(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").map(|(at, word)| {
        let rest = &line[at + word.len()..];
        &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
    })
}

#[test]
fn layers_and_reserved_words_hold() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    for path in rust_files(&src) {
        let Some(layer) = layer_of(&path, &src) else { continue };
        let (_, allowed) =
            LAYERS.iter().find(|(name, _)| *name == layer).unwrap_or_else(|| panic!("unknown layer {layer}"));
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in code_lines(&text) {
            let place = format!("{}:{}", path.strip_prefix(&src).unwrap().display(), number + 1);
            for import in imported_layers(line) {
                let known = LAYERS.iter().any(|(name, _)| *name == import);
                if known && import != layer && !allowed.contains(&import) {
                    faults.push(format!("{place}: {layer} may not import {import}"));
                }
            }
            for (word, layers, reason) in RESERVED {
                if line.contains(word) && !layers.contains(&layer.as_str()) {
                    faults.push(format!("{place}: {word}: {reason}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_stay_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut long = Vec::new();
    for dir in ["src", "tests", "benches"] {
        for path in rust_files(&root.join(dir)) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            if lines > MAX_LINES {
                long.push(format!("{}: {lines} lines, split it by idea", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Breaks when the marks of a merge that nobody finished stay in a file.
#[test]
fn no_merge_is_left_half_done() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md"), root.join("CHANGELOG.md"), root.join("Cargo.toml")];
    let mut folders: Vec<PathBuf> =
        ["src", "tests", "docs", "scenarios", "schema", ".ci"].iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let mark =
            text.lines().find(|line| ["<".repeat(7), ">".repeat(7)].iter().any(|mark| line.starts_with(&**mark)));
        assert_eq!(mark, None, "{}", file.display());
    }
}

#[test]
fn every_file_says_what_it_is() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let silent: Vec<_> =
        rust_files(&src).into_iter().filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! ")).collect();
    assert!(silent.is_empty(), "no opening sentence: {silent:?}");
}

#[test]
fn no_banned_crate_is_in_the_lock_file() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let names: Vec<_> = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    let banned: Vec<_> = BANNED_CRATES.iter().filter(|name| names.contains(*name)).collect();
    assert!(banned.is_empty(), "{banned:?}");
    assert!(names.contains(&"serde"), "the lock file was not understood");
}
