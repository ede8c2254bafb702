//! The client of webmail against the server, over a connection that is cut into pieces.

use proptest::prelude::*;

use super::site::Site;
use crate::app::mail::webmail::Call;
use crate::base::{ConnId, HostId, SimDuration, SimTime};
use crate::proto::http::{Conduct, Server, ServerEvent};
use crate::proto::mailbox::{
    About, Criteria, Detail, Done, Handle, MailboxClient as _, MailboxEvent, Mark, Part, Task, Writing,
};
use crate::proto::session::{Input, Output, Session as _};
use crate::proto::webmail::Client;

/// A person at a browser.
struct Person {
    client: Client,
    server: Option<Server>,
    connections: u32,
    told: Vec<MailboxEvent>,
    piece: usize,
    requests: Option<u32>,
}

impl Person {
    fn new(piece: usize, requests: Option<u32>) -> Self {
        let client = Client::new("crepes.fr".into(), "alice".into(), "hungry".into());
        Self { client, server: None, connections: 0, told: Vec::new(), piece, requests }
    }

    /// Carries octets until both ends are silent.
    fn run(&mut self, site: &mut Site) {
        loop {
            let now = site.host.now;
            if self.server.is_none() {
                while let Some(output) = self.client.poll() {
                    if let Output::Event(event) = output {
                        self.told.push(event);
                    }
                }
                if self.connections > 0 && !self.client.wants_connection() {
                    return;
                }
                self.connections += 1;
                let conduct = Conduct { requests: self.requests, ..Conduct::default() };
                self.server = Some(Server::new(conduct));
                self.client.handle(now, Input::Start);
            }
            let mut busy = false;
            while let Some(output) = self.client.poll() {
                busy = true;
                match output {
                    Output::Transmit(bytes) => {
                        for piece in bytes.chunks(self.piece) {
                            self.server.iter_mut().for_each(|server| server.handle(now, Input::Bytes(piece)));
                        }
                    }
                    Output::Event(event) => self.told.push(event),
                    Output::Close => self.server = None,
                }
            }
            while let Some(output) = self.server.as_mut().and_then(Server::poll) {
                busy = true;
                match output {
                    Output::Transmit(bytes) => {
                        bytes.chunks(self.piece).for_each(|piece| self.client.handle(now, Input::Bytes(piece)));
                    }
                    Output::Close => self.client.handle(now, Input::EndOfStream),
                    Output::Event(ServerEvent::Refused(fault)) => panic!("{fault:?}"),
                    Output::Event(ServerEvent::Request(request)) => {
                        let address = "10.0.0.9".parse().unwrap();
                        let call = Call { request: &request, conn: ConnId { host: HostId(1), number: 1 }, address };
                        let response = site.webmail.answer(&mut site.host, &mut site.spool, &call);
                        self.server.iter_mut().for_each(|server| server.respond(now, &response));
                    }
                }
            }
            if !busy && (self.server.is_some() || !self.client.wants_connection()) {
                return;
            }
        }
    }

    fn does(&mut self, site: &mut Site, task: Task) -> Done {
        self.client.ask(site.host.now, task);
        self.run(site);
        match self.told.pop() {
            Some(MailboxEvent::Done(done)) => done,
            other => panic!("{other:?}"),
        }
    }

    fn list(&mut self, site: &mut Site, folder: &str, behind: Option<u64>) -> Vec<u64> {
        let behind = behind.map(Handle);
        let task = Task::List { folder: folder.into(), behind, detail: Detail::Lines };
        let Done::Listed(list) = self.does(site, task) else { panic!("no list") };
        list.iter().map(|row| row.message.0).collect()
    }
}

