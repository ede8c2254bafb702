//! The tour of docs/lab.md, walked from its first line to its last: what it shows is what happens.
//!
//! Blocks tagged `telnet` are dialogues (`C:` is sent, `S:` must come), `typed` are for the console
//! (`> ` is typed, the rest must be answered), `dig` are questions (the short form of the
//! answer). `...` as a line stands for any lines, within a line for any text. The document's ports are those
//! of the numbering; here they are free ones.

#![cfg(target_os = "linux")]

mod common;
#[path = "common/served.rs"]
mod served;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

use common::root;
use posthaste::proto::dns::{Message, Name, Question, RecordData, Rtype};
use served::{PATIENCE, Served, wait_for};

/// Whether a text is what a line of the document says.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split("...");
    let first = pieces.next().unwrap();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut open = false;
    for piece in pieces {
        open = true;
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
        open &= piece.is_empty();
    }
    open || rest.is_empty()
}

/// Whether lines are what the document says they are.
fn all_fit(pattern: &[&str], lines: &[&str]) -> bool {
    match (pattern, lines) {
        ([], []) => true,
        (["...", later @ ..], _) => (0..=lines.len()).any(|skipped| all_fit(later, &lines[skipped..])),
        ([first, later @ ..], [line, lines @ ..]) => fits(first, line) && all_fit(later, lines),
        ([], _) | (_, []) => false,
    }
}

/// The ports of the document, by the numbering of [`posthaste::live::ports`].
fn ports(served: &Served) -> BTreeMap<u16, SocketAddr> {
    let mut next: BTreeMap<&str, u16> = BTreeMap::new();
    let listeners = served.table["listening"].as_array().unwrap();
    let first = |service: &str| match service {
        "smtp" => 2525,
        "submission" => 2587,
        "pop3" => 2110,
        "imap" => 2143,
        "dns" => 2053,
        other => panic!("the lab has {other}"),
    };
    let mut ports = BTreeMap::new();
    for listener in listeners {
        let service = listener["service"].as_str().unwrap();
        let port = next.entry(service).or_insert_with(|| first(service));
        ports.insert(*port, listener["at"].as_str().unwrap().parse().unwrap());
        *port = port.checked_add(10_000).unwrap_or(0);
    }
    ports
}

/// Plays a dialogue. What the server says between two things that are typed is read up to the last of it that
/// the document shows, so the document must show the last line.
fn talk(at: SocketAddr, lines: &[&str]) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut wanted: Vec<&str> = Vec::new();
    let mut heard: Vec<String> = Vec::new();
    for line in lines.iter().chain(&["C: "]) {
        if let Some(said) = line.strip_prefix("S:") {
            wanted.push(said.trim_start());
            continue;
        }
        let typed = line.strip_prefix("C:").unwrap_or_else(|| panic!("neither C: nor S: {line}")).trim_start();
        while !all_fit(&wanted, &heard.iter().map(|line| line.as_str()).collect::<Vec<_>>()) {
            let mut next = String::new();
            let read = reader.read_line(&mut next);
            assert!(matches!(read, Ok(1..)), "{read:?}: heard {heard:#?}, wanted {wanted:#?}");
            heard.push(next.trim_end().to_owned());
        }
        wanted.clear();
        heard.clear();
        // After the last line of the document nobody listens.
        let _ = write!(stream, "{typed}\r\n");
    }
}

fn dig(at: SocketAddr, name: &str, rtype: &str) -> Vec<String> {
    let question = Question { name: Name::parse(name).unwrap(), rtype: Rtype::parse(rtype).unwrap() };
    let query = Message::query(1, question, true).encode(512);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(&query, at).unwrap();
    let mut buffer = [0; 4096];
    let (count, _) = socket.recv_from(&mut buffer).unwrap();
    let answer = Message::decode(&buffer[..count]).unwrap();
    let text = |data: &RecordData| {
        let RecordData::Mx { preference, exchange } = data else { panic!("the tour shows no {data:?}") };
        format!("{preference} {exchange}.")
    };
    answer.answers.iter().map(|record| text(&record.data)).collect()
}

#[test]
fn the_tour_of_the_lab_is_as_the_document_says() {
    let place = tempfile::tempdir().unwrap();
    let scenario = root().join("scenarios/lab.json");
    let mut served = Served::start_in(place, scenario.to_str().unwrap(), &[]);
    let ports = ports(&served);
    // The message that was under way when you came in.
    served.hears("is in the mailbox of bob@hamburger.edu");
    let text = fs::read_to_string(root().join("docs/lab.md")).unwrap();
    let (mut tag, mut block, mut played) = ("", Vec::new(), 0);
    for line in text.lines() {
        if !line.starts_with("```") {
            block.push(line);
            continue;
        }
        let (lines, of) = (std::mem::take(&mut block), std::mem::replace(&mut tag, line.trim_start_matches("```")));
        let words: Vec<&str> = lines.first().map_or(Vec::new(), |line| line.split(' ').collect());
        match of {
            "telnet" => talk(ports[&words[3].parse().unwrap()], &lines[1..]),
            "dig" => assert_eq!(dig(ports[&words[4].parse().unwrap()], words[5], words[6]), lines[1..]),
            "typed" => {
                let command = lines[0].strip_prefix("> ").unwrap();
                let fits_answer = |answer: &str| all_fit(&lines[1..], &answer.lines().collect::<Vec<_>>());
                match command {
                    // The attempt may not have begun yet.
                    "queue" => drop(served.until(command, fits_answer)),
                    "quit" => {}
                    command => {
                        let answer = served.command(command);
                        assert!(fits_answer(&answer), "`{command}` is answered: {answer}");
                    }
                }
                if command.starts_with("restore") {
                    served.until("queue", |answer| answer == "the queue is empty");
                }
            }
            _ => continue,
        }
        played += 1;
    }
    assert!(played >= 11, "the document's blocks were understood: {played}");
    let ended = served.quit();
    wait_for("the transcripts", || ended.folder().join("transcripts").is_dir().then_some(()));
    assert!(ended.transcript("imap-alice-pc.crepes.fr-4").contains("C: a7 COPY 2 Kitchen"));
}
