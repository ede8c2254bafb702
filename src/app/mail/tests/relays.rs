//! Servers that pass mail on for others: backup exchangers, smart hosts, entries for a domain.

use super::bed::{Bed, at, draft};
use crate::app::mail::{AddressBook, NextHop, RelayedDomain};
use crate::base::SimDuration;

const DOMAIN: &str = "hamburger.edu";

fn hop(host: &str, port: u16) -> NextHop {
    NextHop { host: host.to_owned(), port }
}

/// Alice, her server, Bob's server, and a relay for Bob's domain.
fn bed(to: &[&str], recipients: Option<&[&str]>) -> (Bed, [usize; 3]) {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], |_| {});
    let hamburger = bed.server(DOMAIN, &["bob"], |_| {});
    bed.user("alice@crepes.fr", vec![draft(1, to, "Question")], Vec::new());
    let backup = bed.server("backup.example", &[], |config| {
        config.domains = Vec::new();
        let users = |users: &[&str]| AddressBook {
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            ..AddressBook::default()
        };
        config.routing.relayed = vec![RelayedDomain { domain: DOMAIN.to_owned(), recipients: recipients.map(users) }];
    });
    let exchangers = vec![format!("10 {DOMAIN}"), "20 backup.example".to_owned()];
    bed.net.zone.insert(format!("{DOMAIN} MX"), (0, exchangers));
    (bed, [crepes, hamburger, backup])
}

/// Would break if the backup refused mail, delivered it to itself, or kept it for ever.
#[test]
fn a_backup_takes_mail_while_the_server_is_down() {
    let (mut bed, [_, hamburger, backup]) = bed(&["bob@hamburger.edu"], None);
    bed.down(hamburger, at(0), SimDuration::from_secs(3_600));
    bed.run(at(200));
    assert_eq!(bed.queued(), [0, 0, 1]);
    bed.run(at(20_000));
    let bob = bed.mailbox(hamburger, "bob@hamburger.edu");
    assert_eq!(bob.len(), 1);
    assert_eq!(bob[0].matches("\r\n\tby ").count() + bob[0].matches(") by ").count(), 3, "{}", bob[0]);
    assert!(bed.mail(backup).audit().relayed == 1 && bed.queued() == [0, 0, 0]);
    bed.assert_balance();
}

/// Would break if a relay that knows the users took mail for nobody, or if one that does not
/// know them gave no bounce.
#[test]
fn a_relay_that_knows_no_users_sends_bounces() {
    for recipients in [None, Some(&["bob@hamburger.edu"][..])] {
        let (mut bed, [crepes, hamburger, backup]) = bed(&["nobody@hamburger.edu", "bob@hamburger.edu"], recipients);
        bed.down(hamburger, at(0), SimDuration::from_secs(3_600));
        bed.run(at(20_000));
        assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
        let alice = bed.mailbox(crepes, "alice@crepes.fr");
        assert_eq!(alice.len(), 1);
        let by = if recipients.is_some() { "crepes.fr" } else { "backup.example" };
        assert!(alice[0].contains(&format!("MAILER-DAEMON@{by}")), "{}", alice[0]);
        assert_eq!(bed.mail(backup).audit().given_up, u64::from(recipients.is_none()));
        bed.assert_balance();
    }
}

/// Would break if a relay took mail for others' domains from strangers.
#[test]
fn a_relay_relays_for_its_domains_only() {
    let (mut bed, [.., backup]) = bed(&["bob@hamburger.edu"], None);
    bed.raw(backup, b"HELO x\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<alice@crepes.fr>\r\nRCPT TO:<b@Hamburger.EDU>\r\n");
    bed.run(at(100));
    assert!(bed.net.dialogue.contains("S: 550 alice@crepes.fr ... Relaying denied"));
    assert!(!bed.net.dialogue.contains("b@Hamburger.EDU ... Relaying denied"));
}

