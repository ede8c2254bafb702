//! IMAP against a whole mail server: what sessions tell each other, what the other protocols
//! do to a mailbox meanwhile, and what is lost when the host fails.

use post_office::{CLOSED, PostOffice};
use posthaste::app::mail::Quota;
use posthaste::base::{DataSize, SimDuration, SocketId};
use posthaste::proto::{imap, pop3};
use proptest::prelude::*;

#[path = "imap/model.rs"]
mod model;
#[path = "common/post_office.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod post_office;
#[path = "imap/random.rs"]
mod random;

fn office() -> PostOffice {
    let users = ["bob", "carol"].map(|user| (user.to_owned(), "hungry".to_owned()));
    PostOffice::new("hamburger.edu", &users, |_| {})
}

/// A session of bob's with a mailbox selected.
fn session(office: &mut PostOffice, mailbox: &str) -> SocketId {
    let socket = office.connect(imap::PORT);
    office.say(socket, "l LOGIN bob hungry");
    assert!(office.say(socket, &format!("s SELECT {mailbox}")).contains("s OK [READ-WRITE]"));
    socket
}

fn append(office: &mut PostOffice, socket: SocketId, mailbox: &str, text: &str) {
    let answer = office.say(socket, &format!("a APPEND {mailbox} {{{}+}}\r\n{text}", text.len()));
    assert!(answer.contains("a OK [APPENDUID"), "{answer}");
}

fn untagged(answer: &str) -> Vec<&str> {
    answer.lines().filter(|line| line.starts_with("* ")).collect()
}

/// Would break if a client could store more than the user may, or were told other figures than
/// those that count.
#[test]
fn quotas_are_told_and_hold() {
    let users = ["bob", "carol"].map(|user| (user.to_owned(), "hungry".to_owned()));
    let quota = Quota { messages: Some(3), size: Some(DataSize::from_bytes(4_096)), ..Quota::default() };
    let mut office = PostOffice::new("hamburger.edu", &users, |config| {
        config.routing.quotas = vec![("bob@hamburger.edu".to_owned(), quota)];
    });
    let socket = session(&mut office, "INBOX");
    append(&mut office, socket, "INBOX", &"x".repeat(1_025));
    assert_eq!(
        office.say(socket, "x GETQUOTAROOT inbox"),
        "* QUOTAROOT \"INBOX\" \"\"\r\n* QUOTA \"\" (STORAGE 2 4 MESSAGE 1 3)\r\nx OK GETQUOTAROOT completed\r\n"
    );
    let big = "y".repeat(4_000);
    assert_eq!(
        office.say(socket, &format!("x APPEND INBOX {{4000+}}\r\n{big}")),
        "x NO [OVERQUOTA] Mailbox is full\r\n"
    );
    assert!(office.say(socket, "x COPY 1 INBOX").contains("x OK"));
    append(&mut office, socket, "INBOX", "z");
    assert!(office.say(socket, "x UID COPY 1 INBOX").contains("x NO [OVERQUOTA]"));
    office.say(socket, "x STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(
        untagged(&office.say(socket, "x STATUS INBOX (DELETED DELETED-STORAGE)")),
        ["* STATUS \"INBOX\" (DELETED 1 DELETED-STORAGE 1025)"]
    );
    office.say(socket, "x EXPUNGE");
    assert_eq!(untagged(&office.say(socket, "x GETQUOTA \"\"")), ["* QUOTA \"\" (STORAGE 2 4 MESSAGE 2 3)"]);
    assert_eq!(untagged(&office.say(socket, "x STATUS INBOX (DELETED)")), ["* STATUS \"INBOX\" (DELETED 0)"]);
    assert!(office.say(socket, "x GETQUOTA other").contains("x NO [NONEXISTENT]"));
    assert!(office.say(socket, "x GETQUOTAROOT nowhere").contains("x NO [NONEXISTENT]"));
    assert!(office.say(socket, "x SETQUOTA \"\" (STORAGE 512)").contains("x BAD"));
    // Who has no limits has no root.
    let carol = office.connect(imap::PORT);
    office.say(carol, "l LOGIN carol hungry");
    assert_eq!(untagged(&office.say(carol, "x GETQUOTAROOT inbox")), ["* QUOTAROOT \"INBOX\""]);
    assert!(office.say(carol, "x GETQUOTA \"\"").contains("x NO [NONEXISTENT]"));
}

