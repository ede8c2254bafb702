//! The two ends of a session, against each other and against hostile peers, without a network.

use proptest::prelude::*;

use super::{
    Client, ClientEvent, Dialect, Envelope, ForwardPath, MailOptions, Mailbox, Recipient, ReversePath, Server,
    ServerConfig, ServerEvent, Status, Transaction, Trouble, Verdict,
};
use crate::base::{SimDuration, SimTime};
use crate::proto::session::{Input, Output, Session};

fn server() -> Server {
    let mut server = Server::new(ServerConfig::new("hamburger.edu".to_owned()));
    server.handle(SimTime::ZERO, Input::Start);
    server
}

fn transaction(to: &[&str], content: &str) -> Transaction {
    let mailbox = |text: &&str| ForwardPath::Mailbox(Mailbox::parse(text).unwrap());
    let reverse_path = ReversePath::Mailbox(Mailbox::parse("alice@crepes.fr").unwrap());
    let recipients = to.iter().map(mailbox).map(Recipient::new).collect();
    let options = MailOptions::default();
    Transaction { envelope: Envelope { reverse_path, recipients, options }, content: content.as_bytes().into() }
}

/// Says yes to everybody but `nobody` and `later`; returns what was transmitted and accepted.
fn judge(server: &mut Server, stored: &mut Vec<Vec<u8>>) -> (Vec<u8>, bool) {
    let mut sent = Vec::new();
    let mut closed = false;
    while let Some(output) = server.poll() {
        match output {
            Output::Transmit(bytes) => sent.extend(bytes),
            Output::Close => closed = true,
            Output::Event(ServerEvent::Sender(_) | ServerEvent::Verify(_) | ServerEvent::Flush(_)) => server.accept(),
            Output::Event(ServerEvent::Expand(_)) => server.members(&["bob@hamburger.edu".to_owned()]),
            Output::Event(ServerEvent::Handshake) => server.computed(),
            Output::Event(ServerEvent::Login(credentials)) if credentials.password == "hungry" => server.accept(),
            Output::Event(ServerEvent::Login(_)) => server.reject(535, Status::CREDENTIALS, "no"),
            Output::Event(ServerEvent::Recipient(path)) => match path.as_str().split('@').next() {
                Some("nobody") => server.reject(550, Status::NO_MAILBOX, "nobody@hamburger.edu ... User unknown"),
                Some("later") => server.reject(450, Status::OTHER, "later@hamburger.edu ... Mailbox busy"),
                Some(_) | None => server.accept(),
            },
            Output::Event(ServerEvent::Message { content, .. }) => {
                stored.push(content);
                server.accept();
            }
        }
    }
    (sent, closed)
}

struct Run {
    dialogue: String,
    stored: Vec<Vec<u8>>,
    verdicts: Vec<Vec<Verdict>>,
}

/// Runs both ends until both have closed, handing octets over in pieces.
fn converse(dialect: Dialect, mut work: Vec<Transaction>, piece: usize) -> Run {
    let now = SimTime::ZERO;
    let (mut client, mut server) = (Client::new("crepes.fr".to_owned(), dialect), server());
    client.handle(now, Input::Start);
    let mut run = Run { dialogue: String::new(), stored: Vec::new(), verdicts: Vec::new() };
    work.reverse();
    loop {
        let (sent, server_closed) = judge(&mut server, &mut run.stored);
        say(&mut run.dialogue, 'S', &sent);
        sent.chunks(piece).for_each(|chunk| client.handle(now, Input::Bytes(chunk)));
        let mut said = Vec::new();
        while let Some(output) = client.poll() {
            match output {
                Output::Transmit(bytes) => said.extend(bytes),
                Output::Event(ClientEvent::Ready) => match work.pop() {
                    Some(transaction) => client.begin(now, transaction),
                    None => client.quit(now),
                },
                Output::Event(ClientEvent::Ended(verdicts)) => run.verdicts.push(verdicts),
                Output::Event(ClientEvent::Transferring) => {}
                Output::Event(ClientEvent::Failed(trouble)) => panic!("{trouble}"),
                Output::Close => assert!(server_closed),
            }
        }
        say(&mut run.dialogue, 'C', &said);
        said.chunks(piece).for_each(|chunk| server.handle(now, Input::Bytes(chunk)));
        if said.is_empty() {
            return run;
        }
    }
}

fn say(dialogue: &mut String, who: char, bytes: &[u8]) {
    for line in str::from_utf8(bytes).unwrap().split_terminator("\r\n") {
        dialogue.push_str(&format!("{who}: {line}\n"));
    }
}

