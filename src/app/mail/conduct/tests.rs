//! Supervised sessions without a network: each action at each command, and that supervision alone
//! changes nothing.

mod stage;

use std::sync::Arc;

use proptest::prelude::*;

use self::stage::Stage;
use super::attended::Attended;
use super::rules::{Action, At, Gauge, Per, Rate, Rule, Ruling, Saying, Slowness, When};
use crate::base::{Dist, Probability, SimDuration, SimTime};
use crate::proto::session::{Input, Session};
use crate::proto::smtp::{Authentication, Server, ServerConfig};

fn rule(at: At, ruling: Ruling, effect: bool) -> Rule {
    named("r", When { at: [at].into(), ..When::default() }, Action::Decide { ruling, effect })
}

fn named(name: &str, when: When, action: Action) -> Rule {
    Rule { name: Arc::from(name), when, slow: Slowness::default(), action }
}

/// The commands of a session in which everything occurs, with the first words of a server's replies.
const SESSION: [(At, &str, &str); 14] = [
    (At::Connect, "", "220"),
    (At::Other, "WHAT\n", "500"),
    (At::Helo, "HELO x\n", "250"),
    (At::Ehlo, "EHLO x\n", "250"),
    (At::Noop, "NOOP\n", "250"),
    (At::Help, "HELP\n", "214"),
    (At::Vrfy, "VRFY a\n", "252"),
    (At::Mail, "MAIL FROM:<a@x>\n", "250"),
    (At::Rset, "RSET\n", "250"),
    (At::Mail, "MAIL FROM:<a@x>\n", "250"),
    (At::Rcpt, "RCPT TO:<b@y>\n", "250"),
    (At::Data, "DATA\n", "354"),
    (At::Body, "Subject: s\n\n..t\n.\n", "250"),
    (At::Quit, "QUIT\n", "221"),
];

/// Plays the session up to the first occurrence of a command; that command's replies are left to
/// be read.
fn play_to(stage: &mut Stage, at: At) {
    stage.give(Input::Start);
    stage.settle();
    for (here, line, code) in SESSION {
        if here == at {
            if at != At::Connect {
                stage.replies();
                stage.say(line);
            }
            return;
        }
        if here != At::Connect {
            stage.say(line);
        }
        let replies = stage.replies();
        assert!(replies.starts_with(code), "{at:?}: {line:?} was answered {replies:?}");
    }
}

fn all_commands() -> impl Iterator<Item = (At, &'static str)> {
    let mut seen = Vec::new();
    SESSION.into_iter().filter_map(move |(at, _, code)| {
        let new = !seen.contains(&at);
        seen.push(at);
        new.then_some((at, code))
    })
}

#[test]
fn every_refusal_at_every_command() {
    for (at, _) in all_commands() {
        for code in [421, 450, 554] {
            let mut stage = Stage::new(vec![rule(at, Ruling::Reply(Saying::new(code, "", "No")), false)]);
            play_to(&mut stage, at);
            let close = if code == 421 { "{close}" } else { "" };
            assert_eq!(stage.replies(), format!("{code} No|{close}"), "{at:?}");
            assert_eq!(stage.messages.len(), usize::from(at == At::Quit), "{at:?}");
            assert_eq!(stage.uses.len(), 1, "{at:?}");
            assert_eq!(stage.over, code == 421, "{at:?}");
        }
    }
}

#[test]
fn every_ending_at_every_command() {
    let drop = |reset| Ruling::Drop { reset };
    for (at, _) in all_commands() {
        for (ruling, heard) in [(drop(false), "{close}"), (drop(true), "{reset}"), (Ruling::Silent, "")] {
            for effect in [false, true] {
                let mut stage = Stage::new(vec![rule(at, ruling.clone(), effect)]);
                play_to(&mut stage, at);
                assert_eq!(stage.replies(), heard, "{at:?} {ruling:?}");
                // After the dot the message is taken, or not: that is the lost reply.
                let taken = at == At::Quit || (at == At::Body && effect);
                assert_eq!(stage.messages.len(), usize::from(taken), "{at:?} {ruling:?}");
                stage.say("NOOP\nQUIT\n");
                assert_eq!(stage.replies(), "", "{at:?} {ruling:?}");
                stage.give(Input::EndOfStream);
                assert!(stage.over, "{at:?} {ruling:?}");
            }
        }
    }
}