/// Would break if the client could not do what a mailbox's client does, however its connections end.
#[test]
fn tasks_are_done_over_any_connection() {
    for (piece, requests) in [(usize::MAX, None), (1, None), (100, Some(1)), (usize::MAX, Some(3))] {
        let mut site = Site::new();
        let mut person = Person::new(piece, requests);
        for number in 1..=60 {
            site.deliver(&format!(
                "Subject: n{number}\nMessage-ID: <{number}@b>\nFrom: carol@crepes.fr\n\nHi <{number}>\n"
            ));
        }
        person.run(&mut site);
        assert_eq!(person.told.pop(), Some(MailboxEvent::Open));
        assert_eq!(person.list(&mut site, "INBOX", None), (1..=60).collect::<Vec<u64>>());
        assert_eq!(person.list(&mut site, "INBOX", Some(58)), [59, 60]);
        let message = Handle(60);
        for (part, content) in
            [(Part::Text, b"Hi <60>".to_vec()), (Part::Whole, site.drop("alice").messages()[59].content.to_vec())]
        {
            let done = person.does(&mut site, Task::Open { message, part: part.clone() });
            assert_eq!(done, Done::Opened { message, part, content });
        }
        let files = vec![("a.bin".into(), "image/png".into(), vec![13, 10, 0])];
        let writing =
            Writing { text: "Yes.".into(), about: Some((message, About::Reply)), files, ..Writing::default() };
        assert_eq!(person.does(&mut site, Task::Send(writing)), Done::Sent(Some("<w1.alice@crepes.fr>".into())));
        let got = String::from_utf8(site.drop("carol").messages()[0].content.to_vec()).unwrap();
        for text in ["Subject: Re: n60\r\n", "Yes.\r\n", "> Hi <60>", "a.bin"] {
            assert!(got.contains(text), "{text} in {got}");
        }
        let refused = Writing { to: vec!["nosuch@crepes.fr".into()], ..Writing::default() };
        let done = person.does(&mut site, Task::Send(refused));
        assert!(matches!(&done, Done::Refused(why) if why.contains("User unknown")), "{done:?}");
        let draft = Writing { subject: "later".into(), draft: true, ..Writing::default() };
        assert_eq!(person.does(&mut site, Task::Send(draft)), Done::Sent(Some("<w2.alice@crepes.fr>".into())));
        assert_eq!(person.does(&mut site, Task::Mark { message, mark: Mark::Flagged, on: true }), Done::Changed);
        assert_eq!(person.does(&mut site, Task::Move { message, folder: "Büro".into() }), Done::Changed);
        assert!(matches!(person.does(&mut site, Task::Delete { message }), Done::Refused(_)));
        assert_eq!(person.does(&mut site, Task::Delete { message: Handle(1) }), Done::Changed);
        let criteria = Criteria { subject: Some("n5".into()), unseen: true, ..Criteria::default() };
        let found: Vec<Handle> = [5, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59].map(Handle).into();
        assert_eq!(person.does(&mut site, Task::Search(criteria)), Done::Found(found));
        assert_eq!(person.list(&mut site, "Büro", None), [1]);
        assert_eq!(person.list(&mut site, "Sent", None), [1]);
        assert_eq!(person.list(&mut site, "Drafts", None), [1]);
        let (to, resumes) = (vec!["carol@crepes.fr".into()], Some(Handle(1)));
        let going_on = Writing { to, text: "Now.".into(), resumes, ..Writing::default() };
        assert!(matches!(person.does(&mut site, Task::Send(going_on)), Done::Sent(Some(_))));
        assert_eq!(person.list(&mut site, "Drafts", None), [0_u64; 0], "a draft that was sent is none any more");
        let got = String::from_utf8(site.drop("carol").messages()[1].content.to_vec()).unwrap();
        assert!(got.contains("Subject: later\r\n") && got.contains("Now.\r\n"), "{got}");
        assert_eq!(
            person.does(&mut site, Task::List { folder: "None".into(), behind: None, detail: Detail::Sizes }),
            Done::Refused("There is no such page, folder or message.".into())
        );
        person.client.ask(site.host.now, Task::Quit);
        person.run(&mut site);
        assert_eq!(person.told, [MailboxEvent::Finished]);
        assert!(requests.is_some() || person.connections == 1);
    }
}

/// Would break if a person who waits never looked again, or saw news where there are none.
#[test]
fn whoever_waits_looks_again_every_minute() {
    let mut site = Site::new();
    let mut person = Person::new(usize::MAX, None);
    person.run(&mut site);
    person.told.clear();
    assert!(person.list(&mut site, "INBOX", None).is_empty());
    let second = |seconds: u64| SimTime::from_nanos(seconds * 1_000_000_000);
    person.client.ask(site.host.now, Task::Watch { until: second(150) });
    let mut news = Vec::new();
    for (at, mail) in [(60, false), (120, true), (150, false)] {
        person.run(&mut site);
        assert_eq!(person.client.deadline(), second(at));
        site.host.now = second(at);
        if mail {
            site.deliver("Subject: x\n\nx\n");
        }
        person.client.handle(site.host.now, Input::Tick);
        person.run(&mut site);
        news.append(&mut person.told);
        if mail {
            assert_eq!(news, [MailboxEvent::Done(Done::News)]);
            person.client.ask(site.host.now, Task::Watch { until: second(150) });
        }
    }
    assert_eq!(news[1..], [MailboxEvent::Done(Done::NoNews)]);
}