/// Would break if a session that speaks of modification sequences were not told them of what
/// others change, or two changes had the same.
#[test]
fn modification_sequences_reach_other_sessions() {
    let mut office = office();
    let (one, two) = (session(&mut office, "INBOX"), session(&mut office, "INBOX"));
    append(&mut office, one, "INBOX", "a");
    append(&mut office, one, "INBOX", "b");
    assert!(office.say(two, "x ENABLE CONDSTORE").contains("* OK [HIGHESTMODSEQ 3]"));
    office.say(two, "x NOOP");
    office.say(one, "x STORE 1:2 +FLAGS.SILENT (\\Seen)");
    assert_eq!(
        untagged(&office.say(two, "x NOOP")),
        ["* 1 FETCH (FLAGS (\\Seen) MODSEQ (4))", "* 2 FETCH (FLAGS (\\Seen) MODSEQ (5))"]
    );
    // A change that this session has not been told of stops a conditional one all the same.
    office.say(one, "x STORE 2 -FLAGS.SILENT (\\Seen)");
    let answer = office.say(two, "x UID STORE 1:2 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Flagged)");
    assert_eq!(untagged(&answer), ["* 1 FETCH (UID 1 MODSEQ (7))", "* 2 FETCH (UID 2 FLAGS () MODSEQ (6))"]);
    assert!(answer.ends_with("x OK [MODIFIED 2] Conditional UID STORE failed for some\r\n"), "{answer}");
    // They outlast a failure of the host.
    office.crash();
    let three = session(&mut office, "INBOX");
    assert_eq!(
        untagged(&office.say(three, "x SEARCH MODSEQ 7")),
        ["* OK [HIGHESTMODSEQ 7] Highest", "* SEARCH 1 (MODSEQ 7)"]
    );
}

/// Would break if an EXPUNGE were told where numbers are spoken of (RFC 3501 7.4.1), or if
/// numbers meant other messages to a session than it was told.
#[test]
fn an_expunge_waits_for_a_command_without_numbers() {
    let mut office = office();
    let (one, two) = (session(&mut office, "INBOX"), session(&mut office, "INBOX"));
    for text in ["a", "b", "c"] {
        append(&mut office, one, "INBOX", text);
    }
    assert_eq!(untagged(&office.say(two, "x NOOP")), ["* 3 EXISTS", "* 0 RECENT"]);
    office.say(one, "x STORE 1 +FLAGS.SILENT \\Deleted");
    assert_eq!(untagged(&office.say(one, "x EXPUNGE"))[0], "* 1 EXPUNGE");
    assert_eq!(
        office.say(two, "x FETCH 2:3 (UID)"),
        "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\nx OK FETCH completed\r\n"
    );
    assert_eq!(office.say(two, "x FETCH 1 BODY[]"), "x NO [EXPUNGEISSUED] Some of the messages are gone\r\n");
    assert_eq!(office.say(two, "x STORE 1 FLAGS \\Seen"), "x NO [EXPUNGEISSUED] Some of the messages are gone\r\n");
    assert_eq!(office.say(two, "x STORE 3 FLAGS \\Seen"), "* 3 FETCH (FLAGS (\\Seen))\r\nx OK STORE completed\r\n");
    assert_eq!(office.say(two, "x SEARCH ALL"), "* SEARCH 2 3\r\nx OK SEARCH completed\r\n");
    assert_eq!(
        office.say(two, "x COPY 1:2 INBOX"),
        "* 1 EXPUNGE\r\nx NO [EXPUNGEISSUED] Some of the messages are gone\r\n"
    );
    assert_eq!(office.say(two, "x FETCH 2 (UID)"), "* 2 FETCH (UID 3)\r\nx OK FETCH completed\r\n");
    // RFC 3501 6.4.8: the UID commands are others.
    office.say(two, "x STORE 1 +FLAGS.SILENT \\Deleted");
    office.say(two, "x EXPUNGE");
    assert_eq!(
        office.say(one, "x UID FETCH 3 UID"),
        "* 2 FETCH (UID 3)\r\n* 1 EXPUNGE\r\n* 1 FETCH (UID 3 FLAGS (\\Seen \\Recent))\r\n* 1 RECENT\r\nx OK UID FETCH completed\r\n"
    );
}

