//! A script's scene as a scenario, and what has come of a session there.

use std::collections::BTreeSet;

use posthaste::base::SimTime;
use posthaste::proto::pop3;
use posthaste::proto::sasl::Credentials;
use posthaste::proto::session::{Input, Output, Session as _};
use posthaste::proto::smtp::Extension;
use serde_json::{Value, json};

use crate::script::{Scene, Step, What};
use crate::served::{Client, Served};

/// A user whose mailbox another client keeps locked, and the password in the scripts.
const LOCKED: &str = "busy";
const ITS_PASSWORD: &str = "x";

/// The largest message that a server takes where a script says nothing of it.
const USUAL_LIMIT: usize = 10_240_000;

/// The domain of the scripts' clients; Alice is there.
const ELSEWHERE: &str = "crepes.fr";

/// The scenario that stands for a scene.
pub(crate) fn scenario(scene: &Scene) -> Value {
    let mut users: BTreeSet<&str> = ["bob", "carol", "Bob+x"].into();
    let mut passwords = serde_json::Map::new();
    for (user, password) in &scene.users {
        users.insert(user);
        passwords.insert(format!("{user}@{}", scene.server), json!({ "password": one_word(password) }));
    }
    if scene.refusal(LOCKED).is_some() {
        users.insert(LOCKED);
        passwords.insert(format!("{LOCKED}@{}", scene.server), json!({ "password": ITS_PASSWORD }));
    }
    let mut domain = json!({ "users": users });
    if scene.protocol == "smtp" {
        // Scripts name recipients of all sorts.
        domain["catch_all"] = json!({ "mailbox": "carol" });
        domain["smtp"] = smtp(scene);
    }
    if let Some(separator) = scene.separator {
        domain["imap"] = json!({ "separator": separator });
    }
    // They name recipients elsewhere too, to whom the server relays for its own users only.
    let inside = format!("bob-pc.{}", scene.server);
    let must_log_in = scene.limit("auth").is_some_and(|must| must > 0);
    json!({
        "network": { "access": { "delay": "1ms" }, "backbone": { "delay": "5ms" } },
        "mail": { &scene.server: domain, ELSEWHERE: { "users": ["alice"] } },
        "users": passwords,
        "limits": { "message_size": format!("{}B", scene.limit("message").unwrap_or(USUAL_LIMIT)) },
        "live": { "host": if must_log_in { "pc.example.org" } else { &inside } }
    })
}

/// The limits of a scene, and what its server offers.
fn smtp(scene: &Scene) -> Value {
    let mut smtp = serde_json::Map::new();
    for (limit, key) in [("recipients", "recipients"), ("errors", "mistakes"), ("messages", "messages")] {
        if let Some(most) = scene.limit(limit) {
            smtp.insert(key.to_owned(), json!(most));
        }
    }
    if !scene.offers.is_empty() {
        let usual: Vec<&str> =
            Extension::ALL.map(Extension::keyword).into_iter().filter(|k| *k != "BINARYMIME").collect();
        let kept = usual.into_iter().filter(|name| !scene.offers.contains(&format!("-{name}")));
        let more = scene.offers.iter().map(String::as_str).filter(|name| !name.starts_with('-'));
        smtp.insert("offers".to_owned(), kept.chain(more).collect());
    }
    Value::Object(smtp)
}

/// A scenario's passwords have no blanks.
fn one_word(password: &str) -> String {
    password.replace(' ', "-")
}

/// What must be done before the session begins; keep what is returned as long as that lasts.
pub(crate) fn prepare(served: &Served, scene: &Scene) -> Option<Client> {
    if !scene.messages.is_empty() {
        let mut client = served.client("smtp", &scene.server);
        client.greet();
        for message in &scene.messages {
            client.hand_in(&format!("bob@{}", scene.server), message.as_bytes());
        }
        client.ask("QUIT", "221");
    }
    scene.refusal(LOCKED).map(|_| {
        let mut client = served.client("pop3", &scene.server);
        client.hear("+OK");
        client.ask(&format!("USER {LOCKED}"), "+OK");
        client.ask(&format!("PASS {ITS_PASSWORD}"), "+OK");
        client
    })
}

/// The service whose dialogue it is.
pub(crate) fn service(scene: &Scene) -> &str {
    if scene.protocol == "smtp" && scene.limit("auth").is_some() { "submission" } else { &scene.protocol }
}

/// The messages of a mailbox, unmarked.
pub(crate) fn contents(served: &Served, scene: &Scene, (user, server): (&str, &str)) -> Vec<Vec<u8>> {
    let mut client = served.client("pop3", server);
    let password = scene.users.iter().find(|(known, _)| known == user).map_or("hungry", |(_, password)| password);
    client.hear("+OK");
    client.ask(&format!("USER {user}"), "+OK");
    client.ask(&format!("PASS {}", one_word(password)), "+OK");
    let number = client.count();
    let contents = (1..=number).map(|number| {
        client.ask(&format!("TOP {number} 100000"), "+OK");
        client.lines()
    });
    let contents = contents.collect();
    client.ask("QUIT", "+OK");
    client.hears_the_end();
    contents
}