/// The lecture's fifteen lines, letter for letter; would break if one letter changed.
#[test]
fn the_lectures_dialogue() {
    let work = || vec![transaction(&["bob@hamburger.edu"], "Do you like ketchup?\r\nHow about pickles?\r\n")];
    let golden = include_str!("../../../tests/dialogues/lecture.txt");
    for piece in [1, 2, 3, 7, 1_000] {
        assert_eq!(converse(Dialect::Lecture, work(), piece).dialogue, golden, "pieces of {piece}");
    }
    let rfc = include_str!("../../../tests/dialogues/rfc5321.txt");
    assert_eq!(converse(Dialect::Rfc5321, work(), 5).dialogue, rfc);
}

/// Would break if EHLO were not said, or if its refusal by a server of old ended the
/// session, or another refusal did not.
#[test]
fn ehlo_and_helo_for_servers_that_do_not_know_it() {
    let now = SimTime::ZERO;
    let after = |answers: &[&str]| {
        let mut client = Client::new("crepes.fr".to_owned(), Dialect::Rfc5321);
        client.handle(now, Input::Start);
        answers.iter().for_each(|answer| client.handle(now, Input::Bytes(format!("{answer}\r\n").as_bytes())));
        std::iter::from_fn(move || client.poll()).collect::<Vec<_>>()
    };
    let say = |line: &str| Output::Transmit(format!("{line}\r\n").into_bytes());
    let ready = Output::Event(ClientEvent::Ready);
    assert_eq!(after(&["220 h", "250-h", "250 SIZE"]), [say("EHLO crepes.fr"), ready.clone()]);
    for unknown in ["500 what?", "502 not here"] {
        assert_eq!(after(&["220 h", unknown, "250 h"]), [say("EHLO crepes.fr"), say("HELO crepes.fr"), ready.clone()]);
    }
    let refused = after(&["220 h", "550 not you"]);
    assert_eq!(refused[..2], [say("EHLO crepes.fr"), say("QUIT")]);
    assert!(matches!(&refused[2..], [Output::Event(ClientEvent::Failed(Trouble::Refused(_))), Output::Close]));
    let twice = after(&["220 h", "502 not here", "502 not here"]);
    assert_eq!(twice[..3], [say("EHLO crepes.fr"), say("HELO crepes.fr"), say("QUIT")]);
}

/// Would break if verdicts were mixed up among recipients, or if a transaction without any
/// recipient left the next one in a bad sequence.
#[test]
fn several_transactions_and_recipients() {
    let work = vec![
        transaction(&["nobody@h.edu", "later@h.edu"], "lost\r\n"),
        transaction(&["bob@h.edu", "nobody@h.edu", "later@h.edu", "carol@h.edu"], ".dot\r\n"),
        transaction(&["bob@h.edu"], ""),
    ];
    let run = converse(Dialect::Rfc5321, work, 4);
    let codes = |verdicts: &[Verdict]| -> Vec<u16> {
        let code = |v: &Verdict| match v {
            Verdict::Accepted => 250,
            Verdict::Refused(reply) => reply.code,
            Verdict::Unsendable(_) | Verdict::Broken { .. } => 0,
        };
        verdicts.iter().map(code).collect()
    };
    let got: Vec<Vec<u16>> = run.verdicts.iter().map(|v| codes(v)).collect();
    assert_eq!(got, [vec![550, 450], vec![250, 550, 450, 250], vec![250]]);
    assert_eq!(run.stored, [b".dot\r\n".to_vec(), Vec::new()]);
    assert!(run.dialogue.contains("C: RSET\nS: 250 2.0.0 Reset state\nC: MAIL"));
}

/// Would break if a pipelining client were served out of order or lost commands while the
/// application judged.
#[test]
fn pipelined_commands_are_served_in_order() {
    let mut server = server();
    let all = b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<nobody@h>\r\nRCPT TO:<bob@h>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";
    server.handle(SimTime::ZERO, Input::Bytes(all));
    server.handle(SimTime::ZERO, Input::EndOfStream);
    let mut stored = Vec::new();
    let (sent, closed) = judge(&mut server, &mut stored);
    let codes: Vec<&str> = str::from_utf8(&sent).unwrap().lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["220", "250", "250", "550", "250", "354", "250", "221"]);
    assert_eq!((stored, closed), (vec![b"hi\r\n".to_vec()], true));
}