/// Would break if an idling session were told late or not at all, by whomever a thing is done.
#[test]
fn who_idles_is_told_at_once() {
    let mut office = office();
    let (one, two) = (session(&mut office, "INBOX"), session(&mut office, "INBOX"));
    assert_eq!(office.say(two, "i IDLE"), "+ idling\r\n");
    office.deliver("bob@hamburger.edu", "Subject: lunch\r\n\r\nKetchup?");
    assert_eq!(office.heard(two), b"* 1 EXISTS\r\n* 0 RECENT\r\n".to_vec());
    assert_eq!(untagged(&office.say(one, "x NOOP")), ["* 1 EXISTS", "* 1 RECENT"]);
    office.say(one, "x STORE 1 FLAGS (\\Flagged urgent)");
    let told = String::from_utf8(office.heard(two)).unwrap();
    assert!(told.starts_with("* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen urgent)\r\n"), "{told}");
    assert!(told.ends_with("* 1 FETCH (FLAGS (\\Flagged urgent))\r\n"), "{told}");
    let post = office.connect(pop3::PORT);
    for line in ["USER bob", "PASS hungry", "DELE 1", "QUIT"] {
        office.say(post, line);
    }
    assert_eq!(office.heard(two), b"* 1 EXPUNGE\r\n".to_vec());
    assert_eq!(office.say(two, "DONE"), "i OK IDLE completed\r\n");
    assert_eq!(untagged(&office.say(one, "x NOOP")), ["* 1 EXPUNGE", "* 0 RECENT"]);
}

/// Would break if POP3 lost a message of its listing to IMAP, or deleted another in its place.
#[test]
fn pop3_keeps_its_listing() {
    let mut office = office();
    for text in ["one", "two", "three"] {
        office.deliver("bob@hamburger.edu", &format!("Subject: {text}\r\n\r\n{text}"));
    }
    let post = office.connect(pop3::PORT);
    office.say(post, "USER bob");
    assert!(office.say(post, "PASS hungry").starts_with("+OK"));
    let one = session(&mut office, "INBOX");
    office.say(one, "x STORE 1 FLAGS \\Deleted");
    office.say(one, "x EXPUNGE");
    assert!(office.say(post, "RETR 1").contains("\r\none\r\n"));
    for line in ["DELE 1", "DELE 2", "QUIT"] {
        assert!(office.say(post, line).starts_with("+OK"), "{line}");
    }
    assert_eq!(untagged(&office.say(one, "x NOOP"))[0], "* 1 EXPUNGE");
    assert!(office.say(one, "x FETCH 1:* BODY[]").contains("\r\nthree\r\n"));
    assert!(office.say(one, "x FETCH 2 UID").starts_with("x BAD"));
}

/// Would break if what is stored did not outlast the host's failure, or a session did.
#[test]
fn mailboxes_outlast_a_failure() {
    let mut office = office();
    let one = session(&mut office, "INBOX");
    office.say(one, "x CREATE work/2026");
    append(&mut office, one, "work/2026", "kept");
    office.say(one, "x SUBSCRIBE work/2026");
    office.crash();
    let two = session(&mut office, "work/2026");
    assert!(office.say(two, "x FETCH 1 BODY[]").contains("{4}\r\nkept"));
    assert_eq!(untagged(&office.say(two, "x LSUB \"\" *")), ["* LSUB () \"/\" \"work/2026\""]);
    office.say(two, "x STORE 1 +FLAGS \\Deleted");
    office.lose(two);
    assert!(office.say(one, "x NOOP").is_empty(), "the session before the failure is gone");
    let three = session(&mut office, "work/2026");
    assert!(office.say(three, "x FETCH 1 FLAGS").contains("(\\Deleted \\Seen)"), "no CLOSE, no removal");
}

