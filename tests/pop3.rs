//! POP3 against a whole mail server: sessions at random on one maildrop, each cut at any point,
//! against a model written from RFC 1939 alone.

use std::collections::BTreeSet;

use post_office::{CLOSED, PostOffice};
use posthaste::base::SocketId;
use posthaste::proto::{imap, pop3};
use proptest::prelude::*;

#[path = "common/post_office.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod post_office;

type Done = Result<(), String>;

/// What a session says or what happens to it.
#[derive(Clone, Debug)]
enum What {
    Connect,
    LogIn(bool),
    Stat,
    List(Option<usize>),
    Uidl(Option<usize>),
    Retr(usize),
    Top(usize, usize),
    Dele(usize),
    Rset,
    Noop,
    Quit,
    Strange(String),
    /// A DELE and a QUIT of which so many octets are sent before the end, which is a reset or not.
    Cut(usize, usize, bool),
    /// Something comes into the mailbox.
    Append(Vec<u8>),
    /// An IMAP session deletes the first message.
    Remove,
}

fn steps() -> impl Strategy<Value = Vec<(usize, What, usize)>> {
    let number = || 0..6_usize;
    // Octets at which dots and line ends go wrong.
    let text = prop::collection::vec(prop::sample::select(b".\r\n.x\n.".to_vec()), 1..40);
    let lines = prop::collection::vec("[.]{0,3}[a-z]{0,3}\r\n", 1..6).prop_map(|lines| lines.concat().into_bytes());
    let what = prop_oneof![
        3 => Just(What::Connect),
        8 => prop::bool::weighted(0.9).prop_map(What::LogIn),
        3 => Just(What::Stat),
        3 => prop::option::of(number()).prop_map(What::List),
        3 => prop::option::of(number()).prop_map(What::Uidl),
        4 => number().prop_map(What::Retr),
        2 => (number(), number()).prop_map(|(number, lines)| What::Top(number, lines)),
        5 => number().prop_map(What::Dele),
        1 => Just(What::Rset),
        1 => Just(What::Noop),
        2 => Just(What::Quit),
        2 => "(DELE|RETR|QUIT|LIST|STAT|XYZ|dele)[ ]?[-+*0-9a-z ]{0,12}[a-z*]".prop_map(What::Strange),
        1 => Just(What::Strange(format!("DELE {}", "1".repeat(400)))),
        1 => Just(What::Strange("RETR 99999999999999999999".to_owned())),
        2 => (number(), 0..17_usize, any::<bool>()).prop_map(|(number, at, reset)| What::Cut(number, at, reset)),
        3 => prop_oneof![text, lines].prop_map(What::Append),
        1 => Just(What::Remove),
    ];
    prop::collection::vec((0..3_usize, what, 1..9_usize), 1..80)
}

/// A message as POP3 shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    /// Its number among all that ever came.
    name: usize,
    shown: Vec<u8>,
}

/// A session by what it may do.
#[derive(Clone, Debug)]
enum State {
    Absent,
    Authorization(SocketId),
    Transaction(SocketId, Listing),
}

/// The messages of the moment of the log-in, from 1, and the numbers of those marked as deleted.
#[derive(Clone, Debug)]
struct Listing {
    messages: Vec<Message>,
    deleted: BTreeSet<usize>,
}

impl Listing {
    fn has(&self, number: usize) -> bool {
        (1..=self.messages.len()).contains(&number) && !self.deleted.contains(&number)
    }

    fn there(&self) -> Vec<usize> {
        (1..=self.messages.len()).filter(|number| self.has(*number)).collect()
    }

    fn size(&self, number: usize) -> usize {
        self.messages[number - 1].shown.len()
    }
}

struct World {
    office: PostOffice,
    imap: SocketId,
    messages: Vec<Message>,
    came: usize,
    sessions: [State; 3],
    /// The unique-id of each message that was listed: RFC 1939 section 7, for ever its own.
    ids: Vec<(usize, String)>,
}

