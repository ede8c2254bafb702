//! People who go by habits: when they sit down to their mail, and what they do with each message.
//!
//! Sessions are a Poisson process whose rate follows the hours of the day and the days of the week. What a person
//! does with a message is drawn from a stream that only this person and this message name, and always in the same
//! order: so other people's doings, and what else came that day, disturb no decision. Reading and writing take the
//! time of their words. Left out: moods, and holidays.

use std::sync::Arc;

use super::answers::draft;
use super::calendar::{Calendar, Share};
use super::compose::{Body, Draft, Extras, Recipients};
use super::sitting::{Facts, INBOX};
use super::steps::{Files, Means, Pick, Step};
use crate::base::{Probability, SimDuration, SimTime, Stream, Streams, UnixTime};
use crate::proto::message::build::filler;

const SECOND: i128 = 1_000_000_000;
const HOUR: i128 = 3_600 * SECOND;
/// Nobody writes more than so many messages in a session.
const MAX_WRITTEN: u32 = 1_000;
/// So many characters count as a word, its blank included.
const WORD: usize = 6;

/// When a person sits down to the mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Rhythm {
    /// Sessions on a day that has any, on average.
    pub per_day: f64,
    /// How they are spread over the hours of the day; not all zero.
    pub hours: [f64; 24],
    /// On which days, from Monday on.
    pub days: [bool; 7],
    /// Local time at t = 0.
    pub local_start: UnixTime,
}

impl Rhythm {
    /// The session after `from`, or never if it is not before `until`: as much of the rate must pass as an
    /// exponential draw of mean one says.
    pub(super) fn next(&self, from: SimTime, until: SimTime, stream: &mut Stream) -> SimTime {
        let mut left = -libm::log(1.0 - stream.unit());
        let all: f64 = self.hours.iter().sum();
        let mut at = from;
        while at < until {
            let local = i128::from(self.local_start.0) * SECOND + i128::from(at.as_nanos());
            let hour = local.div_euclid(HOUR);
            let rest = HOUR - local.rem_euclid(HOUR);
            let of_day = usize::try_from(hour.rem_euclid(24)).unwrap_or(0);
            // The first of January 1970 was a Thursday.
            let weekday = usize::try_from((hour.div_euclid(24) + 3).rem_euclid(7)).unwrap_or(0);
            let rate = if self.days[weekday] { self.per_day * self.hours[of_day] / all } else { 0.0 };
            let (gap, passed) = within(left, rate, rest);
            at = at.saturating_add(SimDuration::from_nanos(gap));
            match passed {
                Some(passed) => left -= passed,
                None => return if at < until { at } else { SimTime::NEVER },
            }
        }
        SimTime::NEVER
    }
}

/// Nanoseconds up to the event, or to the end of the hour and how much has passed by then.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "below an hour"
)]
fn within(left: f64, rate: f64, rest: i128) -> (u64, Option<f64>) {
    let hour = rest as f64 / HOUR as f64;
    let passed = rate * hour;
    if left < passed {
        ((libm::round(left / rate * HOUR as f64) as u64).max(1), None)
    } else {
        (u64::try_from(rest).unwrap_or(1), Some(passed))
    }
}

/// What a person does with mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Traits {
    /// Words read in a minute; above zero.
    pub reading: u32,
    /// Words written in a minute; above zero.
    pub typing: u32,
    /// Whether a message is answered.
    pub reply: Probability,
    /// Whether an answer goes to all.
    pub reply_all: Probability,
    /// Whether a message that is not answered is passed on.
    pub forward: Probability,
    /// Whether the files of a message are looked at.
    pub files: Probability,
    /// Whether a message is deleted.
    pub delete: Probability,
    /// Whether a message that is not deleted is filed.
    pub file: Probability,
    /// Into one of these folders; empty: none is filed.
    pub folders: Arc<[String]>,
    /// Length of an answer, in octets.
    pub reply_octets: u64,
    /// New messages in a session, on average.
    pub writes: f64,
    /// Whether a new message goes to a colleague.
    pub inside: Probability,
}

/// The habits of a person, as one of the devices knows them.
#[derive(Clone, Debug)]
pub struct Habits {
    /// By which protocol.
    pub means: Means,
    /// What the streams of these habits are called; it is the same on all devices.
    pub name: String,
    /// Where the streams come from.
    pub streams: Streams,
    /// How the sessions are spread over the devices.
    pub share: Share,
    /// The habits begin.
    pub start: SimTime,
    /// They end: no session begins at this time or later.
    pub until: SimTime,
    /// When there are sessions.
    pub rhythm: Rhythm,
    /// What is done in them.
    pub traits: Arc<Traits>,
    /// To whom new messages go.
    pub to: Recipients,
    /// Those of them in the person's own domain.
    pub colleagues: Recipients,
    /// Subject of new messages.
    pub subject: Option<Arc<str>>,
    /// Their text.
    pub body: Body,
    /// What else they have.
    pub extras: Option<Arc<Extras>>,
}