/// Would break if folders could be made, moved or deleted in other ways than RFC 3501 6.3 says.
#[test]
fn folders_keep_their_rules() {
    let mut office = office();
    let one = session(&mut office, "INBOX");
    let mut ends = |command: &str| {
        let answer = office.say(one, &format!("x {command}"));
        answer.lines().last().unwrap().trim_start_matches("x ").split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    for (command, end) in [
        ("CREATE inbox", "NO [ALREADYEXISTS]"),
        ("CREATE a//b", "NO [CANNOT]"),
        ("CREATE \"a*\"", "NO [CANNOT]"),
        ("CREATE a/b/c/", "OK CREATE"),
        ("CREATE a/b/c", "NO [ALREADYEXISTS]"),
        ("SELECT a", "NO [NONEXISTENT]"),
        ("DELETE inbox", "NO [CANNOT]"),
        ("DELETE a", "NO [NONEXISTENT]"),
        ("CREATE a", "OK CREATE"),
        ("DELETE a", "OK DELETE"),
        ("STATUS a/b/c (MESSAGES)", "OK STATUS"),
        ("RENAME a/b a/b/c/d", "NO [CANNOT]"),
        ("RENAME a inbox", "NO [ALREADYEXISTS]"),
        ("RENAME a z", "OK RENAME"),
        ("STATUS z/b/c (UIDVALIDITY)", "OK STATUS"),
        ("RENAME nobody x", "NO [NONEXISTENT]"),
        ("COPY 1 nobody", "BAD No"),
        ("APPEND nobody {1+}\r\nx", "NO [TRYCREATE]"),
        ("SELECT z/b/c", "OK [READ-WRITE]"),
        ("DELETE z/b/c", "OK DELETE"),
        ("FETCH 1 FLAGS", "BAD No"),
        ("SELECT inbox", "OK [READ-WRITE]"),
        ("APPEND inbox {1+}\r\nx", "OK [APPENDUID"),
        ("RENAME inbox old", "OK RENAME"),
        ("CHECK", "OK CHECK"),
        ("STATUS old (MESSAGES)", "OK STATUS"),
    ] {
        assert_eq!(ends(command), end, "{command}");
    }
    assert_eq!(
        untagged(&office.say(one, "x STATUS old (MESSAGES UIDNEXT)")),
        ["* STATUS \"old\" (MESSAGES 1 UIDNEXT 2)"]
    );
    assert_eq!(
        untagged(&office.say(one, "x STATUS inbox (MESSAGES UIDNEXT)")),
        ["* STATUS \"INBOX\" (MESSAGES 0 UIDNEXT 2)"]
    );
    let deep = vec!["x"; 30].join("/");
    assert!(office.say(one, &format!("x CREATE {deep}")).starts_with("x NO [CANNOT]"));
    for n in 0..1_100 {
        office.say(one, &format!("x CREATE n{n}"));
    }
    assert!(office.say(one, "x CREATE onemore").starts_with("x NO [LIMIT]"));
}

/// Would break if a session went on in a mailbox that another one deleted.
#[test]
fn a_deleted_mailbox_ends_its_sessions() {
    let mut office = office();
    let one = session(&mut office, "INBOX");
    office.say(one, "x CREATE gone");
    let (two, three) = (session(&mut office, "gone"), session(&mut office, "gone"));
    office.say(three, "i IDLE");
    assert_eq!(office.say(one, "x DELETE gone"), "x OK DELETE completed\r\n");
    let bye = format!("* BYE Selected mailbox has been deleted\r\n{CLOSED}");
    assert_eq!(office.say(two, "x NOOP"), bye);
    assert_eq!(String::from_utf8(office.heard(three)).unwrap(), bye);
}

/// Would break if reading by IMAP did not count as retrieval, or counted twice.
#[test]
fn a_whole_fetch_is_a_retrieval() {
    let mut office = office();
    office.deliver("bob@hamburger.edu", "Message-ID: <1@x>\r\n\r\nhi");
    let one = session(&mut office, "INBOX");
    office.site.log.clear();
    office.say(one, "x FETCH 1 (FLAGS ENVELOPE BODY.PEEK[HEADER])");
    assert!(office.site.log.is_empty());
    office.say(one, "x FETCH 1 BODY[]");
    assert_eq!(office.site.log, ["<1@x> retrieval"]);
    office.lose(one);
    assert_eq!(office.site.log, ["<1@x> retrieval", "<1@x> in_mailbox"], "it may have been cut short");
    let two = session(&mut office, "INBOX");
    office.site.log.clear();
    office.say(two, "x FETCH 1 RFC822");
    office.say(two, "x FETCH 1 RFC822");
    office.say(two, "x STORE 1 +FLAGS \\Deleted");
    office.say(two, "x CLOSE");
    assert_eq!(office.site.log, ["<1@x> retrieval", "<1@x> deleted", "0 messages, 0 octets"]);
}

/// Would break if a silent client were kept for ever, or sent away before its time.
#[test]
fn silence_ends_after_half_an_hour() {
    let mut office = office();
    let one = session(&mut office, "INBOX");
    office.say(one, "i IDLE");
    office.pass(SimDuration::from_secs(1799));
    assert!(office.heard(one).is_empty());
    office.pass(SimDuration::from_secs(1));
    let bye = format!("* BYE Autologout; idle for too long\r\n{CLOSED}");
    assert_eq!(String::from_utf8(office.heard(one)).unwrap(), bye);
}

/// Would break if a mailbox were open to somebody else.
#[test]
fn mailboxes_are_their_users_own() {
    let mut office = office();
    office.deliver("carol@hamburger.edu", "Subject: secret\r\n\r\nx");
    let one = session(&mut office, "INBOX");
    assert!(office.say(one, "x STATUS INBOX (MESSAGES)").contains("(MESSAGES 0)"));
    let two = office.connect(imap::PORT);
    assert!(office.say(two, "x NOOP").contains("x OK NOOP"));
    for login in ["x LOGIN carol wrong", "x LOGIN nobody hungry", "x AUTHENTICATE PLAIN AGNhcm9sAHdyb25n"] {
        assert!(office.say(two, login).starts_with("x NO [AUTHENTICATIONFAILED]"), "{login}");
    }
    assert!(office.say(two, "x AUTHENTICATE PLAIN AGNhcm9sQGhhbWJ1cmdlci5lZHUAaHVuZ3J5").starts_with("x OK"));
    assert!(office.say(two, "x STATUS INBOX (MESSAGES)").contains("(MESSAGES 1)"));
}

/// What a client knows of a mailbox by what it was told: the UIDs of messages by number, where
/// it knows them.
#[derive(Default)]
struct Client {
    uids: Vec<Option<u32>>,
}

impl Client {
    /// Takes untagged responses; an error is what contradicts those before.
    fn hear(&mut self, answer: &str) -> Result<(), String> {
        for line in answer.lines() {
            let words: Vec<&str> = line.split([' ', '(', ')']).collect();
            let ["*", number, what, ..] = words[..] else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "EXISTS" if number < self.uids.len() => return Err(format!("fewer without EXPUNGE: {line}")),
                "EXISTS" => self.uids.resize(number, None),
                "EXPUNGE" if number == 0 || number > self.uids.len() => return Err(format!("nobody: {line}")),
                "EXPUNGE" => drop(self.uids.remove(number - 1)),
                "FETCH" => {
                    let place = self.uids.get_mut(number.wrapping_sub(1)).ok_or_else(|| format!("nobody: {line}"))?;
                    let uid = words.iter().position(|word| *word == "UID").map(|at| words[at + 1].parse().unwrap());
                    if uid.is_some() && place.is_some() && *place != uid {
                        return Err(format!("{place:?} became another: {line}"));
                    }
                    *place = uid.or(*place);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Commands of which each is well formed in the selected state.
const COMMANDS: &[&str] = &[
    "NOOP",
    "APPEND INBOX (\\Deleted) {1+}\r\nx",
    "APPEND INBOX {2+}\r\nxy",
    "FETCH 1:* UID",
    "FETCH 1 (UID FLAGS)",
    "UID FETCH 1:* FLAGS",
    "FETCH 2 BODY[]",
    "STORE 1:2 +FLAGS \\Deleted",
    "STORE 3 +FLAGS.SILENT \\Deleted",
    "STORE 1:* FLAGS ()",
    "UID STORE 2:5 +FLAGS (\\Seen word)",
    "SEARCH DELETED",
    "UID SEARCH UNSEEN",
    "EXPUNGE",
    "UID EXPUNGE 1:4",
    "COPY 1 INBOX",
    "COPY 2 other",
    "MOVE 1:2 other",
    "UID MOVE 3 INBOX",
    "IDLE",
    "SELECT INBOX",
    "EXAMINE INBOX",
    "CREATE other",
    "DELETE other",
    "CHECK",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Would break if octets of any kind stopped the server, or a session that came after.
    #[test]
    fn octets_of_any_kind_are_survived(
        octets in proptest::collection::vec(any::<u8>(), 0..400),
        piece in 1_usize..60,
        logged_in in any::<bool>(),
    ) {
        let mut office = office();
        let one = if logged_in { session(&mut office, "INBOX") } else { office.connect(imap::PORT) };
        octets.chunks(piece).for_each(|chunk| office.send(one, chunk));
        let two = session(&mut office, "INBOX");
        prop_assert!(office.say(two, "x NOOP").ends_with("x OK NOOP completed\r\n"));
    }

    /// Would break if a session's numbers ever came to mean other messages than its client was
    /// told, whatever other sessions do, or if the sessions did not agree in the end.
    #[test]
    fn numbers_mean_what_was_told(commands in proptest::collection::vec((0..3_usize, 0..COMMANDS.len()), 1..60)) {
        let mut office = office();
        let sockets = [0; 3].map(|_| office.connect(imap::PORT));
        let mut clients: [Client; 3] = Default::default();
        for (socket, client) in sockets.iter().zip(&mut clients) {
            office.say(*socket, "l LOGIN bob hungry");
            client.hear(&office.say(*socket, "s SELECT INBOX")).unwrap();
        }
        for (which, command) in commands {
            let (socket, client, command) = (sockets[which], &mut clients[which], COMMANDS[command]);
            // What came since the last command may have come while the session was idle.
            let mut answer = String::from_utf8(office.heard(socket)).unwrap();
            if command.ends_with("INBOX") && (command.starts_with("SEL") || command.starts_with("EXA")) {
                client.uids.clear();
            }
            answer += &office.say(socket, &format!("t {command}"));
            if command == "IDLE" {
                answer += &office.say(socket, "DONE");
            }
            if answer.contains("BYE") {
                return Ok(());
            }
            if command.contains("FETCH 1") || command.contains("SEARCH") || command.starts_with("STORE") {
                let speaks_of_numbers = !command.starts_with("UID");
                prop_assert!(!(speaks_of_numbers && answer.contains("EXPUNGE\r\n")), "{}: {}", command, answer);
            }
            prop_assert_eq!(client.hear(&answer), Ok(()), "{}", answer);
        }
        let mut seen = Vec::new();
        for (socket, client) in sockets.iter().zip(&mut clients) {
            client.hear(&office.say(*socket, "x NOOP")).unwrap();
            let all = office.say(*socket, "x UID FETCH 1:* FLAGS");
            prop_assert_eq!(client.hear(&all), Ok(()), "{}", all);
            prop_assert!(client.uids.iter().all(Option::is_some), "{}", all);
            seen.push(all.replace(" \\Recent", "").replace("\\Recent", ""));
        }
        prop_assert_eq!(&seen[0], &seen[1]);
        prop_assert_eq!(&seen[0], &seen[2]);
    }
}
