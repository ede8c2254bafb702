//! A served scenario: a process that lets clients in, its console, and connections to it.
//!
//! Nothing here measures time. What must come is waited for, and a minute without it is a failure.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Long enough for anything on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until there is something.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(LOOK_EVERY);
    }
    panic!("waited in vain: {what}");
}

/// A process that serves. It does not outlive this value.
pub(crate) struct Served {
    child: Child,
    stdin: Option<ChildStdin>,
    printed: Receiver<Value>,
    /// Who locks this keeps its stdout from being read.
    pub(crate) stdout: Arc<Mutex<()>>,
    /// What was printed and is no answer, in order.
    pub(crate) told: Vec<Value>,
    pub(crate) place: TempDir,
    /// The table of listeners.
    pub(crate) table: Value,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) summary: Value,
    /// Everything that was told since the start, but for answers.
    pub(crate) told: Vec<Value>,
    place: TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        // After a panic it still runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Serves a scenario at free ports.
    pub(crate) fn start(scenario: &Value, args: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("scenario.json"), scenario.to_string()).unwrap();
        Self::start_in(place, "scenario.json", args)
    }

    /// Serves a file, with a folder for what it writes.
    pub(crate) fn start_in(place: TempDir, file: &str, args: &[&str]) -> Self {
        let errors = File::create(place.path().join("stderr")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_posthaste"))
            .args(["serve", file, "--free-ports", "--json", "--ready-file", "ready.json", "--out", "results"])
            .args(args)
            .current_dir(place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, printed) = channel();
        let lock = Arc::new(Mutex::new(()));
        let gate = Arc::clone(&lock);
        // It ends with the child's stdout.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let line = line.unwrap();
                drop(gate.lock());
                let value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        let mut served =
            Self { child, stdin: Some(stdin), printed, stdout: lock, told: Vec::new(), place, table: Value::Null };
        let ready = served.place.path().join("ready.json");
        let text = wait_for("the ready file", || {
            // A short run may be over already; then it was ready before.
            let early = served.child.try_wait().unwrap();
            let text = fs::read_to_string(&ready).ok();
            assert!(early.is_none() || text.is_some(), "it ended at once: {}", served.stderr());
            text
        });
        served.table = serde_json::from_str(&text).unwrap_or_else(|error| panic!("half a table: {error}: {text}"));
        served
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn stderr(&self) -> String {
        fs::read_to_string(self.place.path().join("stderr")).unwrap()
    }

    /// Where a service of a host is reached.
    #[track_caller]
    pub(crate) fn at(&self, service: &str, server: &str) -> SocketAddr {
        let listeners = self.table["listening"].as_array().unwrap();
        let found = listeners.iter().find(|one| one["service"] == service && one["server"] == server);
        found.unwrap_or_else(|| panic!("no {service} of {server}"))["at"].as_str().unwrap().parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn client(&self, service: &str, server: &str) -> Client {
        Client::connect(self.at(service, server))
    }

    /// Types a command; what is answered.
    #[track_caller]
    pub(crate) fn command(&mut self, text: &str) -> String {
        writeln!(self.stdin.as_ref().unwrap(), "{text}").unwrap();
        self.answer()
    }

    /// The next answer.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> String {
        loop {
            let value = self.printed.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("no answer: {error}"));
            match value["answer"].as_str() {
                Some(answer) => return answer.to_owned(),
                None => self.told.push(value),
            }
        }
    }

    /// Types a command until the answer is as wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, command: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
            last = self.command(command);
            if wanted(&last) {
                return last;
            }
            thread::sleep(LOOK_EVERY);
        }
        panic!("`{command}` still answers: {last}");
    }

    /// Reads on until something that was told has this in it.
    #[track_caller]
    pub(crate) fn hears(&mut self, what: &str) {
        let has = |value: &Value| value["what"].as_str().is_some_and(|text| text.contains(what));
        while !self.told.iter().any(has) {
            let value = self.printed.recv_timeout(PATIENCE);
            self.told.push(value.unwrap_or_else(|error| panic!("nobody told of {what:?}: {error}")));
        }
    }

    /// The virtual time in seconds.
    pub(crate) fn seconds(&mut self) -> f64 {
        let clock = self.command("time");
        let (days, clock) = clock.split_once("d ").unwrap_or(("0", &clock));
        let parts = std::iter::once(days).chain(clock.split(':')).map(|part| part.parse::<f64>().unwrap());
        parts.zip([86_400.0, 3_600.0, 60.0, 1.0]).map(|(number, unit)| number * unit).sum()
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
    }

    /// Closes its stdin.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal to this process alone.
    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.pid().to_string()]).status().unwrap().success());
    }

    /// Ends it by `quit`; it must end well.
    #[track_caller]
    pub(crate) fn quit(self) -> Ended {
        writeln!(self.stdin.as_ref().unwrap(), "quit").unwrap();
        let ended = self.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ended {
        let mut told = std::mem::take(&mut self.told);
        let mut summary = Value::Null;
        // The end of its stdout is the end of what it prints.
        while let Ok(mut value) = self.printed.recv_timeout(PATIENCE) {
            match value.get_mut("summary") {
                Some(found) => summary = found.take(),
                None => told.push(value),
            }
        }
        let status = wait_for("the end of the process", || self.child.try_wait().unwrap());
        let stderr = self.stderr();
        let place = std::mem::replace(&mut self.place, tempfile::tempdir().unwrap());
        Ended { code: status.code(), stderr, summary, told, place }
    }
}

