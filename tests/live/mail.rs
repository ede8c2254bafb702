//! Mail through the gateway: octets unchanged, the books of the result folder, and the ways to end.

use super::served::{Client, Served, mailbox, original, stuffed};
use super::{lecture, lecture_at_once};

/// Lines that are easily damaged on the way.
fn fragile() -> Vec<u8> {
    let mut content = b"Subject: fragile\r\nMessage-ID: <fragile@crepes.fr>\r\n\r\n".to_vec();
    for line in ["", ".", "..", ".a", "...", "", "a.", "QUIT", ". ", "From bob", "caf\u{e9} \u{20ac}"] {
        content.extend_from_slice(line.as_bytes());
        content.extend_from_slice(b"\r\n");
    }
    content.extend((1..=255_u8).filter(|octet| !b"\r\n".contains(octet)));
    content.extend_from_slice(b"\r\n");
    // RFC 5321 4.5.3.1.6: a text line has up to 1000 octets with its CRLF; a doubled dot is not counted.
    content.extend_from_slice(&[b"x".repeat(998), b"\r\n".to_vec()].concat());
    content.extend_from_slice(&[b".".repeat(998), b"\r\n\r\n\r\n".to_vec()].concat());
    content
}

/// Five megabytes of octets that no two lines share.
fn large() -> Vec<u8> {
    let mut content = b"Subject: large\r\n\r\n".to_vec();
    let mut state = 1_u64;
    while content.len() < 5_000_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (state >> 33) % 999;
        for _ in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let octet = (state >> 40) as u8;
            content.push(if b"\r\n\0".contains(&octet) { b'.' } else { octet });
        }
        content.extend_from_slice(b"\r\n");
    }
    content
}

#[track_caller]
fn same(left: &[u8], right: &[u8]) {
    let first = left.iter().zip(right).position(|(left, right)| left != right);
    assert!(left == right, "octet {first:?}; {} and {} octets", left.len(), right.len());
}

/// Would break if the gateway lost, doubled or changed an octet, at a piece's end for instance.
#[test]
fn messages_come_back_unchanged_and_the_folder_tells_of_them() {
    let served = lecture_at_once(&[]);
    let sent = [fragile(), large(), Vec::new()];
    let mut client = served.client("smtp", "hamburger.edu");
    client.greet();
    for content in &sent {
        client.hand_in("bob@hamburger.edu", content);
    }
    client.ask("QUIT", "221 hamburger.edu");
    client.hears_the_end();
    let mut brief = served.client("smtp", "hamburger.edu");
    brief.greet();
    brief.hand_in("dave@hamburger.edu", &sent[0]);
    brief.ask("QUIT", "221 hamburger.edu");
    let found = mailbox(&served, "hamburger.edu", "bob");
    assert_eq!(found.len(), sent.len());
    for (found, sent) in found.iter().zip(&sent) {
        same(original(found, sent), sent);
    }
    let ended = served.quit();
    // Of a dialogue as long as the first one the folder keeps the beginning only.
    assert!(ended.transcript("smtp-alice-pc.crepes.fr-1").contains("more octets were left out"));
    let dialogue = ended.transcript("smtp-alice-pc.crepes.fr-2");
    for line in [
        "S: 220 hamburger.edu",
        "C: HELO client.example",
        "C: RCPT TO:<dave@hamburger.edu>",
        "C: Message-ID: <fragile@crepes.fr>",
        "S: 221 hamburger.edu closing connection",
    ] {
        assert!(dialogue.lines().any(|found| found == line), "no {line:?}");
    }
    assert!(ended.transcript("pop3-alice-pc.crepes.fr-3").contains("C: RETR 1\n"));
    let metrics = ["messages.delivered", "messages.retrieved"].map(|name| ended.metric(name));
    assert_eq!(metrics, [4.0, 3.0]);
    let messages = ended.table("messages");
    assert!(messages.iter().any(|row| row.values().any(|value| value == "<fragile@crepes.fr>")), "{messages:?}");
    assert_eq!(messages.len(), 4);
    let connections = ended.table("connections");
    assert!(connections.iter().any(|row| row.values().any(|value| value == "alice-pc.crepes.fr#1")));
}

/// Would break if mail from outside were not relayed as that of a simulated user is.
#[test]
fn mail_for_elsewhere_is_relayed_at_the_speed_of_the_wall_clock_too() {
    let mut served = Served::start(&lecture(), &[]);
    let content = fragile();
    for (service, user) in [("smtp", "bob"), ("submission", "dave")] {
        let mut client = served.client(service, "crepes.fr");
        client.greet();
        client.hand_in(&format!("{user}@hamburger.edu"), &content);
        served.until(&format!("mail {user}"), |answer| answer.contains(": 1 message,"));
        let found = mailbox(&served, "hamburger.edu", user);
        same(original(&found[0], &content), &content);
    }
    let mut outsider = served.client("smtp", "hamburger.edu");
    outsider.greet();
    outsider.ask("MAIL FROM:<alice@crepes.fr>", "250");
    outsider.ask("RCPT TO:<carol@crepes.fr>", "550 carol@crepes.fr ... Relaying denied");
    let ended = served.quit();
    assert_eq!(ended.metric("messages.retrieved"), 2.0);
    assert!(ended.transcript("smtp-crepes.fr-1").contains("C: RCPT TO:<bob@hamburger.edu>"));
}

/// Would break if a signal lost the results, or were taken for a mistake.
#[test]
fn signals_end_it_as_quit_does() {
    // What stops other programs may send its signal to them and to their group.
    for names in [&["-INT"][..], &["-TERM"], &["-INT", "-INT"]] {
        let served = lecture_at_once(&[]);
        let mut client = served.client("smtp", "hamburger.edu");
        client.greet();
        client.hand_in("bob@hamburger.edu", b"hi\r\n");
        // In the middle of a message.
        client.begin_message(&["bob@hamburger.edu"]);
        client.send(b"half\r\n");
        names.iter().for_each(|name| served.signal(name));
        let ended = served.ended();
        assert_eq!(ended.code, Some(0), "{names:?}: {}", ended.stderr);
        assert_eq!(ended.metric("messages.delivered"), 1.0);
        assert!(ended.transcript("smtp-alice-pc.crepes.fr-1").contains("C: hi\n"));
        client.hears_the_end();
    }
}

/// Would break if one client had to wait for another, or got the octets of another.
#[test]
fn several_dialogues_go_on_beside_each_other() {
    let served = lecture_at_once(&[]);
    let mut clients: Vec<Client> = (0..10).map(|_| served.client("smtp", "hamburger.edu")).collect();
    clients.iter_mut().for_each(Client::greet);
    clients.iter_mut().for_each(|client| client.begin_message(&["bob@hamburger.edu", "dave@hamburger.edu"]));
    for (number, client) in clients.iter_mut().enumerate().rev() {
        client.send(&stuffed(format!("{number}\r\n").as_bytes()));
        client.hear("250");
    }
    for user in ["bob", "dave"] {
        let found = mailbox(&served, "hamburger.edu", user);
        let mut numbers: Vec<String> =
            found.iter().map(|content| String::from_utf8_lossy(content).lines().last().unwrap().to_owned()).collect();
        numbers.sort();
        assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    }
    assert_eq!(served.quit().metric("messages.retrieved"), 20.0);
}
