//! Webmail through the gateway, by the client of the simulation over real connections.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use posthaste::base::SimTime;
use posthaste::proto::mailbox::{About, Detail, Done, Handle, MailboxClient as _, MailboxEvent, Part, Task, Writing};
use posthaste::proto::session::{Input, Output, Session as _};
use posthaste::proto::webmail::Client;

use super::lecture;
use super::served::{PATIENCE, Served, mailbox};

/// A person at a browser.
struct Person {
    client: Client,
    stream: TcpStream,
}

impl Person {
    fn enter(served: &Served, server: &str, user: &str) -> Self {
        let at = served.at("http", server);
        let client = Client::new(at.to_string(), user.to_owned(), "hungry".to_owned());
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut person = Self { client, stream };
        person.client.handle(SimTime::ZERO, Input::Start);
        assert_eq!(person.event(), MailboxEvent::Open);
        person
    }

    fn event(&mut self) -> MailboxEvent {
        loop {
            while let Some(output) = self.client.poll() {
                match output {
                    Output::Transmit(bytes) => self.stream.write_all(&bytes).unwrap(),
                    Output::Event(event) => return event,
                    Output::Close => self.stream.shutdown(Shutdown::Write).unwrap(),
                }
            }
            let mut piece = [0; 1000];
            match self.stream.read(&mut piece).unwrap() {
                0 => self.client.handle(SimTime::ZERO, Input::EndOfStream),
                n => self.client.handle(SimTime::ZERO, Input::Bytes(&piece[..n])),
            }
        }
    }

    #[track_caller]
    fn does(&mut self, task: Task) -> Done {
        self.client.ask(SimTime::ZERO, task);
        let MailboxEvent::Done(done) = self.event() else { panic!("the session ended") };
        done
    }

    fn leave(mut self) {
        self.client.ask(SimTime::ZERO, Task::Quit);
        assert_eq!(self.event(), MailboxEvent::Finished);
    }
}

/// Would break if what is written in a browser did not arrive as it is, or the run's books did not know of it.
#[test]
fn a_message_goes_from_browser_to_browser_and_back() {
    let mut scenario = lecture();
    for domain in ["crepes.fr", "hamburger.edu"] {
        scenario["mail"][domain]["webmail"] = serde_json::json!({});
    }
    let served = Served::start(&scenario, &["--speed", "max"]);
    let octets: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut alice = Person::enter(&served, "crepes.fr", "alice");
    let (to, files) =
        (vec!["bob@hamburger.edu".to_owned()], vec![("a.bin".into(), "image/png".into(), octets.clone())]);
    let writing = Writing { to, subject: "Grüße".into(), text: "<b>Hi</b>".into(), files, ..Writing::default() };
    assert_eq!(alice.does(Task::Send(writing)), Done::Sent(Some("<w1.alice@crepes.fr>".into())));
    alice.leave();
    assert_eq!(mailbox(&served, "hamburger.edu", "bob").len(), 1);
    let mut bob = Person::enter(&served, "hamburger.edu", "bob");
    let Done::Listed(list) = bob.does(Task::List { folder: "INBOX".into(), behind: None, detail: Detail::Lines })
    else {
        panic!("no list")
    };
    assert_eq!((list[0].subject.as_deref(), list[0].from.as_deref()), (Some("Grüße"), Some("alice@crepes.fr")));
    let (message, place) = (Handle(1), list[0].parts[0].place.clone());
    let Done::Opened { content, .. } = bob.does(Task::Open { message, part: Part::Text }) else { panic!("no text") };
    assert_eq!(content, b"<b>Hi</b>");
    let Done::Opened { content, .. } = bob.does(Task::Open { message, part: Part::Place(place) }) else {
        panic!("no file")
    };
    assert!(content == octets, "{} octets", content.len());
    let writing = Writing { text: "Yes.".into(), about: Some((message, About::Reply)), ..Writing::default() };
    assert_eq!(bob.does(Task::Send(writing)), Done::Sent(Some("<w1.bob@hamburger.edu>".into())));
    bob.leave();
    let back = mailbox(&served, "crepes.fr", "alice");
    let back = String::from_utf8(back[0].clone()).unwrap();
    assert!(back.contains("In-Reply-To: <w1.alice@crepes.fr>\r\n") && back.contains("\r\n> <b>Hi</b>\r\n"), "{back}");
    let ended = served.quit();
    let metrics = ["messages.composed", "messages.delivered", "messages.retrieved"].map(|name| ended.metric(name));
    assert_eq!(metrics, [2.0, 2.0, 2.0]);
    assert!(ended.transcript("http-alice-pc.crepes.fr-1").contains("C: POST /compose HTTP/1.1\n"));
}