impl Habits {
    pub(super) fn stream(&self, purpose: &str) -> Stream {
        self.streams.stream(&format!("{}/{purpose}", self.name))
    }
}

/// A person with habits.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) habits: Habits,
    calendar: Calendar,
}

impl Person {
    pub(super) fn new(habits: Habits) -> Self {
        let calendar = Calendar::new(&habits);
        Self { habits, calendar }
    }

    /// When the person sits down here next.
    pub(super) fn next(&self) -> SimTime {
        self.calendar.next()
    }

    /// When the person gets up from a session here to sit down at another device.
    pub(super) fn leaves(&mut self, now: SimTime) -> SimTime {
        self.calendar.leaves(&self.habits, now)
    }

    fn stream(&self, purpose: &str) -> Stream {
        self.habits.stream(purpose)
    }

    /// The session whose time has come: what is to be done in it, as far as that is known. The next is awaited.
    pub(super) fn take(&mut self) -> Vec<Step> {
        let number = self.calendar.take(&self.habits);
        let mut draws = self.stream(&format!("session/{number}"));
        let mut steps = vec![Step::Look { folder: INBOX.to_owned(), new: true }, Step::Deal];
        for _ in 0..poisson(self.habits.traits.writes, &mut draws) {
            let to = self.addressee(&mut draws);
            let Some(to) = to else { continue };
            let letter = Draft {
                subject: self.habits.subject.clone(),
                body: self.habits.body.clone(),
                extras: self.habits.extras.clone(),
                ..draft(vec![to], String::new(), Vec::new(), Extras::default())
            };
            let octets = letter.body.lines().iter().map(|line| line.len() + 2).sum();
            steps.extend([Step::Wait(time(octets, self.habits.traits.typing)), Step::Write(Box::new(letter))]);
        }
        steps
    }

    /// Somebody to write to, if there is anybody. Two draws, whatever comes of them.
    fn addressee(&self, draws: &mut Stream) -> Option<String> {
        let Habits { to, colleagues, traits, .. } = &self.habits;
        let inside = draws.chance(traits.inside);
        let from = if inside && colleagues.count() > 0 { colleagues } else { to };
        (from.count() > 0).then(|| from.draw(draws).to_owned())
    }

    /// POP3 tells no device what another one did: then the person puts off each answer to one device.
    fn answers_here(&self, message: &str) -> bool {
        let Share { here, weights, flags } = &self.habits.share;
        *flags || weights.len() < 2 || self.stream(&format!("message/{message}/device")).among(weights) == *here
    }

    /// What the person does with an open message.
    pub(super) fn decide(&self, facts: &Facts<'_>) -> Vec<Step> {
        let Habits { means, traits: habits, .. } = &self.habits;
        let mut draws = self.stream(&format!("message/{}", facts.message));
        let [reply, all, forward, files, delete, file] =
            [habits.reply, habits.reply_all, habits.forward, habits.files, habits.delete, habits.file]
                .map(|chance| draws.chance(chance));
        let folder = draws.below(habits.folders.len().max(1) as u64);
        let folder = usize::try_from(folder).ok().and_then(|place| habits.folders.get(place));
        let addressee = self.addressee(&mut draws);
        let text: Arc<[String]> = filler(habits.reply_octets).into();
        let typing = || Step::Wait(time(text.iter().map(|line| line.len() + 2).sum(), habits.typing));
        let mut steps = vec![Step::Wait(time(facts.characters, habits.reading))];
        if files && facts.files > 0 {
            steps.push(Step::Attachment(Pick::Opened, Files::All));
        }
        let answerable = !facts.automatic && !facts.answered && self.answers_here(facts.message);
        if reply && answerable {
            steps.extend([typing(), Step::Reply { which: Pick::Opened, all, text: Arc::clone(&text) }]);
        } else if let Some(to) = addressee.filter(|_| forward && !reply && answerable) {
            let to = Arc::from([to]);
            steps.push(Step::Forward { which: Pick::Opened, to, text: Arc::from([]), whole: false });
        }
        match folder.filter(|_| file && !means.is_local()) {
            _ if delete => steps.push(Step::Delete(Pick::Opened)),
            Some(folder) => steps.push(Step::File(Pick::Opened, folder.clone())),
            None => {}
        }
        steps
    }
}