#[test]
fn a_half_closed_server_goes_on_to_listen() {
    for (at, code) in all_commands().filter(|(at, _)| *at != At::Quit) {
        let mut stage = Stage::new(vec![rule(at, Ruling::HalfClose, false)]);
        play_to(&mut stage, at);
        let replies = stage.replies();
        assert!(replies.starts_with(code) && replies.ends_with("|{fin}"), "{at:?}: {replies}");
        let rest = SESSION.iter().skip_while(|(here, ..)| *here != at).skip(1);
        rest.for_each(|(_, line, _)| stage.say(line));
        assert_eq!(stage.replies(), "{close}", "{at:?}");
        assert_eq!(stage.messages, ["Subject: s\r\n\r\n.t\r\n"], "{at:?}");
    }
}

#[test]
fn garbage_and_delays_at_every_command() {
    for (at, code) in all_commands() {
        let mut stage = Stage::new(vec![rule(at, Ruling::Octets(b"\xff?\r\n".as_slice().into()), false)]);
        play_to(&mut stage, at);
        assert_eq!(stage.replies(), "\u{fffd}?|", "{at:?}");

        let seconds = |n| Some(Dist::Constant(SimDuration::from_secs(n)));
        let slow = Slowness { before: seconds(200), late: seconds(100), ..Slowness::default() };
        let when = When { at: [at].into(), ..When::default() };
        let mut stage = Stage::new(vec![Rule { slow, ..named("slow", when.clone(), Action::Slow) }]);
        play_to(&mut stage, at);
        assert!(stage.replies().starts_with(code), "{at:?}");
        // The session's own time-out, 300 s, did not run meanwhile.
        assert_eq!(stage.spoke, SimTime::ZERO + SimDuration::from_secs(300), "{at:?}");
        assert_eq!(stage.messages.len(), usize::from(matches!(at, At::Body | At::Quit)));

        let drip = Some(SimDuration::from_secs(1));
        let slow = Slowness { drip, ..Slowness::default() };
        let mut stage = Stage::new(vec![Rule { slow, ..named("drip", when, Action::Slow) }]);
        play_to(&mut stage, at);
        let octets = stage.heard.replace("{close}", "").len() as u64;
        assert!(stage.replies().starts_with(code), "{at:?}");
        assert_eq!(stage.spoke, SimTime::ZERO + SimDuration::from_secs(octets - 1), "{at:?}");
    }
}

/// Would break if a client that is kept waiting were also hung up on, or one that says nothing not.
#[test]
fn idle_clients_are_still_hung_up_on() {
    let late = Some(Dist::Constant(SimDuration::from_secs(290)));
    let slow = Slowness { late, ..Slowness::default() };
    let when = When { at: [At::Helo].into(), ..When::default() };
    let mut stage = Stage::new(vec![Rule { slow, ..named("late", when, Action::Slow) }]);
    stage.give(Input::Start);
    stage.say("HELO x\n");
    stage.now = stage.session.deadline();
    stage.give(Input::Tick);
    stage.replies();
    assert_eq!(stage.session.deadline(), SimTime::ZERO + SimDuration::from_secs(590));
    stage.now = stage.session.deadline();
    stage.give(Input::Tick);
    assert!(stage.replies().starts_with("421 ") && stage.over);
}

#[test]
fn a_server_that_greets_with_a_refusal_waits_for_quit() {
    let mut stage = Stage::new(vec![rule(At::Connect, Ruling::Reply(Saying::new(554, "5.7.1", "No")), false)]);
    stage.give(Input::Start);
    assert_eq!(stage.replies(), "554 No|");
    stage.say("EHLO x\nMAIL FROM:<a@x>\n");
    assert!(stage.replies().matches("503 ").count() == 2 && !stage.over);
    stage.say("QUIT\n");
    assert!(stage.replies().starts_with("221 ") && stage.over);
}

