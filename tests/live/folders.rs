//! Mailboxes by IMAP through the gateway: octets unchanged, and clients that leave in the middle.

use std::io::Write as _;

use super::served::{Client, mailbox, original};
use super::{lecture_at_once, lecture_nearby};

/// The answer to a tagged command: untagged lines, and what stands after the tag.
#[track_caller]
fn command(client: &mut Client, tag: &str, text: &str) -> (Vec<u8>, String) {
    client.say(&format!("{tag} {text}"));
    answer(client, tag)
}

#[track_caller]
fn answer(client: &mut Client, tag: &str) -> (Vec<u8>, String) {
    let mut untagged = Vec::new();
    loop {
        let line = client.line();
        assert!(!line.is_empty(), "the end came before the answer to {tag}");
        match line.strip_prefix(format!("{tag} ").as_bytes()) {
            Some(rest) => return (untagged, String::from_utf8(rest.to_vec()).unwrap()),
            None => untagged.extend_from_slice(&line),
        }
    }
}

#[track_caller]
fn logged_in(client: &mut Client, user: &str) {
    client.hear("* OK");
    assert!(command(client, "l1", &format!("LOGIN {user} hungry")).1.starts_with("OK"));
    assert!(command(client, "l2", "SELECT INBOX").1.starts_with("OK"));
}

/// The literal of a FETCH of one item.
fn literal(untagged: &[u8]) -> &[u8] {
    let brace = untagged.iter().position(|&octet| octet == b'{').expect("a literal");
    let end = untagged[brace..].iter().position(|&octet| octet == b'\n').expect("a line end") + brace + 1;
    let size = str::from_utf8(&untagged[brace + 1..end - 3]).unwrap().parse::<usize>().unwrap();
    &untagged[end..end + size]
}

/// Octets of all sorts in lines, two megabytes of them.
fn content() -> Vec<u8> {
    let mut content = b"Subject: all sorts\r\n\r\n.\r\n..\r\n\r\n".to_vec();
    for number in 0..20_000_u32 {
        content.extend((0..100_u32).map(|place| match (number.wrapping_mul(31) ^ place.wrapping_mul(7)) as u8 {
            b'\r' | b'\n' | 0 => b'.',
            octet => octet,
        }));
        content.extend_from_slice(b"\r\n");
    }
    content
}

/// Would break if a whole mailbox were made ready for a client that reads nothing, or did not come in
/// the end.
#[test]
fn a_whole_mailbox_waits_for_its_reader() {
    let served = lecture_nearby();
    let mut client = served.client("imap", "hamburger.edu");
    logged_in(&mut client, "bob");
    let message = |number: u32| [format!("Subject: {number}\r\n\r\n").into_bytes(), vec![b'x'; 1 << 20]].concat();
    for number in 0..50 {
        let content = message(number);
        client.say(&format!("a APPEND INBOX {{{}+}}", content.len()));
        client.send(&content);
        client.send(b"\r\n");
        assert!(answer(&mut client, "a").1.starts_with("OK"));
    }
    let mut deaf = served.client("imap", "hamburger.edu");
    logged_in(&mut deaf, "bob");
    let before = served.memory();
    deaf.send(&b"b FETCH 1:* BODY.PEEK[]\r\n".repeat(3));
    // Longer than all windows on its way, so that it cannot be left aside.
    let last = message(50);
    let appending = std::thread::spawn({
        let mut stream = deaf.stream().try_clone().unwrap();
        let command = [format!("c APPEND INBOX {{{}+}}\r\n", last.len()).as_bytes(), &last, b"\r\n"].concat();
        move || stream.write_all(&command)
    });
    for _ in 0..100 {
        assert!(command(&mut client, "d", "NOOP").1.starts_with("OK"));
        let memory = served.memory();
        assert!(memory < before + (50 << 20), "{before} bytes before, {memory} now");
    }
    let told = (0..50).flat_map(|number| {
        let content = message(number);
        let head = format!("* {} FETCH (BODY[] {{{}}}\r\n", number + 1, content.len());
        [head.as_bytes(), &content, b")\r\n"].concat()
    });
    let told: Vec<u8> = told.collect();
    for _ in 0..3 {
        let (untagged, end) = answer(&mut deaf, "b");
        assert!(untagged == told && end.starts_with("OK"), "{} octets, {end}", untagged.len());
    }
    appending.join().unwrap().unwrap();
    assert!(answer(&mut deaf, "c").1.starts_with("OK"));
    let (untagged, _) = command(&mut deaf, "e", "FETCH 51 BODY.PEEK[]");
    assert!(literal(&untagged) == last);
    served.quit();
}

