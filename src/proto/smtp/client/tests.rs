//! Clients that pipeline, send chunks, log in and begin TLS, against scripted and real servers.

use proptest::prelude::*;

use super::{Client, ClientConfig, ClientEvent, TlsUse, Transaction, Trouble, Unsendable, Verdict};
use crate::base::SimTime;
use crate::proto::sasl::{Credentials, Mechanism};
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::{
    Authentication, BodyType, Dialect, Envelope, Extension, Extensions, ForwardPath, MailOptions, Mailbox, Notify,
    Recipient, Ret, ReversePath, Server, ServerConfig, ServerEvent, Status,
};
use crate::proto::tls;

const NOW: SimTime = SimTime::ZERO;

fn config() -> ClientConfig {
    ClientConfig::new("crepes.fr".to_owned(), Dialect::Rfc5321)
}

fn transaction(to: &[&str], content: &[u8]) -> Transaction {
    let mailbox = |text: &str| Mailbox::parse(text).expect(text);
    let recipients = to.iter().map(|to| Recipient::new(ForwardPath::Mailbox(mailbox(to)))).collect();
    let reverse_path = ReversePath::Mailbox(mailbox("alice@crepes.fr"));
    Transaction {
        envelope: Envelope { reverse_path, recipients, options: MailOptions::default() },
        content: content.into(),
    }
}

/// What a client says, and what it tells, when it hears this.
struct Scripted {
    client: Client,
    work: Vec<Transaction>,
    verdicts: Vec<Vec<Verdict>>,
    failed: Option<Trouble>,
}

impl Scripted {
    fn new(config: ClientConfig, mut work: Vec<Transaction>) -> Self {
        work.reverse();
        let mut scripted = Self { client: Client::with(config), work, verdicts: Vec::new(), failed: None };
        scripted.client.handle(NOW, Input::Start);
        scripted
    }

    /// It hears these lines; each thing that it says at once.
    fn hears(&mut self, lines: &str) -> Vec<String> {
        for line in lines.split('|') {
            self.client.handle(NOW, Input::Bytes(format!("{line}\r\n").as_bytes()));
        }
        let mut said = Vec::new();
        while let Some(output) = self.client.poll() {
            match output {
                Output::Transmit(octets) => said.push(String::from_utf8(octets).unwrap()),
                Output::Event(ClientEvent::Ready) => match self.work.pop() {
                    Some(transaction) => self.client.begin(NOW, transaction),
                    None => self.client.quit(NOW),
                },
                Output::Event(ClientEvent::Ended(verdicts)) => self.verdicts.push(verdicts),
                Output::Event(ClientEvent::Failed(trouble)) => self.failed = Some(trouble),
                Output::Event(ClientEvent::Transferring) | Output::Close => {}
            }
        }
        said
    }

    fn codes(&self) -> Vec<Vec<u16>> {
        let code = |verdict: &Verdict| match verdict {
            Verdict::Accepted => 250,
            Verdict::Refused(reply) => reply.code,
            Verdict::Unsendable(_) => 1,
            Verdict::Broken { after_dot: false, .. } => 2,
            Verdict::Broken { after_dot: true, .. } => 3,
        };
        self.verdicts.iter().map(|verdicts| verdicts.iter().map(code).collect()).collect()
    }
}

/// RFC 2920 section 3.1. Would break if a group did not end at DATA, or if a failure in its middle were
/// given to the wrong recipient.
#[test]
fn groups_of_commands_and_failures_within() {
    let group = "MAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<a@h>\r\nRCPT TO:<b@h>\r\nDATA\r\n";
    let config = || ClientConfig { pipelining: true, ..config() };
    for (answers, then, codes) in [
        ("250 s|250 a|550 b|354 go", "x\r\n.\r\n", None),
        (
            "250 s|250 a|250 b|451 no",
            "RSET\r\nMAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<c@h>\r\nDATA\r\n",
            Some(vec![451, 451]),
        ),
        (
            "250 s|550 a|450 b|554 none",
            "RSET\r\nMAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<c@h>\r\nDATA\r\n",
            Some(vec![550, 450]),
        ),
        // All failed, and DATA was taken all the same.
        ("250 s|550 a|450 b|354 go", ".\r\n", None),
        ("550 s|503 a|503 b|503 no", "MAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<c@h>\r\nDATA\r\n", Some(vec![550, 550])),
        ("550 s|250 a|250 b|354 go", ".\r\n", None),
    ] {
        let work = vec![transaction(&["a@h", "b@h"], b"x\r\n"), transaction(&["c@h"], b"y\r\n")];
        let mut client = Scripted::new(config(), work);
        assert_eq!(client.hears("220 h"), ["EHLO crepes.fr\r\n"]);
        assert_eq!(client.hears("250-h|250 PIPELINING"), [group]);
        assert_eq!(client.hears(answers), [then], "{answers}");
        assert_eq!(client.codes(), codes.map(|codes| vec![codes]).unwrap_or_default(), "{answers}");
    }
    // Not offered, not used.
    let mut client = Scripted::new(config(), vec![transaction(&["a@h"], b"x\r\n")]);
    client.hears("220 h");
    assert_eq!(client.hears("250 h"), ["MAIL FROM:<alice@crepes.fr>\r\n"]);
}