#[test]
fn a_message_is_cut_after_so_many_octets() {
    for (after, taken) in [(1, 0), (10, 0), (1_000, 1)] {
        let mut stage = Stage::new(vec![rule(At::Data, Ruling::Cut { after, reset: true }, false)]);
        play_to(&mut stage, At::Data);
        assert!(stage.replies().starts_with("354"));
        stage.say("Subject: s\n\nt\n.\n");
        assert_eq!(stage.messages.len(), taken);
        assert_eq!(stage.over, taken == 0, "{after}");
    }
}

/// What refusals do to the transaction: nothing, as if the command had not come.
#[test]
fn refused_commands_leave_no_trace() {
    let when = When { at: [At::Rcpt].into(), recipients: vec![super::pattern::Pattern::new("no*")], ..When::default() };
    let refuse = Action::Decide { ruling: Ruling::Reply(Saying::new(450, "4.7.1", "No")), effect: false };
    let mut stage = Stage::new(vec![named("some", when, refuse)]);
    stage.give(Input::Start);
    // RFC 2920: all at once.
    stage.say("EHLO x\nMAIL FROM:<a@x> SIZE=10\nRCPT TO:<no1@y>\nRCPT TO:<b@y>\nRCPT TO:<NO2@y>\nDATA\nt\n.\nQUIT\n");
    let replies = stage.replies();
    assert_eq!(replies.matches("450 4.7.1 No|").count(), 2, "{replies}");
    assert!(replies.contains("354") && replies.ends_with("{close}"), "{replies}");
    assert_eq!(stage.messages, ["t\r\n"]);
}

#[test]
fn counts_and_rates() {
    let said = |when: When| {
        let action = Action::Decide { ruling: Ruling::Reply(Saying::new(450, "", "No")), effect: false };
        let mut stage = Stage::new(vec![named("n", When { at: [At::Rcpt].into(), ..when }, action)]);
        let mut out = String::new();
        for round in 0..2 {
            stage = stage.again();
            stage.give(Input::Start);
            stage.say(&format!("HELO x\nMAIL FROM:<a{round}@x>\n"));
            stage.replies();
            for to in ["b", "b", "c", "b"] {
                stage.say(&format!("RCPT TO:<{to}@y>\n"));
                out.push(if stage.replies().starts_with("450") { 'x' } else { '.' });
                stage.now += SimDuration::from_secs(10);
            }
        }
        out
    };
    let per = |per, first| said(When { per, first: Some(first), ..When::default() });
    assert_eq!(per(Per::Server, 3), "xxx.....");
    assert_eq!(per(Per::Client, 3), "xxx.....");
    assert_eq!(per(Per::Session, 3), "xxx.xxx.");
    assert_eq!(per(Per::Sender, 1), "x...x...");
    assert_eq!(per(Per::Recipient, 1), "x.x.....");
    assert_eq!(per(Per::Recipient, 2), "xxx...x.");
    assert_eq!(per(Per::Triplet, 1), "x.x.x.x.");
    assert_eq!(said(When { skip: 2, first: Some(3), ..When::default() }), "..xxx...");
    assert_eq!(said(When { skip: 6, ..When::default() }), "......xx");
    let rate = |gauge| Rate { most: 2, within: SimDuration::from_secs(40), per: Per::Client, gauge };
    assert_eq!(said(When { rate: Some(rate(Gauge::Window)), ..When::default() }), "..xxxxxx");
    // A token each 20 s: after the two that were there, every other one.
    assert_eq!(said(When { rate: Some(rate(Gauge::Bucket)), ..When::default() }), "...x.x.x");
    let at = |s| SimTime::ZERO + SimDuration::from_secs(s);
    assert_eq!(said(When { from: at(20), until: Some(at(50)), ..When::default() }), "..xxx...");
    assert_eq!(said(When { errors: 0, ..When::default() }), "xxxxxxxx");
}

