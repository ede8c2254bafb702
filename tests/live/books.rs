//! What names a message is up to its sender, and it may be any octets, none, or somebody else's. Whatever it is, the books
//! balance: a run that loses count ends with exit code 70.

use serde_json::json;

use super::served::{Ended, Served, mailbox, original};
use super::{lecture, lecture_at_once};

/// All files of the folder can be read, and no name in them moves a cursor.
fn is_readable(ended: &Ended) {
    let mut paths = vec![ended.folder()];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let control = |char: &char| char.is_control() && !matches!(char, '\n' | '\r' | '\t');
            assert!(!text.contains(|char| control(&char)), "{}", path.display());
        }
    }
    ended.table("messages");
    for line in &ended.told {
        let what = line["what"].as_str().unwrap_or_default();
        assert!(!what.contains(char::is_control) && what.chars().count() < 300, "{what:?}");
    }
}

fn send(served: &Served, server: &str, to: &str, content: &[u8]) {
    let mut client = served.client("smtp", server);
    client.greet();
    client.hand_in(to, content);
    client.ask("QUIT", "221");
}

/// Would break if two messages could not share a name, on one server, in one queue or on the way.
#[test]
fn one_name_for_several_messages() {
    let mut served = lecture_at_once(&[]);
    let content = b"Message-ID: <same@crepes.fr>\r\n\r\nhi\r\n";
    for _ in 0..2 {
        send(&served, "hamburger.edu", "bob@hamburger.edu", content);
        send(&served, "crepes.fr", "bob@hamburger.edu", content);
    }
    served.until("mail bob", |answer| answer.contains(": 4 messages"));
    served.command("fail hamburger.edu");
    for _ in 0..2 {
        send(&served, "crepes.fr", "bob@hamburger.edu", content);
    }
    served.until("queue", |answer| answer.lines().count() == 2 && answer.contains("attempts"));
    served.command("restore hamburger.edu");
    served.command("flush crepes.fr");
    served.until("mail bob", |answer| answer.contains(": 6 messages"));
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 6);
    let ended = served.quit();
    let messages = ended.table("messages");
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["duplicates"], "5");
    is_readable(&ended);
}

/// Would break if a server took another name for a message than the one before it.
#[test]
fn no_name_and_strange_names() {
    let mut served = lecture_at_once(&[]);
    let long = format!("Message-ID: <{}@crepes.fr>\r\n\r\n", "x".repeat(900));
    let folded = format!("Message-ID:\r\n {}\r\n <{}@crepes.fr>\r\n\r\n", "y".repeat(900), "y".repeat(900));
    let contents: &[&[u8]] = &[
        b"",
        b"\r\n",
        b"no header at all\r\n",
        b"Subject: no name\r\n\r\nhi\r\n",
        b"Message-ID:\r\n\r\nempty\r\n",
        b"Message-ID:   \t \r\n\r\nblank\r\n",
        b"message-id : <space@before.colon>\r\n\r\nhi\r\n",
        b"Message-ID: <a@b> \x1b[2J\x07 \x01\r\n\r\ncontrol\r\n",
        b"Message-ID: <\xff\xfe\xc3\xa9@x>\r\n\r\nnot UTF-8\r\n",
        b"Message-ID: <quoted,\"comma\">\r\nMessage-ID: <second@x>\r\n\r\nhi\r\n",
        b" folded at once\r\n\r\nhi\r\n",
        b"\tfolded at once\r\nMessage-ID: <after@fold>\r\n\r\nhi\r\n",
        b"Received: from nowhere\r\n by nobody\r\n\r\nhi\r\n",
        long.as_bytes(),
        folded.as_bytes(),
    ];
    for content in contents {
        send(&served, "crepes.fr", "bob@hamburger.edu", content);
        send(&served, "hamburger.edu", "dave@hamburger.edu", content);
    }
    let all = format!(": {} messages", contents.len());
    for user in ["bob", "dave"] {
        served.until(&format!("mail {user}"), |answer| answer.contains(&all));
    }
    served.command("fail hamburger.edu");
    for content in contents {
        send(&served, "crepes.fr", "bob@hamburger.edu", content);
    }
    served.until("queue", |answer| answer.lines().count() == contents.len());
    let found = mailbox(&served, "crepes.fr", "alice");
    assert!(found.is_empty());
    served.command("restore hamburger.edu");
    let found = mailbox(&served, "hamburger.edu", "dave");
    for (found, sent) in found.iter().zip(contents) {
        // A line that continues the one before belongs to a trace field now.
        assert_eq!(original(found, sent), *sent);
    }
    let ended = served.quit();
    assert_eq!(ended.metric("messages.retrieved"), contents.len() as f64);
    is_readable(&ended);
}

/// Would break if somebody outside could take the name of a message that the simulation is to write later.
#[test]
fn names_that_the_simulation_gives_later() {
    let mut scenario = lecture();
    scenario["workload"] = json!([
        { "at": "1h", "from": "alice@crepes.fr", "to": "bob@hamburger.edu" },
        { "at": "1h", "from": "alice@crepes.fr", "to": "nobody@hamburger.edu", "allow_unknown": true },
        { "at": "2h", "user": "alice@crepes.fr", "read": "pop3" },
        { "at": "2h", "user": "bob@hamburger.edu", "read": "pop3" }
    ]);
    let mut served = Served::start(&scenario, &["--speed", "10"]);
    for (server, to, name) in [
        ("hamburger.edu", "bob@hamburger.edu", "<1.alice@crepes.fr>"),
        ("crepes.fr", "bob@hamburger.edu", "<1.alice@crepes.fr>"),
        ("crepes.fr", "alice@crepes.fr", "<b.1@crepes.fr>"),
        ("hamburger.edu", "dave@hamburger.edu", "<Q000009@hamburger.edu>"),
    ] {
        send(&served, server, to, format!("Message-ID: {name}\r\n\r\nnot from Alice\r\n").as_bytes());
    }
    for _ in 0..10 {
        send(&served, "hamburger.edu", "dave@hamburger.edu", b"hi\r\n");
    }
    assert!(served.seconds() < 3600.0, "this machine is too slow for the test");
    served.command("speed max");
    super::served::wait_for("the horizon", || (served.seconds() >= 7200.0).then_some(()));
    let ended = served.quit();
    assert_eq!(ended.metric("messages.bounced"), 1.0);
    is_readable(&ended);
}