/// Would break if the lone dot's answer became a verdict, or the loss of a connection in a group
/// were told as after the dot.
#[test]
fn ends_of_groups() {
    let begin = |answers: &str| {
        let config = ClientConfig { pipelining: true, ..config() };
        let mut client = Scripted::new(config, vec![transaction(&["a@h", "b@h"], b"x\r\n")]);
        client.hears("220 h");
        client.hears("250-h|250 PIPELINING");
        client.hears(answers);
        client
    };
    let mut client = begin("250 s|550 a|450 b|354 go");
    assert_eq!((client.hears("250 done"), client.codes()), (vec!["QUIT\r\n".to_owned()], vec![vec![550, 450]]));
    let mut client = begin("250 s|250 a");
    client.client.handle(NOW, Input::EndOfStream);
    client.hears("");
    assert_eq!(client.codes(), [[2, 2]]);
    let mut client = begin("250 s|250 a|550 b|354 go");
    client.client.handle(NOW, Input::EndOfStream);
    client.hears("");
    assert_eq!(client.codes(), [[3, 550]]);
    let mut client = begin("250 s|421 bye");
    assert_eq!(client.codes(), [[2, 2]]);
    assert!(matches!(client.failed.take(), Some(Trouble::Refused(reply)) if reply.code == 421));
}

/// RFC 3030. Would break if chunks were cut wrongly, a dot doubled, or a refused chunk followed by another.
#[test]
fn chunks() {
    let config = |pipelining| ClientConfig { chunking: true, chunk_size: 4, pipelining, ..config() };
    let work = || vec![transaction(&["a@h"], b".x\r\nyz\r\n"), transaction(&["b@h"], b"")];
    let mut client = Scripted::new(config(false), work());
    client.hears("220 h");
    client.hears("250-h|250-PIPELINING|250 CHUNKING");
    client.hears("250 s");
    assert_eq!(client.hears("250 a"), ["BDAT 4\r\n.x\r\n"]);
    assert_eq!(client.hears("250 more"), ["BDAT 4 LAST\r\nyz\r\n"]);
    assert_eq!(client.hears("250 done"), ["MAIL FROM:<alice@crepes.fr>\r\n"]);
    client.hears("250 s");
    assert_eq!(client.hears("250 b"), ["BDAT 0 LAST\r\n"]);
    client.hears("552 no");
    assert_eq!(client.codes(), [[250], [552]]);
    let mut client = Scripted::new(config(false), work());
    client.hears("220 h");
    client.hears("250-h|250 CHUNKING");
    client.hears("250 s");
    client.hears("250 a");
    assert_eq!(client.hears("451 no"), ["RSET\r\n"]);
    let mut client = Scripted::new(config(true), work());
    client.hears("220 h");
    let whole = "MAIL FROM:<alice@crepes.fr>\r\nRCPT TO:<a@h>\r\nBDAT 4\r\n.x\r\nBDAT 4 LAST\r\nyz\r\n";
    assert_eq!(client.hears("250-h|250-PIPELINING|250 CHUNKING"), [whole]);
    client.hears("250 s|250 a|552 no|503 no");
    assert_eq!(client.codes(), [[552]]);
}