/// Would break if a login that expired ended the session, if the page that was wanted did not come after all, or if a form
/// were handed in again.
#[test]
fn whoever_was_forgotten_logs_in_again() {
    for requests in [None, Some(1)] {
        let mut site = Site::new();
        (1..=60).for_each(|number| _ = site.deliver(&format!("Subject: {number}\n\n{number}\n")));
        let mut person = Person::new(100, requests);
        person.run(&mut site);
        person.told.clear();
        let later = |site: &mut Site| site.host.now = site.host.now.saturating_add(SimDuration::from_secs(3_600));
        later(&mut site);
        // What was shown after logging in is still there; the second page of it is not.
        assert_eq!(person.list(&mut site, "INBOX", None).len(), 60);
        for number in 1..=3 {
            later(&mut site);
            let (message, content) = (Handle(number), number.to_string().into_bytes());
            let done = person.does(&mut site, Task::Open { message, part: Part::Text });
            assert_eq!(done, Done::Opened { message, part: Part::Text, content });
            assert!(person.told.is_empty(), "{:?}", person.told);
        }
        later(&mut site);
        let expired = Done::Refused("the login had expired".into());
        assert_eq!(person.does(&mut site, Task::Delete { message: Handle(1) }), expired);
        assert_eq!(site.drop("alice").count(), 60);
        assert_eq!(person.does(&mut site, Task::Delete { message: Handle(1) }), Done::Changed);
        later(&mut site);
        let writing = Writing { to: vec!["carol@crepes.fr".into()], text: "Hi".into(), ..Writing::default() };
        assert!(matches!(person.does(&mut site, Task::Send(writing)), Done::Sent(_)));
        assert_eq!(site.drop("carol").count(), 1);
        later(&mut site);
        person.client.ask(site.host.now, Task::Quit);
        person.run(&mut site);
        assert_eq!(person.told, [MailboxEvent::Finished]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Would break if any order of tasks lost a message, or gave one out that is another.
    #[test]
    fn no_task_loses_a_message(steps in proptest::collection::vec((0..5_u8, 1..8_u64), 0..30), requests in proptest::option::of(1..5_u32)) {
        let mut site = Site::new();
        (1..=7).for_each(|number| _ = site.deliver(&format!("Subject: {number}\nMessage-ID: <{number}@b>\n\n{number}\n")));
        let mut person = Person::new(500, requests);
        person.run(&mut site);
        person.told.clear();
        person.list(&mut site, "INBOX", None);
        let (mut here, mut moved, mut gone) = ((1..=7).collect::<std::collections::BTreeSet<u64>>(), 0_usize, 0_usize);
        for (what, number) in steps {
            let (message, known) = (Handle(number), here.contains(&number));
            let task = match what {
                0 => Task::Open { message, part: Part::Text },
                1 => Task::Mark { message, mark: Mark::Seen, on: false },
                2 => Task::Move { message, folder: "Kept".into() },
                3 => Task::Delete { message },
                _ => Task::Open { message, part: Part::Whole },
            };
            let done = person.does(&mut site, task);
            prop_assert_eq!(matches!(done, Done::Refused(_)), !known);
            if known && what == 2 {
                here.remove(&number);
                moved += 1;
            } else if known && what == 3 {
                here.remove(&number);
                gone += 1;
            } else if let Done::Opened { part: Part::Text, content, .. } = done {
                prop_assert_eq!(content, number.to_string().into_bytes());
            }
        }
        prop_assert_eq!(person.list(&mut site, "INBOX", None), here.into_iter().collect::<Vec<u64>>());
        let kept = site.drop("alice").folder_named("Kept").map_or(0, |folder| folder.messages().len());
        prop_assert_eq!((kept, site.drop("alice").count()), (moved, 7 - gone));
        prop_assert_eq!(site.host.log.iter().filter(|event| event.contains("Deleted {")).count(), gone);
    }
}