/// A binomial count lies within three standard deviations; the draws of one sender do not depend on
/// how many others come between.
#[test]
fn probabilities_and_whose_they_are() {
    let refused = |others: bool| {
        let action = Action::Decide { ruling: Ruling::Reply(Saying::new(450, "", "No")), effect: false };
        let probability = Probability::new(0.3);
        let when = When { at: [At::Rcpt].into(), probability, ..When::default() };
        let mut stage = Stage::new(vec![named("p", when, action)]);
        stage.give(Input::Start);
        stage.say("HELO x\nMAIL FROM:<a@x>\n");
        stage.replies();
        let mut out = String::new();
        for _ in 0..2_000 {
            if others {
                stage.say("RCPT TO:<other@y>\n");
                stage.replies();
            }
            stage.say("RCPT TO:<b@y>\n");
            out.push(if stage.replies().starts_with("450") { 'x' } else { '.' });
        }
        out
    };
    let alone = refused(false);
    let count = alone.matches('x').count();
    // 2,000 draws: mean 600, standard deviation 20.5.
    assert!((539..=661).contains(&count), "{count}");
    assert_eq!(refused(true), alone);
}

#[test]
fn a_tarpit_grows_with_errors_up_to_a_bound() {
    let secs = SimDuration::from_secs;
    let slow = Slowness {
        before: Some(Dist::Constant(secs(1))),
        per_error: secs(2),
        most: Some(secs(6)),
        ..Slowness::default()
    };
    let mut stage = Stage::new(vec![Rule { slow, ..named("tar", When::default(), Action::Slow) }]);
    stage.give(Input::Start);
    stage.settle();
    let mut gaps = Vec::new();
    for _ in 0..5 {
        let before = stage.now;
        stage.say("NONSENSE\n");
        gaps.push(stage.now.since(before).as_secs());
    }
    assert_eq!(gaps, [1, 3, 5, 6, 6]);
    let total: SimDuration = stage.uses.iter().fold(SimDuration::ZERO, |sum, one| sum + one.delay);
    assert_eq!(total, secs(1 + 21));
}

/// A peer that goes away while its message is put off: what it had sent takes effect all the same, as
/// on a server that looks at its socket only when it writes.
#[test]
fn who_leaves_early_may_have_sent_all_the_same() {
    let before = Some(Dist::Constant(SimDuration::from_secs(100)));
    let when = When { at: [At::Body].into(), ..When::default() };
    let slow = Slowness { before, ..Slowness::default() };
    let mut stage = Stage::new(vec![Rule { slow, ..named("tar", when, Action::Slow) }]);
    play_to(&mut stage, At::Data);
    stage.give(Input::Bytes(b"t\r\n.\r\n"));
    stage.give(Input::EndOfStream);
    assert!(stage.messages.is_empty() && !stage.over);
    stage.settle();
    assert!(stage.messages.len() == 1 && stage.over);
}

/// RFC 3030 section 2: would break if a message went on to be taken that lacks a chunk, or if what follows it
/// were no longer read as commands.
#[test]
fn a_refused_chunk_spoils_its_transaction() {
    let envelope = "EHLO x\nMAIL FROM:<a@x>\nRCPT TO:<b@y>\n";
    for (skip, answers) in [(0, ["451", "503", "503"]), (1, ["250", "451", "503"]), (2, ["250", "250", "451"])] {
        for ruling in [Ruling::Reply(Saying::new(451, "4.3.0", "No")), Ruling::Octets(b"451\r\n".as_slice().into())] {
            let when = When { at: [At::Bdat].into(), first: Some(1), skip, ..When::default() };
            let refusal = Action::Decide { ruling, effect: false };
            let mut stage = Stage::new(vec![named("r", when, refusal)]);
            stage.give(Input::Start);
            stage.say(envelope);
            stage.replies();
            for (line, code) in ["BDAT 3\na\n", "BDAT 3\nb\n", "BDAT 3 LAST\nc\n"].into_iter().zip(answers) {
                stage.say(line);
                let replies = stage.replies();
                assert!(replies.starts_with(code) && replies.matches('|').count() == 1, "{skip} {line:?}: {replies}");
            }
            assert!(stage.messages.is_empty());
            stage.say("RSET\n");
            assert!(stage.replies().starts_with("250"));
            stage.say(envelope);
            stage.say("BDAT 3 LAST\nd\n");
            assert_eq!(stage.messages.len(), 1);
        }
    }
}