#[test]
fn too_much_of_anything_is_refused() {
    let mut config = ServerConfig::new("h".to_owned());
    (config.max_message, config.max_recipients) = (10, 2);
    let mut server = Server::new(config);
    let input = format!(
        "{}\r\nHELO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@h>\r\nRCPT TO:<b@h>\r\nRCPT TO:<c@h>\r\nDATA\r\n{}\r\n.\r\nNOOP\r\n",
        "x".repeat(2_000),
        "y".repeat(20)
    );
    server.handle(SimTime::ZERO, Input::Bytes(input.as_bytes()));
    let (sent, _) = judge(&mut server, &mut Vec::new());
    let codes: Vec<&str> = str::from_utf8(&sent).unwrap().lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["500", "250", "250", "250", "250", "452", "354", "552", "250"]);
}

fn client_hears(replies: &str, then: Input<'_>, now: SimTime) -> Vec<ClientEvent> {
    let mut client = Client::new("crepes.fr".to_owned(), Dialect::Rfc5321);
    client.handle(SimTime::ZERO, Input::Start);
    let mut events = Vec::new();
    let mut drain = |client: &mut Client| {
        while let Some(output) = client.poll() {
            if let Output::Event(event) = output {
                if event == ClientEvent::Ready {
                    client.begin(SimTime::ZERO, transaction(&["bob@h.edu"], "x\r\n"));
                }
                events.push(event);
            }
        }
    };
    for line in replies.split_inclusive("\r\n") {
        client.handle(SimTime::ZERO, Input::Bytes(line.as_bytes()));
        drain(&mut client);
    }
    client.handle(now, then);
    drain(&mut client);
    events
}

/// Would break if a client took a broken session for a success, or did not tell whether the
/// final dot had been sent.
#[test]
fn clients_notice_trouble() {
    let after = |s: u64| SimTime::ZERO + SimDuration::from_secs(s);
    let up_to_dot = "220 h\r\n250 hi\r\n250 ok\r\n250 ok\r\n354 go\r\n";
    let broken = |trouble: Trouble, after_dot| ClientEvent::Ended(vec![Verdict::Broken { trouble, after_dot }]);
    let events = client_hears(up_to_dot, Input::EndOfStream, SimTime::ZERO);
    assert!(events.contains(&broken(Trouble::Lost, true)), "{events:?}");
    let events = client_hears(up_to_dot, Input::Tick, after(599));
    assert_eq!(events.last(), Some(&ClientEvent::Transferring));
    let events = client_hears(up_to_dot, Input::Tick, after(600));
    assert!(events.contains(&broken(Trouble::TimedOut, true)));
    let events = client_hears("220 h\r\n250 hi\r\n250 ok\r\n250 ok\r\n", Input::Tick, after(120));
    assert!(events.contains(&broken(Trouble::TimedOut, false)));
    for (replies, code) in [("554 no\r\n", 554), ("220 h\r\n421 later\r\n", 421)] {
        let events = client_hears(replies, Input::Tick, SimTime::ZERO);
        assert!(matches!(&events[0], ClientEvent::Failed(Trouble::Refused(reply)) if reply.code == code));
    }
    let events = client_hears("220 h\r\nwhat?\r\n", Input::Tick, SimTime::ZERO);
    assert!(matches!(events[0], ClientEvent::Failed(Trouble::Protocol(_))));
}

/// A client that hands over these messages in turn hears these replies; what it was told.
fn hears_in_turn(mut work: Vec<Transaction>, replies: &str) -> (Client, Vec<ClientEvent>) {
    let mut client = Client::new("crepes.fr".to_owned(), Dialect::Rfc5321);
    client.handle(SimTime::ZERO, Input::Start);
    client.handle(SimTime::ZERO, Input::Bytes(b"220 h\r\n"));
    client.handle(SimTime::ZERO, Input::Bytes(b"250 hi\r\n"));
    let mut events = Vec::new();
    work.reverse();
    for line in std::iter::once("").chain(replies.split_inclusive("\r\n")) {
        client.handle(SimTime::ZERO, Input::Bytes(line.as_bytes()));
        while let Some(output) = client.poll() {
            if let Output::Event(event) = output {
                if event == ClientEvent::Ready
                    && let Some(transaction) = work.pop()
                {
                    client.begin(SimTime::ZERO, transaction);
                }
                events.push(event);
            }
        }
    }
    (client, events)
}

