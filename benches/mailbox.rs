//! A large mailbox behind IMAP: what storing, opening, fetching, searching and changing cost for
//! each message, and the memory of a message beyond its octets. And a week of 200 people at an office.
//!
//! `cargo bench --bench mailbox` prints one line of `key=value` figures for each command; add `-- --quick` for a short
//! run. Each command runs several times on a mail server without a network, and the least time counts. `relative` is
//! the time of a message divided by that in a mailbox of a tenth of the size: it says whether messages cost more the
//! more there are.

use std::path::Path;

use posthaste::base::SocketId;
use posthaste::base::trace::Silent;
use posthaste::cli::measure::{resident, timed};
use posthaste::cli::simulate::simulate;
use posthaste::proto::imap;

#[path = "../tests/common/post_office.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod post_office;

use post_office::PostOffice;

/// Messages of one APPEND.
const BATCH: usize = 200;

/// What is asked of the mailbox, by name.
const COMMANDS: &[(&str, &str)] = &[
    ("select", "SELECT INBOX"),
    ("status", "STATUS INBOX (MESSAGES UNSEEN DELETED SIZE RECENT)"),
    ("fetch_flags", "FETCH 1:* (UID FLAGS)"),
    ("fetch_envelope", "FETCH 1:* ENVELOPE"),
    ("fetch_header", "FETCH 1:* BODY.PEEK[HEADER]"),
    ("fetch_fields", "FETCH 1:* BODY.PEEK[HEADER.FIELDS (FROM SUBJECT DATE)]"),
    ("fetch_structure", "FETCH 1:* BODYSTRUCTURE"),
    ("search_flags", "SEARCH UNSEEN NOT DELETED"),
    ("search_header", "SEARCH SUBJECT \"number 77 \""),
    ("search_body", "SEARCH BODY \"no such words\""),
    ("sort_date", "SORT (REVERSE DATE) UTF-8 ALL"),
    ("store", "STORE 1:* +FLAGS.SILENT (\\Flagged)"),
    ("unstore", "STORE 1:* -FLAGS.SILENT (\\Flagged)"),
];

/// A message of some 2 kB: mostly text, each tenth in base64 with an attachment.
fn message(number: usize) -> String {
    let mut text = format!(
        "Received: from pc.crepes.fr by hamburger.edu; Thu, 1 Jan 2026 00:00:{:02} +0000\r\n\
         From: Alice Ample <alice{}@crepes.fr>\r\nTo: Bob <bob@hamburger.edu>, carol@hamburger.edu\r\n\
         Subject: Message number {number} of many\r\nDate: Thu, 1 Jan 2026 {:02}:{:02}:00 +0000\r\n\
         Message-ID: <{number}@crepes.fr>\r\nMIME-Version: 1.0\r\n",
        number % 60,
        number % 97,
        number / 60 % 24,
        number % 60,
    );
    if number.is_multiple_of(10) {
        text.push_str("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee the attachment.\r\n--b\r\n");
        text.push_str("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        (0..20).for_each(|_| text.push_str(&format!("{}\r\n", "S2V0Y2h1cCBhbmQgcGlja2xl".repeat(3))));
        text.push_str("--b--\r\n");
    } else {
        text.push_str("\r\n");
        (0..25).for_each(|line| {
            text.push_str(&format!("Line {line}: do you like ketchup? How about pickles, {number}?\r\n"))
        });
    }
    text
}

struct Client {
    office: PostOffice,
    socket: SocketId,
}

impl Client {
    fn new() -> Self {
        let user = ("bob".to_owned(), "hungry".to_owned());
        let mut office = PostOffice::new("hamburger.edu", &[user], |config| config.max_message = 100_000_000);
        let socket = office.connect(imap::PORT);
        office.say(socket, "a LOGIN bob hungry");
        Self { office, socket }
    }

    /// Octets of the answer, which says that all is well.
    fn ask(&mut self, command: &[u8]) -> usize {
        self.office.send(self.socket, command);
        let answer = self.office.heard(self.socket);
        let last = answer[..answer.len() - 2].rsplit(|b| *b == b'\n').next().unwrap_or_default();
        assert!(last.starts_with(b"a OK"), "{}", String::from_utf8_lossy(last));
        answer.len()
    }

    /// Fills INBOX; octets of all messages.
    fn fill(&mut self, messages: usize) -> usize {
        let mut octets = 0;
        for first in (0..messages).step_by(BATCH) {
            let mut command = b"a APPEND INBOX".to_vec();
            for number in first..(first + BATCH).min(messages) {
                let text = message(number);
                octets += text.len();
                command.extend_from_slice(format!(" {{{}+}}\r\n{text}", text.len()).as_bytes());
            }
            command.extend_from_slice(b"\r\n");
            self.ask(&command);
        }
        octets
    }
}

/// Prints what a figure is.
fn tell(name: &str, messages: usize, seconds: f64, rest: &str) {
    let cost = seconds * 1e9 / messages as f64;
    println!("bench=mailbox_{name} messages={messages} cpu_s={seconds:.4} ns_per_message={cost:.0} {rest}");
}

/// A mailbox of so many messages, and what it took.
fn filled(messages: usize) -> Client {
    let before = resident();
    let mut client = Client::new();
    let (seconds, octets) = timed(|| client.fill(messages));
    let beyond = match (before, resident()) {
        (Some(before), Some(after)) => (after.saturating_sub(before) as f64 - octets as f64) / messages as f64,
        (_, _) => f64::NAN,
    };
    tell("append", messages, seconds, &format!("octets={octets} memory_beyond_octets_per_message={beyond:.0}"));
    client
}

/// Prints a line for each command; seconds a message for each.
fn run(client: &mut Client, messages: usize, runs: u32, smaller: Option<&[f64]>) -> Vec<f64> {
    let mut costs = Vec::new();
    for (at, (name, command)) in COMMANDS.iter().enumerate() {
        let mut best = (f64::MAX, 0);
        for _ in 0..runs {
            let (seconds, answered) = timed(|| client.ask(format!("a {command}\r\n").as_bytes()));
            if seconds < best.0 {
                best = (seconds, answered);
            }
        }
        let cost = best.0 / messages as f64;
        let relative = smaller.map_or(1.0, |costs| cost / costs[at]);
        tell(name, messages, best.0, &format!("answer_octets={} relative={relative:.2}", best.1));
        costs.push(cost);
    }
    costs
}

/// The week of `scenarios/office-week.json`: how much happens, and what an event costs.
fn office_week(runs: u32) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/office-week.json");
    let text = std::fs::read_to_string(file).expect("the scenario is there");
    let scenario = posthaste::scenario::load("office-week.json", &text).expect("a valid scenario");
    let run = || timed(|| simulate(&scenario, Silent).expect("the audit holds"));
    let all = (0..runs).map(|_| run()).min_by(|a, b| a.0.total_cmp(&b.0));
    let (seconds, finished) = all.expect("it ran");
    let events = finished.outcome.events;
    println!(
        "bench=office_week sessions={} messages={} events={events} cpu_s={seconds:.3} events_per_s={:.0}",
        finished.record.tables.mailbox_sessions.len(),
        finished.record.tables.messages.len(),
        events as f64 / seconds,
    );
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (messages, runs) = if quick { (2_000, 1) } else { (100_000, 3) };
    // The large one first: memory that another gave back would hide from it.
    let mut large = filled(messages);
    let smaller = run(&mut filled(messages / 10), messages / 10, runs, None);
    run(&mut large, messages, runs, Some(&smaller));
    office_week(runs);
}