/// A message as it was sent, without the fields that the server put in front.
fn as_sent(content: &[u8]) -> &[u8] {
    let mut rest = content;
    while ["Return-Path:", "Received:", " ", "\t", "Message-ID: <Q"]
        .iter()
        .any(|start| rest.starts_with(start.as_bytes()))
    {
        let end = rest.iter().position(|&octet| octet == b'\n').map_or(rest.len(), |at| at + 1);
        rest = &rest[end..];
    }
    rest
}

/// What has come of an SMTP session, in the words of scripts.
pub(crate) fn stored(served: &Served, scene: &Scene) -> String {
    let mut found = contents(served, scene, ("bob", &scene.server));
    found.extend(contents(served, scene, ("alice", ELSEWHERE)));
    let texts: Vec<String> = found.iter().map(|content| as_sent(content).escape_ascii().to_string()).collect();
    format!("stored {} {}", texts.len(), texts.join(" | ")).trim_end().to_owned()
}

/// The numbers of messages in texts such as `bob@hamburger.edu fetched <Q000002@hamburger.edu>`.
fn numbers<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<u64> {
    let number = |text: &str| text.split("<Q").nth(1)?.split('@').next()?.parse().ok();
    texts.filter_map(number).collect()
}

/// What has come of a POP3 session, in the words of scripts.
pub(crate) fn received(served: &mut Served, scene: &Scene) -> String {
    let left = numbers(served.command("mail bob").lines());
    let count = u64::try_from(scene.messages.len()).unwrap();
    let deleted: Vec<u64> = (1..=count).filter(|number| !left.contains(number)).collect();
    let told = served.told.iter().filter_map(|value| value["what"].as_str());
    let received = numbers(told.filter(|what| what.contains(" fetched ")));
    format!("received {received:?} deleted {deleted:?}")
}

/// A session with the lines that the sans-IO server says on these messages.
pub(crate) fn on_these(scene: &Scene, contents: &[Vec<u8>], steps: &[Step]) -> Vec<Step> {
    let mut server = Rehearsal { scene, contents, server: pop3::Server::new() };
    let mut out = Vec::new();
    let hear = |line: usize, what: Vec<What>, out: &mut Vec<Step>| {
        out.extend(what.into_iter().map(|what| Step { line, what }));
    };
    hear(0, server.input(SimTime::ZERO, Input::Start), &mut out);
    let mut now = SimTime::ZERO;
    for step in steps {
        let what = match &step.what {
            What::Say(octets) => {
                let octets = match String::from_utf8(octets.clone()) {
                    Ok(text) if text.starts_with("PASS ") => {
                        format!("PASS {}\r\n", one_word(text["PASS ".len()..].trim_end())).into_bytes()
                    }
                    _ => octets.clone(),
                };
                let said = server.input(now, Input::Bytes(&octets));
                out.push(Step { line: step.line, what: What::Say(octets) });
                said
            }
            What::ClientCloses => {
                out.push(step.clone());
                server.input(now, Input::EndOfStream)
            }
            What::Wait(time) => {
                out.push(step.clone());
                now = SimTime::from_nanos(now.as_nanos() + u64::try_from(time.as_nanos()).unwrap());
                if server.server.deadline() <= now { server.input(now, Input::Tick) } else { Vec::new() }
            }
            What::Outcome(_) => {
                out.push(step.clone());
                continue;
            }
            What::Hear(_) | What::HearStart(_) | What::ServerCloses => continue,
        };
        hear(step.line, what, &mut out);
    }
    out
}

struct Rehearsal<'a> {
    scene: &'a Scene,
    contents: &'a [Vec<u8>],
    server: pop3::Server,
}

impl Rehearsal<'_> {
    fn input(&mut self, now: SimTime, input: Input<'_>) -> Vec<What> {
        self.server.handle(now, input);
        let (mut said, mut closed) = (String::new(), false);
        while let Some(output) = self.server.poll() {
            match output {
                Output::Transmit(octets) => said.push_str(str::from_utf8(&octets).unwrap()),
                Output::Close => closed = true,
                Output::Event(event) => self.judge(event),
            }
        }
        let lines = said.split_terminator("\r\n").map(|line| What::Hear(line.to_owned()));
        lines.chain(closed.then_some(What::ServerCloses)).collect()
    }

    fn judge(&mut self, event: pop3::ServerEvent) {
        match event {
            pop3::ServerEvent::Login(Credentials { user, password, .. }) => {
                let known = |(name, word): &(String, String)| *name == user && one_word(word) == password;
                if self.scene.refusal(&user).is_some() {
                    self.server.refuse(pop3::Denial::Locked);
                } else if self.scene.users.iter().any(known) {
                    let numbered = (1..).zip(self.contents);
                    self.server
                        .open(numbered.map(|(uid, m)| pop3::Entry { uid, content: m.as_slice().into() }).collect());
                } else {
                    self.server.refuse(pop3::Denial::Credentials);
                }
            }
            pop3::ServerEvent::Apop(_) => self.server.refuse(pop3::Denial::Credentials),
            pop3::ServerEvent::Retrieving { .. } | pop3::ServerEvent::Received { .. } => {}
            pop3::ServerEvent::Update { .. } => self.server.updated(),
        }
    }
}
