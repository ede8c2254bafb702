//! What is too large or too deep for anybody: literals of more octets than there are, parentheses in
//! parentheses, messages in messages, lines without an end. A server says no or goodbye, and stays
//! within its bounds; who stays within his is served on.

use posthaste::base::SocketId;
use posthaste::proto::{imap, pop3};

use super::post_office::{CLOSED, PostOffice};

/// More than anything here is worth answering with.
const MOST: usize = 1 << 18;

fn office() -> PostOffice {
    let users = ["bob", "carol"].map(|user| (user.to_owned(), "hungry".to_owned()));
    PostOffice::new("kiwi.test", &users, |config| config.max_message = 1 << 20)
}

/// How far a client has come before it goes too far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Greeted,
    LoggedIn,
    Selected,
}

fn session(office: &mut PostOffice, at: At) -> SocketId {
    let socket = office.connect(imap::PORT);
    office.heard(socket);
    if at != At::Greeted {
        assert!(office.say(socket, "l LOGIN bob hungry").contains("l OK"));
    }
    if at == At::Selected {
        assert!(office.say(socket, "s SELECT INBOX").contains("s OK"));
    }
    socket
}

/// What is said to a command with that tag, and that the session goes on or has ended by a BYE.
#[track_caller]
fn refused(office: &mut PostOffice, socket: SocketId, answer: &str) {
    assert!(answer.len() < 1_000, "{} octets", answer.len());
    if answer.ends_with(CLOSED) {
        assert!(answer.contains("* BYE "), "{answer}");
        return;
    }
    assert!(answer.starts_with("a BAD ") || answer.starts_with("a NO ") || answer.starts_with("* BAD "), "{answer}");
    assert_eq!(office.say(socket, "n NOOP"), "n OK NOOP completed\r\n");
}

/// Would break if a length beyond all bounds were waited for, counted wrongly or kept.
#[test]
fn literals_beyond_all_bounds_are_refused() {
    let commands = [
        "LOGIN ",
        "SELECT ",
        "APPEND INBOX ",
        "APPEND INBOX ~",
        "FETCH 1 BODY[HEADER.FIELDS (",
        "SEARCH SUBJECT ",
        "STORE 1 FLAGS ",
        "X ",
    ];
    let lengths = ["2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775808"];
    let longer = ["18446744073709551615", "18446744073709551616", "99999999999999999999", "00000000000004294967296"];
    for at in [At::Greeted, At::LoggedIn, At::Selected] {
        for (command, length) in commands.iter().flat_map(|c| lengths.iter().chain(&longer).map(move |l| (c, l))) {
            let mut office = office();
            let socket = session(&mut office, at);
            let answer = office.say(socket, &format!("a {command}{{{length}}}"));
            refused(&mut office, socket, &answer);
            // Without leave: octets come that nobody wants, until the client gives up.
            let socket = session(&mut office, at);
            let mut answer = office.say(socket, &format!("a {command}{{{length}+}}"));
            for _ in 0..20 {
                office.send(socket, &[b'x'; 10_000]);
                answer += &String::from_utf8(office.heard(socket)).unwrap();
            }
            office.end(socket);
            answer += &String::from_utf8(office.heard(socket)).unwrap();
            assert!(answer.ends_with(CLOSED) && answer.len() < 1_000, "{command}{length}: {answer}");
        }
    }
}

/// Would break if parentheses in parentheses, or NOT NOT NOT, filled the stack or all of the time.
#[test]
fn nested_commands_are_refused_or_answered() {
    let nests: [(&str, &str, &str); 8] = [
        ("SEARCH ", "(", ")"),
        ("SEARCH ", "NOT ", ""),
        ("SEARCH ", "OR ALL ", ""),
        ("SEARCH ", "OR (", ") ALL"),
        ("FETCH 1 ", "(", ")"),
        ("FETCH 1 BODY[", "1.", "]"),
        ("SORT (DATE) UTF-8 ", "(", ")"),
        ("STORE 1 FLAGS ", "(", ")"),
    ];
    let mut office = office();
    let socket = session(&mut office, At::Selected);
    office.say(socket, "p APPEND INBOX {1+}\r\nx");
    for (command, open, close) in nests {
        for levels in [1_000, 5_000, 16_000, 100_000] {
            for close in [close, ""] {
                let text = format!("a {command}{}ALL{}", open.repeat(levels), close.repeat(levels));
                let answer = office.say(socket, &text);
                assert!(
                    answer.starts_with("a BAD ") || answer.starts_with("a NO ") || answer.starts_with("* BAD "),
                    "{command}: {answer}"
                );
                assert_eq!(office.say(socket, "n NOOP"), "n OK NOOP completed\r\n");
            }
        }
    }
    // What is deep, but not too deep, has its answer.
    let deep = |levels: usize| format!("a SEARCH {}ALL{}", "(".repeat(levels), ")".repeat(levels));
    assert!(office.say(socket, &deep(3)).starts_with("* SEARCH 1\r\na OK"));
}