/// Would break if a smart host were asked for by MX, on another port than the one given, for
/// local mail, or for a domain that has an entry of its own.
#[test]
fn a_smart_host_gets_what_is_not_local() {
    let mut bed = Bed::new();
    let smart = bed.server("smart.example", &[], |config| config.inside = (1..9).map(Bed::address).collect());
    let to = ["bob@hamburger.edu", "carol@crepes.fr", "dan@pizza.it"];
    let crepes = bed.server("crepes.fr", &["alice", "carol"], |config| {
        config.inside = (0..9).map(Bed::address).collect();
        config.routing.transports.smart_host = Some(hop("smart.example", 587));
        config.routing.transports.by_domain =
            vec![("Pizza.it".to_owned(), None), ("x.org".to_owned(), Some(hop("crepes.fr", 25)))];
    });
    bed.user("alice@crepes.fr", vec![draft(1, &to, "Question")], Vec::new());
    let hamburger = bed.server(DOMAIN, &["bob"], |_| {});
    let pizza = bed.server("pizza.it", &["dan"], |_| {});
    bed.net.zone.insert("smart.example MX".to_owned(), (0, vec!["10 pizza.it".to_owned()]));
    bed.run(at(1_000));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu")[0].matches("smart.example").count(), 3);
    assert_eq!(bed.mailbox(crepes, "carol@crepes.fr").len(), 1);
    assert_eq!(bed.mailbox(pizza, "dan@pizza.it")[0].matches("smart.example").count(), 0);
    assert_eq!(bed.mail(smart).audit().relayed, 1);
    bed.assert_balance();
}

/// Would break if a server that is told to hand mail to itself sent it round.
#[test]
fn a_server_is_not_its_own_smart_host() {
    let mut bed = Bed::new();
    let crepes = bed.server("crepes.fr", &["alice"], |config| {
        config.routing.transports.smart_host = Some(hop("crepes.fr", 25));
    });
    bed.server(DOMAIN, &["bob"], |_| {});
    bed.user("alice@crepes.fr", vec![draft(1, &["bob@hamburger.edu"], "Question")], Vec::new());
    bed.run(at(1_000));
    let alice = bed.mailbox(crepes, "alice@crepes.fr");
    assert!(alice.len() == 1 && alice[0].contains("loops back"), "{alice:?}");
    bed.assert_balance();
}

/// Would break if a way that is still open were not tried before the message is put off: four
/// exchangers, of which two are dead, one has no address, and the last one works.
#[test]
fn all_exchangers_are_tried_in_one_attempt() {
    let (mut bed, [crepes, hamburger, backup]) = bed(&["bob@hamburger.edu"], None);
    let exchangers = ["5 dead1.example", "5 nameless.example", "10 backup.example", "20 hamburger.edu"];
    bed.net.zone.insert(format!("{DOMAIN} MX"), (0, exchangers.map(str::to_owned).to_vec()));
    bed.net.zone.insert("dead1.example A".to_owned(), (0, vec!["10.9.9.1".to_owned(), "10.9.9.2".to_owned()]));
    bed.net.zone.insert("nameless.example MX".to_owned(), (0, vec!["0 x".to_owned()]));
    bed.down(backup, at(0), SimDuration::from_secs(86_400));
    bed.run(at(1_000));
    assert_eq!(bed.mailbox(hamburger, "bob@hamburger.edu").len(), 1);
    // Three addresses were silent for as long as TCP tries, and then the message was taken.
    let taken = bed.logged(&["AttemptEnded", "Completed", "to: \"bob@hamburger.edu\""]);
    assert_eq!(taken.len(), 1);
    let seconds: u64 = taken[0].split(' ').next().unwrap().parse().unwrap();
    assert!((189..200).contains(&seconds), "{taken:?}");
    assert_eq!(bed.logged(&["AttemptStarted", "<1.alice@crepes.fr>"]).len(), 1);
    assert_eq!(bed.mail(crepes).audit().relayed, 1);
}
