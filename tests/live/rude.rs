//! Clients that behave badly, and networks that do.

use std::net::Shutdown;
use std::time::Duration;

use super::served::{Client, Served, drain, mailbox, original, stuffed, wait_for};
use super::{lecture_at_once, lecture_nearby};

/// How much a process may grow for two who do not read: a few times what they asked for in good faith.
const ROOM: u64 = 100 << 20;

/// Would break if what a client does not read were kept for it without bound, or if others had to wait for it.
#[test]
fn one_who_never_reads_stops_nobody() {
    let served = lecture_at_once(&[]);
    let mut sender = served.client("smtp", "hamburger.edu");
    sender.greet();
    let content = [b"Subject: big\r\n\r\n".to_vec(), b"0123456789abcdef\r\n".repeat(100_000)].concat();
    for _ in 0..5 {
        sender.hand_in("bob@hamburger.edu", &content);
    }
    drop(sender);
    let mut reader = served.client("pop3", "hamburger.edu");
    reader.log_in("bob");
    let before = served.memory();
    // The whole mailbox, of which it reads nothing.
    reader.say("RETR 1\r\nRETR 2\r\nRETR 3\r\nRETR 4\r\nRETR 5");
    let mut deaf = served.client("smtp", "hamburger.edu");
    // Commands as long as the service takes them, at most 100 MB; the answers would be ten times as long.
    deaf.stream().set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let commands = b"HELP\r\n".repeat(2_000);
    let taken = (0..10_000).take_while(|_| deaf.try_send(&commands)).count();
    assert!(taken < 10_000, "it took everything");
    for _ in 0..50 {
        let mut client = served.client("smtp", "hamburger.edu");
        client.greet();
        client.hand_in("dave@hamburger.edu", b"hi\r\n");
        client.ask("QUIT", "221");
        let memory = served.memory();
        assert!(memory < before + ROOM, "{before} bytes before, {memory} now");
    }
    assert_eq!(mailbox(&served, "hamburger.edu", "dave").len(), 50);
    drop((deaf, reader));
    served.quit();
}

/// Others are served as if nothing were, while somebody leaves unread what he asked for.
#[track_caller]
fn grows_little(served: &Served, before: u64) {
    for _ in 0..20 {
        let mut client = served.client("smtp", "hamburger.edu");
        client.greet();
        client.hand_in("dave@hamburger.edu", b"hi\r\n");
        client.ask("QUIT", "221");
        let memory = served.memory();
        assert!(memory < before + ROOM, "{before} bytes before, {memory} now");
    }
}

/// Would break if all that a client asks for ahead were made at once, or if any of it never came.
#[test]
fn a_thousand_answers_wait_for_their_reader() {
    let served = lecture_nearby();
    let content = [b"Subject: big\r\n\r\n".to_vec(), b"0123456789abcdef\r\n".repeat(10_000)].concat();
    let mut sender = served.client("smtp", "hamburger.edu");
    sender.greet();
    sender.hand_in("bob@hamburger.edu", &content);
    let mut reader = served.client("pop3", "hamburger.edu");
    reader.log_in("bob");
    let whole = reader.retrieve(1);
    assert_eq!(original(&whole, &content), content);
    let before = served.memory();
    reader.say(&[&["RETR 1"; 1_000][..], &["DELE 1", "QUIT"]].concat().join("\r\n"));
    grows_little(&served, before);
    for _ in 0..1_000 {
        reader.hear("+OK");
        assert!(reader.lines() == whole);
    }
    reader.hear("+OK");
    reader.hear("+OK");
    reader.hears_the_end();
    assert!(served.memory() < before + ROOM);
    assert!(mailbox(&served, "hamburger.edu", "bob").is_empty());
    served.quit();
}

/// Would break if a command or a message had to come in one piece.
#[test]
fn octet_by_octet_is_as_good() {
    let served = lecture_at_once(&[]);
    let mut client = served.client("smtp", "hamburger.edu");
    let content = b"Subject: slow\r\n\r\n.\r\n..\r\nhi\r\n";
    client.hear("220");
    for (say, answer) in [
        (b"HELO client.example\r\n".to_vec(), "250"),
        (b"MAIL FROM:<alice@crepes.fr>\r\n".to_vec(), "250"),
        (b"RCPT TO:<bob@hamburger.edu>\r\n".to_vec(), "250"),
        (b"DATA\r\n".to_vec(), "354"),
        (stuffed(content), "250"),
        (b"QUIT\r\n".to_vec(), "221"),
    ] {
        say.chunks(1).for_each(|octet| client.send(octet));
        client.hear(answer);
    }
    client.hears_the_end();
    let found = mailbox(&served, "hamburger.edu", "bob");
    assert_eq!(original(&found[0], content), content);
    served.quit();
}

