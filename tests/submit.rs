//! `posthaste sweep submit` with a stand-in for Slurm: what it writes, what it asks for, and that the job scripts do their work.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use common::binary::posthaste;
use common::{differences, files_of};

/// A folder whose name has all that a shell and `sbatch` would take for something else.
const ODD: &str = "it's $HOME \"50%\" & #1";

/// Five points that take no time.
fn study() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join(ODD);
    fs::create_dir(&dir).unwrap();
    let scenario = json!({
        "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
        "workload": [{ "at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body": "Ketchup?" }],
        "run": { "until": "1h" }
    });
    let plan = json!({
        "scenario": "scenario.json",
        "vary": [{ "name": "delay", "pointer": "/network/backbone/delay", "values": ["1ms", "2ms", "3ms", "4ms", "5ms"] }],
        "metrics": ["latency.mean_s"],
    });
    fs::write(dir.join("scenario.json"), scenario.to_string()).unwrap();
    fs::write(dir.join("study.json"), plan.to_string()).unwrap();
    (place, dir)
}

/// An `sbatch` that writes down what it was asked, and gives the number 17 on a cluster of a federation.
fn sbatch(dir: &Path) -> String {
    let bin = dir.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("sbatch"), "#!/bin/sh\nprintf '%s\\n' \"$@\" >>asked\necho '17;west'\n").unwrap();
    fs::set_permissions(bin.join("sbatch"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", bin.display())
}

fn with_path(dir: &Path, path: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
    command.args(["sweep", "submit", "study.json", "--shards", "3"]).args(args);
    command.current_dir(dir).env("PATH", path).output().unwrap()
}

/// Would break if a shard were left out or cut otherwise, a name were quoted wrongly, or a merge did not wait.
#[test]
fn the_scripts_for_slurm_do_the_whole_study() {
    let (_place, dir) = study();
    assert_eq!(posthaste(&dir, &["sweep", "run", "study.json", "-q", "--out", "alone"]).code, 0);
    let path = sbatch(&dir);
    let ran = with_path(&dir, &path, &["--engine", "slurm", "--out", "cluster"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let submit = dir.join("cluster/submit");
    let (shards, merge) = (submit.join("shards.sbatch"), submit.join("merge.sbatch"));
    let asked = fs::read_to_string(dir.join("asked")).unwrap();
    let expected =
        format!("--parsable\n{}\n--parsable\n--dependency=afterany:17\n{}\n", shards.display(), merge.display());
    assert_eq!(asked, expected);
    let script = fs::read_to_string(&shards).unwrap();
    for line in ["#SBATCH --array=0-2%3", "#SBATCH --requeue", "#SBATCH --open-mode=append", "SHARDS=3"] {
        assert!(script.lines().any(|found| found == line), "{line} is not in\n{script}");
    }
    assert!(script.contains("#1/cluster/submit/shard-%a.log\"") && script.contains("50%%"), "{script}");
    // As Slurm runs them, one of them twice.
    for shard in ["2", "0", "1", "0"] {
        let ran = Command::new("bash").arg(&shards).env("SLURM_ARRAY_TASK_ID", shard).output().unwrap();
        assert!(ran.status.success(), "shard {shard}: {}", String::from_utf8_lossy(&ran.stderr));
    }
    assert!(Command::new("bash").arg(&merge).output().unwrap().status.success());
    assert_eq!(differences(&dir.join("alone/tables"), &dir.join("cluster/tables"), &[]), [""; 0]);
}

/// Would break if a dry run asked for something, or the lines that it prints were not those to type.
#[test]
fn a_dry_run_prints_lines_that_do_it() {
    let (_place, dir) = study();
    let path = sbatch(&dir);
    let ran = with_path(&dir, &path, &["--engine", "slurm", "--out", "cluster", "--dry-run"]);
    assert!(ran.status.success() && !dir.join("asked").exists());
    let lines = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let typed = Command::new("bash").args(["-c", &lines]).current_dir(&dir).env("PATH", path).output().unwrap();
    assert!(typed.status.success());
    let asked = fs::read_to_string(dir.join("asked")).unwrap();
    assert!(
        asked.contains("--dependency=afterany:17\n") && asked.contains("/cluster/submit/merge.sbatch\n"),
        "{asked}"
    );

    let ran = with_path(&dir, "/usr/bin:/bin", &["--engine", "dask", "--out", "cluster", "--dry-run"]);
    assert!(ran.status.success());
    let line = String::from_utf8(ran.stdout).unwrap();
    let echo = Command::new("bash").args(["-c", &line.replacen("python3", "printf '%s\\n'", 1)]).output().unwrap();
    let words = String::from_utf8(echo.stdout).unwrap();
    let words: Vec<&str> = words.lines().collect();
    let driver = dir.join("cluster/submit/sweep_dask.py");
    let program = env!("CARGO_BIN_EXE_posthaste");
    let expected = [
        driver.to_str().unwrap(),
        &dir.join("study.json").display().to_string(),
        &dir.join("cluster").display().to_string(),
        "--shards",
        "3",
        "--binary",
        program,
    ];
    assert_eq!(words, expected);
    assert_eq!(fs::read(driver).unwrap(), fs::read(common::root().join("notebooks/sweep_dask.py")).unwrap());
}

/// Would break if somebody without Slurm were not told what to do, or a name that no script can hold were written into one.
#[test]
fn who_has_no_engine_is_told_what_to_do() {
    let (_place, dir) = study();
    for (engine, help) in [("slurm", "sbatch --dependency="), ("dask", "pip install 'dask[distributed]'")] {
        let ran = with_path(&dir, "/nowhere", &["--engine", engine, "--out", "cluster"]);
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(4), "{said}");
        assert!(said.contains(help) && ran.stdout.is_empty(), "{said}");
    }
    for name in ["line\nbreak", "back\\slash"] {
        let ran = with_path(&dir, "/nowhere", &["--engine", "slurm", "--dry-run", "--out", name]);
        assert_eq!(ran.status.code(), Some(2));
        assert!(!dir.join(name).exists());
    }
    fs::create_dir_all(dir.join("other/tables")).unwrap();
    let ran = with_path(&dir, "/nowhere", &["--engine", "slurm", "--dry-run", "--out", "other"]);
    assert_eq!(ran.status.code(), Some(4), "it is no study's folder");
}

/// Would break if a shipped plan did not fit its scenario.
#[test]
fn the_shipped_plans_are_valid() {
    let plans = files_of("scenarios/studies", "json");
    assert!(plans.len() >= 5, "{plans:?}");
    for plan in plans {
        let ran = posthaste(&common::root(), &["sweep", "plan", plan.to_str().unwrap(), "--no-pilot"]);
        assert_eq!(ran.code, 0, "{}: {}", plan.display(), ran.stderr);
    }
}