/// RFC 5321 4.3.2 and 4.5.3.1.10. Would break if an unknown code of a known first digit ended
/// a transaction, if "too many recipients" by its old code made a bounce, or if a refused RSET
/// were taken for a verdict on the message that was to follow.
#[test]
fn clients_read_codes_as_they_are_meant() {
    let code = |verdict: &Verdict| match verdict {
        Verdict::Accepted => 250,
        Verdict::Refused(reply) => reply.code,
        Verdict::Unsendable(_) | Verdict::Broken { .. } => 0,
    };
    let verdicts = |replies: &str| -> Vec<u16> {
        let (_, events) = hears_in_turn(vec![transaction(&["a@h", "b@h"], "x\r\n")], replies);
        let ended = events.into_iter().find_map(|event| match event {
            ClientEvent::Ended(verdicts) => Some(verdicts),
            ClientEvent::Ready | ClientEvent::Transferring | ClientEvent::Failed(_) => None,
        });
        ended.expect("a transaction that ends").iter().map(code).collect()
    };
    assert_eq!(verdicts("259 s\r\n251 a\r\n252 b\r\n359 go\r\n299 done\r\n"), [250, 250]);
    assert_eq!(verdicts("250 s\r\n250 a\r\n552 b\r\n354 go\r\n250 done\r\n"), [250, 452]);
    assert_eq!(verdicts("250 s\r\n552 a\r\n250 b\r\n354 go\r\n250 done\r\n"), [552, 250]);
    assert_eq!(verdicts("250 s\r\n250 a\r\n599 b\r\n354 go\r\n499 no\r\n"), [499, 599]);
    let work = || vec![transaction(&["a@h"], "x\r\n"), transaction(&["b@h"], "y\r\n")];
    let (_, events) = hears_in_turn(work(), "250 s\r\n550 a\r\n502 what?\r\n");
    assert!(matches!(events.last(), Some(ClientEvent::Failed(Trouble::Protocol(_)))), "{events:?}");
}

/// RFC 5321 4.5.3.2. Would break if a long message on a slow line were given up while it was
/// still on its way, and sent again and again.
#[test]
fn the_last_timer_grows_with_the_message() {
    let up_to_dot = "250 s\r\n250 a\r\n354 go\r\n";
    for (kibibytes, minutes) in [(0, 10), (60, 10), (70, 13), (1_024, 10 + 3 * 16)] {
        let content = format!("{}\r\n", "x".repeat(62)).repeat(16 * kibibytes);
        let (client, _) = hears_in_turn(vec![transaction(&["a@h"], &content)], up_to_dot);
        assert_eq!(client.deadline(), SimTime::ZERO + SimDuration::from_secs(60 * minutes), "{kibibytes} KiB");
    }
}

proptest! {
    /// Would break if some sequence of commands made the server panic, answer what is no
    /// reply, or answer differently when the octets come in other pieces.
    #[test]
    fn servers_survive_anything(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("HELO a"), Just("EHLO b.c"), Just("MAIL FROM:<a@b>"), Just("RCPT TO:<bob@h>"), Just("DATA"),
                Just("."), Just("..x"), Just("RSET"), Just("NOOP"), Just("VRFY x"), Just("MAIL FROM:<>"), Just("\u{0}\u{ff}"),
                Just("RCPT TO:<nobody@h>"), Just("x\ny"), Just("HELP")
            ], 0..30),
        piece in 1_usize..20
    ) {
        let input: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
        let mut whole = server();
        whole.handle(SimTime::ZERO, Input::Bytes(&input));
        let mut stored = Vec::new();
        let (expected, _) = judge(&mut whole, &mut stored);
        let mut pieces = server();
        let mut stored_too = Vec::new();
        let (mut got, _) = judge(&mut pieces, &mut stored_too);
        for chunk in input.chunks(piece) {
            pieces.handle(SimTime::ZERO, Input::Bytes(chunk));
            got.extend(judge(&mut pieces, &mut stored_too).0);
        }
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(stored, stored_too);
        prop_assert!(str::from_utf8(&got).unwrap().lines().all(|line| line.len() > 4 && line[..3].parse::<u16>().is_ok()));
    }

    #[test]
    fn both_ends_survive_garbage(octets in proptest::collection::vec(any::<u8>(), 0..400), piece in 1_usize..50) {
        let mut server = server();
        let mut client = Client::new("c".to_owned(), Dialect::Lecture);
        for chunk in octets.chunks(piece) {
            server.handle(SimTime::ZERO, Input::Bytes(chunk));
            judge(&mut server, &mut Vec::new());
            client.handle(SimTime::ZERO, Input::Bytes(chunk));
            while client.poll().is_some() {}
        }
    }
}
