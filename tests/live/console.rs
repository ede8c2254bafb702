//! What an operator types, and what becomes of it.

use super::served::{Served, mailbox, wait_for};
use super::{lecture, lecture_at_once};

/// Would break if a command were not understood, or a mistake not explained.
#[test]
fn commands_are_answered() {
    let mut served = lecture_at_once(&[]);
    let help = served.command("help");
    for verb in ["fail", "restore", "flush", "queue", "cache", "mail", "speed", "time", "clients", "quit"] {
        assert!(help.lines().any(|line| line.starts_with(verb)), "{verb}");
    }
    for (typed, answer) in [
        ("queue", "the queue is empty"),
        ("QUEUE  crepes.fr ", "the queue is empty"),
        ("mail", "all mailboxes are empty"),
        ("mail bob", "bob@hamburger.edu: 0 messages, 0 bytes"),
        ("mail bob@hamburger.edu", "bob@hamburger.edu: 0 messages, 0 bytes"),
        ("mail eve", "no such mailbox"),
        ("clients", "nobody is connected"),
        ("dance", "no such command: dance; `help` lists them"),
        ("\u{1b}[2J", "no such command: \\u{1b}[2J; `help` lists them"),
        ("fail", "usage: fail HOST [TIME]"),
        ("fail nowhere", "there is no host or link `nowhere`; `hosts` and `links` list them"),
        ("fail hamburgr.edu", "there is no host or link `hamburgr.edu`; do you mean hamburger.edu?"),
        ("fail hamburger.edu 0s", "the time must be above zero"),
        ("restore hamburger.edu", "hamburger.edu was not down"),
        ("flush alice-pc.crepes.fr", "no mail server there"),
        ("flush nowhere", "there is no host `nowhere`; `hosts` and `links` list them"),
        ("queue nowhere", "there is no host `nowhere`; `hosts` and `links` list them"),
        ("speed", "usage: speed X"),
        ("speed fast", "a speed is `max` or a number from 0 to 1000000"),
        ("speed 2", "2 virtual seconds in a second"),
        ("time now", "`time` takes nothing more"),
        ("quit now", "`quit` takes nothing more"),
    ] {
        assert_eq!(served.command(typed), answer, "{typed}");
    }
    // Longer than a command may be: the rest of the line is no command either.
    let long = served.command(&format!("{}{:24}speed 5", "x".repeat(1000), ""));
    assert!(long.starts_with("no such command: xxx") && long.len() < 300, "{long}");
    assert!(served.command("hosts").contains("hamburger.edu (10."));
    assert!(served.command("links").contains(": alice-pc.crepes.fr - router.crepes.fr"));
    let mut client = served.client("pop3", "hamburger.edu");
    client.hear("+OK");
    let from = client.stream().local_addr().unwrap();
    let who = served.until("clients", |answer| answer != "nobody is connected");
    assert_eq!(who, format!("{from} at pop3 of hamburger.edu as alice-pc.crepes.fr#1"));
    drop(client);
    served.until("clients", |answer| answer == "nobody is connected");
    served.hears("disconnected");
    served.quit();
}

/// Would break if a message to a dead server were lost, were not seen, or had to wait for its next attempt after `flush`.
#[test]
fn what_waits_is_seen_and_flushed() {
    let mut served = Served::start(&lecture(), &[]);
    assert_eq!(served.command("fail hamburger.edu"), "hamburger.edu is down until `restore hamburger.edu`");
    let mut client = served.client("smtp", "crepes.fr");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"Message-ID: <late@crepes.fr>\r\n\r\nhi\r\n");
    client.ask("QUIT", "221");
    // TCP tries for a minute to reach a dead host.
    served.command("speed 1000");
    served.until("queue crepes.fr", |answer| {
        answer.starts_with("crepes.fr: Q000001 for bob@hamburger.edu: ") && answer.contains("retry at")
    });
    served.command("speed 1");
    let queue =
        served.until("queue", |answer| answer.contains("retry at") && answer.contains("(connection timed out)"));
    let next = queue.split("retry at ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert_eq!(served.command("queue hamburger.edu"), "the queue is empty");
    assert_eq!(served.command("restore hamburger.edu"), "hamburger.edu is up");
    assert_eq!(served.command("flush crepes.fr"), "what waited is tried now");
    let mail = served.until("mail bob", |answer| answer.contains("<late@crepes.fr> stored at"));
    let stored = mail.split("stored at ").nth(1).unwrap();
    assert!(stored < next.as_str(), "it was due at {next} and came at {stored}");
    // Its sender hears of it half a round trip later.
    served.until("queue", |answer| answer == "the queue is empty");
    served.hears("<late@crepes.fr> is in the mailbox of bob@hamburger.edu");
    let ended = served.quit();
    let faults = ended.table("faults");
    assert!(faults.iter().any(|row| row.values().any(|value| value == "hamburger.edu")), "{faults:?}");
    assert_eq!(ended.metric("messages.delivered"), 1.0);
}

