//! Any octets to both ends of an SMTP session, in any pieces: the first octet of the input chooses the pieces
//! and the configuration. The work is done by `posthaste::proto::smtp`; what must hold is asserted here.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste::base::SimTime;
use posthaste::proto::sasl::{Credentials, Mechanism};
use posthaste::proto::session::{Input, Output, Session as _};
use posthaste::proto::smtp::{
    Authentication, Client, ClientConfig, ClientEvent, Dialect, Envelope, ForwardPath, MailOptions, Mailbox, Recipient,
    ReversePath, Server, ServerConfig, ServerEvent, Status, TlsUse, Transaction,
};
use posthaste::proto::tls;

const NOW: SimTime = SimTime::ZERO;

fuzz_target!(|octets: &[u8]| {
    let Some((&choice, octets)) = octets.split_first() else { return };
    let piece = usize::from(choice & 0x1f) + 1;
    serve(octets, piece, choice & 0x20 != 0, choice & 0x40 != 0);
    send(octets, piece, choice & 0x20 != 0, choice & 0x40 != 0);
});

/// The server says replies only, and nothing after its end.
fn serve(octets: &[u8], piece: usize, offered: bool, secured: bool) {
    let mut config = ServerConfig::new("h".to_owned());
    config.max_message = 4_096;
    config.authentication = if offered { Authentication::Offered } else { Authentication::NotOffered };
    config.tls = secured.then(tls::Model::default);
    let mut server = Server::new(config);
    server.handle(NOW, Input::Start);
    let mut closed = false;
    for chunk in octets.chunks(piece).map(Some).chain([None]) {
        server.handle(NOW, chunk.map_or(Input::EndOfStream, Input::Bytes));
        while let Some(output) = server.poll() {
            assert!(!closed, "something after the end");
            match output {
                Output::Close => closed = true,
                Output::Transmit(said) if tls::records(&said).is_some() => {}
                Output::Transmit(said) => {
                    for line in String::from_utf8(said).expect("UTF-8").lines() {
                        let code: u16 = line[..3].parse().expect("a code");
                        assert!((200..600).contains(&code), "{line}");
                    }
                }
                Output::Event(ServerEvent::Handshake) => server.computed(),
                Output::Event(ServerEvent::Expand(_)) => server.members(&["a@h".to_owned()]),
                Output::Event(ServerEvent::Login(_)) => server.reject(535, Status::CREDENTIALS, "no"),
                Output::Event(_) => server.accept(),
            }
        }
    }
    assert!(closed, "the server stays when its client has gone");
}

/// The client ends each transaction once, with a verdict for each recipient.
fn send(octets: &[u8], piece: usize, groups: bool, secured: bool) {
    let mailbox = Mailbox::parse("bob@h").expect("a mailbox");
    let recipients = vec![Recipient::new(ForwardPath::Mailbox(mailbox)); 2];
    let envelope = Envelope { reverse_path: ReversePath::Null, recipients, options: MailOptions::default() };
    let transaction = Transaction { envelope, content: b"hi\r\n"[..].into() };
    let mut client = Client::with(ClientConfig {
        pipelining: groups,
        chunking: groups,
        chunk_size: 3,
        login: Some((Mechanism::Plain, Credentials::of("a".to_owned(), "b".to_owned()))),
        tls: if secured { TlsUse::WhenOffered(tls::Version::Tls13) } else { TlsUse::Never },
        ..ClientConfig::new("c".to_owned(), Dialect::Rfc5321)
    });
    client.handle(NOW, Input::Start);
    let (mut begun, mut ended) = (0, 0);
    for chunk in octets.chunks(piece).map(Some).chain([None]) {
        client.handle(NOW, chunk.map_or(Input::EndOfStream, Input::Bytes));
        while let Some(output) = client.poll() {
            match output {
                Output::Event(ClientEvent::Ready) => {
                    assert_eq!(begun, ended, "ready in the middle of a transaction");
                    begun += 1;
                    client.begin(NOW, transaction.clone());
                }
                Output::Event(ClientEvent::Ended(verdicts)) => {
                    assert_eq!(verdicts.len(), 2);
                    ended += 1;
                }
                Output::Event(ClientEvent::Transferring | ClientEvent::Failed(_))
                | Output::Transmit(_)
                | Output::Close => {}
            }
        }
    }
    assert_eq!(begun, ended, "a transaction without an end");
}
