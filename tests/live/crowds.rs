//! Many clients at a time.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::thread;

use super::lecture_at_once;
use super::served::{Client, mailbox, stuffed};

/// A thousand, or what this process may open beside the other tests.
fn crowd() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let open = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let soft: usize = open.split_whitespace().next().unwrap().parse().unwrap_or(usize::MAX);
    (soft / 3).min(1000)
}

/// Would break if a connection among many were forgotten, or got what is another's.
#[test]
fn a_thousand_clients_are_all_answered() {
    let mut served = lecture_at_once(&[]);
    let at = served.at("smtp", "hamburger.edu");
    let count = crowd();
    let mut clients: Vec<Client> = (0..count).map(|_| Client::connect(at)).collect();
    for client in &mut clients {
        client.hear("220");
    }
    assert_eq!(served.command("clients").lines().count(), count);
    for (number, client) in clients.iter_mut().enumerate() {
        client.say(&format!("HELO c{number}.example"));
    }
    for (number, client) in clients.iter_mut().enumerate().rev() {
        assert_eq!(client.hear("250"), format!("250 Hello c{number}.example, pleased to meet you"));
    }
    // All of them say each line before the first hears its answer.
    for (say, start) in
        [("MAIL FROM:<alice@crepes.fr>", "250"), ("RCPT TO:<bob@hamburger.edu>", "250"), ("DATA", "354")]
    {
        clients.iter_mut().for_each(|client| client.say(say));
        clients.iter_mut().for_each(|client| drop(client.hear(start)));
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&stuffed(format!("Message-ID: <{number}@crowd>\r\n\r\nfrom {number}\r\n").as_bytes()));
    }
    clients.iter_mut().for_each(|client| drop(client.hear("250")));
    clients.iter_mut().for_each(|client| client.say("QUIT"));
    for client in &mut clients {
        client.hear("221");
        client.hears_the_end();
    }
    drop(clients);
    served.until("clients", |answer| answer == "nobody is connected");
    let mut numbers: Vec<usize> = mailbox(&served, "hamburger.edu", "bob")
        .iter()
        .map(|content| {
            let text = String::from_utf8_lossy(content);
            text.trim_end().rsplit(' ').next().unwrap().parse().unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    let ended = served.quit();
    assert_eq!(ended.metric("messages.delivered"), count as f64);
    assert_eq!(ended.table("messages").len(), count);
}

/// Would break if clients that come and go left something behind, or if one of them could stop the service.
#[test]
fn those_who_only_come_and_go_leave_nothing_behind() {
    let mut served = lecture_at_once(&[]);
    let places = ["smtp", "submission", "pop3"].map(|service| served.at(service, "hamburger.edu"));
    let flood = |at: SocketAddr, odd: bool| {
        for number in 0..300 {
            let client = Client::connect(at);
            match number % 3 {
                0 => drop(client),
                1 => client.reset(),
                _ if odd => client.half_close(),
                _ => client.stream().shutdown(std::net::Shutdown::Read).unwrap(),
            }
        }
    };
    thread::scope(|scope| {
        for (number, at) in places.into_iter().enumerate() {
            scope.spawn(move || flood(at, number % 2 == 0));
        }
    });
    let mut client = served.client("smtp", "hamburger.edu");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"hi\r\n");
    drop(client);
    served.until("clients", |answer| answer == "nobody is connected");
    let ended = served.quit();
    assert_eq!(ended.metric("messages.delivered"), 1.0);
}

/// Would break if more clients than allowed got in, or if none got in after others had gone.
#[test]
fn more_than_most_are_turned_away() {
    let mut served = lecture_at_once(&["--most-clients", "2"]);
    let at = served.at("smtp", "hamburger.edu");
    let mut inside = [Client::connect(at), Client::connect(at)];
    inside.iter_mut().for_each(Client::greet);
    Client::connect(at).hears_the_end();
    served.hears("turned away: there are too many clients");
    let [one, mut other] = inside;
    drop(one);
    served.until("clients", |answer| answer.lines().count() == 1);
    served.client("pop3", "hamburger.edu").log_in("bob");
    other.ask("QUIT", "221");
    served.quit();
}

/// Would break if a client's octets were kept without bound while its server does not take them, or if what it
/// sends in advance were not answered in order.
#[test]
fn those_who_wait_for_no_answer_are_answered_in_order() {
    let served = lecture_at_once(&[]);
    let at = served.at("smtp", "hamburger.edu");
    let mut client = Client::connect(at);
    let writer = client.stream().try_clone().unwrap();
    let sender = thread::spawn(move || {
        use std::io::Write as _;
        let mut text = String::from("HELO client.example\r\n");
        for number in 0..5_000 {
            text.push_str(&format!("HELO c{number}.example\r\nNOOP\r\n"));
        }
        text.push_str("QUIT\r\n");
        let mut writer: TcpStream = writer;
        writer.write_all(text.as_bytes()).unwrap();
    });
    client.greet_ahead();
    for number in 0..5_000 {
        assert_eq!(client.hear("250"), format!("250 Hello c{number}.example, pleased to meet you"));
        client.hear("250");
    }
    client.hear("221");
    client.hears_the_end();
    sender.join().unwrap();
    served.quit();
}
