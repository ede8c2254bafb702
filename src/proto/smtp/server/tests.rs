//! What a session holds in memory, whatever a client sends, and random sessions with EHLO.

use proptest::prelude::*;

use super::{Authentication, Mail, Server, ServerConfig, ServerEvent};
use crate::base::SimTime;
use crate::proto::session::{Input, Output, Session};
use crate::proto::smtp::status::Status;

const MAX_MESSAGE: usize = 5_000;

impl Server {
    /// Octets of input, message and envelope that are kept.
    fn held(&self) -> usize {
        let (envelope, content) = match &self.transaction {
            Mail::None | Mail::Failed => (None, 0),
            Mail::Chunks(envelope, body) => (Some(envelope), body.held()),
            Mail::Open(envelope) => (Some(envelope), 0),
            Mail::Data(envelope, body) => (Some(envelope), body.clone().into_content().capacity()),
        };
        let paths = envelope.map_or(0, |envelope| envelope.recipients.iter().map(|to| to.path.as_str().len()).sum());
        self.input.rest().len() + content + paths
    }
}

fn server(authentication: Authentication) -> Server {
    let config = ServerConfig { max_message: MAX_MESSAGE, authentication, ..ServerConfig::new("h".to_owned()) };
    let mut server = Server::new(config);
    server.handle(SimTime::ZERO, Input::Start);
    server
}

/// Takes everything but the password of anybody else than bob, and tells what was said.
fn judge(server: &mut Server) -> String {
    let mut said = String::new();
    while let Some(output) = server.poll() {
        match output {
            Output::Transmit(octets) => said.push_str(str::from_utf8(&octets).unwrap()),
            Output::Close => said.push_str("(closed)\r\n"),
            Output::Event(ServerEvent::Login(credentials)) if credentials.user != "bob" => {
                server.reject(535, Status::CREDENTIALS, "no");
            }
            Output::Event(
                ServerEvent::Login(_)
                | ServerEvent::Verify(_)
                | ServerEvent::Sender(_)
                | ServerEvent::Recipient(_)
                | ServerEvent::Expand(_)
                | ServerEvent::Flush(_)
                | ServerEvent::Message { .. },
            ) => server.accept(),
            Output::Event(ServerEvent::Handshake) => server.computed(),
        }
    }
    said
}

/// Would break if a line without end, recipients without end, or a message far beyond the
/// limit were kept instead of being read and thrown away.
#[test]
fn nothing_grows_without_end() {
    let begin = "EHLO a\r\nMAIL FROM:<a@b>\r\n";
    let data = format!("{begin}RCPT TO:<c@d>\r\nDATA\r\n");
    let line = "x".repeat(70) + "\r\n";
    for (begin, repeated, end, codes) in [
        ("", "x".repeat(100), "\r\nNOOP\r\n", "500 250"),
        ("EHLO a\r\n", "x".repeat(100), "\r\nNOOP\r\n", "500 250"),
        ("EHLO a\r\nAUTH PLAIN\r\n", "x".repeat(100), "\r\nNOOP\r\n", "500 250"),
        (begin, "RCPT TO:<someone@somewhere.example>\r\n".to_owned(), "DATA\r\n", "452 354"),
        (&data, line, ".\r\nNOOP\r\n", "552 250"),
        (&data, "x".repeat(100), "\r\n.\r\nNOOP\r\n", "552 250"),
    ] {
        let mut server = server(Authentication::Offered);
        server.handle(SimTime::ZERO, Input::Bytes(begin.as_bytes()));
        judge(&mut server);
        let mut said = String::new();
        let mut most = 0;
        for _ in 0..5_000 {
            server.handle(SimTime::ZERO, Input::Bytes(repeated.as_bytes()));
            most = most.max(server.held());
            said.push_str(&judge(&mut server));
        }
        server.handle(SimTime::ZERO, Input::Bytes(end.as_bytes()));
        said.push_str(&judge(&mut server));
        assert!(most <= 13_000, "{begin:?} {repeated:?}: {most} octets are held");
        let codes_heard: Vec<&str> = said.lines().map(|line| &line[..3]).collect();
        assert!(codes_heard.join(" ").ends_with(codes), "{begin:?} {repeated:?}: {codes_heard:?}");
    }
}

proptest! {
    /// Would break if some session with EHLO and AUTH made the server panic, say what is no
    /// reply or has no status code, or go on otherwise when the octets come in other pieces.
    #[test]
    fn extended_sessions_survive_anything(
        lines in proptest::collection::vec(
            prop_oneof![
                3 => Just("EHLO a".to_owned()), 1 => Just("HELO a".to_owned()),
                3 => "MAIL FROM:<?[a-c@.\"\\\\()]{0,8}>?( SIZE=[0-9]{1,5}| BODY=8BITMIME| AUTH=<>| X)?",
                3 => Just("MAIL FROM:<a@b>".to_owned()), 3 => Just("RCPT TO:<b@c>".to_owned()),
                2 => Just("DATA".to_owned()), 2 => Just(".".to_owned()), 1 => Just("RSET".to_owned()),
                2 => "AUTH( PLAIN| LOGIN| X)?( AGJvYgB4| AGIAeA==| =| Ym9i)?", 2 => "(AGJvYgB4|Ym9i|\\*|=)",
                1 => Just("VRFY b".to_owned()), 1 => "[\\x00-\\x7f\u{e9}]{0,30}"
            ], 0..40),
        required in any::<bool>(),
        piece in 1_usize..30
    ) {
        let authentication = if required { Authentication::Required } else { Authentication::Offered };
        let input: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
        let mut whole = server(authentication);
        whole.handle(SimTime::ZERO, Input::Bytes(&input));
        let expected = judge(&mut whole);
        let mut pieces = server(authentication);
        let mut said = judge(&mut pieces);
        for chunk in input.chunks(piece) {
            pieces.handle(SimTime::ZERO, Input::Bytes(chunk));
            said.push_str(&judge(&mut pieces));
        }
        prop_assert_eq!(&said, &expected);
        for line in said.lines().filter(|line| *line != "(closed)") {
            let code: u16 = line[..3].parse().unwrap();
            prop_assert!((220..560).contains(&code) && matches!(&line[3..4], " " | "-"), "{}", line);
        }
    }
}
