//! The operator's desk: what is typed comes in, what happens goes out, and neither may hold up
//! the loop. A thread reads stdin, another writes stdout; a writer that does not keep up loses
//! lines, and says how many.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use crate::cli::args::ServeArgs;
use crate::cli::exit::CommandError;
use crate::cli::watch::Watch;
use crate::live::{Gateway, Line, Operator};
use crate::scenario::resolved::Resolved;
use crate::sim::{Ended, Progress};

/// Texts that may wait for stdout.
const WAITING: usize = 4096;

/// The longest command.
const LONGEST_COMMAND: u64 = 1024;

/// One looks at the memory once in so many calls.
const LOOK_EVERY: u32 = 64;

/// The desk.
pub(super) struct Desk {
    watch: Watch,
    looks: u32,
    typed: Receiver<String>,
    out: SyncSender<String>,
    printer: JoinHandle<()>,
    lost: u64,
    json: bool,
    quiet: bool,
    quit: bool,
}

impl Desk {
    /// Opens it: from now on Ctrl-C is heard.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn open(args: &ServeArgs, scenario: &Resolved, gateway: &Gateway) -> Result<Self, CommandError> {
        let refused = |error: io::Error| CommandError::io(format!("no thread for the console: {error}"));
        let waker = gateway.waker().map_err(refused)?;
        let (typing, typed) = channel();
        // It ends with the process: nothing interrupts a read of stdin.
        let hear = move || {
            hear(&typing, || {
                // The loop looks up soon in any case.
                let _ = waker.wake();
            });
        };
        std::thread::Builder::new().name("stdin".to_owned()).spawn(hear).map_err(refused)?;
        let (out, texts) = sync_channel(WAITING);
        let printer =
            std::thread::Builder::new().name("stdout".to_owned()).spawn(move || print(&texts)).map_err(refused)?;
        let watch = Watch::over_service(scenario.limits.memory.bytes());
        let (json, quiet) = (args.json, args.quiet);
        Ok(Self { watch, looks: 0, typed, out, printer, lost: 0, json, quiet, quit: false })
    }

    /// Prints a text, or loses it.
    pub(super) fn print(&mut self, text: String) {
        match self.out.try_send(self.what_was_lost() + &text) {
            Ok(()) => self.lost = 0,
            Err(TrySendError::Full(_)) => self.lost += 1,
            // Nobody reads any more.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    fn what_was_lost(&self) -> String {
        match self.lost {
            0 => String::new(),
            lost if self.json => format!("{}\n", json!({ "lost_lines": lost })),
            lost => format!("({lost} lines left out)\n"),
        }
    }

    /// Prints what waits, and tells how long the desk was open.
    pub(super) fn close(self) -> Duration {
        // Now there is time to wait for a reader.
        let _ = self.out.send(self.what_was_lost());
        drop(self.out);
        // A reader who holds stdout up may wait as long as he likes for what he asked for.
        let _ = self.printer.join();
        self.watch.finish()
    }
}

fn hear(typing: &Sender<String>, wake: impl Fn()) {
    let mut stdin = io::stdin().lock();
    let mut whole = true;
    loop {
        let mut line = Vec::new();
        match stdin.by_ref().take(LONGEST_COMMAND).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            // The rest of a line that is too long is no command.
            Ok(_) if !std::mem::replace(&mut whole, line.ends_with(b"\n")) => {}
            Ok(_) if typing.send(String::from_utf8_lossy(&line).into_owned()).is_err() => return,
            Ok(_) => wake(),
        }
    }
}

fn print(texts: &Receiver<String>) {
    let mut out = io::stdout().lock();
    while let Ok(text) = texts.recv() {
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

impl Operator for Desk {
    fn look(&mut self, progress: Progress) -> Option<Ended> {
        if self.quit || self.watch.is_interrupted() {
            return Some(Ended::Interrupted);
        }
        self.looks = (self.looks + 1) % LOOK_EVERY;
        if self.looks == 0 { self.watch.look(progress) } else { None }
    }

    fn next_command(&mut self) -> Option<String> {
        self.typed.try_recv().ok()
    }

    fn tell(&mut self, line: &Line) {
        if self.quiet {
            return;
        }
        let text = if self.json { format!("{}\n", json!(line)) } else { format!("{}\n", line.text()) };
        self.print(text);
    }

    fn answer(&mut self, text: &str) {
        let text = if self.json { format!("{}\n", json!({ "answer": text })) } else { format!("{text}\n") };
        self.print(text);
    }

    fn quit(&mut self) {
        self.quit = true;
    }
}