/// RFC 1870, 6152, 6531, 3461. Would break if a parameter were sent to who does not know it, or what
/// a server cannot take were sent to it.
#[test]
fn parameters_where_they_are_offered() {
    let mut work = transaction(&["a@h"], b"caf\xc3\xa9\r\n");
    work.envelope.options =
        MailOptions { ret: Some(Ret::Headers), envid: Some("a b".to_owned()), ..MailOptions::default() };
    let notify = Some(Notify { success: true, failure: false, delay: true });
    work.envelope.recipients[0].notify = notify;
    work.envelope.recipients[0].original = Some("rfc822;a+b@h".to_owned());
    let says = |offers: &str, work: &Transaction| {
        let mut client = Scripted::new(config(), vec![work.clone()]);
        client.hears("220 h");
        let mut said = client.hears(&format!("250-h|{offers}"));
        said.extend(client.hears("250 s"));
        (said.concat().replace("alice@crepes.fr", "A"), client.codes())
    };
    assert_eq!(says("250 X", &work).0, "MAIL FROM:<A>\r\nRCPT TO:<a@h>\r\n");
    let all = "250-SIZE|250-8BITMIME|250-SMTPUTF8|250 DSN";
    let said = "MAIL FROM:<A> SIZE=7 BODY=8BITMIME RET=HDRS ENVID=a+20b\r\nRCPT TO:<a@h> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@h\r\n";
    assert_eq!(says(all, &work).0, said);
    assert_eq!(says("250 SIZE 6", &work), ("QUIT\r\n".to_owned(), vec![vec![1]]));
    assert!(says("250 SIZE 7", &work).0.starts_with("MAIL FROM:<A> SIZE=7\r\n"));
    work.envelope.options.body = BodyType::EightBit;
    assert_eq!(says("250 SIZE", &work), ("QUIT\r\n".to_owned(), vec![vec![1]]));
    let utf8 = transaction(&["zoë@h", "b@h"], b"x\r\n");
    assert_eq!(says("250 X", &utf8).0, "MAIL FROM:<A>\r\nRCPT TO:<b@h>\r\n");
    assert_eq!(says("250 SMTPUTF8", &utf8).0, "MAIL FROM:<A> SMTPUTF8\r\nRCPT TO:<zoë@h>\r\n");
    for (why, code) in [(Unsendable::TooLarge, "5.3.4"), (Unsendable::Utf8, "5.6.7"), (Unsendable::Body, "5.6.3")] {
        assert!(why.text().starts_with(code));
    }
}

/// Runs a client against a server until both have closed: what each transmitted, in turn, what is
/// stored, and the verdicts.
fn converse(
    client: ClientConfig,
    server: ServerConfig,
    work: Vec<Transaction>,
) -> (Vec<Vec<u8>>, Vec<Vec<u8>>, Scripted) {
    let mut client = Scripted::new(client, work);
    let mut server = Server::new(server);
    server.handle(NOW, Input::Start);
    let (mut went, mut stored) = (Vec::new(), Vec::new());
    loop {
        let mut said = Vec::new();
        while let Some(output) = server.poll() {
            match output {
                Output::Transmit(octets) => said.extend(octets),
                Output::Close => {}
                Output::Event(ServerEvent::Login(credentials)) if credentials.password != "hungry" => {
                    server.reject(535, Status::CREDENTIALS, "no");
                }
                Output::Event(ServerEvent::Recipient(path)) if path.as_str().starts_with("nobody") => {
                    server.reject(550, Status::NO_MAILBOX, "no");
                }
                Output::Event(ServerEvent::Message { content, .. }) => {
                    stored.push(content);
                    server.accept();
                }
                Output::Event(ServerEvent::Handshake) => server.computed(),
                Output::Event(_) => server.accept(),
            }
        }
        said.chunks(3).for_each(|chunk| client.client.handle(NOW, Input::Bytes(chunk)));
        let mut answered = Vec::new();
        while let Some(output) = client.client.poll() {
            match output {
                Output::Transmit(octets) => answered.extend(octets),
                Output::Event(ClientEvent::Ready) => match client.work.pop() {
                    Some(transaction) => client.client.begin(NOW, transaction),
                    None => client.client.quit(NOW),
                },
                Output::Event(ClientEvent::Ended(verdicts)) => client.verdicts.push(verdicts),
                Output::Event(ClientEvent::Failed(trouble)) => client.failed = Some(trouble),
                Output::Event(ClientEvent::Transferring) | Output::Close => {}
            }
        }
        answered.chunks(2).for_each(|chunk| server.handle(NOW, Input::Bytes(chunk)));
        let over = answered.is_empty();
        went.extend([said, answered]);
        if over {
            return (went, stored, client);
        }
    }
}

fn server() -> ServerConfig {
    ServerConfig::new("h".to_owned())
}