/// Would break if a client that has said all were not answered any more.
#[test]
fn half_a_connection_still_brings_the_answers() {
    let served = lecture_at_once(&[]);
    let mut client = served.client("smtp", "hamburger.edu");
    client.send(
        b"HELO client.example\r\nMAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\nhi\r\n.\r\n",
    );
    client.half_close();
    for start in ["220", "250", "250", "250", "354", "250"] {
        client.hear(start);
    }
    client.hears_the_end();
    let mut reader = served.client("pop3", "hamburger.edu");
    reader.send(b"USER bob\r\nPASS hungry\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
    reader.half_close();
    for start in ["+OK", "+OK", "+OK", "+OK"] {
        reader.hear(start);
    }
    assert!(reader.lines().ends_with(b"\r\nhi\r\n"));
    reader.hear("+OK");
    reader.hear("+OK");
    reader.hears_the_end();
    assert!(mailbox(&served, "hamburger.edu", "bob").is_empty());
    served.quit();
}

/// Would break if half a message were delivered, or a message that was taken were lost with its connection.
#[test]
fn a_reset_in_the_middle_of_a_message_leaves_none() {
    let mut served = lecture_at_once(&[]);
    let begin = || {
        let mut client = served.client("smtp", "hamburger.edu");
        client.greet();
        client.hand_in("bob@hamburger.edu", b"whole\r\n");
        client.begin_message(&["bob@hamburger.edu", "dave@hamburger.edu"]);
        client
    };
    let mut in_text = begin();
    in_text.send(b"half\r\n");
    let mut at_the_dot = begin();
    at_the_dot.send(b"half\r\n.\r");
    let mut large = begin();
    large.send(&b"0123456789abcdef\r\n".repeat(50_000));
    let waiting = begin();
    for client in [in_text, at_the_dot, large] {
        client.reset();
    }
    drop(waiting);
    let mut reader = served.client("pop3", "hamburger.edu");
    reader.log_in("bob");
    reader.ask("DELE 1", "+OK");
    reader.reset();
    served.until("clients", |answer| answer == "nobody is connected");
    assert_eq!(served.until("mail bob", |answer| answer.contains("messages")).lines().count(), 5);
    let found = mailbox(&served, "hamburger.edu", "bob");
    assert!(found.len() == 4 && found.iter().all(|content| content.ends_with(b"\r\nwhole\r\n")));
    assert!(mailbox(&served, "hamburger.edu", "dave").is_empty());
    let ended = served.quit();
    assert_eq!(ended.metric("messages.delivered"), 4.0);
}

/// Would break if a connection that the simulation refuses were kept open, or a dead host's accepted.
#[test]
fn what_is_down_in_the_simulation_is_down_for_clients() {
    let mut scenario = super::lecture();
    scenario["faults"] = serde_json::json!([{ "host": "hamburger.edu", "port": 25 }]);
    let mut served = Served::start(&scenario, &["--speed", "max"]);
    served.client("smtp", "hamburger.edu").hears_the_end();
    served.client("pop3", "hamburger.edu").log_in("bob");
    let mut open = served.client("pop3", "hamburger.edu");
    open.log_in("dave");
    served.command("fail hamburger.edu");
    served.command("speed 1000");
    // Nobody answers the SYN: it is given up after a minute of the simulation, as is the open connection's command later.
    served.client("pop3", "hamburger.edu").hears_the_end();
    served.command("restore hamburger.edu");
    // A host that came back knows nothing of the connection and resets it.
    open.say("NOOP");
    open.hears_the_end();
    served.client("pop3", "hamburger.edu").log_in("dave");
    served.quit();
}

/// Would break if connections outlived the computer on which their clients seem to run.
#[test]
fn the_clients_own_host_may_fail() {
    let mut served = lecture_at_once(&[]);
    let mut talking = served.client("smtp", "hamburger.edu");
    talking.greet();
    talking.begin_message(&["bob@hamburger.edu"]);
    talking.send(b"half\r\n");
    let mut silent = served.client("pop3", "crepes.fr");
    silent.hear("+OK");
    served.command("fail alice-pc.crepes.fr");
    talking.hears_the_end();
    silent.hears_the_end();
    assert_eq!(served.command("clients"), "nobody is connected");
    Client::connect(served.at("smtp", "hamburger.edu")).hears_the_end();
    served.hears("turned away: the clients' host is down");
    served.command("restore alice-pc.crepes.fr");
    let mut client = served.client("smtp", "hamburger.edu");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"hi\r\n");
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 1);
    served.quit();
}

/// Would break if a server that fails in the middle of a dialogue left half a message or an open connection.
#[test]
fn a_server_may_fail_in_the_middle() {
    let mut served = lecture_at_once(&[]);
    let mut client = served.client("smtp", "hamburger.edu");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"whole\r\n");
    client.begin_message(&["bob@hamburger.edu"]);
    served.command("fail hamburger.edu 10s");
    client.send(b"half\r\n.\r\n");
    client.hears_the_end();
    drop(client);
    served.until("mail bob", |answer| answer.contains(": 1 message,"));
    wait_for("the server", || {
        let mut client = served.client("pop3", "hamburger.edu");
        (!client.line().is_empty()).then_some(())
    });
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 1);
    served.quit();
}

/// Would break if a client that leaves while much is on its way to it held something up, or if what it
/// asked for behind that were still done.
#[test]
fn one_who_leaves_in_the_middle_of_an_answer_is_forgotten() {
    let mut served = lecture_at_once(&[]);
    let mut sender = served.client("smtp", "hamburger.edu");
    sender.greet();
    sender.hand_in("bob@hamburger.edu", &b"0123456789abcdef\r\n".repeat(200_000));
    for way in 0..3 {
        let mut reader = served.client("pop3", "hamburger.edu");
        // The mailbox is locked until the server knows that its reader has gone.
        wait_for("the lock", || {
            let mut next = served.client("pop3", "hamburger.edu");
            next.hear("+OK");
            next.ask("USER bob", "+OK");
            next.say("PASS hungry");
            let entered = next.line().starts_with(b"+OK");
            std::mem::swap(&mut reader, &mut next);
            entered.then_some(())
        });
        if way < 2 {
            reader.say(&[&["RETR 1"; 100][..], &["DELE 1", "QUIT"]].concat().join("\r\n"));
        } else {
            reader.say("RETR 1");
        }
        reader.hear("+OK");
        match way {
            0 => reader.reset(),
            1 => drop(reader),
            _ => {
                reader.stream().shutdown(Shutdown::Write).unwrap();
                assert!(drain(&mut reader.stream()) > 1_000_000);
            }
        }
    }
    drop(sender);
    served.until("clients", |answer| answer == "nobody is connected");
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 1);
    served.quit();
}