/// Messages of so many levels, by kind.
fn deep_messages(levels: usize) -> Vec<String> {
    let parts = |of: fn(usize) -> String| (0..levels).map(of).collect::<String>();
    vec![
        parts(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")) + "\r\nhi\r\n",
        parts(|_| "Content-Type: message/rfc822\r\n\r\n".to_owned()) + "Subject: deep\r\n\r\nhi\r\n",
        parts(|n| {
            format!(
                "Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\nContent-Type: message/rfc822\r\n\r\n"
            )
        }) + "\r\nhi\r\n",
        // One boundary for all.
        parts(|_| "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n".to_owned()) + "\r\nhi\r\n",
        // Comments in comments, and groups in groups.
        format!("From: {}x{} <a@b>\r\n\r\nhi\r\n", "(".repeat(levels), ")".repeat(levels)),
        format!("To: {}a@b{}\r\n\r\nhi\r\n", "g:".repeat(levels), ";".repeat(levels)),
        format!("Content-Type: text/plain{}\r\n\r\nhi\r\n", "; a=\"(\"".repeat(levels)),
        format!("References: {}\r\nSubject: {}x\r\n\r\nhi\r\n", "<a@b> ".repeat(levels), "Re: [x] ".repeat(levels)),
    ]
}

/// Would break if a message as deep as a client likes filled the stack, or took for ever to be told.
#[test]
fn deep_messages_are_told_within_bounds() {
    for levels in [40, 400, 4_000] {
        for (kind, message) in deep_messages(levels).iter().enumerate() {
            let mut office = office();
            let socket = session(&mut office, At::Selected);
            let answer = office.say(socket, &format!("p APPEND INBOX {{{}+}}\r\n{message}", message.len()));
            assert!(answer.contains("p OK"), "{answer}");
            for command in [
                "FETCH 1 BODYSTRUCTURE",
                "FETCH 1 (BODY ENVELOPE)",
                "SEARCH TEXT nowhere",
                "SEARCH OR BODY hi FROM x",
                "SORT (FROM SUBJECT) UTF-8 ALL",
                "THREAD REFERENCES UTF-8 ALL",
                "FETCH 1 BODY.PEEK[1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]",
                "FETCH 1 BINARY.SIZE[1.1.1]",
            ] {
                let answer = office.say(socket, &format!("a {command}"));
                assert!(answer.ends_with(" completed\r\n"), "{kind}, {levels}, {command}: {answer}");
                assert!(answer.len() < MOST.max(4 * message.len()), "{kind}, {levels}: {} octets", answer.len());
            }
            assert!(office.say(socket, "a FETCH 1 BODY[]").contains(message), "{kind}, {levels}");
        }
    }
}

/// Would break if a line without an end were kept, or nobody were served behind one that has its end at last.
#[test]
fn lines_without_an_end_are_refused() {
    let starts: [(At, &str); 6] = [
        (At::Greeted, ""),
        (At::Greeted, "a LOGIN \""),
        (At::LoggedIn, "a SELECT {3+}\r\nabc"),
        (At::LoggedIn, "a LIST \"\" \""),
        (At::Selected, "a FETCH 1 ("),
        (At::Selected, "a SEARCH SUBJECT \"\\"),
    ];
    for (at, start) in starts {
        let mut office = office();
        let socket = session(&mut office, at);
        office.send(socket, start.as_bytes());
        for _ in 0..100 {
            office.send(socket, &[b'('; 10_007]);
        }
        let mut answer = String::from_utf8(office.heard(socket)).unwrap();
        answer += &office.say(socket, "");
        refused(&mut office, socket, &answer);
        assert!(!answer.ends_with(CLOSED), "{start}: there was an end");
    }
}

/// Would break if POP3 kept a line without an end, or took a part of it for a command.
#[test]
fn pop3_refuses_lines_without_an_end() {
    for login in [false, true] {
        for start in ["", "RETR ", "USER ", "PASS ", "\0", "TOP 1 "] {
            let mut office = office();
            office.deliver("bob@kiwi.test", "Subject: one\r\n\r\nhi");
            let socket = office.connect(pop3::PORT);
            office.heard(socket);
            if login {
                office.say(socket, "USER bob");
                assert!(office.say(socket, "PASS hungry").starts_with("+OK"));
            }
            office.send(socket, start.as_bytes());
            for _ in 0..100 {
                office.send(socket, &[b'1'; 10_007]);
            }
            assert_eq!(office.say(socket, "\rDELE 1"), "-ERR command line too long\r\n", "{start}");
            let answer = office.say(socket, "STAT");
            assert!(answer.starts_with(if login { "+OK 1 " } else { "-ERR " }), "{answer}");
            for number in ["18446744073709551616", "18446744073709551617", "99999999999999999999", "-1", "+1", "0x1"] {
                for verb in ["RETR", "DELE", "LIST", "UIDL", "TOP"] {
                    let answer = office.say(socket, &format!("{verb} {number}"));
                    assert!(answer.starts_with("-ERR "), "{verb} {number}: {answer}");
                }
            }
            assert!(office.say(socket, "QUIT").ends_with(CLOSED));
        }
    }
}