/// RFC 4954. Would break if a log-in that is asked for were left out, or one that failed did not end the session.
#[test]
fn logging_in() {
    let authentication = Authentication::Required;
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        for (password, codes) in [("hungry", vec![vec![250]]), ("thirsty", vec![])] {
            let login = Some((mechanism, Credentials::of("alice".to_owned(), password.to_owned())));
            let server = ServerConfig { authentication, ..server() };
            let (_, _, client) =
                converse(ClientConfig { login, ..config() }, server, vec![transaction(&["a@h"], b"x\r\n")]);
            assert_eq!(client.codes(), codes, "{mechanism:?} {password}");
            assert_eq!(client.failed.is_some(), password != "hungry");
        }
    }
    let (_, _, client) =
        converse(config(), ServerConfig { authentication, ..server() }, vec![transaction(&["a@h"], b"")]);
    assert_eq!(client.codes(), [[530]]);
}

/// RFC 3207. Would break if a word of the dialogue could be read behind the handshake, if it took more
/// round trips than it does, or if a client that needs TLS went on without.
#[test]
fn sessions_over_tls() {
    for (version, turns) in [(tls::Version::Tls13, 2), (tls::Version::Tls12, 3)] {
        let with = |tls| ServerConfig { tls, ..server() };
        let model = tls::Model { version, ..tls::Model::default() };
        let work = || vec![transaction(&["a@h"], b"secret\r\n")];
        let required = || ClientConfig { tls: TlsUse::Required(version), ..config() };
        let (plain, ..) = converse(config(), with(None), work());
        let (sealed, stored, client) = converse(required(), with(Some(model)), work());
        assert_eq!((client.codes(), stored), (vec![vec![250]], vec![b"secret\r\n".to_vec()]));
        // EHLO twice, and STARTTLS; the handshake.
        assert_eq!(sealed.len(), plain.len() + 2 * (1 + turns), "{version:?}");
        let text = |went: &[Vec<u8>]| {
            went.concat().windows(6).filter(|octets| *octets == b"secret" || *octets == b"MAIL F").count()
        };
        assert_eq!((text(&plain), text(&sealed)), (2, 0));
        assert_eq!(sealed.concat().windows(8).filter(|octets| *octets == b"STARTTLS").count(), 2);
        let (_, stored, client) = converse(required(), with(None), work());
        assert!(stored.is_empty() && client.failed.is_some());
        let when_offered = ClientConfig { tls: TlsUse::WhenOffered(version), ..config() };
        let (_, stored, _) = converse(when_offered, with(None), work());
        assert_eq!(stored.len(), 1);
    }
}

/// RFC 7435 section 3. Would break if who asks could not tell that it was STARTTLS at which the server broke off
/// or fell silent, or took a server that shuts down for one.
#[test]
fn silence_at_starttls_is_told_as_such() {
    let after = |input: Input<'_>| {
        let client = ClientConfig { tls: TlsUse::WhenOffered(tls::Version::Tls13), ..config() };
        let mut client = Client::with(client);
        client.handle(NOW, Input::Start);
        client.handle(NOW, Input::Bytes(b"220 h\r\n250-h\r\n250 STARTTLS\r\n"));
        client.handle(SimTime::NEVER, input);
        let events = std::iter::from_fn(|| client.poll()).filter_map(|output| match output {
            Output::Event(event) => Some(event),
            Output::Transmit(_) | Output::Close => None,
        });
        events.collect::<Vec<_>>()
    };
    let unsecured = |why: &str| vec![ClientEvent::Failed(Trouble::Unsecured(format!("{why} at STARTTLS")))];
    assert_eq!(after(Input::EndOfStream), unsecured("connection lost"));
    assert_eq!(after(Input::Tick), unsecured("no reply in time"));
    assert_eq!(after(Input::Bytes(b"?\r\n")).len(), 1);
    let refused = after(Input::Bytes(b"421 h\r\n"));
    assert!(matches!(refused[..], [ClientEvent::Failed(Trouble::Refused(_))]), "{refused:?}");
}