/// Would break if a retry that is due in half an hour took half an hour, or an outage by hand did not end by itself.
#[test]
fn retries_come_at_once_when_nobody_is_connected() {
    let mut served = lecture_at_once(&[]);
    let answer = served.command("fail hamburger.edu 2h10min");
    assert!(answer.starts_with("hamburger.edu is down until "), "{answer}");
    let mut client = served.client("smtp", "crepes.fr");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"hi\r\n");
    client.ask("QUIT", "221");
    drop(client);
    served.until("mail bob", |answer| answer.contains(": 1 message,"));
    assert!(served.seconds() >= 9000.0);
    let ended = served.quit();
    assert_eq!((ended.metric("attempts.total"), ended.metric("attempts.deferred")), (6.0, 5.0));
}

/// Would break if a client that says nothing were cut off because the world runs ahead for others.
#[test]
fn silent_clients_are_not_cut_off_by_the_haste_of_others() {
    let mut served = lecture_at_once(&[]);
    served.command("fail hamburger.edu");
    let mut silent = served.client("smtp", "crepes.fr");
    let mut half = served.client("smtp", "crepes.fr");
    half.greet();
    half.send(b"MAIL FROM:<al");
    let mut reader = served.client("pop3", "crepes.fr");
    reader.log_in("alice");
    for number in 0..100 {
        let mut busy = served.client("smtp", "crepes.fr");
        busy.greet();
        busy.hand_in("bob@hamburger.edu", format!("{number}\r\n").as_bytes());
        busy.ask("QUIT", "221");
        busy.hears_the_end();
    }
    served.until("queue", |answer| answer.lines().count() == 100);
    half.ask("ice@crepes.fr>", "250");
    half.ask("RCPT TO:<bob@hamburger.edu>", "250");
    assert_eq!(reader.count(), 0);
    silent.greet();
    silent.hand_in("carol@crepes.fr", b"hi\r\n");
    assert_eq!(served.command("clients").lines().count(), 3);
    drop((silent, half, reader));
    served.command("restore hamburger.edu");
    served.until("mail bob", |answer| answer.contains(": 100 messages"));
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 100);
    served.quit();
}

/// Would break if a halted world answered, or one that goes on again did not.
#[test]
fn a_halted_world_keeps_its_clients_waiting() {
    let mut served = Served::start(&lecture(), &["--speed", "0"]);
    let mut client = served.client("smtp", "hamburger.edu");
    client.send(b"HELO client.example\r\n");
    served.until("clients", |answer| answer != "nobody is connected");
    assert_eq!(
        (served.command("time"), served.command("time")),
        ("00:00:00.000".to_owned(), "00:00:00.000".to_owned())
    );
    served.command("speed 1000");
    client.greet_ahead();
    served.command("speed 0");
    let then = served.seconds();
    assert!(then > 0.0);
    client.say("NOOP");
    served.command("clients");
    assert_eq!(served.seconds(), then);
    served.command("speed max");
    client.hear("250");
    served.quit();
}

/// Would break if the end of stdin, as in the background, ended the service.
#[test]
fn without_anybody_at_the_console_it_goes_on() {
    let mut served = lecture_at_once(&[]);
    served.hang_up();
    let mut client = served.client("smtp", "hamburger.edu");
    client.greet();
    client.ask("QUIT", "221");
    client.hears_the_end();
    assert!(wait_for("a running process", || served.is_running().then_some(true)));
    served.signal("-TERM");
    assert_eq!(served.ended().code, Some(0));
}

/// Would break if a terminal that does not scroll held up the clients, or if lines were lost without a word.
#[test]
fn nobody_need_read_what_it_says() {
    let served = lecture_at_once(&[]);
    let stdout = served.stdout.clone();
    let unread = stdout.lock().unwrap();
    let mut sender = served.client("smtp", "hamburger.edu");
    sender.greet();
    // Each is told of several times; a pipe and what may wait for it hold less.
    for number in 0..3_000 {
        sender.hand_in("bob@hamburger.edu", format!("{number}\r\n").as_bytes());
    }
    // One who stays and says nothing would hold the others to the wall clock.
    drop(sender);
    for _ in 0..2_000 {
        served.client("pop3", "hamburger.edu").hear("+OK");
    }
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 3_000);
    drop(unread);
    let ended = served.quit();
    assert_eq!(ended.metric("messages.delivered"), 3_000.0);
    let lost: u64 = ended.told.iter().filter_map(|line| line["lost_lines"].as_u64()).sum();
    assert!(lost > 0, "all {} lines fitted in: the test is too small", ended.told.len());
}

/// Would break if a link could not be cut and mended by its name.
#[test]
fn links_fail_too() {
    let mut served = Served::start(&lecture(), &["--speed", "100"]);
    let link = "hamburger.edu--router.hamburger.edu";
    assert_eq!(served.command(&format!("fail {link}")), format!("{link} is down until `restore {link}`"));
    served.hears(&format!("link {link} goes down"));
    let mut client = served.client("smtp", "crepes.fr");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"hi\r\n");
    client.ask("QUIT", "221");
    served.until("queue", |answer| answer.contains("1 attempt, retry at"));
    assert_eq!(served.command(&format!("restore {link}")), format!("{link} is up"));
    served.command("flush");
    served.until("mail bob", |answer| answer.contains(": 1 message,"));
    served.quit();
}