/// The time that so many characters take.
fn time(characters: usize, words_per_minute: u32) -> SimDuration {
    let words = characters.div_ceil(WORD) as u64;
    SimDuration::from_secs(60).saturating_mul(words).div(u64::from(words_per_minute.max(1)))
}

/// A number of that mean, Poisson distributed (Knuth, The Art of Computer Programming 3.4.1).
fn poisson(mean: f64, draws: &mut Stream) -> u32 {
    let limit = libm::exp(-mean);
    let mut product = draws.unit();
    let mut number = 0;
    while product > limit && number < MAX_WRITTEN {
        product *= draws.unit();
        number += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Streams;

    fn rhythm() -> Rhythm {
        let mut hours = [0.0; 24];
        hours[9] = 1.0;
        hours[14] = 3.0;
        let days = [true, true, true, true, true, false, false];
        Rhythm { per_day: 8.0, hours, days, local_start: UnixTime::DEFAULT_START }
    }

    const DAY: u64 = 86_400 * 1_000_000_000;

    /// Breaks when people work at night, on Sundays, or much more or less than they should.
    #[test]
    fn sessions_keep_to_their_hours_and_their_number() {
        let rhythm = rhythm();
        let mut stream = Streams::new(5).stream("sessions");
        let until = SimTime::from_nanos(700 * DAY);
        let (mut at, mut early, mut late) = (SimTime::ZERO, 0_u32, 0_u32);
        loop {
            at = rhythm.next(at, until, &mut stream);
            if at.is_never() {
                break;
            }
            // the run begins on a Monday at nine
            let local = at.as_nanos() + 9 * DAY / 24;
            assert!(local / DAY % 7 < 5, "on a weekend");
            match local % DAY / (DAY / 24) {
                9 => early += 1,
                14 => late += 1,
                hour => panic!("at {hour}"),
            }
        }
        assert!((850..1150).contains(&early), "{early} of 1000");
        assert!((2800..3200).contains(&late), "{late} of 3000");
    }

    #[test]
    fn numbers_have_their_mean() {
        let mut stream = Streams::new(1).stream("numbers");
        let total: u32 = (0..10_000).map(|_| poisson(2.5, &mut stream)).sum();
        assert!((24_000..26_000).contains(&total), "{total}");
        assert_eq!(poisson(0.0, &mut stream), 0);
    }

    fn habits(reply: f64) -> Habits {
        let all: Arc<[String]> = ["a@a", "b@b", "c@a"].map(str::to_owned).into();
        let chance = |p: f64| Probability::new(p).unwrap();
        Habits {
            means: Means::Imap,
            name: "user/a@a/people/0".to_owned(),
            streams: Streams::new(1),
            share: Share::default(),
            start: SimTime::ZERO,
            until: SimTime::from_nanos(DAY),
            rhythm: rhythm(),
            traits: Arc::new(Traits {
                reading: 200,
                typing: 40,
                reply: chance(reply),
                reply_all: chance(0.5),
                forward: chance(0.5),
                files: chance(0.5),
                delete: chance(0.5),
                file: chance(0.5),
                folders: ["x", "y"].map(str::to_owned).into(),
                reply_octets: 300,
                writes: 1.0,
                inside: chance(0.5),
            }),
            to: Recipients::new(Arc::clone(&all), Some(0)),
            colleagues: Recipients::new(all, Some(0)),
            subject: None,
            body: Body::Octets(600),
            extras: None,
        }
    }

    /// Breaks when one decision about a message depends on another, or on what came before.
    #[test]
    fn decisions_belong_to_the_message() {
        let last = |reply: f64, id: &str| {
            let person = Person::new(habits(reply));
            let facts = Facts { message: id, characters: 1200, files: 1, automatic: false, answered: false };
            let steps = person.decide(&facts);
            assert!(matches!(&steps[0], Step::Wait(time) if *time == SimDuration::from_secs(60)));
            let replied = steps.iter().any(|step| matches!(step, Step::Reply { .. }));
            assert_eq!(replied, reply > 0.5);
            format!("{:?}", steps.last())
        };
        let kinds: std::collections::BTreeSet<String> = (0..40).map(|n| last(1.0, &format!("<{n}@a>"))).collect();
        assert!(kinds.len() >= 3, "{kinds:?}");
        for n in 0..40 {
            let id = format!("<{n}@a>");
            // whether it is answered decides nothing about what becomes of it
            let (with, without) = (last(1.0, &id), last(0.0, &id));
            assert!(with == without || with.contains("Reply"), "{with} {without}");
        }
        let person = Person::new(habits(1.0));
        let facts = Facts { message: "<1@a>", characters: 10, files: 0, automatic: true, answered: false };
        assert!(person.decide(&facts).iter().all(|step| !matches!(step, Step::Reply { .. } | Step::Forward { .. })));
    }
}