/// Lines from which sessions are made, good ones and bad ones.
const LINES: [&str; 28] = [
    "HELO x\r\n",
    "EHLO x\r\n",
    "EHLO x\r\n",
    "MAIL FROM:<a@x>\r\n",
    "MAIL FROM:<a@x> SIZE=10\r\n",
    "MAIL FROM:<>\r\n",
    "RCPT TO:<b@y>\r\n",
    "RCPT TO:<c@y>\r\n",
    "DATA\r\n",
    "DATA\r\n",
    "t\r\n",
    ".\r\n",
    ".\r\n",
    "..\r\n",
    "bare\nline\r.\r\n",
    "\r\n",
    "BDAT 3\r\nab\r\n",
    "BDAT 4 LAST\r\nab\r\n",
    "BDAT x\r\n",
    "AUTH PLAIN\r\n",
    "AUTH LOGIN\r\nYWxpY2U=\r\naHVuZ3J5\r\n",
    "AUTH PLAIN AGFsaWNlAGh1bmdyeQ==\r\n",
    "BDAT 0 LAST\r\n",
    "BDAT 9 FIRST\r\n",
    "RSET\r\n",
    "VRFY b\r\n",
    "\u{fffd}\u{0}\r\n",
    "QUIT\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A supervised session to which nothing is done says what the session says, however its input is
    /// cut. Would break if a line, a chunk or a message were read at another place than by the session.
    #[test]
    fn supervision_alone_changes_nothing(
        lines in prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..24),
        cut in 1_usize..40,
        ends in any::<bool>(),
        authentication in prop::sample::select(vec![
            Authentication::NotOffered,
            Authentication::Offered,
            Authentication::Required,
        ]),
    ) {
        let server = || Server::new(ServerConfig { authentication, ..ServerConfig::new("y".to_owned()) });
        let text: String = lines.concat();
        let mut plain = Stage::new(Vec::new());
        plain.session = Attended::new(server(), "y", false);
        let mut supervised = Stage::new(Vec::new());
        supervised.session = Attended::new(server(), "y", true);
        for stage in [&mut plain, &mut supervised] {
            stage.give(Input::Start);
        }
        plain.give(Input::Bytes(text.as_bytes()));
        for piece in text.as_bytes().chunks(cut) {
            supervised.give(Input::Bytes(piece));
        }
        if ends {
            plain.give(Input::EndOfStream);
            supervised.give(Input::EndOfStream);
        }
        prop_assert_eq!(&supervised.heard, &plain.heard);
        prop_assert_eq!(&supervised.messages, &plain.messages);
        prop_assert_eq!(supervised.over, plain.over);
        prop_assert_eq!(supervised.session.deadline(), plain.session.deadline());
    }

    /// Whatever octets come and whatever is done at random, the session never gets stuck at one
    /// instant, and takes a message once at most for each final dot.
    #[test]
    fn nothing_a_client_sends_breaks_a_supervised_session(
        octets in prop::collection::vec(prop::sample::select(b"HELO x\r\nMAIL FROM:<>RCPT TO:<b@y>DATA.\r\n.\r\n\0\xff".to_vec()), 0..200),
        lines in prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..12),
        at in prop::sample::select(At::ALL.to_vec()),
        ruling in prop::sample::select(vec![
            Ruling::Pass,
            Ruling::Silent,
            Ruling::HalfClose,
            Ruling::Drop { reset: true },
            Ruling::Cut { after: 3, reset: false },
            Ruling::Octets(b"?".as_slice().into()),
            Ruling::Reply(Saying::new(450, "4.0.0", "No")),
        ]),
        effect in any::<bool>(),
    ) {
        let mut stage = Stage::new(vec![rule(at, ruling, effect)]);
        stage.give(Input::Start);
        stage.give(Input::Bytes(lines.concat().as_bytes()));
        stage.give(Input::Bytes(&octets));
        stage.settle();
        stage.give(Input::EndOfStream);
        stage.settle();
        prop_assert!(stage.over);
    }
}