impl Ended {
    pub(crate) fn folder(&self) -> PathBuf {
        self.place.path().join("results")
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        self.summary["metrics"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {}", self.summary))
    }

    pub(crate) fn transcript(&self, name: &str) -> String {
        let path = self.folder().join("transcripts").join(format!("{name}.txt"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn table(&self, name: &str) -> Vec<std::collections::BTreeMap<String, String>> {
        let path = self.folder().join("tables").join(format!("{name}.csv"));
        csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
    }

    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.folder())
    }
}

/// The fingerprint of a result folder.
pub(crate) fn fingerprint(folder: &Path) -> String {
    let manifest: Value = serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    manifest["fingerprint"].as_str().unwrap().to_owned()
}

/// A client's connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    #[track_caller]
    pub(crate) fn connect(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    #[track_caller]
    pub(crate) fn send(&mut self, octets: &[u8]) {
        self.stream.get_mut().write_all(octets).unwrap();
    }

    /// Whether all of it was taken before the socket's time-out.
    pub(crate) fn try_send(&mut self, octets: &[u8]) -> bool {
        self.stream.get_mut().write_all(octets).is_ok()
    }

    #[track_caller]
    pub(crate) fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes());
    }

    /// The next line with its CRLF; nothing at the end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        line
    }

    /// The next line with its CRLF; nothing at the end or after a reset.
    pub(crate) fn try_line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        if let Err(error) = self.stream.read_until(b'\n', &mut line) {
            let ended = error.kind() == std::io::ErrorKind::ConnectionReset;
            assert!(ended, "{error} after {}", line.escape_ascii());
        }
        line
    }

    /// Waits until something comes, or the end; does not take it.
    pub(crate) fn peek(&mut self) {
        self.stream.fill_buf().unwrap();
    }

    /// The next line, which must begin so.
    #[track_caller]
    pub(crate) fn hear(&mut self, start: &str) -> String {
        let line = String::from_utf8(self.line()).unwrap();
        assert!(line.starts_with(start), "{start:?} was expected, not {line:?}");
        line.strip_suffix("\r\n").unwrap_or_else(|| panic!("{line:?} has no end")).to_owned()
    }

    /// Says a line, and hears one that begins so.
    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str, start: &str) -> String {
        self.say(line);
        self.hear(start)
    }

    /// Lines up to a lone dot, dots undone.
    #[track_caller]
    pub(crate) fn lines(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let line = self.line();
            match line.as_slice() {
                b".\r\n" => return content,
                [b'.', rest @ ..] => content.extend_from_slice(rest),
                [] => panic!("the end came before the dot"),
                line => content.extend_from_slice(line),
            }
        }
    }

    /// Nothing more is said, and the connection is closed or reset.
    #[track_caller]
    pub(crate) fn hears_the_end(&mut self) {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => {
                let kind = error.kind();
                assert!(!matches!(kind, std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
            }
        }
        assert!(rest.is_empty(), "{}", rest.escape_ascii());
    }

    /// Closes the client's direction.
    pub(crate) fn half_close(&self) {
        self.stream().shutdown(Shutdown::Write).unwrap();
    }

    /// Ends the connection by a reset.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(self.stream()).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// The SMTP dialogue up to the 354.
    #[track_caller]
    pub(crate) fn begin_message(&mut self, to: &[&str]) {
        self.ask("MAIL FROM:<alice@crepes.fr>", "250");
        for to in to {
            self.ask(&format!("RCPT TO:<{to}>"), "250");
        }
        self.ask("DATA", "354");
    }

    /// A whole SMTP transaction.
    #[track_caller]
    pub(crate) fn hand_in(&mut self, to: &str, content: &[u8]) {
        self.begin_message(&[to]);
        self.send(&stuffed(content));
        self.hear("250");
    }

    /// The greeting of an SMTP server, and HELO.
    #[track_caller]
    pub(crate) fn greet(&mut self) {
        self.hear("220");
        self.ask("HELO client.example", "250");
    }

    /// The same for one who said HELO before it was greeted.
    #[track_caller]
    pub(crate) fn greet_ahead(&mut self) {
        self.hear("220");
        self.hear("250");
    }

    /// The greeting of a POP3 server, and the log-in.
    #[track_caller]
    pub(crate) fn log_in(&mut self, user: &str) {
        self.hear("+OK");
        self.ask(&format!("USER {user}"), "+OK");
        self.ask("PASS hungry", "+OK");
    }

    /// What RETR gives; its length must be what the server says.
    #[track_caller]
    pub(crate) fn retrieve(&mut self, number: usize) -> Vec<u8> {
        let says = self.ask(&format!("RETR {number}"), "+OK");
        let content = self.lines();
        assert_eq!(says, format!("+OK {} octets", content.len()));
        content
    }

    /// STAT: messages.
    #[track_caller]
    pub(crate) fn count(&mut self) -> usize {
        self.ask("STAT", "+OK").split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// A message's lines with doubled dots, and the lone one behind.
pub(crate) fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in content.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// What a message was before servers put trace fields in front: these must be nothing but that.
#[track_caller]
pub(crate) fn original<'a>(content: &'a [u8], sent: &[u8]) -> &'a [u8] {
    let (head, rest) = content.split_at(content.len().checked_sub(sent.len()).expect("nothing is missing"));
    for line in head.split_inclusive(|&octet| octet == b'\n') {
        let known = [b"Return-Path:".as_slice(), b"Received:", b"Message-ID:", b" ", b"\t"];
        assert!(known.iter().any(|start| line.starts_with(start)), "{}", line.escape_ascii());
    }
    rest
}

/// A maildrop's messages, left there.
#[track_caller]
pub(crate) fn mailbox(served: &Served, server: &str, user: &str) -> Vec<Vec<u8>> {
    let mut client = served.client("pop3", server);
    client.log_in(user);
    let messages = (1..=client.count()).map(|number| client.retrieve(number)).collect();
    client.ask("QUIT", "+OK");
    client.hears_the_end();
    messages
}

/// Discards what comes, until the end.
pub(crate) fn drain(stream: &mut impl Read) -> u64 {
    std::io::copy(stream, &mut std::io::sink()).unwrap_or(0)
}
