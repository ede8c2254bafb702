//! Plays a session of a script with a real client.

use std::time::Duration;

use crate::scene::{contents, on_these, prepare, received, scenario, service, stored};
use crate::script::{Scene, Step, What};
use crate::served::{Client, PATIENCE, Served};

/// How a client's octets come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    LineByLine,
    /// The client waits for no answer.
    Ahead,
}

/// Why a session has to be played again, or went wrong.
enum Fault {
    /// The wall clock went on while this process did not.
    Overslept,
    Wrong(String),
}

/// Plays a session on a server of its own.
pub(crate) fn play(scene: &Scene, steps: &[Step], manner: Manner) -> Result<(), String> {
    for _ in 0..5 {
        match play_once(scene, steps, manner) {
            Ok(()) => return Ok(()),
            Err(Fault::Wrong(what)) => return Err(what),
            Err(Fault::Overslept) => {}
        }
    }
    Err("this machine is too busy for a script that waits".to_owned())
}

fn play_once(scene: &Scene, steps: &[Step], manner: Manner) -> Result<(), Fault> {
    let waits = steps.iter().any(|step| matches!(step.what, What::Wait(_)));
    let mut served = Served::start(&scenario(scene), &["--speed", if waits { "1" } else { "max" }]);
    let locked = prepare(&served, scene);
    let (steps, patience) = match scene.protocol.as_str() {
        "pop3" => {
            let contents = contents(&served, scene, ("bob", &scene.server));
            (on_these(scene, &contents, steps), 600.0)
        }
        _ => (steps.to_vec(), 300.0),
    };
    let client = served.client(service(scene), &scene.server);
    let mut player = Player { served: &mut served, scene, client, patience };
    if manner == Manner::Ahead {
        player.say_all(&steps);
    }
    player.run(&steps, manner)?;
    player.end()?;
    drop((locked, player));
    served.quit();
    Ok(())
}

struct Player<'a> {
    served: &'a mut Served,
    scene: &'a Scene,
    client: Client,
    /// How long the server waits for a sign of life, in seconds.
    patience: f64,
}

impl Player<'_> {
    fn say_all(&mut self, steps: &[Step]) {
        let mut says = Vec::new();
        for step in steps {
            if let What::Say(octets) = &step.what {
                says.extend_from_slice(octets);
            }
        }
        self.client.try_send(&says);
        if steps.iter().any(|step| step.what == What::ClientCloses) {
            self.client.half_close();
        }
    }

    fn run(&mut self, steps: &[Step], manner: Manner) -> Result<(), Fault> {
        let ahead = manner == Manner::Ahead;
        let last_act = steps.iter().rposition(|s| matches!(s.what, What::Say(_) | What::ClientCloses)).unwrap_or(0);
        for (at, step) in steps.iter().enumerate() {
            let wrong = |found: String| Fault::Wrong(format!("line {}, {:?}: found {found:?}", step.line, step.what));
            match &step.what {
                What::Say(_) | What::ClientCloses if ahead => {}
                // The connection may be closed by now; what is heard tells.
                What::Say(octets) => {
                    self.client.try_send(octets);
                }
                What::ClientCloses => self.client.half_close(),
                What::Hear(text) => self.hear(|line| line == text).map_err(wrong)?,
                What::HearStart(text) => self.hear(|line| line.starts_with(text)).map_err(wrong)?,
                What::ServerCloses => self.hear(str::is_empty).map_err(wrong)?,
                What::Wait(time) => self.wait(*time, steps.get(at + 1))?,
                // All was said before: what came of it in between cannot be seen any more.
                What::Outcome(_) if ahead && at < last_act => {}
                What::Outcome(text) => self.outcome(text).map_err(wrong)?,
            }
        }
        Ok(())
    }

    /// The next line; an empty text at the end.
    fn hear(&mut self, fits: impl FnOnce(&str) -> bool) -> Result<(), String> {
        let line = self.client.try_line();
        let line = String::from_utf8_lossy(&line);
        let text = line.strip_suffix("\r\n").unwrap_or(&line);
        if fits(text) && (line.is_empty() || line.ends_with("\r\n")) { Ok(()) } else { Err(line.into_owned()) }
    }

    /// Lets virtual time pass: until the server speaks, or three fifths of what it would wait.
    fn wait(&mut self, time: Duration, next: Option<&Step>) -> Result<(), Fault> {
        let speaks =
            matches!(next.map(|step| &step.what), Some(What::Hear(_) | What::HearStart(_) | What::ServerCloses));
        if speaks {
            self.served.command("speed 1000");
            // Seen without being taken: the next step hears it.
            self.client.peek();
            self.served.command("speed 1");
            return Ok(());
        }
        let then = self.served.seconds();
        let wanted = time.as_secs_f64().min(self.patience * 0.6);
        self.served.command("speed 60");
        for _ in 0..PATIENCE.as_millis() / 10 {
            if self.served.seconds() - then >= wanted {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.served.command("speed 1");
        let now = self.served.seconds();
        // Half a line that goes unanswered is a sign of life too: the wait before it began no earlier.
        if now - then > self.patience * 0.95 {
            return Err(Fault::Overslept);
        }
        Ok(())
    }

    fn outcome(&mut self, wanted: &str) -> Result<(), String> {
        let mut found = String::new();
        // What is said to the client may be there before its connection has ended in the mailbox.
        for _ in 0..PATIENCE.as_millis() / 10 {
            found = match self.scene.protocol.as_str() {
                "pop3" => received(self.served, self.scene),
                _ => stored(self.served, self.scene),
            };
            if found == wanted {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(found)
    }

    /// A script may stop where all is said: nothing more is.
    fn end(&mut self) -> Result<(), Fault> {
        // It may have been closed already.
        let _ = self.client.stream().shutdown(std::net::Shutdown::Write);
        let rest = self.client.try_line();
        if rest.is_empty() {
            Ok(())
        } else {
            Err(Fault::Wrong(format!("said beyond the script: {}", rest.escape_ascii())))
        }
    }
}