/// RFC 1939 section 3: each line ends with CRLF.
fn shown(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The lines of a multi-line response behind its first, with doubled dots undone.
fn multi(answer: &[u8]) -> Result<Vec<u8>, String> {
    let told = || answer.escape_ascii().to_string();
    let mut lines = answer.split_inclusive(|octet| *octet == b'\n');
    lines.next().filter(|line| line.starts_with(b"+OK") && line.ends_with(b"\r\n")).ok_or_else(told)?;
    let mut content = Vec::new();
    for line in lines.by_ref() {
        match line {
            b".\r\n" => break,
            [b'.', b'.', ..] => content.extend_from_slice(&line[1..]),
            [b'.', ..] => return Err(format!("a dot that is not doubled: {}", told())),
            line => content.extend_from_slice(line),
        }
    }
    if lines.next().is_some() || !answer.ends_with(b"\r\n.\r\n") { Err(told()) } else { Ok(content) }
}

impl World {
    fn new() -> Self {
        let users = [("bob".to_owned(), "hungry".to_owned())];
        let mut office = PostOffice::new("hamburger.edu", &users, |_| {});
        let imap = office.connect(imap::PORT);
        office.say(imap, "a LOGIN bob hungry");
        office.say(imap, "b SELECT INBOX");
        let sessions = [State::Absent, State::Absent, State::Absent];
        let mut world = Self { office, imap, messages: Vec::new(), came: 0, sessions, ids: Vec::new() };
        for text in [&b"a\r\n"[..], b".\r\n..\r\n\r\n.b", b"\n.\n", b"x"] {
            world.append(text).unwrap();
        }
        world
    }

    fn append(&mut self, text: &[u8]) -> Done {
        self.came += 1;
        let content = [format!("X-Name: {}\r\n\r\n", self.came).as_bytes(), text].concat();
        self.office.send(self.imap, format!("c APPEND INBOX {{{}+}}\r\n", content.len()).as_bytes());
        self.office.send(self.imap, &[&content, &b"\r\n"[..]].concat());
        let answer = String::from_utf8(self.office.heard(self.imap)).unwrap();
        self.messages.push(Message { name: self.came, shown: shown(&content) });
        if answer.contains("c OK") { Ok(()) } else { Err(answer) }
    }

    fn say(&mut self, socket: SocketId, line: &str, piece: usize) -> Vec<u8> {
        let octets = format!("{line}\r\n");
        octets.as_bytes().chunks(piece).for_each(|chunk| self.office.send(socket, chunk));
        self.office.heard(socket)
    }

    fn step(&mut self, who: usize, what: &What, piece: usize) -> Done {
        if let What::Append(text) = what {
            return self.append(text);
        }
        if matches!(what, What::Remove) {
            for command in ["NOOP", "STORE 1 +FLAGS.SILENT \\Deleted", "EXPUNGE"] {
                self.office.say(self.imap, &format!("d {command}"));
            }
            self.messages.drain(..self.messages.len().min(1));
            return Ok(());
        }
        match self.sessions[who].clone() {
            State::Absent => {
                let socket = self.office.connect(pop3::PORT);
                let greeting = self.office.heard(socket);
                self.sessions[who] = State::Authorization(socket);
                if greeting.starts_with(b"+OK") { Ok(()) } else { Err("no greeting".to_owned()) }
            }
            State::Authorization(socket) => self.authorization(who, socket, what, piece),
            State::Transaction(socket, list) => self.transaction((who, socket), list, what, piece),
        }
    }

    fn authorization(&mut self, who: usize, socket: SocketId, what: &What, piece: usize) -> Done {
        let answer = match what {
            What::LogIn(right) => {
                self.say(socket, "USER bob", piece);
                let answer = self.say(socket, if *right { "PASS hungry" } else { "PASS greedy" }, piece);
                let taken = self.sessions.iter().any(|session| matches!(session, State::Transaction(..)));
                if *right && !taken {
                    self.sessions[who] = State::Transaction(
                        socket,
                        Listing { messages: self.messages.clone(), deleted: BTreeSet::new() },
                    );
                }
                let wanted: &[u8] = match (right, taken) {
                    (false, _) => b"-ERR [AUTH]",
                    (true, true) => b"-ERR [IN-USE]",
                    (true, false) => b"+OK",
                };
                if !answer.starts_with(wanted) {
                    return Err(answer.escape_ascii().to_string());
                }
                answer
            }
            What::Cut(number, at, reset) => {
                self.cut(who, socket, (*number, *at, *reset));
                return Ok(());
            }
            What::Quit => self.say(socket, "QUIT", piece),
            What::Append(_) | What::Remove => return Ok(()),
            What::Connect
            | What::Stat
            | What::List(_)
            | What::Uidl(_)
            | What::Retr(_)
            | What::Top(..)
            | What::Dele(_)
            | What::Rset
            | What::Noop
            | What::Strange(_) => {
                let answer = self.say(socket, "DELE 1", piece);
                if !answer.starts_with(b"-ERR") {
                    return Err(answer.escape_ascii().to_string());
                }
                answer
            }
        };
        if answer.ends_with(CLOSED.as_bytes()) {
            self.sessions[who] = State::Absent;
        }
        Ok(())
    }

    /// Sends the beginning of a DELE and a QUIT, and ends; whether the QUIT was whole.
    fn cut(&mut self, who: usize, socket: SocketId, (number, at, reset): (usize, usize, bool)) -> bool {
        let text = format!("DELE {number}\r\nQUIT\r\n");
        self.office.send(socket, &text.as_bytes()[..at.min(text.len())]);
        if reset {
            self.office.lose(socket);
        } else {
            self.office.end(socket);
        }
        self.sessions[who] = State::Absent;
        at >= text.len()
    }

    fn transaction(&mut self, (who, socket): (usize, SocketId), mut list: Listing, what: &What, piece: usize) -> Done {
        let none = |answer: &[u8]| answer.starts_with(b"-ERR") && answer.ends_with(b"\r\n");
        let is = match what {
            What::Stat | What::List(_) | What::Uidl(_) | What::Retr(_) | What::Top(..) => {
                self.asked(socket, &list, what, piece)?
            }
            What::Dele(number) => {
                let answer = self.say(socket, &format!("DELE {number}"), piece);
                let there = list.has(*number);
                list.deleted.extend(there.then_some(*number));
                if there { answer.starts_with(b"+OK") } else { none(&answer) }
            }
            What::Rset => {
                list.deleted.clear();
                self.say(socket, "RSET", piece).starts_with(b"+OK")
            }
            What::Noop => self.say(socket, "NOOP", piece).starts_with(b"+OK"),
            What::Connect | What::LogIn(_) => none(&self.say(socket, "USER bob", piece)),
            What::Strange(line) => none(&self.say(socket, line, piece)),
            What::Quit => {
                let answer = self.say(socket, "QUIT", piece);
                self.update(&list);
                self.sessions[who] = State::Absent;
                let ended = answer.starts_with(b"+OK") && answer.ends_with(CLOSED.as_bytes());
                return if ended { Ok(()) } else { Err(answer.escape_ascii().to_string()) };
            }
            What::Cut(number, at, reset) => {
                if self.cut(who, socket, (*number, *at, *reset)) {
                    let there = list.has(*number);
                    list.deleted.extend(there.then_some(*number));
                    self.update(&list);
                }
                return Ok(());
            }
            What::Append(_) | What::Remove => true,
        };
        self.sessions[who] = State::Transaction(socket, list);
        if is { Ok(()) } else { Err(format!("{what:?} with {:?}", self.sessions[who])) }
    }

    /// Asks for something that changes nothing; whether the answer is right.
    fn asked(&mut self, socket: SocketId, list: &Listing, what: &What, piece: usize) -> Result<bool, String> {
        let word = |name: &str, number: &Option<usize>| number.map_or(name.to_owned(), |n| format!("{name} {n}"));
        let (command, number) = match what {
            What::List(number) => (word("LIST", number), *number),
            What::Uidl(number) => (word("UIDL", number), *number),
            What::Retr(number) => (format!("RETR {number}"), Some(*number)),
            What::Top(number, lines) => (format!("TOP {number} {lines}"), Some(*number)),
            What::Stat
            | What::Connect
            | What::LogIn(_)
            | What::Dele(_)
            | What::Rset
            | What::Noop
            | What::Quit
            | What::Strange(_)
            | What::Cut(..)
            | What::Append(_)
            | What::Remove => ("STAT".to_owned(), None),
        };
        let answer = self.say(socket, &command, piece);
        if number.is_some_and(|number| !list.has(number)) {
            return Ok(answer.starts_with(b"-ERR") && answer.ends_with(b"\r\n"));
        }
        if let What::Retr(number) | What::Top(number, _) = what {
            let whole = &list.messages[number - 1].shown;
            let end = if let What::Top(_, lines) = what { top(whole, *lines) } else { whole.len() };
            return Ok(multi(&answer)? == whole[..end]);
        }
        if command == "STAT" {
            let there = list.there();
            let octets: usize = there.iter().map(|number| list.size(*number)).sum();
            return Ok(answer == format!("+OK {} {octets}\r\n", there.len()).into_bytes());
        }
        // What is told of one message stands in the first line.
        let lines = if number.is_some() { answer[4.min(answer.len())..].to_vec() } else { multi(&answer)? };
        let lines = String::from_utf8(lines).unwrap();
        let there = number.map_or_else(|| list.there(), |number| vec![number]);
        let mut is = lines.lines().count() == there.len();
        for (line, number) in lines.lines().zip(there) {
            let (told, what_of_it) = line.split_once(' ').unwrap_or_default();
            is &= told == number.to_string();
            is &= if command.starts_with("UIDL") {
                self.is_its_own(list.messages[number - 1].name, what_of_it)
            } else {
                what_of_it == list.size(number).to_string()
            };
        }
        Ok(is)
    }

    fn is_its_own(&mut self, name: usize, id: &str) -> bool {
        let known = self.ids.iter().find(|(message, told)| *message == name || told == id);
        let own = known.is_none_or(|(message, told)| *message == name && told == id);
        self.ids.push((name, id.to_owned()));
        own && !id.is_empty() && id.len() <= 70 && id.bytes().all(|octet| octet.is_ascii_graphic())
    }

    fn update(&mut self, list: &Listing) {
        let gone = |message: &Message| list.deleted.iter().any(|n| list.messages[n - 1].name == message.name);
        self.messages.retain(|message| !gone(message));
    }
}

/// Where the header and so many lines of the body end.
fn top(content: &[u8], lines: usize) -> usize {
    let head = content.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    head + content[head..].split_inclusive(|octet| *octet == b'\n').take(lines).map(<[u8]>::len).sum::<usize>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 250 } else { 2_500 }))]

    /// Would break if a message were deleted without a QUIT in the transaction state, or kept with
    /// one, if numbers moved in a session, two sessions had the maildrop, sizes were not those of
    /// what RETR gives, or a message with dots came out as another.
    #[test]
    fn sessions_agree_with_the_model(steps in steps()) {
        let mut world = World::new();
        for (who, what, piece) in &steps {
            prop_assert_eq!(world.step(*who, what, *piece), Ok(()), "{:?}", what);
        }
        for who in 0..world.sessions.len() {
            if let State::Authorization(socket) | State::Transaction(socket, ..) = world.sessions[who] {
                world.office.lose(socket);
                world.sessions[who] = State::Absent;
            }
        }
        // Another session sees what is left, each message whole.
        let mut end = vec![What::Connect, What::LogIn(true), What::Stat, What::List(None), What::Uidl(None)];
        end.extend((1..=world.messages.len() + 1).map(What::Retr));
        for what in end {
            prop_assert_eq!(world.step(0, &what, 100), Ok(()));
        }
        prop_assert!(matches!(world.sessions[0], State::Transaction(..)));
    }
}
