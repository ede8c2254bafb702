//! The program as a hostile and as a clumsy user meets it: exit codes, what goes to which
//! stream, limits, overrides, folders in the way, damaged files, and strange but legal
//! scenarios.

mod common;

#[path = "cli/causes.rs"]
mod causes;
#[path = "cli/checking.rs"]
mod checking;
#[path = "cli/comparing.rs"]
mod comparing;
#[path = "cli/expecting.rs"]
mod expecting;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/folders.rs"]
mod folders;
#[path = "cli/fuzz.rs"]
mod fuzz;
#[path = "cli/limits.rs"]
mod limits;
#[path = "cli/lives.rs"]
mod lives;
#[path = "cli/overrides.rs"]
mod overrides;
#[path = "cli/replaying.rs"]
mod replaying;
#[path = "cli/results.rs"]
mod results;
#[path = "cli/starting.rs"]
mod starting;
#[path = "cli/steady.rs"]
mod steady;
#[path = "cli/strange.rs"]
mod strange;
#[path = "cli/streams.rs"]
mod streams;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What a command printed, and how it ended.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("all that is printed is text");
        let said = Self {
            code: output.status.code().expect("no signal ended it"),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!said.err.contains("panicked") && said.code != 101, "{}", said.err);
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!said.err.contains(control), "control characters on stderr: {:?}", said.err);
        said
    }
}

impl Said {
    /// It ended so, with this in its message.
    #[track_caller]
    fn fails(&self, code: i32, message: &str) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(message), "no {message:?} in: {}", self.err);
        assert!(self.out.is_empty(), "an error belongs on stderr: {}", self.out);
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A working folder of its own.
struct Desk {
    dir: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
        command.args(args).current_dir(self.dir.path());
        command
    }

    fn posthaste(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn scenario(&self, name: &str, value: &Value) {
        self.write(name, value.to_string());
    }

    fn manifest(&self, folder: &str) -> Value {
        read_json(&self.path(folder).join("manifest.json"))
    }
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Alice writes to Bob, who reads a minute later.
fn small() -> Value {
    json!({
        "network": { "access": { "delay": "1ms" }, "backbone": { "delay": "20ms" } },
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "workload": [
            { "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body": ["Do you like ketchup?"] },
            { "at": "1min", "user": "bob@hamburger.edu", "read": "pop3" }
        ]
    })
}

/// Enough random traffic to keep the simulator busy for minutes.
fn endless() -> Value {
    json!({
        "mail": { "crepes.fr": { "users": ["u{1..20}"] }, "hamburger.edu": { "users": ["u{1..20}"] } },
        "workload": [ { "poisson": { "mean_gap": "10s" }, "from": "every-user", "to": "any-user" } ],
        "run": { "until": "300d" },
        "limits": { "messages": 1_000_000_000, "events": 1_000_000_000_000_u64 }
    })
}

/// The scenario with the value at a JSON pointer set; objects on the way are made.
fn with(mut scenario: Value, pointer: &str, value: Value) -> Value {
    let mut here = &mut scenario;
    for step in pointer.split('/').skip(1) {
        here = match here {
            Value::Array(list) => &mut list[step.parse::<usize>().unwrap()],
            Value::Object(map) => map.entry(step).or_insert_with(|| json!({})),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("{pointer} leads nowhere"),
        };
    }
    *here = value;
    scenario
}