/// RFC 8446 section 6.2. Would break if ends that speak different versions waited for each other, or if
/// who asked were not told that it was TLS that failed.
#[test]
fn another_version_is_an_alert_and_the_end() {
    let versions = [tls::Version::Tls12, tls::Version::Tls13];
    for (client_speaks, server_speaks) in [(versions[0], versions[1]), (versions[1], versions[0])] {
        for tls in [TlsUse::Required(client_speaks), TlsUse::WhenOffered(client_speaks)] {
            let model = tls::Model { version: server_speaks, ..tls::Model::default() };
            let server = ServerConfig { tls: Some(model), ..server() };
            let (went, stored, client) =
                converse(ClientConfig { tls, ..config() }, server, vec![transaction(&["a@h"], b"x\r\n")]);
            assert!(stored.is_empty());
            assert_eq!(
                client.failed,
                Some(Trouble::Unsecured("protocol error: the handshake was ended by the alert 70".to_owned()))
            );
            // The hello of 517 octets is the last that the client says, the alert the last that the server says.
            let [hello, alert, nothing] = went.last_chunk().unwrap();
            assert!(nothing.is_empty());
            assert_eq!((hello.len(), alert.as_slice()), (517, &[21, 3, 3, 0, 2, 2, 70][..]));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Would break if with some offers and uses a message did not come as it was sent, or a recipient had no
    /// verdict, or another's.
    #[test]
    fn every_way_of_sending_ends_alike(
        bits in 0_u16..1 << 10, pipelining in any::<bool>(), chunking in any::<bool>(), chunk_size in 1_usize..20,
        secured in any::<bool>(),
        messages in proptest::collection::vec(
            (proptest::collection::vec("(nobody|someone)[ab]@h", 1..4), proptest::collection::vec("[.a ]{0,9}", 0..6)), 0..4)
    ) {
        let offered = Extension::ALL.into_iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
        let extensions: Extensions = offered.map(|(_, extension)| extension).collect();
        let tls = secured.then(tls::Model::default);
        let use_tls = if secured { TlsUse::Required(tls::Version::Tls13) } else { TlsUse::Never };
        let client = ClientConfig { pipelining, chunking, chunk_size, tls: use_tls, ..config() };
        let content = |lines: &[String]| lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect::<Vec<u8>>();
        let work = messages.iter().map(|(to, lines)| {
            transaction(&to.iter().map(String::as_str).collect::<Vec<_>>(), &content(lines))
        });
        let (_, stored, client) = converse(client, ServerConfig { extensions, tls, ..server() }, work.collect());
        let codes: Vec<Vec<u16>> = messages.iter()
            .map(|(to, _)| to.iter().map(|to| if to.starts_with("nobody") { 550 } else { 250 }).collect()).collect();
        prop_assert_eq!(client.codes(), codes);
        prop_assert!(client.failed.is_none());
        let taken = messages.iter().filter(|(to, _)| to.iter().any(|to| to.starts_with("someone")));
        prop_assert_eq!(stored, taken.map(|(_, lines)| content(lines)).collect::<Vec<_>>());
    }

    /// Would break if some server made a client panic, or end a recipient twice or never.
    #[test]
    fn whatever_a_server_says_each_recipient_ends_once(
        replies in proptest::collection::vec(prop_oneof![
            6 => "(220|250|354|334|235|421|450|550|552|503)[ -][ a-zA-Z0-9=]{0,9}", 2 => Just("250-h\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS".to_owned()),
            1 => "[\\x00-\\x7f\u{e9}]{0,20}",
        ], 0..30),
        pipelining in any::<bool>(), chunking in any::<bool>(), login in any::<bool>(), tls in any::<bool>(),
        piece in 1_usize..40, ends in any::<bool>()
    ) {
        let login = login.then(|| (Mechanism::Login, Credentials::of("a".to_owned(), "b".to_owned())));
        let tls = if tls { TlsUse::WhenOffered(tls::Version::Tls12) } else { TlsUse::Never };
        let config = ClientConfig { pipelining, chunking, chunk_size: 3, login, tls, ..config() };
        let mut client = Client::with(config);
        client.handle(NOW, Input::Start);
        let octets: Vec<u8> = replies.iter().flat_map(|reply| format!("{reply}\r\n").into_bytes()).collect();
        let (mut begun, mut ended, mut closed) = (0, 0, false);
        for chunk in octets.chunks(piece).map(Some).chain([None]) {
            match chunk {
                Some(chunk) => client.handle(NOW, Input::Bytes(chunk)),
                None if ends => client.handle(NOW, Input::EndOfStream),
                None => client.handle(SimTime::NEVER, Input::Tick),
            }
            while let Some(output) = client.poll() {
                match output {
                    Output::Event(ClientEvent::Ready) => {
                        prop_assert_eq!(begun, ended);
                        client.begin(NOW, transaction(&["a@h", "b@h"], b"x\r\n"));
                        begun += 1;
                    }
                    Output::Event(ClientEvent::Ended(verdicts)) => {
                        prop_assert_eq!(verdicts.len(), 2);
                        ended += 1;
                    }
                    Output::Close => closed = true,
                    Output::Event(_) | Output::Transmit(_) => prop_assert!(!closed),
                }
            }
        }
        prop_assert!(closed);
        prop_assert_eq!(begun, ended);
    }
}