/// Would break if a literal lost an octet on its way in or out.
#[test]
fn literals_come_and_go_unchanged() {
    let served = lecture_at_once(&[]);
    let content = content();
    let mut sender = served.client("smtp", "hamburger.edu");
    sender.greet();
    sender.hand_in("bob@hamburger.edu", &content);
    let mut client = served.client("imap", "hamburger.edu");
    logged_in(&mut client, "bob");
    let (untagged, end) = command(&mut client, "a1", "FETCH 1 BODY.PEEK[]");
    assert!(end.starts_with("OK"), "{end}");
    assert!(original(literal(&untagged), &content) == content, "what SMTP brought");
    client.say(&format!("a2 APPEND INBOX {{{}}}", content.len()));
    client.hear("+");
    client.send(&content);
    client.send(b"\r\n");
    assert!(answer(&mut client, "a2").1.starts_with("OK"));
    client.say(&format!("a3 APPEND INBOX (\\Seen) {{{}+}}", content.len()));
    client.send(&content);
    client.send(b"\r\n");
    assert!(answer(&mut client, "a3").1.starts_with("OK"));
    for number in [2, 3] {
        let (untagged, _) = command(&mut client, "a4", &format!("FETCH {number} BODY[]"));
        assert!(literal(&untagged) == content, "what IMAP brought");
    }
    let (untagged, _) = command(&mut client, "a5", "LOGOUT");
    assert!(untagged.starts_with(b"* BYE"));
    client.hears_the_end();
    let found = mailbox(&served, "hamburger.edu", "bob");
    assert!(found.len() == 3 && found[1..].iter().all(|found| *found == content), "what POP3 finds");
    let ended = served.quit();
    assert!(ended.transcript("imap-alice-pc.crepes.fr-2").contains("C: a1 FETCH 1 BODY.PEEK[]"));
    assert_eq!(ended.metric("messages.delivered"), 1.0);
}

/// Would break if half a literal became a message, or if a client that leaves kept the folder from others.
#[test]
fn those_who_leave_in_the_middle_change_nothing() {
    let mut served = lecture_at_once(&[]);
    let begin = || {
        let mut client = served.client("imap", "hamburger.edu");
        logged_in(&mut client, "bob");
        client.say("a1 APPEND INBOX {1000}");
        client.hear("+");
        client.send(&b"half\r\n".repeat(100));
        client
    };
    begin().reset();
    drop(begin());
    let half = begin();
    half.half_close();
    let mut reader = served.client("imap", "hamburger.edu");
    logged_in(&mut reader, "bob");
    reader.say("a1 NOOP");
    reader.half_close();
    assert!(answer(&mut reader, "a1").1.starts_with("OK"));
    let mut idle = served.client("imap", "hamburger.edu");
    logged_in(&mut idle, "bob");
    let mut sender = served.client("smtp", "hamburger.edu");
    sender.greet();
    sender.hand_in("bob@hamburger.edu", b"hi\r\n");
    let (untagged, _) = command(&mut idle, "a2", "NOOP");
    assert!(String::from_utf8_lossy(&untagged).contains("* 1 EXISTS"), "{}", untagged.escape_ascii());
    drop((half, reader, idle, sender));
    served.until("clients", |answer| answer == "nobody is connected");
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 1);
    served.quit();
}

/// Would break if what an IMAP client does not read were kept without bound, or made others wait.
#[test]
fn one_who_does_not_read_its_folder_stops_nobody() {
    let served = lecture_at_once(&[]);
    let mut sender = served.client("smtp", "hamburger.edu");
    sender.greet();
    for _ in 0..5 {
        sender.hand_in("bob@hamburger.edu", &content());
    }
    let mut deaf = served.client("imap", "hamburger.edu");
    logged_in(&mut deaf, "bob");
    let before = served.memory();
    deaf.say("a1 FETCH 1:* BODY[]");
    for number in 0..20 {
        let mut client = served.client("imap", "hamburger.edu");
        logged_in(&mut client, "dave");
        client.say(&format!("a1 APPEND INBOX {{5+}}\r\nhi {number:02}"));
        assert!(answer(&mut client, "a1").1.starts_with("OK"));
        assert!(served.memory() < before + (100 << 20));
    }
    drop(deaf);
    assert_eq!(mailbox(&served, "hamburger.edu", "dave").len(), 20);
    served.quit();
}
