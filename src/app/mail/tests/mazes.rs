//! Random aliases, forwards and lists on three servers, all pointing anywhere. Would break if
//! mail went round without end, a copy were lost, or nobody heard of a message.

use super::bed::{Bed, at, draft};
use crate::app::mail::{AddressBook, DeliveredTo, ForwardConfig, ListConfig, MailServerConfig, Posting};
use crate::base::{Stream, Streams};

const DOMAINS: [&str; 3] = ["a.edu", "b.edu", "c.edu"];

fn pick(stream: &mut Stream, below: u64) -> usize {
    usize::try_from(stream.below(below)).unwrap()
}

/// Any address of the three domains: users u0 to u2, other names n0 to n3, and n9, which nobody has.
fn anybody(stream: &mut Stream) -> String {
    let local = ["u0", "u1", "u2", "n0", "n1", "n2", "n3", "n9"][pick(stream, 8)];
    format!("{local}@{}", DOMAINS[pick(stream, 3)])
}

fn some(stream: &mut Stream, most: u64) -> Vec<String> {
    (0..=pick(stream, most)).map(|_| anybody(stream)).collect()
}

fn maze(config: &mut MailServerConfig, domain: &str, stream: &mut Stream) {
    let mut book = AddressBook::default();
    for name in ["n0", "n1", "n2", "n3"] {
        let address = format!("{name}@{domain}");
        match pick(stream, 4) {
            0 | 1 => book.aliases.push((address, some(stream, 2))),
            2 => book.lists.push(ListConfig {
                address,
                members: some(stream, 3),
                owner: anybody(stream),
                posting: [Posting::Anyone, Posting::Members, Posting::Owner][pick(stream, 3)],
                sender_field: pick(stream, 2) == 0,
            }),
            _ => book.discards.push(address),
        }
    }
    for user in ["u0", "u1", "u2"] {
        if pick(stream, 2) == 0 {
            let (address, keep_copy) = (format!("{user}@{domain}"), pick(stream, 2) == 0);
            book.forwards.push(ForwardConfig { address, to: some(stream, 2), keep_copy });
        }
    }
    config.routing.book = book;
}

#[test]
fn mail_finds_an_end_in_any_maze() {
    let mut redirected = 0;
    for seed in 0..40 {
        let mut stream = Streams::new(seed).stream("maze");
        // A circle that branches doubles at each turn, and even with Delivered-To there are very many
        // ways through a maze: few turns must be enough.
        let traced = seed % 2 > 0;
        let mut bed = Bed::new();
        for domain in DOMAINS {
            bed.server(domain, &["u0", "u1", "u2"], |config| {
                maze(config, domain, &mut stream);
                config.routing.loops.delivered_to = if traced { DeliveredTo::Always } else { DeliveredTo::Never };
                config.routing.loops.max_hops = if traced { 7 } else { 5 };
            });
        }
        let to: Vec<String> = (0..3).map(|_| anybody(&mut stream)).collect();
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        bed.user("u0@a.edu", vec![draft(1, &to, "x"), draft(2, &to[..1], "y")], Vec::new());
        bed.run(at(86_400));
        bed.assert_balance();
        assert_eq!(bed.queued(), [0, 0, 0], "seed {seed}");
        for message in ["<1.u0@a.edu>", "<2.u0@a.edu>"] {
            let ends = ["Delivered {", "GivenUp {", "Discarded {", "Refused {"];
            let told = |end: &&str| !bed.logged(&[end, &format!("message: \"{message}\"")]).is_empty();
            assert!(ends.iter().any(told), "seed {seed}: {message} vanished\n{}", bed.net.log.join("\n"));
        }
        redirected += bed.logged(&["Redirected {"]).len();
    }
    assert!(redirected > 500, "{redirected} copies came of others: the mazes are too simple");
}
